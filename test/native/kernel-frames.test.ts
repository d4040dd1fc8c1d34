// SPDX-License-Identifier: Apache-2.0
//
// The kernel's recorded frames beside those of the native senders, written by driver pcap: byte for byte where the words are
// deterministic, by rule where fields are drawn. And what `show` works out of the last frame beside the last one written.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Engine } from '../../runtime/engine.ts';
import { nativeEngine } from '../../runtime/engines/native.ts';
import { caseNames, type Field, masked, meant, pktgenFrames, recorded, settings } from '../kernel-cases.ts';
import { drawnFields, fits, headerSum, isUniform, mixtures } from '../kernel-draws.ts';
import { addon, testWith } from '../requirements.ts';
import { runOn } from '../runtime/scripts.ts';

const test = suite('frames of the kernel, natively');

interface Written {
  readonly frames: readonly Buffer[];
  readonly prints: readonly string[];
}

/** What a device of these settings writes, `count` frames, and what the statements behind print. */
async function written(lines: readonly string[], count: number, then = ''): Promise<Written> {
  const folder = mkdtempSync(join(tmpdir(), 'pktsh-kernel-'));
  const engine: Engine = nativeEngine();
  try {
    const file = join(folder, 'frames.pcap');
    const own = lines.filter((line) => !line.startsWith('count '));
    const script = `add_device v0 on cpu 0 {
      ${[...own, 'driver pcap', `file "${file}"`, `count ${count}`].join('\n')}
    }
    start
    wait stopped timeout 20s
    ${then}`;
    const { scenario, prints } = await runOn(engine, script, { seed: 7n });
    assert.is(scenario.failure, null, JSON.stringify(scenario.failure));
    return { frames: pktgenFrames(readFileSync(file)), prints };
  } finally {
    await engine.close();
    rmSync(folder, { recursive: true });
  }
}

/** Sent as the kernel does only with `pktgen_compat exact`; the others with it and without. */
const exactly = ['ipv6', 'mpls_rnd'];
/** Nothing is sent that the kernel's mistake would tell. */
const mistaken = ['bad_flag', 'bad_ip'];
/** Left to the interface by the kernel, filled in here: RFC 768's field of the UDP header. */
const udpSums: Readonly<Record<string, Field>> = {
  udpcsum: { offset: 40, bytes: 2 },
  udpcsum6: { offset: 60, bytes: 2 },
};

const compared = caseNames.filter((name) => !mistaken.includes(name) && !(name in drawnFields) && name !== 'imix');
for (const name of compared) {
  for (const exact of exactly.includes(name) ? [true] : [true, false]) {
    // Over IPv6 without UDPCSUM the kernel has no checksum; with it the interface was to fill it in.
    testWith(test, [addon], `${name}${exact ? ', exact' : ''}`, async () => {
      const kernels = recorded(name);
      assert.ok(kernels.length >= 32);
      const lines = [...settings(meant(name)), ...(exact ? ['pktgen_compat exact'] : [])];
      const { frames } = await written(lines, kernels.length);
      assert.is(frames.length, kernels.length);
      const sum = udpSums[name];
      // The device's number stands in the stamp's upper bits unless `exact`; the stamp is masked.
      const left = sum === undefined ? [] : [sum];
      for (const [i, frame] of kernels.entries()) {
        assert.is(masked(frames[i] as Buffer, left), masked(frame, left), `frame ${i + 1}`);
      }
    });
  }
}

// --- draws ------------------------------------------------------------------------------------------------------------------

const frameCount = 4000;
for (const [name, { field, first, last }] of Object.entries(drawnFields)) {
  testWith(test, [addon], `${name}, by rule`, async () => {
    const { frames } = await written(settings(meant(name)), frameCount);
    const read = (frame: Buffer): number => frame.readUIntBE(field.offset, field.bytes);
    const kernels = recorded(name);
    for (const frame of [...kernels, ...frames]) {
      assert.ok(read(frame) >= first && read(frame) <= last, `${read(frame)} is in ${first}..${last}`);
    }
    for (const [i, frame] of kernels.entries()) {
      assert.is(masked(frames[i] as Buffer, [field, headerSum]), masked(frame, [field, headerSum]));
    }
    assert.ok(isUniform(frames.map(read), first, last));
  });
}

for (const [name, more, shares] of mixtures) {
  testWith(test, [addon], `${name}, by rule`, async () => {
    const { frames, prints } = await written([...settings(meant('imix')), ...more], frameCount, 'show v0');
    const sizes = Object.keys(shares).map(Number);
    for (const frame of [...recorded('imix'), ...frames]) assert.ok(sizes.includes(frame.length), `${frame.length}`);
    const counts = sizes.map((size) => frames.filter((frame) => frame.length === size).length);
    const expected = sizes.map((size) => ((shares[size] as number) * frameCount) / 100);
    assert.ok(fits(counts, expected), `${counts}`);
    const shown = `     imix_size_counts: ${sizes.map((size, i) => `${size},${counts[i]} `).join('')}`;
    assert.ok(prints.includes(shown), prints.join('\n'));
    assert.match(prints.join('\n'), `(${frames.at(-1)?.length}byte,0frags)`);
  });
}

