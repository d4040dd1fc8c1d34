// SPDX-License-Identifier: Apache-2.0

import { headerOf } from '../../lang/frame/frame-program.ts';
import type { Span } from '../../lang/source.ts';
import { type ArrivalTiming, mergeTimings, noTiming } from '../arrival-timing.ts';
import type { Engine, ReceiverId, ReceiverStats, ReceiverTiming } from '../engine.ts';
import { ok, type Result, settled } from './completion.ts';
import type { DeviceRecord } from './device-record.ts';
import type { Device, DeviceTable, KnownDevice } from './devices.ts';
import type { InterfaceTable } from './interfaces.ts';
import { type Times, timesOf } from './times.ts';

/** How long a receiver must see nothing before a `stop` gives up on what has not arrived: 100 ms unless it says so. */
export const defaultSettle = 100_000_000n;

export interface Receiver {
  readonly name: string;
  readonly interface: string;
  /** Index of the other end of its veth, which no renaming changes; 0 where there is none. */
  readonly peer: number;
  readonly id: ReceiverId;
  /** Nanoseconds. */
  readonly settle: bigint;
  /** Names of the devices that it expects, null for the rule. */
  readonly expects: readonly string[] | null;
  /** Of removed devices whose last frame has long arrived: the shares of those that it expects, added up, */
  settled: Share;
  /** packets of those whose frames do not name them, */
  settledUnnumbered: number;
  /** what it got of them by the names that they had, as long as these mean devices, */
  readonly accounts: Map<string, SettledAccount>;
  /** and the longest time between two batches of the unpaced ones (ns). */
  settledBatch: number;
}

/** What a receiver got of removed devices that had one name one after the other, as far as their frames named them. */
export interface SettledAccount {
  readonly expected: boolean;
  readonly share: Share;
  readonly timing: ArrivalTiming;
  /** Of the last of them alone; no share where its frames did not name it. */
  readonly last: { readonly ordinal: number; readonly share: Share | null; readonly times: Times };
}

/** What a receiver got of a device since receivers were last zeroed, and what the device had sent it. */
export interface Share {
  readonly sent: number;
  readonly received: number;
  readonly bytes: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly lost: number;
}

export const noShare: Share = { sent: 0, received: 0, bytes: 0, duplicated: 0, reordered: 0, lost: 0 };

export function addShares(a: Share, b: Share): Share {
  return {
    sent: a.sent + b.sent,
    received: a.received + b.received,
    bytes: a.bytes + b.bytes,
    duplicated: a.duplicated + b.duplicated,
    reordered: a.reordered + b.reordered,
    lost: a.lost + b.lost,
  };
}

/**
 * The receivers of a scenario, and who owes them what. Lost is what a device sent and a receiver did not get. While a run
 * goes on, frames are under way, so only what was sent `settle` ago is due; a device's count at that time comes from its
 * history. Once the run is over everything is due.
 *
 * Frames with the kernel's own header name no device. What arrives of them belongs to the devices that send such frames to
 * the receiver: where that is one it is that one's, where they are several only their sum is known.
 */
export class ReceiverTable {
  readonly #engine: Engine;
  readonly #interfaces: InterfaceTable;
  readonly #devices: DeviceTable;
  readonly #all: Receiver[] = [];
  /** Devices that sent since receivers were zeroed, without those that are settled. */
  #accountable: Device[] = [];
  /** Of these, the removed ones in the order in which they went. */
  readonly #leaving: Device[] = [];

  constructor(engine: Engine, interfaces: InterfaceTable, devices: DeviceTable) {
    this.#engine = engine;
    this.#interfaces = interfaces;
    this.#devices = devices;
  }

  get all(): readonly Receiver[] {
    return this.#all;
  }

  get accountable(): Iterable<Device> {
    return this.#accountable;
  }

  /** The longest time after which a frame still counts as under way (ns). */
  get longestSettle(): bigint {
    return this.#all.reduce((longest, { settle }) => (settle > longest ? settle : longest), 0n);
  }

