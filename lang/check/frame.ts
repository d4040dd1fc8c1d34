// SPDX-License-Identifier: Apache-2.0

import { report } from '../diagnostics/catalogue-meaning.ts';
import { diagnosticFrom, type Outcome } from '../diagnostics/failure.ts';
import { correction } from '../diagnostics/suggest.ts';
import { headerProblem } from '../frame/assemble.ts';
import { byteContent } from '../frame/byte-content.ts';
import { fieldContent, isAutomatic } from '../frame/field-content.ts';
import type { FrameShape } from '../frame/frame-shape.ts';
import type { Field, FieldSource, Layer } from '../frame/layer.ts';
import { headerLayout, mayFollow, type Protocol, type ProtocolField, protocols } from '../frame/protocols.ts';
import type { Expr } from '../op.ts';
import type { Span } from '../source.ts';
import type { Argument, BinaryExpression, CallExpression, Expression, NameExpression } from '../syntax/ast.ts';
import { addressValue } from '../syntax/literals.ts';
import { articled, assignable, eitherOf, sameType } from '../types.ts';
import type { Type, Value } from '../value.ts';
import { type Context, fold, hole, mistake, type Typed, typed } from './context.ts';

/** `eth(dst: …)`, or a bare `pktgen`. */
export function checkLayer(context: Context, expression: CallExpression | NameExpression, protocol: Protocol): Typed {
  const args = expression.kind === 'call' ? expression.args : [];
  const fields: Field<Expr>[] = [];
  const written = new Map<string, Argument>();
  let sound = true;
  for (const arg of args) {
    const field = checkField(context, protocol, arg, written);
    // Whoever leaves out one name leaves out all of them.
    if (field === 'nameless') return typed('frame', hole(expression.span).expr);
    if (field === null) sound = false;
    else fields.push(field);
  }
  const layer: Layer<Expr> = { kind: 'layer', protocol: protocol.name, fields, span: expression.span };
  const size = sound ? headerSize(protocol, fields) : null;
  const problem = size === null ? null : headerProblem(protocol, size, expression.span);
  if (problem !== null) return mistake(context, problem);
  const shape: FrameShape = [{ protocol: protocol.name, fields: [...written.keys()], size }];
  // A layer with a mistaken field still stacks, so that its neighbours are checked; it is only never evaluated.
  const value = typed('frame', { kind: 'frame', span: expression.span, parts: [layer] }, { shape });
  return sound ? fold(context, value) : value;
}

/** A layer's header bytes, null where they follow from content that is not constant. */
function headerSize(protocol: Protocol, fields: readonly Field<Expr>[]): number | null {
  let known = true;
  const { size } = headerLayout(protocol, ({ name, type }) => {
    const source = fields.find((field) => field.name === name)?.source;
    if (source === undefined) return null;
    if (type !== 'bytes') return 0;
    const expr = source.kind === 'fixed' ? source.value : null;
    const content =
      expr?.kind === 'constant' && expr.value.type === 'string' ? byteContent(name, expr.value.value, expr.span) : null;
    if (content?.ok) return content.value.length;
    known = false;
    return 0;
  });
  return known ? size : null;
}

/** `lower / upper`: both sides frames, and the upper one's first layer goes on the lower one's last. */
export function checkStack(context: Context, expression: BinaryExpression, left: Typed, right: Typed): Typed {
  for (const [side, value, operand] of [
    ['left', left, expression.left],
    ['right', right, expression.right],
  ] as const) {
    if (sameType(value.type, 'frame')) continue;
    return mistake(context, report('PG2207', { side, actual: articled(value.type) }, operand.span));
  }
  if (left.type === 'unknown' || right.type === 'unknown') return { ...hole(expression.span), type: 'frame' };
  // Two layers that changed places are one mistake: above the first the order says nothing.
  if (!checkOrder(context, expression, left.shape, right.shape)) {
    return typed('frame', { kind: 'frame', span: expression.span, parts: [] });
  }
  const shape = left.shape === null || right.shape === null ? null : [...left.shape, ...right.shape];
  const parts = [...partsOf(left.expr), ...partsOf(right.expr)];
  return fold(context, typed('frame', { kind: 'frame', span: expression.span, parts }, { shape }));
}

/** A literal frame's own layers, so that a stack is one list and not a tree. */
function partsOf(expr: Expr): readonly (Layer<Expr> | Expr)[] {
  return expr.kind === 'frame' ? expr.parts : [expr];
}

function checkOrder(
  context: Context,
  at: BinaryExpression,
  left: FrameShape | null,
  right: FrameShape | null,
): boolean {
  const lower = protocols.get(left?.at(-1)?.protocol ?? '');
  const upper = protocols.get(right?.[0]?.protocol ?? '');
  if (lower === undefined || upper === undefined || mayFollow(upper, lower)) return true;
  const places = upper.over.slice(0, shownPlaces).map((name) => `\`${name}\``);
  const hints =
    upper.over.length === 0
      ? [`\`${upper.name}\` begins a frame`]
      : [`\`${upper.name}\` stands on ${eitherOf(places)}${upper.outermost ? ', or begins a frame' : ''}`];
  mistake(context, report('PG5002', { upper: upper.name, lower: lower.name }, at.right.span, { hints }));
  return false;
}

/** A hint is one line: of many layers the first ones say enough. */
const shownPlaces = 6;

