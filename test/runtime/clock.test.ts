// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadNative } from '../../native/index.ts';
import type { Clock } from '../../runtime/clock.ts';
import { VirtualClock } from '../../runtime/engines/virtual-clock.ts';
import { realClock } from '../../runtime/real-clock.ts';
import { InstantQueue, notQueued, type QueueEntry } from '../../runtime/scenario/instant-queue.ts';
import { Timers } from '../../runtime/scenario/timers.ts';
import { RandomStream } from '../../runtime/seed.ts';

const ms = 1_000_000n;

for (const [name, make] of [
  ['virtual', () => new VirtualClock()],
  ['real', () => realClock(new (loadNative().addon.Alarm)())],
] as const) {
  const test = suite(`${name} clock`);

  test('sleeps longer than any clock counts, until it is called off', async () => {
    const clock: Clock = make();
    const abort = new AbortController();
    let over = false;
    const sleeping = clock.sleepUntil(2n ** 80n, abort.signal).then(() => {
      over = true;
    });
    await clock.sleepUntil(clock.now());
    assert.not(over);
    abort.abort();
    await sleeping;
  });

  test('never goes back and never wakes early', async () => {
    const clock: Clock = make();
    for (const sleep of [0n, 1n, ms / 2n, 3n * ms, 7n * ms]) {
      const due = clock.now() + sleep;
      await clock.sleepUntil(due);
      assert.ok(clock.now() >= due);
    }
    const before = clock.now();
    await clock.sleepUntil(before - ms);
    assert.ok(clock.now() >= before);
  });

  test('sleepers wake in the order of their instants, equal ones in the order of their sleep', async () => {
    const clock: Clock = make();
    const now = clock.now();
    const woken: string[] = [];
    const sleep = (label: string, at: bigint) => clock.sleepUntil(now + at).then(() => woken.push(label));
    await Promise.all([
      sleep('d', 8n * ms),
      sleep('b', 2n * ms),
      sleep('c', 2n * ms),
      sleep('a', ms),
      sleep('e', 8n * ms),
    ]);
    assert.equal(woken, ['a', 'b', 'c', 'd', 'e']);
  });

  test('an aborted sleep ends at once and disturbs nobody', async () => {
    const clock: Clock = make();
    const hour = clock.now() + 3_600_000n * ms;
    const abort = new AbortController();
    const sleeping = clock.sleepUntil(hour, abort.signal);
    const other = clock.sleepUntil(clock.now() + ms);
    abort.abort();
    await sleeping;
    await other;
    await clock.sleepUntil(hour, abort.signal);
    assert.ok(clock.now() < hour);
  });

  test.run();
}

const virtual = suite('virtual time');

virtual('passes only when everybody waits', async () => {
  const clock = new VirtualClock();
  const seen: bigint[] = [];
  const late = clock.sleepUntil(1000n).then(() => seen.push(clock.now()));
  for (let turn = 0; turn < 100; turn++) await clock.sleepUntil(clock.now());
  assert.is(clock.now(), 0n);
  await late;
  assert.equal(seen, [1000n]);
});

virtual('tells when nothing is left to wait for', async () => {
  const clock = new VirtualClock();
  let told = 0;
  await new Promise<void>((resolve) => {
    clock.onIdle(() => {
      told++;
      resolve();
    });
    void clock.sleepUntil(5n);
  });
  assert.is(clock.now(), 5n);
  assert.is(told, 1);
  clock.onIdle(null);
  await clock.sleepUntil(6n);
  await new Promise((resolve) => setImmediate(resolve));
  assert.is(told, 1);
});

virtual.run();

const timers = suite('timers');

timers('fire by instant, then by registration, whenever they were set', async () => {
  const clock = new VirtualClock();
  const set = new Timers(clock);
  const fired: string[] = [];
  const early = set.register();
  const late = set.register();
  const done = new Promise<void>((resolve) => {
    set.set(20n, late, () => {
      fired.push('late');
      resolve();
    });
  });
  set.set(10n, set.register(), () => fired.push('first'));
  set.set(20n, early, () => fired.push('early'));
  set.set(15n, set.register(), () => fired.push('never')).cancel();
  await done;
  assert.equal(fired, ['first', 'early', 'late']);
  assert.is(clock.now(), 20n);
});

timers('in the background never make time pass', async () => {
  const clock = new VirtualClock();
  const set = new Timers(clock);
  let fired = 0;
  set.set(10n, set.register(), () => fired++, true);
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal([fired, clock.now()], [0, 0n]);
  await set.sleep(30n, set.register()).done;
  assert.equal([fired, clock.now()], [1, 30n]);
});

timers('that nobody wants any more leave time alone', async () => {
  const clock = new VirtualClock();
  const set = new Timers(clock);
  const alarm = set.set(1000n, set.register(), () => {});
  const sooner = set.sleep(10n, set.register());
  await sooner.done;
  alarm.cancel();
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.is(clock.now(), 10n);
  set.set(50n, set.register(), () => assert.unreachable('closed'));
  set.close();
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.is(clock.now(), 10n);
});

timers.run();

const queue = suite('instant queue');

queue('gives entries in order, whatever was taken out', () => {
  const random = new RandomStream(7n);
  for (let trial = 0; trial < 200; trial++) {
    const entries: QueueEntry[] = Array.from({ length: 40 }, (_, order) => ({
      instant: BigInt(Math.floor(random.next() * 10)),
      order,
      index: notQueued,
    }));
    const instants = new InstantQueue<QueueEntry>();
    for (const entry of entries) instants.add(entry);
    const gone = entries.filter(() => random.next() < 0.4);
    for (const entry of gone) instants.remove(entry);
    for (const entry of gone) instants.remove(entry);
    const expected = entries
      .filter((entry) => !gone.includes(entry))
      .sort((a, b) => Number(a.instant - b.instant) || a.order - b.order);
    const given: QueueEntry[] = [];
    for (let first = instants.first; first !== undefined; first = instants.first) {
      given.push(first);
      instants.remove(first);
    }
    assert.is(given.length, expected.length);
    assert.ok(given.every((entry, i) => entry === expected[i]));
  }
});

queue.run();
