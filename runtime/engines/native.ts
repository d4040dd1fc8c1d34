// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import {
  loadNative,
  type Native,
  type NativeEngine,
  type NativeEvent,
  type NativeLink,
  type NativeRun,
} from '../../native/index.ts';
import { noTiming } from '../arrival-timing.ts';
import type { Clock } from '../clock.ts';
import {
  type Capabilities,
  type DeviceId,
  type DevicePlan,
  type DeviceStats,
  type DriverName,
  type Engine,
  EngineError,
  type EngineEvent,
  type InterfaceFacts,
  type InterfaceStatistics,
  type LabPlan,
  type LinkChange,
  type PendingGrace,
  type Probe,
  type ReceiverId,
  type ReceiverPlan,
  type ReceiverStats,
  type ReceiverTiming,
  type SenderStats,
} from '../engine.ts';
import { realClock } from '../real-clock.ts';
import { NativeStats, nativeDevice } from './native-device.ts';
import { probeNative, rawSocketMend } from './native-probe.ts';
import { cpuList, machineTopology, numaFact } from './numa.ts';

/** pktgen's header has whole microseconds (ns). */
const stampResolution = 1000;
/** Records a statistics page holds: 1024 Runs make 128 KiB, so that most scenarios need one page. */
const recordsPerPage = 1024;
/** Records begin at cache lines; a buffer's memory is aligned to 16 bytes only, so a line more is needed. */
const cacheLine = 64;

/** What we keep of a device beside the addon: its driver, and its exact figures once it has stopped. */
interface NativeDeviceState {
  readonly driver: DriverName;
  final: DeviceStats | null;
  /** Starts so far: what a stop reports belongs to the run that it stopped. */
  runs: number;
}

/**
 * The engine of native per-CPU senders.
 * @throws Error where the addon is missing or of another version; says what to do
 */
export function nativeEngine(): Engine {
  return new NativeSenders(loadNative());
}

class NativeSenders implements Engine {
  readonly name = 'native';
  readonly clock: Clock;
  readonly capabilities: Capabilities = {
    drivers: ['null', 'pcap', 'packet'],
    xmitModes: ['start_xmit', 'queue_xmit'],
    lab: true,
    receivers: true,
    // They have no queues, so there is nothing that a map could miss.
    queueMapDrivers: ['null', 'pcap'],
    cpus: allowedCpus(),
    // A frame names its device's run by 12 bits, of which 0 means none.
    maxDevices: 4095,
  };

  readonly #native: Native;
  /** Another one for each lab, since an addon's engine lives in one network namespace. */
  #engine: NativeEngine;
  readonly #receivers = new Set<ReceiverId>();
  readonly #devices = new Map<DeviceId, NativeDeviceState>();
  readonly #listeners: ((event: EngineEvent) => void)[] = [];
  /** Steal time of each CPU when the engine began. */
  readonly #steal = stealTimes();
  readonly #topology = machineTopology();
  #links: readonly InterfaceFacts[] | null = null;
  #lab = false;
  #closed = false;

  constructor(native: Native) {
    this.#native = native;
    this.clock = realClock(new native.addon.Alarm());
    this.#engine = this.#addonEngine();
  }

  async openLab(lab: LabPlan): Promise<readonly InterfaceFacts[]> {
    this.#mustBeOpen();
    if (this.#devices.size > 0 || this.#receivers.size > 0) {
      throw new EngineError('EBUSY', 'devices or receivers are still in the lab before');
    }
    const before = this.#engine;
    const engine = this.#lab ? this.#addonEngine() : before;
    let links: NativeLink[];
    try {
      links = await this.#asking(engine.openLab({ helper: this.#native.labHelper, links: lab.links }));
      this.#mustBeOpen();
    } catch (error) {
      if (engine !== before) engine.closeNow();
      throw error;
    }
    if (engine !== before) before.closeNow();
    this.#engine = engine;
    this.#lab = true;
    this.#links = this.#facts(links);
    return this.#links;
  }

