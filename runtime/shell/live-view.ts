// SPDX-License-Identifier: Apache-2.0

import { clearScreenDown, cursorTo, moveCursor } from 'node:readline';
import { stripVTControlCharacters } from 'node:util';
import { cut, width } from '../report/table.ts';

/** Lines on a terminal that are drawn in place, over and over. */
export class LiveView {
  readonly #output: NodeJS.WriteStream;
  #drawn: readonly string[] = [];

  constructor(output: NodeJS.WriteStream) {
    this.#output = output;
  }

  /** Draws the lines where the ones before stood; what does not fit on the screen is left out. */
  draw(lines: readonly string[]): void {
    // The last column and row stay free: a full one makes terminals wrap or scroll.
    const shown = lines.slice(0, Math.max(1, this.#output.rows - 2)).map((line) => this.#fitting(line));
    if (this.#drawn.length > 0) {
      cursorTo(this.#output, 0);
      moveCursor(this.#output, 0, -this.#rows());
      clearScreenDown(this.#output);
    }
    this.#output.write(`${shown.join('\n')}\n`);
    this.#drawn = shown;
  }

  /** Rows that the lines take by now: a terminal that became narrower has wrapped them. */
  #rows(): number {
    const { columns } = this.#output;
    return this.#drawn.reduce((rows, line) => rows + Math.max(1, Math.ceil(cells(line) / columns)), 0);
  }

  #fitting(line: string): string {
    const room = this.#output.columns - 1;
    return cells(line) <= room ? line : cut(stripVTControlCharacters(line), room);
  }
}

const cells = (line: string): number => width(stripVTControlCharacters(line));