function checkField(
  context: Context,
  protocol: Protocol,
  arg: Argument,
  written: Map<string, Argument>,
): Field<Expr> | 'nameless' | null {
  const known = protocol.fields.map((field) => field.name);
  if (arg.name === null && protocol.positional === null) {
    context.expression(context, arg.value);
    const hints = known.length === 0 ? [] : [`\`${protocol.name}(${known[0]}: …)\``];
    mistake(context, report('PG5005', { layer: protocol.name }, arg.span, { hints }));
    return 'nameless';
  }
  const name = arg.name?.text ?? (protocol.positional as string);
  const nameSpan = arg.name?.span ?? arg.span;
  const field = protocol.fields.find((candidate) => candidate.name === name);
  if (field === undefined) {
    const details = correction(name, known, 'fields', nameSpan);
    mistake(context, report('PG5004', { layer: protocol.name, name }, nameSpan, details));
    return null;
  }
  const path = `${protocol.name}.${name}`;
  const first = written.get(name);
  if (first !== undefined) {
    const labels = [{ span: first.span, text: 'first here' }];
    mistake(context, report('PG5102', { name: path }, nameSpan, { labels }));
    return null;
  }
  written.set(name, arg);
  return checkSource(context, path, field, arg);
}

function checkSource(context: Context, path: string, field: ProtocolField, arg: Argument): Field<Expr> | null {
  const random = randomArgument(arg.value);
  if (random === 'malformed') {
    const expected = 'one range, list or prefix';
    mistake(context, report('PG2205', { function: 'random', expected }, arg.value.span));
    return null;
  }
  const inner = random ?? arg.value;
  const value = context.expression(context, inner);
  if (value.type === 'unknown') return null;
  const accepted = acceptedTypes(field, random !== null);
  if (!assignable(value.type, accepted)) {
    const expected = expectedText(field, random !== null);
    const params = { subject: `\`${path}\``, expected, actual: articled(value.type) };
    const wrong = report('PG2101', params, inner.span, { hints: fieldHints(field, inner, value) });
    mistake(context, wrong);
    return null;
  }
  const source: FieldSource<Expr> =
    random === null ? { kind: 'fixed', value: value.expr } : { kind: 'random', over: value.expr };
  if (value.expr.kind === 'constant' && !isAutomatic(field, constantSource(source, value.expr.value))) {
    const content = contentOf(path, field, constantSource(source, value.expr.value), inner.span);
    if (!content.ok) {
      mistake(context, diagnosticFrom(content.failure));
      return null;
    }
  }
  return { name: field.name, source, span: arg.span };
}

/** The address that stands in quotes; the field of the other family's header. */
function fieldHints(field: ProtocolField, expression: Expression, value: Typed): readonly string[] {
  const { type } = field;
  const constant = value.expr.kind === 'constant' ? value.expr.value : null;
  if (expression.kind === 'text' && constant?.type === 'string') {
    const bare = constant.value;
    const reads = (type === 'mac' || type === 'ipv4' || type === 'ipv6') && addressValue(type, bare, null).ok;
    return reads || (type === 'number' && /^[0-9]+$/.test(bare)) ? [`\`${bare}\`, without quotes`] : [];
  }
  const other = { ipv4: 'ipv6', ipv6: 'ipv4' } as const;
  if ((type === 'ipv4' || type === 'ipv6') && value.type === other[type]) {
    return [`\`${other[type]}(…)\` is the layer with such addresses`];
  }
  return [];
}

/** What a field takes as it is, or inside `random(…)`. */
function acceptedTypes(field: ProtocolField, random: boolean): readonly Type[] {
  if (field.type === 'bytes') return random ? [] : ['string'];
  const lists: Type[] = [
    { kind: 'list', of: field.type },
    { kind: 'range', of: field.type },
  ];
  if (field.type === 'ipv4' || field.type === 'ipv6') lists.push('prefix');
  if (field.words !== null) lists.push({ kind: 'list', of: 'string' });
  if (random) return lists;
  const word = field.words !== null || field.fallback.kind === 'checksum';
  return word ? [field.type, 'string', ...lists] : [field.type, ...lists];
}

function expectedText(field: ProtocolField, random: boolean): string {
  if (field.type === 'bytes') return 'a string, always the same: text, or hexadecimal digits behind `0x`';
  if (random) return `\`random\` over a range or list of ${field.type}`;
  return `${articled(field.type)}, or a range or list of it`;
}

function contentOf(path: string, field: ProtocolField, source: FieldSource<Value>, span: Span): Outcome<unknown> {
  if (field.type !== 'bytes') return fieldContent(path, field, source, span);
  return byteContent(path, source.kind === 'fixed' && source.value.type === 'string' ? source.value.value : '', span);
}

function constantSource(source: FieldSource<Expr>, value: Value): FieldSource<Value> {
  return source.kind === 'random' ? { kind: 'random', over: value } : { kind: 'fixed', value };
}

/** What `random(…)` draws from; null where the expression is something else. */
function randomArgument(expression: Expression): Expression | 'malformed' | null {
  if (expression.kind !== 'call' || expression.callee.kind !== 'name' || expression.callee.name !== 'random')
    return null;
  const [arg, ...more] = expression.args;
  return arg === undefined || arg.name !== null || more.length > 0 ? 'malformed' : arg.value;
}
