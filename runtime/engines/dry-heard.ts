// SPDX-License-Identifier: Apache-2.0

import { type ArrivalTiming, mergeTimings, noTiming } from '../arrival-timing.ts';
import type { ReceiverStats } from '../engine.ts';
import { difference, emptyHistogram, type Histogram } from '../histogram.ts';
import type { DryDevice } from './dry-device.ts';

/**
 * Frames that a receiver of the perfect machine counts of a device, or of several. `other`: those that do not name a device,
 * of which `unnumbered` have pktgen's header.
 */
export interface HeardCount {
  readonly received: number;
  readonly bytes: number;
  readonly duplicated: number;
  readonly other: number;
  readonly unnumbered: ReceiverStats['unnumbered'];
  /** Virtual time (ns); null if there were none with our header. */
  readonly lastAt: bigint | null;
}

/** The same with their times. */
export interface Heard extends HeardCount {
  readonly timing: ArrivalTiming;
}

export const heardNothing: Heard = {
  received: 0,
  bytes: 0,
  duplicated: 0,
  other: 0,
  unnumbered: { packets: 0, bytes: 0 },
  lastAt: null,
  timing: noTiming,
};

/** What arrived of a device since it had sent `before`. */
export function countOf(
  device: DryDevice,
  before: ReturnType<DryDevice['traffic']> | undefined,
  now: bigint,
): HeardCount {
  const { numbered, unnumbered, none, lastAt } = device.traffic(now);
  const packets = numbered.packets - (before?.numbered.packets ?? 0);
  const received = numbered.frames - (before?.numbered.frames ?? 0);
  const anonymous = {
    packets: unnumbered.packets - (before?.unnumbered.packets ?? 0),
    bytes: unnumbered.bytes - (before?.unnumbered.bytes ?? 0),
  };
  return {
    received,
    bytes: numbered.frameBytes - (before?.numbered.frameBytes ?? 0),
    duplicated: packets - received,
    other: anonymous.packets + none.packets - (before?.none.packets ?? 0),
    unnumbered: anonymous,
    lastAt: packets + anonymous.packets === 0 ? null : lastAt,
  };
}

/** Nothing takes time, and what is measured is exact; gaps are those of the schedule. */
export function timingOf(
  received: number,
  device: DryDevice,
  gapsBefore: Histogram | undefined,
  now: bigint,
): ArrivalTiming {
  const gaps = difference(device.heardGaps(now), gapsBefore ?? emptyHistogram);
  const latency = { counts: [received], total: received, max: 0 };
  return { latency, gaps, variation: 0, variations: gaps.total, negative: 0, untimed: 0 };
}

export function heardOf(
  device: DryDevice,
  before: ReturnType<DryDevice['traffic']> | undefined,
  gapsBefore: Histogram | undefined,
  now: bigint,
): Heard {
  const count = countOf(device, before, now);
  const silent = count.received + count.duplicated === 0;
  return { ...count, timing: silent ? noTiming : timingOf(count.received, device, gapsBefore, now) };
}

export function addHeard(a: Heard, b: Heard): Heard {
  return {
    received: a.received + b.received,
    bytes: a.bytes + b.bytes,
    duplicated: a.duplicated + b.duplicated,
    other: a.other + b.other,
    unnumbered: addUnnumbered(a.unnumbered, b.unnumbered),
    lastAt: later(a.lastAt, b.lastAt),
    timing: mergeTimings([a.timing, b.timing]),
  };
}

type Unnumbered = ReceiverStats['unnumbered'];

export function addUnnumbered(a: Unnumbered, b: Unnumbered): Unnumbered {
  return { packets: a.packets + b.packets, bytes: a.bytes + b.bytes };
}

/** The later of two instants, where there are any. */
export function later(a: bigint | null, b: bigint | null): bigint | null {
  if (a === null || b === null) return a ?? b;
  return a > b ? a : b;
}
