// SPDX-License-Identifier: Apache-2.0
//
// dist/precompile.js: keeps what V8 compiles for some commands beside the bundle, so that commands start sooner. Part of the
// set-up of a checkout and of the package's install script. It prints what the commands print.

import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import v8 from 'node:v8';
import { CompiledCode, cacheOf } from './compiled-code.ts';

const example = join(__dirname, '../examples/quickstart.pg');
/** V8 compiles a function when it is first called: these are the commands that are used the most. */
const commands: (readonly string[])[] = [
  ['check', example],
  ['run', example, '--engine', 'dry-run'],
  // The shell, which nothing is entered into.
  [],
];

// Nothing compiled earlier takes part, or what no command calls any more would stay for ever.
const cache = cacheOf(__dirname);
rmSync(cache, { force: true });
const code = new CompiledCode(__dirname);
// The code is for V8's own flags: what a command sets of them would have V8 refuse it.
v8.setFlagsFromString = () => {};
process.env.PKTSH_HISTORY = '';
for (const stream of [process.stdin, process.stdout]) Object.defineProperty(stream, 'isTTY', { value: true });

// Comes again each time that a command has nothing left to do.
process.on('beforeExit', () => {
  const command = commands.shift();
  if (command !== undefined) {
    process.argv = [process.execPath, __filename, ...command];
    code.run();
    return;
  }
  const unfinished = `${cache}.${process.pid}`;
  writeFileSync(unfinished, code.compiled());
  renameSync(unfinished, cache);
  process.exit(0);
});
