// SPDX-License-Identifier: Apache-2.0
//
// dist/pktsh.js: starts the bundled cli.ts.

import { setFlagsFromString } from 'node:v8';
import { CompiledCode } from './compiled-code.ts';

const code = new CompiledCode(__dirname);
// For a command that is over in half a second; what stays for longer takes all of it back (v8-flags.ts). Only now: the kept
// code is for V8's own flags.
// - V8 compiles each function by itself: with others inlined it takes twice as long, most of such a command's time, while the
//   slow code goes on. The limit is that of functions that are shorter than their call.
// - Its space for young objects grows at once to what a large file needs, and no full collection begins on the way: for a large
//   file the two took a tenth of the time and freed little. A heap at its limit is collected all the same.
for (const flag of ['--max-inlined-bytecode-size=27', '--semi-space-growth-factor=16', '--no-incremental-marking']) {
  setFlagsFromString(flag);
}
code.run();
