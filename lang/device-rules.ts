// SPDX-License-Identifier: Apache-2.0

import { addressNumber } from './algebra.ts';
import { report } from './diagnostics/catalogue-meaning.ts';
import type { Diagnostic } from './diagnostics/diagnostic.ts';
import { flags, off, switched } from './flags.ts';
import { bottom, overlapping, redrawn } from './frame/pktgen-frame.ts';
import { deviceParameters, paceParameters } from './parameters.ts';
import type { Span } from './source.ts';
import { formatValue } from './syntax/literals.ts';
import type { Value } from './value.ts';

/** A parameter as the rules see it; a value is null where it is not known before the run. */
export interface GivenParameter {
  readonly span: Span;
  readonly values: readonly (Value | null)[];
}
export type GivenParameters = ReadonlyMap<string, GivenParameter>;

/** IPv4 and IPv6 words; the latter make a device's frames IPv6. */
export const ipv4Words: readonly string[] = [
  'dst',
  'dst_min',
  'dst_max',
  'src_min',
  'src_max',
  'tos',
  'flows',
  'flowlen',
];
export const ipv6Addresses: readonly string[] = ['dst6', 'dst6_min', 'src6'];
export const ipv6Words: readonly string[] = [...ipv6Addresses, 'dst6_max', 'traffic_class'];
const ipv4Flags = ['IPSRC_RND', 'IPDST_RND', 'FLOW_SEQ'];
export const vlanWords: readonly string[] = ['vlan_id', 'vlan_p', 'vlan_cfi', 'svlan_id', 'svlan_p', 'svlan_cfi'];

/** Two names of one thing. */
const sames: readonly (readonly [string, string])[] = [
  ['dst', 'dst_min'],
  ['dst6', 'dst6_min'],
  ['dst6', 'dst6_max'],
  ['pkt_size', 'min_pkt_size'],
  ['pkt_size', 'max_pkt_size'],
];

/** What has no meaning without another parameter, which is only known of a whole device. */
const needs: readonly (readonly [string, readonly string[]])[] = [
  ['svlan_id', ['vlan_id']],
  ['vlan_p', ['vlan_id']],
  ['vlan_cfi', ['vlan_id']],
  ['svlan_p', ['svlan_id']],
  ['svlan_cfi', ['svlan_id']],
  ['dst_max', ['dst', 'dst_min']],
  ['src_max', ['src_min']],
  ['dst6_min', ['dst6_max']],
  ['dst6_max', ['dst6_min']],
  ['traffic_class', ipv6Addresses],
  ['flowlen', ['flows']],
];

/** Ranges whose ends may be the wrong way round. */
const ranges: readonly (readonly [string, string])[] = [
  ['dst', 'dst_max'],
  ['dst_min', 'dst_max'],
  ['src_min', 'src_max'],
  ['udp_src_min', 'udp_src_max'],
  ['udp_dst_min', 'udp_dst_max'],
  ['min_pkt_size', 'max_pkt_size'],
  ['queue_map_min', 'queue_map_max'],
];

/** What a flag needs to change anything: one of these parameters. */
const flagNeeds: Readonly<Record<string, readonly string[]>> = {
  IPSRC_RND: ['src_max'],
  IPDST_RND: ['dst_max'],
  TXSIZE_RND: ['max_pkt_size'],
  UDPSRC_RND: ['udp_src_max'],
  UDPDST_RND: ['udp_dst_max'],
  MPLS_RND: ['mpls'],
  FLOW_SEQ: ['flows'],
  MACSRC_RND: ['src_mac_count'],
  MACDST_RND: ['dst_mac_count'],
  VID_RND: ['vlan_id'],
  SVID_RND: ['svlan_id'],
  QUEUE_MAP_RND: ['queue_map_max'],
  NODE: ['node'],
};

/** What no rule speaks of where nothing else is given, and most devices have no more: a large file is full of them. */
const unruled: ReadonlySet<string> = new Set([...paceParameters, 'frame', 'count', 'pkt_size', 'driver', 'file']);

/**
 * What is wrong with a device's parameters beside each other: names that exclude or need each other, ranges without
 * anything in them, flags without effect. Most of it the kernel accepts and does otherwise than it seems (net/core/pktgen.c).
 *
 * @param whole whether these are all that the device has; of a change only what it says itself can be judged
 */
