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
    return this.#modules.get(name) ?? this.#outer(name)?.lookupModule(name) ?? null;
  }

  declareFunction(known: KnownFunction): void {
    this.#functions.set(known.name, known);
  }

  lookupFunction(name: string): KnownFunction | null {
    return this.#functions.get(name) ?? this.#outer(name)?.lookupFunction(name) ?? null;
  }

  /** Every function in reach. */
  functions(): readonly string[] {
    return [...this.#functions.keys(), ...(this.#parent?.functions() ?? [])];
  }

  lookup(name: string): Variable | null {
    return this.#variables.get(name) ?? this.#outer(name)?.lookup(name) ?? null;
  }

  /** What a name means here or further out, whatever that is. */
  meaning(name: string): Variable | KnownFunction | KnownModule | null {
    const here = this.#variables.get(name) ?? this.#functions.get(name) ?? this.#modules.get(name);
    return here ?? this.#parent?.meaning(name) ?? null;
  }

  /** Where else to look for a name: nowhere if it means something of another kind here, as after a shell declared it anew. */
  #outer(name: string): Scope | null {
    const here = this.#variables.has(name) || this.#functions.has(name) || this.#modules.has(name);
    return here ? null : this.#parent;
  }

  /**
   * A scope of this one's own names and those of an outer one that they leave.
   *
   * @param kept whether a variable of this scope, by its name in the program, came to be
   */
  onTopOf(outer: Scope, kept: (symbol: string) => boolean): Scope {
    const all = new Scope(null);
    const variables = [...this.#variables.values()].filter(({ symbol }) => kept(symbol));
    const hidden = new Set([...variables.map(({ name }) => name), ...this.#functions.keys(), ...this.#modules.keys()]);
    for (const scope of [outer, this]) {
      const stays = (name: string): boolean => scope === this || !hidden.has(name);
      for (const one of scope === this ? variables : scope.#variables.values()) if (stays(one.name)) all.declare(one);
      for (const one of scope.#functions.values()) if (stays(one.name)) all.declareFunction(one);
      for (const one of scope.#modules.values()) if (stays(one.name)) all.declareModule(one);
    }
    return all;
  }

  /** Variables that are declared here. */
  get variables(): readonly Variable[] {
    return [...this.#variables.values()];
  }

  /** Every name in reach, innermost first. */
  names(): readonly string[] {
    return [...this.#variables.keys(), ...(this.#parent?.names() ?? [])];
  }
}
