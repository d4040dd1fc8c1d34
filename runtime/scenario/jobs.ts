// SPDX-License-Identifier: Apache-2.0

import type { Span } from '../../lang/source.ts';
import { derivedSeed, RandomStream } from '../seed.ts';
import type { Completion } from './completion.ts';

/**
 * The code of a job: a generator that yields whatever promise it waits for and goes on with what that promise gave. What
 * lies between two yields runs undisturbed. A cancelled job's generator is closed at its yield, so `finally` is where
 * timers and watches are given back.
 */
export type Steps = Generator<Promise<unknown>, Completion, unknown>;

/** Waits inside a job: `const x = yield* wait(promise)`. */
export function* wait<T>(promise: Promise<T>): Generator<Promise<T>, T, unknown> {
  return (yield promise) as T;
}

export type JobKind = 'main' | 'at' | 'every' | 'spawn';

const interrupted = Symbol('interrupted');

/** One line of control. Its seed follows from its place among the jobs, so that draws repeat whatever others do. */
export class Job {
  readonly id: number;
  readonly kind: JobKind;
  /** The operation that registered it; null for the scenario's own. */
  readonly span: Span | null;
  readonly random: RandomStream;
  /** Settles when the job is over, however it ended. */
  readonly done: Promise<void>;
  /** Jobs that this one registered and that are not over. */
  readonly children = new Set<Job>();
  /** What is to be given back when the job ends before its code began (a timer, a place in a list). */
  abandon: () => void = () => {};
  /** The operation that it carries out; null before its first. */
  at: Span | null = null;

  readonly #seed: bigint;
  #registered = 0;
  #begun = false;
  #over = false;
  #cancelled = false;
  #interrupt: (() => void) | null = null;
  #finish: () => void = () => {};

  constructor(id: number, kind: JobKind, seed: bigint, span: Span | null) {
    this.id = id;
    this.kind = kind;
    this.span = span;
    this.#seed = seed;
    this.random = new RandomStream(seed);
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  /** Whether its code runs already, or did. */
  get begun(): boolean {
    return this.#begun;
  }

  get over(): boolean {
    return this.#over;
  }

  /** The seed of the next job that this one registers. */
  childSeed(): bigint {
    return derivedSeed(this.#seed, `job ${this.#registered++}`);
  }

  /** Ends the job at its next yield, at once if it stands at one, and everything that it registered. */
  cancel(): void {
    if (this.#over || this.#cancelled) return;
    this.#cancelled = true;
    this.abandon();
    for (const child of this.children) child.cancel();
    this.#interrupt?.();
  }

  /** Marks the job as over; whoever awaits it goes on. */
  finish(): void {
    this.#over = true;
    this.#finish();
  }

  /** Runs the job's code to its end. `waiting` is called each time it begins to wait. */
  async run(steps: Steps, waiting: () => void): Promise<Completion> {
    this.#begun = true;
    let input: unknown;
    for (;;) {
      const step = steps.next(input);
      if (step.done === true) return step.value;
      waiting();
      input = await this.#interruptible(step.value);
      this.#interrupt = null;
      if (input === interrupted) {
        steps.return('ended');
        return 'ended';
      }
    }
  }

  #interruptible(promise: Promise<unknown>): Promise<unknown> {
    if (this.#cancelled) return Promise.resolve(interrupted);
    return new Promise((resolve, reject) => {
      this.#interrupt = () => resolve(interrupted);
      promise.then(resolve, reject);
    });
  }
}
