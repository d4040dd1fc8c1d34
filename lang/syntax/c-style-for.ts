// SPDX-License-Identifier: Apache-2.0

import { type IToken, tokenMatcher } from 'chevrotain';
import { report } from '../diagnostics/catalogue-syntax.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { spanOf } from './lexer.ts';
import { numberValue } from './literals.ts';
import { tokenAt } from './scanner.ts';
import {
  Assign,
  CloseParen,
  For,
  Identifier,
  In,
  Less,
  LessEqual,
  Newline,
  Numeral,
  OpenParen,
  RangeDots,
} from './tokens.ts';

/** A loop's head that was read in another way than it was written. */
export interface Mended {
  readonly diagnostic: Diagnostic;
  /** What stands for it, so that the body is still read and knows the loop's variable. */
  readonly tokens: readonly IToken[];
  /** The index of the last token that they replace. */
  readonly last: number;
}

/** `for (i = 0; i < 3; i++)`, which is no loop here: one mistake, and not one for each piece; null where none begins. */
export function cStyleFor(tokens: readonly IToken[], index: number): Mended | null {
  const word = tokens[index];
  if (word?.tokenType !== For) return null;
  const open = tokens[index + 1];
  if (open?.tokenType !== OpenParen) return null;
  const last = closingParen(tokens, index + 1);
  const close = last === null ? undefined : tokens[last];
  if (last === null || close === undefined) return null;
  const head = tokens.slice(index + 2, last);
  if (head.filter(({ image }) => image === ';').length !== 2) return null;
  const at = head.findIndex(({ tokenType }) => tokenType === Assign);
  const before = head[at - 1];
  const name = before !== undefined && tokenMatcher(before, Identifier) ? before : null;
  const first = at < 0 ? null : wholeAt(head, at + 1);
  const compared = head.findIndex(({ tokenType }) => tokenType === Less || tokenType === LessEqual);
  const bound = compared < 0 ? null : wholeAt(head, compared + 1);
  const least = head[compared]?.tokenType === Less ? 1 : 0;
  const range = `${first ?? 'FIRST'}..${bound === null ? 'LAST' : bound - least}`;
  const hints = [`\`for ${name?.image ?? 'NAME'} in ${range} { … }\`: both ends belong to the range`];
  const span = { start: open.startOffset, end: spanOf(close).end };
  const { startOffset } = open;
  return {
    diagnostic: report('PG1113', {}, span, { hints }),
    tokens: [
      word,
      name ?? tokenAt(Identifier, 'i', startOffset),
      tokenAt(In, 'in', startOffset),
      tokenAt(Numeral, '0', startOffset),
      tokenAt(RangeDots, '..', startOffset),
      tokenAt(Numeral, '0', startOffset),
    ],
    last,
  };
}

/** The whole number that a part of the head consists of; null where something else stands there, or more. */
function wholeAt(head: readonly IToken[], at: number): number | null {
  const token = head[at];
  if (token?.tokenType !== Numeral || (head[at + 1]?.image ?? ';') !== ';') return null;
  const literal = numberValue(token.image);
  return literal.ok && literal.value.type === 'number' && Number.isInteger(literal.value.value)
    ? literal.value.value
    : null;
}

/** Tokens of a head that is looked for: without a bound each `for (` of a line would be searched to the line's end. */
const longestHead = 100;

/** Where the bracket is closed that opens at an index, on the same line; null if it is not. */
function closingParen(tokens: readonly IToken[], index: number): number | null {
  let open = 0;
  const end = Math.min(tokens.length, index + longestHead);
  for (let at = index; at < end; at++) {
    const { tokenType, image } = tokens[at] as IToken;
    if (tokenType === Newline && image !== ';') return null;
    if (tokenType === OpenParen) open++;
    if (tokenType === CloseParen && --open === 0) return at;
  }
  return null;
}
