// SPDX-License-Identifier: Apache-2.0

import type { SourceFile, Span } from '../source.ts';
import type { Diagnostic } from './diagnostic.ts';

/** Colours for the parts of a rendered diagnostic; each gets plain text. */
export interface Palette {
  readonly error: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly message: (text: string) => string;
  /** Line numbers, bars and arrows. */
  readonly frame: (text: string) => string;
  readonly label: (text: string) => string;
  readonly hint: (text: string) => string;
}

const same = (text: string) => text;
const colourless: Palette = { error: same, warning: same, message: same, frame: same, label: same, hint: same };

/** Blanks per tab stop in excerpts: terminals disagree, and a tab behind the line number would shift its stops. */
const tabWidth = 4;
/** Longer lines are cut to a window around the place, so that one-liners stay readable. */
const mostExcerpt = 160;
/** An excerpt that is narrower than this says too little. */
const leastExcerpt = 40;

/**
 * A diagnostic as people read it: the message, the place, the line with carets under the span and the note beside them,
 * an excerpt for each label, and the hints. No line end at the end.
 *
 * @param columns of the terminal; excerpts that are wider would lose their carets
 */
export function render(
  diagnostic: Diagnostic,
  source: SourceFile,
  palette: Palette = colourless,
  columns: number = Number.POSITIVE_INFINITY,
): string {
  const { severity, code, message, span, note, labels, hints } = diagnostic;
  const at = source.locate(span);
  const numbers = [span, ...labels.map((label) => label.span)].map((one) => lastLineOf(source.locate(one)));
  // Behind the line's number stands ` | `, an ellipsis may stand on each side, and the last column stays free.
  const room = Math.min(mostExcerpt, Math.max(leastExcerpt, columns - Math.max(...numbers.map(digits)) - 6));
  const excerpts = [
    ...excerptsOf(at.file, at.span, '^', note, room),
    ...labels.flatMap((label) => {
      const other = source.locate(label.span);
      const text = other.file.name === at.file.name ? label.text : `${label.text}, in ${other.file.name}`;
      return excerptsOf(other.file, other.span, '-', text, room);
    }),
  ];
  const gutter = Math.max(...excerpts.map(({ line }) => String(line).length));
  const margin = ' '.repeat(gutter);
  const { line, column } = at.file.position(at.span.start);
  const lines = [
    `${palette[severity](`${severity}[${code}]`)}${palette.message(`: ${printable(message)}`)}`,
    `${margin}${palette.frame('-->')} ${printable(at.file.name)}:${line}:${column}`,
  ];
  for (const excerpt of excerpts) {
    const paint = excerpt.mark.startsWith('^') ? palette[severity] : palette.label;
    lines.push(`${palette.frame(`${String(excerpt.line).padStart(gutter)} |`)} ${excerpt.text}`.trimEnd());
    lines.push(`${margin} ${palette.frame('|')} ${' '.repeat(excerpt.indent)}${paint(excerpt.mark)}`);
  }
  for (const hint of hints) lines.push(`${margin} ${palette.frame('=')} ${palette.hint('hint')}: ${printable(hint)}`);
  return lines.join('\n');
}

/** Several diagnostics of one text, each as `render` gives it, in their order; '' if there are none. */
export function renderAll(
  diagnostics: readonly Diagnostic[],
  source: SourceFile,
  palette?: Palette,
  columns?: number,
): string {
  return diagnostics.map((diagnostic) => render(diagnostic, source, palette, columns)).join('\n');
}

const digits = (line: number): number => String(line).length;

function lastLineOf({ file, span }: { readonly file: SourceFile; readonly span: Span }): number {
  return file.position(Math.max(span.start, span.end - 1)).line;
}

interface Excerpt {
  readonly line: number;
  readonly text: string;
  readonly indent: number;
  readonly mark: string;
}

