// SPDX-License-Identifier: Apache-2.0

import { report } from '../diagnostics/catalogue-meaning.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { elementCount } from '../elements.ts';
import type { DeviceList, Expr, Op, OpOf, Scenario, UserFunction } from '../op.ts';
import type { SourceFile, Span } from '../source.ts';
import { formatDuration } from '../syntax/literals.ts';
import { type Change, conflict, type DeviceChange, words } from './conflict.ts';

/**
 * Warns where two jobs can change one device with nothing to order them, and of an `at` whose time cannot come. Only
 * devices with fixed names and constant times are judged: what cannot be known gives no warning.
 *
 * @param source for the places that messages name
 */
export function concurrencyProblems(
  scenarios: readonly Scenario[],
  functions: readonly UserFunction[],
  source: SourceFile,
): readonly Diagnostic[] {
  const known = new Map(functions.map((one) => [one.name, one]));
  const found = new Map<string, Diagnostic>();
  for (const { prelude, setup, body } of scenarios) {
    // Several scenarios may carry out the same function: each place is told of once.
    for (const problem of new Walk(known, source).problems([...prelude, ...setup, ...body])) {
      const key = `${problem.code} ${problem.span.start}`;
      if (!found.has(key)) found.set(key, problem);
    }
  }
  return [...found.values()];
}

/** When something happens: between `lo` and `hi` (ns since its run began); `run` is null where that is not known. */
interface Moment {
  readonly run: number | null;
  readonly lo: number;
  readonly hi: number;
}

const anyTime: Moment = { run: null, lo: 0, hi: Number.POSITIVE_INFINITY };

/** Before any instant of a run. */
const beforeRun = -1;

/** Equal instants run in the order of registration, so they are ordered too. */
function ordered(a: Moment, b: Moment): boolean {
  if (a.run === null || a.run !== b.run) return false;
  return a.hi < b.lo || b.hi < a.lo || (a.lo === a.hi && b.lo === b.hi);
}

interface Access extends DeviceChange {
  readonly span: Span;
  readonly when: Moment;
  /** Jobs that were over before it. */
  readonly behind: ReadonlySet<LiveJob>;
}

/** A job that may still be at work, with all that it does and those of its own jobs that it leaves behind. */
interface LiveJob {
  readonly kind: 'at' | 'every' | 'spawn';
  readonly span: Span;
  readonly accesses: readonly Access[];
  readonly children: readonly LiveJob[];
  /** Of an `at`, where it is constant. */
  readonly time: number | null;
}

/** A line of control on its way through its operations. */
interface Thread {
  readonly main: boolean;
  phase: 'idle' | 'active' | 'unknown';
  /** The number of the run, or of the next one where none is active. */
  run: number;
  lo: number;
  hi: number;
  live: readonly LiveJob[];
  behind: ReadonlySet<LiveJob>;
  /** Jobs before a `sync`: their removals are over. */
  readonly settled: Set<LiveJob>;
  readonly accesses: Access[];
}

/** Where an operation stands. */
interface Place {
  readonly guarded: boolean;
  /** Every run comes here, and once. */
  readonly certain: boolean;
  readonly names: Map<string, string | null>;
  readonly jobs: Map<string, LiveJob>;
}

/** Operations and pairs that are looked at in a scenario: calls in calls multiply. Beyond it a warning may be missed. */
const effort = 200_000;

class Walk {
  readonly #functions: ReadonlyMap<string, UserFunction>;
  readonly #source: SourceFile;
  readonly #found: Diagnostic[] = [];
  readonly #never: Diagnostic[] = [];
  /** A job ends the run at a time of its own. */
  #endedByJob = false;
  #left = effort;

  constructor(functions: ReadonlyMap<string, UserFunction>, source: SourceFile) {
    this.#functions = functions;
    this.#source = source;
  }

  problems(ops: readonly Op[]): readonly Diagnostic[] {
    const thread: Thread = { ...newThread, main: true, behind: new Set(), settled: new Set(), accesses: [] };
    const place: Place = { guarded: false, certain: true, names: new Map(), jobs: new Map() };
    this.#ops(ops, thread, place);
    if (thread.phase === 'idle') {
      for (const { kind, time, span } of thread.live) {
        if (kind === 'at' && time !== null) this.#neverComes(time, 'no run begins behind it', span);
      }
    }
    this.#endRun(thread, place);
    // Times are not known where a job ends the run, or where not everything was looked at.
    return this.#endedByJob || this.#left < 0 ? this.#found : [...this.#found, ...this.#never];
  }

