// SPDX-License-Identifier: Apache-2.0

import { count, notNegative } from '../../lang/bounds.ts';
import { elementAt, elementCount } from '../../lang/elements.ts';
import type { Expr, Op, OpOf } from '../../lang/op.ts';
import { formatValue } from '../../lang/syntax/literals.ts';
import { assertNever } from '../../lang/types.ts';
import { report } from '../catalogue.ts';
import { asksStatistics } from '../program-uses.ts';
import { type Completion, refused, refusedBy } from './completion.ts';
import {
  addDevice,
  clearCounters,
  remDevice,
  remDeviceAll,
  reset,
  setDevices,
  start,
  stop,
} from './device-operations.ts';
import { hasNoValue, isTrue, type Observed, observe } from './expectations.ts';
import { type Job, type Steps, wait } from './jobs.ts';
import { changeLink } from './link-operations.ts';
import { type Context, durationOf, numberOf, operand } from './operands.ts';
import type { ScenarioState } from './scenario-state.ts';
import { Scope } from './scope.ts';
import { show } from './show.ts';
import {
  abortWhen,
  at,
  awaitTarget,
  cancel,
  every,
  spawn,
  sync,
  until,
  waitFor,
  waitStopped,
  waitUntil,
} from './time-operations.ts';

/**
 * Carries out control operations. Expressions and structure run without a break; every other operation is a yield point,
 * and so is each turn that a long stretch of pure code has to leave to the event loop.
 */
export function* runBody(body: readonly Op[], context: Context): Steps {
  for (const op of body) {
    if (context.job.cancelled) return 'ended';
    context.job.at = op.span;
    const turn = context.state.turn();
    if (turn !== null) yield turn;
    if (asksStatistics(op)) yield context.state.interfaces.measure();
    const carried = carryOut(op, context);
    const completion = typeof carried === 'object' && 'next' in carried ? yield* carried : carried;
    if (completion !== 'done') return completion;
  }
  return 'done';
}

/** The interpreter as operations with bodies of their own call it. */
export function bodyRunner(state: () => ScenarioState): (body: readonly Op[], scope: Scope, job: Job) => Steps {
  return (body, scope, job) => runBody(body, { state: state(), scope, job });
}

/** Pure code is over when this returns; what may wait gives its steps. */
function carryOut(op: Op, context: Context): Completion | Steps {
  switch (op.op) {
    case 'let':
    case 'assign':
      return setVariable(op, context);
    case 'if':
      return branch(op, context);
    case 'for':
      return forLoop(op, context);
    case 'while':
      return whileLoop(op, context);
    case 'repeat':
      return repeat(op, context);
    case 'break':
    case 'continue':
      return leave(op);
    case 'try':
      return attempt(op, context);
    case 'call':
      return call(op, context);
    case 'return':
      return giveBack(op, context);
    case 'add_device':
      return addDevice(op, context);
    case 'rem_device':
      return remDevice(op, context);
    case 'rem_device_all':
      return remDeviceAll(op, context);
    case 'set':
      return setDevices(op, context);
    case 'start':
      return start(op, context);
    case 'stop':
      return stop(op, context);
    case 'reset':
      return reset(op, context);
    case 'clear_counters':
      return clearCounters(op, context);
    case 'wait':
      return waitFor(op, context);
    case 'wait_stopped':
      return waitStopped(op, context);
    case 'wait_until':
      return waitUntil(op, context);
    case 'at':
      return at(op, context);
    case 'every':
      return every(op, context);
    case 'spawn':
      return spawn(op, context);
    case 'await':
      return awaitTarget(op, context);
    case 'cancel':
      return cancel(op, context);
    case 'sync':
      return sync(op, context);
    case 'abort_when':
      return abortWhen(op, context);
    case 'expect':
      return expect(op, context);
    case 'print':
      return print(op, context);
    case 'show':
      return show(op, context);
    case 'link':
      return changeLink(op, context);
    default:
      return assertNever(op);
  }
}

function setVariable(op: OpOf<'let'> | OpOf<'assign'>, context: Context): Completion {
  const value = operand(op.value, context);
  if (!value.ok) return value.failed;
  if (op.op === 'let') context.scope.declare(op.name, value.value);
  else context.scope.assign(op.name, value.value);
  return 'done';
}

function* branch(op: OpOf<'if'>, context: Context): Steps {
  const condition = operand(op.condition, context);
  if (!condition.ok) return condition.failed;
  return yield* inner(isTrue(condition.value) ? op.then : op.otherwise, context);
}

/** One round of a loop: the variables of its body are fresh. Null: the loop goes on. */
function* round(body: readonly Op[], context: Context): Generator<Promise<unknown>, Completion | null, unknown> {
  const turn = context.state.turn();
  if (turn !== null) yield turn;
  const completion = yield* runBody(body, context);
  if (completion === 'done' || completion === 'continue') return null;
  return completion === 'break' ? 'done' : completion;
}

