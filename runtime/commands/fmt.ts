// SPDX-License-Identifier: Apache-2.0

import { randomUUID } from 'node:crypto';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { format } from '../../lang/index.ts';
import { type Refusal, refusal } from '../refusal.ts';
import { writeFindings } from '../report/findings.ts';
import { writeRefusal } from '../report/json.ts';
import type { Output } from '../report/output.ts';
import { unifiedDiff } from '../report/unified-diff.ts';
import { inputOf, nameOf, readScript } from '../script-input.ts';
import { isSystemError, reasonOf } from '../system-error.ts';

export interface FmtFlags {
  readonly check?: boolean;
  readonly diff?: boolean;
}

/**
 * `pktsh fmt FILE…`: formats files in place and prints the names of those that changed; `-` goes to standard output. Under
 * `--check` and `--diff` nothing is written and exit status 1 says that something is not formatted. A file with a syntax
 * error stays as it is: exit status 2.
 */
export async function fmtCommand(files: readonly string[], flags: FmtFlags, output: Output): Promise<number> {
  let exit = 0;
  for (const file of files) exit = Math.max(exit, await formatOne(file, flags, output));
  return exit;
}

async function formatOne(file: string, flags: FmtFlags, output: Output): Promise<number> {
  const input = inputOf(file);
  const script = await readScript(input);
  if ('refusal' in script) return refused(script.refusal, output);
  if (!script.ok) {
    writeFindings([script.finding], output.stderr);
    return 2;
  }
  const { source } = script;
  const { text, diagnostics } = format(source);
  writeFindings([{ source, diagnostics }], output.stderr);
  if (text === null) return 2;
  const name = nameOf(input);
  const { stdout } = output;
  if (flags.check === true || flags.diff === true) {
    if (text === source.text) return 0;
    stdout.write(flags.diff === true ? unifiedDiff(name, source.text, text, stdout.palette) : `${name}\n`);
    return 1;
  }
  if (input.kind !== 'file') {
    stdout.write(text);
    return 0;
  }
  if (text === source.text) return 0;
  const problem = await replaceFile(input.path, text);
  if (problem !== null) return refused(problem, output);
  stdout.write(`${name}\n`);
  return 0;
}

function refused(found: Refusal, output: Output): number {
  writeRefusal(found, output.stderr);
  return found.exit;
}

/**
 * Gives a file a new content, whole or not at all: whoever reads it meanwhile, and whoever is left after a crash, has the
 * old text or the new one. Symbolic links stay links, and the mode is kept.
 */
async function replaceFile(path: string, text: string): Promise<Refusal | null> {
  let temporary: string | null = null;
  try {
    const target = await realpath(path);
    const { mode } = await stat(target);
    temporary = join(dirname(target), `.pktsh-fmt-${randomUUID()}`);
    const file = await open(temporary, 'wx', mode);
    try {
      // The process's umask may have taken bits away.
      await file.chmod(mode);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
    return null;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (temporary !== null) await rm(temporary, { force: true });
    return refusal(4, `cannot write ${path}: ${reasonOf(error)}`);
  }
}
