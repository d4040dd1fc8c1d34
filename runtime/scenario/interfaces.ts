// SPDX-License-Identifier: Apache-2.0

import { nearest } from '../../lang/diagnostics/suggest.ts';
import type { Span } from '../../lang/source.ts';
import { report } from '../catalogue.ts';
import { type Engine, EngineError, type InterfaceFacts, type InterfaceStatistics } from '../engine.ts';
import { ok, type Result, refused, settled } from './completion.ts';

/** What is known of the interfaces in reach, as of the last look. */
export class InterfaceTable {
  readonly #engine: Engine;
  #lab: boolean;
  #known = new Map<string, InterfaceFacts>();
  #counters: ReadonlyMap<string, InterfaceStatistics> = new Map();
  #before: ReadonlyMap<string, InterfaceStatistics> = new Map();
  #measuring = false;

  constructor(engine: Engine, lab: boolean) {
    this.#engine = engine;
    this.#lab = lab;
  }

  get(name: string): InterfaceFacts | null {
    return this.#known.get(name) ?? null;
  }

  /** By its index, which it keeps when it is renamed; null once it is gone, and for 0. */
  byIndex(index: number): InterfaceFacts | null {
    return [...this.#known.values()].find((facts) => facts.index === index) ?? null;
  }

  get all(): readonly InterfaceFacts[] {
    return [...this.#known.values()];
  }

  /** The other end of a lab's veth; null outside a lab. */
  peerOf(facts: InterfaceFacts): InterfaceFacts | null {
    return this.#lab ? this.get(facts.peer) : null;
  }

  /**
   * Reads the counters of all interfaces, so that `statistic()` has them as they are now. Nothing is said where that fails:
   * a counter that is asked for is missing then.
   */
  async measure(): Promise<void> {
    this.#measuring = true;
    try {
      this.#counters = await this.#engine.statistics([...this.#known.keys()]);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
    } finally {
      this.#measuring = false;
    }
  }

  /** Counters count from here. */
  async beginCounting(): Promise<void> {
    await this.measure();
    this.#before = this.#counters;
  }

  /**
   * A counter of an interface since `beginCounting()`, as of the last `measure()`; the names that there are, where it has no
   * such. Conditions look at it again and again, so a newer value is asked for along the way.
   */
  statistic(name: string, counter: string): number | readonly string[] {
    if (!this.#measuring) void this.measure();
    const counters = this.#counters.get(name);
    const now = counters?.get(counter);
    if (now === undefined) return [...(counters?.keys() ?? [])];
    return now - (this.#before.get(name)?.get(counter) ?? 0);
  }

  get lab(): boolean {
    return this.#lab;
  }

  /** A lab was opened in the middle of an open scenario: what was known was another network's. */
  enterLab(): void {
    this.#lab = true;
    this.#known = new Map();
  }

  /** Looks again. */
  async refresh(wanted: readonly string[], span: Span): Promise<Result<void>> {
    const names = [...new Set([...this.#known.keys(), ...wanted])];
    const found = await settled(this.#engine.interfaces(names), 'reading the interfaces', span);
    if (!found.ok) return found;
    this.#known = new Map(found.value.map((facts) => [facts.name, facts]));
    return ok(undefined);
  }

  /**
   * The facts of an interface, looked up again where it is not known. A missing one is the script's mistake in a lab, the
   * machine's fault elsewhere.
   */
  async find(name: string, span: Span): Promise<Result<InterfaceFacts>> {
    const known = this.get(name);
    if (known !== null) return ok(known);
    const looked = await this.refresh([name], span);
    if (!looked.ok) return looked;
    const found = this.get(name);
    if (found !== null) return ok(found);
    const names = [...this.#known.keys()];
    const hints = [names.length === 0 ? 'there are no interfaces' : `there are ${names.join(', ')}`];
    const near = nearest(name, names);
    if (near !== null) hints.unshift(`did you mean \`${near}\`?`);
    return refused(report('PG6003', { name }, span, { hints }), this.#lab ? 'error' : 'unsuitable');
  }
}
