// SPDX-License-Identifier: Apache-2.0
//
// npm run mutants [-- --all] [--only N]: every fault of mutations.ts is made in a copy of the native core and must be found
// by a test, a torture or a model. The first layer that finds it is enough; with --all every layer is tried. Exit status 1
// where a mutant survives or a mutation does not fit the sources any more, 2 where something cannot be run at all.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root, tool } from '../requirements.ts';
import { type Layer, type Mutation, mutations } from './mutations.ts';
import { endWithUs, type Finished, run, sanitizers } from './processes.ts';

const { values } = parseArgs({ options: { all: { type: 'boolean' }, only: { type: 'string' } } });

/** Long enough for every mutant that was ever seen, by an order of magnitude. */
const tortureSeconds = 8;

/** How a layer is built, in native/test of the copy, and run; one that runs nothing but what it was given builds nothing. */
interface Check {
  readonly build?: readonly [string, ...string[]];
  readonly run: readonly [string, ...string[]];
}
const made = (target: string, ...args: string[]): Check => ({
  build: ['make', '-s', '-j2', target],
  run: [`./${target}`, ...args],
});
const torture = ['--seconds', String(tortureSeconds)];
const checks: Readonly<Record<Exclude<Layer, 'spin'>, Check>> = {
  explorer: made('build/model/explorer'),
  // Without the rest of the core, which every change of qsbr.h would compile anew.
  unit: {
    build: [
      'sh',
      '-c',
      'mkdir -p build && g++ -std=c++20 -O1 -fno-exceptions -fno-rtti -pthread qsbr_test.cc ../src/retire.cc -o build/unit',
    ],
    run: ['./build/unit'],
  },
  sender: made('build/plain/sender_test'),
  tsan: made('build/tsan/torture/main', ...torture),
  asan: made('build/asan/torture/main', ...torture),
};
const layers: readonly Layer[] = ['explorer', 'unit', 'sender', 'tsan', 'asan', 'spin'];

const copy = mkdtempSync(join(tmpdir(), 'pktsh-mutants-'));
const remove = () => rmSync(copy, { recursive: true, force: true });
endWithUs(remove);
const tests = join(copy, 'test');

/** What a layer has to say about what it found, in one line. */
function finding(result: Finished): string {
  const telling = [
    /VIOLATION: (.*)/,
    /(Assertion .* failed)/,
    /(ThreadSanitizer: [a-z -]+)/,
    /(AddressSanitizer: [a-z-]+)/,
    /^ {2}(\w+: not after .*), after$/m,
    /not ok (.*)/,
  ];
  for (const pattern of telling) {
    const found = pattern.exec(result.output)?.[1];
    if (found !== undefined) return found.trim();
  }
  return result.signal === null ? `exit status ${result.status}` : `ended by ${result.signal}`;
}

class CannotRun extends Error {}

/** Runs a layer on the copy as it is. */
async function tried(layer: Layer, mutation: Mutation | null): Promise<Finished> {
  const options = { cwd: tests, env: sanitizers, limit: 600 };
  if (layer === 'spin') {
    const define = mutation?.define === undefined ? [] : [mutation.define];
    // What the script is asked is whether the model holds, so it fails where the mutant is found.
    return run(['model/spin.sh', 'safety', 'holds', ...define], options);
  }
  const check = checks[layer];
  if (check.build !== undefined) {
    const built = await run(check.build, options);
    if (built.status !== 0) throw new CannotRun(`${layer} does not build\n${built.output}`);
  }
  return run(check.run, options);
}

function apply(mutation: Mutation): (() => void) | string {
  const before = new Map<string, string>();
  const restore = () => {
    for (const [file, text] of before) writeFileSync(file, text);
  };
  for (const { file, find, replace } of mutation.edits) {
    const path = join(copy, file);
    const text = readFileSync(path, 'utf8');
    if (text.split(find).length !== 2) {
      restore();
      return `does not fit ${file} any more: ${JSON.stringify(find)}`;
    }
    if (!before.has(path)) before.set(path, text);
    writeFileSync(path, text.split(find).join(replace));
  }
  return restore;
}

interface Row {
  readonly mutation: Mutation;
  readonly killed: boolean;
  readonly by: string;
  readonly how: string;
  readonly seconds: number;
}

function appliesTo(layer: Layer, mutation: Mutation): boolean {
  return layer === 'spin' ? mutation.define !== undefined && tool('spin')() === null : true;
}

async function rowsOf(mutation: Mutation): Promise<Row[]> {
  const restore = apply(mutation);
  if (typeof restore === 'string') return [{ mutation, killed: false, by: '-', how: restore, seconds: 0 }];
  const rows: Row[] = [];
  try {
    const order = [...mutation.layers, ...layers.filter((layer) => !mutation.layers.includes(layer))];
    for (const layer of order.filter((one) => appliesTo(one, mutation))) {
      const began = process.hrtime.bigint();
      const result = await tried(layer, mutation);
      const seconds = Number(process.hrtime.bigint() - began) / 1e9;
      const killed = result.status !== 0;
      rows.push({ mutation, killed, by: layer, how: killed ? finding(result) : 'survives', seconds });
      if (killed && values.all !== true) break;
    }
  } finally {
    restore();
  }
  return rows;
}

function print(row: Row): void {
  const cells = [
    String(row.mutation.number).padStart(2),
    row.mutation.name.padEnd(50),
    row.by.padEnd(8),
    row.seconds.toFixed(1).padStart(6),
    row.how,
  ];
  console.log(cells.join('  '));
}

async function main(): Promise<number> {
  const chosen = mutations.filter((one) => values.only === undefined || String(one.number) === values.only);
  if (chosen.length === 0) {
    console.error(`no mutation ${values.only}`);
    return 2;
  }
  for (const folder of ['src', 'test']) {
    // With what is built already, and its times, so that only what a mutation touches is compiled anew.
    const from = join(root, 'native', folder);
    cpSync(from, join(copy, folder), {
      recursive: true,
      preserveTimestamps: true,
      filter: (path) => !path.endsWith('/build/urcu') && !path.endsWith('/build/addon'),
    });
  }
  // What finds a mutant must find nothing without it.
  for (const layer of layers) {
    if (values.all !== true && !chosen.some((one) => one.layers[0] === layer)) continue;
    if (layer === 'spin' && tool('spin')() !== null) continue;
    const result = await tried(layer, null);
    if (result.status !== 0) throw new CannotRun(`${layer} fails without any mutation\n${result.output}`);
  }
  console.log(` #  ${'mutation'.padEnd(50)}  ${'layer'.padEnd(8)}  ${'s'.padStart(6)}  found`);
  let survived = 0;
  for (const mutation of chosen) {
    const rows = await rowsOf(mutation);
    for (const row of rows) print(row);
    if (!rows.some((row) => row.killed)) survived++;
  }
  console.log(`${chosen.length - survived} passed, ${survived} failed, 0 skipped`);
  return survived === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof CannotRun)) throw error;
  console.error(error.message);
  process.exitCode = 2;
} finally {
  remove();
}
