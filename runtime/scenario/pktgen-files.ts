// SPDX-License-Identifier: Apache-2.0

import { addressFrom, addressNumber } from '../../lang/algebra.ts';
import { flagsOf, type PktgenWords, pktgenWords, type WordValues } from '../../lang/frame/pktgen-words.ts';
import { formatValue } from '../../lang/syntax/literals.ts';
import type { Value } from '../../lang/value.ts';
import type { DevicePlan } from '../engine.ts';
import { type LastFrame, lastFrame } from '../engines/frame-values.ts';
import {
  deviceText,
  flagBits,
  hexadecimal,
  type PktgenCurrent,
  type PktgenParams,
  runReport,
  threadText,
} from '../report/pktgen-text.ts';
import type { Configuration } from './configuration.ts';
import type { Device, DeviceTable } from './devices.ts';
import { type FrameHeaders, frameHeaders } from './frame-headers.ts';
import type { Setting } from './settings.ts';

/** /proc/net/pktgen/kpktgend_N of the sender on that CPU. */
export function threadFile(devices: DeviceTable, cpu: number): readonly string[] {
  // New devices go to the front of the kernel's list.
  const here = devices
    .present()
    .filter((device) => device.cpu === cpu)
    .toReversed();
  const isRunning = (device: Device): boolean => devices.figures(device).running;
  const nameOf = ({ name }: Device): string => name;
  return threadText({
    running: here.filter(isRunning).map(nameOf),
    stopped: here.filter((device) => !isRunning(device)).map(nameOf),
    result: devices.threadResult(cpu),
  });
}

/** /proc/net/pktgen/NAME. `now`: the engine's clock, in nanoseconds. */
export function deviceFile(devices: DeviceTable, device: Device, now: bigint): readonly string[] {
  const { plan, configuration } = device;
  const stats = devices.figures(device);
  const built = builtFrames(stats, plan);
  const last = lastFrame(plan.program, plan.seed, (generator) => device.origins.since(generator, built));
  const template = frameHeaders(Buffer.from(plan.program.template, 'hex'));
  const params = paramsOf(configuration, plan, template);
  const headers = frameHeaders(last.bytes);
  const offset = (side: 'dst' | 'src'): number => macOffset(configuration.words, side, template, headers, built);
  const current: PktgenCurrent = {
    sent: stats.sent,
    errors: stats.errors,
    bytes: stats.bytes,
    sizeCounts: orderedCounts(params, last),
    started: stats.startedAt ?? 0n,
    stopped: stats.startedAt === null ? 0n : (stats.stoppedAt ?? now),
    // Senders serve many devices and know no idle time of each.
    idle: 0n,
    sequence: stats.startedAt === null ? 0 : stats.sent + 1,
    dstMacOffset: offset('dst'),
    srcMacOffset: offset('src'),
    src: ipText(headers, 'src'),
    dst: ipText(headers, 'dst'),
    udpSrc: headers.udp?.src ?? 0,
    udpDst: headers.udp?.dst ?? 0,
    queue: queueOf(configuration, plan, built),
    flows: flowsBegun(configuration.words, last, built),
    // As it was told, also where headers need more (`exact`).
    size: plan.program.sizes === null ? params.minSize : last.size,
  };
  const result = stats.running ? 'Starting' : stats.startedAt === null ? device.result : runReport(params, current);
  return deviceText(params, current, result);
}

/** Frames that a device has built: each is sent as often as there are clones, and what fails was built, too. */
export function builtFrames(stats: { readonly sent: number; readonly errors: number }, { clones }: DevicePlan): number {
  return Math.ceil((stats.sent + stats.errors) / clones);
}

