// SPDX-License-Identifier: Apache-2.0
//
// A second opinion on frames that differ in length: what the native senders write is read by tshark, which must find every
// length and every checksum right, and nothing malformed.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FieldOperation, FieldSlot, FrameProgram, FrameSizes } from '../../lang/frame/frame-program.ts';
import type { DevicePlan, Engine } from '../../runtime/engine.ts';
import { nativeEngine } from '../../runtime/engines/native.ts';
import { addon, testWith, tool } from '../requirements.ts';

const test = suite('tshark on sizes that vary');

const slot = (offset: number, bytes: number): FieldSlot => ({ offset, bytes, shift: 0, bits: 8 * bytes });
const ethernet = { ipv4: '02000000000202000000000108 00', ipv6: '02000000000202000000000186dd' };
const udp = '0009 0009 0000 0000';
/** 16 bytes for the pktgen header. */
const header = '00'.repeat(16);

/** Random ports, a stamp, and the UDP checksum of a datagram from `start`, over addresses from `addresses`. */
function udpOperations(
  start: number,
  addresses: { readonly start: number; readonly length: number },
): FieldOperation[] {
  return [
    { kind: 'length', slot: slot(start + 4, 2), minus: start },
    {
      kind: 'random',
      slot: slot(start, 2),
      first: '0xc000',
      last: '0xffff',
      except: [{ first: '0xc100', last: '0xfeff' }],
    },
    { kind: 'stamp', offset: start + 8, time: true, stream: true },
    {
      kind: 'checksum',
      offset: start + 6,
      start,
      length: null,
      pseudo: { ...addresses, sum: 17, zero: 0xffff },
    },
  ];
}

function programOf(headers: string, longest: number, sizes: FrameSizes, operations: FieldOperation[]): FrameProgram {
  return { template: headers.replaceAll(' ', '').padEnd(2 * longest, '0'), sizes, operations };
}

function overIpv4(longest: number, sizes: FrameSizes): FrameProgram {
  const ip = '4500 0000 0000 0000 2011 0000 0a000001 0a000002';
  const drawn = { kind: 'random', slot: slot(30, 4), first: '0xb000000', last: '0xbffffff', except: [] } as const;
  return programOf(`${ethernet.ipv4} ${ip} ${udp} ${header}`, longest, sizes, [
    { kind: 'length', slot: slot(16, 2), minus: 14 },
    { kind: 'flows', count: 4, length: 3, sequential: false, value: drawn },
    ...udpOperations(34, { start: 26, length: 8 }),
    { kind: 'checksum', offset: 24, start: 14, length: 20 },
  ]);
}

function overIpv6(longest: number, sizes: FrameSizes): FrameProgram {
  const address = '20010db8000000000000000000000001';
  return programOf(`${ethernet.ipv6} 60000000 0000 1120 ${address}${address} ${udp} ${header}`, longest, sizes, [
    { kind: 'length', slot: slot(18, 2), minus: 54 },
    { kind: 'random_bits', slot: slot(38, 16), set: `0x${address}`, keep: `0x20010db8${'f'.repeat(24)}` },
    ...udpOperations(54, { start: 22, length: 32 }),
  ]);
}

const drawn = (first: number, last: number): FrameSizes => ({ kind: 'random', first, last });
const imix: FrameSizes = {
  kind: 'weighted',
  entries: [
    { size: 61, weight: 7 },
    { size: 576, weight: 4 },
    { size: 1500, weight: 1 },
  ],
};
const programs: readonly (readonly [string, FrameProgram])[] = [
  ['ipv4 in order', overIpv4(120, { kind: 'increment', first: 58, last: 120, start: 59 })],
  ['ipv4 drawn', overIpv4(1514, drawn(58, 1514))],
  ['ipv4 by weight', overIpv4(1500, imix)],
  ['ipv6 drawn', overIpv6(1514, drawn(79, 1514))],
];

const framesEach = 200;
/** Far beyond what any of this takes, so that only a hang meets it. */
const deadlineMs = 10_000;

async function write(engine: Engine, program: FrameProgram, file: string): Promise<void> {
  const plan: DevicePlan = {
    name: 'device',
    interface: 'none',
    cpu: engine.capabilities.cpus[0] as number,
    driver: 'pcap',
    xmitMode: 'start_xmit',
    program,
    pace: null,
    paused: false,
    burst: 1,
    clones: 1,
    count: framesEach,
    late: 'catch_up',
    priority: 0,
    queues: null,
    seed: 7n,
    file,
  };
  const id = await engine.addDevice(plan);
  engine.start([id]);
  const deadline = Date.now() + deadlineMs;
  while (engine.stats(id).running) {
    assert.ok(Date.now() < deadline, 'waited too long for the count');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.is((await engine.remDevice(id)).sent, framesEach);
}

for (const [title, program] of programs) {
  testWith(test, [addon, tool('tshark')], title, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pktsh-tshark-'));
    const engine = nativeEngine();
    try {
      const file = join(folder, 'frames.pcap');
      await write(engine, program, file);
      const checks = ['ip', 'udp'].flatMap((name) => ['-o', `${name}.check_checksum:TRUE`]);
      const columns = ['frame.len', '_ws.malformed', '_ws.expert.message', 'ip.checksum.status', 'udp.checksum.status'];
      const fields = columns.flatMap((name) => ['-e', name]);
      const args = ['-n', '-r', file, ...checks, '-T', 'fields', '-E', 'separator=;', ...fields];
      const done = spawnSync('tshark', args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
      assert.is(done.status, 0, done.stderr);
      const rows = done.stdout.trimEnd().split('\n');
      assert.is(rows.length, framesEach);
      const ip = title.startsWith('ipv4') ? '1' : '';
      const good = new RegExp(`^\\d+;;;${ip};1$`);
      assert.equal(
        rows.filter((row) => !good.test(row)),
        [],
      );
      assert.ok(new Set(rows).size > 2, 'sizes vary');
    } finally {
      await engine.close();
      rmSync(folder, { recursive: true });
    }
  });
}

test.run();
