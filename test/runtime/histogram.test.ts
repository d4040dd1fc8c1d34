// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  bucketCount,
  bucketOf,
  bucketStart,
  difference,
  emptyHistogram,
  type Histogram,
  mergeHistograms,
  percentile,
} from '../../runtime/histogram.ts';

function histogramOf(values: readonly number[]): Histogram {
  const counts = new Float64Array(bucketCount);
  for (const value of values) counts[bucketOf(value)] = (counts[bucketOf(value)] as number) + 1;
  return { counts, total: values.length, max: Math.max(0, ...values) };
}

const buckets = suite('histogram buckets');

buckets('are exact below 32', () => {
  for (let value = 0; value < 32; value++) assert.equal([bucketOf(value), bucketStart(value)], [value, value]);
});

buckets('hold what they begin with, and nothing below', () => {
  for (let bucket = 0; bucket < bucketCount; bucket++) {
    assert.is(bucketOf(bucketStart(bucket)), bucket, `bucket ${bucket}`);
    if (bucket > 0) assert.is(bucketOf(bucketStart(bucket) - 1), bucket - 1, `below bucket ${bucket}`);
  }
});

buckets('are at most 1/32 of their values wide', () => {
  for (let bucket = 32; bucket < bucketCount - 1; bucket++) {
    const start = bucketStart(bucket);
    assert.ok((bucketStart(bucket + 1) - start) / start <= 1 / 32, `bucket ${bucket}`);
  }
});

for (const [value, bucket] of [
  [2 ** 32 - 1, bucketOf(2 ** 32) - 1],
  [2 ** 40 - 1, bucketCount - 1],
  [2 ** 40, bucketCount - 1],
  [Number.MAX_SAFE_INTEGER, bucketCount - 1],
] as const) {
  buckets(`${value} is in bucket ${bucket}`, () => assert.is(bucketOf(value), bucket));
}

buckets.run();

const percentiles = suite('percentiles');

percentiles('of nothing are no number', () => {
  assert.ok(Number.isNaN(percentile(emptyHistogram, 0.5)));
});

percentiles('of small values are exact', () => {
  const histogram = histogramOf([1, 2, 3, 4]);
  assert.equal(
    [0, 0.25, 0.5, 0.75, 0.76, 1].map((p) => percentile(histogram, p)),
    [1, 1, 2, 3, 4, 4],
  );
});

percentiles('are within a bucket, and never above the maximum', () => {
  const values = Array.from({ length: 1000 }, (_, i) => (i + 1) * 1000);
  const histogram = histogramOf(values);
  for (const p of [0.01, 0.5, 0.9, 0.99, 0.999]) {
    const exact = values[Math.ceil(p * values.length) - 1] as number;
    const found = percentile(histogram, p);
    assert.ok(found >= exact && found <= exact * (1 + 1 / 32), `p${100 * p}: ${found} for ${exact}`);
  }
  assert.is(percentile(histogram, 1), 1_000_000);
});

percentiles('of merged histograms are those of all values', () => {
  const a = [1, 5, 9, 70_000];
  const b = [2, 2, 40, 3_000_000];
  const merged = mergeHistograms([histogramOf(a), histogramOf(b), emptyHistogram]);
  const whole = histogramOf([...a, ...b]);
  assert.equal([merged.total, merged.max], [whole.total, whole.max]);
  const end = [...whole.counts].findLastIndex((times) => times > 0) + 1;
  assert.equal([...merged.counts], [...whole.counts].slice(0, end));
});

percentiles('of what came since an earlier look', () => {
  const before = histogramOf([5, 1000, 1_000_000]);
  const now = histogramOf([5, 1000, 1_000_000, 7, 7, 2000]);
  const since = difference(now, before);
  assert.is(since.total, 3);
  assert.is(percentile(since, 0.5), 7);
  assert.ok(since.max >= 2000 && since.max <= 2000 * (1 + 1 / 32), `${since.max}`);
  assert.equal([difference(now, now).total, difference(now, now).max], [0, 0]);
  assert.is(difference(now, emptyHistogram).max, 1_000_000);
});

percentiles.run();
