// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from '../requirements.ts';

const test = suite('compiled code');

/** In a process whose V8 has nobody's flags, as a user's. */
const look = `
const { readFileSync } = require('node:fs');
const { Script } = require('node:vm');
const text = require('node:module').wrap(readFileSync('cli.js', 'latin1'));
const script = new Script(text, { filename: require('node:path').resolve('cli.js'), cachedData: readFileSync('cli.cache') });
process.exitCode = script.cachedDataRejected ? 1 : 0;`;

test('V8 takes what was compiled at the set-up', () => {
  const options = { cwd: join(root, 'dist'), env: { PATH: process.env.PATH }, encoding: 'utf8' } as const;
  const looked = spawnSync(process.execPath, ['-e', look], options);
  assert.is(looked.status, 0, looked.stderr);
});

test.run();
