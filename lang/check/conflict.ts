// SPDX-License-Identifier: Apache-2.0

/** What an operation does to a device. */
export type Change = 'add' | 'remove' | 'set' | 'start' | 'stop';

/** A change as one job makes it; `device` is null where all devices are meant. */
export interface DeviceChange {
  readonly change: Change;
  readonly device: string | null;
  /** Inside a `try`, which says that it may fail. */
  readonly guarded: boolean;
}

/** Words for the later of two changes, and for the earlier one that may still be going on. */
export const words: Readonly<Record<Change, { readonly done: string; readonly doing: string }>> = {
  add: { done: 'added', doing: 'adding' },
  remove: { done: 'removed', doing: 'removing' },
  set: { done: 'changed', doing: 'changing' },
  start: { done: 'started', doing: 'starting' },
  stop: { done: 'stopped', doing: 'stopping' },
};

/**
 * Whether the outcome hangs on which of two changes comes first. Where the order decides that one of them fails, `try`
 * around that one says that it is wanted; where both succeed either way, `try` around either.
 */
export function conflict(a: DeviceChange, b: DeviceChange): boolean {
  if (a.device !== null && b.device !== null && a.device !== b.device) return false;
  const failing = [...(mayFail(a, b) ? [a] : []), ...(mayFail(b, a) ? [b] : [])];
  if (failing.length > 0) return failing.some(({ guarded }) => !guarded);
  return differs(a, b) && !a.guarded && !b.guarded;
}

/** Whether `other` may make `one` fail: a name that is there already, or not there. */
function mayFail(one: DeviceChange, other: DeviceChange): boolean {
  // What means all devices takes those that there are.
  if (one.device === null) return false;
  if (one.change === 'add') return other.change === 'add';
  return other.change === 'remove' || other.change === 'add';
}

/** Whether two changes that both succeed leave something else behind in the other order. */
function differs(a: DeviceChange, b: DeviceChange): boolean {
  const pair = [a.change, b.change].sort().join(' ');
  if (pair === 'set set' || pair === 'start stop') return true;
  return pair === 'add remove' && (a.device === null) !== (b.device === null);
}
