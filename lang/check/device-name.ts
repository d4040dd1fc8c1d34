// SPDX-License-Identifier: Apache-2.0

import { report } from '../diagnostics/catalogue-meaning.ts';
import type { DeviceList, Expr } from '../op.ts';
import type { Span } from '../source.ts';
import type { Expression, TextLiteral } from '../syntax/ast.ts';
import { articled } from '../types.ts';
import { type Context, mistake, type Typed } from './context.ts';
import type { DeviceName } from './inventory.ts';
import { patternOf } from './name-pattern.ts';

/**
 * An expression where a device belongs. `name` is what is known of its name; `interface` the part before the `@` where
 * that is fixed, with its place.
 */
export interface DeviceReference {
  readonly expr: Expr;
  readonly name: DeviceName;
  readonly interface: string | null;
}

/**
 * Reads a device: a name as it stands, unless a variable is called so, a string, or any expression that gives one. In
 * `tx@0` the `tx` is never a variable, which is worth an error where there is one of that name.
 */
export function deviceOf(context: Context, expression: Expression): DeviceReference {
  const { span } = expression;
  if (expression.kind === 'name' && context.scope.lookup(expression.name) === null) {
    const { name } = expression;
    const before = interfaceOfName(name);
    if (before !== name && context.scope.lookup(before) !== null) {
      const text = `"\${${before}}${name.slice(before.length)}"`;
      const details = { hints: [`\`${text}\``], fixes: [{ span, text }] };
      const { expr } = mistake(context, report('PG3008', { name, variable: before }, span, details));
      return { expr, name: { kind: 'dynamic' }, interface: null };
    }
    const expr: Expr = { kind: 'constant', span, value: { type: 'device', name } };
    return { expr, name: { kind: 'static', name }, interface: before };
  }
  const value = context.expression(context, expression);
  if (!isNaming(value)) {
    const found = `${articled(value.type)} stands`;
    const { expr } = mistake(context, report('PG3011', { found }, span));
    return { expr, name: { kind: 'dynamic' }, interface: null };
  }
  if (value.expr.kind === 'constant' && value.expr.value.type === 'string') {
    const name = value.expr.value.value;
    const expr: Expr = { kind: 'constant', span, value: { type: 'device', name } };
    return { expr, name: { kind: 'static', name }, interface: interfaceOfName(name) };
  }
  if (expression.kind === 'text') {
    return { expr: value.expr, name: madeName(expression), interface: fixedInterface(expression) };
  }
  return { expr: value.expr, name: { kind: 'dynamic' }, interface: null };
}

/** Notes that a device is named, which some `add_device` of the scenario must add. */
export function useDevice(context: Context, device: DeviceReference, span: Span): void {
  context.inventory.use(device.name, span);
}

/** The devices that a statement names; null for all, `devices` or none at all. */
export function deviceList(context: Context, expressions: readonly Expression[]): DeviceList {
  if (expressions.length === 0) return null;
  const devices: Expr[] = [];
  let all = false;
  for (const expression of expressions) {
    if (expression.kind === 'name' && expression.name === 'devices') {
      all = true;
      continue;
    }
    const device = deviceOf(context, expression);
    useDevice(context, device, expression.span);
    devices.push(device.expr);
  }
  return all ? null : devices;
}

function isNaming(value: Typed): boolean {
  return ['device', 'string', 'interface', 'unknown'].some((type) => type === value.type);
}

function madeName(text: TextLiteral): DeviceName {
  const pattern = text.parts.some((part) => typeof part === 'string') ? patternOf(text) : null;
  return pattern === null ? { kind: 'dynamic' } : { kind: 'pattern', pattern };
}

/** The interface in `"tx0@${i}"`; null in `"${dev}@0"`. */
function fixedInterface(text: TextLiteral): string | null {
  const [head] = text.parts;
  if (typeof head !== 'string' || !head.includes('@')) return null;
  return interfaceOfName(head);
}

/** What stands before the first `@`, all of a name without one. */
function interfaceOfName(name: string): string {
  const at = name.indexOf('@');
  return at < 0 ? name : name.slice(0, at);
}
