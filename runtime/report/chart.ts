// SPDX-License-Identifier: Apache-2.0

import { bucketStart, type Histogram, percentile } from '../histogram.ts';
import { count, time } from './quantities.ts';

/** Eighths of a cell, from nothing to full. */
const eighths = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const bars = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/**
 * The last values as columns of a chart that begins at zero, as high as the greatest of them. Gives `rows` lines, the highest
 * first, then the axis with what the values say.
 *
 * @param label what a value is called, for the least, the greatest and the last one
 */
export function columnChart(
  values: readonly number[],
  rows: number,
  columns: number,
  label: (value: number) => string,
): readonly string[] {
  const shown = values.slice(-columns);
  const most = Math.max(...shown, 0);
  const heights = shown.map((value) => (most === 0 ? 0 : Math.round((Math.max(0, value) / most) * rows * 8)));
  const lines = Array.from({ length: rows }, (_, row) => {
    const below = (rows - 1 - row) * 8;
    return heights
      .map((height) => eighths[Math.min(8, Math.max(0, height - below))] ?? ' ')
      .join('')
      .trimEnd();
  });
  const last = shown.at(-1);
  const words =
    last === undefined ? 'no value yet' : `now ${label(last)}, least ${label(Math.min(...shown))}, most ${label(most)}`;
  return [...lines, '─'.repeat(Math.max(1, shown.length)), words];
}

/** Rows of a histogram: the shortest times beyond that are told in one. */
const mostRows = 16;

/** A histogram of times by powers of two, each with its least time, how many there are and a bar; then its percentiles. */
export function histogramChart(histogram: Histogram, columns: number): readonly string[] {
  if (histogram.total === 0) return ['nothing was measured yet'];
  const octaves = new Map<number, number>();
  for (let bucket = 0; bucket < histogram.counts.length; bucket++) {
    const amount = histogram.counts[bucket] ?? 0;
    if (amount === 0) continue;
    const octave = Math.floor(Math.log2(Math.max(1, bucketStart(bucket))));
    octaves.set(octave, (octaves.get(octave) ?? 0) + amount);
  }
  const found = [...octaves.keys()];
  const first = Math.max(Math.min(...found), Math.max(...found) - mostRows + 1);
  for (const octave of found.filter((one) => one < first)) {
    octaves.set(first, (octaves.get(first) ?? 0) + (octaves.get(octave) ?? 0));
    octaves.delete(octave);
  }
  const cutOff = first > Math.min(...found);
  const most = Math.max(...octaves.values());
  const lines: string[] = [];
  for (let octave = first; octave <= Math.max(...found); octave++) {
    const amount = octaves.get(octave) ?? 0;
    const from = octave === first && (cutOff || octave === 0) ? 0 : 2 ** octave;
    const label = `${time(from).padStart(9)}  ${count(amount).padStart(12)}  `;
    const eighth = Math.round((amount / most) * Math.max(1, columns - label.length - 1) * 8);
    lines.push(`${label}${'█'.repeat(eighth >> 3)}${bars[eighth & 7] ?? ''}`.trimEnd());
  }
  const at = (p: number): string => time(percentile(histogram, p));
  return [...lines, `p50 ${at(0.5)}, p99 ${at(0.99)}, p99.9 ${at(0.999)}, max ${time(histogram.max)}`];
}
