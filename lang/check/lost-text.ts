// SPDX-License-Identifier: Apache-2.0

import type { SourceFile, Span } from '../source.ts';
import type { Statement } from '../syntax/ast.ts';

/**
 * What the parser gave up on. A name that nothing declares may have been declared there, and is not called unknown if it
 * stands there; what does not stand there cannot have been.
 */
export class LostText {
  readonly #words: ReadonlySet<string>;

  constructor(parts: readonly string[]) {
    this.#words = new Set(parts.flatMap((part) => part.match(/\w+/g) ?? []));
  }

  get none(): boolean {
    return this.#words.size === 0;
  }

  /** Whether a name, or of a device's name a part, stands there. */
  mayDeclare(name: string): boolean {
    return !this.none && name.split(/\W+/).some((word) => this.#words.has(word));
  }

  /** With one part more. */
  and(part: string): LostText {
    return new LostText([...this.#words, part]);
  }
}

/** What was lost of a file. `node`: the file, or a part of it. */
export function lostText(source: SourceFile, node: unknown): LostText {
  return new LostText(holesIn(node).map((span) => source.slice(span)));
}

/** Where statements are missing. */
function holesIn(node: unknown): readonly Span[] {
  if (Array.isArray(node)) return node.flatMap(holesIn);
  if (typeof node !== 'object' || node === null) return [];
  const { statements } = node as { readonly statements?: readonly Statement[] };
  const own = (statements ?? []).filter(({ kind }) => kind === 'error').map(({ span }) => span);
  return [...own, ...Object.values(node).flatMap(holesIn)];
}
