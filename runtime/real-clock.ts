// SPDX-License-Identifier: Apache-2.0

import type { Clock } from './clock.ts';
import { InstantQueue, notQueued, type QueueEntry } from './scenario/instant-queue.ts';

interface Sleeper extends QueueEntry {
  readonly wake: () => void;
  /** The latest instant at which a timer that only knows milliseconds may still wake it. */
  readonly latest: bigint;
}

const nsPerMs = 1_000_000n;
/** Longer sleeps may be up to a timer's millisecond late (a fifth at most); shorter ones end in polling, to be exact. */
const coarseFrom = 5n * nsPerMs;
/** Node's timers take a 32-bit count of milliseconds; longer sleeps are cut up. */
const longestTimerMs = 2 ** 31 - 1;

/** CLOCK_MONOTONIC, the clock that senders schedule by. A pending sleep keeps the process alive. */
class RealClock implements Clock {
  #order = 0;
  readonly #sleepers = new InstantQueue<Sleeper>();
  #timer: NodeJS.Timeout | undefined;
  #poll: NodeJS.Immediate | undefined;

  now(): bigint {
    return process.hrtime.bigint();
  }

  sleepUntil(instant: bigint, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const now = this.now();
      const due = instant > now ? instant : now;
      const sleeper: Sleeper = {
        instant: due,
        order: this.#order++,
        index: notQueued,
        latest: due - now >= coarseFrom ? due + nsPerMs : due,
        wake: () => {
          signal?.removeEventListener('abort', abandon);
          resolve();
        },
      };
      const abandon = (): void => {
        const first = this.#sleepers.first === sleeper;
        this.#sleepers.remove(sleeper);
        if (first) this.#arm();
        resolve();
      };
      signal?.addEventListener('abort', abandon, { once: true });
      this.#sleepers.add(sleeper);
      if (this.#sleepers.first === sleeper) this.#arm();
    });
  }

  #arm(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#poll);
    this.#timer = undefined;
    this.#poll = undefined;
    const first = this.#sleepers.first;
    if (first === undefined) return;
    const wholeMs = Number((first.latest - this.now()) / nsPerMs);
    if (wholeMs >= 1) this.#timer = setTimeout(() => this.#wakeDue(), Math.min(wholeMs, longestTimerMs));
    else this.#poll = setImmediate(() => this.#wakeDue());
  }

  #wakeDue(): void {
    const now = this.now();
    for (let first = this.#sleepers.first; first !== undefined && first.instant <= now; first = this.#sleepers.first) {
      this.#sleepers.remove(first);
      first.wake();
    }
    this.#arm();
  }
}

/** The machine's clock; every engine that runs on the machine has its own sleepers on it. */
export function realClock(): Clock {
  return new RealClock();
}
