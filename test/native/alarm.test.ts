// SPDX-License-Identifier: Apache-2.0
//
// The addon's alarm as its host meets it: when it calls, and how threads and processes end meanwhile.

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadNative } from '../../native/index.ts';
import { addon as built, testWith } from '../requirements.ts';

const test = suite('alarm');
const now = () => process.hrtime.bigint();
const ms = 1_000_000n;
/** Longer than any test lasts. */
const farAhead = `process.hrtime.bigint() + ${3600n * 1000n * ms}n`;

const addonFile = () => process.env.PKTSH_ADDON ?? join(dirname(loadNative().labHelper), 'pktsh.node');

/** A program with an alarm; in a process of its own, whose end is what matters. */
function run(source: string): { code: number | null; stdout: string; stderr: string } {
  const preamble = `const { Alarm } = require(${JSON.stringify(addonFile())}); const alarm = new Alarm();`;
  // Far beyond what any of this takes, so that only a hang meets it.
  const ended = spawnSync(process.execPath, ['-e', preamble + source], { encoding: 'utf8', timeout: 20_000 });
  return { code: ended.status, stdout: ended.stdout, stderr: ended.stderr };
}

testWith(test, [built], 'calls once, not early, in place of what was set before', async () => {
  const alarm = new (loadNative().addon.Alarm)();
  const heard: string[] = [];
  const soon = now() + 3n * ms;
  alarm.set(now() + 2n * ms, () => heard.push('replaced'));
  await new Promise<void>((resolve) =>
    alarm.set(soon, () => {
      heard.push(now() >= soon ? 'due' : 'early');
      resolve();
    }),
  );
  // An instant that has passed is due at once, and another alarm of the same thread has nothing to do with this one.
  const other = new (loadNative().addon.Alarm)();
  await new Promise<void>((resolve) => other.set(0n, resolve));
  await new Promise<void>((resolve) => other.set(now() + 3n * ms, resolve));
  assert.equal(heard, ['due']);
});

testWith(test, [built], 'is set anew and called off from its own callback', () => {
  const source = `
    let calls = 0;
    const again = () => {
      if (++calls < 100) alarm.set(process.hrtime.bigint() + 10_000n, again);
      else if (calls === 100) { alarm.set(0n, again); alarm.clear(); alarm.clear(); }
    };
    alarm.set(0n, again);
    process.on('exit', () => console.log(String(calls)));`;
  assert.equal(run(source), { code: 0, stdout: '100\n', stderr: '' });
});

testWith(test, [built], 'keeps the process alive only while it is set, and then without being referred to', () => {
  assert.equal(run(''), { code: 0, stdout: '', stderr: '' });
  assert.equal(run(`alarm.set(${farAhead}, () => {}); alarm.clear();`), { code: 0, stdout: '', stderr: '' });
  const unreferred = `
    const v8 = require('node:v8');
    v8.setFlagsFromString('--expose-gc');
    const gc = require('node:vm').runInNewContext('gc');
    (() => new Alarm().set(process.hrtime.bigint() + 5_000_000n, () => console.log('due')))();
    gc();`;
  assert.equal(run(unreferred), { code: 0, stdout: 'due\n', stderr: '' });
});

testWith(test, [built], 'what its callback throws is an uncaught exception, null too', () => {
  const thrown = run(`alarm.set(0n, () => { throw new Error('on purpose'); });`);
  assert.is(thrown.code, 1);
  assert.match(thrown.stderr, 'Error: on purpose');
  assert.not.match(thrown.stderr, /FATAL|abort/i);
  const heard = `
    process.on('uncaughtException', (error) => console.log(String(error)));
    const then = () => { alarm.set(0n, () => console.log('goes on')); throw null; };
    alarm.set(0n, then);`;
  assert.equal(run(heard), { code: 0, stdout: 'null\ngoes on\n', stderr: '' });
});

testWith(test, [built], 'process.exit() ends a process that has one set, from its callback too', () => {
  assert.is(run(`alarm.set(${farAhead}, () => {}); process.exit(3);`).code, 3);
  assert.is(run(`alarm.set(0n, () => { alarm.set(${farAhead}, () => {}); process.exit(4); });`).code, 4);
});

for (const [what, source] of [
  ['that waits for its alarm', `alarm.set(${farAhead}, () => {}); parentPort.postMessage('set');`],
  [
    'whose alarm is never at rest',
    `let calls = 0;
     const again = () => {
       alarm.set(process.hrtime.bigint(), again);
       if (++calls === 3) parentPort.postMessage('set');
     };
     again();`,
  ],
] as const) {
  testWith(test, [built], `a worker ${what} can be terminated`, async () => {
    for (let i = 0; i < 20; i++) {
      const worker = new Worker(
        `const { parentPort, workerData } = require('node:worker_threads');
         const alarm = new (require(workerData).Alarm)();
         ${source}`,
        { eval: true, execArgv: [], workerData: addonFile() },
      );
      assert.equal(await once(worker, 'message'), ['set']);
      assert.is(await worker.terminate(), 1);
    }
  });
}

test.run();
