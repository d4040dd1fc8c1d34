// SPDX-License-Identifier: Apache-2.0

/** Sub-buckets of an octave: 2^5, so that a bucket is at most 1/32 (3.1 %) of its values wide. */
const subBits = 5;
const subBuckets = 1 << subBits;

/** Buckets of a histogram: values up to 2^40 ns (18 minutes) have their own, greater ones share the last. */
export const bucketCount = (40 - subBits + 1) * subBuckets;

/**
 * A log-linear histogram of whole numbers from 0 (nanoseconds, mostly): exact below 32, then 32 buckets an octave. The
 * same layout is written by native/src/histogram.h; a test holds the two against each other. Merging adds counts, which
 * is the only right way to combine percentiles.
 */
export interface Histogram {
  readonly counts: readonly number[] | Float64Array;
  readonly total: number;
  /** The greatest value recorded, exact; 0 if none. */
  readonly max: number;
}

export const emptyHistogram: Histogram = { counts: [], total: 0, max: 0 };

/** The bucket of a value (whole, not negative). */
export function bucketOf(value: number): number {
  if (value < subBuckets) return value;
  const exponent = 31 - Math.clz32(Math.min(value, 0xffffffff) >>> 0);
  const octave = value < 2 ** 32 ? exponent : Math.floor(Math.log2(value));
  const sub = Math.floor(value / 2 ** (octave - subBits)) - subBuckets;
  return Math.min((octave - subBits + 1) * subBuckets + sub, bucketCount - 1);
}

/** The smallest value of a bucket. */
export function bucketStart(bucket: number): number {
  if (bucket < subBuckets) return bucket;
  const octave = Math.floor(bucket / subBuckets) + subBits - 1;
  return (subBuckets + (bucket % subBuckets)) * 2 ** (octave - subBits);
}

/**
 * The value below or at which the share `p` (0 to 1) of all recorded values lies: the upper end of its bucket, never more
 * than the maximum. NaN for an empty histogram, so that no expectation on it holds.
 */
export function percentile(histogram: Histogram, p: number): number {
  if (histogram.total === 0) return Number.NaN;
  const rank = Math.max(1, Math.ceil(p * histogram.total));
  let seen = 0;
  for (let bucket = 0; bucket < histogram.counts.length; bucket++) {
    seen += histogram.counts[bucket] as number;
    if (seen >= rank) return Math.min(bucketStart(bucket + 1) - 1, histogram.max);
  }
  return histogram.max;
}

/** Adds histograms up. Sums are kept for many devices, so they end with the last bucket that holds something. */
export function mergeHistograms(histograms: readonly Histogram[]): Histogram {
  const counts = new Float64Array(bucketCount);
  let end = 0;
  let total = 0;
  let max = 0;
  for (const histogram of histograms) {
    for (let bucket = 0; bucket < histogram.counts.length; bucket++) {
      const times = histogram.counts[bucket] as number;
      if (times === 0) continue;
      counts[bucket] = (counts[bucket] as number) + times;
      end = Math.max(end, bucket + 1);
    }
    total += histogram.total;
    max = Math.max(max, histogram.max);
  }
  return { counts: counts.slice(0, end), total, max };
}

/** What was recorded after an earlier look. The maximum is exact if it is new, else the end of the highest bucket. */
export function difference(now: Histogram, before: Histogram): Histogram {
  const counts = new Float64Array(bucketCount);
  let highest = -1;
  for (let bucket = 0; bucket < now.counts.length; bucket++) {
    const fresh = (now.counts[bucket] as number) - (before.counts[bucket] ?? 0);
    counts[bucket] = fresh;
    if (fresh > 0) highest = bucket;
  }
  const bound = highest < 0 ? 0 : bucketStart(highest + 1) - 1;
  return { counts, total: now.total - before.total, max: Math.min(now.max, bound) };
}
