// SPDX-License-Identifier: Apache-2.0

import type { FieldSource, Layer } from './frame/layer.ts';

/** Types that need no argument. `interface` is a network interface, `grace` the waiting for a grace period. */
export type ScalarType =
  | 'number'
  | 'bool'
  | 'string'
  | 'duration'
  | 'size'
  | 'pps'
  | 'bps'
  | 'percent'
  | 'mac'
  | 'ipv4'
  | 'ipv6'
  | 'prefix'
  | 'frame'
  | 'device'
  | 'receiver'
  | 'interface'
  | 'job'
  | 'grace';

/** A type of the language; `unknown` stands for "an error was already reported" and is accepted everywhere. */
export type Type =
  | ScalarType
  | 'unknown'
  | { readonly kind: 'list'; readonly of: Type }
  | { readonly kind: 'range'; readonly of: Type };

/**
 * A value, plain JSON. Units: `duration` whole nanoseconds (exact to 2^53, 104 days), `size` bytes, `pps` packets per
 * second, `bps` bits per second, `percent` 1 for 1 %, `mac` and `ipv4` the address as a number, `ipv6` 32 hexadecimal
 * digits. `device`, `receiver` and `interface` carry their name; `job` and `grace` an id of the executor's.
 */
export type Value =
  | { readonly type: 'number' | 'duration' | 'size' | 'pps' | 'bps' | 'percent'; readonly value: number }
  | { readonly type: 'mac' | 'ipv4'; readonly value: number }
  | { readonly type: 'ipv6'; readonly value: string }
  | {
      readonly type: 'prefix';
      readonly family: 'ipv4' | 'ipv6';
      readonly address: number | string;
      readonly length: number;
    }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'device' | 'receiver' | 'interface'; readonly name: string }
  | { readonly type: 'job' | 'grace'; readonly id: number }
  | { readonly type: 'list'; readonly items: readonly Value[] }
  | RangeValue
  | { readonly type: 'frame'; readonly layers: readonly Layer<Value>[] };

/** Both ends included; `step` is a number, or null for one. Backwards ranges are legal values (empty in `for`). */
export interface RangeValue {
  readonly type: 'range';
  readonly first: Value;
  readonly last: Value;
  readonly step: number | null;
}

/** A frame field whose expressions have been evaluated. */
export type FieldValue = FieldSource<Value>;
