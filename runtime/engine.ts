// SPDX-License-Identifier: Apache-2.0

import type { FrameProgram } from '../lang/frame/frame-program.ts';
import type { ArrivalTiming } from './arrival-timing.ts';
import type { Clock } from './clock.ts';
import type { Histogram } from './histogram.ts';

/**
 * The engine port: what carries control operations out. Three implementations stand behind one conformance suite
 * (`native`, `kernel`, `dry-run`). Mutating calls return a promise that settles when the effect is complete; for removal,
 * reconfiguration and stop that is the end of the grace period. The unlinking itself happens before the call returns, so
 * that calls take effect in the order in which they were made.
 */
export interface Engine {
  readonly name: EngineName;
  /** Time as the engine lives it: the machine's clock, or virtual time. */
  readonly clock: Clock;
  readonly capabilities: Capabilities;

  /**
   * Makes the lab; every interface meant afterwards is one of it. A lab that is open already goes and the new one takes its
   * place, which is only possible while no device and no receiver exists (EBUSY). @throws EngineError
   */
  openLab(lab: LabPlan): Promise<readonly InterfaceFacts[]>;
  /**
   * Facts of every interface in reach, as they are now. `wanted` are the names that the caller is after: the dry run
   * outside a lab has any interface that it is asked for. @throws EngineError
   */
  interfaces(wanted?: readonly string[]): Promise<readonly InterfaceFacts[]>;
  /**
   * The counters of these interfaces by their names, as `ethtool -S` and `ip -s link` have them, since whenever; an interface
   * that is gone, or does not tell, is missing from the answer. @throws EngineError
   */
  statistics(interfaces: readonly string[]): Promise<ReadonlyMap<string, InterfaceStatistics>>;

  /** Changes an interface of the lab; settles once the kernel has done it and its events were told. @throws EngineError */
  setLink(name: string, change: LinkChange): Promise<void>;

  /** Adds a stopped device; settles once its port is open and a sender can reach it. @throws EngineError */
  addDevice(plan: DevicePlan): Promise<DeviceId>;
  /** Replaces the device's whole configuration at once; settles when no sender uses the old one. @throws EngineError */
  setDevice(id: DeviceId, plan: DevicePlan): Promise<void>;
  /** Stops and unlinks at once; settles with the exact final statistics when no sender can reach it and its memory is free. */
  remDevice(id: DeviceId): Promise<DeviceStats>;
  /** Begins the stopped devices among these at one common instant, counters zeroed; gives that instant (clock time). */
  start(ids: readonly DeviceId[]): bigint;
  /** Stops; settles with each device's exact statistics, in the order given. */
  stop(ids: readonly DeviceId[]): Promise<readonly DeviceStats[]>;
  /** Zeroes counters and histograms, exact while running. */
  clearCounters(ids: readonly DeviceId[]): Promise<void>;
  /** Statistics so far: live while running, exact once stopped. Cheap and synchronous. */
  stats(id: DeviceId): DeviceStats;

  /** Opens a receiver on an interface; counting begins at once. @throws EngineError */
  addReceiver(plan: ReceiverPlan): Promise<ReceiverId>;
  remReceiver(id: ReceiverId): Promise<void>;
  clearReceivers(ids: readonly ReceiverId[]): Promise<void>;
  /**
   * Receivers no longer tell apart what they got of these removed devices: it stays in their totals, but has no stream. An
   * engine keeps something of every device that a receiver heard until it is told this.
   */
  forgetDevices(ids: readonly DeviceId[]): void;
  receiverStats(id: ReceiverId): ReceiverStats;
  /** What a receiver measured of times, apart from its counts because histograms are large. */
  receiverTiming(id: ReceiverId): ReceiverTiming;

  /** Settles when every grace period that had begun before the call has ended. */
  sync(): Promise<void>;
  grace(): GraceStats;
  /** The grace periods under way, oldest first. */
  pendingGrace(): readonly PendingGrace[];
  /** The senders that exist, with what the machine did to them. */
  senders(): readonly SenderStats[];

  /** Called for what happens by itself: a device that finished its count, an interface that went, a stall. */
  onEvent(listener: (event: EngineEvent) => void): void;
  /** Drivers and permissions of each interface in reach, each "no" with its reason and mend. */
  probe(): Promise<readonly Probe[]>;
  /** Stops everything, waits for every grace period, gives everything back. Idempotent. */
  close(): Promise<void>;
  /** The synchronous last resort for `process.on('exit')`: no sender runs when it returns. */
  closeNow(): void;
}

export type EngineName = 'native' | 'kernel' | 'dry-run';
export type DeviceId = number;
export type ReceiverId = number;

export type DriverName = 'null' | 'pcap' | 'packet';
export type XmitMode = 'start_xmit' | 'queue_xmit';
export type LatePolicy = 'catch_up' | 'skip' | 'shift';

