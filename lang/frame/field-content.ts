// SPDX-License-Identifier: Apache-2.0

import { addressNumber } from '../algebra.ts';
import { report } from '../diagnostics/catalogue-meaning.ts';
import { failureFrom, type Outcome } from '../diagnostics/failure.ts';
import { didYouMean } from '../diagnostics/suggest.ts';
import { prefixEnd } from '../elements.ts';
import type { Span } from '../source.ts';
import { formatValue } from '../syntax/literals.ts';
import { articled, assertNever, typeOf } from '../types.ts';
import type { Value } from '../value.ts';
import type { FieldSource } from './layer.ts';
import type { ProtocolField } from './protocols.ts';

/** What a field is filled with, as integers that fit it. Everything but `value` changes from packet to packet. */
export type FieldContent =
  | { readonly kind: 'value'; readonly value: bigint }
  | { readonly kind: 'increment'; readonly first: bigint; readonly last: bigint; readonly step: bigint }
  | { readonly kind: 'list'; readonly values: readonly bigint[] }
  | { readonly kind: 'random'; readonly first: bigint; readonly last: bigint }
  | { readonly kind: 'random_list'; readonly values: readonly bigint[] };
/** Content that is one value, or changes. */
export type Generator = Exclude<FieldContent, { readonly kind: 'value' }>;

/** What is written for a checksum that is to be filled in where its protocol would do without. */
const automatic = 'auto';

type ListContent = Extract<FieldContent, { readonly values: readonly bigint[] }>;

export function isList(content: FieldContent): content is ListContent {
  return content.kind === 'list' || content.kind === 'random_list';
}

/** Whether a checksum is asked for with `"auto"`. */
export function isAutomatic(field: ProtocolField, source: FieldSource<Value>): boolean {
  if (field.fallback.kind !== 'checksum' || source.kind !== 'fixed') return false;
  return source.value.type === 'string' && source.value.value === automatic;
}

type Content = Outcome<FieldContent>;

/**
 * Reads what was written for a field. A range or prefix steps through all it holds, from its first value on; generators
 * of a single value are that value. Failures: a value of another type, not whole, or wider than the field; a backwards
 * range; an empty list.
 *
 * @param path the field as diagnostics name it, `udp.dst`
 */
export function fieldContent(path: string, field: ProtocolField, source: FieldSource<Value>, span: Span): Content {
  const content = narrowContent(path, field, source, span);
  if (!content.ok || field.bits <= halfBits || isList(content.value) || halvesOf(content.value) !== null)
    return content;
  const hints = ['a range within one /64, a whole prefix, or a list'];
  return { ok: false, failure: failureFrom(report('PG5016', { field: path }, span, { hints })) };
}

/** Engines count and draw in at most this many bits: fields of 128 are filled in two halves, unless from a list. */
export const halfBits = 64;
const lowerHalf = (1n << BigInt(halfBits)) - 1n;

/**
 * The contents of the upper and lower 64 bits of a field of 128, each by itself; null where they would have to know of each
 * other. Steps from the lower half's beginning never come to the upper one: that takes 2^64 packets.
 */
export function halvesOf(content: Exclude<FieldContent, ListContent>): readonly [FieldContent, FieldContent] | null {
  const upper = (value: bigint): bigint => value >> BigInt(halfBits);
  const lower = (value: bigint): bigint => value & lowerHalf;
  const fixed = (value: bigint): FieldContent => ({ kind: 'value', value });
  switch (content.kind) {
    case 'value':
      return [fixed(upper(content.value)), fixed(lower(content.value))];
    case 'increment': {
      const { first, last } = content;
      if (upper(first) === upper(last)) {
        return [fixed(upper(first)), { ...content, first: lower(first), last: lower(last) }];
      }
      return lower(first) === 0n ? [fixed(upper(first)), { ...content, first: 0n, last: lowerHalf }] : null;
    }
    case 'random': {
      const { first, last } = content;
      if (upper(first) === upper(last)) {
        return [fixed(upper(first)), { ...content, first: lower(first), last: lower(last) }];
      }
      if (lower(first) !== 0n || lower(last) !== lowerHalf) return null;
      return [
        { ...content, first: upper(first), last: upper(last) },
        { ...content, first: 0n, last: lowerHalf },
      ];
    }
    default:
      return assertNever(content);
  }
}

