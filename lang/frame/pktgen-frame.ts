// SPDX-License-Identifier: Apache-2.0

import { addressFrom } from '../algebra.ts';
import type { Span } from '../source.ts';
import type { Value } from '../value.ts';
import { hex, type PlacedLayer, slotOf } from './assemble.ts';
import type { FieldOperation, FieldSlot, ValueOperation } from './frame-program.ts';
import type { FrameShape } from './frame-shape.ts';
import type { SizeRule } from './frame-sizes.ts';
import type { Field, Layer } from './layer.ts';
import type { Ipv4Words, Ipv6Words, MacWords, PktgenWords, VlanWords, WordRange } from './pktgen-words.ts';
import { protocols } from './protocols.ts';

/** The frame that pktgen's words make, for `assemble`. */
export interface PktgenFrame {
  readonly frame: Value & { readonly type: 'frame' };
  /** What changes in it beyond what fields of frames can say: pktgen's ranges begin behind their first value. */
  readonly changes: (layers: readonly PlacedLayer[]) => readonly FieldOperation[];
  /** Bytes of its headers. */
  readonly needed: number;
}

/** net/core/pktgen.c, fill_packet_ipv4 and fill_packet_ipv6. */
const ttl = 32n;
const defaultPort = 9n;
/** The bit of a label stack entry that marks the last one (RFC 3032). */
export const bottom = 0x100n;
/** What MPLS_RND draws of an entry: the upper twelve bits of the label become 0. */
const drawnLabel = 0xf_ffffn;
/** MAC addresses are counted in their lower five bytes: the first one never changes. */
const countedBytes = 5;
const countedBits = 8n * BigInt(countedBytes);

interface Interval {
  readonly first: bigint;
  readonly last: bigint;
}
/** IPv4 destinations that the kernel draws again: 0.0.0.0/8, loopback, multicast and broadcast. */
export const redrawn: readonly Interval[] = [
  { first: 0n, last: 0x00ff_ffffn },
  { first: 0x7f00_0000n, last: 0x7fff_ffffn },
  { first: 0xe000_0000n, last: 0xefff_ffffn },
  { first: 0xffff_ffffn, last: 0xffff_ffffn },
];

/** The parts of intervals that lie in another one. */
export function overlapping(within: Interval, intervals: readonly Interval[]): readonly Interval[] {
  return intervals.flatMap(({ first, last }) => {
    const from = first > within.first ? first : within.first;
    const to = last < within.last ? last : within.last;
    return from <= to ? [{ first: from, last: to }] : [];
  });
}

/** The layers that a device's words stack, for what is known before the run. `labels`: entries of its MPLS stack. */
export function pktgenShape(tags: number, labels: number, version: 4 | 6): FrameShape {
  const names = [
    'eth',
    ...new Array<string>(tags).fill('vlan'),
    ...new Array<string>(labels).fill('mpls'),
    `ipv${version}`,
    'udp',
    'pktgen',
  ];
  // No field is left open: what the words do not say pktgen knows.
  return names.map((protocol) => ({ protocol, fields: ['dst'], size: protocols.get(protocol)?.size ?? null }));
}

/**
 * The frame of pktgen's words (net/core/pktgen.c, mod_cur_headers and fill_packet): Ethernet, tags, IP, UDP and pktgen's
 * header. Ranges in their kernel meaning: one after the other they begin behind `min`; of ports `max` is never used, of
 * addresses it is, and drawn values leave it out.
 *
 * @param peerMac where frames go without `dst_mac`
 * @param sourceMac the interface's address
 */
