// SPDX-License-Identifier: Apache-2.0

import type { AddressType } from '../types.ts';
import type { Fallback, NumberSpace, Protocol, ProtocolField } from './protocols.ts';

// Ways to write an entry: what most layers have in common is left out.

function layer(name: string, title: string, rest: Partial<Protocol> & Pick<Protocol, 'over' | 'size'>): Protocol {
  const plain = { outermost: false, unit: 1, fields: [], numbers: {}, addresses: null, positional: null };
  return { name, title, ...plain, stamp: false, ...rest };
}

const wordless = { words: null, flags: false, hexadecimal: false };

function number(name: string, bit: number | null, bits: number, fallback: Fallback): ProtocolField {
  return { name, bit, bits, type: 'number', fallback, ...wordless };
}

function hexadecimal(name: string, bit: number, fallback: Fallback): ProtocolField {
  return { ...number(name, bit, 16, fallback), hexadecimal: true };
}

function address(name: string, bit: number, type: AddressType, fallback: Fallback): ProtocolField {
  return { name, bit, bits: { mac: 48, ipv4: 32, ipv6: 128 }[type], type, fallback, ...wordless };
}

/** Content that a string gives. */
function bytes(name: string): ProtocolField {
  return { name, bit: null, bits: 0, type: 'bytes', fallback: { kind: 'absent' }, ...wordless };
}

/** A field of some headers only: written, it is there. */
const optional = (name: string, bits: number) => number(name, null, bits, { kind: 'absent' });

const value = (n: number | bigint): Fallback => ({ kind: 'value', value: n });
const next = (space: NumberSpace, none: number): Fallback => ({ kind: 'next', space, none });
const macOf = (whose: 'source' | 'peer'): Fallback => ({ kind: `${whose} mac` });
const toEnd = (from: 'start' | 'end'): Fallback => ({ kind: 'length', from });
const inUnits = (unit: number, less: number): Fallback => ({ kind: 'header length', unit, less });
const headerSum: Fallback = { kind: 'checksum', covers: 'header', pseudo: false, zeroOver: null, zero: 0 };
const plainSum: Fallback = { ...headerSum, covers: 'rest' };
const pseudoSum: Fallback = { ...plainSum, pseudo: true };
/**
 * Over IPv4 0 says that there is none (RFC 768), and is what pktgen sends; over IPv6 it is mandatory (RFC 8200, 8.1). A
 * computed 0 is sent as 0xffff.
 */
const udpSum: Fallback = { ...pseudoSum, zeroOver: 'ipv4', zero: 0xffff };

/** IEEE 802: an EtherType for private experiments. */
const experimentalEtherType = 0x88b5;
/** RFC 3692: a protocol number for experiments. */
const experimentalProtocol = 253;
/** RFC 8200, 4.7: no next header. */
const noNextHeader = 59;
/** RFC 2544 appendix C.2.2: addresses set aside for benchmarks, 198.18.0.0/15. */
const benchmarkSource = 0xc6120001;
const benchmarkDestination = 0xc6130001;
/** RFC 5180, 8: the same for IPv6, 2001:2::/48. */
const benchmarkSource6 = 0x20010002_00000001_00000000_00000001n;
const benchmarkDestination6 = 0x20010002_00000002_00000000_00000001n;
/** pktgen's TTL, and its ports: discard (RFC 863). */
const pktgenTtl = 32;
const discardPort = 9;
/** The first label that is not special (RFC 3032, 2.1). */
const firstLabel = 16;

/** IPv6 extension headers (RFC 8200): options are written as they stand on the wire; zeros are Pad1. */
const extensions = ['ipv6_hop_options', 'ipv6_dest_options', 'ipv6_fragment'];
const overIpv6 = ['ipv6', ...extensions];
const overIp = ['ipv4', ...overIpv6];

const optionsHeader = (name: string, title: string, protocol: number) =>
  layer(name, title, {
    over: overIpv6,
    size: 2,
    unit: 8,
    numbers: { 'ip protocol': protocol },
    fields: [
      number('next', 0, 8, next('ip protocol', noNextHeader)),
      number('length', 8, 8, inUnits(8, 1)),
      bytes('options'),
    ],
  });

/** Names for a field's values; `flags` add up. */
const named = (field: ProtocolField, words: Readonly<Record<string, number>>): ProtocolField => ({ ...field, words });
const flags = (field: ProtocolField, words: Readonly<Record<string, number>>): ProtocolField => {
  return { ...field, words, flags: true };
};

