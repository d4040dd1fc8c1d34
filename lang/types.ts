// SPDX-License-Identifier: Apache-2.0

import type { ScalarType, Type, Value } from './value.ts';

/** The types that a parameter of a file may have: those whose values can be written on a command line. */
export const parameterTypes = [
  'number',
  'bool',
  'string',
  'duration',
  'size',
  'pps',
  'bps',
  'percent',
  'mac',
  'ipv4',
  'ipv6',
  'prefix',
  'interface',
] as const satisfies readonly ScalarType[];

/** Numbers with and without a unit: what arithmetic works on. */
export const quantityTypes = ['number', 'duration', 'size', 'pps', 'bps', 'percent'] as const satisfies ScalarType[];
export type QuantityType = (typeof quantityTypes)[number];

export const addressTypes = ['mac', 'ipv4', 'ipv6'] as const satisfies ScalarType[];
export type AddressType = (typeof addressTypes)[number];

/** A number with a unit, or without one (`number`). */
export function isQuantity(type: Type): type is QuantityType {
  return (quantityTypes as readonly Type[]).includes(type);
}

/** A MAC, IPv4 or IPv6 address. */
export function isAddress(type: Type): type is AddressType {
  return (addressTypes as readonly Type[]).includes(type);
}

/** A type as diagnostics name it: `duration`, `list of pps`. */
export function displayType(type: Type): string {
  if (typeof type === 'string') return type;
  return `${type.kind} of ${displayType(type.of)}`;
}

/** A type with its article, as sentences need it: `a duration`, `an ipv4`. */
export function articled(type: Type): string {
  const word = displayType(type);
  return `${/^[aeiou]/.test(word) ? 'an' : 'a'} ${word}`;
}

/** Whether two types are one; `unknown` is every type, so that one mistake is reported once. */
export function sameType(a: Type, b: Type): boolean {
  if (a === 'unknown' || b === 'unknown') return true;
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  return a.kind === b.kind && sameType(a.of, b.of);
}

/**
 * Whether a value lies deeper in lists than a variable's type tells, and no element says how deep: `x = [x]` would go one
 * deeper at each turn, and what recurses over values has an end.
 */
export function nestsDeeper(variable: Type, value: Type): boolean {
  if (typeof value !== 'object') return false;
  if (typeof variable === 'object') return nestsDeeper(variable.of, value.of);
  return variable === 'unknown' && innermost(value) === 'unknown';
}

function innermost(type: Type): Type {
  return typeof type === 'object' ? innermost(type.of) : type;
}

/** Whether a value of type `from` may stand where one of `accepted` is wanted. There are no conversions. */
export function assignable(from: Type, accepted: readonly Type[]): boolean {
  return accepted.some((type) => sameType(from, type));
}

/** What a `for` over, or an index into, a value of this type gives; null where it has no elements. */
export function elementType(type: Type): Type | null {
  if (type === 'unknown') return 'unknown';
  return typeof type === 'string' ? null : type.of;
}

/** The type of a value; an empty list is a list of anything. */
export function typeOf(value: Value): Type {
  switch (value.type) {
    case 'list': {
      const head = value.items[0];
      return { kind: 'list', of: head === undefined ? 'unknown' : typeOf(head) };
    }
    case 'range':
      return { kind: 'range', of: typeOf(value.first) };
    default:
      return value.type;
  }
}

/** Words for a choice: `pps`, `pps or bps`, `a, b or c`. */
export function eitherOf(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} or ${words[words.length - 1]}`;
}

/** For the default arm of a switch over a union: a new member that nobody handles does not compile. */
export function assertNever(value: never): never {
  throw new Error(`unhandled case: ${JSON.stringify(value)}`);
}
