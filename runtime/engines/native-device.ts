// SPDX-License-Identifier: Apache-2.0

import { getSystemErrorName } from 'node:util';
import type {
  FieldOperation,
  FieldSlot,
  FrameProgram,
  FrameSizes,
  ValueOperation,
} from '../../lang/frame/frame-program.ts';
import { assertNever } from '../../lang/types.ts';
import type {
  NativeDevice,
  NativeFieldOperation,
  NativeFlows,
  NativeRun,
  NativeValueOperation,
} from '../../native/index.ts';
import type { DevicePlan, DeviceStats, DriverName } from '../engine.ts';
import { emptyHistogram, type Histogram } from '../histogram.ts';

/** A device's plan as the addon takes it: numbers in binary, and words of 64 bits. */
export function nativeDevice(plan: DevicePlan): NativeDevice {
  const period = plan.pace?.period ?? { numerator: 0n, denominator: 1n };
  return {
    name: plan.name,
    program: nativeProgram(plan.program),
    paced: plan.pace !== null,
    paused: plan.paused,
    gapNs: period.numerator / period.denominator,
    gapFraction: Number(((period.numerator % period.denominator) << 32n) / period.denominator),
    perByte: plan.pace?.per === 'byte',
    burst: plan.burst,
    clones: plan.clones,
    count: BigInt(plan.count),
    late: plan.late,
    priority: plan.priority,
    seed: plan.seed,
  };
}

function nativeProgram({ template, sizes, operations }: FrameProgram): NativeDevice['program'] {
  const fields = operations.map(nativeOperation);
  return { bytes: Buffer.from(template, 'hex'), operations: sizes === null ? fields : [nativeSizes(sizes), ...fields] };
}

function nativeSizes(sizes: FrameSizes): NativeFieldOperation {
  const none = { kind: 'size', first: 0, last: 0, start: 0, sizes: [], weights: [] } as const;
  switch (sizes.kind) {
    case 'increment':
      return { ...none, order: 'increment', first: sizes.first, last: sizes.last, start: sizes.start };
    case 'random':
      return { ...none, order: 'random', first: sizes.first, last: sizes.last };
    case 'weighted':
      return {
        ...none,
        order: 'weighted',
        sizes: sizes.entries.map(({ size }) => size),
        weights: sizes.entries.map(({ weight }) => BigInt(weight)),
      };
    default:
      return assertNever(sizes);
  }
}

const noFlows: NativeFlows = { count: 0, length: 0, sequential: false };

function nativeOperation(operation: FieldOperation): NativeFieldOperation {
  switch (operation.kind) {
    case 'flows': {
      const { count, length, sequential } = operation;
      return { ...nativeValue(operation.value), flows: { count, length, sequential } };
    }
    case 'length':
    case 'stamp':
      return operation;
    case 'checksum':
      return { ...operation, length: operation.length ?? 0, toEnd: operation.length === null };
    case 'increment':
    case 'random':
    case 'list':
    case 'random_list':
    case 'random_bits':
      return { ...nativeValue(operation), flows: noFlows };
    default:
      return assertNever(operation);
  }
}

function nativeValue(operation: ValueOperation): NativeValueOperation {
  switch (operation.kind) {
    case 'increment':
      return {
        kind: 'increment',
        slot: operation.slot,
        first: BigInt(operation.first),
        last: BigInt(operation.last),
        step: BigInt(operation.step),
        start: BigInt(operation.start ?? operation.first),
      };
    case 'random':
      return {
        kind: 'random',
        slot: operation.slot,
        first: BigInt(operation.first),
        last: BigInt(operation.last),
        exceptFirst: operation.except.map(({ first }) => BigInt(first)),
        exceptLast: operation.except.map(({ last }) => BigInt(last)),
      };
    case 'list':
    case 'random_list':
      return nativeList(operation.kind, operation.slot, operation.values.map(BigInt));
    case 'random_bits': {
      const [set, keep] = [BigInt(operation.set), BigInt(operation.keep)];
      const wide = isWide(operation.slot);
      return {
        kind: 'random_bits',
        slot: wide ? lowerHalf(operation.slot) : operation.slot,
        set: lowerWord(set),
        keep: lowerWord(keep),
        wide,
        upperSet: upperWord(set),
        upperKeep: upperWord(keep),
      };
    }
    default:
      return assertNever(operation);
  }
}

/** Wider values come in two. */
function nativeList(kind: 'list' | 'random_list', slot: FieldSlot, values: readonly bigint[]): NativeValueOperation {
  if (!isWide(slot)) return { kind, slot, values, upper: [] };
  return { kind, slot: lowerHalf(slot), values: values.map(lowerWord), upper: values.map(upperWord) };
}

const wordBits = 64;

function isWide(slot: FieldSlot): boolean {
  return slot.bits > wordBits;
}

/** The second 64 bits of a slot of 128. */
function lowerHalf(slot: FieldSlot): FieldSlot {
  return { offset: slot.offset + wordBits / 8, bytes: wordBits / 8, shift: 0, bits: wordBits };
}

function lowerWord(value: bigint): bigint {
  return BigInt.asUintN(wordBits, value);
}

function upperWord(value: bigint): bigint {
  return BigInt.asUintN(wordBits, value >> BigInt(wordBits));
}

/**
 * Counters of a device as the addon gives them. The histogram, kilobytes, is asked for when somebody wants it; field by
 * field, and by a getter that all share, as these are made by the hundred a second: a getter of its own, or a copy by
 * spread, costs V8 a new shape of an object each time.
 */
export class NativeStats implements DeviceStats {
  readonly sent: number;
  readonly bytes: number;
  readonly errors: number;
  readonly late: number;
  readonly skipped: number;
  readonly asked: number | null;
  readonly inFlight: number;
  readonly running: boolean;
  readonly startedAt: bigint | null;
  readonly stoppedAt: bigint | null;
  readonly driver: DriverName;
  readonly failure: string | null;
  readonly #gaps: () => NativeRun['gaps'];

  constructor(run: NativeRun, gaps: () => NativeRun['gaps']) {
    this.sent = run.sent;
    this.bytes = run.bytes;
    this.errors = run.errors;
    this.late = run.late;
    this.skipped = run.skipped;
    this.asked = run.asked;
    this.inFlight = run.inFlight;
    this.running = run.running;
    this.startedAt = run.startedAt;
    this.stoppedAt = run.stoppedAt;
    this.driver = run.driver;
    this.failure = run.failure === 0 ? null : getSystemErrorName(-run.failure);
    this.#gaps = gaps;
  }

  get gaps(): Histogram {
    return this.#gaps() ?? emptyHistogram;
  }
}
