// SPDX-License-Identifier: Apache-2.0

import { addressNumber } from '../algebra.ts';
import type { Value } from '../value.ts';
import type { ImixEntry, SizeRule } from './frame-sizes.ts';

/** Values of a device's parameters by their names; `flag` has those that are on. */
export type WordValues = ReadonlyMap<string, readonly Value[]>;

/** Ends of a range as pktgen's words give them; null where one was not given. */
export interface WordRange {
  readonly min: bigint | null;
  readonly max: bigint | null;
}
export interface VlanWords {
  readonly id: bigint;
  readonly priority: bigint;
  readonly cfi: bigint;
}
export interface MacWords {
  /** Null: the interface's, or its peer's. */
  readonly address: bigint | null;
  readonly count: bigint;
}

/** What pktgen's words say of its own frame. Addresses, labels and ports are numbers. */
export interface PktgenWords {
  readonly dstMac: MacWords;
  readonly srcMac: MacWords;
  readonly vlan: VlanWords | null;
  readonly svlan: VlanWords | null;
  readonly mpls: readonly bigint[];
  readonly ip: Ipv4Words | Ipv6Words;
  readonly udpSrc: WordRange;
  readonly udpDst: WordRange;
  readonly flags: ReadonlySet<string>;
  /** The kernel's rules, also where frames are better here. */
  readonly exact: boolean;
}
export interface Ipv4Words {
  readonly version: 4;
  readonly src: WordRange;
  readonly dst: WordRange;
  readonly tos: bigint;
  readonly flows: number;
  readonly flowLength: number;
}
export interface Ipv6Words {
  readonly version: 6;
  readonly src: bigint | null;
  readonly dst: bigint | null;
  /** Null unless destinations are drawn. */
  readonly drawn: { readonly min: bigint; readonly max: bigint } | null;
  readonly trafficClass: bigint;
}

/** Reads the words of a device whose parameters are in order (lang/device-rules.ts). */
export function pktgenWords(values: WordValues): PktgenWords {
  const all = (name: string): readonly bigint[] => (values.get(name) ?? []).map(integer);
  const one = (name: string): bigint | null => all(name)[0] ?? null;
  const vlan = (tag: 'vlan' | 'svlan'): VlanWords | null => {
    const id = one(`${tag}_id`);
    return id === null ? null : { id, priority: one(`${tag}_p`) ?? 0n, cfi: one(`${tag}_cfi`) ?? 0n };
  };
  const mac = (name: string): MacWords => ({ address: one(name), count: one(`${name}_count`) ?? 0n });
  const min6 = one('dst6_min');
  const max6 = one('dst6_max');
  const ipv6 = ['dst6', 'dst6_min', 'src6'].some((name) => values.has(name));
  return {
    dstMac: mac('dst_mac'),
    srcMac: mac('src_mac'),
    vlan: vlan('vlan'),
    svlan: vlan('svlan'),
    mpls: all('mpls'),
    ip: ipv6
      ? {
          version: 6,
          src: one('src6'),
          dst: one('dst6'),
          drawn: min6 === null || max6 === null ? null : { min: min6, max: max6 },
          trafficClass: one('traffic_class') ?? 0n,
        }
      : {
          version: 4,
          src: { min: one('src_min'), max: one('src_max') },
          dst: { min: one('dst') ?? one('dst_min'), max: one('dst_max') },
          tos: one('tos') ?? 0n,
          flows: Number(one('flows') ?? 0n),
          flowLength: Number(one('flowlen') ?? 0n),
        },
    udpSrc: { min: one('udp_src_min'), max: one('udp_src_max') },
    udpDst: { min: one('udp_dst_min'), max: one('udp_dst_max') },
    flags: flagsOf(values),
    exact: isExact(values),
  };
}

/** The flags that are on. */
export function flagsOf(values: WordValues): ReadonlySet<string> {
  return new Set((values.get('flag') ?? []).flatMap((value) => (value.type === 'string' ? [value.value] : [])));
}

export function isExact(values: WordValues): boolean {
  return values.has('pktgen_compat');
}

/** Sizes that vary, null where all frames have one. */
export function sizeRule(values: WordValues): SizeRule | null {
  const entries = (values.get('imix_weights') ?? []).map(imixEntry);
  if (entries.length > 0) return { kind: 'imix', entries, slots: isExact(values) };
  const [min, max] = ['min_pkt_size', 'max_pkt_size'].map((name) => values.get(name)?.[0]);
  if (min === undefined && max === undefined) return null;
  const bytes = (value: Value | undefined): number | null => (value === undefined ? null : Number(integer(value)));
  return { kind: 'range', min: bytes(min), max: bytes(max), random: flagsOf(values).has('TXSIZE_RND') };
}

/** `60B:7` is a list of a size and its weight. */
function imixEntry(value: Value): ImixEntry {
  if (value.type !== 'list') throw new TypeError(`an entry of imix_weights is a ${value.type}`);
  const [size, weight] = value.items.map((item) => Number(integer(item)));
  return { size: size as number, weight: weight as number };
}

function integer(value: Value): bigint {
  const address = addressNumber(value);
  if (address !== null) return address;
  if ('value' in value && typeof value.value === 'number') return BigInt(value.value);
  throw new TypeError(`a value of type ${value.type} is no integer`);
}
