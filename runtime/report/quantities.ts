// SPDX-License-Identifier: Apache-2.0

/** Numbers as tables and the progress line show them: rounded for reading; the exact ones are in the results document. */

interface Scale {
  readonly unit: string;
  readonly factor: number;
}

const rates: readonly Scale[] = [
  { unit: 'pps', factor: 1 },
  { unit: 'kpps', factor: 1e3 },
  { unit: 'Mpps', factor: 1e6 },
  { unit: 'Gpps', factor: 1e9 },
];
const times: readonly Scale[] = [
  { unit: 'ns', factor: 1 },
  { unit: 'us', factor: 1e3 },
  { unit: 'ms', factor: 1e6 },
  { unit: 's', factor: 1e9 },
];

/** What stands where there is no number: a rate never asked for, a percentile of nothing. */
export const none = '-';

/** A whole number with its thousands apart: `1,234,567`. */
export function count(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Packets per second, one decimal: `100.0 kpps`. */
export function rate(packetsPerSecond: number | null): string {
  return scaled(packetsPerSecond, rates);
}

/** Nanoseconds as a time, one decimal: `12.3 us`; whole below a microsecond. */
export function time(nanoseconds: number | null): string {
  return scaled(nanoseconds, times);
}

/** A share in percent, 1 for 1 %: `99.93%`. */
export function percent(value: number | null): string {
  return value === null || !Number.isFinite(value) ? none : `${value.toFixed(2)}%`;
}

/** Seconds and minutes as a stopwatch shows them: `12.3s`, `2:05`, `1:02:05`. */
export function stopwatch(nanoseconds: number): string {
  const seconds = nanoseconds / 1e9;
  if (seconds < 60) return `${(Math.floor(seconds * 10) / 10).toFixed(1)}s`;
  const whole = Math.floor(seconds);
  const minutes = Math.floor(whole / 60) % 60;
  const two = (part: number): string => part.toString().padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

function scaled(value: number | null, scales: readonly Scale[]): string {
  if (value === null || !Number.isFinite(value)) return none;
  const [base, ...greater] = scales as [Scale, ...Scale[]];
  // A whole number of the smallest unit needs no decimal; 999.96 of a unit would round to 1000.0 of it, so the next is taken.
  let text = `${Number.isInteger(value) ? value : value.toFixed(1)} ${base.unit}`;
  let shown = Math.round(value * 10) / 10;
  for (const { unit, factor } of greater) {
    if (shown < 1000) break;
    shown = Math.round((value / factor) * 10) / 10;
    text = `${shown.toFixed(1)} ${unit}`;
  }
  return text;
}
