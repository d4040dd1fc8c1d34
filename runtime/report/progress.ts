// SPDX-License-Identifier: Apache-2.0

import type { Progress } from '../results.ts';
import type { Channel, Output } from './output.ts';
import { count, rate, stopwatch } from './quantities.ts';
import { cut } from './table.ts';

/** Redraws at most ten times a second: more is flicker, and terminal writes are time taken from the run. */
const redrawMs = 100;
/** Width assumed of a terminal that does not tell. */
const defaultColumns = 80;
/** Back to the line's start, and erase to its end. */
const eraseLine = '\r\u001b[K';

/** One line on a terminal that is redrawn in place while a run goes on. */
export interface ProgressLine {
  show(progress: Progress): void;
  /** Takes the line away until the next `show`. */
  erase(): void;
}

/** @param now milliseconds of any clock that never goes back */
export function progressLine(channel: Channel, now: () => number): ProgressLine {
  let drawn = false;
  let drawnAt = Number.NEGATIVE_INFINITY;
  return {
    show: (progress) => {
      if (now() - drawnAt < redrawMs) return;
      // The last column stays free: a full line makes some terminals wrap, and the wrapped part could not be erased.
      const room = (channel.columns() || defaultColumns) - 1;
      channel.write(`${eraseLine}${channel.palette.dim(cut(progressText(progress), room))}`);
      drawn = true;
      drawnAt = now();
    },
    erase: () => {
      if (drawn) channel.write(eraseLine);
      drawn = false;
    },
  };
}

/** The same output with the line out of the way of whatever else is written. */
export function around(line: ProgressLine, output: Output): Output {
  const behind = (channel: Channel): Channel => ({
    ...channel,
    write: (text) => {
      line.erase();
      channel.write(text);
    },
  });
  return { ...output, stdout: behind(output.stdout), stderr: behind(output.stderr) };
}

/** For example `12.3s  tx0@0 sent 1,234,567  99.9 kpps of 100.0 kpps  lost 0`; several devices show as their total. */
export function progressText(progress: Progress): string {
  const pps = progress.asked === null ? rate(progress.pps) : `${rate(progress.pps)} of ${rate(progress.asked)}`;
  const parts = [stopwatch(progress.elapsed), `${progress.devices} sent ${count(progress.sent)}`, pps];
  if (progress.lost !== null) parts.push(`lost ${count(progress.lost)}`);
  return parts.join('  ');
}
