// SPDX-License-Identifier: Apache-2.0

import type { Diagnostic } from '../../lang/diagnostics/diagnostic.ts';
import type { FrameValue } from '../../lang/known-values.ts';
import { type Addition, type Entered, enter, openSession, type Session } from '../../lang/session.ts';
import type { SourceFile } from '../../lang/source.ts';
import type { Value } from '../../lang/value.ts';
import { type OfferedEngine, openEngine } from '../commands/open-engine.ts';
import { parameterValues } from '../commands/parameter-values.ts';
import type { Engine } from '../engine.ts';
import { readImport } from '../import-reader.ts';
import type { Refusal } from '../refusal.ts';
import type { EventResults, ExpectationResults } from '../results.ts';
import type { Result } from '../scenario/completion.ts';
import type { EntryEnd, OpenScenario } from '../scenario/open-scenario.ts';
import { declarationsOf, type KeptDeclaration, type SavedScenario, savedScenario } from './saved-scenario.ts';

export interface SessionOptions {
  readonly engine: OfferedEngine;
  readonly seed: bigint;
  /** `name=value`, for every parameter of that name that is declared. */
  readonly settings: readonly string[];
  readonly allow: readonly string[];
  readonly onPrint: (text: string) => void;
  readonly onEvent: (event: EventResults) => void;
  readonly onDiagnostics: (diagnostics: readonly Diagnostic[], source: SourceFile) => void;
}

/** What became of a text. `mistaken`: it has mistakes, which were told, and nothing was carried out. */
export type Outcome = EntryEnd | 'mistaken';

/**
 * What a shell works on: the text that was entered, and the scenario that it opened on an engine. The engine is loaded
 * with the first text that is carried out, or by `open`: a shell shows its prompt before.
 */
