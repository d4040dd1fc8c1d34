// SPDX-License-Identifier: Apache-2.0
//
// npm run bench: what the program costs, each figure as the median and spread of interleaved rounds on this machine. Whole
// processes are measured, as a user runs them. Needs root for trafgen's own namespace; says what it leaves out and why.
// With names (npm run bench -- frames shell), only those parts; ROUNDS=N: so many rounds.

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { asRoot, root, tool } from '../requirements.ts';
import { figures, interleave, ratios, reportLine } from './measure.ts';
import { featureScenario, frameFeatures, plainFeatures, shapes, thousandDevices } from './shapes.ts';
import { benchShell } from './shell.ts';

const pktsh = join(root, 'dist/pktsh.js');
const scenario = (name: string) => join(root, 'test/bench', name);
const rounds = Number(process.env.ROUNDS ?? 5);

interface RunDocument {
  readonly exit: number;
  readonly scenarios: readonly {
    readonly devices: readonly { readonly sent: number; readonly duration: number }[];
  }[];
}

/** Packets a second of the scenario's only device, from its own results. `file`: a path. */
function sendRate(file: string): number {
  const done = spawnSync(process.execPath, [pktsh, 'run', file, '--json', '--quiet'], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`${file}: exit ${done.status}\n${done.stderr}`);
  const device = (JSON.parse(done.stdout) as RunDocument).scenarios[0]?.devices[0];
  if (device === undefined) throw new Error(`${file}: no device in the results`);
  return device.sent / (device.duration / 1e9);
}

/** The sender threads' names begin so (native/src/sender.cc). */
const senderName = 'pktsh-send';

/** Nanoseconds that the scenario's only sender was on a CPU for each packet, which what else runs there disturbs little. */
async function sendCost(file: string): Promise<number> {
  const child = spawn(process.execPath, [pktsh, 'run', file, '--json', '--quiet'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let document = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (document += text));
  let spent = 0;
  const watch = setInterval(() => {
    try {
      for (const task of readdirSync(`/proc/${child.pid}/task`)) {
        const of = (what: string): string => readFileSync(`/proc/${child.pid}/task/${task}/${what}`, 'utf8');
        if (of('comm').startsWith(senderName)) spent = Math.max(spent, Number(of('schedstat').split(' ')[0]));
      }
    } catch {
      // A thread, or all of them, ended between two looks.
    }
  }, 5);
  const exit = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(watch);
  const sent = exit === 0 ? (JSON.parse(document) as RunDocument).scenarios[0]?.devices[0]?.sent : undefined;
  if (sent === undefined || spent === 0) throw new Error(`${file}: exit ${exit}, ${spent} ns of senders seen`);
  return spent / sent;
}

/** The same frame from trafgen into an ifb of a namespace of its own; packets a second as trafgen counts them. */
function trafgenRate(): number {
  const frame =
    '{ eth(da=02:00:00:00:00:01, sa=02:00:00:00:00:02), ipv4(sa=10.0.0.1, da=10.0.0.2), udp(sp=1024, dp=9), fill(0, 18) }';
  const script = [
    `ip link add sink0 numtxqueues ${cpus().length} numrxqueues ${cpus().length} type ifb`,
    'ip link set sink0 up',
    `printf '%s' '${frame}' > /dev/shm/pktsh-bench.$$`,
    'trafgen --dev sink0 --conf /dev/shm/pktsh-bench.$$ --cpus 1 --num 3000000 2>&1',
    'rm -f /dev/shm/pktsh-bench.$$',
  ].join('\n');
  const done = spawnSync('unshare', ['-n', 'sh', '-c', script], { encoding: 'utf8' });
  const packets = /(\d+) packets outgoing/.exec(done.stdout)?.[1];
  const time = /(\d+) sec, (\d+) usec/.exec(done.stdout);
  if (packets === undefined || time === null) throw new Error(`trafgen said:\n${done.stdout}${done.stderr}`);
  return Number(packets) / (Number(time[1]) + Number(time[2]) / 1e6);
}

/** Milliseconds of a whole process. */
function wallTime(args: readonly string[]): number {
  const began = process.hrtime.bigint();
  const done = spawnSync(process.execPath, args, { stdio: 'ignore' });
  if (done.status !== 0) throw new Error(`node ${args.join(' ')}: exit ${done.status}`);
  return Number(process.hrtime.bigint() - began) / 1e6;
}

/** Milliseconds from a text to its program, in a process that has done nothing else. */
function compileTime(compiler: string, file: string): number {
  const done = spawnSync(process.execPath, [compiler, file], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`compile ${file}: exit ${done.status}\n${done.stderr}`);
  return Number(done.stdout);
}

/** Exit status of a run whose load was not offered: what it took is a figure all the same. */
const shortfallStatus = 3;

/**
 * The greatest resident size (MB, 10^6 bytes) that a run reached, read from the kernel while it lived; `fellShort` hears
 * of a run that could not offer its load.
 */
async function peakMemory(file: string, options: readonly string[], fellShort: () => void): Promise<number> {
  const child = spawn(process.execPath, [pktsh, 'run', file, '--quiet', ...options], { stdio: 'ignore' });
  let peak = 0;
  const watch = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      peak = Math.max(peak, Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0));
    } catch {
      // It has ended between two looks.
    }
  }, 20);
  const exit = await new Promise((resolve) => child.on('exit', resolve));
  clearInterval(watch);
  if (exit === shortfallStatus) fellShort();
  else if (exit !== 0) throw new Error(`${file}: exit ${exit}`);
  if (peak === 0) throw new Error(`${file}: its memory was not seen`);
  return (peak * 1024) / 1e6;
}

