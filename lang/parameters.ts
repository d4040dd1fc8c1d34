// SPDX-License-Identifier: Apache-2.0

import { atLeastOne, type Bounds, between, count, notNegative, positive, share } from './bounds.ts';
import type { ScalarType } from './value.ts';

/** What a device can be told, by pktgen's names where pktgen has one. */
export interface DeviceParameter {
  readonly name: string;
  readonly help: string;
  readonly takes: Takes;
  /** Whether it shapes pktgen's own frame, so that `frame` excludes it. */
  readonly shapesFrame: boolean;
}

/**
 * What stands behind a parameter's name. `value`: one value, or up to `most` with commas; `hexadecimal` ones want `0x`, since
 * pktgen reads them so without. `word`: one of some words; those of `refused` are pktgen's, with the reason why they are
 * not offered. `flags`: flags, of which `!` switches one off. `imix`: sizes and their weights, `60B:7`, up to `most`.
 * `nothing`: pktgen has it, and it is not offered.
 */
export type Takes =
  | {
      readonly kind: 'value';
      readonly types: readonly ScalarType[];
      readonly bounds: Bounds | null;
      readonly most: number;
      readonly hexadecimal: boolean;
    }
  | { readonly kind: 'word'; readonly words: readonly string[]; readonly refused: Readonly<Record<string, string>> }
  | { readonly kind: 'flags' }
  | { readonly kind: 'imix'; readonly most: number }
  | { readonly kind: 'nothing'; readonly reason: string };

const value = (types: readonly ScalarType[], bounds: Bounds | null): Takes => {
  return { kind: 'value', types, bounds, most: 1, hexadecimal: false };
};
const number = (bounds: Bounds): Takes => value(['number'], bounds);
const hexadecimal = (bounds: Bounds, most = 1): Takes => {
  return { kind: 'value', types: ['number'], bounds, most, hexadecimal: true };
};
const word = (...words: readonly string[]): Takes => ({ kind: 'word', words, refused: {} });
const address = (type: 'mac' | 'ipv4' | 'ipv6'): Takes => value([type], null);

const row = (name: string, help: string, takes: Takes): DeviceParameter => ({ name, help, takes, shapesFrame: false });
/** A parameter of pktgen's own frame. */
const own = (name: string, help: string, takes: Takes): DeviceParameter => ({ name, help, takes, shapesFrame: true });

const mostOfWord = 0xffff_ffff;
/** UDP ports, and what the kernel takes for transmit queues. */
const port = between(0, 0xffff);
const macs = between(0, mostOfWord);
const vlanId = between(0, 4095);
const vlanPriority = between(0, 7);
const bit = between(0, 1);
const octet = between(0, 0xff);
/** The kernel takes no entry of 0: it clears the stack. */
const mplsEntry = between(1, mostOfWord);
/** pktgen's MAX_MPLS_LABELS and MAX_IMIX_ENTRIES. */
const mostLabels = 16;
const mostSizes = 20;
/** pktgen's MAX_CFLOWS. */
const flowCount = between(0, 65_536);
/** pktgen reads nine digits. */
const priority = between(0, 999_999_999);
/** Clones are counted in 32 bits by the kernel and by senders. */
const clones = between(0, 0x7fff_ffff);

const netifReceive = 'it hands frames to the receive path of the interface, which none of the drivers here can do';
const securityAssociation = "it names one of the kernel's security associations, and frames are not encrypted here";
const moduleLog = 'it has the kernel module write to its log, and there is no module here';

