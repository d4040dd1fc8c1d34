// SPDX-License-Identifier: Apache-2.0
//
// npm run fuzz -- --inputs N [--seed S] [--path P]: tries the laws of laws.ts on N inputs. The same seed draws the same ones.

import { parseArgs } from 'node:util';
import { emptyTally, fuzz } from './fuzzing.ts';
import { kinds } from './inputs.ts';

const usage = `usage: npm run fuzz -- [--inputs N] [--seed S] [--path P]
  --inputs N   so many inputs, from 1 on (100000)
  --seed S     draws the same inputs again: whole and below 2^31
  --path P     of a broken input, as its report gives it, with --inputs 1`;

function refuse(reason: string): never {
  console.error(`${reason}\n${usage}`);
  process.exit(2);
}

function options() {
  try {
    return parseArgs({
      options: {
        inputs: { type: 'string', default: '100000' },
        seed: { type: 'string' },
        path: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    return refuse((error as Error).message);
  }
}

const { values } = options();
if (values.help) {
  console.log(usage);
  process.exit(0);
}
const wanted = Number(values.inputs);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
if (!Number.isSafeInteger(wanted) || wanted < 1 || !Number.isInteger(seed) || seed < 0 || seed >= 2 ** 31) {
  refuse('--inputs takes a whole number from 1 on, --seed one below 2^31');
}

/** fast-check keeps what it drew of one call; each of these has a seed of its own, so that a failure is repeated alone. */
const portion = 5000;
const tally = emptyTally();
const began = performance.now();
const seconds = () => Math.round((performance.now() - began) / 1000);

console.log(`seed ${seed}, ${wanted} inputs`);
for (let done = 0, at = 0; done < wanted; done += portion, at++) {
  const own = (seed + at) % 2 ** 31;
  const broken = fuzz(Math.min(portion, wanted - done), own, values.path ?? null, tally);
  if (broken !== null) {
    console.log(`broken by an input of kind ${broken.input.kind}: ${broken.reason}`);
    console.log(`as short as it goes: ${JSON.stringify(broken.minimal)}`);
    console.log(`the whole: ${JSON.stringify(broken.input.text)}`);
    console.log(`again: npm run fuzz -- --inputs 1 --seed ${own} --path ${broken.path}`);
    process.exit(1);
  }
  if (at % 10 === 9) console.log(`${done + portion} inputs, ${seconds()} s`);
}
const total = kinds.reduce((sum, kind) => sum + tally.counts[kind], 0);
console.log(`${total} inputs in ${seconds()} s: ${kinds.map((kind) => `${tally.counts[kind]} ${kind}`).join(', ')}`);
const { slowest } = tally;
if (slowest !== null) {
  console.log(`slowest: ${slowest.ms.toFixed(1)} ms, ${slowest.input.kind}, ${JSON.stringify(slowest.input.text)}`);
}