/** The value of a word, or the sum of several flags, parted by commas, bars or blanks. */
function wordValue(
  path: string,
  field: ProtocolField,
  words: Readonly<Record<string, number>>,
  text: string,
  span: Span,
): Outcome<bigint> {
  const parts = field.flags ? text.split(/[\s,|]+/).filter((part) => part !== '') : [text.trim()];
  let sum = 0;
  for (const part of parts) {
    const known = Object.hasOwn(words, part) ? words[part] : undefined;
    if (known === undefined) {
      const hints = didYouMean(part, Object.keys(words), 'values');
      return { ok: false, failure: failureFrom(report('PG5015', { field: path, word: part }, span, { hints })) };
    }
    sum |= known;
  }
  return { ok: true, value: BigInt(sum) };
}

function narrowContent(path: string, field: ProtocolField, source: FieldSource<Value>, span: Span): Content {
  const random = source.kind === 'random';
  const written = random ? source.over : source.value;
  const fail = (diagnostic: Parameters<typeof failureFrom>[0]): Content => {
    return { ok: false, failure: failureFrom(diagnostic) };
  };

  const integers = (values: readonly Value[]): Outcome<bigint[]> => {
    const found: bigint[] = [];
    for (const value of values) {
      if (value.type === 'string' && field.words !== null) {
        const word = wordValue(path, field, field.words, value.value, span);
        if (!word.ok) return word;
        found.push(word.value);
        continue;
      }
      const integer = integerOf(field, value);
      if (integer === null) {
        if (value.type === field.type) {
          const bounds = `whole numbers from 0 to ${2n ** BigInt(field.bits) - 1n}`;
          const wrong = report('PG5003', { field: path, value: formatValue(value), bounds }, span);
          return { ok: false, failure: failureFrom(wrong) };
        }
        const wanted = {
          subject: `\`${path}\``,
          expected: articled(field.type === 'bytes' ? 'string' : field.type),
          actual: articled(typeOf(value)),
        };
        return { ok: false, failure: failureFrom(report('PG2101', wanted, span)) };
      }
      found.push(integer);
    }
    return { ok: true, value: found };
  };

  switch (written.type) {
    case 'list': {
      const items = integers(written.items);
      if (!items.ok) return items;
      const values = items.value;
      if (values.length === 0) return fail(report('PG5012', { field: path }, span));
      if (values.length === 1) return { ok: true, value: { kind: 'value', value: values[0] as bigint } };
      return { ok: true, value: { kind: random ? 'random_list' : 'list', values } };
    }
    case 'range':
    case 'prefix': {
      const prefix = written.type === 'prefix';
      const firstValue = prefix ? prefixEnd(written, 'first') : written.first;
      const lastValue = prefix ? prefixEnd(written, 'last') : written.last;
      const ends = integers([firstValue, lastValue]);
      if (!ends.ok) return ends;
      const [first, last] = ends.value as [bigint, bigint];
      if (last < first) {
        const backwards = { field: path, first: formatValue(firstValue), last: formatValue(lastValue) };
        return fail(report('PG5006', backwards, span, { hints: ['a range in a field runs upwards'] }));
      }
      const step = prefix ? null : written.step;
      if (random && step !== null) return fail(report('PG5014', {}, span));
      if (first === last) return { ok: true, value: { kind: 'value', value: first } };
      if (random) return { ok: true, value: { kind: 'random', first, last } };
      return { ok: true, value: { kind: 'increment', first, last, step: BigInt(step ?? 1) } };
    }
    default: {
      const single = integers([written]);
      return single.ok ? { ok: true, value: { kind: 'value', value: single.value[0] as bigint } } : single;
    }
  }
}

/** The first value that a content gives. */
export function firstValue(content: FieldContent): bigint {
  switch (content.kind) {
    case 'value':
      return content.value;
    case 'increment':
    case 'random':
      return content.first;
    default:
      return content.values[0] as bigint;
  }
}

/** The integer that a value of the field's type is, null where it is of another type, not whole or too wide. */
function integerOf(field: ProtocolField, value: Value): bigint | null {
  if (value.type !== field.type) return null;
  if (value.type !== 'number') return addressNumber(value);
  const fits = Number.isSafeInteger(value.value) && value.value >= 0;
  return fits && BigInt(value.value) < 1n << BigInt(field.bits) ? BigInt(value.value) : null;
}
