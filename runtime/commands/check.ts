// SPDX-License-Identifier: Apache-2.0

import { compile } from '../../lang/index.ts';
import { readImport } from '../import-reader.ts';
import type { Finding } from '../refusal.ts';
import { writeFindings } from '../report/findings.ts';
import {
  diagnosticsDocument,
  type ReportedDiagnostic,
  reportedFindings,
  reportedRefusal,
  writeDocument,
  writeRefusal,
} from '../report/json.ts';
import type { Output } from '../report/output.ts';
import { inputOf, nameOf, readScript } from '../script-input.ts';

export interface CheckFlags {
  readonly json?: boolean;
}

/** `pktsh check FILE…`: every mistake of every file; exit status 2 if there is an error. A file that cannot be read is one. */
export async function checkCommand(files: readonly string[], output: Output): Promise<number> {
  const found: ReportedDiagnostic[] = [];
  for (const file of files) {
    const script = await readScript(inputOf(file));
    if ('refusal' in script) {
      writeRefusal(script.refusal, output.stderr);
      found.push(reportedRefusal(script.refusal));
      continue;
    }
    const finding: Finding = script.ok ? compile(script.source, readImport) : script.finding;
    writeFindings([finding], output.stderr);
    // Not by spreading: arguments lie on the stack, and there may be a hundred thousand.
    for (const one of reportedFindings([finding])) found.push(one);
  }
  const exit = found.some((one) => one.severity === 'error') ? 2 : 0;
  const document = diagnosticsDocument(
    exit,
    files.map((file) => nameOf(inputOf(file))),
    found,
  );
  const { errors, warnings } = document;
  output.stderr.write(`${number(files.length, 'file')}, ${number(errors, 'error')}, ${number(warnings, 'warning')}\n`);
  if (output.json) writeDocument(output.stdout, document);
  return exit;
}

function number(of: number, noun: string): string {
  return `${of} ${noun}${of === 1 ? '' : 's'}`;
}