export function ruleProblems(given: GivenParameters, whole: boolean): readonly Diagnostic[] {
  if ([...given.keys()].every((name) => unruled.has(name))) return [];
  const rules = new Rules(given);
  rules.frame();
  rules.exclusions();
  rules.ends();
  rules.flagged(whole);
  if (whole) rules.missing();
  return rules.found;
}

class Rules {
  readonly found: Diagnostic[] = [];
  readonly #given: GivenParameters;
  /** Flags that are switched, with their places. */
  readonly #flags = new Map<string, { readonly on: boolean; readonly text: string; readonly span: Span }>();

  constructor(given: GivenParameters) {
    this.#given = given;
    const written = given.get('flag');
    for (const value of written?.values ?? []) {
      if (value?.type !== 'string' || written === undefined) continue;
      const { name, on } = switched(value.value);
      this.#flags.set(name, { on, text: value.value, span: written.span });
    }
  }

  /** `frame` says all that pktgen's words for addresses, ports, tags and flows say. */
  frame(): void {
    const frame = this.#given.get('frame');
    if (frame === undefined) return;
    const labels = [{ span: frame.span, text: 'the frame is here' }];
    const clash = (name: string, span: Span) => {
      const hints = ['say it in the frame, or leave `frame` out and say all of it in the words of pktgen'];
      this.found.push(report('PG5109', { name }, span, { labels, hints }));
    };
    for (const [name, { span }] of this.#given) if (deviceParameters.get(name)?.shapesFrame === true) clash(name, span);
    for (const { text, span } of this.#flags.values()) {
      const name = text.startsWith(off) ? text.slice(off.length) : text;
      if (flags.get(name)?.shapesFrame === true) clash(`flag ${text}`, span);
    }
  }

  exclusions(): void {
    const told = new Set<string>();
    for (const [a, b] of sames) {
      const [one, other] = [this.#given.get(a), this.#given.get(b)];
      if (one === undefined || other === undefined || told.has(a)) continue;
      told.add(a);
      const labels = [{ span: one.span, text: 'first here' }];
      this.found.push(report('PG5103', { a, b }, other.span, { labels }));
    }
    this.#exclude('mpls', this.#firstOf(vlanWords), 'in the kernel each switches the other off');
    const clones = this.#number('clone_skb') ?? 0;
    const imix = this.#given.has('imix_weights') ? 'imix_weights' : null;
    if (clones > 0) this.#exclude('clone_skb', imix, 'clones of a frame have one size');
    const [min, max] = [this.#number('min_pkt_size'), this.#number('max_pkt_size')];
    if (this.#given.has('min_pkt_size') !== this.#given.has('max_pkt_size') || min !== max) {
      this.#exclude('imix_weights', this.#firstOf(['min_pkt_size', 'max_pkt_size']), 'both give each frame a size');
    }
    const ipv4 = this.#firstOf(ipv4Words);
    const ipv6 = this.#firstOf(ipv6Words);
    if (ipv6 !== null) {
      this.#exclude(ipv6, ipv4, 'a frame is IPv4 or IPv6');
      const ipv4Flag = ipv4Flags.map((name) => this.#flags.get(name)).find((flag) => flag?.on === true);
      if (ipv4Flag !== undefined)
        this.#contradict(ipv6, `flag ${ipv4Flag.text}`, ipv4Flag.span, 'it is for IPv4 alone');
    }
    const taken = this.#flags.get('IPV6');
    if (ipv6 !== null && taken !== undefined) this.#contradict(ipv6, 'flag !IPV6', taken.span, 'it takes IPv6 back');
    const unshared = this.#flags.get('SHARED');
    if (unshared?.on !== false) return;
    for (const name of ['clone_skb', 'burst']) {
      if ((this.#number(name) ?? 0) > 1 || (name === 'clone_skb' && clones > 0))
        this.#contradict(name, 'flag !SHARED', unshared.span, 'a frame that is not shared is sent once');
    }
  }

  /** Ranges that run backwards, and ranges of which nothing is left. */
  ends(): void {
    for (const [from, to] of ranges) {
      const [first, last] = [this.#value(from), this.#value(to)];
      if (first === null || last === null || order(last) >= order(first)) continue;
      const words = { min: from, first: formatValue(first), max: to, last: formatValue(last) };
      this.found.push(report('PG5111', words, this.#span(to)));
    }
    const [first, last] = [this.#value('dst') ?? this.#value('dst_min'), this.#value('dst_max')];
    if (first !== null && last !== null && order(first) < order(last) && this.#flags.get('IPDST_RND')?.on === true) {
      const drawn = { first: order(first), last: order(last) - 1n };
      const gone = overlapping(drawn, redrawn).reduce((sum, one) => sum + (one.last - one.first + 1n), 0n);
      if (gone === drawn.last - drawn.first + 1n) {
        const ends = { first: formatValue(first), last: formatValue(last) };
        const hints = ['loopback, multicast, broadcast and 0.0.0.0/8 are never drawn'];
        this.found.push(report('PG5118', ends, this.#span('dst_max'), { hints }));
      }
    }
    this.#bits();
    for (const side of ['src', 'dst']) this.#macs(`${side}_mac`, `${side}_mac_count`);
  }

  /** pktgen draws `(random | dst6_min) & dst6_max`. */
  #bits(): void {
    const [min, max] = [this.#value('dst6_min'), this.#value('dst6_max')];
    if (min === null || max === null || this.#exact() || (order(min) & ~order(max)) === 0n) return;
    const hints = [
      'destinations are drawn bit by bit: `dst6_max` has all bits that may be set, `dst6_min` those that are',
    ];
    const ends = { min: formatValue(min), max: formatValue(max) };
    this.found.push(report('PG5120', ends, this.#span('dst6_max'), { hints }));
  }

  /** Addresses follow each other in their lower five bytes. */
  #macs(base: string, count: string): void {
    const [first, many] = [this.#value(base), this.#number(count)];
    if (first === null || many === null) return;
    const room = 2n ** 40n - (order(first) & (2n ** 40n - 1n));
    if (BigInt(many) <= room) return;
    this.found.push(report('PG5121', { base, first: formatValue(first), count }, this.#span(count)));
  }

  flagged(whole: boolean): void {
    for (const [name, { on, text, span }] of this.#flags) {
      const wanted = flagNeeds[name];
      const excluded = this.#given.has('frame') && flags.get(name)?.shapesFrame === true;
      if (!whole || !on || excluded || wanted === undefined || wanted.some((other) => this.#given.has(other))) continue;
      const why = `without ${wanted.map((other) => `\`${other}\``).join(' or ')}`;
      this.found.push(report('PG5119', { name: `flag ${text}`, why }, span));
    }
    const labels = this.#given.get('mpls')?.values ?? [];
    const drawn = this.#flags.get('MPLS_RND');
    if (
      drawn?.on === true &&
      labels.length > 0 &&
      labels.every((entry) => entry !== null && (order(entry) & bottom) === 0n)
    ) {
      const why = 'no entry of `mpls` has the S bit, as `0x00010100` has';
      this.found.push(report('PG5119', { name: 'flag MPLS_RND', why }, drawn.span));
    }
    const idle: Readonly<Record<string, string>> = {
      frags: 'how a frame lies in memory is up to the kernel, and its bytes are the same',
      node: 'devices share the buffers of their interface, whose memory the kernel places',
    };
    for (const [name, why] of Object.entries(idle)) {
      const told = this.#number(name);
      if (told !== null && (told !== 0 || name === 'node')) {
        this.found.push(report('PG5119', { name, why }, this.#span(name)));
      }
    }
  }

  missing(): void {
    for (const [name, others] of needs) {
      if (!this.#given.has(name) || others.some((other) => this.#given.has(other))) continue;
      this.found.push(
        report('PG5110', { name, other: others.map((other) => `\`${other}\``).join(' or ') }, this.#span(name)),
      );
    }
  }

  #exclude(a: string, b: string | null, why: string): void {
    if (b !== null && this.#given.has(a)) this.#contradict(a, b, this.#span(b), why);
  }

  #contradict(a: string, b: string, span: Span, why: string): void {
    const labels = [{ span: this.#span(a), text: 'the other one' }];
    this.found.push(report('PG5113', { a, b, why }, span, { labels }));
  }

  #firstOf(names: readonly string[]): string | null {
    return names.find((name) => this.#given.has(name)) ?? null;
  }

  #exact(): boolean {
    return this.#given.has('pktgen_compat');
  }

  #span(name: string): Span {
    return (this.#given.get(name) as GivenParameter).span;
  }

  #value(name: string): Value | null {
    return this.#given.get(name)?.values[0] ?? null;
  }

  #number(name: string): number | null {
    const value = this.#value(name);
    return value !== null && 'value' in value && typeof value.value === 'number' ? value.value : null;
  }
}

/** A number or an address as an integer, by which ranges are ordered. */
function order(value: Value): bigint {
  return addressNumber(value) ?? BigInt((value as { readonly value: number }).value);
}
