// SPDX-License-Identifier: Apache-2.0
//
// Layers as people write them: the first packet's bytes and what changes. Checksums are verified by adding up what they
// cover, pseudo header included, from scratch.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../lang/compiler.ts';
import { assemble, internetChecksum } from '../../lang/frame/assemble.ts';
import type { FrameProgram } from '../../lang/frame/frame-program.ts';
import { type Protocol, protocols } from '../../lang/frame/protocols.ts';
import { SourceFile } from '../../lang/source.ts';
import type { Value } from '../../lang/value.ts';

const test = suite('layers');

/** What the compiler has to say of a stack behind `eth`, and its frame where there is none. */
function compiled(layers: string): { readonly codes: readonly string[]; readonly frame: Value | null } {
  const text = `lab { veth a <-> b { mtu 9000B } }\nadd_device a on cpu 0 { frame eth() / ${layers} }\n`;
  const { program, diagnostics } = compile(new SourceFile('layers.pg', text));
  const op = program?.scenarios[0]?.body[0];
  const value = op?.op === 'add_device' ? op.parameters[0]?.values[0] : undefined;
  return {
    codes: diagnostics.map(({ code }) => code),
    frame: value?.kind === 'constant' ? value.value : null,
  };
}

/** The frame program of a stack behind `eth`. */
function program(layers: string, pktSize: number | null = null): FrameProgram {
  const { codes, frame } = compiled(layers);
  assert.equal(codes, []);
  assert.ok(frame?.type === 'frame');
  const assembled = assemble(frame, { pktSize, mtu: 9000, sourceMac: 0x02000000000a, peerMac: 0x02000000000b });
  if (!assembled.ok) throw new Error(assembled.failure.message);
  return assembled.program;
}

/** Bytes behind the Ethernet addresses, without padding zeros at the end. */
const tail = (of: FrameProgram) => of.template.slice(24).replace(/(00)+$/, '');

const templates: readonly (readonly [string, string, string])[] = [
  ['a VLAN tag', 'vlan(id: 100, pcp: 3) / raw("0xab")', '8100 6064 88b5 ab'],
  ['drop eligible', 'vlan(id: 1, dei: 1) / raw("0xab")', '8100 1001 88b5 ab'],
  ['a service tag', 'vlan(tpid: 0x88a8, id: 10) / vlan(id: 4094) / raw("0xab")', '88a8 000a 8100 0ffe 88b5 ab'],
  [
    'labels, the last at the bottom',
    'mpls(label: 16, ttl: 10) / mpls(label: 1048575, tc: 7)',
    '8847 0001000a ffffff20',
  ],
  ['a written bottom stays', 'mpls(s: 1) / mpls(s: 0, ttl: 1)', '8847 00010120 00010001'],
  [
    'ARP',
    'arp(op: "reply", sender_ip: 10.0.0.1, target_mac: 02:00:00:00:00:0c, target_ip: 10.0.0.2)',
    '0806 0001 0800 06 04 0002 02000000000a 0a000001 02000000000c 0a000002',
  ],
  [
    'IPv4 options, filled up to words',
    'ipv4(src: 10.0.0.1, dst: 10.0.0.2, options: "0x0102 0304 05", flags: "df mf", checksum: 0) / raw("0xab")',
    '0800 47 00 002e 0000 6000 20 fd 0000 0a000001 0a000002 0102030405000000 ab',
  ],
  [
    'IPv6',
    'ipv6(src: 2001:db8::1, dst: ::2, traffic_class: 0x20, flow_label: 0xabcde, hop_limit: 64) / raw("0xab")',
    `86dd 620abcde 0006 3b 40 20010db8${'0'.repeat(23)}1 ${'0'.repeat(31)}2 ab`,
  ],
  [
    'IPv6 extension headers name each other',
    'ipv6(src: ::1, dst: ::2) / ipv6_hop_options / ipv6_dest_options(options: "0x0107 00000000000000") / ipv6_fragment(id: 7, more: 1) / raw("0xab")',
    `86dd 60000000 0021 00 20 ${'0'.repeat(31)}1 ${'0'.repeat(31)}2 3c 00 000000000000 2c 01 010700000000000000 0000000000 3b 00 0001 00000007 ab`,
  ],
  [
    'GRE with nothing',
    'ipv4(checksum: 0) / gre / raw("0xab")',
    '0800 45 00 002e 0000 0000 20 2f 0000 c6120001 c6130001 0000 88b5 ab',
  ],
  [
    'GRE with key and sequence number',
    'ipv4(checksum: 0) / gre(seq: 9, key: 5) / ipv6(src: ::1, dst: ::2)',
    `0800 45 00 0048 0000 0000 20 2f 0000 c6120001 c6130001 3000 86dd 00000005 00000009 60000000 0000 3b 20 ${'0'.repeat(31)}1 ${'0'.repeat(31)}2`,
  ],
  [
    'VXLAN takes its port',
    'ipv4(checksum: 0) / udp / vxlan(vni: 0xabcdef) / eth(src: 02:00:00:00:00:01, dst: 02:00:00:00:00:02, type: 0x1234)',
    '0800 45 00 0032 0000 0000 20 11 0000 c6120001 c6130001 0009 12b5 001e 0000 08000000 abcdef00 020000000002 020000000001 1234',
  ],
  ['text', 'raw("Hallo \\"Öl\\"")', '88b5 48616c6c6f2022c3966c22'],
  ['bytes with blanks', 'raw("0x de ad be ef")', '88b5 deadbeef'],
];

