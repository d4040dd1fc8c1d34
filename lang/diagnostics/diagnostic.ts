// SPDX-License-Identifier: Apache-2.0

import type { Span } from '../source.ts';

export type Severity = 'error' | 'warning';

/** A second place that matters to a diagnostic, with a few words on why. */
export interface Label {
  readonly span: Span;
  readonly text: string;
}

/** A replacement that mends a mistake; of several, each alone does. */
export interface Fix {
  readonly span: Span;
  readonly text: string;
}

/**
 * A user's mistake as a value. `message` is one sentence without a full stop, names in backticks, saying what was found
 * and what was expected; `note` stands beside the carets; `hints` say the mend.
 */
export interface Diagnostic {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly span: Span;
  readonly note: string;
  readonly labels: readonly Label[];
  readonly hints: readonly string[];
  /** What the hints say, for editors: only where it is a change of the text. */
  readonly fixes: readonly Fix[];
}

/**
 * What a catalogue says of a code: `message` makes the sentence from typed parameters, so that an unknown code or a missing
 * parameter does not compile; `title` names the mistake for the reference.
 */
export interface CatalogueEntry<P> {
  readonly severity: Severity;
  readonly title: string;
  readonly message: (params: P) => string;
}

/** Families: PG1 text and syntax, PG2 types and units, PG3 names, PG4 concurrency, PG5 frames and devices, PG6 the run, PG7 the command line. */
export type Code = `PG${1 | 2 | 3 | 4 | 5 | 6 | 7}${number}`;

/** A typed catalogue entry; only its message function's parameter type needs writing. */
export function entry<P>(severity: Severity, title: string, message: (params: P) => string): CatalogueEntry<P> {
  return { severity, title, message };
}

/** What a diagnostic may carry beyond its message. */
export interface Details {
  readonly note?: string;
  readonly labels?: readonly Label[];
  readonly hints?: readonly string[];
  readonly fixes?: readonly Fix[];
}

type Catalogue = Readonly<Record<Code, CatalogueEntry<never>>>;
type ParamsOf<E> = E extends CatalogueEntry<infer P> ? P : never;

/** Characters of a message or hint: more than any has that quotes what people write, and less than a screen. */
export const maxMessageLength = 1000;

/** What quotes a word of a megabyte, without its middle. */
function shortened(text: string): string {
  if (text.length <= maxMessageLength) return text;
  const side = (maxMessageLength - 1) / 2;
  return `${text.slice(0, Math.ceil(side))}…${text.slice(-Math.floor(side))}`;
}

/** Gives the function that makes diagnostics of one catalogue: `report('PG2103', { name: 'rate' }, span, { hints })`. */
export function reporter<C extends Catalogue>(
  catalogue: C,
): <K extends keyof C & Code>(code: K, params: ParamsOf<C[K]>, span: Span, details?: Details) => Diagnostic {
  return (code, params, span, details = {}) => {
    const found = catalogue[code] as unknown as CatalogueEntry<typeof params>;
    return {
      code,
      severity: found.severity,
      message: shortened(found.message(params)),
      span,
      note: details.note ?? '',
      labels: details.labels ?? [],
      hints: details.hints?.map(shortened) ?? [],
      fixes: details.fixes ?? [],
    };
  };
}
