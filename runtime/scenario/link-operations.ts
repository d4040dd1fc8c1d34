// SPDX-License-Identifier: Apache-2.0

import { nameOf } from '../../lang/evaluate.ts';
import type { OpOf } from '../../lang/op.ts';
import type { LinkChange } from '../engine.ts';
import { ok, settled } from './completion.ts';
import { type Steps, wait } from './jobs.ts';
import { type Context, operand } from './operands.ts';

/** `link tx0 down`: settles once it is done, and every name and fact is that of after it. */
export function* changeLink(op: OpOf<'link'>, context: Context): Steps {
  const { state } = context;
  const on = operand(op.interface, context);
  if (!on.ok) return on.failed;
  const name = op.name === null ? ok(null) : operand(op.name, context);
  if (!name.ok) return name.failed;
  const found = yield* wait(state.interfaces.find(nameOf(on.value), op.interface.span));
  if (!found.ok) return found.failed;
  const peer = state.interfaces.peerOf(found.value);
  const ends = peer === null ? [found.value] : [found.value, peer];
  const change: LinkChange =
    op.change === 'rename'
      ? { kind: 'rename', name: name.value === null ? '' : nameOf(name.value) }
      : { kind: op.change };
  const what = `\`link ${found.value.name} ${op.change}\``;
  const done = yield* wait(settled(state.engine.setLink(found.value.name, change), what, op.span));
  if (!done.ok) return done.failed;
  // The engine's word of it may still be on its way when the next operation stops a device that has failed here.
  if (op.change === 'delete') for (const { index } of ends) state.interfaceGone(index);
  const looked = yield* wait(state.interfaces.refresh([], op.span));
  if (!looked.ok) return looked.failed;
  state.controlEvent();
  return 'done';
}
