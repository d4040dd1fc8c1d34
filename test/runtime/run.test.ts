// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Value } from '../../lang/value.ts';
import { type Engine, EngineError, type InterfaceFacts } from '../../runtime/engine.ts';
import { dryRunEngine } from '../../runtime/engines/dry-run.ts';
import type { Progress } from '../../runtime/results.ts';
import { bench, dryRun, runOn } from './scripts.ts';

const ms = 1_000_000n;
const tx0 = 'add_device tx0 on cpu 0 { frame probe; pkt_size 60B; rate 100kpps }\n';
const tx1 = 'add_device tx1 on cpu 1 { frame probe; pkt_size 60B; rate 100kpps }\n';

type Calls = { readonly [K in keyof Engine]?: Engine[K] };

/** A dry engine some of whose calls are others; the rest goes through. */
function altered(calls: (engine: Engine) => Calls): Engine {
  const engine = dryRunEngine();
  const changed = calls(engine);
  return new Proxy<Engine>(engine, {
    get: (target, key) => {
      const own = Reflect.get(changed, key) as unknown;
      if (own !== undefined) return own;
      const value = Reflect.get(target, key) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** Grace periods of removals and changes that take their time. */
const slow = (time: bigint): Engine =>
  altered((engine) => {
    const later = async <T>(value: Promise<T>): Promise<T> => {
      await engine.clock.sleepUntil(engine.clock.now() + time);
      return value;
    };
    return {
      remDevice: (id) => later(engine.remDevice(id)),
      setDevice: (id, plan) => later(engine.setDevice(id, plan)),
    };
  });

const queues = suite('operations that take time');

for (const [title, script, expected] of [
  ['a removal returns when its grace period has ended', `${tx0}start; rem_device tx0; print elapsed`, ['10ms']],
  [
    'with async at once, and the value has the waiting',
    `${tx0}start; let g = rem_device tx0 async\nprint elapsed, tx0.running\nawait g; print elapsed`,
    ['0ns false', '10ms'],
  ],
  [
    'a name under removal is free once that is over',
    `${tx0}start; rem_device tx0 async\n${tx0}print elapsed; start tx0; print tx0.running`,
    ['10ms', 'true'],
  ],
  [
    'operations on one device queue',
    `${tx0}start; spawn { set tx0 rate 1kpps; print "a", elapsed }\nspawn { set tx0 rate 2kpps; print "b", elapsed }\nawait`,
    ['a 10ms', 'b 20ms'],
  ],
  [
    'different devices do not wait for each other',
    `${tx0}${tx1}start; spawn { set tx0 rate 1kpps; print "a", elapsed }\nspawn { set tx1 rate 2kpps; print "b", elapsed }\nawait`,
    ['a 10ms', 'b 10ms'],
  ],
  [
    'starting one does not wait for the removal of another',
    `${tx0}start; rem_device tx0 async\n${tx1}start tx1; print elapsed`,
    ['0ns'],
  ],
  [
    'removing all is at once for each that is free',
    `${tx0}${tx1}start; spawn { set tx0 rate 1kpps }\nwait 1ms; rem_device_all async\nwait 1ms; print tx0.running, tx1.running; sync; print elapsed`,
    ['true false', '20ms'],
  ],
  [
    'rem_device_all passes over what others have removed',
    `${tx0}start; rem_device tx0 async\nrem_device_all; print elapsed; sync; print elapsed`,
    ['0ns', '10ms'],
  ],
  [
    'a cancelled job leaves its operation to its end',
    `${tx0}start; let j = spawn { rem_device tx0; print "no" }\nwait 1ms; cancel j; print elapsed\n${tx0}print elapsed`,
    ['1ms', '10ms'],
  ],
  [
    'a bare stop comes after what was queued',
    `${tx0}start; spawn { set tx0 rate 1kpps; print "set" }\nwait 1ms; stop; print "stopped"`,
    ['set', 'stopped'],
  ],
  ['sync within its timeout', `${tx0}start; rem_device tx0 async\nsync timeout 1s; print elapsed`, ['10ms']],
] as const) {
  queues(title, async () => {
    const { results, prints, scenario } = await runOn(slow(10n * ms), bench + script);
    assert.is(scenario.failure, null, scenario.failure?.message);
    assert.equal(prints, expected);
    assert.is(results.verdict, 'passed');
  });
}

queues('sync beyond its timeout ends the scenario', async () => {
  const { scenario } = await runOn(
    slow(10n * ms),
    `${bench}${tx0}rem_device tx0 async\ntry { sync timeout 5ms } else { print "no" }`,
  );
  assert.equal([scenario.failure?.code, scenario.verdict, scenario.prints], ['PG6103', 'failed', []]);
});

queues('an asynchronous removal that fails stops the scenario', async () => {
  const { scenario } = await runOn(
    slow(10n * ms),
    `${bench}${tx0}spawn { rem_device tx0 }\nwait 1ms\ntry { rem_device tx0 async } else { print "no" }\nwait 1s`,
  );
  assert.equal([scenario.failure?.code, scenario.verdict, scenario.prints], ['PG6002', 'error', []]);
});

queues.run();

const ends = suite('how a run ends');

const refusing = (code: string) =>
  altered(() => ({
    addDevice: () => Promise.reject(new EngineError(code, 'the kernel said no', 'ask nicely')),
  }));

for (const [code, verdict, exit] of [
  ['EPERM', 'unsuitable', 4],
  ['ENODEV', 'unsuitable', 4],
  ['EINVAL', 'error', 2],
  ['EBUSY', 'error', 2],
] as const) {
  ends(`an engine that answers ${code}`, async () => {
    const { results, scenario } = await runOn(refusing(code), bench + tx0);
    assert.equal([results.verdict, results.exit, scenario.failure?.code], [verdict, exit, 'PG6005']);
    assert.match(scenario.failure?.message ?? '', `(${code})`);
    assert.equal(scenario.failure?.hints, ['ask nicely']);
  });
}

ends('a refusal can be tolerated', async () => {
  const { results, prints } = await runOn(refusing('EPERM'), `${bench}try { ${tx0.trim()} } else { print error }`);
  assert.equal([results.exit, prints], [0, ['`add_device tx0` failed: the kernel said no (EPERM)']]);
});

ends('a lab that cannot be had', async () => {
  const engine = altered(() => ({ openLab: () => Promise.reject(new EngineError('EPERM', 'unshare', 'sysctl')) }));
  const { results, diagnostics } = await runOn(engine, bench);
  assert.equal([results.exit, results.failure?.code, results.scenarios], [4, 'PG6005', []]);
  assert.equal(
    diagnostics.map((one) => one.code),
    ['PG6005'],
  );
});

ends('a defect is thrown, not reported as the user’s mistake', async () => {
  const engine = altered(() => ({
    setDevice: () => {
      throw new TypeError('a defect');
    },
  }));
  let thrown: unknown;
  await runOn(engine, `${bench}${tx0}try { set tx0 rate 1kpps }`).catch((error) => {
    thrown = error;
  });
  assert.instance(thrown, TypeError);
});

ends('an interruption stops cleanly and keeps the results so far', async () => {
  const stop = new AbortController();
  const { results, scenario } = await dryRun(
    `${bench}${tx0}start; wait 1s; print "now"\nexpect 1 == 2\nlet n = 0\nwhile true { n = n + 1 }`,
    { onPrint: () => setTimeout(() => stop.abort(), 5), signal: stop.signal },
  );
  assert.equal([results.verdict, results.exit], ['interrupted', 130]);
  assert.equal(
    [scenario.devices[0]?.sent, scenario.receivers[0]?.lost, scenario.expectations[0]?.fails],
    [100_000, 0, 1],
  );
});

ends('an interruption keeps later scenarios from running', async () => {
  const stop = new AbortController();
  const { results } = await dryRun('scenario "a" { print "a"; wait 1s }\nscenario "b" { print "b" }', {
    onPrint: () => stop.abort(),
    signal: stop.signal,
  });
  assert.equal([results.exit, results.scenarios.map((one) => one.scenario)], [130, ['a']]);
});

/** Where nothing can happen any more, with the places that are told: first that of the scenario itself. */
const standstills: readonly (readonly [string, string, readonly string[]])[] = [
  ['one job', `${tx0}start; wait stopped`, ['wait stopped']],
  ['a job and the one that it waits for', `${tx0}start; spawn { wait stopped }; await`, ['await', 'wait stopped']],
  [
    'what waits for a run that nobody begins',
    'let later = at 1s { print 1 }\nrepeat 5 { spawn { await later } }\nawait',
    ['await', 'at 1s { print 1 }', 'await later'],
  ],
  [
    'a function in many jobs',
    `fn linger() { wait stopped }
    ${tx0}start
    repeat 5 { spawn { linger() } }
    if true { await }`,
    ['await', 'wait stopped'],
  ],
  ['a teardown', `teardown { start; wait stopped }\nsetup { ${tx0}}\nscenario "s" { wait 1s }`, ['wait stopped']],
];
for (const [name, script, places] of standstills) {
  ends(`a standstill, told at what waits: ${name}`, async () => {
    const text = `${bench}${script}`;
    const { diagnostics, results } = await dryRun(text);
    const [told] = diagnostics;
    assert.equal([results.exit, diagnostics.map(({ code }) => code)], [2, ['PG6106']]);
    const spans = told === undefined ? [] : [told.span, ...told.labels.map(({ span }) => span)];
    assert.equal(
      spans.map(({ start, end }) => text.slice(start, end)),
      places,
    );
  });
}

ends('the longest time allowed', async () => {
  const { results, scenario } = await dryRun(`${bench}${tx0}start; while true { wait 1ms }`, { maxDuration: 50n * ms });
  assert.equal([results.exit, scenario.failure?.code, scenario.devices[0]?.sent], [1, 'PG6105', 5000]);
});

ends('a device below what was asked', async () => {
  // A machine that sends nine of ten.
  const tired = altered((engine) => {
    const nine = <T extends { readonly sent: number }>(stats: T): T => ({
      ...stats,
      sent: Math.floor(stats.sent * 0.9),
    });
    return {
      stats: (id) => nine(engine.stats(id)),
      stop: async (ids) => (await engine.stop(ids)).map(nine),
      remDevice: async (id) => nine(await engine.remDevice(id)),
    };
  });
  const script = `${bench}${tx0}set tx0 shortfall 5%; start; wait 1s; stop; expect tx0.sent == 100000`;
  const { results, scenario } = await runOn(tired, script);
  assert.equal([results.verdict, results.exit], ['shortfall', 3]);
  assert.equal(scenario.devices[0]?.shortfall, { allowed: 5, exceeded: true });
});

ends('a shortfall that the scenario allows', async () => {
  const tired = altered((engine) => ({ stats: (id) => ({ ...engine.stats(id), sent: 0 }) }));
  const { results } = await runOn(tired, `${bench}${tx0}set tx0 shortfall 100%; start; wait 1s`);
  assert.is(results.exit, 0);
});

ends.run();

const machine = suite('interfaces');

machine('a missing interface outside a lab names those that are there', async () => {
  const eth: InterfaceFacts = { ...((await dryRunEngine().interfaces(['eth0']))[0] as InterfaceFacts), name: 'eth0' };
  const engine = altered(() => ({ interfaces: async () => [eth] }));
  const frame = 'frame f = eth(dst: 02:00:00:00:00:01) / ipv4 / udp / pktgen\n';
  const { results, scenario } = await runOn(engine, `${frame}add_device eth1 on cpu 0 { frame f }`);
  assert.equal([results.exit, scenario.failure?.code], [4, 'PG6003']);
  assert.equal(scenario.failure?.hints, ['did you mean `eth0`?', 'there are eth0']);
  const off = await runOn(engine, `${frame}add_device nowhere on cpu 0 { frame f; driver null }`);
  assert.is(off.results.exit, 0);
});

machine('a default route is spared unless it is named', async () => {
  const make = () =>
    altered((engine) => ({
      interfaces: async (wanted) => (await engine.interfaces(wanted)).map((one) => ({ ...one, defaultRoute: true })),
    }));
  const text = 'frame f = eth(dst: 02:00:00:00:00:01) / ipv4 / udp / pktgen\nadd_device eth0 on cpu 0 { frame f }';
  const refused = await runOn(make(), text);
  assert.equal([refused.results.exit, refused.scenario.failure?.code], [4, 'PG6402']);
  assert.is((await runOn(make(), text, { allow: ['eth0'] })).results.exit, 0);
});

machine('--lab without a lab block is tx0 <-> rx0', async () => {
  const text = `receiver sink on rx0
frame f = eth(dst: rx0.mac) / ipv4 / udp / pktgen
add_device tx0 on cpu 0 { frame f; rate 1kpps; count 10 }
start; wait stopped; expect sink.received == 10`;
  const { results, engine } = await dryRun(text, { lab: true });
  assert.is(results.exit, 0);
  assert.is(engine.operations[0]?.call, 'openLab');
});

machine.run();

const documents = suite('results');

documents('parameters have their defaults unless given', async () => {
  const text = 'param a = 2\nparam b = a * 2\nprint a, b';
  const given = new Map<string, Value>([['a', { type: 'number', value: 5 }]]);
  assert.equal((await dryRun(text)).prints, ['2 4']);
  const { prints, results } = await dryRun(text, { params: given });
  assert.equal([prints, results.params], [['5 10'], { a: '5', b: '10' }]);
  const missing = await dryRun('param a: number\nprint a');
  assert.equal([missing.results.exit, missing.results.failure?.code], [2, 'PG6401']);
});

documents('every scenario starts clean, whatever became of the one before', async () => {
  const text = `${bench}let n = 1
scenario "first" { n = n + 1; ${tx0.trim()}; start; wait 1s; rem_device tx0; rem_device tx0 }
scenario "second" { print n; ${tx0.trim()}; start; wait 500ms; stop; print tx0.sent, sink.received, grace.completed
  expect sink.received == 0 }
scenario "third" { expect devices.sent == 0; expect grace.completed == 0 }`;
  const { results, prints } = await dryRun(text);
  assert.equal(
    results.scenarios.map(({ scenario, verdict, exit }) => [scenario, verdict, exit]),
    [
      ['first', 'error', 2],
      ['second', 'failed', 1],
      ['third', 'passed', 0],
    ],
  );
  assert.equal(prints, ['1', '50000 50000 1']);
  assert.equal([results.verdict, results.exit], ['error', 2]);
});

documents('every scenario has a lab of its own', async () => {
  const { results, engine } = await dryRun(`${bench}scenario "a" { ${tx0.trim()}; start; wait 1s }\nscenario "b" { }`);
  assert.is(results.exit, 0);
  assert.equal(
    engine.operations
      .filter(({ call }) => ['openLab', 'addReceiver', 'remReceiver'].includes(call))
      .map(({ call }) => call),
    ['openLab', 'addReceiver', 'remReceiver', 'openLab', 'addReceiver', 'remReceiver'],
  );
});

documents('a scenario for which no time is left is not passed over in silence', async () => {
  const next = 'scenario "b" { print 2 }\nscenario "c" { print 3 }';
  const late = await dryRun(`scenario "a" { wait 2s }\n${next}`, { maxDuration: 1000n * ms });
  assert.equal([late.results.scenarios.map(({ failure }) => failure?.code), late.results.failure], [['PG6105'], null]);
  // The first one takes all the time that there is, and not more.
  const just = await dryRun(`scenario "a" { wait 1s }\n${next}`, { maxDuration: 1000n * ms });
  assert.equal(
    [just.results.scenarios.map(({ verdict }) => verdict), just.results.failure?.code, just.results.exit, just.prints],
    [['passed'], 'PG6105', 1, []],
  );
});

documents('expectations are kept by place and label, with the first failure', async () => {
  const { scenario } = await dryRun(`${bench}
for i in 1..4 { expect i * 10 < 30 && i != 9 "round" }
for i in 1..2 { expect i == i "i is \${i}" }
expect 99 within 2% of 100`);
  assert.equal(
    scenario.expectations.map(({ text, label, passed, passes, fails, actual }) => {
      return [text, label, passed, passes, fails, actual.map((side) => `${side.text} = ${side.value}`)];
    }),
    [
      ['i * 10 < 30 && i != 9', 'round', false, 2, 2, ['i * 10 = 30']],
      ['i == i', 'i is 1', true, 1, 0, ['i = 1', 'i = 1']],
      ['i == i', 'i is 2', true, 1, 0, ['i = 2', 'i = 2']],
      ['99 within 2% of 100', null, true, 1, 0, []],
    ],
  );
  const [first] = scenario.expectations;
  assert.equal([first?.span.line, first?.actual[0]?.raw, scenario.verdict], [6, 30, 'failed']);
});

documents('an expectation on a figure without a value says why', async () => {
  const { scenario } = await dryRun(`${bench}${tx0}expect tx0.gap.p99 < 1ms`);
  assert.match(scenario.expectations[0]?.reason ?? '', 'has no value');
});

documents('devices and receivers are told in full, removed ones too', async () => {
  const { scenario, results } = await dryRun(
    `${bench}${tx0}${tx1}start; wait 1s; rem_device tx0; wait 1s; ${tx0}start tx0; wait 1s; stop`,
  );
  assert.equal(
    scenario.devices.map(({ name, cpu, sent, asked, achieved, duration, removed }) => [
      [name, cpu, sent],
      [asked, achieved, duration, removed],
    ]),
    [
      [
        ['tx0', 0, 100_000],
        [100_000, 100_000, 1e9, true],
      ],
      [
        ['tx1', 1, 300_000],
        [100_000, 100_000, 3e9, false],
      ],
      [
        ['tx0', 0, 100_000],
        [100_000, 100_000, 1e9, false],
      ],
    ],
  );
  const still = { p50: 0, p99: 0, p999: 0, max: 0 };
  const every10us = { p50: 10_000, p99: 10_000, max: 10_000 };
  assert.equal(scenario.receivers, [
    {
      name: 'sink',
      interface: 'rx0',
      received: 200_000,
      bytes: 12_000_000,
      other: 0,
      lost: 0,
      loss: 0,
      duplicated: 0,
      reordered: 0,
      dropped: 0,
      latency: { ...still, resolution: 0, batch: 0, clockStepped: false, negative: 0, untimed: 0 },
      jitter: 0,
      gap: every10us,
      from: [
        {
          device: 'tx0',
          expected: true,
          sent: 200_000,
          received: 200_000,
          lost: 0,
          duplicated: 0,
          reordered: 0,
          latency: still,
          jitter: 0,
          gap: every10us,
        },
      ],
    },
  ]);
  assert.equal(JSON.parse(JSON.stringify(results)), results);
});

documents('churn settles the accounts of those that are gone', async () => {
  const { scenario } = await dryRun(
    `${bench}${tx1}start\nrepeat 300 { ${tx0.trim()}; start tx0; wait 10ms; rem_device tx0 }\nstop; print tx0.sent, sink.lost, sink.received, sink.from(tx0).received`,
  );
  assert.equal(scenario.prints, ['1000 0 300000 1000']);
  assert.equal(
    scenario.receivers[0]?.from.map(({ sent, received, lost }) => [sent, received, lost]),
    [[300_000, 300_000, 0]],
  );
});

documents('what happened by itself is told', async () => {
  let tell: (reason: string) => void = () => {};
  const engine = altered((dry) => ({
    onEvent: (listener) => {
      dry.onEvent(listener);
      tell = (reason) => {
        const added = (dry as ReturnType<typeof dryRunEngine>).operations.find((one) => one.call === 'addDevice');
        if (added?.call === 'addDevice') listener({ kind: 'failed', device: added.device, reason });
        listener({ kind: 'stall', cpu: 3, tid: 77, phase: 'send', ageMs: 1000 });
      };
    },
  }));
  const { scenario } = await runOn(engine, `${bench}${tx0}start; wait 1s; print "now"; wait 1s`, {
    onPrint: () => tell('ENETDOWN'),
  });
  assert.equal(scenario.events, [
    { at: 1e9, kind: 'device_failed', device: 'tx0', reason: 'ENETDOWN' },
    { at: 1e9, kind: 'stall', cpu: 3, tid: 77, phase: 'send', ageMs: 1000 },
  ]);
});

documents('progress is shown while the run goes on', async () => {
  const seen: Progress[] = [];
  const stop = new AbortController();
  await dryRun(`${bench}${tx0}start; while true { wait 1ms }`, {
    signal: stop.signal,
    onProgress: (progress) => {
      seen.push(progress);
      if (seen.length === 2) stop.abort();
    },
  });
  const [first, second] = seen;
  assert.ok(first && second && second.elapsed > first.elapsed && second.sent > first.sent);
  assert.equal([first.devices, first.asked, first.lost], ['tx0', 100_000, 0]);
  assert.ok(Math.abs(second.pps - 100_000) < 1000, `${second.pps}`);
});

documents.run();