for (const [name, layers, expected] of templates) {
  test(name, () => assert.is(tail(program(layers)), expected.replaceAll(' ', '')));
}

/** Where a transport header's checksum stands and what number IP has for it. */
const transports: readonly (readonly [string, string, number, number])[] = [
  ['UDP over IPv6', 'ipv6 / udp / pktgen', 17, 6],
  ['UDP over IPv4, asked for', 'ipv4 / udp(checksum: "auto") / pktgen', 17, 6],
  ['UDP with an odd end', 'ipv6 / udp / raw("odd")', 17, 6],
  ['TCP over IPv4', 'ipv4 / tcp(flags: "syn,ack", options: "0x020405b4") / raw("hello")', 6, 16],
  ['TCP over IPv6', 'ipv6 / tcp', 6, 16],
  ['UDP behind extension headers', 'ipv6 / ipv6_hop_options / ipv6_fragment / udp', 17, 6],
  ['ICMPv6', 'ipv6 / icmpv6(type: "neighbor_solicitation") / raw("0x20010db8000000000000000000000001")', 58, 2],
];

for (const [name, layers, number, sum] of transports) {
  for (const size of [null, 301]) {
    test(`checksum of ${name}, ${size === null ? 'as small as it is' : 'padded'}`, () => {
      const made = Buffer.from(program(layers, size).template, 'hex');
      const v6 = layers.startsWith('ipv6');
      const extensions = layers.includes('hop_options') ? 16 : 0;
      const start = 14 + (v6 ? 40 : 20) + extensions;
      const addresses = v6 ? made.subarray(22, 54) : made.subarray(26, 34);
      const segment = made.subarray(start);
      const rest = Buffer.from([0, number, segment.length >> 8, segment.length & 0xff]);
      assert.is(internetChecksum(Buffer.concat([addresses, rest, segment])), 0);
      assert.is.not(segment.readUInt16BE(sum), 0);
    });
  }
}

test('ICMP has no pseudo header', () => {
  const made = Buffer.from(program('ipv4 / icmp(id: 7, seq: 9) / raw("odd")').template, 'hex');
  assert.is(internetChecksum(made.subarray(34)), 0);
  assert.is.not(made.readUInt16BE(36), 0);
});

test('UDP over IPv4 has none, as pktgen; a written one is taken as written', () => {
  const sumOf = (layers: string) => Buffer.from(program(layers).template, 'hex').readUInt16BE(40);
  assert.is(sumOf('ipv4 / udp'), 0);
  assert.is(sumOf('ipv4 / udp(checksum: 0x1234)'), 0x1234);
});

