// SPDX-License-Identifier: Apache-2.0
//
// A second opinion on every layer: frames of many stacks are written by the native senders and read by tshark, which must
// find the layers that were written, nothing malformed, and every checksum right.

import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { protocols } from '../../lang/index.ts';
import { addon, testWith, tool } from '../requirements.ts';
import { pktsh, withFiles } from './pktsh.ts';

const test = suite('tshark');

/** A stack behind `eth`, and the protocols that tshark must see behind it. */
interface Stack {
  readonly layers: string;
  readonly seen: string;
  /** Where padding would mean something. */
  readonly padded?: false;
}

const ipv4 = 'ipv4(src: random(10.0.0.0/8), dst: 10.1.0.1..10.1.0.9)';
const ipv6 = 'ipv6(src: 2001:db8:1::1..2001:db8:1::ff, dst: random(2001:db8:2::/64), flow_label: random(0..0xfffff))';
/** From ports that tshark knows nobody on. */
const udp = 'udp(src: random(61000..61999), dst: [9, 4096])';

/** What stands between `eth` and the network layer. */
const tags: readonly Stack[] = [
  { layers: '', seen: '' },
  { layers: 'vlan(id: 100..199, pcp: 3) / ', seen: ':vlan' },
  { layers: 'vlan(tpid: 0x88a8, id: 10) / vlan(id: 1..4094, dei: 1) / ', seen: ':ieee8021ad:vlan' },
];
const labels: Stack = { layers: 'mpls(label: 16) / mpls(label: 17..20) / mpls / ', seen: ':mpls' };
const links: readonly Stack[] = [
  ...tags,
  ...tags.map((tag) => ({ layers: tag.layers + labels.layers, seen: tag.seen + labels.seen })),
  { layers: 'mpls(label: random(16..1048575), ttl: 10, tc: 5) / ', seen: ':mpls' },
];

interface Network extends Stack {
  readonly version: 4 | 6;
}
const extensions: readonly Stack[] = [
  { layers: '', seen: '' },
  { layers: ' / ipv6_hop_options / ipv6_dest_options(options: "0x0104")', seen: ':ipv6.hopopts:ipv6.dstopts' },
  { layers: ' / ipv6_fragment(id: 7..9)', seen: ':ipv6.fraghdr' },
  { layers: ' / ipv6_dest_options / ipv6_fragment(id: random(0..0xffffffff))', seen: ':ipv6.dstopts:ipv6.fraghdr' },
];
const networks: readonly Network[] = [
  { version: 4, layers: ipv4, seen: ':ip' },
  { version: 4, layers: 'ipv4(options: "0x94040000", flags: "df", tos: [0, 0xb8], id: 0..65535)', seen: ':ip' },
  ...extensions.map(({ layers, seen }): Network => ({ version: 6, layers: ipv6 + layers, seen: `:ipv6${seen}` })),
];

const transports: readonly Stack[] = [
  { layers: `${udp} / pktgen`, seen: ':udp:pktgen' },
  { layers: `${udp} / pktgen / raw("behind")`, seen: ':udp:pktgen' },
  { layers: 'udp(src: random(61000..61999), checksum: "auto") / raw("odd")', seen: ':udp' },
  {
    layers: 'tcp(src: 1024..2047, dst: 80, seq: random(0..0xffffffff), flags: ["syn", "syn,ack", "fin | psh ack"])',
    seen: ':tcp',
  },
  { layers: 'tcp(dst: 80, flags: "syn", options: "0x020405b4 0103") / raw("hello")', seen: ':tcp' },
  { layers: 'raw("text")', seen: '' },
];
const messages: readonly Network[] = [
  { version: 4, layers: 'icmp(id: random(0..65535), seq: 0..65535)', seen: ':icmp' },
  {
    version: 4,
    layers: 'icmp(type: "time_exceeded") / raw("0x4500001c00010000201186ce 0a0000010a000002 0009000900080000")',
    seen: ':icmp:ip:udp',
  },
  { version: 6, layers: 'icmpv6(id: 7, seq: 1..9) / raw("payload!!")', seen: ':icmpv6' },
  {
    version: 6,
    layers: 'icmpv6(type: "neighbor_solicitation") / raw("0x20010db8000000000000000000000001")',
    seen: ':icmpv6',
    padded: false,
  },
];

