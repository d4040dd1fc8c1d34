// SPDX-License-Identifier: Apache-2.0

import { report } from '../diagnostics/catalogue-meaning.ts';
import type { Op } from '../op.ts';
import type { SourceFile } from '../source.ts';
import type { Expression, File, LinkStatement } from '../syntax/ast.ts';
import { type Context, mistake } from './context.ts';
import { interfaceNameProblem } from './declaration.ts';
import { interfaceOf } from './name.ts';

/** `link tx0 down`: only a lab's interfaces are ours to change. */
export function checkLink(context: Context, statement: LinkStatement): Op {
  const { span, change } = statement;
  if (!context.inLab) {
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

interface RenamedName {
  readonly name: string;
  readonly expression: Expression;
}

/** The names that some `link … rename` of a file writes out: from anywhere an interface may be called so. */
export function renamedNames(file: File, source: SourceFile): readonly RenamedName[] {
  const found: RenamedName[] = [];
  // Few files have any, and the walk takes as long as the rest of a check.
  if (source.text.includes('rename')) collectRenamed(file, found);
  return found;
}

function collectRenamed(node: unknown, found: RenamedName[]): void {
  if (typeof node !== 'object' || node === null) return;
  for (const inside of Object.values(node)) collectRenamed(inside, found);
  if (!('kind' in node) || node.kind !== 'link' || !('name' in node) || node.name === null) return;
  const expression = node.name as Expression;
  const name = 'change' in node ? renamedTo(expression) : null;
  if (name !== null) found.push({ name, expression });
}
