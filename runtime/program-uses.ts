// SPDX-License-Identifier: Apache-2.0

import type { Program } from '../lang/op.ts';

/** Figures that compare now with a while ago: devices have to be sampled for them. */
const lookingBack: ReadonlySet<unknown> = new Set(['pps', 'lost', 'loss']);

const asking = new WeakMap<object, boolean>();

/** Whether counters of interfaces are asked for somewhere in an operation, a program or another part of one. */
export function asksStatistics(node: unknown): boolean {
  if (typeof node !== 'object' || node === null) return false;
  const known = asking.get(node);
  if (known !== undefined) return known;
  const { kind, fact } = node as Readonly<Record<string, unknown>>;
  const asks = (kind === 'fact' && fact === 'stat') || Object.values(node).some(asksStatistics);
  asking.set(node, asks);
  return asks;
}

/** What a program will need to know. */
export interface Uses {
  readonly looksBack: boolean;
  /** Interfaces named in the text. */
  readonly interfaces: readonly string[];
}

/** What a program will need to know, gathered from wherever it stands: programs are plain data. */
export function programUses({ params, functions, scenarios }: Program): Uses {
  // Not the declarations themselves: a parameter of type `interface` is not an interface of its name.
  return usesOf([params.map(({ value }) => value), functions.map(({ body }) => body), scenarios]);
}

/** As `programUses`, of any part of a program. */
export function usesOf(part: unknown): Uses {
  let looksBack = false;
  const interfaces = new Set<string>();
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { kind, metric, type, name } = node as Readonly<Record<string, unknown>>;
    if (kind === 'metric' && lookingBack.has(metric)) looksBack = true;
    if (type === 'interface' && typeof name === 'string') interfaces.add(name);
    for (const one of Object.values(node)) visit(one);
  };
  visit(part);
  return { looksBack, interfaces: [...interfaces] };
}
