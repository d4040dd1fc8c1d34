// SPDX-License-Identifier: Apache-2.0

import { fits, type NamePattern, patternOf } from '../check/name-pattern.ts';
import type { Loaded, Module } from '../imports.ts';
import type { SourceFile, Span } from '../source.ts';
import type * as Ast from '../syntax/ast.ts';
import type { NameKind } from './names.ts';

/** Something with a name, and every place of the text where it is named. Spans count in the text of the whole. */
export interface Declared {
  readonly name: string;
  readonly kind: NameKind;
  /** Where its name is first given; null where the text only uses it, as the machine's own interfaces. */
  readonly declaration: Span | null;
  /** The statement that declares it. */
  readonly statement: Span | null;
  /** Where another thing of its name would be a clash: there is no shadowing. */
  readonly reach: Span;
  /** Its names, the declaration among them, in source order. */
  readonly occurrences: readonly Span[];
  /** Why it cannot have another name; null where it can. */
  readonly fixed: string | null;
}

interface Growing extends Declared {
  declaration: Span | null;
  statement: Span | null;
  readonly occurrences: Span[];
  fixed: string | null;
}

/** Every name of a file and of what it imports. Broken statements are passed over. */
export function symbolsOf(loaded: Loaded): readonly Declared[] {
  const resolver = new Resolver(loaded);
  return resolver.run();
}

/** What is named at an offset: of a device and its interface, which share their first letters, the device. */
export function symbolAt(symbols: readonly Declared[], offset: number): Declared | null {
  let found: Declared | null = null;
  let width = 0;
  for (const symbol of symbols) {
    const at = symbol.occurrences.find(({ start, end }) => start <= offset && offset <= end);
    if (at === undefined || at.end - at.start <= width) continue;
    found = symbol;
    width = at.end - at.start;
  }
  return found;
}

class Names {
  readonly own = new Map<string, Growing>();
  readonly #parent: Names | null;
  readonly reach: Span;

  constructor(parent: Names | null, reach: Span) {
    this.#parent = parent;
    this.reach = reach;
  }

  lookup(name: string): Growing | null {
    return this.own.get(name) ?? this.#parent?.lookup(name) ?? null;
  }
}

/** A device whose name is put together: `"tx0@${i}"`. */
interface Pattern {
  readonly matches: NamePattern;
  readonly span: Span;
  readonly statement: Span;
}

class Resolver {
  readonly #source: SourceFile;
  readonly #loaded: Loaded;
  readonly #all: Growing[] = [];
  readonly #devices = new Map<string, Growing>();
  readonly #interfaces = new Map<string, Growing>();
  readonly #receivers = new Map<string, Growing>();
  readonly #patterns: Pattern[] = [];
  readonly #modules = new Map<Module, Names>();
  readonly #imports = new Map<Growing, Names>();

  constructor(loaded: Loaded) {
    this.#loaded = loaded;
    this.#source = loaded.source;
  }

  run(): readonly Declared[] {
    const { file } = this.#loaded;
    const isLab = (statement: Ast.Statement) => statement.kind === 'lab';
    this.#ahead(file.statements.filter(isLab), file.span);
    this.#ahead(
      file.statements.filter((statement) => !isLab(statement)),
      file.span,
    );
    this.#statements(file.statements, new Names(null, file.span));
    for (const device of this.#devices.values()) this.#settle(device);
    for (const { occurrences } of this.#all) occurrences.sort((a, b) => a.start - b.start);
    return this.#all;
  }

  /** A device that no `add_device` names whole was added by one that puts names together, or in vain. */
  #settle(device: Growing): void {
    if (device.declaration !== null) return;
    const pattern = this.#patterns.find(({ matches }) => fits(device.name, matches));
    device.declaration = pattern?.span ?? null;
    device.statement = pattern?.statement ?? null;
    device.fixed = pattern === undefined ? 'nothing here adds it' : 'its name is put together where it is added';
  }

