// SPDX-License-Identifier: Apache-2.0

import { addressFrom, addressNumber } from './algebra.ts';
import { isAddress } from './types.ts';
import type { RangeValue, Type, Value } from './value.ts';

type PrefixValue = Value & { readonly type: 'prefix' };

/** The first (network) or last address of a prefix's block. */
export function prefixEnd(prefix: PrefixValue, end: 'first' | 'last'): Value {
  const bits = BigInt(prefix.family === 'ipv6' ? 128 : 32);
  const host = (1n << (bits - BigInt(prefix.length))) - 1n;
  const address = addressNumber({ type: prefix.family, value: prefix.address } as Value) as bigint;
  const computed = addressFrom(prefix.family, end === 'first' ? address & ~host : address | host);
  if (!computed.ok) throw new RangeError('a block lies inside its family');
  return computed.value;
}

/** How many elements `for` and `pick` see: both ends of a range included, none in a backwards one. */
export function elementCount(value: Value): number {
  switch (value.type) {
    case 'list':
      return value.items.length;
    case 'range':
      return rangeCount(value);
    case 'prefix':
      return 2 ** ((value.family === 'ipv6' ? 128 : 32) - value.length);
    default:
      throw new TypeError(`a value of type ${value.type} has no elements`);
  }
}

function rangeCount(range: RangeValue): number {
  const [first, last] = [addressNumber(range.first), addressNumber(range.last)];
  const width = first !== null && last !== null ? Number(last - first) : scalar(range.last) - scalar(range.first);
  return width < 0 ? 0 : Math.floor(width / (range.step ?? 1)) + 1;
}

/** The element at an index from 0 to `elementCount` less one. */
export function elementAt(value: Value, index: number): Value {
  switch (value.type) {
    case 'list':
      return value.items[index] as Value;
    case 'range':
      return moved(value.first, index * (value.step ?? 1));
    case 'prefix':
      return moved(prefixEnd(value, 'first'), index);
    default:
      throw new TypeError(`a value of type ${value.type} has no elements`);
  }
}

/** The elements in order, made one by one: a range of a million costs no list. */
export function* elements(value: Value): Generator<Value> {
  const count = elementCount(value);
  for (let index = 0; index < count; index++) yield elementAt(value, index);
}

const scalar = (value: Value) => (value as { readonly value: number }).value;

function moved(from: Value, by: number): Value {
  if (!isAddress(from.type as Type)) return { type: from.type, value: scalar(from) + by } as Value;
  const computed = addressFrom(
    from.type as 'ipv4',
    // A draw from an IPv6 block is beyond a double's 53 bits anyway; its low bits are then zero.
    (addressNumber(from) as bigint) + BigInt(by),
  );
  if (!computed.ok) throw new RangeError('an element lies inside its range');
  return computed.value;
}
