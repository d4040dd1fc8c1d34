// SPDX-License-Identifier: Apache-2.0

import { report } from '../diagnostics/catalogue-meaning.ts';
import { nearest } from '../diagnostics/suggest.ts';
import { type Fact, facts } from '../facts.ts';
import { protocols } from '../frame/protocols.ts';
import { deviceMetrics, graceMetrics, type Metric, needsHeader, receiverMetrics } from '../metrics.ts';
import type { Expr, MetricSource } from '../op.ts';
import { cover, type Span } from '../source.ts';
import type { CallExpression, Expression, MemberExpression, Name, NameExpression } from '../syntax/ast.ts';
import { articled, displayType } from '../types.ts';
import { type Context, expectType, fold, hole, mistake, near, type Typed, typed } from './context.ts';
import { deviceOf, useDevice } from './device-name.ts';
import { checkLayer } from './frame.ts';
import type { DeviceName } from './inventory.ts';
import type { KnownModule, Variable } from './scope.ts';

/** A name that stands alone in an expression. */
export function checkName(context: Context, expression: NameExpression): Typed {
  const { name, span } = expression;
  const variable = context.scope.lookup(name);
  if (variable !== null) return variableValue(context, variable, span);
  if (name === 'elapsed') return ofRun(context, typed('duration', { kind: 'elapsed', span }));
  if (name === 'error') {
    if (context.inElse) return typed('string', { kind: 'caught', span });
    return mistake(context, report('PG3106', {}, span));
  }
  const protocol = protocols.get(name);
  if (protocol !== undefined) return checkLayer(context, expression, protocol);
  if (context.lab?.has(name)) {
    return typed('interface', { kind: 'constant', span, value: { type: 'interface', name } });
  }
  if (context.receivers.has(name)) {
    return typed('receiver', { kind: 'constant', span, value: { type: 'receiver', name } });
  }
  if (name.includes('@') || context.inventory.knows(name)) {
    const device = deviceOf(context, expression);
    useDevice(context, device, span);
    return typed('device', device.expr);
  }
  if (context.scope.lookupModule(name) !== null) {
    return mistake(context, report('PG3204', { name }, span, { hints: [`\`${name}.NAME\` is a name in it`] }));
  }
  if (context.scope.lookupFunction(name) !== null) {
    return mistake(context, report('PG3017', { name }, span, { hints: [`\`${name}(…)\` calls it`] }));
  }
  return unknownName(context, name, span);
}

/** The value of a variable, where it has one already. */
export function variableValue(context: Context, variable: Variable, span: Span): Typed {
  const { name, type, family, shape } = variable;
  if (context.early !== null && variable.kind !== 'param') {
    return notYet(context, context.early, name, span);
  }
  return typed(type, { kind: 'variable', span, name: variable.symbol }, { family, shape });
}

/** What a value that is settled before the scenario begins would have to know of it. */
export function notYet(context: Context, subject: string, name: string, span: Span): Typed {
  return mistake(context, report('PG3012', { subject, name }, span, { hints: ['only a `param` is known by then'] }));
}

/** A figure that there is while a scenario runs, and not before. */
function ofRun(context: Context, value: Typed): Typed {
  const { span } = value.expr;
  return context.early === null ? value : notYet(context, context.early, context.source.slice(span), span);
}

/** A name that nothing declares; silent where a declaration may have been lost to a syntax error. */
export function unknownName(context: Context, name: string, span: Span): Typed {
  if (context.lost.mayDeclare(name)) return hole(span);
  const known = (): Iterable<string> => {
    const names = [
      ...context.scope.names(),
      ...(context.lab?.keys() ?? []),
      ...context.receivers.keys(),
      ...context.inventory.names(),
    ];
    // A layer needs no brackets; where no name is near, a list of all layers helps nobody.
    return nearest(name, names) === null && nearest(name, protocols.keys()) !== null ? protocols.keys() : names;
  };
  return mistake(context, report('PG3001', { name }, span, near(context, name, known, 'names here', span)));
}

/**
 * `object.member` and longer chains: a metric of a device, receiver or grace periods, totals, a fact of an interface, or an
 * end of a range or prefix. What the name before the point means follows from what is declared and from the member, since
 * a device may be called as its interface, and a receiver too.
 */
