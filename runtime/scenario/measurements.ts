// SPDX-License-Identifier: Apache-2.0

import type { Diagnostic } from '../../lang/diagnostics/diagnostic.ts';
import { failureFrom } from '../../lang/diagnostics/failure.ts';
import type { Reading, ResolvedMetricSource } from '../../lang/evaluate.ts';
import { deviceMetrics, graceMetrics, receiverMetrics } from '../../lang/metrics.ts';
import type { Span } from '../../lang/source.ts';
import { assertNever } from '../../lang/types.ts';
import type { Value } from '../../lang/value.ts';
import { mergeTimings } from '../arrival-timing.ts';
import { report } from '../catalogue.ts';
import type { Engine, GraceStats } from '../engine.ts';
import { difference, percentile } from '../histogram.ts';
import type { LatencyPercentiles, Percentiles } from '../results.ts';
import { mostRemoved } from './device-record.ts';
import { type DeviceTable, type KnownDevice, percentilesOf } from './devices.ts';
import { addShares, noShare, type Receiver, type ReceiverTable, type Share } from './receivers.ts';
import { type Times, timesOf, whyUntimed } from './times.ts';
import { busyTime, bytesAsked, type DeviceTotals } from './totals.ts';

const nsPerSecond = 1e9;
const bitsPerByte = 8;
/** What `pps` looks back on. */
export const ppsWindow = 100_000_000n;

/** The span of what has none; evaluation puts the expression's in its place. */
const nowhere: Span = { start: 0, end: 0 };

/** A figure, or the diagnostic that says why there is none. */
type Figure = number | boolean | Diagnostic;

/** Rates of a device or of totals. Null: nobody asked for a rate. */
export interface Rates {
  readonly duration: number;
  readonly asked: number | null;
  readonly achieved: number;
  readonly askedBps: number | null;
  readonly achievedBps: number;
}

/** Reads every metric of the language. */
export class Measurements {
  readonly #engine: Engine;
  readonly #devices: DeviceTable;
  readonly #receivers: ReceiverTable;
  readonly #running: () => boolean;
  readonly #graceBefore: GraceStats;

  /** @param running whether a run goes on */
  constructor(engine: Engine, devices: DeviceTable, receivers: ReceiverTable, running: () => boolean) {
    this.#engine = engine;
    this.#devices = devices;
    this.#receivers = receivers;
    this.#running = running;
    this.#graceBefore = engine.grace();
  }

