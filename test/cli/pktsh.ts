// SPDX-License-Identifier: Apache-2.0

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import * as assert from 'uvu/assert';

const root = resolve(import.meta.dirname, '../..');
export const sources = fileURLToPath(new URL('../../runtime/', import.meta.url));

/** A command that takes longer has hung; the machine may be slow, so this is far above what one needs. */
const deadlineMs = 60_000;

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Given {
  /** What is piped in; nothing is an empty pipe. */
  readonly stdin?: string | Uint8Array;
  /** A file that stdout goes to instead of the test. */
  readonly stdout?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a TypeScript file of the checkout. */
export function start(file: string, args: readonly string[], given: Given = {}): ChildProcess {
  return startProgram(process.execPath, [bundled(file), ...args], given);
}

/** The words that start the command line, for programs that call it themselves. */
export function commandWords(): readonly string[] {
  return [process.execPath, bundled(join(sources, 'cli.ts'))];
}

/** The same as `start` with a terminal of so many columns for all three streams, by script(1); its output comes out of stdout. */
export function onTerminal(columns: number, file: string, args: readonly string[]): ChildProcess {
  const quoted = [process.execPath, bundled(file), ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  return startProgram('script', ['-qfec', `stty cols ${columns}; exec ${quoted.join(' ')}`, '/dev/null'], {});
}

const bundles = new Map<string, string>();

/**
 * A file of the checkout with all that it imports in one, made anew by each test process: a loader that translates some
 * hundred modules for each command would take ten times as long as the commands do. It lies inside the checkout, where the
 * addon is looked for.
 */
function bundled(file: string): string {
  const made = bundles.get(file);
  if (made !== undefined) return made;
  const folder = join(root, 'node_modules/.cache', `pktsh-test-${process.pid}`);
  const outfile = join(folder, `${basename(file, '.ts')}.mjs`);
  buildSync({
    entryPoints: [file],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['*.node'],
    logLevel: 'error',
    // CommonJS dependencies inside an ESM bundle call require().
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
  });
  if (bundles.size === 0) process.once('exit', () => removeFiles(folder));
  bundles.set(file, outfile);
  return outfile;
}

/** Colours are as the test says, whatever the outer environment. */
function startProgram(program: string, args: readonly string[], given: Given): ChildProcess {
  const { NO_COLOR: _colour, PKTSH_DEBUG: _debug, ...outer } = process.env;
  const child = spawn(program, args, {
    cwd: given.cwd ?? root,
    env: { ...outer, TERM: 'xterm', ...given.env },
    stdio: ['pipe', given.stdout === undefined ? 'pipe' : openSync(given.stdout, 'w'), 'pipe'],
    timeout: deadlineMs,
  });
  child.stdin?.on('error', () => {});
  child.stdin?.end(given.stdin ?? '');
  return child;
}

/** Runs the command line from its sources to its end. */
export async function pktsh(args: readonly string[], given: Given = {}): Promise<Finished> {
  return finish(start(join(sources, 'cli.ts'), args, given));
}

export async function finish(child: ChildProcess): Promise<Finished> {
  const status = new Promise<number | null>((settle) => child.once('close', settle));
  const [stdout, stderr] = await Promise.all([
    child.stdout === null ? '' : textOf(child.stdout),
    textOf(child.stderr as NodeJS.ReadableStream),
  ]);
  return { status: await status, stdout, stderr };
}

/** Makes a folder with files. */
export function makeFiles(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'pktsh-cli-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

export function removeFiles(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** A folder with files for the length of a test. */
export async function withFiles(
  files: Readonly<Record<string, string | Uint8Array>>,
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = makeFiles(files);
  try {
    await use(folder);
  } finally {
    removeFiles(folder);
  }
}

/** Compares with a file of golden/; `PKTSH_WRITE_GOLDEN=1` writes it anew. */
export function golden(name: string, actual: string): void {
  const path = join(import.meta.dirname, 'golden', name);
  if (process.env.PKTSH_WRITE_GOLDEN === '1') writeFileSync(path, actual);
  assert.fixture(actual, readFileSync(path, 'utf8'));
}