/** The row of a run's memory, with how many of its rounds could not offer their load. */
async function reportMemory(name: string, file: string, options: readonly string[], atMost: number): Promise<void> {
  let short = 0;
  const { peak } = await interleave(Math.min(rounds, 3), { peak: () => peakMemory(file, options, () => short++) });
  const told = short === 0 ? '' : ` (${short} of ${peak.length}: exit ${shortfallStatus})`;
  console.log(reportLine(`resident memory, ${name}${told}`, figures(peak), 'MB', { atMost }));
}

const folder = mkdtempSync(join(tmpdir(), 'pktsh-bench-'));

/** What the core costs a packet: as a whole, and by what varies in frames. */
async function benchFrames(): Promise<void> {
  const core = await interleave(rounds, { null: () => 1e9 / sendRate(scenario('null.pg')) });
  console.log(
    reportLine('null driver: build, sequence, stamp; bursts of 32', figures(core.null), 'ns', { atMost: 20 }),
  );
  const features = Object.entries(frameFeatures).map(([name, parameters], at) => {
    const file = join(folder, `feature${at}.pg`);
    writeFileSync(file, featureScenario(parameters));
    return [name, () => sendCost(file)] as const;
  });
  const costs = await interleave(rounds, Object.fromEntries(features));
  for (const [name] of features) {
    const atMost = plainFeatures.includes(name) ? 12 : 40;
    console.log(reportLine(`null driver: ${name}`, figures(costs[name] as readonly number[]), 'ns', { atMost }));
  }
}

async function benchPacket(): Promise<void> {
  const lacking = asRoot() ?? tool('trafgen')() ?? tool('unshare')() ?? tool('ip')();
  if (lacking === null) {
    const sink = await interleave(rounds, { ours: () => sendRate(scenario('sink.pg')), trafgen: trafgenRate });
    console.log(reportLine('packet driver into an ifb', figures(sink.ours.map((rate) => rate / 1e6)), 'Mpps', {}));
    console.log(reportLine('trafgen into an ifb', figures(sink.trafgen.map((rate) => rate / 1e6)), 'Mpps', {}));
    console.log(reportLine('packet driver / trafgen', figures(ratios(sink.ours, sink.trafgen)), 'x', { atLeast: 0.9 }));
  } else {
    console.log(`packet driver against trafgen: left out, ${lacking}`);
  }
}

