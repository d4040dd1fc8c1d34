// SPDX-License-Identifier: Apache-2.0
//
// Compiles the addon and the lab's executable, in a checkout and where the package is installed (its install script). A
// machine without a compiler is told so in one line, and everything that needs no senders works without the addon.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));

/** Runs a program quietly; null when it succeeded, else what it printed. */
function run(program, args) {
  const done = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 64 << 20 });
  if (done.error) return `${program}: ${done.error.message}`;
  return done.status === 0 ? null : `${done.stdout}${done.stderr}`.trimEnd();
}

/** npm's own node-gyp where npm runs us, else the checkout's. */
function nodeGyp() {
  const given = process.env.npm_config_node_gyp;
  if (given !== undefined && existsSync(given)) return given;
  try {
    return createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
  } catch {
    return null;
  }
}

/** Builds; null when that succeeded, else why not and what to do, for a reader. `again` names the command to repeat. */
export function buildAddon(again) {
  if (process.platform !== 'linux') return 'pktsh: the senders need Linux; everything else works here.';
  const programs = [
    ['g++', 'g++'],
    ['make', 'make'],
    ['python3', 'python3'],
  ];
  for (const [program, debianPackage] of programs) {
    if (run(program, ['--version']) !== null) {
      return `pktsh: the senders are not built: ${program} is missing. Install it (apt-get install ${debianPackage}) and run \`${again}\`.`;
    }
  }
  const gyp = nodeGyp();
  if (gyp === null) return `pktsh: the senders are not built: node-gyp is missing. Run \`${again}\`, which brings it.`;
  // Node's own headers where its distribution has them, so that nothing is downloaded.
  const prefix = resolve(process.execPath, '../..');
  const nodedir = existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : [];
  return run(process.execPath, [gyp, 'rebuild', '-C', folder, '--jobs', 'max', ...nodedir]);
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const problem = buildAddon('npm rebuild pktsh');
  // Never a failure: whoever cannot compile can still check, plan, format and run dry.
  if (problem !== null) process.stderr.write(`${problem}\n`);
  // Commands start sooner then; a checkout's set-up does it itself, and where it fails they only take longer.
  run(process.execPath, [join(folder, '../dist/precompile.js')]);
}
