// SPDX-License-Identifier: Apache-2.0

import { report } from '../diagnostics/catalogue-syntax.ts';
import type { Diagnostic, Fix } from '../diagnostics/diagnostic.ts';
import { nearest } from '../diagnostics/suggest.ts';
import type { Span } from '../source.ts';
import { articled, assertNever } from '../types.ts';
import type { ScalarType, Value } from '../value.ts';
import { addressBits, addressFamily, formatAddress, readAddress } from './addresses.ts';
import type { AddressFamily } from './ast.ts';
import { likelyUnits, type Unit, type UnitType, unitNamed, units, unitsOf } from './units.ts';

/** What a literal's text means, or the mistake in it: `diagnose` puts it at the place where the literal stands. */
export type Literal =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly diagnose: (span: Span) => Diagnostic };

const good = (value: Value): Literal => ({ ok: true, value });
const wrong = (diagnose: (span: Span) => Diagnostic): Literal => ({ ok: false, diagnose });

// --- numbers and quantities -------------------------------------------------------------------------------------------

/** Digits with `_` between them, a fraction, a sign for `--set`. */
const decimal = /^-?[0-9]+(?:_[0-9]+)*(?:\.[0-9]+(?:_[0-9]+)*)?$/;
const hexadecimal = /^0[xX][0-9A-Fa-f]+(?:_[0-9A-Fa-f]+)*$/;

/** Reads a plain number, decimal or `0x…`, with `_` between digits. Whole numbers are exact to 2^53. */
export function numberValue(image: string): Literal {
  const value = shortNumber(image);
  return value === null ? longNumber(image) : good({ type: 'number', value });
}

/** Digits alone, as most numbers are, and so few that they are exact; null for others. A pattern takes several times as long. */
function shortNumber(image: string): number | null {
  if (image.length === 0 || image.length > 15) return null;
  let value = 0;
  for (let at = 0; at < image.length; at++) {
    const digit = image.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return null;
    value = 10 * value + digit;
  }
  return value;
}

/** Apart, as a function that others close over allocates at each call, and most numbers are short. */
function longNumber(image: string): Literal {
  const bare = image.replaceAll('_', '');
  if (hexadecimal.test(image) || /^-?[0-9_]+$/.test(image)) {
    if (!hexadecimal.test(image) && !decimal.test(image)) return misplacedUnderscore(image);
    const value = Number(bare);
    if (!Number.isSafeInteger(value)) return wrong((span) => report('PG2002', { image }, span));
    // No negative zero: it would print as one.
    return good({ type: 'number', value: value === 0 ? 0 : value });
  }
  if (decimal.test(image)) return below(image, 'number', Number(bare));
  if (/^0[xX]/.test(image)) {
    const reason = 'after `0x` stand hexadecimal digits';
    return wrong((span) => report('PG2001', { image, reason }, span));
  }
  if (decimal.test(bare)) return misplacedUnderscore(image);
  const reason = 'its point stands once, between two digits';
  return wrong((span) => report('PG2001', { image, reason }, span));
}

/** A value that is not whole, as doubles have it: where whole ones are not exact, fractions have no meaning either. */
function below(image: string, type: UnitType | 'number', value: number): Literal {
  if (!(Math.abs(value) <= Number.MAX_SAFE_INTEGER)) return wrong((span) => report('PG2002', { image }, span));
  return good({ type, value });
}

function misplacedUnderscore(image: string): Literal {
  return wrong((span) => report('PG2001', { image, reason: '`_` stands between two digits' }, span));
}

/** Reads a number with a unit. Durations are whole nanoseconds and sizes whole bytes, all exact to 2^53. */
export function quantityValue(image: string): Literal {
  // As most are: digits and a unit, which takes no pattern to tell.
  let digitsEnd = 0;
  while (image.charCodeAt(digitsEnd) >= 0x30 && image.charCodeAt(digitsEnd) <= 0x39) digitsEnd++;
  const known = digitsEnd === 0 ? undefined : unitNamed(image.slice(digitsEnd));
  if (known !== undefined) return scaled(image, image.slice(0, digitsEnd), known);
  if (/^0[xX]/.test(image)) return numberValue(image);
  const split = /^(-?[0-9][0-9_]*(?:\.[0-9][0-9_]*)?)(.*)$/s.exec(image);
  const digits = split?.[1] ?? '';
  const name = split?.[2] ?? image;
  const unit = unitNamed(name);
  if (unit === undefined) return unknownUnit(image, digits, name);
  if (!decimal.test(digits)) return misplacedUnderscore(image);
  return scaled(image, digits.replaceAll('_', ''), unit);
}

