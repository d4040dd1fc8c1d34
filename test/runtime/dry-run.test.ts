// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DevicePlan } from '../../runtime/engine.ts';
import { type DryRunEngine, dryRunEngine } from '../../runtime/engines/dry-run.ts';
import { macOf } from '../../runtime/lab/mac.ts';
import { derivedSeed } from '../../runtime/seed.ts';
import { bench, dryRun } from './scripts.ts';

const second = 1_000_000_000n;
const pktgenHeader = { kind: 'stamp', offset: 42, time: true, stream: true } as const;

function plan(changes: Partial<DevicePlan> = {}): DevicePlan {
  return {
    name: 'tx0',
    interface: 'tx0',
    cpu: 0,
    driver: 'packet',
    xmitMode: 'start_xmit',
    program: { template: '00'.repeat(60), sizes: null, operations: [pktgenHeader] },
    pace: { per: 'pass', period: { numerator: 10_000n, denominator: 1n } },
    paused: false,
    burst: 1,
    clones: 1,
    priority: 0,
    queues: null,
    count: 0,
    late: 'catch_up',
    seed: 1n,
    file: null,
    ...changes,
  };
}

async function sentAfter(engine: DryRunEngine, changes: Partial<DevicePlan>, time: bigint): Promise<number> {
  const id = await engine.addDevice(plan(changes));
  engine.start([id]);
  await engine.clock.sleepUntil(engine.clock.now() + time);
  return engine.stats(id).sent;
}

const schedule = suite('schedules of the dry run');

type Pace = NonNullable<DevicePlan['pace']>;
const every = (numerator: bigint, denominator = 1n): { pace: Pace } => {
  return { pace: { per: 'pass', period: { numerator, denominator } } };
};
for (const [title, changes, time, sent] of [
  ['a pass belongs to the time after it', every(1000n), 1000n, 1],
  ['and not to its own instant', every(1000n), 1001n, 2],
  ['nothing at the instant of the start', every(1000n), 0n, 0],
  ['a rate that no nanosecond divides', every(1_000_000_000n, 3n), 10n * second, 30],
  ['10 Gpps', every(1n, 10n), second, 10_000_000_000],
  ['a year at 7 pps', every(second, 7n), 31_536_000n * second, 7 * 31_536_000],
  ['bursts', { ...every(1_000_000n), burst: 16 }, second, 16_000],
  ['unpaced', { pace: null }, second, 1_000_000],
  ['unpaced in bursts', { pace: null, burst: 32 }, second, 1_000_000],
  ['a count', { ...every(1000n), count: 500 }, second, 500],
  ['a count in the middle of a burst', { ...every(1000n), count: 50, burst: 32 }, second, 50],
  ['paused', { paused: true }, second, 0],
] as const) {
  schedule(title, async () => assert.is(await sentAfter(dryRunEngine(), changes, time), sent));
}

schedule('gaps are those of the schedule, and 0 inside a burst', async () => {
  const engine = dryRunEngine();
  const id = await engine.addDevice(plan({ ...every(20n), burst: 4, count: 12 }));
  engine.start([id]);
  await engine.clock.sleepUntil(second);
  const { gaps } = engine.stats(id);
  assert.equal([gaps.total, gaps.max, gaps.counts[0], gaps.counts[20]], [11, 20, 9, 2]);
});

schedule('a changed period counts from the last pass', async () => {
  const engine = dryRunEngine();
  const id = await engine.addDevice(plan(every(1000n)));
  engine.start([id]);
  await engine.clock.sleepUntil(2500n);
  await engine.setDevice(id, plan(every(2000n)));
  await engine.clock.sleepUntil(4001n);
  assert.is(engine.stats(id).sent, 4);
  await engine.setDevice(
    id,
    plan({ ...every(2000n), program: { template: '00'.repeat(100), sizes: null, operations: [] } }),
  );
  await engine.clock.sleepUntil(6001n);
  assert.equal([engine.stats(id).sent, engine.stats(id).bytes], [5, 4 * 60 + 100]);
});