/** Every transport behind every network, and what only one of them has. */
const packets: readonly Stack[] = networks.flatMap((network) =>
  [...transports, ...messages.filter(({ version }) => version === network.version)].map(
    ({ layers, seen, ...rest }) => ({
      ...rest,
      layers: `${network.layers} / ${layers}`,
      seen: network.seen + seen,
    }),
  ),
);

const arps: readonly Stack[] = [
  { layers: 'arp(sender_ip: 10.0.0.1..10.0.0.9, target_ip: 10.0.0.2, op: ["request", "reply"])', seen: ':arp' },
  { layers: 'arp(sender_ip: random(10.0.0.0/8)) / raw("padding")', seen: ':arp' },
];

/** What tunnels carry, as it is and in Ethernet. */
const carried: readonly Stack[] = [
  { layers: `${ipv4} / ${udp} / pktgen`, seen: ':ip:udp:pktgen' },
  { layers: `${ipv6} / tcp(seq: 1..99)`, seen: ':ipv6:tcp' },
  { layers: `${ipv4} / icmp(id: random(0..65535))`, seen: ':ip:icmp' },
  { layers: `mpls(label: 40) / ${ipv6} / ${udp} / pktgen`, seen: ':mpls:ipv6:udp:pktgen' },
];
const inEthernet: readonly Stack[] = [
  ...carried,
  ...tags.map(({ layers, seen }) => ({ layers: `${layers}arp`, seen: `${seen}:arp` })),
  ...tags.map(({ layers, seen }) => ({
    layers: `${layers}${ipv6} / icmpv6(seq: 1..9)`,
    seen: `${seen}:ipv6:icmpv6`,
  })),
].map(({ layers, seen }) => ({ layers: `eth(dst: 02:00:00:00:00:02) / ${layers}`, seen: `:eth${seen}` }));
const tunnels: readonly Stack[] = networks.flatMap((network) =>
  [
    ...inEthernet.map(({ layers, seen }) => ({
      layers: `udp / vxlan(vni: random(1..100)) / ${layers}`,
      seen: `:udp:vxlan${seen}`,
    })),
    ...carried.map(({ layers, seen }) => ({ layers: `gre / ${layers}`, seen: `:gre${seen}` })),
    ...inEthernet.map(({ layers, seen }) => ({
      layers: `gre(key: 1..9, seq: 1..99) / ${layers}`,
      seen: `:gre${seen}`,
    })),
  ].map(({ layers, seen }) => ({ layers: `${network.layers} / ${layers}`, seen: network.seen + seen })),
);

/** A device of pktgen's own words, and what tshark must see of its frames behind Ethernet. */
interface Words {
  readonly words: readonly string[];
  readonly seen: string;
}

const tagWords: readonly Words[] = [
  { words: [], seen: '' },
  { words: ['vlan_id 77', 'vlan_p 5'], seen: ':vlan' },
  { words: ['vlan_id 77', 'svlan_id 101', 'svlan_cfi 1', 'flag VID_RND, SVID_RND'], seen: ':vlan:vlan' },
  // Not drawn: the kernel's rule has labels below 256, of which some mean other protocols (RFC 3032, 2.1).
  { words: ['mpls 0x0001000a, 0x0002010a'], seen: ':mpls' },
];
const versions: readonly Words[] = [
  {
    words: [
      'src_min 10.0.0.1',
      'src_max 10.0.255.255',
      'dst 10.1.0.1',
      'dst_max 10.1.0.9',
      'tos 0xb8',
      'flag IPSRC_RND',
    ],
    seen: ':ip',
  },
  {
    words: ['src_min 10.0.0.1', 'dst 1.0.0.0', 'dst_max 230.0.0.0', 'flows 5', 'flowlen 2', 'flag IPDST_RND'],
    seen: ':ip',
  },
  { words: ['src6 2001:db8::1', 'dst6 2001:db8::2', 'traffic_class 0xb8'], seen: ':ipv6' },
  { words: ['src6 2001:db8::1', 'dst6_min 2001:db8::', 'dst6_max 2001:db8::ffff:ffff:ffff:ffff'], seen: ':ipv6' },
];
const payloads: readonly (readonly string[])[] = [
  [],
  ['pkt_size 1000B', 'flag UDPCSUM', 'udp_src_max 2000', 'udp_dst_max 60000', 'flag UDPSRC_RND, UDPDST_RND'],
  ['min_pkt_size 100B', 'max_pkt_size 1514B', 'flag TXSIZE_RND', 'flag UDPCSUM, NO_TIMESTAMP'],
  ['imix_weights 101B:7, 576B:4, 1500B:1', 'src_mac 02:00:00:00:00:02', 'src_mac_count 9', 'flag MACSRC_RND'],
];

