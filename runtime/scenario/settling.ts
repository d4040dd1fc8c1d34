// SPDX-License-Identifier: Apache-2.0

import type { Device } from './devices.ts';
import { noShare, type Receiver, type Share } from './receivers.ts';
import type { ScenarioState } from './scenario-state.ts';

/** How often receivers are looked at while the last frames arrive. */
const lookPeriod = 2_000_000n;

type Waiting = Generator<Promise<unknown>, void, unknown>;

/**
 * Waits until each receiver has everything that it expects, or saw nothing for its `settle`. `devices` null: of all
 * devices, which are stopped; otherwise of these alone: the others go on, so silence says nothing and `settle` counts
 * from now.
 */
export function* settleReceivers(state: ScenarioState, devices: ReadonlySet<Device> | null): Waiting {
  const begun = state.clock.now();
  const order = state.timers.register();
  for (const receiver of state.receivers.all) {
    for (;;) {
      const now = state.clock.now();
      const giveUp = quietSince(receiver, devices === null, begun, state) + receiver.settle;
      if (now >= giveUp || hasEverything(receiver, devices, state)) break;
      const next = now + lookPeriod;
      const sleep = state.timers.sleep(next < giveUp ? next : giveUp, order);
      try {
        yield sleep.done;
      } finally {
        sleep.cancel();
      }
    }
  }
}

function hasEverything(receiver: Receiver, devices: ReadonlySet<Device> | null, state: ScenarioState): boolean {
  const { receivers } = state;
  const stats = receivers.stats(receiver);
  let nameless: Share | null = null;
  for (const device of receivers.accountable) {
    if (devices !== null && !devices.has(device)) continue;
    if (!receivers.expects(receiver, device)) continue;
    const share = receivers.share(receiver, device, stats, false);
    if (share === null) nameless ??= receivers.unnumberedShare(receiver, stats, false);
    if ((share ?? nameless ?? noShare).lost > 0) return false;
  }
  return true;
}

function quietSince(receiver: Receiver, silenceCounts: boolean, begun: bigint, state: ScenarioState): bigint {
  const last = silenceCounts ? state.receivers.stats(receiver).lastAt : null;
  return last !== null && last > begun ? last : begun;
}
