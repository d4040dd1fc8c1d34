// SPDX-License-Identifier: Apache-2.0

import { boundsProblem } from '../../lang/bounds.ts';
import { ruleProblems } from '../../lang/device-rules.ts';
import { report } from '../../lang/diagnostics/catalogue-meaning.ts';
import { assemble } from '../../lang/frame/assemble.ts';
import type { FrameProgram } from '../../lang/frame/frame-program.ts';
import { pktgenFrame, pktgenSizes } from '../../lang/frame/pktgen-frame.ts';
import { flagsOf, isExact, pktgenWords, sizeRule, type WordValues } from '../../lang/frame/pktgen-words.ts';
import { deviceParameters, paceParameters } from '../../lang/parameters.ts';
import type { Span } from '../../lang/source.ts';
import { assertNever } from '../../lang/types.ts';
import type { Value } from '../../lang/value.ts';
import type { DevicePlan, DriverName, InterfaceFacts, LatePolicy, QueueMap, Ratio, XmitMode } from '../engine.ts';
import { macOf } from '../lab/mac.ts';
import { ok, type Result, refused, refusedBy } from './completion.ts';
import { changed, type Setting, type Settings } from './settings.ts';

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

/** A device's parameters by pktgen's meaning. What shapes its frames is in `words`, by the names of the parameters. */
export interface Configuration {
  readonly settings: Settings;
  readonly words: WordValues;
  /** Null: pktgen's own frame, as its words make it. */
  readonly frame: (Value & { readonly type: 'frame' }) | null;
  /** Null: what the layers need. */
  readonly pktSize: number | null;
  readonly pace: Pace;
  readonly count: number;
  readonly burst: number;
  /** How often each built frame is sent; at least 1. */
  readonly clones: number;
  readonly late: LatePolicy;
  readonly driver: DriverName | 'auto';
  readonly xmitMode: XmitMode;
  readonly priority: number;
  readonly queues: QueueMap | null;
  readonly file: string | null;
  /** Percent that the device may stay below what is asked of it. */
  readonly shortfall: number;
}

export const defaultConfiguration: Configuration = configurationOf(new Map());

/** Parameters beside those of pktgen's own frame whose change needs a new frame program. */
const shapesFrame: ReadonlySet<string> = new Set([
  'frame',
  'pkt_size',
  'min_pkt_size',
  'max_pkt_size',
  'imix_weights',
  'flag',
  'pktgen_compat',
]);

/** Whether any of these parameters changes the bytes of frames. */
export function changesFrame(settings: readonly Setting[]): boolean {
  return settings.some(({ name }) => shapesFrame.has(name) || deviceParameters.get(name)?.shapesFrame === true);
}

/** The configuration with some parameters given anew; all others stay. Refused where they do not go together. */
export function configured(before: Configuration, change: readonly Setting[]): Result<Configuration> {
  for (const { name, values, span } of change) {
    const parameter = deviceParameters.get(name);
    if (parameter === undefined) throw new Error(`parameter ${name} of no known shape`);
    if (parameter.takes.kind !== 'value' || parameter.takes.bounds === null) continue;
    for (const value of values) {
      const problem = boundsProblem(`\`${name}\``, value, parameter.takes.bounds, span);
      if (problem !== null) return refused(problem);
    }
  }
  const settings = changed(before.settings, change);
  const problem = ruleProblems(settings, true).find(({ severity }) => severity === 'error');
  return problem === undefined ? ok(configurationOf(settings)) : refused(problem);
}

function configurationOf(settings: Settings): Configuration {
  // Types are the checker's business; the words of `late`, `driver` and `xmit_mode` are in the parameter table.
  const value = (name: string): Value | undefined => settings.get(name)?.values[0];
  const number = (name: string): number | null => {
    const given = value(name);
    return given !== undefined && 'value' in given && typeof given.value === 'number' ? given.value : null;
  };
  const word = (name: string): string | null => {
    const given = value(name);
    return given?.type === 'string' ? given.value : null;
  };
  const frame = value('frame');
  const words = new Map([...settings].map(([name, { values }]) => [name, values]));
  const paced = paceParameters.find((name) => settings.has(name));
  return {
    settings,
    words,
    frame: frame?.type === 'frame' ? frame : null,
    pktSize: number('pkt_size'),
    pace: paced === undefined ? { kind: 'unpaced' } : paceOf(paced, value(paced)?.type ?? 'number', number(paced) ?? 0),
    count: number('count') ?? 0,
    burst: number('burst') ?? 1,
    clones: Math.max(1, number('clone_skb') ?? 0),
    late: (word('late') ?? 'catch_up') as LatePolicy,
    driver: (word('driver') ?? 'auto') as DriverName | 'auto',
    xmitMode: (word('xmit_mode') ?? 'start_xmit') as XmitMode,
    priority: number('skb_priority') ?? 0,
    queues: queuesOf(number('queue_map_min'), number('queue_map_max'), flagsOf(words)),
    file: word('file'),
    shortfall: number('shortfall') ?? 1,
  };
}

