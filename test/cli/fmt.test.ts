// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { asRoot, testWith, tool } from '../requirements.ts';
import { staged } from '../staged.ts';
import { commandWords, pktsh, withFiles } from './pktsh.ts';

const test = suite('fmt');

const files = {
  'good.pg': 'start\nstop\n',
  'bad.pg': 'lab {veth a<->b}\n\n\n\nstart;wait 1s\nstop\n',
  'wrong.pg': 'start\nlet = 1\n',
};
const wanted = 'lab { veth a <-> b }\n\nstart\nwait 1s\nstop\n';

test('formats in place, names what changed, and leaves nothing else behind', async () => {
  await withFiles(files, async (cwd) => {
    chmodSync(join(cwd, 'bad.pg'), 0o640);
    const before = statSync(join(cwd, 'good.pg'));
    const done = await pktsh(['fmt', 'good.pg', 'bad.pg'], { cwd });
    assert.equal(done, { status: 0, stdout: 'bad.pg\n', stderr: '' });
    assert.is(readFileSync(join(cwd, 'bad.pg'), 'utf8'), wanted);
    assert.is(statSync(join(cwd, 'bad.pg')).mode & 0o777, 0o640);
    assert.is(statSync(join(cwd, 'good.pg')).ino, before.ino);
    assert.equal(readdirSync(cwd).sort(), Object.keys(files).sort());
    assert.equal(await pktsh(['fmt', 'good.pg', 'bad.pg'], { cwd }), { status: 0, stdout: '', stderr: '' });
  });
});

test('a symbolic link stays one', async () => {
  await withFiles(files, async (cwd) => {
    symlinkSync('bad.pg', join(cwd, 'link.pg'));
    assert.is((await pktsh(['fmt', 'link.pg'], { cwd })).status, 0);
    assert.ok(lstatSync(join(cwd, 'link.pg')).isSymbolicLink());
    assert.is(readFileSync(join(cwd, 'bad.pg'), 'utf8'), wanted);
  });
});

test('hard links stay', async () => {
  await withFiles(files, async (cwd) => {
    linkSync(join(cwd, 'bad.pg'), join(cwd, 'other.pg'));
    assert.is((await pktsh(['fmt', 'bad.pg'], { cwd })).status, 0);
    assert.is(readFileSync(join(cwd, 'other.pg'), 'utf8'), wanted);
  });
});

/** A user without rights of its own. */
const nobody = 65534;

testWith(test, [asRoot], 'the owner and the mode stay', async () => {
  await withFiles(files, async (cwd) => {
    const file = join(cwd, 'bad.pg');
    chmodSync(file, 0o664);
    chownSync(file, nobody, nobody);
    assert.is((await pktsh(['fmt', 'bad.pg'], { cwd })).status, 0);
    const { uid, gid, mode } = statSync(file);
    assert.equal([uid, gid, mode & 0o777], [nobody, nobody, 0o664]);
    assert.is(readFileSync(file, 'utf8'), wanted);
  });
});

testWith(test, [asRoot], 'a file that the user may not write is refused, whoever owns its directory', () => {
  staged((folder) => {
    const [mine, others] = [join(folder, 'mine.pg'), join(folder, 'others.pg')];
    for (const file of [mine, others]) writeFileSync(file, files['bad.pg']);
    chmodSync(mine, 0o444);
    for (const path of [folder, mine]) chownSync(path, nobody, nobody);
    const listed = readdirSync(folder);
    const words = [join(folder, 'dist/pktsh.js'), 'fmt', 'mine.pg', 'others.pg'];
    const options = { cwd: folder, uid: nobody, gid: nobody, encoding: 'utf8' } as const;
    const done = spawnSync(process.execPath, words, options);
    const said = 'pktsh: cannot write mine.pg: permission denied\npktsh: cannot write others.pg: permission denied\n';
    assert.equal([done.status, done.stdout, done.stderr], [4, '', said]);
    for (const file of [mine, others]) assert.is(readFileSync(file, 'utf8'), files['bad.pg']);
    assert.equal(readdirSync(folder), listed);
  });
});

