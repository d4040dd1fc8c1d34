// SPDX-License-Identifier: Apache-2.0

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { pktsh } from './pktsh.ts';

const test = suite('help of a scenario');

const text = `#!/usr/bin/env pktsh
# SPDX-License-Identifier: Apache-2.0
# One sender, one receiver.
# Two seconds.

param load = 250kpps "offered by each sender"
param size: size
print load, size
`;

async function withFile(body: (path: string, folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'pktsh-help-'));
  try {
    writeFileSync(join(folder, 'soak.pg'), text);
    chmodSync(join(folder, 'soak.pg'), 0o755);
    await body('./soak.pg', folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

for (const words of [
  ['./soak.pg', '--help'],
  ['run', './soak.pg', '-h'],
  ['soak.pg', '--help'],
]) {
  test(words.join(' '), () =>
    withFile(async (_, cwd) => {
      const { status, stdout } = await pktsh(words, { cwd });
      assert.is(status, 0);
      assert.match(stdout, /^Usage: pktsh run (\.\/)?soak\.pg \[--set name=value\]/);
      assert.match(stdout, '\nOne sender, one receiver.\nTwo seconds.\n');
      assert.match(stdout, '  load: pps = 250kpps  offered by each sender\n  size: size\n');
      assert.not.match(stdout, 'SPDX');
    }),
  );
}

test('a file with mistakes, and one that is not there', async () => {
  await withFile(async (path, cwd) => {
    writeFileSync(join(cwd, path), 'param load = 5 +\n');
    assert.is((await pktsh([path, '--help'], { cwd })).status, 2);
    assert.is((await pktsh(['./none.pg', '--help'], { cwd })).status, 2);
  });
});

test('commands keep their own help', async () => {
  const { status, stdout } = await pktsh(['run', '--help']);
  assert.is(status, 0);
  assert.match(stdout, '--max-duration');
});

test.run();
