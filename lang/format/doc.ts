// SPDX-License-Identifier: Apache-2.0

/**
 * A text whose lines are not broken yet, after Wadler's "A prettier printer": a group stands on one line if it fits, or
 * else every `line` of its own is a line end, those of inner groups only if they do not fit either.
 */
export type Doc =
  | string
  | readonly Doc[]
  /** `flat` on one line, a line end where the group around it is broken. */
  | { readonly kind: 'line'; readonly flat: string }
  /** A line end whatever fits: every group around it is broken. */
  | { readonly kind: 'break' }
  /** One blank, nothing at the front of a line. */
  | { readonly kind: 'blank' }
  | { readonly kind: 'indent'; readonly content: Doc }
  | { readonly kind: 'group'; readonly content: Doc }
  /** Goes to the end of its line, whatever comes next; breaks the groups around it. `alone`: a line of its own. */
  | { readonly kind: 'comment'; readonly text: string; readonly alone: boolean };

export const line = (flat: string): Doc => ({ kind: 'line', flat });
export const hardBreak: Doc = { kind: 'break' };
export const blank: Doc = { kind: 'blank' };
export const indent = (content: Doc): Doc => ({ kind: 'indent', content });
export const group = (content: Doc): Doc => ({ kind: 'group', content });

/** Columns of one level of indentation. */
const step = 2;

interface Item {
  readonly doc: Doc;
  readonly depth: number;
  readonly flat: boolean;
}

/** Breaks the lines of a document so that they have at most `width` columns, comments aside. Ends without a line end. */
export function layLines(doc: Doc, width: number): string {
  const printer = new Printer(width);
  return printer.print(doc);
}

class Printer {
  readonly #width: number;
  #out = '';
  #column = 0;
  /** Nothing stands on the line yet; its indentation is written with the first text, so that blank lines are empty. */
  #fresh = true;
  /** A comment ended the line: nothing else may stand on it. */
  #ended = false;

  constructor(width: number) {
    this.#width = width;
  }

  print(doc: Doc): string {
    const stack: Item[] = [{ doc, depth: 0, flat: false }];
    for (let item = stack.pop(); item !== undefined; item = stack.pop()) {
      const { doc: node, depth, flat } = item;
      if (typeof node === 'string') {
        this.#write(node, depth);
      } else if (!('kind' in node)) {
        for (let at = node.length - 1; at >= 0; at--) stack.push({ doc: node[at] as Doc, depth, flat });
      } else if (node.kind === 'indent') {
        stack.push({ doc: node.content, depth: depth + step, flat });
      } else if (node.kind === 'group') {
        const inner = { doc: node.content, depth, flat: true };
        const room = this.#width - (this.#fresh || this.#ended ? depth : this.#column);
        stack.push(flat || fits(inner, stack, room) ? inner : { ...inner, flat: false });
      } else if (node.kind === 'comment') {
        this.#comment(node.text, node.alone, depth);
      } else if (node.kind === 'blank') {
        if (!this.#fresh && !this.#ended) this.#write(' ', depth);
      } else if (node.kind === 'break' || !flat || this.#ended) {
        this.#newline();
      } else {
        this.#write(node.flat, depth);
      }
    }
    return this.#out;
  }

  #write(text: string, depth: number): void {
    if (text === '') return;
    if (this.#ended) this.#newline();
    if (this.#fresh) {
      this.#out += ' '.repeat(depth);
      this.#column = depth;
    }
    this.#out += text;
    this.#column += text.length;
    this.#fresh = false;
  }

  #comment(text: string, alone: boolean, depth: number): void {
    if (this.#ended || (alone && !this.#fresh)) this.#newline();
    this.#write(this.#fresh ? text : ` ${text}`, depth);
    this.#ended = true;
  }

  #newline(): void {
    this.#out += '\n';
    this.#column = 0;
    this.#fresh = true;
    this.#ended = false;
  }
}

/** Whether an item, and what follows it up to the next possible line end, has room. */
function fits(first: Item, rest: readonly Item[], available: number): boolean {
  const stack = [first];
  let following = rest.length;
  let room = available;
  while (room >= 0) {
    const item = stack.pop() ?? rest[--following];
    if (item === undefined) return true;
    const { doc, depth, flat } = item;
    if (typeof doc === 'string') {
      room -= doc.length;
    } else if (!('kind' in doc)) {
      for (let at = doc.length - 1; at >= 0; at--) stack.push({ doc: doc[at] as Doc, depth, flat });
    } else if (doc.kind === 'indent' || doc.kind === 'group') {
      stack.push({ doc: doc.content, depth, flat });
    } else if (doc.kind === 'blank') {
      room -= 1;
    } else if (doc.kind === 'line' && flat) {
      room -= doc.flat.length;
    } else {
      return !flat;
    }
  }
  return false;
}
