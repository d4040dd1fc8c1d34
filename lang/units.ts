// SPDX-License-Identifier: Apache-2.0

/** The types whose values are written with a unit. */
export type UnitType = 'duration' | 'size' | 'pps' | 'bps' | 'percent';

/** A unit as written, the type that it makes, and how many of the type's own units one of it is. */
export interface Unit {
  readonly name: string;
  readonly type: UnitType;
  readonly factor: number;
  /** Whether values are shown in it: KB and MB are read, but their 1000 is too easily taken for 1024. */
  readonly shown: boolean;
}

/** All units, within a type from small to large. Own units: nanoseconds, bytes, packets and bits per second, percent. */
export const units: readonly Unit[] = [
  { name: 'ns', type: 'duration', factor: 1, shown: true },
  { name: 'us', type: 'duration', factor: 1e3, shown: true },
  { name: 'ms', type: 'duration', factor: 1e6, shown: true },
  { name: 's', type: 'duration', factor: 1e9, shown: true },
  { name: 'min', type: 'duration', factor: 60e9, shown: true },
  { name: 'h', type: 'duration', factor: 3600e9, shown: true },
  { name: 'B', type: 'size', factor: 1, shown: true },
  { name: 'KB', type: 'size', factor: 1000, shown: false },
  { name: 'KiB', type: 'size', factor: 1024, shown: true },
  { name: 'MB', type: 'size', factor: 1e6, shown: false },
  { name: 'MiB', type: 'size', factor: 1024 * 1024, shown: true },
  { name: 'pps', type: 'pps', factor: 1, shown: true },
  { name: 'kpps', type: 'pps', factor: 1e3, shown: true },
  { name: 'Mpps', type: 'pps', factor: 1e6, shown: true },
  { name: 'Gpps', type: 'pps', factor: 1e9, shown: true },
  { name: 'bps', type: 'bps', factor: 1, shown: true },
  { name: 'kbps', type: 'bps', factor: 1e3, shown: true },
  { name: 'Mbps', type: 'bps', factor: 1e6, shown: true },
  { name: 'Gbps', type: 'bps', factor: 1e9, shown: true },
  { name: '%', type: 'percent', factor: 1, shown: true },
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
  const known = foreignSpellings[lower];
  if (known !== undefined) return known;
  return units.filter((unit) => unit.name.toLowerCase() === lower).map((unit) => unit.name);
}
