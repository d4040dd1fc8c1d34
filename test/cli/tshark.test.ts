// SPDX-License-Identifier: Apache-2.0
//
// A second opinion on every layer: frames of many stacks are written by the native senders and read by tshark, which must
// find the layers that were written, nothing malformed, and every checksum right.

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
}

const ipv4 = 'ipv4(src: random(10.0.0.0/8), dst: 10.1.0.1..10.1.0.9)';
const ipv6 = 'ipv6(src: 2001:db8:1::1..2001:db8:1::ff, dst: random(2001:db8:2::/64), flow_label: random(0..0xfffff))';
const udp = 'udp(src: random(1024..65535), dst: [9, 4096])';

/** What stands between `eth` and the network layer. */
const links: readonly Stack[] = [
  { layers: '', seen: '' },
  { layers: 'vlan(id: 100..199, pcp: 3) / ', seen: ':vlan' },
  { layers: 'vlan(tpid: 0x88a8, id: 10) / vlan(id: 1..4094, dei: 1) / ', seen: ':ieee8021ad:vlan' },
  { layers: 'mpls(label: random(16..1048575), ttl: 10, tc: 5) / ', seen: ':mpls' },
  { layers: 'mpls(label: 16) / mpls(label: 17..20) / mpls / ', seen: ':mpls' },
  { layers: 'vlan(id: 5) / mpls(label: 99) / ', seen: ':vlan:mpls' },
];
const networks: readonly Stack[] = [
  { layers: ipv4, seen: ':ip' },
  { layers: 'ipv4(options: "0x94040000", flags: "df", tos: [0, 0xb8])', seen: ':ip' },
  { layers: ipv6, seen: ':ipv6' },
  {
    layers: `${ipv6} / ipv6_hop_options / ipv6_dest_options(options: "0x0104")`,
    seen: ':ipv6:ipv6.hopopts:ipv6.dstopts',
  },
  { layers: `${ipv6} / ipv6_fragment(id: 7..9)`, seen: ':ipv6:ipv6.fraghdr' },
];
const transports: readonly Stack[] = [
  { layers: `${udp} / pktgen`, seen: ':udp:pktgen' },
  { layers: 'udp(src: random(1024..65535), checksum: "auto") / raw("odd")', seen: ':udp' },
  {
    layers: 'tcp(src: 1024..2047, dst: 80, seq: random(0..0xffffffff), flags: ["syn", "syn,ack", "fin | psh ack"])',
    seen: ':tcp',
  },
  { layers: 'tcp(dst: 80, flags: "syn", options: "0x020405b4 0103") / raw("hello")', seen: ':tcp' },
];
const others: readonly Stack[] = [
  {
    layers: 'ipv6(src: [2001:db8::1, 2001:db9::2], dst: random([2001:db8::3, 2001:db9::4])) / udp / pktgen',
    seen: ':ipv6:udp:pktgen',
  },
  { layers: 'arp(sender_ip: 10.0.0.1..10.0.0.9, target_ip: 10.0.0.2, op: ["request", "reply"])', seen: ':arp' },
  { layers: 'vlan(id: 3) / arp(sender_ip: 10.0.0.3)', seen: ':vlan:arp' },
  { layers: `${ipv4} / icmp(id: random(0..65535), seq: 0..65535)`, seen: ':ip:icmp:data' },
  {
    layers: `${ipv4} / icmp(type: "time_exceeded") / raw("0x4500001c00010000201186ce 0a0000010a000002 0009000900080000")`,
    seen: ':ip:icmp:ip:udp',
  },
  { layers: `${ipv6} / icmpv6(id: 7, seq: 1..9) / raw("payload!!")`, seen: ':ipv6:icmpv6' },
  {
    layers: `${ipv6} / icmpv6(type: "neighbor_solicitation") / raw("0x20010db8000000000000000000000001")`,
    seen: ':ipv6:icmpv6',
  },
  {
    layers: `${ipv4} / udp / vxlan(vni: random(1..100)) / eth(dst: 02:00:00:00:00:02) / ${ipv4} / ${udp} / pktgen`,
    seen: ':ip:udp:vxlan:eth:ethertype:ip:udp:pktgen',
  },
  {
    layers: `${ipv6} / udp / vxlan(vni: 5) / eth(dst: 02:00:00:00:00:02) / vlan(id: 7) / ${ipv6} / ${udp} / pktgen`,
    seen: ':ipv6:udp:vxlan:eth:ethertype:vlan:ethertype:ipv6:udp:pktgen',
  },
  { layers: `${ipv4} / gre / ${ipv6} / tcp(flags: "rst")`, seen: ':ip:gre:ipv6:tcp' },
  {
    layers: `${ipv4} / gre(key: 1..9, seq: 1..99) / eth(dst: 02:00:00:00:00:02) / ${ipv4} / ${udp} / pktgen`,
    seen: ':ip:gre:eth:ethertype:ip:udp:pktgen',
  },
  { layers: `${ipv6} / gre(key: 5) / mpls(label: 40) / ${ipv4} / ${udp}`, seen: ':ipv6:gre:mpls:ip:udp' },
  { layers: `${ipv4} / raw("text")`, seen: ':ip' },
  { layers: 'raw("0x 00 01 ff")', seen: '' },
];

