// SPDX-License-Identifier: Apache-2.0

import { entry, reporter } from '../../lang/diagnostics/diagnostic.ts';
import { articled } from '../../lang/types.ts';
import type { ScalarType } from '../../lang/value.ts';

/** Mistakes on the command line that have a text to point into: the option's value, or the file that it meets. */
export const commandLineCatalogue = {
  PG7001: entry<{ byte: string }>(
    'error',
    'not UTF-8',
    ({ byte }) => `the file is not UTF-8: the byte 0x${byte} has no meaning here`,
  ),
  PG7002: entry<{ given: string }>(
    'error',
    '`--set` without a value',
    ({ given }) => `\`--set ${given}\` names no ${given.startsWith('=') ? 'parameter' : 'value'}`,
  ),
  PG7003: entry<{ given: string; name: string; file: string }>(
    'error',
    'no such parameter',
    ({ given, name, file }) => `\`--set ${given}\`: ${file} has no parameter \`${name}\``,
  ),
  PG7004: entry<{ given: string; name: string; type: ScalarType; problem: string }>(
    'error',
    'the value does not fit the parameter',
    ({ given, name, type, problem }) => `\`--set ${given}\`: \`${name}\` is ${articled(type)}, but ${problem}`,
  ),
  PG7005: entry<{ name: string }>(
    'error',
    'parameter set twice',
    ({ name }) => `\`--set\` gives \`${name}\` a value twice`,
  ),
  PG7006: entry<{ name: string }>(
    'error',
    'parameter without a value',
    ({ name }) => `the parameter \`${name}\` has no default, and no \`--set\` gives it a value`,
  ),
  PG7007: entry<{ line: string; why: string }>(
    'warning',
    'not carried over',
    ({ line, why }) => `\`${line}\` is not carried over: ${why}`,
  ),
  PG7008: entry<{ line: string; why: string }>(
    'warning',
    'carried over in another sense',
    ({ line, why }) => `\`${line}\`: ${why}`,
  ),
} as const;

export const report = reporter(commandLineCatalogue);
