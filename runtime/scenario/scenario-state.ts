// SPDX-License-Identifier: Apache-2.0

import type { Diagnostic } from '../../lang/diagnostics/diagnostic.ts';
import { type Environment, evaluate, type Reading, type ResolvedMetricSource } from '../../lang/evaluate.ts';
import type { Expr, Op, UserFunction } from '../../lang/op.ts';
import type { SourceFile, Span } from '../../lang/source.ts';
import type { Value } from '../../lang/value.ts';
import { report } from '../catalogue.ts';
import type { Clock } from '../clock.ts';
import type { Engine, EngineEvent } from '../engine.ts';
import { type ReportedDiagnostic, reported } from '../report/json.ts';
import type { EventResults } from '../results.ts';
import { type Failed, ok, type Result, refused, refusedBy } from './completion.ts';
import { type Device, DeviceTable } from './devices.ts';
import { Expectations } from './expectations.ts';
import { factOf } from './facts.ts';
import type { InterfaceTable } from './interfaces.ts';
import { Job, type JobKind, type Steps } from './jobs.ts';
import { Measurements, ppsWindow } from './measurements.ts';
import { ReceiverTable } from './receivers.ts';
import { Runs } from './runs.ts';
import { Scope } from './scope.ts';
import { Timers } from './timers.ts';

/** How conditions are polled, and how often devices are sampled for figures that look back. */
export const pollPeriod = 10_000_000n;
/** Operations and loop rounds after which a job lets the event loop turn, so that signals and the others get their turn. */
const budget = 256;
/** Events kept for the results; a sender that stalls for hours says the same over and over. */
export const mostEvents = 1000;
/** Printed lines kept for the results, and as many jobs at once: a loop without an end must not take all memory. */
export const mostPrints = 10_000;
/** And so many characters: the results are one document. */
export const mostPrintedCharacters = 4_000_000;
export const mostJobs = 10_000;

/** Carries out the statements of a body; the interpreter's own recursion, handed to operations that have bodies. */
export type RunBody = (body: readonly Op[], scope: Scope, job: Job) => Steps;

export interface ScenarioSetting {
  readonly engine: Engine;
  readonly interfaces: InterfaceTable;
  readonly source: SourceFile;
  readonly seed: bigint;
  readonly allow: readonly string[];
  readonly runBody: RunBody;
  /** An open scenario gets more. */
  readonly functions: ReadonlyMap<string, UserFunction>;
  readonly params: Scope;
  /** Whether some figure that looks back in time is used, so that devices have to be sampled. */
  readonly sampled: boolean;
  /** Whether some counter of an interface is used, so that it has to be read when a run begins. */
  readonly countsStatistics: boolean;
  readonly onPrint: (text: string) => void;
  readonly onDiagnostic: (diagnostic: Diagnostic) => void;
  /** Set in a shell, where a failure ends what failed and not the scenario: is told of it. */
  readonly onFailed?: (failed: Failed) => void;
  /** Is told of what happens by itself, as it happens. */
  readonly onEvent?: (event: EventResults) => void;
}

/** Everything that a scenario is made of while it runs. */
export class ScenarioState {
  readonly engine: Engine;
  readonly clock: Clock;
  /** What spans count in; an open scenario grows at its end. */
  source: SourceFile;
  readonly interfaces: InterfaceTable;
  readonly timers: Timers;
  readonly runs: Runs;
  readonly devices: DeviceTable;
  readonly receivers: ReceiverTable;
  readonly measurements: Measurements;
  readonly expectations: Expectations;
  readonly runBody: RunBody;
  readonly functions: ReadonlyMap<string, UserFunction>;
  /** What the scenario declares outside of any block; functions see it. */
  readonly root: Scope;
  readonly main: Job;
  readonly jobs = new Map<number, Job>();
  /** Removals whose waiting was left to a `grace` value, by its id; gone once they are complete. */
  readonly graces = new Map<number, Promise<void>>();
  readonly prints: string[] = [];
  readonly events: EventResults[] = [];
  readonly warnings: ReportedDiagnostic[] = [];
  readonly beganAt: bigint;
  readonly countsStatistics: boolean;

  /** Why the scenario ended before its body did; null where it did not. */
  ending: Failed | 'interrupted' | null = null;
  /** A defect that surfaced in some job. */
  defect: { readonly error: unknown } | null = null;

  readonly #setting: ScenarioSetting;
  readonly #watches = new Set<() => void>();
  readonly #warned = new Set<string>();
  #printed = 0;
  readonly #starting: { readonly job: Job; readonly begin: () => void }[] = [];
  #ids = 0;
  #spent = 0;

