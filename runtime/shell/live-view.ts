// SPDX-License-Identifier: Apache-2.0

import { clearScreenDown, cursorTo, moveCursor } from 'node:readline';
import { stripVTControlCharacters } from 'node:util';
import { cut } from '../report/table.ts';

/** Lines on a terminal that are drawn in place, over and over. */
export class LiveView {
  readonly #output: NodeJS.WriteStream;
  #drawn = 0;

  constructor(output: NodeJS.WriteStream) {
    this.#output = output;
  }

  /** Draws the lines where the ones before stood; what does not fit on the screen is left out. */
  draw(lines: readonly string[]): void {
    // The last column and row stay free: a full one makes terminals wrap or scroll.
    const shown = lines.slice(0, Math.max(1, this.#output.rows - 2)).map((line) => this.#fitting(line));
    if (this.#drawn > 0) {
      cursorTo(this.#output, 0);
      moveCursor(this.#output, 0, -this.#drawn);
      clearScreenDown(this.#output);
    }
    this.#output.write(`${shown.join('\n')}\n`);
    this.#drawn = shown.length;
  }

  #fitting(line: string): string {
    const room = this.#output.columns - 1;
    return stripVTControlCharacters(line).length <= room ? line : cut(stripVTControlCharacters(line), room);
  }
}
