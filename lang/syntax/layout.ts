// SPDX-License-Identifier: Apache-2.0

import { type IToken, type TokenType, tokenMatcher } from 'chevrotain';
import { report } from '../diagnostics/catalogue-syntax.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Span } from '../source.ts';
import {
  type Block,
  columnAt,
  headerOf,
  isAmong,
  type Looks,
  leaves,
  lists,
  startsAmongListed,
  takesBlock,
} from './blocks.ts';
import { cStyleFor, type Mended } from './c-style-for.ts';
import { explain } from './expectations.ts';
import { spanOf } from './lexer.ts';
import { tokenAt } from './scanner.ts';
import {
  Assign,
  CloseBrace,
  CloseBracket,
  CloseParen,
  Colon,
  Comma,
  Dot,
  Else,
  For,
  Identifier,
  MalformedText,
  Newline,
  Not,
  OpenBrace,
  OpenBracket,
  OpenParen,
  Operator,
  Scenario,
  Slash,
  Stray,
  statementWords,
  Text,
  TextHead,
  TextMiddle,
  TextTail,
  tableOf,
  Wire,
  Word,
} from './tokens.ts';

/**
 * How deep brackets of any kind may nest, and how long chains of prefixes, members and `else if` may be. The parser and
 * every later pass recurse over the tree; 200 levels, with nothing else in them, take a fifth of Node's default stack.
 */
export const maxNesting = 200;

/** Tokens as the parser wants them: brackets in pairs, a `Newline` exactly between two statements of one block. */
export interface Layout {
  /** The caller's own. */
  readonly tokens: IToken[];
  readonly diagnostics: readonly Diagnostic[];
  /** From `(` and `[` that are never closed to where their statement ends, and `)` and `]` that close nothing. */
  readonly unpaired: readonly Span[];
  /** Whether another line would go on with the last statement: its brackets are open, or it ends with an operator. */
  readonly openEnded: boolean;
}

/**
 * How many braces are open around a token; the braces of a block count as outside of it. Known of braces, line ends and
 * the first token of each statement: one more property on every token is what garbage collection then moves.
 */
export function depthOf(token: IToken): number {
  return typeof token.payload === 'number' ? token.payload : 0;
}

/** A token that the text lacks: a closing bracket put in where its opening one was found to be never closed. */
export function isInserted(token: IToken): boolean {
  return token.isInsertedInRecovery === true;
}

const closing: ReadonlyMap<TokenType, TokenType> = new Map([
  [OpenBrace, CloseBrace],
  [OpenParen, CloseParen],
  [OpenBracket, CloseBracket],
  [TextHead, TextTail],
]);
const openerOf: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };
const closers: ReadonlySet<TokenType> = new Set(closing.values());
const opener = 1;
const closer = 2;
const lineEnd = 3;
const loop = 4;
const brokenText = 5;
/** What the layout pass does with a token, by its type; with most nothing. */
const roles = tableOf([
  ...[...closing.keys()].map((type) => [type, opener] as const),
  ...[...closers, TextMiddle].map((type) => [type, closer] as const),
  [Newline, lineEnd],
  [For, loop],
  [MalformedText, brokenText],
]);
const statementStarts: ReadonlySet<TokenType> = new Set(statementWords);

/**
 * Decides which line ends are ends of statements, pairs brackets and bounds their depth. Line ends are dropped inside
 * `(`, `[` and after an operator, a comma or `{`.
 */
export function layOut(tokens: readonly IToken[], end: number): Layout {
  const pass = new LayoutPass(tokens, end, 'none');
  const layout = pass.run();
  return pass.pairsBraces ? layout : layOutByLooks(tokens, end, layout);
}

