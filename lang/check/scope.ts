// SPDX-License-Identifier: Apache-2.0

import type { FrameShape } from '../frame/frame-shape.ts';
import type { Span } from '../source.ts';
import type { ScalarType, Type } from '../value.ts';
import type { Inventory } from './inventory.ts';

/** A function of the file, once it was checked whole. */
export interface KnownFunction {
  readonly name: string;
  /** Its name in the program. */
  readonly symbol: string;
  readonly span: Span;
  /** Null where they could not be read. */
  readonly parameters: readonly { readonly name: string; readonly type: ScalarType }[] | null;
  /** What calls give; null where the function returns no value. */
  readonly result: Pick<Variable, 'type' | 'family' | 'shape'> | null;
  /** Whether it carries out operations, rather than only computing a value. */
  readonly acts: boolean;
  /** The devices that it adds and asks for, which belong to whoever calls it. */
  readonly inventory: Inventory;
}

/** An imported file by the name that it goes by here; `scope` is null where its names could not be read. */
export interface KnownModule {
  readonly name: string;
  readonly span: Span;
  readonly scope: Scope | null;
}

/** A name that expressions may use. `family` is known of prefixes, `shape` of frames, otherwise null. */
export interface Variable {
  readonly kind: 'param' | 'let' | 'frame' | 'loop' | 'parameter';
  readonly name: string;
  /** Its name in the program: a file that is imported puts its own before it. */
  readonly symbol: string;
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
  readonly #modules = new Map<string, KnownModule>();
  readonly #functions = new Map<string, KnownFunction>();

  constructor(parent: Scope | null) {
    this.#parent = parent;
  }

  declare(variable: Variable): void {
    this.#variables.set(variable.name, variable);
  }

  declareModule(module: KnownModule): void {
    this.#modules.set(module.name, module);
  }

  lookupModule(name: string): KnownModule | null {
    return this.#modules.get(name) ?? this.#parent?.lookupModule(name) ?? null;
  }

  declareFunction(known: KnownFunction): void {
    this.#functions.set(known.name, known);
  }

  lookupFunction(name: string): KnownFunction | null {
    return this.#functions.get(name) ?? this.#parent?.lookupFunction(name) ?? null;
  }

  /** Every function in reach. */
  functions(): readonly string[] {
    return [...this.#functions.keys(), ...(this.#parent?.functions() ?? [])];
  }

  lookup(name: string): Variable | null {
    return this.#variables.get(name) ?? this.#parent?.lookup(name) ?? null;
  }

  /** Every name in reach, innermost first. */
  names(): readonly string[] {
    return [...this.#variables.keys(), ...(this.#parent?.names() ?? [])];
  }
}
