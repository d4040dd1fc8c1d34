// SPDX-License-Identifier: Apache-2.0

import type { Span } from '../source.ts';
import type { Code, Diagnostic } from './diagnostic.ts';

/**
 * Why a value could not be had: a user's mistake that evaluation met. The checker makes a diagnostic of it when the
 * expression is constant, the executor when it happens in a run.
 */
export interface Failure {
  readonly code: Code;
  readonly message: string;
  readonly span: Span;
  readonly hints: readonly string[];
}

/** A failure whose place is not known to whom it happened; evaluation puts the span of the expression to it. */
export type Unplaced = Omit<Failure, 'span'>;

/** What evaluation gives. */
export type Outcome<V> = { readonly ok: true; readonly value: V } | { readonly ok: false; readonly failure: Failure };

/** The failure that says what a diagnostic says. */
export function failureFrom(diagnostic: Diagnostic): Failure {
  const { code, message, span, hints } = diagnostic;
  return { code: code as Code, message, span, hints };
}

/** The diagnostic that says what a failure says. */
export function diagnosticFrom(failure: Failure): Diagnostic {
  return { ...failure, severity: 'error', note: '', labels: [], fixes: [] };
}
