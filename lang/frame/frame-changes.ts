// SPDX-License-Identifier: Apache-2.0

import type { FrameValue } from '../known-values.ts';
import { formatAddress } from '../syntax/addresses.ts';
import { assertNever } from '../types.ts';
import { type AssembleOptions, assemble, type PlacedLayer } from './assemble.ts';
import type { FieldOperation, FieldSlot, ValueOperation } from './frame-program.ts';

/** What changes in a frame from packet to packet. */
export interface FrameChange {
  /** `ipv4.dst`; the bytes where no field of one name stands there. */
  readonly name: string;
  /** The first byte that may change, and how many. */
  readonly offset: number;
  readonly bytes: number;
  /** How, in a word or two. */
  readonly how: string;
  /** Its next values; of what is drawn or follows from the rest, none is known. */
  readonly next: readonly string[];
}

/** Values that are shown of a generator: enough to see where it goes. */
const shownValues = 4;
/** pktgen's header: magic, sequence number, seconds and microseconds; the magic stays. */
const magicBytes = 4;
const stampBytes = 12;

/** The bytes of a frame that change, in the order in which they are written; null where it cannot be built as it is. */
export function frameChanges(frame: FrameValue, options: AssembleOptions): readonly FrameChange[] | null {
  const built = assemble(frame, options);
  if (!built.ok) return null;
  return built.program.operations.map((operation) => changeOf(operation, built.layers));
}

function changeOf(operation: FieldOperation, layers: readonly PlacedLayer[]): FrameChange {
  switch (operation.kind) {
    case 'stamp': {
      const how = operation.time ? 'counts packets, tells the time' : 'counts packets';
      const next = ['1', '2', '3', '4'].slice(0, shownValues);
      return { name: 'pktgen', offset: operation.offset + magicBytes, bytes: stampBytes, how, next };
    }
    case 'checksum':
      return {
        ...placed({ offset: operation.offset, bytes: 2, shift: 0, bits: 16 }, layers),
        how: 'follows',
        next: [],
      };
    case 'length':
      return { ...placed(operation.slot, layers), how: 'follows the size', next: [] };
    case 'flows':
      return { ...changeOf(operation.value, layers), how: `for each of ${operation.count} flows` };
    default:
      return { ...placed(operation.slot, layers), ...generated(operation, layers) };
  }
}

function generated(operation: ValueOperation, layers: readonly PlacedLayer[]): Pick<FrameChange, 'how' | 'next'> {
  const show = (value: bigint): string => shown(value, operation.slot, layers);
  switch (operation.kind) {
    case 'increment': {
      const [first, last, step] = [BigInt(operation.first), BigInt(operation.last), BigInt(operation.step)];
      const next: string[] = [];
      for (let value = BigInt(operation.start ?? operation.first); next.length < shownValues; ) {
        next.push(show(value));
        value = value + step > last ? first : value + step;
      }
      return { how: `steps ${show(first)}..${show(last)}`, next };
    }
    case 'list': {
      const { values } = operation;
      const next = Array.from({ length: shownValues }, (_, at) => show(BigInt(values[at % values.length] ?? 0)));
      return { how: `${values.length} in turn`, next };
    }
    case 'random':
      return { how: `drawn from ${show(BigInt(operation.first))}..${show(BigInt(operation.last))}`, next: [] };
    case 'random_list':
      return { how: `drawn from ${operation.values.length}`, next: [] };
    case 'random_bits':
      return { how: 'random bits', next: [] };
    default:
      return assertNever(operation);
  }
}

function fieldAt({ offset, bytes, shift, bits }: FieldSlot, layers: readonly PlacedLayer[]) {
  const bit = (offset + bytes) * 8 - shift - bits;
  for (const { protocol, start, places } of layers) {
    const place = places.find((one) => start * 8 + one.bit === bit);
    if (place !== undefined) return { protocol, field: place.field };
  }
  return null;
}

function placed(slot: FieldSlot, layers: readonly PlacedLayer[]): Pick<FrameChange, 'name' | 'offset' | 'bytes'> {
  const found = fieldAt(slot, layers);
  const { offset, bytes } = slot;
  const name = found === null ? `bytes ${offset}..${offset + bytes - 1}` : `${found.protocol.name}.${found.field.name}`;
  return { name, offset, bytes };
}

function shown(value: bigint, slot: FieldSlot, layers: readonly PlacedLayer[]): string {
  const type = fieldAt(slot, layers)?.field.type;
  if (type === 'ipv6') return formatAddress('ipv6', value.toString(16).padStart(32, '0'));
  if (type === 'mac' || type === 'ipv4') return formatAddress(type, Number(value));
  return value.toString();
}
