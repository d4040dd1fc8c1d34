// SPDX-License-Identifier: Apache-2.0

import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8's space for young objects at the megabyte that it begins with. V8 grows it to 16, twice, for throughput: what a
 * control process makes is dead within milliseconds, so a larger space is emptied less often and no better, grows for
 * half a minute, and stops the event loop for longer at a time. Before much was allocated: what has grown stays.
 */
export function keepYoungGenerationSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
