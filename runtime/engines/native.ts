// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import type { FieldOperation, FieldSlot, FrameProgram } from '../../lang/frame/frame-program.ts';
import { assertNever } from '../../lang/types.ts';
import {
  loadNative,
  type Native,
  type NativeDevice,
  type NativeEngine,
  type NativeEvent,
  type NativeFieldOperation,
  type NativeLink,
  type NativeRun,
} from '../../native/index.ts';
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
  type LabPlan,
  type LinkChange,
  type PendingGrace,
  type Probe,
  type ReceiverId,
  type ReceiverPlan,
  type ReceiverStats,
  type SenderStats,
} from '../engine.ts';
import { emptyHistogram, type Histogram } from '../histogram.ts';
import { realClock } from '../real-clock.ts';
import { probeNative } from './native-probe.ts';

/** Records a statistics page holds: 1024 Runs make 128 KiB, so that most scenarios need one page. */
const recordsPerPage = 1024;
/** Records begin at cache lines; a buffer's memory is aligned to 16 bytes only, so a line more is needed. */
const cacheLine = 64;

/** What we keep of a device beside the addon: what it was told, and its exact figures once it has stopped. */
interface NativeDeviceState {
  plan: DevicePlan;
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
  readonly clock = realClock();
  readonly capabilities: Capabilities = {
    drivers: ['null', 'pcap', 'packet'],
    xmitModes: ['start_xmit', 'queue_xmit'],
    lab: true,
    receivers: true,
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
  #links: readonly InterfaceFacts[] | null = null;
  #lab = false;
  #closed = false;

  constructor(native: Native) {
    this.#native = native;
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
    this.#links = facts(links);
    return this.#links;
  }

  async interfaces(): Promise<readonly InterfaceFacts[]> {
    this.#mustBeOpen();
    this.#links = facts(await this.#asking(this.#engine.links()));
    return this.#links;
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
    const ifindex = driver === 'packet' ? await this.#interfaceIndex(plan.interface) : 0;
    const port = await this.#asking(
      engine.openPort({
        interface: plan.interface,
        ifindex,
        cpu: plan.cpu,
        driver,
        mode: plan.xmitMode,
        file: plan.file ?? '',
      }),
    );
    try {
      const id = this.#attempt(() => engine.addDevice(port, nativeDevice(plan)));
      this.#devices.set(id, { plan, driver, final: null, runs: 0 });
      return id;
    } catch (error) {
      engine.releasePort(port);
      throw error;
    }
  }

  async setDevice(id: DeviceId, plan: DevicePlan): Promise<void> {
    const device = this.#device(id);
    const done = this.#attempt(() => this.#engine.setDevice(id, nativeDevice(plan)));
    device.plan = plan;
    await this.#asking(done);
  }