/** The kernel maps to queue 0 unless told otherwise; here frames then go where the kernel's own would. */
function queuesOf(min: number | null, max: number | null, flags: ReadonlySet<string>): QueueMap | null {
  if (flags.has('QUEUE_MAP_CPU')) return { kind: 'cpu' };
  if (min === null && max === null) return null;
  const first = min ?? 0;
  return { kind: flags.has('QUEUE_MAP_RND') ? 'random' : 'sequential', first, last: max ?? first };
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
  const { words, pktSize, frame } = configuration;
  const flags = flagsOf(words);
  const exact = isExact(words);
  const sourceMac = facts?.mac ?? macOf(device.interface);
  const place = { mtu: facts?.mtu ?? null, sourceMac, peerMac: peer?.mac ?? null };
  const time = !flags.has('NO_TIMESTAMP');
  // The device's number stands in the upper bits of the time; the kernel knows no such thing.
  const stamp = { time, stream: time && !exact };
  const sizes = sizeRule(words);
  if (frame !== null) {
    const assembled = assemble(frame, { ...place, pktSize, stamp, ...(sizes === null ? {} : { sizes }) });
    return assembled.ok ? ok(assembled.program) : refusedBy(assembled.failure);
  }
  const told = pktgenWords(words);
  if (told.dstMac.address === null && place.peerMac === null) {
    return refused(report('PG5001', { device: `\`${device.interface}\`` }, device.span));
  }
  const made = pktgenFrame(told, BigInt(sourceMac), BigInt(place.peerMac ?? 0), device.span);
  const size = pktgenSizes(sizes, pktSize, made.needed, exact);
  const assembled = assemble(made.frame, { ...place, ...size, stamp, changes: made.changes });
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
    pace: paused ? { per: 'pass', period: pausedPeriod } : planPace(pace, burst, program),
    paused,
    burst,
    clones: configuration.clones,
    count: isExact(configuration.words) ? wholePasses(configuration) : configuration.count,
    late: configuration.late,
    priority: configuration.priority,
    queues: configuration.queues,
    seed: device.seed,
    file: configuration.driver === 'pcap' ? configuration.file : null,
  };
}

/** The kernel looks at the count after each pass, and so goes on to the end of a burst. */
function wholePasses({ count, burst }: Configuration): number {
  return Math.ceil(count / burst) * burst;
}

const nsPerSecond = 1_000_000_000n;
const bitsPerByte = 8n;
/** A paused device has a schedule, on which nothing stands: what is asked of it is 0, not "as fast as it goes". */
const pausedPeriod: Ratio = { numerator: nsPerSecond, denominator: 1n };

/** Nanoseconds from one pass to the next, or for each byte where frames differ in size; exact. */
function planPace(pace: Pace, burst: number, { template, sizes }: FrameProgram): DevicePlan['pace'] {
  switch (pace.kind) {
    case 'unpaced':
      return null;
    case 'pps':
      return { per: 'pass', period: quotient(nsPerSecond * BigInt(burst), pace.value) };
    case 'bps': {
      if (sizes !== null) return { per: 'byte', period: quotient(nsPerSecond * bitsPerByte, pace.value) };
      // Bytes of a frame without FCS, as pktgen counts rates.
      const size = BigInt(template.length / 2);
      return { per: 'pass', period: quotient(nsPerSecond * BigInt(burst) * size * bitsPerByte, pace.value) };
    }
    case 'ratep':
      return { per: 'pass', period: quotient(nsPerSecond, pace.value) };
    case 'delay':
      return { per: 'pass', period: fraction(pace.value) };
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
