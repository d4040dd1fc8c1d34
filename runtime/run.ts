// SPDX-License-Identifier: Apache-2.0

import { atLeastOne, boundsProblem } from '../lang/bounds.ts';
import { maxScenarioValues } from '../lang/check/checker.ts';
import type { Diagnostic } from '../lang/diagnostics/diagnostic.ts';
import type { Outcome } from '../lang/diagnostics/failure.ts';
import { elementCount, elements } from '../lang/elements.ts';
import { type Environment, evaluate } from '../lang/evaluate.ts';
import type { Expr, Lab, Link, Program, Scenario, UserFunction } from '../lang/op.ts';
import { instanceName, valueText } from '../lang/scenario-name.ts';
import { SourceFile, type Span } from '../lang/source.ts';
import { formatDuration, formatValue } from '../lang/syntax/literals.ts';
import type { Value } from '../lang/value.ts';
import { report } from './catalogue.ts';
import type { Engine, LabEnd, LabLink, LabPlan } from './engine.ts';
import { macOf } from './lab/mac.ts';
import { asksStatistics, programUses } from './program-uses.ts';
import { reported } from './report/json.ts';
import {
  exitOf,
  type Progress,
  type Results,
  resultsSchema,
  type ScenarioResults,
  type Verdict,
  worst,
} from './results.ts';
import { type Failed, ok, type Result, refused, refusedBy, settled } from './scenario/completion.ts';
import { bodyRunner } from './scenario/executor.ts';
import { InterfaceTable } from './scenario/interfaces.ts';
import { type Instance, isReached, type RunLimit, runScenario } from './scenario/scenario-run.ts';
import type { ScenarioState } from './scenario/scenario-state.ts';
import { Scope } from './scenario/scope.ts';
import { derivedSeed, RandomStream } from './seed.ts';

export interface RunOptions {
  /** Values of parameters that are not their defaults. */
  readonly params: ReadonlyMap<string, Value>;
  /** 64 bits. */
  readonly seed: bigint;
  /** Run in a lab even if the file declares none: then it is one veth pair, tx0 <-> rx0. */
  readonly lab: boolean;
  /** Longest time (ns, by the engine's clock and by the machine's) for everything together. */
  readonly maxDuration: bigint | null;
  /** How long (ns) `teardown` may go on after an interruption, and beyond `maxDuration`; 10 s unless given. */
  readonly hurriedTeardown?: bigint;
  /** Interfaces on which packets may leave although they carry a default route. */
  readonly allow: readonly string[];
  /** Stops the run: cleanly, with the results so far. */
  readonly signal: AbortSignal;
  readonly onPrint: (text: string) => void;
  readonly onProgress: (progress: Progress) => void;
  /** Warnings of the run as they come up, and what stopped a scenario. */
  readonly onDiagnostic: (diagnostic: Diagnostic) => void;
}

/** A lab that nobody declared: the names that examples and manuals use. */
const defaultLab = { a: 'tx0', b: 'rx0' };
const defaultMtu = 1500;
const defaultHurriedTeardown = 10_000_000_000n;

/**
 * Carries out a program: its scenarios one after another, each in a new lab or at least on an engine without
 * devices and receivers. The engine stays open. A failed scenario does not keep the next from running; an interruption and the end of `maxDuration` do.
 * @throws defects only; whatever goes wrong for the user is in the results
 */
export async function run(program: Program, engine: Engine, options: RunOptions): Promise<Results> {
  // Some waits have no timer of their own (an engine's thread, a signal): the process must live on meanwhile.
  const alive = setInterval(() => {}, 2 ** 30);
  try {
    return await new ProgramRun(program, engine, options).carryOut();
  } finally {
    clearInterval(alive);
  }
}

/** A scenario that is to be run, and for which of its values. */
interface Planned {
  readonly scenario: Scenario;
  readonly instance: Instance;
}

class ProgramRun {
  readonly #program: Program;
  readonly #engine: Engine;
  readonly #options: RunOptions;
  readonly #source: SourceFile;
  readonly #params = new Scope(null);
  /** Not in an object yet: there a parameter called `__proto__` would be none. */
  readonly #shown = new Map<string, string>();
  readonly #interfaces: InterfaceTable;
  readonly #scenarios: ScenarioResults[] = [];
  readonly #functions: ReadonlyMap<string, UserFunction>;
  readonly #uses: ReturnType<typeof programUses>;
  #lab: { readonly plan: LabPlan; readonly span: Span } | null = null;
  #state: ScenarioState | null = null;

