// SPDX-License-Identifier: Apache-2.0

import type { IToken } from 'chevrotain';
import { report } from '../diagnostics/catalogue-meaning.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { SourceFile, Span } from '../source.ts';
import { continues, depthOf, layOut } from '../syntax/layout.ts';
import { lex, spanOf } from '../syntax/lexer.ts';
import { parse } from '../syntax/parser.ts';
import { endOf } from '../syntax/recovery.ts';
import * as T from '../syntax/tokens.ts';
import { blank, type Doc, group, hardBreak, indent, layLines, line } from './doc.ts';
import { blankBetween, jointsOf, type Roles, rolesOf } from './spacing.ts';

/** A line is broken where it would have more columns; comments do not count. */
export const formatWidth = 100;

/** What the lexer takes for blanks inside of a line. */
const blanks = /[ \t\f\v\uFEFF]/g;

export interface Formatted {
  /** Null where the text has a syntax error, or a `scenario` inside of a block. */
  readonly text: string | null;
  /** What the parser says of the text, or why there is no form. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * The canonical form of a text. Only blanks, line ends and `;` change: tokens and comments stay as they are and keep
 * their order. Blocks that were written on one line stay there if the line is short enough; all else follows from the
 * tokens, so that there is one form and formatting it again changes nothing.
 */
export function format(source: SourceFile): Formatted {
  const { file, diagnostics } = parse(source);
  if (diagnostics.some(({ severity }) => severity === 'error')) return { text: null, diagnostics };
  const form = new Form(source, rolesOf(file));
  const inner = form.innerScenario();
  if (inner !== null) return { text: null, diagnostics: [report('PG3102', { word: 'scenario' }, inner)] };
  const text = form.whole();
  if (significant(text) !== significant(source.text))
    throw new Error(`formatting ${source.name} would change its tokens`);
  return { text, diagnostics };
}

/** Parts of a text in canonical form, each on one line and without its comments. */
export interface OneLiner {
  whole(span: Span): string;
  /** What stands before the first block. */
  head(span: Span): string;
}

/** The parts of a text that has no syntax errors. */
export function oneLiner(source: SourceFile): OneLiner {
  const form = new Form(source, rolesOf(parse(source).file));
  return { whole: (span) => form.onOneLine(span, false), head: (span) => form.onOneLine(span, true) };
}

/** What formatting must keep: tokens but for ends of statements, and comments. */
function significant(text: string): string {
  const { tokens, comments } = lex(text);
  const kept = tokens.filter(({ tokenType }) => tokenType !== T.Newline).map(({ image }) => image);
  // Of a string with a comment inside, the pieces alone would not show it.
  return [...kept, ...comments.map(({ image }) => image.trimEnd())].join('\0');
}

/** A statement or comment of a block, and where it stands in the text. */
interface Entry {
  doc: Doc;
  /** Whether it ends with a word behind which a line goes on (`flag within`), so that only `;` can end it. */
  readonly open: boolean;
  readonly start: number;
  end: number;
}

/** Places in the token list: `from` included, `to` not. */
class Form {
  readonly #source: SourceFile;
  readonly #roles: Roles;
  /** Tokens and comments in source order. */
  readonly #tokens: readonly IToken[];
  /** Where the bracket at a place is closed. */
  readonly #closers: ReadonlyMap<number, number>;
  /** `.`, `..` and the `:` of pairs, where they need no blanks. */
  readonly #joints: ReadonlySet<IToken>;

  constructor(source: SourceFile, roles: Roles) {
    this.#source = source;
    this.#roles = roles;
    const { tokens, comments } = lex(source.text);
    const layout = layOut(tokens, source.text.length);
    this.#tokens = [...layout.tokens, ...comments].sort((a, b) => a.startOffset - b.startOffset);
    this.#closers = closersOf(this.#tokens);
    this.#joints = jointsOf(layout.tokens, roles);
  }

