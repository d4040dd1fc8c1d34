// SPDX-License-Identifier: Apache-2.0

import { check } from '../check/checker.ts';
import { frameText } from '../frame/frame-text.ts';
import { protocols } from '../frame/protocols.ts';
import type { Loaded } from '../imports.ts';
import { innerOps } from '../inner-ops.ts';
import { knownValues } from '../known-values.ts';
import type { Op, UserFunction } from '../op.ts';
import { type DeviceParameter, deviceParameters } from '../parameters.ts';
import type { Span } from '../source.ts';
import { lex, spanOf } from '../syntax/lexer.ts';
import { units as unitTable } from '../syntax/units.ts';
import { articled, eitherOf } from '../types.ts';
import type { Completion } from './candidate.ts';
import { type AssistOptions, complete } from './completion.ts';
import { cursorAt } from './cursor.ts';
import { fieldsOf } from './fields.ts';
import { type Declared, symbolAt, symbolsOf } from './symbols.ts';
import { builtins, parameterDefaults, random } from './vocabulary.ts';

/** What is known of a word, as Markdown. */
export interface Hover {
  readonly span: Span;
  readonly markdown: string;
}

export interface HoverOptions extends AssistOptions {
  /** The MAC address that a lab's interface will have, as a number: bytes of frames show it. */
  readonly macOf?: (name: string) => number;
}

const code = (lines: readonly string[], language = 'pg') => `\`\`\`${language}\n${lines.join('\n')}\n\`\`\``;

/** What the word at an offset of the file's own text means; null where there is nothing to say. */
export function hoverAt(loaded: Loaded, offset: number, options: HoverOptions = {}): Hover | null {
  const text = loaded.source.text.slice(0, loaded.file.span.end);
  const symbol = symbolAt(symbolsOf(loaded), offset);
  const place = symbol?.occurrences.find(({ start, end }) => start <= offset && offset <= end);
  if (symbol !== null && place !== undefined) {
    return { span: place, markdown: symbolText(loaded, symbol, options.macOf ?? (() => 0)) };
  }
  const { tokens } = lex(text);
  const token = tokens.find((one) => one.startOffset <= offset && offset < one.startOffset + one.image.length);
  if (token === undefined) return null;
  const span = spanOf(token);
  // What completion would offer here under that very name.
  const item = complete(text, span.end, options).items.find(({ label }) => label === token.image);
  if (item === undefined) return null;
  return { span, markdown: itemText(item, cursorAt(lex(text), span.end)?.call?.callee ?? null) };
}

function itemText({ label, kind, help }: Completion, callee: string | null): string {
  const parameter = kind === 'parameter' ? deviceParameters.get(label) : undefined;
  if (parameter !== undefined) return parameterManual(parameter);
  const layer = kind === 'layer' ? protocols.get(label) : undefined;
  if (layer !== undefined) {
    const fields = fieldsOf(label).map((field) => `- \`${field.name}\`: ${field.help}`);
    return [`**${label}**: ${layer.title}`, ...(fields.length === 0 ? [] : ['', ...fields])].join('\n');
  }
  if (kind === 'field') return `**${callee ?? ''}.${label}**: ${help}`;
  const builtin = label === random.name ? random : builtins.get(label);
  if (kind === 'function' && builtin !== undefined) {
    return `${code([`${label}(${builtin.parameters.join(', ')})`])}\n${builtin.help}`;
  }
  return `**${label}**${help === '' ? '' : `: ${help}`}`;
}

/** A parameter's manual: what it says, takes, allows and has where it is not written. */
export function parameterManual({ name, help, takes }: DeviceParameter): string {
  const lines = [`**${name}**: ${help}`, ''];
  if ('words' in takes && takes.words.length > 0) {
    lines.push(`- takes ${eitherOf(takes.words.map((word) => `\`${word}\``))}`);
  }
  if ('types' in takes && takes.types.length > 0) {
    lines.push(`- takes ${eitherOf(takes.types.map(articled))}`);
    const names = unitTable
      .filter(({ type }) => takes.types.some((wanted) => wanted === type))
      .map((unit) => unit.name);
    if (names.length > 0) lines.push(`- units: ${names.map((unit) => `\`${unit}\``).join(' ')}`);
  }
  if ('bounds' in takes && takes.bounds !== null) {
    lines.push(`- must be ${takes.bounds.words}${takes.bounds.whole ? ', whole' : ''}`);
  }
  const fallback = parameterDefaults.get(name);
  if (fallback !== undefined) lines.push(`- unless written: ${fallback}`);
  return lines.join('\n');
}

/** Lines of a declaration that are shown; a device's block is seldom longer. */
const shownLines = 8;

function symbolText(loaded: Loaded, symbol: Declared, macOf: (name: string) => number): string {
  const { source } = loaded;
  const { statement } = symbol;
  if (statement === null) return `**${symbol.name}**: ${symbol.kind}`;
  const { file, span } = source.locate(statement);
  const { line } = file.position(span.start);
  // Of what has a body, only its head is the declaration.
  const whole =
    symbol.kind === 'function' || symbol.kind === 'loop' ? headOf(source.slice(statement)) : source.slice(statement);
  const lines = whole.split(/\r\n|\n|\r/);
  const shown = lines.length > shownLines ? [...lines.slice(0, shownLines), '…'] : lines;
  const parts = [code(shown), `${symbol.kind}, declared in ${file.name}:${line}`];
  const bytes = symbol.kind === 'frame' ? frameBytes(loaded, statement, macOf) : null;
  if (bytes !== null) parts.push(code(bytes, 'text'));
  return parts.join('\n\n');
}

const headOf = (text: string) => (text.split(/\s*\{/)[0] as string).trimEnd();

/** A frame's layers and first bytes, where its values are known before a run; null where they are not. */
function frameBytes(loaded: Loaded, statement: Span, macOf: (name: string) => number): readonly string[] | null {
  const { params, lab, scenarios, functions } = check(loaded);
  for (const { prelude, setup, body, teardown } of [...scenarios, ...functions.map(alone)]) {
    const ops = [...prelude, ...setup, ...body, ...teardown];
    const found = find(ops, statement, knownValues({ params, lab }, ops, new Map(), macOf));
    if (found !== null) return found;
  }
  return null;
}

const alone = ({ body }: UserFunction) => ({ prelude: [], setup: [], body, teardown: [] });

function find(ops: readonly Op[], statement: Span, values: ReturnType<typeof knownValues>): readonly string[] | null {
  for (const op of ops) {
    if (op.op === 'let') {
      if (op.span.start === statement.start) {
        const frame = values.frame(op.value);
        return frame === null ? null : frameText(frame);
      }
      values.declare(op.name, op.value);
    }
    for (const { ops: inner } of innerOps(op)) {
      const found = find(inner, statement, values);
      if (found !== null) return found;
    }
  }
  return null;
}
