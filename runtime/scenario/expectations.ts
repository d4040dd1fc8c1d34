// SPDX-License-Identifier: Apache-2.0

import type { Outcome } from '../../lang/diagnostics/failure.ts';
import { type Environment, evaluate } from '../../lang/evaluate.ts';
import type { Expr } from '../../lang/op.ts';
import type { SourceFile, Span } from '../../lang/source.ts';
import { formatValue } from '../../lang/syntax/literals.ts';
import type { Value } from '../../lang/value.ts';
import { placeOf } from '../report/json.ts';
import type { ExpectationResults, Observation } from '../results.ts';

/** The code of a failure that says "there is no such figure (yet)": an expectation on it fails, a condition is not true. */
const noValueCode = 'PG6301';

export interface Observed {
  readonly outcome: Outcome<Value>;
  /** What stood on the sides of the comparisons that were made. */
  readonly actual: readonly Observation[];
}

const comparisons: ReadonlySet<string> = new Set(['<', '<=', '>', '>=', '==', '!=']);

/** Whether a condition failed to have a value rather than failed as an operation. */
export function hasNoValue(outcome: Outcome<Value>): boolean {
  return !outcome.ok && outcome.failure.code === noValueCode;
}

/**
 * Evaluates a condition and keeps what it compared. Each part is evaluated once: a `pick` draws once, and the values shown
 * are those that were judged.
 */
export function observe(condition: Expr, environment: Environment, source: SourceFile): Observed {
  const actual: Observation[] = [];
  const part = (expr: Expr): Outcome<Expr> => {
    const outcome = evaluate(expr, environment);
    if (!outcome.ok) return outcome;
    if (expr.kind !== 'constant') actual.push(observation(source.slice(expr.span), outcome.value));
    return { ok: true, value: { kind: 'constant', span: expr.span, value: outcome.value } };
  };
  const judge = (expr: Expr): Outcome<Value> => {
    if (expr.kind === 'unary' && expr.operator === '!') {
      const operand = judge(expr.operand);
      if (!operand.ok) return operand;
      const settled: Expr = { kind: 'constant', span: expr.operand.span, value: operand.value };
      return evaluate({ ...expr, operand: settled }, environment);
    }
    if (expr.kind === 'within') {
      const parts = [part(expr.actual), part(expr.tolerance), part(expr.target)] as const;
      const [value, tolerance, target] = parts;
      if (!value.ok) return value;
      if (!tolerance.ok) return tolerance;
      if (!target.ok) return target;
      const settled = { actual: value.value, tolerance: tolerance.value, target: target.value };
      return evaluate({ ...expr, ...settled }, environment);
    }
    if (expr.kind !== 'binary') return evaluate(expr, environment);
    if (expr.operator === '&&' || expr.operator === '||') {
      const left = judge(expr.left);
      if (!left.ok || (left.value.type === 'bool' && left.value.value === (expr.operator === '||'))) return left;
      return judge(expr.right);
    }
    if (!comparisons.has(expr.operator)) return evaluate(expr, environment);
    const left = part(expr.left);
    if (!left.ok) return left;
    const right = part(expr.right);
    if (!right.ok) return right;
    return evaluate({ ...expr, left: left.value, right: right.value }, environment);
  };
  return { outcome: judge(condition), actual };
}

/** Whether a value is true. */
export function isTrue(value: Value): boolean {
  return value.type === 'bool' && value.value;
}

function observation(text: string, value: Value): Observation {
  return { text: text.replace(/\s+/g, ' '), value: formatValue(value), raw: rawOf(value) };
}

function rawOf(value: Value): Observation['raw'] {
  if ('value' in value) return value.value;
  return 'name' in value ? value.name : null;
}

interface Expectation {
  readonly span: Span;
  readonly text: string;
  readonly label: string | null;
  passes: number;
  fails: number;
  actual: readonly Observation[];
  reason: string | null;
}

/** What a scenario expected: one entry for each statement and label, however often it was reached. */
export class Expectations {
  readonly #source: () => SourceFile;
  readonly #byPlace = new Map<string, Expectation>();

  constructor(source: () => SourceFile) {
    this.#source = source;
  }

  get anyFailed(): boolean {
    return [...this.#byPlace.values()].some((expectation) => expectation.fails > 0);
  }

  /** Records one verdict. The values of the first failure are kept, before that those of the last pass. */
  record(span: Span, text: string, label: string | null, observed: Observed): void {
    const key = `${span.start}:${span.end}:${label ?? ''}`;
    let expectation = this.#byPlace.get(key);
    if (expectation === undefined) {
      expectation = { span, text, label, passes: 0, fails: 0, actual: [], reason: null };
      this.#byPlace.set(key, expectation);
    }
    const passed = observed.outcome.ok && isTrue(observed.outcome.value);
    if (expectation.fails === 0) {
      expectation.actual = observed.actual;
      expectation.reason = observed.outcome.ok ? null : observed.outcome.failure.message;
    }
    if (passed) expectation.passes++;
    else expectation.fails++;
  }

  /** In source order. */
  results(): readonly ExpectationResults[] {
    const inOrder = [...this.#byPlace.values()].sort((a, b) => a.span.start - b.span.start);
    return inOrder.map(({ span, text, label, passes, fails, actual, reason }) => ({
      span: placeOf(this.#source(), span),
      text,
      label,
      passed: fails === 0,
      passes,
      fails,
      actual,
      reason,
    }));
  }
}
