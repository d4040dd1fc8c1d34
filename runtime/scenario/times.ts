// SPDX-License-Identifier: Apache-2.0

import type { ArrivalTiming } from '../arrival-timing.ts';
import { percentile } from '../histogram.ts';
import type { LatencyPercentiles, Percentiles } from '../results.ts';
import { percentilesOf } from './devices.ts';

/** What a receiver measured of times, in nanoseconds; null where there is nothing to measure, or it means nothing. */
export interface Times {
  readonly latency: LatencyPercentiles;
  readonly jitter: number | null;
  readonly gap: Percentiles;
  /** Frames stamped later than they arrived: they are in none of the latencies. */
  readonly negative: number;
  readonly untimed: number;
  readonly clockStepped: boolean;
}

const nothing: Percentiles = { p50: null, p99: null, max: null };

/** @param clockStepped whether the wall clock was set meanwhile: then no time means anything */
export function timesOf(timing: ArrivalTiming, clockStepped: boolean): Times {
  const { latency, gaps, variation, variations, negative, untimed } = timing;
  const tail = latency.total === 0 || clockStepped ? null : percentile(latency, 0.999);
  return {
    latency: { ...(clockStepped ? nothing : percentilesOf(latency)), p999: tail },
    jitter: variations === 0 || clockStepped ? null : Math.round(variation / variations),
    gap: clockStepped ? nothing : percentilesOf(gaps),
    negative,
    untimed,
    clockStepped,
  };
}

/** Why a figure of these has no value. @param latency whether it is a latency, which one frame is enough for */
export function whyUntimed({ clockStepped, negative, untimed }: Times, latency: boolean): string {
  if (clockStepped) return 'the wall clock was set while it was measured';
  if (untimed > 0) return 'the frames carry no time stamp';
  if (negative > 0 && latency) return 'every frame was stamped later than it arrived: the clocks disagree';
  return latency ? 'no frame has arrived yet' : 'it takes two frames of one device, and they have not arrived yet';
}
