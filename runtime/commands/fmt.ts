// SPDX-License-Identifier: Apache-2.0

import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, realpath, rm, stat } from 'node:fs/promises';
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
  const writes = input.kind === 'file' && flags.check !== true && flags.diff !== true;
  const unwritable = writes ? await unwritableKind(input.path) : null;
  if (unwritable !== null) return refused(unwritable, output);
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
    stdout.write(flags.diff === true ? unifiedDiff(name, name, source.text, text, stdout.palette) : `${name}\n`);
    return 1;
  }
  if (input.kind !== 'file') {
    stdout.write(text);
    return 0;
  }
  if (text === source.text) return 0;
  const problem = await rewrite(input.path, text);
  if (problem !== null) return refused(problem, output);
  stdout.write(`${name}\n`);
  return 0;
}

function refused(found: Refusal, output: Output): number {
  writeRefusal(found, output.stderr);
  return found.exit;
}

/** Why a file can have no new content, told before it is read: a pipe's content would be gone with it. */
async function unwritableKind(path: string): Promise<Refusal | null> {
  try {
    const found = await stat(path);
    // What a directory is, reading says.
    if (found.isFile() || found.isDirectory()) return null;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return null;
  }
  return refusal(4, `cannot write ${path}: it is no regular file`, '`pktsh fmt -` formats standard input');
}

/**
 * Gives a file a new content in place: its owner, its mode, its links and what else hangs on it stay, and a file that the
 * user may not write is not written. A new file under the old name would be another file in all that, and takes leave from
 * the directory alone. In place, a write can break off in the middle: the old content lies beside the file until the new
 * one is on the disk (as with gofmt), so that whatever happens one of the two is whole.
 */
async function rewrite(path: string, text: string): Promise<Refusal | null> {
  try {
    const file = await open(path, 'r+');
    try {
      const old = await file.readFile();
      const backup = join(dirname(await realpath(path)), `.pktsh-fmt-${randomUUID()}`);
      await backUp(backup, old);
      const problem = await put(file, Buffer.from(text));
      if (problem !== null && (await put(file, old)) !== null) {
        return refusal(4, `cannot write ${path}: ${reasonOf(problem)}`, `the old content is in ${backup}`);
      }
      await rm(backup);
      return problem === null ? null : refusal(4, `cannot write ${path}: ${reasonOf(problem)}`);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return refusal(4, `cannot write ${path}: ${reasonOf(error)}`);
  }
}

/** Leaves a whole file or, with an error, none. The name may be seen by all, the content by nobody else. */
async function backUp(path: string, content: Buffer): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    const problem = await put(file, content);
    if (problem === null) return;
    await rm(path);
    throw problem;
  } finally {
    await file.close();
  }
}

/** Makes bytes all that a file holds, on the disk; gives what kept it from that. */
async function put(file: FileHandle, content: Buffer): Promise<NodeJS.ErrnoException | null> {
  try {
    let at = 0;
    while (at < content.length) at += (await file.write(content, at, content.length - at, at)).bytesWritten;
    await file.truncate(content.length);
    await file.sync();
    return null;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return error;
  }
}
