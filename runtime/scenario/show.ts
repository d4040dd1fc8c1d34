// SPDX-License-Identifier: Apache-2.0

import { didYouMean } from '../../lang/diagnostics/suggest.ts';
import { nameOf } from '../../lang/evaluate.ts';
import type { OpOf, ShowTarget } from '../../lang/op.ts';
import { assertNever } from '../../lang/types.ts';
import { report } from '../catalogue.ts';
import { pgctrlText } from '../report/pktgen-text.ts';
import { devicesTable, graceTable, interfacesTable, receiversTable, threadsTable } from '../report/show.ts';
import { type Completion, ok, type Result, refused } from './completion.ts';
import { type Context, operand } from './operands.ts';
import { deviceFile, threadFile } from './pktgen-files.ts';
import { deviceResults, receiverResults } from './scenario-results.ts';

/** `show devices`: a table of how things stand at this instant; `show pgctrl`, `kpktgend_0`, `tx0@0`: pktgen's own text of it. */
export function show(op: OpOf<'show'>, context: Context): Completion {
  const lines = shown(op.target, context);
  if (!lines.ok) return lines.failed;
  for (const line of lines.value) context.state.print(line, op.span);
  return 'done';
}

function shown(target: ShowTarget, context: Context): Result<readonly string[]> {
  const { state } = context;
  const { devices, receivers, engine, interfaces } = state;
  switch (target.kind) {
    case 'devices':
      return ok(
        devicesTable(devices.present().map((device) => ({ ...deviceResults(device, state), ...running(device) }))),
      );
    case 'receivers':
      return ok(receiversTable(receivers.all.map((receiver) => receiverResults(receiver, state))));
    case 'threads':
      return ok(threadsTable(engine.senders()));
    case 'interfaces':
      return ok(interfacesTable(interfaces.all));
    case 'grace':
      return ok(graceTable(state.measurements.grace(), engine.pendingGrace()));
    case 'pgctrl':
      return ok([pgctrlText]);
    case 'kpktgend':
      return ok(threadFile(devices, target.cpu));
    case 'named':
      return named(target, context);
    default:
      return assertNever(target);
  }

  function running(device: Parameters<typeof deviceResults>[0]) {
    return { running: devices.figures(device).running };
  }
}

/** A device before a receiver before an interface, where several have the name. */
function named(target: ShowTarget & { readonly kind: 'named' }, context: Context): Result<readonly string[]> {
  const { state } = context;
  const value = operand(target.name, context);
  if (!value.ok) return value;
  const name = nameOf(value.value);
  const device = state.devices.newest(name);
  if (device?.state === 'present') return ok(deviceFile(state.devices, device, state.clock.now()));
  // The kernel's file goes with its device; the figures stay.
  if (device !== null) return ok(devicesTable([{ ...deviceResults(device, state), running: false }]));
  const receiver = state.receivers.find(name);
  if (receiver !== null) return ok(receiversTable([receiverResults(receiver, state)]));
  const facts = state.interfaces.get(name);
  if (facts !== null) return ok(interfacesTable([facts]));
  const known = [...state.devices.known, ...state.receivers.all, ...state.interfaces.all].map((one) => one.name);
  const hints = didYouMean(name, new Set(known), 'there are');
  return refused(report('PG6009', { name }, target.name.span, { hints }));
}