/** What an engine can do, as data: asked before anything is sent, never guessed from its class. */
export interface Capabilities {
  readonly drivers: readonly DriverName[];
  readonly xmitModes: readonly XmitMode[];
  readonly lab: boolean;
  readonly receivers: boolean;
  /** Drivers that can send on a queue that they are told. */
  readonly queueMapDrivers: readonly DriverName[];
  /** CPUs on which senders may run (the process's affinity), ascending. */
  readonly cpus: readonly number[];
  /** Devices that may exist at once. */
  readonly maxDevices: number;
}

/** A lab with every expression evaluated; MAC addresses follow from the names (see runtime/lab/mac.ts). */
export interface LabPlan {
  readonly links: readonly LabLink[];
}
export type LabLink =
  | { readonly kind: 'veth'; readonly a: LabEnd; readonly b: LabEnd; readonly mtu: number }
  | { readonly kind: 'ifb'; readonly end: LabEnd; readonly mtu: number };
/** `mac` is the address as a number, first octet highest. */
export interface LabEnd {
  readonly name: string;
  readonly mac: number;
}

/** `mac` as a number; `speed` in bits per second, null where the interface has none (veth); `queues` transmit queues. */
export interface InterfaceFacts {
  readonly name: string;
  readonly index: number;
  /** rtnetlink's IFLA_INFO_KIND, 'veth', 'ifb', …; '' for hardware and loopback. */
  readonly kind: string;
  readonly mac: number;
  readonly mtu: number;
  readonly up: boolean;
  readonly carrier: boolean;
  readonly queues: number;
  readonly speed: number | null;
  /** The other end of a veth within reach, '' otherwise. */
  readonly peer: string;
  /** Its first IPv4 address as a number, null where it has none. */
  readonly ipv4: number | null;
  readonly numa: NumaFact;
  readonly loopback: boolean;
  /** A default route leaves through it, or through an interface that stands on it: used only where the user named it. */
  readonly defaultRoute: boolean;
}

/** CPUs of the NUMA node that an interface's adapter hangs on, those where senders may run, ascending; or why that is unknown. */
export type NumaFact =
  | { readonly kind: 'cpus'; readonly cpus: readonly number[] }
  | { readonly kind: 'unknown'; readonly reason: string };

/** Counters of an interface by name. */
export type InterfaceStatistics = ReadonlyMap<string, number>;

/** What happens to an interface; deleting one end of a veth pair deletes both. */
export type LinkChange =
  | { readonly kind: 'down' | 'up' | 'delete' }
  | { readonly kind: 'rename'; readonly name: string };

/**
 * A device's whole configuration. `pace`: nanoseconds as an exact rational `numerator / denominator`, from one pass of
 * `burst` packets to the next, or for each byte that is sent (a bit rate of frames whose sizes vary); null when unpaced; a
 * paused device (`rate 0pps`) has `paused` true. `count`: packets to send, 0 for until stopped. `clones`: how often each built
 * frame is sent (pktgen's clone_skb; at least 1). `seed` is 64 bits.
 */
export interface DevicePlan {
  readonly name: string;
  readonly interface: string;
  readonly cpu: number;
  readonly driver: DriverName | 'auto';
  readonly xmitMode: XmitMode;
  readonly program: FrameProgram;
  readonly pace: { readonly per: 'pass' | 'byte'; readonly period: Ratio } | null;
  readonly paused: boolean;
  readonly burst: number;
  readonly clones: number;
  readonly count: number;
  readonly late: LatePolicy;
  /** Socket priority of its frames (pktgen's skb_priority); 0 is the default. */
  readonly priority: number;
  readonly queues: QueueMap | null;
  readonly seed: bigint;
  /** Where driver `pcap` writes; null for the other drivers. */
  readonly file: string | null;
}
/**
 * Transmit queues of a device's frames, both ends included: one after the other, drawn, or the queue of the sender's CPU
 * (pktgen's queue_map_min, queue_map_max, QUEUE_MAP_RND, QUEUE_MAP_CPU). Null: as the kernel chooses.
 */
export type QueueMap =
  | { readonly kind: 'cpu' }
  | { readonly kind: 'sequential' | 'random'; readonly first: number; readonly last: number };

