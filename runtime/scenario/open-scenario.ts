// SPDX-License-Identifier: Apache-2.0

import type { Diagnostic } from '../../lang/diagnostics/diagnostic.ts';
import type { Lab, UserFunction } from '../../lang/op.ts';
import type { Addition, Made } from '../../lang/session.ts';
import type { SourceFile, Span } from '../../lang/source.ts';
import type { Value } from '../../lang/value.ts';
import { report } from '../catalogue.ts';
import type { Engine } from '../engine.ts';
import { usesOf } from '../program-uses.ts';
import type { EventResults } from '../results.ts';
import { labPlan } from '../run.ts';
import { type Failed, ok, type Result, refused, settled } from './completion.ts';
import { bodyRunner, runBody } from './executor.ts';
import { InterfaceTable } from './interfaces.ts';
import type { Job } from './jobs.ts';
import { operand } from './operands.ts';
import { comeToRest, openReceiver, takeDown } from './scenario-run.ts';
import { ScenarioState } from './scenario-state.ts';
import { Scope } from './scope.ts';

export interface OpenScenarioOptions {
  /** 64 bits. */
  readonly seed: bigint;
  /** Interfaces on which packets may leave although they carry a default route. */
  readonly allow: readonly string[];
  readonly onPrint: (text: string) => void;
  readonly onEvent: (event: EventResults) => void;
  /** Warnings, and why something failed. Its places are in the `source` of the entries so far. */
  readonly onDiagnostic: (diagnostic: Diagnostic, source: SourceFile) => void;
}

/** How an entry ended. What failed was told to `onDiagnostic`. */
export type EntryEnd = 'done' | 'failed' | 'interrupted';

const nowhere: Span = { start: 0, end: 0 };

/**
 * A scenario that stays open and is given its statements one entry after another: devices, receivers, jobs and variables
 * stay from entry to entry, and a failure ends the entry or job that failed and nothing else.
 */
export class OpenScenario implements Made {
  readonly state: ScenarioState;
  readonly #options: OpenScenarioOptions;
  readonly #functions = new Map<string, UserFunction>();
  readonly #interfaces: InterfaceTable;
  #job: Job | null = null;
  /** Jobs of earlier entries, which a bare `await` waits for and the end of this one leaves alone. */
  #adopted: readonly Job[] = [];
  #interrupted = false;
  #inLab = false;
  #failures = 0;

  constructor(engine: Engine, source: SourceFile, options: OpenScenarioOptions) {
    this.#options = options;
    this.#interfaces = new InterfaceTable(engine, false);
    this.state = new ScenarioState({
      engine,
      interfaces: this.#interfaces,
      source,
      seed: options.seed,
      allow: options.allow,
      runBody: bodyRunner(() => this.state),
      functions: this.#functions,
      params: new Scope(null),
      sampled: true,
      countsStatistics: true,
      onPrint: (text) => {
        // Nobody asks for results: what was printed need not be kept.
        this.state.prints.length = 0;
        options.onPrint(text);
      },
      onDiagnostic: (diagnostic) => options.onDiagnostic(diagnostic, this.state.source),
      onFailed: (failed) => this.#tell(failed),
      onEvent: options.onEvent,
    });
    this.state.timers.hold(true);
    engine.onEvent((event) => this.state.hear(event));
  }

  /** Looks which interfaces there are, so that a shell can name them. What the engine refuses is told when it matters. */
  async look(): Promise<void> {
    await this.#interfaces.refresh([], nowhere);
  }

  /** Whether a variable of the program has a value. */
  knows(symbol: string): boolean {
    return this.state.root.has(symbol);
  }

  /** Whether a receiver of that name is open. */
  receives(name: string): boolean {
    return this.state.receivers.find(name) !== null;
  }

  get inLab(): boolean {
    return this.#inLab;
  }

