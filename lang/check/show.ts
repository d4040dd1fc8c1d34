// SPDX-License-Identifier: Apache-2.0

import type { ShowTarget } from '../op.ts';
import type { Expression } from '../syntax/ast.ts';
import type { Context } from './context.ts';
import { deviceOf } from './device-name.ts';

/** What `show` takes besides names. */
export const showWords = ['devices', 'threads', 'receivers', 'interfaces', 'grace', 'pgctrl'] as const;

/** The kernel's name for the sender of a CPU. */
const threadFile = /^kpktgend_(\d{1,4})$/;

/** All of a kind, or one device, receiver or interface by its name; a variable of the word's name wins. */
export function showTarget(context: Context, expression: Expression): ShowTarget {
  if (expression.kind === 'name' && context.scope.lookup(expression.name) === null) {
    const { name } = expression;
    const kind = showWords.find((word) => word === name);
    if (kind !== undefined) return { kind };
    const cpu = threadFile.exec(name)?.[1];
    if (cpu !== undefined) return { kind: 'kpktgend', cpu: Number(cpu) };
    if (context.receivers.has(name) || context.lab?.has(name)) {
      return {
        kind: 'named',
        name: { kind: 'constant', span: expression.span, value: { type: 'string', value: name } },
      };
    }
  }
  const device = deviceOf(context, expression);
  context.inventory.use(device.name, expression.span, showWords);
  return { kind: 'named', name: device.expr };
}
