// SPDX-License-Identifier: Apache-2.0

import { dirname, isAbsolute } from 'node:path';
import {
  type CodeAction,
  CodeActionKind,
  CompletionItemKind,
  DiagnosticSeverity,
  type DocumentSymbol,
  type CompletionItem as Item,
  type Diagnostic as Shown,
  SymbolKind,
  type TextEdit,
} from 'vscode-languageserver/node';
import type { Range } from 'vscode-languageserver-textdocument';
import { type CompletionKind, complete, type OutlineItem, type OutlineKind, outline } from '../../lang/assist/index.ts';
import { compile } from '../../lang/compiler.ts';
import type { Diagnostic } from '../../lang/diagnostics/diagnostic.ts';
import type { ImportReader } from '../../lang/imports.ts';
import type { SourceFile, Span } from '../../lang/source.ts';
import { importable, importedPathAt, pathsAt } from '../paths-at.ts';
import { locationOf, type Opened, offsetOf, rangeOf } from './documents.ts';

const itemKinds: Readonly<Record<CompletionKind, CompletionItemKind>> = {
  keyword: CompletionItemKind.Keyword,
  parameter: CompletionItemKind.Property,
  word: CompletionItemKind.EnumMember,
  field: CompletionItemKind.Field,
  layer: CompletionItemKind.Class,
  unit: CompletionItemKind.Unit,
  type: CompletionItemKind.TypeParameter,
  variable: CompletionItemKind.Variable,
  frame: CompletionItemKind.Struct,
  function: CompletionItemKind.Function,
  module: CompletionItemKind.Module,
  device: CompletionItemKind.Value,
  receiver: CompletionItemKind.Value,
  interface: CompletionItemKind.Interface,
  metric: CompletionItemKind.Property,
  fact: CompletionItemKind.Property,
};

export function completionItems(source: SourceFile, offset: number, read: ImportReader): readonly Item[] {
  const begins = source.text.lastIndexOf('\n', offset - 1) + 1;
  const path = importedPathAt(source.text.slice(begins, offset));
  if (path !== null) return importItems(source, { start: offset - path.length, end: offset }, path);
  const { span, items } = complete(source.text, offset, { read, file: source.name });
  const range = rangeOf(source, span);
  return items.map(({ label, kind, help, rank }) => ({
    label,
    kind: itemKinds[kind],
    detail: help,
    sortText: `${rank} ${label}`,
    textEdit: { range, newText: label },
  }));
}

/** Files and folders beside the text's own file; a text that is on no disk has none. */
function importItems(source: SourceFile, span: Span, path: string): readonly Item[] {
  if (!isAbsolute(source.name)) return [];
  const range = rangeOf(source, span);
  const paths = importable(pathsAt(path, dirname(source.name)));
  return paths.map(({ label, isFolder }) => ({
    label,
    kind: isFolder ? CompletionItemKind.Folder : CompletionItemKind.File,
    textEdit: { range, newText: label },
  }));
}

/** What is wrong with a text; mistakes of imported files stand at the `import` that brings them. */
export function diagnosticsOf(opened: Opened, read: ImportReader): readonly Shown[] {
  const { source, loaded } = opened;
  const { diagnostics } = compile(source, read);
  const end = source.text.length;
  const own = diagnostics.filter(({ span }) => span.start <= end);
  const foreign = diagnostics.filter(({ span, severity }) => span.start > end && severity === 'error');
  const shown = own.map((diagnostic) => shownDiagnostic(opened, diagnostic));
  const imports = loaded.file.statements.filter((statement) => statement?.kind === 'import');
  for (const statement of imports) {
    const module = loaded.modules.get(statement);
    const first = foreign.find(({ span }) => loaded.source.locate(span).file.name === module?.name);
    if (first === undefined || module == null) continue;
    shown.push({
      range: rangeOf(source, statement.path.span),
      severity: DiagnosticSeverity.Error,
      code: first.code,
      source: 'pktsh',
      message: `in ${module.name}: ${first.message}`,
      relatedInformation: [{ location: locationOf(opened, first.span), message: first.message }],
    });
  }
  return shown;
}

function shownDiagnostic(opened: Opened, diagnostic: Diagnostic): Shown {
  const { severity, code, message, note, hints, labels, span } = diagnostic;
  return {
    range: rangeOf(opened.source, span),
    severity: severity === 'error' ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning,
    code,
    source: 'pktsh',
    message: [note === '' ? message : `${message} (${note})`, ...hints.map((hint) => `hint: ${hint}`)].join('\n'),
    relatedInformation: labels.map((label) => ({ location: locationOf(opened, label.span), message: label.text })),
  };
}

/** The replacements that the diagnostics of a range name. */
export function codeActions(opened: Opened, range: Range, read: ImportReader): readonly CodeAction[] {
  const { source, uri } = opened;
  const [from, to] = [offsetOf(source, range.start), offsetOf(source, range.end)];
  const touched = compile(source, read).diagnostics.filter(({ span }) => span.start <= to && from <= span.end);
  return touched.flatMap((diagnostic) => {
    const { fixes } = diagnostic;
    return fixes.map(({ span, text }) => ({
      title: `Replace with \`${text}\``,
      kind: CodeActionKind.QuickFix,
      diagnostics: [shownDiagnostic(opened, diagnostic)],
      isPreferred: fixes.length === 1,
      edit: { changes: { [uri]: [{ range: rangeOf(source, span), newText: text }] } },
    }));
  });
}

const symbolKinds: Readonly<Record<OutlineKind, SymbolKind>> = {
  param: SymbolKind.Constant,
  let: SymbolKind.Variable,
  frame: SymbolKind.Struct,
  function: SymbolKind.Function,
  import: SymbolKind.Module,
  lab: SymbolKind.Namespace,
  interface: SymbolKind.Interface,
  receiver: SymbolKind.Object,
  device: SymbolKind.Object,
  scenario: SymbolKind.Class,
  job: SymbolKind.Event,
  around: SymbolKind.Method,
};

export function documentSymbols(source: SourceFile): DocumentSymbol[] {
  const symbol = ({ name, kind, detail, span, selection, children }: OutlineItem): DocumentSymbol => ({
    // The protocol takes no empty name.
    name: name === '' ? kind : name,
    kind: symbolKinds[kind],
    detail,
    range: rangeOf(source, span),
    selectionRange: rangeOf(source, selection),
    children: children.map(symbol),
  });
  return outline(source).map(symbol);
}

/** The edit that makes one text of another: what they have in common at both ends stays, so that cursors do. */
export function editBetween(source: SourceFile, text: string): readonly TextEdit[] {
  const before = source.text;
  if (before === text) return [];
  const shorter = Math.min(before.length, text.length);
  let start = 0;
  while (start < shorter && before[start] === text[start]) start++;
  let same = 0;
  while (same < shorter - start && before.at(-1 - same) === text.at(-1 - same)) same++;
  const range = rangeOf(source, { start, end: before.length - same });
  return [{ range, newText: text.slice(start, text.length - same) }];
}
