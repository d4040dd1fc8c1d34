// SPDX-License-Identifier: Apache-2.0

import { binaryType, isOrdered, rightOperands, unaryType, withinType } from '../algebra.ts';
import { notNegative } from '../bounds.ts';
import { report } from '../diagnostics/catalogue-meaning.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { elementCount } from '../elements.ts';
import { protocols } from '../frame/protocols.ts';
import type { BuiltinFunction, Expr } from '../op.ts';
import type { Span } from '../source.ts';
import type {
  BinaryExpression,
  CallExpression,
  Expression,
  ListExpression,
  RangeExpression,
  TextLiteral,
  WithinExpression,
} from '../syntax/ast.ts';
import { addressValue, type Literal, numberValue, quantityValue } from '../syntax/literals.ts';
import { articled, assertNever, eitherOf, elementType, isQuantity, sameType, typeOf } from '../types.ts';
import type { Type } from '../value.ts';
import { checkCallValue, functionOf } from './call.ts';
import {
  type Context,
  checkAs,
  expectBounds,
  fold,
  hole,
  mistake,
  near,
  type Typed,
  typed,
  typeProblem,
} from './context.ts';
import { checkLayer, checkStack } from './frame.ts';
import { checkCalledFact, checkMember, checkName } from './name.ts';

/** Checks an expression and gives what the program holds for it. Constant ones are folded to their value. */
export function checkExpression(context: Context, expression: Expression): Typed {
  const { span } = expression;
  switch (expression.kind) {
    case 'error':
      return hole(span);
    case 'number':
      return literal(context, numberValue(expression.image), span);
    case 'quantity':
      return literal(context, quantityValue(expression.image), span);
    case 'address':
      return literal(context, addressValue(expression.family, expression.image, expression.prefix), span);
    case 'bool':
      return typed('bool', { kind: 'constant', span, value: { type: 'bool', value: expression.value } });
    case 'text':
      return checkText(context, expression);
    case 'name':
      return checkName(context, expression);
    case 'member':
      return checkMember(context, expression);
    case 'call':
      return checkCall(context, expression);
    case 'index': {
      const object = context.expression(context, expression.object);
      const index = checkAs(context, expression.index, ['number'], 'an index');
      if (object.type === 'unknown') return object;
      if (typeof object.type === 'string' || object.type.kind !== 'list') {
        return mistake(context, report('PG2204', { actual: articled(object.type) }, expression.object.span));
      }
      return fold(context, typed(object.type.of, { kind: 'index', span, list: object.expr, index }));
    }
    case 'list':
      return checkList(context, expression);
    case 'range':
      return checkRange(context, expression);
    case 'unary': {
      const operand = context.expression(context, expression.operand);
      const type = unaryType(expression.operator, operand.type);
      if (type !== null) {
        return fold(
          context,
          typed(type, { kind: 'unary', span, operator: expression.operator, operand: operand.expr }),
        );
      }
      const wrong = { operator: expression.operator, operand: articled(operand.type) };
      return mistake(context, report('PG2202', wrong, expression.operand.span));
    }
    case 'binary':
      return checkBinary(context, expression);
    case 'within':
      return checkWithin(context, expression);
    case 'group':
      return context.expression(context, expression.inner);
    case 'pair':
      context.expression(context, expression.left);
      context.expression(context, expression.right);
      return mistake(context, report('PG2208', {}, span));
    default:
      return assertNever(expression);
  }
}

function literal(context: Context, value: Literal, span: Span): Typed {
  if (!value.ok) return mistake(context, value.diagnose(span));
  const family = value.value.type === 'prefix' ? value.value.family : null;
  const expr = { kind: 'constant', span, value: value.value } as const;
  return { type: typeOf(value.value), expr, family, shape: null };
}

function checkText(context: Context, text: TextLiteral): Typed {
  const parts = text.parts.map((part) => (typeof part === 'string' ? part : context.expression(context, part)));
  const known = parts.every((part) => typeof part === 'string' || part.type !== 'unknown');
  const exprs = parts.map((part) => (typeof part === 'string' ? part : part.expr));
  const value = typed('string', { kind: 'text', span: text.span, parts: exprs });
  return known ? fold(context, value) : hole(text.span);
}

