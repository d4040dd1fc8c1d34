// SPDX-License-Identifier: Apache-2.0

import type { DevicePlan, DeviceStats, Ratio } from '../engine.ts';
import { bucketOf, emptyHistogram, type Histogram } from '../histogram.ts';

/** An unpaced device of the perfect machine: 1 Mpps, 1000 ns a packet. */
const unpacedGap: Ratio = { numerator: 1000n, denominator: 1n };

/** What has gone onto the wire, told apart by whether frames carry the pktgen header. */
export interface Traffic {
  readonly packets: number;
  readonly bytes: number;
}
const nothing: Traffic = { packets: 0, bytes: 0 };
const sum = (a: Traffic, b: Traffic): Traffic => ({ packets: a.packets + b.packets, bytes: a.bytes + b.bytes });

/**
 * A device that keeps its schedule perfectly, without a tick per packet: passes go out at `anchor + k * period`, and a
 * count at an instant is a division. An instant's own pass belongs to the time after it, so a rate of 100 kpps for 2 s is
 * 200 000 packets. A change of the period re-anchors at the next pass; everything before is kept as sums.
 */
export class DryDevice {
  plan: DevicePlan;
  removed = false;
  /** What its interface is called now. */
  interface: string;

  #running = false;
  #startedAt: bigint | null = null;
  #stoppedAt: bigint | null = null;
  #anchor = 0n;
  /** Passes since the anchor that are in the sums already. */
  #settledPasses = 0n;
  #lastPass: bigint | null = null;

  /** Since the device was added, header or not: what receivers hear. */
  #stamped = nothing;
  #plain = nothing;
  /** Since the last start or clearing. */
  #counted = nothing;
  #asked: number | null = 0;
  /** Packets of this run that a clearing of counters took out of `#counted`; `count` is about all of them. */
  #cleared = 0;
  /** Gaps by bucket of the histogram: a schedule has few different ones. */
  readonly #gaps = new Map<number, number>();
  #gapMax = 0;

  #linkUp = true;
  #skipped = 0;
  #failure: string | null = null;

  constructor(plan: DevicePlan) {
    this.plan = plan;
    this.interface = plan.interface;
  }

  get running(): boolean {
    return this.#running;
  }

  /** Whether its frames reach the wire: the other drivers keep them to themselves. */
  get onWire(): boolean {
    return this.plan.driver === 'auto' || this.plan.driver === 'packet';
  }

  start(now: bigint): void {
    this.#counted = nothing;
    this.#cleared = 0;
    this.#resetMeasures();
    this.#failure = null;
    this.#running = true;
    this.#startedAt = now;
    this.#stoppedAt = null;
    this.#anchor = now;
    this.#settledPasses = 0n;
    this.#lastPass = null;
  }

  /** Its interface went down or came back: what the schedule calls for meanwhile is skipped, and never caught up on. */
  setLink(up: boolean, now: bigint): void {
    this.#settle(now);
    this.#linkUp = up;
    this.#lastPass = null;
  }

  /** It stopped by itself. */
  fail(reason: string, now: bigint): void {
    this.stop(now);
    this.#failure = reason;
  }

