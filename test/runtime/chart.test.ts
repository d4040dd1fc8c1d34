// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bucketCount, bucketOf, type Histogram } from '../../runtime/histogram.ts';
import { columnChart, histogramChart } from '../../runtime/report/chart.ts';

const test = suite('chart');

function histogramOf(values: readonly number[]): Histogram {
  const counts = new Array<number>(bucketCount).fill(0);
  for (const value of values) counts[bucketOf(value)] = (counts[bucketOf(value)] ?? 0) + 1;
  return { counts, total: values.length, max: Math.max(0, ...values) };
}

test('columns are as high as their values, the newest on the right', () => {
  assert.equal(columnChart([0, 1, 2, 3, 4], 2, 10, String), ['   ▄█', ' ▄███', '─────', 'now 4, least 0, most 4']);
});

test('only as many columns as fit', () => {
  assert.equal(columnChart([9, 9, 1, 2], 1, 2, String), ['▄█', '──', 'now 2, least 1, most 2']);
});

test('no value, and nothing but zero', () => {
  assert.equal(columnChart([], 1, 10, String), ['', '─', 'no value yet']);
  assert.equal(columnChart([0, 0], 1, 10, String), ['', '──', 'now 0, least 0, most 0']);
});

test('every column is a whole number of eighths, none higher than the greatest', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 6 }), (values, rows) => {
      const lines = columnChart(values, rows, 40, String).slice(0, rows);
      const height = (at: number) => lines.reduce((sum, line) => sum + ' ▁▂▃▄▅▆▇█'.indexOf(line[at] ?? ' '), 0);
      const most = Math.max(...values);
      for (const [at, value] of values.entries()) {
        assert.is(height(at), most === 0 ? 0 : Math.round((value / most) * rows * 8));
      }
    }),
    { numRuns: 100 },
  );
});

test('a histogram has a bar for each power of two, and its percentiles', () => {
  assert.equal(histogramChart(histogramOf([0, 0, 4, 5, 6, 7]), 40), [
    '     0 ns             2  ███████',
    '     2 ns             0',
    '     4 ns             4  ██████████████',
    'p50 4 ns, p99 7 ns, p99.9 7 ns, max 7 ns',
  ]);
  assert.equal(histogramChart(histogramOf([]), 40), ['nothing was measured yet']);
});

test('the counts of a histogram add up, however wide the times are', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 38 }), { minLength: 1, maxLength: 200 }), (values) => {
      const rows = histogramChart(histogramOf(values), 60).slice(0, -1);
      const counted = rows.map((row) => Number(/^ *\S+ \S+ +([\d,]+)/.exec(row)?.[1]?.replaceAll(',', '')));
      assert.is(
        counted.reduce((a, b) => a + b, 0),
        values.length,
      );
      assert.ok(rows.length <= 16);
    }),
    { numRuns: 100 },
  );
});

test.run();
