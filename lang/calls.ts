// SPDX-License-Identifier: Apache-2.0

import type { Expr, Op } from './op.ts';
import type { Span } from './source.ts';

/** A call of a user function inside an expression. */
interface PendingCall {
  readonly function: string;
  readonly args: readonly Expr[];
  readonly span: Span;
}

/**
 * Calls that the checker met inside expressions. Each stands in its expression as a variable, which `lowered` has a `call`
 * operation bind before the operation around it: expressions of a program are free of effects and never wait.
 */
export class Calls {
  readonly #pending = new Map<string, PendingCall>();
  #temporaries = 0;

  /** Notes a call; gives the variable that will hold its value. */
  add(call: PendingCall): Expr {
    const { span } = call;
    const name = this.temporary();
    this.#pending.set(name, call);
    return { kind: 'variable', span, name };
  }

  /** A variable that no text can name. */
  temporary(): string {
    return `$${++this.#temporaries}`;
  }

  /** The call whose value an expression is; null where it is another expression. */
  of(expr: Expr): PendingCall | null {
    return expr.kind === 'variable' ? (this.#pending.get(expr.name) ?? null) : null;
  }

  /** Whether no expression holds any. */
  get none(): boolean {
    return this.#pending.size === 0;
  }

  /** Whether there is a call in an expression, however deep. */
  within(expr: Expr): boolean {
    if (this.none) return false;
    return this.of(expr) !== null || partsOf(expr).some((part) => this.within(part));
  }
}

/**
 * Moves the calls out of an operation's own expressions, in front of it and in the order of the text: what stands left of
 * a call is evaluated before it, `&&` and `||` call on their right only where they look there, and `while` calls anew for
 * every round.
 */
export function lowered(op: Op, calls: Calls): readonly Op[] {
  if (calls.none) return [op];
  const parts = partsOf(op);
  if (!parts.some((part) => calls.within(part))) return [op];
  const before: Op[] = [];
  const lowering = new Lowering(calls, before);
  if (op.op === 'while') {
    const { span } = op.condition;
    const condition = lowering.lower(op.condition);
    const then = op.body;
    const round: Op = { op: 'if', span, condition, then, otherwise: [{ op: 'break', span }] };
    const always: Expr = { kind: 'constant', span, value: { type: 'bool', value: true } };
    return [{ ...op, condition: always, body: [...before, round] }];
  }
  const direct = op.op === 'let' ? calls.of(op.value) : null;
  if (direct !== null && op.op === 'let') {
    const args = lowering.lowerAll(direct.args);
    return [...before, { op: 'call', span: direct.span, bind: op.name, function: direct.function, args }];
  }
  const rest = withParts(op, lowering.lowerAll(parts));
  return [...before, rest];
}

class Lowering {
  readonly #calls: Calls;
  readonly #before: Op[];

  constructor(calls: Calls, before: Op[]) {
    this.#calls = calls;
    this.#before = before;
  }

  lower(expr: Expr): Expr {
    const call = this.#calls.of(expr);
    if (call !== null && expr.kind === 'variable') {
      const args = this.lowerAll(call.args);
      this.#before.push({ op: 'call', span: call.span, bind: expr.name, function: call.function, args });
      return expr;
    }
    if (!this.#calls.within(expr)) return expr;
    if (expr.kind === 'binary' && (expr.operator === '&&' || expr.operator === '||')) {
      return this.#shortCircuit(expr, expr.operator);
    }
    return withParts(expr, this.lowerAll(partsOf(expr)));
  }

  /** Expressions that are evaluated one after the other: what stands before a call must not see its effects. */
  lowerAll(exprs: readonly Expr[]): readonly Expr[] {
    const last = exprs.findLastIndex((expr) => this.#calls.within(expr));
    return exprs.map((expr, at) => {
      const value = this.lower(expr);
      const settled = at >= last || value.kind === 'constant' || this.#calls.of(value) !== null;
      return settled ? value : this.#keep(value);
    });
  }

  #keep(value: Expr): Expr {
    const name = this.#calls.temporary();
    this.#before.push({ op: 'let', span: value.span, name, value });
    return { kind: 'variable', span: value.span, name };
  }

  #shortCircuit(expr: Extract<Expr, { readonly kind: 'binary' }>, operator: '&&' | '||'): Expr {
    const left = this.lower(expr.left);
    if (!this.#calls.within(expr.right)) return { ...expr, left };
    const kept = this.#keep(left);
    if (kept.kind !== 'variable') return kept;
    const look: Op[] = [];
    const value = new Lowering(this.#calls, look).lower(expr.right);
    const { span } = expr.right;
    look.push({ op: 'assign', span, name: kept.name, value });
    const [then, otherwise] = operator === '&&' ? [look, []] : [[], look];
    this.#before.push({ op: 'if', span, condition: kept, then, otherwise });
    return { ...kept, span: expr.span };
  }
}

/** What is not part of the expressions that an operation evaluates itself. */
const notOwn: ReadonlySet<string> = new Set(['span', 'body', 'then', 'otherwise']);

function isExpr(value: object): value is Expr {
  return 'kind' in value && 'span' in value && value.kind !== 'layer';
}

/** The expressions directly inside a node, in the order of evaluation. */
function partsOf(node: Expr | Op): readonly Expr[] {
  const parts: Expr[] = [];
  if (!('kind' in node) || node.kind !== 'constant') collectFields(node, parts);
  return parts;
}

/** Reads what `mapFields` would write anew: most operations have no call inside, and every one is asked. */
function collectFields(node: object, parts: Expr[]): void {
  for (const [key, value] of Object.entries(node)) if (!notOwn.has(key)) collectField(value, parts);
}

function collectField(value: unknown, parts: Expr[]): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) for (const item of value) collectField(item, parts);
  else if (isExpr(value)) parts.push(value);
  else collectFields(value, parts);
}

/** The node with other expressions in the places of those that `partsOf` gave. */
function withParts<N extends Expr | Op>(node: N, parts: readonly Expr[]): N {
  let next = 0;
  return mapParts(node, () => parts[next++] as Expr);
}

function mapParts<N extends Expr | Op>(node: N, map: (part: Expr) => Expr): N {
  if ('kind' in node && node.kind === 'constant') return node;
  return mapFields(node, map) as N;
}

function mapFields(node: object, map: (part: Expr) => Expr): object {
  const fields = Object.entries(node).map(([key, value]) => [key, notOwn.has(key) ? value : mapField(value, map)]);
  return Object.fromEntries(fields);
}

function mapField(value: unknown, map: (part: Expr) => Expr): unknown {
  if (Array.isArray(value)) return value.map((item) => mapField(item, map));
  if (typeof value !== 'object' || value === null) return value;
  return isExpr(value) ? map(value) : mapFields(value, map);
}
