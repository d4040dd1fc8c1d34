// SPDX-License-Identifier: Apache-2.0

import { report } from '../diagnostics/catalogue-meaning.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { type Failure, failureFrom, type Outcome } from '../diagnostics/failure.ts';
import { cover, type Span } from '../source.ts';
import { assertNever } from '../types.ts';
import type { Value } from '../value.ts';
import { byteContent } from './byte-content.ts';
import { fieldContent, firstValue, type Generator, halfBits, halvesOf, isAutomatic, isList } from './field-content.ts';
import type { FieldOperation, FieldSlot, FrameProgram, PseudoHeader } from './frame-program.ts';
import type { FrameShape } from './frame-shape.ts';
import { frameLengths, type SizeRule } from './frame-sizes.ts';
import type { Field, Layer } from './layer.ts';
import {
  type Fallback,
  type FieldPlace,
  headerLayout,
  mayFollow,
  type Protocol,
  type ProtocolField,
  pktgenMagic,
  protocols,
} from './protocols.ts';

/** What a frame needs to know of the device that sends it. Sizes in bytes without FCS, addresses as numbers. */
export interface AssembleOptions {
  /** The device's `pkt_size`; null: what the layers need, at least 60. */
  readonly pktSize: number | null;
  /** Sizes that vary take the place of `pktSize`. */
  readonly sizes?: SizeRule;
  /** What pktgen's header tells beside the sequence number; a time and the device's number unless given. */
  readonly stamp?: { readonly time: boolean; readonly stream: boolean };
  /** What changes beyond the layers' own fields, by where these stand; checksums that cover it follow. */
  readonly changes?: (layers: readonly PlacedLayer[]) => readonly FieldOperation[];
  /** The interface's MTU, null where it is not known. */
  readonly mtu: number | null;
  readonly sourceMac: number;
  /** The MAC address of the lab peer, null outside a lab. */
  readonly peerMac: number | null;
}

export type Assembled =
  | { readonly ok: true; readonly program: FrameProgram; readonly layers: readonly PlacedLayer[] }
  | { readonly ok: false; readonly failure: Failure };

/** Ethernet's shortest frame without FCS (IEEE 802.3), and pktgen's usual size. */
const shortestFrame = 60;
/** An Ethernet header: what a frame may have beyond the MTU. */
const linkHeader = 14;
/** The largest frame that senders build: a 9000-byte MTU with Ethernet and two VLAN tags, rounded up. */
export const largestFrame = 9216;

/** What engines can change in a frame (native/src/frame_program.h: kMaxFieldOps). */
export const mostOperations = 32;

/** Bytes that a stack of layers needs, without padding; null where one of them is not known yet. */
export function headerBytes(shape: FrameShape): number | null {
  return shape.reduce<number | null>((sum, { size }) => (sum === null || size === null ? null : sum + size), 0);
}

/**
 * What is wrong with a frame's size, null if nothing is. `needed`: bytes of the layers; `size` null: what they need.
 * Shared by the checker, which knows constants, and the assembler, which knows the interface.
 */
export function sizeProblem(size: number | null, needed: number, mtu: number | null, span: Span): Diagnostic | null {
  const bytes = (n: number) => `${n}B`;
  if (size !== null && size < needed) {
    const hints = [`\`${bytes(Math.max(needed, shortestFrame))}\` or more, or fewer layers`];
    return report('PG5010', { size: bytes(size), needed: bytes(needed) }, span, { hints });
  }
  const total = size ?? Math.max(needed, shortestFrame);
  const room = Math.min(mtu === null ? largestFrame : mtu + linkHeader, largestFrame);
  if (total <= room) return null;
  const limit = room === largestFrame ? 'a sender' : `the MTU of ${bytes(room - linkHeader)}`;
  const hints =
    room === largestFrame ? [] : [`a lab gives more: \`veth a <-> b { mtu ${bytes(total - linkHeader)} }\``];
  return report('PG5011', { size: bytes(total), room: bytes(room), limit }, span, { hints });
}

/** What is wrong with a header whose length field cannot tell its length, null if nothing is. */
export function headerProblem(protocol: Protocol, size: number, span: Span): Diagnostic | null {
  for (const { name, fallback, bits } of protocol.fields) {
    if (fallback.kind !== 'header length') continue;
    const most = ((1 << bits) - 1 + fallback.less) * fallback.unit;
    if (size <= most) continue;
    return report('PG5019', { layer: protocol.name, size: `${size}B`, most: `${most}B`, field: name }, span);
  }
  return null;
}