export function pktgenFrame(words: PktgenWords, sourceMac: bigint, peerMac: bigint, span: Span): PktgenFrame {
  const { ip, flags, exact } = words;
  const layers: Layer<Value>[] = [];
  const push = (protocol: string, fields: Readonly<Record<string, Value>>): void => {
    const written = Object.entries(fields).map(([name, value]): Field<Value> => {
      return { name, source: { kind: 'fixed', value }, span };
    });
    layers.push({ kind: 'layer', protocol, fields: written, span });
  };
  const src = base(words.srcMac, sourceMac, exact);
  const dst = words.dstMac.address ?? peerMac;
  push('eth', { dst: mac(dst), src: mac(src) });
  for (const tag of [words.svlan, words.vlan]) if (tag !== null) push('vlan', tagFields(tag));
  for (const entry of words.mpls) push('mpls', labelFields(entry));
  push(ip.version === 4 ? 'ipv4' : 'ipv6', ip.version === 4 ? ipv4Fields(ip, flags, exact) : ipv6Fields(ip, exact));
  const ports = {
    src: portValues(words.udpSrc, flags.has('UDPSRC_RND')),
    dst: portValues(words.udpDst, flags.has('UDPDST_RND')),
  };
  push('udp', {
    src: number(ports.src.start),
    dst: number(ports.dst.start),
    ...checksumField(flags.has('UDPCSUM'), ip.version, exact),
  });
  push('pktgen', {});

  const changes = (placed: readonly PlacedLayer[]): readonly FieldOperation[] => {
    const named = (name: string): readonly PlacedLayer[] => placed.filter(({ protocol }) => protocol.name === name);
    const [eth] = named('eth') as [PlacedLayer];
    const [udp] = named('udp') as [PlacedLayer];
    const [network] = named(`ipv${ip.version}`) as [PlacedLayer];
    return [
      ...macOperations(slotOf(eth, 'src'), src, words.srcMac.count, flags.has('MACSRC_RND')),
      ...macOperations(slotOf(eth, 'dst'), dst, words.dstMac.count, flags.has('MACDST_RND')),
      ...labelOperations(named('mpls'), words.mpls, flags.has('MPLS_RND') || exact),
      ...tagOperations(named('vlan'), words, flags),
      ...valueOperations(slotOf(udp, 'src'), ports.src),
      ...valueOperations(slotOf(udp, 'dst'), ports.dst),
      ...(ip.version === 4 ? ipv4Operations(network, ip, flags) : ipv6Operations(network, ip)),
    ];
  };
  const needed = layers.reduce((sum, { protocol }) => sum + (protocols.get(protocol)?.size ?? 0), 0);
  return { frame: { type: 'frame', layers }, changes, needed };
}

/**
 * The sizes of a device with pktgen's own frame. Without one the kernel takes what the headers need. It sends no frame
 * shorter than they are, whatever was asked (`exact`); otherwise that is a mistake, which `assemble` tells.
 */
export function pktgenSizes(
  rule: SizeRule | null,
  pktSize: number | null,
  needed: number,
  exact: boolean,
): { readonly pktSize: number; readonly sizes?: SizeRule } {
  const enough = (size: number): number => (exact ? Math.max(size, needed) : size);
  if (rule === null) return { pktSize: enough(pktSize ?? needed) };
  if (rule.kind === 'range')
    return { pktSize: needed, sizes: { ...rule, min: rule.min ?? Math.min(needed, rule.max ?? needed) } };
  const entries = rule.entries.map(({ size, weight }) => ({ size: enough(size), weight }));
  return { pktSize: needed, sizes: { ...rule, entries } };
}

// --- fields -------------------------------------------------------------------------------------------------------------

const number = (value: bigint): Value => ({ type: 'number', value: Number(value) });
const mac = (value: bigint): Value => ({ type: 'mac', value: Number(value) });
const ipv4 = (value: bigint): Value => ({ type: 'ipv4', value: Number(value) });

function ipv6(value: bigint): Value {
  const address = addressFrom('ipv6', value);
  if (!address.ok) throw new RangeError(`no IPv6 address: ${value}`);
  return address.value;
}

/**
 * The first of several addresses. Of a count without an address the kernel keeps the first byte of the interface's and
 * counts from 0 in the others.
 */
function base({ address, count }: MacWords, interfaces: bigint, exact: boolean): bigint {
  if (address !== null) return address;
  return exact && count > 1n ? (interfaces >> countedBits) << countedBits : interfaces;
}

function tagFields({ id, priority, cfi }: VlanWords): Readonly<Record<string, Value>> {
  // Both tags of the kernel are of type 0x8100 (802.1Q), also the outer one.
  return { tpid: number(0x8100n), pcp: number(priority), dei: number(cfi), id: number(id) };
}

/** The S bit follows from the place in the stack, whatever was written. */
function labelFields(entry: bigint): Readonly<Record<string, Value>> {
  return { label: number(entry >> 12n), tc: number((entry >> 9n) & 7n), ttl: number(entry & 0xffn) };
}

function ipv4Fields(words: Ipv4Words, flags: ReadonlySet<string>, exact: boolean): Readonly<Record<string, Value>> {
  const given: Record<string, Value> = { ttl: number(ttl), tos: number(words.tos) };
  for (const side of ['src', 'dst'] as const) {
    const range = words[side];
    // The kernel knows an address of the interface, or sends 0.0.0.0; here it is the test network's (RFC 2544).
    if (range.min !== null) given[side] = ipv4(addressValues(range, flags.has(`IP${side.toUpperCase()}_RND`)).start);
    else if (exact) given[side] = ipv4(0n);
  }
  return given;
}

function ipv6Fields({ src, dst, drawn, trafficClass }: Ipv6Words, exact: boolean): Readonly<Record<string, Value>> {
  const given: Record<string, Value> = { hop_limit: number(ttl), traffic_class: number(trafficClass) };
  const target = drawn === null ? dst : drawn.min & drawn.max;
  if (src !== null || exact) given.src = ipv6(src ?? 0n);
  if (target !== null || exact) given.dst = ipv6(target ?? 0n);
  return given;
}

