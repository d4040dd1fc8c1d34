// SPDX-License-Identifier: Apache-2.0

import type { FrameProgram } from '../../lang/frame/frame-program.ts';
import { assertNever } from '../../lang/types.ts';

/** Where a device's sizes stand: the next one of an increment, or a random stream's state in two 32-bit halves. */
export interface SizeState {
  next: number;
  high: number;
  low: number;
}

/** The sizes of a device's frames, one after the other: the same ones as the native senders draw for the same seed. */
export interface SizeSequence {
  readonly begin: () => SizeState;
  /** The next frame's bytes without FCS; moves the state on. */
  readonly draw: (state: SizeState) => number;
}

/** Null: every frame has the template's length. */
export function sizeSequence({ sizes }: FrameProgram, seed: bigint): SizeSequence | null {
  if (sizes === null) return null;
  // The sizes' place among a frame's generators is 0 (native/src/frame_builder.cc).
  const begin = (next: number): SizeState => ({ ...streamState(mixed(BigInt.asUintN(64, seed))), next });
  switch (sizes.kind) {
    case 'increment':
      return {
        begin: () => begin(sizes.start),
        draw: (state) => {
          const size = state.next;
          state.next = size >= sizes.last ? sizes.first : size + 1;
          return size;
        },
      };
    case 'random': {
      const range = sizes.last - sizes.first + 1;
      return { begin: () => begin(0), draw: (state) => sizes.first + randomBelow(state, range) };
    }
    case 'weighted': {
      const total = sizes.entries.reduce((sum, { weight }) => sum + weight, 0);
      return {
        begin: () => begin(0),
        draw: (state) => {
          let place = randomBelow(state, total);
          for (const { size, weight } of sizes.entries) {
            if (place < weight) return size;
            place -= weight;
          }
          throw new Error(`${place} is not below the sum of the weights`);
        },
      };
    }
    default:
      return assertNever(sizes);
  }
}

/** A random stream's state in two halves. */
export function streamState(state: bigint): SizeState {
  return { next: 0, high: Number(state >> 32n), low: Number(state & 0xffff_ffffn) };
}

// splitmix64 (Steele, Lea, Flood 2014), as native/src/random.h.
const mixers: readonly [bigint, bigint] = [0xbf58476d1ce4e5b9n, 0x94d049bb133111ebn];

/** Its finaliser. */
export function mixed(word: bigint): bigint {
  const first = BigInt.asUintN(64, (word ^ (word >> 30n)) * mixers[0]);
  const second = BigInt.asUintN(64, (first ^ (first >> 27n)) * mixers[1]);
  return second ^ (second >> 31n);
}

/**
 * Uniform in 0..range-1, `range` a whole number from 1 to 2^53 (Lemire 2019: multiply, and reject what would be biased).
 * In halves of 32 bits, since a bigint takes ten times as long and a dry run draws millions.
 */
export function randomBelow(state: SizeState, range: number): number {
  if (range >= 2 ** 32) return Number(wideBelow(state, BigInt(range)));
  for (;;) {
    const [high, low] = nextWord(state);
    // The 96-bit product of the word and the range, its upper 32 bits the result.
    const lower = product(low, range);
    const upper = product(high, range);
    const middle = upper[1] + lower[0];
    const result = upper[0] + (middle >= 2 ** 32 ? 1 : 0);
    if (middle % 2 ** 32 !== 0 || lower[1] >= range) return result;
    // Only now can the draw be biased; once in 2^64 / range.
    if (BigInt(lower[1]) >= (2n ** 64n - BigInt(range)) % BigInt(range)) return result;
  }
}

function wideBelow(state: SizeState, range: bigint): bigint {
  const biased = (2n ** 64n - range) % range;
  for (;;) {
    const [high, low] = nextWord(state);
    const whole = ((BigInt(high) << 32n) | BigInt(low)) * range;
    if (BigInt.asUintN(64, whole) >= biased) return whole >> 64n;
  }
}

type Word = readonly [high: number, low: number];

const golden: Word = [0x9e3779b9, 0x7f4a7c15];
const firstMixer: Word = [0xbf58476d, 0x1ce4e5b9];
const secondMixer: Word = [0x94d049bb, 0x133111eb];

function nextWord(state: SizeState): Word {
  const low = state.low + golden[1];
  state.high = (state.high + golden[0] + (low >= 2 ** 32 ? 1 : 0)) >>> 0;
  state.low = low >>> 0;
  const first = timesWord(shifted([state.high, state.low], 30), firstMixer);
  const second = timesWord(shifted(first, 27), secondMixer);
  return shifted(second, 31);
}

/** A word exclusive-or'ed with itself shifted right by 1 to 31 bits. */
function shifted([high, low]: Word, bits: number): Word {
  return [(high ^ (high >>> bits)) >>> 0, (low ^ ((low >>> bits) | (high << (32 - bits)))) >>> 0];
}

/** The lower 64 bits of the product of two words. */
function timesWord(a: Word, b: Word): Word {
  const [carry, low] = product(a[1], b[1]);
  return [(carry + Math.imul(a[0], b[1]) + Math.imul(a[1], b[0])) >>> 0, low];
}

/** The 64 bits of the product of two 32-bit numbers. */
function product(a: number, b: number): Word {
  const [aHigh, aLow, bHigh, bLow] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const lowest = aLow * bLow;
  const middle = aHigh * bLow + (lowest >>> 16);
  const other = aLow * bHigh + (middle & 0xffff);
  return [aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(other / 0x10000), Math.imul(a, b) >>> 0];
}
