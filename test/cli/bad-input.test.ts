// SPDX-License-Identifier: Apache-2.0

import { Buffer } from 'node:buffer';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { maxScriptBytes } from '../../runtime/script-input.ts';
import { type Given, makeFiles, pktsh, removeFiles, withFiles } from './pktsh.ts';

const test = suite('bad input');

let cwd = '';
test.before(() => {
  cwd = makeFiles(files);
});
test.after(() => removeFiles(cwd));

const files: Readonly<Record<string, string | Uint8Array>> = {
  'fine.pg': 'print 1\n',
  'params.pg': 'param load = 100kpps "offered"\nparam size: size\nprint load, size\n',
  'empty.pg': '',
  'wrong.pg': 'print nothing_of_that_name\n',
  'latin1.pg': Buffer.from('print 1\nprint "caf\xe9"\n', 'latin1'),
  'cut-off.pg': Buffer.from([0x23, 0x20, 0xe2, 0x82]),
  'huge.pg': new Uint8Array(maxScriptBytes + 1).fill(0x20),
};

interface Case {
  readonly args: readonly string[];
  readonly given?: Given;
  readonly status: number;
  /** The first line on stderr. */
  readonly says: string;
}

const run = (...args: string[]): readonly string[] => ['run', '--engine', 'dry-run', ...args];

const cases: readonly Case[] = [
  // command line
  { args: ['--nonsense'], status: 2, says: "pktsh: unknown option '--nonsense'" },
  { args: ['chekc', 'fine.pg'], status: 2, says: "pktsh: unknown command 'chekc'" },
  { args: ['run', 'fine.pg', '--jsno'], status: 2, says: "pktsh: unknown option '--jsno'" },
  {
    args: ['--seed', '3', 'run', 'fine.pg'],
    status: 2,
    says: "pktsh: option '--seed' stands before the command 'run' and means nothing there",
  },
  {
    args: ['run', 'fine.pg', 'empty.pg'],
    status: 2,
    says: "pktsh: too many arguments for 'run'. Expected 1 argument but got 2",
  },
  { args: ['check'], status: 2, says: "pktsh: missing required argument 'files'" },
  { args: ['plan'], status: 2, says: "pktsh: missing required argument 'file'" },
  {
    args: ['run', '--engine', 'kernel', 'fine.pg'],
    status: 2,
    says: "pktsh: option '--engine <engine>' argument 'kernel' is invalid. Allowed choices are native, dry-run",
  },
  { args: ['run', 'fine.pg', '--set'], status: 2, says: "pktsh: option '--set <name=value>' argument missing" },
  { args: run('fine.pg', '--seed', '-1'), status: 2, says: 'pktsh: `--seed -1` is no whole number below 2^64' },
  {
    args: run('fine.pg', '--seed', '18446744073709551616'),
    status: 2,
    says: 'pktsh: `--seed 18446744073709551616` is no whole number below 2^64',
  },
  { args: run('fine.pg', '--seed', 'seven'), status: 2, says: 'pktsh: `--seed seven` is no whole number below 2^64' },
  {
    args: run('fine.pg', '--max-duration', '10'),
    status: 2,
    says: 'pktsh: `--max-duration 10` is no duration above zero',
  },
  {
    args: run('fine.pg', '--max-duration', '0s'),
    status: 2,
    says: 'pktsh: `--max-duration 0s` is no duration above zero',
  },
  {
    args: run('fine.pg', '--report', '/dev/null/here'),
    status: 2,
    says: 'pktsh: `--report /dev/null/here`: cannot make the directory: a part of the path is no directory',
  },
  { args: [], given: { stdin: ' \n' }, status: 2, says: 'pktsh: standard input has no statements' },
  // files
  { args: run('no-such-file.pg'), status: 2, says: 'pktsh: cannot read no-such-file.pg: no such file' },
  { args: run('.'), status: 2, says: 'pktsh: cannot read .: it is a directory' },
  {
    args: run('fine.pg/inside.pg'),
    status: 2,
    says: 'pktsh: cannot read fine.pg/inside.pg: a part of the path is no directory',
  },
  { args: run('huge.pg'), status: 2, says: 'pktsh: huge.pg is longer than 16 MiB, the most that a script may be' },
  { args: run('/dev/zero'), status: 2, says: 'pktsh: /dev/zero is longer than 16 MiB, the most that a script may be' },
  {
    args: run('latin1.pg'),
    status: 2,
    says: 'error[PG7001]: the file is not UTF-8: the byte 0xe9 has no meaning here',
  },
  {
    args: ['check', 'cut-off.pg'],
    status: 2,
    says: 'error[PG7001]: the file is not UTF-8: the byte 0xe2 has no meaning here',
  },
  {
    args: ['check', 'fine.pg', 'no-such-file.pg'],
    status: 2,
    says: 'pktsh: cannot read no-such-file.pg: no such file',
  },
  { args: ['plan', 'no-such-file.pg'], status: 2, says: 'pktsh: cannot read no-such-file.pg: no such file' },
  // parameters
  {
    args: run('params.pg', '--set', 'size=64B', '--set', 'load'),
    status: 2,
    says: 'error[PG7002]: `--set load` names no value',
  },
  {
    args: run('params.pg', '--set', 'size=64B', '--set', 'laod=1Mpps'),
    status: 2,
    says: 'error[PG7003]: `--set laod=1Mpps`: params.pg has no parameter `laod`',
  },
  {
    args: run('params.pg', '--set', 'size=64B', '--set', 'size=65B'),
    status: 2,
    says: 'error[PG7005]: `--set` gives `size` a value twice',
  },
  {
    args: run('params.pg'),
    status: 2,
    says: 'error[PG7006]: the parameter `size` has no default, and no `--set` gives it a value',
  },
  {
    args: run('fine.pg', '--set', 'load=1Mpps'),
    status: 2,
    says: 'error[PG7003]: `--set load=1Mpps`: fine.pg has no parameter `load`',
  },
  {
    args: ['plan', 'params.pg', '--set', 'laod=1Mpps'],
    status: 2,
    says: 'error[PG7003]: `--set laod=1Mpps`: params.pg has no parameter `laod`',
  },
];

