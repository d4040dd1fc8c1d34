// SPDX-License-Identifier: Apache-2.0

import type { Expr, Op, OpOf, Program } from '../op.ts';
import type { Span } from '../source.ts';

/** A call of a user function, back in the expression in which it is written. */
interface WrittenCall {
  readonly kind: 'user call';
  readonly span: Span;
  readonly function: string;
  readonly args: unknown;
}

/**
 * A program with the calls of user functions back in their expressions, from where `lowered` (calls.ts) moved them: the
 * variables that it makes are no words of the text, and their numbers change with every call above. It is to be looked at;
 * nothing could carry it out.
 */
export function asWritten(program: Program): Program {
  if (program.functions.length === 0) return program;
  const raising = new Raising();
  return {
    ...program,
    functions: program.functions.map((one) => ({ ...one, body: raising.ops(one.body) })),
    scenarios: program.scenarios.map((one) => ({
      ...one,
      prelude: raising.ops(one.prelude),
      setup: raising.ops(one.setup),
      body: raising.ops(one.body),
      teardown: raising.ops(one.teardown),
    })),
  };
}

class Raising {
  /** What stands in the text where an expression now has a variable of `lowered`. */
  readonly #values = new Map<string, unknown>();

  ops(ops: readonly Op[]): readonly Op[] {
    return ops.flatMap((op) => this.#op(op));
  }

  #op(op: Op): readonly Op[] {
    if (op.op === 'call' && this.#isMade(op.bind)) {
      const { span, function: name, args } = op;
      const call: WrittenCall = { kind: 'user call', span, function: name, args: this.#node(args) };
      this.#values.set(op.bind, call);
      return [];
    }
    if (op.op === 'let' && this.#isMade(op.name)) {
      this.#values.set(op.name, this.#node(op.value));
      return [];
    }
    if (op.op === 'if' && this.#shortCircuit(op)) return [];
    if (op.op === 'while') return [this.#while(op)];
    return [this.#node(op) as Op];
  }

  #isMade(name: string | null): name is string {
    return name?.startsWith('$') === true;
  }

  /** `a && b` with a call on its right: the right side gives the variable of the left one its value. */
  #shortCircuit({ span, condition, then, otherwise }: OpOf<'if'>): boolean {
    const [operator, look] = then.length > 0 ? ['&&', then] : ['||', otherwise];
    const last = look.at(-1);
    if (last?.op !== 'assign' || !this.#isMade(last.name) || condition.kind !== 'variable') return false;
    this.ops(look.slice(0, -1));
    const left = this.#values.get(last.name);
    this.#values.set(last.name, { kind: 'binary', span, operator, left, right: this.#node(last.value) });
    return true;
  }

  /** With a call in its condition, a loop is one without end that asks at the head of its body. */
  #while(op: OpOf<'while'>): Op {
    const { condition, body } = op;
    const round = body.at(-1);
    // One span for both: no text has an `if` where it has a condition.
    if (round?.op !== 'if' || round.span !== condition.span) return this.#node(op) as Op;
    this.ops(body.slice(0, -1));
    return { ...op, condition: this.#node(round.condition) as Expr, body: this.ops(round.then) };
  }

  #node(node: unknown): unknown {
    if (typeof node !== 'object' || node === null) return node;
    if (Array.isArray(node)) {
      return node.flatMap((item): readonly unknown[] => (isOp(item) ? this.#op(item) : [this.#node(item)]));
    }
    if ('kind' in node && node.kind === 'constant') return node;
    if ('kind' in node && node.kind === 'variable' && 'name' in node) {
      return this.#values.get(String(node.name)) ?? node;
    }
    const parts = Object.entries(node).map(([name, part]) => [name, name === 'span' ? part : this.#node(part)]);
    return Object.fromEntries(parts);
  }
}

function isOp(node: unknown): node is Op {
  return typeof node === 'object' && node !== null && 'op' in node;
}
