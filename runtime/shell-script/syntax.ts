// SPDX-License-Identifier: Apache-2.0

import type { Span } from '../../lang/source.ts';

/** As much of the shell's grammar as scripts for pktgen use (POSIX.1-2024 XCU 2, with bash's `[[`, `((` and arrays). */

/** A piece of a word before it is expanded. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  /** `index`: of `${name[index]}`. `fallback`: behind `:-`. */
  | {
      readonly kind: 'variable';
      readonly name: string;
      readonly index: string | null;
      readonly fallback: Word | null;
    }
  | { readonly kind: 'arithmetic'; readonly text: string }
  | { readonly kind: 'command'; readonly text: string };

export interface Word {
  readonly pieces: readonly Piece[];
  readonly quoted: boolean;
  readonly span: Span;
}

export interface Redirect {
  readonly operator: string;
  readonly target: Word;
}

export type Statement =
  | {
      readonly kind: 'command';
      readonly words: readonly Word[];
      readonly redirects: readonly Redirect[];
      /** The lines of `<<END`. */
      readonly heredoc: string | null;
      readonly background: boolean;
      /** Whether more commands take its output. */
      readonly piped: boolean;
      readonly span: Span;
    }
  | { readonly kind: 'assignment'; readonly name: string; readonly value: Word; readonly span: Span }
  | { readonly kind: 'array'; readonly name: string; readonly items: readonly Word[]; readonly span: Span }
  /** `condition && then`, `condition || otherwise`. */
  | {
      readonly kind: 'chain';
      readonly condition: Statement;
      readonly wanted: boolean;
      readonly then: Statement;
      readonly span: Span;
    }
  | {
      readonly kind: 'if';
      readonly branches: readonly { readonly condition: readonly Statement[]; readonly body: readonly Statement[] }[];
      readonly otherwise: readonly Statement[];
      readonly span: Span;
    }
  | {
      readonly kind: 'for';
      readonly variable: string;
      readonly items: readonly Word[];
      readonly body: readonly Statement[];
      readonly span: Span;
    }
  /** `for ((head))`. */
  | { readonly kind: 'count'; readonly head: string; readonly body: readonly Statement[]; readonly span: Span }
  | { readonly kind: 'function'; readonly name: string; readonly body: readonly Statement[]; readonly span: Span }
  | { readonly kind: 'group'; readonly body: readonly Statement[]; readonly span: Span }
  | { readonly kind: 'comment'; readonly text: string; readonly own: boolean; readonly span: Span }
  /** `while`, `case`, `select`, and what is no shell at all. */
  | { readonly kind: 'other'; readonly body: readonly Statement[]; readonly span: Span };

export type StatementOf<Kind extends Statement['kind']> = Extract<Statement, { readonly kind: Kind }>;

/** Reads a script. What cannot be read is a statement of kind `other`; nothing is ever carried out. */
export function readShell(text: string): readonly Statement[] {
  return new ShellReader(text).statements([]);
}

/** The pieces of a text as between double quotes. */
export function piecesOf(text: string): readonly Piece[] {
  return new ShellReader(text).quotedPieces(null);
}