/** What stands in the first line and the hint below it. */
const hinted: readonly (readonly [readonly string[], string, string])[] = [
  [run('fine.pg', '--sed', '5'), "unknown option '--sed'", 'did you mean `--seed` or `--set`?'],
  [run('fine.pg', '--set', '=5'), '`--set =5` names no parameter', 'write `--set name=value`'],
];
for (const [args, says, hint] of hinted) {
  test(`pktsh ${args.join(' ')} has its hint`, async () => {
    const { status, stderr } = await pktsh(args, { cwd });
    assert.is(status, 2);
    assert.match(stderr.split('\n')[0] ?? '', says);
    assert.match(stderr, `= hint: ${hint}`);
  });
}

for (const { args, given, status, says } of cases) {
  test(`pktsh ${args.join(' ')}`, async () => {
    const done = await pktsh(args, { ...given, cwd });
    assert.is(done.stderr.split('\n')[0], says);
    assert.is(done.status, status);
    assert.is(done.stdout, '');
  });
}

test('a value of the wrong type is one diagnostic that names the option, the type and the problem', async () => {
  const { status, stderr } = await pktsh(run('params.pg', '--set', 'load=1000', '--set', 'size=64B'), { cwd });
  assert.is(status, 2);
  assert.match(stderr, /^error\[PG7004\]: `--set load=1000`: `load` is a pps, but /);
  assert.match(stderr, '--> --set:1:6');
  assert.is(stderr.match(/^error/gm)?.length, 1);
});

test('an unknown parameter is told the nearest one and those there are', async () => {
  const { stderr } = await pktsh(run('params.pg', '--set', 'laod=1Mpps', '--set', 'size=64B'), { cwd });
  assert.match(stderr, 'hint: did you mean `load`?');
  assert.match(stderr, 'hint: it has `load` (pps), `size` (size)');
});