/** ICMP types (RFC 792) and ICMPv6 types (RFC 4443, RFC 4861). */
const icmpTypes = { echo_reply: 0, unreachable: 3, redirect: 5, echo_request: 8, time_exceeded: 11 };
const icmpv6Types = {
  unreachable: 1,
  packet_too_big: 2,
  time_exceeded: 3,
  echo_request: 128,
  echo_reply: 129,
  router_solicitation: 133,
  router_advertisement: 134,
  neighbor_solicitation: 135,
  neighbor_advertisement: 136,
};

/** Layers that have room for others behind them. */
const carriers = ['eth', 'vlan', 'mpls', ...overIp, 'udp', 'tcp', 'icmp', 'icmpv6', 'gre', 'arp', 'pktgen'];

export const protocolTable: readonly Protocol[] = [
  layer('eth', 'Ethernet II header', {
    outermost: true,
    over: ['vxlan', 'gre'],
    size: 14,
    numbers: { ethertype: 0x6558 },
    fields: [
      address('dst', 0, 'mac', macOf('peer')),
      address('src', 48, 'mac', macOf('source')),
      hexadecimal('type', 96, next('ethertype', experimentalEtherType)),
    ],
  }),
  layer('vlan', 'VLAN tag (IEEE 802.1Q); with `tpid: 0x88a8` a service tag (802.1ad)', {
    over: ['eth', 'vlan'],
    size: 4,
    numbers: { ethertype: 0x8100 },
    fields: [
      hexadecimal('tpid', -16, value(0x8100)),
      number('pcp', 0, 3, value(0)),
      number('dei', 3, 1, value(0)),
      number('id', 4, 12, value(1)),
      hexadecimal('type', 16, next('ethertype', experimentalEtherType)),
    ],
  }),
  layer('mpls', 'MPLS label stack entry (RFC 3032)', {
    over: ['eth', 'vlan', 'mpls', 'gre'],
    size: 4,
    numbers: { ethertype: 0x8847 },
    fields: [
      number('label', 0, 20, value(firstLabel)),
      number('tc', 20, 3, value(0)),
      number('s', 23, 1, { kind: 'bottom' }),
      number('ttl', 24, 8, value(pktgenTtl)),
    ],
  }),
  layer('arp', 'ARP for IPv4 over Ethernet (RFC 826)', {
    over: ['eth', 'vlan'],
    size: 28,
    numbers: { ethertype: 0x0806 },
    fields: [
      number('hardware', 0, 16, value(1)),
      hexadecimal('protocol', 16, value(0x0800)),
      number('hardware_length', 32, 8, value(6)),
      number('protocol_length', 40, 8, value(4)),
      named(number('op', 48, 16, value(1)), { request: 1, reply: 2 }),
      address('sender_mac', 64, 'mac', macOf('source')),
      address('sender_ip', 112, 'ipv4', value(benchmarkSource)),
      address('target_mac', 144, 'mac', value(0)),
      address('target_ip', 192, 'ipv4', value(benchmarkDestination)),
    ],
  }),
  layer('ipv4', 'IPv4 header (RFC 791)', {
    over: ['eth', 'vlan', 'mpls', 'gre'],
    size: 20,
    unit: 4,
    numbers: { ethertype: 0x0800 },
    addresses: { bit: 96, bits: 64 },
    fields: [
      number('version', 0, 4, value(4)),
      number('ihl', 4, 4, inUnits(4, 0)),
      number('tos', 8, 8, value(0)),
      number('length', 16, 16, toEnd('start')),
      number('id', 32, 16, value(0)),
      flags(number('flags', 48, 3, value(0)), { df: 2, mf: 1 }),
      number('offset', 51, 13, value(0)),
      number('ttl', 64, 8, value(pktgenTtl)),
      number('protocol', 72, 8, next('ip protocol', experimentalProtocol)),
      hexadecimal('checksum', 80, headerSum),
      address('src', 96, 'ipv4', value(benchmarkSource)),
      address('dst', 128, 'ipv4', value(benchmarkDestination)),
      bytes('options'),
    ],
  }),
  layer('ipv6', 'IPv6 header (RFC 8200)', {
    over: ['eth', 'vlan', 'mpls', 'gre'],
    size: 40,
    numbers: { ethertype: 0x86dd },
    addresses: { bit: 64, bits: 256 },
    fields: [
      number('version', 0, 4, value(6)),
      number('traffic_class', 4, 8, value(0)),
      number('flow_label', 12, 20, value(0)),
      number('length', 32, 16, toEnd('end')),
      number('next', 48, 8, next('ip protocol', noNextHeader)),
      number('hop_limit', 56, 8, value(pktgenTtl)),
      address('src', 64, 'ipv6', value(benchmarkSource6)),
      address('dst', 192, 'ipv6', value(benchmarkDestination6)),
    ],
  }),
  optionsHeader('ipv6_hop_options', 'IPv6 Hop-by-Hop Options header (RFC 8200)', 0),
  optionsHeader('ipv6_dest_options', 'IPv6 Destination Options header (RFC 8200)', 60),
  layer('ipv6_fragment', 'IPv6 Fragment header (RFC 8200)', {
    over: overIpv6,
    size: 8,
    numbers: { 'ip protocol': 44 },
    fields: [
      number('next', 0, 8, next('ip protocol', noNextHeader)),
      number('offset', 16, 13, value(0)),
      number('more', 31, 1, value(0)),
      number('id', 32, 32, value(0)),
    ],
  }),
  layer('udp', 'UDP header (RFC 768)', {
    over: overIp,
    size: 8,
    numbers: { 'ip protocol': 17 },
    fields: [
      number('src', 0, 16, value(discardPort)),
      number('dst', 16, 16, next('udp port', discardPort)),
      number('length', 32, 16, toEnd('start')),
      hexadecimal('checksum', 48, udpSum),
    ],
  }),
  layer('tcp', 'TCP header (RFC 9293)', {
    over: overIp,
    size: 20,
    unit: 4,
    numbers: { 'ip protocol': 6 },
    fields: [
      number('src', 0, 16, value(discardPort)),
      number('dst', 16, 16, value(discardPort)),
      number('seq', 32, 32, value(0)),
      number('ack', 64, 32, value(0)),
      number('offset', 96, 4, inUnits(4, 0)),
      number('reserved', 100, 4, value(0)),
      flags(number('flags', 104, 8, value(2)), {
        fin: 0x01,
        syn: 0x02,
        rst: 0x04,
        psh: 0x08,
        ack: 0x10,
        urg: 0x20,
        ece: 0x40,
        cwr: 0x80,
      }),
      number('window', 112, 16, value(0xffff)),
      hexadecimal('checksum', 128, pseudoSum),
      number('urgent', 144, 16, value(0)),
      bytes('options'),
    ],
  }),
  layer('icmp', 'ICMP header (RFC 792)', {
    over: ['ipv4'],
    size: 8,
    numbers: { 'ip protocol': 1 },
    fields: [
      named(number('type', 0, 8, value(icmpTypes.echo_request)), icmpTypes),
      number('code', 8, 8, value(0)),
      hexadecimal('checksum', 16, plainSum),
      number('id', 32, 16, value(0)),
      number('seq', 48, 16, value(0)),
    ],
  }),
  layer('icmpv6', 'ICMPv6 header (RFC 4443)', {
    over: overIpv6,
    size: 8,
    numbers: { 'ip protocol': 58 },
    fields: [
      named(number('type', 0, 8, value(icmpv6Types.echo_request)), icmpv6Types),
      number('code', 8, 8, value(0)),
      hexadecimal('checksum', 16, pseudoSum),
      number('id', 32, 16, value(0)),
      number('seq', 48, 16, value(0)),
    ],
  }),
  layer('gre', 'GRE header (RFC 2784, RFC 2890)', {
    over: overIp,
    size: 4,
    numbers: { 'ip protocol': 47 },
    fields: [
      number('key_present', 2, 1, { kind: 'presence', field: 'key' }),
      number('seq_present', 3, 1, { kind: 'presence', field: 'seq' }),
      number('version', 13, 3, value(0)),
      hexadecimal('protocol', 16, next('ethertype', experimentalEtherType)),
      optional('key', 32),
      optional('seq', 32),
    ],
  }),
  layer('vxlan', 'VXLAN header (RFC 7348)', {
    over: ['udp'],
    size: 8,
    numbers: { 'udp port': 4789 },
    fields: [number('flags', 0, 8, value(0x08)), number('vni', 32, 24, value(0))],
  }),
  layer('pktgen', 'sequence number and time stamp, as pktgen writes them', { over: ['udp'], size: 16, stamp: true }),
  layer('raw', 'bytes as they are: `raw("0x0001f4")`, or text', {
    over: carriers,
    size: 0,
    positional: 'data',
    fields: [bytes('data')],
  }),
];