/** Of a text whose braces are not in pairs: what it looks like says where one is missing or too many, if it explains as much. */
function layOutByLooks(tokens: readonly IToken[], end: number, asWritten: Layout): Layout {
  const run = (looks: Looks): Layout => new LayoutPass(tokens, end, looks).run();
  const byWords = run('words');
  const byLines = run('lines');
  const mistakes = ({ diagnostics }: Layout): number => diagnostics.length;
  const explained = mistakes(byWords) <= mistakes(asWritten);
  // A statement among parameters is wrong at once; a line that is not indented may be so by taste.
  const { openEnded } = explained ? byWords : asWritten;
  if (mistakes(byLines) <= Math.min(mistakes(byWords), mistakes(asWritten))) return { ...byLines, openEnded };
  // Anew, since each pass tells the tokens their depth.
  return run(explained ? 'words' : 'none');
}

class LayoutPass {
  readonly #tokens: readonly IToken[];
  readonly #end: number;
  readonly #out: IToken[] = [];
  readonly #diagnostics: Diagnostic[] = [];
  readonly #unpaired: Span[] = [];
  readonly #open: IToken[] = [];
  #depth = 0;
  /** Whether the next token is the first one of a statement. */
  #atStart = true;
  /** Where in the output the current statement of the top level begins. */
  #statement = 0;
  /** Brackets open in a statement that is being left out because it nests too deep; null while nothing is. */
  #skipping: number | null = null;
  /** Whether the current statement was already told about a line that begins with an operator. */
  #toldLeading = false;

  readonly #looks: Looks;
  /** The column of the line on which the current statement begins. Like the blocks, known only where looks count. */
  #indent: number;
  readonly #blocks = new Map<IToken, Block>();
  /** Whether each `{` has its `}`. */
  pairsBraces = true;

  constructor(tokens: readonly IToken[], end: number, looks: Looks) {
    this.#tokens = tokens;
    this.#end = end;
    this.#looks = looks;
    this.#indent = looks === 'none' || tokens[0]?.tokenType === Newline ? 0 : (columnAt(tokens, 0) ?? 0);
  }

  run(): Layout {
    for (let index = 0; index < this.#tokens.length; index++) {
      const token = this.#tokens[index] as IToken;
      const role = roles[token.tokenTypeIdx] as number;
      if (role === lineEnd) {
        index = this.#lineEnds(index);
      } else if (this.#skipping !== null) {
        this.#skip(token);
      } else if (role === opener) {
        this.#opener(token);
      } else if (role === closer) {
        this.#closer(token, index);
      } else if (role === brokenText) {
        this.#brokenText(token, index);
      } else {
        const mended = role === loop ? cStyleFor(this.#tokens, index) : null;
        if (mended === null) this.#emit(token);
        else index = this.#mend(mended);
      }
    }
    const last = this.#out.at(-1);
    const goesOn = this.#open.length > 0 || (last !== undefined && continues(last));
    const openEnded = this.#diagnostics.length === 0 && goesOn;
    this.#closeAll(0, this.#end);
    // Left by a statement that was cut out at the end of the file.
    if (this.#out.at(-1)?.tokenType === Newline) this.#out.pop();
    return { tokens: this.#out, diagnostics: this.#diagnostics, unpaired: this.#unpaired, openEnded };
  }

  #mend({ diagnostic, tokens, last }: Mended): number {
    this.#diagnostics.push(diagnostic);
    for (const token of tokens) this.#emit(token);
    return last;
  }

  #emit(token: IToken): void {
    const type = token.tokenType;
    if (this.#atStart || type === Newline || type === OpenBrace || type === CloseBrace) token.payload = this.#depth;
    this.#atStart = type === Newline || type === OpenBrace;
    // Not by push(), which V8 calls instead of doing it here: for the tokens of a large file that is 4 % of its check.
    this.#out[this.#out.length] = token;
  }

  #opener(token: IToken): void {
    if (this.#open.length >= maxNesting) {
      this.#diagnostics.push(report('PG1108', { what: 'nesting', limit: maxNesting }, spanOf(token)));
      // Cut to nothing, the statement can cause no further diagnostic.
      this.#out.length = this.#statement;
      this.#atStart = true;
      this.#skipping = this.#open.length + 1;
      this.#open.length = 0;
      this.#depth = 0;
      return;
    }
    if (this.#looks !== 'none' && token.tokenType === OpenBrace) this.#note(token);
    this.#emit(token);
    this.#open.push(token);
    if (token.tokenType === OpenBrace) this.#depth++;
  }

  #note(brace: IToken): void {
    this.#blocks.set(brace, { lists: lists(headerOf(this.#out)), indent: this.#indent, inner: null });
  }

  /** A string without its closing quotes holds what closes the brackets before it on its line, too. */
  #brokenText(token: IToken, index: number): void {
    this.#emit(token);
    const following = this.#tokens[index + 1]?.tokenType;
    const isOpen = token.image.length === 1 || !token.image.endsWith('"');
    if (!isOpen || (following !== undefined && following !== Newline && following !== OpenBrace)) return;
    const start = this.#lineStart(index);
    const inside: string[] = [];
    for (const [sign] of token.image.matchAll(/[()[\]{}]/g)) {
      const opened = openerOf[sign];
      if (opened === undefined) inside.push(sign);
      else if (inside.length > 0) inside.pop();
      else this.#closeWithin(opened, start, spanOf(token).end);
    }
  }

