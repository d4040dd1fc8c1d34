// SPDX-License-Identifier: Apache-2.0

/**
 * The decisions that make one input, drawn by fast-check as plain numbers: fewer and smaller ones make a shorter and
 * simpler input, which is how counterexamples shrink. When they run out every further decision is 0, the simplest.
 */
export class Choices {
  readonly #numbers: readonly number[];
  #at = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  get spent(): boolean {
    return this.#at >= this.#numbers.length;
  }

  /** A whole number from 0 to `count` less one. */
  below(count: number): number {
    const number = this.#numbers[this.#at++] ?? 0;
    return number % count;
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}
