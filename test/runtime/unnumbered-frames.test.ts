// SPDX-License-Identifier: Apache-2.0
//
// Frames with pktgen's header as the kernel writes it, which names no device: what receivers know of them.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Engine } from '../../runtime/engine.ts';
import { dryRunEngine } from '../../runtime/engines/dry-run.ts';
import { nativeEngine } from '../../runtime/engines/native.ts';
import { addon, cpus, namespaces, testWith } from '../requirements.ts';
import { bench, dryRun, runOn } from './scripts.ts';

const test = suite('frames without a number');

const header = ['flag NO_TIMESTAMP', 'pktgen_compat exact', 'frame probe; flag NO_TIMESTAMP'];
const nameless = (name: string, settings: string, cpu = 0) =>
  `add_device ${name} on cpu ${cpu} { ${settings}; rate 10kpps }`;

const engines: readonly (readonly [string, () => Engine])[] = [
  ['dry-run', () => dryRunEngine()],
  ['native', () => nativeEngine()],
];

for (const [name, open] of engines) {
  const needs = name === 'native' ? [addon, namespaces, cpus(2)] : [];
  for (const own of header) {
    testWith(test, needs, `${name}, ${own}: the only device is whose they are`, async () => {
      const engine = open();
      try {
        const { scenario } = await runOn(
          engine,
          `${bench}${nameless('tx0', `${own}; count 50`)}
          start
          wait stopped timeout 10s
          stop
          expect sink.received == 50
          expect sink.bytes == tx0.bytes
          expect sink.lost == 0
          expect sink.loss == 0%
          expect sink.from(tx0).received == 50
          expect sink.from(tx0).lost == 0`,
        );
        assert.is(scenario.verdict, 'passed', JSON.stringify(scenario.expectations));
        const [share] = scenario.receivers[0]?.from ?? [];
        assert.equal([share?.device, share?.expected, share?.sent, share?.received], ['tx0', true, 50, 50]);
      } finally {
        await engine.close();
      }
    });
  }

  testWith(test, needs, `${name}: beside a device with a number each keeps its own`, async () => {
    const engine = open();
    try {
      const { scenario } = await runOn(
        engine,
        `${bench}${nameless('tx0@0', 'flag NO_TIMESTAMP; count 50; clone_skb 5')}
        add_device tx0@1 on cpu 1 { frame probe; rate 10kpps; count 30 }
        start
        wait stopped timeout 10s
        stop
        expect sink.received == 80
        expect sink.lost == 0
        expect sink.from(tx0@0).received == 50
        expect sink.from(tx0@1).received == 30`,
      );
      assert.is(scenario.verdict, 'passed', JSON.stringify(scenario.expectations));
    } finally {
      await engine.close();
    }
  });

  testWith(test, needs, `${name}: of several only the sum is known`, async () => {
    const engine = open();
    try {
      const { scenario, prints } = await runOn(
        engine,
        `${bench}${nameless('tx0@0', 'flag NO_TIMESTAMP; count 50')}
        ${nameless('tx0@1', 'pktgen_compat exact; count 30', 1)}
        start
        wait stopped timeout 10s
        stop
        expect sink.received == 80
        expect sink.lost == 0
        try { print sink.from(tx0@0).lost } else { print error }`,
      );
      assert.is(scenario.verdict, 'passed', JSON.stringify(scenario.expectations));
      const why = 'frames of several devices arrive there without the number of theirs';
      assert.equal(prints, [`\`sink.from(tx0@0).lost\` has no value: ${why}`]);
      assert.equal(scenario.receivers[0]?.from, []);
    } finally {
      await engine.close();
    }
  });

  testWith(test, needs, `${name}: what never arrives is lost, and what nobody expects is other`, async () => {
    const engine = open();
    try {
      const { scenario } = await runOn(
        engine,
        `lab { veth tx0 <-> rx0; veth tx1 <-> rx1 }
        receiver deaf on rx0 { expects tx1; settle 10ms }
        receiver sink on rx1 { expects tx0; settle 10ms }
        ${nameless('tx1', 'flag NO_TIMESTAMP; count 20')}
        ${nameless('tx0', 'count 5')}
        start
        wait stopped timeout 10s
        stop
        expect deaf.lost == 20
        expect deaf.loss == 100%
        expect sink.other == 20
        expect sink.lost == 5`,
      );
      assert.is(scenario.verdict, 'passed', JSON.stringify(scenario.expectations));
    } finally {
      await engine.close();
    }
  });
}

test('a change of the header in mid-run loses nothing, and receivers forget it when they are zeroed', async () => {
  const { prints } = await dryRun(`${bench}
    add_device tx0 on cpu 0 { frame probe; rate 1kpps }
    start
    wait 100ms
    set tx0 flag NO_TIMESTAMP
    wait 100ms
    set tx0 flag !NO_TIMESTAMP
    wait 100ms
    stop
    print sink.received
    print sink.lost
    start
    wait 50ms
    stop
    print sink.from(tx0).received
  `);
  assert.equal(prints, ['300', '0', '50']);
});

test('devices that are long gone stay in the sum', async () => {
  const { prints } = await dryRun(`${bench}
    add_device tx0@base on cpu 0 { frame probe; rate 1kpps }
    start
    for i in 1..100 {
      add_device "tx0@\${i}" on cpu 1 { frame probe; rate 10kpps; flag NO_TIMESTAMP }
      start "tx0@\${i}"
      wait 10ms
      rem_device "tx0@\${i}"
    }
    wait 1s
    ${nameless('tx0@last', 'flag NO_TIMESTAMP')}
    rem_device tx0@last
    stop
    print sink.lost
    print sink.received == devices.sent
    print sink.from(tx0@base).lost
    try { print sink.from("tx0@\${3}").lost } else { print error }
  `);
  assert.equal(prints.slice(0, 3), ['0', 'true', '0']);
  assert.match(prints[3] ?? '', /has no value/);
});

test.run();