function* forLoop(op: OpOf<'for'>, context: Context): Steps {
  const over = operand(op.over, context);
  if (!over.ok) return over.failed;
  const rounds = elementCount(over.value);
  for (let i = 0; i < rounds; i++) {
    const scope = new Scope(context.scope);
    scope.declare(op.name, elementAt(over.value, i));
    const left = yield* round(op.body, { ...context, scope });
    if (left !== null) return left;
  }
  return 'done';
}

function* whileLoop(op: OpOf<'while'>, context: Context): Steps {
  for (;;) {
    if (asksStatistics(op.condition)) yield context.state.interfaces.measure();
    const condition = operand(op.condition, context);
    if (!condition.ok) return condition.failed;
    if (!isTrue(condition.value)) return 'done';
    const left = yield* round(op.body, { ...context, scope: new Scope(context.scope) });
    if (left !== null) return left;
  }
}

function* repeat(op: OpOf<'repeat'>, context: Context): Steps {
  const times = numberOf(op.times, '`repeat`', count, context);
  if (!times.ok) return times.failed;
  for (let i = 0; i < times.value; i++) {
    const left = yield* round(op.body, { ...context, scope: new Scope(context.scope) });
    if (left !== null) return left;
  }
  return 'done';
}

function leave(op: OpOf<'break'> | OpOf<'continue'>): Completion {
  return op.op;
}

/** A failed operation goes on in `else`; a condition that ended the scenario ends it. */
function* attempt(op: OpOf<'try'>, context: Context): Steps {
  const completion = yield* inner(op.body, context);
  if (typeof completion !== 'object' || completion.kind === 'returned') return completion;
  if (completion.verdict === 'failed') return completion;
  const { clock } = context.state;
  if (clock.failureTakes !== undefined) yield* wait(clock.sleepUntil(clock.now() + clock.failureTakes));
  const scope = new Scope(context.scope, completion.diagnostic.message);
  return yield* runBody(op.otherwise, { ...context, scope });
}

/** The body of a function sees its arguments and the top level, never what stands around the call. */
function* call(op: OpOf<'call'>, context: Context): Steps {
  const { state } = context;
  const called = state.functions.get(op.function);
  if (called === undefined) throw new Error(`no function ${op.function} in the program`);
  const scope = new Scope(state.root);
  for (const [at, parameter] of called.parameters.entries()) {
    const value = operand(op.args[at] as Expr, context);
    if (!value.ok) return value.failed;
    scope.declare(parameter.name, value.value);
  }
  const completion = yield* runBody(called.body, { ...context, scope });
  if (typeof completion !== 'object' || completion.kind !== 'returned') return completion;
  if (op.bind !== null && completion.value !== null) context.scope.declare(op.bind, completion.value);
  return 'done';
}

function giveBack(op: OpOf<'return'>, context: Context): Completion {
  if (op.value === null) return { kind: 'returned', value: null };
  const value = operand(op.value, context);
  return value.ok ? { kind: 'returned', value: value.value } : value.failed;
}

function* expect(op: OpOf<'expect'>, context: Context): Steps {
  const { state, scope, job } = context;
  const label = op.label === null ? null : operand(op.label, context);
  if (label !== null && !label.ok) return label.failed;
  const look = (): Observed => observe(op.condition, state.environment(scope, job), state.source);
  let observed = look();
  if (op.timeout !== null) {
    const timeout = durationOf(op.timeout, '`timeout`', notNegative, context);
    if (!timeout.ok) return timeout.failed;
    // What was seen when it came true is the result: figures go on while the job is on its way.
    const settled = (): boolean => {
      observed = look();
      return observed.outcome.ok ? isTrue(observed.outcome.value) : !hasNoValue(observed.outcome);
    };
    yield* until(settled, { polled: true, timeout: timeout.value }, state);
  }
  const { outcome } = observed;
  if (!outcome.ok && !hasNoValue(outcome)) return refusedBy(outcome.failure).failed;
  state.expectations.record(op.span, op.text, label === null ? null : formatValue(label.value), observed);
  if (!op.required || (outcome.ok && isTrue(outcome.value))) return 'done';
  return refused(report('PG6107', { condition: op.text }, op.span), 'failed').failed;
}

/** Characters of a printed line; `…` stands for the values behind them. */
export const mostPrinted = 65_536;

function print(op: OpOf<'print'>, context: Context): Completion {
  let line = '';
  for (const [at, expr] of op.values.entries()) {
    const value = operand(expr, context);
    if (!value.ok) return value.failed;
    if (line.length > mostPrinted) continue;
    const text = value.value.type === 'string' ? value.value.value : formatValue(value.value);
    line += at === 0 ? text : ` ${text}`;
    if (line.length > mostPrinted && at + 1 < op.values.length) line += ' …';
  }
  context.state.print(line, op.span);
  return 'done';
}

function inner(body: readonly Op[], context: Context): Steps {
  return runBody(body, { ...context, scope: new Scope(context.scope) });
}