export function checkMember(context: Context, expression: MemberExpression): Typed {
  const { base, members } = path(expression);
  if (base.kind === 'call' && base.callee.kind === 'member' && base.callee.member.text === 'from') {
    return checkFrom(context, base, base.callee, members, expression.span);
  }
  if (base.kind === 'text') {
    const device = deviceOf(context, base);
    return deviceMetric(context, device, members, expression.span, displayed(context, base));
  }
  if (base.kind === 'name') {
    const module = context.scope.lookupModule(base.name);
    if (module !== null) return memberOfModule(context, module, members, expression.span);
  }
  if (base.kind !== 'name' || context.scope.lookup(base.name) !== null) {
    return memberOfValue(
      context,
      context.expression(context, base),
      displayed(context, base),
      members,
      expression.span,
    );
  }
  return memberOfName(context, base, members, expression.span);
}

interface Path {
  readonly base: Expression;
  readonly members: readonly Name[];
}

function path(expression: Expression): Path {
  if (expression.kind !== 'member') return { base: expression, members: [] };
  const inner = path(expression.object);
  return { base: inner.base, members: [...inner.members, expression.member] };
}

const dotted = (members: readonly Name[]) => members.map((member) => member.text).join('.');
const isAsked = (member: string) => member === 'asked' || member === 'asked.bps';
const placeOf = (members: readonly Name[]) => members.map((member) => member.span).reduce(cover);
const displayed = (context: Context, expression: Expression) => `\`${context.source.slice(expression.span)}\``;

function memberOfName(context: Context, base: NameExpression, members: readonly Name[], span: Span): Typed {
  const { name } = base;
  const member = dotted(members);
  const isReceiver = context.receivers.has(name);
  const isInterface = context.lab?.has(name) ?? false;
  const isDevice = name.includes('@') || context.inventory.knows(name);

  if (name === 'devices') {
    if (isAsked(member)) context.inventory.ask(null, span);
    return metric(context, { kind: 'devices' }, deviceMetrics, members, span, '`devices`');
  }
  if (name === 'receivers') return receiverMetric(context, { kind: 'receivers' }, members, span, '`receivers`');
  if (name === 'grace') return metric(context, { kind: 'grace' }, graceMetrics, members, span, '`grace`');

  if (isReceiver && receiverMetrics.has(member)) {
    return receiverMetric(context, receiverSource(base), members, span, `receiver \`${name}\``);
  }
  if (facts.has(member) && !name.includes('@')) {
    if (isInterface || context.lab === null) return fact(context, base, member, span);
    if (!isReceiver && !isDevice) return notInLab(context, name, base.span);
    // Told where the receiver is declared: it names the interface that it listens on.
    if (context.receivers.get(name)?.on === null) return hole(span);
  }
  if (deviceMetrics.has(member) && (isDevice || !isReceiver)) {
    return deviceMetric(context, deviceOf(context, base), members, span, `device \`${name}\``);
  }
  if (!isReceiver && !isInterface && !isDevice) {
    if (!receiverMetrics.has(member)) return unknownName(context, name, base.span);
    return unknownReceiver(context, name, base.span);
  }
  const kinds = [isReceiver ? 'receiver' : null, isDevice ? 'device' : null, isInterface ? 'interface' : null];
  const known = [
    ...(isReceiver ? receiverMetrics.keys() : []),
    ...(isDevice ? deviceMetrics.keys() : []),
    ...(isInterface ? facts.keys() : []),
  ];
  // A lab interface that nobody listens on is asked what only a receiver knows.
  if (!isReceiver && receiverMetrics.has(member)) return unknownReceiver(context, name, base.span);
  const of = `${kinds.filter((kind) => kind !== null).join(' and ')} \`${name}\``;
  return noMember(context, of, members, known);
}

/** `lib.probe`, and members of what that is. */
function memberOfModule(context: Context, module: KnownModule, members: readonly Name[], span: Span): Typed {
  const [first, ...rest] = members;
  if (first === undefined || module.scope === null) return hole(span);
  const variable = module.scope.lookup(first.text);
  const name = `${module.name}.${first.text}`;
  if (variable === null) {
    const isFunction = module.scope.lookupFunction(first.text) !== null;
    if (isFunction) return mistake(context, report('PG3017', { name }, span, { hints: [`\`${name}(…)\` calls it`] }));
    return noMember(context, `\`${module.name}\``, [first], [...module.scope.names(), ...module.scope.functions()]);
  }
  const value = variableValue(context, variable, span);
  return rest.length === 0 ? value : memberOfValue(context, value, `\`${name}\``, rest, span);
}

