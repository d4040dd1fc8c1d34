// SPDX-License-Identifier: Apache-2.0

import type { Value } from '../../lang/value.ts';

/** Variables of one block; bodies of jobs see those around them by reference. */
export class Scope {
  readonly #parent: Scope | null;
  /** Made with the first variable: most rounds of a loop declare none. */
  #values: Map<string, Value> | null = null;
  #reassigned: Set<string> | null = null;
  /** What the `try … else` caught in whose `else` this block stands. */
  readonly caught: string;

  constructor(parent: Scope | null, caught = parent?.caught ?? '') {
    this.#parent = parent;
    this.caught = caught;
  }

  declare(name: string, value: Value): void {
    this.#values ??= new Map();
    this.#values.set(name, value);
  }

  /** Whether this very scope declares the variable. */
  has(name: string): boolean {
    return this.#values?.has(name) ?? false;
  }

  /** Whether the variable, which this very scope declares, was given another value since. */
  isReassigned(name: string): boolean {
    return this.#reassigned?.has(name) ?? false;
  }

  /** Gives the variable a new value where it was declared. @throws Error where it was not, which the checker excludes */
  assign(name: string, value: Value): void {
    let scope: Scope | null = this;
    while (scope !== null) {
      const values = scope.#values;
      if (values?.has(name)) {
        values.set(name, value);
        scope.#reassigned ??= new Set();
        scope.#reassigned.add(name);
        return;
      }
      scope = scope.#parent;
    }
    throw new Error(`variable ${name} was never declared`);
  }

  /** @throws Error where the variable was not declared, which the checker excludes */
  lookup(name: string): Value {
    let scope: Scope | null = this;
    while (scope !== null) {
      const value = scope.#values?.get(name);
      if (value !== undefined) return value;
      scope = scope.#parent;
    }
    throw new Error(`variable ${name} was never declared`);
  }
}
