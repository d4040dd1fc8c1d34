// SPDX-License-Identifier: Apache-2.0

import type { TextLiteral } from '../syntax/ast.ts';

/** What is fixed of a name that is put together: `"tx0@${i}"` begins with `tx0@` and ends with nothing more. */
export interface NamePattern {
  readonly head: string;
  /** Pieces between the values, in their order. */
  readonly middle: readonly string[];
  readonly tail: string;
}

/** The pattern of a text, null where it is fixed whole. */
export function patternOf({ parts }: TextLiteral): NamePattern | null {
  const pieces = [''];
  for (const part of parts) {
    if (typeof part === 'string') pieces.push(`${pieces.pop()}${part}`);
    else pieces.push('');
  }
  if (pieces.length === 1) return null;
  const [head = '', ...others] = pieces;
  const tail = others.pop() ?? '';
  return { head, middle: others.filter((piece) => piece !== ''), tail };
}

/**
 * Whether values make a name of the pattern. Each piece is taken where it stands first: if any choice fits, that one does,
 * and none is tried again, as a regular expression would for ever.
 */
export function fits(name: string, { head, middle, tail }: NamePattern): boolean {
  const end = name.length - tail.length;
  if (head.length > end || !name.startsWith(head) || !name.endsWith(tail)) return false;
  let from = head.length;
  for (const piece of middle) {
    const at = name.indexOf(piece, from);
    if (at < 0) return false;
    from = at + piece.length;
  }
  return from <= end;
}
