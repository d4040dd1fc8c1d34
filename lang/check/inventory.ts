// SPDX-License-Identifier: Apache-2.0

import { report } from '../diagnostics/catalogue-meaning.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { correction, maxSuggested } from '../diagnostics/suggest.ts';
import { needsHeaderAlone } from '../metrics.ts';
import type { Span } from '../source.ts';
import type { ReceiverStatement } from '../syntax/ast.ts';
import type { LostText } from './lost-text.ts';
import { fits, type NamePattern } from './name-pattern.ts';

/** What is known of a device's name before the run: all of it, its shape (`"tx0@${i}"`), or nothing. */
export type DeviceName =
  | { readonly kind: 'static'; readonly name: string }
  | { readonly kind: 'pattern'; readonly pattern: NamePattern }
  | { readonly kind: 'dynamic' };

/**
 * The pktgen header where receivers find it: with the device's number, by which they follow its frames; as the kernel writes
 * it, so that they can only count; or none.
 */
export type HeaderKind = 'numbered' | 'unnumbered' | 'none';

/** A device that a scenario adds. */
export interface AddedDevice {
  readonly name: DeviceName;
  readonly span: Span;
  readonly paced: boolean;
  /** What receivers find in its frames; null where the frame is not known. */
  readonly header: HeaderKind | null;
}

interface SequenceUse {
  readonly metric: string;
  /** Of whose frames, by its fixed name; null for any. */
  readonly name: string | null;
  readonly span: Span;
}

/** Names put together from values, each of which is held against every use: of what comes behind so many nothing is known. */
const maxPatterns = 1000;

/** Whether a device whose name is not fixed may come to be called so. */
function mayBe({ name }: AddedDevice, called: string): boolean {
  return name.kind === 'dynamic' || (name.kind === 'pattern' && fits(called, name.pattern));
}

/**
 * The devices that a scenario adds and what it asks of them. Devices may be added by any job at any time, so questions
 * are judged once the whole scenario has been seen.
 */
export class Inventory {
  readonly #added: AddedDevice[] = [];
  /** Those of them with a fixed name, by it; the others. */
  readonly #named = new Map<string, AddedDevice[]>();
  readonly #unnamed: AddedDevice[] = [];
  readonly #uses: { readonly name: string; readonly span: Span; readonly words: readonly string[] }[] = [];
  readonly #asked: { readonly name: string | null; readonly span: Span }[] = [];
  readonly #sequenceUses: SequenceUse[] = [];
  readonly #parts = new Set<Inventory>();
  #changed = false;

