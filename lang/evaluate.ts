// SPDX-License-Identifier: Apache-2.0

import { arithmetic, type Computed, equal, isWithin, order, type Problem, quantity } from './algebra.ts';
import { report } from './diagnostics/catalogue-meaning.ts';
import { type Failure, failureFrom, type Outcome, type Unplaced } from './diagnostics/failure.ts';
import { elementAt, elementCount, prefixEnd } from './elements.ts';
import type { Field, Layer } from './frame/layer.ts';
import type { BuiltinFunction, Expr, MetricSource } from './op.ts';
import type { Span } from './source.ts';
import { formatValue, maxTextLength } from './syntax/literals.ts';
import { assertNever, displayType, isQuantity, typeOf } from './types.ts';
import type { Type, Value } from './value.ts';

/** Whose metric is meant, with every name evaluated. */
export type ResolvedMetricSource =
  | { readonly kind: 'device'; readonly device: string }
  | { readonly kind: 'devices' }
  | { readonly kind: 'receiver'; readonly receiver: string; readonly from: string | null }
  | { readonly kind: 'receivers' }
  | { readonly kind: 'grace' };

/** What the run knows, or why it does not: the speed of a veth, a latency before the first packet. */
export type Reading = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly failure: Unplaced };

/** What expressions ask of whoever runs them. All of it is synchronous and free of effects. */
export interface Environment {
  /** A variable, loop variable or parameter; the checker has made sure that it is declared. */
  variable(name: string): Value;
  /** A metric by its dotted path, `latency.p99`, in the type that metrics.ts gives it. */
  metric(source: ResolvedMetricSource, metric: string): Reading;
  /** An interface fact in the type that facts.ts gives it. */
  fact(interfaceName: string, fact: string, argument: string | null): Reading;
  /** Uniform in [0, 1), for `pick`. */
  random(): number;
  /** Time since the run began, a duration. */
  elapsed(): Value;
  /** The message of the failure that the enclosing `try … else` caught. */
  caught(): string;
}

/** The bytes that a frame costs on the wire beyond its own: FCS 4, preamble and delimiter 8, gap 12 (IEEE 802.3). */
const wireOverhead = 24;

/**
 * Evaluates a checked expression. Every failure is a user's mistake that only the run could show (a division by zero, an
 * index out of range, an unknown fact), at the span of the part that failed.
 */
export function evaluate(expr: Expr, environment: Environment): Outcome<Value> {
  const value = compute(expr, environment);
  return failed(value) ? { ok: false, failure: value } : { ok: true, value };
}

/** The name that a value stands for where a device, receiver or interface belongs. */
export function nameOf(value: Value): string {
  if ('name' in value) return value.name;
  if (value.type === 'string') return value.value;
  throw new TypeError(`a value of type ${value.type} has no name`);
}

type Result<V = Value> = V | Failure;

function failed(result: unknown): result is Failure {
  return typeof result === 'object' && result !== null && 'code' in result;
}

/** No function is made in here: with one, each call would allocate what it closes over, and there is one for each operand. */
function compute(expr: Expr, environment: Environment): Result {
  switch (expr.kind) {
    case 'constant':
      return expr.value;
    case 'variable':
      return environment.variable(expr.name);
    case 'text':
      return joined(expr, environment);
    case 'list': {
      const items = all(expr.items, environment);
      return failed(items) ? items : { type: 'list', items };
    }
    case 'range':
      return rangeOf(expr, environment);
    case 'index':
      return itemOf(expr, environment);
    case 'unary': {
      const operand = compute(expr.operand, environment);
      if (failed(operand)) return operand;
      if (expr.operator === '!') {
        return operand.type === 'bool' ? bool(!operand.value) : unexpected(operand, expr.operand.span);
      }
      if (!isQuantity(operand.type as Type)) return unexpected(operand, expr.operand.span);
      return settle(arithmetic('-', { ...operand, value: 0 } as Value, operand), expr.span);
    }
    case 'binary':
      return binary(expr, environment);
    case 'within': {
      const operands = all([expr.actual, expr.tolerance, expr.target], environment);
      if (failed(operands)) return operands;
      const [actual, tolerance, target] = operands as [Value, Value, Value];
      const held = isWithin(actual, tolerance, target);
      return held === null ? unexpected(actual, expr.span) : bool(held);
    }
    case 'call': {
      const args = all(expr.args, environment);
      return failed(args) ? args : call(expr.function, args, expr.span, environment);
    }
    case 'end': {
      const of = compute(expr.of, environment);
      if (failed(of)) return of;
      if (of.type === 'range') return expr.end === 'first' ? of.first : of.last;
      return of.type === 'prefix' ? prefixEnd(of, expr.end) : unexpected(of, expr.of.span);
    }
    case 'metric': {
      const source = resolve(expr.source, environment);
      return failed(source) ? source : read(environment.metric(source, expr.metric), expr.span);
    }
    case 'fact': {
      const of = compute(expr.interface, environment);
      if (failed(of)) return of;
      const argument = expr.argument === null ? null : textOf(expr.argument, environment);
      if (failed(argument)) return argument;
      return read(environment.fact(nameOf(of), expr.fact, argument), expr.span);
    }
    case 'elapsed':
      return environment.elapsed();
    case 'caught':
      return { type: 'string', value: environment.caught() };
    case 'frame':
      return stacked(expr, environment);
    default:
      return assertNever(expr);
  }
}

