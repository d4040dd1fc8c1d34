// SPDX-License-Identifier: Apache-2.0

/**
 * A frame program: template bytes and what to change in them for each packet, as plain data that every engine lowers its
 * own way. Lengths and checksums of the template are right for the values that it holds.
 */
export interface FrameProgram {
  /** The first packet's bytes, hexadecimal, without FCS. Where `sizes` vary it is as long as the longest frame. */
  readonly template: string;
  /** Null: every frame has the template's length. Otherwise drawn before anything else, once per built packet. */
  readonly sizes: FrameSizes | null;
  readonly operations: readonly FieldOperation[];
}

/**
 * How long the next frame is, in bytes without FCS; shorter frames are cut from the template's end. `increment`: `start`,
 * `start` + 1, … and back to `first` once it would pass `last`. `random`: uniform in first..last, both included.
 * `weighted`: a size with the probability of its weight among all.
 */
export type FrameSizes =
  | { readonly kind: 'increment'; readonly first: number; readonly last: number; readonly start: number }
  | { readonly kind: 'random'; readonly first: number; readonly last: number }
  | { readonly kind: 'weighted'; readonly entries: readonly { readonly size: number; readonly weight: number }[] };

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

/** A generator of values, one for each built packet. Values are hexadecimal numbers (`0x…`): fields may pass 2^53. */
export type ValueOperation =
  /** `start` (null: `first`), then step on; back to `first` once it would pass `last`. */
  | {
      readonly kind: 'increment';
      readonly slot: FieldSlot;
      readonly first: string;
      readonly last: string;
      readonly step: string;
      readonly start: string | null;
    }
  /** Round and round. */
  | { readonly kind: 'list'; readonly slot: FieldSlot; readonly values: readonly string[] }
  /** Uniform in first..last, both included, without the values in `except`, which never hold the whole range. */
  | {
      readonly kind: 'random';
      readonly slot: FieldSlot;
      readonly first: string;
      readonly last: string;
      readonly except: readonly { readonly first: string; readonly last: string }[];
    }
  /** A uniform pick. */
  | { readonly kind: 'random_list'; readonly slot: FieldSlot; readonly values: readonly string[] }
  /** Uniform random bits, `(random | set) & keep`, in a slot of up to 128 bits: pktgen's IPv6 destinations and MPLS_RND. */
  | { readonly kind: 'random_bits'; readonly slot: FieldSlot; readonly set: string; readonly keep: string };

/**
 * What happens once per built packet, in order. `flows`: `count` flows (net/core/pktgen.c f_pick), each of which keeps the
 * value that `value` drew for its first packet; `sequential` sends `length` packets of a flow and goes to the next,
 * otherwise a flow is drawn for each packet and begins anew after more than `length` of its packets. `length`: the frame's
 * length minus `minus`, for frames whose sizes vary. `stamp`: the pktgen header (magic, sequence number, tv_sec, tv_usec
 * with the stream id in its upper 12 bits unless `stream` is false; 16 bytes, net/core/pktgen.c) at `offset`; both times are 0
 * where `time` is false. `checksum`: the Internet checksum (RFC 1071) over `length` bytes from `start`, null: to the end of the
 * frame, into the 16 bits at `offset`, with a pseudo header before it if there is one; it comes after every operation
 * that writes into its range.
 */
export type FieldOperation =
  | ValueOperation
  | {
      readonly kind: 'flows';
      readonly count: number;
      readonly length: number;
      readonly sequential: boolean;
      readonly value: ValueOperation;
    }
  | { readonly kind: 'length'; readonly slot: FieldSlot; readonly minus: number }
  | { readonly kind: 'stamp'; readonly offset: number; readonly time: boolean; readonly stream: boolean }
  | {
      readonly kind: 'checksum';
      readonly offset: number;
      readonly start: number;
      readonly length: number | null;
      readonly pseudo?: PseudoHeader;
    };

/**
 * What the checksums of TCP, UDP and ICMPv6 cover beyond their segment (RFC 9293, 768, 8200): the `length` bytes of the
 * addresses from `start`, and `sum`, the segment's length plus its protocol number, below 2^16; where the checksum's own
 * `length` is null `sum` is the protocol number alone and the length is added for each frame. `zero` is sent where the
 * checksum is 0.
 */
export interface PseudoHeader {
  readonly start: number;
  readonly length: number;
  readonly sum: number;
  readonly zero: 0 | 0xffff;
}

/**
 * Whose receivers can tell frames of this program to be: `numbered` ones have pktgen's header with their device's number,
 * `unnumbered` ones the header as the kernel writes it, others none.
 */
export function headerOf(program: FrameProgram): 'numbered' | 'unnumbered' | 'none' {
  const stamp = program.operations.find((operation) => operation.kind === 'stamp');
  if (stamp?.kind !== 'stamp') return 'none';
  return stamp.stream ? 'numbered' : 'unnumbered';
}
