// SPDX-License-Identifier: Apache-2.0

import { type Environment, evaluate, type Reading } from './evaluate.ts';
import { innerOps } from './inner-ops.ts';
import type { Expr, Op, Program } from './op.ts';
import type { Value } from './value.ts';

/** What a plan can say of values before anything runs: parameters, variables made of constants, addresses of a lab. */
export interface KnownValues {
  /** Notes a variable as it is declared. */
  declare(name: string, value: Expr): void;
  /** The frame that an expression makes, or null where that is not known, or where it makes none. */
  frame(expr: Expr): FrameValue | null;
}
export type FrameValue = Value & { readonly type: 'frame' };

/** Ends the evaluation of an expression that needs the run; `Environment.variable` has no other way to say so. */
class NotKnown extends Error {}

const unknown: Reading = { ok: false, failure: { code: 'PG6000', message: 'known only in a run', hints: [] } };

/**
 * @param program a program, or what the checker found of one
 * @param ops operations of a scenario or of a function: of what they assign nobody knows when it has which value
 * @param settings parameters with other values than their defaults
 * @param macOf the MAC address of a lab's interface, as a number
 */
export function knownValues(
  program: Pick<Program, 'params' | 'lab'>,
  ops: readonly Op[],
  settings: ReadonlyMap<string, Value>,
  macOf: (name: string) => number,
): KnownValues {
  const variables = new Map(settings);
  const assigned = new Set<string>();
  collectAssigned(ops, assigned);
  const interfaces = new Set(
    program.lab?.links.flatMap((link) => (link.kind === 'veth' ? [link.a, link.b] : [link.name])) ?? [],
  );
  const needsRun = (): never => {
    throw new NotKnown();
  };
  const environment: Environment = {
    variable: (name) => variables.get(name) ?? needsRun(),
    metric: () => unknown,
    fact: (of, fact) =>
      fact === 'mac' && interfaces.has(of) ? { ok: true, value: { type: 'mac', value: macOf(of) } } : unknown,
    random: needsRun,
    elapsed: needsRun,
    caught: needsRun,
  };
  const computed = (expr: Expr): Value | null => {
    try {
      const outcome = evaluate(expr, environment);
      return outcome.ok ? outcome.value : null;
    } catch (error) {
      if (error instanceof NotKnown) return null;
      throw error;
    }
  };
  const declare = (name: string, expr: Expr): void => {
    const value = assigned.has(name) ? null : computed(expr);
    if (value === null) variables.delete(name);
    else variables.set(name, value);
  };
  for (const param of program.params)
    if (param.value !== null && !variables.has(param.name)) declare(param.name, param.value);
  return {
    declare,
    frame: (expr) => {
      const value = computed(expr);
      return value?.type === 'frame' ? value : null;
    },
  };
}

function collectAssigned(ops: readonly Op[], into: Set<string>): void {
  for (const op of ops) {
    if (op.op === 'assign') into.add(op.name);
    for (const inner of innerOps(op)) collectAssigned(inner.ops, into);
  }
}
