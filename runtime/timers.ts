// SPDX-License-Identifier: Apache-2.0

import type { Clock } from './clock.ts';
import { InstantQueue, notQueued, type QueueEntry } from './instant-queue.ts';

interface Timer extends QueueEntry {
  readonly background: boolean;
  readonly fire: () => void;
}

/** A timer that has been set; `cancel` on one that fired does nothing. */
export interface Alarm {
  readonly cancel: () => void;
}

/** A sleep that someone waits for; cancelled, it never ends. */
export interface Sleep extends Alarm {
  readonly done: Promise<void>;
}

/**
 * Timers of one scenario over a clock. Timers of one instant fire in order of registration, which is that of the
 * statement and not of each single wait: an `every` keeps its place. One fires per turn, so that whatever it sets off
 * has come to rest before the next. Background timers (sampling, limits) never make virtual time pass by themselves.
 */
export class Timers {
  readonly #clock: Clock;
  readonly #queue = new InstantQueue<Timer>();
  #foreground = 0;
  #order = 0;
  #armed: { readonly instant: bigint; readonly sleep: AbortController } | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A place among the timers of one instant. */
  register(): number {
    return this.#order++;
  }

  set(instant: bigint, order: number, fire: () => void, background = false): Alarm {
    const timer: Timer = { instant, order, index: notQueued, background, fire };
    this.#queue.add(timer);
    if (!background) this.#foreground++;
    this.#arm();
    return {
      cancel: () => {
        if (timer.index === notQueued) return;
        this.#take(timer);
        this.#arm();
      },
    };
  }

  sleep(instant: bigint, order: number): Sleep {
    let wake: () => void = () => {};
    const done = new Promise<void>((resolve) => {
      wake = resolve;
    });
    return { done, ...this.set(instant, order, wake) };
  }

  #take(timer: Timer): void {
    this.#queue.remove(timer);
    if (!timer.background) this.#foreground--;
  }

  #arm(): void {
    const mayPass = this.#foreground > 0 || this.#clock.onIdle === undefined;
    const first = mayPass ? this.#queue.first : undefined;
    // An armed instant that is too early only costs a look; one that nobody wants would move virtual time.
    if (this.#armed !== null && first !== undefined && this.#armed.instant <= first.instant) return;
    this.#armed?.sleep.abort();
    this.#armed = null;
    if (first === undefined) return;
    const sleep = new AbortController();
    this.#armed = { instant: first.instant, sleep };
    void this.#clock.sleepUntil(first.instant, sleep.signal).then(() => {
      if (!sleep.signal.aborted) this.#fire();
    });
  }

  #fire(): void {
    this.#armed = null;
    const first = this.#queue.first;
    if (first !== undefined && first.instant <= this.#clock.now()) {
      this.#take(first);
      first.fire();
    }
    this.#arm();
  }
}
