// SPDX-License-Identifier: Apache-2.0

import { headerOf } from '../../lang/frame/frame-program.ts';
import type { Span } from '../../lang/source.ts';
import type { ArrivalTiming, Engine, ReceiverId, ReceiverStats, ReceiverTiming } from '../engine.ts';
import { mergeTimings, noTiming } from '../histogram.ts';
import { ok, type Result, settled } from './completion.ts';
import type { Device, DeviceTable } from './devices.ts';
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
  /** Shares of removed devices whose last frame has long arrived, added up. */
  folded: Share;
  /** Packets that removed devices without a number had sent it by then. */
  foldedUnnumbered: number;
  /** Times of these, by the names that they had. */
  readonly foldedTimings: Map<string, ArrivalTiming>;
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
  /** Devices that sent since receivers were zeroed, without those that are folded. */
  readonly #accountable = new Set<Device>();
  /** Of these, the removed ones in the order in which they went. */
  #leaving: Device[] = [];
  readonly #foldedShares = new Map<Device, ReadonlyMap<ReceiverId, Share>>();
  readonly #foldedTimes = new Map<Device, ReadonlyMap<ReceiverId, Times>>();

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
    this.#all.push({ ...plan, peer, id: id.value, folded: noShare, foldedUnnumbered: 0, foldedTimings: new Map() });
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
      receiver.folded = noShare;
      receiver.foldedUnnumbered = 0;
      receiver.foldedTimings.clear();
    }
    this.#foldedShares.clear();
    this.#foldedTimes.clear();
    this.#leaving = [];
    for (const device of this.#accountable) {
      device.carried = 0;
      device.unnumbered = headerOf(device.program) === 'unnumbered';
      if (device.state !== 'present') {
        device.counts = false;
        this.#accountable.delete(device);
      }
    }
    return ok(undefined);
  }

  /** From now on the device's present counters are owed to the receivers; `carried` comes on top. */
  hold(device: Device, carried: number): void {
    device.carried = carried;
    device.counts = true;
    this.#accountable.add(device);
  }

  /** The device's counters are from before receivers were zeroed, and owed to nobody. */
  release(device: Device): void {
    device.carried = 0;
    device.counts = false;
    this.#accountable.delete(device);
  }

  /** Packets that the device owes. */
  owed(device: Device): number {
    return device.carried + (device.counts ? this.#devices.figures(device).sent : 0);
  }

  /** A device that owes something was removed. */
  removed(device: Device): void {
    if (this.#accountable.has(device)) this.#leaving.push(device);
    this.#fold();
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
    if (packets === 0 || (receiver.foldedUnnumbered === 0 && this.#anonymous(receiver).next().done === true))
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
  timesOf(receiver: Receiver, device: Device): Times {
    const folded = this.#foldedTimes.get(device)?.get(receiver.id);
    if (folded !== undefined) return folded;
    const { clockStepped, streams } = this.timing(receiver);
    return timesOf(streams.get(device.id) ?? noTiming, clockStepped);
  }

  /** Times by the names of devices: those that had one name one after the other are taken together. */
  timesByName(receiver: Receiver): ReadonlyMap<string, Times> {
    const { clockStepped, streams } = this.timing(receiver);
    const byName = new Map([...receiver.foldedTimings].map(([name, timing]) => [name, [timing]]));
    for (const device of this.#devices.all) {
      const timing = this.#foldedTimes.has(device) ? undefined : streams.get(device.id);
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
  share(receiver: Receiver, device: Device, stats: ReceiverStats, running: boolean): Share | null {
    const folded = this.#foldedShares.get(device)?.get(receiver.id);
    if (folded !== undefined) return folded;
    if (device.unnumbered && this.expects(receiver, device)) {
      if (!this.#isOnlyAnonymous(receiver, device)) return null;
      if (this.#accountable.has(device)) return this.unnumberedShare(receiver, stats, running);
    }
    return this.#accountable.has(device) ? this.#ownShare(receiver, device, stats, running) : noShare;
  }

  /** The shares of all devices whose frames do not name them, added up. */
  unnumberedShare(receiver: Receiver, stats: ReceiverStats, running: boolean): Share {
    const { packets, bytes } = stats.unnumbered;
    const folded = receiver.foldedUnnumbered;
    let total: Share = { ...noShare, sent: folded, received: packets, bytes };
    let missing = folded - packets;
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
    if (receiver.foldedUnnumbered > 0) return false;
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
    let total = addShares(receiver.folded, this.unnumberedShare(receiver, stats, running));
    for (const device of this.#accountable) {
      if (device.unnumbered || !this.expects(receiver, device)) continue;
      total = addShares(total, this.#ownShare(receiver, device, stats, running));
    }
    return total;
  }

  /**
   * Settles the account of devices that have long been gone: churn would make every look at a receiver longer and longer,
   * and engines use the stream of a removed device again some time.
   */
  #fold(): void {
    const due = this.#engine.clock.now() - this.longestSettle;
    let count = 0;
    while (count < this.#leaving.length && ((this.#leaving[count] as Device).removedAt ?? 0n) <= due) count++;
    if (count < foldBatch) return;
    const gone = this.#leaving.splice(0, count);
    const shares = new Map(gone.map((device) => [device, new Map<ReceiverId, Share>()]));
    const times = new Map(gone.map((device) => [device, new Map<ReceiverId, Times>()]));
    for (const receiver of this.#all) {
      const { clockStepped, streams } = this.timing(receiver);
      for (const [device, byReceiver] of times) {
        const timing = streams.get(device.id);
        byReceiver.set(receiver.id, timesOf(timing ?? noTiming, clockStepped));
        if (timing === undefined) continue;
        const before = receiver.foldedTimings.get(device.name) ?? noTiming;
        receiver.foldedTimings.set(device.name, mergeTimings([before, timing]));
      }
      const stats = this.stats(receiver);
      for (const [device, byReceiver] of shares) {
        const expected = this.expects(receiver, device);
        if (device.unnumbered && expected) {
          receiver.foldedUnnumbered += this.owed(device);
          continue;
        }
        const share = this.#ownShare(receiver, device, stats, false);
        byReceiver.set(receiver.id, share);
        if (expected) receiver.folded = addShares(receiver.folded, share);
      }
    }
    for (const [device, byReceiver] of times) this.#foldedTimes.set(device, byReceiver);
    for (const [device, byReceiver] of shares) {
      this.#foldedShares.set(device, byReceiver);
      this.#accountable.delete(device);
    }
  }
}

/** Clones carry their frame's sequence number: whoever sends them sends what a receiver counts as duplicates. */
function arrivedOf({ plan }: Device, { received, duplicated }: Pick<Share, 'received' | 'duplicated'>): number {
  return received + (plan.clones > 1 ? duplicated : 0);
}

/** A look at a receiver costs as much for one removed device as for many, so they are settled together. */
const foldBatch = 64;