test('a UDP checksum of 0 is sent as all ones', () => {
  // With this source port everything adds up to all ones.
  const plain = Buffer.from(program('ipv4 / udp(src: 0, checksum: "auto")').template, 'hex');
  const made = program(`ipv4 / udp(src: ${plain.readUInt16BE(40)}, checksum: "auto")`);
  assert.is(Buffer.from(made.template, 'hex').readUInt16BE(40), 0xffff);
});

const outline = (of: FrameProgram) => {
  return of.operations.map(
    (one) => `${one.kind}@${'slot' in one ? one.slot.offset : 'offset' in one ? one.offset : 'flows'}`,
  );
};

test('inner checksums come before the outer ones that cover them', () => {
  const made = program('ipv6 / udp / vxlan / eth / ipv4(dst: 10.0.0.0/24) / udp(checksum: "auto") / pktgen');
  assert.equal(outline(made), ['increment@100', 'stamp@112', 'checksum@110', 'checksum@94', 'checksum@60']);
});

test('a transport checksum follows addresses, and names its pseudo header', () => {
  const made = program('ipv4(src: 10.0.0.0/24) / udp(checksum: "auto")', 60);
  assert.equal(made.operations.slice(1), [
    { kind: 'checksum', offset: 40, start: 34, length: 26, pseudo: { start: 26, length: 8, sum: 43, zero: 0xffff } },
    { kind: 'checksum', offset: 24, start: 14, length: 20 },
  ]);
});

const wide: readonly (readonly [string, string, readonly string[]])[] = [
  ['within a /64', '2001:db8::1..2001:db8::ff', ['increment@30 0x1 0xff']],
  ['a whole /64', '2001:db8::/64', ['increment@30 0x0 0xffffffffffffffff']],
  ['a shorter prefix never ends its lower half', '2001:db8::/32', ['increment@30 0x0 0xffffffffffffffff']],
  ['random in a /64', 'random(2001:db8::/64)', ['random@30 0x0 0xffffffffffffffff']],
  [
    'random in a shorter prefix',
    'random(2001:db8::/32)',
    ['random@22 0x20010db800000000 0x20010db8ffffffff', 'random@30 0x0 0xffffffffffffffff'],
  ],
  ['a list in both halves', '[2001:db8::1, 2001:db9::2]', ['list@22']],
  ['a random list', 'random([2001:db8::1, 2001:db9::2])', ['random_list@22']],
  ['one address', '2001:db8::/128', []],
];

for (const [name, source, expected] of wide) {
  test(`128 bits: ${name}`, () => {
    const { operations } = program(`ipv6(src: ${source})`);
    const found = operations.map((one) => {
      const ends = 'first' in one ? ` ${one.first} ${one.last}` : '';
      return `${one.kind}@${'slot' in one ? one.slot.offset : 'offset' in one ? one.offset : 'flows'}${ends}`;
    });
    assert.equal(found, expected);
  });
}

const refused: readonly (readonly [string, string, string])[] = [
  ['an unknown flag', 'ipv4 / tcp(flags: "sin")', 'PG5015'],
  ['an unknown type', 'ipv4 / icmp(type: "ping")', 'PG5015'],
  ['a list with an unknown word', 'arp(op: ["request", "replay"])', 'PG5015'],
  ['words where there are none', 'vlan(id: "ten")', 'PG2101'],
  ['another word for a checksum', 'ipv4 / udp(checksum: "good")', 'PG2101'],
  ['a label too large', 'mpls(label: 1048576)', 'PG5003'],
  ['a VLAN too large', 'vlan(id: 4096)', 'PG5003'],
  ['a range over two halves', 'ipv6(src: 2001:db8::1..2001:db9::1)', 'PG5016'],
  ['random over two halves', 'ipv6(src: random(2001:db8::1..2001:db9::1))', 'PG5016'],
  ['half a byte', 'raw("0x123")', 'PG5018'],
  ['no hexadecimal digits', 'raw("0xyz")', 'PG5018'],
  ['bytes that change', 'raw(["a", "b"])', 'PG2101'],
  ['random bytes', 'raw(random(["a", "b"]))', 'PG2101'],
  ['a number for bytes', 'raw(5)', 'PG2101'],
  ['bytes twice', 'raw("a", "b")', 'PG5102'],
  ['options that no header has room for', `ipv4(options: "${'0'.repeat(41)}")`, 'PG5019'],
  ['an IPv4 address in IPv6', 'ipv6(src: 10.0.0.1)', 'PG2101'],
  ['an IPv4 prefix in IPv6', 'ipv6(src: 10.0.0.0/8)', 'PG2101'],
  ['ICMP over IPv6', 'ipv6 / icmp', 'PG5002'],
  ['ICMPv6 over IPv4', 'ipv4 / icmpv6', 'PG5002'],
  ['a tag behind a label', 'mpls / vlan', 'PG5002'],
  ['pktgen over TCP', 'ipv4 / tcp / pktgen', 'PG5002'],
];

