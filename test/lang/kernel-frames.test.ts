// SPDX-License-Identifier: Apache-2.0
//
// Frames of the kernel's pktgen, recorded (test/fixtures/kernel-6.1/README.md), beside those that our words make of the same
// commands: byte for byte where the words are deterministic, by the rule of the field where it is drawn.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FrameProgram } from '../../lang/frame/frame-program.ts';
import { compile, SourceFile } from '../../lang/index.ts';
import { FrameInterpreter, words } from '../frame-interpreter.ts';
import { caseNames, commands, type Field, masked, meant, recorded, settings } from '../kernel-cases.ts';
import { dryRun } from '../runtime/scripts.ts';

const test = suite('frames of the kernel');

const script = (lines: readonly string[]) => `lab { veth v0 <-> v1 }\nadd_device v0 on cpu 0 {\n${lines.join('\n')}\n}`;

async function programOf(lines: readonly string[]): Promise<FrameProgram> {
  const { engine } = await dryRun(script(lines));
  const added = engine.operations.find((operation) => operation.call === 'addDevice');
  if (added?.call !== 'addDevice') throw new Error(`refused: ${told(lines).join(' ')}`);
  return added.plan.program;
}

function told(lines: readonly string[]): readonly string[] {
  return compile(new SourceFile('case.pg', script(lines))).diagnostics.map(({ code }) => code);
}

function built(program: FrameProgram, count: number): readonly Uint8Array[] {
  const interpreter = new FrameInterpreter(program);
  return Array.from({ length: count }, (_, i) => interpreter.next(i + 1));
}

// --- byte for byte -------------------------------------------------------------------------------------------------------------

/** Nothing that is sent says anything else in the kernel's own way. */
const alike = [
  ...['bad_cmd', 'bad_count', 'bad_mac', 'burst_on_veth', 'clone_on_veth', 'defaults', 'delay', 'dst_seq', 'flows_seq'],
  ...['frags', 'no_timestamp', 'queue_xmit', 'rate', 'ratep', 'size_1500', 'size_seq', 'svlan', 'tos', 'udp_dst_seq'],
  ...['udp_src_seq', 'vlan'],
];
/** Sent so only with `pktgen_compat exact`: no checksum over IPv6, a size below what the headers need. */
const exactly = ['ipv6', 'mpls_rnd'];

async function replay(name: string, more: readonly string[]): Promise<void> {
  const frames = recorded(name);
  assert.ok(frames.length >= 32, `${frames.length} frames were recorded`);
  const ours = built(await programOf([...settings(meant(name)), ...more]), frames.length);
  for (const [i, frame] of frames.entries()) {
    assert.is(masked(ours[i] as Uint8Array), masked(frame), `frame ${i + 1}`);
  }
}

for (const name of alike) {
  test(name, () => replay(name, []));
  test(`${name}, exact`, () => replay(name, ['pktgen_compat exact']));
}
for (const name of exactly) test(`${name}, exact`, () => replay(name, ['pktgen_compat exact']));

test('what differs without `exact`', async () => {
  assert.equal(told(settings(commands('mpls_rnd'))), ['PG5010', 'PG5119']);
  const [frame] = built(await programOf(settings(commands('ipv6'))), 1) as [Uint8Array];
  assert.is(residue(frame, 22, 32, 54, 17), 0, 'the UDP checksum over IPv6 is right');
});

test('a bad flag, a bad address', () => {
  assert.equal(told(settings(commands('bad_flag'))), ['PG5114']);
  assert.is(told(settings(commands('bad_ip'))).length, 1);
});

// --- checksums that the kernel leaves to the interface -----------------------------------------------------------------

const fold = (sum: number): number => (sum > 0xffff ? fold((sum & 0xffff) + (sum >>> 16)) : sum);

/** The pseudo header's sum (RFC 768, RFC 8200). */
function pseudo(frame: Uint8Array, addresses: number, width: number, udp: number): number {
  return words(frame.subarray(addresses, addresses + width)) + 17 + frame.length - udp;
}

/** 0 where a UDP checksum is right. */
function residue(frame: Uint8Array, addresses: number, width: number, udp: number, protocol: number): number {
  assert.is(protocol, 17);
  return ~fold(pseudo(frame, addresses, width, udp) + words(frame.subarray(udp))) & 0xffff;
}

