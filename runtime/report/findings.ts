// SPDX-License-Identifier: Apache-2.0

import { type Palette as RenderPalette, renderAll } from '../../lang/diagnostics/render.ts';
import type { Finding } from '../refusal.ts';
import type { Channel } from './output.ts';
import type { Palette } from './palette.ts';

/** Writes every diagnostic with the line that it is about. */
export function writeFindings(findings: readonly Finding[], channel: Channel): void {
  const palette = renderPalette(channel.palette);
  for (const { source, diagnostics } of findings) {
    if (diagnostics.length > 0) channel.write(`${renderAll(diagnostics, source, palette)}\n`);
  }
}

function renderPalette({ error, warning, strong, dim, accent }: Palette): RenderPalette {
  return { error, warning, message: strong, frame: dim, label: accent, hint: accent };
}