for (const [name, layers, code] of refused) {
  test(`refuses ${name}`, () => assert.equal(compiled(layers).codes, [code]));
}

test('more changes than engines can make', () => {
  const { codes, frame } = compiled(Array.from({ length: 33 }, () => 'mpls(label: 16..99)').join(' / '));
  assert.equal(codes, []);
  assert.ok(frame?.type === 'frame');
  const assembled = assemble(frame, { pktSize: null, mtu: null, sourceMac: 1, peerMac: 2 });
  assert.is(assembled.ok ? null : assembled.failure.code, 'PG5017');
});

test('a tunnel outside a lab needs an inner destination', () => {
  const tunnel = 'eth(dst: 02:00:00:00:00:01) / ipv4 / udp / vxlan / eth / ipv4';
  const { diagnostics } = compile(new SourceFile('t.pg', `add_device eth1 on cpu 0 { frame ${tunnel} }\n`));
  assert.equal(
    diagnostics.map(({ code }) => code),
    ['PG5009'],
  );
});

test('losses are asked only where receivers find the header', () => {
  const told = (layers: string) => {
    const text = `lab { veth a <-> b }; receiver b\nadd_device a on cpu 0 { frame eth() / ${layers} / pktgen }\n`;
    const { diagnostics } = compile(new SourceFile('t.pg', `${text}expect b.lost == 0\n`));
    return diagnostics.map(({ code }) => code);
  };
  assert.equal(told('vlan / vlan / mpls / ipv6 / ipv6_hop_options / udp'), []);
  assert.equal(told('ipv4 / udp / vxlan / eth / ipv4 / udp'), []);
  assert.equal(told('vlan / vlan / vlan / ipv4 / udp'), ['PG5202']);
  assert.equal(told('ipv6 / udp / vxlan / eth / ipv6 / udp'), ['PG5202']);
});

test('a layer is an entry of the table', () => {
  const entry: Protocol = {
    ...(protocols.get('vlan') as Protocol),
    name: 'loam',
    title: 'Ethernet OAM',
    over: ['eth', 'vlan'],
    numbers: { ethertype: 0x8902 },
    fields: [
      {
        name: 'level',
        bit: 0,
        bits: 3,
        type: 'number',
        fallback: { kind: 'value', value: 5 },
        words: { customer: 7 },
        flags: false,
        hexadecimal: false,
      },
    ],
  };
  (protocols as Map<string, Protocol>).set(entry.name, entry);
  try {
    assert.is(tail(program('vlan(id: 5) / loam')), '810000058902a0');
    assert.is(tail(program('loam(level: "customer")')), '8902e0');
    assert.equal(compiled('ipv4 / loam').codes, ['PG5002']);
    assert.equal(compiled('loam(level: 8)').codes, ['PG5003']);
  } finally {
    (protocols as Map<string, Protocol>).delete(entry.name);
  }
});

test('frames in a list go round in a loop', () => {
  const text = `lab { veth a <-> b }
frame plain = eth() / ipv4 / udp / pktgen
frame tagged = eth() / vlan / ipv4 / udp / pktgen
for f in [plain, tagged] {
  add_device a on cpu 0 { frame f; count 1 }
  rem_device a
}
`;
  assert.equal(compile(new SourceFile('t.pg', text)).diagnostics, []);
});

test.run();
