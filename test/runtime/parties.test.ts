// SPDX-License-Identifier: Apache-2.0
//
// Several who give orders at once, on senders that send: jobs of a scenario and of a shell, an `every`, and a signal. Each
// operation succeeds, or fails as documented; the outcome is one of the orders, never a mixture.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { enter, openSession } from '../../lang/session.ts';
import type { Engine } from '../../runtime/engine.ts';
import { nativeEngine } from '../../runtime/engines/native.ts';
import { type EntryEnd, OpenScenario } from '../../runtime/scenario/open-scenario.ts';
import { addon, cpus, namespaces, testWith } from '../requirements.ts';
import { runOn } from './scripts.ts';

const test = suite('several parties');
const onNative = (name: string, run: () => Promise<void>) => testWith(test, [addon, namespaces, cpus(2)], name, run);

const opening = `
lab { veth tx0 <-> rx0 }
frame probe = eth(dst: rx0.mac) / ipv4(src: 10.0.0.1, dst: 10.0.0.2) / udp(src: 1024, dst: 9) / pktgen
`;

/** What an operation may be refused with while others add and remove the same device. */
const documented = /^(`tx0@x` exists already \(EBUSY\)|there is no device `tx0@x` \(ENODEV\))$/;

async function withNative(body: (engine: Engine) => Promise<void>): Promise<void> {
  const engine = nativeEngine();
  try {
    await body(engine);
  } finally {
    await engine.close();
  }
}

/** No sender has a device and nothing is pending. */
function atRest(engine: Engine): void {
  assert.equal(engine.grace().pending, 0);
  assert.equal(
    engine.senders().map(({ devices }) => devices),
    engine.senders().map(() => 0),
  );
}

/** Adds, starts, changes and removes one device on a CPU, over and over; what is refused is printed. */
const contender = (cpu: number, times: number): string => `repeat ${times} {
    try { add_device tx0@x on cpu ${cpu} { frame probe; rate 20kpps; shortfall 100% } } else { print error }
    try { start tx0@x } else { print error }
    try { set tx0@x { rate pick(10kpps..50kpps); pkt_size pick(60B..200B) } } else { print error }
    try { stop tx0@x } else { print error }
    try { rem_device tx0@x } else { print error }
  }`;

onNative('operations of several jobs on one device are carried out in the order in which they arrive', () =>
  withNative(async (engine) => {
    const { scenario, prints } = await runOn(
      engine,
      `${opening}
      add_device tx0@x on cpu 0 { frame probe; rate 10kpps; shortfall 100% }
      start
      wait 5ms
      spawn { set tx0@x rate 20kpps; print "set" }
      spawn { rem_device tx0@x; print "removed" }
      spawn { try { set tx0@x rate 30kpps } else { print "gone" } }
      spawn { add_device tx0@x on cpu 1 { frame probe; rate 5kpps; shortfall 100% }; print "added" }
      spawn { start tx0@x; print "started" }
      await
      expect tx0@x.running
      stop`,
    );
    assert.is(scenario.verdict, 'passed', JSON.stringify(scenario.failure ?? scenario.expectations));
    assert.equal(prints, ['set', 'removed', 'gone', 'added', 'started']);
    assert.equal(
      scenario.devices.map(({ cpu, removed }) => [cpu, removed]),
      [
        [0, true],
        [1, false],
      ],
    );
    atRest(engine);
  }),
);

onNative('jobs and an `every` that fight for one device: each operation succeeds or is refused as documented', () =>
  withNative(async (engine) => {
    const { scenario, prints } = await runOn(
      engine,
      `${opening}
      receiver rx0
      add_device tx0@base on cpu 0 { frame probe; rate 1kpps; shortfall 100% }
      start
      let change = every 2ms { try { set tx0@x rate pick(1kpps..90kpps) } else { print error } }
      let all = every 7ms { try { clear_counters tx0@x } else { print error } }
      spawn { ${contender(0, 40)} }
      spawn { ${contender(1, 40)} }
      spawn { repeat 20 { rem_device_all on cpu 1; wait 1ms } }
      await
      cancel change
      cancel all
      rem_device_all
      sync timeout 5s
      stop
      expect grace.pending == 0
      expect rx0.lost == 0
      expect rx0.duplicated == 0`,
    );
    assert.is(scenario.verdict, 'passed', JSON.stringify(scenario.failure ?? scenario.expectations));
    for (const told of prints) assert.match(told, documented);
    assert.ok(scenario.devices.length > 2 && scenario.devices.every(({ removed }) => removed));
    const sum = scenario.devices.reduce((total, { sent }) => total + sent, 0);
    assert.is(scenario.totals.sent, sum);
    atRest(engine);
  }),
);

