// SPDX-License-Identifier: Apache-2.0

import { addressBits } from './syntax/addresses.ts';
import type { BinaryOperator, UnaryOperator } from './syntax/ast.ts';
import {
  type AddressType,
  isAddress,
  isQuantity,
  type QuantityType,
  quantityTypes,
  sameType,
  typeOf,
} from './types.ts';
import type { Type, Value } from './value.ts';

/**
 * The unit algebra: one table says for every operator and pair of types what comes out and how it is computed; the checker
 * reads the types, evaluation the rest. Three equations and what solving them for each member gives, besides sums of one
 * type, multiples and ratios:
 *
 *     pps * duration = number      bps * duration = size      size * pps = bps
 */
export type ArithmeticOperator = '+' | '-' | '*' | '/';

export type Problem = 'division by zero' | 'overflow' | 'address' | 'fraction' | 'operands';
export type Computed = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly problem: Problem };

interface Rule {
  readonly result: QuantityType;
  readonly compute: (left: number, right: number) => number;
}

const nsPerSecond = 1_000_000_000;
const bitsPerByte = 8;

/**
 * Products over products. Whole factors are computed in integers, so that an hour at 10 Mpps is a whole number of packets
 * although the product of its factors passes 2^53 on the way.
 */
function ratio(numerator: readonly number[], denominator: readonly number[]): number {
  if ([...numerator, ...denominator].every(Number.isSafeInteger)) {
    const n = numerator.reduce((product, factor) => product * BigInt(factor), 1n);
    const d = denominator.reduce((product, factor) => product * BigInt(factor), 1n);
    return Number(n / d) + Number(n % d) / Number(d);
  }
  const product = (factors: readonly number[]) => factors.reduce((a, b) => a * b, 1);
  return product(numerator) / product(denominator);
}

/** By operator, left and right type: a key put together of them would be made and hashed for every operation of a file. */
type Table = ReadonlyMap<BinaryOperator, ReadonlyMap<Type, ReadonlyMap<Type, Rule>>>;

function table(): Table {
  const rules = new Map<ArithmeticOperator, Map<QuantityType, Map<QuantityType, Rule>>>();
  const add = (
    left: QuantityType,
    operator: ArithmeticOperator,
    right: QuantityType,
    result: QuantityType,
    compute: Rule['compute'],
  ) => {
    const ofOperator = rules.get(operator) ?? new Map<QuantityType, Map<QuantityType, Rule>>();
    const ofLeft = ofOperator.get(left) ?? new Map<QuantityType, Rule>();
    rules.set(operator, ofOperator.set(left, ofLeft.set(right, { result, compute })));
  };
  const product = (a: QuantityType, b: QuantityType, result: QuantityType, compute: Rule['compute']) => {
    add(a, '*', b, result, compute);
    add(b, '*', a, result, (x, y) => compute(y, x));
  };

  for (const type of quantityTypes) {
    add(type, '+', type, type, (a, b) => a + b);
    add(type, '-', type, type, (a, b) => a - b);
    add(type, '/', type, 'number', (a, b) => a / b);
    add(type, '/', 'number', type, (a, b) => a / b);
    product('number', type, type, (a, b) => a * b);
  }
  // After the multiples: a percentage of a number is a number.
  for (const type of quantityTypes) product('percent', type, type, (a, b) => ratio([a, b], [100]));

  product('pps', 'duration', 'number', (a, b) => ratio([a, b], [nsPerSecond]));
  add('number', '/', 'duration', 'pps', (a, b) => ratio([a, nsPerSecond], [b]));
  add('number', '/', 'pps', 'duration', (a, b) => ratio([a, nsPerSecond], [b]));

  product('bps', 'duration', 'size', (a, b) => ratio([a, b], [bitsPerByte, nsPerSecond]));
  add('size', '/', 'duration', 'bps', (a, b) => ratio([a, bitsPerByte, nsPerSecond], [b]));
  add('size', '/', 'bps', 'duration', (a, b) => ratio([a, bitsPerByte, nsPerSecond], [b]));

  product('size', 'pps', 'bps', (a, b) => ratio([a, b, bitsPerByte], [1]));
  add('bps', '/', 'size', 'pps', (a, b) => ratio([a], [b, bitsPerByte]));
  add('bps', '/', 'pps', 'size', (a, b) => ratio([a], [b, bitsPerByte]));
  return rules;
}

const rules = table();
const ofNumbers = new Map([...rules].map(([operator, ofLeft]) => [operator, ofLeft.get('number')?.get('number')]));

function ruleOf(operator: BinaryOperator, left: Type, right: Type): Rule | undefined {
  // As most are.
  if (left === 'number' && right === 'number') return ofNumbers.get(operator);
  return rules.get(operator)?.get(left)?.get(right);
}

/** Types whose values have an order. */
export function isOrdered(type: Type): boolean {
  return isQuantity(type) || isAddress(type);
}

/** Types whose values `==` can tell apart; a frame, job or grace period is compared with nothing. */
export function hasEquality(type: Type): boolean {
  return (
    isOrdered(type) ||
    (typeof type === 'string' && ['bool', 'string', 'device', 'receiver', 'interface'].includes(type))
  );
}

