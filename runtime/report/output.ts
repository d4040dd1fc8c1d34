// SPDX-License-Identifier: Apache-2.0

import type { Palette } from './palette.ts';

/** Where a command's words go: results to stdout, diagnostics and progress to stderr. */
export interface Output {
  readonly json: boolean;
  readonly stdout: Channel;
  readonly stderr: Channel;
}

/** One stream with its colours. `write` and `line` take whole lines' worth of text and never fail on a closed pipe. */
export interface Channel {
  readonly palette: Palette;
  readonly terminal: boolean;
  /** Terminal cells of a line; null where the stream is no terminal. */
  columns(): number | null;
  write(text: string): void;
}

/** The stream as a channel. A reader that went away (EPIPE) is no reason to stop, let alone to complain. */
export function channel(stream: NodeJS.WriteStream, palette: Palette): Channel {
  let gone = false;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    gone = true;
  });
  return {
    palette,
    terminal: stream.isTTY === true,
    columns: () => (stream.isTTY === true ? stream.columns : null),
    write: (text) => {
      if (!gone) stream.write(text);
    },
  };
}
