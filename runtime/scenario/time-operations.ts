// SPDX-License-Identifier: Apache-2.0

import { notNegative, positive } from '../../lang/bounds.ts';
import { evaluate } from '../../lang/evaluate.ts';
import type { Expr, OpOf } from '../../lang/op.ts';
import { formatDuration } from '../../lang/syntax/literals.ts';
import type { Value } from '../../lang/value.ts';
import { report } from '../catalogue.ts';
import { placeOf } from '../report/json.ts';
import { type Completion, type Failed, ok, type Refused, type Result, refused, settled } from './completion.ts';
import { finishRun } from './device-operations.ts';
import { hasNoValue, isTrue } from './expectations.ts';
import { type Job, type Steps, wait } from './jobs.ts';
import { type Context, durationOf, operand } from './operands.ts';
import { pollPeriod, type ScenarioState } from './scenario-state.ts';
import { Scope } from './scope.ts';

export function* waitFor(op: OpOf<'wait'>, context: Context): Steps {
  const { timers, clock } = context.state;
  const time = durationOf(op.duration, '`wait`', notNegative, context);
  if (!time.ok) return time.failed;
  const sleep = timers.sleep(clock.now() + time.value, timers.register());
  try {
    yield sleep.done;
  } finally {
    sleep.cancel();
  }
  return 'done';
}

export function* waitUntil(op: OpOf<'wait_until'>, context: Context): Steps {
  const timeout = durationOf(op.timeout, '`timeout`', notNegative, context);
  if (!timeout.ok) return timeout.failed;
  let failed: Failed | null = null;
  const met = (): boolean => {
    const held = holds(op.condition, context);
    if (!held.ok) failed = held.failed;
    return !held.ok || held.value;
  };
  const happened = yield* until(met, { polled: true, timeout: timeout.value }, context.state);
  if (failed !== null) return failed;
  if (happened) return 'done';
  const what = { condition: op.text, timeout: formatDuration(timeout.value) };
  return ended(refused(report('PG6101', what, op.span), 'failed'));
}

/** Every device has sent its count (or was stopped): the run ends. */
export function* waitStopped(op: OpOf<'wait_stopped'>, context: Context): Steps {
  const { state } = context;
  const timeout = timeoutOf(op.timeout, context);
  if (!timeout.ok) return timeout.failed;
  const running = () => state.devices.present().filter((device) => state.devices.figures(device).running);
  const happened = yield* until(() => running().length === 0, { polled: false, timeout: timeout.value }, state);
  if (!happened) {
    const names = running().map((device) => `\`${device.name}\``);
    const devices =
      names.length > 3 ? `${names.length} devices are` : `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'}`;
    const what = { devices, timeout: formatDuration(timeout.value ?? 0n) };
    return ended(refused(report('PG6102', what, op.span), 'failed'));
  }
  yield* finishRun(state);
  state.controlEvent();
  return 'done';
}

export function* sync(op: OpOf<'sync'>, context: Context): Steps {
  const { state } = context;
  const timeout = timeoutOf(op.timeout, context);
  if (!timeout.ok) return timeout.failed;
  let over = false;
  const grace = Promise.all(state.graces.values()).then(() => settled(state.engine.sync(), '`sync`', op.span));
  let failed: Failed | null = null;
  const ending = grace.then(
    (done) => {
      over = true;
      if (!done.ok) failed = done.failed;
      state.controlEvent();
    },
    (error: unknown) => state.fail(error),
  );
  if (timeout.value === null) yield ending;
  else if (!(yield* until(() => over, { polled: false, timeout: timeout.value }, state))) {
    return ended(refused(report('PG6103', { timeout: formatDuration(timeout.value) }, op.span), 'failed'));
  }
  return failed ?? 'done';
}

/**
 * Waits for a condition, looked at now, at every control event and, where it is polled, every 10 ms. False: the time was
 * over first. At the instant of both, the condition wins.
 */
export function* until(
  met: () => boolean,
  options: { readonly polled: boolean; readonly timeout: bigint | null },
  state: ScenarioState,
): Generator<Promise<unknown>, boolean, unknown> {
  const { timers, clock } = state;
  let happened: (held: boolean) => void = () => {};
  const outcome = new Promise<boolean>((resolve) => {
    happened = resolve;
  });
  const check = (): void => {
    if (met()) happened(true);
  };
  const begun = clock.now();
  const order = timers.register();
  let poll = { cancel: () => {} };
  const pollAt = (instant: bigint): void => {
    poll = timers.set(instant, order, () => {
      check();
      pollAt(instant + pollPeriod);
    });
  };
  const unwatch = state.watch(check);
  if (options.polled) pollAt(begun + pollPeriod);
  const limit =
    options.timeout === null
      ? { cancel: () => {} }
      : timers.set(begun + options.timeout, timers.register(), () => happened(met()));
  try {
    check();
    return yield* wait(outcome);
  } finally {
    unwatch();
    poll.cancel();
    limit.cancel();
  }
}

/** Whether a condition is true; a figure that has no value yet makes no condition true. */
function holds(condition: Expr, { state, scope, job }: Context): Result<boolean> {
  const outcome = evaluate(condition, state.environment(scope, job));
  if (hasNoValue(outcome)) return ok(false);
  if (outcome.ok) return ok(isTrue(outcome.value));
  return operand(condition, { state, scope, job }) as Refused;
}