/** A device of pktgen's own words, and what tshark must see of its frames behind Ethernet. */
interface Words {
  readonly words: readonly string[];
  readonly seen: string;
}

const tags: readonly Words[] = [
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

const worded: readonly Words[] = tags.flatMap((tag) =>
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
  ...links
    .flatMap((link) =>
      networks.flatMap((network) =>
        transports.map((transport) => ({
          layers: `${link.layers}${network.layers} / ${transport.layers}`,
          seen: link.seen + network.seen + transport.seen,
        })),
      ),
    )
    .map((stack, i) => ({ ...stack, size: sizes[i % sizes.length] })),
  ...others,
];

/** Enough for lists and increments to move on, and for a thousand frames of stacks and of words each. */
const framesEach = 16;

/** A scenario in which a device for each stack writes a file. */
function scenario(): string {
  const devices = stacks.map(({ layers, size }, i) => {
    const parameters = ['driver pcap', `file "${i}.pcap"`, `count ${framesEach}`, size ?? ''];
    return `add_device "s@${i}" on cpu 0 { frame eth(dst: 02:00:00:00:00:01) / ${layers}; ${parameters.join('; ')} }`;
  });
  const told = worded.map(({ words }, i) => {
    const parameters = ['driver pcap', `file "${stacks.length + i}.pcap"`, `count ${framesEach}`, ...words];
    return `add_device "w@${i}" on cpu 0 { dst_mac 02:00:00:00:00:01; ${parameters.join('; ')} }`;
  });
  return [...devices, ...told, 'start', 'wait stopped timeout 20s', ''].join('\n');
}

/** The header of a pcap file. */
const fileHeader = 24;

function readBack(folder: string): string[][] {
  const files = [...stacks, ...worded].map((_, i) => readFileSync(join(folder, `${i}.pcap`)));
  const merged = Buffer.concat(files.map((file, i) => (i === 0 ? file : file.subarray(fileHeader))));
  writeFileSync(join(folder, 'all.pcap'), merged);
  const checked = ['ip', 'udp', 'tcp'].flatMap((name) => ['-o', `${name}.check_checksum:TRUE`]);
  // Conversations and reassembly look across frames that have nothing to do with each other here.
  const apart = [
    '-o',
    'tcp.analyze_sequence_numbers:FALSE',
    '-o',
    'tcp.desegment_tcp_streams:FALSE',
    '-o',
    'ip.defragment:FALSE',
    // Drawn ports are those of some protocol now and then: our header has its own sign.
    '-o',
    'udp.try_heuristic_first:TRUE',
  ];
  const fields = ['frame.protocols', '_ws.malformed', '_ws.expert.message', ...statuses].flatMap((name) => [
    '-e',
    name,
  ]);
  const args = ['-n', '-r', 'all.pcap', ...checked, ...apart, '-T', 'fields', '-E', 'separator=;', ...fields];
  const done = spawnSync('tshark', args, { cwd: folder, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  assert.is(done.status, 0, done.stderr);
  return done.stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(';'));
}

const ofWords = ({ words, seen }: Words): Stack => ({ layers: words.join('; '), seen });

/** tshark's verdicts on checksums: 1 is good, 3 that there is none. */
const statuses = ['ip', 'udp', 'tcp', 'icmp', 'icmpv6'].map((name) => `${name}.checksum.status`);

test('the stacks hold every layer', () => {
  const whole = stacks.map(({ layers }) => layers).join(' / ');
  const missing = [...protocols.keys()].filter((name) => !new RegExp(`\\b${name}\\b`).test(`eth / ${whole}`));
  assert.equal(missing, []);
});

testWith(test, [addon, tool('tshark')], 'tshark reads every stack as it was written', async () => {
  await withFiles({ 'stacks.pg': scenario() }, async (folder) => {
    const done = await pktsh(['run', 'stacks.pg', '--seed', '7', '--quiet'], { cwd: folder });
    assert.is(done.status, 0, done.stderr);
    const frames = readBack(folder);
    assert.is(frames.length, (stacks.length + worded.length) * framesEach);
    assert.ok(Math.min(stacks.length, worded.length) * framesEach >= 1000, 'a thousand of each');
    const wrong = frames.flatMap((columns, i) => {
      const at = Math.floor(i / framesEach);
      const { layers, seen } = stacks[at] ?? ofWords(worded[at - stacks.length] as Words);
      const [found = '', malformed, expert, ...sums] = columns;
      const plain = (path: string): string => path.replaceAll(':ethertype', '');
      const good = sums.every((sum) => sum.split(',').every((one) => ['', '1', '3'].includes(one)));
      const fits = plain(found).startsWith(`eth${plain(seen)}`);
      return fits && malformed === '' && good ? [] : [`${layers}: ${found} ${malformed} ${expert} ${sums}`];
    });
    assert.equal(wrong, []);
  });
});

test.run();
