// SPDX-License-Identifier: Apache-2.0

import type { AddressFamily } from './ast.ts';

/** An address read from text (`mac` and `ipv4` a number, `ipv6` 32 hexadecimal digits), or why it is none. */
export type ReadAddress =
  | { readonly ok: true; readonly value: number | string }
  | { readonly ok: false; readonly reason: string };

/** Bits of an address; the longest prefix of the family. MAC addresses have no prefixes. */
export const addressBits: Readonly<Record<AddressFamily, number>> = { mac: 48, ipv4: 32, ipv6: 128 };

/**
 * The family that a text with dots or colons has by its shape. Two dots and no colon make IPv4. `::`, a group of more
 * than two characters or eight groups make IPv6 (RFC 4291, 2.2); what else has colons is a MAC address.
 */
export function addressFamily(image: string): AddressFamily {
  if (!image.includes(':')) return 'ipv4';
  const groups = image.split(':');
  const long = groups.some((group) => group.length > 2);
  return long || image.includes('::') || groups.length >= 8 ? 'ipv6' : 'mac';
}

/** Reads an address of a family. */
export function readAddress(family: AddressFamily, image: string): ReadAddress {
  switch (family) {
    case 'mac':
      return readMac(image);
    case 'ipv4':
      return readIpv4(image);
    case 'ipv6':
      return readIpv6(image);
  }
}

const bad = (reason: string): ReadAddress => ({ ok: false, reason });

function readMac(image: string): ReadAddress {
  const groups = image.split(':');
  if (groups.length !== 6) return bad(`it has ${partsOf(groups)} instead of 6`);
  const wrong = groups.find((group) => !/^[0-9A-Fa-f]{2}$/.test(group));
  if (wrong !== undefined) return bad(`\`${wrong}\` is not two hexadecimal digits`);
  return { ok: true, value: Number.parseInt(groups.join(''), 16) };
}

function readIpv4(image: string): ReadAddress {
  const parts = image.split('.');
  let value = 0;
  for (const part of parts) {
    if (!/^\d+$/.test(part)) return bad(`\`${part}\` is not a number`);
    // Many tools read a leading zero as octal: two readings are one too many.
    if (/^0\d/.test(part)) return bad(`\`${part}\` has a leading zero`);
    if (part.length > 3 || Number(part) > 255) return bad(`\`${part}\` is above 255`);
    value = value * 256 + Number(part);
  }
  if (parts.length !== 4) return bad(`it has ${partsOf(parts)} instead of 4`);
  return { ok: true, value };
}

function readIpv6(image: string): ReadAddress {
  const halves = image.split('::');
  if (halves.length > 2) return bad('`::` may stand only once');
  const [head, tail] = halves.map((half) => (half === '' ? [] : half.split(':')));
  // The last 32 bits may be written as IPv4 (RFC 4291, 2.2): none stands before a `::`.
  const last = tail ?? (head as string[]);
  const dotted = last.at(-1);
  if (dotted?.includes('.')) {
    const embedded = readIpv4(dotted);
    if (!embedded.ok) return embedded;
    const digits = (embedded.value as number).toString(16).padStart(8, '0');
    last.splice(-1, 1, digits.slice(0, 4), digits.slice(4));
  }
  const written = [...(head as string[]), ...(tail ?? [])];
  const wrong = written.find((group) => !/^[0-9A-Fa-f]{1,4}$/.test(group));
  if (wrong === '') return bad('a single `:` at its end');
  if (wrong !== undefined) return bad(`\`${wrong}\` is not a group of one to four hexadecimal digits`);
  if (tail === undefined && written.length !== 8) return bad(`it has ${written.length} groups instead of 8`);
  if (tail !== undefined && written.length > 7) return bad('`::` stands for at least one group');
  const zeros = Array.from({ length: 8 - written.length }, () => '0');
  const groups = [...(head as string[]), ...zeros, ...(tail ?? [])];
  return { ok: true, value: groups.map((group) => group.padStart(4, '0').toLowerCase()).join('') };
}

/** The text of an address, MAC in lower case, IPv6 shortened as RFC 5952 asks. */
export function formatAddress(family: AddressFamily, value: number | string): string {
  switch (family) {
    case 'mac':
      return pairs(Number(value).toString(16).padStart(12, '0')).join(':');
    case 'ipv4': {
      const digits = Number(value).toString(16).padStart(8, '0');
      return pairs(digits)
        .map((pair) => Number.parseInt(pair, 16))
        .join('.');
    }
    case 'ipv6':
      return formatIpv6(String(value));
  }
}

const pairs = (digits: string) => digits.match(/../g) ?? [];

function formatIpv6(digits: string): string {
  const groups = (digits.match(/.{4}/g) ?? []).map((group) => Number.parseInt(group, 16).toString(16));
  // RFC 5952, 4.2: the longest run of zero groups becomes `::`, the first of equals, never a single group.
  let best = { start: 0, length: 1 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === '0') length++;
    if (length > best.length) best = { start, length };
  }
  if (best.length === 1) return groups.join(':');
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`;
}

const partsOf = (parts: readonly string[]) => `${parts.length} part${parts.length === 1 ? '' : 's'}`;
