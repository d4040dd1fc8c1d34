// SPDX-License-Identifier: Apache-2.0

import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { SourceFile } from '../../lang/source.ts';
import { layOut } from '../../lang/syntax/layout.ts';
import { lex } from '../../lang/syntax/lexer.ts';
import { parse } from '../../lang/syntax/parser.ts';
import * as T from '../../lang/syntax/tokens.ts';
import { isSystemError, reasonOf } from '../system-error.ts';

/** Statements that are kept: some weeks' work. */
export const mostEntries = 1000;

/**
 * Where the statements of all sessions are kept: `PKTSH_HISTORY`, or by the XDG base directories. Null where
 * `PKTSH_HISTORY` is empty or `/dev/null`: nothing is kept.
 */
export function historyPath(environment: Readonly<Record<string, string | undefined>>): string | null {
  const { PKTSH_HISTORY: given, XDG_STATE_HOME: state } = environment;
  if (given !== undefined) return given === '' || given === '/dev/null' ? null : given;
  const base = state === undefined || state === '' ? join(homedir(), '.local/state') : state;
  return join(base, 'pktsh/history');
}

/**
 * Statements of all sessions, one a line in a file that only its owner reads. A file that cannot be kept is no reason to
 * stop: what is entered is then known to this session alone, and `trouble` says why.
 */
export class History {
  #path: string | null;
  #trouble: string | null = null;
  /** Newest first, as readline has them. */
  readonly entries: string[] = [];

  constructor(path: string | null) {
    this.#path = path;
    this.#keep((file) => {
      if (!existsSync(file)) return null;
      // A FIFO or a device would be waited for.
      if (!statSync(file).isFile()) return 'it is no ordinary file';
      const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
      chmodSync(file, ownerOnly.mode);
      // Several shells append; whoever starts cuts.
      if (lines.length > 2 * mostEntries) writeFileSync(file, `${lines.slice(-mostEntries).join('\n')}\n`, ownerOnly);
      this.entries.push(...lines.slice(-mostEntries).reverse());
      return null;
    });
  }

  /** Why nothing is kept any more, to be told once; null where all is well or it was asked for before. */
  takeTrouble(): string | null {
    const trouble = this.#trouble;
    this.#trouble = null;
    return trouble;
  }

  /** Keeps a statement, unless it is the one before once more. */
  add(statement: string): void {
    const entry = oneLine(statement);
    if (entry === '' || entry === this.entries[0]) return;
    this.entries.unshift(entry);
    this.entries.length = Math.min(this.entries.length, mostEntries);
    this.#keep((file) => {
      makeFolder(dirname(file));
      appendFileSync(file, `${entry}\n`, ownerOnly);
      return null;
    });
  }

  /** Does something with the file; what comes in its way, found by the work or by the system, ends the keeping. */
  #keep(work: (file: string) => string | null): void {
    const file = this.#path;
    if (file === null) return;
    const trouble = attempt(() => work(file));
    if (trouble === null) return;
    this.#path = null;
    this.#trouble = `${file}: ${trouble}`;
  }
}

function attempt(work: () => string | null): string | null {
  try {
    return work();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return reasonOf(error);
  }
}

/** Makes a folder and those above it. Node's own `recursive` never ends below /proc, where the kernel says ENOENT for ever. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}

/** Addresses and names of a laboratory are nobody else's business. */
const ownerOnly = { mode: 0o600 };

/**
 * A statement on one line, without its comments: what Up brings back whole. Where that would mean another thing, as in a
 * text with mistakes, only the blanks at line ends go.
 */
export function oneLine(statement: string): string {
  const text = statement.trim();
  if (!/[\r\n]/.test(text)) return text;
  const { tokens } = lex(text);
  const pieces: string[] = [];
  let end = 0;
  let pending = '';
  for (const token of layOut(tokens, text.length).tokens) {
    if (token.tokenType === T.Newline) {
      pending = '; ';
      continue;
    }
    if (token.image === '') continue;
    const opens = token.tokenType === T.CloseBrace || pieces.at(-1) === '{';
    const apart = /\s|#/.test(text.slice(end, token.startOffset)) ? ' ' : '';
    if (pieces.length > 0) pieces.push(pending !== '' && !opens ? pending : pending !== '' ? ' ' : apart);
    pieces.push(token.image);
    end = token.startOffset + token.image.length;
    pending = '';
  }
  const joined = pieces.join('').trim();
  const sound = parse(new SourceFile('', joined)).diagnostics.length === 0;
  return sound ? joined : text.replace(/\s*[\r\n]+\s*/g, ' ');
}
