// SPDX-License-Identifier: Apache-2.0
//
// What the native engine adds to the addon beyond the conformance suite: room to count in, and ends with a name.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type DevicePlan, type Engine, EngineError } from '../../runtime/engine.ts';
import { nativeEngine } from '../../runtime/engines/native.ts';
import { addon, cpus, testWith } from '../requirements.ts';

const test = suite('native engine');

function plan(engine: Engine, changes: Partial<DevicePlan> = {}): DevicePlan {
  return {
    name: 'device',
    interface: 'none',
    cpu: engine.capabilities.cpus[0] as number,
    driver: 'null',
    xmitMode: 'start_xmit',
    program: { template: '02'.repeat(12).padEnd(120, '0'), sizes: null, operations: [] },
    pace: null,
    paused: false,
    burst: 1,
    clones: 1,
    priority: 0,
    queues: null,
    count: 0,
    late: 'catch_up',
    seed: 1n,
    file: null,
    ...changes,
  };
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    assert.instance(error, EngineError);
    return (error as EngineError).code;
  }
  return 'no error';
}

testWith(
  test,
  [addon],
  'statistics pages grow with what is started, and with what is cleared while it runs',
  async () => {
    const engine = nativeEngine();
    try {
      const paused = plan(engine, { pace: { per: 'pass', period: { numerator: 1n, denominator: 1n } }, paused: true });
      // Most of one page, so that fresh records beside those in use need another; then more than two pages at once.
      const few = await Promise.all(Array.from({ length: 1000 }, () => engine.addDevice(paused)));
      engine.start(few);
      await engine.clearCounters(few);
      assert.ok(few.every((id) => engine.stats(id).running));
      const many = await Promise.all(Array.from({ length: 2500 }, () => engine.addDevice(paused)));
      engine.start(many);
      assert.ok(many.every((id) => engine.stats(id).running));
      assert.is((await engine.stop([...few, ...many])).length, 3500);
    } finally {
      await engine.close();
    }
  },
);

testWith(test, [addon], 'what is outstanding when the engine is closed fails with its reason', async () => {
  const engine = nativeEngine();
  const device = await engine.addDevice(plan(engine));
  engine.start([device]);
  const asked = [
    engine.interfaces(),
    engine.addDevice(plan(engine)),
    engine.addReceiver({ name: 'lo', interface: 'lo' }),
  ];
  engine.closeNow();
  for (const call of asked) assert.is(await codeOf(call), 'ESHUTDOWN');
  assert.is(await codeOf(engine.remDevice(device)), 'ESHUTDOWN');
  assert.is(await codeOf(engine.sync()), 'ESHUTDOWN');
});

testWith(test, [addon, cpus(2)], 'senders say whether they have shared their CPU with the control thread', async () => {
  const engine = nativeEngine();
  try {
    const all = engine.capabilities.cpus;
    await engine.addDevice(plan(engine));
    assert.equal(
      engine.senders().map(({ cpu, sharedWithControl }) => [cpu, sharedWithControl]),
      [[all[0], false]],
    );
    for (const cpu of all.slice(1)) await engine.addDevice(plan(engine, { cpu }));
    assert.ok(engine.senders().every((sender) => sender.sharedWithControl));
  } finally {
    await engine.close();
  }
});

test.run();