function checkList(context: Context, list: ListExpression): Typed {
  const items = list.items.map((item) => context.expression(context, item));
  const first = items.find((item) => item.type !== 'unknown');
  const other = first && items.findIndex((item) => !sameType(item.type, first.type));
  if (first !== undefined && other !== undefined && other >= 0) {
    const item = items[other] as Typed;
    const at = list.items[other] as Expression;
    return mistake(context, report('PG2105', { first: articled(first.type), other: articled(item.type) }, at.span));
  }
  if (items.some((item) => item.type === 'unknown')) return hole(list.span);
  const of = first?.type ?? 'unknown';
  const value = typed({ kind: 'list', of }, { kind: 'list', span: list.span, items: items.map((item) => item.expr) });
  return fold(context, value);
}

function checkRange(context: Context, range: RangeExpression): Typed {
  const first = context.expression(context, range.first);
  const last = context.expression(context, range.last);
  const type = first.type === 'unknown' ? last.type : first.type;
  // An address steps by a number of addresses, a quantity by itself.
  const stepType = isQuantity(type) ? type : 'number';
  const step = range.step === null ? null : checkAs(context, range.step, [stepType], '`step`');
  if (first.type === 'unknown' || last.type === 'unknown') return hole(range.span);
  if (sameType(first.type, last.type) && isOrdered(type)) {
    const value = { kind: 'range', span: range.span, first: first.expr, last: last.expr, step } as const;
    return fold(context, typed({ kind: 'range', of: type }, value));
  }
  const bare = unitProblem(context, [first, range.first], [last, range.last], 'this end of the range');
  const ends = { first: articled(first.type), last: articled(last.type) };
  return mistake(context, bare ?? report('PG2106', ends, range.span));
}

function checkBinary(context: Context, expression: BinaryExpression): Typed {
  const { operator, operatorStart, span } = expression;
  const left = context.expression(context, expression.left);
  const right = context.expression(context, expression.right);
  if (operator === '/' && (left.type === 'frame' || right.type === 'frame')) {
    return checkStack(context, expression, left, right);
  }
  if (left.type === 'unknown' || right.type === 'unknown') return hole(span);
  const type = binaryType(operator, left.type, right.type);
  if (type !== null) {
    return fold(context, typed(type, { kind: 'binary', span, operator, left: left.expr, right: right.expr }));
  }
  const sides = [
    [left, expression.left],
    [right, expression.right],
  ] as const;
  if (!['*', '/', '&&', '||'].includes(operator)) {
    const bare = unitProblem(context, sides[0], sides[1], `this side of \`${operator}\``);
    if (bare !== null) return mistake(context, bare);
  }
  const hints: string[] = [];
  if (operator === '+' && (left.type === 'string' || right.type === 'string')) {
    hints.push(`texts are put together by interpolation: \`"\${first}\${second}"\``);
  } else if (operator === '&&' || operator === '||') {
    hints.push('both sides must be conditions (bool)');
  } else if (sides.some(([{ type: side }]) => namingTypes.includes(side as string))) {
    const [named] = sides.filter(([{ type: side }]) => namingTypes.includes(side as string)).map(([, at]) => at);
    const text = named === undefined ? '' : context.source.slice(named.span);
    const metric = context.receivers.has(text) ? 'received' : 'sent';
    hints.push(`compare one of its figures: \`${text}.${metric}\``);
  } else if (operator === '-' && sides.every(([, at]) => at.kind === 'address')) {
    hints.push(
      `a range: \`${context.source.slice(expression.left.span)}..${context.source.slice(expression.right.span)}\``,
    );
  } else if ([left.type, right.type].includes('pps') && [left.type, right.type].includes('bps')) {
    hints.push('`achieved.bps` and `asked.bps` are in bits per second; elsewhere multiply by a size');
  } else {
    const fitting = rightOperands(operator, left.type);
    if (fitting.length > 0)
      hints.push(`\`${operator}\` takes ${eitherOf(fitting.map(articled))} on the right of ${articled(left.type)}`);
  }
  const wrong = { operator, left: articled(left.type), right: articled(right.type) };
  const at = { start: operatorStart, end: operatorStart + operator.length };
  return mistake(context, report('PG2201', wrong, at, { hints }));
}

/** Types whose values only name something. */
const namingTypes: readonly string[] = ['device', 'receiver', 'interface'];

type Side = readonly [Typed, Expression];

