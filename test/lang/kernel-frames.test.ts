// SPDX-License-Identifier: Apache-2.0
//
// Frames of the kernel's pktgen, recorded (test/fixtures/kernel-6.1/README.md), beside those that our words make of the same
// commands: byte for byte where the words are deterministic, by the rule of the field where it is drawn.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FrameProgram } from '../../lang/frame/frame-program.ts';
import { compile, SourceFile } from '../../lang/index.ts';
import { FrameInterpreter, words } from '../frame-interpreter.ts';
import { caseNames, commands, masked, meant, recorded, settings } from '../kernel-cases.ts';
import { drawnFields, fits, headerSum, isUniform, mixtures } from '../kernel-draws.ts';
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

/** Enough to tell a wrong share of a field or a size. */
const frameCount = 4000;

for (const [name, { field, first, last }] of Object.entries(drawnFields)) {
  test(`${name}, by rule`, async () => {
    const frames = recorded(name);
    const ours = built(await programOf(settings(commands(name))), frameCount);
    const drawnBy = (frame: Uint8Array) => Buffer.from(frame).readUIntBE(field.offset, field.bytes);
    for (const frame of [...frames, ...ours]) {
      const value = drawnBy(frame);
      assert.ok(value >= first && value <= last, `${value} is in ${first}..${last}`);
      assert.is(fold(words(frame.subarray(14, 34))), 0xffff, 'the IPv4 checksum is right');
    }
    for (const [i, frame] of frames.entries()) {
      assert.is(masked(ours[i] as Uint8Array, [field, headerSum]), masked(frame, [field, headerSum]));
    }
    assert.ok(isUniform(ours.map(drawnBy), first, last));
  });
}

const lengths = [
  { offset: 16, bytes: 2 },
  { offset: 38, bytes: 2 },
];
/** Ethernet, IPv4, UDP, pktgen's header and two bytes more: what frames of all sizes have. */
const smallest = 60;

for (const [name, more, shares] of mixtures) {
  test(`${name}, by rule`, async () => {
    const weighed = Object.keys(shares).map(Number);
    const frames = recorded('imix');
    const ours = built(await programOf([...settings(commands('imix')), ...more]), frameCount);
    for (const frame of [...frames, ...ours]) {
      assert.ok(weighed.includes(frame.length), `${frame.length} bytes`);
      const view = Buffer.from(frame);
      assert.equal([view.readUInt16BE(16), view.readUInt16BE(38)], [frame.length - 14, frame.length - 34]);
      assert.is(fold(words(frame.subarray(14, 34))), 0xffff);
    }
    const begin = (frame: Uint8Array): string => masked(frame.subarray(0, smallest), [...lengths, headerSum]);
    for (const [i, frame] of frames.entries()) assert.is(begin(ours[i] as Uint8Array), begin(frame));
    const counts = weighed.map((size) => ours.filter((frame) => frame.length === size).length);
    const expected = weighed.map((size) => ((shares[size] as number) * frameCount) / 100);
    assert.ok(fits(counts, expected), `${counts}`);
  });
}

test('the rules tell what breaks them', () => {
  const even = Array.from({ length: 4000 }, (_, i) => i % 10);
  assert.ok(isUniform(even, 0, 9));
  assert.not.ok(isUniform(even, 0, 8), 'a value beyond');
  assert.not.ok(isUniform(even, 0, 10), 'one that never comes');
  assert.not.ok(
    isUniform(
      even.map((value) => (value === 3 ? 4 : value)),
      0,
      9,
    ),
    'one in the place of another',
  );
  // 7, 4 and 1 in 12 are told from the kernel's hundred slots only in the long run; from equal shares at once.
  assert.not.ok(fits([1334, 1333, 1333], [2333, 1333, 334]));
});

test('every recorded case is replayed', () => {
  const replayed = [...alike, ...exactly, 'udpcsum', 'udpcsum6', ...Object.keys(drawnFields), 'imix'];
  assert.equal(caseNames, [...replayed, 'bad_flag', 'bad_ip'].sort());
});

test.run();
