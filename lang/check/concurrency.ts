// SPDX-License-Identifier: Apache-2.0

import { report } from '../diagnostics/catalogue-meaning.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { elementCount } from '../elements.ts';
import type { DeviceList, Expr, Op, OpOf, Scenario, UserFunction } from '../op.ts';
import type { SourceFile, Span } from '../source.ts';
import { formatDuration } from '../syntax/literals.ts';
import { type Change, words } from './conflict.ts';
import { type Access, family, type LiveAccess, type LiveJob, LiveJobs, type Moment } from './live-jobs.ts';

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

const anyTime: Moment = { run: null, lo: 0, hi: Number.POSITIVE_INFINITY };

/** Before any instant of a run. */
const beforeRun = -1;

/** Equal instants run in the order of registration, so they are ordered too. */
function ordered(a: Moment, b: Moment): boolean {
  if (a.run === null || a.run !== b.run) return false;
  return a.hi < b.lo || b.hi < a.lo || (a.lo === a.hi && b.lo === b.hi);
}

/** A line of control on its way through its operations. */
interface Thread {
  readonly main: boolean;
  phase: 'idle' | 'active' | 'unknown';
  /** The number of the run, or of the next one where none is active. */
  run: number;
  lo: number;
  hi: number;
  /** Several ways may share it until one of them changes it; see `#ownLive`. */
  live: LiveJobs;
  ownsLive: boolean;
  /** Jobs of others that are over; its own ones are no longer live then. */
  behind: ReadonlySet<LiveJob>;
  /** Removals of jobs with lower numbers are over: a `sync` stood behind them. */
  settledBelow: number;
  readonly accesses: Access[];
}

/** What names stand for, where an inner place sees those of the outer one and keeps its own to itself. */
class Names<V> {
  readonly #outer: Names<V> | null;
  readonly #own = new Map<string, V>();

  constructor(outer: Names<V> | null = null) {
    this.#outer = outer;
  }

  get(name: string): V | undefined {
    return this.#own.has(name) ? this.#own.get(name) : this.#outer?.get(name);
  }

  set(name: string, value: V): void {
    this.#own.set(name, value);
  }
}

/** Where an operation stands. */
interface Place {
  readonly guarded: boolean;
  /** Every run comes here, and once. */
  readonly certain: boolean;
  readonly names: Names<string | null>;
  readonly jobs: Names<LiveJob>;
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
  #jobs = 0;

  constructor(functions: ReadonlyMap<string, UserFunction>, source: SourceFile) {
    this.#functions = functions;
    this.#source = source;
  }

  problems(ops: readonly Op[]): readonly Diagnostic[] {
    const thread = newThread(true);
    const place: Place = { guarded: false, certain: true, names: new Names(), jobs: new Names() };
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
        thread.settledBelow = this.#jobs;
        break;
      case 'await':
        pass(thread, null);
        this.#awaited(op.target, thread, place);
        break;
      case 'cancel': {
        const job = op.job.kind === 'variable' ? place.jobs.get(op.job.name) : undefined;
        if (job !== undefined) this.#over(thread, family(job), []);
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
        const names = new Names(place.names);
        const jobs = new Names(place.jobs);
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
    for (const name of devices ?? [null]) {
      const device = name === null ? null : nameOf(name, place);
      if (device === null && name !== null) continue;
      const { guarded } = place;
      const access: Access = { change, device, guarded, span, when: momentOf(thread), behind: thread.behind };
      thread.accesses.push(access);
      this.#meet(access, thread);
    }
  }

  /** Tells of the first live job that races with an access: each place is told of once. */
  #meet(access: Access, thread: Thread): void {
    let first: LiveAccess | null = null;
    for (const rivals of thread.live.rivals(access)) {
      for (const rival of rivals) {
        if (--this.#left < 0) return;
        if (first !== null && rival.order > first.order) break;
        const { access: other, job } = rival;
        const settled = other.change === 'remove' && job.number < thread.settledBelow;
        if (settled || access.behind.has(job) || ordered(access.when, other.when)) continue;
        first = rival;
        break;
      }
    }
    if (first !== null) this.#race(access, first.access, first.job);
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
      ...newThread(false),
      phase: begin.run === null ? 'unknown' : 'active',
      run: begin.run ?? 0,
      lo: begin.lo,
      hi: begin.hi,
      behind: thread.behind,
    };
    const [names, jobs] = [new Names(place.names), new Names(place.jobs)];
    this.#ops(op.body, inner, { ...place, certain: false, guarded: false, names, jobs });
    const { accesses, live } = inner;
    const number = this.#jobs++;
    const job: LiveJob = { number, kind: op.op, span: op.span, accesses, children: [...live], time };
    for (const member of family(job)) for (const access of member.accesses) this.#meet(access, thread);
    this.#ownLive(thread).add(job);
    if (op.bind !== null) place.jobs.set(op.bind, job);
  }

