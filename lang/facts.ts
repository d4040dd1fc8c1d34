// SPDX-License-Identifier: Apache-2.0

import type { ScalarType } from './value.ts';

/** What is known of a network interface, by rtnetlink and ethtool; the run reads it when it is asked for. */
export interface Fact {
  readonly name: string;
  readonly type: ScalarType;
  readonly help: string;
}

const rows: readonly Fact[] = [
  { name: 'mac', type: 'mac', help: 'its MAC address' },
  { name: 'mtu', type: 'size', help: 'largest payload of a frame' },
  { name: 'speed', type: 'bps', help: 'bits a second of the link; a veth has none' },
  { name: 'queues', type: 'number', help: 'transmit queues' },
  { name: 'up', type: 'bool', help: 'whether it is up and has a carrier' },
];

export const facts: ReadonlyMap<string, Fact> = new Map(rows.map((fact) => [fact.name, fact]));
