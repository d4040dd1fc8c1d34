// SPDX-License-Identifier: Apache-2.0

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The addon's engine, as native/src/addon_engine.cc defines it. Failures are Errors with `errno` (a positive number). */
export interface NativeEngine {
  /** Takes shared memory for as many records as fit; it must be zeroed. */
  addStatsPage(page: Uint8Array): void;
  openLab(spec: NativeLab): Promise<NativeLink[]>;
  links(): Promise<NativeLink[]>;
  /** The interface's own counters: those of `ethtool -S`, and of `ip -s link` under names that its driver does not use. */
  statistics(name: string): Promise<NativeStatistic[]>;
  openPort(spec: NativePort): Promise<number>;
  releasePort(port: number): void;
  addDevice(port: number, spec: NativeDevice): number;
  setDevice(device: number, spec: NativeDevice): Promise<void>;
  remDevice(device: number): Promise<NativeRun>;
  start(devices: readonly number[]): bigint;
  stop(devices: readonly number[]): Promise<NativeRun[]>;
  clearCounters(devices: readonly number[]): Promise<void>;
  /** Live or exact figures; `gaps` is null unless asked for. */
  snapshot(device: number, withGaps: boolean): NativeRun;
  openReceiver(name: string, ifindex: number): Promise<number>;
  closeReceiver(receiver: number): Promise<void>;
  clearReceiver(receiver: number): void;
  forgetDevices(devices: readonly number[]): void;
  /** Counts so far; `timing` is null unless asked for. */
  receiver(receiver: number, withTiming: boolean): NativeReceiver;
  sync(): Promise<void>;
  grace(): NativeGrace;
  /** `to` is the new name, '' unless it is renamed. */
  changeLink(change: 'down' | 'up' | 'rename' | 'delete', name: string, to: string): Promise<void>;
  pendingGrace(): NativePendingGrace[];
  senders(): NativeSender[];
  /** Ends every thread. Promises outstanding, and those asked for from now on, fail with ESHUTDOWN. Idempotent. */
  closeNow(): void;
}

/** MAC addresses are numbers, first octet highest. `helper` is the path of the lab's executable. */
export interface NativeLab {
  readonly helper: string;
  readonly links: readonly (
    | { readonly kind: 'veth'; readonly a: NativeEnd; readonly b: NativeEnd; readonly mtu: number }
    | { readonly kind: 'ifb'; readonly end: NativeEnd; readonly mtu: number }
  )[];
}
export interface NativeEnd {
  readonly name: string;
  readonly mac: number;
}
export interface NativePort {
  readonly interface: string;
  readonly ifindex: number;
  readonly cpu: number;
  readonly driver: 'null' | 'pcap' | 'packet';
  readonly mode: 'start_xmit' | 'queue_xmit';
  readonly file: string;
}
/** `gapNs + gapFraction / 2^32` nanoseconds from one pass to the next, or for each byte. `program.bytes` is the longest frame. */
export interface NativeDevice {
  readonly name: string;
  readonly program: { readonly bytes: Uint8Array; readonly operations: readonly NativeFieldOperation[] };
  readonly paced: boolean;
  readonly paused: boolean;
  readonly gapNs: bigint;
  readonly gapFraction: number;
  readonly perByte: boolean;
  readonly burst: number;
  readonly clones: number;
  readonly count: bigint;
  readonly late: 'catch_up' | 'skip' | 'shift';
  readonly priority: number;
  readonly seed: bigint;
}
export interface NativeSlot {
  readonly offset: number;
  readonly bytes: number;
  readonly shift: number;
  readonly bits: number;
}
/** Packets of a flow keep a value (see FieldOperation); `count` 0: there are no flows. */
export interface NativeFlows {
  readonly count: number;
  readonly length: number;
  readonly sequential: boolean;
}
export type NativeFieldOperation =
  /** How long the next frame is; the first operation or none. */
  | {
      readonly kind: 'size';
      readonly order: 'increment' | 'random' | 'weighted';
      readonly first: number;
      readonly last: number;
      readonly start: number;
      readonly sizes: readonly number[];
      readonly weights: readonly bigint[];
    }
  | { readonly kind: 'length'; readonly slot: NativeSlot; readonly minus: number }
  | { readonly kind: 'stamp'; readonly offset: number; readonly time: boolean; readonly stream: boolean }
  /** `toEnd`: to the frame's end, whatever `length` is. */
  | {
      readonly kind: 'checksum';
      readonly offset: number;
      readonly start: number;
      readonly length: number;
      readonly toEnd: boolean;
      readonly pseudo?: NativePseudoHeader;
    }
  | (NativeValueOperation & { readonly flows: NativeFlows });
export type NativeValueOperation =
  | {
      readonly kind: 'increment';
      readonly slot: NativeSlot;
      readonly first: bigint;
      readonly last: bigint;
      readonly step: bigint;
      readonly start: bigint;
    }
  /** `exceptFirst` and `exceptLast`: ends of what is left out. */
  | {
      readonly kind: 'random';
      readonly slot: NativeSlot;
      readonly first: bigint;
      readonly last: bigint;
      readonly exceptFirst: readonly bigint[];
      readonly exceptLast: readonly bigint[];
    }
  /** `upper`: the 64 bits before the slot's, one for each value; empty where the field is no wider. */
  | {
      readonly kind: 'list' | 'random_list';
      readonly slot: NativeSlot;
      readonly values: readonly bigint[];
      readonly upper?: readonly bigint[];
    }
  /** `(random | set) & keep`; the upper words are of the 64 bits before the slot's, where it is wide. */
  | {
      readonly kind: 'random_bits';
      readonly slot: NativeSlot;
      readonly set: bigint;
      readonly keep: bigint;
      readonly wide: boolean;
      readonly upperSet: bigint;
      readonly upperKeep: bigint;
    };
