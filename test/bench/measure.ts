// SPDX-License-Identifier: Apache-2.0

/** Figures of one quantity over the rounds of a benchmark. */
export interface Figures {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Sums up the rounds; the list must not be empty. */
export function figures(values: readonly number[]): Figures {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
  return { median, min: sorted[0] as number, max: sorted.at(-1) as number };
}

/**
 * Runs the variants in turn, A B A B …, so that a drift of the machine touches all alike, and gives each one's value of
 * every round.
 */
export async function interleave<K extends string>(
  rounds: number,
  variants: Readonly<Record<K, () => number | Promise<number>>>,
): Promise<Record<K, number[]>> {
  const names = Object.keys(variants) as K[];
  const values = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<K, number[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of names) values[name].push(await variants[name]());
  }
  return values;
}

/** The ratios a/b, round by round. */
export function ratios(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, i) => value / (b[i] as number));
}

/** One line of a report: name, median and spread, and whether the bound holds. */
export function reportLine(
  name: string,
  found: Figures,
  unit: string,
  bound: { atMost?: number; atLeast?: number },
): string {
  const show = (value: number) => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
  const holds =
    (bound.atMost === undefined || found.median <= bound.atMost) &&
    (bound.atLeast === undefined || found.median >= bound.atLeast);
  const wanted =
    bound.atMost !== undefined ? `<= ${bound.atMost}` : bound.atLeast !== undefined ? `>= ${bound.atLeast}` : '';
  const spread = `${show(found.min)} .. ${show(found.max)}`;
  return `${name.padEnd(52)} ${show(found.median).padStart(8)} ${unit.padEnd(8)} ${spread.padEnd(18)} ${wanted.padEnd(8)} ${wanted === '' ? '' : holds ? 'holds' : 'MISSED'}`.trimEnd();
}
