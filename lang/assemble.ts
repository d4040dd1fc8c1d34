// SPDX-License-Identifier: Apache-2.0

import { report } from './catalogue-meaning.ts';
import type { Diagnostic } from './diagnostic.ts';
import { type Failure, failureFrom } from './failure.ts';
import { type FieldContent, fieldContent, firstValue } from './field-content.ts';
import type { FieldOperation, FieldSlot, FrameProgram } from './frame-program.ts';
import type { Layer } from './layer.ts';
import { mayFollow, type Protocol, type ProtocolField, pktgenMagic, protocols } from './protocols.ts';
import { cover, type Span } from './source.ts';
import { assertNever } from './types.ts';
import type { Value } from './value.ts';

/** What a frame needs to know of the device that sends it. Sizes in bytes without FCS, addresses as numbers. */
export interface AssembleOptions {
  /** The device's `pkt_size`; null: what the layers need, at least 60. */
  readonly pktSize: number | null;
  /** The interface's MTU, null where it is not known. */
  readonly mtu: number | null;
  readonly sourceMac: number;
  /** The MAC address of the lab peer, null outside a lab. */
  readonly peerMac: number | null;
}

export type Assembled =
  | { readonly ok: true; readonly program: FrameProgram }
  | { readonly ok: false; readonly failure: Failure };

/** Ethernet's shortest frame without FCS (IEEE 802.3), and pktgen's usual size. */
const shortestFrame = 60;
/** An Ethernet header: what a frame may have beyond the MTU. */
const linkHeader = 14;
/** The largest frame that senders build: a 9000-byte MTU with Ethernet and two VLAN tags, rounded up. */
export const largestFrame = 9216;

/** Bytes that a stack of layers needs, without padding. */
export function headerBytes(stack: readonly string[]): number {
  return stack.reduce((sum, name) => sum + (protocols.get(name)?.size ?? 0), 0);
}

/**
 * What is wrong with a frame's size, null if nothing is. `needed`: bytes of the layers; `size` null: what they need.
 * Shared by the checker, which knows constants, and the assembler, which knows the interface.
 */
export function sizeProblem(size: number | null, needed: number, mtu: number | null, span: Span): Diagnostic | null {
  const bytes = (n: number) => `${n}B`;
  if (size !== null && size < needed) {
    const hints = [`\`pkt_size ${bytes(Math.max(needed, shortestFrame))}\`, or fewer layers`];
    return report('PG5010', { size: bytes(size), needed: bytes(needed) }, span, { hints });
  }
  const total = size ?? Math.max(needed, shortestFrame);
  const room = Math.min(mtu === null ? largestFrame : mtu + linkHeader, largestFrame);
  if (total <= room) return null;
  const limit = room === largestFrame ? 'a sender' : `the MTU of ${bytes(room - linkHeader)}`;
  return report('PG5011', { size: bytes(total), room: bytes(room), limit }, span);
}

/** A layer and where its header begins. */
interface PlacedLayer {
  readonly layer: Layer<Value>;
  readonly protocol: Protocol;
  readonly start: number;
  /** The layer above, null for the innermost. */
  readonly next: Protocol | null;
}

/**
 * Makes the frame program of a frame: the first packet's bytes and what changes from packet to packet. Fields that nobody
 * wrote get the protocol table's fallback; lengths count to the frame's end, so padding belongs to the innermost payload,
 * as in pktgen. Checksums come last, where a field that changes is inside their range.
 */
export function assemble(frame: Value & { readonly type: 'frame' }, options: AssembleOptions): Assembled {
  const refuse = (diagnostic: Diagnostic): Assembled => ({ ok: false, failure: failureFrom(diagnostic) });
  const misplaced = orderProblem(frame.layers);
  if (misplaced !== null) return refuse(misplaced);
  const layers = place(frame.layers);

  const whole = frame.layers.map((layer) => layer.span).reduce(cover);
  const needed = headerBytes(layers.map((layer) => layer.protocol.name));
  const problem = sizeProblem(options.pktSize, needed, options.mtu, whole);
  if (problem !== null) return refuse(problem);

  const bytes = new Uint8Array(options.pktSize ?? Math.max(needed, shortestFrame));
  const operations: FieldOperation[] = [];
  const checksums: PlacedLayer[] = [];
  for (const at of layers) {
    for (const field of at.protocol.fields) {
      const slot = slotOf(at.start, field);
      const written = at.layer.fields.find((candidate) => candidate.name === field.name);
      if (written !== undefined) {
        const content = fieldContent(`${at.protocol.name}.${field.name}`, field, written.source, written.span);
        if (!content.ok) return content;
        writeBits(bytes, slot, firstValue(content.value));
        if (content.value.kind !== 'value') operations.push(operationOf(slot, content.value));
        continue;
      }
      const { fallback } = field;
      if (fallback.kind === 'header checksum') {
        checksums.push(at);
        continue;
      }
      const value = fallbackValue(at, field, bytes.length, options);
      if (value === null) {
        return refuse(report('PG5009', {}, at.layer.span, { hints: ['`eth(dst: 02:00:00:00:00:01)`'] }));
      }
      writeBits(bytes, slot, BigInt(value));
    }
    if (at.protocol.stamp) {
      writeBits(bytes, { offset: at.start, bytes: 4, shift: 0, bits: 32 }, BigInt(pktgenMagic));
      operations.push({ kind: 'stamp', offset: at.start });
    }
  }

  for (const at of checksums) {
    const field = at.protocol.fields.find(
      (candidate) => candidate.fallback.kind === 'header checksum',
    ) as ProtocolField;
    const { offset } = slotOf(at.start, field);
    const header = bytes.subarray(at.start, at.start + at.protocol.size);
    writeBits(bytes, slotOf(at.start, field), BigInt(internetChecksum(header)));
    const changes = operations.some((operation) => writesInto(operation, at.start, at.protocol.size));
    if (changes) operations.push({ kind: 'checksum', offset, start: at.start, length: at.protocol.size });
  }
  return { ok: true, program: { template: hexadecimal(bytes), operations } };
}

