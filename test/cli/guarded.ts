// SPDX-License-Identifier: Apache-2.0

import { writeSync } from 'node:fs';
import { handleSignals } from '../../runtime/signals.ts';

/** A process with something to guard, whose clean stop never ends; signals.test.ts runs it. */
const signals = handleSignals();
signals.guard(() => writeSync(1, 'closed\n'));
signals.signal.addEventListener('abort', () => writeSync(1, 'aborted\n'));
// Ends by itself, should no signal ever come.
setTimeout(() => {}, 60_000);
writeSync(1, 'ready\n');
if (process.argv[2] === 'throw') throw new Error('on purpose');
