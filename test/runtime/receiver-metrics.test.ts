// SPDX-License-Identifier: Apache-2.0
//
// Times of receivers: latency, jitter and gaps, of all senders and of one.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type ArrivalTiming, noTiming } from '../../runtime/arrival-timing.ts';
import type { Engine, ReceiverTiming } from '../../runtime/engine.ts';
import { dryRunEngine } from '../../runtime/engines/dry-run.ts';
import { bucketOf, type Histogram } from '../../runtime/histogram.ts';
import { bench, dryRun, runOn } from './scripts.ts';

const test = suite('receiver metrics');

const device = (name: string, rate: string, cpu = 0) =>
  `add_device ${name} on cpu ${cpu} { frame probe; rate ${rate} }`;

/** Expressions after a second of 1 kpps from tx0@0 and 10 kpps from tx0@1 to `sink`, with what they print. */
const figures: readonly (readonly [string, string])[] = [
  ['sink.latency.p50', '0ns'],
  ['sink.latency.p999', '0ns'],
  ['sink.latency.max', '0ns'],
  ['sink.jitter', '0ns'],
  ['sink.gap.max', '1ms'],
  ['sink.gap.p50', '100us'],
  ['sink.from(tx0@0).gap.p50', '1ms'],
  ['sink.from(tx0@1).gap.p99', '100us'],
  ['sink.from(tx0@1).latency.p99', '0ns'],
  ['receivers.gap.max', '1ms'],
  ['receivers.jitter', '0ns'],
  ['receivers.latency.max', '0ns'],
];

test('figures of the perfect machine', async () => {
  const { prints } = await dryRun(`${bench}
    ${device('tx0@0', '1kpps')}
    ${device('tx0@1', '10kpps', 1)}
    start
    wait 1s
    stop
    ${figures.map(([expression]) => `print ${expression}`).join('\n')}
  `);
  // A percentile is the upper end of its bucket, which is at most 1/32 wide, and never above the maximum.
  const near = (shown: string) => shown.replace(/^10[0-3]\.\d+us$/, '100us');
  assert.equal(
    prints.map(near),
    figures.map(([, value]) => value),
  );
});

test('conditions can stand on them while frames arrive', async () => {
  const { results, prints } = await dryRun(`${bench}
    ${device('tx0@0', '1kpps')}
    abort when sink.latency.p99 > 10ms
    every 100ms { print sink.gap.max }
    start
    wait until sink.gap.p50 == 1ms timeout 1s
    wait 150ms
    stop
    expect sink.latency.p99 < 10ms "latency"
  `);
  assert.is(results.verdict, 'passed');
  assert.equal(prints, ['1ms']);
});

test('clear_counters begins anew', async () => {
  const { prints } = await dryRun(`${bench}
    ${device('tx0@0', '1kpps')}
    start
    wait 100ms
    set tx0@0 rate 10kpps
    wait 100ms
    print sink.gap.max
    clear_counters
    wait 100ms
    print sink.gap.max < 110us
    stop
  `);
  assert.equal(prints, ['1ms', 'true']);
});

test('a figure of nothing has no value, and says why', async () => {
  const { scenario } = await dryRun(`${bench}
    ${device('tx0@0', '1kpps')}
    ${device('tx1@0', '1kpps', 1)}
    expect sink.latency.p99 < 10ms
    expect sink.jitter < 10ms
    start
    wait 1s
    stop
    expect sink.from(tx1@0).gap.max < 1s
  `);
  assert.equal(
    scenario.expectations.map(({ passed, reason }) => [passed, reason]),
    [
      [false, '`sink.latency.p99` has no value: no frame has arrived yet'],
      [false, '`sink.jitter` has no value: it takes two frames of one device, and they have not arrived yet'],
      [
        false,
        '`sink.from(tx1@0).gap.max` has no value: it takes two frames of one device, and they have not arrived yet',
      ],
    ],
  );
});

function histogram(values: readonly number[]): Histogram {
  const counts: number[] = [];
  for (const value of values) {
    const bucket = bucketOf(value);
    while (counts.length <= bucket) counts.push(0);
    counts[bucket] = (counts[bucket] as number) + 1;
  }
  return { counts, total: values.length, max: Math.max(0, ...values) };
}

