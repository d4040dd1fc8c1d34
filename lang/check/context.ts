// SPDX-License-Identifier: Apache-2.0

import { type Bounds, boundsProblem } from '../bounds.ts';
import type { Calls } from '../calls.ts';
import { report } from '../diagnostics/catalogue-meaning.ts';
import type { Details, Diagnostic, Fix } from '../diagnostics/diagnostic.ts';
import { diagnosticFrom } from '../diagnostics/failure.ts';
import { correction, maxSuggested } from '../diagnostics/suggest.ts';
import { type Environment, evaluate } from '../evaluate.ts';
import type { FrameShape } from '../frame/frame-shape.ts';
import type { Module } from '../imports.ts';
import type { Expr, UserFunction } from '../op.ts';
import type { SourceFile, Span } from '../source.ts';
import type { Expression, ImportStatement, ReceiverStatement } from '../syntax/ast.ts';
import { exampleOf } from '../syntax/literals.ts';
import type { UnitType } from '../syntax/units.ts';
import { articled, assignable, eitherOf, isQuantity } from '../types.ts';
import type { ScalarType, Type } from '../value.ts';
import type { FunctionBody } from './function.ts';
import type { Inventory } from './inventory.ts';
import type { LostText } from './lost-text.ts';
import type { Scope } from './scope.ts';

/**
 * Checking elaborates: each check function takes a piece of the tree and gives what the compiler puts into the program,
 * with its type; mistakes go to `diagnostics`. What is mistaken has type `unknown` from then on, which every check accepts
 * in silence.
 */
export interface Typed {
  readonly type: Type;
  readonly expr: Expr;
  /** Of a prefix or address block, where known. */
  readonly family: 'ipv4' | 'ipv6' | null;
  /** Of a frame, where known. */
  readonly shape: FrameShape | null;
}

/** An interface of the lab; `mtu` in bytes, null where it is not constant. */
export interface LabInterface {
  readonly span: Span;
  /** Whether there is another end: an `ifb` has none. */
  readonly peer: boolean;
  readonly mtu: number | null;
}

/** What a check function may know of the place where it works. Inner places get a changed copy. */
export interface Context {
  readonly source: SourceFile;
  readonly diagnostics: Diagnostic[];
  /** What the parser gave up on. */
  readonly lost: LostText;
  /** Whether something inside could not be read, so that what seems to be missing there may only be lost. */
  readonly damaged: (span: Span) => boolean;
  /** Null where the file declares no lab. */
  readonly lab: ReadonlyMap<string, LabInterface> | null;
  /** Whether the run has a lab, or may have one; an imported file learns no more of it. */
  readonly inLab: boolean;
  readonly receivers: ReadonlyMap<string, ReceiverStatement>;
  readonly inventory: Inventory;
  readonly scope: Scope;
  /** What a shell's session declared before this text, which its top level may declare anew; null for files. */
  readonly earlier: Scope | null;
  readonly place: 'file' | 'scenario' | 'block';
  readonly inLoop: boolean;
  readonly inElse: boolean;
  /** The function around, null outside of functions and in the bodies of jobs. */
  readonly function: FunctionBody | null;
  /** Where nothing may be carried out: values that a file gives to all its scenarios. */
  readonly quiet: boolean;
  /** A condition that is looked at again and again while its operation waits: whose, for the diagnostic. */
  readonly watched: string | null;
  /** The file's functions, as far as they were checked. */
  readonly functions: UserFunction[];
  /** Every function that the file declares somewhere, for the one that is used too early. */
  readonly laterFunctions: ReadonlyMap<string, Span>;
  /** By their names in the program: whether they carry out operations. */
  readonly acting: Map<string, boolean>;
  /** What stands before the names of this file in the program; '' in the main file. */
  readonly prefix: string;
  /** What each `import` gives. */
  readonly modules: ReadonlyMap<ImportStatement, Module | null>;
  /** The names of imported files that were checked already; null where they could not be read. */
  readonly importedScopes: Map<Module, Scope | null>;
  /** Calls that expressions hold. */
  readonly calls: Calls;
  /** Set where only parameters have values yet: what is settled there, for the diagnostic. */
  readonly early: string | null;
  /** Checks an expression; here so that the parts of the checker need not import each other in circles. */
  readonly expression: (context: Context, expression: Expression) => Typed;
}

