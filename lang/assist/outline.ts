// SPDX-License-Identifier: Apache-2.0

import type { SourceFile, Span } from '../source.ts';
import type { AddDeviceStatement, Statement } from '../syntax/ast.ts';
import { parse } from '../syntax/parser.ts';

export type OutlineKind =
  | 'param'
  | 'let'
  | 'frame'
  | 'function'
  | 'import'
  | 'lab'
  | 'interface'
  | 'receiver'
  | 'device'
  | 'scenario'
  | 'job'
  | 'around';

/** What a file declares, in source order. */
export interface OutlineItem {
  readonly name: string;
  readonly kind: OutlineKind;
  /** One line beside the name; '' if there is nothing to say. */
  readonly detail: string;
  /** The whole statement. */
  readonly span: Span;
  /** The name in it. */
  readonly selection: Span;
  readonly children: readonly OutlineItem[];
}

/** The outline of a text. */
export function outline(source: SourceFile): readonly OutlineItem[] {
  const { text } = source;
  const slice = (span: Span) => text.slice(span.start, span.end);

  const items = (statements: readonly (Statement | undefined)[]): OutlineItem[] =>
    statements.flatMap((statement) => (statement === undefined ? [] : item(statement)));

  const added = (statement: AddDeviceStatement): OutlineItem => ({
    name: slice(statement.name.span).replace(/^"|"$/g, ''),
    kind: 'device',
    detail: `cpu ${slice(statement.cpu.span)}`,
    span: statement.span,
    selection: statement.name.span,
    children: [],
  });

  /** A block's word stands for its name. */
  const block = (statement: Statement, word: string, kind: OutlineKind, inner: readonly Statement[]): OutlineItem => {
    const head = slice(statement.span).split(/[{\r\n]/)[0] as string;
    const selection = { start: statement.span.start, end: statement.span.start + word.length };
    return { name: head.trim() || word, kind, detail: '', span: statement.span, selection, children: items(inner) };
  };

  const item = (statement: Statement): OutlineItem[] => {
    const { span } = statement;
    const named = (
      kind: OutlineKind,
      name: { readonly text: string; readonly span: Span },
      detail = '',
      children: readonly OutlineItem[] = [],
    ): OutlineItem[] => [{ name: name.text, kind, detail, span, selection: name.span, children }];
    switch (statement.kind) {
      case 'param':
        return named(
          'param',
          statement.name,
          statement.value === null ? (statement.type?.text ?? '') : slice(statement.value.span),
        );
      case 'let':
        if (statement.value.kind === 'add_device') return [added(statement.value)];
        return named('let', statement.name);
      case 'frame':
        return named('frame', statement.name);
      case 'import':
        return named('import', statement.alias, slice(statement.path.span));
      case 'fn': {
        const parameters = statement.parameters.map(({ name, type }) => `${name.text}: ${type.text}`);
        return named('function', statement.name, `(${parameters.join(', ')})`, items(statement.body.statements));
      }
      case 'lab': {
        const links = statement.links.flatMap((link) => (link.kind === 'veth' ? [link.a, link.b] : [link.name]));
        const children = links.map((name): OutlineItem => {
          return {
            name: name.text,
            kind: 'interface',
            detail: '',
            span: name.span,
            selection: name.span,
            children: [],
          };
        });
        return [{ ...block(statement, 'lab', 'lab', []), name: 'lab', children }];
      }
      case 'receiver':
        return named('receiver', statement.name, statement.on === null ? '' : `on ${slice(statement.on.span)}`);
      case 'scenario': {
        const name = { text: slice(statement.name.span).replace(/^"|"$/g, ''), span: statement.name.span };
        return named('scenario', name, '', items(statement.body.statements));
      }
      case 'setup':
      case 'teardown':
        return [block(statement, statement.kind, 'around', statement.body.statements)];
      case 'at':
      case 'every':
      case 'spawn':
        return [block(statement, statement.kind, 'job', statement.body.statements)];
      case 'add_device':
        return [added(statement)];
      case 'for':
      case 'while':
      case 'repeat':
        return items(statement.body.statements);
      case 'if':
        return [
          ...items(statement.then.statements),
          ...(statement.otherwise === null ? [] : otherwise(statement.otherwise)),
        ];
      case 'try':
        return [...items(statement.body.statements), ...items(statement.otherwise?.statements ?? [])];
      default:
        return [];
    }
  };

  const otherwise = (part: Statement | { readonly kind: 'block'; readonly statements: readonly Statement[] }) =>
    part.kind === 'block' ? items(part.statements) : item(part);

  return items(parse(source).file.statements);
}