/** A layer and where its header stands. */
export interface PlacedLayer {
  readonly layer: Layer<Value>;
  readonly protocol: Protocol;
  readonly start: number;
  readonly size: number;
  readonly places: readonly FieldPlace[];
  /** The bytes of its fields of bytes. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
  /** The layer above, null for the innermost. */
  readonly next: Protocol | null;
}

/**
 * Makes the frame program of a frame: the first packet's bytes and what changes from packet to packet. Fields that nobody
 * wrote get the protocol table's fallback; lengths count to the frame's end, so padding belongs to the innermost payload,
 * as in pktgen. Checksums come last, where a field that changes is inside their range, and from the innermost outwards,
 * since outer ones cover inner ones.
 */
export function assemble(frame: Value & { readonly type: 'frame' }, options: AssembleOptions): Assembled {
  const refuse = (diagnostic: Diagnostic): Assembled => ({ ok: false, failure: failureFrom(diagnostic) });
  const misplaced = orderProblem(frame.layers);
  if (misplaced !== null) return refuse(misplaced);
  const placed = place(frame.layers);
  if (!placed.ok) return placed;
  const layers = placed.value;

  const whole = frame.layers.map((layer) => layer.span).reduce(cover);
  const needed = layers.reduce((sum, { size }) => sum + size, 0);
  const { shortest, longest, sizes } = frameLengths(options.sizes, options.pktSize, Math.max(needed, shortestFrame));
  const problem = sizeProblem(shortest, needed, options.mtu, whole) ?? sizeProblem(longest, needed, options.mtu, whole);
  if (problem !== null) return refuse(problem);

  const bytes = new Uint8Array(longest);
  const operations: FieldOperation[] = [];
  const checksums: Checksum[] = [];
  for (const [index, at] of layers.entries()) {
    for (const place of at.places) {
      const { field } = place;
      const slots = slotsOf(at.start, place);
      const written = writtenField(at.layer, field);
      const path = `${at.protocol.name}.${field.name}`;
      if (field.type === 'bytes') {
        bytes.set(at.contents.get(field.name) ?? [], slots[0].offset);
      } else if (written !== undefined && !isAutomatic(field, written.source)) {
        const content = fieldContent(path, field, written.source, written.span);
        if (!content.ok) return content;
        const wide = slots.length > 1;
        if (wide && isList(content.value)) {
          const slot = { offset: slots[0].offset, bytes: place.bits / 8, shift: 0, bits: place.bits };
          writeBits(bytes, slot, firstValue(content.value));
          operations.push(operationOf(slot, content.value));
          continue;
        }
        const parts = wide && !isList(content.value) ? halvesOf(content.value) : [content.value];
        for (const [i, part] of (parts ?? []).entries()) {
          const slot = slots[i] as FieldSlot;
          writeBits(bytes, slot, firstValue(part));
          if (part.kind !== 'value') operations.push(operationOf(slot, part));
        }
      } else if (field.fallback.kind === 'checksum') {
        const automatic = written !== undefined;
        const none = !automatic && field.fallback.zeroOver === layers[index - 1]?.protocol.name;
        const end = sizes === null ? bytes.length : null;
        if (!none) checksums.push(checksumOf(layers, index, slots[0].offset, field.fallback, end));
      } else if (place.bit >= 0) {
        // What stands in the header below has been filled in there, by the number of this layer.
        const value = fallbackValue(at, field.fallback, bytes.length, options);
        if (value === null) {
          return refuse(report('PG5009', {}, at.layer.span, { hints: ['`eth(dst: 02:00:00:00:00:01)`'] }));
        }
        const parts = slots.length === 1 ? [BigInt(value)] : [BigInt(value) >> BigInt(halfBits), BigInt(value)];
        for (const [i, part] of parts.entries()) writeBits(bytes, slots[i] as FieldSlot, part);
        if (field.fallback.kind === 'length' && sizes !== null) {
          const minus = at.start + (field.fallback.from === 'end' ? at.size : 0);
          operations.push({ kind: 'length', slot: slots[0], minus });
        }
      }
    }
    if (at.protocol.stamp) {
      writeBits(bytes, { offset: at.start, bytes: 4, shift: 0, bits: 32 }, BigInt(pktgenMagic));
      operations.push({ kind: 'stamp', offset: at.start, ...(options.stamp ?? wholeStamp) });
    }
  }

  operations.push(...(options.changes?.(layers) ?? []));

  for (const sum of checksums.reverse()) {
    const end = sum.length === null ? bytes.length : sum.start + sum.length;
    const rest = sum.length === null && sum.pseudo !== undefined ? end - sum.start : 0;
    const value = internetChecksum(bytes.subarray(sum.start, end), pseudoSum(bytes, sum.pseudo) + rest);
    const slot = { offset: sum.offset, bytes: 2, shift: 0, bits: 16 };
    writeBits(bytes, slot, BigInt(value === 0 ? (sum.pseudo?.zero ?? 0) : value));
    const covered = [sum, ...(sum.pseudo === undefined ? [] : [sum.pseudo])];
    const changes = operations.some((one) => {
      return covered.some(({ start, length }) => writesInto(one, start, length ?? end - start));
    });
    if (changes || sum.length === null) operations.push(sum);
  }
  if (operations.length > mostOperations) {
    return refuse(report('PG5017', { found: operations.length, most: mostOperations }, whole));
  }
  return { ok: true, program: { template: hexadecimal(bytes), sizes, operations }, layers };
}