  #add(kind: NameKind, name: Ast.Name, statement: Span, reach: Span): Growing {
    const made: Growing = {
      name: name.text,
      kind,
      declaration: name.span,
      statement,
      reach,
      occurrences: [name.span],
      fixed: null,
    };
    this.#all.push(made);
    return made;
  }

  #declare(names: Names, kind: NameKind, name: Ast.Name, statement: Span): Growing {
    const made = this.#add(kind, name, statement, names.reach);
    names.own.set(name.text, made);
    return made;
  }

  /** Interfaces and receivers are there before the first statement. */
  #ahead(statements: readonly Ast.Statement[], reach: Span): void {
    for (const statement of statements) {
      switch (statement.kind) {
        case 'lab':
          for (const link of statement.links) {
            const ends = link.kind === 'veth' ? [link.a, link.b] : [link.name];
            for (const name of ends) this.#interface(name, link.span, reach);
          }
          break;
        case 'scenario':
          this.#ahead(statement.body.statements, reach);
          break;
        case 'receiver':
          this.#receiver(statement, reach);
          break;
        default:
      }
    }
  }

  #receiver({ name, on, span }: Ast.ReceiverStatement, reach: Span): void {
    const interfaceOf = on === null ? this.#interfaces.get(name.text) : undefined;
    if (interfaceOf !== undefined) {
      // `receiver rx0` names an interface and the receiver on it with one word.
      interfaceOf.occurrences.push(name.span);
      return;
    }
    const known = this.#receivers.get(name.text);
    known?.occurrences.push(name.span);
    const made = known ?? this.#add('receiver', name, span, reach);
    if (on === null) made.fixed = `an interface of the machine is called so; write \`receiver NAME on ${name.text}\``;
    this.#receivers.set(name.text, made);
  }

  #interface(name: Ast.Name, statement: Span, reach: Span): void {
    const known = this.#interfaces.get(name.text);
    if (known === undefined) this.#interfaces.set(name.text, this.#add('interface', name, statement, reach));
    else known.occurrences.push(name.span);
  }

  #statements(statements: readonly (Ast.Statement | undefined)[], names: Names): void {
    for (const statement of statements) if (statement !== undefined) this.#statement(statement, names);
  }

  #block(block: Ast.Block, names: Names): Names {
    const inner = new Names(names, block.span);
    this.#statements(block.statements, inner);
    return inner;
  }

  #statement(statement: Ast.Statement, names: Names): void {
    const { span } = statement;
    switch (statement.kind) {
      case 'error':
      case 'receiver':
        if (statement.kind === 'receiver') this.#inside([statement.on, statement.settings], names);
        return;
      case 'param':
        this.#inside([statement.value], names);
        this.#declare(names, 'param', statement.name, span);
        return;
      case 'frame':
        this.#inside([statement.value], names);
        this.#declare(names, 'frame', statement.name, span);
        return;
      case 'let':
        this.#inside([statement.value], names);
        this.#declare(names, 'let', statement.name, span);
        return;
      case 'assign':
        names.lookup(statement.name.text)?.occurrences.push(statement.name.span);
        this.#inside([statement.value], names);
        return;
      case 'import': {
        const made = this.#declare(names, 'import', statement.alias, span);
        const module = this.#loaded.modules.get(statement) ?? null;
        if (module !== null) this.#imports.set(made, this.#module(module));
        return;
      }
      case 'fn': {
        const inner = new Names(names, statement.body.span);
        this.#declare(names, 'function', statement.name, span);
        for (const { name, span: whole } of statement.parameters) this.#declare(inner, 'parameter', name, whole);
        this.#statements(statement.body.statements, inner);
        return;
      }
      case 'for': {
        this.#inside([statement.over], names);
        const inner = new Names(names, statement.body.span);
        this.#declare(inner, 'loop', statement.name, span);
        this.#statements(statement.body.statements, inner);
        return;
      }
      case 'scenario': {
        const inner = new Names(names, statement.body.span);
        if (statement.each !== null) {
          this.#inside([statement.each.over], names);
          this.#declare(inner, 'loop', statement.each.name, span);
        }
        this.#statements(statement.body.statements, inner);
        return;
      }
      case 'add_device':
        this.#added(statement, names);
        this.#inside([statement.cpu, statement.settings], names);
        return;
      default:
        this.#inside(Object.values(statement), names);
    }
  }

  #module(module: Module): Names {
    const known = this.#modules.get(module);
    if (known !== undefined) return known;
    const names = new Names(null, module.file.span);
    this.#modules.set(module, names);
    this.#statements(module.file.statements, names);
    return names;
  }

  /** The name of an `add_device` is where the device is declared. */
  #added(statement: Ast.AddDeviceStatement, names: Names): void {
    const { name, span } = statement;
    this.#expression(name, names);
    const matches = name.kind === 'text' ? patternOf(name) : null;
    if (matches !== null) {
      this.#patterns.push({ matches, span: name.span, statement: span });
      return;
    }
    const whole = name.kind === 'text' ? constantText(name) : name.kind === 'name' ? name.name : null;
    if (whole === null || (name.kind === 'name' && names.lookup(whole) !== null)) return;
    const device = this.#device(whole);
    const place = name.kind === 'text' ? inQuotes(name.span) : name.span;
    if (!device.occurrences.some(({ start }) => start === place.start)) device.occurrences.push(place);
    device.declaration ??= place;
    device.statement ??= span;
  }

  #device(name: string): Growing {
    const known = this.#devices.get(name);
    if (known !== undefined) return known;
    const reach = this.#loaded.file.span;
    const made: Growing = {
      name,
      kind: 'device',
      declaration: null,
      statement: null,
      reach,
      occurrences: [],
      fixed: null,
    };
    this.#devices.set(name, made);
    this.#all.push(made);
    return made;
  }

  /** Goes into everything that a node holds. */
  #inside(parts: readonly unknown[], names: Names): void {
    for (const part of parts) {
      if (Array.isArray(part)) this.#inside(part, names);
      else if (isNode(part)) {
        if (part.kind === 'block') this.#block(part as unknown as Ast.Block, names);
        else if (part.kind === 'setting') this.#inside((part as unknown as Ast.Setting).values, names);
        else if (isStatementKind(part.kind)) this.#statement(part as unknown as Ast.Statement, names);
        else this.#expression(part as unknown as Ast.Expression, names);
      }
    }
  }

  #expression(expression: Ast.Expression, names: Names): void {
    switch (expression.kind) {
      case 'name':
        this.#name(expression.name, expression.span, names);
        return;
      case 'member':
        this.#member(expression, names);
        return;
      case 'call':
        if (expression.callee.kind === 'member') this.#member(expression.callee, names);
        else names.lookup(expression.callee.name)?.occurrences.push(expression.callee.span);
        for (const { value } of expression.args) this.#expression(value, names);
        return;
      case 'text':
        this.#text(expression, names);
        return;
      default:
        this.#inside(Object.values(expression), names);
    }
  }

  #name(name: string, span: Span, names: Names): void {
    const variable = names.lookup(name);
    if (variable !== null) {
      variable.occurrences.push(span);
      return;
    }
    const [before = ''] = name.split('@');
    if (before !== name) {
      this.#device(name).occurrences.push(span);
      this.#interfaces.get(before)?.occurrences.push({ start: span.start, end: span.start + before.length });
      return;
    }
    (this.#interfaces.get(name) ?? this.#receivers.get(name) ?? this.#devices.get(name))?.occurrences.push(span);
  }

  #member({ object, member }: Ast.MemberExpression, names: Names): void {
    this.#expression(object, names);
    const module = object.kind === 'name' ? names.lookup(object.name) : null;
    const inside = module === null ? undefined : this.#imports.get(module);
    inside?.own.get(member.text)?.occurrences.push(member.span);
  }

  /** A string may be a device's name, or begin as one. */
  #text(text: Ast.TextLiteral, names: Names): void {
    for (const part of text.parts) if (typeof part !== 'string') this.#expression(part, names);
    const [head] = text.parts;
    if (typeof head !== 'string' || !/^\w+@/.test(head)) return;
    const { start } = inQuotes(text.span);
    const [before = ''] = head.split('@');
    // An escape would shift what stands behind it.
    if (this.#source.text.slice(start, start + before.length) !== before) return;
    this.#interfaces.get(before)?.occurrences.push({ start, end: start + before.length });
    const whole = constantText(text);
    if (whole !== null && /^\w+@\w+$/.test(whole)) this.#device(whole).occurrences.push(inQuotes(text.span));
  }
}

const inQuotes = ({ start, end }: Span): Span => ({ start: start + 1, end: end - 1 });

function constantText({ parts }: Ast.TextLiteral): string | null {
  return parts.every((part) => typeof part === 'string') ? parts.join('') : null;
}

function isNode(value: unknown): value is { readonly kind: string } {
  return typeof value === 'object' && value !== null && 'kind' in value && 'span' in value;
}

const statementKinds: ReadonlySet<string> = new Set<Ast.Statement['kind']>([
  'let',
  'if',
  'add_device',
  'rem_device',
  'rem_device_all',
  'at',
  'every',
  'spawn',
]);

/** Statements that stand inside others without a block of their own: values of `let`, an `else if`. */
const isStatementKind = (kind: string) => statementKinds.has(kind);
