// SPDX-License-Identifier: Apache-2.0

import { check } from './checker.ts';
import type { Diagnostic } from './diagnostic.ts';
import { type Program, programSchema } from './op.ts';
import { parse } from './parser.ts';
import type { SourceFile } from './source.ts';

export interface Compiled {
  /** Null where any diagnostic is an error; warnings may stand beside a program. */
  readonly program: Program | null;
  /** All of the file's, in source order. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Makes a program of a text: parsed, checked, elaborated. Never throws for anything that a user wrote. */
export function compile(source: SourceFile): Compiled {
  const parsed = parse(source);
  const { params, lab, functions, scenarios, diagnostics: found } = check(source, parsed.file, parsed.diagnostics);
  const diagnostics = [...parsed.diagnostics, ...found].sort((a, b) => a.span.start - b.span.start);
  if (diagnostics.some((diagnostic) => diagnostic.severity === 'error')) return { program: null, diagnostics };
  const { name, text } = source;
  return { program: { schema: programSchema, source: { name, text }, params, lab, functions, scenarios }, diagnostics };
}
