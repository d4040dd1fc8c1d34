// SPDX-License-Identifier: Apache-2.0

import { compile } from '../../lang/compiler.ts';
import { readImport } from '../import-reader.ts';
import { writeFindings } from '../report/findings.ts';
import { refuse } from '../report/json.ts';
import type { Output } from '../report/output.ts';
import { parametersText } from '../report/plan-text.ts';
import { readScript } from '../script-input.ts';

/**
 * `pktsh soak.pg --help`: what the file says of itself in the comment that it begins with, and its parameters. Exit status 2
 * where it has mistakes.
 */
export async function scenarioHelp(path: string, output: Output): Promise<number> {
  const script = await readScript({ kind: 'file', path });
  if ('refusal' in script) return refuse(script.refusal, output);
  if (!script.ok) {
    writeFindings([script.finding], output.stderr);
    return 2;
  }
  const { program, diagnostics, source } = compile(script.source, readImport);
  if (program === null) {
    writeFindings([{ source, diagnostics }], output.stderr);
    return 2;
  }
  const { palette } = output.stdout;
  const parts = [
    `${palette.strong('Usage:')} pktsh run ${path} [--set name=value] [options]`,
    openingComment(script.source.text),
    parametersText(program, new Map(), palette) || 'The file has no parameters.',
    'See `pktsh run --help` for the options.',
  ];
  output.stdout.write(`${parts.filter((part) => part !== '').join('\n\n')}\n`);
  return 0;
}

/** The comment that a text begins with, without its signs, the shebang and the licence. */
function openingComment(text: string): string {
  const lines = text.split(/\r\n|\n|\r/);
  const end = lines.findIndex((line) => !line.startsWith('#'));
  return lines
    .slice(0, end < 0 ? lines.length : end)
    .filter((line) => !line.startsWith('#!') && !line.includes('SPDX-License-Identifier'))
    .map((line) => line.replace(/^#+ ?/, '').trimEnd())
    .join('\n')
    .trim();
}
