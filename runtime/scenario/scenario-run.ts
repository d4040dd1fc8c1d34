// SPDX-License-Identifier: Apache-2.0

import { notNegative } from '../../lang/bounds.ts';
import { nameOf } from '../../lang/evaluate.ts';
import type { Expr, Receiver as ReceiverPlan, Scenario } from '../../lang/op.ts';
import type { Span } from '../../lang/source.ts';
import { formatDuration } from '../../lang/syntax/literals.ts';
import { report } from '../catalogue.ts';
import type { Progress, ScenarioResults } from '../results.ts';
import { type Failed, ok, type Result, refused } from './completion.ts';
import { halt } from './device-operations.ts';
import { assessShortfall } from './devices.ts';
import { runBody } from './executor.ts';
import type { Steps } from './jobs.ts';
import { type Context, durationOf, namesOf, operand } from './operands.ts';
import { defaultSettle } from './receivers.ts';
import { progressMeter, scenarioResults } from './scenario-results.ts';
import { type ScenarioSetting, ScenarioState } from './scenario-state.ts';
import { Scope } from './scope.ts';
import { settleReceivers } from './settling.ts';

/** Ten looks a second: what a progress line can show. Real time, whatever the engine's clock. */
const progressMs = 100;

/** A scenario, or one of the values that it is carried out for. */
export interface Instance {
  /** Its name in the results. */
  readonly name: string;
  /** What the variable of `scenario … for` holds; null without one. */
  readonly value: Expr | null;
}

/** When the whole run has taken long enough, and that time in words. */
export interface RunLimit {
  /** By the engine's clock. */
  readonly instant: bigint;
  /** By the machine's monotonic clock, in milliseconds: in virtual time a loop without an end may take no time at all. */
  readonly deadline: number;
  readonly text: string;
}

/** Whether either clock has come to the limit. */
export function isReached(limit: RunLimit, now: bigint): boolean {
  return now >= limit.instant || performance.now() >= limit.deadline;
}

export interface ScenarioOptions {
  readonly instance: Instance;
  readonly signal: AbortSignal;
  readonly limit: RunLimit | null;
  /** How long (ns) `teardown` may go on after an interruption, and beyond the limit. */
  readonly hurriedTeardown: bigint;
  readonly onProgress: (progress: Progress) => void;
  /** Is told the state, so that engine events find it. */
  readonly onState: (state: ScenarioState) => void;
}

/**
 * Runs one scenario from opening its receivers to taking everything down again, and gives its results. @throws what is a
 * defect; the engine is clean then, too
 */
export async function runScenario(
  scenario: Scenario,
  setting: ScenarioSetting,
  options: ScenarioOptions,
): Promise<ScenarioResults> {
  const state = new ScenarioState(setting);
  options.onState(state);
  const context: Context = { state, scope: state.root, job: state.main };
  const interrupt = (): void => state.end('interrupted');
  options.signal.addEventListener('abort', interrupt, { once: true });
  const meter = progressMeter(state);
  const progress = setInterval(() => options.onProgress(meter()), progressMs);
  let results: ScenarioResults;
  try {
    let unfinished: Failed | null = null;
    if (options.signal.aborted) state.end('interrupted');
    else unfinished = await carryOut(scenario, context, options);
    await comeToRest(scenario.span, state);
    if (state.ending !== null && state.ending !== 'interrupted') setting.onDiagnostic(state.ending.diagnostic);
    if (unfinished !== null) state.warn(unfinished.diagnostic);
    results = scenarioResults(options.instance.name, state);
  } finally {
    clearInterval(progress);
    options.signal.removeEventListener('abort', interrupt);
    await takeDown(scenario.span, state);
  }
  if (state.defect !== null) throw state.defect.error;
  return results;
}

/** Gives why `teardown` was cut short where that is not the reason of the scenario's end. */
async function carryOut(scenario: Scenario, context: Context, options: ScenarioOptions): Promise<Failed | null> {
  const { state } = context;
  for (const receiver of scenario.receivers) {
    const opened = await openReceiver(receiver, context);
    if (!opened.ok) state.end(opened.failed);
    if (state.ending !== null) return null;
  }
  const release = endAtLimit(scenario.span, state, options.limit, (failed) => state.end(failed));
  state.clock.onIdle?.(() => state.end(state.standstill(scenario.span)));
  let begun = false;
  const onBegun = (): void => {
    begun = true;
  };
  state.begin(state.main, body(scenario, options.instance, context, onBegun));
  await state.main.done;
  release();
  const tornDown = begun && scenario.teardown.length > 0 && state.defect === null;
  const unfinished = tornDown ? await tearDown(scenario, state, options) : null;
  state.clock.onIdle?.(null);
  return unfinished;
}

/** Calls `end` when the run has taken as long as it may; gives what takes it back. */
function endAtLimit(
  span: Span,
  state: ScenarioState,
  limit: RunLimit | null,
  end: (failed: Failed) => void,
): () => void {
  if (limit === null) return () => {};
  const { instant, deadline, text } = limit;
  return endAt(instant, deadline, () => end(refused(report('PG6105', { limit: text }, span), 'failed').failed), state);
}

/** Node's timers take a 32-bit count of milliseconds. */
const longestTimerMs = 2 ** 31 - 1;

