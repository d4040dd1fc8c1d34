// SPDX-License-Identifier: Apache-2.0

import type {
  FieldOperation,
  FieldSlot,
  FrameProgram,
  FrameSizes,
  ValueOperation,
} from '../../lang/frame/frame-program.ts';
import { overlapping } from '../../lang/frame/pktgen-frame.ts';
import { assertNever } from '../../lang/types.ts';
import { mixed, randomBelow, sizeSequence, streamState } from './frame-sizes.ts';

/** What draws anew for each built frame. */
export type Generator = FrameSizes | FieldOperation;

/**
 * The frame that a device built last, worked out from its program and seed as the native senders draw
 * (native/src/frame_builder.cc). `bytes`: the template with the fields of that frame; lengths, checksums and stamps are the
 * template's. `flows`: how many flows began.
 */
export interface LastFrame {
  readonly bytes: Uint8Array;
  readonly size: number;
  readonly sizeCounts: readonly SizeCount[];
  readonly flows: number;
}
/** How many of the built frames had a size; only where sizes are weighted. */
export interface SizeCount {
  readonly size: number;
  readonly count: number;
}

/**
 * Draws that depend on all before them are made again one after the other; so many take a tenth of a second, and of more
 * frames these are the sample from which the rest is reckoned.
 */
export const replayed = 1 << 20;

/** @param built frames since each generator began; 0: none yet */
export function lastFrame(program: FrameProgram, seed: bigint, built: (generator: Generator) => number): LastFrame {
  const bytes = Uint8Array.from(Buffer.from(program.template, 'hex'));
  let flows = 0;
  for (const operation of program.operations) {
    if (operation.kind === 'stamp' || operation.kind === 'length' || operation.kind === 'checksum') continue;
    const frames = built(operation);
    if (frames === 0) continue;
    const drawn = drawnAt(operation, frames, seed);
    flows += drawn.flows;
    const value = operation.kind === 'flows' ? operation.value : operation;
    write(bytes, value.slot, valueAt(value, drawn.index, seed));
  }
  const { sizes } = program;
  const frames = sizes === null ? 0 : built(sizes);
  const size = sizes === null || frames === 0 ? bytes.length : sizeAt(sizes, frames - 1, seed);
  return { bytes, size, sizeCounts: sizeCounts(program, frames, seed), flows };
}

/** Which of a generator's draws the last of so many frames has, counted from 0, and how many flows that took. */
function drawnAt(
  operation: ValueOperation | (FieldOperation & { readonly kind: 'flows' }),
  frames: number,
  seed: bigint,
): { readonly index: number; readonly flows: number } {
  if (operation.kind !== 'flows') return { index: frames - 1, flows: 0 };
  const { count, length } = operation;
  if (operation.sequential) {
    const index = Math.floor((frames - 1) / Math.max(1, length));
    return { index, flows: index + 1 };
  }
  const picks = streamState(mixed(BigInt.asUintN(64, ~initialOf(operation.value, seed))));
  const sent = new Float64Array(count);
  const draws = new Float64Array(count);
  let [flows, index] = [0, 0];
  for (let frame = 0; frame < Math.min(frames, replayed); frame++) {
    const flow = randomBelow(picks, count);
    const packets = sent[flow] as number;
    const anew = packets === 0 || packets > length;
    if (anew) draws[flow] = flows++;
    sent[flow] = anew ? 1 : packets + 1;
    index = draws[flow] as number;
  }
  if (frames <= replayed) return { index, flows };
  const reckoned = Math.round((flows * frames) / replayed);
  return { index: reckoned - 1, flows: reckoned };
}

const word = 64;
const golden = 0x9e3779b97f4a7c15n;

/** Where a field's random stream begins: by its place, so that changing one field changes no other's values. */
function initialOf({ slot }: ValueOperation, seed: bigint): bigint {
  // Wide fields are drawn in two halves and go by the lower one (runtime/engines/native-device.ts).
  const offset = slot.bits > word ? slot.offset + word / 8 : slot.offset;
  const place = BigInt(offset * 64 + (slot.bits > word ? 0 : slot.shift) + 1);
  return mixed(BigInt.asUintN(word, seed) ^ mixed(BigInt.asUintN(word, golden * place)));
}

/** The word that a stream gives at an index; splitmix64 is a counter behind a finaliser. */
function wordAt(initial: bigint, index: number): bigint {
  return mixed(BigInt.asUintN(word, initial + golden * BigInt(index + 1)));
}

/** Uniform below `range`. A sender draws a biased word again, once in 2^64 / range draws, which is left out here. */
function belowAt(initial: bigint, index: number, range: bigint): bigint {
  return (wordAt(initial, index) * range) >> BigInt(word);
}

