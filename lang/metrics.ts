// SPDX-License-Identifier: Apache-2.0

import type { ScalarType } from './value.ts';

/** One metric: its dotted name, its type and what it says. */
export interface Metric {
  readonly name: string;
  readonly type: ScalarType;
  readonly help: string;
}

type MetricTable = ReadonlyMap<string, Metric>;

function table(rows: readonly (readonly [name: string, type: ScalarType, help: string])[]): MetricTable {
  return new Map(rows.map(([name, type, help]) => [name, { name, type, help }]));
}

/** What a device counts and measures since its last `start` or `clear_counters`; also the totals over `devices`. */
export const deviceMetrics: MetricTable = table([
  ['sent', 'number', 'packets accepted by the kernel'],
  ['bytes', 'size', 'their bytes, without FCS'],
  ['errors', 'number', 'packets taken and dropped by the kernel'],
  ['late', 'number', 'packets handed over behind their schedule'],
  ['skipped', 'number', 'packets that the late policy dropped from the schedule'],
  ['pps', 'pps', 'packets a second over the last 100 ms'],
  ['duration', 'duration', 'time between start and stop, or until now'],
  ['running', 'bool', 'whether it sends'],
  ['gap.p50', 'duration', 'time between packets, median'],
  ['gap.p99', 'duration', 'time between packets, 99 of 100 are shorter'],
  ['gap.max', 'duration', 'time between packets, longest'],
  ['asked', 'pps', 'packets that the schedule called for, by time'],
  ['asked.bps', 'bps', 'the same in bits, without FCS'],
  ['achieved', 'pps', 'packets sent, by time'],
  ['achieved.bps', 'bps', 'the same in bits, without FCS'],
]);

/** What a receiver counts since the run began or `clear_counters`; also each sender's share, and totals of `receivers`. */
export const receiverMetrics: MetricTable = table([
  ['received', 'number', 'first copies of frames with the pktgen header from devices of this run'],
  ['other', 'number', 'everything else that arrived'],
  ['bytes', 'size', 'bytes received, without FCS'],
  ['lost', 'number', 'packets sent by the expected devices and not received'],
  ['loss', 'percent', 'their share of the packets sent'],
  ['duplicated', 'number', 'further copies of packets received'],
  ['reordered', 'number', 'packets that came after a later one'],
  ['latency.p50', 'duration', "from a frame's stamp to its arrival, median"],
  ['latency.p99', 'duration', 'the same, 99 of 100 are shorter'],
  ['latency.p999', 'duration', 'the same, 999 of 1000 are shorter'],
  ['latency.max', 'duration', 'the same, longest'],
  ['jitter', 'duration', 'mean difference between the latencies of frames that arrive one after the other'],
  ['gap.p50', 'duration', 'time between arrivals from one sender, median'],
  ['gap.p99', 'duration', 'the same, 99 of 100 are shorter'],
  ['gap.max', 'duration', 'the same, longest'],
]);

/** Removals and replacements: from the call until nothing can see the old state any more. */
export const graceMetrics: MetricTable = table([
  ['pending', 'number', 'grace periods that have not ended'],
  ['completed', 'number', 'grace periods that have ended'],
  ['latency.p50', 'duration', 'how long they took, median'],
  ['latency.p99', 'duration', 'how long they took, 99 of 100 were shorter'],
  ['latency.p999', 'duration', 'how long they took, 999 of 1000 were shorter'],
  ['latency.max', 'duration', 'how long they took, longest'],
  ['stalls', 'number', 'senders that were caught holding one up'],
]);

/** Receiver metrics that need the pktgen layer: its sequence numbers, stamps and the sender that it names. */
export const needsHeader: ReadonlySet<string> = new Set(
  [...receiverMetrics.keys()].filter((name) => !['received', 'other', 'bytes'].includes(name)),
);

/** Those of them that need no more than the header, since they only count. */
export const needsHeaderAlone: ReadonlySet<string> = new Set(['lost', 'loss']);