/** Calls `exceed` at an instant of the engine's clock, or at a deadline of the machine's; gives what takes it back. */
function endAt(instant: bigint, deadline: number, exceed: () => void, state: ScenarioState): () => void {
  // The last of its instant: what ends just in time has ended.
  const alarm = state.timers.set(instant, Number.MAX_SAFE_INTEGER, exceed, true);
  // Other clocks are the machine's own.
  if (state.clock.onIdle === undefined) return alarm.cancel;
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => {
    const remaining = Math.min(Math.max(Math.ceil(deadline - performance.now()), 0), longestTimerMs);
    timer = setTimeout(look, remaining);
  };
  // Node's timers may fire a little early: whoever asks `isReached` then would hear that it is not.
  const look = (): void => {
    if (performance.now() >= deadline) exceed();
    else wait();
  };
  wait();
  return () => {
    alarm.cancel();
    clearTimeout(timer);
  };
}

/** The parts of a scenario in order. `begun` is called when `teardown` has become due. */
function* body(scenario: Scenario, instance: Instance, context: Context, begun: () => void): Steps {
  const before = yield* runBody(scenario.prelude, context);
  if (before !== 'done') return before;
  if (scenario.each !== null && instance.value !== null) {
    const value = operand(instance.value, context);
    if (!value.ok) return value.failed;
    context.scope.declare(scenario.each.name, value.value);
  }
  begun();
  const setUp = yield* runBody(scenario.setup, { ...context, scope: new Scope(context.scope) });
  return setUp === 'done' ? yield* runBody(scenario.body, context) : setUp;
}

const nsPerMs = 1e6;

/**
 * Carries out `teardown` in a job of its own. What ended the scenario stays its reason, whatever becomes of `teardown`:
 * gives why that was cut short where it is not the reason.
 */
async function tearDown(scenario: Scenario, state: ScenarioState, options: ScenarioOptions): Promise<Failed | null> {
  const { limit, signal, hurriedTeardown } = options;
  let reason = state.ending;
  state.runs.dropAll();
  for (const job of [...state.jobs.values()]) job.cancel();
  state.ending = null;
  const job = state.register('main', state.main, null);
  let late = null as Failed | null;
  const exceed = (): void => {
    const text = formatDuration(hurriedTeardown);
    late = refused(report('PG6108', { limit: text }, job.at ?? scenario.span), 'failed').failed;
    state.end(late);
  };
  let hurried = null as (() => void) | null;
  const hurry = (): void => {
    const deadline = performance.now() + Number(hurriedTeardown) / nsPerMs;
    hurried ??= endAt(state.clock.now() + hurriedTeardown, deadline, exceed, state);
  };
  // Where virtual time stands still, a limit that it has reached does not come up again.
  if (signal.aborted || (limit !== null && isReached(limit, state.clock.now()))) hurry();
  const release = endAtLimit(scenario.span, state, limit, (failed) => {
    reason ??= failed;
    hurry();
  });
  state.begin(job, runBody(scenario.teardown, { state, job, scope: new Scope(state.root) }));
  await job.done;
  release();
  hurried?.();
  state.ending = reason ?? state.ending;
  return reason === null ? null : late;
}

/** Opens a receiver of the scenario; it counts from then on. */
export async function openReceiver(receiver: ReceiverPlan, context: Context): Promise<Result<void>> {
  const { state } = context;
  const { name, span } = receiver;
  if (!state.engine.capabilities.receivers) {
    return refused(report('PG6006', { engine: state.engine.name, what: 'receivers' }, span), 'unsuitable');
  }
  const on = operand(receiver.on, context);
  if (!on.ok) return on;
  const settle =
    receiver.settle === null ? ok(defaultSettle) : durationOf(receiver.settle, '`settle`', notNegative, context);
  if (!settle.ok) return settle;
  const expects = receiver.expects === null ? ok(null) : namesOf(receiver.expects, context);
  if (!expects.ok) return expects;
  const plan = { name, interface: nameOf(on.value), settle: settle.value, expects: expects.value };
  return state.receivers.open(plan, span);
}

/** The jobs end with the body; what the engine was told comes to its end; then devices stop, and counters are exact. */
export async function comeToRest(span: Span, state: ScenarioState): Promise<void> {
  const number = state.runs.close();
  state.runs.dropAll();
  for (const job of [...state.jobs.values()]) job.cancel();
  await state.devices.queues.drained();
  const running = state.devices.present().filter((device) => state.devices.figures(device).running);
  const halted = await halt(running, span, state);
  if (!halted.ok) state.end(halted.failed);
  if (state.runs.open) {
    const settling = settleReceivers(state, null);
    for (let step = settling.next(); step.done !== true; step = settling.next()) await step.value;
  }
  state.runs.end(number);
  for (const device of state.devices.present()) assessShortfall(device, state.devices.figures(device));
}

/** Leaves the engine as it was before: no devices, no receivers, no grace period pending. */
export async function takeDown(span: Span, state: ScenarioState): Promise<void> {
  // Conditions watched would look at devices and receivers that are going away.
  state.timers.close();
  state.watchNoMore();
  await state.devices.queues.drained();
  await Promise.all(state.devices.present().map((device) => state.devices.removeIfPresent(device, span)));
  await state.receivers.close();
  await state.engine.sync();
}