  #ops(ops: readonly Op[], thread: Thread, place: Place): void {
    for (const op of ops) {
      if (--this.#left < 0) return;
      this.#op(op, thread, place);
    }
  }

  #op(op: Op, thread: Thread, place: Place): void {
    switch (op.op) {
      case 'let':
        place.names.set(op.name, nameOf(op.value, place));
        break;
      case 'assign':
        place.names.set(op.name, null);
        break;
      case 'add_device':
        this.#change('add', [op.name], op.span, thread, place);
        if (op.bind !== null) place.names.set(op.bind, nameOf(op.name, place));
        break;
      case 'rem_device':
        this.#change('remove', op.devices, op.span, thread, place);
        break;
      case 'rem_device_all':
        // Which devices are on a CPU is not known here.
        if (op.cpu === null) this.#change('remove', null, op.span, thread, place);
        break;
      case 'set':
        this.#change('set', op.devices, op.span, thread, place);
        break;
      case 'start':
        if (op.devices !== null) this.#change('start', op.devices, op.span, thread, place);
        if (thread.phase === 'idle') Object.assign(thread, { phase: 'active', lo: 0, hi: 0 });
        break;
      case 'stop':
        if (op.devices !== null) this.#change('stop', op.devices, op.span, thread, place);
        else this.#endRun(thread, place);
        break;
      case 'reset':
        this.#endRun(thread, place);
        break;
      case 'wait':
        pass(thread, constantDuration(op.duration), constantDuration(op.duration) ?? 0);
        break;
      case 'wait_stopped':
        pass(thread, null);
        this.#endRun(thread, place);
        break;
      case 'wait_until':
      case 'expect':
        if (op.timeout !== null) pass(thread, constantDuration(op.timeout));
        break;
      case 'sync':
        pass(thread, null);
        for (const job of thread.live) for (const one of family(job)) thread.settled.add(one);
        break;
      case 'await':
        this.#left -= thread.behind.size / 8;
        pass(thread, null);
        awaited(op.target, thread, place);
        break;
      case 'cancel': {
        const job = op.job.kind === 'variable' ? place.jobs.get(op.job.name) : undefined;
        if (job !== undefined) over(thread, family(job), []);
        break;
      }
      case 'at':
      case 'every':
      case 'spawn':
        this.#register(op, thread, place);
        break;
      case 'if':
        this.#branches([op.then, op.otherwise], thread, { ...place, certain: false });
        break;
      case 'try':
        this.#ops(op.body, thread, { ...place, guarded: true, certain: false });
        this.#branches([op.otherwise, []], thread, { ...place, certain: false });
        break;
      case 'for':
        place.names.set(op.name, null);
        this.#loop(op.body, countOf(op.over), thread, place);
        break;
      case 'repeat':
        this.#loop(op.body, constantNumber(op.times), thread, place);
        break;
      case 'while':
        this.#loop(op.body, null, thread, place);
        break;
      case 'call': {
        const called = this.#functions.get(op.function);
        if (called === undefined) break;
        const names = new Map(place.names);
        const jobs = new Map(place.jobs);
        for (const [at, { name }] of called.parameters.entries()) {
          const arg = op.args[at];
          names.set(name, arg === undefined ? null : nameOf(arg, place));
          const job = arg?.kind === 'variable' ? place.jobs.get(arg.name) : undefined;
          if (job !== undefined) jobs.set(name, job);
        }
        this.#ops(called.body, thread, { ...place, names, jobs });
        break;
      }
      default:
        // The others change no device and take no time that matters.
        break;
    }
  }

  #change(change: Change, devices: DeviceList, span: Span, thread: Thread, place: Place): void {
    const names = devices === null ? [null] : devices.flatMap((device) => nameOf(device, place) ?? []);
    for (const device of names) {
      const { guarded } = place;
      const access: Access = { change, device, guarded, span, when: momentOf(thread), behind: thread.behind };
      thread.accesses.push(access);
      this.#meet(access, thread);
    }
  }

  #meet(access: Access, thread: Thread): void {
    for (const job of thread.live) {
      if (--this.#left < 0) return;
      for (const one of family(job)) this.#compare(access, one, thread);
    }
  }

  #compare(access: Access, job: LiveJob, thread: Thread): void {
    if (access.behind.has(job)) return;
    for (const other of job.accesses) {
      if (--this.#left < 0) return;
      if (other.change === 'remove' && thread.settled.has(job)) continue;
      if (ordered(access.when, other.when) || !conflict(access, other)) continue;
      this.#race(access, other, job);
      return;
    }
  }

  #race(access: Access, other: Access, job: LiveJob): void {
    const { file, span } = this.#source.locate(job.span);
    const { line, column } = file.position(span.start);
    const elsewhere = file.name === this.#source.locate(access.span).file.name ? '' : ` of ${file.name}`;
    const name = access.device ?? other.device;
    const params = {
      device: name === null ? 'a device' : `\`${name}\``,
      done: words[access.change].done,
      doing: words[other.change].doing,
      job: `${line}:${column}${elsewhere}`,
    };
    const labels = [{ span: other.span, text: 'what that job does' }];
    const wait = job.kind === 'every' ? '`cancel` that job' : '`await` that job';
    const hints = [other.change === 'remove' ? `${wait}, or \`sync\`, before it` : `${wait} before it`];
    this.#found.push(report('PG4002', params, access.span, { labels, hints }));
  }

  #register(op: OpOf<'at'> | OpOf<'every'> | OpOf<'spawn'>, thread: Thread, place: Place): void {
    const time = op.op === 'at' ? constantDuration(op.time) : null;
    const begin = beginOf(op, time, thread);
    if (op.op === 'at' && time !== null && thread.phase === 'active' && place.certain && thread.lo > time) {
      const shown = { time: formatDuration(BigInt(time)), elapsed: formatDuration(BigInt(thread.lo)) };
      const hints = ['register it before the `wait`, or begin it at once with `spawn`'];
      this.#never.push(report('PG4003', shown, op.span, { hints }));
    }
    const inner: Thread = {
      main: false,
      phase: begin.run === null ? 'unknown' : 'active',
      run: begin.run ?? 0,
      lo: begin.lo,
      hi: begin.hi,
      live: [],
      behind: thread.behind,
      settled: new Set(),
      accesses: [],
    };
    const jobs = new Map(place.jobs);
    this.#ops(op.body, inner, { ...place, certain: false, guarded: false, names: new Map(place.names), jobs });
    const job: LiveJob = { kind: op.op, span: op.span, accesses: inner.accesses, children: inner.live, time };
    for (const member of family(job)) for (const access of member.accesses) this.#meet(access, thread);
    // Copying is work too, where there are thousands of jobs.
    this.#left -= thread.live.length / 16;
    thread.live = [...thread.live, job];
    if (op.bind !== null) place.jobs.set(op.bind, job);
  }

  /** One of several ways: what may be on any of them may be behind them. */
  #branches(branches: readonly (readonly Op[])[], thread: Thread, place: Place): void {
    const { phase, run, lo, hi, live, behind } = thread;
    const ends = branches.map((ops) => {
      Object.assign(thread, { phase, run, lo, hi, live, behind });
      this.#ops(ops, thread, place);
      return { ...thread };
    });
    const [first] = ends;
    if (first === undefined) return;
    const alike = ends.every((end) => end.phase === first.phase && end.run === first.run);
    Object.assign(thread, {
      phase: alike ? first.phase : 'unknown',
      run: Math.max(...ends.map((end) => end.run)),
      lo: Math.min(...ends.map((end) => end.lo)),
      hi: Math.max(...ends.map((end) => end.hi)),
      live: [...new Set(ends.flatMap((end) => end.live))],
      behind: new Set([...first.behind].filter((job) => ends.every((end) => end.behind.has(job)))),
    });
  }

  /** Twice, so that what one round leaves behind meets the next one; `count` is null where it is not constant. */
  #loop(body: readonly Op[], count: number | null, thread: Thread, place: Place): void {
    if (count !== null && count < 1) return;
    const inner: Place = { ...place, certain: place.certain && count === 1 };
    const entry = { ...thread };
    this.#ops(body, thread, inner);
    if (count === 1) return;
    const rounds = count ?? Number.POSITIVE_INFINITY;
    const same = thread.phase === entry.phase && thread.run === entry.run;
    const longest = same ? thread.hi - entry.hi : 0;
    const shortest = same ? thread.lo - entry.lo : 0;
    if (longest > 0) thread.hi = entry.hi + longest * (rounds - 1);
    this.#ops(body, thread, inner);
    // It may end early, or never begin.
    const least = count === null || leaves(body) ? 0 : shortest * count;
    if (same && thread.phase === entry.phase) thread.lo = entry.lo + least;
    else if (thread.phase !== entry.phase) thread.phase = 'unknown';
  }

  /** The run is over: what was due in it has ended, and times count from the next one. */
  #endRun(thread: Thread, place: Place): void {
    if (!thread.main) {
      this.#endedByJob = true;
      return;
    }
    const ended = thread.live.filter(({ kind }) => kind === 'at');
    if (thread.phase === 'active' && place.certain) {
      for (const { time, span } of ended) {
        if (time === null || time <= thread.hi) continue;
        this.#neverComes(time, `its run ends after ${formatDuration(BigInt(thread.hi))}`, span);
      }
    }
    const left = ended.flatMap((job) => family(job).filter(({ kind }) => kind !== 'at'));
    over(thread, ended, left);
    Object.assign(thread, { phase: 'idle', run: thread.run + 1, lo: beforeRun, hi: beforeRun });
  }

  #neverComes(time: number, why: string, span: Span): void {
    const hints = ['an earlier time, or a longer `wait` before the run ends'];
    this.#never.push(report('PG4001', { time: formatDuration(BigInt(time)), why }, span, { hints }));
  }
}