  constructor(program: Program, engine: Engine, options: RunOptions) {
    this.#program = program;
    this.#engine = engine;
    this.#options = options;
    this.#source = SourceFile.of(program.source);
    this.#interfaces = new InterfaceTable(engine, program.lab !== null || options.lab);
    this.#functions = new Map(program.functions.map((one) => [one.name, one]));
    this.#uses = programUses(program);
    engine.onEvent((event) => this.#state?.hear(event));
  }

  async carryOut(): Promise<Results> {
    const began = this.#engine.clock.now();
    const prepared = this.#prepare();
    if (!prepared.ok) return this.#refuse(prepared.failed);
    const { maxDuration } = this.#options;
    const limit = maxDuration === null ? null : limitOf(maxDuration, began);
    for (const { scenario, instance } of prepared.value) {
      if (limit !== null && isReached(limit, this.#engine.clock.now())) {
        // Of a scenario that never began nothing else in the results would tell.
        const told = this.#scenarios.some(({ failure }) => failure?.code === 'PG6105');
        if (told) break;
        return this.#refuse(refused(report('PG6105', { limit: limit.text }, scenario.span), 'failed').failed);
      }
      const opened = await this.#openLab();
      if (!opened.ok) return this.#refuse(opened.failed);
      const refreshed = await this.#interfaces.refresh(this.#interfacesUsed(), scenario.span);
      if (!refreshed.ok) return this.#refuse(refreshed.failed);
      const results = await runScenario(scenario, this.#setting(instance.name), {
        instance,
        signal: this.#options.signal,
        limit,
        hurriedTeardown: this.#options.hurriedTeardown ?? defaultHurriedTeardown,
        onProgress: this.#options.onProgress,
        onState: (state) => {
          this.#state = state;
        },
      });
      this.#state = null;
      this.#scenarios.push(results);
      if (results.verdict === 'interrupted') break;
    }
    return this.#results(null);
  }

  #setting(name: string): ConstructorParameters<typeof ScenarioState>[0] {
    const { seed, allow, onPrint, onDiagnostic } = this.#options;
    return {
      engine: this.#engine,
      interfaces: this.#interfaces,
      source: this.#source,
      // The unnamed scenario has the run's seed itself; devices derive theirs from it by name.
      seed: name === '' ? seed : derivedSeed(seed, name),
      allow,
      functions: this.#functions,
      params: this.#params,
      runBody: bodyRunner(() => this.#state as ScenarioState),
      sampled: this.#uses.looksBack,
      countsStatistics: asksStatistics(this.#program),
      onPrint,
      onDiagnostic,
    };
  }

  /** Parameters and the plan of the lab are settled before any scenario begins. */
  #prepare(): Result<readonly Planned[]> {
    const { seed, params } = this.#options;
    const environment = settledEnvironment(this.#params, seed);
    for (const param of this.#program.params) {
      const given = params.get(param.name);
      if (given === undefined && param.value === null) {
        const hints = [`\`--set ${param.name}=…\``];
        return refused(report('PG6401', { name: param.name }, param.span, { hints }));
      }
      const value: Outcome<Value> =
        given === undefined ? evaluate(param.value as Expr, environment) : { ok: true, value: given };
      if (!value.ok) return refusedBy(value.failure);
      this.#params.declare(param.name, value.value);
      this.#shown.set(param.name, formatValue(value.value));
    }
    const lab = this.#program.lab ?? (this.#options.lab ? undeclaredLab() : null);
    const planned = this.#planned(environment);
    if (lab === null || !planned.ok) return planned;
    if (!this.#engine.capabilities.lab) {
      return refused(report('PG6006', { engine: this.#engine.name, what: 'lab' }, lab.span), 'unsuitable');
    }
    const plan = labPlan(lab, environment);
    if (!plan.ok) return plan;
    this.#lab = { plan: plan.value, span: lab.span };
    return planned;
  }

  /** Scenarios in order, those with values once for each. */
  #planned(environment: Environment): Result<readonly Planned[]> {
    const planned: Planned[] = [];
    for (const scenario of this.#program.scenarios) {
      const { each, name } = scenario;
      if (each === null) {
        planned.push({ scenario, instance: { name, value: null } });
        continue;
      }
      const values = valuesOf(name, each.over, environment);
      if (!values.ok) return values;
      for (const value of values.value) {
        const text = valueText(this.#source, value);
        planned.push({ scenario, instance: { name: instanceName(name, each.name, text), value } });
      }
    }
    return ok(planned);
  }

  /** Each scenario has a lab of its own. */
  async #openLab(): Promise<Result<void>> {
    if (this.#lab === null) return ok(undefined);
    const opened = await settled(this.#engine.openLab(this.#lab.plan), '`lab`', this.#lab.span);
    return opened.ok ? ok(undefined) : opened;
  }

  #interfacesUsed(): readonly string[] {
    const given = [...this.#options.params.values()].flatMap((value) =>
      value.type === 'interface' ? [value.name] : [],
    );
    return [...this.#uses.interfaces, ...given];
  }

  #refuse(failed: Failed): Results {
    this.#options.onDiagnostic(failed.diagnostic);
    return this.#results(failed);
  }

  #results(failed: Failed | null): Results {
    const verdicts: Verdict[] = this.#scenarios.map((scenario) => scenario.verdict);
    if (failed !== null) verdicts.push(failed.verdict);
    if (this.#options.signal.aborted) verdicts.push('interrupted');
    const verdict = worst(verdicts);
    return {
      schema: resultsSchema,
      file: this.#program.source.name,
      seed: this.#options.seed.toString(),
      engine: this.#engine.name,
      params: Object.fromEntries(this.#shown),
      verdict,
      exit: exitOf[verdict],
      scenarios: this.#scenarios,
      failure: failed === null ? null : reported(failed.diagnostic, this.#source),
      environment: {},
    };
  }
}

/** @param duration and @param began in nanoseconds, by the engine's clock */
function limitOf(duration: bigint, began: bigint): RunLimit {
  const deadline = performance.now() + Number(duration) / 1e6;
  return { instant: began + duration, deadline, text: formatDuration(duration) };
}

/** What a scenario runs for: a list's expressions as they are, or the elements of what is settled before any scenario. */
function valuesOf(name: string, over: Expr, environment: Environment): Result<readonly Expr[]> {
  if (over.kind === 'list') return ok(over.items);
  const value = evaluate(over, environment);
  if (!value.ok) return refusedBy(value.failure);
  const found = elementCount(value.value);
  if (found < 1 || found > maxScenarioValues) {
    return refused(report('PG6403', { name, found, most: maxScenarioValues }, over.span));
  }
  return ok([...elements(value.value)].map((element) => ({ kind: 'constant', span: over.span, value: element })));
}

function undeclaredLab(): Lab {
  const span: Span = { start: 0, end: 0 };
  return { links: [{ kind: 'veth', ...defaultLab, mtu: null, span }], span };
}

/** What expressions know that are settled before any scenario: parameters, and nothing of a run. */
function settledEnvironment(params: Scope, seed: bigint): Environment {
  const random = new RandomStream(seed);
  const unknown = (): never => {
    throw new Error('a figure of the run where the checker lets none stand');
  };
  return {
    variable: (name) => params.lookup(name),
    metric: unknown,
    fact: unknown,
    random: () => random.next(),
    elapsed: unknown,
    caught: unknown,
  };
}

/** A declared lab with its values settled. */
export function labPlan(lab: Lab, environment: Environment): Result<LabPlan> {
  const links: LabLink[] = [];
  for (const link of lab.links) {
    const mtu: Outcome<Value> =
      link.mtu === null ? { ok: true, value: { type: 'size', value: defaultMtu } } : evaluate(link.mtu, environment);
    if (!mtu.ok) return refusedBy(mtu.failure);
    const problem = boundsProblem('`mtu`', mtu.value, atLeastOne, link.mtu?.span ?? link.span);
    if (problem !== null) return refused(problem);
    links.push(labLink(link, mtu.value.type === 'size' ? mtu.value.value : defaultMtu));
  }
  return ok({ links });
}

function labLink(link: Link, mtu: number): LabLink {
  const end = (name: string): LabEnd => ({ name, mac: macOf(name) });
  return link.kind === 'ifb'
    ? { kind: 'ifb', end: end(link.name), mtu }
    : { kind: 'veth', a: end(link.a), b: end(link.b), mtu };
}
