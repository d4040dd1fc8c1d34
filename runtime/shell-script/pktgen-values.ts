// SPDX-License-Identifier: Apache-2.0

import { deviceParameters } from '../../lang/parameters.ts';
import { parseValue } from '../../lang/syntax/literals.ts';
import type { ScalarType } from '../../lang/value.ts';
import { type Hole, known, type Text } from './expansion.ts';

/** What stands behind a parameter's name in the scenario; `note`: what the kernel makes of it that it does not seem to. */
export type Translated =
  | { readonly ok: true; readonly values: string; readonly note: string | null }
  | { readonly ok: false; readonly why: string };

/** Words of ours that pktgen does not have. */
const ours = ['frame', 'late', 'shortfall', 'driver', 'file', 'pktgen_compat'];
/** Units that pktgen's bare numbers have. */
const units: Readonly<Record<string, string>> = {
  pkt_size: 'B',
  min_pkt_size: 'B',
  max_pkt_size: 'B',
  rate: 'Mbps',
  ratep: 'pps',
  delay: 'ns',
};
const addressTitles = { mac: 'MAC', ipv4: 'IPv4', ipv6: 'IPv6' };
/** The kernel reads ten digits of a number at most. */
const mostDigits = 10;

const wrong = (why: string): Translated => ({ ok: false, why });
const right = (values: string, note: string | null = null): Translated => ({ ok: true, values, note });

/**
 * A device command's value in the language's terms (net/core/pktgen.c, pktgen_if_write).
 *
 * @param typed notes which type a parameter of the scenario has to have; false where it has another one
 */
export function translated(word: string, text: Text, typed: (hole: Hole, type: ScalarType) => boolean): Translated {
  const takes = ours.includes(word) ? undefined : deviceParameters.get(word)?.takes;
  if (takes === undefined) return wrong(`pktgen has no parameter \`${word}\``);
  const plain = known(text);
  if (plain !== null && !/^[\w.:,!\- ]*$/.test(plain)) return wrong(`\`${plain}\` is no value of \`${word}\``);
  switch (takes.kind) {
    case 'nothing':
      return right(plain ?? '0');
    case 'word':
    case 'flags':
      // The kernel takes the first word and looks at nothing behind it.
      return plain === null ? wrong('its word is not known here') : firstWord(plain, word);
    case 'imix':
      return plain === null ? wrong('its sizes are not known here') : mixture(plain);
    default: {
      const [type] = takes.types as readonly [ScalarType];
      if (takes.hexadecimal) return plain === null ? wrong('its digits are not known here') : digits(word, plain);
      if (type === 'mac' || type === 'ipv4' || type === 'ipv6') return address(word, type, text, typed);
      return number(word, type, text, typed);
    }
  }
}

function firstWord(text: string, word: string): Translated {
  const [first = '', ...rest] = text.trim().split(' ');
  if (first === '') return wrong(`\`${word}\` without a value`);
  return right(first, rest.length === 0 ? null : `the kernel reads \`${first}\` and nothing behind it`);
}

function mixture(text: string): Translated {
  const pairs = text.trim().split(' ');
  if (pairs.some((pair) => !/^\d+,\d+$/.test(pair))) return wrong('sizes and weights are `60,7 576,4`');
  return right(pairs.map((pair) => pair.replace(',', 'B:')).join(', '));
}

function digits(word: string, text: string): Translated {
  if (word === 'mpls') {
    const entries = text.trim().split(',');
    if (entries.some((entry) => !/^[\da-f]{1,8}$/i.test(entry)))
      return wrong('entries are up to eight hexadecimal digits');
    return right(entries.map((entry) => `0x${entry}`).join(', '));
  }
  const read = /^[\da-f]{2}/i.exec(text.trim())?.[0];
  if (read === undefined) return wrong('the kernel wants two hexadecimal digits');
  const rest = text.trim().slice(read.length);
  return right(`0x${read}`, rest === '' ? null : `the kernel reads the two digits \`${read}\``);
}

function number(
  word: string,
  type: ScalarType,
  text: Text,
  typed: (hole: Hole, type: ScalarType) => boolean,
): Translated {
  const plain = known(text)?.trim() ?? null;
  if (plain === null) {
    const [hole, ...more] = text;
    if (hole === undefined || typeof hole === 'string' || more.length > 0) return wrong('the number is not known here');
    if (hole.parameter !== null) {
      return typed(hole, word === 'rate' ? 'bps' : type)
        ? right(hole.source)
        : wrong('its variable is used for something else, too');
    }
    const unit = units[word];
    const factor = /\s/.test(hole.source) ? `(${hole.source})` : hole.source;
    return right(unit === undefined ? hole.source : `${factor} * 1${unit}`);
  }
  const read = /^\d+/.exec(plain)?.[0];
  if (plain === '') return wrong(`\`${word}\` without a value, which the kernel reads as 0`);
  if (read === undefined) return wrong(`the kernel reads \`${plain}\` as 0`);
  if (read.length > mostDigits) return wrong(`the kernel reads ${mostDigits} digits of it and no more`);
  const value = BigInt(read);
  const note = read === plain ? null : `the kernel reads \`${plain}\` as ${value}`;
  if ((word === 'rate' || word === 'ratep') && value === 0n) return wrong('the kernel refuses 0 (EINVAL)');
  // A pass has one packet at least.
  if (word === 'burst' && value === 0n) return right('1', note);
  return right(`${value}${units[word] ?? ''}`, note);
}

function address(
  word: string,
  type: 'mac' | 'ipv4' | 'ipv6',
  text: Text,
  typed: (hole: Hole, type: ScalarType) => boolean,
): Translated {
  const plain = known(text)?.trim() ?? null;
  if (plain === '') return wrong(`\`${word}\` without an address`);
  if (plain !== null) {
    return parseValue(type, plain).ok ? right(plain) : wrong(`\`${plain}\` is no ${addressTitles[type]} address`);
  }
  const [hole, ...more] = text;
  if (more.length === 0 && typeof hole === 'object' && hole.parameter !== null) {
    return typed(hole, type) ? right(hole.source) : wrong('its variable is used for something else, too');
  }
  return type === 'ipv4' ? countedAddress(text) : wrong('the address is not known here');
}

/** `198.18.$((n + 1)).1` is `198.18.0.1 + (n + 1) * 256`. */
function countedAddress(text: Text): Translated {
  const holes: Hole[] = [];
  const dotted = text
    .map((part) => {
      if (typeof part === 'string') return part;
      holes.push(part);
      return '?';
    })
    .join('');
  const octets = dotted.split('.');
  if (octets.length !== 4 || octets.some((octet) => !/^(\d+|\?)$/.test(octet)))
    return wrong('the address is not known here');
  let next = 0;
  const terms = octets.flatMap((octet, i) => {
    if (octet !== '?') return [];
    const { source } = holes[next++] as Hole;
    const factor = 256 ** (3 - i);
    if (factor === 1) return [source];
    return [`${/\s/.test(source) ? `(${source})` : source} * ${factor}`];
  });
  return right([octets.map((octet) => (octet === '?' ? '0' : octet)).join('.'), ...terms].join(' + '));
}
