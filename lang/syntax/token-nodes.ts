// SPDX-License-Identifier: Apache-2.0

import type { IToken } from 'chevrotain';
import { addressFamily } from './addresses.ts';
import type { Expression, Name, NameExpression, TextPart } from './ast.ts';
import { decodeEscapes } from './escapes.ts';
import { spanOf } from './lexer.ts';

/** The name that a token writes. */
export function nameOf(token: IToken): Name {
  return { text: token.image, span: spanOf(token) };
}

/** A token as an expression that names something. */
export function named(token: IToken): NameExpression {
  return { kind: 'name', name: token.image, span: spanOf(token) };
}

/** What the lexer complained about already. */
export function malformed(token: IToken): Expression {
  return { kind: 'error', span: spanOf(token) };
}

export function literal(kind: 'number' | 'quantity', token: IToken): Expression {
  return { kind, image: token.image, span: spanOf(token) };
}

export function truth(value: boolean, token: IToken): Expression {
  return { kind: 'bool', value, span: spanOf(token) };
}

export function address(token: IToken): Expression {
  const [image = '', length] = token.image.split('/');
  const prefix = length === undefined ? null : Number(length);
  return { kind: 'address', family: addressFamily(image), image, prefix, span: spanOf(token) };
}

/** Adds what stands between the first character of a token, `"` or `}`, and its last ones, `"` or `${`. */
export function addText(parts: TextPart[], token: IToken, last: 1 | 2): void {
  const text = decodeEscapes(token.image.slice(1, -last));
  if (text !== '') parts.push(text);
}
