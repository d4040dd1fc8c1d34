// SPDX-License-Identifier: Apache-2.0

import {
  EmbeddedActionsParser,
  EOF,
  type IParserErrorMessageProvider,
  type IRecognitionException,
  type IToken,
  isRecognitionException,
  NoViableAltException,
  type TokenType,
  tokenMatcher,
} from 'chevrotain';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Span } from '../source.ts';
import type { ErrorNode } from './ast.ts';
import { explain, type Mistake, theLineEnd } from './expectations.ts';
import { depthOf } from './layout.ts';
import { Lookahead } from './lookahead.ts';
import { CloseBrace, Newline, OpenBrace, tokenTypes } from './tokens.ts';

/** What the parser has to say of one statement: at most one diagnostic, the first. */
export interface Problem {
  readonly diagnostic: Diagnostic;
  /** The token that did not fit. */
  readonly token: IToken;
  /** The first token of the statement. */
  readonly first: IToken;
  /** What was read and passed over on its account. */
  readonly region: Span;
}

/** The statement, setting or link being parsed. */
interface Current {
  readonly first: IToken;
  readonly depth: number;
  failed: boolean;
}

/** Mistakes of syntax that a file is told: one with more is no scenario, and each takes longer than a sound statement. */
export const maxMistakes = 1000;

/** What Chevrotain's parts call on each other and its types leave out. */
interface Internals {
  raiseNoAltException(occurrence: number, wanted: string | undefined): never;
  /** Adds where in the grammar the error arose. */
  SAVE_ERROR(error: Error): Error;
  /** The place in `input` of the last token that was read. */
  exportLexerState(): number;
  importLexerState(place: number): void;
  /** While the grammar is written down, methods of the object's own stand before those that parse. */
  enableRecording(): void;
}
const inherited = EmbeddedActionsParser.prototype as unknown as Internals;

/** The end of a token; 0 before the first one. */
export function endOf(token: IToken): number {
  // EOF, which stands before the first token too, has no offset; the lexer notes no end offsets.
  return token.startOffset >= 0 ? token.startOffset + token.image.length : 0;
}

/**
 * Panic-mode recovery at statements. Chevrotain's own re-synchronises at the first token of a follow set, which with
 * nested blocks is often a line end of the wrong block; here every token knows its depth (see layout.ts), and a failed
 * statement is passed over to its own end.
 */
export abstract class RecoveringParser extends EmbeddedActionsParser {
  problems: Problem[] = [];
  #current: Current | null = null;

  constructor(validate: boolean, errorMessageProvider: IParserErrorMessageProvider) {
    super([...tokenTypes], {
      recoveryEnabled: false,
      maxLookahead: 1,
      lookaheadStrategy: new Lookahead({ maxLookahead: 1 }),
      skipValidations: !validate,
      errorMessageProvider,
    });
  }

  /**
   * Chevrotain's own works out at every mistake what could have stood there, which takes longer than to parse the line; a
   * choice that has its own words for it needs none of that.
   */
  protected raiseNoAltException(occurrence: number, wanted: string | undefined): never {
    if (wanted === undefined) return inherited.raiseNoAltException.call(this, occurrence, wanted);
    const { SAVE_ERROR: placed } = inherited;
    throw placed.call(this, new NoViableAltException(wanted, this.LA(1), this.LA(0)));
  }

  /** Where the next token stands in `input`. */
  protected get place(): number {
    return inherited.exportLexerState.call(this) + 1;
  }

  /** Goes past what stands before a place. */
  protected goTo(place: number): void {
    inherited.importLexerState.call(this, place - 1);
  }

  #recording: readonly string[] = [];

  protected enableRecording(): void {
    const before = new Set(Object.keys(this));
    inherited.enableRecording.call(this);
    this.#recording = Object.keys(this).filter((name) => !before.has(name));
  }

