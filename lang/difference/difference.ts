// SPDX-License-Identifier: Apache-2.0

import { type OneLiner, oneLiner } from '../format/formatter.ts';
import { innerOps } from '../inner-ops.ts';
import type { Expr, Op, Program, Scenario, UserFunction } from '../op.ts';
import { SourceFile, type Span } from '../source.ts';
import { asWritten } from './as-written.ts';
import { type Edit, editScript } from './edit-script.ts';

/** What changes are told about, in this order. */
const order = [
  'parameter',
  'lab',
  'function',
  'frame',
  'receiver',
  'device',
  'timeline',
  'expectation',
  'scenario',
] as const;
export type Section = (typeof order)[number];

/** One side of a change: what stands there in canonical form, and its line (from 1). */
export interface Side {
  readonly text: string;
  readonly line: number;
}
/** A part of a device, frame or receiver that differs; null where it is not written. */
export interface Detail {
  readonly name: string;
  readonly before: string | null;
  readonly after: string | null;
}
export interface Change {
  readonly section: Section;
  /** The scenario's name; null for what stands outside of `scenario` blocks. */
  readonly scenario: string | null;
  readonly change: 'added' | 'removed' | 'changed';
  readonly name: string;
  readonly before: Side | null;
  readonly after: Side | null;
  /** Empty where the sides say all. */
  readonly details: readonly Detail[];
}

/**
 * What two programs do differently: parameters, links, frames, receivers, devices, the order of operations, expectations.
 * Layout, comments, spellings of one value (`1000ms`, `1s`) and the order of a device's parameters do not count. A default
 * that is written out does: many follow from the lab, the frame or other parameters, and some from the machine.
 */
export function difference(before: Program, after: Program): readonly Change[] {
  const [old, now] = [partsOf(before), partsOf(after)];
  const names = [...new Set([...old.keys(), ...now.keys()])];
  return names.flatMap((name) => {
    const [was, is] = [old.get(name), now.get(name)];
    if (was !== undefined && is !== undefined) {
      const values =
        was.scenario?.values === is.scenario?.values
          ? []
          : [change('scenario', null, String(name), was.scenario, is.scenario)];
      const changes = [...keyedChanges(was, is), ...timelineChanges(was, is), ...values];
      return changes.sort((a, b) => order.indexOf(a.section) - order.indexOf(b.section));
    }
    const { scenario: whole } = (was ?? is) as Parts;
    // The parts outside of scenarios are always there.
    if (whole === null) return [];
    return [change('scenario', null, whole.name, was === undefined ? null : whole, is === undefined ? null : whole)];
  });
}

/** A thing with a name of its own: `meaning` tells whether it is the same, `details` what of it is not. */
interface Piece extends Side {
  readonly section: Section;
  readonly name: string;
  readonly meaning: string;
  readonly details: ReadonlyMap<string, Part>;
}
/** A part of a piece: its meaning, and how it is written. */
interface Part {
  readonly meaning: string;
  readonly text: string;
}
/** An operation where it stands; `piece` is the device or expectation that it makes, which tells the rest. */
interface Step extends Side {
  readonly op: string;
  readonly key: string;
  readonly piece: string | null;
}
/** What stands in a scenario, or outside of all. */
interface Parts {
  readonly name: string | null;
  /** `values`: what it is carried out for. */
  readonly scenario: (Side & { readonly name: string; readonly values: string }) | null;
  readonly pieces: Map<string, Piece>;
  /** How many pieces of a section have a name so far. */
  readonly named: Map<string, number>;
  readonly steps: Step[];
}

// --- what there is ------------------------------------------------------------------------------------------------------

function partsOf(program: Program): ReadonlyMap<string | null, Parts> {
  return new Collector(asWritten(program)).collect();
}

class Collector {
  readonly #program: Program;
  readonly #source: SourceFile;
  /** How the texts of the file and of its imports are written, each made when it is first asked for. */
  readonly #written = new Map<string, OneLiner>();
  readonly #parts = new Map<string | null, Parts>();
  /** Declarations outside of scenarios stand in every scenario of the program. */
  readonly #shared = new Set<number>();

  constructor(program: Program) {
    this.#program = program;
    this.#source = SourceFile.of(program.source);
  }

