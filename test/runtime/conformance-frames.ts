// SPDX-License-Identifier: Apache-2.0

import * as assert from 'uvu/assert';
import type { FrameProgram, FrameSizes } from '../../lang/frame/frame-program.ts';
import type { DevicePlan } from '../../runtime/engine.ts';
import { type Case, code, lab, plan, received, stamped, stoppedBy, until } from './conformance.ts';

/** 60 to 99 bytes long, with the lengths of IPv4 and UDP and the IPv4 checksum right for each. */
function ofSizes(sizes: FrameSizes): FrameProgram {
  const { template, operations } = stamped(largest);
  const word = (offset: number) => ({ offset, bytes: 2, shift: 0, bits: 16 });
  return {
    template,
    sizes,
    operations: [
      { kind: 'length', slot: word(16), minus: 14 },
      { kind: 'length', slot: word(38), minus: 34 },
      ...operations,
      { kind: 'checksum', offset: 24, start: 14, length: 20 },
    ],
  };
}
const largest = 99;

const bytePace = (numerator: bigint): DevicePlan['pace'] => ({ per: 'byte', period: { numerator, denominator: 1n } });

/** For seed 1 and 1000 packets; the same on every engine, since sizes are drawn from the seed alone. */
const sizeCases: readonly (readonly [string, FrameSizes, number])[] = [
  // 25 rounds of 60 to 99.
  ['in order', { kind: 'increment', first: 60, last: 99, start: 60 }, 25 * ((60 + 99) * 20)],
  ['in order from the middle', { kind: 'increment', first: 60, last: 99, start: 80 }, 25 * ((60 + 99) * 20)],
  ['drawn', { kind: 'random', first: 60, last: 99 }, 79_317],
  [
    'drawn by weight',
    {
      kind: 'weighted',
      entries: [
        { size: 60, weight: 7 },
        { size: 80, weight: 4 },
        { size: 99, weight: 1 },
      ],
    },
    69_185,
  ],
];

