// SPDX-License-Identifier: Apache-2.0

import type { IToken } from 'chevrotain';
import { continues } from './layout.ts';
import { add, type Lexed, type Lexing } from './lexer.ts';
import { Scanner } from './scanner.ts';
import { CloseBrace, CloseBracket, CloseParen, Newline, OpenBrace, OpenBracket, OpenParen } from './tokens.ts';

/**
 * The tokens of a text as `lex` gives them, without comments and in pieces: each ends at the end of a statement of the top
 * level, if brackets are in pairs, and has at least so many tokens but for the last one.
 *
 * @param enough a piece with more tokens is the last one, wherever it ends: a bracket may never be closed
 */
export function* lexPieces(text: string, least: number, enough: number): Generator<Lexed> {
  const scanner = new Scanner(text, 0, null);
  let piece = empty();
  let open = 0;
  /** The last token of the piece that ends no line. */
  let last: IToken | null = null;
  for (let token = scanner.next(); token !== null && piece.tokens.length <= enough; token = scanner.next()) {
    const type = token.tokenType;
    if (type === OpenBrace || type === OpenParen || type === OpenBracket) open++;
    else if (type === CloseBrace || type === CloseParen || type === CloseBracket) open--;
    if (type !== Newline) {
      add(token, piece);
      last = token;
      continue;
    }
    piece.tokens.push(token);
    if (open !== 0 || piece.tokens.length < least || last === null || continues(last)) continue;
    yield piece;
    piece = empty();
    last = null;
  }
  yield piece;
}

function empty(): Lexing {
  return { tokens: [], comments: [], diagnostics: [] };
}
