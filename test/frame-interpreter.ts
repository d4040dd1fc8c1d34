// SPDX-License-Identifier: Apache-2.0

import type {
  FieldOperation,
  FieldSlot,
  FrameProgram,
  FrameSizes,
  ValueOperation,
} from '../lang/frame/frame-program.ts';

/**
 * The reference for what a frame program means: builds its frames one after the other, a byte at a time and as plainly as
 * it can be said (lang/frame/frame-program.ts). Draws differ from a sender's, their rule does not. Both times of the stamp
 * are 0.
 */
export class FrameInterpreter {
  readonly #program: FrameProgram;
  readonly #random: Random;
  readonly #values: readonly (() => bigint)[];
  readonly #nextSize: () => number;

  constructor(program: FrameProgram, seed = 1n) {
    this.#program = program;
    this.#random = new Random(seed);
    this.#nextSize = this.#sizes(program.sizes);
    this.#values = program.operations.map((operation) => this.#generator(operation));
  }

  /** The next frame. `sequence`: what its pktgen header says. */
  next(sequence: number): Uint8Array {
    const size = this.#nextSize();
    const bytes = Uint8Array.from(Buffer.from(this.#program.template, 'hex').subarray(0, size));
    for (const [at, operation] of this.#program.operations.entries()) {
      switch (operation.kind) {
        case 'stamp': {
          const view = new DataView(bytes.buffer, operation.offset);
          view.setUint32(4, sequence);
          view.setUint32(8, 0);
          view.setUint32(12, 0);
          break;
        }
        case 'length':
          write(bytes, operation.slot, BigInt(size - operation.minus));
          break;
        case 'checksum':
          checksum(bytes, operation);
          break;
        default:
          write(
            bytes,
            (operation.kind === 'flows' ? operation.value : operation).slot,
            (this.#values[at] as () => bigint)(),
          );
      }
    }
    return bytes;
  }

  #sizes(sizes: FrameSizes | null): () => number {
    if (sizes === null) return () => this.#program.template.length / 2;
    if (sizes.kind === 'random') return () => Number(this.#random.within(BigInt(sizes.first), BigInt(sizes.last)));
    if (sizes.kind === 'increment') {
      let next = sizes.start;
      return () => {
        const size = next;
        next = size + 1 > sizes.last ? sizes.first : size + 1;
        return size;
      };
    }
    const total = sizes.entries.reduce((sum, { weight }) => sum + BigInt(weight), 0n);
    return () => {
      let left = this.#random.within(0n, total - 1n);
      for (const { size, weight } of sizes.entries) {
        if (left < BigInt(weight)) return size;
        left -= BigInt(weight);
      }
      throw new Error('no size has the drawn weight');
    };
  }

  #generator(operation: FieldOperation): () => bigint {
    switch (operation.kind) {
      case 'stamp':
      case 'length':
      case 'checksum':
        return () => 0n;
      case 'flows':
        return this.#flows(operation);
      default:
        return this.#value(operation);
    }
  }

  #value(operation: ValueOperation): () => bigint {
    switch (operation.kind) {
      case 'increment': {
        const [first, last, step] = [operation.first, operation.last, operation.step].map(BigInt) as [
          bigint,
          bigint,
          bigint,
        ];
        let next = operation.start === null ? first : BigInt(operation.start);
        return () => {
          const value = next;
          next = value + step > last ? first : value + step;
          return value;
        };
      }
      case 'list': {
        let next = 0;
        return () => BigInt(operation.values[next++ % operation.values.length] as string);
      }
      case 'random_list':
        return () => {
          const at = this.#random.within(0n, BigInt(operation.values.length - 1));
          return BigInt(operation.values[Number(at)] as string);
        };
      case 'random':
        return () => {
          for (;;) {
            const value = this.#random.within(BigInt(operation.first), BigInt(operation.last));
            if (!operation.except.some(({ first, last }) => value >= BigInt(first) && value <= BigInt(last)))
              return value;
          }
        };
      default:
        return () => (this.#random.bits(operation.slot.bits) | BigInt(operation.set)) & BigInt(operation.keep);
    }
  }

  /** pktgen's f_pick: a flow keeps its value until it has had `length` packets, or more than that where flows are drawn. */
  #flows({ count, length, sequential, value }: FieldOperation & { readonly kind: 'flows' }): () => bigint {
    const next = this.#value(value);
    const flows = Array.from({ length: count }, (): { packets: number; value: bigint | null } => {
      return { packets: 0, value: null };
    });
    let current = 0;
    const flowAt = (at: number) => flows[at] as { packets: number; value: bigint | null };
    return () => {
      if (!sequential) current = Number(this.#random.within(0n, BigInt(count - 1)));
      const { packets } = flowAt(current);
      if (sequential ? packets >= length : packets > length) {
        flows[current] = { packets: 0, value: null };
        if (sequential) current = (current + 1) % count;
      }
      const flow = flowAt(current);
      flow.value ??= next();
      flow.packets++;
      return flow.value;
    };
  }
}

/** A linear congruential generator of 64 bits (Knuth, MMIX), of which the upper half is used. */
class Random {
  #state: bigint;

  constructor(seed: bigint) {
    this.#state = seed;
  }

  bits(count: number): bigint {
    let drawn = 0n;
    for (let have = 0; have < count; have += 32) {
      this.#state = BigInt.asUintN(64, this.#state * 6364136223846793005n + 1442695040888963407n);
      drawn = (drawn << 32n) | (this.#state >> 32n);
    }
    return BigInt.asUintN(count, drawn);
  }

  within(first: bigint, last: bigint): bigint {
    return first + (this.bits(96) % (last - first + 1n));
  }
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

function checksum(bytes: Uint8Array, operation: FieldOperation & { readonly kind: 'checksum' }): void {
  const { offset, start, length, pseudo } = operation;
  const end = length === null ? bytes.length : start + length;
  bytes[offset] = 0;
  bytes[offset + 1] = 0;
  let sum = words(bytes.subarray(start, end));
  if (pseudo !== undefined) {
    sum += words(bytes.subarray(pseudo.start, pseudo.start + pseudo.length)) + pseudo.sum;
    if (length === null) sum += end - start;
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  const value = ~sum & 0xffff;
  new DataView(bytes.buffer).setUint16(offset, value === 0 ? (pseudo?.zero ?? 0) : value);
}

/** The sum of 16-bit words (RFC 1071), not yet folded. */
export function words(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] as number) << 8) | (bytes[i + 1] ?? 0);
  return sum;
}
