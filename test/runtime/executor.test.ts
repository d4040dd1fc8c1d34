// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bench, dryRun } from './scripts.ts';

interface Expected {
  readonly prints?: readonly string[];
  readonly exit?: number;
  /** Code of what stopped the scenario. */
  readonly failure?: string;
  readonly warnings?: readonly string[];
}

type Row = readonly [title: string, script: string, expected: Expected];

function table(name: string, rows: readonly Row[]): void {
  const test = suite(name);
  for (const [title, script, expected] of rows) {
    test(title, async () => {
      const { results, scenario, prints } = await dryRun(bench + script);
      assert.is(scenario.failure?.code ?? null, expected.failure ?? null, scenario.failure?.message ?? '');
      if (expected.prints !== undefined) assert.equal(prints, expected.prints);
      assert.is(results.exit, expected.exit ?? 0);
      assert.equal(
        scenario.warnings.map((warning) => warning.code),
        expected.warnings ?? [],
      );
    });
  }
  test.run();
}

const tx0 = 'add_device tx0 on cpu 0 { frame probe; pkt_size 60B; rate 100kpps }\n';

table('structure', [
  ['let and assignment', 'let x = 2; x = x * 3; print x', { prints: ['6'] }],
  [
    'if, else if, else',
    'for i in 1..3 { if i == 1 { print "a" } else if i == 2 { print "b" } else { print "c" } }',
    { prints: ['a', 'b', 'c'] },
  ],
  [
    'for over ranges and lists',
    'for i in 1..3 { print i }; for s in [60B, 1500B] { print s }',
    { prints: ['1', '2', '3', '60B', '1500B'] },
  ],
  ['a backwards range is empty', 'for i in 3..1 { print i }; print "end"', { prints: ['end'] }],
  [
    'while, break and continue',
    'let i = 0; while true { i = i + 1; if i == 2 { continue }; if i > 3 { break }; print i }',
    { prints: ['1', '3'] },
  ],
  [
    'break leaves the innermost loop',
    'repeat 2 { for i in 1..9 { if i == 2 { break }; print i } }',
    { prints: ['1', '1'] },
  ],
  ['repeat', 'let n = 0; repeat 1000 { n = n + 1 }; print n', { prints: ['1000'] }],
  [
    'division by zero stops the scenario',
    'let zero = 0; repeat 1 { zero = 0 }; print 1 / zero; print "no"',
    { prints: [], failure: 'PG2301', exit: 2 },
  ],
  [
    'try tolerates a failed operation and knows why',
    'try { rem_device tx0; print "no" } else { print error }\nprint "on"\nif false { add_device tx0 on cpu 0 { frame probe } }',
    { prints: ['there is no device `tx0` (ENODEV)', 'on'] },
  ],
  ['try without else', `${tx0}try { add_device tx0 on cpu 0 { frame probe } }\nprint "on"`, { prints: ['on'] }],
  [
    'a try inside an else has its own error',
    `try { rem_device tx0 } else { try { add_device tx0 on cpu 99 { frame probe } } else { print "inner" }; print error }`,
    { prints: ['inner', 'there is no device `tx0` (ENODEV)'] },
  ],
]);

