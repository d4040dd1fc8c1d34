// SPDX-License-Identifier: Apache-2.0

import { headerOf } from '../../lang/frame/frame-program.ts';
import type { DevicePlan, DeviceStats, Ratio } from '../engine.ts';
import { bucketOf, emptyHistogram, type Histogram } from '../histogram.ts';
import { addTraffic, DryFrames, type HeardTraffic, longestFrame, noTraffic, type Traffic } from './dry-frames.ts';

/** An unpaced device of the perfect machine: 1 Mpps, 1000 ns a packet. */
const unpacedGap: Ratio = { numerator: 1000n, denominator: 1n };

/** Gaps by bucket of the histogram: a schedule has few different ones. */
interface Gaps {
  readonly counts: ReadonlyMap<number, number>;
  readonly max: number;
}
const noGaps: Gaps = { counts: new Map(), max: 0 };

/**
 * A device that keeps its schedule perfectly, without a tick per packet: passes go out at `anchor + k * period`, and a
 * count at an instant is a division; where it is paced by bytes and sizes vary, each frame is drawn. An instant's own pass
 * belongs to the time after it, so a rate of 100 kpps for 2 s is 200 000 packets. A change of the period re-anchors at the
 * next pass; everything before is kept as sums.
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
  /** Passes since the anchor that are in the sums already, or bytes where it is paced by them. */
  #settledPasses = 0n;
  #settledBytes = 0;
  #lastPass: bigint | null = null;
  readonly #frames: DryFrames;

  /** Since the device was added, header or not: what receivers hear. */
  #heard: HeardTraffic = { numbered: noTraffic, unnumbered: noTraffic, none: noTraffic };
  /** Gaps between numbered frames inside a run, since the device was added. */
  #heardGaps: Gaps = noGaps;
  /** Since the last start or clearing. */
  #counted = noTraffic;
  #asked: number | null = 0;
  /** Packets of this run that a clearing of counters took out of `#counted`; `count` is about all of them. */
  #cleared = 0;
  #gaps: Gaps = noGaps;

  #linkUp = true;
  #skipped = 0;
  #failure: string | null = null;

  constructor(plan: DevicePlan) {
    this.plan = plan;
    this.#frames = new DryFrames(plan);
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
    this.#counted = noTraffic;
    this.#cleared = 0;
    this.#resetMeasures();
    this.#failure = null;
    this.#running = true;
    this.#startedAt = now;
    this.#stoppedAt = null;
    this.#anchorAt(now);
    this.#lastPass = null;
    this.#frames.restart();
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
    this.#counted = noTraffic;
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
    const before = scheduleOf(this.plan);
    const after = scheduleOf(plan);
    const changed = this.plan.paused !== plan.paused || before.per !== after.per || !equal(before.period, after.period);
    this.plan = plan;
    this.#frames.configure(plan);
    if (plan.pace === null) this.#asked = null;
    else this.#asked ??= this.#counted.packets;
    if (!this.#running || !changed) return;
    const next = this.#lastPass === null ? now : this.#lastPass + longestGap(plan);
    this.#anchorAt(next > now ? next : now);
  }

  /** When the last packet of `count` will have had its slot; null if it sends until stopped, or nothing now. */
  finishesAt(now: bigint): bigint | null {
    const { count, burst, paused } = this.plan;
    if (!this.#running || count === 0 || paused || !this.#linkUp) return null;
    this.#settle(now);
    const left = count - this.#cleared - this.#counted.packets;
    if (left <= 0) return now;
    const { per, period } = scheduleOf(this.plan);
    const units =
      per === 'byte'
        ? BigInt(this.#settledBytes + this.#frames.foresee(left))
        : this.#settledPasses + BigInt(Math.ceil(left / burst));
    return this.#anchor + ceilDivide(units * period.numerator, period.denominator);
  }

  /** Everything sent since the device was added, up to an instant. */
  traffic(now: bigint): HeardTraffic & { readonly lastAt: bigint | null } {
    this.#settle(now);
    return { ...this.#heard, lastAt: this.#lastPass };
  }

  /** Gaps between the frames with the header of each run since the device was added, up to an instant. */
  heardGaps(now: bigint): Histogram {
    this.#settle(now);
    return histogramOf(this.#heardGaps);
  }

  /** Whether some field differs from frame to frame: many flows, or one. */
  get manyFlows(): boolean {
    return this.plan.program.operations.some(({ kind }) => kind !== 'stamp' && kind !== 'checksum');
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
      gaps: histogramOf(this.#gaps),
      driver: this.plan.driver === 'auto' ? 'packet' : this.plan.driver,
      failure: this.#failure,
    };
  }

  /** Brings the sums up to an instant: the passes at and after it are still to come. */
  #settle(now: bigint): void {
    const { count, burst, paused } = this.plan;
    if (!this.#running || paused || now <= this.#anchor) return;
    const { per, period } = scheduleOf(this.plan);
    const passes = ceilDivide((now - this.#anchor) * period.denominator, period.numerator);
    const room = count === 0 ? Number.POSITIVE_INFINITY : Math.max(0, count - this.#cleared - this.#counted.packets);
    if (per === 'byte') {
      this.#settleBytes(Number(passes), period, room);
      return;
    }
    const fresh = passes - this.#settledPasses;
    if (fresh <= 0n) return;
    if (!this.#linkUp) {
      this.#settledPasses = passes;
      this.#skip(Number(fresh) * burst);
      return;
    }
    const packets = Math.min(Number(fresh) * burst, room);
    if (packets > 0) this.#account(packets, Number(passGap(period)), burst);
    this.#settledPasses = passes;
    if (packets > 0) {
      const made = BigInt(Math.ceil(packets / burst)) - fresh + passes;
      this.#lastPass = this.#anchor + ((made - 1n) * period.numerator) / period.denominator;
    }
  }

  /** As #settle(), where each pass takes as long as its bytes: those that begin before `end` bytes are due. */
  #settleBytes(end: number, period: Ratio, room: number): void {
    const { burst } = this.plan;
    let left = room;
    while (this.#settledBytes < end && left > 0) {
      const at = this.#anchor + (BigInt(this.#settledBytes) * period.numerator) / period.denominator;
      const packets = Math.min(burst, left);
      if (!this.#linkUp) {
        this.#settledBytes += this.#frames.take(packets).bytes;
        this.#skip(packets);
        continue;
      }
      const { bytes } = this.#account(packets, this.#lastPass === null ? 0 : Number(at - this.#lastPass), burst);
      this.#settledBytes += bytes;
      this.#lastPass = at;
      left -= packets;
    }
  }

  /** Packets of a schedule that found no interface to leave by; without a schedule nothing was called for. */
  #skip(packets: number): void {
    if (this.#asked === null) return;
    this.#skipped += packets;
    this.#asked += packets;
  }

  #anchorAt(instant: bigint): void {
    this.#anchor = instant;
    this.#settledPasses = 0n;
    this.#settledBytes = 0;
  }

  #account(packets: number, gap: number, burst: number): Traffic {
    const traffic = this.#frames.take(packets);
    const passes = Math.ceil(packets / burst);
    // The very first packet after a start has nobody before it.
    const fresh: readonly (readonly [number, number])[] = [
      [gap, this.#lastPass === null ? passes - 1 : passes],
      [0, packets - passes],
    ];
    this.#gaps = withGaps(this.#gaps, fresh);
    const header = headerOf(this.plan.program);
    if (header === 'numbered') this.#heardGaps = withGaps(this.#heardGaps, fresh);
    this.#counted = addTraffic(this.#counted, traffic);
    this.#heard = { ...this.#heard, [header]: addTraffic(this.#heard[header], traffic) };
    if (this.#asked !== null) this.#asked += packets;
    return traffic;
  }

  #resetMeasures(): void {
    this.#asked = this.plan.pace === null ? null : 0;
    this.#gaps = noGaps;
    this.#skipped = 0;
  }
}

/** With gaps of so many nanoseconds, so many times each. */
function withGaps(gaps: Gaps, fresh: readonly (readonly [ns: number, times: number])[]): Gaps {
  const counts = new Map(gaps.counts);
  let { max } = gaps;
  for (const [ns, times] of fresh) {
    if (times <= 0) continue;
    const bucket = bucketOf(ns);
    counts.set(bucket, (counts.get(bucket) ?? 0) + times);
    max = Math.max(max, ns);
  }
  return { counts, max };
}

function histogramOf({ counts, max }: Gaps): Histogram {
  if (counts.size === 0) return emptyHistogram;
  const dense = new Array<number>(Math.max(...counts.keys()) + 1).fill(0);
  let total = 0;
  for (const [bucket, times] of counts) {
    dense[bucket] = times;
    total += times;
  }
  return { counts: dense, total, max };
}

/** Nanoseconds from pass to pass, or for each byte where frames differ in size. */
function scheduleOf(plan: DevicePlan): { readonly per: 'pass' | 'byte'; readonly period: Ratio } {
  const { pace, burst, program } = plan;
  if (pace === null) return { per: 'pass', period: times(unpacedGap, burst) };
  if (pace.per === 'pass' || program.sizes !== null) return pace;
  return { per: 'pass', period: times(pace.period, burst * longestFrame(plan)) };
}

/** The most nanoseconds that can lie between two passes. */
function longestGap(plan: DevicePlan): bigint {
  const { per, period } = scheduleOf(plan);
  const { numerator, denominator } = per === 'byte' ? times(period, plan.burst * longestFrame(plan)) : period;
  return ceilDivide(numerator, denominator);
}

function times({ numerator, denominator }: Ratio, factor: number): Ratio {
  return { numerator: numerator * BigInt(factor), denominator };
}

function equal(a: Ratio, b: Ratio): boolean {
  return a.numerator * b.denominator === b.numerator * a.denominator;
}

function passGap(period: Ratio): bigint {
  return period.numerator / period.denominator;
}

function ceilDivide(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}
