// SPDX-License-Identifier: Apache-2.0

import * as assert from 'uvu/assert';
import type { Engine } from '../../runtime/engine.ts';
import { type Case, lab, plan, received, stoppedBy, until } from './conformance.ts';

const ms = 1_000_000n;

/** Waits until the engine has told so many changes of an interface. */
async function told(engine: Engine, events: readonly string[], event: string, times = 1): Promise<void> {
  await until(engine, event, () => events.filter((one) => one === event).length >= times);
}

/** The changes told from now on, as `tx0 down`. */
function listen(engine: Engine): readonly string[] {
  const events: string[] = [];
  engine.onEvent((event) => {
    if (event.kind === 'link') events.push(`${event.name} ${event.change}`);
  });
  return events;
}

/** What grammar.md says of devices whose interface is down, renamed or deleted. */
export const linkCases: readonly Case[] = [
  [
    'started while the interface is down, a device sends nothing until it is up, and then by its schedule',
    async (engine) => {
      await engine.openLab(lab);
      const events = listen(engine);
      const receiver = await engine.addReceiver({ name: 'rx0', interface: 'rx0' });
      const id = await engine.addDevice(plan(engine));
      await engine.setLink('tx0', { kind: 'down' });
      await told(engine, events, 'tx0 down');
      engine.start([id]);
      await engine.clock.sleepUntil(engine.clock.now() + 20n * ms);
      assert.equal([engine.stats(id).sent, engine.stats(id).running], [0, true]);
      await engine.setLink('tx0', { kind: 'up' });
      await until(engine, 'frames', () => engine.stats(id).sent > 100);
      const [stats] = await engine.stop([id]);
      assert.ok(stats !== undefined && stats.skipped > 0);
      assert.is(stats.failure, null);
      assert.ok((stats.asked ?? 0) >= stats.sent + stats.errors + stats.skipped);
      await until(engine, 'all that was sent', () => received(engine, receiver) === stats.sent);
    },
  ],
  [
    'set, stop, start, clear_counters and rem_device work while the interface is down',
    async (engine) => {
      await engine.openLab(lab);
      const events = listen(engine);
      const id = await engine.addDevice(plan(engine));
      engine.start([id]);
      await until(engine, 'frames', () => engine.stats(id).sent > 10);
      await engine.setLink('tx0', { kind: 'down' });
      await told(engine, events, 'tx0 down');
      const period = { numerator: 20_000n, denominator: 1n };
      await engine.setDevice(id, plan(engine, { pace: { per: 'pass', period } }));
      const [stopped] = await engine.stop([id]);
      assert.ok(stopped !== undefined && stopped.sent > 10 && stopped.failure === null);
      engine.start([id]);
      await engine.clearCounters([id]);
      assert.equal([engine.stats(id).sent, engine.stats(id).running], [0, true]);
      const removed = await engine.remDevice(id);
      assert.equal([removed.sent, removed.failure], [0, null]);
      assert.is(engine.grace().pending, 0);
    },
  ],
  [
    'a count is finished after the interface was down',
    async (engine) => {
      await engine.openLab(lab);
      const events = listen(engine);
      const receiver = await engine.addReceiver({ name: 'rx0', interface: 'rx0' });
      const id = await engine.addDevice(plan(engine, { count: 2000 }));
      engine.start([id]);
      await until(engine, 'frames', () => engine.stats(id).sent > 10);
      await engine.setLink('tx0', { kind: 'down' });
      await told(engine, events, 'tx0 down');
      await engine.setLink('tx0', { kind: 'up' });
      await until(engine, 'the count', stoppedBy(engine, id));
      const stats = engine.stats(id);
      assert.equal([stats.sent, stats.failure], [2000, null]);
      await until(engine, 'all of it', () => received(engine, receiver) === 2000);
    },
  ],
  [
    'receivers go on after their interface was down',
    async (engine) => {
      await engine.openLab(lab);
      const events = listen(engine);
      const receiver = await engine.addReceiver({ name: 'rx0', interface: 'rx0' });
      const id = await engine.addDevice(plan(engine));
      engine.start([id]);
      await until(engine, 'frames', () => received(engine, receiver) > 10);
      await engine.setLink('rx0', { kind: 'down' });
      await told(engine, events, 'rx0 down');
      await engine.setLink('rx0', { kind: 'up' });
      await told(engine, events, 'rx0 up');
      const before = received(engine, receiver);
      await until(engine, 'more', () => received(engine, receiver) > before + 10);
      const [stats] = await engine.stop([id]);
      assert.ok(stats !== undefined && stats.failure === null && stats.sent >= received(engine, receiver));
    },
  ],
  [
    'a deleted interface ends the runs on it with ENXIO, and its devices and receivers can be removed',
    async (engine) => {
      await engine.openLab(lab);
      const events = listen(engine);
      const receiver = await engine.addReceiver({ name: 'rx0', interface: 'rx0' });
      const running = await engine.addDevice(plan(engine, { name: 'tx0@0' }));
      const idle = await engine.addDevice(plan(engine, { name: 'tx0@1' }));
      engine.start([running]);
      await until(engine, 'frames', () => received(engine, receiver) > 10);
      await engine.setLink('tx0', { kind: 'delete' });
      await told(engine, events, 'tx0 removed');
      await told(engine, events, 'rx0 removed');
      await until(engine, 'its end', stoppedBy(engine, running));
      assert.is(engine.stats(running).failure, 'ENXIO');
      assert.is(engine.stats(idle).failure, null);
      const { sent } = await engine.remDevice(running);
      await until(engine, 'all that was sent', () => received(engine, receiver) === sent);
      await engine.remDevice(idle);
      await engine.remReceiver(receiver);
    },
  ],
];
