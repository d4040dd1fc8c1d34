// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Diagnostic } from '../../lang/diagnostics/diagnostic.ts';
import { enter, openSession } from '../../lang/session.ts';
import { dryRunEngine } from '../../runtime/engines/dry-run.ts';
import { type EntryEnd, OpenScenario } from '../../runtime/scenario/open-scenario.ts';

const test = suite('open scenario');

interface Shell {
  /** Enters a text, which must be free of mistakes, and gives how it ended. */
  readonly enter: (text: string) => Promise<EntryEnd>;
  readonly open: OpenScenario;
  readonly printed: string[];
  readonly told: string[];
  readonly engine: ReturnType<typeof dryRunEngine>;
}

/** Runs a test with a session on a dry engine, and holds that it leaves nothing behind. */
async function withShell(body: (shell: Shell) => Promise<void>): Promise<void> {
  let session = openSession('shell');
  const engine = dryRunEngine();
  const printed: string[] = [];
  const told: string[] = [];
  const open = new OpenScenario(engine, session.source, {
    seed: 1n,
    allow: [],
    onPrint: (text) => printed.push(text),
    onEvent: (event) => told.push(event.kind),
    onDiagnostic: (diagnostic: Diagnostic) => told.push(diagnostic.code),
  });
  await body({
    open,
    printed,
    told,
    engine,
    enter: async (text) => {
      const entered = enter(session, 'entry', text);
      assert.equal(entered.diagnostics, [], text);
      if (entered.addition === null) throw new Error('a text without mistakes gives an addition');
      const end = await open.enter(entered.addition, entered.source);
      session = entered.accepted(open);
      return end;
    },
  });
  await open.close();
  assert.equal(open.state.devices.present(), []);
  await engine.close();
}

const lab = ['lab { veth tx0 <-> rx0 }', 'receiver rx0', 'frame probe = eth() / ipv4() / udp() / pktgen'];
const device = 'add_device tx0@0 on cpu 0 { frame probe; rate 1kpps }';

test('devices, receivers and variables stay from entry to entry', () =>
  withShell(async ({ enter, printed }) => {
    for (const text of [...lab, 'let load = 2kpps', device, 'start', 'wait 1s', 'set tx0@0 rate load']) {
      assert.is(await enter(text), 'done', text);
    }
    await enter('wait 1s\nstop\nprint tx0@0.sent, rx0.received, rx0.lost');
    assert.equal(printed, ['3000 3000 0']);
  }));

test('a failure ends the entry and nothing else', () =>
  withShell(async ({ enter, printed, told }) => {
    for (const text of [...lab, device, 'start']) await enter(text);
    assert.is(await enter(`${device}; print "not reached"`), 'failed');
    assert.is(await enter('wait 10ms; print tx0@0.running'), 'done');
    assert.equal([told, printed], [['PG6001'], ['true']]);
  }));

test('a failed job ends alone', () =>
  withShell(async ({ enter, told, printed }) => {
    await enter('let n = 0; spawn { wait 1ms; print 1 / n }; spawn { wait 2ms; print "other" }');
    await enter('await');
    assert.equal([told, printed], [['PG2301'], ['other']]);
  }));

test('an entry that waits for what cannot happen any more ends, and nothing else does', () =>
  withShell(async ({ enter, told, open }) => {
    for (const text of [...lab, device, 'start', 'spawn { wait stopped }']) await enter(text);
    assert.is(await enter('wait 1s; wait stopped'), 'failed');
    assert.equal([told, open.jobs.length, open.running], [['PG6106'], 1, 1]);
  }));

test('a lab comes at any time before devices, not after them', () =>
  withShell(async ({ enter, told }) => {
    await enter('add_device eth1 on cpu 0 { dst_mac 02:00:00:00:00:01 }');
    await enter('lab { veth tx0 <-> rx0 }');
    assert.equal(told, ['PG6005']);
  }));

test('virtual time passes only while an entry is carried out', () =>
  withShell(async ({ enter, open, engine, printed }) => {
    await enter('every 100ms { print elapsed }');
    const before = engine.clock.now();
    // Turns enough for a hundred ticks, if time went on.
    for (let turn = 0; turn < 1000; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.is(engine.clock.now(), before);
    assert.is(open.jobs.length, 1);
    await enter('wait 250ms');
    assert.is(printed.length, 2);
  }));

test('an interruption ends the entry and leaves devices and jobs', () =>
  withShell(async ({ enter, open, printed }) => {
    for (const text of [...lab, device, 'start', 'let mon = every 100ms { print "tick" }']) await enter(text);
    // Virtual time would run for ever: the first tick interrupts.
    const waiting = enter('while true { wait 1ms }');
    while (printed.length === 0) await new Promise((resolve) => setImmediate(resolve));
    open.interrupt();
    assert.is(await waiting, 'interrupted');
    assert.is(open.jobs.length, 1);
    assert.is(open.running, 1);
    await enter('cancel mon');
    assert.is(open.jobs.length, 0);
  }));

test('an interrupted await leaves what it waited for', () =>
  withShell(async ({ enter, open, printed }) => {
    await enter('spawn { while true { wait 1ms; print "." } }');
    const waiting = enter('await');
    while (printed.length < 3) await new Promise((resolve) => setImmediate(resolve));
    open.interrupt();
    assert.is(await waiting, 'interrupted');
    assert.is(open.jobs.length, 1);
  }));

test('a removal can be awaited by a value', () =>
  withShell(async ({ enter, told, printed }) => {
    for (const text of [...lab, device, 'start']) await enter(text);
    await enter('stop');
    await enter('let g = rem_device tx0@0 async; await g; print "gone"');
    assert.equal([told, printed], [[], ['gone']]);
  }));

test('a parameter has its default, and one without is told of', () =>
  withShell(async ({ enter, printed, told }) => {
    await enter('param load = 2kpps "offered"');
    await enter('print load');
    assert.is(await enter('param size: size'), 'failed');
    assert.equal([printed, told], [['2kpps'], ['PG6401']]);
  }));

test('a variable of a failed entry is not known', () =>
  withShell(async ({ enter, open }) => {
    await enter('let zero = 0');
    assert.is(await enter('let x = 1 / zero'), 'failed');
    assert.is(open.knows('2:x'), false);
  }));

test.run();
