// SPDX-License-Identifier: Apache-2.0

import type { Span } from '../source.ts';

/** A layer of a frame with the fields that were written; the protocol table has the rest. */
export interface Layer<V> {
  readonly kind: 'layer';
  readonly protocol: string;
  readonly fields: readonly Field<V>[];
  readonly span: Span;
}
export interface Field<V> {
  readonly name: string;
  readonly source: FieldSource<V>;
  readonly span: Span;
}
/**
 * What a field is filled from. `fixed` may hold a value, range, list or prefix (the checker allowed it; a range, list or
 * prefix makes the field step once per built packet); `random` draws from a range, list or prefix.
 */
export type FieldSource<V> =
  | { readonly kind: 'fixed'; readonly value: V }
  | { readonly kind: 'random'; readonly over: V };
