// SPDX-License-Identifier: Apache-2.0

import type { FrameShape } from './frame-shape.ts';
import type { Span } from './source.ts';
import type { Type } from './value.ts';

/** A name that expressions may use. `family` is known of prefixes, `shape` of frames, otherwise null. */
export interface Variable {
  readonly kind: 'param' | 'let' | 'frame' | 'loop';
  readonly name: string;
  readonly type: Type;
  readonly span: Span;
  readonly family: 'ipv4' | 'ipv6' | null;
  readonly shape: FrameShape | null;
}

/**
 * The variables of a block and, through it, of the blocks around it. There is no shadowing: whoever declares asks `lookup`
 * first.
 */
export class Scope {
  readonly #parent: Scope | null;
  readonly #variables = new Map<string, Variable>();

  constructor(parent: Scope | null) {
    this.#parent = parent;
  }

  declare(variable: Variable): void {
    this.#variables.set(variable.name, variable);
  }

  lookup(name: string): Variable | null {
    return this.#variables.get(name) ?? this.#parent?.lookup(name) ?? null;
  }

  /** Every name in reach, innermost first. */
  names(): readonly string[] {
    return [...this.#variables.keys(), ...(this.#parent?.names() ?? [])];
  }
}