// --- what `show` says of the last frame ------------------------------------------------------------------------------------

const base = ['dst_mac 02:00:00:00:00:0b', 'src_mac 02:00:00:00:00:0a', 'pkt_size 100B'];
const ipv4 = [...base, 'src_min 10.0.0.1'];
const shownOf: readonly (readonly [string, readonly string[]])[] = [
  ['addresses and ports in order', [...ipv4, 'src_max 10.0.0.7', 'dst 10.1.0.1', 'dst_max 10.1.0.5', 'udp_src_max 20']],
  [
    'addresses and ports that are drawn',
    [
      ...ipv4,
      ...['src_max 10.0.255.255', 'dst 120.0.0.0', 'dst_max 130.0.0.0', 'udp_src_max 2000', 'udp_dst_max 60000'],
      'flag IPSRC_RND, IPDST_RND, UDPSRC_RND, UDPDST_RND',
    ],
  ],
  ['IPv6 destinations', [...base, 'src6 2001:db8::1', 'dst6_min 2001:db8::', 'dst6_max 2001:db8::ffff:ffff:ffff:ffff']],
  ['flows one after the other', [...ipv4, 'dst 10.1.0.1', 'dst_max 10.1.3.1', 'flows 4', 'flowlen 7', 'flag FLOW_SEQ']],
  ['flows that are drawn', [...ipv4, 'dst 10.1.0.1', 'dst_max 10.1.3.1', 'flows 40', 'flowlen 3']],
  ['drawn flows with drawn addresses', [...ipv4, 'dst 1.1.0.1', 'dst_max 10.9.3.1', 'flows 9', 'flag IPDST_RND']],
  ['behind tags', [...ipv4, 'dst 10.1.0.1', 'dst_max 10.1.3.1', 'vlan_id 7', 'svlan_id 9', 'flag IPDST_RND, VID_RND']],
  ['behind labels', [...ipv4, 'dst 10.1.0.1', 'dst_max 10.1.3.1', 'mpls 0x0001000a, 0x0002010a', 'flag MPLS_RND']],
  ['clones', [...ipv4, 'dst 10.1.0.1', 'dst_max 10.1.3.1', 'clone_skb 3']],
  ['MAC addresses', [...ipv4, 'dst 10.1.0.1', 'src_mac_count 300', 'dst_mac_count 5']],
];

for (const [what, lines] of shownOf) {
  testWith(test, [addon], `shown: ${what}`, async () => {
    for (const count of [1, 2, 1000]) {
      const { frames, prints } = await written(lines, count, 'show v0');
      const last = frames.at(-1) as Buffer;
      assert.is(frames.length, count);
      const text = prints.join('\n');
      const tags = /vlan_id/.test(lines.join()) ? 8 : /mpls/.test(lines.join()) ? 8 : 0;
      const ip = 14 + tags;
      const wide = last[ip] === 0x60;
      const part = (at: number, length: number): string => last.subarray(at, at + length).toString('hex');
      const dotted = (at: number): string => [...last.subarray(at, at + 4)].join('.');
      const groups = (at: number): string => (part(at, 16).match(/..../g) ?? []).join(':');
      const [, src = '', dst = ''] = /cur_saddr: (\S+) {2}cur_daddr: (\S+)/.exec(text) ?? [];
      const spelt = (shown: string): string => (wide ? expanded(shown) : shown);
      assert.equal(
        [spelt(src), spelt(dst)],
        wide ? [groups(ip + 8), groups(ip + 24)] : [dotted(ip + 12), dotted(ip + 16)],
      );
      const udp = ip + (wide ? 40 : 20);
      assert.match(text, `cur_udp_dst: ${last.readUInt16BE(udp + 2)}  cur_udp_src: ${last.readUInt16BE(udp)}\n`);
      const counted = (name: string): number =>
        Number(lines.find((line) => line.startsWith(`${name} `))?.split(' ')[1] ?? 0);
      const offset = (at: number, first: number, many: number): number =>
        many === 0 ? 0 : (last.readUIntBE(at + 1, 5) - first + 1) % many;
      const [dstMac, srcMac] = [offset(0, 0x0b, counted('dst_mac_count')), offset(6, 0x0a, counted('src_mac_count'))];
      assert.match(text, `cur_dst_mac_offset: ${dstMac}  cur_src_mac_offset: ${srcMac}\n`);
    }
  });
}

/** The eight groups of an IPv6 address in full. */
function expanded(text: string): string {
  const [head = '', tail = ''] = text.split('::');
  const groups = (part: string): readonly string[] => (part === '' ? [] : part.split(':'));
  const [front, back] = [groups(head), groups(tail)];
  const zeros = text.includes('::') ? new Array<string>(8 - front.length - back.length).fill('0') : [];
  return [...front, ...zeros, ...back].map((group) => group.padStart(4, '0')).join(':');
}

test.run();