const newThread = { phase: 'idle', run: 0, lo: beforeRun, hi: beforeRun, live: [] } as const;

/** A job and those that it leaves behind, however deep. */
function family(job: LiveJob): readonly LiveJob[] {
  return [job, ...job.children.flatMap(family)];
}

/** Jobs that have ended; `left` go on. */
function over(thread: Thread, jobs: readonly LiveJob[], left: readonly LiveJob[]): void {
  thread.live = [...thread.live.filter((job) => !jobs.includes(job)), ...left];
  thread.behind = new Set([...thread.behind, ...jobs]);
}

/** `await JOB`, or `await` for all that this line of control spawned. What they registered themselves goes on. */
function awaited(target: Expr | null, thread: Thread, place: Place): void {
  const job = target?.kind === 'variable' ? place.jobs.get(target.name) : undefined;
  const jobs = target === null ? thread.live.filter(({ kind }) => kind === 'spawn') : job === undefined ? [] : [job];
  const own = jobs.filter((one) => thread.live.includes(one));
  over(
    thread,
    jobs,
    own.flatMap(({ children }) => children),
  );
}

/** Time goes by, `longest` ns at most; null where nobody knows. */
function pass(thread: Thread, longest: number | null, shortest = 0): void {
  if (thread.phase !== 'active') return;
  thread.lo += shortest;
  thread.hi += longest ?? Number.POSITIVE_INFINITY;
}