function valueAt(operation: ValueOperation, index: number, seed: bigint): bigint {
  const initial = initialOf(operation, seed);
  switch (operation.kind) {
    case 'increment':
      return steppedAt({
        first: BigInt(operation.first),
        last: BigInt(operation.last),
        step: BigInt(operation.step),
        start: BigInt(operation.start ?? operation.first),
        index: BigInt(index),
      });
    case 'list':
      return BigInt(operation.values[index % operation.values.length] as string);
    case 'random_list': {
      const place = belowAt(initial, index, BigInt(operation.values.length));
      return BigInt(operation.values[Number(place)] as string);
    }
    case 'random': {
      const parts = allowedParts(operation);
      const total = parts.reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
      let place = belowAt(initial, index, total);
      for (const { first, last } of parts) {
        if (first + place <= last) return first + place;
        place -= last - first + 1n;
      }
      throw new Error(`${place} is not below the number of allowed values`);
    }
    case 'random_bits': {
      const wide = operation.slot.bits > word;
      const drawn = wide
        ? (wordAt(initial, 2 * index) << BigInt(word)) | wordAt(initial, 2 * index + 1)
        : wordAt(initial, index);
      return (drawn | BigInt(operation.set)) & BigInt(operation.keep);
    }
    default:
      return assertNever(operation);
  }
}

interface Interval {
  readonly first: bigint;
  readonly last: bigint;
}

/** What the exceptions of a random range leave of it, ascending. */
function allowedParts(operation: ValueOperation & { readonly kind: 'random' }): readonly Interval[] {
  const whole = { first: BigInt(operation.first), last: BigInt(operation.last) };
  const holes = overlapping(
    whole,
    operation.except.map((hole) => ({ first: BigInt(hole.first), last: BigInt(hole.last) })),
  ).toSorted((a, b) => (a.first < b.first ? -1 : 1));
  const parts: Interval[] = [];
  let next = whole.first;
  for (const { first, last } of holes) {
    if (first > next) parts.push({ first: next, last: first - 1n });
    if (last >= next) next = last + 1n;
  }
  if (next <= whole.last) parts.push({ first: next, last: whole.last });
  return parts;
}

/** A value of an increment: from `start` on, and back to `first` once it would pass `last`. */
function steppedAt(from: Interval & { readonly step: bigint; readonly start: bigint; readonly index: bigint }): bigint {
  const { first, last, step, start, index } = from;
  const before = (last - start) / step + 1n;
  if (index < before) return start + index * step;
  const round = (last - first) / step + 1n;
  return first + ((index - before) % round) * step;
}

function sizeAt(sizes: FrameSizes, index: number, seed: bigint): number {
  const initial = mixed(BigInt.asUintN(word, seed));
  switch (sizes.kind) {
    case 'increment': {
      const { first, last, start } = sizes;
      const [a, b, c] = [first, last, start].map(BigInt) as [bigint, bigint, bigint];
      return Number(steppedAt({ first: a, last: b, step: 1n, start: c, index: BigInt(index) }));
    }
    case 'random':
      return sizes.first + Number(belowAt(initial, index, BigInt(sizes.last - sizes.first + 1)));
    case 'weighted': {
      const total = sizes.entries.reduce((sum, { weight }) => sum + BigInt(weight), 0n);
      let place = belowAt(initial, index, total);
      for (const { size, weight } of sizes.entries) {
        if (place < weight) return size;
        place -= BigInt(weight);
      }
      throw new Error(`${place} is not below the sum of the weights`);
    }
    default:
      return assertNever(sizes);
  }
}

function sizeCounts(program: FrameProgram, frames: number, seed: bigint): readonly SizeCount[] {
  const { sizes } = program;
  if (sizes?.kind !== 'weighted') return [];
  const counts = new Map(sizes.entries.map(({ size }) => [size, 0]));
  const sequence = sizeSequence(program, seed);
  const state = sequence?.begin();
  const sample = Math.min(frames, replayed);
  for (let frame = 0; frame < sample && sequence !== null && state !== undefined; frame++) {
    const size = sequence.draw(state);
    counts.set(size, (counts.get(size) ?? 0) + 1);
  }
  return [...counts].map(([size, count]) => {
    return { size, count: sample === frames ? count : Math.round((count * frames) / sample) };
  });
}

function write(bytes: Uint8Array, { offset, bytes: width, shift, bits }: FieldSlot, value: bigint): void {
  const mask = ((1n << BigInt(bits)) - 1n) << BigInt(shift);
  let window = 0n;
  for (let i = 0; i < width; i++) window = (window << 8n) | BigInt(bytes[offset + i] as number);
  window = (window & ~mask) | ((value << BigInt(shift)) & mask);
  for (let i = width - 1; i >= 0; i--) {
    bytes[offset + i] = Number(window & 0xffn);
    window >>= 8n;
  }
}
