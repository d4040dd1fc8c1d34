// SPDX-License-Identifier: Apache-2.0

import { clearScreenDown, cursorTo, moveCursor } from 'node:readline';
import type { REPLServer } from 'node:repl';

/**
 * What readline has under its underscored names, for those who draw: `_refreshLine` draws prompt and line anew, which goes
 * through `_writeToOutput` in one piece; `prevRows` is the row of the cursor when it last did.
 */
interface Drawing {
  _refreshLine(): void;
  _writeToOutput(text: string): void;
  prevRows: number;
  history: string[];
}

export interface LineLook {
  /** The line with its colours; as wide as it is. */
  readonly paint: (line: string) => string;
  /** What stands behind the line while the cursor is at its end; '' for nothing. */
  readonly hint: (line: string) => string;
  readonly dim: (text: string) => string;
}

interface Key {
  readonly name?: string;
  readonly ctrl?: boolean;
}

/** Columns below which a hint says too little. */
const leastRoom = 8;

/**
 * The line that is being typed: drawn with colours and a hint behind it, and taken out of the way of what is written
 * meanwhile. On a terminal that is none (`TERM=dumb`) the line is as readline writes it.
 */
export class PromptLine {
  readonly #server: REPLServer & Drawing;
  readonly #output: NodeJS.WriteStream;
  #hinted = false;

  constructor(server: REPLServer, output: NodeJS.WriteStream, look: LineLook | null) {
    this.#server = server as REPLServer & Drawing;
    this.#output = output;
    if (look !== null) this.#dress(look);
  }

  /** Draws prompt and line anew. */
  refresh(): void {
    this.#server._refreshLine();
  }

  /** Writes whole lines above the prompt and what is typed behind it. */
  write(text: string, prompting: boolean): void {
    const server = this.#server;
    if (!prompting && server.line === '') {
      this.#output.write(text);
      return;
    }
    const { rows } = server.getCursorPos();
    cursorTo(this.#output, 0);
    if (rows > 0) moveCursor(this.#output, 0, -rows);
    clearScreenDown(this.#output);
    this.#output.write(text.endsWith('\n') ? text : `${text}\n`);
    server.prevRows = 0;
    server._refreshLine();
  }

  /** What Up brings back, the newest first. */
  remember(entries: readonly string[]): void {
    this.#server.history = [...entries];
  }

  #dress(look: LineLook): void {
    const server = this.#server;
    const plain = server._writeToOutput.bind(server);
    server._writeToOutput = (text) => {
      const prompt = server.getPrompt();
      if (text !== `${prompt}${server.line}` || server.line === '') {
        plain(text);
        return;
      }
      plain(`${prompt}${look.paint(server.line)}${this.#hintText(look)}`);
    };
    const { input } = server as unknown as { readonly input: NodeJS.ReadStream };
    // Before readline: the hint must not stay behind when the line ends, is dropped or is listed below.
    input.prependListener('keypress', (_: string, key: Key | undefined) => {
      const leaves = ['return', 'enter', 'tab'].includes(key?.name ?? '') || (key?.ctrl === true && key.name === 'c');
      if (!this.#hinted || !leaves) return;
      this.#hinted = false;
      clearScreenDown(this.#output);
    });
    // Behind it: what it only appended gets its colours. A search through the history draws for itself.
    let searching = false;
    input.on('keypress', (_: string, key: Key | undefined) => {
      const { name = '', ctrl = false } = key ?? {};
      if (ctrl && (name === 'r' || name === 's')) searching = true;
      else if (ctrl || ['return', 'enter', 'escape', 'left', 'right', 'up', 'down', 'tab'].includes(name))
        searching = false;
      if (server.line !== '' && !searching) server._refreshLine();
    });
  }

  /** The hint and the way back from it, where it fits behind the line. */
  #hintText(look: LineLook): string {
    const { line, cursor } = this.#server;
    const hint = cursor === line.length ? look.hint(line) : '';
    this.#hinted = false;
    if (hint === '') return '';
    // The last column stays free: a full line makes terminals wrap.
    const room = this.#output.columns - this.#server.getCursorPos().cols - 3;
    this.#hinted = room >= leastRoom;
    if (!this.#hinted) return '';
    const shown = hint.length <= room ? hint : `${hint.slice(0, room - 1)}…`;
    return `  ${look.dim(shown)}\u001b[${shown.length + 2}D`;
  }
}
