// SPDX-License-Identifier: Apache-2.0
//
// npm run torture -- [--seconds N] [--build plain|tsan|asan|urcu|all] [--seed S]: grace periods under every disturbance, as
// a plain executable, under the sanitizers, and with liburcu-qsbr in their place. The builds run side by side. Exit status 0
// where nothing was found.

import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../requirements.ts';
import { endWithUs, run, sanitizers } from './processes.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    build: { type: 'string', default: 'plain' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const builds = ['plain', 'tsan', 'asan', 'urcu'];
const seconds = Number(values.seconds);
const chosen = values.build === 'all' ? ['plain', 'tsan', 'asan'] : [values.build];
if (!(seconds > 0) || !/^\d+$/.test(values.seed) || !chosen.every((build) => builds.includes(build))) {
  console.error(`usage: npm run torture -- [--seconds N] [--build ${builds.join('|')}|all] [--seed S]`);
  process.exit(2);
}
endWithUs(() => {});

const folder = join(root, 'native/test');
const executable = (build: string) => `build/${build}/torture/main`;
const built = await run(['make', '-s', '-j2', ...chosen.map(executable)], {
  cwd: folder,
  limit: 1200,
  line: (text) => console.error(text),
});
if (built.status !== 0) process.exit(2);

const results = await Promise.all(
  chosen.map((build) =>
    run([`./${executable(build)}`, '--seconds', String(seconds), '--seed', values.seed], {
      cwd: folder,
      env: sanitizers,
      limit: 10 * seconds + 120,
      ours: true,
      line: (text) => console.log(`${build}: ${text}`),
    }),
  ),
);
for (const [index, result] of results.entries()) {
  if (result.signal !== null) console.log(`${chosen[index]}: ended by ${result.signal} after ${result.seconds} s`);
}
const passed = results.filter((result) => result.status === 0).length;
console.log(`${passed} passed, ${results.length - passed} failed, 0 skipped`);
process.exitCode = passed === results.length ? 0 : 1;
