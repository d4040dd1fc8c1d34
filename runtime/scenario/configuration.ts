// SPDX-License-Identifier: Apache-2.0

import { boundsProblem } from '../../lang/bounds.ts';
import { assemble } from '../../lang/frame/assemble.ts';
import type { FrameProgram } from '../../lang/frame/frame-program.ts';
import { deviceParameters, paceParameters } from '../../lang/parameters.ts';
import type { Span } from '../../lang/source.ts';
import { assertNever } from '../../lang/types.ts';
import type { Value } from '../../lang/value.ts';
import type { DevicePlan, DriverName, InterfaceFacts, LatePolicy, Ratio, XmitMode } from '../engine.ts';
import { macOf } from '../lab/mac.ts';
import { ok, type Result, refused, refusedBy } from './completion.ts';

/** A parameter as an operation gives it, its values evaluated. */
export interface Setting {
  readonly name: string;
  readonly values: readonly Value[];
  readonly span: Span;
}

/**
 * How fast a device sends. `rate` is packets or bits a second whatever the burst; `ratep` and `delay` are passes a second
 * and nanoseconds from pass to pass, as in pktgen.
 */
type Pace =
  | { readonly kind: 'unpaced' }
  | { readonly kind: 'pps'; readonly value: number }
  | { readonly kind: 'bps'; readonly value: number }
  | { readonly kind: 'ratep'; readonly value: number }
  | { readonly kind: 'delay'; readonly value: number };

/** A device's parameters by pktgen's meaning, each as it was last given. `pktSize` null: what the layers need. */
export interface Configuration {
  readonly frame: (Value & { readonly type: 'frame' }) | null;
  readonly pktSize: number | null;
  readonly pace: Pace;
  readonly count: number;
  readonly burst: number;
  readonly late: LatePolicy;
  readonly driver: DriverName | 'auto';
  readonly xmitMode: XmitMode;
  readonly file: string | null;
  /** Percent that the device may stay below what is asked of it. */
  readonly shortfall: number;
}

export const defaultConfiguration: Configuration = {
  frame: null,
  pktSize: null,
  pace: { kind: 'unpaced' },
  count: 0,
  burst: 1,
  late: 'catch_up',
  driver: 'auto',
  xmitMode: 'start_xmit',
  file: null,
  shortfall: 1,
};

/** What a change of which parameters needs a new frame program. */
const shapesFrame: ReadonlySet<string> = new Set(['frame', 'pkt_size']);

/** Whether any of these parameters changes the bytes of frames. */
export function changesFrame(settings: readonly Setting[]): boolean {
  return settings.some(({ name }) => shapesFrame.has(name));
}

/** The configuration with some parameters given anew; all others stay. */
export function configured(before: Configuration, settings: readonly Setting[]): Result<Configuration> {
  let configuration = before;
  for (const setting of settings) {
    const value = setting.values[0];
    const parameter = deviceParameters.get(setting.name);
    if (value === undefined || parameter === undefined) throw new Error(`parameter ${setting.name} of no known shape`);
    if (parameter.takes.kind === 'value' && parameter.takes.bounds !== null) {
      const problem = boundsProblem(`\`${setting.name}\``, value, parameter.takes.bounds, setting.span);
      if (problem !== null) return refused(problem);
    }
    configuration = { ...configuration, ...changeBy(setting.name, value) };
  }
  return ok(configuration);
}

function changeBy(name: string, value: Value): Partial<Configuration> {
  // Types are the checker's business; the words of `late`, `driver` and `xmit_mode` are in the parameter table.
  const number = 'value' in value && typeof value.value === 'number' ? value.value : Number.NaN;
  const text = value.type === 'string' ? value.value : '';
  if (paceParameters.includes(name)) return { pace: paceOf(name, value.type, number) };
  switch (name) {
    case 'frame':
      return value.type === 'frame' ? { frame: value } : {};
    case 'pkt_size':
      return { pktSize: number };
    case 'count':
      return { count: number };
    case 'burst':
      return { burst: number };
    case 'late':
      return { late: text as LatePolicy };
    case 'driver':
      return { driver: text as DriverName | 'auto' };
    case 'xmit_mode':
      return { xmitMode: text as XmitMode };
    case 'file':
      return { file: text };
    case 'shortfall':
      return { shortfall: number };
    default:
      throw new Error(`parameter ${name} is in the table, but nothing is done with it`);
  }
}

