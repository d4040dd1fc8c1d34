// SPDX-License-Identifier: Apache-2.0

import { createTokenInstance, type IToken, Lexer, type TokenType } from 'chevrotain';
import { report } from '../diagnostics/catalogue-syntax.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Span } from '../source.ts';
import { escapeSpellings, isEscape } from './escapes.ts';
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
  tokenTypes,
} from './tokens.ts';

/** The tokens of a text, every line end still among them, and what is wrong with single tokens. */
export interface Lexed {
  readonly tokens: readonly IToken[];
  /** In source order; no token of the above. */
  readonly comments: readonly IToken[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Makes the lexer's tables; `validate` adds Chevrotain's checks of the patterns, which tests want and users need not wait for. */
export function makeLexer(validate: boolean): Lexer {
  return new Lexer([...tokenTypes], {
    positionTracking: 'onlyOffset',
    ensureOptimizations: validate,
    skipValidations: !validate,
  });
}

/** Made at the first use: importing this file costs nothing. */
let shared: Lexer | undefined;

/** Characters that Chevrotain is handed at once: it stops at nothing, and holds all tokens of what it is handed. */
const portion = 2 ** 20;

/**
 * Splits a text into tokens. Never fails: what is no token becomes one of type `Stray`, for the parser to refuse.
 *
 * @param enough behind so many tokens the rest may be left out: more than that come back where there are more
 */
export function lex(text: string, enough = Number.POSITIVE_INFINITY): Lexed {
  const lexed: Lexing = { tokens: [], comments: [], diagnostics: [] };
  for (let start = 0; start < text.length && lexed.tokens.length <= enough; ) {
    const end = endOfPortion(text, start);
    lexPortion(text.slice(start, end), start, lexed);
    start = end;
  }
  return lexed;
}

/** Behind a line end, which no token spans but `\r\n`; at the end of the text where there is none. */
function endOfPortion(text: string, start: number): number {
  if (start + portion >= text.length) return text.length;
  lineEnd.lastIndex = start + portion;
  return lineEnd.test(text) ? lineEnd.lastIndex : text.length;
}
const lineEnd = /\r\n|\n|\r/g;

interface Lexing {
  readonly tokens: IToken[];
  readonly comments: IToken[];
  readonly diagnostics: Diagnostic[];
}

function lexPortion(text: string, base: number, { tokens, comments, diagnostics }: Lexing): void {
  for (const token of rawTokens(text, base, comments)) {
    switch (token.tokenType) {
      case RawText:
        splitText(token, tokens, diagnostics);
        break;
      case BrokenText:
        diagnostics.push(overlong(token) ?? report('PG1003', {}, openInterpolation(token)));
        tokens.push(retyped(token, MalformedText));
        break;
      case OpenText:
        diagnostics.push(
          overlong(token) ?? report('PG1002', {}, spanOf(token), { note: 'no closing `"` on this line' }),
        );
        tokens.push(...splitOpenText(token));
        break;
      case BareDevice:
        diagnostics.push(bareDevice(token));
        tokens.push(retyped(token, MalformedDevice));
        break;
      default:
        tokens.push(token);
    }
  }
}

/** The place of a token in the text. */
export function spanOf(token: IToken): Span {
  return { start: token.startOffset, end: token.startOffset + token.image.length };
}

/** A token made by hand, at an offset of the text. */
export function tokenAt(type: TokenType, image: string, offset: number): IToken {
  // Lines and columns come from SourceFile; NaN is what Chevrotain itself writes where it tracks offsets only.
  const token = createTokenInstance(type, image, offset, offset + image.length - 1, NaN, NaN, NaN, NaN);
  return token;
}

const retyped = (token: IToken, type: TokenType) => tokenAt(type, token.image, token.startOffset);

/** The lexer's own tokens with the characters that it skipped put back as `Stray`; `base` is where the text begins. */
function rawTokens(text: string, base: number, comments: IToken[] = []): IToken[] {
  shared ??= makeLexer(false);
  const { tokens, errors, groups } = shared.tokenize(text);
  for (const comment of groups.comments ?? []) comments.push(placedAt(base, comment));
  const strays = errors.map((error) => {
    return tokenAt(Stray, text.slice(error.offset, error.offset + error.length), base + error.offset);
  });
  const placed = base === 0 ? tokens : tokens.map((token) => placedAt(base, token));
  if (strays.length === 0) return placed;
  return [...placed, ...strays].sort((a, b) => a.startOffset - b.startOffset);
}

/** A fresh token as it stands in the whole text. */
function placedAt(base: number, token: IToken): IToken {
  return base === 0 ? token : tokenAt(token.tokenType, token.image, base + token.startOffset);
}

/** An escape, or an interpolation with its expression; RawText admits nothing else that begins so. */
const textPieces = /\\[^\r\n]|\$\{([^}$\r\n]*)\}/g;

/** Takes a string apart: one token if nothing is interpolated, otherwise its pieces with the tokens between them. */
function splitText(token: IToken, tokens: IToken[], diagnostics: Diagnostic[]): void {
  const { image, startOffset } = token;
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
    for (const part of rawTokens(inner, startOffset + end)) tokens.push(withoutLayout(part));
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
