// SPDX-License-Identifier: Apache-2.0

import { type Engine, EngineError, type Probe } from '../engine.ts';
import { type EnvironmentFacts, environmentFacts } from '../environment-facts.ts';
import { type Refusal, refusal } from '../refusal.ts';
import { reportedRefusal, writeDocument, writeRefusal } from '../report/json.ts';
import type { Output } from '../report/output.ts';
import type { Palette } from '../report/palette.ts';
import { type Cell, layoutTable } from '../report/table.ts';
import { openEngine } from './open-engine.ts';

export interface DoctorFlags {
  readonly json?: boolean;
}

/**
 * `pktsh doctor`: what the machine is, and what the engine can do on each interface. Exit status 4 if the senders cannot be
 * used at all; an interface that cannot do a thing is a finding, not a failure.
 */
export async function doctorCommand(output: Output): Promise<number> {
  const environment = environmentFacts();
  const examined = await examine();
  if (output.json) {
    writeDocument(output.stdout, {
      schema: 'pktsh.doctor/1',
      exit: examined.refusal === null ? 0 : examined.refusal.exit,
      environment,
      probes: examined.probes,
      diagnostics: examined.refusal === null ? [] : [reportedRefusal(examined.refusal)],
    });
  } else {
    output.stdout.write(doctorText(environment, examined.probes, output.stdout.palette));
  }
  if (examined.refusal === null) return 0;
  writeRefusal(examined.refusal, output.stderr);
  return examined.refusal.exit;
}

interface Examined {
  readonly probes: readonly Probe[];
  readonly refusal: Refusal | null;
}

async function examine(): Promise<Examined> {
  const opened = await openEngine('native');
  if (!opened.ok) return { probes: [], refusal: opened.refusal };
  const engine: Engine = opened.engine;
  const closeNow = (): void => engine.closeNow();
  process.on('exit', closeNow);
  try {
    return { probes: await engine.probe(), refusal: null };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return { probes: [], refusal: refusal(4, error.message, error.mend) };
  } finally {
    await engine.close();
    process.off('exit', closeNow);
  }
}

function doctorText(environment: EnvironmentFacts, probes: readonly Probe[], palette: Palette): string {
  const unknown = 'not known';
  const virtual = environment.virtualised === null ? '' : environment.virtualised ? ', virtual machine' : '';
  const facts: readonly (readonly [string, string])[] = [
    ['pktsh', `${environment.pktsh}, Node ${environment.node}`],
    ['kernel', `${environment.system} ${environment.kernel} ${environment.architecture}${virtual}`],
    ['CPUs', `${environment.usableCpus} of ${environment.cpus} usable, ${environment.cpu ?? unknown}`],
    ['governor', environment.governor ?? unknown],
    ['clocksource', environment.clocksource ?? unknown],
  ];
  const machine = facts.map(([name, value]) => `${palette.strong(name.padEnd(12))} ${value}`);
  if (probes.length === 0) return `${machine.join('\n')}\n`;
  const rows = probes.map((probe): Cell[] => [
    probe.interface === '' ? 'this machine' : probe.interface,
    probe.subject,
    probe.available ? { text: 'yes', paint: palette.good } : { text: 'no', paint: palette.error },
    probe.reason ?? '',
  ]);
  const columns = ['interface', 'what', 'can', 'why not'].map((title) => ({ title, align: 'left' as const }));
  const table = layoutTable(columns, rows, palette.strong);
  const mends = new Map(probes.flatMap((probe) => (probe.mend === null ? [] : [[mendKey(probe), probe.mend]])));
  const hints = [...mends].map(([what, mend]) => `  ${what}: ${mend}`);
  return `${[...machine, '', ...table, ...(hints.length > 0 ? ['', 'to mend:', ...hints] : [])].join('\n')}\n`;
}

function mendKey(probe: Probe): string {
  return probe.interface === '' ? probe.subject : `${probe.subject} on ${probe.interface}`;
}