test('an empty file is no mistake to check', async () => {
  const { status, stderr } = await pktsh(['check', 'empty.pg'], { cwd });
  assert.is(stderr, '1 file, 0 errors, 0 warnings\n');
  assert.is(status, 0);
});

const documents: readonly (readonly string[])[] = [
  run('--json', 'no-such-file.pg'),
  run('--json', 'wrong.pg'),
  run('--json', 'latin1.pg'),
  run('--json', 'params.pg'),
  run('--json', 'fine.pg', '--nonsense'),
  ['check', '--json', 'wrong.pg', 'no-such-file.pg', 'fine.pg'],
  ['plan', '--json', 'wrong.pg'],
  ['plan', '--json', 'no-such-file.pg'],
];
for (const args of documents) {
  test(`one JSON document on stdout: pktsh ${args.join(' ')}`, async () => {
    const done = await pktsh(args, { cwd });
    const document = JSON.parse(done.stdout);
    assert.is(document.schema, 'pktsh.diagnostics/1');
    assert.is(document.verdict, 'error');
    assert.is(document.exit, 2);
    assert.is(done.status, 2);
    assert.is(document.errors, document.diagnostics.length);
    assert.ok(document.errors > 0);
    assert.ok(done.stderr.length > 0, 'people read stderr');
  });
}

test('check reports every file, and counts', async () => {
  const done = await pktsh(['check', 'wrong.pg', 'no-such-file.pg', 'latin1.pg', 'fine.pg'], { cwd });
  assert.is(done.status, 2);
  assert.is(done.stderr.match(/^error\[/gm)?.length, 2);
  assert.is(done.stderr.split('\n').at(-2), '4 files, 3 errors, 0 warnings');
  assert.is(done.stdout, '');
});

test('warnings are told and fail nothing', async () => {
  const text =
    'lab { veth tx0 <-> rx0 }\nadd_device tx0 on cpu 0 { frame eth() }\nstart\nspawn { rem_device tx0 }\nset tx0 rate 1kpps\n';
  await withFiles({ 'race.pg': text }, async (cwd) => {
    const done = await pktsh(['check', 'race.pg'], { cwd });
    assert.is(done.status, 0);
    assert.match(done.stderr, 'warning[PG4002]');
    assert.match(done.stderr, '1 file, 0 errors, 1 warning');
  });
});

test('each place of a diagnostic names its file', async () => {
  const files = { 'main.pg': 'import "lib.pg" as lib\nlib.f()\n', 'lib.pg': '# first\nfn f(n: number) { return n }\n' };
  await withFiles(files, async (cwd) => {
    const done = await pktsh(['check', '--json', 'main.pg'], { cwd });
    const [found] = JSON.parse(done.stdout).diagnostics;
    const label = found.labels[0];
    assert.equal([found.file, found.span.line], ['main.pg', 2]);
    assert.equal([label.file, label.span.line, label.text], ['lib.pg', 2, 'declared here']);
  });
});

test('a parameter of any name is one as all others', async () => {
  await withFiles(
    { 'proto.pg': 'param __proto__ = 5\nparam constructor = 6\nprint __proto__, constructor\n' },
    async (cwd) => {
      const words = ['run', '--engine', 'dry-run', 'proto.pg'];
      const plain = await pktsh(words, { cwd });
      assert.is(plain.status, 0, plain.stderr);
      assert.match(plain.stdout, '5 6');
      const set = await pktsh([...words, '--set', '__proto__=7', '--set', 'constructor=8'], { cwd });
      assert.is(set.status, 0, set.stderr);
      assert.match(set.stdout, '7 8');
      const document = await pktsh([...words, '--json', '--set', '__proto__=7'], { cwd });
      assert.is(document.status, 0, document.stderr);
      assert.match(document.stdout, /"__proto__": /);
      const wrong = await pktsh([...words, '--set', 'toString=7'], { cwd });
      assert.is(wrong.status, 2);
      assert.match(wrong.stderr, 'toString');
    },
  );
});

test.run();
