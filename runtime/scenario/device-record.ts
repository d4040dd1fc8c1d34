// SPDX-License-Identifier: Apache-2.0

import type { DeviceStats } from '../engine.ts';
import type { Percentiles } from '../results.ts';

/**
 * Removed devices of which a scenario keeps figures. A run of days that adds and removes must not fill the memory, and a
 * results document of more lines is read by nobody; totals have all of them.
 */
export const mostRemoved = 1000;

/** A device's figures once it is gone: its histogram has gone into the totals. */
export type FinalFigures = Omit<DeviceStats, 'gaps'> & { readonly gap: Percentiles };

/** What is kept of a device that is gone and whose last frame has arrived, or was given up. */
export interface DeviceRecord {
  readonly state: 'settled';
  /** The how-manieth device of its scenario it was. */
  readonly ordinal: number;
  readonly name: string;
  readonly interface: string;
  readonly cpu: number;
  readonly final: FinalFigures;
  /** When its counters were last cleared; a duration counts from there. */
  readonly clearedAt: bigint | null;
  readonly shortfallExceeded: boolean;
  /** Percent that it was allowed to stay below what was asked. */
  readonly shortfall: number;
}