export function typed(type: Type, expr: Expr, more?: Partial<Pick<Typed, 'family' | 'shape'>>): Typed {
  return { type, expr, family: more?.family ?? null, shape: more?.shape ?? null };
}

/** What stands for an expression that was mistaken; it is never evaluated, since there is no program then. */
export function hole(span: Span): Typed {
  return typed('unknown', { kind: 'variable', span, name: '' });
}

/** Reports a mistake and gives the hole that it leaves. */
export function mistake(context: Context, diagnostic: Diagnostic): Typed {
  context.diagnostics.push(diagnostic);
  return hole(diagnostic.span);
}

/** Hints at what an unknown name may have been; none behind many mistakes. */
export function near(
  context: Context,
  name: string,
  known: () => Iterable<string>,
  subject: string,
  span: Span,
): Pick<Details, 'hints' | 'fixes'> {
  return context.diagnostics.length < maxSuggested ? correction(name, known(), subject, span) : {};
}

/** An environment for constants: whoever asks it anything has folded what is none. */
const nowhere: Environment = {
  variable: (name) => notConstant(name),
  metric: (_, metric) => notConstant(metric),
  fact: (_, fact) => notConstant(fact),
  random: () => notConstant('random'),
  elapsed: () => notConstant('elapsed'),
  caught: () => notConstant('error'),
};

function notConstant(what: string): never {
  throw new Error(`folded ${what}, which is not constant`);
}

/**
 * Evaluates an expression whose parts are all constant, so that plans are short and a division by zero is found before the
 * run. Others are given back as they are.
 */
export function fold(context: Context, value: Typed): Typed {
  if (value.type === 'unknown' || !isFoldable(value.expr)) return value;
  const outcome = evaluate(value.expr, nowhere);
  if (!outcome.ok) return mistake(context, diagnosticFrom(outcome.failure));
  const family = outcome.value.type === 'prefix' ? outcome.value.family : value.family;
  const expr = { kind: 'constant', span: value.expr.span, value: outcome.value } as const;
  return { type: value.type, expr, family, shape: value.shape };
}

const isConstant = (expr: Expr) => expr.kind === 'constant';

function isFoldable(expr: Expr): boolean {
  switch (expr.kind) {
    case 'text':
      return expr.parts.every((part) => typeof part === 'string' || isConstant(part));
    case 'list':
      return expr.items.every(isConstant);
    case 'range':
      return isConstant(expr.first) && isConstant(expr.last) && (expr.step === null || isConstant(expr.step));
    case 'index':
      return isConstant(expr.list) && isConstant(expr.index);
    case 'unary':
      return isConstant(expr.operand);
    case 'binary':
      return isConstant(expr.left) && isConstant(expr.right);
    case 'within':
      return isConstant(expr.actual) && isConstant(expr.tolerance) && isConstant(expr.target);
    case 'call':
      return expr.function !== 'pick' && expr.args.every(isConstant);
    case 'end':
      return isConstant(expr.of);
    case 'frame':
      return expr.parts.every((part) => {
        if (part.kind !== 'layer') return isConstant(part);
        return part.fields.every(({ source }) => isConstant(source.kind === 'random' ? source.over : source.value));
      });
    default:
      return false;
  }
}

/** Checks an expression that must be of one of some types, by the rules of `expect`. */
export function checkAs(
  context: Context,
  expression: Expression,
  accepted: readonly ScalarType[],
  subject: string,
  bounds: Bounds | null = null,
): Expr {
  const value = context.expression(context, expression);
  return expectType(context, value, expression, accepted, subject, bounds);
}

/**
 * Holds a checked expression against the types that its place takes, and its value, where constant, against the bounds.
 * A plain number where a unit belongs, and the other way round, get their own words. `subject` begins the sentence:
 * "`rate`", "the right side of `<`".
 */
export function expectType(
  context: Context,
  value: Typed,
  expression: Expression,
  accepted: readonly ScalarType[],
  subject: string,
  bounds: Bounds | null = null,
): Expr {
  const problem = typeProblem(context.source, value.type, expression, accepted, subject);
  if (problem !== null) return mistake(context, problem).expr;
  return bounds === null ? value.expr : expectBounds(context, value, expression, subject, bounds);
}

