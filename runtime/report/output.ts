// SPDX-License-Identifier: Apache-2.0

import { reasonOf } from '../system-error.ts';
import { type Palette, paletteFor, wantsColour } from './palette.ts';

/** Where a command's words go: results to stdout, diagnostics and progress to stderr. */
export interface Output {
  readonly json: boolean;
  readonly stdout: Channel;
  readonly stderr: Channel;
  /** Aborted once stdout's reader went away: whatever goes on only for its sake may stop. */
  readonly readerGone: AbortSignal;
}

/** One stream with its colours. `write` and `line` take whole lines' worth of text and never fail on a closed pipe. */
export interface Channel {
  readonly palette: Palette;
  readonly terminal: boolean;
  /** Terminal cells of a line; null where the stream is no terminal. */
  columns(): number | null;
  write(text: string): void;
}

/** The reader went away: of a pipe, or of a terminal that was closed. */
const wentAway = new Set(['EPIPE', 'EIO']);

/** The stream as a channel. Its first error is its last; a reader that went away is no reason to complain. */
function channel(stream: NodeJS.WriteStream, palette: Palette, ended: (error: NodeJS.ErrnoException) => void): Channel {
  let gone = false;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (!gone) ended(error);
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

/**
 * The process's own streams; colours are decided here, once for each. `colour` is `--color` or `--no-color`, or null.
 * Results that cannot be written (a full disk) end the process: nothing that it still did could be told.
 */
export async function openOutput(json: boolean, colour: boolean | null): Promise<Output> {
  const open = async (stream: NodeJS.WriteStream, ended: (error: NodeJS.ErrnoException) => void): Promise<Channel> =>
    channel(stream, await paletteFor(wantsColour(colour, stream.isTTY === true, process.env)), ended);
  const reader = new AbortController();
  // What stderr cannot take has nowhere else to go.
  const stderr = await open(process.stderr, () => {});
  const stdout = await open(process.stdout, (error) => {
    if (wentAway.has(error.code ?? '')) return reader.abort();
    stderr.write(`pktsh: cannot write to standard output: ${reasonOf(error)}\n`);
    process.exit(unsuitableStatus);
  });
  return { json, stdout, stderr, readerGone: reader.signal };
}

/** Exit status where the environment is unsuitable. */
const unsuitableStatus = 4;
