// SPDX-License-Identifier: Apache-2.0

/** A flag of pktgen, by its name there. */
export interface Flag {
  readonly name: string;
  readonly help: string;
  /** Whether it shapes pktgen's own frame, so that `frame` excludes it. */
  readonly shapesFrame: boolean;
  /** Why it is not offered; null where it is. */
  readonly refused: string | null;
}

const flag = (name: string, help: string, refused: string | null = null): Flag => {
  return { name, help, shapesFrame: true, refused };
};
const anyFrame = (name: string, help: string): Flag => ({ name, help, shapesFrame: false, refused: null });

const rows: readonly Flag[] = [
  flag('IPSRC_RND', 'draws IPv4 sources from `src_min` to one below `src_max`'),
  flag('IPDST_RND', 'draws IPv4 destinations from `dst_min` to one below `dst_max`'),
  anyFrame('TXSIZE_RND', 'draws sizes from `min_pkt_size` to one below `max_pkt_size`'),
  flag('UDPSRC_RND', 'draws source ports from `udp_src_min` to one below `udp_src_max`'),
  flag('UDPDST_RND', 'draws destination ports from `udp_dst_min` to one below `udp_dst_max`'),
  flag('UDPCSUM', 'fills in the UDP checksum'),
  anyFrame('NO_TIMESTAMP', "leaves both times of pktgen's header 0"),
  flag('MPLS_RND', 'draws the MPLS entries that have the S bit'),
  anyFrame('QUEUE_MAP_RND', 'draws transmit queues from `queue_map_min` to `queue_map_max`'),
  anyFrame('QUEUE_MAP_CPU', "takes the transmit queue of the sender's CPU"),
  flag('FLOW_SEQ', 'sends `flowlen` packets of a flow, then goes to the next'),
  flag('FLOW_RND', 'draws a flow for each packet: without `FLOW_SEQ`'),
  flag('MACSRC_RND', 'draws among `src_mac_count` addresses'),
  flag('MACDST_RND', 'draws among `dst_mac_count` addresses'),
  flag('VID_RND', 'draws VLAN ids from 0 to 4095'),
  flag('SVID_RND', 'draws outer VLAN ids from 0 to 4095'),
  anyFrame('NODE', 'takes memory of NUMA node `node`'),
  anyFrame('SHARED', 'lets frames be sent more than once; on unless `!SHARED`'),
  flag(
    'IPV6',
    'only `!IPV6`: takes back `dst6` and the other IPv6 words',
    'it is on with `dst6`, `dst6_min` or `src6`',
  ),
  flag('IPSEC', 'encrypts', "the kernel's security associations take kernel packets, which no sender here makes"),
];

export const flags: ReadonlyMap<string, Flag> = new Map(rows.map((row) => [row.name, row]));

/** What stands before a flag that is switched off. */
export const off = '!';

/**
 * A flag as it is switched: `!SHARED` is SHARED, off. FLOW_RND is FLOW_SEQ the other way round, as in pktgen.
 *
 * @param text the flag's name, behind `!` where it goes off
 */
export function switched(text: string): { readonly name: string; readonly on: boolean } {
  const on = !text.startsWith(off);
  const name = on ? text : text.slice(off.length);
  return name === 'FLOW_RND' ? { name: 'FLOW_SEQ', on: !on } : { name, on };
}