/** The type that an operator gives on two types, null where it takes no such pair. `unknown` operands are silent. */
export function binaryType(operator: BinaryOperator, left: Type, right: Type): Type | null {
  switch (operator) {
    case '+':
    case '-':
    case '*':
    case '/': {
      if (left === 'unknown' || right === 'unknown') return 'unknown';
      const rule = ruleOf(operator, left, right);
      if (rule !== undefined) return rule.result;
      return isAddress(left) && right === 'number' && (operator === '+' || operator === '-') ? left : null;
    }
    case '<':
    case '<=':
    case '>':
    case '>=':
      return sameType(left, right) && (left === 'unknown' || isOrdered(left)) ? 'bool' : null;
    case '==':
    case '!=':
      return sameType(left, right) && (left === 'unknown' || hasEquality(left)) ? 'bool' : null;
    case '&&':
    case '||':
      return sameType(left, 'bool') && sameType(right, 'bool') ? 'bool' : null;
  }
}

/** The type that a sign or `!` gives, null where it takes no such operand. */
export function unaryType(operator: UnaryOperator, operand: Type): Type | null {
  if (operand === 'unknown') return 'unknown';
  if (operator === '!') return operand === 'bool' ? 'bool' : null;
  return isQuantity(operand) ? operand : null;
}

/** Whether `actual within tolerance of target` makes sense: one quantity, and a tolerance in percent or in its unit. */
export function withinType(actual: Type, tolerance: Type, target: Type): Type | null {
  const known = [actual, target].filter((type) => type !== 'unknown');
  if (!sameType(actual, target) || !known.every(isQuantity)) return null;
  return sameType(tolerance, 'percent') || sameType(tolerance, actual) ? 'bool' : null;
}

/** Types of right operands that an arithmetic operator takes after `left`, for hints. */
export function rightOperands(operator: BinaryOperator, left: Type): readonly QuantityType[] {
  return quantityTypes.filter((right) => ruleOf(operator, left, right) !== undefined);
}

/**
 * A quantity in its type's unit: durations round to whole nanoseconds, the finest that there is. From 2^53 on
 * whole numbers are no longer exact, which is an error and never a silent rounding.
 */
export function quantity(type: QuantityType, value: number): Computed {
  const exact = type === 'duration' ? Math.sign(value) * Math.round(Math.abs(value)) : value;
  if (!(Math.abs(exact) <= Number.MAX_SAFE_INTEGER)) return { ok: false, problem: 'overflow' };
  return { ok: true, value: { type, value: exact === 0 ? 0 : exact } };
}

/** An address as an integer, first octet highest. */
export function addressNumber(value: Value): bigint | null {
  if (value.type === 'ipv6') return BigInt(`0x${value.value}`);
  return value.type === 'mac' || value.type === 'ipv4' ? BigInt(value.value) : null;
}

/** The address of a family with that number; past either end of the family's space there is none. */
export function addressFrom(type: AddressType, number: bigint): Computed {
  if (number < 0n || number >= 1n << BigInt(addressBits[type])) return { ok: false, problem: 'address' };
  if (type === 'ipv6') return { ok: true, value: { type, value: number.toString(16).padStart(32, '0') } };
  return { ok: true, value: { type, value: Number(number) } };
}

/** Carries an arithmetic operator out. `operands`: the table has no such pair. */
export function arithmetic(operator: ArithmeticOperator, left: Value, right: Value): Computed {
  const leftType = typeOf(left);
  if (isAddress(leftType) && right.type === 'number' && (operator === '+' || operator === '-')) {
    if (!Number.isInteger(right.value)) return { ok: false, problem: 'fraction' };
    const offset = BigInt(right.value);
    return addressFrom(leftType, (addressNumber(left) as bigint) + (operator === '+' ? offset : -offset));
  }
  const rule = ruleOf(operator, leftType, typeOf(right));
  if (rule === undefined) return { ok: false, problem: 'operands' };
  const a = (left as { readonly value: number }).value;
  const b = (right as { readonly value: number }).value;
  if (operator === '/' && b === 0) return { ok: false, problem: 'division by zero' };
  return quantity(rule.result, rule.compute(a, b));
}

/** Negative, zero or positive as left is below, at or above right; both of one ordered type, otherwise null. */
export function order(left: Value, right: Value): number | null {
  if (left.type !== right.type || !isOrdered(left.type as Type)) return null;
  const a = (left as { readonly value: number | string }).value;
  const b = (right as { readonly value: number | string }).value;
  // 32 hexadecimal digits order as the numbers that they are.
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Whether two values of one type are the same. */
export function equal(left: Value, right: Value): boolean | null {
  if (left.type !== right.type) return null;
  if ('value' in left && 'value' in right) return left.value === right.value;
  if ('name' in left && 'name' in right) return left.name === right.name;
  return null;
}

/**
 * Whether `actual` is no further than `tolerance` from `target`: a percentage is one of the target (also where the target
 * is a percentage itself), anything else a distance.
 */
export function isWithin(actual: Value, tolerance: Value, target: Value): boolean | null {
  if (actual.type !== target.type || !isQuantity(actual.type as Type)) return null;
  const [a, t, d] = [actual, target, tolerance].map((v) => (v as { readonly value: number }).value) as [
    number,
    number,
    number,
  ];
  if (tolerance.type === 'percent') return Math.abs(a - t) <= ratio([d, Math.abs(t)], [100]);
  return tolerance.type === actual.type ? Math.abs(a - t) <= d : null;
}
