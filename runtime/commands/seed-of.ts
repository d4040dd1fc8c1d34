// SPDX-License-Identifier: Apache-2.0

import { randomBytes } from 'node:crypto';
import { type Refusal, refusal } from '../refusal.ts';

/** The seed of `--seed`: 64 bits, decimal or hexadecimal, `_` between digits as in the language; a new one where none is given. */
export function seedOf(given: string | undefined): bigint | Refusal {
  if (given === undefined) return randomBytes(8).readBigUInt64BE();
  if (/^(\d[\d_]*|0x[\da-f][\da-f_]*)$/i.test(given)) {
    const seed = BigInt(given.replaceAll('_', ''));
    if (seed < 1n << 64n) return seed;
  }
  return refusal(2, `\`--seed ${given}\` is no whole number below 2^64`, '`--seed 7`, or hexadecimal `--seed 0x2a`');
}