  constructor(setting: ScenarioSetting) {
    const { engine, interfaces } = setting;
    this.#setting = setting;
    this.engine = engine;
    this.clock = engine.clock;
    this.source = setting.source;
    this.countsStatistics = setting.countsStatistics;
    this.interfaces = interfaces;
    this.runBody = setting.runBody;
    this.functions = setting.functions;
    this.root = new Scope(setting.params);
    this.timers = new Timers(engine.clock);
    this.runs = new Runs(engine.clock, this.timers);
    this.devices = new DeviceTable(engine, interfaces, setting.seed, setting.allow);
    this.receivers = new ReceiverTable(engine, interfaces, this.devices);
    this.devices.onRemoved = (device) => this.receivers.removed(device);
    this.devices.onForgotten = (name) => this.receivers.forget(name);
    this.measurements = new Measurements(engine, this.devices, this.receivers, () => this.runs.open);
    this.expectations = new Expectations(() => this.source);
    this.beganAt = engine.clock.now();
    this.main = new Job(this.#ids++, 'main', setting.seed, null);
    this.jobs.set(this.main.id, this.main);
    if (setting.sampled) this.#sample(this.beganAt + pollPeriod);
  }

  // --- expressions ----------------------------------------------------------------------------------------------------

  environment(scope: Scope, job: Job): Environment {
    return new JobEnvironment(this, scope, job);
  }

  evaluate(expr: Expr, scope: Scope, job: Job): Result<Value> {
    if (expr.kind === 'constant') return ok(expr.value);
    const outcome = evaluate(expr, this.environment(scope, job));
    return outcome.ok ? ok(outcome.value) : refusedBy(outcome.failure);
  }

  // --- jobs -----------------------------------------------------------------------------------------------------------

  /** Null, or why no more jobs can be registered. */
  crowded(span: Span): Failed | null {
    return this.jobs.size < mostJobs ? null : refused(report('PG6008', { limit: mostJobs }, span)).failed;
  }

  /** A job that is known but does not run yet. */
  register(kind: JobKind, parent: Job, span: Span | null): Job {
    const job = new Job(this.#ids++, kind, parent.childSeed(), span);
    this.jobs.set(job.id, job);
    parent.children.add(job);
    void job.done.then(() => parent.children.delete(job));
    job.abandon = () => this.#over(job);
    return job;
  }

  /** Has a job begin when the running one first waits. */
  beginLater(job: Job, steps: () => Steps): void {
    this.#starting.push({ job, begin: () => this.begin(job, steps()) });
  }

  begin(job: Job, steps: Steps): void {
    job.abandon = () => {};
    void job
      .run(steps, () => this.#startPending())
      .then(
        (completion) => {
          this.#over(job);
          if (typeof completion === 'object' && completion.kind === 'failed') this.#failed(completion);
          this.controlEvent();
        },
        (error: unknown) => {
          this.fail(error);
          this.#over(job);
        },
      );
  }

  #over(job: Job): void {
    this.jobs.delete(job.id);
    job.finish();
    this.#startPending();
  }

  #startPending(): void {
    for (let next = this.#starting.shift(); next !== undefined; next = this.#starting.shift()) {
      if (!next.job.cancelled) next.begin();
    }
  }

  /** Null, or a turn of the event loop to wait for, once so much was done without one. */
  turn(): Promise<void> | null {
    if (++this.#spent < budget) return null;
    this.#spent = 0;
    return this.clock.sleepUntil(this.clock.now());
  }

  /** A fresh id for a `grace` value. */
  nextId(): number {
    return this.#ids++;
  }

  // --- the end --------------------------------------------------------------------------------------------------------

  /** Ends the scenario from wherever this is; the first reason counts. */
  end(reason: Failed | 'interrupted'): void {
    if (reason !== 'interrupted' && this.#setting.onFailed !== undefined) this.#setting.onFailed(reason);
    else this.ending ??= reason;
    for (const job of [...this.jobs.values()]) job.cancel();
  }

  /** A job failed, and with it the scenario, unless it is open. */
  #failed(failed: Failed): void {
    if (this.#setting.onFailed === undefined) this.end(failed);
    else this.#setting.onFailed(failed);
  }

  /** A defect of ours: the scenario ends, and whoever runs it throws the error on. */
  fail(error: unknown): void {
    this.defect ??= { error };
    this.end('interrupted');
  }

  /**
   * Why it ends where time stands still for ever: every operation that waits.
   * @param whole what stands for them where none is known
   */
  standstill(whole: Span): Failed {
    const jobs = [...this.jobs.values()];
    const own = jobs.filter(({ kind }) => kind === 'main');
    const places = new Map<string, Span>();
    for (const job of [...own, ...jobs]) {
      const span = job.at ?? job.span;
      if (span !== null) places.set(`${span.start} ${span.end}`, span);
    }
    const [first = whole, ...others] = places.values();
    const labels = others.map((span) => ({ span, text: 'another job waits here' }));
    return refused(report('PG6106', {}, first, { labels })).failed;
  }

  // --- what happens ---------------------------------------------------------------------------------------------------

  /** Called at every control event until it is taken back. */
  watch(check: () => void): () => void {
    this.#watches.add(check);
    return () => this.#watches.delete(check);
  }

  watchNoMore(): void {
    this.#watches.clear();
  }

  /** Something was carried out or happened: conditions are looked at. */
  controlEvent(): void {
    for (const check of this.#watches) {
      if (this.ending !== null) return;
      check();
    }
  }

  hear(event: EngineEvent): void {
    switch (event.kind) {
      case 'failed': {
        const device = this.devices.byId(event.device);
        if (device !== null) this.#deviceFailed(device, event.reason);
        break;
      }
      case 'link':
        this.#linkChanged(event);
        break;
      case 'stall': {
        const { cpu, tid, phase, ageMs } = event;
        this.note({ kind: 'stall', cpu, tid, phase, ageMs });
        break;
      }
      default:
        break;
    }
    this.controlEvent();
  }

  /** Names and facts are read again; devices on an interface that is gone are removed, and keep their figures. */
  #linkChanged({ index, name, change, to }: EngineEvent & { readonly kind: 'link' }): void {
    if (change === 'removed') this.interfaceGone(index);
    this.note({ kind: 'link', interface: name, change, to });
    const nowhere: Span = { start: 0, end: 0 };
    this.#settle(this.interfaces.refresh([], nowhere));
  }

  /**
   * Its devices are removed. One that was running there has failed, whether its sender has met with that yet or not: that
   * is a matter of microseconds, and no verdict may hang on it.
   */
  interfaceGone(index: number): void {
    for (const device of this.devices.present()) {
      if (device.index !== index) continue;
      const { running, failure } = this.devices.figures(device);
      if (running || failure !== null) this.#deviceFailed(device, failure ?? 'ENXIO');
      this.#settle(this.devices.removeIfPresent(device, device.span));
    }
  }

  #deviceFailed(device: Device, reason: string): void {
    if (device.failed !== null) return;
    device.failed = reason;
    this.note({ kind: 'device_failed', device: device.name, reason });
  }

  /** Work that nobody waits for; what the engine refuses while it closes is nobody's loss. */
  #settle(work: Promise<unknown>): void {
    work.then(
      () => this.controlEvent(),
      (error: unknown) => this.fail(error),
    );
  }

