// SPDX-License-Identifier: Apache-2.0

import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Results } from '../../runtime/results.ts';
import { addon, testWith } from '../requirements.ts';
import { type Finished, finish, sources, start, withFiles } from './pktsh.ts';

const test = suite('signals');
const guarded = join(import.meta.dirname, 'guarded.ts');

/** Sends each signal once its word has come out of stdout, then waits for the end. */
async function signalled(
  child: ChildProcess,
  steps: readonly (readonly [string, NodeJS.Signals])[],
): Promise<Finished> {
  let seen = '';
  let next = 0;
  child.stdout?.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
    for (let step = steps[next]; step !== undefined && seen.includes(step[0]); step = steps[++next])
      child.kill(step[1]);
  });
  return finish(child);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`${signal}: the first asks for a clean stop, the second closes at once`, async () => {
    const done = await signalled(start(guarded, []), [
      ['ready', signal],
      ['aborted', signal],
    ]);
    assert.equal(done, { status: 130, stdout: 'ready\naborted\nclosed\n', stderr: '' });
  });
}

test('an uncaught error closes what is guarded', async () => {
  const done = await finish(start(guarded, ['throw']));
  assert.is(done.stdout, 'ready\nclosed\n');
  assert.is(done.status, 1);
});

const endless = 'let n = 0\nprint "ready"\nwhile true { n = n + 1 }\n';
const waiting = 'print "ready"\nwhile true { wait 1ms }\n';
for (const [name, script] of [
  ['a loop that never waits', endless],
  ['a loop that waits', waiting],
] as const) {
  test(`a run of ${name} stops cleanly with the results so far`, async () => {
    const child = start(join(sources, 'cli.ts'), ['run', '--engine', 'dry-run', '-'], { stdin: script });
    const done = await signalled(child, [['ready', 'SIGINT']]);
    assert.is(done.status, 130);
    assert.match(done.stdout, /^interrupted: /m);
    assert.is(done.stderr, '');
  });
}

/** Scripts without an end; each prints `ready` when it has come to the endless part. */
const shapes: readonly (readonly [string, string])[] = [
  ['a loop in a function', 'fn f() { while true { } }\nprint "ready"\nf()'],
  ['a loop in a function of a value', 'fn f(n: number) {\nwhile true { }\nreturn n\n}\nprint "ready"\nprint f(1)'],
  ['nested for', 'print "ready"\nfor a in 0..9007199254740990 { for b in 0..9007199254740990 { } }'],
  ['every 1ns', 'print "ready"\nevery 1ns { }\nwait 10h'],
  ['every 1ns with a loop inside', 'print "ready"\nevery 1ns { while true { } }\nwait 10h'],
  ['spawn in a loop', 'print "ready"\nwhile true { let j = spawn { }\nawait j }'],
  ['thousands of jobs in loops', 'print "ready"\nrepeat 9000 { spawn { while true { } } }\nawait'],
  ['setup', 'setup {\nprint "ready"\nwhile true { }\n}\nscenario "s" { sync }'],
  ['teardown', 'teardown {\nprint "ready"\nwhile true { }\n}\nscenario "s" { sync }'],
];
for (const engine of ['dry-run', 'native'] as const) {
  for (const [name, script] of shapes) {
    testWith(test, engine === 'native' ? [addon] : [], `${engine}, endless: ${name}`, async () => {
      const child = start(join(sources, 'cli.ts'), ['run', '--engine', engine, '-'], { stdin: script });
      const done = await signalled(child, [['ready', 'SIGINT']]);
      assert.is(done.status, 130);
      assert.match(done.stdout, /^interrupted: /m);
    });
  }
}

const endlessTeardown = (loop: string) => `teardown {
  print "down"
  ${loop}
}
scenario "s" {
  expect 1 == 1
  print "ready"
  while true { }
}`;

test('an endless teardown behind an interrupted scenario ends by its limit, with the results so far', async () => {
  // By virtual time: the limit is ten seconds of either clock.
  const child = start(join(sources, 'cli.ts'), ['run', '--engine', 'dry-run', '-'], {
    stdin: endlessTeardown('while true { wait 1ms }'),
  });
  const done = await signalled(child, [['ready', 'SIGINT']]);
  assert.is(done.status, 130);
  assert.match(done.stdout, /^down$/m);
  assert.match(done.stdout, /^interrupted: /m);
  assert.match(done.stderr, /^error\[PG6108\]: `teardown` took longer than 10s$/m);
});

test('a second signal ends an endless teardown at once', async () => {
  const child = start(join(sources, 'cli.ts'), ['run', '--engine', 'dry-run', '-'], {
    stdin: endlessTeardown('while true { }'),
  });
  const done = await signalled(child, [
    ['ready', 'SIGINT'],
    ['down', 'SIGINT'],
  ]);
  assert.is(done.status, 130);
});

test('an interrupted run gives its document under --json', async () => {
  const child = start(join(sources, 'cli.ts'), ['run', '--engine', 'dry-run', '--json', '-'], { stdin: waiting });
  child.stderr?.once('data', () => child.kill('SIGTERM'));
  const done = await finish(child);
  assert.is(done.status, 130);
  const document = JSON.parse(done.stdout);
  assert.is(document.verdict, 'interrupted');
  assert.is(document.exit, 130);
});

test('a reader that goes away interrupts the run, without noise and with its teardown', async () => {
  const script = `teardown { expect 1 == 1 "torn down" }
scenario "endless" { while true { print "a line" } }
`;
  await withFiles({}, async (folder) => {
    for (const more of [[], ['--quiet']]) {
      const words = ['run', '--engine', 'dry-run', '--report', folder, ...more, '-'];
      const child = start(join(sources, 'cli.ts'), words, { stdin: script });
      child.stdout?.once('data', () => child.stdout?.destroy());
      const status = new Promise((settle) => child.once('close', settle));
      assert.is(await textOf(child.stderr as NodeJS.ReadableStream), '');
      assert.is(await status, 130);
      const { verdict, scenarios } = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8')) as Results;
      assert.is(verdict, 'interrupted');
      assert.equal(
        scenarios.flatMap(({ expectations }) => expectations.map(({ label }) => label)),
        ['torn down'],
      );
    }
  });
});

test('a summary that nobody reads changes no verdict', async () => {
  const child = start(join(sources, 'cli.ts'), ['run', '--engine', 'dry-run', '-'], { stdin: 'expect 1 == 2\n' });
  child.stdout?.destroy();
  const status = new Promise((settle) => child.once('close', settle));
  assert.is(await textOf(child.stderr as NodeJS.ReadableStream), '');
  assert.is(await status, 1);
});

test.run();