  async remDevice(id: DeviceId): Promise<DeviceStats> {
    const device = this.#device(id);
    const run = await this.#asking(this.#attempt(() => this.#engine.remDevice(id)));
    // A device that was stopped before keeps the figures of that moment.
    device.final ??= stats(run);
    this.#devices.delete(id);
    return device.final;
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
      const final = stats(runs[i] as NativeRun);
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
    const gaps = () => histogram(this.#attempt(() => this.#engine.snapshot(id, true)).gaps);
    return Object.defineProperty(stats(live), 'gaps', { get: gaps, enumerable: true });
  }

  async addReceiver(plan: ReceiverPlan): Promise<ReceiverId> {
    this.#mustBeOpen();
    const index = await this.#interfaceIndex(plan.interface);
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

  receiverStats(id: ReceiverId): ReceiverStats {
    return this.#attempt(() => this.#engine.receiver(id));
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

  async #interfaceIndex(name: string): Promise<number> {
    const known = this.#links ?? (await this.interfaces());
    const found =
      known.find((link) => link.name === name) ?? (await this.interfaces()).find((link) => link.name === name);
    if (found === undefined) throw new EngineError('ENODEV', `there is no interface \`${name}\``);
    return found.index;
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
function allowedCpus(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return list.split(',').flatMap((part) => {
    const [first, last] = part.split('-').map(Number) as [number, number?];
    return Array.from({ length: (last ?? first) - first + 1 }, (_, i) => first + i);
  });
}

/** Milliseconds that the hypervisor took from each CPU since boot: the eighth figure of its line, in ticks of 10 ms (proc(5)). */
function stealTimes(): Map<number, number> {
  const lines = readFileSync('/proc/stat', 'utf8').matchAll(/^cpu(\d+) (.*)$/gm);
  return new Map(Array.from(lines, ([, cpu, figures]) => [Number(cpu), Number(figures?.split(' ')[7] ?? 0) * 10]));
}

function facts(links: readonly NativeLink[]): readonly InterfaceFacts[] {
  return links.map((link) => ({ ...link, peer: links.find((other) => other.index === link.peer)?.name ?? '' }));
}

function nativeDevice(plan: DevicePlan): NativeDevice {
  const period = plan.period ?? { numerator: 0n, denominator: 1n };
  return {
    name: plan.name,
    program: nativeProgram(plan.program),
    paced: plan.period !== null,
    paused: plan.paused,
    gapNs: period.numerator / period.denominator,
    gapFraction: Number(((period.numerator % period.denominator) << 32n) / period.denominator),
    burst: plan.burst,
    count: BigInt(plan.count),
    late: plan.late,
    seed: plan.seed,
  };
}

function nativeProgram(program: FrameProgram): NativeDevice['program'] {
  return { bytes: Buffer.from(program.template, 'hex'), operations: program.operations.map(nativeOperation) };
}

/** The addon has words of 64 bits: wider values come in two. */
function nativeList(kind: 'list' | 'random_list', slot: FieldSlot, values: readonly bigint[]): NativeFieldOperation {
  if (slot.bits <= 64) return { kind, slot, values, upper: [] };
  const lower = { offset: slot.offset + 8, bytes: 8, shift: 0, bits: 64 };
  return {
    kind,
    slot: lower,
    values: values.map((value) => BigInt.asUintN(64, value)),
    upper: values.map((value) => value >> 64n),
  };
}

function nativeOperation(operation: FieldOperation): NativeFieldOperation {
  switch (operation.kind) {
    case 'increment':
      return {
        kind: 'increment',
        slot: operation.slot,
        first: BigInt(operation.first),
        last: BigInt(operation.last),
        step: BigInt(operation.step),
      };
    case 'random':
      return {
        kind: 'random',
        slot: operation.slot,
        first: BigInt(operation.first),
        last: BigInt(operation.last),
      };
    case 'list':
    case 'random_list':
      return nativeList(operation.kind, operation.slot, operation.values.map(BigInt));
    case 'stamp':
    case 'checksum':
      return operation;
    default:
      return assertNever(operation);
  }
}

function stats(run: NativeRun): DeviceStats {
  const failure = run.failure === 0 ? null : getSystemErrorName(-run.failure);
  return { ...run, gaps: histogram(run.gaps), failure };
}

function histogram(gaps: NativeRun['gaps']): Histogram {
  return gaps ?? emptyHistogram;
}

function errnoName(error: unknown): string | null {
  const errno = (error as { errno?: unknown }).errno;
  return typeof errno === 'number' && errno > 0 ? getSystemErrorName(-errno) : null;
}

/** What a user can do about an errno of raw sockets and namespaces, where there is one thing to say. */
const mends: Readonly<Record<string, string>> = {
  EPERM: 'run as root, give node CAP_NET_RAW, or send in a lab (`lab { … }` needs no rights)',
  EACCES: 'run as root, or send in a lab (`lab { … }` needs no rights)',
};

function engineError(error: unknown): unknown {
  const code = errnoName(error);
  if (code === null) return error;
  return new EngineError(code, (error as Error).message, mends[code] ?? null);
}