  stop(now: bigint): void {
    if (!this.#running) return;
    this.#settle(now);
    this.#running = false;
    this.#stoppedAt = now;
  }

  clear(now: bigint): void {
    this.#settle(now);
    this.#cleared += this.#counted.packets;
    this.#counted = nothing;
    this.#resetMeasures();
    if (this.#running) this.#startedAt = now;
    else {
      this.#startedAt = null;
      this.#stoppedAt = null;
    }
  }

  /** Takes over a new configuration; where the period changes, the next pass is one new period after the last one. */
  configure(plan: DevicePlan, now: bigint): void {
    this.#settle(now);
    const before = passPeriod(this.plan);
    const after = passPeriod(plan);
    const changed =
      this.plan.paused !== plan.paused || before.numerator * after.denominator !== after.numerator * before.denominator;
    this.plan = plan;
    if (plan.period === null) this.#asked = null;
    else this.#asked ??= this.#counted.packets;
    if (!this.#running || !changed) return;
    const next = this.#lastPass === null ? now : this.#lastPass + ceilDivide(after.numerator, after.denominator);
    this.#anchor = next > now ? next : now;
    this.#settledPasses = 0n;
  }

  /** When the last packet of `count` will have had its slot; null if it sends until stopped, or nothing now. */
  finishesAt(now: bigint): bigint | null {
    const { count, burst, paused } = this.plan;
    if (!this.#running || count === 0 || paused || !this.#linkUp) return null;
    this.#settle(now);
    const left = count - this.#cleared - this.#counted.packets;
    if (left <= 0) return now;
    const period = passPeriod(this.plan);
    const passes = this.#settledPasses + BigInt(Math.ceil(left / burst));
    return this.#anchor + ceilDivide(passes * period.numerator, period.denominator);
  }

  /** Everything sent since the device was added, up to an instant. */
  traffic(now: bigint): { readonly stamped: Traffic; readonly plain: Traffic; readonly lastAt: bigint | null } {
    this.#settle(now);
    return { stamped: this.#stamped, plain: this.#plain, lastAt: this.#lastPass };
  }

  stats(now: bigint): DeviceStats {
    this.#settle(now);
    return {
      sent: this.#counted.packets,
      bytes: this.#counted.bytes,
      errors: 0,
      late: 0,
      skipped: this.#skipped,
      asked: this.#asked,
      inFlight: 0,
      running: this.#running,
      startedAt: this.#startedAt,
      stoppedAt: this.#stoppedAt,
      gaps: this.#histogram(),
      driver: this.plan.driver === 'auto' ? 'packet' : this.plan.driver,
      failure: this.#failure,
    };
  }

  /** Brings the sums up to an instant: the passes at and after it are still to come. */
  #settle(now: bigint): void {
    const { count, burst, paused } = this.plan;
    if (!this.#running || paused || now <= this.#anchor) return;
    const period = passPeriod(this.plan);
    const passes = ceilDivide((now - this.#anchor) * period.denominator, period.numerator);
    const fresh = passes - this.#settledPasses;
    if (fresh <= 0n) return;
    if (!this.#linkUp) {
      this.#settledPasses = passes;
      if (this.#asked === null) return;
      this.#skipped += Number(fresh) * burst;
      this.#asked += Number(fresh) * burst;
      return;
    }
    const room = count === 0 ? Number.POSITIVE_INFINITY : Math.max(0, count - this.#cleared - this.#counted.packets);
    const packets = Math.min(Number(fresh) * burst, room);
    if (packets > 0) this.#account(packets, Number(passGap(period)), burst);
    this.#settledPasses = passes;
    if (packets > 0) {
      const made = BigInt(Math.ceil(packets / burst)) - fresh + passes;
      this.#lastPass = this.#anchor + ((made - 1n) * period.numerator) / period.denominator;
    }
  }

  #account(packets: number, gap: number, burst: number): void {
    const traffic = { packets, bytes: packets * frameSize(this.plan) };
    const passes = Math.ceil(packets / burst);
    // The very first packet after a start has nobody before it.
    this.#gap(gap, this.#lastPass === null ? passes - 1 : passes);
    this.#gap(0, packets - passes);
    this.#counted = sum(this.#counted, traffic);
    if (isStamped(this.plan)) this.#stamped = sum(this.#stamped, traffic);
    else this.#plain = sum(this.#plain, traffic);
    if (this.#asked !== null) this.#asked += packets;
  }

  #gap(ns: number, times: number): void {
    if (times <= 0) return;
    const bucket = bucketOf(ns);
    this.#gaps.set(bucket, (this.#gaps.get(bucket) ?? 0) + times);
    this.#gapMax = Math.max(this.#gapMax, ns);
  }

  #resetMeasures(): void {
    this.#asked = this.plan.period === null ? null : 0;
    this.#skipped = 0;
    this.#gaps.clear();
    this.#gapMax = 0;
  }

  #histogram(): Histogram {
    if (this.#gaps.size === 0) return emptyHistogram;
    const counts = new Array<number>(Math.max(...this.#gaps.keys()) + 1).fill(0);
    let total = 0;
    for (const [bucket, times] of this.#gaps) {
      counts[bucket] = times;
      total += times;
    }
    return { counts, total, max: this.#gapMax };
  }
}

/** Whether frames carry the pktgen header. */
export function isStamped(plan: DevicePlan): boolean {
  return plan.program.operations.some((operation) => operation.kind === 'stamp');
}

/** Bytes of a frame without FCS; the template is hexadecimal. */
export function frameSize(plan: DevicePlan): number {
  return plan.program.template.length / 2;
}

function passPeriod(plan: DevicePlan): Ratio {
  if (plan.period !== null) return plan.period;
  return { numerator: unpacedGap.numerator * BigInt(plan.burst), denominator: unpacedGap.denominator };
}

function passGap(period: Ratio): bigint {
  return period.numerator / period.denominator;
}

function ceilDivide(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}
