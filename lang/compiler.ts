// SPDX-License-Identifier: Apache-2.0

import { check } from './check/checker.ts';
import { concurrencyProblems } from './check/concurrency.ts';
import type { Diagnostic } from './diagnostics/diagnostic.ts';
import { type ImportReader, load, noImports } from './imports.ts';
import { Regions } from './offsets.ts';
import { type Program, programSchema } from './op.ts';
import type { SourceFile } from './source.ts';

export interface Compiled {
  /** Null where any diagnostic is an error; warnings may stand beside a program. */
  readonly program: Program | null;
  /** All of the file's and of what it imports, in source order. */
  readonly diagnostics: readonly Diagnostic[];
  /** The text that the spans count in: the file's, and behind it those that it imports. */
  readonly source: SourceFile;
}

/**
 * Makes a program of a text: parsed, checked, elaborated. Never throws for anything that a user wrote.
 *
 * @param read reads the files that the text imports
 */
export function compile(main: SourceFile, read: ImportReader = noImports): Compiled {
  const loaded = load(main, read);
  const { params, lab, functions, scenarios, diagnostics: found } = check(loaded);
  // What could not be read was told of once: what its pieces seem to mean says nothing more.
  const unread = new Regions(loaded.unread);
  const own = found.filter(({ span }) => !unread.hold(span.start));
  const diagnostics = inOrder([...loaded.diagnostics, ...own]);
  const { source } = loaded;
  if (diagnostics.some((diagnostic) => diagnostic.severity === 'error')) return { program: null, diagnostics, source };
  const races = concurrencyProblems(scenarios, functions, source);
  const { name, text } = main;
  const texts = { name, text, imported: source.imported };
  const program: Program = { schema: programSchema, source: texts, params, lab, functions, scenarios };
  return { program, diagnostics: inOrder([...diagnostics, ...races]), source };
}

function inOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return [...diagnostics].sort((a, b) => a.span.start - b.span.start);
}
