// SPDX-License-Identifier: Apache-2.0

import { didYouMean } from '../../lang/diagnostics/suggest.ts';
import { type FrameProgram, headerOf } from '../../lang/frame/frame-program.ts';
import type { Span } from '../../lang/source.ts';
import { report } from '../catalogue.ts';
import type { DeviceId, DevicePlan, DeviceStats, Engine, InterfaceFacts } from '../engine.ts';
import { percentile } from '../histogram.ts';
import type { Percentiles } from '../results.ts';
import { derivedSeed } from '../seed.ts';
import { ok, type Result, refused, settled } from './completion.ts';
import {
  type Configuration,
  changesFrame,
  configured,
  defaultConfiguration,
  planOf,
  programOf,
} from './configuration.ts';
import { type DeviceRecord, type FinalFigures, mostRemoved } from './device-record.ts';
import { GeneratorOrigins } from './generator-origins.ts';
import type { InterfaceTable } from './interfaces.ts';
import { answerTo, builtFrames } from './pktgen-files.ts';
import { OperationQueues } from './queues.ts';
import { SentHistory } from './sent-history.ts';
import type { Setting } from './settings.ts';
import { busyTime, DeviceTotals } from './totals.ts';

/**
 * A device from `add_device` until nothing of it is under way any more; then a record takes its place. Of one name there
 * can be many, one after the other; the name means the newest.
 */
export interface Device {
  /** The how-manieth device of its scenario it is. */
  readonly ordinal: number;
  readonly name: string;
  readonly interface: string;
  /** Of its interface, whatever that is called by now; 0 where its driver needs none. */
  readonly index: number;
  readonly cpu: number;
  readonly id: DeviceId;
  readonly seed: bigint;
  /** Where it was added. */
  readonly span: Span;
  configuration: Configuration;
  program: FrameProgram;
  plan: DevicePlan;
  /** Whether frames of it that name no device may be among those that receivers count. */
  unnumbered: boolean;
  state: 'present' | 'removing' | 'removed';
  /** Set once it is removed. */
  final: FinalFigures | null;
  removedAt: bigint | null;
  /** When its counters were last cleared; a duration counts from there. */
  clearedAt: bigint | null;
  /** Why it stopped by itself since it was last started, as far as that was told. */
  failed: string | null;
  /** Whether it stayed further below what was asked than it may, in any of its runs. */
  shortfallExceeded: boolean;
  /** What it had sent at times past. */
  readonly history: SentHistory;
  /**
   * What receivers must have seen of it since they were last zeroed: `carried` from its earlier runs, and its present
   * counters if `counts`.
   */
  carried: number;
  counts: boolean;
  /** Which of its frames the generators of its fields count from. */
  readonly origins: GeneratorOrigins;
  /** What the kernel would answer to the last of its settings. */
  result: string;
}

/** The kernel's text of a device that nobody told anything. */
const untold = 'Idle';

/** Interfaces with a default route that the command line named. */
type Allowed = readonly string[];

/** A device that exists, is on its way out, or is gone. */
export type KnownDevice = Device | DeviceRecord;

/** The devices of a scenario, and the queues in which operations on them stand. */
export class DeviceTable {
  readonly queues = new OperationQueues();
  /** Figures of removed devices, added up. */
  readonly removedTotals = new DeviceTotals();
  /** Told of every device whose removal is complete. */
  onRemoved: (device: Device) => void = () => {};
  /** Told of every name that means no device any more. */
  onForgotten: (name: string) => void = () => {};

  readonly #engine: Engine;
  readonly #interfaces: InterfaceTable;
  readonly #seed: bigint;
  readonly #allowed: Allowed;
  /**
   * By their ordinals, ascending. No Map, here and below: V8 links the tables that a Map outgrows, so that devices which came
   * and went would stay in memory until the next full collection.
   */
  readonly #known: KnownDevice[] = [];
  /** Of those that are records, in the order in which they became that. */
  readonly #settled: DeviceRecord[] = [];
  readonly #newest = new Map<string, KnownDevice>();
  readonly #present: Device[] = [];
  readonly #threadResults = new Map<number, string>();
  #added = 0;
  /** Removed and not settled yet. */
  #leaving = 0;
  #short = 0;

  constructor(engine: Engine, interfaces: InterfaceTable, seed: bigint, allowed: Allowed) {
    this.#engine = engine;
    this.#interfaces = interfaces;
    this.#seed = seed;
    this.#allowed = allowed;
  }

  /** The devices that exist and the last ones removed, in the order in which they were added. */
  get known(): readonly KnownDevice[] {
    return this.#known;
  }

  /** How many devices there were; those that are known are among them. */
  get added(): number {
    return this.#added;
  }

