// SPDX-License-Identifier: Apache-2.0

import type { Span } from '../../lang/source.ts';
import { formatDuration } from '../../lang/syntax/literals.ts';
import type { Clock } from '../clock.ts';
import type { Alarm, Timers } from './timers.ts';

/** An `at` whose time has not come. `begin` runs its body, `drop` tells that its run ended first. */
export interface PendingAt {
  /** Since the run began (ns). */
  readonly time: bigint;
  readonly span: Span;
  readonly order: number;
  /** `due`: its time had come when it was registered, so it begins as soon as whoever did that waits. */
  readonly begin: (due: boolean) => void;
  readonly drop: (why: string) => void;
  readonly late: (by: bigint) => void;
}

type Phase = 'idle' | 'active' | 'closing';

/**
 * The runs of a scenario: one begins at `start` from idle and ends at a bare `stop`, `reset`, `wait stopped` or the end of
 * the scenario. While it is `closing`, devices are stopped and receivers wait for the last frames: its time is over, its
 * figures are not final yet.
 */
export class Runs {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #pending = new Map<PendingAt, Alarm | null>();
  #phase: Phase = 'idle';
  #number = 0;
  #startedAt = 0n;

  constructor(clock: Clock, timers: Timers) {
    this.#clock = clock;
    this.#timers = timers;
  }

  get active(): boolean {
    return this.#phase === 'active';
  }

  /** Whether figures may still change. */
  get open(): boolean {
    return this.#phase !== 'idle';
  }

  /** Nanoseconds since the run began; 0 where none is active, since the next one counts. */
  elapsed(): bigint {
    return this.active ? this.#clock.now() - this.#startedAt : 0n;
  }

  /** A run begins at an instant; what was registered for it is timed in order of registration. */
  begin(instant: bigint): void {
    this.#phase = 'active';
    this.#number++;
    this.#startedAt = instant;
    for (const [at, alarm] of [...this.#pending]) if (alarm === null) this.#arm(at);
  }

  /** The run's time is over: gives its number for `end`. */
  close(): number {
    if (this.active) {
      const elapsed = this.elapsed();
      this.#phase = 'closing';
      this.#drop(elapsed);
    }
    return this.#number;
  }

  /** The run is over, unless another one has begun in the meantime. */
  end(number: number): void {
    if (this.#phase === 'closing' && this.#number === number) this.#phase = 'idle';
  }

  /** Registers an `at` of this run, or of the next where none is active. Gives what takes it back. */
  schedule(at: PendingAt): () => void {
    this.#pending.set(at, null);
    if (this.active) {
      const late = this.elapsed() - at.time;
      if (late > 0n) at.late(late);
      this.#arm(at);
    }
    return () => {
      this.#pending.get(at)?.cancel();
      this.#pending.delete(at);
    };
  }

  /** The scenario is over, and with it the waiting for later instants and for runs that never began. */
  dropAll(): void {
    this.#drop(this.active ? this.elapsed() : null);
  }

  #arm(at: PendingAt): void {
    const due = this.#startedAt + at.time;
    if (due <= this.#clock.now()) {
      this.#pending.delete(at);
      at.begin(true);
      return;
    }
    const alarm = this.#timers.set(due, at.order, () => {
      this.#pending.delete(at);
      at.begin(false);
    });
    this.#pending.set(at, alarm);
  }

  /** @param elapsed how long the run took, null where none had begun */
  #drop(elapsed: bigint | null): void {
    for (const [at, alarm] of [...this.#pending]) {
      alarm?.cancel();
      this.#pending.delete(at);
      at.drop(elapsed === null ? 'no run began' : `its run ended after ${formatDuration(elapsed)}`);
    }
  }
}
