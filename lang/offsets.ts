// SPDX-License-Identifier: Apache-2.0

import type { Span } from './source.ts';

/** Sorted places in the text. */
export class Offsets {
  readonly #sorted: readonly number[];

  constructor(offsets: readonly number[]) {
    this.#sorted = [...offsets].sort((a, b) => a - b);
  }

  /** Whether one of them lies in the span, its end included. */
  within(span: Span): boolean {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sorted[middle] as number) < span.start) low = middle + 1;
      else high = middle;
    }
    const first = this.#sorted[low];
    return first !== undefined && first <= span.end;
  }
}

/** Parts of the text, for the question whether a place lies in one. */
export class Regions {
  /** Apart from each other, in the order of the text. */
  readonly #merged: readonly Span[];

  constructor(spans: readonly Span[]) {
    const merged: Span[] = [];
    for (const span of [...spans].sort((a, b) => a.start - b.start)) {
      const last = merged.at(-1);
      if (last === undefined || span.start > last.end) merged.push(span);
      else merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, span.end) };
    }
    this.#merged = merged;
  }

  /** Whether an offset lies in one of them, their ends included. */
  hold(offset: number): boolean {
    let low = 0;
    let high = this.#merged.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#merged[middle] as Span).end < offset) low = middle + 1;
      else high = middle;
    }
    const first = this.#merged[low];
    return first !== undefined && first.start <= offset;
  }
}
