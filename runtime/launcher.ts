// SPDX-License-Identifier: Apache-2.0
//
// dist/pktsh.js: starts the bundled cli.ts.

import { setFlagsFromString } from 'node:v8';
import { CompiledCode } from './compiled-code.ts';

const code = new CompiledCode(__dirname);
// V8 begins to optimise a function four times as late, for which its threads else take a third of the CPU time of a command that
// is over in half a second. What goes on for longer comes to the same code. Only now: the kept code is for V8's own flags.
setFlagsFromString('--interrupt-budget=270000');
code.run();
