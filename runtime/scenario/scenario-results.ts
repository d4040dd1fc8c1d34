// SPDX-License-Identifier: Apache-2.0

import { noTiming } from '../arrival-timing.ts';
import type { SenderStats } from '../engine.ts';
import { reported } from '../report/json.ts';
import {
  type DeviceResults,
  exitOf,
  type Progress,
  type ReceiverResults,
  type ScenarioResults,
  type SenderResults,
  type SenderShare,
  type TotalResults,
  type Verdict,
  worst,
} from '../results.ts';
import { type Device, type KnownDevice, percentilesOf } from './devices.ts';
import { lossOf } from './measurements.ts';
import { addShares, noShare, type Receiver, type Share } from './receivers.ts';
import type { ScenarioState } from './scenario-state.ts';
import { timesOf } from './times.ts';

/** What a scenario came to, once everything has come to rest. */
export function scenarioResults(name: string, state: ScenarioState): ScenarioResults {
  const verdict = verdictOf(state);
  const grace = state.measurements.grace();
  const { ending } = state;
  return {
    scenario: name,
    verdict,
    exit: exitOf[verdict],
    duration: Number(state.clock.now() - state.beganAt),
    devices: state.devices.known.map((device) => deviceResults(device, state)),
    totals: totalResults(state),
    receivers: state.receivers.all.map((receiver) => receiverResults(receiver, state)),
    expectations: state.expectations.results(),
    grace: {
      count: grace.completed,
      pending: grace.pending,
      stalls: grace.stalls,
      latency: percentilesOf(grace.latency),
    },
    senders: state.engine.senders().map(senderResults),
    prints: state.prints,
    events: state.events,
    warnings: state.warnings,
    failure: ending === null || ending === 'interrupted' ? null : reported(ending.diagnostic, state.source),
  };
}

function senderResults({ devices: _, ...sender }: SenderStats): SenderResults {
  return sender;
}

function verdictOf(state: ScenarioState): Verdict {
  const verdicts: Verdict[] = [];
  if (state.ending !== null) verdicts.push(state.ending === 'interrupted' ? 'interrupted' : state.ending.verdict);
  if (shortDevices(state) > 0) verdicts.push('shortfall');
  if (state.expectations.anyFailed) verdicts.push('failed');
  return worst(verdicts);
}

function shortDevices({ devices }: ScenarioState): number {
  return devices.removedShort + devices.present().filter((device) => device.shortfallExceeded).length;
}

function totalResults(state: ScenarioState): TotalResults {
  const totals = state.measurements.totals();
  const { sent, bytes, errors, inFlight, late, skipped } = totals;
  return {
    devices: state.devices.added,
    sent,
    bytes,
    errors,
    inFlight,
    ...state.measurements.totalRates(totals),
    late,
    skipped,
    gap: percentilesOf(totals.gaps),
    short: shortDevices(state),
  };
}

export function deviceResults(device: KnownDevice, state: ScenarioState): DeviceResults {
  const stats = state.devices.figures(device);
  const { sent, bytes, errors, inFlight, late, skipped, driver, failure } = stats;
  return {
    name: device.name,
    interface: device.interface,
    cpu: device.cpu,
    driver,
    sent,
    bytes,
    errors,
    inFlight,
    ...state.measurements.rates(device),
    late,
    skipped,
    gap: 'gaps' in stats ? percentilesOf(stats.gaps) : stats.gap,
    removed: device.state === 'removed' || device.state === 'settled',
    shortfall: { allowed: shortfallOf(device), exceeded: device.shortfallExceeded },
    failure,
  };
}

function shortfallOf(device: KnownDevice): number {
  return device.state === 'settled' ? device.shortfall : device.configuration.shortfall;
}

export function receiverResults(receiver: Receiver, state: ScenarioState): ReceiverResults {
  const stats = state.receivers.stats(receiver);
  const { resolution, clockStepped, total } = state.receivers.timing(receiver);
  const times = timesOf(total, clockStepped);
  const { negative, untimed, jitter, gap } = times;
  const expected = state.measurements.expected(receiver);
  return {
    name: receiver.name,
    interface: receiver.interface,
    received: stats.received,
    bytes: stats.bytes,
    other: stats.other,
    lost: expected.lost,
    loss: lossOf(expected),
    duplicated: stats.duplicated,
    reordered: stats.reordered,
    dropped: stats.dropped,
    latency: {
      ...times.latency,
      resolution,
      batch: state.receivers.longestBatch(receiver, stats),
      clockStepped,
      negative,
      untimed,
    },
    jitter,
    gap,
    from: senderShares(receiver, state),
  };
}

const nothingYet = { expected: false, share: noShare } as const;

/**
 * Shares by device name: devices that had one name one after the other are one line. Of several devices whose frames do not
 * name them nobody knows the shares.
 */
function senderShares(receiver: Receiver, state: ScenarioState): readonly SenderShare[] {
  const stats = state.receivers.stats(receiver);
  const times = state.receivers.timesByName(receiver);
  const shares = new Map<string, { readonly expected: boolean; readonly share: Share }>();
  for (const device of state.devices.known) {
    const before = shares.get(device.name) ?? receiver.accounts.get(device.name) ?? nothingYet;
    shares.set(device.name, before);
    if (device.state === 'settled') continue;
    const share = state.receivers.share(receiver, device, stats, state.runs.open);
    const expected = state.receivers.expects(receiver, device);
    if (share === null) continue;
    if (!expected && share.received === 0) continue;
    shares.set(device.name, { expected: before.expected || expected, share: addShares(before.share, share) });
  }
  const heard = [...shares].filter(([, { expected, share }]) => expected || share.received > 0);
  return heard.map(([device, { expected, share }]) => {
    const { sent, received, duplicated, reordered } = share;
    const { latency, jitter, gap } = times.get(device) ?? timesOf(noTiming, false);
    const lost = expected ? share.lost : 0;
    return { device, expected, sent, received, lost, duplicated, reordered, latency, jitter, gap };
  });
}

/** Looks at the totals now and then; each look gives the rate since the one before. */
export function progressMeter(state: ScenarioState): () => Progress {
  let before = { at: state.beganAt, sent: 0 };
  return () => {
    state.recordHistory();
    const now = state.clock.now();
    const totals = state.measurements.totals();
    const elapsed = Number(now - before.at);
    const pps = elapsed === 0 ? 0 : (Math.max(0, totals.sent - before.sent) * 1e9) / elapsed;
    before = { at: now, sent: totals.sent };
    const present = state.devices.present();
    const lost = state.receivers.all.reduce((sum, receiver) => sum + state.measurements.expected(receiver).lost, 0);
    return {
      elapsed: Number(now - state.beganAt),
      devices: present.length === 1 ? (present[0] as Device).name : `${present.length} devices`,
      sent: totals.sent,
      pps,
      asked: state.measurements.totalRates(totals).asked,
      lost: state.receivers.all.length === 0 ? null : lost,
    };
  };
}
