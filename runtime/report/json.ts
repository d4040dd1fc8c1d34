// SPDX-License-Identifier: Apache-2.0

import type { Diagnostic, Severity } from '../../lang/diagnostics/diagnostic.ts';
import type { SourceFile, Span } from '../../lang/source.ts';
import type { Finding, Refusal } from '../refusal.ts';
import type { Channel, Output } from './output.ts';

/** A place in a text as people count: lines and columns from 1, the end excluded. */
export interface Place {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** A diagnostic as documents carry it. `code` and `file` are null where no text is wrong but the command or the machine. */
export interface ReportedDiagnostic {
  readonly code: string | null;
  readonly severity: Severity;
  readonly message: string;
  readonly file: string | null;
  readonly span: Place | null;
  readonly note: string;
  readonly labels: readonly { readonly file: string; readonly span: Place; readonly text: string }[];
  readonly hints: readonly string[];
}

/** The document of `check --json`, and of every command that could not begin. */
export interface DiagnosticsDocument {
  readonly schema: 'pktsh.diagnostics/1';
  readonly verdict: 'passed' | 'error' | 'unsuitable';
  readonly exit: 0 | 2 | 4;
  /** The files that were looked at, as they were named. */
  readonly files: readonly string[];
  readonly errors: number;
  readonly warnings: number;
  readonly diagnostics: readonly ReportedDiagnostic[];
}

export function diagnosticsDocument(
  exit: 0 | 2 | 4,
  files: readonly string[],
  diagnostics: readonly ReportedDiagnostic[],
): DiagnosticsDocument {
  const errors = diagnostics.filter((one) => one.severity === 'error').length;
  return {
    schema: 'pktsh.diagnostics/1',
    verdict: exit === 0 ? 'passed' : exit === 2 ? 'error' : 'unsuitable',
    exit,
    files,
    errors,
    warnings: diagnostics.length - errors,
    diagnostics,
  };
}

export function placeOf(source: SourceFile, span: Span): Place {
  const at = source.locate(span);
  const start = at.file.position(at.span.start);
  const end = at.file.position(at.span.end);
  return { line: start.line, column: start.column, endLine: end.line, endColumn: end.column };
}

export function reported(diagnostic: Diagnostic, source: SourceFile): ReportedDiagnostic {
  return {
    code: diagnostic.code,
    severity: diagnostic.severity,
    message: diagnostic.message,
    file: source.locate(diagnostic.span).file.name,
    span: placeOf(source, diagnostic.span),
    note: diagnostic.note,
    labels: diagnostic.labels.map(({ span, text }) => {
      return { file: source.locate(span).file.name, span: placeOf(source, span), text };
    }),
    hints: diagnostic.hints,
  };
}

/** A refusal in the shape of a diagnostic, so that documents have one list for whatever went wrong. */
export function reportedRefusal(refusal: Refusal): ReportedDiagnostic {
  return {
    code: null,
    severity: 'error',
    message: refusal.message,
    file: null,
    span: null,
    note: '',
    labels: [],
    hints: refusal.hint === null ? [] : [refusal.hint],
  };
}

export function reportedFindings(findings: readonly Finding[]): readonly ReportedDiagnostic[] {
  return findings.flatMap(({ source, diagnostics }) => diagnostics.map((one) => reported(one, source)));
}

/** Prints a document: one JSON value and a line end. Whole numbers beyond 2^53 are written as decimal strings. */
export function writeDocument(channel: Channel, document: object): void {
  channel.write(`${documentText(document)}\n`);
}

export function documentText(document: object): string {
  return JSON.stringify(document, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value), 2);
}

/** Says on stderr why a command cannot be carried out, and under `--json` on stdout too; gives the exit status. */
export function refuse(refusal: Refusal, output: Output): number {
  writeRefusal(refusal, output.stderr);
  if (output.json) writeDocument(output.stdout, diagnosticsDocument(refusal.exit, [], [reportedRefusal(refusal)]));
  return refusal.exit;
}

export function writeRefusal(refusal: Refusal, channel: Channel): void {
  channel.write(`${channel.palette.error('pktsh:')} ${refusal.message}\n`);
  if (refusal.hint !== null) channel.write(`  = hint: ${refusal.hint}\n`);
}