onNative('a signal stops behind the operation in progress, and before anything else', () =>
  withNative(async (engine) => {
    const controller = new AbortController();
    const { results, scenario, prints } = await runOn(
      engine,
      `${opening}
      add_device tx0@0 on cpu 0 { frame probe; rate 20kpps; shortfall 100% }
      add_device tx0@1 on cpu 1 { frame probe; rate 20kpps; shortfall 100% }
      start
      wait 10ms
      spawn { rem_device tx0@0; print "never"; rem_device tx0@1 }
      spawn { print "now"; rem_device tx0@1 }
      every 1ms { print "never" }
      await
      print "never"
      teardown { print "torn down" }`,
      { signal: controller.signal, onPrint: (line) => line === 'now' && controller.abort() },
    );
    assert.equal([results.verdict, results.exit, prints], ['interrupted', 130, []]);
    assert.equal(scenario.prints, ['now', 'torn down']);
    // Its removal was under way and is complete; the other one had only been about to be.
    assert.equal(
      scenario.devices.map(({ name, removed, sent }) => [name, removed, sent > 0]),
      [
        ['tx0@0', true, true],
        ['tx0@1', false, true],
      ],
    );
    atRest(engine);
  }),
);

onNative('a shell: jobs of two entries, an `every` and Ctrl-C on one device', () =>
  withNative(async (engine) => {
    let session = openSession('shell');
    const printed: string[] = [];
    const told: string[] = [];
    const open = new OpenScenario(engine, session.source, {
      seed: 1n,
      allow: [],
      onPrint: (text) => printed.push(text),
      onEvent: () => {},
      onDiagnostic: ({ severity, message }) => severity === 'error' && told.push(message),
    });
    const entry = async (text: string): Promise<EntryEnd> => {
      const entered = enter(session, 'entry', text);
      const errors = entered.diagnostics.filter(({ severity }) => severity === 'error');
      assert.equal(errors, [], text);
      if (entered.addition === null) throw new Error('a text without mistakes gives an addition');
      const end = await open.enter(entered.addition, entered.source);
      session = entered.accepted(open);
      return end;
    };
    try {
      for (const text of opening.trim().split('\n')) assert.is(await entry(text), 'done');
      assert.is(await entry(`let a = spawn { ${contender(0, 60)} }`), 'done');
      assert.is(await entry(`let b = spawn { ${contender(1, 60)} }`), 'done');
      assert.is(await entry('let e = every 2ms { try { set tx0@x rate 40kpps } else { print error } }'), 'done');
      // In the foreground for ever, until Ctrl-C; the jobs in the background go on.
      const foreground = entry('print "mine"; while true { try { rem_device tx0@x } else { wait 1ms } }');
      const deadline = Date.now() + 10_000;
      while (!printed.includes('mine')) {
        assert.ok(Date.now() < deadline, 'the foreground never began');
        await engine.clock.sleepUntil(engine.clock.now() + 1_000_000n);
      }
      await engine.clock.sleepUntil(engine.clock.now() + 20_000_000n);
      open.interrupt();
      assert.is(await foreground, 'interrupted');
      assert.is(await entry('await a; await b'), 'done');
      assert.is(await entry('cancel e'), 'done');
      assert.is(await entry('rem_device_all'), 'done');
      assert.is(await entry('sync timeout 5s'), 'done');
      assert.equal(told, []);
      for (const line of printed) if (line !== 'mine') assert.match(line, documented);
      assert.equal(open.state.devices.present(), []);
      atRest(engine);
    } finally {
      await open.close();
    }
  }),
);

test.run();
