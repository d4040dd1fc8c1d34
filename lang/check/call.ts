// SPDX-License-Identifier: Apache-2.0

import { report } from '../diagnostics/catalogue-meaning.ts';
import type { Expr, Op } from '../op.ts';
import type { CallExpression, Expression } from '../syntax/ast.ts';
import type { ScalarType } from '../value.ts';
import { type Context, expectType, hole, mistake, type Typed, typed } from './context.ts';
import { deviceOf, useDevice } from './device-name.ts';
import { interfaceOf, notYet } from './name.ts';
import type { KnownFunction } from './scope.ts';

/** The call of a function inside an expression: it must give a value. */
export function checkCallValue(context: Context, call: CallExpression, known: KnownFunction): Typed {
  const args = checkArguments(context, call, known);
  const { name, result } = known;
  const { span } = call;
  if (context.early !== null) return notYet(context, context.early, `${name}(…)`, span);
  if (context.watched !== null) {
    return mistake(context, report('PG3112', { subject: context.watched, name }, span));
  }
  if (result === null) {
    return mistake(context, report('PG2209', { name }, span, { hints: [`\`return VALUE\` in \`${name}\``] }));
  }
  if (args === null) return hole(span);
  return typed(result.type, context.calls.add({ function: known.symbol, args, span }), result);
}

/** The function that a call means, of this file or of an imported one; null where there is none. */
export function functionOf(context: Context, callee: CallExpression['callee']): KnownFunction | null {
  if (callee.kind === 'name') return context.scope.lookupFunction(callee.name);
  const { object, member } = callee;
  const module = object.kind === 'name' ? context.scope.lookupModule(object.name) : null;
  return module?.scope?.lookupFunction(member.text) ?? null;
}

/** A call that stands alone; what it gives is dropped. */
export function checkCallStatement(context: Context, call: CallExpression): readonly Op[] {
  const { callee, span } = call;
  const known = functionOf(context, callee);
  if (known === null) {
    const value = context.expression(context, call);
    if (value.type !== 'unknown') {
      const hints = ['`let NAME = …` keeps it'];
      mistake(context, report('PG3019', { name: context.source.slice(callee.span) }, span, { hints }));
    }
    return [];
  }
  const args = checkArguments(context, call, known);
  return args === null ? [] : [{ op: 'call', span, bind: null, function: known.symbol, args }];
}

function checkArguments(context: Context, call: CallExpression, known: KnownFunction): readonly Expr[] | null {
  const { name, parameters } = known;
  const { args, span } = call;
  context.inventory.include(known.inventory);
  if (context.quiet && known.acts) {
    const hints = [`\`${name}\` carries out operations`];
    mistake(context, report('PG3103', {}, span, { hints }));
  }
  const named = args.find((arg) => arg.name !== null);
  if (named !== undefined) {
    mistake(context, report('PG2206', { function: name }, named.span));
    return null;
  }
  if (parameters === null || args.length !== parameters.length) {
    for (const arg of args) context.expression(context, arg.value);
    if (parameters === null) return null;
    const list = parameters.map((parameter) => `${parameter.name}: ${parameter.type}`).join(', ');
    const expected = parameters.length === 0 ? 'no arguments' : `\`(${list})\``;
    const labels = [{ span: known.span, text: 'declared here' }];
    mistake(context, report('PG2205', { function: name, expected }, span, { labels }));
    return null;
  }
  return parameters.map((parameter, at) => {
    const { value } = args[at] as CallExpression['args'][number];
    return checkArgument(context, value, parameter.type, `\`${parameter.name}\` of \`${name}\``);
  });
}

/** An argument, read as its type is read elsewhere: devices, interfaces and receivers by their names. */
function checkArgument(context: Context, value: Expression, type: ScalarType, subject: string): Expr {
  if (type === 'device') {
    const device = deviceOf(context, value);
    useDevice(context, device, value.span);
    return device.expr;
  }
  if (type === 'interface') return interfaceOf(context, value);
  const isName = value.kind === 'name' && context.scope.lookup(value.name) === null;
  if (type === 'receiver' && isName && context.receivers.has(value.name)) {
    return { kind: 'constant', span: value.span, value: { type: 'receiver', name: value.name } };
  }
  return expectType(context, context.expression(context, value), value, [type], subject);
}
