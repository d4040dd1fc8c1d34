// SPDX-License-Identifier: Apache-2.0

import { count } from '../../lang/bounds.ts';
import { nameOf } from '../../lang/evaluate.ts';
import type { DeviceList, OpOf } from '../../lang/op.ts';
import type { Span } from '../../lang/source.ts';
import { report } from '../catalogue.ts';
import { engineRefusal, ok, type Result, settled } from './completion.ts';
import { assessShortfall, type Device } from './devices.ts';
import { type Steps, wait } from './jobs.ts';
import { type Context, namesOf, numberOf, operand, settingsOf } from './operands.ts';
import { builtFrames } from './pktgen-files.ts';
import type { ScenarioState } from './scenario-state.ts';
import { settleReceivers } from './settling.ts';

export function* addDevice(op: OpOf<'add_device'>, context: Context): Steps {
  const { state, scope } = context;
  const name = operand(op.name, context);
  if (!name.ok) return name.failed;
  const cpu = numberOf(op.cpu, '`cpu`', count, context);
  if (!cpu.ok) return cpu.failed;
  const settings = settingsOf(op.parameters, context);
  if (!settings.ok) return settings.failed;
  const added = yield* wait(state.devices.add(nameOf(name.value), cpu.value, settings.value, op.span));
  if (!added.ok) return added.failed;
  if (op.bind !== null) scope.declare(op.bind, { type: 'device', name: added.value.name });
  state.controlEvent();
  return 'done';
}

export function* setDevices(op: OpOf<'set'>, context: Context): Steps {
  const { state } = context;
  const names = op.devices === null ? ok(state.devices.present().map(nameOfDevice)) : namesOf(op.devices, context);
  if (!names.ok) return names.failed;
  const settings = settingsOf(op.parameters, context);
  if (!settings.ok) return settings.failed;
  const missing = op.devices === null ? 'ignored' : 'fails';
  const changes = names.value.map((name) => state.devices.set(name, settings.value, op.span, missing));
  const done = firstRefusal(yield* wait(Promise.all(changes)));
  if (!done.ok) return done.failed;
  state.controlEvent();
  return 'done';
}

export function* remDevice(op: OpOf<'rem_device'>, context: Context): Steps {
  const { state } = context;
  const names = namesOf(op.devices, context);
  if (!names.ok) return names.failed;
  if (op.async) {
    // What is known to fail now fails here, where `try` can see it.
    for (const name of names.value) {
      const found = state.devices.queues.idle(name) ? state.devices.find(name, op.span) : ok(null);
      if (!found.ok) return found.failed;
    }
  }
  const removals = names.value.map((name) => state.devices.remove(name, op.span));
  return yield* awaitRemovals(removals, op, context);
}

/** Takes what exists on arrival, nothing later. */
export function* remDeviceAll(op: OpOf<'rem_device_all'>, context: Context): Steps {
  const { state } = context;
  const cpu = op.cpu === null ? ok(null) : numberOf(op.cpu, '`cpu`', count, context);
  if (!cpu.ok) return cpu.failed;
  const devices = state.devices.present().filter((device) => cpu.value === null || device.cpu === cpu.value);
  const removals = devices.map((device) => state.devices.removeIfPresent(device, op.span));
  for (const { cpu: on } of devices) state.devices.tellThread(on, 'OK: rem_device_all');
  return yield* awaitRemovals(removals, op, context);
}

function* awaitRemovals(
  removals: readonly Promise<Result<void>>[],
  op: OpOf<'rem_device'> | OpOf<'rem_device_all'>,
  { state, scope }: Context,
): Steps {
  const all = Promise.all(removals).then(firstRefusal);
  if (!op.async) {
    const done = yield* wait(all);
    if (!done.ok) return done.failed;
    state.controlEvent();
    return 'done';
  }
  const id = state.nextId();
  const grace = all.then(
    (done) => {
      state.graces.delete(id);
      // Nobody is there to catch it any more: a failed operation stops the scenario.
      if (!done.ok) state.end(done.failed);
      state.controlEvent();
    },
    (error: unknown) => state.fail(error),
  );
  state.graces.set(id, grace);
  if (op.bind !== null) scope.declare(op.bind, { type: 'grace', id });
  yield Promise.resolve();
  return 'done';
}

export function* start(op: OpOf<'start'>, context: Context): Steps {
  const { state } = context;
  const begun = yield* wait(onDevices(op.devices, context, (devices) => begin(devices, op.span, state)));
  if (!begun.ok) return begun.failed;
  state.controlEvent();
  return 'done';
}

/** Starts the stopped ones of these devices at one instant; a run begins if none is active. */
async function begin(devices: readonly Device[], span: Span, state: ScenarioState): Promise<Result<void>> {
  const { engine, receivers, runs } = state;
  const stopped = devices.filter((device) => !state.devices.figures(device).running);
  if (!runs.active) {
    if (state.countsStatistics) await state.interfaces.beginCounting();
    const cleared = await receivers.clear(span);
    if (!cleared.ok) return cleared;
  }
  // Another job's `start` may have begun the run in the meantime.
  const fresh = !runs.active;
  if (fresh) receivers.releaseAll();
  const carried = stopped.map((device) => {
    assessShortfall(device, state.devices.figures(device));
    return receivers.owed(device);
  });
  try {
    const instant = engine.start(stopped.map((device) => device.id));
    stopped.forEach((device, index) => {
      device.clearedAt = null;
      device.failed = null;
      device.origins.started();
      receivers.hold(device, carried[index] as number);
      device.history.restart(instant, carried[index] as number);
    });
    if (fresh) runs.begin(instant);
    warnOfDown(stopped, span, state);
    return ok(undefined);
  } catch (error) {
    return engineRefusal(error, '`start`', span);
  }
}

