// SPDX-License-Identifier: Apache-2.0

/** Time as an engine lives it. All instants are nanoseconds since an arbitrary origin and never go back. */
export interface Clock {
  now(): bigint;
  /**
   * Settles at the instant, or as soon as `signal` aborts, whichever is first; never throws. Sleepers whose instants are
   * equal wake in the order in which they went to sleep.
   */
  sleepUntil(instant: bigint, signal?: AbortSignal): Promise<void>;
  /**
   * Virtual clocks only: called when nobody sleeps and nothing else goes on, so that time stands still for ever. Null
   * takes the listener away.
   */
  onIdle?(listener: (() => void) | null): void;
  /**
   * Virtual clocks only: nanoseconds that a failed operation takes. A script that tries again until something succeeds
   * would otherwise try for ever at one instant.
   */
  readonly failureTakes?: bigint;
}
