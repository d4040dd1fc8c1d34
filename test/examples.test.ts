// SPDX-License-Identifier: Apache-2.0
//
// Every example runs: dry, where all of it must hold, and natively, where everything must hold that does not depend on how
// busy this machine is (rates and latencies are the benchmark's business).

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Results } from '../runtime/results.ts';
import { addon, asRoot, cpus, namespaces, type Requirement, root, testWith, tool } from './requirements.ts';
import { staged } from './staged.ts';

const test = suite('examples');

const examples = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.pg'));

/** Expectations that a busy machine may miss. */
const ofTime = /\b(latency|achieved|pps)\b/;

interface Ended {
  readonly status: number | null;
  readonly stderr: string;
  readonly results: Results;
}

function run(before: readonly string[], folder: string, example: string, options: readonly string[]): Ended {
  const pktsh = join(folder, 'dist/pktsh.js');
  const [program, ...args] = [
    ...before,
    process.execPath,
    pktsh,
    'run',
    join('examples', example),
    '--json',
    ...options,
  ];
  const done = spawnSync(program as string, args, { cwd: folder, encoding: 'utf8', timeout: 120_000 });
  assert.ok(done.stdout.startsWith('{'), `${example}: exit ${done.status}\n${done.stderr}`);
  return { status: done.status, stderr: done.stderr, results: JSON.parse(done.stdout) as Results };
}

function assertHeld({ status, stderr, results }: Ended): void {
  assert.ok([0, 1, 3].includes(status ?? -1), `exit ${status}\n${stderr}`);
  assert.is(results.exit, status);
  assert.is(results.failure, null);
  for (const scenario of results.scenarios) {
    assert.is(scenario.failure, null, JSON.stringify(scenario.failure));
    assert.is(scenario.grace.pending, 0);
    assert.ok(scenario.devices.some((device) => device.sent > 0));
    const missed = scenario.expectations.filter(
      (found) => !found.passed && !ofTime.test(`${found.text} ${found.label}`),
    );
    assert.equal(missed, []);
  }
}

test('there are examples', () => assert.ok(examples.length >= 3));

for (const example of examples) {
  test(`${example}, dry`, () => {
    const { status, stderr, results } = run([], root, example, ['--engine', 'dry-run', '--seed', '1']);
    assert.is(status, 0, stderr);
    assert.is(results.verdict, 'passed');
  });

  const native: readonly Requirement[] = [addon, namespaces, cpus(2)];
  testWith(test, native, `${example}, natively`, () => assertHeld(run([], root, example, [])));

  testWith(test, [...native, asRoot, tool('runuser')], `${example}, natively as an ordinary user`, () => {
    staged((folder) => assertHeld(run(['runuser', '-u', 'nobody', '--'], folder, example, [])));
  });
}

test('a plan is the same every time', () => {
  const plan = () =>
    spawnSync(process.execPath, ['dist/pktsh.js', 'plan', 'examples/quickstart.pg', '--json'], {
      cwd: root,
      encoding: 'utf8',
    });
  const [first, second] = [plan(), plan()];
  assert.is(first.status, 0, first.stderr);
  assert.is(first.stdout, second.stdout);
  assert.is(JSON.parse(first.stdout).schema, 'pktsh.program/1');
});

test.run();
