// SPDX-License-Identifier: Apache-2.0

import { assertNever } from '../../lang/types.ts';
import type { EventResults } from '../results.ts';

/** What happened by itself, in a line; null for what a warning tells already. */
export function eventText(event: EventResults): string | null {
  switch (event.kind) {
    case 'device_failed':
      return `${event.device} has failed: ${event.reason}`;
    case 'link':
      return event.to === null
        ? `${event.interface} ${event.change === 'removed' ? 'is gone' : `is ${event.change}`}`
        : `${event.interface} is called ${event.to} now`;
    case 'stall':
      return `the sender on CPU ${event.cpu} stands still for ${event.ageMs} ms in ${event.phase}`;
    case 'late_at':
    case 'missed_ticks':
      return null;
    default:
      return assertNever(event);
  }
}
