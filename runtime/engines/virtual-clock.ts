// SPDX-License-Identifier: Apache-2.0

import type { Clock } from '../clock.ts';
import { InstantQueue, notQueued, type QueueEntry } from '../scenario/instant-queue.ts';

interface Sleeper extends QueueEntry {
  readonly wake: () => void;
}

/**
 * Time that jumps to the next sleeper once everybody waits. One sleeper wakes per turn of the event loop: what it does
 * without sleeping (promise reactions) is over before the next one wakes, so a program repeats exactly, and signals
 * are seen between any two of them. To sleep until now is to let the others go first.
 */
export class VirtualClock implements Clock {
  /** A millisecond: about what a refusal takes that had to look at every interface anew. */
  readonly failureTakes = 1_000_000n;
  #now = 0n;
  #order = 0;
  #turn = false;
  #idle: (() => void) | null = null;
  readonly #sleepers = new InstantQueue<Sleeper>();

  now(): bigint {
    return this.#now;
  }

  sleepUntil(instant: bigint, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const due = instant > this.#now ? instant : this.#now;
      const sleeper: Sleeper = {
        instant: due,
        order: this.#order++,
        index: notQueued,
        wake: () => {
          signal?.removeEventListener('abort', abandon);
          resolve();
        },
      };
      const abandon = (): void => {
        this.#sleepers.remove(sleeper);
        resolve();
      };
      signal?.addEventListener('abort', abandon, { once: true });
      this.#sleepers.add(sleeper);
      this.#schedule();
    });
  }

  onIdle(listener: (() => void) | null): void {
    this.#idle = listener;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#turn) return;
    this.#turn = true;
    setImmediate(() => this.#advance());
  }

  #advance(): void {
    this.#turn = false;
    const next = this.#sleepers.first;
    if (next === undefined) {
      this.#idle?.();
      return;
    }
    this.#sleepers.remove(next);
    this.#now = next.instant;
    next.wake();
    // Once more even if nobody is left: whether anybody went to sleep again is only known after this turn.
    this.#schedule();
  }
}
