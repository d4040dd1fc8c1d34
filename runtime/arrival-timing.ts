// SPDX-License-Identifier: Apache-2.0

import { emptyHistogram, type Histogram, mergeHistograms } from './histogram.ts';

/**
 * Times of the first copies that arrived of a device, or of all devices together, in nanoseconds. `latency`: from the stamp
 * in the frame (whole microseconds, cut off) to the arrival, by the wall clock. `gaps`: from one arrival to the next of the
 * same device's run. `variation`: the sum of `variations` absolute differences between the latencies of two frames that
 * arrived one after the other (RFC 3550's D of 6.4.1, RFC 3393's variation). `negative`: frames stamped later than they
 * arrived, in none of the latencies. `untimed`: frames without a stamp.
 */
export interface ArrivalTiming {
  readonly latency: Histogram;
  readonly gaps: Histogram;
  readonly variation: number;
  readonly variations: number;
  readonly negative: number;
  readonly untimed: number;
}

/** What a receiver that timed nothing has. */
export const noTiming: ArrivalTiming = {
  latency: emptyHistogram,
  gaps: emptyHistogram,
  variation: 0,
  variations: 0,
  negative: 0,
  untimed: 0,
};

/** Adds what was timed of several devices up. */
export function mergeTimings(timings: readonly ArrivalTiming[]): ArrivalTiming {
  const sum = (of: (timing: ArrivalTiming) => number) => timings.reduce((total, timing) => total + of(timing), 0);
  return {
    latency: mergeHistograms(timings.map((timing) => timing.latency)),
    gaps: mergeHistograms(timings.map((timing) => timing.gaps)),
    variation: sum((timing) => timing.variation),
    variations: sum((timing) => timing.variations),
    negative: sum((timing) => timing.negative),
    untimed: sum((timing) => timing.untimed),
  };
}
