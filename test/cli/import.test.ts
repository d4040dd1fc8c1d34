// SPDX-License-Identifier: Apache-2.0

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { pktsh, withFiles } from './pktsh.ts';

const test = suite('pktsh import');

const script = `#!/bin/sh
touch ran
PGDEV=/proc/net/pktgen/kpktgend_0
pgset "add_device tx0@0"
PGDEV=/proc/net/pktgen/tx0@0
pgset "count 32"
pgset "dst_mac 02:00:00:00:00:0b"
PGDEV=/proc/net/pktgen/pgctrl
pgset "start"
cat /proc/net/pktgen/tx0@0
`;

test('the scenario goes to standard output, warnings with file and line to standard error, and nothing is run', async () => {
  await withFiles({ 'old.sh': script, 'lab.pg': 'lab { veth tx0 <-> rx0 }\n' }, async (cwd) => {
    const done = await pktsh(['import', 'old.sh'], { cwd });
    assert.is(done.status, 0);
    assert.match(done.stderr, /^warning\[PG7007\]: `touch ran` is not carried over: .*\n --> old\.sh:2:1\n/);
    assert.not.ok(existsSync(join(cwd, 'ran')));
    await withFiles({ 'new.pg': `lab { veth tx0 <-> rx0 }\n\n${done.stdout}` }, async (folder) => {
      assert.is((await pktsh(['check', 'new.pg'], { cwd: folder })).status, 0);
      const ran = await pktsh(['run', 'new.pg', '--engine', 'dry-run', '--quiet'], { cwd: folder });
      assert.is(ran.status, 0, ran.stderr);
      assert.match(ran.stdout + ran.stderr, /^ {5}pkts-sofar: 32 {2}errors: 0$/m);
    });
  });
});

test('a script on standard input', async () => {
  const done = await pktsh(['import', '-'], { stdin: script.replace('touch ran\n', '') });
  assert.equal([done.status, done.stderr], [0, '']);
  assert.match(done.stdout, /^# Imported from <stdin>\.\n\nadd_device tx0@0 on cpu 0 \{\n/);
});

test('a script that is not there', async () => {
  const done = await pktsh(['import', 'no-such.sh'], {});
  assert.equal(done, { status: 2, stdout: '', stderr: 'pktsh: cannot read no-such.sh: no such file\n' });
});

test.run();
