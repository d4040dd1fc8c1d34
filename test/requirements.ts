// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';

/** Something that a test needs: null where the machine has it, else why the test cannot run here. */
export type Requirement = () => string | null;

export const root = resolve(import.meta.dirname, '..');

/** The native addon, built by `npm run setup`. */
export const addon: Requirement = () =>
  existsSync(join(root, 'native/build/Release/pktsh.node')) ? null : 'the native addon is not built';

/** At least so many CPUs. */
export function cpus(count: number): Requirement {
  return () => (availableParallelism() >= count ? null : `needs ${count} CPUs`);
}

/** A program on the PATH. */
export function tool(name: string): Requirement {
  return () => (spawnSync('sh', ['-c', `command -v ${name}`]).status === 0 ? null : `needs ${name}`);
}

export const asRoot: Requirement = () => (process.getuid?.() === 0 ? null : 'needs root');

/** Namespaces of one's own: root, or unprivileged user namespaces. */
export const namespaces: Requirement = () =>
  spawnSync('unshare', process.getuid?.() === 0 ? ['-n', 'true'] : ['-Urn', 'true']).status === 0
    ? null
    : 'needs the right to make namespaces';

interface Suite {
  (name: string, run: () => void | Promise<void>): void;
  skip(name: string, run: () => void | Promise<void>): void;
}

/** Registers a test that runs where every requirement is met, and is otherwise skipped with the reason printed. */
export function testWith(
  suite: Suite,
  requirements: readonly Requirement[],
  name: string,
  run: () => void | Promise<void>,
): void {
  const reason = requirements.map((requirement) => requirement()).find((found) => found !== null);
  if (reason === undefined) {
    suite(name, run);
  } else {
    process.stderr.write(`skipped: ${name}: ${reason}\n`);
    suite.skip(name, run);
  }
}