function memberOfValue(context: Context, value: Typed, shown: string, members: readonly Name[], span: Span): Typed {
  const member = dotted(members);
  const of = `${shown} (${displayType(value.type)})`;
  if (value.type === 'unknown') return hole(span);
  if (typeof value.type === 'object') {
    const isEnd = value.type.kind === 'range' && (member === 'first' || member === 'last');
    if (!isEnd) return noMember(context, of, members, value.type.kind === 'range' ? ['first', 'last'] : []);
    return fold(context, typed(value.type.of, { kind: 'end', span, of: value.expr, end: member }));
  }
  switch (value.type) {
    case 'prefix': {
      if (member !== 'first' && member !== 'last') return noMember(context, of, members, ['first', 'last']);
      // The family of a prefix that only the run knows is taken to be IPv4; the run says so if it is not.
      return fold(context, typed(value.family ?? 'ipv4', { kind: 'end', span, of: value.expr, end: member }));
    }
    case 'device':
    case 'string':
      return metric(context, { kind: 'device', device: value.expr }, deviceMetrics, members, span, of);
    case 'interface':
      if (facts.has(member)) return factOf(context, value.expr, member, span);
      if (deviceMetrics.has(member)) {
        return metric(context, { kind: 'device', device: value.expr }, deviceMetrics, members, span, of);
      }
      return noMember(context, of, members, facts.keys());
    case 'receiver':
      return receiverMetric(context, { kind: 'receiver', receiver: value.expr, from: null }, members, span, of);
    default:
      return noMember(context, of, members, []);
  }
}

/** `rx0.from(tx0@0).lost`. */
function checkFrom(
  context: Context,
  call: CallExpression,
  callee: MemberExpression,
  members: readonly Name[],
  span: Span,
): Typed {
  const of = callee.object;
  const known = of.kind === 'name' && context.receivers.has(of.name) && context.scope.lookup(of.name) === null;
  const receiver = known ? receiverSource(of).receiver : receiverValue(context, of);
  const [arg, ...more] = call.args;
  if (arg === undefined || arg.name !== null || more.length > 0) {
    return mistake(context, report('PG2205', { function: 'from', expected: 'one device' }, call.span));
  }
  const device = deviceOf(context, arg.value);
  useDevice(context, device, arg.span);
  if (receiver === null) return hole(span);
  const source = { kind: 'receiver', receiver, from: device.expr } as const;
  return receiverMetric(context, source, members, span, displayed(context, call), device.name);
}

function receiverValue(context: Context, expression: Expression): Typed['expr'] | null {
  if (expression.kind === 'name' && context.scope.lookup(expression.name) === null) {
    unknownReceiver(context, expression.name, expression.span);
    return null;
  }
  const value = context.expression(context, expression);
  if (value.type === 'unknown') return null;
  if (value.type === 'receiver') return value.expr;
  const wrong = { subject: '`.from`', expected: 'a receiver before it', actual: articled(value.type) };
  mistake(context, report('PG2101', wrong, expression.span));
  return null;
}

function receiverSource(base: NameExpression): MetricSource & { readonly kind: 'receiver' } {
  const { name, span } = base;
  return {
    kind: 'receiver',
    receiver: { kind: 'constant', span, value: { type: 'receiver', name } },
    from: null,
  };
}

function fact(context: Context, base: NameExpression, member: string, span: Span): Typed {
  const of: Expr = { kind: 'constant', span: base.span, value: { type: 'interface', name: base.name } };
  return factOf(context, of, member, span);
}

function factOf(context: Context, of: Expr, member: string, span: Span): Typed {
  const { type, called } = facts.get(member) as Fact;
  if (called) {
    const hints = [`\`${context.source.slice(span)}("rx_packets")\``];
    return mistake(context, report('PG2205', { function: member, expected: 'one text' }, span, { hints }));
  }
  return ofRun(context, typed(type, { kind: 'fact', span, interface: of, fact: member, argument: null }));
}