  whole(): string {
    const text = layLines(this.#lines(this.#entries(0, this.#tokens.length)), formatWidth);
    return text === '' ? '' : `${text}\n`;
  }

  /**
   * The first `scenario` inside of a block. At the front of a line, where it would come to stand, it would close the block:
   * that is how a forgotten `}` is found.
   */
  innerScenario(): Span | null {
    const token = this.#tokens.find((one, at) => {
      if (one.tokenType !== T.Scenario || depthOf(one) === 0) return false;
      const [before, after] = [this.#before(at)?.tokenType, this.#tokens[at + 1]?.tokenType];
      return (before === T.Newline || before === T.OpenBrace) && (after === T.Text || after === T.TextHead);
    });
    return token === undefined ? null : spanOf(token);
  }

  onOneLine({ start, end }: Span, toBlock: boolean): string {
    let low = 0;
    let high = this.#tokens.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#token(middle).startOffset < start) low = middle + 1;
      else high = middle;
    }
    let to = low;
    while (to < this.#tokens.length && this.#token(to).startOffset < end) {
      if (toBlock && this.#token(to).tokenType === T.OpenBrace) break;
      to++;
    }
    return this.#flat(low, to);
  }

  /** Tokens on one line, without comments. */
  #flat(from: number, to: number): string {
    const tokens = this.#tokens.slice(from, to).filter((token) => token.tokenType !== T.Comment);
    const shown = tokens.map((token, at) => {
      const image = token.tokenType === T.Newline ? ';' : token.image;
      return this.#apart(tokens[at - 1], token) ? ` ${image}` : image;
    });
    return shown.join('');
  }

  // --- blocks -------------------------------------------------------------------------------------------------------

