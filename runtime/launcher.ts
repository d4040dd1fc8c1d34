// SPDX-License-Identifier: Apache-2.0
//
// dist/pktsh.js: starts the bundled cli.ts.

import { setFlagsFromString } from 'node:v8';
import { CompiledCode } from './compiled-code.ts';

const code = new CompiledCode(__dirname);
// For a command that is over in half a second. What stays for longer takes the last two back (small-heap.ts). Only now: the kept
// code is for V8's own flags.
// - V8 begins to optimise a function four times as late, for which its threads else take a third of the CPU time. What goes on
//   for longer comes to the same code.
// - Its space for young objects grows at once to what a large file needs, and no full collection begins on the way: for a large
//   file the two took a tenth of the time and freed little. A heap at its limit is collected all the same.
for (const flag of ['--interrupt-budget=270000', '--semi-space-growth-factor=16', '--no-incremental-marking']) {
  setFlagsFromString(flag);
}
code.run();