export function* abortWhen(op: OpOf<'abort_when'>, context: Context): Steps {
  const { state } = context;
  const check = (): void => {
    if (state.ending !== null) return;
    const held = holds(op.condition, context);
    if (!held.ok) state.end(held.failed);
    else if (held.value) state.end(refused(report('PG6104', { condition: op.text }, op.span), 'failed').failed);
  };
  state.watch(check);
  const order = state.timers.register();
  const poll = (instant: bigint): void => {
    state.timers.set(instant, order, () => {
      check();
      poll(instant + pollPeriod);
    });
  };
  poll(state.clock.now() + pollPeriod);
  check();
  yield Promise.resolve();
  return 'done';
}

// --- jobs -------------------------------------------------------------------------------------------------------------

export function spawn(op: OpOf<'spawn'>, context: Context): Completion {
  const { state, scope } = context;
  const crowded = state.crowded(op.span);
  if (crowded !== null) return crowded;
  const job = state.register('spawn', context.job, op.span);
  state.beginLater(job, () => state.runBody(op.body, new Scope(scope), job));
  bind(op.bind, job, scope);
  return 'done';
}

export function at(op: OpOf<'at'>, context: Context): Completion {
  const { state, scope } = context;
  const time = durationOf(op.time, '`at`', notNegative, context);
  if (!time.ok) return time.failed;
  const crowded = state.crowded(op.span);
  if (crowded !== null) return crowded;
  const job = state.register('at', context.job, op.span);
  const over = job.abandon;
  const shown = formatDuration(time.value);
  const unschedule = state.runs.schedule({
    time: time.value,
    span: op.span,
    order: state.timers.register(),
    begin: (due) => {
      const steps = () => state.runBody(op.body, new Scope(scope), job);
      if (due) state.beginLater(job, steps);
      else state.begin(job, steps());
    },
    drop: (why) => {
      state.warn(report('PG6201', { time: shown, why }, op.span));
      job.cancel();
    },
    late: (by) => {
      state.note({ kind: 'late_at', span: placeOf(state.source, op.span), late: Number(by) });
      state.warn(report('PG6202', { time: shown, late: formatDuration(by) }, op.span));
    },
  });
  job.abandon = () => {
    unschedule();
    over();
  };
  bind(op.bind, job, scope);
  return 'done';
}

export function every(op: OpOf<'every'>, context: Context): Completion {
  const { state, scope } = context;
  const period = durationOf(op.period, '`every`', positive, context);
  if (!period.ok) return period.failed;
  const crowded = state.crowded(op.span);
  if (crowded !== null) return crowded;
  const job = state.register('every', context.job, op.span);
  const first = state.clock.now() + period.value;
  const order = state.timers.register();
  state.beginLater(job, () => ticks(op, first, period.value, order, { state, scope, job }));
  bind(op.bind, job, scope);
  return 'done';
}

/** Ticks on an absolute schedule. A body that outlasts its period makes the next tick late, and misses those between. */
function* ticks(op: OpOf<'every'>, first: bigint, period: bigint, order: number, context: Context): Steps {
  const { state, scope, job } = context;
  let due = first;
  let missed = 0n;
  try {
    for (;;) {
      const sleep = state.timers.sleep(due, order);
      try {
        yield sleep.done;
      } finally {
        sleep.cancel();
      }
      const completion = yield* state.runBody(op.body, new Scope(scope), job);
      if (completion !== 'done') return completion;
      due += period;
      const behind = state.clock.now() - due;
      if (behind >= period) {
        missed += behind / period;
        due += (behind / period) * period;
      }
    }
  } finally {
    if (missed > 0n) {
      state.note({ kind: 'missed_ticks', span: placeOf(state.source, op.span), count: Number(missed) });
      state.warn(report('PG6203', { count: Number(missed) }, op.span));
    }
  }
}

/** Waits for a job or grace period, or for every job that this one spawned. One that is over is not known any more. */
export function* awaitTarget(op: OpOf<'await'>, context: Context): Steps {
  const { state, job } = context;
  if (op.target === null) {
    const spawned = [...job.children].filter((child) => child.kind === 'spawn');
    yield Promise.all(spawned.map((child) => child.done));
    return 'done';
  }
  const target = operand(op.target, context);
  if (!target.ok) return target.failed;
  if (target.value.type === 'job') yield state.jobs.get(target.value.id)?.done ?? Promise.resolve();
  if (target.value.type === 'grace') yield state.graces.get(target.value.id) ?? Promise.resolve();
  return 'done';
}

/** Ends a job and everything that it registered; what the engine is doing for it comes to its end. */
export function* cancel(op: OpOf<'cancel'>, context: Context): Steps {
  const { state } = context;
  const target = operand(op.job, context);
  if (!target.ok) return target.failed;
  const job = target.value.type === 'job' ? state.jobs.get(target.value.id) : undefined;
  job?.cancel();
  // A job that cancels itself (or whoever registered it) has its end at this very yield.
  yield context.job.cancelled || job === undefined ? Promise.resolve() : job.done;
  return 'done';
}

function bind(name: string | null, job: Job, scope: Scope): void {
  const value: Value = { type: 'job', id: job.id };
  if (name !== null) scope.declare(name, value);
}

function timeoutOf(expr: Expr | null, context: Context): Result<bigint | null> {
  return expr === null ? ok(null) : durationOf(expr, '`timeout`', notNegative, context);
}

function ended(refusal: Refused): Failed {
  return refusal.failed;
}
