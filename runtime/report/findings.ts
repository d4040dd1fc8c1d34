// SPDX-License-Identifier: Apache-2.0

import { render } from '../../lang/render.ts';
import type { Finding } from '../refusal.ts';
import type { Channel } from './output.ts';

/** Writes every diagnostic with the line that it is about. */
export function writeFindings(findings: readonly Finding[], channel: Channel): void {
  for (const { source, diagnostics } of findings) {
    for (const diagnostic of diagnostics) {
      channel.write(`${render(diagnostic, source, channel.palette).replace(/\n*$/, '')}\n`);
    }
  }
}
