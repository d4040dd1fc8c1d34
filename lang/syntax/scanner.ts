// SPDX-License-Identifier: Apache-2.0

import { type IToken, Lexer, type TokenType } from 'chevrotain';
import * as T from './tokens.ts';

/** A token as the parser takes it; `offset` is where it stands in the text. */
export function tokenAt(type: TokenType, image: string, offset: number): IToken {
  // Nothing else of a token is asked for, and a file has a hundred thousand: lines and columns come from SourceFile.
  return { image, startOffset: offset, tokenTypeIdx: type.tokenTypeIdx, tokenType: type } as IToken;
}

/** What a token may be that begins with some character: a sign that is always written so, or what a pattern takes. */
type Candidate =
  | { readonly type: TokenType; readonly sign: string }
  | { readonly type: TokenType; readonly sign: null; readonly pattern: RegExp };

function patterned(type: TokenType): Candidate {
  return { type, sign: null, pattern: new RegExp(type.PATTERN as RegExp, 'y') };
}

/** Token types that are always written in one way, by what is written; in the order in which the lexer tries them. */
const fixed = T.tokenTypes.flatMap((type) =>
  type.PATTERN !== Lexer.NA && type.LABEL?.startsWith('`') ? [[T.wordOf(type), type] as const] : [],
);
const reserved = new Map(fixed.flatMap(([text, type]) => (/^\w/.test(text) ? [[text, { text, type }] as const] : [])));

/** By the first character. A word may be an address all the same, as `ab::1` is. */
const beginnings: ReadonlyMap<string, readonly Candidate[]> = beginningsOf([
  ['0123456789', [T.ColonAddress, T.DottedAddress, T.Numeral, T.Quantity]],
  ['abcdefABCDEF:', [T.ColonAddress]],
  ['"', [T.RawText, T.BrokenText, T.OpenText]],
  ['\r\n;', [T.Newline]],
]);

function beginningsOf(patterns: readonly (readonly [string, readonly TokenType[]])[]): Map<string, Candidate[]> {
  const table = new Map<string, Candidate[]>();
  const add = (first: string, candidate: Candidate) => table.set(first, [...(table.get(first) ?? []), candidate]);
  for (const [firsts, types] of patterns) {
    const candidates = types.map(patterned);
    for (const first of firsts) for (const candidate of candidates) add(first, candidate);
  }
  for (const [sign, type] of fixed) if (!reserved.has(sign)) add(sign.charAt(0), { type, sign });
  return table;
}

/** Controls and what is beyond ASCII. */
const others: readonly Candidate[] = [patterned(T.Stray)];
/** The same by the character's code, of all ASCII: a hash for each token takes longer than to read it. */
const byCode = Array.from({ length: 128 }, (_, code) => {
  const first = String.fromCharCode(code);
  return beginnings.get(first) ?? (/[ -~]/.test(first) ? [] : others);
});
/** What is part of a number behind digits, besides the characters of words. */
const goesOn: ReadonlySet<number> = new Set([...'%.:µμ'].map((character) => character.charCodeAt(0)));
const comment = new RegExp(T.Comment.PATTERN as RegExp, 'y');

/**
 * Splits a text into tokens by the patterns of tokens.ts, strings still whole; characters that begin none become `Stray`. It
 * does what Chevrotain's lexer would with these patterns, which a test holds against it. That one tries a pattern for
 * each reserved word in turn, and makes its tables anew in every process.
 */
export class Scanner {
  readonly #text: string;
  readonly #base: number;
  readonly #comments: IToken[] | null;
  #at = 0;
  /** Where the last pattern that fitted ends. */
  #end = 0;

  /**
   * @param base where the text begins in the file
   * @param comments takes the comments; null where nobody wants them
   */
  constructor(text: string, base: number, comments: IToken[] | null) {
    this.#text = text;
    this.#base = base;
    this.#comments = comments;
  }

  /** The next token, null behind the last one. */
  next(): IToken | null {
    const text = this.#text;
    this.#pass();
    const start = this.#at;
    if (start >= text.length) return null;
    const found = this.#token();
    if (found !== null) return found;
    // A run of characters that begin nothing is one token.
    do this.#at++;
    while (this.#at < text.length && !this.#begins());
    return tokenAt(T.Stray, text.slice(start, this.#at), this.#base + start);
  }

  /** Goes past blanks and comments. */
  #pass(): void {
    const text = this.#text;
    for (;;) {
      const code = text.charCodeAt(this.#at);
      if (isBlank(code)) {
        this.#at++;
      } else if (code === 0x23 /* # */) {
        this.#takes(comment);
        const token = this.#taken(T.Comment);
        this.#comments?.push(token);
      } else {
        return;
      }
    }
  }

  /** Whether a token, a blank or a comment begins here. */
  #begins(): boolean {
    const here = this.#at;
    const code = this.#text.charCodeAt(here);
    if (isBlank(code) || code === 0x23 /* # */) return true;
    const begins = this.#token() !== null;
    this.#at = here;
    return begins;
  }

  /** The token that begins here, if one does. */
  #token(): IToken | null {
    const text = this.#text;
    const code = text.charCodeAt(this.#at);
    if (isDigit(code) && this.#takesPlainNumber()) return this.#taken(T.Numeral);
    for (const candidate of byCode[code] ?? others) {
      const { type, sign } = candidate;
      if (sign === null) {
        if (this.#takes(candidate.pattern)) return this.#taken(type);
      } else if (sign.length === 1 || text.startsWith(sign, this.#at)) {
        const start = this.#at;
        this.#at = start + sign.length;
        return tokenAt(type, sign, this.#base + start);
      }
    }
    return this.#word();
  }

  /** Digits that are nothing else, as most numbers are: a pattern takes several times as long to begin as they to read. */
  #takesPlainNumber(): boolean {
    const text = this.#text;
    let end = this.#at + 1;
    while (isDigit(text.charCodeAt(end))) end++;
    this.#end = end;
    // What goes on is a unit, a fraction or an address, for the patterns to tell.
    const next = text.charCodeAt(end);
    return !isWordCharacter(next) && !goesOn.has(next);
  }

  /** `[A-Za-z_]\w*(?:@\w*)?`, if one begins here. */
  #word(): IToken | null {
    const text = this.#text;
    const start = this.#at;
    if (!isWordCharacter(text.charCodeAt(start)) || isDigit(text.charCodeAt(start))) return null;
    let end = start + 1;
    while (isWordCharacter(text.charCodeAt(end))) end++;
    const named = end;
    if (text.charCodeAt(end) === 0x40 /* @ */) {
      end++;
      while (isWordCharacter(text.charCodeAt(end))) end++;
    }
    this.#end = end;
    const image = text.slice(start, end);
    if (end > named) return this.#taken(end === named + 1 ? T.BareDevice : T.DeviceName, image);
    const word = reserved.get(image);
    return word === undefined ? this.#taken(T.PlainName, image) : this.#taken(word.type, word.text);
  }

  /** Whether a pattern fits here; `#taken` then goes past what it takes. */
  #takes(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#text)) return false;
    this.#end = pattern.lastIndex;
    return true;
  }

  #taken(type: TokenType, image = this.#text.slice(this.#at, this.#end)): IToken {
    const start = this.#at;
    this.#at = this.#end;
    return tokenAt(type, image, this.#base + start);
  }
}

/** What `T.Blank` takes. */
function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0b || code === 0x0c || code === 0xfeff;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** What `\w` takes. */
function isWordCharacter(code: number): boolean {
  const letter = code | 0x20;
  return (letter >= 0x61 && letter <= 0x7a) || isDigit(code) || code === 0x5f /* _ */;
}
