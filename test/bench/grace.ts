// SPDX-License-Identifier: Apache-2.0
//
// npm run bench:grace: what grace periods cost, from the core without Node (native/test/bench_*.cc, whose rounds are
// interleaved), from the addon under a scenario, and the memory of a long run of the chaos example. A table, or with --json
// one document. Times are CPU time of the thread meant, where it says CPU; wall time stands beside it.
// CHAOS_SECONDS (60), ROUNDS (5).

import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { namespaces, root } from '../requirements.ts';
import { type Figures, figures, interleave, reportLine } from './measure.ts';

const native = join(root, 'native/test/build');
const pktsh = join(root, 'dist/pktsh.js');
const rounds = Number(process.env.ROUNDS ?? 5);
const chaosSeconds = Number(process.env.CHAOS_SECONDS ?? 60);

interface Bound {
  readonly atMost?: number;
  readonly atLeast?: number;
}
interface Row extends Bound {
  readonly figure: string;
  readonly unit: string;
  readonly found: Figures;
}
const rows: Row[] = [];
/** What could not be measured here. */
const leftOut: string[] = [];

function report(figure: string, values: readonly number[], unit: string, bound: Bound = {}): void {
  if (values.length === 0) throw new Error(`${figure}: no value`);
  rows.push({ figure, unit, found: figures(values), ...bound });
}