/** Results in order, or the first failure; what stands after it is not evaluated. */
function every<T, V>(items: readonly T[], result: (item: T) => Result<V>): Result<V[]> {
  const values = new Array<V>(items.length);
  let at = 0;
  for (const item of items) {
    const value = result(item);
    if (failed(value)) return value;
    values[at++] = value;
  }
  return values;
}

function all(exprs: readonly Expr[], environment: Environment): Result<Value[]> {
  return every(exprs, (expr) => compute(expr, environment));
}

function joined(expr: Expr & { readonly kind: 'text' }, environment: Environment): Result {
  const parts = every(expr.parts, (part) => textOf(part, environment));
  if (failed(parts)) return parts;
  const value = parts.join('');
  if (value.length <= maxTextLength) return { type: 'string', value };
  return failureFrom(report('PG2310', { limit: maxTextLength }, expr.span));
}

function stacked(expr: Expr & { readonly kind: 'frame' }, environment: Environment): Result {
  const layers = every(expr.parts, (part) => layersOf(part, environment));
  return failed(layers) ? layers : { type: 'frame', layers: layers.flat() };
}

function textOf(part: string | Expr, environment: Environment): Result<string> {
  if (typeof part === 'string') return part;
  const value = compute(part, environment);
  if (failed(value)) return value;
  return value.type === 'string' ? value.value : formatValue(value);
}

function rangeOf(expr: Expr & { readonly kind: 'range' }, environment: Environment): Result {
  const ends = all([expr.first, expr.last], environment);
  if (failed(ends)) return ends;
  const [first, last] = ends as [Value, Value];
  if (expr.step === null) return { type: 'range', first, last, step: null };
  const written = compute(expr.step, environment);
  if (failed(written)) return written;
  const step = 'value' in written && typeof written.value === 'number' ? written.value : 0;
  if (Number.isSafeInteger(step) && step > 0) return { type: 'range', first, last, step };
  return failureFrom(report('PG5013', { actual: formatValue(written) }, expr.step.span));
}

function itemOf(expr: Expr & { readonly kind: 'index' }, environment: Environment): Result {
  const operands = all([expr.list, expr.index], environment);
  if (failed(operands)) return operands;
  const [list, index] = operands as [Value, Value];
  if (list.type !== 'list' || index.type !== 'number') return unexpected(list, expr.span);
  const item = list.items[index.value];
  if (item !== undefined) return item;
  return failureFrom(report('PG2303', { index: formatValue(index), length: list.items.length }, expr.index.span));
}

function binary(expr: Expr & { readonly kind: 'binary' }, environment: Environment): Result {
  const left = compute(expr.left, environment);
  if (failed(left)) return left;
  if (expr.operator === '&&' || expr.operator === '||') {
    if (left.type !== 'bool') return unexpected(left, expr.left.span);
    if (left.value === (expr.operator === '||')) return left;
    const right = compute(expr.right, environment);
    return failed(right) || right.type === 'bool' ? right : unexpected(right, expr.right.span);
  }
  const right = compute(expr.right, environment);
  if (failed(right)) return right;
  switch (expr.operator) {
    case '+':
    case '-':
    case '*':
    case '/':
      return settle(arithmetic(expr.operator, left, right), expr.span);
    case '==':
    case '!=': {
      const same = equal(left, right);
      return same === null ? unexpected(right, expr.span) : bool(same === (expr.operator === '=='));
    }
    case '<':
      return compared(left, right, expr.span, (sign) => sign < 0);
    case '<=':
      return compared(left, right, expr.span, (sign) => sign <= 0);
    case '>':
      return compared(left, right, expr.span, (sign) => sign > 0);
    case '>=':
      return compared(left, right, expr.span, (sign) => sign >= 0);
    default:
      return assertNever(expr.operator);
  }
}

