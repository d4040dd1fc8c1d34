// SPDX-License-Identifier: Apache-2.0

import type { DeviceStats } from '../engine.ts';
import { bucketCount, type Histogram } from '../histogram.ts';

/** Disjoint stretches of time that are kept apart before they are taken together. */
const mostIntervals = 256;

interface Interval {
  readonly from: bigint;
  readonly to: bigint;
}

/** Figures of many devices added up. Rates of totals are packets over the time in which at least one device ran. */
export class DeviceTotals {
  sent = 0;
  bytes = 0;
  errors = 0;
  late = 0;
  skipped = 0;
  inFlight = 0;
  running = false;
  /** Null once an unpaced device is among them. */
  asked: number | null = 0;
  /** Bytes behind `asked`: every device's share in the size of its own frames. */
  askedBytes = 0;

  #gapCounts = new Float64Array(bucketCount);
  #gapTotal = 0;
  #gapMax = 0;
  /** Disjoint, ascending, none of it before `#timedUntil`. */
  #busy: Interval[] = [];
  /** Time (ns) up to `#timedUntil` in which at least one of them ran. */
  #settledTime = 0n;
  #timedUntil: bigint | null = null;

  /** @param since when its counters were cleared, if they were */
  add(stats: DeviceStats, since: bigint | null, now: bigint | null = stats.stoppedAt): void {
    this.sent += stats.sent;
    this.bytes += stats.bytes;
    this.errors += stats.errors;
    this.late += stats.late;
    this.skipped += stats.skipped;
    this.inFlight += stats.inFlight;
    this.running ||= stats.running;
    if (stats.asked === null) this.asked = null;
    else if (this.asked !== null) this.asked += stats.asked;
    this.askedBytes += bytesAsked(stats);
    stats.gaps.counts.forEach((times, bucket) => {
      this.#gapCounts[bucket] = (this.#gapCounts[bucket] as number) + times;
    });
    this.#gapTotal += stats.gaps.total;
    this.#gapMax = Math.max(this.#gapMax, stats.gaps.max);
    const busy = busyTime(stats, since, now);
    if (busy !== null) this.#insert(busy);
  }

  /** A copy to which more can be added. */
  copy(): DeviceTotals {
    const totals = new DeviceTotals();
    Object.assign(totals, this);
    totals.#gapCounts = this.#gapCounts.slice();
    totals.#gapTotal = this.#gapTotal;
    totals.#gapMax = this.#gapMax;
    totals.#busy = [...this.#busy];
    totals.#settledTime = this.#settledTime;
    totals.#timedUntil = this.#timedUntil;
    return totals;
  }

  /** Whether the time that they ran is in so many pieces that settleTime() should take them together. */
  get fragmented(): boolean {
    return this.#busy.length > mostIntervals;
  }

  /**
   * Takes the time up to `now` together, once and for all. What runs and is yet to be added has its time up to `now`
   * counted here, so that it only adds what comes after that.
   */
  settleTime(others: readonly (Interval | null)[], now: bigint): void {
    for (const busy of others) if (busy !== null) this.#insert(busy);
    this.#settledTime += this.#busy.reduce((sum, { from, to }) => sum + (to - from), 0n);
    this.#busy = [];
    this.#timedUntil = now;
  }

  get gaps(): Histogram {
    return { counts: this.#gapCounts, total: this.#gapTotal, max: this.#gapMax };
  }

  /** Time (ns) in which at least one of them ran. */
  get duration(): number {
    return Number(this.#busy.reduce((sum, { from, to }) => sum + (to - from), this.#settledTime));
  }

  #insert(whole: Interval): void {
    const interval =
      this.#timedUntil !== null && whole.from < this.#timedUntil ? { ...whole, from: this.#timedUntil } : whole;
    if (interval.to <= interval.from) return;
    // Devices come in the order in which they ended, so this touches the last few only.
    let end = this.#busy.length;
    while (end > 0 && (this.#busy[end - 1] as Interval).from > interval.to) end--;
    let start = end;
    let { from, to } = interval;
    while (start > 0 && (this.#busy[start - 1] as Interval).to >= from) {
      const overlapped = this.#busy[start - 1] as Interval;
      if (overlapped.from < from) from = overlapped.from;
      if (overlapped.to > to) to = overlapped.to;
      start--;
    }
    this.#busy.splice(start, end - start, { from, to });
  }
}

/** From when to when a device ran, as far as its counters tell; null if it never did. */
export function busyTime(
  stats: Pick<DeviceStats, 'startedAt' | 'stoppedAt'>,
  since: bigint | null,
  now: bigint | null,
): Interval | null {
  const { startedAt } = stats;
  const to = stats.stoppedAt ?? now;
  if (startedAt === null || to === null) return null;
  const from = since !== null && since > startedAt ? since : startedAt;
  return to > from ? { from, to } : null;
}

/** Bytes of the packets asked for, in frames of the size that was sent. */
export function bytesAsked(stats: Pick<DeviceStats, 'asked' | 'sent' | 'bytes'>): number {
  return stats.asked === null || stats.sent === 0 ? 0 : (stats.asked * stats.bytes) / stats.sent;
}
