// SPDX-License-Identifier: Apache-2.0
//
// What a scenario keeps of devices that come and go for days: totals of all, figures of the last ones, and no more.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EngineError } from '../../runtime/engine.ts';
import { dryRunEngine } from '../../runtime/engines/dry-run.ts';
import { mostRemoved } from '../../runtime/scenario/device-record.ts';
import { bench, dryRun, runOn } from './scripts.ts';

const test = suite('removed devices');

/** A name that is new each time round. */
const fresh = `tx0@\${n}`;
/** 1 kpps for 10 ms: ten packets of each device, ten milliseconds apart. */
const packets = 10;
const churn = (times: number, name: string): string => `
  let n = 0
  repeat ${times} {
    n = n + 1
    add_device "${name}" on cpu 0 { frame probe; rate 1kpps; count ${packets} }
    start "${name}"
    wait 10ms
    rem_device "${name}"
    wait 10ms
  }`;

for (const [title, name] of [
  ['one name again and again', 'tx0@0'],
  ['ever new names', fresh],
] as const) {
  test(`${title}: beyond the limit lines go, totals stay exact`, async () => {
    const times = mostRemoved + 500;
    const sent = packets * (times + 1);
    const { scenario, prints } = await dryRun(`${bench}
      add_device tx0@base on cpu 1 { frame probe; rate 1kpps; count ${packets} }
      start
      ${churn(times, name)}
      wait 1s
      print "\${devices.sent} \${sink.received} \${sink.lost} \${tx0@base.sent}"
      stop
      expect devices.sent == ${sent}
      expect sink.received == ${sent}
      expect sink.lost == 0`);
    assert.is(scenario.verdict, 'passed', JSON.stringify(scenario.failure ?? scenario.expectations));
    assert.equal(prints, [`${sent} ${sent} 0 ${packets}`]);
    const { totals, devices, receivers } = scenario;
    assert.equal([totals.devices, totals.sent, totals.bytes], [times + 1, sent, sent * 60]);
    assert.is(devices.length, mostRemoved + 1);
    assert.equal([devices[0]?.name, devices[0]?.removed], ['tx0@base', false]);
    const last = name === fresh ? `tx0@${times}` : name;
    assert.equal([devices.at(-1)?.name, devices.at(-1)?.sent, devices.at(-1)?.removed], [last, packets, true]);
    // Shares go by names: that of one name has all its devices, and names go with their last device.
    const from = receivers[0]?.from ?? [];
    assert.is(from.length, name === fresh ? mostRemoved + 1 : 2);
    const share = from.find(({ device }) => device === last);
    const of = name === fresh ? 1 : times;
    assert.equal([share?.sent, share?.received, share?.lost], [packets * of, packets * of, 0]);
  });
}

test('figures of a device that is no longer known are an error that says so', async () => {
  const { prints, scenario } = await dryRun(`${bench}
    ${churn(mostRemoved + 100, fresh)}
    if n < 0 {
      add_device tx0@5 on cpu 0 { frame probe }
      add_device tx0@1000 on cpu 0 { frame probe }
    }
    print tx0@1000.sent
    try { print tx0@5.sent } else { print error }
    try { print sink.from(tx0@5).received } else { print error }
    print sink.from(tx0@1000).received`);
  assert.is(scenario.verdict, 'passed', JSON.stringify(scenario.failure));
  assert.equal([prints[0], prints.at(-1)], ['10', '10']);
  for (const told of prints.slice(1, -1)) assert.match(told, `removed before the last ${mostRemoved}`);
});

test('the time in which a device ran is exact, in however many pieces', async () => {
  // 2000 pieces of 10 ms, every second of them under one that ran for 4 s.
  const { scenario } = await dryRun(`${bench}
    ${churn(1000, 'tx0@0')}
    add_device tx0@long on cpu 1 { frame probe; rate 1kpps; shortfall 100% }
    start tx0@long
    ${churn(200, 'tx0@1').replaceAll('n = n + 1', '').replace('let n = 0', '')}
    stop
    wait 1s
    ${churn(1000, 'tx0@2').replaceAll('n = n + 1', '').replace('let n = 0', '')}
    expect devices.duration == 24s
    expect devices.achieved == ${(10 * 2200 + 4000) / 24}pps`);
  const duration = scenario.expectations[0];
  assert.is(duration?.passed, true, JSON.stringify(duration?.actual));
});

test('a refused removal leaves the device as it was, and can be tried again', async () => {
  const engine = dryRunEngine();
  let refusals = 1;
  const busy = new Proxy(engine, {
    get(target, property) {
      if (property === 'remDevice' && refusals-- > 0) {
        return () => Promise.reject(new EngineError('EBUSY', 'too much waits for its grace period'));
      }
      const value = Reflect.get(target, property, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const { scenario, prints } = await runOn(
    busy,
    `${bench}
    add_device tx0@0 on cpu 0 { frame probe; rate 1kpps }
    start
    wait 10ms
    try { rem_device tx0@0 } else { print error }
    expect tx0@0.running
    wait 10ms
    set tx0@0 rate 2kpps
    rem_device tx0@0
    expect tx0@0.sent == 21`,
  );
  await engine.close();
  assert.is(scenario.verdict, 'passed', JSON.stringify(scenario.failure ?? scenario.expectations));
  assert.match(prints[0] ?? '', 'grace period');
  assert.equal([scenario.devices.length, scenario.devices[0]?.removed], [1, true]);
});

/** Live bytes of the heap when a scenario has done its work, at the end of its body. */
async function liveHeap(text: string): Promise<number> {
  const engine = dryRunEngine({ recorded: false });
  let used = 0;
  const measure = (): void => {
    collectGarbage();
    used = process.memoryUsage().heapUsed;
  };
  const { scenario } = await runOn(engine, `${text}\nprint "now"`, { onPrint: measure });
  await engine.close();
  assert.is(scenario.verdict, 'passed', JSON.stringify(scenario.failure));
  return used;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

for (const [title, name, head] of [
  ['one name', 'tx0@0', bench.replace('receiver sink on rx0', '')],
  ['ever new names', fresh, bench.replace('receiver sink on rx0', '')],
  ['ever new names, with a receiver', fresh, bench],
] as const) {
  test(`memory is bounded: ${title}`, async () => {
    const few = mostRemoved + 500;
    const before = await liveHeap(`${head}${churn(few, name)}`);
    const after = await liveHeap(`${head}${churn(4 * few, name)}`);
    // A record alone takes more than 300 bytes, so a scenario that kept each would fail.
    const growth = (after - before) / (3 * few);
    assert.ok(growth < 100, `${growth.toFixed(0)} bytes for each device`);
  });
}

test.run();
