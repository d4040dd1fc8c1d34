// SPDX-License-Identifier: Apache-2.0
//
// The addon as its host meets it: how promises, threads and the event loop end, and what other threads read.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { getSystemErrorMap } from 'node:util';
import { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadNative, type NativeEngine } from '../../native/index.ts';
import { addon as built, testWith } from '../requirements.ts';
import { addUnpaced, cpu, type Ending, unpaced } from './load.ts';

const test = suite('addon');
const program = join(import.meta.dirname, 'load.ts');
/** Far beyond what any of this takes, so that only a hang meets it. */
const deadlineMs = 20_000;

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`waited too long for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** An engine with a page of records, and the buffer that they are in. */
function makeEngine(records = 64): { engine: NativeEngine; page: SharedArrayBuffer } {
  const { addon } = loadNative();
  const page = new SharedArrayBuffer(addon.layout.recordSize * records + 64);
  const engine = new addon.Engine(() => {});
  engine.addStatsPage(new Uint8Array(page));
  return { engine, page };
}

async function errnoOf(promise: Promise<unknown>): Promise<number | undefined> {
  try {
    await promise;
  } catch (error) {
    return (error as { errno?: number }).errno;
  }
  return 0;
}

/** Threads of this process that are the engine's, by name. */
function engineThreads(): string[] {
  return readdirSync('/proc/self/task')
    .map((id) => {
      try {
        return readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trim();
      } catch {
        return ''; // it has ended meanwhile
      }
    })
    .filter((name) => name.startsWith('pktsh-'));
}

/** A worker that runs load.ts; the loader of TypeScript has to be registered in each one. */
function loadedWorker(ending: Ending): Worker {
  const source = `import('tsx/esm/api').then(({ register }) => { register(); return import(${JSON.stringify(pathToFileURL(program).href)}); })`;
  return new Worker(source, { eval: true, execArgv: [], workerData: ending });
}

interface End {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function runLoad(ending: Ending): Promise<End> {
  const child = spawn(process.execPath, [...process.execArgv, program, ending], { timeout: deadlineMs });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { code, signal, stdout, stderr };
}

testWith(test, [built], 'process.exit() while sending keeps its status', async () => {
  assert.equal(await runLoad('exit'), { code: 3, signal: null, stdout: 'sending\n', stderr: '' });
});

testWith(test, [built], 'an uncaught error while sending ends the process as ever', async () => {
  const end = await runLoad('throw');
  assert.is(end.code, 1);
  assert.is(end.signal, null);
  assert.match(end.stderr, 'Error: on purpose');
  assert.not.match(end.stderr, /FATAL|abort/i);
});

testWith(test, [built], 'senders alone do not keep a process alive', async () => {
  assert.equal(await runLoad('idle'), { code: 0, signal: null, stdout: 'sending\n', stderr: '' });
});

/** Calls of every kind without a rest, so that an end from outside comes in the middle of one. */
const restless = `
const { parentPort, workerData: { addon, port, device } } = require('node:worker_threads');
const { Engine, layout } = require(addon);
const engine = new Engine(() => {});
engine.addStatsPage(new Uint8Array(new SharedArrayBuffer(layout.recordSize * 512 + 64)));
(async () => {
  const steady = engine.addDevice(await engine.openPort(port), device);
  const short = engine.addDevice(await engine.openPort(port), { ...device, count: 10n });
  engine.start([steady, short]);
  parentPort.postMessage('sending');
  for (;;) {
    engine.start([short]);
    engine.snapshot(steady, true);
    await Promise.all([engine.sync(), engine.setDevice(steady, device), engine.links(), engine.stop([short])]);
  }
})();
`;

testWith(test, [built], 'a worker that is terminated takes its threads along', async () => {
  const addon = process.env.PKTSH_ADDON ?? join(dirname(loadNative().labHelper), 'pktsh.node');
  const port = { interface: '', ifindex: 0, cpu, driver: 'null', mode: 'start_xmit', file: '' };
  const workers = 40;
  for (let i = 0; i < workers; i++) {
    const worker = new Worker(restless, {
      eval: true,
      execArgv: [],
      workerData: { addon, port, device: unpaced('d') },
    });
    assert.equal(await once(worker, 'message'), ['sending']);
    assert.ok(engineThreads().length > 0);
    assert.is(await worker.terminate(), 1);
    await until('its threads to end', () => engineThreads().length === 0);
  }
});

for (const [ending, code] of [
  ['exit', 3],
  ['idle', 0],
  ['throw', 1],
] as const) {
  testWith(test, [built], `a worker that ends by ${ending} takes its threads along`, async () => {
    const worker = loadedWorker(ending);
    let failure: unknown = null;
    worker.on('error', (error) => {
      failure = error;
    });
    assert.is(await new Promise((resolve) => worker.on('exit', resolve)), code);
    assert.is(failure instanceof Error, ending === 'throw');
    await until('its threads to end', () => engineThreads().length === 0);
  });
}

testWith(test, [built], 'closeNow() fails what is outstanding, and what is asked for after it', async () => {
  const { engine } = makeEngine();
  const device = await addUnpaced(engine, cpu);
  engine.start([device]);
  // The opener is busy with the first answer, so the others are outstanding for sure.
  const asked = [engine.links(), engine.openReceiver('lo', 1), addUnpaced(engine, cpu), engine.closeReceiver(7)];
  engine.closeNow();
  engine.closeNow();
  const shut = [...getSystemErrorMap()].map(([number, [name]]) => (name === 'ESHUTDOWN' ? -number : 0)).find(Boolean);
  for (const promise of asked) assert.is(await errnoOf(promise), shut);
  assert.is(await errnoOf(engine.links()), shut);
  assert.is(await errnoOf(engine.closeReceiver(1)), shut);
  for (const call of [
    () => engine.sync(),
    () => engine.stop([]),
    () => engine.stop([device]),
    () => engine.clearCounters([]),
    () => engine.setDevice(device, unpaced('again')),
    () => engine.remDevice(device),
  ]) {
    assert.is(await errnoOf((async () => call())()), shut);
  }
  assert.throws(() => engine.start([device]));
  assert.throws(() => engine.snapshot(device, false));
  assert.equal(engine.senders(), []);
  await until('its threads to end', () => engineThreads().length === 0);
});

testWith(test, [built], 'a listener may close the engine', async () => {
  const { addon } = loadNative();
  const heard: string[] = [];
  const engine: NativeEngine = new addon.Engine((event) => {
    heard.push(event.kind);
    engine.closeNow();
  });
  engine.addStatsPage(new Uint8Array(new SharedArrayBuffer(addon.layout.recordSize * 64 + 64)));
  const port = (number: number) =>
    engine.openPort({ interface: '', ifindex: number, cpu, driver: 'null', mode: 'start_xmit', file: '' });
  const devices = [];
  for (let i = 0; i < 3; i++) devices.push(engine.addDevice(await port(0), { ...unpaced(`${i}`), count: 10n }));
  engine.start(devices);
  await until('the first event', () => heard.length > 0);
  await until('its threads to end', () => engineThreads().length === 0);
  assert.equal(heard, ['finished']);
});

testWith(test, [built], 'a stop reports its own run although the device was started again at once', async () => {
  const { engine } = makeEngine();
  try {
    const device = await addUnpaced(engine, cpu);
    const first = engine.start([device]);
    await until('packets', () => engine.snapshot(device, false).sent > 0);
    const stopping = engine.stop([device]);
    const second = engine.start([device]);
    const [run] = await stopping;
    assert.is(run?.running, false);
    assert.is(run?.startedAt, first);
    assert.ok((run?.sent ?? 0) > 0);
    assert.is(engine.snapshot(device, false).startedAt, second);
  } finally {
    engine.closeNow();
  }
});

/** Looks at one record until its Run is gone, and says what it saw. */
const reader = `
const { parentPort, workerData: { page, offset, fields, records, size } } = require('node:worker_threads');
const words = new BigUint64Array(page, offset, (records * size) / 8);
const read = (record, name) => Atomics.load(words, (record * size + fields[name]) / 8);
let record = -1;
while (record < 0) {
  for (let i = 0; i < records; i++) if (read(i, 'run') !== 0n) record = i;
}
const run = read(record, 'run');
let looks = 0, growths = 0, torn = 0, mixed = 0, last = 0n;
for (;;) {
  const before = read(record, 'generationAfter');
  const now = read(record, 'run');
  const device = read(record, 'device');
  const gap = read(record, 'gapNs');
  const burst = read(record, 'burst');
  const sent = read(record, 'sent');
  if (read(record, 'generationBefore') !== before) { torn++; continue; }
  if (now !== run) break;
  // The two paces that the device is set to: 1000 ns by 1, 3000 ns by 3.
  if (device !== 1n || (gap !== 0n && gap !== 1000n * burst)) mixed++;
  if (sent > last) growths++;
  if (sent < last) mixed++;
  last = sent;
  looks++;
  if (growths === 100) parentPort.postMessage('grown');
}
parentPort.postMessage({ looks, growths, torn, mixed, last });
`;

testWith(test, [built], 'another thread reads the statistics page while its device sends', async () => {
  const { addon } = loadNative();
  const records = 8;
  const { engine, page } = makeEngine(records);
  const { fields, recordSize } = addon.layout;
  assert.is(new Set(Object.values(fields)).size, Object.keys(fields).length);
  for (const offset of Object.values(fields)) assert.ok(offset % 8 === 0 && offset + 8 <= recordSize);
  // Records begin at the first cache line of the buffer's memory; of which there is one every 16 bytes to choose from.
  const device = await addUnpaced(engine, cpu);
  const paced = (burst: number) => ({ ...unpaced('paced'), paced: true, gapNs: 1000n * BigInt(burst), burst });
  await engine.setDevice(device, paced(1));
  engine.start([device]);
  const words = new BigUint64Array(page);
  const found = [0, 16, 32, 48].find((start) =>
    Array.from({ length: records }, (_, i) => i).some(
      (i) =>
        Atomics.load(words, (start + i * recordSize + (fields.device as number)) / 8) === BigInt(device) &&
        Atomics.load(words, (start + i * recordSize + (fields.startedAt as number)) / 8) ===
          engine.snapshot(device, false).startedAt,
    ),
  );
  assert.type(found, 'number');
  const worker = new Worker(reader, {
    eval: true,
    workerData: { page, offset: found, fields, records, size: recordSize },
  });
  const messages: unknown[] = [];
  worker.on('message', (message) => messages.push(message));
  try {
    for (let burst = 3; !messages.includes('grown'); burst = 4 - burst) await engine.setDevice(device, paced(burst));
    const final = await engine.remDevice(device);
    await until('the reader to see the end', () => messages.length === 2);
    const seen = messages[1] as { looks: number; growths: number; mixed: number; last: bigint };
    assert.is(seen.mixed, 0);
    assert.ok(seen.growths >= 100);
    assert.ok(Number(seen.last) <= final.sent);
  } finally {
    engine.closeNow();
    await worker.terminate();
  }
});

test.run();
