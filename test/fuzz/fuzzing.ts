// SPDX-License-Identifier: Apache-2.0

import { fc } from '../laws.ts';
import { type Input, inputs, type Kind, kinds } from './inputs.ts';
import { assertLanguageLaws, longestMs } from './laws.ts';

export interface Tally {
  readonly counts: Record<Kind, number>;
  /** The input that took longest. */
  slowest: { readonly ms: number; readonly input: Input } | null;
}

/** Throws where a text breaks one. */
type Laws = (text: string) => void;

export interface Broken {
  readonly input: Input;
  readonly minimal: string;
  readonly reason: string;
  /** What fast-check calls the way to the input. */
  readonly path: string;
}

export function emptyTally(): Tally {
  return { counts: Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<Kind, number>, slowest: null };
}

/** Draws so many inputs and tries the laws on each; the first that breaks one, made as short as it goes, or null. */
export function fuzz(
  count: number,
  seed: number,
  path: string | null,
  tally: Tally,
  laws: Laws = assertLanguageLaws,
): Broken | null {
  const property = fc.property(inputs, (input) => {
    tally.counts[input.kind]++;
    const reason = broken(input.text, laws, (ms) => {
      if (ms > (tally.slowest?.ms ?? 0)) tally.slowest = { ms, input };
    });
    if (reason !== null) throw new Error(reason);
  });
  const way = path === null ? {} : { path };
  const done = fc.check(property, { seed, numRuns: count, endOnFailure: true, ...way });
  if (!done.failed) return null;
  const input = (done.counterexample as [Input])[0];
  const reason = broken(input.text, laws) ?? 'it failed once and not again';
  return { input, reason, minimal: minimised(input.text, reason, laws), path: done.counterexamplePath ?? '' };
}

/** Which law a text breaks, in a line; null if none. */
function broken(text: string, laws: Laws, took: (ms: number) => void = () => {}): string | null {
  // The time of this process alone: on a busy machine any input may have to wait for a second.
  const began = process.cpuUsage();
  try {
    laws(text);
  } catch (error) {
    return error instanceof Error ? (error.message.split('\n')[0] as string) : String(error);
  }
  const { user, system } = process.cpuUsage(began);
  const ms = (user + system) / 1000;
  took(ms);
  return ms > longestMs ? `it took more than ${longestMs} ms` : null;
}

/** Leaves out whatever can be left out, in ever smaller parts, as long as the same goes wrong. */
function minimised(text: string, reason: string, laws: Laws): string {
  const same = (shorter: string): boolean => alike(broken(shorter, laws)) === alike(reason);
  let found = text;
  for (let part = Math.ceil(found.length / 2); part >= 1; ) {
    let shortened = false;
    for (let at = 0; at < found.length; ) {
      const shorter = found.slice(0, at) + found.slice(at + part);
      if (same(shorter)) {
        found = shorter;
        shortened = true;
      } else at += part;
    }
    if (part === 1 && !shortened) break;
    if (!shortened || part > found.length) part = Math.max(1, Math.floor(part / 2));
  }
  return found;
}

/** Names and places differ between a text and a shorter one. */
const alike = (reason: string | null) => reason?.replace(/[0-9]+|`[^`]*`/g, '') ?? null;