function paramsOf(configuration: Configuration, plan: DevicePlan, frame: FrameHeaders): PktgenParams {
  const { words } = configuration;
  const told = pktgenWords(words);
  const number = (name: string): number | null => {
    const value = words.get(name)?.[0];
    return value !== undefined && 'value' in value && typeof value.value === 'number' ? value.value : null;
  };
  const ports = (side: 'src' | 'dst'): { readonly min: number; readonly max: number } => {
    const only = frame.udp?.[side] ?? 0;
    if (configuration.frame !== null) return { min: only, max: only };
    const port = (end: 'min' | 'max'): number => number(`udp_${side}_${end}`) ?? defaultPort;
    return { min: port('min'), max: port('max') };
  };
  const [minSize, maxSize] = sizesOf(number, plan);
  return {
    name: plan.name,
    count: configuration.count,
    minSize,
    maxSize,
    imix: (words.get('imix_weights') ?? []).map(imixPair),
    frags: number('frags') ?? 0,
    delay: delayOf(plan, minSize),
    cloneSkb: number('clone_skb') ?? 0,
    flows: number('flows') ?? 0,
    flowLength: number('flowlen') ?? 0,
    queueMin: number('queue_map_min') ?? 0,
    queueMax: number('queue_map_max') ?? 0,
    priority: plan.priority,
    addresses: addressesOf(words, told, frame, configuration.frame !== null),
    srcMac: macText(told.srcMac.address ?? frame.srcMac),
    dstMac: macText(told.dstMac.address ?? frame.dstMac),
    udpSrc: ports('src'),
    udpDst: ports('dst'),
    srcMacCount: Number(told.srcMac.count),
    dstMacCount: Number(told.dstMac.count),
    mpls: told.mpls.map(Number),
    vlan: tagOf(told.vlan),
    svlan: tagOf(told.svlan),
    tos: number('tos') ?? 0,
    trafficClass: number('traffic_class') ?? 0,
    burst: plan.burst,
    node: number('node'),
    xmitMode: plan.xmitMode,
    flags: shownFlags(words),
  };
}

/** UDP's discard service, pktgen's port. */
const defaultPort = 9;

/** IPV6 is on with the words that make frames so. */
function shownFlags(words: WordValues): ReadonlySet<string> {
  const on = flagsOf(words);
  return pktgenWords(words).ip.version === 6 ? new Set(['IPV6', ...on]) : on;
}

function sizesOf(number: (name: string) => number | null, { program }: DevicePlan): readonly [number, number] {
  const { sizes, template } = program;
  const whole = template.length / 2;
  const least =
    sizes === null
      ? whole
      : sizes.kind === 'weighted'
        ? Math.min(...sizes.entries.map(({ size }) => size))
        : sizes.first;
  const min = number('min_pkt_size') ?? number('pkt_size') ?? least;
  return [min, Math.max(min, number('max_pkt_size') ?? min)];
}

/** From one pass to the next; of a pace of bytes that of the shortest frame, as the kernel makes it of `rate`. */
function delayOf({ pace, paused, burst }: DevicePlan, minSize: number): bigint | null {
  if (paused) return null;
  if (pace === null) return 0n;
  const { numerator, denominator } = pace.period;
  return (numerator * (pace.per === 'byte' ? BigInt(minSize * burst) : 1n)) / denominator;
}

function addressesOf(
  words: WordValues,
  told: PktgenWords,
  frame: FrameHeaders,
  ofFrame: boolean,
): PktgenParams['addresses'] {
  if (ofFrame || told.ip.version === 6) {
    const [src, dst] = [ipText(frame, 'src'), ipText(frame, 'dst')];
    if (frame.ip?.version !== 6) return { version: 4, srcMin: src, srcMax: '', dstMin: dst, dstMax: '' };
    const word = (name: string): string => textOf(words.get(name)?.[0]) ?? '::';
    if (ofFrame) return { version: 6, src, dst, dstMin: '::', dstMax: '::' };
    const [dstMin, dstMax] = [word('dst6_min'), word('dst6_max')];
    return { version: 6, src: word('src6'), dst: word(words.has('dst6') ? 'dst6' : 'dst6_min'), dstMin, dstMax };
  }
  const word = (name: string): string => textOf(words.get(name)?.[0]) ?? '';
  return {
    version: 4,
    dstMin: word(words.has('dst') ? 'dst' : 'dst_min'),
    dstMax: word('dst_max'),
    srcMin: word('src_min'),
    srcMax: word('src_max'),
  };
}

const tagOf = (tag: PktgenWords['vlan']): PktgenParams['vlan'] =>
  tag === null ? null : { id: Number(tag.id), priority: Number(tag.priority), cfi: Number(tag.cfi) };

/** `60B:7` is a list of a size and its weight. */
function imixPair(value: Value): { readonly size: number; readonly weight: number } {
  if (value.type !== 'list') throw new TypeError(`an entry of imix_weights is a ${value.type}`);
  const [size, weight] = value.items.map((item) => ('value' in item ? Number(item.value) : 0));
  return { size: size as number, weight: weight as number };
}