/** Multiplies in whole numbers, since 0.1 * 3 is not 0.3 in doubles but `0.1us` is 100 ns. */
function scaled(image: string, digits: string, unit: Unit): Literal {
  const { type } = unit;
  // A product of whole numbers that comes out below 2^53 is exact in doubles, too.
  const product = (shortNumber(digits) ?? Number.NaN) * unit.factor;
  return Number.isSafeInteger(product) ? good({ type, value: product }) : exactly(image, digits, unit);
}

function exactly(image: string, digits: string, { type, factor }: Unit): Literal {
  const [whole = '', fraction = ''] = digits.split('.');
  const numerator = BigInt(whole + fraction) * BigInt(factor);
  const denominator = 10n ** BigInt(fraction.length);
  if (numerator % denominator === 0n) {
    const value = Number(numerator / denominator);
    if (!Number.isSafeInteger(value)) return wrong((span) => report('PG2002', { image }, span));
    return good({ type, value });
  }
  if (type === 'duration' || type === 'size') {
    const of = type === 'duration' ? 'nanoseconds' : 'bytes';
    return wrong((span) => report('PG2005', { image, unit: of }, span));
  }
  // Neither may fit a double although their ratio does; a text that is read is rounded only once.
  return below(image, type, Number(`${numerator}e-${fraction.length}`));
}

function unknownUnit(image: string, digits: string, name: string): Literal {
  const [, exponent, behind = ''] = /^([eE][0-9]+)(.*)$/s.exec(name) ?? [];
  if (exponent !== undefined && (behind === '' || unitNamed(behind) !== undefined)) {
    const value = Number(digits.replaceAll('_', '') + exponent);
    const texts = Number.isSafeInteger(value) ? [`${grouped(value)}${behind}`] : [];
    const hints = texts.map((text) => `\`${text}\``);
    return wrong((span) => report('PG2006', { image }, span, { hints, fixes: fixesOf(span, texts) }));
  }
  const likely = likelyUnits(name);
  if (likely.length > 1) {
    const texts = likely.map((unit) => `${digits}${unit}`);
    const hints = [texts.map((text) => `\`${text}\``).join(' or ')];
    return wrong((span) => report('PG2004', { image, unit: name }, span, { hints, fixes: fixesOf(span, texts) }));
  }
  // pktgen's own files write words such as `mpls 0001000a` in bare hexadecimal.
  if (/^[0-9A-Fa-f]+$/.test(image)) {
    const bytes = name === 'b' ? [`\`${digits}B\` for bytes`] : [];
    const hints = [...bytes, `\`0x${image}\` if it is meant hexadecimal`];
    return wrong((span) => report('PG2007', { image }, span, { hints, fixes: fixesOf(span, [`0x${image}`]) }));
  }
  const larger = Object.hasOwn(largerSizes, name) && decimal.test(digits) ? largerSizes[name] : undefined;
  if (larger !== undefined) {
    const count = Number((Number(digits.replaceAll('_', '')) * larger.factor).toFixed(6));
    const hints = count <= Number.MAX_SAFE_INTEGER ? [`\`${count}${larger.unit}\``] : [];
    return wrong((span) => report('PG2003', { image, unit: name }, span, { hints }));
  }
  const spelling =
    likely[0] ??
    nearest(
      name,
      // Of equally near ones that with the same first letter: `kps` lacks a letter of `kpps`.
      units
        .map((unit) => unit.name)
        .filter((unit) => unit.length > 1)
        .sort((a, b) => Number(b[0] === name[0]) - Number(a[0] === name[0])),
    );
  const hints = spelling === null ? [`the units are ${units.map((unit) => `\`${unit.name}\``).join(' ')}`] : [];
  const texts = spelling === null ? [] : [`${digits}${spelling}`];
  hints.push(...texts.map((text) => `\`${text}\``));
  return wrong((span) => report('PG2003', { image, unit: name }, span, { hints, fixes: fixesOf(span, texts) }));
}

