// SPDX-License-Identifier: Apache-2.0

import { assertNever } from '../../lang/types.ts';
import { type ArrivalTiming, mergeTimings } from '../arrival-timing.ts';
import type { Clock } from '../clock.ts';
import {
  type Capabilities,
  type DeviceId,
  type DevicePlan,
  type DeviceStats,
  type Engine,
  EngineError,
  type EngineEvent,
  type GraceStats,
  type InterfaceFacts,
  type InterfaceStatistics,
  type LabEnd,
  type LabPlan,
  type LinkChange,
  type PendingGrace,
  type Probe,
  type ReceiverId,
  type ReceiverPlan,
  type ReceiverStats,
  type ReceiverTiming,
  type SenderStats,
  type StreamStats,
} from '../engine.ts';
import { bucketCount, type Histogram } from '../histogram.ts';
import { macOf } from '../lab/mac.ts';
import { derivedSeed } from '../seed.ts';
import { DryDevice } from './dry-device.ts';
import { allTraffic } from './dry-frames.ts';
import { addHeard, addUnnumbered, countOf, type Heard, heardNothing, heardOf, later, timingOf } from './dry-heard.ts';
import { VirtualClock } from './virtual-clock.ts';

/** What was asked of the engine, in order; `at` is virtual time (ns). */
export type RecordedOperation = { readonly at: bigint } & (
  | { readonly call: 'openLab'; readonly lab: LabPlan }
  | { readonly call: 'addDevice' | 'setDevice'; readonly device: DeviceId; readonly plan: DevicePlan }
  | { readonly call: 'remDevice'; readonly device: DeviceId }
  | { readonly call: 'start' | 'stop' | 'clearCounters'; readonly devices: readonly DeviceId[] }
  | { readonly call: 'addReceiver'; readonly receiver: ReceiverId; readonly plan: ReceiverPlan }
  | { readonly call: 'remReceiver'; readonly receiver: ReceiverId }
  | { readonly call: 'clearReceivers'; readonly receivers: readonly ReceiverId[] }
  | { readonly call: 'setLink'; readonly interface: string; readonly change: LinkChange }
  | { readonly call: 'sync' }
);

export interface DryRunEngine extends Engine {
  readonly name: 'dry-run';
  /** Everything asked so far, where it is recorded. */
  readonly operations: readonly RecordedOperation[];
}

export interface DryRunOptions {
  /** Senders that the perfect machine has; the same on every machine unless given. */
  readonly cpus?: number;
  /** Whether what is asked is recorded, as it is unless given: a run of hours asks for more than memory holds. */
  readonly recorded?: boolean;
}

const defaultCpus = 64;
/** As the native engine: a frame names its device in 12 bits, of which 0 means nobody. */
const maxDevices = 4095;
/** Outside a lab every interface is a 10 Gbit/s adapter. */
const madeUpSpeed = 10_000_000_000;
const madeUpMtu = 1500;

/** 198.18.0.0/15, for benchmarks (RFC 2544): interface n has 198.18.n.1. */
const madeUpAddress = (n: number): number => 0xc6_12_00_01 + n * 0x100;

/** A perfect machine in virtual time: nothing is lost, nothing is late, every grace period ends at once. */
export function dryRunEngine(options: DryRunOptions = {}): DryRunEngine {
  return new DryRun(options.cpus ?? defaultCpus, options.recorded ?? true);
}

/** What a deleted interface goes by: no interface can have it, since names hold no `/`. */
const formerName = (index: number): string => `/${index}`;

interface DryReceiver {
  readonly plan: ReceiverPlan;
  /** What its interface is called now. */
  interface: string;
  /** What each device had sent when counting began anew. */
  baseline: Map<DeviceId, ReturnType<DryDevice['traffic']>>;
  gapsBefore: Map<DeviceId, Histogram>;
  /** What it got of devices that were forgotten. */
  forgotten: Heard;
}

class DryRun implements DryRunEngine {
  readonly name = 'dry-run';
  readonly clock: Clock = new VirtualClock();
  readonly capabilities: Capabilities;
  readonly operations: RecordedOperation[] = [];

