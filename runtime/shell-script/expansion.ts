// SPDX-License-Identifier: Apache-2.0

import type { Piece, Word } from './syntax.ts';

/**
 * A text with holes: what the script says, and expressions of the scenario for what only a run would tell (loop variables,
 * parameters). Texts stand side by side; no two follow each other.
 */
export type Text = readonly (string | Hole)[];
export interface Hole {
  /** An expression of the language. */
  readonly source: string;
  /** The name of the shell variable, where the scenario is to have a parameter for it. */
  readonly parameter: string | null;
}

export const written = (text: string): Text => (text === '' ? [] : [text]);

/** The text where it has no holes. */
export function known(text: Text): string | null {
  if (text.length === 0) return '';
  const [only] = text;
  return text.length === 1 && typeof only === 'string' ? only : null;
}

export function joined(...texts: readonly Text[]): Text {
  const parts: (string | Hole)[] = [];
  for (const part of texts.flat()) {
    const last = parts.at(-1);
    if (typeof part === 'string' && typeof last === 'string') parts[parts.length - 1] = last + part;
    else parts.push(part);
  }
  return parts;
}

/** Words of a text, as the shell splits an unquoted expansion. */
export function split(text: Text): readonly Text[] {
  const words: Text[] = [];
  let word: Text = [];
  for (const part of text) {
    if (typeof part !== 'string') {
      word = joined(word, [part]);
      continue;
    }
    for (const [i, piece] of part.split(/\s+/).entries()) {
      if (i > 0) {
        if (word.length > 0) words.push(word);
        word = [];
      }
      word = joined(word, written(piece));
    }
  }
  if (word.length > 0) words.push(word);
  return words;
}

/** Variables of a script at one place in it, and what is not known without running anything. */
export interface Scope {
  /** Null: never set here. */
  readonly variable: (name: string) => Text | null;
  /** Every positional parameter. */
  readonly args: () => readonly Text[];
  readonly isArray: (name: string) => boolean;
  /** Null: not known. */
  readonly element: (name: string, index: number) => Text | null;
  /** Whether a hole can be a number. */
  readonly number: (hole: Hole) => boolean;
  /** The output of a command; null where only running it would tell. */
  readonly output: (command: string) => Text | null;
  /** The parameter that stands for a variable that is set outside the script. */
  readonly outside: (name: string) => Text;
}

/** A text, or why it is not known. */
export type Expanded = { readonly ok: true; readonly text: Text } | { readonly ok: false; readonly why: string };

const okay = (text: Text): Expanded => ({ ok: true, text });

/** @param missing what variables are that nobody set: '' (in tests), or a parameter of the scenario */
export function expand({ pieces }: Pick<Word, 'pieces'>, scope: Scope, missing: 'empty' | 'parameter'): Expanded {
  const parts: Text[] = [];
  for (const piece of pieces) {
    const part = expandPiece(piece, scope, missing);
    if (!part.ok) return part;
    parts.push(part.text);
  }
  return okay(joined(...parts));
}

function expandPiece(piece: Piece, scope: Scope, missing: 'empty' | 'parameter'): Expanded {
  switch (piece.kind) {
    case 'text':
      return okay(written(piece.text));
    case 'arithmetic':
      return arithmetic(piece.text, scope);
    case 'command': {
      const output = scope.output(piece.text);
      return output === null ? { ok: false, why: 'what a command prints is only known by running it' } : okay(output);
    }
    default:
      return expandVariable(piece, scope, missing);
  }
}

function expandVariable(
  { name, index, fallback }: Piece & { readonly kind: 'variable' },
  scope: Scope,
  missing: 'empty' | 'parameter',
): Expanded {
  if (name === '@' || name === '*') {
    return okay(joined(...scope.args().flatMap((arg, i) => (i === 0 ? [arg] : [written(' '), arg]))));
  }
  if (name === '#') return okay(written(String(scope.args().length)));
  // Arrays in such scripts hold the CPUs or queues of a machine, which only that machine knows: the n-th is taken to be n.
  if (index !== null) {
    if (!scope.isArray(name)) return { ok: false, why: `\`${name}\` is no array here` };
    const place = arithmetic(/^\$\(\((.*)\)\)$/.exec(index)?.[1] ?? index, scope);
    const number = place.ok ? Number(known(place.text) ?? Number.NaN) : Number.NaN;
    const element = Number.isNaN(number) ? null : scope.element(name, number);
    return element === null ? place : okay(element);
  }
  const value = scope.variable(name);
  if (value !== null && (value.length > 0 || fallback === null)) return okay(value);
  if (fallback !== null) return expand(fallback, scope, missing);
  return okay(missing === 'empty' ? [] : scope.outside(name));
}

// --- arithmetic -----------------------------------------------------------------------------------------------------------

/** A number, or the expression of one. */
type Sum = { readonly source: string; readonly value: number | null; readonly binds: 'product' | 'sum' };

/** `$((…))`, of whole numbers, names, `+ - *` and brackets. */
export function arithmetic(text: string, scope: Scope): Expanded {
  const reader = new ArithmeticReader(text, scope);
  const sum = reader.whole();
  if (sum === null) return { ok: false, why: `\`${text.trim()}\` is not worked out here` };
  return okay(sum.value === null ? [{ source: sum.source, parameter: null }] : written(String(sum.value)));
}