/** Counts in the order in which the sizes were told; 0 of those that no frame has. */
function orderedCounts({ imix }: PktgenParams, { sizeCounts }: LastFrame): LastFrame['sizeCounts'] {
  return imix.map(({ size }) => {
    return { size, count: sizeCounts.find((one) => one.size === size)?.count ?? 0 };
  });
}

/** Where the kernel's offset of a counted address stands: behind the last one; drawn ones do not move it. */
function macOffset(
  words: WordValues,
  side: 'dst' | 'src',
  template: FrameHeaders,
  last: FrameHeaders,
  built: number,
): number {
  const told = pktgenWords(words)[`${side}Mac`];
  if (built === 0 || told.count <= 1n || flagsOf(words).has(`MAC${side.toUpperCase()}_RND`)) return 0;
  const moved = last[`${side}Mac`] - (told.address ?? template[`${side}Mac`]);
  return Number((moved + 1n) % told.count);
}

/** The queue of the last frame; which one a drawn queue was only its sender knows. */
function queueOf({ queues }: Configuration, { cpu, burst }: DevicePlan, built: number): number {
  if (queues === null || built === 0) return 0;
  if (queues.kind === 'cpu') return cpu;
  if (queues.kind === 'random') return queues.first;
  const passes = Math.ceil(built / burst);
  return queues.first + ((passes - 1) % (queues.last - queues.first + 1));
}

/** Flows are counted by the kernel whether or not a flow has an address of its own. */
function flowsBegun(words: WordValues, last: LastFrame, built: number): number {
  const { ip, flags } = pktgenWords(words);
  if (ip.version === 6 || ip.flows === 0 || built === 0) return 0;
  if (last.flows > 0) return last.flows;
  return flags.has('FLOW_SEQ') ? Math.ceil(built / Math.max(1, ip.flowLength)) : Math.min(built, ip.flows);
}

function macText(address: bigint): string {
  return formatValue({ type: 'mac', value: Number(address) });
}

function ipText({ ip }: FrameHeaders, side: 'src' | 'dst'): string {
  if (ip === null) return '0.0.0.0';
  const address = addressFrom(ip.version === 4 ? 'ipv4' : 'ipv6', ip[side]);
  if (!address.ok) throw new RangeError(`no address: ${ip[side]}`);
  return formatValue(address.value);
}

function textOf(value: Value | undefined): string | null {
  return value === undefined ? null : formatValue(value);
}

// --- what the kernel answers to a parameter -------------------------------------------------------------------------------

/** The names that its answers have for some. */
const answeredAs: Readonly<Record<string, string>> = { dst: 'dst_min', ratep: 'rate' };
/** These leave the text as it was. */
const unanswered = ['imix_weights', 'frame', 'late', 'shortfall', 'driver', 'file', 'pktgen_compat'];
const bitsPerMegabit = 1_000_000;

/** The text of `Result:` after these settings; `before` where none of them has one. */
export function answerTo(settings: readonly Setting[], words: WordValues, before: string): string {
  return settings.reduce((text, setting) => answer(setting, words) ?? text, before);
}

function answer({ name, values }: Setting, words: WordValues): string | null {
  const [value] = values;
  if (value === undefined || unanswered.includes(name)) return null;
  if (name === 'flag') return `OK: flags=0x${flagBits(shownFlags(words)).toString(16)}`;
  if (name === 'src_mac' || name === 'dst_mac') return `OK: ${name.replace('_', '')} ${formatValue(value)}`;
  if (name === 'tos' || name === 'traffic_class') return `OK: ${name}=0x${hexadecimal(plain(value), 2)}`;
  if (name === 'mpls') return `OK: mpls=${values.map((entry) => hexadecimal(plain(entry), 8)).join(',')}`;
  const text =
    name === 'rate' && value.type === 'bps'
      ? String(Math.floor(value.value / bitsPerMegabit))
      : addressNumber(value) === null && value.type !== 'string'
        ? String(plain(value))
        : formatValue(value);
  return `OK: ${answeredAs[name] ?? name}=${text}`;
}

function plain(value: Value): number {
  return 'value' in value ? Number(value.value) : 0;
}