table('runs and time', [
  ['wait takes its time', 'start; wait 1500ms; print elapsed', { prints: ['1.5s'] }],
  [
    'elapsed is 0 outside a run',
    'wait 1s; print elapsed; start; wait 1s; stop; print elapsed',
    { prints: ['0ns', '0ns'] },
  ],
  [
    'at counts from the start of the run',
    'at 1s { print elapsed }\nwait 5s\nstart\nat 500ms { print elapsed }\nwait 2s',
    { prints: ['500ms', '1s'] },
  ],
  [
    'equal times run in order of registration',
    'at 1s { print "a" }\nstart\nat 1s { print "b" }\nwait 1s\nprint "c"',
    { prints: ['a', 'b', 'c'] },
  ],
  [
    'an every keeps its place among equal times',
    'every 100ms { print "tick" }\nwait 200ms\nprint "main"',
    { prints: ['tick', 'tick', 'main'] },
  ],
  [
    'every first ticks one period later',
    'let t = every 400ms { print "tick" }\nwait 1s\ncancel t\nwait 1s',
    { prints: ['tick', 'tick'] },
  ],
  [
    'every never overlaps itself and counts what it misses',
    'start\nevery 100ms { print elapsed; wait 250ms }\nwait 700ms',
    { prints: ['100ms', '350ms', '600ms'], warnings: ['PG6203'] },
  ],
  [
    'an at that is past runs at once and is reported',
    'start; wait 1s; at 400ms { print elapsed }\nwait 1s',
    { prints: ['1s'], warnings: ['PG6202'] },
  ],
  [
    'an at that is pending when its run ends is dropped',
    'start; at 2s { print "no" }\nwait 1s; stop; wait 2s',
    { prints: [], warnings: ['PG6201'] },
  ],
  [
    'what is due begins in order of registration, once its registrar waits',
    `${tx0}at 0s { print "a" }; start; at 0s { print "b" }; spawn { print "c" }; print "main"; wait 0s; print "end"`,
    { prints: ['main', 'a', 'b', 'c', 'end'] },
  ],
  [
    'what is due is not dropped',
    `${tx0}start; wait 1s; at 1s { print "at" }; stop; print "end"`,
    { prints: ['at', 'end'] },
  ],
  [
    'a cancelled at that is due does not begin',
    `${tx0}start; let j = at 0s { print "no" }; cancel j; wait 1s; print "end"`,
    { prints: ['end'] },
  ],
  ['an at without a run is dropped', 'at 1s { print "no" }\nwait 3s', { prints: [], warnings: ['PG6201'] }],
  [
    'a dropped at belongs to its run only',
    'at 1s { print elapsed }\nstart; wait 2s; stop\nat 1s { print "second" }\nstart; wait 2s; stop',
    { prints: ['1s', 'second'] },
  ],
  [
    'wait stopped ends with the last count',
    `${tx0}set tx0 count 1000\nstart; wait stopped; print tx0.sent, tx0.running, elapsed`,
    { prints: ['1000 false 0ns'] },
  ],
  [
    'wait stopped with a timeout ends the scenario',
    `${tx0}start; try { wait stopped timeout 1s } else { print "no" }\nprint "no"`,
    { prints: [], failure: 'PG6102', exit: 1 },
  ],
  ['wait until', `${tx0}start; wait until sink.received >= 1000 timeout 1s; print sink.received`, { prints: ['1000'] }],
  [
    'wait until is looked at at control events',
    `start; spawn { wait 3ms; ${tx0.trim()}; start tx0 }\nwait until tx0.running timeout 1s; print elapsed`,
    { prints: ['3ms'] },
  ],
  [
    'wait until times out',
    'wait until sink.received > 0 timeout 1s\nprint "no"',
    { prints: [], failure: 'PG6101', exit: 1 },
  ],
  [
    'a figure without a value makes no condition true',
    `${tx0}spawn { wait 5ms; start }\nwait until tx0.gap.p99 > 0ns timeout 1s\nprint tx0.sent > 0`,
    { prints: ['true'] },
  ],
  [
    'abort when fires from anywhere',
    `${tx0}abort when tx0.sent >= 5000\nstart; wait 1s; print "no"`,
    { prints: [], failure: 'PG6104', exit: 1 },
  ],
  [
    'waiting for what cannot happen any more',
    `${tx0}start; wait stopped; print "no"`,
    { prints: [], failure: 'PG6106', exit: 2 },
  ],
]);

table('jobs', [
  [
    'a spawned job begins when its spawner first waits',
    'spawn { print "job" }\nlet x = 1\nif x == 1 { print "main" }\nwait 0s\nprint "after"',
    { prints: ['main', 'job', 'after'] },
  ],
  ['jobs end with the scenario body', 'spawn { wait 1s; print "no" }\nwait 500ms', { prints: [] }],
  [
    'await a job',
    'let j = spawn { wait 1s; print "job" }\nawait j\nprint "main"\nawait j',
    { prints: ['job', 'main'] },
  ],
  [
    'a bare await is everything that this job spawned',
    'every 100ms { let x = 1 }\nfor i in 1..3 { spawn { wait i * 100ms; print i } }\nawait\nprint "all"',
    { prints: ['1', '2', '3', 'all'] },
  ],
  [
    'cancel ends a job at its wait, and what it spawned',
    'let j = spawn { spawn { wait 200ms; print "no" }; wait 100ms; print "no" }\nwait 50ms\ncancel j\nwait 1s\nprint "end"',
    { prints: ['end'] },
  ],
  [
    'a job that never began can be cancelled',
    'let j = spawn { print "no" }\ncancel j\nwait 1s\nlet k = at 1s { print "no" }\nstart\ncancel k\nwait 2s',
    { prints: [] },
  ],
  [
    'variables are captured by reference, loop variables fresh',
    'let x = 1\nfor i in 1..2 { spawn { wait 1s; print i, x } }\nx = 7\nawait',
    { prints: ['1 7', '2 7'] },
  ],
  [
    'a failure in any job stops the scenario',
    'spawn { wait 1s; rem_device tx0 }\nwait 2s\nprint "no"\nif false { add_device tx0 on cpu 0 { frame probe } }',
    { prints: [], failure: 'PG6002', exit: 2 },
  ],
  [
    'pure loops leave the others their turn',
    'let go = true\nspawn { go = false }\nlet n = 0\nwhile go { n = n + 1 }\nprint n < 10000',
    { prints: ['true'] },
  ],
  [
    'draws repeat with the seed',
    'let a = pick(1..1000000); let b = pick([1, 2, 3]); print a <= 1000000, b <= 3',
    { prints: ['true true'] },
  ],
]);