type Checksum = FieldOperation & { readonly kind: 'checksum' };

/** The checksum of a layer, at its place, over what its protocol says. `frameBytes` null: the frame's end varies. */
function checksumOf(
  layers: readonly PlacedLayer[],
  index: number,
  offset: number,
  fallback: Fallback & { readonly kind: 'checksum' },
  frameBytes: number | null,
): Checksum {
  const at = layers[index] as PlacedLayer;
  const rest = frameBytes === null ? null : frameBytes - at.start;
  const length = fallback.covers === 'header' ? at.size : rest;
  const sum: Checksum = { kind: 'checksum', offset, start: at.start, length };
  const below = layers.slice(0, index).findLast(({ protocol }) => protocol.addresses !== null);
  const addresses = below?.protocol.addresses ?? null;
  if (!fallback.pseudo || below === undefined || addresses === null) return sum;
  const pseudo: PseudoHeader = {
    start: below.start + addresses.bit / 8,
    length: addresses.bits / 8,
    sum: (at.protocol.numbers['ip protocol'] ?? 0) + (length ?? 0),
    zero: fallback.zero,
  };
  return { ...sum, pseudo };
}

/** The sum of a pseudo header, not yet folded. */
function pseudoSum(bytes: Uint8Array, pseudo: PseudoHeader | undefined): number {
  if (pseudo === undefined) return 0;
  return wordSum(bytes.subarray(pseudo.start, pseudo.start + pseudo.length)) + pseudo.sum;
}

/** The Internet checksum of bytes whose own checksum field is zero (RFC 1071); `before`: a sum to go on from. */
export function internetChecksum(bytes: Uint8Array, before = 0): number {
  let sum = before + wordSum(bytes);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** The 16-bit words added up, an odd last byte filled up with 0. */
function wordSum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] as number) << 8) | (bytes[i + 1] ?? 0);
  return sum;
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
function place(layers: readonly Layer<Value>[]): Outcome<readonly PlacedLayer[]> {
  let start = 0;
  const placed: PlacedLayer[] = [];
  for (const [index, layer] of layers.entries()) {
    const protocol = protocolOf(layer);
    const contents = new Map<string, Uint8Array>();
    for (const { name, source, span } of layer.fields) {
      const text = source.kind === 'fixed' && source.value.type === 'string' ? source.value.value : null;
      if (text === null || protocol.fields.find((field) => field.name === name)?.type !== 'bytes') continue;
      const content = byteContent(`${protocol.name}.${name}`, text, span);
      if (!content.ok) return content;
      contents.set(name, content.value);
    }
    const { size, places } = headerLayout(protocol, (field) => {
      return writtenField(layer, field) === undefined ? null : (contents.get(field.name)?.length ?? 0);
    });
    const problem = headerProblem(protocol, size, layer.span);
    if (problem !== null) return { ok: false, failure: failureFrom(problem) };
    const above = layers[index + 1];
    placed.push({
      layer,
      protocol,
      start,
      size,
      places,
      contents,
      next: above === undefined ? null : protocolOf(above),
    });
    start += size;
  }
  return { ok: true, value: placed };
}

