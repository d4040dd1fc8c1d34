// SPDX-License-Identifier: Apache-2.0

import { assertNever } from '../../lang/types.ts';
import type { XmitMode } from '../engine.ts';
import type { SizeCount } from '../engines/frame-values.ts';

/**
 * The texts of /proc/net/pktgen (net/core/pktgen.c, pgctrl_show, pktgen_thread_show, pktgen_if_show), line by line, for
 * parsers of pktgen's output. Pure: what there is goes in, the lines come out.
 */

/** The module's name and version, as Linux 6.1 has them. */
export const pgctrlText = 'Packet Generator for packet performance testing. Version: 2.75';

export interface PktgenThread {
  readonly running: readonly string[];
  readonly stopped: readonly string[];
  /** Null: nothing was told to it yet. */
  readonly result: string | null;
}

/** Names in the order of the thread's list: the newest first. */
export function threadText({ running, stopped, result }: PktgenThread): readonly string[] {
  const names = (of: readonly string[]): string => of.map((name) => `${name} `).join('');
  return [`Running: ${names(running)}`, `Stopped: ${names(stopped)}`, `Result: ${result ?? 'NA'}`];
}

/** Addresses as text. `dst` and `src` of IPv4 are empty where the kernel would have been told nothing. */
export type PktgenAddresses =
  | {
      readonly version: 4;
      readonly dstMin: string;
      readonly dstMax: string;
      readonly srcMin: string;
      readonly srcMax: string;
    }
  | {
      readonly version: 6;
      readonly src: string;
      readonly dst: string;
      readonly dstMin: string;
      readonly dstMax: string;
    };

export interface PktgenTag {
  readonly id: number;
  readonly priority: number;
  readonly cfi: number;
}
export interface PktgenPorts {
  readonly min: number;
  readonly max: number;
}

/** What a device was told. Sizes in bytes, `delay` in nanoseconds, null: never. */
export interface PktgenParams {
  readonly name: string;
  readonly count: number;
  readonly minSize: number;
  readonly maxSize: number;
  readonly imix: readonly { readonly size: number; readonly weight: number }[];
  readonly frags: number;
  readonly delay: bigint | null;
  readonly cloneSkb: number;
  readonly flows: number;
  readonly flowLength: number;
  readonly queueMin: number;
  readonly queueMax: number;
  readonly priority: number;
  readonly addresses: PktgenAddresses;
  readonly srcMac: string;
  readonly dstMac: string;
  readonly udpSrc: PktgenPorts;
  readonly udpDst: PktgenPorts;
  readonly srcMacCount: number;
  readonly dstMacCount: number;
  readonly mpls: readonly number[];
  readonly vlan: PktgenTag | null;
  readonly svlan: PktgenTag | null;
  readonly tos: number;
  readonly trafficClass: number;
  readonly burst: number;
  readonly node: number | null;
  readonly xmitMode: XmitMode;
  /** Those that are on. */
  readonly flags: ReadonlySet<string>;
}

/** Where a device stands. Times in nanoseconds of one clock; `stopped` is now while it runs. */
export interface PktgenCurrent {
  readonly sent: number;
  readonly errors: number;
  readonly bytes: number;
  readonly sizeCounts: readonly SizeCount[];
  readonly started: bigint;
  readonly stopped: bigint;
  readonly idle: bigint;
  /** Of the next packet; 0 before the first start. */
  readonly sequence: number;
  readonly dstMacOffset: number;
  readonly srcMacOffset: number;
  readonly src: string;
  readonly dst: string;
  readonly udpSrc: number;
  readonly udpDst: number;
  readonly queue: number;
  readonly flows: number;
  /** Bytes of the last packet. */
  readonly size: number;
}

const nsPerUs = 1000n;
const nsPerSecond = 1_000_000_000n;
/** What the kernel shows of a delay of 2147483647: ULLONG_MAX, never. */
const never = 2n ** 64n - 1n;

/** Flags in the order of their bits (net/core/pktgen.h of Linux 6.1; SHARED came later and is not shown). */
const flagNames: readonly string[] = [
  'IPV6',
  'IPSRC_RND',
  'IPDST_RND',
  'TXSIZE_RND',
  'UDPSRC_RND',
  'UDPDST_RND',
  'UDPCSUM',
  'NO_TIMESTAMP',
  'MPLS_RND',
  'QUEUE_MAP_RND',
  'QUEUE_MAP_CPU',
  'FLOW_SEQ',
  'IPSEC',
  'MACSRC_RND',
  'MACDST_RND',
  'VID_RND',
  'SVID_RND',
  'NODE',
];

/** The flags' bits, as `OK: flags=` has them. */
export function flagBits(flags: ReadonlySet<string>): number {
  return flagNames.reduce((bits, name, at) => (flags.has(name) ? bits | (1 << at) : bits), 0);
}

/** The device file; `result` is the text behind `Result: `, of one line or two. */
export function deviceText(params: PktgenParams, current: PktgenCurrent, result: string): readonly string[] {
  return [...paramLines(params), ...currentLines(params, current), ...`Result: ${result}`.split('\n')];
}

