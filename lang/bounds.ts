// SPDX-License-Identifier: Apache-2.0

import { report } from './diagnostics/catalogue-meaning.ts';
import type { Diagnostic } from './diagnostics/diagnostic.ts';
import type { Span } from './source.ts';
import { formatValue } from './syntax/literals.ts';
import type { Value } from './value.ts';

/** What a number or quantity must be beyond its type, in base units. */
export interface Bounds {
  readonly whole: boolean;
  /** Smallest value allowed; `above` tells that it itself is not. */
  readonly least: number;
  readonly above?: boolean;
  readonly most?: number;
  /** The bounds in words: `0 or more`. */
  readonly words: string;
}

/** Repetitions, packets to send, CPUs. */
export const count: Bounds = { whole: true, least: 0, words: '0 or more' };
/** Packets of one pass, bytes of a frame. */
export const atLeastOne: Bounds = { whole: true, least: 1, words: '1 or more' };
/** Waiting times, rates that may pause. */
export const notNegative: Bounds = { whole: false, least: 0, words: '0 or more' };
/** Periods, rates that must go on. */
export const positive: Bounds = { whole: false, least: 0, above: true, words: 'above 0' };
/** Whole numbers, both ends included. */
export const between = (least: number, most: number): Bounds => {
  return { whole: true, least, most, words: `from ${least} to ${most}` };
};
/** Shares. */
export const share: Bounds = { whole: false, least: 0, most: 100, words: 'from 0% to 100%' };

/** What is wrong with a value, null if nothing is or if it is no number. The checker asks for constants, the run for all. */
export function boundsProblem(subject: string, value: Value, bounds: Bounds, span: Span): Diagnostic | null {
  if (!('value' in value) || typeof value.value !== 'number') return null;
  const n = value.value;
  const { least, above, most } = bounds;
  // In this way round nothing that compares with no number lies within.
  const within = (above === true ? n > least : n >= least) && n <= (most ?? Number.POSITIVE_INFINITY);
  if (!within) {
    return report('PG2307', { subject, bounds: bounds.words, actual: formatValue(value) }, span);
  }
  if (!bounds.whole || Number.isInteger(n)) return null;
  return report('PG2306', { subject, actual: formatValue(value) }, span);
}