const worded: readonly Words[] = tagWords.flatMap((tag) =>
  versions.flatMap((version) =>
    payloads.map((payload) => ({
      words: [...tag.words, ...version.words, ...payload],
      seen: `${tag.seen}${version.seen}:udp:pktgen`,
    })),
  ),
);

/** Two in three are padded, which checksums and lengths then cover. */
const sizes = ['', 'pkt_size 301B', 'pkt_size 1514B'];

const stacks: readonly (Stack & { readonly size?: string | undefined })[] = [
  ...links.flatMap((link) =>
    packets.map((packet) => ({ ...packet, layers: link.layers + packet.layers, seen: link.seen + packet.seen })),
  ),
  ...tags.flatMap((tag) => arps.map(({ layers, seen }) => ({ layers: tag.layers + layers, seen: tag.seen + seen }))),
  ...links.map((link) => ({ layers: `${link.layers}raw("0x 00 01 ff")`, seen: link.seen })),
  ...tunnels,
  {
    layers: 'ipv6(src: [2001:db8::1, 2001:db9::2], dst: random([2001:db8::3, 2001:db9::4])) / udp / pktgen',
    seen: ':ipv6:udp:pktgen',
  },
].map((stack: Stack, i) => ({ ...stack, size: stack.padded === false ? '' : sizes[i % sizes.length] }));

/** Enough for lists and increments to come round. */
const framesEach = 1000;
/** A file has a thread that writes it, so that not all are open at once. */
const filesAtOnce = 64;

/** A scenario in which a device for each stack writes a file. */
function scenario(): string {
  const written = (at: number) => `driver pcap; file "${at}.pcap"; count ${framesEach}; burst 32`;
  const devices = [
    ...stacks.map(({ layers, size }) => `frame eth(dst: 02:00:00:00:00:01) / ${layers}; ${size ?? ''}`),
    ...worded.map(({ words }) => `dst_mac 02:00:00:00:00:01; ${words.join('; ')}`),
  ].map((settings, i) => `add_device "s@${i}" on cpu 0 { ${settings}; ${written(i)} }`);
  const batches = Array.from({ length: Math.ceil(devices.length / filesAtOnce) }, (_, i) =>
    devices.slice(i * filesAtOnce, (i + 1) * filesAtOnce),
  );
  return batches.flatMap((batch) => [...batch, 'start', 'wait stopped timeout 60s', 'rem_device_all', '']).join('\n');
}

/** The header of a pcap file. */
const fileHeader = 24;

/** Conversations and reassembly look across frames that have nothing to do with each other here. */
const preferences = [
  ...['ip', 'udp', 'tcp'].map((name) => `${name}.check_checksum:TRUE`),
  ...['tcp.analyze_sequence_numbers', 'tcp.desegment_tcp_streams', 'ip.defragment'].map((name) => `${name}:FALSE`),
  // pktgen's header has its own sign, whatever the ports.
  'udp.try_heuristic_first:TRUE',
].flatMap((preference) => ['-o', preference]);

/** tshark's verdicts on checksums: 1 is good, 3 that there is none. */
const statuses = ['ip', 'udp', 'tcp', 'icmp', 'icmpv6'].map((name) => `${name}.checksum.status`);

