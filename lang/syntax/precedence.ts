// SPDX-License-Identifier: Apache-2.0

import type { IToken } from 'chevrotain';
import { report } from '../diagnostics/catalogue-syntax.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { cover, type Span } from '../source.ts';
import type { BinaryOperator, Expression } from './ast.ts';
import { spanOf } from './lexer.ts';
import { tableOf, tokenTypes, wordOf } from './tokens.ts';

/** From weak to strong; `within … of` compares, `..` binds weaker than arithmetic. */
const levels = { or: 1, and: 2, comparison: 3, range: 4, sum: 5, product: 6 } as const;

/** How strongly each operator binds. `of` and `step` belong to `within` and `..` and join nothing by themselves. */
const precedence: Readonly<Record<string, number>> = {
  '||': levels.or,
  '&&': levels.and,
  '<': levels.comparison,
  '<=': levels.comparison,
  '>': levels.comparison,
  '>=': levels.comparison,
  '==': levels.comparison,
  '!=': levels.comparison,
  within: levels.comparison,
  '..': levels.range,
  '+': levels.sum,
  '-': levels.sum,
  '*': levels.product,
  '/': levels.product,
};

/** How strongly an operator binds, a small number for a weak one; 0 for what joins nothing. */
export function bindingOf(operator: string): number {
  return precedence[operator] ?? 0;
}

/** An expression has at most so many operators outside of brackets: its tree is as deep, and later passes recurse over it. */
export const maxOperators = 500;

/** A folded expression; an `error` node if a mistake was reported. */
export interface Folded {
  readonly expression: Expression;
  readonly mistake: Diagnostic | null;
}

/** Builds the tree of `operand { operator operand }`, one operand more than operators. */
export function fold(operands: readonly Expression[], operators: readonly IToken[]): Folded {
  const first = operands[0] as Expression;
  if (operators.length === 0) return { expression: first, mistake: null };
  const folding = new Folding(operands, operators);
  const expression = operators.length > maxOperators ? null : folding.climb();
  if (expression !== null && folding.mistake === null) return { expression, mistake: null };
  const span = cover(first.span, (operands.at(-1) as Expression).span);
  const limit = { what: 'the number of operators in an expression', limit: maxOperators };
  return { expression: { kind: 'error', span }, mistake: folding.mistake ?? report('PG1108', limit, span) };
}

/** The same by the type of a token. */
const bindings = tableOf(
  tokenTypes.flatMap((type) => {
    const binding = bindingOf(wordOf(type));
    return binding === 0 ? [] : [[type, binding] as const];
  }),
);

/** Precedence climbing over operands and operators, wherever they come from. */
export abstract class Climbing {
  /** The operator that comes next, null where none does. */
  protected abstract operator(): IToken | null;
  /** Goes past it. */
  protected abstract pass(): void;
  /** The operand that comes next, null where it cannot be had: nothing is then built. */
  protected abstract operand(): Expression | null;
  protected abstract complain(diagnostic: Diagnostic): void;

  /** All of an expression. */
  protected all(): Expression | null {
    const expression = this.#fold(levels.or);
    const left = expression === null ? null : this.operator();
    // Only words without a meaning of their own stop the climbing before its end.
    if (left !== null) {
      const owner = left.image === 'of' ? '`within … of`' : '`first..last step n`';
      this.complain(report('PG1110', { word: `\`${left.image}\``, owner }, spanOf(left)));
    }
    return expression;
  }

  #fold(weakest: number): Expression | null {
    let left = this.operand();
    let unchainable = null as { readonly level: number; readonly operator: IToken } | null;
    while (left !== null) {
      const operator = this.operator();
      const level = operator === null ? 0 : (bindings[operator.tokenTypeIdx] as number);
      if (operator === null || level < weakest || level === 0) return left;
      if (unchainable?.level === level) this.complain(chained(operator, unchainable.operator));
      this.pass();
      left = this.#join(left, operator, level);
      if (level === levels.comparison || level === levels.range) unchainable = { level, operator };
    }
    return null;
  }

  #join(left: Expression, operator: IToken, level: number): Expression | null {
    if (operator.image === '..') return this.#range(left);
    if (operator.image === 'within') return this.#within(left, operator);
    const right = this.#fold(level + 1);
    if (right === null) return null;
    return {
      kind: 'binary',
      operator: operator.image as BinaryOperator,
      operatorStart: operator.startOffset,
      left,
      right,
      span: cover(left.span, right.span),
    };
  }

  #range(first: Expression): Expression | null {
    const last = this.#fold(levels.sum);
    const steps = last !== null && this.#takes('step');
    const step = steps ? this.#fold(levels.sum) : null;
    if (last === null || (steps && step === null)) return null;
    return { kind: 'range', first, last, step, span: cover(first.span, (step ?? last).span) };
  }

  #within(actual: Expression, within: IToken): Expression | null {
    const tolerance = this.#fold(levels.sum);
    if (tolerance === null) return null;
    if (!this.#takes('of')) {
      const hints = ['`x within 1% of y`'];
      this.complain(report('PG1112', {}, after(tolerance.span, spanOf(within)), { hints, note: 'expected `of`' }));
      return tolerance;
    }
    const target = this.#fold(levels.sum);
    if (target === null) return null;
    return { kind: 'within', actual, tolerance, target, span: cover(actual.span, target.span) };
  }

  #takes(word: string): boolean {
    if (this.operator()?.image !== word) return false;
    this.pass();
    return true;
  }
}

/** Over what was read before. */
class Folding extends Climbing {
  mistake: Diagnostic | null = null;
  readonly #operands: readonly Expression[];
  readonly #operators: readonly IToken[];
  #at = 0;

  constructor(operands: readonly Expression[], operators: readonly IToken[]) {
    super();
    this.#operands = operands;
    this.#operators = operators;
  }

  climb(): Expression | null {
    return this.all();
  }

  protected operator(): IToken | null {
    return this.#operators[this.#at] ?? null;
  }

  protected pass(): void {
    this.#at++;
  }

  protected operand(): Expression | null {
    return this.#operands[this.#at] ?? null;
  }

  /** Only the first mistake: what follows in the same expression may come of it. */
  protected complain(diagnostic: Diagnostic): void {
    this.mistake ??= diagnostic;
  }
}

const after = (span: Span, least: Span): Span => ({
  start: Math.max(span.end, least.end),
  end: Math.max(span.end, least.end),
});

const chainHints: Readonly<Record<string, string>> = {
  '..': 'a range has two ends; `step n` gives its stride',
  within: '`a within 1% of b && a within 1% of c`',
};

function chained(operator: IToken, before: IToken): Diagnostic {
  const hints = [chainHints[operator.image] ?? '`a < b && b < c`'];
  const labels = [{ span: spanOf(before), text: 'the first one' }];
  return report('PG1109', { operator: `\`${operator.image}\`` }, spanOf(operator), { hints, labels });
}
