// SPDX-License-Identifier: Apache-2.0

import { type IToken, type TokenType, tokenMatcher } from 'chevrotain';
import { wordClasses } from '../editor/word-classes.ts';
import type { Span } from '../source.ts';
import { lex, spanOf } from '../syntax/lexer.ts';
import * as T from '../syntax/tokens.ts';
import type { NameKind } from './names.ts';
import type { Declared } from './symbols.ts';

/** What a piece of a text is, for editors that colour by meaning: a kind of token, or of name. */
export type HighlightKind =
  | 'keyword'
  | 'comment'
  | 'string'
  | 'number'
  | 'operator'
  | 'layer'
  | 'builtin'
  | 'setting'
  | 'argument'
  | 'member'
  | NameKind;

export interface Highlight {
  readonly span: Span;
  readonly kind: HighlightKind;
  /** Whether a name is given here. */
  readonly declares: boolean;
}

const texts: ReadonlySet<TokenType> = new Set([T.Text, T.TextHead, T.TextMiddle, T.TextTail, T.MalformedText]);
const literals: ReadonlySet<TokenType> = new Set([T.Numeral, T.Quantity, T.ColonAddress, T.DottedAddress]);
const layers: ReadonlySet<string> = new Set(wordClasses.layer);
const builtins: ReadonlySet<string> = new Set(wordClasses.function);
const totals: ReadonlySet<string> = new Set(wordClasses.total);
const settings: ReadonlySet<string> = new Set(wordClasses.parameter);

/**
 * Every piece of a text that has a kind, in source order and apart from each other. Names are what they mean, so that a
 * device that is called like a layer is a device.
 *
 * @param symbols of the text, whose places count in it from 0; others are passed over
 */
export function highlights(text: string, symbols: readonly Declared[]): readonly Highlight[] {
  const { tokens, comments } = lex(text);
  const named = namedAt(symbols);
  const found: Highlight[] = comments.map((token) => ({ span: spanOf(token), kind: 'comment', declares: false }));
  for (const [index, token] of tokens.entries()) {
    const span = spanOf(token);
    // A name in quotes is text, as everywhere else.
    const name = texts.has(token.tokenType) ? undefined : named.get(span.start);
    if (name !== undefined && name.span.end === span.end) {
      found.push(name);
      continue;
    }
    const kind = kindOf(token, tokens[index - 1], tokens[index + 1]);
    if (kind !== null) found.push({ span, kind, declares: false });
  }
  return found.sort((a, b) => a.span.start - b.span.start);
}

/** Names by where they begin: of a device and its interface, which share their first letters, the device. */
function namedAt(symbols: readonly Declared[]): ReadonlyMap<number, Highlight> {
  const named = new Map<number, Highlight>();
  for (const { kind, declaration, occurrences } of symbols) {
    for (const span of occurrences) {
      if ((named.get(span.start)?.span.end ?? 0) >= span.end) continue;
      named.set(span.start, { span, kind, declares: span === declaration });
    }
  }
  return named;
}

function kindOf(token: IToken, before: IToken | undefined, behind: IToken | undefined): HighlightKind | null {
  const { tokenType, image } = token;
  if (texts.has(tokenType)) return 'string';
  if (literals.has(tokenType)) return 'number';
  if (tokenType === T.DeviceName) return 'device';
  const isWord = tokenMatcher(token, T.Word);
  // Behind a point any word is a metric's or a fact's.
  if (isWord && before?.tokenType === T.Dot) return 'member';
  if (isWord && behind?.tokenType === T.Colon) return 'argument';
  if (tokenMatcher(token, T.Keyword)) return 'keyword';
  if (!isWord) return tokenMatcher(token, T.Operator) ? 'operator' : null;
  if (behind?.tokenType === T.OpenParen && builtins.has(image)) return 'builtin';
  if (layers.has(image)) return 'layer';
  if (settings.has(image)) return 'setting';
  return totals.has(image) ? 'builtin' : null;
}
