// SPDX-License-Identifier: Apache-2.0

export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

/** A cell's text, and what colours it: widths are those of the text alone. */
export type Cell = string | { readonly text: string; readonly paint: (text: string) => string };

/** Blanks between two columns. */
const gutter = '  ';

/**
 * Lays rows out under their titles, two blanks between columns, no trailing blanks. `paintTitle` colours the heading.
 * Gives the lines without line ends.
 */
export function layoutTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  paintTitle: (text: string) => string,
): readonly string[] {
  const widths = columns.map((column, index) =>
    Math.max(width(column.title), ...rows.map((row) => width(textOf(row[index] ?? '')))),
  );
  const line = (cells: readonly Cell[], paintAll: (text: string) => string): string => {
    const last = cells.findLastIndex((cell) => textOf(cell) !== '');
    return cells
      .slice(0, last + 1)
      .map((cell, index) => {
        const text = textOf(cell);
        const pad = ' '.repeat((widths[index] as number) - width(text));
        const painted = text === '' ? '' : paintAll(typeof cell === 'string' ? text : cell.paint(text));
        if (columns[index]?.align === 'right') return pad + painted;
        return index === last ? painted : painted + pad;
      })
      .join(gutter);
  };
  return [
    line(
      columns.map((column) => column.title),
      paintTitle,
    ),
    ...rows.map((row) => line(row, (text) => text)),
  ];
}

function textOf(cell: Cell): string {
  return (typeof cell === 'string' ? cell : cell.text).replace(/\p{Control}/gu, '\ufffd');
}

/** Cells that a text takes on a terminal: CJK and emoji take two, combining marks none. */
export function width(text: string): number {
  let cells = 0;
  for (const character of text) {
    if (/\p{Mark}|\p{Format}/u.test(character)) continue;
    cells +=
      /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u.test(
        character,
      )
        ? 2
        : 1;
  }
  return cells;
}

/** The longest beginning of a text that fits into `cells`, with `…` where something was cut off. */
export function cut(text: string, cells: number): string {
  if (width(text) <= cells) return text;
  let kept = '';
  let used = 0;
  for (const character of text) {
    used += width(character);
    if (used > cells - 1) break;
    kept += character;
  }
  return cells > 0 ? `${kept}…` : '';
}
