// SPDX-License-Identifier: Apache-2.0

import { atLeastOne, between } from '../bounds.ts';
import { report } from '../diagnostics/catalogue-meaning.ts';
import { correction } from '../diagnostics/suggest.ts';
import { flags, off } from '../flags.ts';
import type { Expr } from '../op.ts';
import type { DeviceParameter, Takes } from '../parameters.ts';
import type { Span } from '../source.ts';
import type { Expression, Setting } from '../syntax/ast.ts';
import { exampleOf } from '../syntax/literals.ts';
import { eitherOf, isQuantity } from '../types.ts';
import { type Context, checkAs, expectType, mistake, type Typed } from './context.ts';

/** A parameter with its values, as far as they could be checked. */
export interface CheckedSetting {
  readonly setting: Setting;
  /** The value where there is one and it is no word. */
  readonly value: Typed | null;
  readonly exprs: readonly Expr[];
}

/** Checks a parameter's values by what it takes; null where nothing is left of it. */
export function checkSetting(context: Context, parameter: DeviceParameter, setting: Setting): CheckedSetting | null {
  const { name, takes } = parameter;
  if (takes.kind === 'nothing') {
    mistake(context, report('PG5112', { name, reason: takes.reason }, setting.key.span));
    return null;
  }
  const { values } = setting;
  const most = mostOf(takes);
  const [value] = values;
  const more = values.slice(most);
  if (value === undefined || more.length > 0) {
    const span = value === undefined ? setting.span : spanOf(more);
    const hints = countHints(parameter, values);
    mistake(context, report('PG5104', { name, found: values.length, most }, span, { hints }));
    return value === undefined ? null : { setting, value: null, exprs: [mistakenWord(value)] };
  }
  switch (takes.kind) {
    case 'word':
      return { setting, value: null, exprs: [checkWord(context, name, takes, value)] };
    case 'flags':
      return { setting, value: null, exprs: values.map((flag) => checkFlag(context, flag)) };
    case 'imix':
      return { setting, value: null, exprs: values.map((entry) => checkImixEntry(context, entry)) };
    default: {
      const checked = values.map((one) => checkValue(context, name, takes, one));
      const typed = checked.length === 1 ? (checked[0]?.typed ?? null) : null;
      return { setting, value: typed, exprs: checked.map(({ expr }) => expr) };
    }
  }
}

function mostOf(takes: Takes): number {
  if (takes.kind === 'flags') return Number.POSITIVE_INFINITY;
  return takes.kind === 'value' || takes.kind === 'imix' ? takes.most : 1;
}

/** What a parameter without its value lacks, or which number was written with commas. */
function countHints({ name, takes }: DeviceParameter, values: readonly Expression[]): readonly string[] {
  const numbers = values.flatMap((value) => (value.kind === 'number' ? [value.image] : []));
  if (values.length > 1 && numbers.length === values.length) return [`\`${numbers.join('_')}\``];
  if (values.length > 0 || takes.kind !== 'value') return [];
  const [type] = takes.types;
  if (type === undefined || !isQuantity(type)) return [];
  return [`\`${name} ${type === 'number' ? '1000' : exampleOf(type)}\``];
}

const spanOf = (expressions: readonly Expression[]): Span => {
  const [first] = expressions as [Expression];
  return { start: first.span.start, end: (expressions.at(-1) as Expression).span.end };
};

const constantWord = (span: Span, value: string): Expr => ({
  kind: 'constant',
  span,
  value: { type: 'string', value },
});
const mistakenWord = ({ span }: Expression): Expr => constantWord(span, '');

/** The word that an expression is, '' for a mistaken one; null where it is something else. */
export function wordOf(expr: Expr): string | null {
  return expr.kind === 'constant' && expr.value.type === 'string' ? expr.value.value : null;
}

function checkValue(
  context: Context,
  name: string,
  takes: Takes & { readonly kind: 'value' },
  value: Expression,
): { readonly typed: Typed | null; readonly expr: Expr } {
  if (takes.hexadecimal && value.kind === 'number' && !value.image.startsWith('0x')) {
    const hints = [`\`0x${value.image}\` as in pktgen`];
    mistake(context, report('PG5116', { name, image: value.image }, value.span, { hints }));
    return { typed: null, expr: mistakenWord(value) };
  }
  const typed = context.expression(context, value);
  return { typed, expr: expectType(context, typed, value, takes.types, `\`${name}\``, takes.bounds) };
}

function checkWord(
  context: Context,
  name: string,
  { words, refused }: Takes & { readonly kind: 'word' },
  value: Expression,
): Expr {
  const { span } = value;
  if (value.kind === 'error') return mistakenWord(value);
  if (value.kind === 'name' && words.includes(value.name)) return constantWord(span, value.name);
  const reason = value.kind === 'name' && Object.hasOwn(refused, value.name) ? refused[value.name] : undefined;
  if (reason !== undefined) {
    mistake(context, report('PG5112', { name: `${name} ${context.source.slice(span)}`, reason }, span));
    return mistakenWord(value);
  }
  const found = `\`${context.source.slice(span)}\``;
  const near = value.kind === 'name' ? correction(value.name, words, 'words', span) : {};
  const choice = eitherOf(words.map((word) => `\`${word}\``));
  // The words are in the message already; only a near one is worth a hint.
  const details = near.fixes?.length === 1 ? near : {};
  mistake(context, report('PG5105', { name, found, words: choice }, span, details));
  return mistakenWord(value);
}

/** A flag, or one behind `!`. */
function checkFlag(context: Context, value: Expression): Expr {
  if (value.kind === 'error') return mistakenWord(value);
  const { span } = value;
  const negated = value.kind === 'unary' && value.operator === off;
  const word = negated ? value.operand : value;
  const name = word.kind === 'name' ? word.name : null;
  const known = name === null ? undefined : flags.get(name);
  if (known === undefined) {
    const details =
      name === null
        ? { hints: ['flags are words: `flag UDPSRC_RND, !SHARED`'] }
        : correction(name, flags.keys(), 'flags', word.span);
    mistake(context, report('PG5114', { found: `\`${context.source.slice(word.span)}\`` }, word.span, details));
    return mistakenWord(value);
  }
  // Switching IPv6 off is how pktgen goes back to IPv4.
  const offered = known.refused === null || (negated && known.name === 'IPV6');
  if (!offered) {
    mistake(context, report('PG5112', { name: `flag ${known.name}`, reason: known.refused ?? '' }, span));
    return mistakenWord(value);
  }
  return constantWord(span, `${negated ? off : ''}${known.name}`);
}

/** pktgen has 32 bits for a weight. */
const weight = between(1, 0xffff_ffff);

/** `60B:7`; a list of both in the program. */
function checkImixEntry(context: Context, value: Expression): Expr {
  if (value.kind === 'error') return mistakenWord(value);
  if (value.kind !== 'pair') {
    const hints = ['`60B:7, 576B:4`'];
    mistake(context, report('PG5117', { found: `\`${context.source.slice(value.span)}\`` }, value.span, { hints }));
    return mistakenWord(value);
  }
  const size = checkAs(context, value.left, ['size'], 'a size of `imix_weights`', atLeastOne);
  const share = checkAs(context, value.right, ['number'], 'a weight of `imix_weights`', weight);
  return { kind: 'list', span: value.span, items: [size, share] };
}