/** The figures of one native benchmark by name, one value a round; what it leaves out it says itself. */
function core(program: string, args: readonly number[]): Map<string, readonly number[]> {
  const done = spawnSync(join(native, program), args.map(String), {
    encoding: 'utf8',
    env: { ...process.env, PKTSH_LAB_HELPER: join(native, 'pktsh-lab') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (done.status !== 0) throw new Error(`${program}: exit ${done.status}`);
  const lines = done.stdout.trim().split('\n');
  return new Map(
    lines.map((line) => {
      const { figure, values } = JSON.parse(line) as { figure: string; values: number[] };
      return [figure, values] as const;
    }),
  );
}

/** Round by round. */
function differences(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, at) => value - (b[at] as number));
}

function walks(): void {
  const found = core('shipped/bench_walk', [rounds * 5]);
  for (const [figure, values] of found) report(figure, values, 'ns');
  const of = (way: string) => found.get(`walk of 1, ${way}`) ?? [];
  report('walk of 1, ours beyond nothing', differences(of('ours'), of('nothing')), 'ns', { atMost: 0.3 });
}

async function picks(): Promise<void> {
  // Both builds in turn, so that a drift of the machine touches both alike.
  const ours: Map<string, readonly number[]>[] = [];
  const locked: Map<string, readonly number[]>[] = [];
  const one = (program: string, into: Map<string, readonly number[]>[]) => () => {
    into.push(core(program, [1]));
    return 0;
  };
  await interleave(rounds, { ours: one('shipped/bench_pick', ours), locked: one('locked/bench_pick', locked) });
  const all = (from: readonly Map<string, readonly number[]>[], name: string) =>
    from.flatMap((round) => [...(round.get(name) ?? [])]);
  for (const name of ours[0]?.keys() ?? []) report(`pick: ${name}`, all(ours, name), 'ns');
  const unpaced = (count: number) => all(ours, `unpaced, batches of 32, ${count}, CPU`);
  const paced = (count: number) => all(ours, `paced, one packet a turn, ${count}, CPU`);
  report(
    'pick: unpaced, 1000 devices / 1',
    unpaced(1000).map((value, at) => value / (unpaced(1)[at] as number)),
    'x',
    { atMost: 2 },
  );
  report('pick: paced, 1000 devices beyond 1', differences(paced(1000), paced(1)), 'ns', { atMost: 100 });
  for (const name of ['paced, one packet a turn, 1, CPU', 'unpaced, batches of 32, 1, CPU']) {
    const [without, under] = [all(ours, name), all(locked, name)];
    report(`lock every turn: ${name}`, under, 'ns');
    report(`lock every turn beyond ours: ${name}`, differences(under, without), 'ns');
    report(
      `lock every turn / ours: ${name}`,
      under.map((value, at) => (100 * value) / (without[at] as number)),
      '%',
    );
  }
}

const bounds = new Map<string, Bound>([
  ["removal, packet, all but the control thread's CPU, undisturbed, p99", { atMost: 1000 }],
  ['removal, packet, every CPU sends, undisturbed, p99', { atMost: 1000 }],
  ['another device under 1000 removals a second, CPU', { atLeast: 98 }],
]);

function removals(): void {
  for (const [figure, values] of core('shipped/bench_grace', [rounds])) {
    const unit = figure.endsWith('removals')
      ? ''
      : figure.startsWith('removal')
        ? 'us'
        : figure.startsWith('closing')
          ? 'ms'
          : '%';
    report(figure, values, unit, bounds.get(figure));
  }
  for (const figure of bounds.keys()) if (!rows.some((row) => row.figure === figure)) leftOut.push(figure);
}

interface RunDocument {
  readonly scenarios: readonly {
    readonly grace: { readonly latency: { readonly p50: number; readonly p99: number } };
  }[];
}

async function inTheAddon(): Promise<void> {
  if (cpus().length < 2) {
    leftOut.push('removals inside the addon: they need a second CPU');
    return;
  }
  const p50: number[] = [];
  const p99: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const args = [pktsh, 'run', join(root, 'test/bench/removals.pg'), '--json', '--quiet'];
    const done = spawnSync(process.execPath, args, { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`removals.pg: exit ${done.status}\n${done.stderr}`);
    const latency = (JSON.parse(done.stdout) as RunDocument).scenarios[0]?.grace.latency;
    if (latency === undefined) throw new Error('removals.pg: no grace periods in the results');
    p50.push(latency.p50 / 1e3);
    p99.push(latency.p99 / 1e3);
  }
  report('removal, null, inside the addon, median', p50, 'us');
  report('removal, null, inside the addon, p99', p99, 'us');
}

/** Resident kilobytes of a process, 0 when it has ended. */
function resident(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** The chaos example for a minute: what the process holds at the end against what it held after 10 s. */
async function memory(): Promise<void> {
  const lacking = namespaces();
  if (lacking !== null) {
    leftOut.push(`memory of chaos: ${lacking}`);
    return;
  }
  const file = join(root, 'examples/chaos.pg');
  const began = Date.now();
  const args = [pktsh, 'run', file, '--quiet', '--set', `time=${chaosSeconds}s`];
  const child = spawn(process.execPath, args, { stdio: 'ignore' });
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  const early: number[] = [];
  const late: number[] = [];
  while (child.exitCode === null && child.pid !== undefined) {
    const kilobytes = resident(child.pid);
    const second = (Date.now() - began) / 1000;
    // Two seconds of each, since a collection may be due at any moment.
    if (second >= 10 && second < 12) early.push(kilobytes);
    if (second >= chaosSeconds - 2 && second < chaosSeconds && kilobytes > 0) late.push(kilobytes);
    await sleep(100);
  }
  const exit = await ended;
  if (exit !== 0) throw new Error(`chaos.pg: exit ${exit}`);
  if (early.length === 0 || late.length === 0) throw new Error('chaos.pg: its memory was not seen');
  const [then, now] = [figures(early).median, figures(late).median];
  report('chaos: resident memory after 10 s', [then / 1e3], 'MB');
  report(`chaos: resident memory after ${chaosSeconds} s`, [now / 1e3], 'MB');
  report('chaos: growth', [(100 * (now - then)) / then], '%', { atMost: 5 });
}

walks();
await picks();
removals();
await inTheAddon();
await memory();

const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}, Linux ${release()}, Node ${process.version}`;
if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ schema: 'pktsh.bench-grace/1', machine, rounds, rows, leftOut }, null, 2));
} else {
  console.log(`${machine}, ${rounds} rounds`);
  console.log(`${'figure'.padEnd(66)} ${'median'.padStart(8)} ${''.padEnd(8)} ${'min .. max'.padEnd(18)} bound`);
  for (const { figure, unit, found, ...bound } of rows) console.log(reportLine(figure.padEnd(66), found, unit, bound));
  for (const what of leftOut) console.log(`left out: ${what}`);
}
