// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { pktsh, withFiles } from './pktsh.ts';

const test = suite('memory');

/** Writes down how large V8's space for young objects is at the end, how often it was emptied, and full collections. */
const look = `
const { writeFileSync } = require('node:fs');
const { getHeapSpaceStatistics } = require('node:v8');
const { PerformanceObserver, constants } = require('node:perf_hooks');
let emptied = 0;
let full = 0;
const count = (list) => {
  for (const entry of list.getEntries()) {
    if (entry.detail.kind === constants.NODE_PERFORMANCE_GC_MINOR) emptied++;
    if (entry.detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) full++;
  }
};
const observer = new PerformanceObserver(count);
observer.observe({ entryTypes: ['gc'] });
process.on('exit', () => {
  count({ getEntries: () => observer.takeRecords() });
  const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
  writeFileSync(process.env.LOOK, JSON.stringify({ size: young.space_size, emptied, full }));
});`;

const churn = `
lab { veth tx0 <-> rx0 }
frame probe = eth(dst: rx0.mac) / ipv4(src: 10.0.0.1, dst: 10.0.0.2) / udp(dst: 9) / pktgen
repeat 1500 {
  add_device tx0 on cpu 0 { frame probe; rate 1kpps }
  rem_device tx0
}
`;

test('the heap is collected early, however many devices come and go', async () => {
  await withFiles({ 'look.cjs': look, 'churn.pg': churn }, async (folder) => {
    const report = join(folder, 'young.json');
    const env = { NODE_OPTIONS: `--require ${join(folder, 'look.cjs')}`, LOOK: report };
    const ended = await pktsh(['run', join(folder, 'churn.pg'), '--engine', 'dry-run', '--quiet'], { env });
    assert.is(ended.status, 0, ended.stderr);
    const { size, emptied, full } = JSON.parse(readFileSync(report, 'utf8')) as {
      size: number;
      emptied: number;
      full: number;
    };
    assert.ok(emptied >= 10, `emptied ${emptied} times`);
    // One by itself.
    assert.ok(full >= 2, `${full} full collections`);
    assert.ok(size <= 4 * 2 ** 20, `${size} bytes`);
  });
});

test.run();
