// SPDX-License-Identifier: Apache-2.0

import { type IToken, type TokenType, tokenMatcher } from 'chevrotain';
import { lex } from '../../lang/syntax/lexer.ts';
import * as T from '../../lang/syntax/tokens.ts';
import type { Palette } from '../report/palette.ts';

const texts: ReadonlySet<TokenType> = new Set([T.Text, T.TextHead, T.TextMiddle, T.TextTail]);
const literals: ReadonlySet<TokenType> = new Set([T.Numeral, T.Quantity, T.ColonAddress, T.DottedAddress]);
const broken: ReadonlySet<TokenType> = new Set([T.Stray, T.MalformedText, T.MalformedDevice]);

type Paint = (text: string) => string;

/**
 * A line of the language with its colours: keywords, literals, strings, comments, and what is no token. What the cursor
 * may still be in the middle of is never called wrong.
 */
export function coloured(line: string, palette: Palette): string {
  const { tokens, comments } = lex(line);
  const all = [...tokens, ...comments].sort((a, b) => a.startOffset - b.startOffset);
  let text = '';
  let at = 0;
  for (const [index, token] of all.entries()) {
    const end = token.startOffset + token.image.length;
    if (token.startOffset < at) continue;
    const paint = comments.includes(token) ? palette.dim : paintOf(token, all[index - 1], end === line.length, palette);
    text += line.slice(at, token.startOffset) + (paint === null ? token.image : paint(token.image));
    at = end;
  }
  return text + line.slice(at);
}

/** A line of the shell: one of its own words in front is a keyword, what follows is of the language. */
export function colouredLine(line: string, commands: ReadonlySet<string>, palette: Palette): string {
  const [, front = '', word = ''] = /^(\s*\.?(\w+))(?=\s|$)/.exec(line) ?? [];
  if (!commands.has(word)) return coloured(line, palette);
  return `${palette.strong(front)}${coloured(line.slice(front.length), palette)}`;
}

function paintOf(token: IToken, before: IToken | undefined, last: boolean, palette: Palette): Paint | null {
  const { tokenType } = token;
  if (texts.has(tokenType)) return palette.good;
  if (broken.has(tokenType)) return last ? (tokenType === T.MalformedText ? palette.good : null) : palette.error;
  if (literals.has(tokenType)) return palette.accent;
  // Behind a point any word is a metric's.
  if (tokenMatcher(token, T.Keyword) && before?.tokenType !== T.Dot) return palette.strong;
  return null;
}
