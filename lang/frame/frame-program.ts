// SPDX-License-Identifier: Apache-2.0

/**
 * A frame program: template bytes and what to change in them for each packet, as plain data that every engine lowers its
 * own way. Lengths and checksums of the template are right for the values that it holds.
 */
export interface FrameProgram {
  /** The first packet's bytes, hexadecimal, without FCS; its length is the frame's size. */
  readonly template: string;
  readonly operations: readonly FieldOperation[];
}

/**
 * A field inside the template: `bits` wide (1 to 64), big-endian, inside the window of `bytes` bytes (1 to 8) at
 * `offset`, shifted left by `shift` bits from the window's end; the window's other bits stay as they are. Lists may fill
 * 128 bits in 16 bytes, too.
 */
export interface FieldSlot {
  readonly offset: number;
  readonly bytes: number;
  readonly shift: number;
  readonly bits: number;
}

/**
 * What happens once per built packet, in order. Values are hexadecimal numbers (`0x…`), since a field may be wider than a
 * double is exact. `increment`: first, first + step, … and back to first once it would pass last. `list`: round and
 * round. `random`: uniform in first..last, both included. `random_list`: a uniform pick. `stamp`: the pktgen header
 * (magic, sequence number, tv_sec, tv_usec with the stream id in its upper 12 bits; 16 bytes, RFC-less, net/core/pktgen.c)
 * at `offset`. `checksum`: the Internet checksum (RFC 1071) over `length` bytes from `start` into the 16 bits at
 * `offset`, with a pseudo header before it if there is one; it comes after every operation that writes into its range.
 */
export type FieldOperation =
  | {
      readonly kind: 'increment';
      readonly slot: FieldSlot;
      readonly first: string;
      readonly last: string;
      readonly step: string;
    }
  | { readonly kind: 'list'; readonly slot: FieldSlot; readonly values: readonly string[] }
  | { readonly kind: 'random'; readonly slot: FieldSlot; readonly first: string; readonly last: string }
  | { readonly kind: 'random_list'; readonly slot: FieldSlot; readonly values: readonly string[] }
  | { readonly kind: 'stamp'; readonly offset: number }
  | {
      readonly kind: 'checksum';
      readonly offset: number;
      readonly start: number;
      readonly length: number;
      readonly pseudo?: PseudoHeader;
    };

/**
 * What the checksums of TCP, UDP and ICMPv6 cover beyond their segment (RFC 9293, 768, 8200): the `length` bytes of the
 * addresses from `start`, and `sum`, the segment's length plus its protocol number, below 2^16. `zero` is sent where the
 * checksum is 0.
 */
export interface PseudoHeader {
  readonly start: number;
  readonly length: number;
  readonly sum: number;
  readonly zero: 0 | 0xffff;
}