  collect(): ReadonlyMap<string | null, Parts> {
    const { params, lab, functions, scenarios } = this.#program;
    const outside = this.#open(null, null);
    for (const param of params) this.#add(outside, 'parameter', param.name, param, param.span, new Map());
    for (const link of lab?.links ?? []) {
      const name = link.kind === 'veth' ? `veth ${link.a} <-> ${link.b}` : `ifb ${link.name}`;
      this.#add(outside, 'lab', name, link, link.span, new Map());
    }
    for (const one of functions) this.#function(one, outside);
    for (const scenario of scenarios) this.#scenario(scenario, outside);
    return this.#parts;
  }

  #open(name: string | null, scenario: Parts['scenario']): Parts {
    const parts: Parts = { name, scenario, pieces: new Map(), named: new Map(), steps: [] };
    this.#parts.set(name, parts);
    return parts;
  }

  #scenario(scenario: Scenario, outside: Parts): void {
    const { name, each, span, receivers, prelude, setup, body, teardown } = scenario;
    const side = { name, values: meaningOf(each), text: this.#head(span), line: this.#line(span) };
    const inside = name === '' ? outside : this.#open(name, side);
    const placeOf = (at: Span): Parts | null => {
      if (at.start >= span.start && at.end <= span.end) return inside;
      if (this.#shared.has(at.start)) return null;
      this.#shared.add(at.start);
      return outside;
    };
    for (const receiver of receivers) {
      const parts = placeOf(receiver.span);
      if (parts !== null) this.#add(parts, 'receiver', receiver.name, receiver, receiver.span, new Map());
    }
    const visit = (ops: readonly Op[], depth: number): void => {
      for (const op of ops) {
        const parts = placeOf(op.span);
        if (parts !== null) this.#op(parts, op, depth);
      }
    };
    visit(prelude, 0);
    this.#around('setup', setup, outside);
    visit(body, 0);
    this.#around('teardown', teardown, outside);
  }

  /** The file's `setup` or `teardown`: the same for every scenario, and told once. */
  #around(name: 'setup' | 'teardown', ops: readonly Op[], outside: Parts): void {
    const [first] = ops;
    if (first === undefined || this.#shared.has(first.span.start)) return;
    outside.steps.push({ op: name, text: name, line: this.#line(first.span), key: name, piece: null });
    for (const op of ops) {
      this.#shared.add(op.span.start);
      this.#op(outside, op, 1);
    }
  }

  #function({ name, parameters, body, span }: UserFunction, outside: Parts): void {
    const part = (text: string, data: unknown): Part => ({ meaning: meaningOf(data), text });
    const details = new Map([
      ['parameters', part(parameters.map((one) => `${one.name}: ${one.type}`).join(', '), parameters)],
      ['body', part(body.map((op) => this.#whole(op.span)).join('; '), body)],
    ]);
    this.#add(outside, 'function', name, null, span, details);
  }

  #op(parts: Parts, op: Op, depth: number): void {
    const { span } = op;
    if (op.op === 'let' && this.#head(span).startsWith('frame ')) {
      this.#add(parts, 'frame', op.name, op.value, span, this.#frameDetails(op.value));
      return;
    }
    const bodies = innerOps(op);
    const written = bodies.length === 0 ? this.#whole(span) : this.#head(span);
    // Of a `let` with a call alone behind `=`, the call is all that is left.
    const kind = op.op === 'call' && op.bind !== null ? 'let' : op.op;
    const step = { op: kind, text: `${bound(op)}${written}`, line: this.#line(span) };
    if (op.op === 'add_device') {
      const piece = this.#add(parts, 'device', this.#whole(op.name.span), null, span, this.#deviceDetails(op));
      parts.steps.push({ ...step, key: `${depth} ${piece} ${op.bind}`, piece });
    } else if (op.op === 'expect') {
      const { condition, label, required, timeout } = op;
      const piece = this.#add(
        parts,
        'expectation',
        this.#subject(condition, label),
        [condition, label, required, timeout],
        span,
        new Map(),
      );
      parts.steps.push({ ...step, key: `${depth} ${piece}`, piece });
    } else {
      parts.steps.push({ ...step, key: `${depth} ${meaningOf(headOf(op))}`, piece: null });
    }
    for (const { name, ops } of bodies) {
      if (name === 'otherwise' && ops.length > 0) {
        parts.steps.push({ op: 'else', text: 'else', line: step.line, key: `${depth} else`, piece: null });
      }
      for (const inner of ops) this.#op(parts, inner, depth + 1);
    }
  }

  /** Adds a piece under its name, numbered where the name is taken; gives its key. */
  #add(parts: Parts, section: Section, name: string, data: unknown, span: Span, details: Piece['details']): string {
    const base = `${section} ${name}`;
    let unique = name;
    let number = (parts.named.get(base) ?? 0) + 1;
    if (number > 1) unique = `${name} #${number}`;
    // A text may be called so by itself.
    while (parts.pieces.has(`${section} ${unique}`)) unique = `${name} #${++number}`;
    parts.named.set(base, number);
    const meaning = meaningOf(data === null ? [...details].map(([part, { meaning: of }]) => [part, of]).sort() : data);
    const key = `${section} ${unique}`;
    const text = this.#whole(span);
    parts.pieces.set(key, { section, name: unique, meaning, details, text, line: this.#line(span) });
    return key;
  }

  #deviceDetails(op: Extract<Op, { op: 'add_device' }>): Piece['details'] {
    const cpu: [string, Part] = ['cpu', { meaning: meaningOf(op.cpu), text: this.#whole(op.cpu.span) }];
    const parameters = op.parameters.map(({ name, values, span }): [string, Part] => [
      name,
      // Flags add up from several lines, and their order never matters.
      name === 'flag'
        ? {
            meaning: meaningOf(sorted(values)),
            text: sorted(values)
              .map((value) => this.#whole(value.span))
              .join(', '),
          }
        : { meaning: meaningOf(values), text: this.#whole(span).slice(name.length).trim() },
    ]);
    return new Map([cpu, ...parameters]);
  }

  /** The fields of a frame whose layers are all written out; none for other frames. */
  #frameDetails(value: Expr): Piece['details'] {
    const layers =
      value.kind === 'frame'
        ? value.parts
        : value.kind === 'constant' && value.value.type === 'frame'
          ? value.value.layers
          : [];
    const details = new Map<string, Part>();
    for (const [at, layer] of layers.entries()) {
      if (layer.kind !== 'layer') return new Map();
      const same = layers.slice(0, at).filter((other) => other.kind === 'layer' && other.protocol === layer.protocol);
      const prefix = same.length === 0 ? layer.protocol : `${layer.protocol} #${same.length + 1}`;
      details.set(`layer ${at + 1}`, { meaning: layer.protocol, text: layer.protocol });
      for (const { name, source, span } of layer.fields) {
        const text = this.#whole(span)
          .slice(name.length + 1)
          .trim();
        details.set(`${prefix}.${name}`, { meaning: meaningOf(source), text });
      }
    }
    return details;
  }

  /** What an expectation is about: its label, or what it compares. */
  #subject(condition: Expr, label: Expr | null): string {
    if (label !== null) return this.#whole(label.span);
    if (condition.kind === 'within') return this.#whole(condition.actual.span);
    return this.#whole(condition.kind === 'binary' ? condition.left.span : condition.span);
  }

  #whole(span: Span): string {
    return this.#write(span, 'whole');
  }

  #head(span: Span): string {
    return this.#write(span, 'head');
  }

  #write(span: Span, part: keyof OneLiner): string {
    const { file, span: place } = this.#source.locate(span);
    let written = this.#written.get(file.name);
    if (written === undefined) {
      written = oneLiner(file);
      this.#written.set(file.name, written);
    }
    return written[part](place);
  }

  #line(span: Span): number {
    const { file, span: place } = this.#source.locate(span);
    return file.position(place.start).line;
  }
}

/** An operation without the operations inside of it. */
function headOf(op: Op): unknown {
  const inner = innerOps(op).map(({ name }) => name);
  return Object.fromEntries(Object.entries(op).filter(([name]) => !inner.includes(name)));
}

function bound(op: Op): string {
  return 'bind' in op && op.bind !== null ? `let ${op.bind} = ` : '';
}

/** Words by the alphabet. */
function sorted(words: readonly Expr[]): readonly Expr[] {
  return [...words].sort((a, b) => (meaningOf(a) < meaningOf(b) ? -1 : 1));
}

/** Data as a text that is the same for what means the same: without places and without conditions as they were written. */
function meaningOf(data: unknown): string {
  return JSON.stringify(data, function (this: unknown, key, value: unknown) {
    if (key === 'span') return undefined;
    if (key === 'text' && typeof this === 'object' && this !== null && 'condition' in this) return undefined;
    // Their order never matters, and that of flags neither.
    if (key === 'parameters' && Array.isArray(value)) {
      const inOrder = value.map((one) => (one.name === 'flag' ? { ...one, values: sorted(one.values) } : one));
      return inOrder.sort((a, b) => (a.name < b.name ? -1 : 1));
    }
    return value;
  });
}

// --- what differs -------------------------------------------------------------------------------------------------------

function keyedChanges(before: Parts, after: Parts): readonly Change[] {
  const keys = [...new Set([...before.pieces.keys(), ...after.pieces.keys()])];
  return keys.flatMap((key) => {
    const [was, is] = [before.pieces.get(key) ?? null, after.pieces.get(key) ?? null];
    const { section, name } = (was ?? is) as Piece;
    if (was?.meaning === is?.meaning) return [];
    return [change(section, before.name, name, was, is, was === null || is === null ? [] : detailsOf(was, is))];
  });
}

function detailsOf(before: Piece, after: Piece): readonly Detail[] {
  const names = [...new Set([...before.details.keys(), ...after.details.keys()])];
  const found = names.flatMap((name) => {
    const [was, is] = [before.details.get(name), after.details.get(name)];
    return was?.meaning === is?.meaning ? [] : [{ name, before: was?.text ?? null, after: is?.text ?? null }];
  });
  // Where the layers are others, the fields say little: the sides say it all.
  return found.some(({ name }) => name.startsWith('layer ')) ? [] : found;
}

/** Operations that came, went or moved; one that stands in the place of another one of its kind has changed. */
function timelineChanges(before: Parts, after: Parts): readonly Change[] {
  const [old, now] = [before.steps, after.steps];
  const edits = editScript(
    old.map(({ key }) => key),
    now.map(({ key }) => key),
  );
  const told = (step: Step, others: Parts) => step.piece !== null && !others.pieces.has(step.piece);
  return runsOf(edits).flatMap((run) => {
    const gone = run
      .flatMap((edit) => (edit.kind === 'remove' ? [old[edit.before] as Step] : []))
      .filter((step) => !told(step, after));
    const come = new Set(
      run
        .flatMap((edit) => (edit.kind === 'add' ? [now[edit.after] as Step] : []))
        .filter((step) => !told(step, before)),
    );
    const ofKind = new Map<string, Step[]>();
    for (const step of [...come].reverse()) {
      if (step.piece === null && !ofKind.get(step.op)?.push(step)) ofKind.set(step.op, [step]);
    }
    const changes = gone.map((step) => {
      // From the end, where taking one out is cheap: the first that came stands there.
      const candidates = step.piece === null ? (ofKind.get(step.op) ?? []) : [];
      const at = candidates.findLastIndex(({ text }) => text !== step.text);
      const [successor] = at < 0 ? [] : candidates.splice(at, 1);
      if (successor !== undefined) come.delete(successor);
      return change('timeline', before.name, step.op, step, successor ?? null);
    });
    return [...changes, ...[...come].map((step) => change('timeline', before.name, step.op, null, step))];
  });
}

/** Runs of edits between which all is kept. */
function runsOf(edits: readonly Edit[]): readonly (readonly Edit[])[] {
  const runs: Edit[][] = [[]];
  for (const edit of edits) {
    if (edit.kind === 'keep') runs.push([]);
    else runs.at(-1)?.push(edit);
  }
  return runs.filter((run) => run.length > 0);
}

function change(
  section: Section,
  scenario: string | null,
  name: string,
  before: Side | null,
  after: Side | null,
  details: readonly Detail[] = [],
): Change {
  const side = (of: Side | null) => (of === null ? null : { text: of.text, line: of.line });
  const kind = before === null ? 'added' : after === null ? 'removed' : 'changed';
  return { section, scenario, change: kind, name, before: side(before), after: side(after), details };
}