/** `dut.stat("rx_queue_0_packets")`: a fact that is asked with a text. */
export function checkCalledFact(context: Context, call: CallExpression, callee: MemberExpression): Typed | null {
  const { object, member } = callee;
  const known = facts.get(member.text);
  if (known === undefined || !known.called) return null;
  const of = interfaceOf(context, object, `\`.${member.text}\``);
  const [arg, ...more] = call.args;
  if (arg === undefined || arg.name !== null || more.length > 0) {
    return mistake(context, report('PG2205', { function: member.text, expected: 'one text' }, call.span));
  }
  const name = context.expression(context, arg.value);
  const argument = expectType(context, name, arg.value, ['string'], `\`${member.text}\``);
  return ofRun(
    context,
    typed(known.type, { kind: 'fact', span: call.span, interface: of, fact: member.text, argument }),
  );
}

function deviceMetric(
  context: Context,
  device: ReturnType<typeof deviceOf>,
  members: readonly Name[],
  span: Span,
  of: string,
): Typed {
  useDevice(context, device, device.expr.span);
  if (isAsked(dotted(members))) context.inventory.ask(device.name, span);
  return metric(context, { kind: 'device', device: device.expr }, deviceMetrics, members, span, of);
}

function receiverMetric(
  context: Context,
  source: MetricSource,
  members: readonly Name[],
  span: Span,
  of: string,
  from: DeviceName | null = null,
): Typed {
  const name = dotted(members);
  if (needsHeader.has(name)) context.inventory.needSequence(name, from, span);
  return metric(context, source, receiverMetrics, members, span, of);
}

function metric(
  context: Context,
  source: MetricSource,
  table: ReadonlyMap<string, Metric>,
  members: readonly Name[],
  span: Span,
  of: string,
): Typed {
  const found = table.get(dotted(members));
  if (found === undefined) return noMember(context, of, members, table.keys());
  return ofRun(context, typed(found.type, { kind: 'metric', span, source, metric: found.name }));
}

function noMember(context: Context, of: string, members: readonly Name[], known: Iterable<string>): Typed {
  const name = dotted(members);
  const all = [...known];
  const inside = all.filter((candidate) => candidate.startsWith(`${name}.`));
  const span = placeOf(members);
  const hints = inside.map((candidate) => `\`.${candidate}\``);
  const details = inside.length > 0 ? { hints } : near(context, name, () => all, 'it has', span);
  return mistake(context, report('PG3005', { of, name }, span, details));
}

/** An interface that the lab does not have. */
export function notInLab(context: Context, name: string, span: Span): Typed {
  if (context.lost.lab) return hole(span);
  const details = near(context, name, () => context.lab?.keys() ?? [], 'the lab has', span);
  return mistake(context, report('PG3009', { name }, span, details));
}

function unknownReceiver(context: Context, name: string, span: Span): Typed {
  if (context.lost.mayDeclare(name)) return hole(span);
  const [receiver] = context.receivers.keys();
  const details =
    receiver !== undefined && context.inventory.knows(name)
      ? { hints: [`\`${name}\` is a device; a receiver knows it: \`${receiver}\``] }
      : context.lab?.has(name)
        ? { hints: [`declare \`receiver ${name}\``] }
        : near(context, name, () => context.receivers.keys(), 'receivers', span);
  return mistake(context, report('PG3016', { name }, span, details));
}

/** An expression where an interface belongs: a name as it stands, unless a variable is called so, or a string. */
export function interfaceOf(context: Context, expression: Expression, subject = '`on`'): Expr {
  if (expression.kind !== 'name') {
    const value = context.expression(context, expression);
    if (value.expr.kind === 'constant' && value.expr.value.type === 'string') {
      return namedInterface(context, value.expr.value.value, expression.span);
    }
    return expectType(context, value, expression, ['interface', 'string'], subject);
  }
  const variable = context.scope.lookup(expression.name);
  if (variable === null) return namedInterface(context, expression.name, expression.span);
  const value = variableValue(context, variable, expression.span);
  return expectType(context, value, expression, ['interface', 'string'], subject);
}

/** An interface by its name, which a lab must have. */
export function namedInterface(context: Context, name: string, span: Span): Expr {
  if (context.lab !== null && !context.lab.has(name)) return notInLab(context, name, span).expr;
  return { kind: 'constant', span, value: { type: 'interface', name } };
}
