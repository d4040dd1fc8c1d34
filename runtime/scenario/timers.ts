// SPDX-License-Identifier: Apache-2.0

import type { Clock } from '../clock.ts';
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
  #closed = false;
  #held = false;
  /** Instants at which the clock wakes us, the earliest last. */
  #armed: bigint[] = [];
  #sleeping = new AbortController();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A place among the timers of one instant. */
  register(): number {
    return this.#order++;
  }

  set(instant: bigint, order: number, fire: () => void, background = false): Alarm {
    const timer: Timer = { instant, order, index: notQueued, background, fire };
    if (this.#closed) return { cancel: () => {} };
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

  /** Whether virtual time stands still, however many wait: in a shell it passes only while a statement is carried out. */
  hold(held: boolean): void {
    this.#held = held && this.#clock.onIdle !== undefined;
    if (this.#held && this.#armed.length > 0) this.#disarm();
    this.#arm();
  }

  /** Nothing fires any more, and nothing can be set. */
  close(): void {
    this.#closed = true;
    for (let first = this.#queue.first; first !== undefined; first = this.#queue.first) this.#take(first);
    this.#arm();
  }

  #take(timer: Timer): void {
    this.#queue.remove(timer);
    if (!timer.background) this.#foreground--;
  }

  #arm(): void {
    const mayPass = !this.#held && (this.#foreground > 0 || this.#clock.onIdle === undefined);
    const first = mayPass ? this.#queue.first : undefined;
    if (first === undefined) {
      // A sleep that nobody wants would move virtual time, and keep a process alive.
      if (this.#armed.length > 0) this.#disarm();
      return;
    }
    // To be woken too early only costs a look.
    const earliest = this.#armed.at(-1);
    if (earliest !== undefined && earliest <= first.instant) return;
    const { instant } = first;
    const { signal } = this.#sleeping;
    this.#armed.push(instant);
    void this.#clock.sleepUntil(instant, signal).then(() => {
      if (!signal.aborted) this.#fire();
    });
  }

  #disarm(): void {
    this.#sleeping.abort();
    this.#sleeping = new AbortController();
    this.#armed = [];
  }

  #fire(): void {
    this.#armed.pop();
    const first = this.#queue.first;
    if (first !== undefined && first.instant <= this.#clock.now()) {
      this.#take(first);
      first.fire();
    }
    this.#arm();
  }
}
