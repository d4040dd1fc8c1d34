// SPDX-License-Identifier: Apache-2.0
//
// Programs that lean on what receivers measure and interfaces tell: on the perfect machine every expectation holds; where
// they have a lab, what they count holds on this machine too, at a load that any machine can offer.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { nativeEngine } from '../../runtime/engines/native.ts';
import { addon, cpus, namespaces, root, testWith } from '../requirements.ts';
import { dryRun, runOn } from './scripts.ts';

const test = suite('measuring scenarios');

const folder = join(root, 'test/scenarios/measuring');
const files = readdirSync(folder).filter((name) => name.endsWith('.pg'));
const textOf = (file: string) => readFileSync(join(folder, file), 'utf8');

/** Expectations whose outcome depends on how fast this machine is. */
const timing = /latency|achieved|received within/;

test('there are programs', () => assert.ok(files.length >= 6));

for (const file of files) {
  test(`dry: ${file}`, async () => {
    const { results, diagnostics } = await dryRun(textOf(file));
    assert.equal(diagnostics, []);
    assert.is(results.verdict, 'passed');
    assert.ok(results.scenarios.every(({ expectations }) => expectations.length > 0));
  });
}

for (const file of files.filter((name) => textOf(name).includes('\nlab {'))) {
  testWith(test, [addon, namespaces, cpus(2)], `native: ${file}`, async () => {
    const slower = textOf(file)
      .replaceAll('100kpps', '5kpps')
      .replaceAll(/wait [25]s/g, 'wait 200ms');
    const engine = nativeEngine();
    try {
      const { results } = await runOn(engine, slower);
      for (const { failure, expectations, receivers } of results.scenarios) {
        assert.is(failure, null);
        const counted = expectations.filter(({ text }) => !timing.test(text));
        assert.equal(
          counted.filter(({ passed }) => !passed),
          [],
        );
        assert.ok(counted.length > 0);
        for (const { latency, gap, jitter } of receivers) {
          assert.ok(latency.p50 !== null && latency.max !== null && latency.p50 <= latency.max);
          assert.ok(gap.p50 !== null && jitter !== null);
          assert.is(latency.resolution, 1000);
        }
      }
    } finally {
      await engine.close();
    }
  });
}

test.run();