/** A value whose type is right, held against its bounds where it is known. */
export function expectBounds(
  context: Context,
  value: Typed,
  expression: Expression,
  subject: string,
  bounds: Bounds,
): Expr {
  if (value.expr.kind !== 'constant') return value.expr;
  const outside = boundsProblem(subject, value.expr.value, bounds, expression.span);
  return outside === null ? value.expr : mistake(context, outside).expr;
}

/** What is wrong with a type at a place, null if nothing is. */
export function typeProblem(
  source: SourceFile,
  type: Type,
  expression: Expression,
  accepted: readonly ScalarType[],
  subject: string,
): Diagnostic | null {
  if (assignable(type, accepted)) return null;
  const { span } = expression;
  if (type === 'number' && accepted.some(isQuantity) && !accepted.includes('number')) {
    const wanted = accepted.filter((unit): unit is UnitType => isQuantity(unit) && unit !== 'number');
    const hints = [eitherOf(wanted.map((unit) => withUnit(source, expression, unit)))];
    const fixes = wanted.flatMap((unit) => unitFixes(source, expression, unit));
    return report('PG2103', { subject }, span, { note: 'a plain number', hints, fixes });
  }
  if (accepted.includes('number') && isQuantity(type)) {
    const texts = expression.kind === 'quantity' ? [plainNumber(expression.image)] : [];
    const hints = texts.map((text) => `\`${text}\``);
    return report('PG2102', { subject }, span, {
      note: articled(type),
      hints,
      fixes: texts.map((text) => ({ span, text })),
    });
  }
  const expected = eitherOf(accepted.map(articled));
  return report('PG2101', { subject, expected, actual: articled(type) }, span, { hints: exampleHints(type, accepted) });
}

/** How a quantity is written, where another one stands. */
function exampleHints(type: Type, accepted: readonly ScalarType[]): readonly string[] {
  if (!isQuantity(type)) return [];
  if (type === 'percent' && accepted.includes('pps')) return ['a share of the line rate: `50% * eth1.speed`'];
  const examples = accepted.flatMap((unit) =>
    isQuantity(unit) && unit !== 'number' ? [`\`${exampleOf(unit)}\``] : [],
  );
  return examples.length === 0 ? [] : [`such as ${eitherOf(examples)}`];
}

const likelyUnits: Readonly<Record<UnitType, (number: string) => string>> = {
  duration: (n) => `\`${n}ms\` or \`${n}s\``,
  size: (n) => `\`${n}B\``,
  pps: (n) => `\`${n}pps\` (packets per second)`,
  bps: (n) => `\`${n}Mbps\``,
  percent: (n) => `\`${n}%\``,
};

/** How to write a plain number with a unit: behind the digits of a literal, as a factor of anything else. */
function withUnit(source: SourceFile, expression: Expression, unit: UnitType): string {
  if (expression.kind === 'number') return likelyUnits[unit](decimalOf(expression.image));
  // No sum and no product gives a share.
  if (unit === 'percent') return `a share as it is written, such as \`${exampleOf(unit)}\``;
  const text = source.slice(expression.span);
  const written = expression.kind === 'name' || expression.kind === 'group' ? text : `(${text})`;
  const one = { duration: '1s', size: '1B', pps: '1pps', bps: '1Mbps' } as const;
  return `\`${written} * ${one[unit]}\``;
}

/** A number that can stand before a unit: none is hexadecimal there. */
function decimalOf(image: string): string {
  return /^0[xX]/.test(image) ? String(Number(image.replaceAll('_', ''))) : image;
}

/** The pieces of code in the hint of `withUnit`. */
function unitFixes(source: SourceFile, expression: Expression, unit: UnitType): readonly Fix[] {
  if (unit === 'percent' && expression.kind !== 'number') return [];
  const pieces = withUnit(source, expression, unit).matchAll(/`([^`]+)`/g);
  return [...pieces].map(([, text]) => ({ span: expression.span, text: text as string }));
}

/** The digits of a quantity's image. */
export function plainNumber(image: string): string {
  return /^[\d_.]+/.exec(image)?.[0] ?? image;
}