table('devices', [
  ['a used name', `${tx0}${tx0}`, { failure: 'PG6001', exit: 2 }],
  [
    'a name whose removal is pending is free again',
    `${tx0}start; let g = rem_device tx0 async\n${tx0}await g\nprint grace.pending, tx0.running`,
    { prints: ['0 false'] },
  ],
  [
    'removal at once, waiting left to the value',
    `${tx0}start; wait 1s; rem_device tx0 async\nprint tx0.running, tx0.sent`,
    { prints: ['false 100000'] },
  ],
  [
    'rem_device_all takes what exists on arrival',
    `${tx0}rem_device_all async\n${tx0}sync timeout 1s\nstart; wait 1s; print tx0.sent`,
    { prints: ['100000'] },
  ],
  [
    'rem_device_all on one CPU',
    `${tx0}add_device tx1 on cpu 1 { frame probe; rate 1kpps }\nrem_device_all on cpu 0\nstart; wait 1s; print tx0.sent, tx1.sent`,
    { prints: ['0 1000'] },
  ],
  ['a CPU that is not there', 'add_device tx0 on cpu 64 { frame probe }', { failure: 'PG6004', exit: 2 }],
  [
    'rate is packets a second whatever the burst',
    `${tx0}set tx0 burst 10; start; wait 1s; stop; print tx0.sent, tx0.asked`,
    { prints: ['100000 100kpps'] },
  ],
  [
    'ratep is passes a second',
    'add_device tx0 on cpu 0 { frame probe; ratep 1kpps; burst 10 }\nstart; wait 1s; stop; print tx0.sent',
    { prints: ['10000'], warnings: [] },
  ],
  [
    'delay is time from pass to pass',
    'add_device tx0 on cpu 0 { frame probe; delay 1ms }\nstart; wait 1s; stop; print tx0.sent',
    { prints: ['1000'] },
  ],
  [
    'bit rates follow the bytes sent',
    'add_device tx0 on cpu 0 { frame probe; pkt_size 1250B; rate 10Mbps }\nstart; wait 1s; stop; print tx0.sent, tx0.achieved.bps',
    { prints: ['1000 10Mbps'] },
  ],
  [
    'a change of size keeps the bit rate',
    'add_device tx0 on cpu 0 { frame probe; pkt_size 1250B; rate 10Mbps }\nstart; wait 1s; set tx0 pkt_size 125B; wait 1s; stop; print tx0.sent, tx0.bytes',
    { prints: ['11000 2500000B'] },
  ],
  [
    'unpaced is a million a second',
    'add_device tx0 on cpu 0 { frame probe }\nstart; wait 1s; stop; print tx0.sent',
    { prints: ['1000000'] },
  ],
  [
    'rate 0pps pauses',
    `${tx0}set tx0 rate 0pps; start; wait 1s; print tx0.sent, tx0.asked; set tx0 rate 1kpps; wait 1s; stop; print tx0.sent`,
    { prints: ['0 0pps', '1000'] },
  ],
  [
    'set changes only what it names',
    `${tx0}set tx0 { count 10; shortfall 5% }\nset tx0 rate 1kpps\nstart; wait stopped; print tx0.sent, tx0.bytes`,
    { prints: ['10 600B'] },
  ],
  [
    'counters go on over a set',
    `${tx0}start; wait 1s; set tx0 rate 200kpps; wait 1s; stop; print tx0.sent`,
    { prints: ['300000'] },
  ],
  [
    'often set, never hurried',
    `${tx0}set tx0 rate 100pps; start; repeat 1000 { wait 1ms; set tx0 rate 100pps }\nrepeat 500 { wait 1ms; set tx0 rate 101pps; wait 1ms; set tx0 rate 100pps }\nstop; print tx0.sent <= 203`,
    { prints: ['true'] },
  ],
  ['the driver is settled when a device is added', `${tx0}set tx0 driver null`, { failure: 'PG6007', exit: 2 }],
  [
    'start begins what is stopped and zeroes its counters only',
    `${tx0}add_device tx1 on cpu 1 { frame probe; rate 1kpps }\nstart; wait 1s; stop tx0; wait 1s; start; wait 1s; stop; print tx0.sent, tx1.sent`,
    { prints: ['100000 3000'] },
  ],
  [
    'receivers are zeroed when a run begins, not before',
    `${tx0}start; wait 1s; stop; print sink.received; start; wait 500ms; stop; print sink.received`,
    { prints: ['100000', '50000'] },
  ],
  [
    'a device started anew in a run owes both runs',
    `${tx0}add_device tx1 on cpu 1 { frame probe; rate 1kpps }\nstart; wait 1s; stop tx0; start tx0; wait 1s; stop; print tx0.sent, sink.received, sink.lost`,
    { prints: ['100000 200000 0'] },
  ],
  [
    'reset removes everything and ends the run',
    `${tx0}start; wait 1s; reset; print elapsed, tx0.sent; ${tx0}`,
    { prints: ['0ns 100000'] },
  ],
  [
    'clear_counters restarts means',
    `${tx0}start; wait 1s; set tx0 rate 1kpps; clear_counters; wait 1s; print tx0.sent, tx0.achieved, sink.received, sink.lost`,
    { prints: ['1000 1kpps 1000 0'] },
  ],
  [
    'clearing one device leaves receivers alone',
    `${tx0}start; wait 1s; clear_counters tx0; wait 1s; stop; print tx0.sent, sink.received, sink.lost`,
    { prints: ['100000 200000 0'] },
  ],
]);

