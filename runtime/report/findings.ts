// SPDX-License-Identifier: Apache-2.0

import { type Palette as RenderPalette, renderAll } from '../../lang/diagnostics/render.ts';
import type { Finding } from '../refusal.ts';
import type { Channel } from './output.ts';
import type { Palette } from './palette.ts';

/** Diagnostics of one file that are shown: nobody reads more, and a file may have thousands. */
export const mostShown = 100;

/** Writes the diagnostics with the lines that they are about, and how many are left out. */
export function writeFindings(findings: readonly Finding[], channel: Channel): void {
  const palette = renderPalette(channel.palette);
  const columns = channel.columns() ?? undefined;
  for (const { source, diagnostics } of findings) {
    if (diagnostics.length === 0) continue;
    channel.write(`${renderAll(diagnostics.slice(0, mostShown), source, palette, columns)}\n`);
    const more = diagnostics.length - mostShown;
    if (more > 0) channel.write(`… and ${more} more in ${source.name}, left out here\n`);
  }
}

function renderPalette({ error, warning, strong, dim, accent }: Palette): RenderPalette {
  return { error, warning, message: strong, frame: dim, label: accent, hint: accent };
}