/** The kernel leaves the checksum 0 without UDPCSUM, which over IPv6 no receiver takes (RFC 8200, 8.1). */
function checksumField(wanted: boolean, version: 4 | 6, exact: boolean): Readonly<Record<string, Value>> {
  if (wanted) return { checksum: { type: 'string', value: 'auto' } };
  return version === 6 && exact ? { checksum: number(0n) } : {};
}

// --- what changes -------------------------------------------------------------------------------------------------------

/** Values of a range: where it starts, and the ends between which it goes on or is drawn; one value if they meet. */
interface RangeValues extends Interval {
  readonly start: bigint;
  readonly random: boolean;
}

function addressValues({ min, max }: WordRange, random: boolean): RangeValues {
  const first = min ?? 0n;
  if (max === null || max <= first) return { start: first, first, last: first, random };
  return random ? { start: first, first, last: max - 1n, random } : { start: first + 1n, first, last: max, random };
}

function portValues(range: WordRange, random: boolean): RangeValues {
  const min = range.min ?? defaultPort;
  const max = range.max ?? min;
  if (max <= min) return { start: min, first: min, last: min, random };
  const last = max - 1n;
  // Behind the minimum comes the maximum where nothing is between them, and that one is never used.
  return { start: random || last === min ? min : min + 1n, first: min, last, random };
}

function valueOperations(
  slot: FieldSlot,
  { start, first, last, random }: RangeValues,
  except: readonly Interval[] = [],
): readonly ValueOperation[] {
  if (first === last) return [];
  const ends = { slot, first: hex(first), last: hex(last) };
  if (!random) return [{ kind: 'increment', ...ends, step: '0x1', start: start === first ? null : hex(start) }];
  const parts = overlapping({ first, last }, except).map((part) => ({ first: hex(part.first), last: hex(part.last) }));
  return [{ kind: 'random', ...ends, except: parts }];
}

function macOperations(slot: FieldSlot, from: bigint, count: bigint, random: boolean): readonly ValueOperation[] {
  if (count <= 1n) return [];
  const first = from & ((1n << countedBits) - 1n);
  const counted = {
    offset: slot.offset + slot.bytes - countedBytes,
    bytes: countedBytes,
    shift: 0,
    bits: Number(countedBits),
  };
  return valueOperations(counted, { start: first, first, last: first + count - 1n, random });
}

/** Of entries that were written with the S bit the kernel draws all but it, which then follows from the place. */
function labelOperations(
  placed: readonly PlacedLayer[],
  entries: readonly bigint[],
  drawn: boolean,
): readonly FieldOperation[] {
  if (!drawn) return [];
  return entries.flatMap((entry, at): FieldOperation[] => {
    if ((entry & bottom) === 0n) return [];
    const offset = (placed[at] as PlacedLayer).start;
    const last = at === entries.length - 1;
    const slot = { offset, bytes: 4, shift: 0, bits: 32 };
    const keep = last ? drawnLabel : drawnLabel & ~bottom;
    return [{ kind: 'random_bits', slot, set: hex(last ? bottom : 0n), keep: hex(keep) }];
  });
}

function tagOperations(
  placed: readonly PlacedLayer[],
  { vlan, svlan }: PktgenWords,
  flags: ReadonlySet<string>,
): readonly FieldOperation[] {
  const tags = [...(svlan === null ? [] : ['SVID_RND']), ...(vlan === null ? [] : ['VID_RND'])];
  return tags.flatMap((flag, at) => {
    if (!flags.has(flag)) return [];
    const slot = slotOf(placed[at] as PlacedLayer, 'id');
    return valueOperations(slot, { start: 0n, first: 0n, last: 0xfffn, random: true });
  });
}

function ipv4Operations(
  placed: PlacedLayer,
  { src, dst, flows, flowLength }: Ipv4Words,
  flags: ReadonlySet<string>,
): readonly FieldOperation[] {
  const targets = valueOperations(slotOf(placed, 'dst'), addressValues(dst, flags.has('IPDST_RND')), redrawn);
  const [value] = targets;
  const sequential = flags.has('FLOW_SEQ');
  const flowing: readonly FieldOperation[] =
    flows > 0 && value !== undefined
      ? [{ kind: 'flows', count: flows, length: flowLength, sequential, value }]
      : targets;
  return [
    ...valueOperations(slotOf(placed, 'src'), addressValues(src, flags.has('IPSRC_RND'))),
    ...flowing,
    // The kernel counts what it builds, from 0.
    ...valueOperations(slotOf(placed, 'id'), { start: 0n, first: 0n, last: 0xffffn, random: false }),
  ];
}

function ipv6Operations(placed: PlacedLayer, { drawn }: Ipv6Words): readonly FieldOperation[] {
  if (drawn === null) return [];
  return [{ kind: 'random_bits', slot: slotOf(placed, 'dst'), set: hex(drawn.min), keep: hex(drawn.max) }];
}
