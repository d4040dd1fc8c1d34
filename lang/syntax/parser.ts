// SPDX-License-Identifier: Apache-2.0

import type { IToken } from 'chevrotain';
import { EOF } from 'chevrotain';
import { report } from '../diagnostics/catalogue-syntax.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { Offsets } from '../offsets.ts';
import type { SourceFile, Span } from '../source.ts';
import type { File, Statement } from './ast.ts';
import { Grammar } from './grammar.ts';
import { isInserted, type Layout, layOut } from './layout.ts';
import { lex } from './lexer.ts';
import { lexPieces } from './pieces.ts';
import { maxMistakes, type Problem } from './recovery.ts';
import * as T from './tokens.ts';

/** What was read of a text. */
export interface Parsed {
  /** The whole tree, with `error` nodes where something could not be read. */
  readonly file: File;
  /** In source order; none of them comes of another. */
  readonly diagnostics: readonly Diagnostic[];
  /** Where the text could not be read: what the checker makes of the pieces there comes of that. */
  readonly unread: readonly Span[];
  /** Whether nothing is wrong but that the text ends too early: a shell then asks for another line. */
  readonly incomplete: boolean;
}

/** Statements, settings and links of a file: far more than anybody writes. Of a text with more nothing is read. */
export const maxStatements = 100_000;
/** Words, literals and signs of a file: a few seconds' work, and some hundred megabytes. */
export const maxTokens = 1_000_000;

/** Made at the first use: importing this file costs nothing. One is enough, as parsing never waits. */
let shared: Grammar | undefined;

/** Reads a text. Mistakes are diagnostics; no text makes it throw. */
export function parse(source: SourceFile): Parsed {
  // Of a short text there is one piece, which a mistake would have read twice.
  const sound = source.text.length < shortText ? null : parseSound(source.text, pieceTokens);
  return sound ?? parseWhole(source);
}

/** As many tokens as a few hundred statements have. */
const pieceTokens = 2000;
/** Characters of as many tokens. */
const shortText = 4 * pieceTokens;

/**
 * Reads a text in which nothing is wrong piece by piece, so that its tokens are gone before the next ones come: what lives on
 * costs a third of the time in which it is read. Null where something is wrong, for which the whole text has to be there: a
 * bracket that is missing here is found further on.
 */
export function parseSound(text: string, least: number): Parsed | null {
  shared ??= new Grammar(false);
  const statements: Statement[] = [];
  let tokens = 0;
  let ends = 0;
  for (const piece of lexPieces(text, least, maxTokens)) {
    tokens += piece.tokens.length;
    if (tokens > maxTokens || piece.diagnostics.length > 0) return null;
    const layout = layOut(piece.tokens, text.length);
    if (layout.diagnostics.length > 0 || layout.openEnded) return null;
    for (const token of layout.tokens) if (token.tokenType === T.Newline) ends++;
    if (++ends >= maxStatements) return null;
    shared.problems = [];
    shared.input = layout.tokens;
    for (const statement of shared.file()) statements.push(statement);
    if (shared.problems.length > 0) return null;
  }
  const file: File = { kind: 'file', statements, span: { start: 0, end: text.length } };
  return { file, diagnostics: [], unread: [], incomplete: false };
}

/** Reads a text, whatever is in it. */
export function parseWhole(source: SourceFile): Parsed {
  const { text } = source;
  const lexed = lex(text, maxTokens);
  if (lexed.tokens.length > maxTokens) return unread(text, 'words and signs', maxTokens, lexed.tokens[maxTokens]);
  const layout = layOut(lexed.tokens, text.length);
  const last = lastStatementEnd(layout.tokens);
  if (last !== null) return unread(text, 'statements', maxStatements, last);
  shared ??= new Grammar(false);
  shared.problems = [];
  // Chevrotain puts its ends of input behind the last token, and takes them away again.
  shared.input = layout.tokens;
  const statements = shared.file();
  const problems = shared.problems;

  const found = [...lexed.diagnostics, ...layout.diagnostics];
  // A token that is no token upsets its statement, and was reported already.
  const lexical = new Offsets(lexed.diagnostics.map(({ span }) => span.start));
  // The layout pass and the grammar may both stumble over one token, such as an `else` that has no `if` at all.
  const said = new Set(layout.diagnostics.map(({ span }) => span.start));
  // A bracket that is never closed takes in what follows, which does not fit inside.
  const unclosed = new Offsets(layout.unpaired.map(({ start }) => start));
  const own = problems.filter(({ token, region }) => {
    if (isInserted(token) || lexical.within(region) || said.has(token.startOffset)) return false;
    return !unclosed.within({ start: region.start, end: Math.max(region.start, token.startOffset) });
  });
  const kept = withoutStrayBraces(found, missingBraces(own, layout.tokens));
  const diagnostics = [...kept, ...own.map((problem) => problem.diagnostic)];
  diagnostics.sort((a, b) => a.span.start - b.span.start || a.span.end - b.span.end);
  return {
    file: { kind: 'file', statements, span: { start: 0, end: text.length } },
    diagnostics: limited(diagnostics),
    unread: [
      ...problems.map((problem) => unreadOf(problem, source)),
      // What stands around such a bracket may not be what was meant. Blocks are read in any case.
      ...layout.unpaired.map((span) => ({ ...span, start: lineStart(source, span.start) })),
    ],
    incomplete: lexed.diagnostics.length === 0 && endsEarly(layout, problems),
  };
}

