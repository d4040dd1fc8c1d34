// SPDX-License-Identifier: Apache-2.0

import { atLeastOne, type Bounds, count, notNegative, positive, share } from './bounds.ts';
import type { ScalarType } from './value.ts';

/** What a device can be told, by pktgen's names where pktgen has one. */
export interface DeviceParameter {
  readonly name: string;
  readonly help: string;
  readonly takes:
    | { readonly kind: 'value'; readonly types: readonly ScalarType[]; readonly bounds: Bounds | null }
    | { readonly kind: 'word'; readonly words: readonly string[] };
}

const value = (types: readonly ScalarType[], bounds: Bounds | null) => ({ kind: 'value', types, bounds }) as const;
const word = (...words: readonly string[]) => ({ kind: 'word', words }) as const;

const rows: readonly DeviceParameter[] = [
  { name: 'frame', help: 'what it sends', takes: value(['frame'], null) },
  { name: 'pkt_size', help: 'bytes of each frame without FCS; padded to it', takes: value(['size'], atLeastOne) },
  { name: 'rate', help: 'packets or bits a second, 0 pauses', takes: value(['pps', 'bps'], notNegative) },
  { name: 'ratep', help: 'passes a second, as in pktgen', takes: value(['pps'], positive) },
  { name: 'delay', help: 'time from one pass to the next', takes: value(['duration'], notNegative) },
  { name: 'count', help: 'packets to send, 0 until stopped', takes: value(['number'], count) },
  { name: 'burst', help: 'packets of one pass', takes: value(['number'], atLeastOne) },
  { name: 'late', help: 'what becomes of packets behind schedule', takes: word('catch_up', 'skip', 'shift') },
  { name: 'shortfall', help: 'how far below asked it may stay', takes: value(['percent'], share) },
  { name: 'driver', help: 'how frames leave', takes: word('auto', 'null', 'pcap', 'packet') },
  { name: 'xmit_mode', help: 'through the qdisc or around it', takes: word('start_xmit', 'queue_xmit') },
  { name: 'file', help: 'where driver pcap writes', takes: value(['string'], null) },
];

export const deviceParameters: ReadonlyMap<string, DeviceParameter> = new Map(rows.map((row) => [row.name, row]));

/** Parameters of which a device takes one: each sets the pace. */
export const paceParameters: readonly string[] = ['rate', 'ratep', 'delay'];