const blank = /[ \t]/;
const endsWord = /[\s;&|<>()]/;
const nameAt = /[A-Za-z_]\w*|[0-9@*#?]/y;

/** Commands that run another one as it is. */
const prefixes: ReadonlySet<string> = new Set(['sudo', 'time', 'exec', 'nohup', 'command']);

/** What `tee` writes, as if its input had been written there. */
function teeFiles([first, ...rest]: readonly Word[]): readonly Redirect[] {
  if (first === undefined || plainText(first) !== 'tee') return [];
  return rest.filter((word) => !plainText(word).startsWith('-')).map((target) => ({ operator: '>', target }));
}

class ShellReader {
  readonly #text: string;
  #at = 0;
  /** Here documents whose lines begin with the next line. */
  #awaited: { readonly end: string; readonly take: (text: string) => void }[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  /** Statements up to one of these words, which is left where it is, or to the end. */
  statements(ends: readonly string[]): readonly Statement[] {
    const found: Statement[] = [];
    for (;;) {
      const before = this.#at;
      this.#separators(found);
      if (this.#at >= this.#text.length || ends.some((end) => this.#isWord(end))) return found;
      found.push(this.#chain());
      // A sign that nothing begins with.
      if (this.#at === before) this.#at++;
    }
  }

  /** Blanks, newlines and `;` between statements, with the comments among them. */
  #separators(found: Statement[]): void {
    for (;;) {
      this.#blanks();
      const sign = this.#text[this.#at];
      if (sign === '\n') this.#newline();
      else if (sign === ';' || sign === '&') this.#at++;
      else if (sign === '#') found.push(this.#comment());
      else return;
    }
  }

  #newline(): void {
    this.#at++;
    for (const { end, take } of this.#awaited.splice(0)) {
      const lines: string[] = [];
      while (this.#at < this.#text.length) {
        const line = this.#until('\n');
        this.#at++;
        if (line.trim() === end) break;
        lines.push(line);
      }
      take(lines.join('\n'));
    }
  }

  #comment(): Statement {
    const start = this.#at;
    const line = this.#text.slice(this.#text.lastIndexOf('\n', start - 1) + 1, start);
    const text = this.#until('\n');
    return { kind: 'comment', text, own: line.trim() === '', span: { start, end: this.#at } };
  }

  #chain(): Statement {
    const start = this.#at;
    let statement = this.#statement();
    for (;;) {
      this.#blanks();
      const sign = this.#text.slice(this.#at, this.#at + 2);
      if (sign !== '&&' && sign !== '||') return statement;
      this.#at += 2;
      while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
      const then = this.#statement();
      const span = { start, end: this.#at };
      statement = { kind: 'chain', condition: statement, wanted: sign === '&&', then, span };
    }
  }

  #statement(): Statement {
    const start = this.#at;
    const span = (): Span => ({ start, end: this.#at });
    if (this.#takeWord('if')) return this.#if(start);
    if (this.#takeWord('for')) return this.#for(start);
    if (this.#takeWord('{')) {
      const body = this.statements(['}']);
      this.#takeWord('}');
      return { kind: 'group', body, span: span() };
    }
    for (const [opening, closing] of [
      ['while', 'done'],
      ['until', 'done'],
      ['select', 'done'],
      ['case', 'esac'],
    ] as const) {
      if (!this.#takeWord(opening)) continue;
      const body = this.statements([closing]);
      this.#takeWord(closing);
      return { kind: 'other', body, span: span() };
    }
    if (this.#takeWord('function')) {
      this.#blanks();
      const name = this.#match(/[\w-]+/y) ?? '';
      this.#match(/[ \t]*\([ \t]*\)/y);
      return this.#function(name, start);
    }
    const name = this.#match(/[\w-]+(?=[ \t]*\([ \t]*\))/y);
    if (name !== null) {
      this.#match(/[ \t]*\([ \t]*\)/y);
      return this.#function(name, start);
    }
    return this.#command(start);
  }

  #function(name: string, start: number): Statement {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
    const body = this.#statement();
    const span = { start, end: this.#at };
    return { kind: 'function', name, body: body.kind === 'group' ? body.body : [body], span };
  }

  #if(start: number): Statement {
    const branches: { condition: readonly Statement[]; body: readonly Statement[] }[] = [];
    let otherwise: readonly Statement[] = [];
    do {
      const condition = this.statements(['then']);
      this.#takeWord('then');
      branches.push({ condition, body: this.statements(['elif', 'else', 'fi']) });
    } while (this.#takeWord('elif'));
    if (this.#takeWord('else')) otherwise = this.statements(['fi']);
    this.#takeWord('fi');
    return { kind: 'if', branches, otherwise, span: { start, end: this.#at } };
  }

  #for(start: number): Statement {
    this.#blanks();
    if (this.#text.startsWith('((', this.#at)) {
      this.#at += 2;
      const head = this.#until('))');
      this.#at += 2;
      const body = this.#loopBody();
      return { kind: 'count', head, body, span: { start, end: this.#at } };
    }
    const variable = this.#match(/\w+/y) ?? '';
    this.#blanks();
    const items: Word[] = [];
    if (this.#takeWord('in')) {
      for (this.#blanks(); !this.#atEnd(); this.#blanks()) items.push(this.#word());
    }
    const body = this.#loopBody();
    return { kind: 'for', variable, items, body, span: { start, end: this.#at } };
  }

  #loopBody(): readonly Statement[] {
    this.#separators([]);
    this.#takeWord('do');
    const body = this.statements(['done']);
    this.#takeWord('done');
    return body;
  }

  #command(start: number): Statement {
    const words: Word[] = [];
    const redirects: Redirect[] = [];
    let heredocEnd: string | null = null;
    for (;;) {
      this.#blanks();
      const operator = this.#match(/\d?(?:<<<|<<-?|>>|>&|<|>)|&>/y);
      if (operator !== null) {
        this.#blanks();
        const target = this.#word();
        if (operator.startsWith('<<') && operator !== '<<<') heredocEnd = plainText(target);
        else redirects.push({ operator, target });
        continue;
      }
      if (this.#atEnd()) break;
      if (words.length === 0 && this.#text.startsWith('((', this.#at)) {
        words.push(this.#word());
        this.#at += 2;
        this.#until('))');
        this.#at += 2;
        continue;
      }
      if (words.length === 0) {
        const assigned = this.#assignment(start);
        if (assigned !== null) return assigned;
      }
      words.push(this.#word());
      const first = words[0] as Word;
      if (words.length === 1 && plainText(first) === '[[') words.push(...this.#bracketed());
    }
    const span = { start, end: this.#at };
    while (words.length > 1 && prefixes.has(plainText(words[0] as Word))) {
      words.shift();
      while (words.length > 1 && plainText(words[0] as Word).startsWith('-')) words.shift();
    }
    let piped = false;
    while (/^\|(?!\|)/.test(this.#text.slice(this.#at, this.#at + 2))) {
      piped = true;
      this.#at++;
      this.#blanks();
      const next = this.#command(this.#at);
      if (next.kind === 'command') redirects.push(...teeFiles(next.words));
    }
    const background = this.#text[this.#at] === '&' && this.#text[this.#at + 1] !== '&';
    if (background) this.#at++;
    const command = {
      kind: 'command' as const,
      words,
      redirects,
      heredoc: null as string | null,
      background,
      piped,
      span,
    };
    if (heredocEnd !== null) {
      this.#awaited.push({
        end: heredocEnd,
        take: (text) => {
          command.heredoc = text;
        },
      });
    }
    return command;
  }

  /** The words of `[[ … ]]`, in which `&&`, `<` and brackets are none of the shell's operators. */
  #bracketed(): readonly Word[] {
    const words: Word[] = [];
    while (this.#at < this.#text.length && this.#text[this.#at] !== '\n') {
      this.#blanks();
      const start = this.#at;
      const operator = this.#match(/&&|\|\||[<>()]/y);
      const text = operator ?? '';
      const span = { start, end: this.#at };
      const word =
        operator === null ? this.#word() : ({ pieces: [{ kind: 'text', text }], quoted: false, span } as Word);
      if (word.span.end === start) break;
      words.push(word);
      if (plainText(word) === ']]') break;
    }
    return words;
  }

  #assignment(start: number): Statement | null {
    this.#match(/(?:export|local|declare(?:[ \t]+-\w+)*|readonly)[ \t]+(?=\w+=)/y);
    const name = this.#match(/[A-Za-z_]\w*(?==)/y);
    if (name === null) return null;
    this.#at++;
    if (this.#text[this.#at] === '(') {
      this.#at++;
      const items: Word[] = [];
      while (this.#at < this.#text.length && this.#text[this.#at] !== ')') {
        if (/\s/.test(this.#text[this.#at] as string)) this.#at++;
        else items.push(this.#word());
      }
      this.#at++;
      return { kind: 'array', name, items, span: { start, end: this.#at } };
    }
    const value = this.#word();
    return { kind: 'assignment', name, value, span: { start, end: this.#at } };
  }

  // --- words ------------------------------------------------------------------------------------------------------------

  #word(): Word {
    const start = this.#at;
    const pieces: Piece[] = [];
    let quoted = false;
    while (this.#at < this.#text.length && !endsWord.test(this.#text[this.#at] as string)) {
      const sign = this.#text[this.#at] as string;
      if (sign === "'") {
        quoted = true;
        this.#at++;
        pieces.push({ kind: 'text', text: this.#until("'") });
        this.#at++;
      } else if (sign === '"') {
        quoted = true;
        this.#at++;
        pieces.push(...this.quotedPieces('"'));
        this.#at++;
      } else pieces.push(this.#piece(/[^\s;&|<>()'"$`\\]+/y));
    }
    return { pieces, quoted, span: { start, end: this.#at } };
  }

  quotedPieces(end: string | null): readonly Piece[] {
    const pieces: Piece[] = [];
    while (this.#at < this.#text.length && this.#text[this.#at] !== end) {
      pieces.push(this.#escaped() ?? this.#piece(end === '"' ? /[^"$`\\]+/y : /[^$`\\]+/y));
    }
    return pieces;
  }

  /** Between double quotes `\\` takes the meaning of few signs away, and stays before the others. */
  #escaped(): Piece | null {
    const text = this.#match(/\\(?![$`"\\\n])/y);
    return text === null ? null : { kind: 'text', text };
  }

  #piece(plain: RegExp): Piece {
    const sign = this.#text[this.#at] as string;
    if (sign === '\\') {
      this.#at += 2;
      const escaped = this.#text[this.#at - 1] ?? '';
      return { kind: 'text', text: escaped === '\n' ? '' : escaped };
    }
    if (sign === '`') {
      this.#at++;
      const text = this.#until('`');
      this.#at++;
      return { kind: 'command', text };
    }
    if (sign === '$') return this.#expansion();
    const text = this.#match(plain);
    if (text !== null) return { kind: 'text', text };
    this.#at++;
    return { kind: 'text', text: sign };
  }

  #expansion(): Piece {
    if (this.#text.startsWith('$((', this.#at)) {
      this.#at += 1;
      return { kind: 'arithmetic', text: this.#balanced('(', ')').slice(1, -1) };
    }
    if (this.#text.startsWith('$(', this.#at)) {
      this.#at += 1;
      return { kind: 'command', text: this.#balanced('(', ')') };
    }
    if (this.#text.startsWith('$[', this.#at)) {
      this.#at += 1;
      return { kind: 'arithmetic', text: this.#balanced('[', ']') };
    }
    if (this.#text.startsWith('${', this.#at)) {
      this.#at += 1;
      return variable(this.#balanced('{', '}'));
    }
    this.#at++;
    nameAt.lastIndex = this.#at;
    const name = nameAt.exec(this.#text)?.[0];
    if (name === undefined) return { kind: 'text', text: '$' };
    this.#at += name.length;
    return { kind: 'variable', name, index: null, fallback: null };
  }

  /** What stands between a bracket here and the one that closes it. */
  #balanced(opening: string, closing: string): string {
    const start = this.#at + 1;
    let depth = 0;
    for (; this.#at < this.#text.length; this.#at++) {
      const sign = this.#text[this.#at];
      if (sign === opening) depth++;
      else if (sign === closing && --depth === 0) break;
    }
    this.#at++;
    return this.#text.slice(start, this.#at - 1);
  }

  // --- characters -------------------------------------------------------------------------------------------------------

  #blanks(): void {
    for (;;) {
      if (this.#text.startsWith('\\\n', this.#at)) this.#at += 2;
      else if (blank.test(this.#text[this.#at] ?? '')) this.#at++;
      else return;
    }
  }

  /** Whether a simple command ends here. */
  #atEnd(): boolean {
    const sign = this.#text[this.#at];
    return sign === undefined || /[\n;&|()#]/.test(sign);
  }

  #until(end: string): string {
    const start = this.#at;
    const found = this.#text.indexOf(end, start);
    this.#at = found < 0 ? this.#text.length : found;
    return this.#text.slice(start, this.#at);
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) return null;
    this.#at += found.length;
    return found;
  }

  #isWord(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false;
    return endsWord.test(this.#text[this.#at + word.length] ?? '\n');
  }

  #takeWord(word: string): boolean {
    const is = this.#isWord(word);
    if (is) this.#at += word.length;
    return is;
  }
}

/** `name`, `name[index]`, `name:-fallback`. */
function variable(text: string): Piece {
  const [, name = '', index = null, fallback = null] = /^(\w+|[@*#?])(?:\[(.*?)\])?(?::?-(.*))?$/s.exec(text) ?? [];
  if (name === '') return { kind: 'command', text };
  const word = fallback === null ? null : { pieces: piecesOf(fallback), quoted: true, span: { start: 0, end: 0 } };
  return { kind: 'variable', name, index, fallback: word };
}

/** A word's text as far as it is written out. */
export function plainText({ pieces }: Word): string {
  return pieces.map((piece) => (piece.kind === 'text' ? piece.text : '')).join('');
}
