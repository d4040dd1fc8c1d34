// SPDX-License-Identifier: Apache-2.0

import { setFlagsFromString } from 'node:v8';

/** Lets V8 compile and collect as it would, in a process that stays: the launcher has it hurry for a short command. */
export function takeTime(): void {
  // V8's own
  setFlagsFromString('--max-inlined-bytecode-size=460');
  setFlagsFromString('--incremental-marking');
  setFlagsFromString('--semi-space-growth-factor=2');
}

/**
 * Keeps V8's heap near what is alive. V8 aims at throughput: its space for young objects grows from one megabyte to 16, twice,
 * and its first full collection waits until the heap has grown to several times what was alive. What a control process
 * makes is dead within milliseconds and little of it at a time, so collecting early costs little, and memory grows
 * by some percent in the first minute of a run, not by 40. Before much was allocated: what has grown stays.
 */
export function keepHeapSmall(): void {
  takeTime();
  setFlagsFromString('--semi-space-growth-factor=1');
  // Full collections begin after so many percent of the growth that V8 would allow; they go on in small steps and aside.
  setFlagsFromString('--incremental-marking-soft-trigger=10');
}