/** The dry engine with other times: those of a machine that has some. */
function timing(changes: Partial<ArrivalTiming>, clockStepped = false): Engine {
  const engine = dryRunEngine();
  const receiverTiming = (id: number): ReceiverTiming => {
    const total = { ...noTiming, ...changes };
    const streams = new Map([...engine.receiverTiming(id).streams.keys()].map((device) => [device, total]));
    return { resolution: 1000, clockStepped, total, streams };
  };
  return new Proxy<Engine>(engine, {
    get: (target, key) => {
      if (key === 'receiverTiming') return receiverTiming;
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

const run = `${bench}${device('tx0@0', '1kpps')}; start; wait 10ms; stop\n`;

test('percentiles and the mean variation', async () => {
  const latency = histogram([...Array.from({ length: 998 }, () => 16), 25, 30]);
  const engine = timing({ latency, gaps: histogram([5]), variation: 100, variations: 40 });
  const { scenario, prints } = await runOn(
    engine,
    `${run}print sink.latency.p50\nprint sink.latency.p999\nprint sink.latency.max\nprint sink.jitter\nprint sink.from(tx0@0).latency.p999`,
  );
  assert.equal(prints, ['16ns', '25ns', '30ns', '3ns', '25ns']);
  const [receiver] = scenario.receivers;
  assert.equal(receiver?.latency, {
    p50: 16,
    p99: 16,
    p999: 25,
    max: 30,
    resolution: 1000,
    batch: 0,
    clockStepped: false,
    negative: 0,
    untimed: 0,
  });
  assert.equal([receiver?.jitter, receiver?.gap], [3, { p50: 5, p99: 5, max: 5 }]);
  assert.equal(receiver?.from[0]?.latency, { p50: 16, p99: 16, max: 30, p999: 25 });
  await engine.close();
});

test('an unpaced device stamps its frames by batches, which the results say', async () => {
  const text = `${bench}add_device tx0@0 on cpu 0 { frame probe; burst 4 }; start; wait 10ms; stop`;
  const { scenario } = await dryRun(text);
  // 1 Mpps in batches of 4.
  assert.is(scenario.receivers[0]?.latency.batch, 4000);
});

const spoiled: readonly (readonly [string, Engine, string, string])[] = [
  ['no stamps', timing({ untimed: 10 }), 'latency.p99', 'the frames carry no time stamp'],
  ['no stamps', timing({ untimed: 10 }), 'jitter', 'the frames carry no time stamp'],
  [
    'stamps of the future',
    timing({ negative: 10 }),
    'latency.p99',
    'every frame was stamped later than it arrived: the clocks disagree',
  ],
  [
    'a set clock',
    timing({ latency: histogram([1, 2]) }, true),
    'latency.p50',
    'the wall clock was set while it was measured',
  ],
  ['a set clock', timing({ gaps: histogram([1, 2]) }, true), 'gap.max', 'the wall clock was set while it was measured'],
];
for (const [what, engine, metric, why] of spoiled) {
  test(`${what}: no ${metric}`, async () => {
    const { scenario } = await runOn(engine, `${run}expect sink.${metric} < 1s`);
    const [expectation] = scenario.expectations;
    assert.equal([expectation?.passed, expectation?.reason], [false, `\`sink.${metric}\` has no value: ${why}`]);
    await engine.close();
  });
}

test('a removed sender keeps its figures, and its name means the newest', async () => {
  const { prints, scenario } = await dryRun(`${bench}
    ${device('tx0@0', '1kpps')}
    start
    wait 1s
    rem_device tx0@0
    print sink.from(tx0@0).gap.p50
    ${device('tx0@0', '2kpps')}
    start tx0@0
    wait 1s
    stop
    print sink.from(tx0@0).gap.max
    print sink.from(tx0@0).received
    print sink.gap.max
  `);
  assert.equal(prints, ['1ms', '500us', '2000', '1ms']);
  // The results have one line for a name.
  const from = scenario.receivers[0]?.from;
  assert.equal(
    from?.map(({ device: name, received, gap }) => [name, received, gap.max]),
    [['tx0@0', 3000, 1_000_000]],
  );
});

test('senders that are long gone keep theirs too', async () => {
  const { prints, scenario } = await dryRun(`${bench}
    ${device('tx0@base', '1kpps')}
    start
    for i in 1..100 {
      add_device "tx0@\${i}" on cpu 1 { frame probe; rate 10kpps }
      start "tx0@\${i}"
      wait 10ms
      rem_device "tx0@\${i}"
    }
    wait 1s
    add_device tx0@last on cpu 1 { frame probe; rate 10kpps }
    rem_device tx0@last
    stop
    print sink.from("tx0@\${3}").gap.max
    print sink.from("tx0@\${3}").received
    print sink.gap.max
  `);
  assert.equal(prints, ['100us', '100', '1ms']);
  const third = scenario.receivers[0]?.from.find(({ device: name }) => name === 'tx0@3');
  assert.equal([third?.received, third?.gap.max], [100, 100_000]);
});

test('two receivers keep apart what they hear', async () => {
  const { prints } = await dryRun(`
    lab { veth tx0 <-> rx0; veth tx1 <-> rx1 }
    receiver one on rx0
    receiver two on rx1 { expects tx1@0 }
    frame probe = eth() / ipv4 / udp / pktgen
    ${device('tx0@0', '1kpps')}
    ${device('tx1@0', '10kpps', 1)}
    start
    wait 100ms
    stop
    print one.gap.max
    print two.gap.max
    print receivers.gap.max
    print one.from(tx1@0).received
    print two.lost
  `);
  assert.equal(prints, ['1ms', '100us', '1ms', '0', '0']);
});

test('a receiver that expects a sender it cannot hear has lost everything', async () => {
  const { prints } = await dryRun(`
    lab { veth tx0 <-> rx0; veth tx1 <-> rx1 }
    receiver sink on rx0 { expects tx1@0 }
    frame probe = eth() / ipv4 / udp / pktgen
    ${device('tx1@0', '1kpps')}
    start
    wait 100ms
    stop
    print sink.lost
    print sink.from(tx1@0).lost
  `);
  assert.equal(prints, ['100', '100']);
});

test('a sender that is not there yet has no figure', async () => {
  const { prints } = await dryRun(`${bench}
    try { print sink.from(tx0@0).latency.p99 } else { print error }
    ${device('tx0@0', '1kpps')}
  `);
  assert.equal(prints, ['`tx0@0.latency.p99` has no value: the device has not been added yet']);
});

test.run();