class ArithmeticReader {
  readonly #tokens: readonly string[];
  readonly #scope: Scope;
  #at = 0;

  constructor(text: string, scope: Scope) {
    const tokens = text.match(/\$\{[^}]*\}|\$?\w+|[-+*/%()]|\S/g);
    this.#tokens = tokens ?? [];
    this.#scope = scope;
  }

  whole(): Sum | null {
    const sum = this.#sum();
    return this.#at === this.#tokens.length ? sum : null;
  }

  #sum(): Sum | null {
    let left = this.#product();
    while (left !== null && /^[-+]$/.test(this.#tokens[this.#at] ?? '')) {
      const operator = this.#tokens[this.#at++] as string;
      const right = this.#product();
      left = right === null ? null : combined(left, operator, right);
    }
    return left;
  }

  #product(): Sum | null {
    let left = this.#factor();
    while (left !== null && this.#tokens[this.#at] === '*') {
      this.#at++;
      const right = this.#factor();
      left = right === null ? null : combined(left, '*', right);
    }
    return left;
  }

  #factor(): Sum | null {
    const token = this.#tokens[this.#at++];
    if (token === undefined) return null;
    if (token === '(') {
      const inner = this.#sum();
      return this.#tokens[this.#at++] === ')' ? inner : null;
    }
    if (/^\d+$/.test(token)) return { source: token, value: Number(token), binds: 'product' };
    const name = /^\$?\{?([A-Za-z_]\w*|\d)\}?$/.exec(token)?.[1];
    if (name === undefined) return null;
    const value = this.#scope.variable(name);
    if (value === null || value.length === 0) return { source: '0', value: 0, binds: 'product' };
    const [only] = value;
    if (value.length !== 1 || only === undefined) return null;
    if (typeof only !== 'string') {
      if (!this.#scope.number(only)) return null;
      return { source: only.source, value: null, binds: /\s/.test(only.source) ? 'sum' : 'product' };
    }
    return /^-?\d+$/.test(only) ? { source: only, value: Number(only), binds: 'product' } : null;
  }
}

function combined(left: Sum, operator: string, right: Sum): Sum {
  if (left.value !== null && right.value !== null) {
    const value =
      operator === '+'
        ? left.value + right.value
        : operator === '-'
          ? left.value - right.value
          : left.value * right.value;
    return { source: String(value), value, binds: 'product' };
  }
  if (operator !== '*') {
    if (right.value === 0) return left;
    if (left.value === 0 && operator === '+') return right;
    const behind = operator === '-' && right.binds === 'sum' ? `(${right.source})` : right.source;
    return constantsFolded({ source: `${left.source} ${operator} ${behind}`, value: null, binds: 'sum' });
  }
  const factor = ({ source, binds }: Sum): string => (binds === 'sum' ? `(${source})` : source);
  return { source: `${factor(left)} * ${factor(right)}`, value: null, binds: 'product' };
}

/** `n + 1 - 1` is `n`, and `n + 2 - 1` is `n + 1`: loops up to but not including count so. */
function constantsFolded(sum: Sum): Sum {
  const [, head = '', sign = '', first = '', operator = '', second = ''] =
    /^(.*) ([-+]) (\d+) ([-+]) (\d+)$/.exec(sum.source) ?? [];
  if (head === '') return sum;
  const total = Number(`${sign}${first}`) + Number(`${operator}${second}`);
  if (total === 0) return { ...sum, source: head, binds: /\s/.test(head) ? 'sum' : 'product' };
  return { ...sum, source: `${head} ${total < 0 ? '-' : '+'} ${Math.abs(total)}` };
}

// --- tests ----------------------------------------------------------------------------------------------------------------

/** The outcome of `[ … ]` on expanded words; null where it is not known. */
export function testOf(words: readonly Text[]): boolean | null {
  const texts = words.map(known);
  for (const [operator, both] of [
    [
      '||',
      (a: boolean | null, b: boolean | null) =>
        a === true || b === true ? true : a === null || b === null ? null : false,
    ],
    [
      '&&',
      (a: boolean | null, b: boolean | null) =>
        a === false || b === false ? false : a === null || b === null ? null : true,
    ],
  ] as const) {
    const at = texts.indexOf(operator);
    if (at > 0) return both(testOf(words.slice(0, at)), testOf(words.slice(at + 1)));
  }
  const [first] = texts;
  if (first === '!') {
    const inner = testOf(words.slice(1));
    return inner === null ? null : !inner;
  }
  if (words.length === 1) return words[0]?.length !== 0;
  const [, second] = words;
  if (words.length === 2 && (first === '-z' || first === '-n')) return (second?.length === 0) === (first === '-z');
  if (words.length !== 3) return null;
  const [left, operator, right] = texts;
  if (left === null || left === undefined || right === null || right === undefined) return null;
  if (operator === '=' || operator === '==') return left === right;
  if (operator === '!=') return left !== right;
  const [a, b] = [Number(left), Number(right)];
  if (Number.isNaN(a) || Number.isNaN(b)) return null;
  const comparisons: Readonly<Record<string, boolean>> = {
    '-eq': a === b,
    '-ne': a !== b,
    '-lt': a < b,
    '-le': a <= b,
    '-gt': a > b,
    '-ge': a >= b,
  };
  return comparisons[operator ?? ''] ?? null;
}
