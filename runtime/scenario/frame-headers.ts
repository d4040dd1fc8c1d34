// SPDX-License-Identifier: Apache-2.0

/** What a frame's outermost headers say. Addresses are numbers. */
export interface FrameHeaders {
  readonly dstMac: bigint;
  readonly srcMac: bigint;
  readonly ip: { readonly version: 4 | 6; readonly src: bigint; readonly dst: bigint } | null;
  /** Ports of UDP or TCP right behind the IP header. */
  readonly udp: { readonly src: number; readonly dst: number } | null;
}

/** EtherTypes (IEEE 802 numbers), the bit that ends a label stack (RFC 3032), and protocol numbers (IANA). */
const tags = [0x8100, 0x88a8];
const labels = 0x8847;
const bottomOfStack = 0x100;
const withPorts = [6, 17];

/** Reads a frame as far as its stack is known: Ethernet, tags, labels, IP. */
export function frameHeaders(bytes: Uint8Array): FrameHeaders {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const number = (at: number, length: number): bigint => {
    const part = view.subarray(at, at + length);
    return part.length < length ? 0n : BigInt(`0x${part.toString('hex')}`);
  };
  const half = (at: number): number => Number(number(at, 2));
  let at = 12;
  while (tags.includes(half(at))) at += 4;
  const type = half(at);
  at += 2;
  if (type === labels) {
    for (let entry = 0; (entry & bottomOfStack) === 0 && at < view.length; at += 4) entry = Number(number(at, 4));
  }
  const ends = { dstMac: number(0, 6), srcMac: number(6, 6) };
  const version = (view[at] ?? 0) >> 4;
  const isIp = type === labels || type === 0x0800 || type === 0x86dd;
  if (!isIp || (version !== 4 && version !== 6)) return { ...ends, ip: null, udp: null };
  const [source, width] = version === 4 ? [at + 12, 4] : [at + 8, 16];
  const ip = { version, src: number(source, width), dst: number(source + width, width) } as const;
  const protocol = view[at + (version === 4 ? 9 : 6)] ?? 0;
  const next = at + (version === 4 ? ((view[at] ?? 0) & 15) * 4 : 40);
  if (!withPorts.includes(protocol)) return { ...ends, ip, udp: null };
  return { ...ends, ip, udp: { src: half(next), dst: half(next + 2) } };
}