  /** Chevrotain's own deletes these methods, a hundred of them, each of which V8 answers with a new shape of the object. */
  protected disableRecording(): void {
    const parsing = EmbeddedActionsParser.prototype as unknown as Readonly<Record<string, unknown>>;
    Object.assign(
      this,
      { RECORDING_PHASE: false },
      Object.fromEntries(this.#recording.map((name) => [name, parsing[name]])),
    );
  }

  /**
   * Whether one of these types of token comes next, so that a part which most texts leave out need not be tried at all. While
   * the grammar is written down every part does.
   */
  protected begins(types: readonly TokenType[]): boolean {
    const next = this.LA(1);
    for (const type of types) if (tokenMatcher(next, type)) return true;
    return this.RECORDING_PHASE;
  }

  /** Items between line ends up to the end of their block, each parsed on its own; `noun` says what one of them is. */
  protected sequence<T>(noun: string, item: () => T): (T | ErrorNode)[] {
    const items: (T | ErrorNode)[] = [];
    const depth = depthOf(this.LA(1));
    do {
      this.MANY_SEP({ SEP: Newline, DEF: () => items.push(this.#item(item, depth)) });
    } while (this.#another(noun, items, depth));
    return items;
  }

  /**
   * Parses a part of a statement; where it fails, the rest of the line is passed over up to the block's `{`, so that the
   * block is still read, and `otherwise` gives what stands in for the part.
   */
  protected attempt<T>(part: () => T, otherwise: (hole: ErrorNode) => T): T {
    const start = this.#next();
    try {
      return part();
    } catch (thrown) {
      return otherwise(this.#recover(thrown, start, true));
    }
  }

  /** The `{` of a block; what stands before it and belongs to nothing is passed over, so that the block is still read. */
  protected brace(): IToken {
    if (this.LA(1).tokenType === OpenBrace || this.RECORDING_PHASE) return this.CONSUME(OpenBrace);
    return this.attempt(
      () => this.CONSUME(OpenBrace),
      () => this.CONSUME(OpenBrace),
    );
  }

  /** Reports a mistake that the grammar lets pass; only the first of a statement counts. */
  protected complain(diagnostic: Diagnostic): void {
    this.#note(diagnostic, this.LA(0), diagnostic.span);
  }

  protected spanFrom(first: IToken): Span {
    return { start: first.startOffset, end: Math.max(first.startOffset, endOf(this.LA(0))) };
  }

  #item<T>(item: () => T, depth: number): T | ErrorNode {
    const outer = this.#current;
    const first = this.LA(1);
    const start = this.#next();
    this.#current = { first, depth, failed: false };
    try {
      if (this.problems.length > maxMistakes) return { kind: 'error', span: this.#passOver(start, false) };
      const parsed = item();
      if (!this.#atEnd()) this.#unexpected(theLineEnd);
      return parsed;
    } catch (thrown) {
      return this.#recover(thrown, start, false);
    } finally {
      this.#current = outer;
    }
  }

  /** After the last item that could be read: whether there are more behind something that is none. */
  #another(noun: string, items: unknown[], depth: number): boolean {
    if (this.#blockEnds()) return false;
    if (this.LA(1).tokenType !== Newline) {
      items.push(this.#item(() => this.#unexpected(noun), depth));
    }
    if (this.LA(1).tokenType !== Newline) return false;
    this.SKIP_TOKEN();
    return true;
  }

  #unexpected(expected: string): ErrorNode {
    const token = this.LA(1);
    const [previous, next] = [this.LA(0), this.LA(2)];
    const mistake: Mistake = { expected, token, previous, next, first: this.#first(), rules: [] };
    const region = this.#passOver(this.#next(), false);
    this.#note(explain(mistake), token, region);
    return { kind: 'error', span: region };
  }

  #recover(thrown: unknown, start: number, toBlock: boolean): ErrorNode {
    if (!(thrown instanceof Error) || !isRecognitionException(thrown)) throw thrown;
    const { token, message, context, previousToken } = thrown as IRecognitionException & { previousToken: IToken };
    const mistake: Mistake = {
      expected: message,
      token,
      previous: previousToken,
      next: this.LA(1) === token ? this.LA(2) : this.LA(1),
      first: this.#first(),
      rules: context.ruleStack,
    };
    const region = this.#passOver(start, toBlock);
    this.#note(explain(mistake), token, region);
    return { kind: 'error', span: region };
  }

  #note(diagnostic: Diagnostic, token: IToken, region: Span): void {
    const current = this.#current;
    if (current === null || current.failed) return;
    current.failed = true;
    const { first } = current;
    this.problems.push({ diagnostic, token, first, region: { start: first.startOffset, end: region.end } });
  }

  #passOver(start: number, toBlock: boolean): Span {
    while (!this.#atEnd() && !(toBlock && this.#atBlock())) this.SKIP_TOKEN();
    // Where nothing was there to pass over, the hole is at the end of what stands before.
    const end = endOf(this.LA(0));
    return { start: Math.min(start, end), end };
  }

  /** Where the next token begins, which at the end of the file is where the last one ends. */
  #next(): number {
    const token = this.LA(1);
    return tokenMatcher(token, EOF) ? endOf(this.LA(0)) : token.startOffset;
  }

  #first(): IToken {
    return this.#current?.first ?? this.LA(1);
  }

  #atBlock(): boolean {
    const token = this.LA(1);
    return token.tokenType === OpenBrace && depthOf(token) === this.#current?.depth;
  }

  /** At the end of the current statement: its line end, the `}` of the block around it, or the end of the file. */
  #atEnd(): boolean {
    const token = this.LA(1);
    const depth = this.#current?.depth ?? 0;
    switch (token.tokenType) {
      case Newline:
        return depthOf(token) === depth;
      case CloseBrace:
        return depthOf(token) < depth;
      default:
        return token.tokenType === EOF;
    }
  }

  /** Brackets are in pairs, so any `}` here is that of the block being read. */
  #blockEnds(): boolean {
    const token = this.LA(1);
    return tokenMatcher(token, EOF) || token.tokenType === CloseBrace;
  }
}