  async interfaces(): Promise<readonly InterfaceFacts[]> {
    this.#mustBeOpen();
    this.#links = this.#facts(await this.#asking(this.#engine.links()));
    return this.#links;
  }

  async statistics(interfaces: readonly string[]): Promise<ReadonlyMap<string, InterfaceStatistics>> {
    this.#mustBeOpen();
    const engine = this.#engine;
    const read = interfaces.map(async (name): Promise<[string, InterfaceStatistics] | null> => {
      try {
        const counters = await engine.statistics(name);
        return [name, new Map(counters.map((counter) => [counter.name, counter.value]))];
      } catch (error) {
        this.#mustBeOpen();
        // Gone (ENODEV), or a driver that refuses: whoever asks for a counter of it hears that there is none.
        if (errnoName(error) === null) throw error;
        return null;
      }
    });
    return new Map((await Promise.all(read)).filter((entry) => entry !== null));
  }

  async setLink(name: string, change: LinkChange): Promise<void> {
    this.#mustBeOpen();
    await this.#asking(this.#engine.changeLink(change.kind, name, change.kind === 'rename' ? change.name : ''));
  }

  async addDevice(plan: DevicePlan): Promise<DeviceId> {
    this.#mustBeOpen();
    // Raw packets are the fastest that every Ethernet-like interface takes; faster drivers come before it when they exist.
    const driver = plan.driver === 'auto' ? 'packet' : plan.driver;
    const engine = this.#engine;
    const link = driver === 'packet' ? await this.#interface(plan.interface) : null;
    if (link !== null) this.#demandQueues(plan, link);
    const port = await this.#asking(
      engine.openPort({
        interface: plan.interface,
        ifindex: link?.index ?? 0,
        cpu: plan.cpu,
        driver,
        mode: plan.xmitMode,
        file: plan.file ?? '',
      }),
    );
    try {
      const id = this.#attempt(() => engine.addDevice(port, nativeDevice(plan)));
      this.#devices.set(id, { driver, final: null, runs: 0 });
      return id;
    } catch (error) {
      engine.releasePort(port);
      throw error;
    }
  }

  async setDevice(id: DeviceId, plan: DevicePlan): Promise<void> {
    const device = this.#device(id);
    const link = this.#links?.find((one) => one.name === plan.interface);
    if (device.driver === 'packet' && link !== undefined) this.#demandQueues(plan, link);
    await this.#asking(this.#attempt(() => this.#engine.setDevice(id, nativeDevice(plan))));
  }

  async remDevice(id: DeviceId): Promise<DeviceStats> {
    const device = this.#device(id);
    const run = await this.#asking(this.#attempt(() => this.#engine.remDevice(id)));
    // A device that was stopped before keeps the figures of that moment.
    const final = device.final ?? exact(run);
    this.#devices.delete(id);
    device.final = null;
    return final;
  }

  start(ids: readonly DeviceId[]): bigint {
    for (const id of ids) this.#device(id);
    const instant = this.#counting(ids.length, () => this.#engine.start(ids));
    for (const id of ids) {
      const device = this.#device(id);
      device.final = null;
      device.runs++;
    }
    return instant;
  }

  async stop(ids: readonly DeviceId[]): Promise<readonly DeviceStats[]> {
    const stopped = ids.map((id) => ({ device: this.#device(id), run: this.#device(id).runs }));
    const runs = await this.#asking(this.#attempt(() => this.#engine.stop(ids)));
    return stopped.map(({ device, run }, i) => {
      const final = exact(runs[i] as NativeRun);
      if (device.runs === run) device.final = final;
      return final;
    });
  }

  async clearCounters(ids: readonly DeviceId[]): Promise<void> {
    for (const id of ids) this.#device(id).final = null;
    await this.#asking(this.#counting(ids.length, () => this.#engine.clearCounters(ids)));
  }

  stats(id: DeviceId): DeviceStats {
    const device = this.#device(id);
    if (device.final !== null) return device.final;
    const live = this.#attempt(() => this.#engine.snapshot(id, false));
    return new NativeStats(live, () => this.#attempt(() => this.#engine.snapshot(id, true)).gaps);
  }

  async addReceiver(plan: ReceiverPlan): Promise<ReceiverId> {
    this.#mustBeOpen();
    const { index } = await this.#interface(plan.interface);
    const id = await this.#asking(this.#engine.openReceiver(plan.interface, index));
    this.#receivers.add(id);
    return id;
  }

  async remReceiver(id: ReceiverId): Promise<void> {
    this.#mustBeOpen();
    await this.#asking(this.#engine.closeReceiver(id));
    this.#receivers.delete(id);
  }

  async clearReceivers(ids: readonly ReceiverId[]): Promise<void> {
    this.#attempt(() => {
      for (const id of ids) this.#engine.clearReceiver(id);
    });
  }

  forgetDevices(ids: readonly DeviceId[]): void {
    this.#attempt(() => this.#engine.forgetDevices(ids));
  }

  receiverStats(id: ReceiverId): ReceiverStats {
    const { timing: _, clockStepped: __, ...counts } = this.#attempt(() => this.#engine.receiver(id, false));
    return counts;
  }

  receiverTiming(id: ReceiverId): ReceiverTiming {
    const { clockStepped, timing, streams } = this.#attempt(() => this.#engine.receiver(id, true));
    return {
      resolution: stampResolution,
      clockStepped,
      total: timing ?? noTiming,
      streams: new Map(streams.map((stream) => [stream.device, stream.timing ?? noTiming])),
    };
  }

  async sync(): Promise<void> {
    await this.#asking(this.#attempt(() => this.#engine.sync()));
  }

  grace() {
    return this.#attempt(() => this.#engine.grace());
  }

  pendingGrace(): readonly PendingGrace[] {
    return this.#attempt(() => this.#engine.pendingGrace());
  }

  senders(): readonly SenderStats[] {
    const steal = stealTimes();
    const stolen = (cpu: number) => (steal.get(cpu) ?? 0) - (this.#steal.get(cpu) ?? 0);
    return this.#attempt(() => this.#engine.senders()).map((sender) => ({ ...sender, stealMs: stolen(sender.cpu) }));
  }

  onEvent(listener: (event: EngineEvent) => void): void {
    this.#listeners.push(listener);
  }

  async probe(): Promise<readonly Probe[]> {
    const links = await this.interfaces();
    return probeNative(this.#native, this.#engine, links);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    // What is refused because too much waits for its grace period already (EBUSY) ends with the engine.
    await Promise.allSettled([...this.#devices.keys()].map((id) => this.remDevice(id)));
    this.closeNow();
  }

  closeNow(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#engine.closeNow();
  }

  #facts(links: readonly NativeLink[]): readonly InterfaceFacts[] {
    return links.map(({ bus, ...link }) => ({
      ...link,
      peer: links.find((other) => other.index === link.peer)?.name ?? '',
      numa: numaFact(bus, this.#topology, this.capabilities.cpus),
    }));
  }

  #addonEngine(): NativeEngine {
    const engine: NativeEngine = new this.#native.addon.Engine((event) => {
      // What a lab that is gone still had to say is about devices whose numbers others have now.
      if (engine === this.#engine) this.#hear(event);
    });
    this.#addStatsPage(engine);
    return engine;
  }

  #addStatsPage(engine: NativeEngine): void {
    const size = this.#native.addon.layout.recordSize * recordsPerPage;
    engine.addStatsPage(new Uint8Array(new SharedArrayBuffer(size + cacheLine)));
  }

  #device(id: DeviceId): NativeDeviceState {
    this.#mustBeOpen();
    const device = this.#devices.get(id);
    if (device === undefined) throw new EngineError('ENODEV', `no device has the id ${id}`);
    return device;
  }

  async #interface(name: string): Promise<InterfaceFacts> {
    const known = this.#links ?? (await this.interfaces());
    const found =
      known.find((link) => link.name === name) ?? (await this.interfaces()).find((link) => link.name === name);
    if (found === undefined) throw new EngineError('ENODEV', `there is no interface \`${name}\``);
    return found;
  }

  /**
   * A packet socket cannot name a queue: the kernel takes XPS's choice, else the number of the CPU modulo the queues
   * (packet_pick_tx_queue(), net/packet/af_packet.c), and through a qdisc a hash of the frame (netdev_pick_tx()). So a map
   * is kept where there is one queue, and the CPU's own where nobody has set XPS: on the links of our lab, past the qdisc.
   */
  #demandQueues(plan: DevicePlan, link: InterfaceFacts): void {
    const { queues } = plan;
    if (queues === null || link.queues <= 1) return;
    if (queues.kind === 'cpu' && this.#lab && plan.xmitMode === 'start_xmit') return;
    const why = `driver \`packet\` cannot choose among the ${link.queues} transmit queues of ${link.name}: the kernel does`;
    const reduce = `\`ethtool -L ${link.name} combined 1\` leaves one queue, which every map ends in`;
    throw new EngineError('EOPNOTSUPP', why, this.#lab ? 'leave the map out, or `flag QUEUE_MAP_CPU`' : reduce);
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new EngineError('ESHUTDOWN', 'the engine is closed');
  }

  /** Runs a call of the addon; its failures become EngineErrors. */
  #attempt<T>(call: () => T): T {
    this.#mustBeOpen();
    try {
      return call();
    } catch (error) {
      throw engineError(error);
    }
  }

  /** As #attempt(), for a call that needs up to `records` free records on the statistics pages: they grow where it finds too few. */
  #counting<T>(records: number, call: () => T): T {
    return this.#attempt(() => {
      try {
        return call();
      } catch (error) {
        if (errnoName(error) !== 'ENOBUFS') throw error;
        for (let added = 0; added < records; added += recordsPerPage) this.#addStatsPage(this.#engine);
        return call();
      }
    });
  }

  async #asking<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw engineError(error);
    }
  }

  #hear(event: NativeEvent): void {
    // Names and indexes are looked up anew.
    if (event.kind === 'link') this.#links = null;
    const heard: EngineEvent =
      event.kind === 'failed'
        ? { kind: 'failed', device: event.device, reason: getSystemErrorName(-event.errno) }
        : event;
    for (const listener of this.#listeners) listener(heard);
  }
}