  readonly #devices = new Map<DeviceId, DryDevice>();
  readonly #receivers = new Map<ReceiverId, DryReceiver>();
  readonly #interfaces = new Map<string, InterfaceFacts>();
  /** Of deleted interfaces, by their former names. */
  readonly #formerPeers = new Map<string, string>();
  readonly #finishing = new Map<DeviceId, AbortController>();
  readonly #listeners: ((event: EngineEvent) => void)[] = [];
  readonly #recorded: boolean;
  #lab = false;
  #closed = false;
  #nextId = 1;
  #graces = 0;
  /** Whether interfaces' counters are asked for, in which removed devices have their share. */
  #counts = false;
  #lastIndex = 0;

  constructor(cpus: number, recorded: boolean) {
    this.#recorded = recorded;
    this.capabilities = {
      drivers: ['null', 'pcap', 'packet'],
      xmitModes: ['start_xmit', 'queue_xmit'],
      lab: true,
      receivers: true,
      queueMapDrivers: ['null', 'pcap', 'packet'],
      cpus: Array.from({ length: cpus }, (_, cpu) => cpu),
      maxDevices,
    };
  }

  async openLab(lab: LabPlan): Promise<readonly InterfaceFacts[]> {
    this.#demandOpen();
    if (this.#receivers.size > 0 || this.#present() > 0) {
      throw new EngineError('EBUSY', 'devices or receivers are still in the lab before');
    }
    this.#lab = true;
    this.#graces = 0;
    this.#devices.clear();
    this.#interfaces.clear();
    this.#formerPeers.clear();
    for (const link of lab.links) {
      if (link.kind === 'ifb') this.#addInterface(link.end, 'ifb', link.mtu, '', null);
      else {
        this.#addInterface(link.a, 'veth', link.mtu, link.b.name, null);
        this.#addInterface(link.b, 'veth', link.mtu, link.a.name, null);
      }
    }
    this.#record({ at: this.clock.now(), call: 'openLab', lab });
    return this.interfaces();
  }