/** A device goes on by itself once its interface is up, but nobody should have to find out why it does not send. */
function warnOfDown(devices: readonly Device[], span: Span, state: ScenarioState): void {
  for (const device of devices) {
    const facts = state.interfaces.byIndex(device.index);
    if (device.plan.driver === 'null' || device.plan.driver === 'pcap' || facts === null || facts.up) continue;
    const command = state.interfaces.lab ? `link ${facts.name} up` : `ip link set ${facts.name} up`;
    const details = { hints: [`\`${command}\``] };
    state.warn(report('PG6205', { interface: facts.name, device: device.name }, span, details));
  }
}

export function* stop(op: OpOf<'stop'>, context: Context): Steps {
  const { state } = context;
  const stopped = yield* wait(onDevices(op.devices, context, (devices) => halt(devices, op.span, state)));
  if (!stopped.ok) return stopped.failed;
  if (op.devices === null) yield* finishRun(state);
  else yield* settleReceivers(state, new Set(stopped.value));
  state.controlEvent();
  return 'done';
}

/** Stops these devices; their counters are exact when it settles. */
export async function halt(
  devices: readonly Device[],
  span: Span,
  state: ScenarioState,
): Promise<Result<readonly Device[]>> {
  if (devices.length === 0) return ok(devices);
  const stopping = state.engine.stop(devices.map((device) => device.id));
  const stats = await settled(stopping, '`stop`', span);
  if (!stats.ok) return stats;
  devices.forEach((device, index) => {
    const figures = stats.value[index];
    if (figures !== undefined) assessShortfall(device, figures);
  });
  return ok(devices);
}

/** Ends the run, if one is active, once the receivers have what there is to have. */
export function* finishRun(state: ScenarioState): Generator<Promise<unknown>, void, unknown> {
  if (!state.runs.active) return;
  const number = state.runs.close();
  yield* settleReceivers(state, null);
  state.runs.end(number);
}

/** Stops and removes everything, as pktgen's `reset`, and ends the run. */
export function* reset(op: OpOf<'reset'>, context: Context): Steps {
  const { state } = context;
  const removals = state.devices.present().map((device) => state.devices.removeIfPresent(device, op.span));
  const done = firstRefusal(yield* wait(Promise.all(removals)));
  if (!done.ok) return done.failed;
  yield* finishRun(state);
  state.controlEvent();
  return 'done';
}

/** Without devices named, receivers are zeroed too. */
export function* clearCounters(op: OpOf<'clear_counters'>, context: Context): Steps {
  const { state } = context;
  const all = op.devices === null;
  const done = yield* wait(onDevices(op.devices, context, (devices) => clear(devices, all, op.span, state)));
  if (!done.ok) return done.failed;
  state.controlEvent();
  return 'done';
}

async function clear(
  devices: readonly Device[],
  receiversToo: boolean,
  span: Span,
  state: ScenarioState,
): Promise<Result<void>> {
  const { engine, receivers } = state;
  if (receiversToo) {
    // Receivers first: a frame under way at this moment is then received without having been sent, and never falsely lost.
    const cleared = await receivers.clear(span);
    if (!cleared.ok) return cleared;
  }
  const owed = devices.map((device) => (receiversToo ? 0 : receivers.owed(device)));
  const now = state.clock.now();
  const ids = devices.map((device) => device.id);
  const built = devices.map((device) => builtFrames(state.devices.figures(device), device.plan));
  const done = await settled(engine.clearCounters(ids), '`clear_counters`', span);
  if (!done.ok) return done;
  devices.forEach((device, index) => {
    device.origins.cleared(device.program, built[index] as number);
    device.clearedAt = now;
    if (device.counts) device.carried = owed[index] as number;
    device.history.restart(now, device.carried);
  });
  return ok(undefined);
}

/**
 * Carries an operation out on the devices named, or on all that exist now, once what was queued on them before is over.
 * A device named must exist by then; of "all", those that do.
 */
function onDevices<T>(
  list: DeviceList,
  context: Context,
  operation: (devices: readonly Device[]) => Promise<Result<T>>,
): Promise<Result<T>> {
  const { devices } = context.state;
  if (list === null) {
    const arrived = devices.present();
    return devices.queues.run(arrived.map(nameOfDevice), () =>
      operation(arrived.filter((device) => device.state === 'present')),
    );
  }
  const names = namesOf(list, context);
  if (!names.ok) return Promise.resolve(names);
  return devices.queues.run([...new Set(names.value)], async () => {
    const found: Device[] = [];
    for (const [index, name] of names.value.entries()) {
      const device = devices.find(name, list[index]?.span as Span);
      if (!device.ok) return device;
      if (!found.includes(device.value)) found.push(device.value);
    }
    return operation(found);
  });
}

function nameOfDevice(device: Device): string {
  return device.name;
}

function firstRefusal(results: readonly Result<void>[]): Result<void> {
  return results.find((result) => !result.ok) ?? ok(undefined);
}
