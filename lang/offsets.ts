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