/** Addresses that a checksum covers, what else it adds, and what is sent where it is 0. */
export interface NativePseudoHeader {
  readonly start: number;
  readonly length: number;
  readonly sum: number;
  readonly zero: number;
}

/** `peer` is an interface index, 0 for none. */
export interface NativeLink {
  readonly name: string;
  readonly index: number;
  readonly kind: string;
  readonly mac: number;
  readonly mtu: number;
  readonly up: boolean;
  readonly carrier: boolean;
  readonly queues: number;
  readonly speed: number | null;
  readonly peer: number;
  /** The first IPv4 address, null for none. */
  readonly ipv4: number | null;
  /** Where the adapter sits on its bus, `0000:3b:00.0`; '' for what is no adapter. */
  readonly bus: string;
  readonly loopback: boolean;
  /** A default route leaves through it, or through an interface that stands on it (bond, bridge, VLAN). */
  readonly defaultRoute: boolean;
}
export interface NativeStatistic {
  readonly name: string;
  readonly value: number;
}
/** As runtime/engine.ts's ArrivalTiming. */
export interface NativeTiming {
  readonly latency: NativeHistogram;
  readonly gaps: NativeHistogram;
  readonly variation: number;
  readonly variations: number;
  readonly negative: number;
  readonly untimed: number;
}
export interface NativeHistogram {
  readonly counts: Float64Array;
  readonly total: number;
  readonly max: number;
}
/** Instants are CLOCK_MONOTONIC nanoseconds; `failure` an errno, 0 for none. */
export interface NativeRun {
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
  readonly failure: number;
  readonly driver: 'null' | 'pcap' | 'packet';
  readonly gaps: NativeHistogram | null;
}
export interface NativeReceiver {
  readonly received: number;
  readonly bytes: number;
  readonly other: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly dropped: number;
  readonly unnumbered: { readonly packets: number; readonly bytes: number };
  readonly lastAt: bigint | null;
  readonly caughtUpAt: bigint;
  readonly clockStepped: boolean;
  readonly timing: NativeTiming | null;
  readonly streams: readonly {
    readonly device: number;
    readonly received: number;
    readonly bytes: number;
    readonly duplicated: number;
    readonly reordered: number;
    readonly timing: NativeTiming | null;
  }[];
}
export interface NativeGrace {
  readonly completed: number;
  readonly pending: number;
  readonly stalls: number;
  readonly latency: NativeHistogram;
}
/** `ageNs` since it began; who it waits for. */
export interface NativePendingGrace {
  readonly cookie: number;
  readonly ageNs: number;
  readonly holders: readonly { readonly cpu: number; readonly tid: number; readonly phase: string }[];
}
export interface NativeSender {
  readonly cpu: number;
  readonly tid: number;
  readonly devices: number;
  readonly involuntarySwitches: number;
  readonly sharedWithControl: boolean;
}
export type NativeEvent =
  | { readonly kind: 'finished'; readonly device: number }
  | { readonly kind: 'failed'; readonly device: number; readonly errno: number }
  | {
      readonly kind: 'link';
      readonly index: number;
      readonly name: string;
      readonly change: 'down' | 'up' | 'renamed' | 'removed';
      readonly to: string | null;
    }
  | {
      readonly kind: 'stall';
      readonly cpu: number;
      readonly tid: number;
      readonly phase: string;
      readonly ageMs: number;
    };

/** What the addon says of its own layout: record size and field offsets in bytes, each field 64 bits in native order. */
export interface NativeLayout {
  readonly version: number;
  readonly recordSize: number;
  readonly histogramBuckets: number;
  readonly fields: Readonly<Record<string, number>>;
}

/** One instant of CLOCK_MONOTONIC (ns) at which `due` is called, once; until then it keeps the process alive. */
export interface NativeAlarm {
  /** In place of what was set before; an instant that has passed is due at once. */
  set(instant: bigint, due: () => void): void;
  clear(): void;
}

export interface Addon {
  /** @throws Error with `errno` where the kernel has no more timers for us */
  readonly Alarm: new () => NativeAlarm;
  readonly Engine: new (onEvent: (event: NativeEvent) => void) => NativeEngine;
  readonly layout: NativeLayout;
}

/** The loaded addon and the path of the lab's executable beside it. */
export interface Native {
  readonly addon: Addon;
  readonly labHelper: string;
}

/** The version of the addon that this file was written for; native/src/addon.cc has the other one. */
const addonVersion = 6;

/**
 * Loads the addon of this checkout or package; `PKTSH_ADDON` names another build of it (a sanitizer's).
 * @throws Error that says what to do, where there is none or it is of another version
 */
export function loadNative(): Native {
  const path = process.env.PKTSH_ADDON ?? join(packageRoot(), 'native/build/Release/pktsh.node');
  if (!existsSync(path)) throw new Error(`the native addon is not built (no ${path}): run \`npm run setup\``);
  const addon = createRequire(import.meta.url)(path) as Addon;
  if (addon.layout.version !== addonVersion) {
    throw new Error(`the native addon is of another version of pktsh (${path}): run \`npm run setup\``);
  }
  return { addon, labHelper: join(dirname(path), 'pktsh-lab') };
}

/** The folder of pktsh's package.json: this file may be a source, or bundled somewhere under dist. */
function packageRoot(): string {
  let folder = import.meta.dirname;
  while (folder !== dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest) && (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string }).name === 'pktsh') {
      return folder;
    }
    folder = dirname(folder);
  }
  throw new Error(`no package.json of pktsh above ${import.meta.dirname}`);
}
