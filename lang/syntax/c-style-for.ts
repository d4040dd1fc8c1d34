// SPDX-License-Identifier: Apache-2.0

import type { IToken } from 'chevrotain';
import { report } from '../diagnostics/catalogue-syntax.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { spanOf } from './lexer.ts';
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
  const name = head[at - 1];
  const first = head[at + 1]?.tokenType === Numeral ? head[at + 1] : undefined;
  const compared = head.findIndex(({ tokenType }) => tokenType === Less || tokenType === LessEqual);
  const bound = head[compared + 1]?.tokenType === Numeral ? head[compared + 1] : undefined;
  const least = head[compared]?.tokenType === Less ? 1 : 0;
  const end = bound === undefined || compared < 0 ? 'LAST' : String(Number(bound.image) - least);
  const variable = name?.image ?? 'NAME';
  const hints = [`\`for ${variable} in ${first?.image ?? 'FIRST'}..${end} { … }\`: both ends belong to the range`];
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

/** Where the bracket is closed that opens at an index, on the same line; null if it is not. */
function closingParen(tokens: readonly IToken[], index: number): number | null {
  let open = 0;
  for (let at = index; at < tokens.length; at++) {
    const { tokenType, image } = tokens[at] as IToken;
    if (tokenType === Newline && image !== ';') return null;
    if (tokenType === OpenParen) open++;
    if (tokenType === CloseParen && --open === 0) return at;
  }
  return null;
}
