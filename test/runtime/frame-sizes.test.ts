// SPDX-License-Identifier: Apache-2.0
//
// The dry run draws sizes as the native senders do. That both give the same bytes is a case of the conformance suite; here the
// halves of words are held against whole ones.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FrameSizes } from '../../lang/frame/frame-program.ts';
import { sizeSequence } from '../../runtime/engines/frame-sizes.ts';
import { fc } from '../laws.ts';

const test = suite('sizes of the dry run');

const word = (value: bigint) => BigInt.asUintN(64, value);

/** splitmix64 (Steele, Lea, Flood 2014), in whole words. */
function splitmix(seed: bigint): () => bigint {
  const mix = (x: bigint): bigint => {
    const first = word((x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n);
    const second = word((first ^ (first >> 27n)) * 0x94d049bb133111ebn);
    return second ^ (second >> 31n);
  };
  let state = mix(seed);
  return () => {
    state = word(state + 0x9e3779b97f4a7c15n);
    return mix(state);
  };
}

function drawn(sizes: FrameSizes, seed: bigint, count: number): number[] {
  const sequence = sizeSequence({ template: '', sizes, operations: [] }, seed);
  if (sequence === null) throw new Error('there are no sizes');
  const state = sequence.begin();
  return Array.from({ length: count }, () => sequence.draw(state));
}

const seeds = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

test('a drawn size is its part of a whole word', () => {
  const lasts = fc.integer({ min: 60, max: 9216 });
  fc.assert(
    fc.property(seeds, lasts, (seed, last) => {
      const next = splitmix(seed);
      const range = BigInt(last - 60 + 1);
      // A draw that had to be rejected comes once in 2^50.
      const expected = Array.from({ length: 20 }, () => 60 + Number((next() * range) >> 64n));
      assert.equal(drawn({ kind: 'random', first: 60, last }, seed, 20), expected);
    }),
  );
});

test('weights divide the words among the sizes, also where their sum is beyond 32 bits', () => {
  const some = fc.array(fc.integer({ min: 1, max: 2 ** 40 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(seeds, some, (seed, weights) => {
      const next = splitmix(seed);
      const total = BigInt(weights.reduce((a, b) => a + b));
      const sizeOf = (drawnOf: bigint): number => {
        let [size, place] = [100, drawnOf];
        for (const weight of weights) {
          if (place < weight) break;
          place -= BigInt(weight);
          size++;
        }
        return size;
      };
      const expected = Array.from({ length: 20 }, () => sizeOf((next() * total) >> 64n));
      const entries = weights.map((weight, i) => ({ size: 100 + i, weight }));
      assert.equal(drawn({ kind: 'weighted', entries }, seed, 20), expected);
    }),
  );
});

test('sizes in order go round', () => {
  assert.equal(drawn({ kind: 'increment', first: 60, last: 62, start: 61 }, 1n, 5), [61, 62, 60, 61, 62]);
});

test.run();