export interface Ratio {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** Receivers' plan: `interface` listened on, promiscuous by membership. */
export interface ReceiverPlan {
  readonly name: string;
  readonly interface: string;
}

/**
 * Counters of a device since its last `start` (or `clear_counters`). `sent`: accepted by the kernel; `errors`: consumed
 * and dropped there; `late`: packets handed over more than their gap behind schedule; `skipped`: dropped from the
 * schedule by policy; `asked`: packets that the schedule called for so far, null when unpaced; `inFlight`: accepted into a
 * queue and not yet known to have left. Times in nanoseconds of the engine's clock; `stoppedAt` is null while running.
 * `gaps`: nanoseconds between consecutive frames handed to the kernel, 0 inside one batch.
 */
export interface DeviceStats {
  readonly sent: number;
  readonly bytes: number;
  readonly errors: number;
  readonly late: number;
  readonly skipped: number;
  readonly asked: number | null;
  readonly inFlight: number;
  readonly running: boolean;
  readonly startedAt: bigint | null;
  readonly stoppedAt: bigint | null;
  readonly gaps: Histogram;
  readonly driver: DriverName;
  /** Why it is no longer running although nobody stopped it: an errno name such as 'ENETDOWN', or null. */
  readonly failure: string | null;
}

/**
 * Counters of a receiver since the run began. `received`: first copies of frames with our header from a stream of this
 * engine; `other`: everything else that arrived; `dropped`: lost inside the receiver's own ring (so that loss is never
 * blamed on the wire unseen). `streams` has the share of each device that was seen.
 */
export interface ReceiverStats {
  readonly received: number;
  readonly bytes: number;
  readonly other: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly dropped: number;
  /** Of `other`: all copies of frames with the pktgen header that name no device, as kernel pktgen writes it. */
  readonly unnumbered: { readonly packets: number; readonly bytes: number };
  /** When the last frame with our header arrived (clock time), null if none did. */
  readonly lastAt: bigint | null;
  /** Up to when everything that arrived is counted (clock time): now, unless the receiver itself lags behind. */
  readonly caughtUpAt: bigint;
  readonly streams: readonly StreamStats[];
}
export interface StreamStats {
  readonly device: DeviceId;
  readonly received: number;
  readonly bytes: number;
  readonly duplicated: number;
  readonly reordered: number;
}

/** `clockStepped`: the wall clock was set since counting began, so that none of the times means anything. */
export interface ReceiverTiming {
  /** Stamps are cut off to this many nanoseconds. */
  readonly resolution: number;
  readonly clockStepped: boolean;
  readonly total: ArrivalTiming;
  readonly streams: ReadonlyMap<DeviceId, ArrivalTiming>;
}

/** Grace periods since the engine or its lab began; `latency` in nanoseconds from the call until the effect was complete. */
export interface GraceStats {
  readonly completed: number;
  readonly pending: number;
  readonly stalls: number;
  readonly latency: Histogram;
}

/** A grace period under way: its cookie, its age (ns), and the senders in whose read sections it waits. */
export interface PendingGrace {
  readonly cookie: number;
  readonly ageNs: number;
  readonly holders: readonly { readonly cpu: number; readonly tid: number; readonly phase: string }[];
}

/** A sender thread and what the machine did to it since it began. */
export interface SenderStats {
  readonly cpu: number;
  readonly tid: number;
  readonly devices: number;
  readonly involuntarySwitches: number;
  /** Whether pktsh's own threads (control, receivers) have had to share its CPU while it had devices. */
  readonly sharedWithControl: boolean;
  /** Time (ms) that the hypervisor took from its CPU since the engine began; in steps of 10 ms. */
  readonly stealMs: number;
}

export type EngineEvent =
  /** Every packet of its count was handed over. */
  | { readonly kind: 'finished'; readonly device: DeviceId }
  /** The device stopped by itself: `reason` is an errno name. It still exists. */
  | { readonly kind: 'failed'; readonly device: DeviceId; readonly reason: string }
  /**
   * An interface in reach changed, by whatever hand; `name` is what it was called before and `to` its new name, null unless
   * it was renamed. A device on one that is down pauses and goes on by itself; one that is gone takes its devices along.
   */
  | {
      readonly kind: 'link';
      readonly index: number;
      readonly name: string;
      readonly change: 'down' | 'up' | 'renamed' | 'removed';
      readonly to: string | null;
    }
  /** A grace period has been waiting for `ageMs` for this sender. */
  | {
      readonly kind: 'stall';
      readonly cpu: number;
      readonly tid: number;
      readonly phase: string;
      readonly ageMs: number;
    };

/** Whether an interface (or the machine, where `interface` is '') can do a thing, and if not, why and what mends it. */
export interface Probe {
  readonly interface: string;
  readonly subject: string;
  readonly available: boolean;
  readonly reason: string | null;
  readonly mend: string | null;
}

/**
 * An operation that the engine could not carry out. `code` is an errno name (EBUSY, ENODEV, EPERM, …); `message` says what
 * was tried and why it failed; `mend` what a user can do, if anything.
 */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: string;
  readonly mend: string | null;

  constructor(code: string, message: string, mend: string | null = null) {
    super(message);
    this.code = code;
    this.mend = mend;
  }
}
