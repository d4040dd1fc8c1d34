// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { createRequire, wrap } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';

/**
 * The bundled command line in a folder, and what V8 compiled of it when it was set up: compiling it anew took a third of each
 * short command.
 */
export class CompiledCode {
  /** Where the compiled code is kept. */
  readonly cache: string;
  readonly #folder: string;
  readonly #filename: string;
  readonly #script: Script;

  constructor(folder: string) {
    this.#folder = folder;
    this.#filename = join(folder, 'cli.js');
    this.cache = join(folder, 'cli.cache');
    // What another version of V8 made, or one with other flags, it refuses and compiles the text.
    const cachedData = readIfThere(this.cache);
    // The bundle is ASCII, which is read the fastest in this way.
    const text = wrap(readFileSync(this.#filename, 'latin1'));
    this.#script = new Script(text, { filename: this.#filename, ...(cachedData === null ? {} : { cachedData }) });
  }

  /** Carries out the command of `process.argv`, as Node would run the bundle. */
  run(): void {
    const module = { exports: {} };
    const load = this.#script.runInThisContext() as (...given: readonly unknown[]) => void;
    load(module.exports, createRequire(this.#filename), module, this.#filename, this.#folder);
  }

  /** What V8 has compiled by now. */
  compiled(): Buffer {
    return this.#script.createCachedData();
  }
}

function readIfThere(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch {
    // Install scripts may be switched off.
    return null;
  }
}