schedule.run();

const machine = suite('the dry machine');

machine('outside a lab any interface is there, on one wire', async () => {
  const engine = dryRunEngine();
  assert.equal(await engine.interfaces(), []);
  const [facts] = await engine.interfaces(['eth7']);
  assert.equal([facts?.name, facts?.mtu, facts?.speed, facts?.up], ['eth7', 1500, 10_000_000_000, true]);
  const there = await engine.addReceiver({ name: 'r', interface: 'eth8' });
  const here = await engine.addReceiver({ name: 's', interface: 'eth7' });
  const id = await engine.addDevice(plan({ interface: 'eth7', count: 10 }));
  engine.start([id]);
  await engine.clock.sleepUntil(second);
  assert.equal([engine.receiverStats(there).received, engine.receiverStats(here).received], [10, 0]);
});

machine('records what it was asked', async () => {
  const { engine } = await dryRun(
    `${bench}add_device tx0 on cpu 3 { frame probe; rate 1kpps }\nstart; wait 1s; set tx0 rate 2kpps; stop; rem_device tx0`,
  );
  const calls = engine.operations.map(({ at, call }) => `${Number(at) / 1e9} ${call}`);
  assert.equal(calls, [
    '0 openLab',
    '0 addReceiver',
    '0 addDevice',
    '0 clearReceivers',
    '0 start',
    '1 setDevice',
    '1 stop',
    '1 remDevice',
    '1 remReceiver',
    '1 sync',
  ]);
  const added = engine.operations.find((operation) => operation.call === 'addDevice');
  assert.ok(added && added.call === 'addDevice');
  const { cpu, interface: on, pace, seed, program } = added.plan;
  assert.equal([cpu, on, pace, seed], [3, 'tx0', every(1_000_000n).pace, derivedSeed(1n, 'tx0')]);
  const mac = (name: string) => macOf(name).toString(16).padStart(12, '0');
  assert.is(program.template.slice(0, 24), mac('rx0') + mac('tx0'));
});

machine('repeats exactly', async () => {
  const text = `${bench}add_device tx0 on cpu 0 { frame probe; rate 1kpps }
start
for i in 1..3 { spawn { repeat 20 { wait pick(1ms..50ms); set tx0 rate pick(1kpps..9kpps) } } }
await`;
  const [a, b] = [await dryRun(text), await dryRun(text)];
  assert.equal(a.results, b.results);
  assert.equal(a.engine.operations, b.engine.operations);
  const other = await dryRun(text, { seed: 2n });
  assert.not.equal(a.engine.operations, other.engine.operations);
});

machine('is as large as it is asked to be', async () => {
  const engine = dryRunEngine({ cpus: 2 });
  assert.equal(engine.capabilities.cpus, [0, 1]);
  let code = '';
  await engine.addDevice(plan({ cpu: 2 })).catch((error) => {
    code = error.code;
  });
  assert.is(code, 'EINVAL');
});

machine.run();

const seeds = suite('seeds and addresses');

seeds('a device has its seed from the run and its name alone', () => {
  assert.is(derivedSeed(1n, 'tx0'), derivedSeed(1n, 'tx0'));
  const all = [derivedSeed(1n, 'tx0'), derivedSeed(2n, 'tx0'), derivedSeed(1n, 'tx1'), derivedSeed(0n, 'tx0')];
  assert.is(new Set(all).size, all.length);
  assert.ok(all.every((seed) => seed >= 0n && seed < 1n << 64n));
});

seeds('addresses are locally administered, unicast, and differ', () => {
  const names = Array.from({ length: 1000 }, (_, i) => `tx${i}`);
  const addresses = names.map(macOf);
  assert.ok(addresses.every((mac) => Math.floor(mac / 2 ** 40) === 0x02));
  assert.is(new Set(addresses).size, names.length);
  assert.is(macOf('tx0'), macOf('tx0'));
});

seeds.run();
