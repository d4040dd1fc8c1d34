// SPDX-License-Identifier: Apache-2.0

const mask64 = 0xffff_ffff_ffff_ffffn;

/** FNV-1a, 64 bits, over the UTF-8 bytes of a text (Fowler, Noll, Vo; the parameters are theirs). */
export function fnv1a64(text: string): bigint {
  let hash = 0xcbf2_9ce4_8422_2325n;
  for (const byte of Buffer.from(text, 'utf8')) hash = ((hash ^ BigInt(byte)) * 0x100_0000_01b3n) & mask64;
  return hash;
}

/** The step of splitmix64's counter: 2^64 divided by the golden ratio, made odd. */
const golden = 0x9e37_79b9_7f4a_7c15n;

/** The output function of splitmix64 (Steele, Lea, Flood 2014): every bit of the result depends on every bit of the input. */
export function mix64(value: bigint): bigint {
  let z = (value + golden) & mask64;
  z = ((z ^ (z >> 30n)) * 0xbf58_476d_1ce4_e5b9n) & mask64;
  z = ((z ^ (z >> 27n)) * 0x94d0_49bb_1331_11ebn) & mask64;
  return z ^ (z >> 31n);
}

/** The seed of a thing by its name: it depends on nothing but the run's seed and that name. */
export function derivedSeed(seed: bigint, name: string): bigint {
  return mix64((seed & mask64) ^ mix64(fnv1a64(name)));
}

/** A stream of uniform numbers in [0, 1), 53 bits each, by splitmix64. */
export class RandomStream {
  #state: bigint;

  constructor(seed: bigint) {
    this.#state = seed & mask64;
  }

  next(): number {
    const bits = mix64(this.#state);
    this.#state = (this.#state + golden) & mask64;
    return Number(bits >> 11n) / 2 ** 53;
  }
}
