// SPDX-License-Identifier: Apache-2.0
//
// What people use the tool for, written out in test/scenarios: each file checks, its canonical form means the same, it runs
// dry with every expectation held, and natively where it brings its own lab.

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compile, format } from '../lang/index.ts';
import { SourceFile } from '../lang/source.ts';
import type { Results } from '../runtime/results.ts';
import { addon, cpus, namespaces, root, testWith } from './requirements.ts';

const test = suite('scenarios');
const folder = join(root, 'test/scenarios');

interface Case {
  readonly file: string;
  /** Parameters: those without a default, and times that a test need not wait for. */
  readonly set: readonly string[];
  /** Natively: in its own lab, or not at all. */
  readonly lab: boolean;
}
const someone = ['dev=eth1', 'mac=02:00:00:00:00:01'];
const cases: readonly Case[] = [
  { file: 'simple.pg', set: someone, lab: false },
  { file: 'multiqueue.pg', set: someone, lab: false },
  { file: 'burst-single-flow.pg', set: someone, lab: false },
  { file: 'many-flows.pg', set: someone, lab: false },
  { file: 'flow-per-thread.pg', set: someone, lab: false },
  { file: 'numa.pg', set: [...someone, 'n=1_000_000'], lab: false },
  { file: 'rss.pg', set: [], lab: false },
  { file: 'ramp.pg', set: ['top=100kpps', 'steps=3'], lab: true },
  { file: 'microburst.pg', set: [], lab: true },
  { file: 'race.pg', set: [], lab: true },
  { file: 'chaos.pg', set: ['time=5s'], lab: true },
  { file: 'live-changes.pg', set: ['load=20kpps'], lab: true },
  { file: 'rfc2544.pg', set: ['time=1s'], lab: false },
  { file: 'ipv6-flows.pg', set: [], lab: true },
  { file: 'tags.pg', set: [], lab: true },
  { file: 'imix.pg', set: [], lab: true },
  { file: 'bidirectional.pg', set: [], lab: true },
  { file: 'smoke.pg', set: [], lab: true },
  { file: 'pktgen-words.pg', set: [], lab: true },
  { file: 'one-line.pg', set: [], lab: true },
];

/** Expectations that a busy machine may miss: rates and latencies are the benchmark's business. */
const ofTime = /\b(latency|achieved|pps|sent within|received within)\b/;

function ran(file: string, options: readonly string[]): { readonly status: number | null; readonly results: Results } {
  const args = ['dist/pktsh.js', 'run', join('test/scenarios', file), '--json', '--seed', '1', ...options];
  const done = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', timeout: 120_000 });
  assert.ok(done.stdout.startsWith('{'), `${file}: exit ${done.status}\n${done.stderr}`);
  return { status: done.status, results: JSON.parse(done.stdout) as Results };
}

const told = (text: string): readonly string[] =>
  compile(new SourceFile('scenario.pg', text)).diagnostics.map(({ code, message }) => `${code} ${message}`);

test('every file here is a case', () => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.pg'));
  assert.equal(files, cases.map(({ file }) => file).sort());
});

for (const { file, set, lab } of cases) {
  const settings = set.flatMap((setting) => ['--set', setting]);

  test(`${file} checks without a word, its canonical form too`, () => {
    const text = readFileSync(join(folder, file), 'utf8');
    assert.equal(told(text), []);
    const formatted = format(new SourceFile(file, text));
    assert.equal(told(formatted.text ?? ''), []);
    assert.ok(formatted.text !== null);
  });

  test(`${file}, dry`, () => {
    const { status, results } = ran(file, ['--engine', 'dry-run', ...settings]);
    assert.is(
      status,
      0,
      JSON.stringify(results.scenarios.map(({ failure, expectations }) => ({ failure, expectations }))),
    );
    assert.is(results.verdict, 'passed');
  });

  if (!lab) continue;
  testWith(test, [addon, namespaces, cpus(2)], `${file}, in its lab`, () => {
    const { status, results } = ran(file, settings);
    assert.ok([0, 1, 3].includes(status ?? -1), `exit ${status}`);
    assert.is(results.failure, null);
    for (const scenario of results.scenarios) {
      assert.is(scenario.failure, null, JSON.stringify(scenario.failure));
      assert.is(scenario.grace.pending, 0);
      assert.equal(
        scenario.expectations.filter((found) => !found.passed && !ofTime.test(found.text)),
        [],
      );
    }
  });
}

test.run();