export class ShellSession {
  readonly #options: SessionOptions;
  #session: Session = openSession('shell');
  #open: { readonly scenario: OpenScenario; readonly engine: Engine } | null = null;
  #kept: readonly KeptDeclaration[] = [];
  /** What was told of each expectation, by its place and label. */
  readonly #verdicts = new Map<string, boolean>();
  #diverted: ((text: string) => void) | null = null;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  get engine(): OfferedEngine {
    return this.#options.engine;
  }

  get text(): Session {
    return this.#session;
  }

  /** Null until the engine is loaded. */
  get scenario(): OpenScenario | null {
    return this.#open?.scenario ?? null;
  }

  get inLab(): boolean {
    return this.#session.declared.lab !== null;
  }

  get running(): number {
    return this.scenario?.running ?? 0;
  }

  /** What each device has sent, by its name. */
  figures(): ReadonlyMap<string, { readonly running: boolean; readonly sent: number; readonly errors: number }> {
    const devices = this.scenario?.state.devices;
    return new Map(devices?.present().map((device) => [device.name, devices.figures(device)]));
  }

  /** Loads the engine; a refusal where it cannot be. */
  async open(): Promise<Refusal | null> {
    if (this.#open !== null) return null;
    const opened = await openEngine(this.#options.engine);
    if (!opened.ok) return opened.refusal;
    const { OpenScenario } = await import('../scenario/open-scenario.ts');
    const { seed, allow, onDiagnostics, onEvent } = this.#options;
    const scenario = new OpenScenario(opened.engine, this.#session.source, {
      seed,
      allow,
      onPrint: (text) => (this.#diverted ?? this.#options.onPrint)(text),
      onEvent,
      onDiagnostic: (diagnostic, source) => onDiagnostics([diagnostic], source),
    });
    this.#open = { scenario, engine: opened.engine };
    await scenario.look();
    return null;
  }

  /**
   * Checks a text and, if nothing is wrong, carries it out. The engine is open.
   *
   * @param settings `name=value` for parameters that the text declares; they win over those of the session
   */
  async enter(name: string, text: string, settings: readonly string[] = []): Promise<Outcome> {
    const scenario = this.#mustBeOpen();
    const entered = this.#check(name, text);
    if (entered.addition === null) return 'mistaken';
    const given = this.#given(entered.addition, { name, text }, settings);
    if (given === null) return 'mistaken';
    const end = await scenario.enter(entered.addition, entered.source, given);
    this.#session = entered.accepted(scenario);
    const kept = declarationsOf(entered, this.#session.declared.entries, scenario, given);
    this.#kept = [...this.#kept, ...kept];
    return end;
  }

  /**
   * Carries out a text of which nothing stays, and gives what it printed; null where it has mistakes, which were told, or
   * was interrupted.
   */
  async glance(text: string): Promise<readonly string[] | null> {
    const scenario = this.#mustBeOpen();
    const entered = this.#check('shell', text);
    if (entered.addition === null) return null;
    const lines: string[] = [];
    this.#diverted = (line) => lines.push(line);
    try {
      const end = await scenario.enter(entered.addition, entered.source);
      return end === 'done' ? lines : null;
    } finally {
      this.#diverted = null;
    }
  }

  /** Reads an expression as a function of now; null where it has mistakes, which were told. */
  figure(expression: string): (() => Result<Value>) | null {
    const { state } = this.#mustBeOpen();
    const entered = this.#check('shell', `print ${expression}`);
    const [op] = entered.addition?.body ?? [];
    const [value] = op?.op === 'print' ? op.values : [];
    return value === undefined ? null : () => state.evaluate(value, state.root, state.main);
  }

  /** What was expected that nobody was told of yet: seen for the first time, or failed after it had held. */
  news(): readonly ExpectationResults[] {
    const all = this.scenario?.state.expectations.results() ?? [];
    return all.filter(({ span, label, passed }) => {
      const key = JSON.stringify([span, label]);
      const before = this.#verdicts.get(key);
      this.#verdicts.set(key, passed);
      return before === undefined || (before && !passed);
    });
  }

  /** The frames that are declared, by their names. */
  frames(): ReadonlyMap<string, FrameValue> {
    const root = this.scenario?.state.root;
    const found = new Map<string, FrameValue>();
    for (const { name, symbol, type } of this.#session.declared.scope.variables) {
      if (type !== 'frame' || root?.has(symbol) !== true) continue;
      const value = root.lookup(symbol);
      if (value.type === 'frame') found.set(name, value);
    }
    return found;
  }

  saved(name: string): SavedScenario {
    const { state, running } = this.#mustBeOpen();
    return savedScenario(this.#kept, state, name, running > 0);
  }

  /** Ends everything and closes the engine. */
  async close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    if (open === null) return;
    await open.scenario.close();
    await open.engine.close();
  }

  /** The last resort when the process ends. */
  closeNow(): void {
    this.#open?.engine.closeNow();
  }

  #mustBeOpen(): OpenScenario {
    if (this.#open === null) throw new Error('the engine is not open');
    return this.#open.scenario;
  }

  /** The values that settings give to an entry's parameters; null where they have mistakes, which were told. */
  #given(
    addition: Addition,
    text: { readonly name: string; readonly text: string },
    settings: readonly string[],
  ): ReadonlyMap<string, Value> | null {
    const params = addition.params.map(({ param }) => param);
    const own = new Set(settings.map(nameOf));
    const declared = new Set(params.map(({ name }) => name));
    const others = this.#options.settings.filter((one) => declared.has(nameOf(one)) && !own.has(nameOf(one)));
    const source = { ...text, imported: [] };
    const given = parameterValues({ params, source }, [...others, ...settings], 'may be missing');
    if (given.ok) return given.values;
    for (const finding of given.findings) this.#options.onDiagnostics(finding.diagnostics, finding.source);
    return null;
  }

  #check(name: string, text: string): Entered {
    const entered = enter(this.#session, name, text, readImport);
    if (entered.diagnostics.length > 0) this.#options.onDiagnostics(entered.diagnostics, entered.source);
    return entered;
  }
}

/** The parameter that `name=value` is for. */
function nameOf(setting: string): string {
  return setting.split('=')[0]?.trim() ?? '';
}
