// SPDX-License-Identifier: Apache-2.0

import { stripVTControlCharacters } from 'node:util';
import { width } from './table.ts';

const cells = (text: string): number => width(stripVTControlCharacters(text));

/**
 * A line as several of at most `columns` cells, broken before a piece; what follows is indented by `hang`. A piece that is
 * wider than a line stands on its own. Colours count nothing.
 *
 * @param between what separates pieces: a blank in prose, two where each piece holds blanks of its own
 */
export function foldLine(line: string, columns: number, hang = 0, between = ' '): readonly string[] {
  if (cells(line) <= columns) return [line];
  const lines: string[] = [];
  const [head = '', ...pieces] = line.split(between);
  let current = head;
  for (const piece of pieces) {
    const longer = `${current}${between}${piece}`;
    if (current.trim() === '' || cells(longer) <= columns) {
      current = longer;
    } else if (piece.trim() !== '') {
      lines.push(current.trimEnd());
      current = `${' '.repeat(hang)}${piece.trimStart()}`;
    }
  }
  return [...lines, current];
}

/** Where a column of a table begins and ends, in cells. */
interface Extent {
  readonly start: number;
  readonly end: number;
}

/**
 * A table that is wider than `columns` cells as several below one another, each led by the first column; one that fits
 * stays as it is. `lines` are those of `layoutTable`, without colours: two blanks stand between columns and nowhere else.
 */
export function foldTable(lines: readonly string[], columns: number): readonly (readonly string[])[] {
  const plain = lines.every((line) => width(line) === line.length);
  if (!plain || lines.every((line) => line.length <= columns)) return [lines];
  const [first, ...others] = extents(lines);
  if (first === undefined) return [lines];
  const tables: (readonly string[])[] = [];
  for (let at = 0; at < others.length; ) {
    const start = at;
    const room = columns - first.end - gutter;
    const from = (others[start] as Extent).start;
    do at++;
    while (at < others.length && (others[at] as Extent).end - from <= room);
    const to = (others[at - 1] as Extent).end;
    tables.push(
      lines.map((line) => `${line.slice(0, first.end).padEnd(first.end + gutter)}${line.slice(from, to)}`.trimEnd()),
    );
  }
  return tables;
}

/** The lines of `foldTable`, with coloured headings. */
export function tableLines(
  lines: readonly string[],
  columns: number,
  paintTitle: (text: string) => string,
): readonly string[] {
  return foldTable(lines, columns).flatMap(([heading = '', ...rows]) => [paintTitle(heading), ...rows]);
}

/** Blanks between two columns. */
const gutter = 2;

function extents(lines: readonly string[]): readonly Extent[] {
  const end = Math.max(...lines.map((line) => line.length));
  const blank = (at: number): boolean => lines.every((line) => (line[at] ?? ' ') === ' ');
  const found: Extent[] = [];
  let start: number | null = null;
  for (let at = 0; at <= end; at++) {
    const apart = at === end || (blank(at) && blank(at + 1));
    if (apart && start !== null) {
      found.push({ start, end: at });
      start = null;
    } else if (!apart && start === null && !blank(at)) {
      start = at;
    }
  }
  return found;
}