  /**
   * Carries out one entry to its end; jobs that it spawns go on behind it. One entry at a time.
   *
   * @param source the text that its spans count in: that of the entries before, and this one behind it
   * @param given values that parameters of the entry get instead of their defaults, by their names
   * @throws defects only
   */
  async enter(
    addition: Addition,
    source: SourceFile,
    given: ReadonlyMap<string, Value> = new Map(),
  ): Promise<EntryEnd> {
    const { state } = this;
    state.source = source;
    this.#interrupted = false;
    const failures = this.#failures;
    const prepared = await this.#prepare(addition, given);
    if (!prepared.ok) {
      this.#tell(prepared.failed);
      return 'failed';
    }
    if (this.#interrupted) return 'interrupted';
    for (const one of addition.functions) this.#functions.set(one.name, one);
    await this.#carryOut(addition);
    if (state.defect !== null) throw state.defect.error;
    if (this.#interrupted) return 'interrupted';
    return this.#failures > failures ? 'failed' : 'done';
  }

  /** Ends the entry that is being carried out; jobs of earlier ones and devices go on. */
  interrupt(): void {
    this.#interrupted = true;
    this.#cancelEntry();
  }

  /** Jobs at work, by the order in which they were registered. */
  get jobs(): readonly Job[] {
    return [...this.state.jobs.values()].filter((job) => job.kind !== 'main');
  }

  /** Devices that send at this moment. */
  get running(): number {
    const { devices } = this.state;
    return devices.present().filter((device) => devices.figures(device).running).length;
  }

  /** Ends every job, stops and removes every device and closes the receivers; the engine stays open. */
  async close(): Promise<void> {
    this.state.timers.hold(false);
    await comeToRest(nowhere, this.state);
    await takeDown(nowhere, this.state);
  }

  /** Jobs of earlier entries stay. */
  #cancelEntry(): void {
    for (const job of this.#adopted) this.#job?.children.delete(job);
    this.#job?.cancel();
  }

  #tell({ diagnostic }: Failed): void {
    this.#failures++;
    this.#options.onDiagnostic(diagnostic, this.state.source);
  }

  /** The lab, the parameters and the receivers of an entry, which are there before its statements. */
  async #prepare(
    { lab, params, receivers, body, span }: Addition,
    given: ReadonlyMap<string, Value>,
  ): Promise<Result<void>> {
    const { state } = this;
    const context = { state, scope: state.root, job: state.main };
    for (const { symbol, param } of params) {
      const own = given.get(param.name);
      if (own === undefined && param.value === null) {
        const hints = [`give it a default: \`param ${param.name} = …\`, or \`.load FILE ${param.name}=…\``];
        return refused(report('PG6401', { name: param.name }, param.span, { hints }));
      }
      const value = own === undefined && param.value !== null ? operand(param.value, context) : ok(own as Value);
      if (!value.ok) return value;
      state.root.declare(symbol, value.value);
    }
    const labbed = lab === null ? ok(undefined) : await this.#openLab(lab);
    if (!labbed.ok) return labbed;
    const { interfaces } = usesOf([body, receivers]);
    const looked = await this.#interfaces.refresh(interfaces, span);
    if (!looked.ok) return looked;
    for (const receiver of receivers) {
      const opened = await openReceiver(receiver, context);
      if (!opened.ok) return opened;
    }
    return ok(undefined);
  }

  async #openLab(lab: Lab): Promise<Result<void>> {
    const { engine, root, main } = this.state;
    if (!engine.capabilities.lab) {
      return refused(report('PG6006', { engine: engine.name, what: 'lab' }, lab.span), 'unsuitable');
    }
    const plan = labPlan(lab, this.state.environment(root, main));
    if (!plan.ok) return plan;
    const opened = await settled(engine.openLab(plan.value), '`lab`', lab.span);
    if (!opened.ok) return opened;
    this.#interfaces.enterLab();
    this.#inLab = true;
    return ok(undefined);
  }

  async #carryOut({ body, span }: Addition): Promise<void> {
    const { state } = this;
    const { main } = state;
    const job = state.register('main', main, null);
    this.#adopted = [...main.children].filter((one) => one !== job);
    for (const one of this.#adopted) job.children.add(one);
    this.#job = job;
    state.clock.onIdle?.(() => {
      this.#tell(state.standstill(span));
      this.#cancelEntry();
    });
    state.timers.hold(false);
    state.begin(job, runBody(body, { state, job, scope: state.root }));
    await job.done;
    state.timers.hold(true);
    state.clock.onIdle?.(null);
    this.#job = null;
    // What it spawned is the session's from now on.
    for (const child of job.children) {
      main.children.add(child);
      void child.done.then(() => main.children.delete(child));
    }
  }
}