  #entries(from: number, to: number): Entry[] {
    const entries: Entry[] = [];
    let at = from;
    while (at < to) {
      const token = this.#token(at);
      if (token.tokenType === T.Newline) {
        at++;
      } else if (token.tokenType === T.Comment) {
        this.#addComment(token, entries);
        at++;
      } else {
        const next = this.#statementEnd(at, to);
        let last = next;
        while (this.#token(last - 1).tokenType === T.Comment) last--;
        const open = next < to && continues(this.#token(last - 1));
        const doc = this.#statement(at, last);
        const { startOffset: start } = token;
        entries.push({ doc: open ? [doc, ';'] : doc, open, start, end: endOf(this.#token(last - 1)) });
        at = last;
      }
    }
    return entries;
  }

  /** A comment between statements: beside the one before it if it stood on its line. */
  #addComment(token: IToken, entries: Entry[]): void {
    const alone = this.#alone(token);
    const doc = commentDoc(token, alone);
    const before = entries.at(-1);
    if (alone || before === undefined) {
      entries.push({ doc, open: false, start: token.startOffset, end: endOf(token) });
    } else {
      before.doc = [before.doc, doc];
      before.end = endOf(token);
    }
  }

  #statementEnd(from: number, to: number): number {
    let at = from;
    while (at < to && this.#token(at).tokenType !== T.Newline) at = (this.#closers.get(at) ?? at) + 1;
    return at;
  }

  /** Entries one a line; of the blank lines between two, one is kept. */
  #lines(entries: readonly Entry[]): Doc {
    return entries.map(({ doc, start }, at) => {
      const before = entries[at - 1];
      if (before === undefined) return doc;
      const ends = this.#source.text.slice(before.end, start).match(/\r\n|\n|\r/g)?.length ?? 0;
      return [hardBreak, ends > 1 ? hardBreak : '', doc];
    });
  }

  /** A block with its braces. `open` is the place of the `{`; `short` whether it may stay on one line. */
  #block(open: number, short: boolean): Doc {
    const close = this.#closers.get(open) as number;
    let from = open + 1;
    const first = this.#token(from);
    const beside = first.tokenType === T.Comment && !this.#alone(first);
    if (beside) from++;
    const entries = this.#entries(from, close);
    const head = beside ? ['{', commentDoc(first, false)] : '{';
    if (entries.length === 0) return beside ? [head, hardBreak, '}'] : '{ }';
    if (!short) return [head, indent([hardBreak, this.#lines(entries)]), hardBreak, '}'];
    const statements = entries.map(({ doc }, at) => {
      if (at === 0) return doc;
      return [line(entries[at - 1]?.open === true ? ' ' : '; '), doc];
    });
    return [head, indent([line(' '), statements]), line(' '), '}'];
  }

  // --- statements ---------------------------------------------------------------------------------------------------

  /** A statement: what stands before its blocks, and its blocks, which are all on one line or all not. */
  #statement(from: number, to: number): Doc {
    const braces: number[] = [];
    for (let at = from; at < to; at = (this.#closers.get(at) ?? at) + 1) {
      if (this.#token(at).tokenType === T.OpenBrace) braces.push(at);
    }
    const [first] = braces;
    if (first === undefined) return group(this.#items(from, to));
    const last = this.#closers.get(braces.at(-1) as number) as number;
    const written = this.#source.text.slice(this.#token(first).startOffset, this.#token(last).startOffset);
    const short = !/[\r\n]/.test(written);
    const parts: Doc[] = [];
    let at = from;
    for (const brace of braces) {
      const head = at < brace ? [group(this.#items(at, brace)), blank] : '';
      if (at === from) parts.push(head);
      else parts.push(blank, head);
      parts.push(this.#block(brace, short));
      at = (this.#closers.get(brace) as number) + 1;
    }
    if (at < to) parts.push(blank, group(this.#items(at, to)));
    const [head, ...rest] = parts;
    return [head as Doc, group(rest)];
  }

  /** What commas part; each comma may end a line of the group around. */
  #items(from: number, to: number): Doc {
    const commas = this.#places(from, to, (at) => this.#token(at).tokenType === T.Comma);
    const [first, ...rest] = this.#split(from, to, commas);
    if (first === undefined) return '';
    return [this.#chain(first), rest.length === 0 ? '' : indent(rest.map((part) => this.#after(part)))];
  }

  /** A chain of operands, broken behind the operators that bind weakest. */
  #chain({ from, to }: Part): Doc {
    const binding = (at: number): number | undefined => this.#roles.operators.get(this.#token(at).startOffset);
    // The last token may be the operator behind which an outer chain breaks.
    const operators = this.#places(from, to - 1, (at) => binding(at) !== undefined);
    if (operators.length === 0) return this.#plain(from, to);
    const weakest = Math.min(...operators.map((at) => binding(at) as number));
    const [first, ...rest] = this.#split(
      from,
      to,
      operators.filter((at) => binding(at) === weakest),
    );
    return group([this.#chain(first as Part), indent(rest.map((part) => this.#after(part)))]);
  }

  /** A part on a line of its own where the group is broken; comments before it stay with what they follow. */
  #after({ from, to }: Part): Doc {
    const start = this.#behindComments(from, to);
    return [this.#plain(from, start), line(' '), this.#chain({ from: start, to })];
  }

  /** Tokens with the blanks between them; only brackets may still break. What goes on behind a comment is indented. */
  #plain(from: number, to: number): Doc {
    const head: Doc[] = [];
    const continued: Doc[] = [];
    let docs = head;
    let at = from;
    while (at < to) {
      const token = this.#token(at);
      const close = this.#closers.get(at);
      if (token.tokenType === T.Comment) {
        const next = this.#behindComments(at, to);
        if (at > from && next < to && this.#token(next).tokenType !== T.Comma) docs = continued;
        docs.push(commentDoc(token, this.#alone(token)));
      } else {
        if (at > from && this.#apart(this.#before(at), token)) docs.push(blank);
        docs.push(close === undefined ? token.image : this.#bracket(at, close));
      }
      at = (close ?? at) + 1;
    }
    return continued.length === 0 ? head : [head, indent(continued)];
  }

  #bracket(open: number, close: number): Doc {
    const [first, last] = [this.#token(open), this.#token(close)];
    if (first.tokenType === T.TextHead) return this.#text(open, close);
    if (open + 1 === close) return first.image + last.image;
    // A list that is the only argument needs no lines of its own.
    if (this.#closers.get(open + 1) === close - 1 && this.#token(open + 1).tokenType !== T.TextHead) {
      return [first.image, this.#bracket(open + 1, close - 1), last.image];
    }
    return group([first.image, indent(this.#inside(open + 1, close)), line(''), last.image]);
  }

  /** What stands between brackets, each item on a line of its own where they are broken. */
  #inside(from: number, to: number): Doc {
    const commas = this.#places(from, to, (at) => this.#token(at).tokenType === T.Comma);
    return this.#split(from, to, commas).map((part, at) => {
      if (at > 0) return this.#after(part);
      const start = this.#behindComments(part.from, part.to);
      // Nothing but comments: the line of the closing bracket comes next.
      if (start === part.to) return this.#plain(part.from, start);
      return [this.#plain(part.from, start), line(''), this.#chain({ from: start, to: part.to })];
    });
  }

  /** An interpolated string, which no line end may part. With a comment inside it stays as written. */
  #text(open: number, close: number): Doc {
    const written = this.#source.text.slice(this.#token(open).startOffset, endOf(this.#token(close)));
    const formed = this.#flat(open, close + 1);
    return written.replace(blanks, '') === formed.replace(blanks, '') ? formed : written;
  }

  // --- tokens -------------------------------------------------------------------------------------------------------

  /** Whether a blank parts two tokens that follow each other on a line. */
  #apart(before: IToken | undefined, token: IToken): boolean {
    if (before === undefined || token.tokenType === T.Newline) return false;
    if (this.#joints.has(before) || this.#joints.has(token)) return false;
    return blankBetween(before, token, this.#roles);
  }

  /** The places, outside of brackets, for which something holds. */
  #places(from: number, to: number, holds: (at: number) => boolean): readonly number[] {
    const places: number[] = [];
    for (let at = from; at < to; at = (this.#closers.get(at) ?? at) + 1) if (holds(at)) places.push(at);
    return places;
  }

  /** The parts of a range that end behind the given places. */
  #split(from: number, to: number, places: readonly number[]): readonly Part[] {
    const ends = [...places.map((at) => at + 1), to];
    return ends.map((end, at) => ({ from: at === 0 ? from : (ends[at - 1] as number), to: end }));
  }

  #token(at: number): IToken {
    return this.#tokens[at] as IToken;
  }

  /** The first place from `from` on at which no comment stands. */
  #behindComments(from: number, to: number): number {
    let at = from;
    while (at < to && this.#token(at).tokenType === T.Comment) at++;
    return at;
  }

  /** The last token before a place that is no comment. */
  #before(at: number): IToken | undefined {
    let before = at - 1;
    while (this.#tokens[before]?.tokenType === T.Comment) before--;
    return this.#tokens[before];
  }

  /** Whether nothing stands before a comment on its line. */
  #alone({ startOffset }: IToken): boolean {
    const { line: number, column } = this.#source.position(startOffset);
    return (
      this.#source
        .line(number)
        .slice(0, column - 1)
        .replaceAll('\uFEFF', '')
        .trim() === ''
    );
  }
}

interface Part {
  readonly from: number;
  readonly to: number;
}

function commentDoc(token: IToken, alone: boolean): Doc {
  return { kind: 'comment', text: token.image.trimEnd(), alone };
}

/** Where each bracket, or string with values in it, is closed. */
function closersOf(tokens: readonly IToken[]): ReadonlyMap<number, number> {
  const openers: ReadonlySet<unknown> = new Set([T.OpenBrace, T.OpenParen, T.OpenBracket, T.TextHead]);
  const closers: ReadonlySet<unknown> = new Set([T.CloseBrace, T.CloseParen, T.CloseBracket, T.TextTail]);
  const found = new Map<number, number>();
  const open: number[] = [];
  for (const [at, { tokenType }] of tokens.entries()) {
    if (openers.has(tokenType)) open.push(at);
    else if (closers.has(tokenType)) found.set(open.pop() as number, at);
  }
  return found;
}