/** Says which of two literals lacks its unit, or has one too many, where a plain number meets a quantity. */
function unitProblem(context: Context, left: Side, right: Side, subject: string): Diagnostic | null {
  const plain = [left, right].find(([value]) => value.type === 'number');
  const unit = [left, right].find(([value]) => isQuantity(value.type) && value.type !== 'number');
  if (plain === undefined || unit === undefined) return null;
  const wanted = unit[0].type;
  if (plain[1].kind === 'number' && isQuantity(wanted)) {
    return typeProblem(context.source, 'number', plain[1], [wanted], subject);
  }
  return unit[1].kind === 'quantity' ? typeProblem(context.source, wanted, unit[1], ['number'], subject) : null;
}

function checkWithin(context: Context, expression: WithinExpression): Typed {
  const actual = context.expression(context, expression.actual);
  const tolerance = context.expression(context, expression.tolerance);
  const target = context.expression(context, expression.target);
  if ([actual, tolerance, target].some((value) => value.type === 'unknown')) return hole(expression.span);
  if (withinType(actual.type, tolerance.type, target.type) !== null) {
    const bound = expectBounds(context, tolerance, expression.tolerance, 'the tolerance of `within`', notNegative);
    const value = { actual: actual.expr, tolerance: bound, target: target.expr };
    return fold(context, typed('bool', { kind: 'within', span: expression.span, ...value }));
  }
  const bare = unitProblem(context, [actual, expression.actual], [target, expression.target], 'this side of `within`');
  if (bare !== null) return mistake(context, bare);
  if (tolerance.type === 'number' && isQuantity(actual.type)) {
    const units = ['percent', actual.type] as const;
    const missing = typeProblem(context.source, 'number', expression.tolerance, units, 'the tolerance of `within`');
    if (missing !== null) return mistake(context, missing);
  }
  const wrong = { actual: articled(actual.type), tolerance: articled(tolerance.type), target: articled(target.type) };
  return mistake(context, report('PG2203', wrong, expression.span));
}

// --- functions --------------------------------------------------------------------------------------------------------

interface Signature {
  /** The arguments in words. */
  readonly expected: string;
  /** The type of the result, null where the arguments do not fit. */
  readonly result: (args: readonly Type[], family: Typed['family']) => Type | null;
}

const smallest: Signature = {
  expected: 'two or more numbers or quantities of one type, or a list of them',
  result: (args) => {
    const [first] = args;
    if (first === undefined) return null;
    if (args.length > 1) return isOrdered(first) && args.every((type) => sameType(type, first)) ? first : null;
    const of = typeof first === 'object' && first.kind === 'list' ? first.of : null;
    return of !== null && (of === 'unknown' || isOrdered(of)) ? of : null;
  },
};
const rounded: Signature = {
  expected: 'a number or a quantity',
  result: ([first, ...more]) => (first !== undefined && more.length === 0 && isQuantity(first) ? first : null),
};

/** The functions of control code. `addr(10.0.0.0/8, 5)` is the block's address number 5, counted from 0. */
const functions: Readonly<Record<BuiltinFunction, Signature>> = {
  min: smallest,
  max: smallest,
  floor: rounded,
  round: rounded,
  len: {
    expected: 'a list or a range',
    result: ([first, ...more]) => (typeof first === 'object' && more.length === 0 ? 'number' : null),
  },
  wire: {
    expected: 'a size',
    result: ([first, ...more]) => (first === 'size' && more.length === 0 ? 'size' : null),
  },
  pick: {
    expected: 'a list, a range or a prefix',
    result: ([first, ...more], family) => {
      if (first === undefined || more.length > 0) return null;
      return first === 'prefix' ? (family ?? 'ipv4') : elementType(first);
    },
  },
  addr: {
    expected: 'a prefix and a number',
    result: ([block, number, ...more], family) => {
      return block === 'prefix' && number === 'number' && more.length === 0 ? (family ?? 'ipv4') : null;
    },
  },
};

const signatures: ReadonlyMap<string, Signature> = new Map(Object.entries(functions));

/** Names that control code gives a meaning, with what they are: none can be declared. */
export const reservedNames: ReadonlyMap<string, string> = new Map([
  ...Object.keys(functions).map((name) => [name, 'a function'] as const),
  ...[...protocols.keys()].map((name) => [name, 'a layer of frames'] as const),
  ['random', 'a generator of frame fields'],
  ['devices', 'the totals over all devices'],
  ['receivers', 'the totals over all receivers'],
  ['grace', 'the figures of grace periods'],
  ['elapsed', 'the time since the run began'],
  ['error', 'the failure that a `try` caught'],
]);