const rows: readonly DeviceParameter[] = [
  row('frame', 'what it sends, instead of the frame that the words of pktgen make', value(['frame'], null)),
  row('pkt_size', 'bytes of each frame without FCS; padded to it', value(['size'], atLeastOne)),
  row('min_pkt_size', 'the shortest of frames of several sizes', value(['size'], atLeastOne)),
  row('max_pkt_size', 'the longest of frames of several sizes', value(['size'], atLeastOne)),
  row('imix_weights', 'sizes and how often each comes among the others', { kind: 'imix', most: mostSizes }),
  row('rate', 'packets or bits a second, 0 pauses', value(['pps', 'bps'], notNegative)),
  row('ratep', 'passes a second, as in pktgen', value(['pps'], positive)),
  row('delay', 'time from one pass to the next', value(['duration'], notNegative)),
  row('count', 'packets to send, 0 until stopped', number(count)),
  row('burst', 'packets of one pass', number(atLeastOne)),
  row('clone_skb', 'how often each built frame is sent; 0 and 1 are once', number(clones)),
  row('frags', 'pieces in which the kernel would keep a frame', number(count)),
  row('flag', 'flags, several with commas; `!` switches one off', { kind: 'flags' }),
  own('dst_mac', 'destination MAC address', address('mac')),
  own('src_mac', 'source MAC address', address('mac')),
  own('dst_mac_count', 'how many destination MAC addresses follow each other', number(macs)),
  own('src_mac_count', 'how many source MAC addresses follow each other', number(macs)),
  own('dst', 'IPv4 destination, or the first of several', address('ipv4')),
  own('dst_min', 'the same as `dst`', address('ipv4')),
  own('dst_max', 'the last of several IPv4 destinations', address('ipv4')),
  own('src_min', 'IPv4 source, or the first of several', address('ipv4')),
  own('src_max', 'the last of several IPv4 sources', address('ipv4')),
  own('tos', 'type of service of IPv4', hexadecimal(octet)),
  own('dst6', 'IPv6 destination', address('ipv6')),
  own('dst6_min', 'bits that every drawn IPv6 destination has', address('ipv6')),
  own('dst6_max', 'bits that drawn IPv6 destinations may have', address('ipv6')),
  own('src6', 'IPv6 source', address('ipv6')),
  own('traffic_class', 'traffic class of IPv6', hexadecimal(octet)),
  own('udp_src_min', 'source port, or the first of several', number(port)),
  own('udp_src_max', 'end of several source ports, never used itself', number(port)),
  own('udp_dst_min', 'destination port, or the first of several', number(port)),
  own('udp_dst_max', 'end of several destination ports, never used itself', number(port)),
  own('flows', 'flows at once, each with one IPv4 destination', number(flowCount)),
  own('flowlen', 'packets of a flow', number(between(0, mostOfWord))),
  own('vlan_id', 'tags frames with this VLAN', number(vlanId)),
  own('vlan_p', 'priority in the tag', number(vlanPriority)),
  own('vlan_cfi', 'CFI, today DEI, in the tag', number(bit)),
  own('svlan_id', 'tags frames with a second, outer VLAN', number(vlanId)),
  own('svlan_p', 'priority in the outer tag', number(vlanPriority)),
  own('svlan_cfi', 'CFI, today DEI, in the outer tag', number(bit)),
  own('mpls', 'MPLS label stack as whole 32-bit entries, outermost first', hexadecimal(mplsEntry, mostLabels)),
  own('spi', 'a security association of the kernel', { kind: 'nothing', reason: securityAssociation }),
  row('debug', "the kernel module's own log", { kind: 'nothing', reason: moduleLog }),
  row('queue_map_min', 'first of the transmit queues', number(port)),
  row('queue_map_max', 'last of the transmit queues', number(port)),
  row('skb_priority', 'priority of its frames for the qdisc', number(priority)),
  row('node', "NUMA node of the frames' memory", number(between(0, 1023))),
  row('late', 'what becomes of packets behind schedule', word('catch_up', 'skip', 'shift')),
  row('shortfall', 'how far below asked it may stay', value(['percent'], share)),
  row('driver', 'how frames leave', word('auto', 'null', 'pcap', 'packet')),
  row('xmit_mode', 'through the qdisc or around it', {
    kind: 'word',
    words: ['start_xmit', 'queue_xmit'],
    refused: { netif_receive: netifReceive },
  }),
  row('file', 'where driver pcap writes', value(['string'], null)),
  row('pktgen_compat', "keeps the kernel's rules where frames are better here", word('exact')),
];

export const deviceParameters: ReadonlyMap<string, DeviceParameter> = new Map(rows.map((one) => [one.name, one]));

/** Parameters of which a device takes one: each sets the pace. */
export const paceParameters: readonly string[] = ['rate', 'ratep', 'delay'];