  add(device: AddedDevice): void {
    this.#added.push(device);
    const { name } = device;
    const many = name.kind === 'pattern' && this.#unnamed.length >= maxPatterns;
    if (many) this.#unnamed.push({ ...device, name: { kind: 'dynamic' } });
    else if (name.kind !== 'static') this.#unnamed.push(device);
    else if (!this.#named.get(name.name)?.push(device)) this.#named.set(name.name, [device]);
  }

  /** A device named outside `add_device`; `words` may stand there too. */
  use(name: DeviceName, span: Span, words: readonly string[] = []): void {
    if (name.kind === 'static') this.#uses.push({ name: name.name, span, words });
  }

  /** `asked` of a device, of null for the totals. */
  ask(name: DeviceName | null, span: Span): void {
    if (name === null) this.#asked.push({ name: null, span });
    else if (name.kind === 'static') this.#asked.push({ name: name.name, span });
  }

  /** A receiver's metric that needs sequence numbers: of one device's frames, or of all for null. */
  needSequence(metric: string, of: DeviceName | null, span: Span): void {
    this.#sequenceUses.push({ metric, name: of?.kind === 'static' ? of.name : null, span });
  }

  /** A `set` gives some device another pace or frame after it was added. */
  change(): void {
    this.#changed = true;
  }

  /** Whether an `add_device` seen so far names that device, or writes a pattern that fits. */
  knows(name: string): boolean {
    if (this.#names(name)) return true;
    if (this.#parts.size === 0) return false;
    for (const part of this.#reach()) if (part.#names(name)) return true;
    return false;
  }

  #names(name: string): boolean {
    if (this.#named.has(name)) return true;
    for (const device of this.#unnamed) {
      if (device.name.kind === 'pattern' && fits(name, device.name.pattern)) return true;
    }
    return false;
  }

  /**
   * Takes over what a part of the file that was checked on its own adds and asks for. The part is only remembered: of
   * functions that call each other a copy would hold what it adds once for every way to reach it. Most parts hold nothing,
   * and names are looked for in each.
   */
  include(part: Inventory): void {
    if (!part.#isEmpty()) this.#parts.add(part);
  }

  #isEmpty(): boolean {
    const held = this.#added.length + this.#uses.length + this.#asked.length + this.#sequenceUses.length;
    return held + this.#parts.size === 0 && !this.#changed;
  }

  names(): readonly string[] {
    return [...this.#reach()].flatMap((part) => part.#ownNames());
  }

  /** What the scenario got wrong. `receivers`: by their names; `lost`: text that may have added devices, or changed them. */
  problems(receivers: ReadonlyMap<string, ReceiverStatement>, lost: LostText): readonly Diagnostic[] {
    const whole = this.#whole();
    return [
      ...whole.#collisions(receivers),
      ...whole.#unknown(lost),
      ...(lost.none ? whole.#unpaced() : []),
      ...(lost.none ? whole.#unsequenced() : []),
    ];
  }

  /** This one and every part that it takes over, each once. */
  #reach(): ReadonlySet<Inventory> {
    const reached = new Set<Inventory>([this]);
    // What is added meanwhile comes up in its turn.
    for (const one of reached) for (const part of one.#parts) reached.add(part);
    return reached;
  }

  /** Everything that it reaches in one. */
  #whole(): Inventory {
    if (this.#parts.size === 0) return this;
    const whole = new Inventory();
    for (const part of this.#reach()) {
      for (const device of part.#added) whole.add(device);
      for (const use of part.#uses) whole.#uses.push(use);
      for (const asked of part.#asked) whole.#asked.push(asked);
      for (const use of part.#sequenceUses) whole.#sequenceUses.push(use);
      whole.#changed ||= part.#changed;
    }
    return whole;
  }

  #ownNames(): readonly string[] {
    return this.#added.flatMap(({ name }) => (name.kind === 'static' ? [name.name] : []));
  }

  #matching(name: string): readonly AddedDevice[] {
    return [...(this.#named.get(name) ?? []), ...this.#unnamed.filter((device) => mayBe(device, name))];
  }

  #adds(name: string): boolean {
    return this.#named.has(name) || this.#unnamed.some((device) => mayBe(device, name));
  }

  #collisions(receivers: ReadonlyMap<string, ReceiverStatement>): Diagnostic[] {
    return this.#added.flatMap(({ name, span }) => {
      const receiver = name.kind === 'static' ? receivers.get(name.name) : undefined;
      if (name.kind !== 'static' || receiver === undefined) return [];
      const labels = [{ span: receiver.name.span, text: 'the receiver' }];
      const hints = [`\`receiver NAME on ${name.name}\`, or another device name: \`${name.name}@0\``];
      return [report('PG3010', { name: name.name }, span, { labels, hints })];
    });
  }

  #unknown(lost: LostText): Diagnostic[] {
    if (lost.mayDeclare('add_device')) return [];
    const names = this.#ownNames();
    let told = 0;
    return this.#uses.flatMap(({ name, span, words }) => {
      if (this.#adds(name) || lost.mayDeclare(name)) return [];
      const subject = words.length > 0 ? 'there are' : 'devices';
      const near = told++ < maxSuggested ? correction(name, [...names, ...words], subject, span) : {};
      const added = this.#added.length > 0 || words.length > 0;
      const adding = added ? [] : [`\`add_device ${name} on cpu 0 { … }\` adds it`];
      return [report('PG3004', { name }, span, { ...near, hints: [...(near.hints ?? []), ...adding] })];
    });
  }

  #unpaced(): Diagnostic[] {
    if (this.#changed) return [];
    return this.#asked.flatMap(({ name, span }) => {
      const devices = name === null ? this.#added : this.#matching(name);
      if (devices.length === 0 || devices.some((device) => device.paced)) return [];
      const device = name === null ? 'any device' : `\`${name}\``;
      const hints = ['compare `achieved` with what you expect, or give the device a `rate`'];
      return [report('PG5201', { device }, span, { hints })];
    });
  }

  #unsequenced(): Diagnostic[] {
    if (this.#changed) return [];
    const ofAll = new Set(this.#added.map(({ header }) => header));
    return this.#sequenceUses.flatMap(({ metric, name, span }) => {
      const kinds = name === null ? ofAll : new Set(this.#matching(name).map(({ header }) => header));
      if (kinds.size === 0 || kinds.has(null) || kinds.has('numbered')) return [];
      if (!kinds.has('unnumbered')) {
        const hints = ['end the frame with `/ pktgen`, within its first 128 bytes and behind at most two tags'];
        return [report('PG5202', { metric }, span, { hints })];
      }
      if (needsHeaderAlone.has(metric)) return [];
      const hints = [
        '`flag NO_TIMESTAMP` and `pktgen_compat exact` leave out which device sent a frame: such frames are only counted',
      ];
      return [report('PG5203', { metric }, span, { hints })];
    });
  }
}
