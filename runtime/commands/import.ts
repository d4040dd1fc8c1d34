// SPDX-License-Identifier: Apache-2.0

import { mostShown, writeFindings } from '../report/findings.ts';
import { writeRefusal } from '../report/json.ts';
import type { Output } from '../report/output.ts';
import { inputOf, readScript } from '../script-input.ts';
import { translate } from '../shell-script/translation.ts';

/**
 * `pktsh import SCRIPT`: prints the scenario of a shell script for pktgen, and on standard error a warning for each line that
 * it could not carry over. Exit status 2 where the script cannot be read.
 */
export async function importCommand(file: string, output: Output): Promise<number> {
  const script = await readScript(inputOf(file));
  if ('refusal' in script) {
    writeRefusal(script.refusal, output.stderr);
    return script.refusal.exit;
  }
  if (!script.ok) {
    writeFindings([script.finding], output.stderr);
    return 2;
  }
  const { text, warnings } = translate(script.source);
  for (let from = 0; from < warnings.length; from += mostShown) {
    writeFindings([{ source: script.source, diagnostics: warnings.slice(from, from + mostShown) }], output.stderr);
  }
  output.stdout.write(text);
  return 0;
}
