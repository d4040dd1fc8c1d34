// SPDX-License-Identifier: Apache-2.0

import { type Palette, paletteFor, wantsColour } from './palette.ts';

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

/** The process's own streams; colours are decided here, once for each. `colour` is `--color` or `--no-color`, or null. */
export async function openOutput(json: boolean, colour: boolean | null): Promise<Output> {
  const open = async (stream: NodeJS.WriteStream): Promise<Channel> =>
    channel(stream, await paletteFor(wantsColour(colour, stream.isTTY === true, process.env)));
  return { json, stdout: await open(process.stdout), stderr: await open(process.stderr) };
}