  find(name: string): Receiver | null {
    return this.#all.find((receiver) => receiver.name === name) ?? null;
  }

  /** Opens a receiver; it counts from then on. */
  async open(plan: Pick<Receiver, 'name' | 'interface' | 'settle' | 'expects'>, span: Span): Promise<Result<void>> {
    const facts = await this.#interfaces.find(plan.interface, span);
    if (!facts.ok) return facts;
    const { name, interface: on } = plan;
    const id = await settled(this.#engine.addReceiver({ name, interface: on }), `\`receiver ${name}\``, span);
    if (!id.ok) return id;
    const peer = this.#interfaces.peerOf(facts.value)?.index ?? 0;
    this.#all.push({
      ...plan,
      peer,
      id: id.value,
      settled: noShare,
      settledUnnumbered: 0,
      accounts: new Map(),
      settledBatch: 0,
    });
    return ok(undefined);
  }

  /** Closes all. */
  async close(): Promise<void> {
    await Promise.all(this.#all.map((receiver) => this.#engine.remReceiver(receiver.id)));
  }

  /** Zeroes all receivers and everybody's account with them. */
  async clear(span: Span): Promise<Result<void>> {
    if (this.#all.length > 0) {
      const ids = this.#all.map((receiver) => receiver.id);
      const done = await settled(this.#engine.clearReceivers(ids), 'zeroing the receivers', span);
      if (!done.ok) return done;
    }
    for (const receiver of this.#all) {
      receiver.settled = noShare;
      receiver.settledUnnumbered = 0;
      receiver.accounts.clear();
      receiver.settledBatch = 0;
    }
    const gone = this.#leaving.splice(0);
    if (this.#all.length > 0) this.#engine.forgetDevices(gone.map((device) => device.id));
    this.#devices.settle(gone);
    for (const device of this.#accountable) {
      device.carried = 0;
      device.unnumbered = headerOf(device.program) === 'unnumbered';
      if (device.state !== 'present') device.counts = false;
    }
    this.#dropReleased();
    return ok(undefined);
  }

  /** From now on the device's present counters are owed to the receivers; `carried` comes on top. */
  hold(device: Device, carried: number): void {
    device.carried = carried;
    if (!device.counts) this.#accountable.push(device);
    device.counts = true;
  }

  /** All counters are from before receivers were zeroed, and owed to nobody. */
  releaseAll(): void {
    for (const device of this.#accountable) {
      device.carried = 0;
      device.counts = false;
    }
    this.#accountable = [];
  }

  #dropReleased(): void {
    this.#accountable = this.#accountable.filter((device) => device.counts);
  }

  /** Packets that the device owes. */
  owed(device: Device): number {
    return device.carried + (device.counts ? this.#devices.figures(device).sent : 0);
  }

  /** A device was removed: its account is settled once what it owes has arrived, or is given up. */
  removed(device: Device): void {
    if (device.counts) this.#leaving.push(device);
    else this.#devices.settle([device]);
    this.#settle();
  }

  /** No device of that name is known any more. */
  forget(name: string): void {
    for (const receiver of this.#all) receiver.accounts.delete(name);
  }

  /** Whether the receiver counts what it does not get of this device as lost. */
  expects(receiver: Receiver, device: Device): boolean {
    if (receiver.expects !== null) return receiver.expects.includes(device.name);
    const { driver, program } = device.plan;
    if (driver === 'null' || driver === 'pcap') return false;
    if (headerOf(program) === 'none') return false;
    if (!this.#interfaces.lab) return device.interface !== receiver.interface;
    return receiver.peer !== 0 && receiver.peer === device.index;
  }

  /** What a receiver counted; frames that name no device are received where it expects such, otherwise `other`. */
  stats(receiver: Receiver): ReceiverStats {
    const stats = this.#engine.receiverStats(receiver.id);
    const { packets, bytes } = stats.unnumbered;
    if (packets === 0 || (receiver.settledUnnumbered === 0 && this.#anonymous(receiver).next().done === true))
      return stats;
    return {
      ...stats,
      received: stats.received + packets,
      bytes: stats.bytes + bytes,
      other: stats.other - packets,
    };
  }

  timing(receiver: Receiver): ReceiverTiming {
    return this.#engine.receiverTiming(receiver.id);
  }

  /** Times of what a receiver got of one device. */
  timesOf(receiver: Receiver, device: KnownDevice): Times {
    if (device.state === 'settled') return accountOf(receiver, device)?.times ?? timesOf(noTiming, false);
    const { clockStepped, streams } = this.timing(receiver);
    return timesOf(streams.get(device.id) ?? noTiming, clockStepped);
  }

  /** Times by the names of devices: those that had one name one after the other are taken together. */
  timesByName(receiver: Receiver): ReadonlyMap<string, Times> {
    const { clockStepped, streams } = this.timing(receiver);
    const byName = new Map([...receiver.accounts].map(([name, { timing }]) => [name, [timing]]));
    for (const device of this.#devices.known) {
      const timing = device.state === 'settled' ? undefined : streams.get(device.id);
      if (timing === undefined) continue;
      const before = byName.get(device.name);
      if (before === undefined) byName.set(device.name, [timing]);
      else before.push(timing);
    }
    return new Map([...byName].map(([name, timings]) => [name, timesOf(mergeTimings(timings), clockStepped)]));
  }

  /**
   * What a receiver got of a device; null where that is one of several whose frames do not name them.
   *
   * @param running whether a run goes on, so that the youngest frames are not due
   */
  share(receiver: Receiver, device: KnownDevice, stats: ReceiverStats, running: boolean): Share | null {
    if (device.state === 'settled') {
      const account = accountOf(receiver, device);
      return account === null ? noShare : account.share;
    }
    if (device.unnumbered && this.expects(receiver, device)) {
      if (!this.#isOnlyAnonymous(receiver, device)) return null;
      if (device.counts) return this.unnumberedShare(receiver, stats, running);
    }
    return device.counts ? this.#ownShare(receiver, device, stats, running) : noShare;
  }

  /** The shares of all devices whose frames do not name them, added up. */
  unnumberedShare(receiver: Receiver, stats: ReceiverStats, running: boolean): Share {
    const { packets, bytes } = stats.unnumbered;
    const before = receiver.settledUnnumbered;
    let total: Share = { ...noShare, sent: before, received: packets, bytes };
    let missing = before - packets;
    for (const device of this.#anonymous(receiver)) {
      // Of those frames that had its number, where it had one before.
      const own = this.#ownShare(receiver, device, stats, running);
      total = addShares(total, own);
      missing += this.#due(receiver, device, stats, running) - arrivedOf(device, own);
    }
    return { ...total, lost: Math.max(0, missing) };
  }

  /** Devices that sent frames without their number to a receiver that expects them. */
  *#anonymous(receiver: Receiver): Generator<Device> {
    for (const device of this.#accountable) if (device.unnumbered && this.expects(receiver, device)) yield device;
  }

  #isOnlyAnonymous(receiver: Receiver, device: Device): boolean {
    if (receiver.settledUnnumbered > 0) return false;
    for (const other of this.#anonymous(receiver)) if (other !== device) return false;
    return true;
  }

  /** What has been sent to it long enough ago. What it has not looked at yet is not lost: a machine may be busy. */
  #due(receiver: Receiver, device: Device, stats: ReceiverStats, running: boolean): number {
    return running ? device.history.sentBy(stats.caughtUpAt - receiver.settle) : this.owed(device);
  }

  /** By the frames that name the device. */
  #ownShare(receiver: Receiver, device: Device, stats: ReceiverStats, running: boolean): Share {
    const stream = stats.streams.find((candidate) => candidate.device === device.id) ?? noShare;
    const { received, bytes, duplicated, reordered } = stream;
    const got = { sent: this.owed(device), received, bytes, duplicated, reordered };
    return { ...got, lost: Math.max(0, this.#due(receiver, device, stats, running) - arrivedOf(device, got)) };
  }

  /** The shares of all devices that the receiver expects, added up. */
  expected(receiver: Receiver, stats: ReceiverStats, running: boolean): Share {
    let total = addShares(receiver.settled, this.unnumberedShare(receiver, stats, running));
    for (const device of this.#accountable) {
      if (device.unnumbered || !this.expects(receiver, device)) continue;
      total = addShares(total, this.#ownShare(receiver, device, stats, running));
    }
    return total;
  }

  /** The longest time between two batches of the unpaced devices that it hears or expects (ns): no batch took longer. */
  longestBatch(receiver: Receiver, stats: ReceiverStats): number {
    const heard = new Set(stats.streams.map((stream) => stream.device));
    let longest = receiver.settledBatch;
    for (const device of this.#devices.known) {
      if (device.state === 'settled' || !(heard.has(device.id) || this.expects(receiver, device))) continue;
      longest = Math.max(longest, this.#batchOf(device));
    }
    return longest;
  }

  /** 0 for paced devices: each of their frames has its own stamp. */
  #batchOf(device: Device): number {
    if (device.plan.pace !== null) return 0;
    const figures = this.#devices.figures(device);
    return 'gaps' in figures ? figures.gaps.max : (figures.gap.max ?? 0);
  }

  /**
   * Settles the account of devices that have long been gone: churn would make every look at a receiver longer and longer,
   * and engines use the stream of a removed device again some time.
   */
  #settle(): void {
    const due = this.#engine.clock.now() - this.longestSettle;
    let count = 0;
    while (count < this.#leaving.length && ((this.#leaving[count] as Device).removedAt ?? 0n) <= due) count++;
    if (this.#all.length > 0 && count < settledTogether) return;
    const gone = this.#leaving.splice(0, count);
    for (const receiver of this.#all) {
      const timing = this.timing(receiver);
      const stats = this.stats(receiver);
      for (const device of gone) this.#settleAccount(receiver, device, stats, timing);
    }
    for (const device of gone) device.counts = false;
    this.#dropReleased();
    if (this.#all.length > 0) this.#engine.forgetDevices(gone.map((device) => device.id));
    this.#devices.settle(gone);
  }

  #settleAccount(receiver: Receiver, device: Device, stats: ReceiverStats, timing: ReceiverTiming): void {
    const expected = this.expects(receiver, device);
    const anonymous = expected && device.unnumbered;
    const share = anonymous ? null : this.#ownShare(receiver, device, stats, false);
    if (share === null) receiver.settledUnnumbered += this.owed(device);
    else if (expected) receiver.settled = addShares(receiver.settled, share);
    if (!expected && share?.received === 0) return;
    receiver.settledBatch = Math.max(receiver.settledBatch, this.#batchOf(device));
    const arrived = timing.streams.get(device.id);
    const before = receiver.accounts.get(device.name);
    const timings = [before?.timing, arrived].filter((one) => one !== undefined);
    receiver.accounts.set(device.name, {
      expected: (expected && !anonymous) || (before?.expected ?? false),
      share: addShares(before?.share ?? noShare, share ?? noShare),
      timing: arrived === undefined ? (before?.timing ?? noTiming) : mergeTimings(timings),
      last: { ordinal: device.ordinal, share, times: timesOf(arrived ?? noTiming, timing.clockStepped) },
    });
  }
}

/** The account of this very device; null where it had none, or receivers were zeroed since. */
function accountOf(receiver: Receiver, { name, ordinal }: DeviceRecord): SettledAccount['last'] | null {
  const last = receiver.accounts.get(name)?.last;
  return last?.ordinal === ordinal ? last : null;
}

/** Clones carry their frame's sequence number: whoever sends them sends what a receiver counts as duplicates. */
function arrivedOf({ plan }: Device, { received, duplicated }: Pick<Share, 'received' | 'duplicated'>): number {
  return received + (plan.clones > 1 ? duplicated : 0);
}

/** A look at a receiver costs as much for one removed device as for many, so they are settled together. */
const settledTogether = 64;
