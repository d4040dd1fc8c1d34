// SPDX-License-Identifier: Apache-2.0

import { ipv4Words, ipv6Addresses, ipv6Words, vlanWords } from '../../lang/device-rules.ts';
import { off, switched } from '../../lang/flags.ts';
import { paceParameters } from '../../lang/parameters.ts';
import type { Span } from '../../lang/source.ts';
import type { Value } from '../../lang/value.ts';

/** A parameter as an operation gives it, its values evaluated. */
export interface Setting {
  readonly name: string;
  readonly values: readonly Value[];
  readonly span: Span;
}
/** All that a device was told, by the names of the parameters; each as it was last given. */
export type Settings = ReadonlyMap<string, Setting>;

const rangeEnds = ['min_pkt_size', 'max_pkt_size'];
/** Flags that only IPv4 frames know. */
const ipv4Flags = ['IPSRC_RND', 'IPDST_RND', 'FLOW_SEQ'];
/** The one flag that is on unless it is switched off. */
const onAtFirst = 'SHARED';

/** What a parameter takes the place of, where a device had it before. */
export const replaces: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(paceParameters.map((name) => [name, paceParameters])),
  dst: ['dst_min'],
  dst_min: ['dst'],
  dst6: ['dst6_min', 'dst6_max', ...ipv4Words],
  dst6_min: ['dst6', ...ipv4Words],
  dst6_max: ['dst6'],
  src6: ipv4Words,
  pkt_size: [...rangeEnds, 'imix_weights'],
  min_pkt_size: ['pkt_size', 'imix_weights'],
  max_pkt_size: ['pkt_size', 'imix_weights'],
  imix_weights: rangeEnds,
  vlan_id: ['mpls'],
  mpls: vlanWords,
};

/**
 * A device's parameters after a change: what is given anew counts, and what it takes the place of goes, as in the kernel,
 * where for instance VLAN tags and MPLS labels end each other. Everything else stays.
 */
export function changed(before: Settings, change: readonly Setting[]): Settings {
  const after = new Map(before);
  const given = new Set(change.map(({ name }) => name));
  const single = before.get('pkt_size');
  for (const { name, values } of change) {
    for (const other of replaces[name] ?? []) if (!given.has(other)) after.delete(other);
    const leavesIpv6 = name === 'flag' && values.some((value) => value.type === 'string' && value.value === '!IPV6');
    if (leavesIpv6) for (const word of ipv6Words) after.delete(word);
  }
  // In pktgen `pkt_size` is both ends of a range.
  if (single !== undefined && rangeEnds.some((name) => given.has(name))) {
    for (const name of rangeEnds) after.set(name, { ...single, name });
  }
  for (const setting of change) after.set(setting.name, setting.name === 'flag' ? flagged(before, setting) : setting);
  if (ipv6Addresses.some((name) => given.has(name))) dropIpv4Flags(after, change);
  return after;
}

/** Flags add up; what remains are those that are on, and SHARED where it is off. */
function flagged(before: Settings, setting: Setting): Setting {
  const on = new Map<string, boolean>();
  for (const value of [...(before.get('flag')?.values ?? []), ...setting.values]) {
    if (value.type !== 'string') continue;
    const flag = switched(value.value);
    on.set(flag.name, flag.on);
  }
  const kept = [...on].filter(([name, is]) => is !== (name === onAtFirst) && name !== 'IPV6');
  return { ...setting, values: kept.map(([name, is]) => ({ type: 'string', value: is ? name : `${off}${name}` })) };
}

/** Frames that become IPv6 leave behind the flags that the kernel no longer looks at. */
function dropIpv4Flags(after: Map<string, Setting>, change: readonly Setting[]): void {
  const setting = after.get('flag');
  if (setting === undefined) return;
  const given = change.flatMap(({ name, values }) => (name === 'flag' ? values : []));
  const named = new Set(given.map((value) => (value.type === 'string' ? switched(value.value).name : '')));
  const values = setting.values.filter((value) => {
    return value.type !== 'string' || !ipv4Flags.includes(value.value) || named.has(value.value);
  });
  after.set('flag', { ...setting, values });
}
