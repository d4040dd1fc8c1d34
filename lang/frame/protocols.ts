// SPDX-License-Identifier: Apache-2.0

import type { AddressType } from '../types.ts';
import { protocolTable } from './protocol-table.ts';

/**
 * A layer of frames: its header's fields, what fills those that nobody wrote, and where it may stand. The checker, the
 * assembler and completion read the table; adding a layer is adding an entry to protocol-table.ts.
 */
export interface Protocol {
  readonly name: string;
  /** What the layer is, for help. */
  readonly title: string;
  /** Whether a frame may begin with it. */
  readonly outermost: boolean;
  /** Layers that it may stand on. */
  readonly over: readonly string[];
  /** Header bytes, without the fields that only some headers have. */
  readonly size: number;
  /** Bytes that the header's length is a multiple of, filled up with zeros. */
  readonly unit: number;
  readonly fields: readonly ProtocolField[];
  /** The numbers by which layers below name it. */
  readonly numbers: Readonly<Partial<Record<NumberSpace, number>>>;
  /** Where its addresses stand that the checksums of layers above cover (the pseudo header); null if they cover none. */
  readonly addresses: { readonly bit: number; readonly bits: number } | null;
  /** The field that is written without its name, null where every field has one. */
  readonly positional: string | null;
  /** Carries pktgen's header, written anew for every packet. */
  readonly stamp: boolean;
}

/** Who hands out the numbers of the layer above: IEEE, or IANA for IP and for UDP ports. */
export type NumberSpace = 'ethertype' | 'ip protocol' | 'udp port';

export interface ProtocolField {
  readonly name: string;
  /**
   * Offset of its first bit from the header's start, most significant bit first, as RFCs draw headers; negative where it
   * stands in the header below. Null: only headers in which it is written have it, behind the fixed ones in table order.
   */
  readonly bit: number | null;
  /** Its width; of `bytes` 0, since the content decides. */
  readonly bits: number;
  /** What may be written: a plain number, an address, or a string that stands for bytes. */
  readonly type: 'number' | 'bytes' | AddressType;
  readonly fallback: Fallback;
  /** Words for its values; with `flags` several in one string add up. Null: it has none. */
  readonly words: Readonly<Record<string, number>> | null;
  readonly flags: boolean;
  /** Whether people know it by its hexadecimal digits. */
  readonly hexadecimal: boolean;
}

/** What a field holds unless it was written. */
export type Fallback =
  | { readonly kind: 'value'; readonly value: number | bigint }
  /** Nothing: the header does without it. */
  | { readonly kind: 'absent' }
  /** The MAC address of the interface that sends. */
  | { readonly kind: 'source mac' }
  /** The MAC address of the lab peer; without a lab the field must be written. */
  | { readonly kind: 'peer mac' }
  /** The number of the layer above, `none` where there is none or it has no number. */
  | { readonly kind: 'next'; readonly space: NumberSpace; readonly none: number }
  /** Bytes from this header's start or end to the frame's end, padding included, as pktgen counts them. */
  | { readonly kind: 'length'; readonly from: 'start' | 'end' }
  /** The header's own length in units of so many bytes, less so many units. */
  | { readonly kind: 'header length'; readonly unit: number; readonly less: number }
  /** 1 where the layer above is another protocol, otherwise 0: the bottom of a label stack. */
  | { readonly kind: 'bottom' }
  /** 1 where the header has this optional field, otherwise 0. */
  | { readonly kind: 'presence'; readonly field: string }
  /**
   * The Internet checksum (RFC 1071) over the header, or over all from it to the frame's end with a pseudo header before
   * it if the protocol has one. `zeroOver`: 0, which stands for none, over this layer unless `"auto"` is written.
   */
  | {
      readonly kind: 'checksum';
      readonly covers: 'header' | 'rest';
      readonly pseudo: boolean;
      readonly zeroOver: string | null;
      /** What is sent where the checksum is 0. */
      readonly zero: 0 | 0xffff;
    };

export const protocols: ReadonlyMap<string, Protocol> = new Map(
  protocolTable.map((protocol) => [protocol.name, protocol]),
);

/** The first word of pktgen's header (PKTGEN_MAGIC of net/core/pktgen.c). */
export const pktgenMagic = 0xbe9be955;

/** Whether a layer may stand on another; on null it begins the frame. */
export function mayFollow(upper: Protocol, lower: Protocol | null): boolean {
  return lower === null ? upper.outermost : upper.over.includes(lower.name);
}

/** A field where it stands in a header: the first bit from the header's start, and the width in bits. */
export interface FieldPlace {
  readonly field: ProtocolField;
  readonly bit: number;
  readonly bits: number;
}

/**
 * Where a header's fields stand, and its bytes. `written` gives the content's length of a written field of bytes, 0 for
 * any other written field, and null for one that nobody wrote.
 */
export function headerLayout(
  protocol: Protocol,
  written: (field: ProtocolField) => number | null,
): { readonly size: number; readonly places: readonly FieldPlace[] } {
  let end = protocol.size * 8;
  const places: FieldPlace[] = [];
  for (const field of protocol.fields) {
    if (field.bit !== null) {
      places.push({ field, bit: field.bit, bits: field.bits });
      continue;
    }
    const content = written(field);
    if (content === null) continue;
    const bits = field.type === 'bytes' ? content * 8 : field.bits;
    places.push({ field, bit: end, bits });
    end += bits;
  }
  return { size: Math.ceil(end / 8 / protocol.unit) * protocol.unit, places };
}
