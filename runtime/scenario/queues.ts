// SPDX-License-Identifier: Apache-2.0

/**
 * One queue for every name: operations on a name begin in the order in which they arrived, one after the other.
 * Operations on several names stand in all their queues at once, so they meet no operation half-way and cannot lock each
 * other out.
 */
export class OperationQueues {
  readonly #tails = new Map<string, Promise<void>>();

  /** Begins at once, before it returns, where nothing on these names is under way. */
  run<T>(names: readonly string[], operation: () => Promise<T>): Promise<T> {
    const before = names.flatMap((name) => this.#tails.get(name) ?? []);
    const running = before.length === 0 ? operation() : Promise.all(before).then(operation);
    // Defects surface where the result is awaited; a queue goes on behind them.
    const leave = (): void => this.#leave(names, tail);
    const tail: Promise<void> = running.then(leave, leave);
    for (const name of names) this.#tails.set(name, tail);
    return running;
  }

  /** Whether nothing is under way on a name. */
  idle(name: string): boolean {
    return !this.#tails.has(name);
  }

  /** Settles when nothing is under way and nothing queued. */
  async drained(): Promise<void> {
    while (this.#tails.size > 0) await Promise.all(this.#tails.values());
  }

  #leave(names: readonly string[], tail: Promise<void>): void {
    for (const name of names) if (this.#tails.get(name) === tail) this.#tails.delete(name);
  }
}
