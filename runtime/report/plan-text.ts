// SPDX-License-Identifier: Apache-2.0

import { frameText } from '../../lang/frame/frame-text.ts';
import { type KnownValues, knownValues } from '../../lang/known-values.ts';
import type {
  DeviceList,
  Expr,
  Link,
  Op,
  OpOf,
  Parameter,
  Program,
  Receiver,
  Scenario,
  UserFunction,
} from '../../lang/op.ts';
import { SourceFile, type Span } from '../../lang/source.ts';
import { formatValue } from '../../lang/syntax/literals.ts';
import { assertNever } from '../../lang/types.ts';
import type { Value } from '../../lang/value.ts';
import { macOf } from '../lab/mac.ts';
import type { Palette } from './palette.ts';

/**
 * A program as a numbered list of its control operations, each with its line in the file. What the compiler folded shows
 * as the value it came to; everything else as written. `values` are those of `--set`.
 */
export function planText(program: Program, values: ReadonlyMap<string, Value>, palette: Palette): string {
  const source = SourceFile.of(program.source);
  const sections = [parametersText(program, values, palette), labText(program, source, palette)];
  for (const one of program.functions) {
    const known = knownValues(program, one.body, values, macOf);
    sections.push(new Operations(source, known, palette).renderFunction(one));
  }
  for (const scenario of program.scenarios) {
    const { prelude, setup, body, teardown } = scenario;
    const known = knownValues(program, [...prelude, ...setup, ...body, ...teardown], values, macOf);
    sections.push(new Operations(source, known, palette).render(scenario));
  }
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

/** The parameters with their types, values and help; '' where there are none. */
export function parametersText(program: Program, values: ReadonlyMap<string, Value>, palette: Palette): string {
  if (program.params.length === 0) return '';
  const lines = program.params.map((param) => {
    const value = values.get(param.name) ?? (param.value?.kind === 'constant' ? param.value.value : undefined);
    const help = param.help === null ? '' : `  ${palette.dim(param.help)}`;
    const origin = values.has(param.name) ? ' (--set)' : '';
    return `  ${param.name}: ${param.type}${value === undefined ? '' : ` = ${written(value)}${origin}`}${help}`;
  });
  return [palette.strong('parameters'), ...lines].join('\n');
}

function labText(program: Program, source: SourceFile, palette: Palette): string {
  if (program.lab === null) return '';
  const text = (link: Link): string => {
    const ends = link.kind === 'veth' ? `veth ${link.a} <-> ${link.b}` : `ifb ${link.name}`;
    return `  ${ends}${link.mtu === null ? '' : ` { mtu ${expressionText(link.mtu, source)} }`}`;
  };
  return [palette.strong('lab'), ...program.lab.links.map(text)].join('\n');
}

/** A value as the language writes it. */
function written(value: Value): string {
  return value.type === 'string' ? JSON.stringify(value.value) : formatValue(value);
}

function expressionText(expr: Expr, source: SourceFile): string {
  if (expr.kind === 'constant' && expr.value.type !== 'frame') return written(expr.value);
  return source.slice(expr.span).replace(/\s+/g, ' ').trim();
}

/** Columns before the text of an operation: its number and its line. */
const numberWidth = 4;
const lineWidth = 5;
const margin = ' '.repeat(numberWidth + lineWidth + 4);

/** The operations of a scenario or function, numbered. */
class Operations {
  readonly #source: SourceFile;
  readonly #known: KnownValues;
  readonly #palette: Palette;
  readonly #lines: string[] = [];
  #number = 0;

  constructor(source: SourceFile, known: KnownValues, palette: Palette) {
    this.#source = source;
    this.#known = known;
    this.#palette = palette;
  }

  render(scenario: Scenario): string {
    const { each } = scenario;
    const name = scenario.name === '' ? 'scenario' : `scenario ${JSON.stringify(scenario.name)}`;
    const title = each === null ? name : `${name} for ${each.name} in ${this.#text(each.over)}`;
    this.#lines.push(this.#palette.strong(title));
    for (const receiver of scenario.receivers) this.#receiver(receiver);
    this.#block(scenario.prelude, 0);
    this.#around('setup', scenario.setup);
    this.#block(scenario.body, 0);
    this.#around('teardown', scenario.teardown);
    if (this.#number === 0) this.#note('nothing to carry out', 0);
    return this.#lines.join('\n');
  }

  #around(word: string, ops: readonly Op[]): void {
    if (ops.length === 0) return;
    this.#note(word, 0);
    this.#block(ops, 1);
  }

  renderFunction({ name, parameters, body }: UserFunction): string {
    const list = parameters.map((parameter) => `${parameter.name}: ${parameter.type}`).join(', ');
    this.#lines.push(this.#palette.strong(`fn ${name}(${list})`));
    this.#block(body, 0);
    return this.#lines.join('\n');
  }

  #receiver(receiver: Receiver): void {
    const parts = [`receiver ${receiver.name} on ${this.#text(receiver.on)}`];
    if (receiver.settle !== null) parts.push(`settle ${this.#text(receiver.settle)}`);
    if (receiver.expects !== null) parts.push(`expects ${this.#texts(receiver.expects)}`);
    this.#operation(parts.join('  '), receiver.span, 0);
  }

  #block(ops: readonly Op[], depth: number): void {
    for (const op of ops) this.#op(op, depth);
  }

  #op(op: Op, depth: number): void {
    this.#operation(this.#heading(op), op.span, depth);
    switch (op.op) {
      case 'let':
        this.#known.declare(op.name, op.value);
        this.#frame(op.value, depth);
        break;
      case 'if':
        this.#branches(op.then, op.otherwise, depth);
        break;
      case 'try':
        this.#branches(op.body, op.otherwise, depth);
        break;
      case 'for':
      case 'while':
      case 'repeat':
      case 'at':
      case 'every':
      case 'spawn':
        this.#block(op.body, depth + 1);
        break;
      case 'add_device':
      case 'set':
        this.#parameters(op.parameters, depth + 1);
        break;
      default:
        // The other operations are one line.
        break;
    }
  }

  #branches(body: readonly Op[], otherwise: readonly Op[], depth: number): void {
    this.#block(body, depth + 1);
    if (otherwise.length === 0) return;
    this.#note('else', depth);
    this.#block(otherwise, depth + 1);
  }

  /** An operation's own line, without what is nested in it. */
  #heading(op: Op): string {
    switch (op.op) {
      case 'let':
        return `let ${op.name} = ${this.#text(op.value)}`;
      case 'assign':
        return `${op.name} = ${this.#text(op.value)}`;
      case 'if':
        return `if ${this.#text(op.condition)}`;
      case 'for':
        return `for ${op.name} in ${this.#text(op.over)}`;
      case 'while':
        return `while ${this.#text(op.condition)}`;
      case 'repeat':
        return `repeat ${this.#text(op.times)}`;
      case 'break':
      case 'continue':
      case 'try':
      case 'reset':
        return op.op;
      case 'link':
        return `link ${this.#text(op.interface)} ${op.change}${op.name === null ? '' : ` ${this.#text(op.name)}`}`;
      case 'show':
        return `show ${this.#shown(op.target)}`;
      case 'add_device':
        return bound(op.bind, `add_device ${this.#text(op.name)} on cpu ${this.#text(op.cpu)}`);
      case 'rem_device':
        return bound(op.bind, `rem_device ${this.#texts(op.devices)}${op.async ? ' async' : ''}`);
      case 'rem_device_all': {
        const where = op.cpu === null ? '' : ` on cpu ${this.#text(op.cpu)}`;
        return bound(op.bind, `rem_device_all${where}${op.async ? ' async' : ''}`);
      }
      case 'call':
        return bound(op.bind, `${op.function}(${this.#texts(op.args)})`);
      case 'return':
        return op.value === null ? 'return' : `return ${this.#text(op.value)}`;
      case 'set':
        return op.devices === null ? 'set devices' : this.#all(op.op, op.devices);
      case 'start':
      case 'stop':
      case 'clear_counters':
        return this.#all(op.op, op.devices);
      case 'wait':
        return `wait ${this.#text(op.duration)}`;
      case 'wait_stopped':
        return `wait stopped${this.#timeout(op.timeout)}`;
      case 'wait_until':
        return `wait until ${op.text}${this.#timeout(op.timeout)}`;
      case 'at':
        return bound(op.bind, `at ${this.#text(op.time)}`);
      case 'every':
        return bound(op.bind, `every ${this.#text(op.period)}`);
      case 'spawn':
        return bound(op.bind, 'spawn');
      case 'await':
        return op.target === null ? 'await' : `await ${this.#text(op.target)}`;
      case 'cancel':
        return `cancel ${this.#text(op.job)}`;
      case 'sync':
        return `sync${this.#timeout(op.timeout)}`;
      case 'abort_when':
        return `abort when ${op.text}`;
      case 'expect':
        return `${op.required ? 'require' : 'expect'} ${op.text}${this.#timeout(op.timeout)}${
          op.label === null ? '' : ` ${this.#text(op.label)}`
        }`;
      case 'print':
        return `print ${this.#texts(op.values)}`;
      default:
        return assertNever(op);
    }
  }

  #operation(text: string, span: Span, depth: number): void {
    this.#number++;
    const number = String(this.#number).padStart(numberWidth);
    const at = this.#source.locate(span);
    const line = `:${at.file.position(at.span.start).line}`.padEnd(lineWidth);
    this.#lines.push(`${this.#palette.dim(`${number}  ${line}`)}  ${'  '.repeat(depth)}${text}`);
  }

  /** A line that is no operation of its own. */
  #note(text: string, depth: number): void {
    this.#lines.push(`${margin}${'  '.repeat(depth)}${text}`.trimEnd());
  }

  #parameters(parameters: readonly Parameter[], depth: number): void {
    for (const parameter of parameters) {
      this.#note(`${parameter.name} ${parameter.values.map((value) => this.#word(value)).join(', ')}`, depth);
      for (const value of parameter.values) if (value.kind === 'frame') this.#frame(value, depth);
    }
  }

  /** Parameters take words (`late skip`) as strings; what was written says which. */
  #word(value: Expr): string {
    const text = this.#source.slice(value.span);
    // pktgen's hexadecimal words are read as they were written.
    if (text.startsWith('0x')) return text;
    return value.kind === 'constant' && value.value.type === 'string' && /^!?\w+$/.test(text)
      ? text
      : this.#text(value);
  }

  /** The first packet's bytes below an operation that makes a frame, where they are known before the run. */
  #frame(value: Expr, depth: number): void {
    const frame = this.#known.frame(value);
    if (frame === null) return;
    for (const text of frameText(frame))
      this.#lines.push(`${margin}${'  '.repeat(depth + 1)}${this.#palette.dim(text)}`);
  }

  /** No list means all of them. */
  #all(verb: string, devices: DeviceList): string {
    return devices === null ? verb : `${verb} ${this.#texts(devices)}`;
  }

  #timeout(timeout: Expr | null): string {
    return timeout === null ? '' : ` timeout ${this.#text(timeout)}`;
  }

  #shown(target: OpOf<'show'>['target']): string {
    if (target.kind === 'named') return this.#text(target.name);
    return target.kind === 'kpktgend' ? `kpktgend_${target.cpu}` : target.kind;
  }

  #text(expr: Expr): string {
    return expressionText(expr, this.#source);
  }

  #texts(exprs: readonly Expr[]): string {
    return exprs.map((expr) => this.#text(expr)).join(', ');
  }
}

function bound(name: string | null, text: string): string {
  // The variable of a call inside an expression has no name in the text, where the call itself shows.
  return name === null || name.startsWith('$') ? text : `let ${name} = ${text}`;
}