  /** One of several ways: what may be on any of them may be behind them. */
  #branches(branches: readonly (readonly Op[])[], thread: Thread, place: Place): void {
    const { phase, run, lo, hi, live, ownsLive, behind, settledBelow } = thread;
    const ends = branches.map((ops) => {
      Object.assign(thread, { phase, run, lo, hi, live, ownsLive: false, behind, settledBelow });
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
      settledBelow: Math.min(...ends.map((end) => end.settledBelow)),
    });
    if (ends.every((end) => end.live === live)) {
      thread.ownsLive = ownsLive;
    } else {
      thread.live = new LiveJobs(new Set(ends.flatMap((end) => [...end.live])));
      thread.ownsLive = true;
      this.#left -= thread.live.size / 8;
    }
    if (ends.some((end) => end.behind !== first.behind)) {
      thread.behind = new Set([...first.behind].filter((job) => ends.every((end) => end.behind.has(job))));
    }
  }

  /** The live jobs of a line of control, to be changed: copied first where another way of it goes on with them too. */
  #ownLive(thread: Thread): LiveJobs {
    if (!thread.ownsLive) {
      // Copying is work too, where there are thousands of jobs.
      this.#left -= thread.live.size / 8;
      thread.live = new LiveJobs(thread.live);
      thread.ownsLive = true;
    }
    return thread.live;
  }

  /** Jobs that have ended; `left` go on. */
  #over(thread: Thread, jobs: readonly LiveJob[], left: readonly LiveJob[]): void {
    const strange = jobs.filter((job) => !thread.live.has(job));
    if (strange.length > 0) {
      this.#left -= thread.behind.size / 8;
      thread.behind = new Set([...thread.behind, ...strange]);
    }
    if (strange.length === jobs.length && left.length === 0) return;
    const live = this.#ownLive(thread);
    for (const job of jobs) live.delete(job);
    for (const job of left) live.add(job);
  }

  /** `await JOB`, or `await` for all that this line of control spawned. What they registered themselves goes on. */
  #awaited(target: Expr | null, thread: Thread, place: Place): void {
    const job = target?.kind === 'variable' ? place.jobs.get(target.name) : undefined;
    if (target === null) this.#left -= thread.live.size / 16;
    const spawned = (): LiveJob[] => [...thread.live].filter(({ kind }) => kind === 'spawn');
    const jobs = target === null ? spawned() : job === undefined ? [] : [job];
    const own = jobs.filter((one) => thread.live.has(one));
    const left = own.flatMap(({ children }) => children);
    this.#over(thread, jobs, left);
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
    this.#left -= thread.live.size / 16;
    const ended = [...thread.live].filter(({ kind }) => kind === 'at');
    if (thread.phase === 'active' && place.certain) {
      for (const { time, span } of ended) {
        if (time === null || time <= thread.hi) continue;
        this.#neverComes(time, `its run ends after ${formatDuration(BigInt(thread.hi))}`, span);
      }
    }
    const left = ended.flatMap((job) => family(job).filter(({ kind }) => kind !== 'at'));
    this.#over(thread, ended, left);
    Object.assign(thread, { phase: 'idle', run: thread.run + 1, lo: beforeRun, hi: beforeRun });
  }

  #neverComes(time: number, why: string, span: Span): void {
    const hints = ['an earlier time, or a longer `wait` before the run ends'];
    this.#never.push(report('PG4001', { time: formatDuration(BigInt(time)), why }, span, { hints }));
  }
}

const noJobs = new LiveJobs();
const nobody: ReadonlySet<LiveJob> = new Set();

function newThread(main: boolean): Thread {
  return {
    main,
    phase: 'idle',
    run: 0,
    lo: beforeRun,
    hi: beforeRun,
    // Copied by whoever adds to it; most jobs have none of their own.
    live: noJobs,
    ownsLive: false,
    behind: nobody,
    settledBelow: 0,
    accesses: [],
  };
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
