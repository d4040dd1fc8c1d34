// SPDX-License-Identifier: Apache-2.0

import type { IToken, TokenType } from 'chevrotain';
import { report } from '../diagnostics/catalogue-syntax.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Span } from '../source.ts';
import { escapeSpellings, isEscape } from './escapes.ts';
import { Scanner, tokenAt } from './scanner.ts';
import {
  BareDevice,
  BrokenText,
  CloseBrace,
  MalformedDevice,
  MalformedText,
  maxTextPieces,
  Newline,
  OpenBrace,
  OpenText,
  RawText,
  Stray,
  Text,
  TextHead,
  TextMiddle,
  TextTail,
} from './tokens.ts';

/** The tokens of a text, every line end still among them, and what is wrong with single tokens. */
export interface Lexed {
  readonly tokens: readonly IToken[];
  /** In source order; no token of the above. */
  readonly comments: readonly IToken[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Splits a text into tokens. Never fails: what is no token becomes one of type `Stray`, for the parser to refuse.
 *
 * @param enough behind so many tokens the rest may be left out: more than that come back where there are more
 */
export function lex(text: string, enough = Number.POSITIVE_INFINITY): Lexed {
  const lexed: Lexing = { tokens: [], comments: [], diagnostics: [] };
  const scanner = new Scanner(text, 0, lexed.comments);
  for (let token = scanner.next(); token !== null && lexed.tokens.length <= enough; token = scanner.next()) {
    add(token, lexed);
  }
  return lexed;
}

/** A `Lexed` that is being filled. */
export interface Lexing {
  readonly tokens: IToken[];
  readonly comments: IToken[];
  readonly diagnostics: Diagnostic[];
}

/** Adds what the scanner found: a string in its parts, and what is wrong with it. */
export function add(token: IToken, { tokens, diagnostics }: Lexing): void {
  switch (token.tokenType) {
    case RawText:
      splitText(token, tokens, diagnostics);
      break;
    case BrokenText:
      diagnostics.push(overlong(token) ?? report('PG1003', {}, openInterpolation(token)));
      tokens.push(retyped(token, MalformedText));
      break;
    case OpenText:
      if (endsText(token, tokens)) break;
      diagnostics.push(overlong(token) ?? report('PG1002', {}, spanOf(token), { note: 'no closing `"` on this line' }));
      tokens.push(...splitOpenText(token));
      break;
    case BareDevice:
      diagnostics.push(bareDevice(token));
      tokens.push(retyped(token, MalformedDevice));
      break;
    default:
      // Not by push(), as in layout.ts.
      tokens[tokens.length] = token;
  }
}

/** The place of a token in the text. */
export function spanOf(token: IToken): Span {
  return { start: token.startOffset, end: token.startOffset + token.image.length };
}

const retyped = (token: IToken, type: TokenType) => tokenAt(type, token.image, token.startOffset);

/** An escape, or an interpolation with its expression; RawText admits nothing else that begins so. */
const textPieces = /\\[^\r\n]|\$\{([^}$\r\n]*)\}/g;

/** Takes a string apart: one token if nothing is interpolated, otherwise its pieces with the tokens between them. */
function splitText(token: IToken, tokens: IToken[], diagnostics: Diagnostic[]): void {
  const { image, startOffset } = token;
  if (!/[\\$]/.test(image)) {
    tokens.push(retyped(token, Text));
    return;
  }
  const before = tokens.length;
  let from = 0;
  for (const piece of image.matchAll(textPieces)) {
    const at = startOffset + piece.index;
    const inner = piece[1];
    if (inner === undefined) {
      if (!isEscape(piece[0])) diagnostics.push(unknownEscape(piece[0], at));
      continue;
    }
    if (inner.includes('"')) {
      const span = { start: at, end: at + piece[0].length };
      diagnostics.push(report('PG1004', {}, span, { hints: ['give the value a name with `let` first'] }));
      tokens.length = before;
      tokens.push(retyped(token, MalformedText));
      return;
    }
    const end = piece.index + 2;
    tokens.push(tokenAt(from === 0 ? TextHead : TextMiddle, image.slice(from, end), startOffset + from));
    const scanner = new Scanner(inner, startOffset + end, null);
    for (let part = scanner.next(); part !== null; part = scanner.next()) tokens.push(withoutLayout(part));
    from = piece.index + piece[0].length - 1;
  }
  if (tokens.length === before) tokens.push(retyped(token, Text));
  else tokens.push(tokenAt(TextTail, image.slice(from), startOffset + from));
}

/** Inside `${…}` nothing may end the statement or open a block. */
function withoutLayout(token: IToken): IToken {
  const type = token.tokenType;
  return type === Newline || type === OpenBrace || type === CloseBrace ? retyped(token, Stray) : token;
}

const bareQuotes = /^"[)\]}\s]*$/;

/** Nothing but quotes at the end of a line, below one whose string has none: that string stands on both lines. */
function endsText({ image, startOffset }: IToken, tokens: IToken[]): boolean {
  if (!bareQuotes.test(image)) return false;
  const at = tokens.findLastIndex(({ tokenType }) => tokenType === Newline);
  const text = tokens[at - 1];
  const isOpen = text?.tokenType === MalformedText && !text.image.endsWith('"') && !bareQuotes.test(text.image);
  if (!isOpen || tokens[at]?.image === ';') return false;
  tokens.length = at;
  const scanner = new Scanner(image.slice(1), startOffset + 1, null);
  for (let token = scanner.next(); token !== null; token = scanner.next()) tokens.push(token);
  return true;
}

/** A `{` at the end of the line is the block's, not the string's: without it every `}` below would stand alone. */
function splitOpenText(token: IToken): IToken[] {
  const text = token.image.trimEnd();
  if (!text.endsWith('{') || text.endsWith('${')) return [retyped(token, MalformedText)];
  const image = text.slice(0, -1);
  const { startOffset } = token;
  return [tokenAt(MalformedText, image, startOffset), tokenAt(OpenBrace, '{', startOffset + image.length)];
}

/** A string that is none because it has too many pieces. */
function overlong({ image, startOffset }: IToken): Diagnostic | null {
  let pieces = 0;
  for (const { index } of image.matchAll(/\\.|\$/g)) {
    if (++pieces <= maxTextPieces) continue;
    const span = { start: startOffset + index, end: startOffset + index + 1 };
    return report('PG1108', { what: 'the number of escapes and values in a string', limit: maxTextPieces }, span);
  }
  return null;
}

function openInterpolation(token: IToken): Span {
  // The pattern of whole strings failed on the first `${` without `}`; skip the sound ones and escapes before it.
  const rest = token.image.replace(textPieces, (piece) => ' '.repeat(piece.length));
  const at = Math.max(0, rest.indexOf('${'));
  return { start: token.startOffset + at, end: token.startOffset + at + 2 };
}

function unknownEscape(written: string, at: number): Diagnostic {
  const known = escapeSpellings.map((spelling) => `\`${spelling}\``).join(' ');
  return report(
    'PG1005',
    { escape: `\`${written}\`` },
    { start: at, end: at + written.length },
    {
      hints: [`there are ${known}; a backslash itself is \`\\\\\``],
    },
  );
}

function bareDevice(token: IToken): Diagnostic {
  const hints = [`\`${token.image}0\`, or \`"${token.image}\${…}"\` with a value`];
  return report('PG1006', { name: `\`${token.image}\`` }, spanOf(token), { hints });
}