/** The line of a span with its carets; of a span over several lines the first and the last, the note beside the last. */
function excerptsOf(source: SourceFile, span: Span, caret: string, note: string, room: number): readonly Excerpt[] {
  const start = source.position(span.start);
  // The end is not included: a span that ends behind a line end ends on that line.
  const end = source.position(Math.max(span.start, span.end - 1));
  const words = note === '' ? '' : ` ${printable(note)}`;
  const firstLine = source.line(start.line);
  const from = start.column - 1;
  if (start.line === end.line) {
    const to = Math.max(from + 1, from + span.end - span.start);
    return [excerpt(start.line, firstLine, from, to, caret, words, room)];
  }
  const lastLine = source.line(end.line);
  const indent = lastLine.length - lastLine.trimStart().length;
  return [
    excerpt(start.line, firstLine, from, Math.max(from + 1, firstLine.length), caret, '', room),
    excerpt(end.line, lastLine, Math.min(indent, end.column - 1), end.column, caret, words, room),
  ];
}

/** Marks the columns `from` to `to` (UTF-16 offsets in the line, `to` not included). */
function excerpt(
  line: number,
  raw: string,
  from: number,
  to: number,
  caret: string,
  words: string,
  room: number,
): Excerpt {
  // Only what can be shown is looked at: a line of a megabyte may have a hundred thousand mistakes.
  const first = Math.max(0, from - room);
  const last = Math.min(raw.length, from + 2 * room);
  const cells = cellsOf(raw.slice(first, last), first);
  const before = cells.filter(({ offset }) => offset < from);
  const marked = cells.filter(({ offset }) => offset >= from && offset < to);
  const indent = widthOf(before);
  const width = Math.max(1, widthOf(marked));
  if (first === 0 && last === raw.length && widthOf(cells) <= room) {
    return { line, text: textOf(cells), indent, mark: caret.repeat(width) + words };
  }
  // A quarter of the window shows what leads up to the place.
  const left = Math.max(0, indent - room / 4);
  let column = 0;
  const shown: Cell[] = [];
  let cut = 0;
  for (const cell of cells) {
    if (column >= left && column + cell.width <= left + room) shown.push(cell);
    else if (column < left) cut = column + cell.width;
    column += cell.width;
  }
  const ellipsis = first > 0 || left > 0 ? '…' : '';
  const at = indent - cut + ellipsis.length;
  const text = `${ellipsis}${textOf(shown)}${last < raw.length || cut + widthOf(shown) < column ? '…' : ''}`;
  return { line, text, indent: at, mark: caret.repeat(Math.min(width, room + 1 - at)) + words };
}

/** A character as a terminal shows it: where it stands in the line, its picture, and the columns that it takes. */
interface Cell {
  readonly offset: number;
  readonly picture: string;
  readonly width: number;
}

/** @param start where in its line the text begins */
function cellsOf(text: string, start: number): readonly Cell[] {
  const cells: Cell[] = [];
  let offset = start;
  let column = 0;
  for (const character of text) {
    const width = character === '\t' ? tabWidth - (column % tabWidth) : columnsOf(character);
    cells.push({ offset, picture: character === '\t' ? ' '.repeat(width) : printable(character), width });
    offset += character.length;
    column += width;
  }
  return cells;
}

const widthOf = (cells: readonly Cell[]) => cells.reduce((sum, { width }) => sum + width, 0);
const textOf = (cells: readonly Cell[]) => cells.map(({ picture }) => picture).join('');

/** Halves of surrogate pairs, C1 controls, and marks that end a line or reverse the direction of writing. */
const unprintable = /[\x80-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]|\p{Surrogate}/gu;

/** A text without what a terminal would obey: control characters show as their pictures. */
function printable(text: string): string {
  return text
    .replace(/\p{Cc}/gu, (control) => {
      const code = control.charCodeAt(0);
      if (code === 0x7f) return '\u2421';
      // Unicode's pictures of the C0 controls are in their order.
      return code < 0x20 ? String.fromCharCode(0x2400 + code) : control;
    })
    .replace(unprintable, '\ufffd');
}

/** Characters that take no column of their own. */
const zeroWidth = /^(?:\p{Mn}|\p{Me}|\p{Cf})$/u;
/** Characters that take two columns: East Asian wide and fullwidth ones, and emoji shown as pictures (Unicode UAX 11). */
const doubleWidth =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]$/u;

function columnsOf(character: string): number {
  if (character >= ' ' && character <= '~') return 1;
  if (zeroWidth.test(character)) return 0;
  return doubleWidth.test(character) ? 2 : 1;
}
