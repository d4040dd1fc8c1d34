// SPDX-License-Identifier: Apache-2.0

import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isSystemError } from './system-error.ts';

/** A path that goes on where somebody types one. */
export interface PathAt {
  /** The whole path in the words of who types: `./lib/frames.pg`, `./lib/`. */
  readonly label: string;
  readonly isFolder: boolean;
}

/**
 * What may follow a path that is being typed, by name; nothing where its folder cannot be read. Hidden files are offered to
 * who typed their point.
 *
 * @param folder what the path is relative to
 */
export function pathsAt(typed: string, folder: string): readonly PathAt[] {
  const prefix = typed.slice(0, typed.lastIndexOf('/') + 1);
  const begun = typed.slice(prefix.length);
  const at = resolve(folder, prefix);
  try {
    return readdirSync(at)
      .filter((name) => name.startsWith(begun) && (begun !== '' || !name.startsWith('.')))
      .sort()
      .map((name) => {
        const isFolder = statSync(join(at, name), { throwIfNoEntry: false })?.isDirectory() === true;
        return { label: `${prefix}${name}${isFolder ? '/' : ''}`, isFolder };
      });
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return [];
  }
}

/** The path that stands behind `import "` at the end of a line; null where none does. */
export function importedPathAt(line: string): string | null {
  return /(?:^|[\s;{])import\s+"([^"]*)$/.exec(line)?.[1] ?? null;
}

/** What an import may name of them: folders on the way, and scenario files. */
export function importable(paths: readonly PathAt[]): readonly PathAt[] {
  return paths.filter(({ label, isFolder }) => isFolder || label.endsWith('.pg'));
}