  /** The place of the first token on the line of another one. */
  #lineStart(index: number): number {
    let at = index;
    for (let before = this.#tokens[at - 1]; before !== undefined; before = this.#tokens[at - 1]) {
      if (before.tokenType === Newline && before.image !== ';') break;
      at--;
    }
    return (this.#tokens[at] as IToken).startOffset;
  }

  #closeWithin(sign: string, start: number, offset: number): void {
    const opener = this.#open.at(-1);
    if (opener?.image !== sign || opener.startOffset < start) return;
    this.#open.pop();
    if (opener.tokenType === OpenBrace) this.#depth--;
    this.#insert(closing.get(opener.tokenType) as TokenType, offset);
  }

  #skip(token: IToken): void {
    const open = this.#skipping as number;
    if (closing.has(token.tokenType)) this.#skipping = open + 1;
    else if (closers.has(token.tokenType)) this.#skipping = open - 1;
  }

  #closer(token: IToken, index: number): void {
    const isBrace = token.tokenType === CloseBrace;
    const column = isBrace && this.#looks === 'lines' ? columnAt(this.#tokens, index) : null;
    const written = this.#partner(token.tokenType === TextMiddle ? TextTail : token.tokenType);
    const partner = column === null ? written : this.#partnerAt(column, written);
    if (partner < 0) {
      this.#stray(token);
      return;
    }
    this.#closeAll(partner + 1, token.startOffset);
    if (token.tokenType !== TextMiddle) this.#open.pop();
    if (isBrace) this.#depth--;
    this.#emit(token);
  }

  /** A closer without partner: left out, or taken for the one that the innermost `(` or `[` needs. */
  #stray(token: IToken): void {
    const span = spanOf(token);
    const bracket = `\`${token.image}\``;
    if (token.tokenType === CloseBrace) this.pairsBraces = false;
    else if (token.tokenType !== TextTail && token.tokenType !== TextMiddle) this.#unpaired.push(span);
    const opener = this.#open.at(-1);
    const needed = opener === undefined ? undefined : closing.get(opener.tokenType);
    if (opener === undefined || (needed !== CloseParen && needed !== CloseBracket)) {
      this.#diagnostics.push(report('PG1107', { bracket }, span));
      return;
    }
    const hints = [`\`${opener.image}\` is closed with ${needed.LABEL}`];
    const labels = [{ span: spanOf(opener), text: 'opened here' }];
    this.#diagnostics.push(report('PG1107', { bracket }, span, { hints, labels }));
    this.#open.pop();
    this.#insert(needed, token.startOffset);
  }

  /** Where the bracket stands that a closer closes: `)` and `]` do not look past a brace; -1 if there is none. */
  #partner(closer: TokenType): number {
    for (let at = this.#open.length - 1; at >= 0; at--) {
      const type = (this.#open[at] as IToken).tokenType;
      if (closing.get(type) === closer) return at;
      if (type === OpenBrace && closer !== CloseBrace) return -1;
      if (type === TextHead && closer !== CloseBrace) return -1;
    }
    return -1;
  }

  /** The block that a `}` at the front of a line closes by its column; -1 if it stands among the lines of one. */
  #partnerAt(column: number, written: number): number {
    const at = this.#open.findLastIndex((opener) => (this.#blocks.get(opener)?.indent ?? Infinity) <= column);
    const block = this.#blocks.get(this.#open[at] as IToken);
    if (block === undefined) return written;
    return isAmong(block, column) ? -1 : at;
  }

  /** Closes what is open from a level on up, and says of each bracket that it was never closed. */
  #closeAll(level: number, offset: number): void {
    while (this.#open.length > level) {
      const opener = this.#open.pop() as IToken;
      const type = closing.get(opener.tokenType) as TokenType;
      this.#diagnostics.push(report('PG1106', { bracket: `\`${opener.image}\`` }, spanOf(opener)));
      if (type === CloseBrace) {
        this.#depth--;
        this.pairsBraces = false;
      } else if (type !== TextTail) {
        this.#unpaired.push({ start: opener.startOffset, end: offset });
      }
      this.#insert(type, offset);
    }
  }

  #insert(type: TokenType, offset: number): void {
    const inserted = tokenAt(type, '', offset);
    inserted.isInsertedInRecovery = true;
    this.#emit(inserted);
  }

  /** Treats a run of line ends and semicolons as one; gives the index of its last. */
  #lineEnds(index: number): number {
    const token = this.#tokens[index] as IToken;
    let next = index;
    let soft = true;
    while (this.#tokens[next]?.tokenType === Newline) {
      if (this.#tokens[next]?.image === ';') soft = false;
      next++;
    }
    if (this.#skipping === null) this.#lineEnd(token, next, soft);
    else if (this.#skipping <= 0) this.#skipping = null;
    if (this.#looks !== 'none') this.#indentAt(next);
    return next - 1;
  }

  #indentAt(next: number): void {
    const begins = this.#atStart || this.#tokens[next]?.tokenType === CloseBrace;
    if (begins) this.#indent = columnAt(this.#tokens, next) ?? this.#indent;
  }

  /** `next` is the index of the token behind the line end; `soft` is false where a `;` says that it is one. */
  #lineEnd(token: IToken, next: number, soft: boolean): void {
    const innermost = this.#open.at(-1)?.tokenType;
    if (innermost !== undefined && innermost !== OpenBrace) {
      if (soft && !this.#startsStatement(next)) return;
      // A statement cannot begin inside brackets: they were forgotten to be closed.
      this.#closeAll(this.#open.findLastIndex((open) => open.tokenType === OpenBrace) + 1, token.startOffset);
    }
    if (this.#looks !== 'none') this.#leaveBlocks(next, token.startOffset);
    if (soft && this.#startsScenario(next)) this.#closeAll(0, token.startOffset);
    const last = this.#out.at(-1);
    if (last === undefined || last.tokenType === Newline || last.tokenType === OpenBrace) return;
    if (soft && continues(last)) return;
    const following = this.#tokens[next];
    if (following === undefined || following.tokenType === CloseBrace) return;
    if (soft && this.#misplaced(last, following, next)) return;
    this.#toldLeading = false;
    if (soft && this.#looks === 'lines' && this.#lacksBrace(next)) {
      this.#openBlock(token, last, next);
      return;
    }
    this.#emit(token);
    if (this.#depth === 0) this.#statement = this.#out.length;
  }

  /** `start`, `let`, `name =` at the front of a line; a word before `:` names an argument. */
  #startsStatement(index: number): boolean {
    const [first, second] = [this.#tokens[index], this.#tokens[index + 1]];
    if (first === undefined || second?.tokenType === Colon) return false;
    if (tokenMatcher(first, Identifier)) return second?.tokenType === Assign;
    return statementStarts.has(first.tokenType);
  }

  /** Closes the blocks whose `}` is missing before what stands behind a line end. */
  #leaveBlocks(next: number, offset: number): void {
    const column = this.#looks === 'lines' ? columnAt(this.#tokens, next) : null;
    const block = this.#blocks.get(this.#open.at(-1) as IToken);
    if (block !== undefined && this.#out.at(-1) === this.#open.at(-1)) block.inner = columnAt(this.#tokens, next);
    while (this.#leaves(next, column)) this.#closeAll(this.#open.length - 1, offset);
  }

  #leaves(next: number, column: number | null): boolean {
    const [first, , third] = this.#tokens.slice(next, next + 3);
    const block = this.#blocks.get(this.#open.at(-1) as IToken);
    if (block === undefined || first === undefined || first.tokenType === CloseBrace) return false;
    return leaves(block, column) || (block.lists && startsAmongListed(first, third?.tokenType));
  }

  /** Whether a block goes on in the next line that was never opened. */
  #lacksBrace(next: number): boolean {
    const column = columnAt(this.#tokens, next);
    return column !== null && column > this.#indent && takesBlock(headerOf(this.#out));
  }

  #openBlock(end: IToken, last: IToken, next: number): void {
    const following = this.#tokens[next] as IToken;
    const mistake = { expected: OpenBrace.LABEL as string, token: end, previous: last, next: following, first: last };
    this.#diagnostics.push(explain({ ...mistake, rules: [] }));
    const brace = tokenAt(OpenBrace, '', end.startOffset);
    brace.isInsertedInRecovery = true;
    this.#opener(brace);
  }

  /** A scenario stands at the top level only: whatever is open before it was forgotten to be closed. */
  #startsScenario(index: number): boolean {
    if (this.#tokens[index]?.tokenType !== Scenario) return false;
    const second = this.#tokens[index + 1]?.tokenType;
    return second === Text || second === TextHead;
  }

  /** Reports a line that begins with what belongs to the line before; the line end is then dropped. */
  #misplaced(last: IToken, next: IToken, index: number): boolean {
    const type = next.tokenType;
    if (type === Else) {
      if (last.tokenType !== CloseBrace) return false;
      this.#diagnostics.push(report('PG1104', {}, spanOf(next), { hints: ['`} else {`'] }));
      return true;
    }
    if (type === OpenBrace) {
      if (last.tokenType === CloseBrace) return false;
      this.#diagnostics.push(report('PG1105', {}, spanOf(next)));
      return true;
    }
    if (!leads(next)) return false;
    if (!this.#toldLeading) {
      const operator = `\`${next.image}\``;
      const comment = type === Slash && this.#tokens[index + 1]?.tokenType === Slash;
      const hints = [comment ? 'comments begin with `#`' : `break the line after ${operator}, not before it`];
      this.#diagnostics.push(report('PG1103', { operator }, spanOf(next), { hints }));
    }
    this.#toldLeading = true;
    return true;
  }
}

/** Whether a line goes on after this token. `of` and `step` may be names, and names end a line. */
export function continues(token: IToken): boolean {
  const type = token.tokenType;
  if (type === Comma || type === Assign || type === Colon || type === Not || type === Wire) return true;
  // A line goes on behind a `\\` elsewhere: here that is one mistake, not another in the next line.
  if (type === Stray) return token.image.endsWith('\\');
  return tokenMatcher(token, Operator) && !tokenMatcher(token, Identifier);
}

/** Whether a token at the front of a line belongs to the line before. */
function leads(token: IToken): boolean {
  const type = token.tokenType;
  if (type === Comma || type === Dot || type === Wire) return true;
  return tokenMatcher(token, Operator) && !tokenMatcher(token, Word);
}
