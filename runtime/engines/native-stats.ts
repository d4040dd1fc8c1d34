// SPDX-License-Identifier: Apache-2.0

import { getSystemErrorName } from 'node:util';
import type { NativeRun } from '../../native/index.ts';
import type { DeviceStats, DriverName } from '../engine.ts';
import { emptyHistogram, type Histogram } from '../histogram.ts';

/**
 * Counters of a device as the addon gives them. The histogram, kilobytes, is asked for when somebody wants it; field by
 * field, and by a getter that all share, as these are made by the hundred a second: a getter of its own, or a copy by
 * spread, costs V8 a new shape of an object each time.
 */
export class NativeStats implements DeviceStats {
  readonly sent: number;
  readonly bytes: number;
  readonly errors: number;
  readonly late: number;
  readonly skipped: number;
  readonly asked: number | null;
  readonly inFlight: number;
  readonly running: boolean;
  readonly startedAt: bigint | null;
  readonly stoppedAt: bigint | null;
  readonly driver: DriverName;
  readonly failure: string | null;
  readonly #gaps: () => NativeRun['gaps'];

  constructor(run: NativeRun, gaps: () => NativeRun['gaps']) {
    this.sent = run.sent;
    this.bytes = run.bytes;
    this.errors = run.errors;
    this.late = run.late;
    this.skipped = run.skipped;
    this.asked = run.asked;
    this.inFlight = run.inFlight;
    this.running = run.running;
    this.startedAt = run.startedAt;
    this.stoppedAt = run.stoppedAt;
    this.driver = run.driver;
    this.failure = run.failure === 0 ? null : getSystemErrorName(-run.failure);
    this.#gaps = gaps;
  }

  get gaps(): Histogram {
    return this.#gaps() ?? emptyHistogram;
  }
}
