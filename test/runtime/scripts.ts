// SPDX-License-Identifier: Apache-2.0

import * as assert from 'uvu/assert';
import type { Diagnostic } from '../../lang/diagnostics/diagnostic.ts';
import { compile } from '../../lang/index.ts';
import type { Program } from '../../lang/op.ts';
import { SourceFile } from '../../lang/source.ts';
import type { Value } from '../../lang/value.ts';
import type { Engine } from '../../runtime/engine.ts';
import { type DryRunEngine, dryRunEngine } from '../../runtime/engines/dry-run.ts';
import type { Results, ScenarioResults } from '../../runtime/results.ts';
import { type RunOptions, run } from '../../runtime/run.ts';

/** A veth pair, a receiver and a frame: what most scripts begin with. */
export const bench = `
lab { veth tx0 <-> rx0; veth tx1 <-> rx1 }
receiver sink on rx0
frame probe = eth(dst: rx0.mac) / ipv4(src: 10.0.0.1, dst: 10.0.0.2) / udp(src: 1024, dst: 9) / pktgen
`;

/** Compiles a script that must be right. */
export function program(text: string): Program {
  const { program: compiled, diagnostics } = compile(new SourceFile('test.pg', text));
  assert.ok(compiled !== null, `does not compile: ${diagnostics.map((d) => `${d.code} ${d.message}`).join('; ')}`);
  return compiled as Program;
}

export interface Carried {
  readonly results: Results;
  /** Of the only scenario. */
  readonly scenario: ScenarioResults;
  readonly prints: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
  readonly engine: DryRunEngine;
}

/** Runs a script on the dry engine. */
export async function dryRun(text: string, options: Partial<RunOptions> = {}): Promise<Carried> {
  const engine = dryRunEngine();
  const carried = await runOn(engine, text, options);
  await engine.close();
  return { ...carried, engine };
}

export async function runOn(
  engine: Engine,
  text: string,
  options: Partial<RunOptions> = {},
): Promise<Omit<Carried, 'engine'>> {
  const prints: string[] = [];
  const diagnostics: Diagnostic[] = [];
  const results = await run(program(text), engine, {
    params: new Map<string, Value>(),
    seed: 1n,
    lab: false,
    maxDuration: null,
    allow: [],
    signal: new AbortController().signal,
    onPrint: (line) => prints.push(line),
    onProgress: () => {},
    onDiagnostic: (diagnostic) => diagnostics.push(diagnostic),
    ...options,
  });
  return { results, scenario: results.scenarios[0] as ScenarioResults, prints, diagnostics };
}
