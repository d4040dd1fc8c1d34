// SPDX-License-Identifier: Apache-2.0

import type { Field } from './kernel-cases.ts';

/** What is drawn in the recorded cases, and the rules by which draws are judged. */

/** The checksum of the IPv4 header, which follows its addresses and lengths. */
export const headerSum: Field = { offset: 24, bytes: 2 };

const address = (text: string): number => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

interface Drawn {
  readonly field: Field;
  readonly first: number;
  readonly last: number;
}

export const drawnFields: Readonly<Record<string, Drawn>> = {
  ipsrc_rnd: { field: { offset: 26, bytes: 4 }, first: address('198.18.0.0'), last: address('198.19.255.254') },
  ipdst_rnd: { field: { offset: 30, bytes: 4 }, first: address('198.18.0.0'), last: address('198.18.0.8') },
  udp_src_rnd: { field: { offset: 34, bytes: 2 }, first: 100, last: 109 },
  macsrc_rnd: { field: { offset: 11, bytes: 1 }, first: 0x55, last: 0x5c },
};

/** Of the recorded mixture: what it is told besides, and how many of a hundred frames have each size. */
export const mixtures: readonly (readonly [string, readonly string[], Readonly<Record<number, number>>])[] = [
  ['imix', [], { 60: 700 / 12, 576: 400 / 12, 1500: 100 / 12 }],
  ['imix, exact', ['pktgen_compat exact'], { 60: 58, 576: 33, 1500: 9 }],
];

/**
 * The greatest chi-square for so many degrees of freedom that chance passes once in a million (Wilson and Hilferty 1931);
 * at a fixed seed the same frames are drawn every time.
 */
function bound(freedom: number): number {
  const deviations = 4.75;
  const part = 2 / (9 * freedom);
  return freedom * (1 - part + deviations * Math.sqrt(part)) ** 3;
}

/** Whether counts fit what is expected of each, by chi-square. */
export function fits(counts: readonly number[], expected: readonly number[]): boolean {
  const found = counts.reduce(
    (sum, count, i) => sum + (count - (expected[i] as number)) ** 2 / (expected[i] as number),
    0,
  );
  return found < bound(counts.length - 1);
}

/** Ranges of more values are looked at in so many parts. */
const mostParts = 64;

/** Whether all values lie in a range and are spread evenly over it. */
export function isUniform(values: readonly number[], first: number, last: number): boolean {
  if (values.some((value) => value < first || value > last)) return false;
  const range = last - first + 1;
  const parts = Math.min(range, mostParts);
  const counts = new Array<number>(parts).fill(0);
  const widths = new Array<number>(parts).fill(0);
  // Of a range that does not divide evenly some parts are wider by one value.
  for (let part = 0; part < parts; part++) {
    widths[part] = Math.ceil(((part + 1) * range) / parts) - Math.ceil((part * range) / parts);
  }
  for (const value of values) {
    const part = Math.floor(((value - first) * parts) / range);
    counts[part] = (counts[part] as number) + 1;
  }
  return fits(
    counts,
    widths.map((width) => (values.length * width) / range),
  );
}
