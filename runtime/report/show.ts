// SPDX-License-Identifier: Apache-2.0

import type { GraceStats, InterfaceFacts, PendingGrace, SenderStats } from '../engine.ts';
import { percentile } from '../histogram.ts';
import type { DeviceResults, ReceiverResults } from '../results.ts';
import { count, none, percent, rate, time } from './quantities.ts';
import { type Column, layoutTable } from './table.ts';

/** The tables of `show`, as lines without colours: what they say goes where `print` goes, and into the results. */

const left = (title: string): Column => ({ title, align: 'left' });
const right = (title: string): Column => ({ title, align: 'right' });
const plain = (text: string): string => text;

/** A device with its figures at this instant. */
export type ShownDevice = DeviceResults & { readonly running: boolean };

function stateOf(device: ShownDevice): string {
  if (device.removed) return 'removed';
  return device.running ? 'running' : 'stopped';
}

export function devicesTable(devices: readonly ShownDevice[]): readonly string[] {
  const columns = [
    left('device'),
    right('CPU'),
    left('state'),
    left('driver'),
    right('sent'),
    right('asked'),
    right('achieved'),
    right('errors'),
    right('late'),
    right('skipped'),
  ];
  const rows = devices.map((device) => [
    device.name,
    String(device.cpu),
    stateOf(device),
    device.driver,
    count(device.sent),
    rate(device.asked),
    rate(device.achieved),
    count(device.errors),
    count(device.late),
    count(device.skipped),
  ]);
  return layoutTable(columns, rows, plain);
}

export function receiversTable(receivers: readonly ReceiverResults[]): readonly string[] {
  const columns = [
    left('receiver'),
    left('interface'),
    right('received'),
    right('lost'),
    right('loss'),
    right('duplicated'),
    right('reordered'),
    right('other'),
    right('dropped'),
  ];
  const rows = receivers.map((receiver) => [
    receiver.name,
    receiver.interface,
    count(receiver.received),
    count(receiver.lost),
    percent(receiver.loss),
    count(receiver.duplicated),
    count(receiver.reordered),
    count(receiver.other),
    count(receiver.dropped),
  ]);
  return layoutTable(columns, rows, plain);
}

export function threadsTable(senders: readonly SenderStats[]): readonly string[] {
  const columns = [left('sender'), right('thread'), right('devices'), right('preempted'), right('stolen')];
  const rows = senders.map((sender) => [
    `CPU ${sender.cpu}`,
    sender.tid === 0 ? none : String(sender.tid),
    count(sender.devices),
    count(sender.involuntarySwitches),
    `${count(sender.stealMs)} ms`,
  ]);
  return layoutTable(columns, rows, plain);
}

export function interfacesTable(interfaces: readonly InterfaceFacts[]): readonly string[] {
  const columns = [
    left('interface'),
    right('index'),
    left('kind'),
    left('state'),
    right('mtu'),
    right('queues'),
    left('peer'),
  ];
  const rows = interfaces.map((facts) => [
    facts.name,
    String(facts.index),
    facts.kind === '' ? none : facts.kind,
    !facts.up ? 'down' : facts.carrier ? 'up' : 'no carrier',
    `${facts.mtu} B`,
    count(facts.queues),
    facts.peer === '' ? none : facts.peer,
  ]);
  return layoutTable(columns, rows, plain);
}

/** The sums, then each grace period under way with who holds it up. */
export function graceTable(grace: GraceStats, pending: readonly PendingGrace[]): readonly string[] {
  const of = (p: number): string => time(grace.latency.total === 0 ? null : percentile(grace.latency, p));
  const sums = layoutTable(
    [right('completed'), right('pending'), right('stalls'), right('p50'), right('p99'), right('max')],
    [[count(grace.completed), count(grace.pending), count(grace.stalls), of(0.5), of(0.99), of(1)]],
    plain,
  );
  if (pending.length === 0) return sums;
  const rows = pending.map(({ cookie, ageNs, holders }) => [
    cookie.toString(),
    time(ageNs),
    holders.length === 0
      ? none
      : holders.map(({ cpu, tid, phase }) => `CPU ${cpu}, thread ${tid} (${phase})`).join(', '),
  ]);
  return [...sums, ...layoutTable([right('cookie'), right('age'), left('held by')], rows, plain)];
}