  metric(source: ResolvedMetricSource, metric: string): Reading {
    switch (source.kind) {
      case 'device': {
        const device = this.#devices.newest(source.device);
        if (device === null) return refuse(this.#unknown(source.device, metric));
        return valued(deviceMetrics.get(metric)?.type, this.#ofDevice(device, metric));
      }
      case 'devices':
        return valued(deviceMetrics.get(metric)?.type, this.#ofDevices(metric));
      case 'receiver': {
        const receiver = this.#receivers.find(source.receiver);
        if (receiver === null) return refuse(report('PG6303', { name: source.receiver }, nowhere));
        if (source.from === null) {
          return valued(receiverMetrics.get(metric)?.type, this.#ofReceivers(receiver.name, [receiver], metric));
        }
        const device = this.#devices.newest(source.from);
        if (device === null) return refuse(this.#unknown(source.from, metric));
        if (isTimed(metric)) {
          const what = `\`${receiver.name}.from(${device.name}).${metric}\``;
          return valued(
            receiverMetrics.get(metric)?.type,
            timed(what, this.#receivers.timesOf(receiver, device), metric),
          );
        }
        const share = this.#receivers.share(receiver, device, this.#receivers.stats(receiver), this.#running());
        if (share === null) return refuse(noValue(`\`${receiver.name}.from(${device.name}).${metric}\``, anonymous));
        return valued(receiverMetrics.get(metric)?.type, ofShare(share, 0, metric));
      }
      case 'receivers':
        return valued(receiverMetrics.get(metric)?.type, this.#ofReceivers('receivers', this.#receivers.all, metric));
      case 'grace':
        return valued(graceMetrics.get(metric)?.type, ofGrace(this.grace(), metric));
      default:
        return assertNever(source);
    }
  }

  rates(device: KnownDevice): Rates {
    const stats = this.#devices.figures(device);
    const busy = busyTime(stats, device.clearedAt, this.#engine.clock.now());
    const duration = busy === null ? 0 : Number(busy.to - busy.from);
    return ratesOver(duration, { ...stats, askedBytes: bytesAsked(stats) });
  }

  /** Everything added up, removed devices included. */
  totals(): DeviceTotals {
    const totals = this.#devices.removedTotals.copy();
    const now = this.#engine.clock.now();
    for (const device of this.#devices.present()) totals.add(this.#engine.stats(device.id), device.clearedAt, now);
    return totals;
  }

  totalRates(totals: DeviceTotals): Rates {
    return ratesOver(totals.duration, totals);
  }

  /** What a receiver expects, and what it has. */
  expected(receiver: Receiver): Share {
    return this.#receivers.expected(receiver, this.#receivers.stats(receiver), this.#running());
  }

  /** Grace periods since the scenario began. */
  grace(): GraceStats {
    const now = this.#engine.grace();
    const before = this.#graceBefore;
    return {
      completed: now.completed - before.completed,
      pending: now.pending,
      stalls: now.stalls - before.stalls,
      latency: difference(now.latency, before.latency),
    };
  }

  #ofDevice(device: KnownDevice, metric: string): Figure {
    const stats = this.#devices.figures(device);
    const what = `\`${device.name}.${metric}\``;
    switch (metric) {
      case 'pps':
        return this.#recentRate(device);
      case 'gap.p50':
      case 'gap.p99':
      case 'gap.max':
        return share(what, 'gaps' in stats ? percentilesOf(stats.gaps) : stats.gap, metric);
      default:
        return counted(what, stats, metric) ?? rated(what, this.rates(device), metric);
    }
  }

  #ofDevices(metric: string): Figure {
    const what = `\`devices.${metric}\``;
    if (metric === 'pps') return this.#devices.known.reduce((sum, device) => sum + this.#recentRate(device), 0);
    const totals = this.totals();
    if (metric.startsWith('gap.')) return share(what, percentilesOf(totals.gaps), metric);
    return counted(what, totals, metric) ?? rated(what, this.totalRates(totals), metric);
  }

  /** Packets a second over the last 100 ms, or since the device began if that is less. */
  #recentRate(device: KnownDevice): number {
    if (device.state === 'removed' || device.state === 'settled') return 0;
    const stats = this.#devices.figures(device);
    if (stats.startedAt === null) return 0;
    const now = this.#engine.clock.now();
    const since = device.clearedAt !== null && device.clearedAt > stats.startedAt ? device.clearedAt : stats.startedAt;
    const from = now - ppsWindow > since ? now - ppsWindow : since;
    if (now <= from) return 0;
    const fresh = this.#receivers.owed(device) - device.history.sentBy(from);
    return (Math.max(0, fresh) * nsPerSecond) / Number(now - from);
  }

  /** The checker knows that a device of the name is added somewhere: it is not there yet, or no longer known. */
  #unknown(name: string, metric: string): Diagnostic {
    const forgotten = this.#devices.added > this.#devices.known.length;
    const gone = forgotten ? `, or was removed before the last ${mostRemoved} that were` : '';
    return noValue(`\`${name}.${metric}\``, `the device has not been added yet${gone}`);
  }

  #ofReceivers(name: string, receivers: readonly Receiver[], metric: string): Figure {
    if (isTimed(metric)) {
      const timings = receivers.map((receiver) => this.#receivers.timing(receiver));
      const stepped = timings.some((timing) => timing.clockStepped);
      return timed(`\`${name}.${metric}\``, timesOf(mergeTimings(timings.map(({ total }) => total)), stepped), metric);
    }
    let expected = noShare;
    let other = 0;
    let all = noShare;
    for (const receiver of receivers) {
      const stats = this.#receivers.stats(receiver);
      other += stats.other;
      all = addShares(all, { ...stats, sent: 0, lost: 0 });
      if (metric === 'lost' || metric === 'loss') {
        expected = addShares(expected, this.#receivers.expected(receiver, stats, this.#running()));
      }
    }
    return ofShare({ ...all, sent: expected.sent, lost: expected.lost }, other, metric);
  }
}

function ratesOver(
  duration: number,
  counts: {
    readonly sent: number;
    readonly bytes: number;
    readonly asked: number | null;
    readonly askedBytes: number;
  },
): Rates {
  const perSecond = (amount: number) => (duration === 0 ? 0 : (amount * nsPerSecond) / duration);
  return {
    duration,
    asked: counts.asked === null ? null : perSecond(counts.asked),
    achieved: perSecond(counts.sent),
    askedBps: counts.asked === null ? null : perSecond(counts.askedBytes * bitsPerByte),
    achievedBps: perSecond(counts.bytes * bitsPerByte),
  };
}

function counted(
  what: string,
  stats: {
    readonly sent: number;
    readonly bytes: number;
    readonly errors: number;
    readonly late: number;
    readonly skipped: number;
    readonly running: boolean;
  },
  metric: string,
): number | boolean | null {
  switch (metric) {
    case 'sent':
    case 'bytes':
    case 'errors':
    case 'late':
    case 'skipped':
    case 'running':
      return stats[metric];
    case 'duration':
    case 'asked':
    case 'asked.bps':
    case 'achieved':
    case 'achieved.bps':
      return null;
    default:
      throw new Error(`${what} passed the checker, but nothing measures it`);
  }
}

function rated(what: string, rates: Rates, metric: string): Figure {
  const asked = metric === 'asked' ? rates.asked : metric === 'asked.bps' ? rates.askedBps : 0;
  if (asked === null) return noValue(what, 'an unpaced device is asked for no rate');
  if (metric.startsWith('asked')) return asked;
  if (metric === 'duration') return rates.duration;
  return metric === 'achieved' ? rates.achieved : rates.achievedBps;
}

/** The percentile that a metric's last part names. */
function share(what: string, percentiles: Percentiles, metric: string): Figure {
  const which = metric.slice(metric.lastIndexOf('.') + 1) as keyof Percentiles;
  return percentiles[which] ?? noValue(what, 'there is nothing to measure yet');
}

function isTimed(metric: string): boolean {
  return metric === 'jitter' || metric.startsWith('latency.') || metric.startsWith('gap.');
}

/** A figure of a receiver's times, or the reason why there is none. */
function timed(what: string, times: Times, metric: string): Figure {
  const [kind, which] = metric.split('.');
  const percentiles: LatencyPercentiles = kind === 'gap' ? { ...times.gap, p999: null } : times.latency;
  const figure = kind === 'jitter' ? times.jitter : percentiles[which as keyof LatencyPercentiles];
  return figure ?? noValue(what, whyUntimed(times, kind === 'latency'));
}

function ofShare(share: Share, other: number, metric: string): Figure {
  switch (metric) {
    case 'received':
    case 'bytes':
    case 'duplicated':
    case 'reordered':
    case 'lost':
      return share[metric];
    case 'other':
      return other;
    case 'loss':
      return lossOf(share);
    default:
      throw new Error(`receiver metric ${metric} passed the checker, but nothing measures it`);
  }
}

/** Of one device among several with `NO_TIMESTAMP` or `pktgen_compat exact`. */
const anonymous = 'frames of several devices arrive there without the number of theirs';

/** Percent of what was sent; nothing is lost of nothing. */
export function lossOf({ sent, lost }: Share): number {
  return sent === 0 ? 0 : (100 * lost) / sent;
}

function ofGrace(grace: GraceStats, metric: string): Figure {
  const of = (p: number): Figure =>
    grace.latency.total === 0
      ? noValue(`\`grace.${metric}\``, 'no grace period has ended yet')
      : percentile(grace.latency, p);
  switch (metric) {
    case 'pending':
    case 'completed':
    case 'stalls':
      return grace[metric];
    case 'latency.p50':
      return of(0.5);
    case 'latency.p99':
      return of(0.99);
    case 'latency.p999':
      return of(0.999);
    case 'latency.max':
      return of(1);
    default:
      throw new Error(`grace metric ${metric} passed the checker, but nothing measures it`);
  }
}

function noValue(what: string, why: string): Diagnostic {
  return report('PG6301', { what, why }, nowhere);
}

function refuse(diagnostic: Diagnostic): Reading {
  return { ok: false, failure: failureFrom(diagnostic) };
}

function valued(type: string | undefined, figure: Figure): Reading {
  if (typeof figure === 'object') return refuse(figure);
  if (typeof figure === 'boolean') return { ok: true, value: { type: 'bool', value: figure } };
  if (type === undefined) throw new Error('a metric without a type passed the checker');
  return { ok: true, value: { type, value: figure } as Value };
}
