// SPDX-License-Identifier: Apache-2.0

import type { Diagnostic } from '../lang/diagnostics/diagnostic.ts';
import type { SourceFile } from '../lang/source.ts';

/**
 * Why a command cannot be carried out, as a value. `exit`: 2 where the command line or the script is wrong, 4 where the
 * machine is unsuitable. `message` is one line without a full stop.
 */
export interface Refusal {
  readonly exit: 2 | 4;
  readonly message: string;
  readonly hint: string | null;
}

export function refusal(exit: 2 | 4, message: string, hint: string | null = null): Refusal {
  return { exit, message, hint };
}

/** A text with what is wrong in it. */
export interface Finding {
  readonly source: SourceFile;
  readonly diagnostics: readonly Diagnostic[];
}
