// SPDX-License-Identifier: Apache-2.0

import { suite, type Test } from 'uvu';
import * as assert from 'uvu/assert';
import { assemble } from '../../lang/frame/assemble.ts';
import type { FrameProgram } from '../../lang/frame/frame-program.ts';
import type { Layer } from '../../lang/frame/layer.ts';
import type { Value } from '../../lang/value.ts';
import { type DeviceId, type DevicePlan, type Engine, EngineError, type LabPlan } from '../../runtime/engine.ts';
import { macOf } from '../../runtime/lab/mac.ts';
import { type Requirement, testWith } from '../requirements.ts';

/**
 * What every engine does alike. Nothing here depends on speed: a test waits for a state with a deadline, and asserts on
 * counts. `makeEngine` gives a fresh engine; `checked` are the cases, these unless given. The caller runs the suite: `conformance('dry-run', …).run()`.
 */
export function conformance(
  name: string,
  requirements: readonly Requirement[],
  makeEngine: () => Engine | Promise<Engine>,
  checked: readonly Case[] = cases,
): Test {
  const test = suite(`conformance of ${name}`);
  for (const [title, check] of checked) {
    testWith(test, requirements, title, async () => {
      const engine = await makeEngine();
      try {
        await check(engine);
      } finally {
        await engine.close();
      }
    });
  }
  return test;
}

/** Far beyond what any of this takes, so that only a hang meets it. */
const deadlineMs = 10_000;
const ms = 1_000_000n;

export const lab: LabPlan = {
  links: [
    { kind: 'veth', a: { name: 'tx0', mac: macOf('tx0') }, b: { name: 'rx0', mac: macOf('rx0') }, mtu: 1500 },
    { kind: 'veth', a: { name: 'tx1', mac: macOf('tx1') }, b: { name: 'rx1', mac: macOf('rx1') }, mtu: 9000 },
    { kind: 'ifb', end: { name: 'sink0', mac: macOf('sink0') }, mtu: 1500 },
  ],
};

function frameOf(protocols: readonly string[], size: number): FrameProgram {
  const span = { start: 0, end: 0 };
  const layers = protocols.map((protocol): Layer<Value> => ({ kind: 'layer', protocol, fields: [], span }));
  const options = { pktSize: size, mtu: 1500, sourceMac: macOf('tx0'), peerMac: macOf('rx0') };
  const assembled = assemble({ type: 'frame', layers }, options);
  if (!assembled.ok) throw new Error(assembled.failure.message);
  return assembled.program;
}

export const stamped = (size: number): FrameProgram => frameOf(['eth', 'ipv4', 'udp', 'pktgen'], size);

/** 100 kpps of 60-byte frames with our header, on tx0, until stopped. */
export function plan(engine: Engine, changes: Partial<DevicePlan> = {}): DevicePlan {
  return {
    name: 'tx0',
    interface: 'tx0',
    cpu: engine.capabilities.cpus[0] as number,
    driver: 'packet',
    xmitMode: 'start_xmit',
    program: stamped(60),
    pace: { per: 'pass', period: { numerator: 10_000n, denominator: 1n } },
    clones: 1,
    priority: 0,
    queues: null,
    paused: false,
    burst: 1,
    count: 0,
    late: 'catch_up',
    seed: 1n,
    file: null,
    ...changes,
  };
}

export async function until(engine: Engine, what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (!holds()) {
    assert.ok(Date.now() < deadline, `waited too long for ${what}`);
    await engine.clock.sleepUntil(engine.clock.now() + ms);
  }
}

export async function code(call: () => Promise<unknown> | unknown): Promise<string> {
  try {
    await call();
  } catch (error) {
    assert.instance(error, EngineError);
    return (error as EngineError).code;
  }
  return 'no error';
}

export const stoppedBy = (engine: Engine, id: DeviceId) => () => !engine.stats(id).running;
export const received = (engine: Engine, id: number) => engine.receiverStats(id).received;

export type Case = readonly [title: string, check: (engine: Engine) => Promise<void>];