function compared(left: Value, right: Value, span: Span, holds: (sign: number) => boolean): Result {
  const sign = order(left, right);
  return sign === null ? unexpected(right, span) : bool(holds(sign));
}

function call(name: BuiltinFunction, args: readonly Value[], span: Span, environment: Environment): Result {
  const [first, second] = args as readonly [Value, Value?];
  switch (name) {
    case 'min':
    case 'max': {
      const values = first.type === 'list' ? first.items : args;
      const head = values[0];
      if (head === undefined) return failureFrom(report('PG2304', { function: name }, span));
      const wanted = name === 'min' ? -1 : 1;
      return values.reduce((best, value) => (order(value, best) === wanted ? value : best), head);
    }
    case 'floor':
    case 'round': {
      if (!isQuantity(first.type as Type)) return unexpected(first, span);
      const { type, value } = first as { readonly type: 'number'; readonly value: number };
      return settle(quantity(type, name === 'floor' ? Math.floor(value) : Math.round(value)), span);
    }
    case 'len':
      return { type: 'number', value: elementCount(first) };
    case 'wire':
      return first.type === 'size'
        ? settle(quantity('size', first.value + wireOverhead), span)
        : unexpected(first, span);
    case 'pick': {
      const count = elementCount(first);
      if (count === 0) return failureFrom(report('PG2304', { function: name }, span));
      return elementAt(first, Math.floor(environment.random() * count));
    }
    case 'addr': {
      if (first.type !== 'prefix' || second?.type !== 'number') return unexpected(first, span);
      const inside = Number.isInteger(second.value) && second.value >= 0 && second.value < elementCount(first);
      if (inside) return elementAt(first, second.value);
      const what = `address ${formatValue(second)} of ${formatValue(first)}`;
      return failureFrom(report('PG2305', { what }, span));
    }
    default:
      return assertNever(name);
  }
}

function layersOf(part: Layer<Expr> | Expr, environment: Environment): Result<readonly Layer<Value>[]> {
  if (part.kind !== 'layer') {
    const value = compute(part, environment);
    if (failed(value)) return value;
    return value.type === 'frame' ? value.layers : unexpected(value, part.span);
  }
  const fields = every(part.fields, (field): Result<Field<Value>> => {
    const { source } = field;
    const value = compute(source.kind === 'random' ? source.over : source.value, environment);
    if (failed(value)) return value;
    return { ...field, source: source.kind === 'random' ? { kind: 'random', over: value } : { kind: 'fixed', value } };
  });
  return failed(fields) ? fields : [{ ...part, fields }];
}

function resolve(source: MetricSource, environment: Environment): Result<ResolvedMetricSource> {
  const named = (expr: Expr): Result<string> => {
    const value = compute(expr, environment);
    return failed(value) ? value : nameOf(value);
  };
  switch (source.kind) {
    case 'device': {
      const device = named(source.device);
      return failed(device) ? device : { kind: 'device', device };
    }
    case 'receiver': {
      const receiver = named(source.receiver);
      if (failed(receiver)) return receiver;
      const from = source.from === null ? null : named(source.from);
      return failed(from) ? from : { kind: 'receiver', receiver, from };
    }
    default:
      return source;
  }
}

function read(reading: Reading, span: Span): Result {
  return reading.ok ? reading.value : { ...reading.failure, span };
}

const bool = (value: boolean): Value => ({ type: 'bool', value });

function settle(computed: Computed, span: Span): Result {
  return computed.ok ? computed.value : failureOf(computed.problem, span);
}

function failureOf(problem: Problem, span: Span): Failure {
  switch (problem) {
    case 'division by zero':
      return failureFrom(report('PG2301', {}, span));
    case 'overflow':
      return failureFrom(report('PG2302', {}, span));
    case 'address':
      return failureFrom(report('PG2305', { what: 'the result' }, span));
    case 'fraction':
      return failureFrom(report('PG2309', {}, span));
    case 'operands':
      return failureFrom(report('PG2308', { what: 'these operands' }, span));
    default:
      return assertNever(problem);
  }
}

/**
 * A value whose type only the run knows and the checker had to assume: a prefix given by `--set` may be of either family.
 */
function unexpected(value: Value, span: Span): Failure {
  return failureFrom(report('PG2308', { what: `a value of type ${displayType(typeOf(value))}` }, span));
}
