// SPDX-License-Identifier: Apache-2.0

import { report } from '../diagnostics/catalogue-meaning.ts';
import type { Op } from '../op.ts';
import type { Expression, LinkStatement } from '../syntax/ast.ts';
import { type Context, mistake } from './context.ts';
import { interfaceNameProblem } from './declaration.ts';
import { interfaceOf } from './name.ts';

/** `link tx0 down`: only a lab's interfaces are ours to change. */
export function checkLink(context: Context, statement: LinkStatement): Op {
  const { span, change } = statement;
  if (context.lab === null) {
    const hints = ['declare `lab { veth tx0 <-> rx0 }`: pktsh changes no interface of the machine'];
    mistake(context, report('PG3115', {}, span, { hints }));
  }
  const on = interfaceOf(context, statement.on, '`link`');
  if (statement.name === null) return { op: 'link', span, interface: on, change, name: null };
  const fixed = fixedName(context, statement.name);
  const problem = fixed === null ? null : interfaceNameProblem(fixed, statement.name.span);
  if (problem !== null) mistake(context, problem);
  return {
    op: 'link',
    span,
    interface: on,
    change,
    name: interfaceOf({ ...context, lab: null }, statement.name, '`rename`'),
  };
}

function fixedName(context: Context, expression: Expression): string | null {
  return context.scope.lookup(renamedTo(expression) ?? '') === null ? renamedTo(expression) : null;
}

/** The name that an expression writes out, unless a variable is called so. */
function renamedTo(expression: Expression): string | null {
  if (expression.kind === 'name') return expression.name;
  const { kind } = expression;
  if (kind !== 'text' || !expression.parts.every((part) => typeof part === 'string')) return null;
  return expression.parts.join('');
}

/** The names that some `link … rename` of a file writes out: from anywhere an interface may be called so. */
export function renamedNames(node: unknown): readonly { readonly name: string; readonly expression: Expression }[] {
  if (typeof node !== 'object' || node === null) return [];
  const inside = Object.values(node).flatMap(renamedNames);
  if (!('kind' in node) || node.kind !== 'link' || !('name' in node) || node.name === null) return inside;
  const expression = node.name as Expression;
  const name = 'change' in node ? renamedTo(expression) : null;
  return name === null ? inside : [...inside, { name, expression }];
}