/** The CPUs that this process may use, from its affinity mask; ascending. */
function allowedCpus(): readonly number[] {
  return cpuList(/^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0');
}

/** Milliseconds that the hypervisor took from each CPU since boot: the eighth figure of its line, in ticks of 10 ms (proc(5)). */
function stealTimes(): Map<number, number> {
  const lines = readFileSync('/proc/stat', 'utf8').matchAll(/^cpu(\d+) (.*)$/gm);
  return new Map(Array.from(lines, ([, cpu, figures]) => [Number(cpu), Number(figures?.split(' ')[7] ?? 0) * 10]));
}

/** Figures that do not change any more. */
function exact(run: NativeRun): DeviceStats {
  const { gaps } = run;
  return new NativeStats(run, () => gaps);
}

function errnoName(error: unknown): string | null {
  const errno = (error as { errno?: unknown }).errno;
  return typeof errno === 'number' && errno > 0 ? getSystemErrorName(-errno) : null;
}

/** What a user can do about an errno of raw sockets and namespaces, where there is one thing to say. */
const mends: Readonly<Record<string, string>> = {
  EPERM: rawSocketMend,
  EACCES: 'run as root, or send in a lab (`lab { … }` needs no rights)',
};

function engineError(error: unknown): unknown {
  const code = errnoName(error);
  if (code === null) return error;
  return new EngineError(code, (error as Error).message, mends[code] ?? null);
}
