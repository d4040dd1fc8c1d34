// SPDX-License-Identifier: Apache-2.0

import type { FrameValue } from '../known-values.ts';
import { formatAddress } from '../syntax/addresses.ts';
import { formatValue } from '../syntax/literals.ts';
import type { Value } from '../value.ts';
import { assemble, type PlacedLayer } from './assemble.ts';
import { isAutomatic } from './field-content.ts';
import type { FieldSource } from './layer.ts';
import type { FieldPlace } from './protocols.ts';

/** Bytes of a line of the dump, as in `tcpdump -xx` and every hex viewer. */
const bytesPerLine = 16;

/**
 * A frame as its layers with their fields, then the first packet's bytes. Addresses that the interface gives are left as
 * zeros and named; a frame that cannot be built without its interface has no bytes here.
 */
export function frameText(frame: FrameValue): readonly string[] {
  const built = assemble(frame, { pktSize: null, mtu: null, sourceMac: 0, peerMac: 0 });
  if (!built.ok) return [`no frame: ${built.failure.message}`];
  const bytes = Uint8Array.from(built.program.template.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  const lines: string[] = [];
  for (const placed of built.layers) lines.push(layerText(placed, bytes));
  return [...lines, ...hexLines(bytes)];
}

function layerText({ layer, protocol, start, places }: PlacedLayer, bytes: Uint8Array): string {
  const fields = places.map((place) => {
    const written = layer.fields.find((one) => one.name === place.field.name)?.source;
    return `${place.field.name} ${fieldText(place, written, bytes, start)}`;
  });
  if (protocol.stamp) fields.push('sequence number and time, new for each packet');
  return `${protocol.name.padEnd(6)}  ${fields.join('  ')}`;
}

function fieldText(
  { field, bit, bits }: FieldPlace,
  written: FieldSource<Value> | undefined,
  bytes: Uint8Array,
  start: number,
): string {
  if (written?.kind === 'random') return `random(${formatValue(written.over)})`;
  const digits = field.hexadecimal && written?.value.type === 'number';
  if (written !== undefined && !digits && !isAutomatic(field, written)) return formatValue(written.value);
  if (field.fallback.kind === 'source mac') return "the interface's";
  if (field.fallback.kind === 'peer mac') return "the peer's";
  const value = bitsOf(bytes, start * 8 + bit, bits);
  if (field.type === 'ipv6') return formatAddress('ipv6', value.toString(16).padStart(32, '0'));
  if (field.type === 'mac' || field.type === 'ipv4') return formatAddress(field.type, Number(value));
  return field.hexadecimal ? `0x${value.toString(16).padStart(bits / 4, '0')}` : String(value);
}

/** A field's bits, most significant first, as RFCs draw headers. */
function bitsOf(bytes: Uint8Array, bit: number, bits: number): bigint {
  let value = 0n;
  for (let i = bit; i < bit + bits; i++)
    value = (value << 1n) | BigInt(((bytes[i >> 3] as number) >> (7 - (i & 7))) & 1);
  return value;
}

function hexLines(bytes: Uint8Array): readonly string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += bytesPerLine) {
    const hex = [...bytes.subarray(at, at + bytesPerLine)].map((byte) => byte.toString(16).padStart(2, '0'));
    const halves = [hex.slice(0, bytesPerLine / 2), hex.slice(bytesPerLine / 2)];
    lines.push(`${at.toString(16).padStart(4, '0')}  ${halves.map((half) => half.join(' ')).join('  ')}`.trimEnd());
  }
  return lines;
}