function paramLines(params: PktgenParams): readonly string[] {
  const { imix, delay, mpls, vlan, svlan, udpSrc, udpDst } = params;
  const lines = [
    `Params: count ${params.count}  min_pkt_size: ${params.minSize}  max_pkt_size: ${params.maxSize}`,
    imix.length > 0 && `imix_weights: ${imix.map(({ size, weight }) => `${size},${weight} `).join('')}`,
    `frags: ${params.frags}  delay: ${delay ?? never}  clone_skb: ${params.cloneSkb}  ifname: ${params.name}`,
    `flows: ${params.flows} flowlen: ${params.flowLength}`,
    `queue_map_min: ${params.queueMin}  queue_map_max: ${params.queueMax}`,
    params.priority > 0 && `skb_priority: ${params.priority}`,
    ...addressLines(params.addresses),
    `src_mac: ${params.srcMac} dst_mac: ${params.dstMac}`,
    `udp_src_min: ${udpSrc.min}  udp_src_max: ${udpSrc.max}  udp_dst_min: ${udpDst.min}  udp_dst_max: ${udpDst.max}`,
    `src_mac_count: ${params.srcMacCount}  dst_mac_count: ${params.dstMacCount}`,
    mpls.length > 0 && `mpls: ${mpls.map((entry) => hexadecimal(entry, 8)).join(', ')}`,
    vlan !== null && `vlan_id: ${vlan.id}  vlan_p: ${vlan.priority}  vlan_cfi: ${vlan.cfi}`,
    // The kernel names the parts of the outer tag as those of the inner one.
    svlan !== null && `svlan_id: ${svlan.id}  vlan_p: ${svlan.priority}  vlan_cfi: ${svlan.cfi}`,
    params.tos > 0 && `tos: 0x${hexadecimal(params.tos, 2)}`,
    params.trafficClass > 0 && `traffic_class: 0x${hexadecimal(params.trafficClass, 2)}`,
    params.burst > 1 && `burst: ${params.burst}`,
    params.node !== null && `node: ${params.node}`,
    // Not the word that one writes.
    params.xmitMode === 'queue_xmit' && 'xmit_mode: xmit_queue',
    `Flags: ${shownFlags(params)
      .map((name) => `${name}  `)
      .join('')}`,
  ];
  return indented(lines);
}

function addressLines(addresses: PktgenAddresses): readonly string[] {
  switch (addresses.version) {
    case 4:
      return [
        `dst_min: ${addresses.dstMin}  dst_max: ${addresses.dstMax}`,
        `src_min: ${addresses.srcMin}  src_max: ${addresses.srcMax}`,
      ];
    case 6:
      // Nothing sets the ends of a range of sources.
      return [
        `saddr: ${addresses.src}  min_saddr: ::  max_saddr: ::`,
        `daddr: ${addresses.dst}  min_daddr: ${addresses.dstMin}  max_daddr: ${addresses.dstMax}`,
      ];
    default:
      return assertNever(addresses);
  }
}

/** How flows go on is shown only where there are flows. */
function shownFlags({ flags, flows }: PktgenParams): readonly string[] {
  return flagNames.flatMap((name) => {
    if (name !== 'FLOW_SEQ') return flags.has(name) ? [name] : [];
    if (flows === 0) return [];
    return [flags.has(name) ? 'FLOW_SEQ' : 'FLOW_RND'];
  });
}

function currentLines({ imix }: PktgenParams, current: PktgenCurrent): readonly string[] {
  const { started, stopped, idle } = current;
  const counts = current.sizeCounts.map(({ size, count }) => `${size},${count} `).join('');
  return indented([
    'Current:',
    `pkts-sofar: ${current.sent}  errors: ${current.errors}`,
    imix.length > 0 && `imix_size_counts: ${counts}`,
    `started: ${started / nsPerUs}us  stopped: ${stopped / nsPerUs}us idle: ${idle / nsPerUs}us`,
    `seq_num: ${current.sequence}  cur_dst_mac_offset: ${current.dstMacOffset}  cur_src_mac_offset: ${current.srcMacOffset}`,
    `cur_saddr: ${current.src}  cur_daddr: ${current.dst}`,
    `cur_udp_dst: ${current.udpDst}  cur_udp_src: ${current.udpSrc}`,
    `cur_queue_map: ${current.queue}`,
    `flows: ${current.flows}`,
  ]);
}

/** The first line stands at the margin. */
function indented(lines: readonly (string | false)[]): readonly string[] {
  const [first, ...rest] = lines.flatMap((line) => (line === false ? [] : [line]));
  return [first as string, ...rest.map((line) => `     ${line}`)];
}

/**
 * What stands behind `Result: ` after a stop (show_results), with the kernel's arithmetic but not its overflows: packets a
 * second over the whole time, bits from the size of the last packet, with imix from the bytes that were sent.
 */
export function runReport(params: Pick<PktgenParams, 'imix' | 'frags'>, current: PktgenCurrent): string {
  const { started, stopped, idle, sent, size, bytes } = current;
  const elapsed = stopped - started;
  const per = (count: bigint): bigint => (elapsed === 0n ? 0n : (count * nsPerSecond) / elapsed);
  const pps = per(BigInt(sent));
  const bps = params.imix.length > 0 ? per(BigInt(bytes) * 8n) : pps * 8n * BigInt(size);
  const busy = idle > elapsed ? 0n : elapsed - idle;
  const took = `${elapsed / nsPerUs}(c${busy / nsPerUs}+d${idle / nsPerUs}) usec`;
  return [
    `OK: ${took}, ${sent} (${size}byte,${params.frags}frags)`,
    `  ${pps}pps ${bps / 1_000_000n}Mb/sec (${bps}bps) errors: ${current.errors}`,
  ].join('\n');
}

export function hexadecimal(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
