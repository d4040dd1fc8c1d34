// SPDX-License-Identifier: Apache-2.0

import { report } from '../diagnostics/catalogue-meaning.ts';
import { correction } from '../diagnostics/suggest.ts';
import { innerOps } from '../inner-ops.ts';
import type { Expr, Op, UserFunction } from '../op.ts';
import type { Span } from '../source.ts';
import type { Block, FnStatement, Name, ReturnStatement, Statement } from '../syntax/ast.ts';
import { articled, parameterTypes, sameType } from '../types.ts';
import type { ScalarType } from '../value.ts';
import { type Context, mistake, type Typed, typed } from './context.ts';
import { declare, mayDeclare, symbolOf } from './declaration.ts';
import { Inventory } from './inventory.ts';
import { type KnownFunction, Scope } from './scope.ts';

/** Where the functions of a file are declared, by their names. */
export function functionNames(statements: readonly Statement[]): ReadonlyMap<string, Span> {
  return new Map(statements.flatMap((one) => (one.kind === 'fn' ? [[one.name.text, one.name.span] as const] : [])));
}

/** The types that a parameter of a function may have: all that have a name. */
export const functionParameterTypes = [
  ...parameterTypes,
  'frame',
  'device',
  'receiver',
  'job',
  'grace',
] as const satisfies readonly ScalarType[];

const unknownResult: KnownFunction['result'] = { type: 'unknown', family: null, shape: null };

/** The function that is being checked: what its `return`s give. */
export interface FunctionBody {
  readonly name: string;
  readonly returns: { readonly value: Typed | null; readonly span: Span }[];
}

/**
 * Checks a function and makes it known to what follows; null where its name is taken. It is known only then, so that no
 * chain of calls ever comes back to it.
 *
 * @param block checks the statements of the body
 */
export function checkFunction(
  context: Context,
  statement: FnStatement,
  block: (context: Context, block: Block) => readonly Op[],
): UserFunction | null {
  const { name, span } = statement;
  const free = mayDeclare(context, name);
  const scope = new Scope(context.scope);
  const body: FunctionBody = { name: name.text, returns: [] };
  const inventory = new Inventory();
  const header = { start: name.span.end, end: statement.body.span.start };
  const damaged = context.damaged(header);
  const lost = damaged ? context.lost.and(context.source.slice(header)) : context.lost;
  const inner: Context = { ...context, place: 'block', quiet: false, lost, scope, inventory, function: body };
  const parameters = statement.parameters.map(({ name: parameter, type }) => {
    const found = parameterType(context, type);
    const value: Expr = { kind: 'variable', span: parameter.span, name: parameter.text };
    declare(inner, 'parameter', parameter, typed(found ?? 'unknown', value));
    return { name: parameter.text, type: found ?? 'number' };
  });
  const ops = block(inner, statement.body);
  // What could not be read of a body may be its `return`.
  const result = context.damaged(statement.body.span) ? unknownResult : resultOf(context, name, body, ops);
  if (!free) return null;
  const acts = ops.some((op) => actsIn(op, context.acting));
  const symbol = symbolOf(context, name.text);
  const known = {
    name: name.text,
    symbol,
    span: name.span,
    parameters: damaged ? null : parameters,
    result,
    acts,
    inventory,
  };
  context.scope.declareFunction(known);
  const made: UserFunction = { name: symbol, parameters, body: ops, span };
  context.acting.set(symbol, acts);
  context.functions.push(made);
  return made;
}

function parameterType(context: Context, type: Name): ScalarType | null {
  const found = functionParameterTypes.find((known) => known === type.text);
  if (found !== undefined) return found;
  const details = correction(type.text, functionParameterTypes, 'types', type.span);
  mistake(context, report('PG2108', { name: type.text }, type.span, details));
  return null;
}

/** `return`, with a value or without. */
export function checkReturn(context: Context, statement: ReturnStatement): readonly Op[] {
  const { span } = statement;
  const value = statement.value === null ? null : context.expression(context, statement.value);
  if (context.function === null) mistake(context, report('PG3111', {}, span));
  else context.function.returns.push({ value, span: statement.value?.span ?? span });
  return [{ op: 'return', span, value: value?.expr ?? null }];
}

function resultOf(context: Context, name: Name, body: FunctionBody, ops: readonly Op[]): KnownFunction['result'] {
  const given = body.returns.flatMap(({ value, span }) => (value === null ? [] : [{ value, span }]));
  const [first, ...more] = given;
  if (first === undefined) return null;
  const other = more.find(({ value }) => !sameType(value.type, first.value.type));
  if (other !== undefined) {
    const wrong = { name: name.text, first: articled(first.value.type), other: articled(other.value.type) };
    const labels = [{ span: first.span, text: 'the first' }];
    mistake(context, report('PG2110', wrong, other.span, { labels }));
  } else if (given.length < body.returns.length || !alwaysReturns(ops)) {
    const empty = body.returns.find(({ value }) => value === null)?.span ?? name.span;
    mistake(context, report('PG2111', { name: name.text }, empty, { hints: ['end each path with `return VALUE`'] }));
  }
  const one = more.length === 0;
  const { type, family, shape } = first.value;
  return { type, family: one ? family : null, shape: one ? shape : null };
}

/** Whether the end of these operations is never reached. */
function alwaysReturns(ops: readonly Op[]): boolean {
  return ops.some((op) => {
    switch (op.op) {
      case 'return':
        return true;
      case 'if':
        return alwaysReturns(op.then) && alwaysReturns(op.otherwise);
      case 'try':
        return alwaysReturns(op.body) && alwaysReturns(op.otherwise);
      case 'while': {
        const { condition } = op;
        const endless = condition.kind === 'constant' && condition.value.type === 'bool' && condition.value.value;
        return endless && !breaks(op.body);
      }
      default:
        return false;
    }
  });
}

/** Whether a `break` inside leaves the loop around these operations. */
function breaks(ops: readonly Op[]): boolean {
  return ops.some((op) => {
    if (op.op === 'break') return true;
    if (op.op === 'if') return breaks(op.then) || breaks(op.otherwise);
    return op.op === 'try' && (breaks(op.body) || breaks(op.otherwise));
  });
}

const computing: ReadonlySet<Op['op']> = new Set([
  'let',
  'assign',
  'if',
  'for',
  'while',
  'repeat',
  'break',
  'continue',
  'try',
  'return',
]);

/** Whether an operation, or one inside it, does more than computing. */
function actsIn(op: Op, acting: ReadonlyMap<string, boolean>): boolean {
  if (op.op === 'call') return acting.get(op.function) !== false;
  if (!computing.has(op.op)) return true;
  return innerOps(op).some(({ ops }) => ops.some((part) => actsIn(part, acting)));
}
