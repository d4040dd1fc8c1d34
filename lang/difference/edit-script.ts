// SPDX-License-Identifier: Apache-2.0

/** One step from a sequence to another: places in the old one (`before`) and in the new one (`after`). */
export type Edit =
  | { readonly kind: 'keep'; readonly before: number; readonly after: number }
  | { readonly kind: 'remove'; readonly before: number }
  | { readonly kind: 'add'; readonly after: number };

/** The trace below takes memory by the square of the distance: beyond this the rest is told as replaced. */
const maxDistance = 2000;

/**
 * A shortest edit script between two sequences (Myers, "An O(ND) Difference Algorithm and Its Variations"), removals
 * before additions. Sequences that have little in common are told as replaced from the first difference to the last.
 */
export function editScript(before: readonly string[], after: readonly string[]): readonly Edit[] {
  let front = 0;
  while (front < before.length && front < after.length && before[front] === after[front]) front++;
  let back = 0;
  const room = Math.min(before.length, after.length) - front;
  while (back < room && before[before.length - 1 - back] === after[after.length - 1 - back]) back++;
  const [oldEnd, newEnd] = [before.length - back, after.length - back];
  const edits: Edit[] = [];
  for (let at = 0; at < front; at++) edits.push({ kind: 'keep', before: at, after: at });
  for (const [from, to] of keptPairs(before.slice(front, oldEnd), after.slice(front, newEnd))) {
    replace(edits, front + from, front + to);
    edits.push({ kind: 'keep', before: front + from, after: front + to });
  }
  replace(edits, oldEnd, newEnd);
  for (let at = 0; at < back; at++) edits.push({ kind: 'keep', before: oldEnd + at, after: newEnd + at });
  return edits;
}

/** Adds the removals and additions that lead up to a pair of places. */
function replace(edits: Edit[], oldEnd: number, newEnd: number): void {
  const last = edits.at(-1);
  const [from, to] = last?.kind === 'keep' ? [last.before + 1, last.after + 1] : [0, 0];
  for (let at = from; at < oldEnd; at++) edits.push({ kind: 'remove', before: at });
  for (let at = to; at < newEnd; at++) edits.push({ kind: 'add', after: at });
}

/** The pairs of places that a shortest script keeps, in order; none where the sequences are too far apart. */
function keptPairs(before: readonly string[], after: readonly string[]): readonly (readonly [number, number])[] {
  const [rows, columns] = [before.length, after.length];
  const offset = rows + columns + 1;
  // furthest[k] is how far the diagonal k (old place less new place) has come in the old sequence.
  const furthest = new Int32Array(2 * offset + 1);
  const trace: Int32Array[] = [];
  for (let distance = 0; distance <= Math.min(rows + columns, maxDistance); distance++) {
    trace.push(furthest.slice(offset - distance - 1, offset + distance + 2));
    for (let k = -distance; k <= distance; k += 2) {
      let row = stepDown(furthest, offset, k, distance)
        ? (furthest[offset + k + 1] as number)
        : (furthest[offset + k - 1] as number) + 1;
      while (row < rows && row - k < columns && before[row] === after[row - k]) row++;
      furthest[offset + k] = row;
      if (row >= rows && row - k >= columns) return pairsOf(trace, rows, columns);
    }
  }
  return [];
}

/** Whether the best way onto diagonal k is an addition (from k + 1) and not a removal (from k - 1). */
function stepDown(furthest: Int32Array, offset: number, k: number, distance: number): boolean {
  if (k === -distance) return true;
  if (k === distance) return false;
  return (furthest[offset + k - 1] as number) < (furthest[offset + k + 1] as number);
}

/** Walks the trace back from the end: `trace[d]` holds the diagonals as they were before step d. */
function pairsOf(trace: readonly Int32Array[], rows: number, columns: number): readonly (readonly [number, number])[] {
  const pairs: (readonly [number, number])[] = [];
  let [row, column] = [rows, columns];
  for (let distance = trace.length - 1; distance >= 0; distance--) {
    const furthest = trace[distance] as Int32Array;
    const offset = distance + 1;
    const k = row - column;
    const down = stepDown(furthest, offset, k, distance);
    const start = distance === 0 ? 0 : (furthest[offset + (down ? k + 1 : k - 1)] as number) + (down ? 0 : 1);
    while (row > start) {
      row--;
      column--;
      pairs.push([row, column]);
    }
    if (down) column--;
    else row--;
  }
  return pairs.reverse();
}
