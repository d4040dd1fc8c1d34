// SPDX-License-Identifier: Apache-2.0

import { fnv1a64 } from '../seed.ts';

/** The first octet of a lab's addresses: locally administered, unicast (IEEE 802, bits 1 and 0 of the first octet). */
const firstOctet = 0x02;

/** The MAC address of a lab interface, as a number: 02 and 40 bits of the name's hash, the same on every machine. */
export function macOf(name: string): number {
  return firstOctet * 2 ** 40 + Number(fnv1a64(name) & 0xff_ffff_ffffn);
}
