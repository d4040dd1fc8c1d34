// SPDX-License-Identifier: Apache-2.0

import type { FrameSizes } from './frame-program.ts';

/** A size in bytes without FCS, and how often it comes among the others. */
export interface ImixEntry {
  readonly size: number;
  readonly weight: number;
}

/**
 * What a device was told of sizes that vary, in bytes. `range`: pktgen's min_pkt_size and max_pkt_size, null where they were
 * not given. `imix`: pktgen's imix_weights; `slots` as the kernel hands sizes out, by 100 slots.
 */
export type SizeRule =
  | { readonly kind: 'range'; readonly min: number | null; readonly max: number | null; readonly random: boolean }
  | { readonly kind: 'imix'; readonly entries: readonly ImixEntry[]; readonly slots: boolean };

/** The ends of a frame's sizes, and how they vary in between. */
export interface FrameLengths {
  readonly shortest: number;
  readonly longest: number;
  /** Null where all frames have one size. */
  readonly sizes: FrameSizes | null;
}

/**
 * The lengths of a device's frames. Ranges keep pktgen's meaning (net/core/pktgen.c, mod_cur_headers): one after the other
 * they begin above the minimum and the maximum is used, drawn ones leave it out.
 *
 * @param least the size of frames that nobody gave one
 */
export function frameLengths(rule: SizeRule | undefined, pktSize: number | null, least: number): FrameLengths {
  if (rule === undefined) return only(pktSize ?? least);
  if (rule.kind === 'imix') return weighted(rule.slots ? slotted(rule.entries) : rule.entries);
  const min = rule.min ?? Math.min(least, rule.max ?? least);
  const max = rule.max ?? min;
  if (max <= min) return only(min);
  if (!rule.random) {
    return { shortest: min, longest: max, sizes: { kind: 'increment', first: min, last: max, start: min + 1 } };
  }
  const last = max - 1;
  if (last === min) return only(min);
  return { shortest: min, longest: last, sizes: { kind: 'random', first: min, last } };
}

function only(size: number): FrameLengths {
  return { shortest: size, longest: size, sizes: null };
}

function weighted(entries: readonly ImixEntry[]): FrameLengths {
  const sizes = entries.map(({ size }) => size);
  const [shortest, longest] = [Math.min(...sizes), Math.max(...sizes)];
  return shortest === longest ? only(longest) : { shortest, longest, sizes: { kind: 'weighted', entries } };
}

/** Slots of the kernel's table of sizes (net/core/pktgen.c, IMIX_PRECISION). */
const slotCount = 100;

/**
 * The slots that the kernel gives to each size: the share of its weight rounded down, to the last one what is left. It
 * goes on to the next size in the slot at which the shares before it end, so one without a slot keeps all the others out.
 */
export function slotted(entries: readonly ImixEntry[]): readonly ImixEntry[] {
  const total = entries.reduce((sum, { weight }) => sum + weight, 0);
  const counts = entries.map(() => 0);
  const shares = entries.map(({ weight }) => Math.floor((weight * slotCount) / total));
  let at = 0;
  let end = shares[0] as number;
  for (let slot = 0; slot < slotCount; slot++) {
    if (slot === end && at < entries.length - 1) {
      at++;
      end = at === entries.length - 1 ? slotCount : end + (shares[at] as number);
    }
    counts[at] = (counts[at] as number) + 1;
  }
  return entries.flatMap(({ size }, i) => (counts[i] === 0 ? [] : [{ size, weight: counts[i] as number }]));
}
