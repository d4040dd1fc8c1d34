// SPDX-License-Identifier: Apache-2.0

import { concurrencyProblems } from './check/concurrency.ts';
import { type Addition, checkEntry, type Declared, type Made, nothingDeclared } from './check/entry.ts';
import type { Diagnostic } from './diagnostics/diagnostic.ts';
import { type ImportReader, loadBehind, noImports } from './imports.ts';
import { Regions } from './offsets.ts';
import type { Scenario } from './op.ts';
import { SourceFile } from './source.ts';
import type { File } from './syntax/ast.ts';

export type { Addition, Made } from './check/entry.ts';

/** An open scenario as far as it was entered: what a shell keeps between statements. Plain to copy, never changed. */
export interface Session {
  /** Every entry that was carried out, each a part of its own: spans count in all of it and stay as they are. */
  readonly source: SourceFile;
  readonly declared: Declared;
}

export interface Entered {
  readonly diagnostics: readonly Diagnostic[];
  /** The session's text with the entry behind it. */
  readonly source: SourceFile;
  /** The entry's statements, with their places in `source`. */
  readonly file: File;
  /** Whether nothing is wrong but that the text ends too early: a shell then asks for another line. */
  readonly incomplete: boolean;
  /** Null where any diagnostic is an error. */
  readonly addition: Addition | null;
  /** The session once the addition was carried out. */
  readonly accepted: (made: Made) => Session;
}

/** A session in which nothing was entered. `name` is what diagnostics call it. */
export function openSession(name: string): Session {
  return { source: new SourceFile(name, ''), declared: nothingDeclared };
}

/**
 * Checks one more text of an open scenario. Pure: the session given stays as it is, and a text with mistakes leaves
 * nothing behind.
 *
 * @param name the entry's name in diagnostics; imports are relative to it
 */
export function enter(session: Session, name: string, text: string, read: ImportReader = noImports): Entered {
  const loaded = loadBehind(session.source, { name, text }, read);
  const { source, file, incomplete } = loaded;
  const checked = checkEntry(session.declared, loaded);
  const unread = new Regions(loaded.unread);
  const own = checked.diagnostics.filter(({ span }) => !unread.hold(span.start));
  const found = inOrder([...loaded.diagnostics, ...own]);
  const failed = found.some(({ severity }) => severity === 'error');
  const functions = [...session.declared.functions, ...checked.addition.functions];
  const races = failed ? [] : concurrencyProblems([scenarioOf(checked.addition)], functions, source).filter(isSettled);
  return {
    diagnostics: inOrder([...found, ...races]),
    source,
    file,
    incomplete,
    addition: failed ? null : checked.addition,
    accepted: (made) => ({ source, declared: checked.declared(made) }),
  };
}

/** The run that an `at` waits for may begin with a later entry. */
function isSettled({ code }: Diagnostic): boolean {
  return code !== 'PG4001';
}

function scenarioOf({ receivers, body, span }: Addition): Scenario {
  return { name: '', each: null, span, receivers, prelude: [], setup: [], body, teardown: [] };
}

function inOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return [...diagnostics].sort((a, b) => a.span.start - b.span.start);
}
