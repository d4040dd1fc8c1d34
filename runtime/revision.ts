// SPDX-License-Identifier: Apache-2.0

import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { posix } from 'node:path';
import type { ImportReader } from '../lang/imports.ts';
import { readImport } from './import-reader.ts';
import { type Refusal, refusal } from './refusal.ts';
import { decodeScript, maxScriptBytes, type Script } from './script-input.ts';
import { isSystemError, reasonOf } from './system-error.ts';

/** What git shows of `rev:path`. */
type Shown = { readonly ok: true; readonly bytes: Buffer } | { readonly ok: false; readonly refusal: Refusal };

/** A file as a revision has it, `rev:path` as git names it. */
export function readRevision(name: string): Script {
  const shown = show(name);
  return shown.ok ? decodeScript(name, shown.bytes) : shown;
}

/**
 * Reads what a file of a revision imports, from that same revision. An absolute path lies in no revision: it is read as it
 * is now.
 */
export const readRevisionImport: ImportReader = (path, from) => {
  const inside = posix.isAbsolute(path) ? null : splitRevision(from);
  if (inside === null) return readImport(path, from);
  const joined = posix.join(posix.dirname(inside.path), path);
  // git counts `./` and `../` from the working directory, anything else from the root of the repository.
  const relative = /^\.\.?\//.test(inside.path) && !joined.startsWith('../');
  const name = `${inside.revision}:${relative ? './' : ''}${joined}`;
  const shown = show(name);
  if (!shown.ok) return { ok: false, reason: shown.refusal.message };
  const script = decodeScript(name, shown.bytes);
  return script.ok ? { ok: true, name, text: script.source.text } : { ok: false, reason: 'it is not UTF-8' };
};

/** The parts of `rev:path`: the first colon outside of braces parts them (`HEAD^{/fix: it}:a.pg`). Null where none does. */
function splitRevision(name: string): { readonly revision: string; readonly path: string } | null {
  const found = /^((?:[^:{]|\{[^}]*\})*):(.+)$/s.exec(name);
  return found === null ? null : { revision: found[1] as string, path: found[2] as string };
}

/** Whether git knows a revision of that name. */
export function isRevision(name: string): boolean {
  return git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`]).status === 0;
}

function show(name: string): Shown {
  // Not `git show`: of a directory it makes a list, which would be read as a script.
  const { error, status, stdout, stderr } = git(['cat-file', 'blob', '--end-of-options', name]);
  if (error !== undefined && isSystemError(error)) {
    if (error.code === 'ENOBUFS') return { ok: false, refusal: refusal(2, `cannot read ${name}: it is too long`) };
    return { ok: false, refusal: refusal(4, `cannot run git: ${reasonOf(error)}`) };
  }
  if (status === 0) return { ok: true, bytes: stdout };
  if (git(['cat-file', '-t', '--end-of-options', name]).stdout.toString() === 'tree\n') {
    return { ok: false, refusal: refusal(2, `cannot read ${name}: it is a directory`) };
  }
  const said =
    stderr
      .toString()
      .split('\n')[0]
      ?.replace(/^fatal: /, '') ?? '';
  return { ok: false, refusal: refusal(2, `cannot read ${name}: ${said === '' ? 'git failed' : said}`) };
}

function git(words: readonly string[]): SpawnSyncReturns<Buffer> {
  return spawnSync('git', words, { stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: maxScriptBytes });
}