/** Sizes that no frame has and no unit is for, by the largest units that there are. */
const largerSizes: Readonly<Record<string, { readonly unit: string; readonly factor: number }>> = {
  GB: { unit: 'MB', factor: 1000 },
  GiB: { unit: 'MiB', factor: 1024 },
  TB: { unit: 'MB', factor: 1e6 },
  TiB: { unit: 'MiB', factor: 1024 * 1024 },
};
const fixesOf = (span: Span, texts: readonly string[]): readonly Fix[] => texts.map((text) => ({ span, text }));

/** A whole number with `_` between its thousands. */
const grouped = (value: number) => String(value).replace(/\B(?=(\d{3})+$)/g, '_');

// --- addresses --------------------------------------------------------------------------------------------------------

const familyName: Readonly<Record<AddressFamily, string>> = {
  mac: 'a MAC address',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
};

/** Reads an address, or with a `prefix` length the block around it; the host bits stay as written. */
export function addressValue(family: AddressFamily, image: string, prefix: number | null): Literal {
  const read = readAddress(family, image);
  if (!read.ok) {
    return wrong((span) => report('PG2011', { image, family: familyName[family], reason: read.reason }, span));
  }
  if (prefix === null) return good({ type: family, value: read.value } as Value);
  if (family === 'mac') {
    const reason = 'a MAC address takes no prefix length';
    return wrong((span) => report('PG2011', { image: `${image}/${prefix}`, family: 'a prefix', reason }, span));
  }
  const limit = addressBits[family];
  if (prefix > limit) return wrong((span) => report('PG2012', { image: `${image}/${prefix}`, limit }, span));
  return good({ type: 'prefix', family, address: read.value, length: prefix });
}

// --- values from the command line -------------------------------------------------------------------------------------

/** Reads the text of a `--set name=value` as a value of the parameter's type; text stands without quotes. */
export function parseValue(type: ScalarType, text: string): Literal {
  const mismatch = (hint: string | null) =>
    wrong((span) => report('PG2013', { text, type: articled(type) }, span, { hints: hint === null ? [] : [hint] }));
  switch (type) {
    case 'string':
      return good({ type, value: text });
    case 'bool':
      return text === 'true' || text === 'false'
        ? good({ type, value: text === 'true' })
        : mismatch('`true` or `false`');
    case 'device':
    case 'receiver':
    case 'interface':
      return text === '' ? mismatch(null) : good({ type, name: text });
    case 'number':
    case 'duration':
    case 'size':
    case 'pps':
    case 'bps':
    case 'percent':
      return measured(type, text, mismatch);
    case 'mac':
    case 'ipv4':
    case 'ipv6':
    case 'prefix':
      return located(type, text, mismatch);
    case 'frame':
    case 'job':
    case 'grace':
      return mismatch(`a ${type} cannot be given as text`);
    default:
      return assertNever(type);
  }
}

function measured(type: UnitType | 'number', text: string, mismatch: (hint: string | null) => Literal): Literal {
  const example = type === 'number' ? 'a plain number, such as `1000`' : `such as \`${exampleOf(type)}\``;
  if (!/^-?[0-9]/.test(text)) return mismatch(example);
  const literal = /^-?(?:[0-9_.]+|0[xX]\w*)$/.test(text) ? numberValue(text) : quantityValue(text);
  return !literal.ok || literal.value.type === type ? literal : mismatch(example);
}

function located(type: AddressFamily | 'prefix', text: string, mismatch: (hint: string | null) => Literal): Literal {
  const split = /^([^/]*)(?:\/([0-9]{1,9}))?$/.exec(text);
  const image = split?.[1] ?? '';
  const length = split?.[2];
  if (split === null || (type === 'prefix') !== (length !== undefined)) {
    return mismatch(type === 'prefix' ? 'such as `10.0.0.0/8`' : null);
  }
  const family = type === 'prefix' ? addressFamily(image) : type;
  return addressValue(family, image, length === undefined ? null : Number(length));
}

/** A value of a type as one writes it. */
export function exampleOf(type: UnitType): string {
  const examples = { duration: '2s', size: '60B', pps: '100kpps', bps: '100Mbps', percent: '1%' } as const;
  return examples[type];
}

// --- values as text ---------------------------------------------------------------------------------------------------

/** Digits that a measured figure shows; whole values show all of theirs. */
const measuredDigits = 6;

/** Characters (UTF-16 code units) of a string that a program makes: `s = "${s}${s}"` in a loop would take all memory. */
export const maxTextLength = 16_384;