testWith(test, [tool('mkfifo')], 'what is no regular file is neither read nor written', async () => {
  await withFiles(files, async (cwd) => {
    spawnSync('mkfifo', [join(cwd, 'pipe.pg')]);
    const done = await pktsh(['fmt', 'pipe.pg', 'bad.pg'], { cwd });
    assert.is(done.status, 4);
    assert.is(done.stdout, 'bad.pg\n');
    assert.match(done.stderr, /^pktsh: cannot write pipe\.pg: it is no regular file\n/);
    assert.ok(lstatSync(join(cwd, 'pipe.pg')).isFIFO());
  });
});

for (const [title, lines] of [
  ['the file', 60],
  ['the copy of its old content', 100],
] as const) {
  test(`where ${title} cannot be written to its end, nothing has changed`, async () => {
    // Its form is longer. A file may have 1024 bytes: two of POSIX's blocks.
    const text = 'print 1+1+1+1\n'.repeat(lines);
    await withFiles({ 'long.pg': text }, async (cwd) => {
      const limited = ['-c', 'ulimit -f "$1"; shift; exec "$@"', 'sh', '2', ...commandWords(), 'fmt', 'long.pg'];
      const done = spawnSync('sh', limited, { cwd, encoding: 'utf8' });
      assert.is(done.status, 4);
      assert.match(done.stderr, /^pktsh: cannot write long\.pg: \S.*\n$/);
      assert.is(readFileSync(join(cwd, 'long.pg'), 'utf8'), text);
      assert.equal(readdirSync(cwd), ['long.pg']);
    });
  });
}

test('--check names what is not formatted and changes nothing', async () => {
  await withFiles(files, async (cwd) => {
    const done = await pktsh(['fmt', '--check', 'good.pg', 'bad.pg'], { cwd });
    assert.equal(done, { status: 1, stdout: 'bad.pg\n', stderr: '' });
    assert.is(readFileSync(join(cwd, 'bad.pg'), 'utf8'), files['bad.pg']);
    assert.is((await pktsh(['fmt', '--check', 'good.pg'], { cwd })).status, 0);
  });
});

test('--diff shows what would change', async () => {
  await withFiles(files, async (cwd) => {
    const done = await pktsh(['fmt', '--check', '--diff', 'good.pg', 'bad.pg'], { cwd });
    assert.is(done.status, 1);
    assert.is(
      done.stdout,
      '--- bad.pg\n+++ bad.pg\n@@ -1,6 +1,5 @@\n-lab {veth a<->b}\n+lab { veth a <-> b }\n \n-\n-\n-start;wait 1s\n+start\n+wait 1s\n stop\n',
    );
    const coloured = await pktsh(['fmt', '--diff', '--color', 'bad.pg'], { cwd });
    assert.match(coloured.stdout, '\x1b[32m+start\x1b[39m\n');
  });
});

test('the difference has hunks as diff(1) writes them', async () => {
  const lines = Array.from({ length: 30 }, (_, at) => `wait ${at + 1}s`);
  const text = lines.map((line, at) => (at === 4 || at === 24 ? line.replace(' ', '  ') : line)).join('\n');
  await withFiles({ 'long.pg': text }, async (cwd) => {
    const { stdout } = await pktsh(['fmt', '--diff', 'long.pg'], { cwd });
    assert.equal(stdout.match(/^@@.*$/gm), ['@@ -2,7 +2,7 @@', '@@ -22,9 +22,9 @@']);
    assert.match(stdout, '-wait 30s\n\\ No newline at end of file\n+wait 30s\n');
  });
});

test('standard input is formatted to standard output', async () => {
  assert.equal(await pktsh(['fmt', '-'], { stdin: files['bad.pg'] }), { status: 0, stdout: wanted, stderr: '' });
  const checked = await pktsh(['fmt', '--check', '-'], { stdin: files['bad.pg'] });
  assert.equal(checked, { status: 1, stdout: '<stdin>\n', stderr: '' });
});

test('a file with a syntax error stays as it is, the others are formatted', async () => {
  await withFiles(files, async (cwd) => {
    const done = await pktsh(['fmt', 'wrong.pg', 'missing.pg', 'bad.pg'], { cwd });
    assert.is(done.status, 2);
    assert.is(done.stdout, 'bad.pg\n');
    assert.match(done.stderr, /error\[PG\d+\].*\n +--> wrong\.pg:2:5/);
    assert.match(done.stderr, 'cannot read missing.pg: no such file');
    assert.is(readFileSync(join(cwd, 'wrong.pg'), 'utf8'), files['wrong.pg']);
  });
});

test.run();
