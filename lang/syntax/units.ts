// SPDX-License-Identifier: Apache-2.0

/** The types whose values are written with a unit. */
export type UnitType = 'duration' | 'size' | 'pps' | 'bps' | 'percent';

/** A unit as written, the type that it makes, and how many of the type's own units one of it is. */
export interface Unit {
  readonly name: string;
  readonly type: UnitType;
  readonly factor: number;
  /**
   * Which values are shown in it: nobody writes 1.5min, and the 1000 of KB and MB is too easily taken for 1024.
   */
  readonly shown: 'any' | 'whole' | 'none';
}

/** All units, within a type from small to large. Own units: nanoseconds, bytes, packets and bits per second, percent. */
export const units: readonly Unit[] = [
  { name: 'ns', type: 'duration', factor: 1, shown: 'any' },
  { name: 'us', type: 'duration', factor: 1e3, shown: 'any' },
  { name: 'ms', type: 'duration', factor: 1e6, shown: 'any' },
  { name: 's', type: 'duration', factor: 1e9, shown: 'any' },
  { name: 'min', type: 'duration', factor: 60e9, shown: 'whole' },
  { name: 'h', type: 'duration', factor: 3600e9, shown: 'whole' },
  { name: 'B', type: 'size', factor: 1, shown: 'any' },
  { name: 'KB', type: 'size', factor: 1000, shown: 'none' },
  { name: 'KiB', type: 'size', factor: 1024, shown: 'whole' },
  { name: 'MB', type: 'size', factor: 1e6, shown: 'none' },
  { name: 'MiB', type: 'size', factor: 1024 * 1024, shown: 'whole' },
  { name: 'pps', type: 'pps', factor: 1, shown: 'any' },
  { name: 'kpps', type: 'pps', factor: 1e3, shown: 'any' },
  { name: 'Mpps', type: 'pps', factor: 1e6, shown: 'any' },
  { name: 'Gpps', type: 'pps', factor: 1e9, shown: 'any' },
  { name: 'bps', type: 'bps', factor: 1, shown: 'any' },
  { name: 'kbps', type: 'bps', factor: 1e3, shown: 'any' },
  { name: 'Mbps', type: 'bps', factor: 1e6, shown: 'any' },
  { name: 'Gbps', type: 'bps', factor: 1e9, shown: 'any' },
  { name: '%', type: 'percent', factor: 1, shown: 'any' },
];

const byName: ReadonlyMap<string, Unit> = new Map(units.map((unit) => [unit.name, unit]));

/** The unit of that exact name (case counts: `mbps` is none); undefined if there is none. */
export function unitNamed(name: string): Unit | undefined {
  return byName.get(name);
}

/** The units of one type, from small to large. */
export function unitsOf(type: UnitType): readonly Unit[] {
  return units.filter((unit) => unit.type === type);
}

/** Spellings that people bring along, each with what it can mean here; looked up in lower case. */
const foreignSpellings: Readonly<Record<string, readonly string[]>> = {
  µs: ['us'],
  μs: ['us'],
  usec: ['us'],
  msec: ['ms'],
  nsec: ['ns'],
  sec: ['s'],
  secs: ['s'],
  second: ['s'],
  seconds: ['s'],
  mins: ['min'],
  minute: ['min'],
  minutes: ['min'],
  hr: ['h'],
  hour: ['h'],
  hours: ['h'],
  byte: ['B'],
  bytes: ['B'],
  pkts: ['pps'],
  percent: ['%'],
  bit: ['bps'],
  kbit: ['kbps'],
  mbit: ['Mbps'],
  gbit: ['Gbps'],
  k: ['kpps', 'kbps', 'KiB'],
  g: ['Gpps', 'Gbps'],
};

/** What a spelling that is no unit most likely means: one unit, several where it is ambiguous, none if nothing fits. */
export function likelyUnits(spelling: string): readonly string[] {
  // The one letter whose meaning hangs on its case.
  if (spelling === 'm') return ['ms', 'min'];
  if (spelling === 'M') return ['Mpps', 'Mbps', 'MiB'];
  const lower = spelling.toLowerCase();
  if (Object.hasOwn(foreignSpellings, lower)) return foreignSpellings[lower] ?? [];
  return units.filter((unit) => unit.name.toLowerCase() === lower).map((unit) => unit.name);
}