function writtenField(layer: Layer<Value>, field: ProtocolField): Field<Value> | undefined {
  return layer.fields.find((candidate) => candidate.name === field.name);
}

function protocolOf(layer: Layer<Value>): Protocol {
  const protocol = protocols.get(layer.protocol);
  if (protocol === undefined) throw new Error(`no protocol ${layer.protocol} in the table`);
  return protocol;
}

/** What a field holds that nobody wrote; null where it must be written. Checksums are made at the end. */
function fallbackValue(
  at: PlacedLayer,
  fallback: Fallback,
  frameBytes: number,
  options: AssembleOptions,
): number | bigint | null {
  switch (fallback.kind) {
    case 'value':
      return fallback.value;
    case 'source mac':
      return options.sourceMac;
    case 'peer mac':
      return options.peerMac;
    case 'next':
      return at.next?.numbers[fallback.space] ?? fallback.none;
    case 'length':
      return frameBytes - at.start - (fallback.from === 'end' ? at.size : 0);
    case 'header length':
      return Math.ceil(at.size / fallback.unit) - fallback.less;
    case 'bottom':
      return at.next?.name === at.protocol.name ? 0 : 1;
    case 'presence':
      return at.places.some(({ field }) => field.name === fallback.field) ? 1 : 0;
    case 'checksum':
    case 'absent':
      return 0;
    default:
      return assertNever(fallback);
  }
}

/** Where a field of up to 64 bits, or all of a wider one, stands in the frame. */
export function slotOf({ protocol, start, places }: PlacedLayer, name: string): FieldSlot {
  const place = places.find(({ field }) => field.name === name);
  if (place === undefined) throw new Error(`no field ${name} in this ${protocol.name}`);
  const [slot, ...more] = slotsOf(start, place);
  return more.length === 0 ? slot : { ...slot, bytes: place.bits / 8, bits: place.bits };
}

/** The smallest windows of whole bytes around a field: one, or two for what is wider than 64 bits. */
function slotsOf(start: number, { bit, bits }: FieldPlace): readonly [FieldSlot, ...FieldSlot[]] {
  if (bits === 2 * halfBits) {
    const offset = start + bit / 8;
    const half = { bytes: halfBits / 8, shift: 0, bits: halfBits };
    return [
      { offset, ...half },
      { offset: offset + half.bytes, ...half },
    ];
  }
  const offset = Math.floor(bit / 8);
  const end = Math.ceil((bit + bits) / 8);
  const shift = end * 8 - (bit + bits);
  return [{ offset: start + offset, bytes: end - offset, shift, bits }];
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

/** Looked up: a frame's template has up to 9000 bytes, and a scenario may set a device again for every packet that it sends. */
const digits: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function hexadecimal(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += digits[byte];
  return text;
}

export const hex = (value: bigint) => `0x${value.toString(16)}`;

function operationOf(slot: FieldSlot, content: Generator): FieldOperation {
  switch (content.kind) {
    case 'increment':
      return {
        ...content,
        slot,
        first: hex(content.first),
        last: hex(content.last),
        step: hex(content.step),
        start: null,
      };
    case 'random':
      return { ...content, slot, first: hex(content.first), last: hex(content.last), except: [] };
    case 'list':
    case 'random_list':
      return { kind: content.kind, slot, values: content.values.map(hex) };
    default:
      return assertNever(content);
  }
}

/** pktgen's header, and what it holds unless the device says otherwise. */
const stampBytes = 16;
const wholeStamp = { time: true, stream: true };

function writesInto(operation: FieldOperation, start: number, length: number): boolean {
  const [offset, bytes] = writtenBytes(operation);
  return offset < start + length && offset + bytes > start;
}

/** Where an operation begins to write, and how many bytes it may change. */
function writtenBytes(operation: FieldOperation): readonly [number, number] {
  switch (operation.kind) {
    case 'stamp':
      return [operation.offset, stampBytes];
    case 'checksum':
      return [operation.offset, 2];
    case 'flows':
      return writtenBytes(operation.value);
    default:
      return [operation.slot.offset, operation.slot.bytes];
  }
}
