// SPDX-License-Identifier: Apache-2.0

import { readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import type { Imported } from '../lang/imports.ts';
import { maxScriptBytes } from './script-input.ts';
import { isSystemError, reasonOf } from './system-error.ts';

/** Reads an imported file. Its path is relative to the file that imports it; texts without a file stand in the working directory. */
export function readImport(path: string, from: string): Imported {
  const name = isAbsolute(path) ? normalize(path) : join(dirname(from), path);
  try {
    const found = statSync(name);
    if (!found.isFile()) return { ok: false, reason: 'it is no file' };
    if (found.size > maxScriptBytes)
      return { ok: false, reason: `it is longer than ${maxScriptBytes / 1024 / 1024} MiB` };
    return { ok: true, name, text: new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(name)) };
  } catch (error) {
    if (isSystemError(error)) return { ok: false, reason: reasonOf(error) };
    if (error instanceof TypeError) return { ok: false, reason: 'it is not UTF-8' };
    throw error;
  }
}
