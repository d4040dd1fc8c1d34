// SPDX-License-Identifier: Apache-2.0

import type { Span } from '../source.ts';
import type { Details } from './diagnostic.ts';

/** Of so many mistakes of a file a hint tells what a name may have been: more are not shown, and each is held against all names. */
export const maxSuggested = 100;

/** No text that people write has as many names. */
const maxCandidates = 10_000;

/**
 * The candidate that a misspelt name most likely means, null if none is near: at most two edits (insertion, deletion,
 * replacement, swap of neighbours), at most one below six characters, and none that leaves nothing in common, so that
 * short names do not all suggest each other. Case does not count. Of equally near ones the first wins.
 */
export function nearest(name: string, candidates: Iterable<string>): string | null {
  const allowed = Math.min(2, Math.max(1, Math.floor(name.length / 3)));
  let best: string | null = null;
  let least = allowed + 1;
  const lowered = name.toLowerCase();
  let looked = 0;
  for (const candidate of candidates) {
    if (++looked > maxCandidates) break;
    if (Math.abs(candidate.length - name.length) >= least) continue;
    const edits = distance(lowered, candidate.toLowerCase(), least);
    if (edits < least && edits < Math.max(name.length, candidate.length) && candidate !== name) {
      best = candidate;
      least = edits;
    }
  }
  return best;
}

/** Hints for an unknown name: the nearest candidate, otherwise what there is (up to a dozen). */
export function didYouMean(name: string, candidates: Iterable<string>, subject: string): readonly string[] {
  const all = new Set(candidates);
  return hintsOf(nearest(name, all), all, subject);
}

function hintsOf(near: string | null, candidates: ReadonlySet<string>, subject: string): readonly string[] {
  if (near !== null) return [`did you mean \`${near}\`?`];
  if (candidates.size === 0) return [];
  const all = [...candidates];
  // Longer lists help nobody and belong into the reference.
  const shown = all.slice(0, 12).map((candidate) => `\`${candidate}\``);
  return [`${subject}: ${shown.join(', ')}${all.length > shown.length ? ', …' : ''}`];
}

/** The hints of `didYouMean`, with the replacement where the span holds the name and nothing else. */
export function correction(
  name: string,
  candidates: Iterable<string>,
  subject: string,
  span: Span,
): Pick<Details, 'hints' | 'fixes'> {
  const all = new Set(candidates);
  const near = nearest(name, all);
  const bare = span.end - span.start === name.length;
  return { hints: hintsOf(near, all, subject), fixes: near !== null && bare ? [{ span, text: near }] : [] };
}

/**
 * Damerau's edit distance, restricted to swaps of neighbours; `limit` or more where it is surely that much. Only cells that
 * near the diagonal can stay below the limit, and no row leads back below it once two in a row are above.
 */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  const blank = () => new Array<number>(b.length + 1).fill(limit);
  let beforeLast = blank();
  let last = blank();
  let row = blank();
  for (let j = 0; j <= Math.min(b.length, limit); j++) last[j] = j;
  let lowest = 0;
  for (let i = 1; i <= a.length; i++) {
    const from = Math.max(1, i - limit);
    const to = Math.min(b.length, i + limit);
    row[from - 1] = from === 1 ? i : limit;
    let lowestHere = row[from - 1] as number;
    for (let j = from; j <= to; j++) {
      const replaced = (last[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let least = Math.min(replaced, (last[j] as number) + 1, (row[j - 1] as number) + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) least = Math.min(least, (beforeLast[j - 2] as number) + 1);
      row[j] = least;
      if (least < lowestHere) lowestHere = least;
    }
    if (lowest >= limit && lowestHere >= limit) return limit;
    lowest = lowestHere;
    [beforeLast, last, row] = [last, row, beforeLast];
  }
  return last[b.length] as number;
}
