// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { createRequire, wrap } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';

/** Where the compiled code of the bundle in a folder is kept. */
export function cacheOf(folder: string): string {
  return join(folder, 'cli.cache');
}

/**
 * The bundled command line in a folder, and what V8 compiled of it when it was set up: compiling it anew took a third of each
 * short command.
 */
export class CompiledCode {
  readonly #folder: string;
  readonly #filename: string;
  readonly #script: Script;

  constructor(folder: string) {
    this.#folder = folder;
    this.#filename = join(folder, 'cli.js');
    // What another version of V8 made, or one with other flags, it refuses and compiles the text. Of the text it compares only the
    // length: who replaces the bundle replaces the folder.
    const cachedData = readIfThere(cacheOf(folder));
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
