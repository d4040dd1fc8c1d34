// SPDX-License-Identifier: Apache-2.0

import { compile } from '../../lang/index.ts';
import type { Param, Program } from '../../lang/op.ts';
import type { Value } from '../../lang/value.ts';
import { readImport } from '../import-reader.ts';
import type { Finding } from '../refusal.ts';
import { writeFindings } from '../report/findings.ts';
import { diagnosticsDocument, refuse, reportedFindings, writeDocument } from '../report/json.ts';
import type { Output } from '../report/output.ts';
import { planText } from '../report/plan-text.ts';
import { nameOf, readScript, type ScriptInput } from '../script-input.ts';
import { parameterValues } from './parameter-values.ts';

export interface PlanFlags {
  readonly json?: boolean;
  readonly set?: readonly string[];
}

/**
 * `pktsh plan FILE`: what the file compiles to, as a list of control operations or, under `--json`, as the program itself.
 * Nothing runs, so nothing in it varies from run to run, and a parameter without a value is no mistake yet.
 */
export async function planCommand(input: ScriptInput, flags: PlanFlags, output: Output): Promise<number> {
  const script = await readScript(input);
  if ('refusal' in script) return refuse(script.refusal, output);
  const findings: Finding[] = [];
  if (script.ok) {
    const { program, diagnostics, source } = compile(script.source, readImport);
    findings.push({ source, diagnostics });
    if (program !== null) {
      const given = parameterValues(program, flags.set ?? [], 'may be missing');
      if (given.ok) {
        writeFindings(findings, output.stderr);
        if (output.json) writeDocument(output.stdout, withValues(program, given.values));
        else output.stdout.write(planText(program, given.values, output.stdout.palette));
        return 0;
      }
      findings.push(...given.findings);
    }
  } else {
    findings.push(script.finding);
  }
  writeFindings(findings, output.stderr);
  if (output.json) writeDocument(output.stdout, diagnosticsDocument(2, [nameOf(input)], reportedFindings(findings)));
  return 2;
}

function withValues(program: Program, values: ReadonlyMap<string, Value>): Program {
  const params = program.params.map((param): Param => {
    const value = values.get(param.name);
    return value === undefined ? param : { ...param, value: { kind: 'constant', value, span: param.span } };
  });
  return { ...program, params };
}