function momentOf({ phase, run, lo, hi }: Thread): Moment {
  return phase === 'unknown' ? anyTime : { run, lo, hi };
}

/** When a job's body may begin; where none is active, an `at` waits for the next run. */
function beginOf(op: OpOf<'at'> | OpOf<'every'> | OpOf<'spawn'>, time: number | null, thread: Thread): Moment {
  const { phase, run, lo, hi } = thread;
  if (phase === 'unknown') return anyTime;
  if (op.op === 'at') {
    if (time === null) return { run, lo: Math.max(0, lo), hi: Number.POSITIVE_INFINITY };
    return { run, lo: Math.max(time, lo), hi: Math.max(time, hi) };
  }
  if (phase === 'idle') return anyTime;
  const first = op.op === 'every' ? (constantDuration(op.period) ?? 0) : 0;
  return { run, lo: lo + first, hi: Number.POSITIVE_INFINITY };
}

/** The device that an expression names; null where that is not fixed. */
function nameOf(expr: Expr, { names }: Place): string | null {
  if (expr.kind === 'variable') return names.get(expr.name) ?? null;
  if (expr.kind !== 'constant') return null;
  if (expr.value.type === 'string') return expr.value.value;
  return expr.value.type === 'device' || expr.value.type === 'interface' ? expr.value.name : null;
}

function constantDuration(expr: Expr): number | null {
  return expr.kind === 'constant' && expr.value.type === 'duration' ? expr.value.value : null;
}

function constantNumber(expr: Expr): number | null {
  return expr.kind === 'constant' && expr.value.type === 'number' ? expr.value.value : null;
}

function countOf(over: Expr): number | null {
  if (over.kind === 'list') return over.items.length;
  const counted = over.kind === 'constant' && (over.value.type === 'list' || over.value.type === 'range');
  return counted ? elementCount(over.value) : null;
}

/** Whether a round may leave the loop, or end early. */
function leaves(body: readonly Op[]): boolean {
  return body.some((op) => {
    if (op.op === 'break' || op.op === 'continue' || op.op === 'return') return true;
    if (op.op === 'if') return leaves(op.then) || leaves(op.otherwise);
    return op.op === 'try' && (leaves(op.body) || leaves(op.otherwise));
  });
}