  async interfaces(wanted: readonly string[] = []): Promise<readonly InterfaceFacts[]> {
    if (!this.#lab) for (const name of wanted) this.#makeUp(name);
    return [...this.#interfaces.values()];
  }

  /**
   * Every interface has the counters that the perfect machine can know: packets and bytes in each direction, and packets of
   * each receive queue. A device whose frames are all alike is one flow and arrives on one queue, told by its name; one
   * with a generator in its frame is many flows, spread as evenly as whole packets can be.
   */
  async statistics(interfaces: readonly string[]): Promise<ReadonlyMap<string, InterfaceStatistics>> {
    this.#demandOpen();
    this.#counts = true;
    const known = interfaces.filter((name) => this.#interfaces.has(name));
    return new Map(known.map((name) => [name, this.#counters(name)]));
  }

  async setLink(name: string, change: LinkChange): Promise<void> {
    this.#demandOpen();
    if (!this.#lab) throw new EngineError('EPERM', 'only interfaces of a lab can be changed');
    const facts = this.#interfaces.get(name);
    if (facts === undefined) throw new EngineError('ENODEV', `the lab has no interface ${name}`);
    const now = this.clock.now();
    this.#record({ at: now, call: 'setLink', interface: name, change });
    switch (change.kind) {
      case 'down':
      case 'up':
        if (facts.up !== (change.kind === 'up')) this.#switchLink(facts, change.kind, now);
        break;
      case 'rename':
        if (this.#interfaces.has(change.name))
          throw new EngineError('EEXIST', `there is an interface ${change.name} already`);
        this.#rename(facts, change.name);
        break;
      case 'delete':
        this.#delete(facts, now);
        break;
      default:
        assertNever(change);
    }
  }

  async addDevice(plan: DevicePlan): Promise<DeviceId> {
    this.#demandOpen();
    const needsInterface = plan.driver === 'auto' || plan.driver === 'packet';
    if (needsInterface) this.#demandInterface(plan.interface);
    if (!this.capabilities.cpus.includes(plan.cpu)) throw new EngineError('EINVAL', `there is no CPU ${plan.cpu}`);
    if (this.#present() >= maxDevices)
      throw new EngineError('ENOSPC', `an engine has at most ${maxDevices} devices at once`);
    const device = this.#nextId++;
    const added = new DryDevice(plan);
    if (this.#isDown(plan.interface)) added.setLink(false, this.clock.now());
    this.#devices.set(device, added);
    this.#record({ at: this.clock.now(), call: 'addDevice', device, plan });
    return device;
  }

  async setDevice(id: DeviceId, plan: DevicePlan): Promise<void> {
    const now = this.clock.now();
    this.#device(id).configure(plan, now);
    this.#record({ at: now, call: 'setDevice', device: id, plan });
    this.#watchFinish(id);
    this.#graces++;
  }

  async remDevice(id: DeviceId): Promise<DeviceStats> {
    const device = this.#device(id);
    const now = this.clock.now();
    this.#halt(id, now);
    device.removed = true;
    this.#record({ at: now, call: 'remDevice', device: id });
    this.#graces++;
    const stats = device.stats(now);
    this.#forgetUnheard();
    return stats;
  }

  start(ids: readonly DeviceId[]): bigint {
    const now = this.clock.now();
    for (const id of ids) {
      const device = this.#device(id);
      if (device.running) continue;
      device.start(now);
      this.#watchFinish(id);
    }
    this.#record({ at: now, call: 'start', devices: [...ids] });
    return now;
  }

  async stop(ids: readonly DeviceId[]): Promise<readonly DeviceStats[]> {
    const now = this.clock.now();
    const stats = ids.map((id) => {
      this.#halt(id, now);
      return this.#device(id).stats(now);
    });
    this.#record({ at: now, call: 'stop', devices: [...ids] });
    if (ids.length > 0) this.#graces++;
    return stats;
  }

  async clearCounters(ids: readonly DeviceId[]): Promise<void> {
    const now = this.clock.now();
    for (const id of ids) this.#device(id).clear(now);
    this.#record({ at: now, call: 'clearCounters', devices: [...ids] });
    if (ids.length > 0) this.#graces++;
  }

  stats(id: DeviceId): DeviceStats {
    return this.#device(id).stats(this.clock.now());
  }

  async addReceiver(plan: ReceiverPlan): Promise<ReceiverId> {
    this.#demandOpen();
    this.#demandInterface(plan.interface);
    const id = this.#nextId++;
    this.#receivers.set(id, { plan, interface: plan.interface, ...this.#heard() });
    this.#record({ at: this.clock.now(), call: 'addReceiver', receiver: id, plan });
    return id;
  }

  async remReceiver(id: ReceiverId): Promise<void> {
    this.#receiver(id);
    this.#receivers.delete(id);
    this.#record({ at: this.clock.now(), call: 'remReceiver', receiver: id });
  }

  async clearReceivers(ids: readonly ReceiverId[]): Promise<void> {
    for (const id of ids) Object.assign(this.#receiver(id), this.#heard());
    this.#record({ at: this.clock.now(), call: 'clearReceivers', receivers: [...ids] });
    this.#forgetUnheard();
  }

  forgetDevices(ids: readonly DeviceId[]): void {
    this.#demandOpen();
    const now = this.clock.now();
    for (const id of ids) {
      const device = this.#devices.get(id);
      // Counters of interfaces have their share for ever.
      if (device === undefined || !device.removed || this.#counts) continue;
      for (const receiver of this.#receivers.values()) {
        if (this.#hears(receiver.interface, device)) {
          const gapsBefore = receiver.gapsBefore.get(id);
          receiver.forgotten = addHeard(
            receiver.forgotten,
            heardOf(device, receiver.baseline.get(id), gapsBefore, now),
          );
        }
        receiver.baseline.delete(id);
        receiver.gapsBefore.delete(id);
      }
      this.#devices.delete(id);
    }
  }

  receiverStats(id: ReceiverId): ReceiverStats {
    const { interface: on, baseline, forgotten } = this.#receiver(id);
    const now = this.clock.now();
    const streams: StreamStats[] = [];
    let { received, bytes, duplicated, other, unnumbered, lastAt } = forgotten;
    for (const [device, sender] of this.#devices) {
      if (!this.#hears(on, sender)) continue;
      const heard = countOf(sender, baseline.get(device), now);
      other += heard.other;
      unnumbered = addUnnumbered(unnumbered, heard.unnumbered);
      lastAt = later(lastAt, heard.lastAt);
      if (heard.received + heard.duplicated === 0) continue;
      streams.push({
        device,
        received: heard.received,
        bytes: heard.bytes,
        duplicated: heard.duplicated,
        reordered: 0,
      });
      received += heard.received;
      duplicated += heard.duplicated;
      bytes += heard.bytes;
    }
    const counts = { received, bytes, other, duplicated, reordered: 0, dropped: 0, unnumbered };
    return { ...counts, lastAt, caughtUpAt: now, streams };
  }

  /** Nothing takes time, and what is measured is exact; gaps are those of the schedule. */
  receiverTiming(id: ReceiverId): ReceiverTiming {
    const receiver = this.#receiver(id);
    const now = this.clock.now();
    const streams = new Map(
      this.receiverStats(id).streams.map(({ device, received }): [DeviceId, ArrivalTiming] => {
        const sender = this.#devices.get(device) as DryDevice;
        return [device, timingOf(received, sender, receiver.gapsBefore.get(device), now)];
      }),
    );
    const total = mergeTimings([receiver.forgotten.timing, ...streams.values()]);
    return { resolution: 0, clockStepped: false, total, streams };
  }

  async sync(): Promise<void> {
    this.#record({ at: this.clock.now(), call: 'sync' });
  }

  grace(): GraceStats {
    const counts = new Float64Array(bucketCount);
    counts[0] = this.#graces;
    return { completed: this.#graces, pending: 0, stalls: 0, latency: { counts, total: this.#graces, max: 0 } };
  }

  pendingGrace(): readonly PendingGrace[] {
    return [];
  }

  senders(): readonly SenderStats[] {
    const devices = new Map<number, number>();
    for (const { plan, removed } of this.#devices.values()) {
      if (!removed) devices.set(plan.cpu, (devices.get(plan.cpu) ?? 0) + 1);
    }
    const unmoved = { tid: 0, involuntarySwitches: 0, sharedWithControl: false, stealMs: 0 };
    return [...devices].map(([cpu, count]) => ({ cpu, devices: count, ...unmoved }));
  }

  onEvent(listener: (event: EngineEvent) => void): void {
    this.#listeners.push(listener);
  }

  async probe(): Promise<readonly Probe[]> {
    return ['lab', ...this.capabilities.drivers.map((driver) => `driver ${driver}`)].map((subject) => {
      return { interface: '', subject, available: true, reason: 'nothing is sent: virtual time', mend: null };
    });
  }

  async close(): Promise<void> {
    this.closeNow();
  }

  closeNow(): void {
    if (this.#closed) return;
    this.#closed = true;
    const now = this.clock.now();
    for (const id of this.#devices.keys()) this.#halt(id, now);
    this.#devices.clear();
    this.#receivers.clear();
  }

  #record(operation: RecordedOperation): void {
    if (this.#recorded) this.operations.push(operation);
  }

  #addInterface(end: LabEnd, kind: string, mtu: number, peer: string, speed: number | null): void {
    this.#interfaces.set(end.name, {
      name: end.name,
      index: ++this.#lastIndex,
      kind,
      mac: end.mac,
      mtu,
      up: true,
      carrier: true,
      queues: this.capabilities.cpus.length,
      speed,
      peer,
      // As fresh as those of a real lab, or an adapter that was given the first address of its own /24.
      ipv4: kind === '' ? madeUpAddress(this.#interfaces.size + 1) : null,
      numa: { kind: 'cpus', cpus: this.capabilities.cpus },
      loopback: false,
      defaultRoute: false,
    });
  }

  #switchLink(facts: InterfaceFacts, change: 'down' | 'up', now: bigint): void {
    const { name, index } = facts;
    const up = change === 'up';
    const peer = this.#interfaces.get(facts.peer);
    // The ends of a veth have a carrier while both are up.
    const carrier = up && (peer?.up ?? true);
    this.#interfaces.set(name, { ...facts, up, carrier });
    if (peer !== undefined) this.#interfaces.set(peer.name, { ...peer, carrier: carrier && peer.up });
    for (const [id, device] of this.#devices) {
      if (device.interface !== name && device.interface !== peer?.name) continue;
      if (device.removed || !device.onWire) continue;
      device.setLink(carrier, now);
      if (device.running) this.#watchFinish(id);
    }
    this.#tell({ kind: 'link', index, name, change, to: null });
  }

  /** Devices and receivers follow: what they stand on is the interface, not its name. */
  #rename(facts: InterfaceFacts, to: string): void {
    const { name, index } = facts;
    const renamed = [...this.#interfaces.values()].map((one) => {
      if (one.name === name) return { ...one, name: to };
      return one.peer === name ? { ...one, peer: to } : one;
    });
    this.#interfaces.clear();
    for (const one of renamed) this.#interfaces.set(one.name, one);
    for (const one of [...this.#devices.values(), ...this.#receivers.values()]) {
      if (one.interface === name) one.interface = to;
    }
    this.#tell({ kind: 'link', index, name, change: 'renamed', to });
  }

  #delete(facts: InterfaceFacts, now: bigint): void {
    const peer = this.#interfaces.get(facts.peer);
    const failed = [...this.#detach(facts, peer, now), ...(peer === undefined ? [] : this.#detach(peer, facts, now))];
    // Whoever hears of it may remove devices at once: by then both ends are gone, or receivers would lose what they got.
    for (const device of failed) this.#tell({ kind: 'failed', device, reason: 'ENXIO' });
    for (const one of peer === undefined ? [facts] : [facts, peer]) {
      this.#tell({ kind: 'link', index: one.index, name: one.name, change: 'removed', to: null });
    }
  }

  /** The name is free for others; who stood on it keeps what went over the wire. Gives the devices that were running. */
  #detach({ name, index }: InterfaceFacts, peer: InterfaceFacts | undefined, now: bigint): readonly DeviceId[] {
    const failed: DeviceId[] = [];
    for (const [id, device] of this.#devices) {
      if (device.interface !== name || device.removed || !device.onWire || !device.running) continue;
      this.#halt(id, now);
      device.fail('ENXIO', now);
      failed.push(id);
    }
    this.#interfaces.delete(name);
    const gone = formerName(index);
    if (peer !== undefined) this.#formerPeers.set(gone, formerName(peer.index));
    for (const one of [...this.#devices.values(), ...this.#receivers.values()]) {
      if (one.interface === name) one.interface = gone;
    }
    return failed;
  }

  #isDown(name: string): boolean {
    return this.#interfaces.get(name)?.carrier === false;
  }

  #tell(event: EngineEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #makeUp(name: string): void {
    if (!this.#interfaces.has(name)) this.#addInterface({ name, mac: macOf(name) }, '', madeUpMtu, '', madeUpSpeed);
  }

  #counters(name: string): InterfaceStatistics {
    const now = this.clock.now();
    const queues = new Array<number>(this.#interfaces.get(name)?.queues ?? 1).fill(0);
    const counters = { rx_packets: 0, rx_bytes: 0, tx_packets: 0, tx_bytes: 0 };
    for (const device of this.#devices.values()) {
      const { packets, bytes } = allTraffic(device.traffic(now));
      if (device.onWire && device.plan.interface === name) {
        counters.tx_packets += packets;
        counters.tx_bytes += bytes;
      }
      if (!this.#hears(name, device)) continue;
      counters.rx_packets += packets;
      counters.rx_bytes += bytes;
      const first = Number(derivedSeed(0n, device.plan.name) % BigInt(queues.length));
      const share = device.manyFlows ? Math.floor(packets / queues.length) : 0;
      const rest = packets - share * queues.length;
      for (let queue = 0; queue < queues.length; queue++) queues[queue] = (queues[queue] as number) + share;
      if (!device.manyFlows) queues[first] = (queues[first] as number) + packets;
      else for (let i = 0; i < rest; i++) queues[i] = (queues[i] as number) + 1;
    }
    const perQueue = queues.map((packets, queue) => [`rx_queue_${queue}_packets`, packets] as const);
    return new Map([...Object.entries(counters), ...perQueue]);
  }

  #demandInterface(name: string): void {
    if (!this.#lab) this.#makeUp(name);
    if (!this.#interfaces.has(name)) throw new EngineError('ENODEV', `the lab has no interface ${name}`);
  }

  #demandOpen(): void {
    if (this.#closed) throw new EngineError('ESHUTDOWN', 'the engine is closed');
  }

  /** How many devices exist. */
  #present(): number {
    let present = 0;
    for (const device of this.#devices.values()) if (!device.removed) present++;
    return present;
  }

  #device(id: DeviceId): DryDevice {
    const device = this.#devices.get(id);
    if (device === undefined || device.removed) throw new EngineError('ENODEV', `there is no device with id ${id}`);
    return device;
  }

  #receiver(id: ReceiverId): DryReceiver {
    const receiver = this.#receivers.get(id);
    if (receiver === undefined) throw new EngineError('ENODEV', `there is no receiver with id ${id}`);
    return receiver;
  }

  /** In a lab a frame arrives at the peer; elsewhere all interfaces hang on one lossless wire. */
  #hears(listening: string, sender: DryDevice): boolean {
    if (!sender.onWire) return false;
    const on = sender.interface;
    if (!this.#lab) return on !== listening;
    return (this.#interfaces.get(on)?.peer ?? this.#formerPeers.get(on)) === listening;
  }

  /** What everybody has sent so far: where a receiver begins to count. */
  #heard(): Pick<DryReceiver, 'baseline' | 'gapsBefore' | 'forgotten'> {
    const now = this.clock.now();
    return {
      forgotten: heardNothing,
      baseline: new Map([...this.#devices].map(([id, device]) => [id, device.traffic(now)])),
      gapsBefore: new Map([...this.#devices].map(([id, device]) => [id, device.heardGaps(now)])),
    };
  }

  /** Removed devices are only kept for receivers that still count frames of theirs. */
  #forgetUnheard(): void {
    if (this.#counts) return;
    for (const [id, device] of this.#devices) {
      if (!device.removed) continue;
      const { packets } = allTraffic(device.traffic(0n));
      const heard = [...this.#receivers.values()].some(({ interface: on, baseline }) => {
        const before = baseline.get(id);
        const fresh = packets - (before === undefined ? 0 : allTraffic(before).packets);
        return fresh > 0 && this.#hears(on, device);
      });
      if (heard) continue;
      this.#devices.delete(id);
      for (const { baseline } of this.#receivers.values()) baseline.delete(id);
    }
  }

  #halt(id: DeviceId, now: bigint): void {
    this.#finishing.get(id)?.abort();
    this.#finishing.delete(id);
    this.#devices.get(id)?.stop(now);
  }

  /** Wakes at the instant at which the device will have sent its count, as far as is known now. */
  #watchFinish(id: DeviceId): void {
    this.#finishing.get(id)?.abort();
    this.#finishing.delete(id);
    const at = this.#device(id).finishesAt(this.clock.now());
    if (at === null) return;
    const watch = new AbortController();
    this.#finishing.set(id, watch);
    void this.clock.sleepUntil(at, watch.signal).then(() => {
      if (watch.signal.aborted) return;
      this.#halt(id, at);
      this.#tell({ kind: 'finished', device: id });
    });
  }
}