/**
 * The text that `print` and tables show, the shortest exact one: `100kpps`, `60B`, `1.5ms`, `10.0.0.1`. Measured
 * figures, which are not whole, are rounded to six digits.
 */
export function formatValue(value: Value): string {
  switch (value.type) {
    case 'number':
      return plain(value.value);
    case 'duration':
    case 'size':
    case 'pps':
    case 'bps':
    case 'percent':
      return formatQuantity(value.type, value.value);
    case 'mac':
    case 'ipv4':
    case 'ipv6':
      return formatAddress(value.type, value.value);
    case 'prefix':
      return `${formatAddress(value.family, value.address)}/${value.length}`;
    case 'bool':
      return String(value.value);
    case 'string':
      return value.value;
    case 'device':
    case 'receiver':
    case 'interface':
      return value.name;
    case 'job':
    case 'grace':
      return `${value.type} ${value.id}`;
    case 'list':
      return listText(value.items);
    case 'range': {
      const step = value.step === null ? '' : ` step ${plain(value.step)}`;
      return `${formatValue(value.first)}..${formatValue(value.last)}${step}`;
    }
    case 'frame':
      return value.layers.map((layer) => layer.protocol).join(' / ');
    default:
      return assertNever(value);
  }
}

/** A time in nanoseconds as text, as `formatValue` gives it. */
export function formatDuration(ns: bigint): string {
  return formatValue({ type: 'duration', value: Number(ns) });
}

/** A list of lists may stand for more elements than memory holds: behind the longest string `…` stands for the others. */
function listText(items: readonly Value[]): string {
  let text = '';
  for (const [at, item] of items.entries()) {
    if (text.length > maxTextLength) return `[${text}, …]`;
    text += `${at === 0 ? '' : ', '}${formatElement(item)}`;
  }
  return `[${text}]`;
}

/** Inside a list the ends of a text must show. */
const formatElement = (value: Value) => (value.type === 'string' ? `"${value.value}"` : formatValue(value));

function plain(value: number): string {
  // 12 digits hide the last bits of a double: 0.1 + 0.2 shows as 0.3.
  return Number.isInteger(value) ? String(value) : decimalText(value, 12);
}

/** A number without exponent, rounded to so many digits, and to 20 places: what is smaller shows as 0. */
function decimalText(value: number, digits: number): string {
  const rounded = Number(value.toPrecision(digits));
  if (Math.abs(rounded) >= 1e-6 || rounded === 0) return String(rounded);
  const text = rounded.toFixed(20).replace(/\.?0+$/, '');
  return text === '-0' ? '0' : text;
}

/** Frame sizes up to the largest frame show in bytes, as everyone writes them: 1024B, not 1KiB. */
const largestFrame = 65_535;

function formatQuantity(type: UnitType, value: number): string {
  const exact = Number.isInteger(value) ? value : Number(value.toPrecision(measuredDigits));
  let best = { digits: plain(exact), unit: '' };
  for (const unit of unitsOf(type)) {
    if (unit.factor === 1) best = { ...best, unit: unit.name };
    if (unit.shown === 'none' || Math.abs(exact) < unit.factor) continue;
    if (type === 'size' && Math.abs(exact) <= largestFrame) continue;
    const digits = quotient(exact, unit.factor);
    if (digits === null || (unit.shown === 'whole' && digits.includes('.'))) continue;
    // On equal terms the larger unit wins: 1.234567ms, not 1234567ns.
    if (digitCount(digits) <= digitCount(best.digits)) best = { digits, unit: unit.name };
  }
  return best.digits + best.unit;
}

const digitCount = (text: string) => text.replace(/[-.]/g, '').length;

/** `value / factor` as a decimal if that is exact, otherwise null. */
function quotient(value: number, factor: number): string | null {
  if (!Number.isInteger(value)) {
    return decimalText(value / factor, measuredDigits);
  }
  const divisor = BigInt(factor);
  const whole = BigInt(value);
  // 15 decimals reach below every factor of the table.
  const scaledUp = whole * 10n ** 15n;
  if (scaledUp % divisor !== 0n) return null;
  const digits = String(scaledUp / divisor)
    .replace(/^-/, '')
    .padStart(16, '0');
  const fraction = digits.slice(-15).replace(/0+$/, '');
  return `${value < 0 ? '-' : ''}${digits.slice(0, -15)}${fraction === '' ? '' : '.'}${fraction}`;
}
