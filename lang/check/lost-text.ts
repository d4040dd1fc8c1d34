// SPDX-License-Identifier: Apache-2.0

import type { SourceFile, Span } from '../source.ts';
import type { File, Statement } from '../syntax/ast.ts';

const labWords = ['lab', 'veth', 'ifb'] as const;

/**
 * What the parser gave up on. A name that nothing declares may have been declared there, and is not called unknown if it
 * stands there; what does not stand there cannot have been.
 */
export class LostText {
  readonly #words: ReadonlySet<string>;
  /** Whether a lab, or a part of one, may be among it: then nobody knows which interfaces there are. */
  readonly lab: boolean;

  constructor(parts: readonly string[], lab = false) {
    this.#words = new Set(parts.flatMap((part) => part.match(/\w+/g) ?? []));
    this.lab = lab || labWords.some((word) => this.#words.has(word));
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
    return new LostText([...this.#words, part], this.lab);
  }
}

/** What was lost of a file. `damaged`: whether something inside of a part could not be read. */
export function lostText(source: SourceFile, file: File, damaged: (span: Span) => boolean): LostText {
  const labs = file.statements.flatMap(({ kind, span }) => (kind === 'lab' && damaged(span) ? [span] : []));
  return new LostText(
    [...holesIn(file), ...labs].map((span) => source.slice(span)),
    labs.length > 0,
  );
}

/** Where statements are missing. */
function holesIn(node: unknown): readonly Span[] {
  if (Array.isArray(node)) return node.flatMap(holesIn);
  if (typeof node !== 'object' || node === null) return [];
  const { statements } = node as { readonly statements?: readonly Statement[] };
  const own = (statements ?? []).filter(({ kind }) => kind === 'error').map(({ span }) => span);
  return [...own, ...Object.values(node).flatMap(holesIn)];
}
