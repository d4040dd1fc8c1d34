// SPDX-License-Identifier: Apache-2.0

import type { FrameProgram } from '../../lang/frame/frame-program.ts';
import type { Generator } from '../engines/frame-values.ts';

/**
 * Since which of a device's frames each of its generators counts: its counters begin anew with `start` and
 * `clear_counters`, its generators with `start` and with a change of what they draw. Negative where frames were built that
 * the counters no longer know.
 */
export class GeneratorOrigins {
  #origins: ReadonlyMap<string, number> = new Map();

  /** How many of `frames`, counted by the device, a generator has had. */
  since(generator: Generator, frames: number): number {
    return Math.max(0, frames - (this.#origins.get(keyOf(generator)) ?? 0));
  }

  started(): void {
    this.#origins = new Map();
  }

  /** Generators that the program before had as well go on. */
  changed(before: FrameProgram, after: FrameProgram, frames: number): void {
    const kept = new Set(generatorsOf(before).map(keyOf));
    this.#origins = new Map(
      generatorsOf(after).map((generator) => {
        const key = keyOf(generator);
        return [key, kept.has(key) ? (this.#origins.get(key) ?? 0) : frames];
      }),
    );
  }

  cleared(program: FrameProgram, frames: number): void {
    const keys = generatorsOf(program).map(keyOf);
    this.#origins = new Map(keys.map((key) => [key, (this.#origins.get(key) ?? 0) - frames]));
  }
}

function generatorsOf({ sizes, operations }: FrameProgram): readonly Generator[] {
  return sizes === null ? operations : [sizes, ...operations];
}

function keyOf(generator: Generator): string {
  return JSON.stringify(generator);
}
