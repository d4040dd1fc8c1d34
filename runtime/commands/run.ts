// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile } from '../../lang/index.ts';
import type { Program } from '../../lang/op.ts';
import type { SourceFile } from '../../lang/source.ts';
import { parseValue } from '../../lang/syntax/literals.ts';
import type { Value } from '../../lang/value.ts';
import type { Engine } from '../engine.ts';
import { environmentFacts } from '../environment-facts.ts';
import { readImport } from '../import-reader.ts';
import { type Finding, type Refusal, refusal } from '../refusal.ts';
import { writeFindings } from '../report/findings.ts';
import {
  diagnosticsDocument,
  documentText,
  refuse,
  reportedFindings,
  writeDocument,
  writeRefusal,
} from '../report/json.ts';
import type { Output } from '../report/output.ts';
import { plainPalette } from '../report/palette.ts';
import { around, progressLine } from '../report/progress.ts';
import type { Results } from '../results.ts';
import { readScript, type ScriptInput } from '../script-input.ts';
import { handleSignals } from '../signals.ts';
import { isSystemError, reasonOf } from '../system-error.ts';
import { type OfferedEngine, openEngine } from './open-engine.ts';
import { parameterValues } from './parameter-values.ts';
import { seedOf } from './seed-of.ts';

export interface RunFlags {
  readonly set?: readonly string[];
  readonly engine?: OfferedEngine;
  readonly lab?: boolean;
  readonly seed?: string;
  readonly json?: boolean;
  readonly report?: string;
  readonly quiet?: boolean;
  readonly allow?: readonly string[];
  readonly maxDuration?: string;
}

/** What the flags mean, once read. `maxDuration` in nanoseconds. */
interface RunSettings {
  readonly seed: bigint;
  readonly maxDuration: bigint | null;
}

/** `pktsh run`: carries a scenario file out and gives the verdict's exit status. */
export async function runCommand(input: ScriptInput, flags: RunFlags, output: Output): Promise<number> {
  const settings = readSettings(flags);
  if ('message' in settings) return refuse(settings, output);
  const script = await readScript(input);
  if ('refusal' in script) return refuse(script.refusal, output);
  if (!script.ok) return reject([script.finding], output);
  const { source: main } = script;
  if (input.kind === 'standard input' && main.text.trim() === '') {
    return refuse(refusal(2, 'standard input has no statements', 'see `pktsh --help`'), output);
  }

  const { program, diagnostics, source } = compile(main, readImport);
  const compiled: Finding = { source, diagnostics };
  if (program === null) return reject([compiled], output);
  const parameters = parameterValues(program, flags.set ?? [], 'must be given');
  if (!parameters.ok) return reject([compiled, ...parameters.findings], output);
  writeFindings([compiled], output.stderr);

  const unwritable = flags.report === undefined ? null : makeReportFolder(flags.report);
  if (unwritable !== null) return refuse(unwritable, output);
  return carryOut(source, program, parameters.values, settings, flags, output);
}

/** What was wrong before anything ran: every diagnostic, and under `--json` the document of them. */
function reject(findings: readonly Finding[], output: Output): number {
  writeFindings(findings, output.stderr);
  if (output.json) {
    const files = findings.slice(0, 1).map((finding) => finding.source.name);
    writeDocument(output.stdout, diagnosticsDocument(2, files, reportedFindings(findings)));
  }
  return 2;
}

async function carryOut(
  source: SourceFile,
  program: Program,
  params: ReadonlyMap<string, Value>,
  settings: RunSettings,
  flags: RunFlags,
  output: Output,
): Promise<number> {
  // Before the engine: a signal that comes while it opens must end the run, not tear the process away from it.
  const signals = handleSignals();
  const opened = await openEngine(flags.engine ?? 'native');
  if (!opened.ok) {
    signals.release();
    return refuse(opened.refusal, output);
  }
  const engine: Engine = opened.engine;
  signals.guard(() => engine.closeNow());
  const line = progressLine(output.stderr, () => performance.now());
  const quietly = flags.quiet === true || !output.stderr.terminal;
  const apart = around(line, output);
  // Not as a signal of `handleSignals`: of a Ctrl-C for the whole pipeline the reader's end may be heard first, and the
  // signal must not count as the second one.
  const signal = AbortSignal.any([signals.signal, output.readerGone]);
  try {
    const { run } = await import('../run.ts');
    const carried = await run(program, engine, {
      params,
      seed: settings.seed,
      lab: flags.lab ?? false,
      maxDuration: settings.maxDuration,
      allow: flags.allow ?? [],
      signal,
      onPrint: (text) => (output.json ? apart.stderr : apart.stdout).write(`${text}\n`),
      onProgress: (progress) => {
        if (!quietly) line.show(progress);
      },
      onDiagnostic: (diagnostic) => writeFindings([{ source, diagnostics: [diagnostic] }], apart.stderr),
    });
    line.erase();
    return await deliver({ ...carried, environment: { ...environmentFacts() } }, flags, output);
  } finally {
    line.erase();
    await engine.close();
    signals.release();
  }
}

/** Prints and files the results; gives the verdict's exit status. */
async function deliver(results: Results, flags: RunFlags, output: Output): Promise<number> {
  const { summaryText, verdictLine } = await import('../report/summary.ts');
  if (output.json) writeDocument(output.stdout, results);
  else if (flags.quiet !== true) output.stdout.write(summaryText(results, output.stdout.palette));
  else if (results.exit !== 0 && !output.readerGone.aborted)
    output.stderr.write(`${output.stderr.palette.error('pktsh:')} ${verdictLine(results)}\n`);
  if (flags.report === undefined) return results.exit;
  const unwritten = writeReport(flags.report, results, summaryText(results, plainPalette));
  if (unwritten === null) return results.exit;
  writeRefusal(unwritten, output.stderr);
  // A verdict stands; a run that would have passed has not done what it was asked.
  return results.exit === 0 ? unwritten.exit : results.exit;
}

function readSettings(flags: RunFlags): RunSettings | Refusal {
  const seed = seedOf(flags.seed);
  if (typeof seed !== 'bigint') return seed;
  if (flags.maxDuration === undefined) return { seed, maxDuration: null };
  const duration = parseValue('duration', flags.maxDuration);
  if (!duration.ok || duration.value.type !== 'duration' || duration.value.value <= 0) {
    return refusal(2, `\`--max-duration ${flags.maxDuration}\` is no duration above zero`, '`--max-duration 90s`');
  }
  return { seed, maxDuration: BigInt(duration.value.value) };
}

function makeReportFolder(folder: string): Refusal | null {
  return attempt(`\`--report ${folder}\`: cannot make the directory`, () => mkdirSync(folder, { recursive: true }));
}

function writeReport(folder: string, results: Results, summary: string): Refusal | null {
  return attempt(`cannot write the report into ${folder}`, () => {
    writeFileSync(join(folder, 'results.json'), `${documentText(results)}\n`);
    writeFileSync(join(folder, 'summary.txt'), summary);
  });
}

function attempt(what: string, write: () => void): Refusal | null {
  try {
    write();
    return null;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return refusal(2, `${what}: ${reasonOf(error)}`);
  }
}