/** The Internet checksum of bytes whose own checksum field is zero (RFC 1071). */
export function internetChecksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] as number) << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** The first layer that cannot stand where it stands, null if all can. */
function orderProblem(layers: readonly Layer<Value>[]): Diagnostic | null {
  let lower: Protocol | null = null;
  for (const layer of layers) {
    const protocol = protocolOf(layer);
    if (!mayFollow(protocol, lower)) {
      return lower === null
        ? report('PG5008', { first: `\`${protocol.name}\`` }, layer.span)
        : report('PG5002', { upper: protocol.name, lower: lower.name }, layer.span);
    }
    lower = protocol;
  }
  return null;
}

/** Puts layers behind each other. */
function place(layers: readonly Layer<Value>[]): readonly PlacedLayer[] {
  let start = 0;
  return layers.map((layer, index) => {
    const protocol = protocolOf(layer);
    const above = layers[index + 1];
    const placed = { layer, protocol, start, next: above === undefined ? null : protocolOf(above) };
    start += protocol.size;
    return placed;
  });
}

function protocolOf(layer: Layer<Value>): Protocol {
  const protocol = protocols.get(layer.protocol);
  if (protocol === undefined) throw new Error(`no protocol ${layer.protocol} in the table`);
  return protocol;
}

function fallbackValue(
  at: PlacedLayer,
  field: ProtocolField,
  frameBytes: number,
  options: AssembleOptions,
): number | null {
  const { fallback } = field;
  switch (fallback.kind) {
    case 'value':
      return fallback.value;
    case 'source mac':
      return options.sourceMac;
    case 'peer mac':
      return options.peerMac;
    case 'next':
      return at.next?.numbers[at.protocol.name] ?? fallback.none;
    case 'length':
      return frameBytes - at.start;
    case 'header checksum':
      return 0;
    default:
      return assertNever(fallback);
  }
}

/** The smallest window of whole bytes around a field. */
function slotOf(start: number, field: ProtocolField): FieldSlot {
  const offset = Math.floor(field.bit / 8);
  const end = Math.ceil((field.bit + field.bits) / 8);
  const shift = end * 8 - (field.bit + field.bits);
  return { offset: start + offset, bytes: end - offset, shift, bits: field.bits };
}

function writeBits(bytes: Uint8Array, slot: FieldSlot, value: bigint): void {
  const mask = ((1n << BigInt(slot.bits)) - 1n) << BigInt(slot.shift);
  let window = 0n;
  for (let i = 0; i < slot.bytes; i++) window = (window << 8n) | BigInt(bytes[slot.offset + i] as number);
  window = (window & ~mask) | ((value << BigInt(slot.shift)) & mask);
  for (let i = slot.bytes - 1; i >= 0; i--) {
    bytes[slot.offset + i] = Number(window & 0xffn);
    window >>= 8n;
  }
}

function hexadecimal(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const hex = (value: bigint) => `0x${value.toString(16)}`;

function operationOf(slot: FieldSlot, content: Exclude<FieldContent, { readonly kind: 'value' }>): FieldOperation {
  switch (content.kind) {
    case 'increment':
      return { ...content, slot, first: hex(content.first), last: hex(content.last), step: hex(content.step) };
    case 'random':
      return { ...content, slot, first: hex(content.first), last: hex(content.last) };
    case 'list':
    case 'random_list':
      return { kind: content.kind, slot, values: content.values.map(hex) };
    default:
      return assertNever(content);
  }
}

function writesInto(operation: FieldOperation, start: number, length: number): boolean {
  if (!('slot' in operation)) return false;
  const { offset, bytes } = operation.slot;
  return offset < start + length && offset + bytes > start;
}