/** Functions that take one of the elements of a list or range. */
const choosing: readonly string[] = ['min', 'max', 'pick'];

function isEmpty(expr: Expr): boolean {
  if (expr.kind === 'list') return expr.items.length === 0;
  const elements = expr.kind === 'constant' && (expr.value.type === 'list' || expr.value.type === 'range');
  return elements && elementCount(expr.value) === 0;
}

function unknownFunction(context: Context, name: string, span: Span): Typed {
  if (context.lost.mayDeclare(name)) return hole(span);
  const later = context.laterFunctions.get(name);
  if (later !== undefined && later.start > span.start) {
    const labels = [{ span: later, text: 'declared here' }];
    const hints = ['a function is declared before its first use: move it up'];
    return mistake(context, report('PG3006', { name }, span, { labels, hints }));
  }
  if (name === 'range') {
    return mistake(
      context,
      report('PG3006', { name }, span, { hints: ['a range is written `FIRST..LAST`, both ends in it'] }),
    );
  }
  const names = () => [...Object.keys(functions), ...context.scope.functions(), ...protocols.keys()];
  return mistake(context, report('PG3006', { name }, span, near(context, name, names, 'functions and layers', span)));
}

function checkCall(context: Context, expression: CallExpression): Typed {
  const { callee, args, span } = expression;
  // A name with a meaning of its own is never declared.
  const known = callee.kind === 'name' && reservedNames.has(callee.name) ? null : functionOf(context, callee);
  if (known !== null) return checkCallValue(context, expression, known);
  if (callee.kind === 'member') {
    const module = callee.object.kind === 'name' ? context.scope.lookupModule(callee.object.name) : null;
    if (module !== null && module.scope === null) return hole(span);
    const asked = checkCalledFact(context, expression, callee);
    if (asked !== null) return asked;
    const isFrom = callee.member.text === 'from';
    const of = `\`${context.source.slice(callee.object.span)}\``;
    const { text, span: at } = callee.member;
    const name = `${text}(…)`;
    if (!isFrom) {
      const details = module === null ? {} : near(context, text, () => module.scope?.functions() ?? [], 'it has', at);
      return mistake(context, report('PG3005', { of, name }, at, details));
    }
    const metricOf = args.length === 0 ? `${context.source.slice(callee.span)}(DEVICE)` : context.source.slice(span);
    return mistake(context, report('PG3015', { of, name }, at, { hints: [`\`${metricOf}.received\``] }));
  }
  const protocol = protocols.get(callee.name);
  if (protocol !== undefined) return checkLayer(context, expression, protocol);

  if (callee.name === 'random') {
    const hints = ['control code draws with `pick(…)`'];
    return mistake(context, report('PG5007', {}, span, { hints }));
  }
  if (context.function?.name === callee.name) {
    return mistake(
      context,
      report('PG3018', { name: callee.name }, callee.span, { hints: ['a `while` loop goes on'] }),
    );
  }
  const signature = signatures.get(callee.name);
  if (signature === undefined) {
    return unknownFunction(context, callee.name, callee.span);
  }
  const values = args.map((arg) => context.expression(context, arg.value));
  const named = args.find((arg) => arg.name !== null);
  if (named !== undefined) return mistake(context, report('PG2206', { function: callee.name }, named.span));
  if (values.some((value) => value.type === 'unknown')) return hole(span);
  const types = values.map((value) => value.type);
  const type = signature.result(types, values[0]?.family ?? null);
  if (type === null) {
    const bare = args[0];
    if (callee.name === 'wire' && values.length === 1 && bare !== undefined) {
      const missing = typeProblem(context.source, (values[0] as Typed).type, bare.value, ['size'], '`wire`');
      if (missing !== null) return mistake(context, missing);
    }
    return mistake(context, report('PG2205', { function: callee.name, expected: signature.expected }, span));
  }
  const [chosen] = values;
  if (chosen !== undefined && values.length === 1 && choosing.includes(callee.name) && isEmpty(chosen.expr)) {
    return mistake(context, report('PG2304', { function: callee.name }, span));
  }
  const exprs: readonly Expr[] = values.map((value) => value.expr);
  const call = { kind: 'call', span, function: callee.name as BuiltinFunction, args: exprs } as const;
  return fold(context, typed(type, call));
}