/** What tshark says of these files' frames, a row each. */
async function readBack(folder: string, numbers: readonly number[]): Promise<readonly string[]> {
  const files = numbers.map((i) => readFileSync(join(folder, `${i}.pcap`)));
  const merged = Buffer.concat(files.map((file, i) => (i === 0 ? file : file.subarray(fileHeader))));
  const name = `all${numbers[0]}.pcap`;
  writeFileSync(join(folder, name), merged);
  const fields = ['frame.protocols', '_ws.malformed', '_ws.expert.message', ...statuses].flatMap((field) => [
    '-e',
    field,
  ]);
  const output = ['-T', 'fields', '-E', 'separator=;', ...fields];
  const args = ['-n', '-r', name, ...preferences, ...output];
  const { stdout } = await promisify(execFile)('tshark', args, { cwd: folder, maxBuffer: 256 * 1024 * 1024 });
  return stdout.trimEnd().split('\n');
}

/** What is wrong with a frame of a stack; null: nothing. */
function mistake({ layers, seen }: Stack, row: string): string | null {
  const [found = '', malformed, expert, ...sums] = row.split(';');
  const plain = (path: string): string => path.replaceAll(':ethertype', '');
  const good = sums.every((sum) => sum.split(',').every((one) => ['', '1', '3'].includes(one)));
  const fits = plain(found).startsWith(`eth${plain(seen)}`);
  return fits && malformed === '' && good ? null : `${layers}: ${found} ${malformed} ${expert} ${sums}`;
}

const ofWords = ({ words, seen }: Words): Stack => ({ layers: words.join('; '), seen });

test('the stacks hold every layer', () => {
  const whole = stacks.map(({ layers }) => layers).join(' / ');
  const missing = [...protocols.keys()].filter((name) => !new RegExp(`\\b${name}\\b`).test(`eth / ${whole}`));
  assert.equal(missing, []);
});

const all: readonly Stack[] = [...stacks, ...worded.map(ofWords)];

testWith(test, [addon, tool('tshark')], 'tshark reads every stack as it was written', async () => {
  await withFiles({ 'stacks.pg': scenario() }, async (folder) => {
    const done = await pktsh(['run', 'stacks.pg', '--seed', '7', '--quiet'], { cwd: folder });
    assert.is(done.status, 0, done.stderr);
    const half = Math.ceil(all.length / 2);
    const numbers = [...all.keys()];
    const rows = await Promise.all([readBack(folder, numbers.slice(0, half)), readBack(folder, numbers.slice(half))]);
    const frames = rows.flat();
    assert.is(frames.length, all.length * framesEach);
    const wrong = frames.flatMap((row, i) => mistake(all[Math.floor(i / framesEach)] as Stack, row) ?? []);
    assert.equal(wrong.slice(0, 20), []);
  });
});

/** Frames in which something is wrong, so that finding nothing means something. */
const broken: readonly Stack[] = [
  { layers: 'ipv4(checksum: 1) / udp / pktgen', seen: ':ip:udp:pktgen' },
  { layers: 'ipv4 / udp(checksum: 1) / pktgen', seen: ':ip:udp:pktgen' },
  { layers: 'ipv6 / tcp(checksum: 1)', seen: ':ipv6:tcp' },
  { layers: 'ipv6 / icmpv6(checksum: 1)', seen: ':ipv6:icmpv6' },
  { layers: 'ipv4 / icmp(checksum: 1)', seen: ':ip:icmp' },
  { layers: 'ipv4(protocol: 6) / udp / pktgen', seen: ':ip:udp:pktgen' },
  { layers: 'ipv4 / icmp(type: "time_exceeded") / raw("0x45")', seen: ':ip:icmp' },
];

testWith(test, [addon, tool('tshark')], 'tshark finds what is wrong', async () => {
  const devices = broken.map(({ layers }, i) => {
    const written = `driver pcap; file "${i}.pcap"; count 1`;
    return `add_device "s@${i}" on cpu 0 { frame eth(dst: 02:00:00:00:00:01) / ${layers}; ${written} }`;
  });
  await withFiles({ 'broken.pg': [...devices, 'start', 'wait stopped timeout 20s', ''].join('\n') }, async (folder) => {
    const done = await pktsh(['run', 'broken.pg', '--quiet'], { cwd: folder });
    assert.is(done.status, 0, done.stderr);
    const rows = await readBack(folder, [...broken.keys()]);
    for (const [i, row] of rows.entries()) assert.ok(mistake(broken[i] as Stack, row) !== null, `${i}: ${row}`);
  });
});

test.run();
