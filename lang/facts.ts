// SPDX-License-Identifier: Apache-2.0

import type { Type } from './value.ts';

/** What is known of a network interface, by rtnetlink and ethtool; the run reads it when it is asked for. */
export interface Fact {
  readonly name: string;
  readonly type: Type;
  readonly help: string;
  /** Whether it is asked with a text in parentheses. */
  readonly called: boolean;
}

const rows: readonly Omit<Fact, 'called'>[] = [
  { name: 'mac', type: 'mac', help: 'its MAC address' },
  { name: 'ip', type: 'ipv4', help: 'its first IPv4 address' },
  { name: 'mtu', type: 'size', help: 'largest payload of a frame' },
  { name: 'speed', type: 'bps', help: 'bits a second of the link; a veth has none' },
  { name: 'queues', type: 'number', help: 'transmit queues' },
  {
    name: 'numa_cpus',
    type: { kind: 'list', of: 'number' },
    help: "CPUs of its adapter's NUMA node where senders may run",
  },
  { name: 'up', type: 'bool', help: 'whether it is up and has a carrier' },
];

const called: readonly Omit<Fact, 'called'>[] = [
  { name: 'stat', type: 'number', help: 'a counter of the interface, since the run began' },
];

export const facts: ReadonlyMap<string, Fact> = new Map(
  [...rows.map((fact) => ({ ...fact, called: false })), ...called.map((fact) => ({ ...fact, called: true }))].map(
    (fact) => [fact.name, fact],
  ),
);
