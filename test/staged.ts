// SPDX-License-Identifier: Apache-2.0

import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './requirements.ts';

/** What a run needs; a checkout may be readable by its owner alone. */
const needed = [
  'package.json',
  'dist',
  'examples',
  'native/build/Release/pktsh.node',
  'native/build/Release/pktsh-lab',
];

/** Calls `use` with a folder that every user may read, holding the built program and the examples. */
export function staged<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'pktsh-staged-'));
  try {
    chmodSync(folder, 0o755);
    for (const path of needed) cpSync(join(root, path), join(folder, path), { recursive: true });
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