  /** How many removed devices had stayed too far below what was asked of them, those that are known among them. */
  get removedShort(): number {
    return this.#short;
  }

  /** Those that exist, removals under way excepted. */
  present(): readonly Device[] {
    return [...this.#present];
  }

  tellThread(cpu: number, result: string): void {
    this.#threadResults.set(cpu, result);
  }

  /** What the kernel's thread of this CPU would say of the last device added or removed there; null: nothing yet. */
  threadResult(cpu: number): string | null {
    return this.#threadResults.get(cpu) ?? null;
  }

  newest(name: string): KnownDevice | null {
    return this.#newest.get(name) ?? null;
  }

  byId(id: DeviceId): Device | null {
    return this.#present.find((device) => device.id === id) ?? null;
  }

  /** The device of that name, if it exists. */
  find(name: string, span: Span): Result<Device> {
    const device = this.#newest.get(name);
    if (device !== undefined && device.state === 'present') return ok(device);
    const hints = didYouMean(name, new Set(this.present().map((present) => present.name)), 'devices here');
    return refused(report('PG6002', { name }, span, { hints }));
  }

  /** Adds a stopped device. A name whose removal is pending is free once its grace period has ended. */
  add(name: string, cpu: number, settings: readonly Setting[], span: Span): Promise<Result<Device>> {
    return this.queues.run([name], async () => {
      if (this.#newest.get(name)?.state === 'present') {
        return refused(
          report('PG6001', { name }, span, { hints: ['`rem_device` it first, or `set` what shall change'] }),
        );
      }
      const configuration = configured(defaultConfiguration, settings);
      if (!configuration.ok) return configuration;
      const unable = this.#capabilityProblem(configuration.value, cpu, span);
      if (unable !== null) return unable;

      const on = interfaceOf(name);
      const seed = derivedSeed(this.#seed, name);
      const place = { name, interface: on, cpu, seed, span };
      const facts = await this.#facts(on, configuration.value, span);
      if (!facts.ok) return facts;
      const program = this.#program(configuration.value, place, facts.value);
      if (!program.ok) return program;
      const plan = planOf(configuration.value, program.value, place);
      const id = await settled(this.#engine.addDevice(plan), `\`add_device ${name}\``, span);
      if (!id.ok) return id;
      const device: Device = {
        ...place,
        ordinal: this.#added++,
        index: facts.value?.index ?? 0,
        id: id.value,
        configuration: configuration.value,
        program: program.value,
        plan,
        unnumbered: headerOf(program.value) === 'unnumbered',
        state: 'present',
        final: null,
        removedAt: null,
        clearedAt: null,
        failed: null,
        shortfallExceeded: false,
        history: new SentHistory(),
        carried: 0,
        counts: false,
        origins: new GeneratorOrigins(),
        result: answerTo(settings, configuration.value.words, untold),
      };
      this.tellThread(cpu, `OK: add_device=${name}`);
      this.#known.push(device);
      this.#newest.set(name, device);
      this.#present.push(device);
      return ok(device);
    });
  }

  /** Changes some parameters at once; the rest, the counters and the sequence go on. */
  set(name: string, settings: readonly Setting[], span: Span, missing: 'fails' | 'ignored'): Promise<Result<void>> {
    return this.queues.run([name], async () => {
      const found = this.find(name, span);
      if (!found.ok) return missing === 'fails' ? found : ok(undefined);
      const device = found.value;
      const next = configured(device.configuration, settings);
      if (!next.ok) return next;
      const fixed = fixedParameter(device.configuration, next.value);
      if (fixed !== null) {
        const hints = [`\`rem_device ${name}\`, then add it with another \`${fixed}\``];
        return refused(report('PG6007', { parameter: fixed, name }, span, { hints }));
      }
      const unable = this.#queueProblem(next.value, span);
      if (unable !== null) return unable;
      const program = changesFrame(settings)
        ? this.#program(next.value, device, this.#interfaces.byIndex(device.index))
        : ok(device.program);
      if (!program.ok) return program;
      const plan = planOf(next.value, program.value, device);
      // The engine knows nothing of `shortfall`.
      if (settings.some((setting) => setting.name !== 'shortfall')) {
        const done = await settled(this.#engine.setDevice(device.id, plan), `\`set ${name}\``, span);
        if (!done.ok) return done;
      }
      device.result = answerTo(settings, next.value.words, device.result);
      device.origins.changed(device.program, program.value, builtFrames(this.figures(device), device.plan));
      device.configuration = next.value;
      device.program = program.value;
      device.plan = plan;
      device.unnumbered ||= headerOf(program.value) === 'unnumbered';
      return ok(undefined);
    });
  }

  /** Removes the device of that name; settles when its grace period has ended. */
  remove(name: string, span: Span): Promise<Result<void>> {
    return this.queues.run([name], async () => {
      const found = this.find(name, span);
      return found.ok ? this.#remove(found.value, span) : found;
    });
  }

  /** Removes this very device, if it still exists when its turn comes. */
  removeIfPresent(device: Device, span: Span): Promise<Result<void>> {
    return this.queues.run([device.name], async () =>
      device.state === 'present' ? this.#remove(device, span) : ok(undefined),
    );
  }

  /** Figures so far, exact where the device does not run. */
  figures(device: KnownDevice): DeviceStats | FinalFigures {
    return device.state === 'settled' ? device.final : (device.final ?? this.#engine.stats(device.id));
  }

  /** Nothing of these removed devices is under way any more: what figures need is kept of them, and of the last ones only. */
  settle(devices: readonly Device[]): void {
    for (const device of devices) {
      const record = recordOf(device);
      this.#leaving--;
      this.#known[this.#place(device)] = record;
      this.#settled.push(record);
      if (this.#newest.get(device.name) === device) this.#newest.set(device.name, record);
    }
    this.#forgetOldest();
  }

  /** Where a known device stands. */
  #place({ ordinal }: KnownDevice): number {
    let [low, high] = [0, this.#known.length - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#known[middle] as KnownDevice).ordinal < ordinal) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #forgetOldest(): void {
    const excess = this.#settled.length + this.#leaving - mostRemoved;
    for (const oldest of this.#settled.splice(0, Math.max(0, excess))) {
      this.#known.splice(this.#place(oldest), 1);
      if (this.#newest.get(oldest.name) !== oldest) continue;
      this.#newest.delete(oldest.name);
      this.onForgotten(oldest.name);
    }
  }

  async #remove(device: Device, span: Span): Promise<Result<void>> {
    device.state = 'removing';
    this.tellThread(device.cpu, `OK: rem_device=${device.name}`);
    this.#present.splice(this.#present.indexOf(device), 1);
    // It stops now; until the engine gives the exact figures, the last live ones stand for them.
    const live = this.#engine.stats(device.id);
    const stoppedAt = live.running ? this.#engine.clock.now() : live.stoppedAt;
    device.final = finalFigures(device, live, stoppedAt);
    const stats = await settled(this.#engine.remDevice(device.id), `\`rem_device ${device.name}\``, span);
    if (!stats.ok) {
      // The engine still has it, and so have we: whoever tolerates the refusal can try again.
      device.state = 'present';
      device.final = null;
      this.#present.push(device);
      return stats;
    }
    device.state = 'removed';
    device.removedAt = this.#engine.clock.now();
    device.final = finalFigures(device, stats.value);
    assessShortfall(device, device.final);
    if (device.shortfallExceeded) this.#short++;
    device.history.record(device.removedAt, device.carried + (device.counts ? stats.value.sent : 0));
    this.#total(device, stats.value);
    this.#leaving++;
    this.onRemoved(device);
    this.#forgetOldest();
    return ok(undefined);
  }

  /** Adds a removed device's figures to the totals, which are told how long the others have run where they ask for it. */
  #total(device: Device, stats: DeviceStats): void {
    const { removedTotals } = this;
    removedTotals.add(stats, device.clearedAt);
    if (!removedTotals.fragmented) return;
    const now = this.#engine.clock.now();
    const others = this.#known.filter((one) => one.state === 'present' || one.state === 'removing');
    removedTotals.settleTime(
      others.map((other) => busyTime(this.figures(other), other.clearedAt, now)),
      now,
    );
  }

  #program(
    configuration: Configuration,
    device: { readonly interface: string; readonly span: Span },
    facts: InterfaceFacts | null,
  ): Result<FrameProgram> {
    return programOf(configuration, device, facts, facts === null ? null : this.#interfaces.peerOf(facts));
  }

  /** The interface's facts; null where the driver keeps its frames off the wire and the interface need not exist. */
  async #facts(on: string, configuration: Configuration, span: Span): Promise<Result<InterfaceFacts | null>> {
    const { driver } = configuration;
    if (driver === 'null' || driver === 'pcap') return ok(this.#interfaces.get(on));
    const facts = await this.#interfaces.find(on, span);
    if (facts.ok && facts.value.defaultRoute && !this.#allowed.includes(on)) {
      const hints = [`\`--allow ${on}\` if packets shall really leave there, or a \`lab\``];
      return refused(report('PG6402', { name: on }, span, { hints }), 'unsuitable');
    }
    return facts;
  }

  #capabilityProblem(configuration: Configuration, cpu: number, span: Span): Result<never> | null {
    const { capabilities, name: engine } = this.#engine;
    if (!capabilities.cpus.includes(cpu)) {
      const hints = [`CPUs here: ${rangesOf(capabilities.cpus)}`];
      return refused(report('PG6004', { cpu: String(cpu), engine }, span, { hints }));
    }
    const { driver, xmitMode } = configuration;
    if (driver !== 'auto' && !capabilities.drivers.includes(driver)) {
      const hints = [`drivers here: ${capabilities.drivers.join(', ')}`];
      return refused(report('PG6006', { engine, what: `driver \`${driver}\`` }, span, { hints }), 'unsuitable');
    }
    if (!capabilities.xmitModes.includes(xmitMode)) {
      const hints = [`modes here: ${capabilities.xmitModes.join(', ')}`];
      return refused(report('PG6006', { engine, what: `\`xmit_mode ${xmitMode}\`` }, span, { hints }), 'unsuitable');
    }
    return this.#queueProblem(configuration, span);
  }

  #queueProblem({ driver, queues }: Configuration, span: Span): Result<never> | null {
    const { capabilities, name: engine } = this.#engine;
    const { queueMapDrivers } = capabilities;
    if (queues === null || (driver === 'auto' ? queueMapDrivers.length > 0 : queueMapDrivers.includes(driver)))
      return null;
    const hints = [
      queueMapDrivers.length === 0
        ? 'leave `queue_map_min`, `queue_map_max` and the flags `QUEUE_MAP_CPU` and `QUEUE_MAP_RND` out'
        : `drivers that send on a queue that they are told: ${queueMapDrivers.join(', ')}`,
    ];
    const what = `choice of transmit queues for driver \`${driver}\``;
    return refused(report('PG6006', { engine, what }, span, { hints }), 'unsuitable');
  }
}

/** The interface that a device's name means: what stands before the label. */
export function interfaceOf(name: string): string {
  const at = name.indexOf('@');
  return at < 0 ? name : name.slice(0, at);
}

/**
 * Notes whether a device stayed too far below what was asked of it; one that stopped by itself did, unless the scenario
 * allows anything. One pass may be under way when a device stops, so a burst is never held against it.
 */
export function assessShortfall(device: Device, stats: Omit<DeviceStats, 'gaps'>): void {
  const { shortfall, burst } = device.configuration;
  if (stats.failure !== null && shortfall < 100) device.shortfallExceeded = true;
  if (stats.asked === null) return;
  const missing = stats.asked - stats.sent;
  if (missing > Math.max(burst, (stats.asked * shortfall) / 100)) device.shortfallExceeded = true;
}

/** What is kept of a removed device. */
function recordOf(device: Device): DeviceRecord {
  const { ordinal, name, cpu, final, clearedAt, shortfallExceeded } = device;
  if (final === null) throw new Error(`${name} has no final figures, so it was not removed`);
  const { shortfall } = device.configuration;
  const on = device.interface;
  return { state: 'settled', ordinal, name, interface: on, cpu, final, clearedAt, shortfallExceeded, shortfall };
}

/** Field by field: what a rest pattern leaves has in V8 a shape of its own, which is larger than the figures. */
function finalFigures(device: Device, stats: DeviceStats, stoppedAt: bigint | null = stats.stoppedAt): FinalFigures {
  return {
    sent: stats.sent,
    bytes: stats.bytes,
    errors: stats.errors,
    late: stats.late,
    skipped: stats.skipped,
    asked: stats.asked,
    inFlight: stats.inFlight,
    running: false,
    startedAt: stats.startedAt,
    stoppedAt,
    driver: stats.driver,
    failure: stats.failure ?? device.failed,
    gap: percentilesOf(stats.gaps),
  };
}

/** The percentiles that results show; null where nothing was recorded. */
export function percentilesOf(histogram: DeviceStats['gaps']): Percentiles {
  if (histogram.total === 0) return { p50: null, p99: null, max: null };
  return { p50: percentile(histogram, 0.5), p99: percentile(histogram, 0.99), max: histogram.max };
}

/** The port of a device is chosen when it is added: driver, mode and file are settled then. */
function fixedParameter(before: Configuration, after: Configuration): string | null {
  if (before.driver !== after.driver) return 'driver';
  if (before.xmitMode !== after.xmitMode) return 'xmit_mode';
  return before.file === after.file ? null : 'file';
}

/** Ascending numbers in short: `0-3, 6`. */
function rangesOf(numbers: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < numbers.length; i++) {
    const first = numbers[i] as number;
    while (numbers[i + 1] === (numbers[i] as number) + 1) i++;
    const last = numbers[i] as number;
    parts.push(first === last ? `${first}` : `${first}-${last}`);
  }
  return parts.join(', ');
}