for (const [name, addresses, width, udp] of [
  ['udpcsum', 26, 8, 34],
  ['udpcsum6', 22, 32, 54],
] as const) {
  test(`${name}: the veth was to fill the checksum in, ours is filled in`, async () => {
    const frames = recorded(name);
    const ours = built(await programOf(settings(commands(name))), frames.length);
    const sum = { offset: udp + 6, bytes: 2 };
    for (const [i, frame] of frames.entries()) {
      const mine = ours[i] as Uint8Array;
      assert.is(masked(mine, [sum]), masked(frame, [sum]));
      assert.is(frame.readUInt16BE(udp + 6), fold(pseudo(frame, addresses, width, udp)));
      assert.is(residue(mine, addresses, width, udp, 17), 0);
    }
  });
}

// --- by rule -------------------------------------------------------------------------------------------------------------------

const address = (text: string): number => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
/** The checksum of the IPv4 header, which follows its addresses and lengths. */
const headerSum = { offset: 24, bytes: 2 };

const drawn: readonly (readonly [string, Field, number, number])[] = [
  ['ipsrc_rnd', { offset: 26, bytes: 4 }, address('198.18.0.0'), address('198.19.255.254')],
  ['ipdst_rnd', { offset: 30, bytes: 4 }, address('198.18.0.0'), address('198.18.0.8')],
  ['udp_src_rnd', { offset: 34, bytes: 2 }, 100, 109],
  ['macsrc_rnd', { offset: 11, bytes: 1 }, 0x55, 0x5c],
];

for (const [name, field, first, last] of drawn) {
  test(`${name}, by rule`, async () => {
    const frames = recorded(name);
    const ours = built(await programOf(settings(commands(name))), 500);
    const drawnBy = (frame: Uint8Array) => Buffer.from(frame).readUIntBE(field.offset, field.bytes);
    for (const frame of [...frames, ...ours]) {
      const value = drawnBy(frame);
      assert.ok(value >= first && value <= last, `${value} is in ${first}..${last}`);
      assert.is(fold(words(frame.subarray(14, 34))), 0xffff, 'the IPv4 checksum is right');
    }
    for (const [i, frame] of frames.entries()) {
      assert.is(masked(ours[i] as Uint8Array, [field, headerSum]), masked(frame, [field, headerSum]));
    }
    const seen = new Set(ours.map(drawnBy));
    const possible = last - first + 1;
    assert.ok(
      possible > 100 ? seen.size > 100 : seen.size === possible,
      `${seen.size} of ${possible} values were drawn`,
    );
  });
}

test('imix, by rule', async () => {
  const weighed = [60, 576, 1500];
  const frames = recorded('imix');
  const ours = built(await programOf(settings(commands('imix'))), 1200);
  const lengths = [
    { offset: 16, bytes: 2 },
    { offset: 38, bytes: 2 },
  ];
  for (const frame of [...frames, ...ours]) {
    assert.ok(weighed.includes(frame.length), `${frame.length} bytes`);
    const view = Buffer.from(frame);
    assert.equal([view.readUInt16BE(16), view.readUInt16BE(38)], [frame.length - 14, frame.length - 34]);
    assert.is(fold(words(frame.subarray(14, 34))), 0xffff);
  }
  for (const [i, frame] of frames.entries()) {
    const mine = masked(ours[i] as Uint8Array, [...lengths, headerSum]).slice(0, 120);
    assert.is(mine, masked(frame, [...lengths, headerSum]).slice(0, 120));
  }
  // 7, 4 and 1 in 12: of 1200 draws, five standard deviations of the largest share.
  for (const [i, expected] of [700, 400, 100].entries()) {
    const found = ours.filter((frame) => frame.length === weighed[i]).length;
    assert.ok(Math.abs(found - expected) < 90, `${found} of ${weighed[i]}B`);
  }
});

test('every recorded case is replayed', () => {
  const replayed = [...alike, ...exactly, 'udpcsum', 'udpcsum6', ...drawn.map(([name]) => name), 'imix'];
  assert.equal(caseNames, [...replayed, 'bad_flag', 'bad_ip'].sort());
});

test.run();