/** What every engine does alike with frames that differ in length, with clones, paces of bytes and queue maps. */
export const frameCases: readonly Case[] = [
  ...sizeCases.map(
    ([order, sizes, bytes]): Case => [
      `sizes ${order} are counted as they are sent, and received`,
      async (engine) => {
        await engine.openLab(lab);
        const receiver = await engine.addReceiver({ name: 'rx0', interface: 'rx0' });
        const id = await engine.addDevice(plan(engine, { program: ofSizes(sizes), count: 1000 }));
        engine.start([id]);
        await until(engine, 'the end', stoppedBy(engine, id));
        const [stats] = await engine.stop([id]);
        assert.equal([stats?.sent, stats?.bytes], [1000, bytes]);
        await until(engine, 'the last frame', () => received(engine, receiver) >= 1000);
        assert.is(engine.receiverStats(receiver).bytes, bytes);
      },
    ],
  ),
  [
    'sizes go on through a change of something else, and begin anew with a start',
    async (engine) => {
      await engine.openLab(lab);
      const program = ofSizes({ kind: 'increment', first: 60, last: 99, start: 60 });
      const id = await engine.addDevice(plan(engine, { program, count: 10 }));
      engine.start([id]);
      await until(engine, 'the end', stoppedBy(engine, id));
      const ten = 10 * 60 + 45;
      assert.is((await engine.stop([id]))[0]?.bytes, ten);
      engine.start([id]);
      await until(engine, 'the second end', stoppedBy(engine, id));
      assert.is((await engine.stop([id]))[0]?.bytes, ten);
      await engine.setDevice(id, plan(engine, { program }));
      engine.start([id]);
      await until(engine, 'some packets', () => engine.stats(id).sent > 100);
      const { sent } = engine.stats(id);
      const count = Math.ceil((sent + 1000) / 40) * 40;
      await engine.setDevice(id, plan(engine, { program, count, burst: 2 }));
      await until(engine, 'the last end', stoppedBy(engine, id));
      // Whole rounds of the forty sizes, with none left out or twice.
      assert.is((await engine.stop([id]))[0]?.bytes, (count / 40) * ((60 + 99) * 20));
    },
  ],
  [
    'clones are sent and counted, and received as duplicates',
    async (engine) => {
      await engine.openLab(lab);
      const receiver = await engine.addReceiver({ name: 'rx0', interface: 'rx0' });
      const program = ofSizes({ kind: 'increment', first: 60, last: 99, start: 60 });
      const id = await engine.addDevice(plan(engine, { program, clones: 7, count: 1000 }));
      engine.start([id]);
      await until(engine, 'the end', stoppedBy(engine, id));
      const [stats] = await engine.stop([id]);
      // 142 frames seven times, and six of the next.
      const frames = 143;
      const size = (frame: number) => 60 + (frame % 40);
      const distinct = Array.from({ length: frames }, (_, frame) => size(frame)).reduce((a, b) => a + b);
      assert.equal([stats?.sent, stats?.bytes], [1000, 7 * distinct - size(142)]);
      await until(engine, 'the last copy', () => engine.receiverStats(receiver).duplicated >= 1000 - frames);
      const got = engine.receiverStats(receiver);
      assert.equal([got.received, got.duplicated, got.reordered, got.bytes], [frames, 1000 - frames, 0, distinct]);
      assert.equal(
        got.streams.map((stream) => [stream.device, stream.received, stream.duplicated]),
        [[id, frames, 1000 - frames]],
      );
    },
  ],
  [
    'a pace of bytes gives each frame the time of its bytes',
    async (engine) => {
      await engine.openLab(lab);
      const program = ofSizes({ kind: 'random', first: 60, last: 99 });
      const id = await engine.addDevice(plan(engine, { program, pace: bytePace(100n), count: 1000 }));
      const instant = engine.start([id]);
      await until(engine, 'the end', stoppedBy(engine, id));
      const [stats] = await engine.stop([id]);
      assert.equal([stats?.sent, stats?.asked], [1000, 1000]);
      const took = (stats?.stoppedAt ?? 0n) - instant;
      assert.ok(took >= 100n * BigInt((stats?.bytes ?? 0) - largest), `${took} ns for ${stats?.bytes} bytes`);
    },
  ],
  [
    'a pace of bytes holds for frames of one size, in passes, and can be changed',
    async (engine) => {
      await engine.openLab(lab);
      const id = await engine.addDevice(plan(engine, { pace: bytePace(100n), burst: 4, count: 2000 }));
      const instant = engine.start([id]);
      await until(engine, 'some packets', () => engine.stats(id).sent > 100);
      const program = ofSizes({ kind: 'increment', first: 60, last: 99, start: 60 });
      await engine.setDevice(id, plan(engine, { pace: bytePace(50n), program, count: 2000 }));
      await until(engine, 'the end', stoppedBy(engine, id));
      const [stats] = await engine.stop([id]);
      assert.equal([stats?.sent, stats?.startedAt], [2000, instant]);
      assert.ok((stats?.stoppedAt ?? 0n) - instant >= 50n * 60n * 1900n);
    },
  ],
  [
    'flows, holes, random bits, priority: what changes in frames changes no count',
    async (engine) => {
      await engine.openLab(lab);
      const receiver = await engine.addReceiver({ name: 'rx0', interface: 'rx0' });
      const { template, operations } = stamped(80);
      const slot = (offset: number, bytes: number) => ({ offset, bytes, shift: 0, bits: 8 * bytes });
      const except = [{ first: '0x0', last: '0xffffff' }];
      const random = { kind: 'random', slot: slot(30, 4), first: '0x0', last: '0xffffffff', except } as const;
      const program: FrameProgram = {
        template,
        sizes: null,
        operations: [
          { kind: 'flows', count: 65_536, length: 3, sequential: false, value: random },
          { kind: 'increment', slot: slot(34, 2), first: '0x1', last: '0x9', step: '0x1', start: '0x2' },
          { kind: 'random_bits', slot: slot(60, 16), set: '0x1', keep: `0x${'f'.repeat(32)}` },
          ...operations,
          { kind: 'checksum', offset: 24, start: 14, length: 20 },
        ],
      };
      const id = await engine.addDevice(plan(engine, { program, count: 1000, priority: 5 }));
      engine.start([id]);
      await until(engine, 'the end', stoppedBy(engine, id));
      assert.equal([engine.stats(id).sent, engine.stats(id).failure], [1000, null]);
      await until(engine, 'the last frame', () => received(engine, receiver) >= 1000);
      assert.equal([received(engine, receiver), engine.receiverStats(receiver).duplicated], [1000, 0]);
    },
  ],
  [
    'a queue map is kept or refused, never left out in silence',
    async (engine) => {
      await engine.openLab(lab);
      const queues = (await engine.interfaces()).find(({ name }) => name === 'tx0')?.queues ?? 0;
      const map = { kind: 'sequential', first: 0, last: 1 } as const;
      const kept = queues === 1 || engine.capabilities.queueMapDrivers.includes('packet');
      assert.is(await code(() => engine.addDevice(plan(engine, { queues: map }))), kept ? 'no error' : 'EOPNOTSUPP');
      const silent = await engine.addDevice(plan(engine, { name: 'tx0@1', driver: 'null', queues: map, count: 10 }));
      const own = plan(engine, { name: 'tx0@2', queues: { kind: 'cpu' }, count: 10 });
      const loud = await engine.addDevice(own);
      assert.is(await code(() => engine.setDevice(loud, { ...own, queues: map })), kept ? 'no error' : 'EOPNOTSUPP');
      engine.start([silent, loud]);
      await until(engine, 'the end', () => !engine.stats(silent).running && !engine.stats(loud).running);
      assert.equal([engine.stats(silent).sent, engine.stats(loud).sent], [10, 10]);
    },
  ],
];
