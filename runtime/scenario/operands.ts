// SPDX-License-Identifier: Apache-2.0

import { type Bounds, boundsProblem } from '../../lang/bounds.ts';
import { nameOf } from '../../lang/evaluate.ts';
import type { Expr, Parameter } from '../../lang/op.ts';
import type { Value } from '../../lang/value.ts';
import { ok, type Result, refused } from './completion.ts';

import type { Job } from './jobs.ts';
import type { ScenarioState } from './scenario-state.ts';
import type { Scope } from './scope.ts';
import type { Setting } from './settings.ts';

/** Where an operation stands: the scenario, the block around it and the job that carries it out. */
export interface Context {
  readonly state: ScenarioState;
  readonly scope: Scope;
  readonly job: Job;
}

export function operand(expr: Expr, { state, scope, job }: Context): Result<Value> {
  return state.evaluate(expr, scope, job);
}

/** A number or quantity in its base unit, inside its bounds. `subject` names it in diagnostics. */
export function numberOf(expr: Expr, subject: string, bounds: Bounds, context: Context): Result<number> {
  const value = operand(expr, context);
  if (!value.ok) return value;
  const problem = boundsProblem(subject, value.value, bounds, expr.span);
  if (problem !== null) return refused(problem);
  if ('value' in value.value && typeof value.value.value === 'number') return ok(value.value.value);
  throw new TypeError(`${subject} is of type ${value.value.type}, which the checker lets nobody write`);
}

/** A duration in whole nanoseconds. */
export function durationOf(expr: Expr, subject: string, bounds: Bounds, context: Context): Result<bigint> {
  const ns = numberOf(expr, subject, bounds, context);
  return ns.ok ? ok(BigInt(Math.round(ns.value))) : ns;
}

export function namesOf(exprs: readonly Expr[], context: Context): Result<readonly string[]> {
  const names: string[] = [];
  for (const expr of exprs) {
    const value = operand(expr, context);
    if (!value.ok) return value;
    names.push(nameOf(value.value));
  }
  return ok(names);
}

export function settingsOf(parameters: readonly Parameter[], context: Context): Result<readonly Setting[]> {
  const settings: Setting[] = [];
  for (const { name, values, span } of parameters) {
    const evaluated: Value[] = [];
    for (const expr of values) {
      const value = operand(expr, context);
      if (!value.ok) return value;
      evaluated.push(value.value);
    }
    settings.push({ name, values: evaluated, span });
  }
  return ok(settings);
}
