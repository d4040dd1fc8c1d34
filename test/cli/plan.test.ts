// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { golden, pktsh, withFiles } from './pktsh.ts';

const everything = `param load = 100kpps "offered by each sender"
param size: size

lab {
  veth tx0 <-> rx0 { mtu 9000B }
  ifb sink0
}

receiver rx0 { settle 200ms }

frame probe = eth(dst: rx0.mac) / ipv4(src: 10.0.0.1, dst: 10.0.0.2..10.0.0.9) / udp(src: random(1024..65535), dst: 9) / pktgen

scenario "one of each" {
  let twice = 2 * 500us
  let halves = [1, 2]
  add_device tx0@0 on cpu 0 { frame probe; pkt_size size; rate load; late skip }
  for n in 0..1 {
    if n > 0 { print "n is \${n}" } else { continue }
  }
  try { rem_device tx0@0 } else { print error }
  start
  let ticks = every 100ms { set tx0@0 rate load * pick(halves) }
  at 1s { clear_counters tx0@0 }
  let job = spawn { wait twice }
  await job
  abort when rx0.lost > 100
  wait until rx0.received > 0 timeout 1s
  cancel ticks
  let gone = rem_device tx0@0 async
  await gone
  sync timeout 1s
  stop
  expect rx0.lost == 0 "loss"
}
`;

const files = { 'everything.pg': everything, 'nothing.pg': '# only a comment\n' };

const test = suite('plan');

test('lists the control operations with their lines', async () => {
  await withFiles(files, async (cwd) => {
    const done = await pktsh(['plan', '--set', 'load=1Mpps', 'everything.pg'], { cwd });
    assert.is(done.stderr, '');
    assert.is(done.status, 0);
    golden('plan.txt', done.stdout);
  });
});

test('shows the bytes of the first packet', async () => {
  await withFiles(files, async (cwd) => {
    const { stdout } = await pktsh(['plan', 'everything.pg'], { cwd });
    const dump = stdout.match(/ {2}([0-9a-f]{4} {2}(?:[0-9a-f]{2} {1,2}){15}[0-9a-f]{2})$/gm) ?? [];
    assert.is(dump.length, 3);
    // EtherType IPv4, version 4 with 5 words, 46 bytes to the end, TTL 32, UDP.
    assert.match(dump[0] ?? '', /08 00 {1,2}45 00$/);
    assert.match(dump[1] ?? '', /0010 {2}00 2e 00 00 00 00 20 11/);
  });
});

test('the JSON form is the program, the same each time, with the values of --set in place', async () => {
  await withFiles(files, async (cwd) => {
    const args = ['plan', '--json', '--set', 'size=64B', 'everything.pg'];
    const [one, other] = await Promise.all([pktsh(args, { cwd }), pktsh(args, { cwd })]);
    assert.is(one.stdout, other.stdout);
    const program = JSON.parse(one.stdout);
    assert.is(program.schema, 'pktsh.program/1');
    assert.is(program.source.text, everything);
    assert.equal(
      program.params.map((param: { name: string; value: { value: unknown } | null }) => [
        param.name,
        param.value?.value,
      ]),
      [
        ['load', { type: 'pps', value: 100_000 }],
        ['size', { type: 'size', value: 64 }],
      ],
    );
  });
});

test('a file without operations has a plan too', async () => {
  await withFiles(files, async (cwd) => {
    const done = await pktsh(['plan', 'nothing.pg'], { cwd });
    assert.is(done.status, 0);
    assert.is(done.stderr, '');
  });
});

test("pktgen's words stand in a plan as they were written", async () => {
  const words = `lab { veth tx0 <-> rx0 }
let size = 60B
add_device tx0 on cpu 0 { mpls 0x0001000a, 0x0002010a; tos 0x10; flag UDPCSUM, !SHARED; flag NO_TIMESTAMP; imix_weights size:7, 576B:4 }
`;
  await withFiles({ 'a.pg': words }, async (folder) => {
    const { stdout } = await pktsh(['plan', 'a.pg'], { cwd: folder });
    for (const line of [
      'mpls 0x0001000a, 0x0002010a',
      'tos 0x10',
      'flag UDPCSUM, !SHARED, NO_TIMESTAMP',
      'imix_weights size:7, 576B:4',
    ])
      assert.ok(stdout.includes(`${line}\n`), line);
  });
});

test.run();