  note(event: DistributiveOmit<EventResults, 'at'>): void {
    const noted = { at: Number(this.clock.now() - this.beganAt), ...event };
    if (this.events.length < mostEvents) this.events.push(noted);
    this.#setting.onEvent?.(noted);
  }

  print(text: string, span: Span): void {
    this.#printed += text.length;
    if (this.prints.length < mostPrints && this.#printed <= mostPrintedCharacters) this.prints.push(text);
    else this.warn(report('PG6204', { limit: this.prints.length }, span));
    this.#setting.onPrint(text);
  }

  /** A warning about a place; one of a kind for each place, since it may stand in a loop. */
  warn(diagnostic: Diagnostic): void {
    const key = `${diagnostic.code} ${diagnostic.span.start}`;
    if (this.#warned.has(key)) return;
    this.#warned.add(key);
    this.warnings.push(reported(diagnostic, this.source));
    this.#setting.onDiagnostic(diagnostic);
  }

  /** Notes what each device has sent so far, for figures that look back. */
  recordHistory(): void {
    const now = this.clock.now();
    const longest = this.receivers.longestSettle > ppsWindow ? this.receivers.longestSettle : ppsWindow;
    for (const device of this.receivers.accountable) {
      // What a removed one had sent was recorded when it went.
      if (device.state === 'removed') continue;
      device.history.record(now, this.receivers.owed(device), longest + pollPeriod);
    }
  }

  #sample(at: bigint): void {
    this.timers.set(
      at,
      this.timers.register(),
      () => {
        if (this.runs.open) this.recordHistory();
        const now = this.clock.now();
        this.#sample(at + pollPeriod > now ? at + pollPeriod : now + pollPeriod);
      },
      true,
    );
  }
}

/** What expressions see from one place of one job. */
class JobEnvironment implements Environment {
  readonly #state: ScenarioState;
  readonly #scope: Scope;
  readonly #job: Job;

  constructor(state: ScenarioState, scope: Scope, job: Job) {
    this.#state = state;
    this.#scope = scope;
    this.#job = job;
  }

  variable(name: string): Value {
    return this.#scope.lookup(name);
  }

  metric(source: ResolvedMetricSource, metric: string): Reading {
    return this.#state.measurements.metric(source, metric);
  }

  fact(name: string, fact: string, argument: string | null): Reading {
    return factOf(this.#state.interfaces, name, fact, argument);
  }

  random(): number {
    return this.#job.random.next();
  }

  elapsed(): Value {
    return { type: 'duration', value: Number(this.#state.runs.elapsed()) };
  }

  caught(): string {
    return this.#scope.caught;
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
