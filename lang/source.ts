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

/** A text that another one imports. */
export interface ImportedText {
  readonly name: string;
  readonly text: string;
}

/**
 * A named text with a table of its lines. `\n`, `\r\n` and a lone `\r` each end a line: Node 24 hands REPL blocks
 * over with `\r` between their lines.
 */
export class SourceFile {
  readonly name: string;
  /** With the imported texts behind the file's own, a line end before each: offsets count in all of it. */
  readonly text: string;
  readonly imported: readonly ImportedText[];
  readonly #parts: readonly { readonly start: number; readonly file: SourceFile }[];
  #lineStarts: readonly number[] | undefined;

  constructor(name: string, text: string, imported: readonly ImportedText[] = []) {
    this.name = name;
    this.imported = imported;
    this.text = [text, ...imported.map((one) => one.text)].join('\n');
    let start = 0;
    const files = imported.length === 0 ? [] : [{ name, text }, ...imported];
    this.#parts = files.map((one) => {
      const part = { start, file: new SourceFile(one.name, one.text) };
      start += one.text.length + 1;
      return part;
    });
  }

  /** A text that was written down with those that it imports. */
  static of(texts: ImportedText & { readonly imported: readonly ImportedText[] }): SourceFile {
    return new SourceFile(texts.name, texts.text, texts.imported);
  }

  /** The file that a span lies in, with the span as it counts there. */
  locate(span: Span): { readonly file: SourceFile; readonly span: Span } {
    const part = this.#parts.findLast(({ start }) => start <= span.start);
    if (part === undefined) return { file: this, span };
    return { file: part.file, span: { start: span.start - part.start, end: span.end - part.start } };
  }

  /** Offsets at which lines begin; the first is always 0. */
  get lineStarts(): readonly number[] {
    this.#lineStarts ??= findLineStarts(this.text);
    return this.#lineStarts;
  }

  /** The position of an offset, in the text of the whole; offsets past the end of the text give the end. */
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
