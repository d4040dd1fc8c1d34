// SPDX-License-Identifier: Apache-2.0
//
// The last of many frames, worked out without building the others, beside a builder that builds them all. Draws are held
// against the senders' own in test/native/kernel-frames.test.ts.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FieldOperation, FrameProgram } from '../../lang/frame/frame-program.ts';
import { sizeSequence } from '../../runtime/engines/frame-sizes.ts';
import { lastFrame, replayed } from '../../runtime/engines/frame-values.ts';
import { GeneratorOrigins } from '../../runtime/scenario/generator-origins.ts';
import { FrameInterpreter } from '../frame-interpreter.ts';
import { fc } from '../laws.ts';

const test = suite('values of the last frame');

const slot = { offset: 4, bytes: 4, shift: 3, bits: 20 };
const programOf = (operations: readonly FieldOperation[], sizes: FrameProgram['sizes'] = null): FrameProgram => {
  return { template: 'a5'.repeat(64), sizes, operations };
};
const hex = (value: number): string => `0x${value.toString(16)}`;

const increment = fc
  .record({
    first: fc.integer({ min: 0, max: 30 }),
    length: fc.integer({ min: 0, max: 30 }),
    step: fc.integer({ min: 1, max: 40 }),
    start: fc.integer({ min: 0, max: 30 }),
  })
  .map(({ first, length, step, start }): FieldOperation & { readonly kind: 'increment' } => {
    const begin = Math.min(first + start, first + length);
    return {
      kind: 'increment',
      slot,
      first: hex(first),
      last: hex(first + length),
      step: hex(step),
      start: hex(begin),
    };
  });
const list = fc
  .array(fc.integer({ min: 0, max: 0xfffff }).map(hex), { minLength: 1, maxLength: 9 })
  .map((values): FieldOperation & { readonly kind: 'list' } => ({ kind: 'list', slot, values }));
const flows = fc
  .record({ value: increment, count: fc.integer({ min: 1, max: 5 }), length: fc.integer({ min: 1, max: 7 }) })
  .map((flow): FieldOperation => ({ kind: 'flows', sequential: true, ...flow }));

test('values in order, as when every frame is built', () => {
  fc.assert(
    fc.property(fc.oneof(increment, list, flows), fc.integer({ min: 1, max: 200 }), (operation, frames) => {
      const program = programOf([operation]);
      const built = new FrameInterpreter(program);
      let last = built.next(1);
      for (let i = 1; i < frames; i++) last = built.next(i + 1);
      assert.equal(lastFrame(program, 1n, () => frames).bytes, last);
    }),
  );
});

const someSizes = fc.constantFrom<NonNullable<FrameProgram['sizes']>>(
  { kind: 'increment', first: 20, last: 27, start: 25 },
  { kind: 'random', first: 20, last: 60 },
  { kind: 'weighted', entries: [20, 40, 64].map((size, i) => ({ size, weight: 3 * i + 1 })) },
);

test('sizes, as when every size is drawn', () => {
  const seeds = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  fc.assert(
    fc.property(someSizes, seeds, fc.integer({ min: 1, max: 300 }), (sizes, seed, frames) => {
      const program = programOf([], sizes);
      const sequence = sizeSequence(program, seed);
      const state = sequence?.begin();
      const drawn = Array.from({ length: frames }, () =>
        sequence === null || state === undefined ? 0 : sequence.draw(state),
      );
      const { size, sizeCounts } = lastFrame(program, seed, () => frames);
      assert.is(size, drawn.at(-1));
      for (const one of sizeCounts) assert.is(one.count, drawn.filter((other) => other === one.size).length);
      assert.is(sizeCounts.length, sizes.kind === 'weighted' ? 3 : 0);
    }),
  );
});

test('before the first frame the template stands', () => {
  const program = programOf([{ kind: 'increment', slot, first: '0x5', last: '0x9', step: '0x1', start: null }]);
  const { bytes, flows } = lastFrame(program, 1n, () => 0);
  assert.is(Buffer.from(bytes).toString('hex'), program.template);
  assert.is(flows, 0);
});

test('what is reckoned of very many frames adds up', () => {
  const entries = [60, 40, 20].map((size, i) => ({ size, weight: i + 1 }));
  const frames = 3 * replayed + 1;
  const { sizeCounts } = lastFrame(programOf([], { kind: 'weighted', entries }), 1n, () => frames);
  const sum = sizeCounts.reduce((total, { count }) => total + count, 0);
  assert.ok(Math.abs(sum - frames) <= entries.length, `${sum} of ${frames}`);
  const value = { kind: 'increment', slot, first: '0x0', last: '0xfffff', step: '0x1', start: null } as const;
  const program = programOf([{ kind: 'flows', count: 8, length: 9, sequential: false, value }]);
  const { flows } = lastFrame(program, 1n, () => frames);
  // A flow begins anew after ten packets.
  assert.ok(Math.abs(flows - frames / 10) < frames / 1000, `${flows} flows`);
});

test('generators that a change keeps go on, others begin anew', () => {
  const [kept, gone, came] = ['0x5', '0x6', '0x7'].map((last): FieldOperation => {
    return { kind: 'increment', slot, first: '0x0', last, step: '0x1', start: null };
  }) as [FieldOperation, FieldOperation, FieldOperation];
  const [before, after] = [programOf([kept, gone]), programOf([kept, came])];
  const origins = new GeneratorOrigins();
  assert.is(origins.since(kept, 10), 10);
  origins.changed(before, after, 10);
  assert.equal([origins.since(kept, 15), origins.since(came, 15)], [15, 5]);
  origins.cleared(after, 15);
  assert.equal([origins.since(kept, 2), origins.since(came, 2)], [17, 7]);
  origins.started();
  assert.is(origins.since(came, 3), 3);
});

test.run();
