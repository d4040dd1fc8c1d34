// SPDX-License-Identifier: Apache-2.0

import type { Clock } from './clock.ts';
import { InstantQueue, notQueued, type QueueEntry } from './scenario/instant-queue.ts';

interface Sleeper extends QueueEntry {
  readonly wake: () => void;
}

/** Calls `due` once, at an instant of CLOCK_MONOTONIC (ns) or right after it. One at a time; meanwhile the process lives. */
export interface Alarm {
  set(instant: bigint, due: () => void): void;
  clear(): void;
}

/** The last instant that the kernel counts (ktime_t, ns). */
const lastInstant = 2n ** 63n - 1n;

/** CLOCK_MONOTONIC, the clock that senders schedule by. A pending sleep keeps the process alive. */
class RealClock implements Clock {
  #order = 0;
  readonly #sleepers = new InstantQueue<Sleeper>();
  readonly #alarm: Alarm;
  #immediate: NodeJS.Immediate | undefined;

  constructor(alarm: Alarm) {
    this.#alarm = alarm;
  }

  now(): bigint {
    return process.hrtime.bigint();
  }

  sleepUntil(instant: bigint, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const now = this.now();
      const sleeper: Sleeper = {
        instant: instant > now ? instant : now,
        order: this.#order++,
        index: notQueued,
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
    clearImmediate(this.#immediate);
    this.#immediate = undefined;
    const first = this.#sleepers.first;
    if (first === undefined) this.#alarm.clear();
    else if (first.instant > this.now()) {
      this.#alarm.set(first.instant < lastInstant ? first.instant : lastInstant, () => this.#wakeDue());
    } else {
      this.#alarm.clear();
      this.#immediate = setImmediate(() => this.#wakeDue());
    }
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

/** The machine's clock; every engine that runs on the machine has its own sleepers on it, and an alarm that is theirs alone. */
export function realClock(alarm: Alarm): Clock {
  return new RealClock(alarm);
}
