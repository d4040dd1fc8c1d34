// SPDX-License-Identifier: Apache-2.0

import { release } from 'node:os';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addon, testWith } from '../requirements.ts';
import { pktsh } from './pktsh.ts';

const test = suite('doctor');

testWith(test, [addon], 'tells for each interface what it can do, each "no" with its reason and its mend', async () => {
  const [text, json] = await Promise.all([pktsh(['doctor']), pktsh(['doctor', '--json'])]);
  assert.is(text.status, 0);
  assert.is(json.status, 0);
  const { schema, exit, environment, probes } = JSON.parse(json.stdout);
  assert.is(schema, 'pktsh.doctor/1');
  assert.is(exit, 0);
  assert.is(environment.kernel, release());
  assert.ok(probes.some((probe: { subject: string }) => probe.subject === 'lab'));
  for (const probe of probes) {
    assert.is(probe.available, probe.reason === null, JSON.stringify(probe));
    assert.is(probe.available, probe.mend === null, JSON.stringify(probe));
    assert.match(text.stdout, new RegExp(`^(${probe.interface}|this machine) +${probe.subject} +(yes|no)\\b`, 'm'));
  }
});

test.run();
