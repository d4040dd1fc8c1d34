// SPDX-License-Identifier: Apache-2.0

import { chmodSync, lstatSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { pktsh, withFiles } from './pktsh.ts';

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