const cases: readonly Case[] = [
  [
    'capabilities name CPUs and drivers',
    async (engine) => {
      const { cpus, drivers } = engine.capabilities;
      assert.ok(cpus.length > 0);
      assert.equal(
        cpus,
        [...cpus].sort((a, b) => a - b),
      );
      assert.ok(drivers.includes('packet') && drivers.includes('null'));
    },
  ],
  [
    'a lab has the interfaces of its plan',
    async (engine) => {
      const facts = new Map((await engine.openLab(lab)).map((one) => [one.name, one]));
      for (const [name, peer, mtu] of [
        ['tx0', 'rx0', 1500],
        ['rx0', 'tx0', 1500],
        ['tx1', 'rx1', 9000],
      ] as const) {
        const one = facts.get(name);
        assert.ok(one, name);
        const { kind, mac, up, carrier, speed, loopback, defaultRoute } = one;
        assert.equal(
          { kind, mac, mtu: one.mtu, peer: one.peer, up, carrier, speed, loopback, defaultRoute },
          {
            kind: 'veth',
            mac: macOf(name),
            mtu,
            peer,
            up: true,
            carrier: true,
            speed: null,
            loopback: false,
            defaultRoute: false,
          },
        );
      }
      assert.is(facts.get('sink0')?.kind, 'ifb');
      const again = await engine.interfaces();
      assert.ok(['tx0', 'rx0', 'tx1', 'rx1', 'sink0'].every((name) => again.some((one) => one.name === name)));
    },
  ],
  [
    'a second lab takes the place of the first, once nothing is left in that',
    async (engine) => {
      await engine.openLab(lab);
      const receiver = await engine.addReceiver({ name: 'rx0', interface: 'rx0' });
      assert.is(await code(() => engine.openLab(lab)), 'EBUSY');
      await engine.remReceiver(receiver);
      const device = await engine.addDevice(plan(engine, { count: 10 }));
      assert.is(await code(() => engine.openLab(lab)), 'EBUSY');
      engine.start([device]);
      await until(engine, 'the count', stoppedBy(engine, device));
      await engine.remDevice(device);

      const names = (await engine.openLab({ links: lab.links.slice(0, 1) })).map((one) => one.name);
      assert.equal([names.includes('tx0'), names.includes('tx1')], [true, false]);
      assert.is(await code(() => engine.addReceiver({ name: 'rx1', interface: 'rx1' })), 'ENODEV');
      assert.is(engine.grace().completed, 0);
      const listener = await engine.addReceiver({ name: 'rx0', interface: 'rx0' });
      const again = await engine.addDevice(plan(engine, { count: 20 }));
      engine.start([again]);
      await until(engine, 'what the new lab carries', () => received(engine, listener) === 20);
      assert.is(engine.stats(again).sent, 20);
    },
  ],
  [
    'a device on no interface is refused',
    async (engine) => {
      await engine.openLab(lab);
      assert.is(await code(() => engine.addDevice(plan(engine, { name: 'tx7', interface: 'tx7' }))), 'ENODEV');
    },
  ],
  [
    'a count is sent exactly, told of, and received',
    async (engine) => {
      await engine.openLab(lab);
      const finished: number[] = [];
      engine.onEvent((event) => event.kind === 'finished' && finished.push(event.device));
      const receiver = await engine.addReceiver({ name: 'rx0', interface: 'rx0' });
      const id = await engine.addDevice(plan(engine, { count: 1000 }));
      assert.is(engine.stats(id).running, false);
      assert.is(engine.stats(id).startedAt, null);
      const instant = engine.start([id]);
      await until(engine, 'the finished event', () => finished.length > 0);
      assert.equal(finished, [id]);
      const [stats] = await engine.stop([id]);
      assert.ok(stats);
      assert.is(stats.sent, 1000);
      assert.is(stats.bytes, 60_000);
      assert.is(stats.errors, 0);
      assert.ok(stats.asked !== null && stats.asked >= 1000);
      assert.is(stats.running, false);
      assert.is(stats.startedAt, instant);
      assert.ok(stats.stoppedAt !== null && stats.stoppedAt > instant);
      assert.is(stats.gaps.total, 999);
      await until(engine, 'the last frame', () => received(engine, receiver) >= 1000);
      const got = engine.receiverStats(receiver);
      assert.equal(
        { received: got.received, bytes: got.bytes, duplicated: got.duplicated, reordered: got.reordered },
        { received: 1000, bytes: 60_000, duplicated: 0, reordered: 0 },
      );
      assert.equal(
        got.streams.map(({ device, received: of }) => [device, of]),
        [[id, 1000]],
      );
      assert.ok(got.lastAt !== null);
      assert.ok(got.caughtUpAt >= (got.lastAt ?? 0n) && got.caughtUpAt <= engine.clock.now());
    },
  ],
  [
    'bursts end with the count',
    async (engine) => {
      await engine.openLab(lab);
      const id = await engine.addDevice(plan(engine, { count: 96, burst: 32 }));
      engine.start([id]);
      await until(engine, 'the end', stoppedBy(engine, id));
      assert.is((await engine.stop([id]))[0]?.sent, 96);
    },
  ],
  [
    'devices start at one instant; those that run are left alone',
    async (engine) => {
      await engine.openLab(lab);
      const a = await engine.addDevice(plan(engine));
      const b = await engine.addDevice(plan(engine, { name: 'tx1', interface: 'tx1' }));
      const c = await engine.addDevice(plan(engine, { name: 'tx1@1', interface: 'tx1' }));
      const first = engine.start([a, b]);
      assert.is(engine.stats(a).startedAt, first);
      assert.is(engine.stats(b).startedAt, first);
      await until(engine, 'some packets', () => engine.stats(a).sent > 10);
      const second = engine.start([a, b, c]);
      assert.ok(second > first);
      assert.is(engine.stats(a).startedAt, first);
      assert.is(engine.stats(c).startedAt, second);
      assert.ok(engine.stats(a).sent > 10);
    },
  ],
  [
    'counters are exact after stop, and zeroed by the next start',
    async (engine) => {
      await engine.openLab(lab);
      const id = await engine.addDevice(plan(engine));
      engine.start([id]);
      await until(engine, 'some packets', () => engine.stats(id).sent > 100);
      const [stopped] = await engine.stop([id]);
      await engine.clock.sleepUntil(engine.clock.now() + 5n * ms);
      assert.is(engine.stats(id).sent, stopped?.sent);
      assert.is(engine.stats(id).stoppedAt, stopped?.stoppedAt);
      await engine.setDevice(id, plan(engine, { count: 7 }));
      assert.is(engine.stats(id).sent, stopped?.sent);
      engine.start([id]);
      await until(engine, 'the end', stoppedBy(engine, id));
      assert.is((await engine.stop([id]))[0]?.sent, 7);
    },
  ],
  [
    'calls take effect in the order in which they were made',
    async (engine) => {
      await engine.openLab(lab);
      const id = await engine.addDevice(plan(engine));
      engine.start([id]);
      const stopping = engine.stop([id]);
      engine.start([id]);
      await stopping;
      assert.is(engine.stats(id).running, true);
      const setting = engine.setDevice(id, plan(engine, { program: stamped(100) }));
      const removing = engine.remDevice(id);
      await setting;
      assert.is((await removing).running, false);
    },
  ],
  [
    'a new configuration keeps counters and goes on',
    async (engine) => {
      await engine.openLab(lab);
      const id = await engine.addDevice(plan(engine));
      const instant = engine.start([id]);
      await until(engine, 'some packets', () => engine.stats(id).sent >= 100);
      const { sent } = engine.stats(id);
      await engine.setDevice(id, plan(engine, { program: stamped(100), count: sent + 500 }));
      await until(engine, 'the new count', stoppedBy(engine, id));
      const [stats] = await engine.stop([id]);
      assert.is(stats?.startedAt, instant);
      assert.is(stats?.sent, sent + 500);
      // Packets of the two sizes make up the bytes, whatever was sent while the change was made.
      const large = ((stats?.bytes ?? 0) - 60 * (sent + 500)) / 40;
      assert.ok(Number.isInteger(large) && large > 0 && large <= 500, `${large} frames of 100 bytes`);
    },
  ],
  [
    'a paused device waits for its rate',
    async (engine) => {
      await engine.openLab(lab);
      const id = await engine.addDevice(plan(engine, { paused: true, count: 20 }));
      engine.start([id]);
      await engine.clock.sleepUntil(engine.clock.now() + 5n * ms);
      assert.is(engine.stats(id).sent, 0);
      assert.is(engine.stats(id).running, true);
      await engine.setDevice(id, plan(engine, { count: 20 }));
      await until(engine, 'the end', stoppedBy(engine, id));
      assert.is((await engine.stop([id]))[0]?.sent, 20);
    },
  ],
  [
    'unpaced devices are asked for no rate',
    async (engine) => {
      await engine.openLab(lab);
      const id = await engine.addDevice(plan(engine, { pace: null, count: 500 }));
      engine.start([id]);
      await until(engine, 'the end', stoppedBy(engine, id));
      const [stats] = await engine.stop([id]);
      assert.is(stats?.sent, 500);
      assert.is(stats?.asked, null);
    },
  ],
  [
    'a removed device is gone when the call settles, its figures are exact, and its grace period is over',
    async (engine) => {
      await engine.openLab(lab);
      const receiver = await engine.addReceiver({ name: 'rx0', interface: 'rx0' });
      const id = await engine.addDevice(plan(engine));
      engine.start([id]);
      await until(engine, 'some packets', () => engine.stats(id).sent > 100);
      const before = engine.grace().completed;
      const final = await engine.remDevice(id);
      assert.is(final.running, false);
      assert.ok(final.sent > 100);
      assert.ok(engine.grace().completed > before);
      assert.is(await code(() => engine.stats(id)), 'ENODEV');
      assert.is(await code(() => engine.remDevice(id)), 'ENODEV');
      assert.is(await code(() => engine.setDevice(id, plan(engine))), 'ENODEV');
      await until(engine, 'its last frame', () => received(engine, receiver) >= final.sent);
      assert.is(received(engine, receiver), final.sent);
    },
  ],
  [
    'sync leaves nothing pending, and every grace period has a latency',
    async (engine) => {
      await engine.openLab(lab);
      const ids = await Promise.all(
        [0, 1, 2, 3].map((label) => engine.addDevice(plan(engine, { name: `tx0@${label}` }))),
      );
      engine.start(ids);
      const removals = ids.map((id) => engine.remDevice(id));
      await engine.sync();
      assert.is(engine.grace().pending, 0);
      assert.is(engine.grace().latency.total, engine.grace().completed);
      assert.ok(engine.grace().completed >= 4);
      await Promise.all(removals);
    },
  ],
  [
    'a clearing of counters restarts them, and the count goes on',
    async (engine) => {
      await engine.openLab(lab);
      const receiver = await engine.addReceiver({ name: 'rx0', interface: 'rx0' });
      const id = await engine.addDevice(plan(engine, { count: 2000 }));
      engine.start([id]);
      await until(engine, 'some packets', () => engine.stats(id).sent >= 500);
      await engine.clearCounters([id]);
      await until(engine, 'the end', stoppedBy(engine, id));
      const [stats] = await engine.stop([id]);
      assert.ok((stats?.sent ?? 0) <= 1500, `${stats?.sent} after the clearing`);
      assert.is(stats?.bytes, 60 * (stats?.sent ?? 0));
      await until(engine, 'the last frame', () => received(engine, receiver) >= 2000);
      assert.is(received(engine, receiver), 2000);
      await engine.clearCounters([id]);
      assert.is(engine.stats(id).sent, 0);
      assert.is(engine.stats(id).gaps.total, 0);
    },
  ],
  [
    'receivers tell devices apart, count strangers as other, and can be zeroed',
    async (engine) => {
      await engine.openLab(lab);
      const receiver = await engine.addReceiver({ name: 'rx0', interface: 'rx0' });
      const elsewhere = await engine.addReceiver({ name: 'rx1', interface: 'rx1' });
      const a = await engine.addDevice(plan(engine, { name: 'tx0@0', count: 300 }));
      const b = await engine.addDevice(plan(engine, { name: 'tx0@1', count: 200 }));
      const bare = frameOf(['eth', 'ipv4', 'udp'], 60);
      const c = await engine.addDevice(plan(engine, { name: 'tx0@2', count: 100, program: bare }));
      // The header as the kernel writes it, which names no device.
      const probe = stamped(60);
      const operations = probe.operations.map((one) => (one.kind === 'stamp' ? { ...one, stream: false } : one));
      const kernels = await engine.addDevice(
        plan(engine, { name: 'tx0@3', count: 50, program: { ...probe, operations } }),
      );
      engine.start([a, b, c, kernels]);
      await until(engine, 'all frames', () => {
        const stats = engine.receiverStats(receiver);
        return stats.received >= 500 && stats.other >= 150;
      });
      const stats = engine.receiverStats(receiver);
      assert.is(stats.received, 500);
      assert.is(stats.streams.find((stream) => stream.device === a)?.received, 300);
      assert.is(stats.streams.find((stream) => stream.device === b)?.received, 200);
      assert.equal(stats.unnumbered, { packets: 50, bytes: 3000 });
      assert.is(received(engine, elsewhere), 0);
      const timing = engine.receiverTiming(receiver);
      assert.equal([timing.clockStepped, timing.total.negative, timing.total.untimed], [false, 0, 0]);
      assert.is(timing.total.latency.total, 500);
      // Of two runs, each with a first frame that nothing came before.
      assert.equal([timing.total.gaps.total, timing.total.variations], [498, 498]);
      assert.equal([timing.streams.get(a)?.latency.total, timing.streams.get(b)?.gaps.total], [300, 199]);
      assert.is(engine.receiverTiming(elsewhere).total.latency.total, 0);
      await engine.clearReceivers([receiver]);
      assert.is(received(engine, receiver), 0);
      assert.is(engine.receiverStats(receiver).other, 0);
      assert.equal(engine.receiverStats(receiver).unnumbered, { packets: 0, bytes: 0 });
      assert.is(engine.receiverTiming(receiver).total.latency.total, 0);
      await engine.stop([a]);
      engine.start([a]);
      await until(engine, 'the second run', () => received(engine, receiver) >= 300);
      const second = engine.receiverStats(receiver);
      assert.equal([second.received, second.duplicated, second.reordered], [300, 0, 0]);
      await engine.remReceiver(receiver);
      assert.is(await code(() => engine.receiverStats(receiver)), 'ENODEV');
    },
  ],
  [
    'driver null sends nothing anywhere',
    async (engine) => {
      await engine.openLab(lab);
      const receiver = await engine.addReceiver({ name: 'rx0', interface: 'rx0' });
      const silent = await engine.addDevice(plan(engine, { name: 'tx0@0', driver: 'null', count: 100 }));
      const loud = await engine.addDevice(plan(engine, { name: 'tx0@1', count: 100 }));
      engine.start([silent]);
      await until(engine, 'the end', stoppedBy(engine, silent));
      engine.start([loud]);
      await until(engine, 'the loud one', () => received(engine, receiver) >= 100);
      assert.is(received(engine, receiver), 100);
      assert.is(engine.stats(silent).sent, 100);
      assert.is(engine.stats(silent).driver, 'null');
    },
  ],
  [
    'senders are there while they have devices',
    async (engine) => {
      await engine.openLab(lab);
      const id = await engine.addDevice(plan(engine));
      const sender = engine.senders().find(({ cpu }) => cpu === engine.capabilities.cpus[0]);
      assert.is(sender?.devices, 1);
      await engine.remDevice(id);
      assert.is(
        engine.senders().reduce((sum, { devices }) => sum + devices, 0),
        0,
      );
    },
  ],
  [
    'closing ends everything, twice as well as once',
    async (engine) => {
      await engine.openLab(lab);
      const id = await engine.addDevice(plan(engine));
      engine.start([id]);
      await engine.close();
      await engine.close();
      engine.closeNow();
      assert.is.not(await code(() => engine.addDevice(plan(engine))), 'no error');
    },
  ],
];