function paceOf(name: string, type: Value['type'], value: number): Pace {
  if (name === 'rate') return { kind: type === 'bps' ? 'bps' : 'pps', value };
  // pktgen: no delay is as fast as it goes.
  if (name === 'delay') return value === 0 ? { kind: 'unpaced' } : { kind: 'delay', value };
  return { kind: 'ratep', value };
}

/** The bytes of a device's frames and what changes in them. `facts` null: a driver that needs no interface. */
export function programOf(
  configuration: Configuration,
  device: { readonly interface: string; readonly span: Span },
  facts: InterfaceFacts | null,
  peer: InterfaceFacts | null,
): Result<FrameProgram> {
  if (configuration.frame === null) throw new Error('a device without a frame passed the checker');
  const assembled = assemble(configuration.frame, {
    pktSize: configuration.pktSize,
    mtu: facts?.mtu ?? null,
    sourceMac: facts?.mac ?? macOf(device.interface),
    peerMac: peer?.mac ?? null,
  });
  return assembled.ok ? ok(assembled.program) : refusedBy(assembled.failure);
}

/** The engine's plan of a device. */
export function planOf(
  configuration: Configuration,
  program: FrameProgram,
  device: { readonly name: string; readonly interface: string; readonly cpu: number; readonly seed: bigint },
): DevicePlan {
  const { pace, burst } = configuration;
  const paused = (pace.kind === 'pps' || pace.kind === 'bps') && pace.value === 0;
  return {
    name: device.name,
    interface: device.interface,
    cpu: device.cpu,
    driver: configuration.driver,
    xmitMode: configuration.xmitMode,
    program,
    pace: paceOfPlan(paused ? pausedPeriod : periodOf(pace, burst, program.template.length / 2)),
    paused,
    burst,
    clones: 1,
    count: configuration.count,
    late: configuration.late,
    priority: 0,
    queues: null,
    seed: device.seed,
    file: configuration.driver === 'pcap' ? configuration.file : null,
  };
}

const nsPerSecond = 1_000_000_000n;
const bitsPerByte = 8n;
/** A paused device has a schedule, on which nothing stands: what is asked of it is 0, not "as fast as it goes". */
const pausedPeriod: Ratio = { numerator: nsPerSecond, denominator: 1n };

function paceOfPlan(period: Ratio | null): DevicePlan['pace'] {
  return period === null ? null : { per: 'pass', period };
}

/** Nanoseconds from one pass to the next, exact. `size`: bytes of a frame without FCS, as pktgen counts rates. */
function periodOf(pace: Pace, burst: number, size: number): Ratio | null {
  switch (pace.kind) {
    case 'unpaced':
      return null;
    case 'pps':
      return quotient(nsPerSecond * BigInt(burst), pace.value);
    case 'bps':
      return quotient(nsPerSecond * BigInt(burst) * BigInt(size) * bitsPerByte, pace.value);
    case 'ratep':
      return quotient(nsPerSecond, pace.value);
    case 'delay':
      return fraction(pace.value);
    default:
      return assertNever(pace);
  }
}

function quotient(dividend: bigint, divisor: number): Ratio {
  const { numerator, denominator } = fraction(divisor);
  return reduced(dividend * denominator, numerator);
}

/** A double as the fraction that it is: its denominator is a power of two. */
function fraction(value: number): Ratio {
  let scaled = value;
  let denominator = 1n;
  // At most 1074 doublings (IEEE 754); rates are whole or have a few binary places.
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    denominator *= 2n;
  }
  return { numerator: BigInt(scaled), denominator };
}

function reduced(numerator: bigint, denominator: bigint): Ratio {
  let a = numerator;
  let b = denominator;
  while (b !== 0n) [a, b] = [b, a % b];
  return { numerator: numerator / a, denominator: denominator / a };
}