/** Where the last statement ends that may be read, null where there are no more than that. */
function lastStatementEnd(tokens: readonly IToken[]): IToken | null {
  let ends = 0;
  for (const token of tokens) if (token.tokenType === T.Newline && ++ends === maxStatements) return token;
  return null;
}

/** A text that is too long for its tree. */
function unread(text: string, what: string, limit: number, token: IToken | undefined): Parsed {
  const start = token?.startOffset ?? text.length;
  const end = start + (token?.image.length ?? 0);
  const excess = report('PG1108', { what: `the number of ${what} in a file`, limit }, { start, end });
  const hole = { kind: 'error', span: { start: 0, end: text.length } } as const;
  const file: File = { kind: 'file', statements: [hole], span: hole.span };
  return { file, diagnostics: [excess], unread: [hole.span], incomplete: false };
}

/** The first mistakes, and that there are more. */
function limited(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const next = diagnostics[maxMistakes];
  if (next === undefined) return diagnostics;
  return [...diagnostics.slice(0, maxMistakes), report('PG1114', { limit: maxMistakes }, next.span)];
}

/**
 * Whether the text only ends too early. Of the grammar's mistakes the first one decides, as those behind it may come of
 * it. In doubt a text is complete: a shell that asks for lines which mend nothing is stuck.
 */
function endsEarly(layout: Layout, problems: readonly Problem[]): boolean {
  const first = problems[0]?.token;
  return layout.openEnded && (first === undefined || first.tokenType === EOF || isInserted(first));
}

/** From the front of the statement, or of the line where it went wrong if that is further on, to where reading resumes. */
function unreadOf({ token, region }: Problem, source: SourceFile): Span {
  // The end of the file has no offset.
  const at = token.startOffset >= 0 ? Math.min(token.startOffset, region.end) : region.end;
  return { start: Math.max(region.start, lineStart(source, at)), end: region.end };
}

function lineStart(source: SourceFile, offset: number): number {
  return offset + 1 - source.position(offset).column;
}

const blockStatements: readonly unknown[] = [
  T.For,
  T.While,
  T.Repeat,
  T.If,
  T.Try,
  T.Lab,
  T.Scenario,
  T.AddDevice,
  T.At,
  T.Every,
  T.Spawn,
  T.Fn,
  T.Setup,
  T.Teardown,
];

/** Where statements are told to lack the `{` of their block: each leaves a `}` without a partner further down. */
function missingBraces(problems: readonly Problem[], tokens: readonly IToken[]): readonly number[] {
  if (problems.length === 0) return [];
  const braces = new Offsets(tokens.flatMap((token) => (token.tokenType === T.OpenBrace ? [token.startOffset] : [])));
  const lacking = problems.filter(({ first, region }) => {
    return blockStatements.includes(first.tokenType) && !braces.within(region);
  });
  return lacking.map(({ region }) => region.start).sort((a, b) => a - b);
}

/** Leaves out the complaint about a `}` that closes nothing, once for each `{` found missing before it. */
function withoutStrayBraces(diagnostics: readonly Diagnostic[], missing: readonly number[]): readonly Diagnostic[] {
  let used = 0;
  return diagnostics.filter(({ code, message, span }) => {
    if (code !== 'PG1107' || !message.includes('`}`')) return true;
    const cause = missing[used];
    if (cause === undefined || cause > span.start) return true;
    used++;
    return false;
  });
}