async function benchStart(): Promise<void> {
  const start = await interleave(rounds * 2, {
    check: () => wallTime([pktsh, 'check', scenario('check20.pg')]),
    node: () => wallTime(['-e', '0']),
  });
  console.log(reportLine('pktsh check, 20 lines: whole process', figures(start.check), 'ms', { atMost: 300 }));
  console.log(reportLine('the same / bare node', figures(ratios(start.check, start.node)), 'x', {}));
}

/** Ten thousand lines in several shapes: checked and planned by whole processes, and compiled alone. */
async function benchFiles(): Promise<void> {
  const compiler = join(folder, 'compile.mjs');
  // As it is shipped, in one file: a loader that translates marks every function, which is slower.
  buildSync({
    entryPoints: [join(root, 'test/bench/compile.ts')],
    outfile: compiler,
    bundle: true,
    platform: 'node',
    format: 'esm',
  });
  const base = () => wallTime([pktsh, 'check', scenario('check20.pg')]);
  for (const [shape, text] of Object.entries(shapes(10_000))) {
    const file = join(folder, `${shape}.pg`);
    writeFileSync(file, text);
    const { check, compiled, plan, short } = await interleave(rounds, {
      check: () => wallTime([pktsh, 'check', file]),
      compiled: () => compileTime(compiler, file),
      plan: () => wallTime([pktsh, 'plan', '--json', file]),
      short: base,
    });
    const beyond = (times: readonly number[]) => figures(times.map((time, at) => time - (short[at] as number)));
    console.log(reportLine(`check, 10 000 lines of ${shape}, beyond 20 lines`, beyond(check), 'ms', { atMost: 400 }));
    console.log(reportLine('compile of the same, text to program', figures(compiled), 'ms', { atMost: 1000 }));
    console.log(reportLine('plan --json of the same, beyond 20 lines', beyond(plan), 'ms', {}));
  }
}

async function benchExecutor(): Promise<void> {
  const idle = (count: number) => ['-e', `let n = 0\nrepeat ${count} { n = 1 }`, '--engine', 'dry-run', '--quiet'];
  const loops = await interleave(rounds, {
    many: () => wallTime([pktsh, ...idle(200_000)]),
    one: () => wallTime([pktsh, ...idle(1)]),
  });
  const each = loops.many.map((time, at) => ((time - (loops.one[at] as number)) * 1000) / 200_000);
  console.log(reportLine('executor, an operation that does nothing, dry run', figures(each), 'us', { atMost: 20 }));
}

async function benchMemory(): Promise<void> {
  for (const [engine, driver] of [
    ['dry-run', 'packet'],
    ['native', 'null'],
  ] as const) {
    const file = join(folder, `devices1000-${engine}.pg`);
    writeFileSync(file, thousandDevices(driver));
    await reportMemory(`1000 devices, ${engine}`, file, ['--engine', engine], 300);
  }
  await reportMemory('64 devices', scenario('devices64.pg'), [], 150);
}

const parts: Readonly<Record<string, () => Promise<void>>> = {
  frames: benchFrames,
  packet: benchPacket,
  start: benchStart,
  files: benchFiles,
  executor: benchExecutor,
  memory: benchMemory,
  shell: () => benchShell(rounds),
};

const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(parts);
const unknown = wanted.filter((name) => parts[name] === undefined);
if (unknown.length > 0) {
  console.error(`no such part: ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}`);
  process.exit(2);
}
process.on('exit', () => rmSync(folder, { recursive: true }));
console.log(
  `${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}, Linux ${release()}, Node ${process.version}, ${rounds} rounds`,
);
console.log(`${'figure'.padEnd(52)} ${'median'.padStart(8)} ${''.padEnd(8)} ${'min .. max'.padEnd(18)} bound`);

for (const name of wanted) await parts[name]?.();
