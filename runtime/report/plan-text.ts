// SPDX-License-Identifier: Apache-2.0

import { formatValue } from '../../lang/literals.ts';
import type { Expr, Link, Op, Parameter, Program, Receiver, Scenario } from '../../lang/op.ts';
import { SourceFile, type Span } from '../../lang/source.ts';
import { assertNever } from '../../lang/types.ts';
import type { Value } from '../../lang/value.ts';
import { frameText } from './frame-text.ts';
import type { Palette } from './palette.ts';
import { type KnownValues, knownValues } from './plan-values.ts';

/**
 * A program as a numbered list of its control operations, each with its line in the file. What the compiler folded shows
 * as the value it came to; everything else as written. `values` are those of `--set`.
 */
export function planText(program: Program, values: ReadonlyMap<string, Value>, palette: Palette): string {
  const source = new SourceFile(program.source.name, program.source.text);
  const sections = [parametersText(program, values, palette), labText(program, source, palette)];
  for (const scenario of program.scenarios) {
    sections.push(new ScenarioText(source, knownValues(program, values), palette).render(scenario));
  }
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function parametersText(program: Program, values: ReadonlyMap<string, Value>, palette: Palette): string {
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

class ScenarioText {
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
    const title = scenario.name === '' ? 'scenario' : `scenario ${JSON.stringify(scenario.name)}`;
    this.#lines.push(this.#palette.strong(title));
    for (const receiver of scenario.receivers) this.#receiver(receiver);
    this.#block(scenario.body, 0);
    if (scenario.body.length === 0) this.#note('nothing to carry out', 0);
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
    const line = (text: string): void => this.#operation(text, op.span, depth);
    const nested = (text: string, body: readonly Op[]): void => {
      line(text);
      this.#block(body, depth + 1);
    };
    switch (op.op) {
      case 'let':
        line(`let ${op.name} = ${this.#text(op.value)}`);
        this.#known.declare(op.name, op.value);
        this.#frame(op.value, depth);
        return;
      case 'assign':
        line(`${op.name} = ${this.#text(op.value)}`);
        return;
      case 'if':
        nested(`if ${this.#text(op.condition)}`, op.then);
        if (op.otherwise.length > 0) {
          this.#note('else', depth);
          this.#block(op.otherwise, depth + 1);
        }
        return;
      case 'for':
        return nested(`for ${op.name} in ${this.#text(op.over)}`, op.body);
      case 'while':
        return nested(`while ${this.#text(op.condition)}`, op.body);
      case 'repeat':
        return nested(`repeat ${this.#text(op.times)}`, op.body);
      case 'break':
      case 'continue':
      case 'reset':
        return line(op.op);
      case 'try':
        nested('try', op.body);
        this.#note('else', depth);
        return this.#block(op.otherwise, depth + 1);
      case 'add_device':
        line(bound(op.bind, `add_device ${this.#text(op.name)} on cpu ${this.#text(op.cpu)}`));
        return this.#parameters(op.parameters, depth + 1);
      case 'rem_device':
        return line(bound(op.bind, `rem_device ${this.#texts(op.devices)}${op.async ? ' async' : ''}`));
      case 'rem_device_all': {
        const where = op.cpu === null ? '' : ` on cpu ${this.#text(op.cpu)}`;
        return line(bound(op.bind, `rem_device_all${where}${op.async ? ' async' : ''}`));
      }
      case 'set':
        line(`set ${this.#texts(op.devices)}`);
        return this.#parameters(op.parameters, depth + 1);
      case 'start':
      case 'stop':
      case 'clear_counters':
        return line(op.devices === null ? op.op : `${op.op} ${this.#texts(op.devices)}`);
      case 'wait':
        return line(`wait ${this.#text(op.duration)}`);
      case 'wait_stopped':
        return line(`wait stopped${this.#timeout(op.timeout)}`);
      case 'wait_until':
        return line(`wait until ${op.text}${this.#timeout(op.timeout)}`);
      case 'at':
        return nested(bound(op.bind, `at ${this.#text(op.time)}`), op.body);
      case 'every':
        return nested(bound(op.bind, `every ${this.#text(op.period)}`), op.body);
      case 'spawn':
        return nested(bound(op.bind, 'spawn'), op.body);
      case 'await':
        return line(op.target === null ? 'await' : `await ${this.#text(op.target)}`);
      case 'cancel':
        return line(`cancel ${this.#text(op.job)}`);
      case 'sync':
        return line(`sync${this.#timeout(op.timeout)}`);
      case 'abort_when':
        return line(`abort when ${op.text}`);
      case 'expect':
        return line(`expect ${op.text}${op.label === null ? '' : ` ${this.#text(op.label)}`}`);
      case 'print':
        return line(`print ${this.#texts(op.values)}`);
      default:
        return assertNever(op);
    }
  }

  #operation(text: string, span: Span, depth: number): void {
    this.#number++;
    const number = String(this.#number).padStart(numberWidth);
    const line = `:${this.#source.position(span.start).line}`.padEnd(lineWidth);
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
    return value.kind === 'constant' && value.value.type === 'string' && /^\w+$/.test(text) ? text : this.#text(value);
  }

  /** The first packet's bytes below an operation that makes a frame, where they are known before the run. */
  #frame(value: Expr, depth: number): void {
    const frame = this.#known.frame(value);
    if (frame === null) return;
    for (const text of frameText(frame)) this.#lines.push(`${margin}${'  '.repeat(depth + 1)}${this.#palette.dim(text)}`);
  }

  #timeout(timeout: Expr | null): string {
    return timeout === null ? '' : ` timeout ${this.#text(timeout)}`;
  }

  #text(expr: Expr): string {
    return expressionText(expr, this.#source);
  }

  #texts(exprs: readonly Expr[]): string {
    return exprs.map((expr) => this.#text(expr)).join(', ');
  }
}

function bound(name: string | null, text: string): string {
  return name === null ? text : `let ${name} = ${text}`;
}
