// SPDX-License-Identifier: Apache-2.0

import { appendFileSync, chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { SourceFile } from '../../lang/source.ts';
import { layOut } from '../../lang/syntax/layout.ts';
import { lex } from '../../lang/syntax/lexer.ts';
import { parse } from '../../lang/syntax/parser.ts';
import * as T from '../../lang/syntax/tokens.ts';
import { isSystemError } from '../system-error.ts';

/** Statements that are kept: some weeks' work. */
export const mostEntries = 1000;

/**
 * Where the statements of all sessions are kept: `PKTSH_HISTORY`, or by the XDG base directories. Null where
 * `PKTSH_HISTORY` is empty: nothing is kept.
 */
export function historyPath(environment: Readonly<Record<string, string | undefined>>): string | null {
  const { PKTSH_HISTORY: given, XDG_STATE_HOME: state } = environment;
  if (given !== undefined) return given === '' ? null : given;
  const base = state === undefined || state === '' ? join(homedir(), '.local/state') : state;
  return join(base, 'pktsh/history');
}

/** Statements of all sessions, one a line in a file that only its owner reads. A file that cannot be kept is no reason to stop. */
export class History {
  readonly #path: string | null;
  /** Newest first, as readline has them. */
  readonly entries: string[] = [];

  constructor(path: string | null) {
    this.#path = path;
    if (path === null) return;
    attempt(() => {
      const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
      this.entries.push(...lines.slice(-mostEntries).reverse());
      // Several shells append; whoever starts cuts.
      if (lines.length > 2 * mostEntries) writeFileSync(path, `${lines.slice(-mostEntries).join('\n')}\n`, ownerOnly);
      chmodSync(path, ownerOnly.mode);
    });
  }

  /** Keeps a statement, unless it is the one before once more. */
  add(statement: string): void {
    const entry = oneLine(statement);
    if (entry === '' || entry === this.entries[0]) return;
    this.entries.unshift(entry);
    this.entries.length = Math.min(this.entries.length, mostEntries);
    const path = this.#path;
    if (path === null) return;
    attempt(() => {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      appendFileSync(path, `${entry}\n`, ownerOnly);
    });
  }
}

/** Addresses and names of a laboratory are nobody else's business. */
const ownerOnly = { mode: 0o600 };

function attempt(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}

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
