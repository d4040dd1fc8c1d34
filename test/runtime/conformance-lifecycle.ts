// SPDX-License-Identifier: Apache-2.0

import * as assert from 'uvu/assert';
import type { DeviceId } from '../../runtime/engine.ts';
import { type Case, lab, plan, received, until } from './conformance.ts';

/** What comes, moves and goes while senders send at full speed. */
export const lifecycleCases: readonly Case[] = [
  [
    'a device moves to another CPU and back at full speed, and nothing is lost or counted twice',
    async (engine) => {
      await engine.openLab(lab);
      const receiver = await engine.addReceiver({ name: 'rx0', interface: 'rx0' });
      const rounds = 20;
      let sent = 0;
      for (let round = 0; round < rounds; round++) {
        const cpu = engine.capabilities.cpus[round % 2] as number;
        const id = await engine.addDevice(plan(engine, { cpu, burst: 4 }));
        engine.start([id]);
        await until(engine, 'frames', () => engine.stats(id).sent > 50);
        const stats = await engine.remDevice(id);
        assert.equal([stats.running, stats.failure], [false, null]);
        sent += stats.sent;
      }
      await until(engine, 'all that was sent', () => received(engine, receiver) === sent);
      const { duplicated, reordered, dropped, streams } = engine.receiverStats(receiver);
      assert.equal([duplicated, dropped, streams.length], [0, 0, rounds]);
      assert.is(reordered, 0);
      assert.is(engine.grace().pending, 0);
    },
  ],
  [
    'receivers come and go while their interface is sent to, and the one that stays misses nothing',
    async (engine) => {
      await engine.openLab(lab);
      const stays = await engine.addReceiver({ name: 'stays', interface: 'rx0' });
      const id = await engine.addDevice(plan(engine));
      engine.start([id]);
      await until(engine, 'frames', () => received(engine, stays) > 10);
      for (let round = 0; round < 5; round++) {
        const passing = await engine.addReceiver({ name: `passing${round}`, interface: 'rx0' });
        await until(engine, 'frames', () => received(engine, passing) > 10);
        await engine.remReceiver(passing);
      }
      const [stats] = await engine.stop([id]);
      await until(engine, 'all that was sent', () => received(engine, stays) === stats?.sent);
      assert.is(engine.receiverStats(stays).dropped, 0);
    },
  ],
  [
    'devices are removed and added again beside one that sends, whose frames are all there',
    async (engine) => {
      await engine.openLab(lab);
      const receiver = await engine.addReceiver({ name: 'rx0', interface: 'rx0' });
      const steady = await engine.addDevice(plan(engine, { name: 'tx0@steady' }));
      engine.start([steady]);
      let others = 0;
      let beside: DeviceId | null = null;
      for (let round = 0; round < 50; round++) {
        if (beside !== null) others += (await engine.remDevice(beside)).sent;
        beside = await engine.addDevice(plan(engine, { name: 'tx0@beside' }));
        engine.start([beside]);
        if (round % 10 === 0) await until(engine, 'frames', () => engine.stats(beside as DeviceId).sent > 5);
      }
      others += (await engine.remDevice(beside as DeviceId)).sent;
      const { sent, failure } = await engine.remDevice(steady);
      assert.is(failure, null);
      await until(engine, 'all that was sent', () => received(engine, receiver) === sent + others);
      const { streams } = engine.receiverStats(receiver);
      assert.is(streams.find(({ device }) => device === steady)?.received, sent);
    },
  ],
  [
    'what receivers got of removed devices that are forgotten stays in their totals, and has no stream',
    async (engine) => {
      await engine.openLab(lab);
      const receiver = await engine.addReceiver({ name: 'rx0', interface: 'rx0' });
      const gone: DeviceId[] = [];
      for (let round = 0; round < 3; round++) {
        const id = await engine.addDevice(plan(engine, { count: 100 }));
        engine.start([id]);
        await until(engine, 'the count', () => !engine.stats(id).running);
        await engine.remDevice(id);
        gone.push(id);
      }
      const stays = await engine.addDevice(plan(engine, { count: 50 }));
      engine.start([stays]);
      await until(engine, 'all of it', () => received(engine, receiver) === 350);
      const before = engine.receiverTiming(receiver).total;
      // One that exists is left alone.
      engine.forgetDevices([...gone, stays]);
      const { bytes, other, streams } = engine.receiverStats(receiver);
      assert.equal([received(engine, receiver), bytes, other], [350, 350 * 60, 0]);
      assert.equal(
        streams.map(({ device, received: got }) => [device, got]),
        [[stays, 50]],
      );
      const { total } = engine.receiverTiming(receiver);
      assert.equal([total.latency.total, total.gaps.total], [before.latency.total, before.gaps.total]);
      await engine.clearReceivers([receiver]);
      assert.is(received(engine, receiver), 0);
    },
  ],
];
