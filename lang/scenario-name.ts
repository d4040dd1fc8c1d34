// SPDX-License-Identifier: Apache-2.0

import type { Expr } from './op.ts';
import type { SourceFile } from './source.ts';
import { formatValue } from './syntax/literals.ts';

/** What a scenario is called that runs once for each of several values: `size[bytes=64B]`. */
export function instanceName(scenario: string, variable: string, value: string): string {
  return `${scenario}[${variable}=${value}]`;
}

/** A value of `scenario … for` as its name shows it: as the language writes it, or as it stands in the text. */
export function valueText(source: SourceFile, value: Expr): string {
  return value.kind === 'constant' ? formatValue(value.value) : source.slice(value.span);
}
