// SPDX-License-Identifier: Apache-2.0

import type { AddressType } from './types.ts';

/**
 * The protocol table: which layers there are, their fields, and what fills a field that nobody wrote. The checker, the
 * assembler and completion read it; adding a layer is adding an entry.
 */
export interface Protocol {
  readonly name: string;
  /** What the layer is, for help. */
  readonly title: string;
  /** Layers that it may stand on; empty for one that begins a frame. */
  readonly over: readonly string[];
  /** Header bytes. */
  readonly size: number;
  readonly fields: readonly ProtocolField[];
  /** The number by which the layer below names it, by that layer's name: EtherType, IP protocol, UDP port. */
  readonly numbers: Readonly<Record<string, number>>;
  /** Carries pktgen's header, written anew for every packet. */
  readonly stamp: boolean;
}

export interface ProtocolField {
  readonly name: string;
  /** Offset of its first bit from the header's start, most significant bit first, as RFCs draw headers. */
  readonly bit: number;
  readonly bits: number;
  /** What may be written: a plain number, or an address. */
  readonly type: 'number' | AddressType;
  readonly fallback: Fallback;
}

/** What a field holds unless it was written. */
export type Fallback =
  | { readonly kind: 'value'; readonly value: number }
  /** The MAC address of the interface that sends. */
  | { readonly kind: 'source mac' }
  /** The MAC address of the lab peer; without a lab the field must be written. */
  | { readonly kind: 'peer mac' }
  /** The number of the layer above, `none` where there is none. */
  | { readonly kind: 'next'; readonly none: number }
  /** Bytes from this header's start to the frame's end, padding included, as pktgen counts them. */
  | { readonly kind: 'length' }
  /** The Internet checksum over this header (RFC 1071). */
  | { readonly kind: 'header checksum' };

const value = (n: number): Fallback => ({ kind: 'value', value: n });
const number = (name: string, bit: number, bits: number, fallback: Fallback): ProtocolField => {
  return { name, bit, bits, type: 'number', fallback };
};

/** IEEE 802: an EtherType for private experiments. */
const experimentalEtherType = 0x88b5;
/** RFC 3692: a protocol number for experiments. */
const experimentalProtocol = 253;
/** RFC 2544 appendix C.2.2: addresses set aside for benchmarks, 198.18.0.0/15. */
const benchmarkSource = 0xc6120001;
const benchmarkDestination = 0xc6130001;
/** pktgen's TTL, and its ports: discard (RFC 863). */
const pktgenTtl = 32;
const discardPort = 9;

const table: readonly Protocol[] = [
  {
    name: 'eth',
    title: 'Ethernet II header',
    over: [],
    size: 14,
    numbers: {},
    stamp: false,
    fields: [
      { name: 'dst', bit: 0, bits: 48, type: 'mac', fallback: { kind: 'peer mac' } },
      { name: 'src', bit: 48, bits: 48, type: 'mac', fallback: { kind: 'source mac' } },
      number('type', 96, 16, { kind: 'next', none: experimentalEtherType }),
    ],
  },
  {
    name: 'ipv4',
    title: 'IPv4 header without options (RFC 791)',
    over: ['eth'],
    size: 20,
    numbers: { eth: 0x0800 },
    stamp: false,
    fields: [
      number('version', 0, 4, value(4)),
      number('ihl', 4, 4, value(5)),
      number('tos', 8, 8, value(0)),
      number('length', 16, 16, { kind: 'length' }),
      number('id', 32, 16, value(0)),
      number('flags', 48, 3, value(0)),
      number('offset', 51, 13, value(0)),
      number('ttl', 64, 8, value(pktgenTtl)),
      number('protocol', 72, 8, { kind: 'next', none: experimentalProtocol }),
      number('checksum', 80, 16, { kind: 'header checksum' }),
      { name: 'src', bit: 96, bits: 32, type: 'ipv4', fallback: value(benchmarkSource) },
      { name: 'dst', bit: 128, bits: 32, type: 'ipv4', fallback: value(benchmarkDestination) },
    ],
  },
  {
    name: 'udp',
    title: 'UDP header (RFC 768)',
    over: ['ipv4'],
    size: 8,
    numbers: { ipv4: 17 },
    stamp: false,
    fields: [
      number('src', 0, 16, value(discardPort)),
      number('dst', 16, 16, value(discardPort)),
      number('length', 32, 16, { kind: 'length' }),
      // Zero says that there is none, legal over IPv4 (RFC 768) and what pktgen sends.
      number('checksum', 48, 16, value(0)),
    ],
  },
  {
    name: 'pktgen',
    title: 'sequence number and time stamp, as pktgen writes them',
    over: ['udp'],
    size: 16,
    numbers: {},
    stamp: true,
    fields: [],
  },
];

export const protocols: ReadonlyMap<string, Protocol> = new Map(table.map((protocol) => [protocol.name, protocol]));

/** The first word of pktgen's header (PKTGEN_MAGIC of net/core/pktgen.c). */
export const pktgenMagic = 0xbe9be955;

/** Whether a layer may stand on another; on null it begins the frame. */
export function mayFollow(upper: Protocol, lower: Protocol | null): boolean {
  return lower === null ? upper.over.length === 0 : upper.over.includes(lower.name);
}