table('metrics', [
  [
    'a removed device keeps its figures, totals include all',
    `${tx0}start; wait 1s; rem_device tx0; ${tx0}start; wait 1s; rem_device tx0; print tx0.sent, devices.sent, devices.duration, devices.achieved`,
    { prints: ['100000 200000 2s 100kpps'] },
  ],
  [
    'totals are over the time in which somebody ran',
    `${tx0}add_device tx1 on cpu 1 { frame probe; rate 100kpps; count 50000 }\nstart; wait 1s; stop; wait 7s; print devices.sent, devices.achieved, devices.asked`,
    { prints: ['150000 150kpps 150kpps'] },
  ],
  [
    'pps is about the last 100 ms',
    `${tx0}start; wait 1s; set tx0 rate 1kpps; wait 1s; print tx0.pps, tx0.achieved`,
    { prints: ['1kpps 50.5kpps'] },
  ],
  [
    'nothing received is all lost',
    `add_device tx0 on cpu 0 { frame probe; rate 1kpps; driver null }\nadd_device tx1 on cpu 1 { frame probe; rate 1kpps }\nreceiver other on rx0 { expects tx0, tx1 }\nstart; wait 1s; stop; print sink.lost, other.lost, other.loss, other.from(tx1).lost`,
    { prints: ['0 2000 100% 1000'] },
  ],
  [
    'while running only what is older than settle is lost',
    `add_device tx1 on cpu 1 { frame probe; rate 1kpps }\nreceiver other on rx0 { expects tx1; settle 500ms }\nstart; wait 1s; print other.lost; stop; print other.lost`,
    { prints: ['500', '1000'] },
  ],
  [
    'other frames',
    'frame bare = eth(dst: rx0.mac) / ipv4(src: 10.0.0.1, dst: 10.0.0.2) / udp(src: 1, dst: 9)\nadd_device tx0 on cpu 0 { frame bare; rate 1kpps }\nstart; wait 1s; stop; print sink.received, sink.other',
    { prints: ['0 1000'] },
  ],
  [
    'shares by sender',
    `${tx0}add_device tx0@1 on cpu 1 { frame probe; rate 1kpps }\nstart; wait 1s; stop; print sink.from(tx0).received, sink.from(tx0@1).received, receivers.received`,
    { prints: ['100000 1000 101000'] },
  ],
  ['interface facts', 'print tx0.mtu, tx0.up, rx0.queues', { prints: ['1500B true 64'] }],
  ['a veth has no speed', 'print tx0.speed', { failure: 'PG6302', exit: 2 }],
  [
    'nothing asked of the unpaced',
    `${tx0}add_device tx1 on cpu 1 { frame probe }\nstart; wait 1s; print devices.asked`,
    { failure: 'PG6301', exit: 2 },
  ],
  [
    'grace periods are counted',
    `${tx0}start; set tx0 rate 1kpps; rem_device tx0; sync; print grace.completed, grace.pending, grace.latency.max`,
    { prints: ['2 0 0ns'] },
  ],
  ['an expectation on nothing fails', `expect grace.latency.p99 < 1ms`, { exit: 1 }],
]);
