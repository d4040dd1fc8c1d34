// SPDX-License-Identifier: Apache-2.0

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NumaFact } from '../engine.ts';

/** The machine's NUMA nodes, and the node of each place on its PCI bus as the firmware has it (-1: it names none). */
export interface Topology {
  readonly nodes: ReadonlyMap<number, readonly number[]>;
  nodeOf(bus: string): number | null;
}

/**
 * Reads the nodes from /sys/devices and /sys/bus/pci, which are the same in every network namespace. A kernel without NUMA
 * has no node there, and its CPUs are one.
 */
export function machineTopology(sys = '/sys'): Topology {
  const folder = join(sys, 'devices/system/node');
  const names = listed(folder).filter((name) => /^node\d+$/.test(name));
  const cpus = (path: string): readonly number[] => cpuList(text(path) ?? '');
  const nodes = new Map(names.map((name) => [Number(name.slice(4)), cpus(join(folder, name, 'cpulist'))]));
  if (nodes.size === 0) nodes.set(0, cpus(join(sys, 'devices/system/cpu/online')));
  return {
    nodes,
    nodeOf: (bus) => {
      const written = /^[0-9a-f:.]+$/i.test(bus) ? text(join(sys, 'bus/pci/devices', bus, 'numa_node')) : null;
      return written === null ? null : Number(written);
    },
  };
}

/**
 * The CPUs of the node that an adapter hangs on, as far as they are among `allowed`. On a machine with one node every
 * interface is on it, whatever it is. With several, an interface without an adapter, and an adapter whose firmware names no
 * node, have none: to take node 0, as scripts for pktgen do, would be a guess.
 */
export function numaFact(bus: string, { nodes, nodeOf }: Topology, allowed: readonly number[]): NumaFact {
  const only = nodes.size === 1 ? [...nodes.keys()][0] : undefined;
  const node = only ?? nodeOf(bus);
  if (node === null) return { kind: 'unknown', reason: 'it is no adapter, so none of the NUMA nodes is its own' };
  const cpus = nodes.get(node);
  if (cpus === undefined) {
    return { kind: 'unknown', reason: 'the firmware does not say which of the NUMA nodes its adapter is on' };
  }
  const usable = cpus.filter((cpu) => allowed.includes(cpu));
  if (usable.length > 0) return { kind: 'cpus', cpus: usable };
  return { kind: 'unknown', reason: `this process may run on none of the CPUs of its NUMA node ${node}` };
}

/** The kernel's way to write CPUs: `0-3,6`. */
export function cpuList(written: string): readonly number[] {
  const parts = written.trim().split(',');
  return parts
    .filter((part) => part !== '')
    .flatMap((part) => {
      const [first, last] = part.split('-').map(Number) as [number, number?];
      return Array.from({ length: (last ?? first) - first + 1 }, (_, i) => first + i);
    });
}

function listed(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function text(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}
