// SPDX-License-Identifier: Apache-2.0

import type { Diagnostic } from '../../lang/diagnostics/diagnostic.ts';
import { nearest } from '../../lang/diagnostics/suggest.ts';
import type { Param, Program } from '../../lang/op.ts';
import { SourceFile } from '../../lang/source.ts';
import { parseValue } from '../../lang/syntax/literals.ts';
import type { ScalarType, Value } from '../../lang/value.ts';
import type { Finding } from '../refusal.ts';
import { report } from './catalogue.ts';

export type ParameterValues =
  | { readonly ok: true; readonly values: ReadonlyMap<string, Value> }
  | { readonly ok: false; readonly findings: readonly Finding[] };

/** What has parameters: a program, or a text that is entered into a shell. */
export type Parameterised = Pick<Program, 'params' | 'source'>;

/**
 * The values that `--set name=value` gives to parameters of a program: every mistake in one go, and, where all must have a
 * value, every parameter without a default that got none.
 */
export function parameterValues(
  program: Parameterised,
  settings: readonly string[],
  undefaulted: 'must be given' | 'may be missing',
): ParameterValues {
  const values = new Map<string, Value>();
  const findings: Finding[] = [];
  const mentioned = new Set<string>();
  for (const setting of settings) {
    const parsed = readSetting(program, setting, mentioned);
    if (parsed.ok) values.set(parsed.name, parsed.value);
    else findings.push({ source: new SourceFile('--set', setting), diagnostics: [parsed.diagnostic] });
  }
  const source = SourceFile.of(program.source);
  const missing = program.params
    .filter((param) => undefaulted === 'must be given' && param.value === null && !mentioned.has(param.name))
    .map((param) => report('PG7006', { name: param.name }, param.span, { hints: [`\`${example(param)}\``] }));
  if (missing.length > 0) findings.push({ source, diagnostics: missing });
  return findings.length > 0 ? { ok: false, findings } : { ok: true, values };
}

type Setting =
  | { readonly ok: true; readonly name: string; readonly value: Value }
  | { readonly ok: false; readonly diagnostic: Diagnostic };

function readSetting(program: Parameterised, given: string, mentioned: Set<string>): Setting {
  const equals = given.indexOf('=');
  if (equals <= 0) {
    const param = program.params.find((one) => one.name === given);
    return wrong(
      report(
        'PG7002',
        { given },
        { start: 0, end: given.length },
        {
          hints: [`write \`${param === undefined ? '--set name=value' : example(param)}\``],
        },
      ),
    );
  }
  const name = given.slice(0, equals).trim();
  const text = given.slice(equals + 1).trim();
  const nameSpan = { start: 0, end: equals };
  const param = program.params.find((one) => one.name === name);
  if (param === undefined) {
    return wrong(
      report('PG7003', { given, name, file: program.source.name }, nameSpan, {
        hints: namesHint(name, program.params),
      }),
    );
  }
  if (mentioned.has(name)) return wrong(report('PG7005', { name }, nameSpan));
  mentioned.add(name);
  const literal = parseValue(param.type, text);
  if (literal.ok) return { ok: true, name, value: literal.value };
  const problem = literal.diagnose({ start: equals + 1, end: given.length });
  return wrong(
    report('PG7004', { given, name, type: param.type, problem: problem.message }, problem.span, {
      note: problem.note,
      hints: problem.hints.length > 0 ? problem.hints : [`for example \`${example(param)}\``],
    }),
  );
}

function wrong(diagnostic: Diagnostic): Setting {
  return { ok: false, diagnostic };
}

function namesHint(name: string, params: readonly Param[]): readonly string[] {
  if (params.length === 0) return ['the file declares no parameters'];
  const names = params.map((param) => param.name);
  const near = nearest(name, names);
  const there = `it has ${params.map((param) => `\`${param.name}\` (${param.type})`).join(', ')}`;
  return near === null ? [there] : [`did you mean \`${near}\`?`, there];
}

/** A value of each type that people know how to change. */
const examples: Readonly<Partial<Record<ScalarType, string>>> = {
  number: '3',
  bool: 'true',
  string: 'text',
  duration: '2s',
  size: '64B',
  pps: '100kpps',
  bps: '1Gbps',
  percent: '1%',
  mac: '02:00:00:00:00:01',
  ipv4: '10.0.0.1',
  ipv6: '2001:db8::1',
  prefix: '10.0.0.0/24',
  interface: 'eth1',
};

function example(param: Param): string {
  return `--set ${param.name}=${examples[param.type] ?? 'value'}`;
}
