// SPDX-License-Identifier: Apache-2.0

/** A half-open range of UTF-16 offsets into one source text: `start` included, `end` not. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A place as people name it: both numbers count from 1; columns count UTF-16 code units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * A named text with a table of its lines. `\n`, `\r\n` and a lone `\r` each end a line: Node 24 hands REPL blocks
 * over with `\r` between their lines.
 */
export class SourceFile {
  readonly name: string;
  readonly text: string;
  #lineStarts: readonly number[] | undefined;

  constructor(name: string, text: string) {
    this.name = name;
    this.text = text;
  }

  /** Offsets at which lines begin; the first is always 0. */
  get lineStarts(): readonly number[] {
    this.#lineStarts ??= findLineStarts(this.text);
    return this.#lineStarts;
  }

  /** The position of an offset; offsets past the end of the text give the end. */
  position(offset: number): Position {
    const at = Math.max(0, Math.min(offset, this.text.length));
    const starts = this.lineStarts;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] as number) <= at) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: at - (starts[low] as number) + 1 };
  }

  /** The text of a line (counted from 1) without its line end; '' where there is no such line. */
  line(number: number): string {
    const start = this.lineStarts[number - 1];
    if (start === undefined) return '';
    let end = this.lineStarts[number] ?? this.text.length;
    // A pattern would look through the whole line, which may be long and asked for once for each mistake in it.
    while (end > start && isLineEnd(this.text.charCodeAt(end - 1))) end--;
    return this.text.slice(start, end);
  }

  /** The text that a span covers. */
  slice(span: Span): string {
    return this.text.slice(span.start, span.end);
  }
}

const isLineEnd = (code: number) => code === 10 || code === 13;

function findLineStarts(text: string): number[] {
  const starts = [0];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 13 && text.charCodeAt(i + 1) === 10) i++;
    if (isLineEnd(code)) starts.push(i + 1);
  }
  return starts;
}

/** The smallest span that covers both. */
export function cover(a: Span, b: Span): Span {
  return { start: Math.min(a.start, b.start), end: Math.max(a.end, b.end) };
}
