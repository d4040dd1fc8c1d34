// SPDX-License-Identifier: Apache-2.0

import { isOrdered } from '../algebra.ts';
import { type Bounds, count, notNegative, positive } from '../bounds.ts';
import { lowered } from '../calls.ts';
import { report } from '../diagnostics/catalogue-meaning.ts';
import { correction } from '../diagnostics/suggest.ts';
import type { Expr, Op } from '../op.ts';
import type { SourceFile, Span } from '../source.ts';
import type {
  Block,
  ExpectStatement,
  Expression,
  ForStatement,
  IfStatement,
  LetStatement,
  Statement,
  YieldingStatement,
} from '../syntax/ast.ts';
import { articled, assertNever, elementType, nestsDeeper, sameType } from '../types.ts';
import type { Type } from '../value.ts';
import { checkCallStatement } from './call.ts';
import { type Context, checkAs, expectType, mistake, type Typed, typed } from './context.ts';
import { declare, symbolOf } from './declaration.ts';
import { checkAddDevice, checkSet } from './device.ts';
import { deviceList } from './device-name.ts';
import { reservedNames } from './expression.ts';
import { checkFunction, checkReturn } from './function.ts';
import { checkLink } from './link.ts';
import { Scope } from './scope.ts';
import { showTarget } from './show.ts';

/** Checks statements in order and gives the operations that they compile to. */
export function checkStatements(context: Context, statements: readonly Statement[]): readonly Op[] {
  const all: Op[] = [];
  for (const statement of statements) all.push(...checkStatement(context, statement));
  return all;
}

/** Checks one statement; declarations that belong elsewhere, and holes, compile to nothing. */
export function checkStatement(context: Context, statement: Statement): readonly Op[] {
  const ops = operationsOf(context, statement);
  return context.calls.none ? ops : ops.flatMap((op) => lowered(op, context.calls));
}

function operationsOf(context: Context, statement: Statement): readonly Op[] {
  const { span } = statement;
  switch (statement.kind) {
    case 'error':
      return [];
    case 'import':
    case 'param':
    case 'lab':
    case 'scenario':
    case 'setup':
    case 'teardown':
      mistake(context, report('PG3102', { word: statement.kind }, span));
      return [];
    case 'receiver':
      // The scenario's own receivers are taken before its statements; what comes here stands deeper.
      if (context.place === 'block') mistake(context, report('PG3109', {}, span));
      return [];
    case 'let':
      return checkLet(context, statement);
    case 'frame': {
      const value = context.expression(context, statement.value);
      const expr = expectType(context, value, statement.value, ['frame'], '`frame`');
      declare(context, 'frame', statement.name, { ...value, type: 'frame', expr });
      return [{ op: 'let', span, name: symbolOf(context, statement.name.text), value: expr }];
    }
    case 'fn':
      if (context.place === 'file') checkFunction(context, statement, checkBlock);
      else mistake(context, report('PG3102', { word: statement.kind }, statement.name.span));
      return [];
    case 'return':
      return checkReturn(context, statement);
    case 'call_statement':
      return checkCallStatement(context, statement.call);
    case 'assign': {
      const value = context.expression(context, statement.value);
      checkAssignable(context, statement.name.text, statement.name.span, value, statement.value);
      const { text } = statement.name;
      return [{ op: 'assign', span, name: context.scope.lookup(text)?.symbol ?? text, value: value.expr }];
    }
    case 'if':
      return [checkIf(context, statement)];
    case 'for':
      return [checkFor(context, statement)];
    case 'while': {
      const condition = checkCondition(context, statement.condition, '`while`');
      return [{ op: 'while', span, condition, body: checkBlock(context, statement.body, { inLoop: true }) }];
    }
    case 'repeat': {
      const times = checkAs(context, statement.times, ['number'], '`repeat`', count);
      return [{ op: 'repeat', span, times, body: checkBlock(context, statement.body, { inLoop: true }) }];
    }
    case 'break':
    case 'continue':
      if (!context.inLoop) mistake(context, report('PG3101', { word: statement.kind }, span));
      return [{ op: statement.kind, span }];
    case 'try': {
      const body = checkBlock(context, statement.body);
      const otherwise = statement.otherwise === null ? [] : checkBlock(context, statement.otherwise, { inElse: true });
      return [{ op: 'try', span, body, otherwise }];
    }
    case 'add_device':
    case 'rem_device':
    case 'rem_device_all':
    case 'at':
    case 'every':
    case 'spawn':
      return [checkYielding(context, statement, null)];
    case 'set':
      return [checkSet(context, statement)];
    case 'control': {
      const { verb } = statement;
      const devices = deviceList(context, statement.devices);
      if (verb !== 'reset') return [{ op: verb, span, devices }];
      if (devices !== null) mistake(context, report('PG3110', { word: verb }, span));
      return [{ op: verb, span }];
    }
    case 'wait':
      return [{ op: 'wait', span, duration: waitingTime(context, statement.duration) }];
    case 'wait_stopped':
      return [{ op: 'wait_stopped', span, timeout: timeout(context, statement.timeout) }];
    case 'wait_until': {
      const condition = checkWatched(context, statement.condition, '`wait until`');
      const text = conditionText(context.source, statement.condition.span);
      const limit = timeout(context, statement.timeout);
      return limit === null ? [] : [{ op: 'wait_until', span, condition, timeout: limit, text }];
    }
    case 'await':
      return [
        {
          op: 'await',
          span,
          target: statement.target && checkAs(context, statement.target, ['job', 'grace'], '`await`'),
        },
      ];
    case 'cancel':
      return [{ op: 'cancel', span, job: checkAs(context, statement.job, ['job'], '`cancel`') }];
    case 'sync':
      return [{ op: 'sync', span, timeout: timeout(context, statement.timeout) }];
    case 'link':
      return [checkLink(context, statement)];
    case 'show':
      return [{ op: 'show', span, target: showTarget(context, statement.target) }];
    case 'abort_when': {
      const condition = checkWatched(context, statement.condition, '`abort when`');
      return [{ op: 'abort_when', span, condition, text: conditionText(context.source, statement.condition.span) }];
    }
    case 'expect':
    case 'require':
      return [checkExpect(context, statement)];
    case 'print':
      return [{ op: 'print', span, values: statement.values.map((value) => context.expression(context, value).expr) }];
    default:
      return assertNever(statement);
  }
}

/** A condition as written, on one line and without comments. */
export function conditionText(source: SourceFile, span: Span): string {
  const text = source.slice(span);
  // Blanks and a word at a time, as most are written.
  if (!/[^ \S]| {2}|[#"]/.test(text)) return text;
  return text
    .replace(/"[^"\\\r\n]*(?:\\.[^"\\\r\n]*)*"|#[^\r\n]*|\s+/g, (found) => (found.startsWith('"') ? found : ' '))
    .replace(/ {2,}/g, ' ')
    .trim();
}

/** Checks a block, whose variables are its own. */
export function checkBlock(context: Context, block: Block, change: Partial<Context> = {}): readonly Op[] {
  return checkStatements({ ...context, place: 'block', ...change, scope: new Scope(context.scope) }, block.statements);
}

/** The body of a job: a loop around it goes on without it, so it can neither break nor continue it. */
function checkJob(context: Context, block: Block): readonly Op[] {
  return checkBlock(context, block, { inLoop: false, function: null });
}

function checkLet(context: Context, statement: LetStatement): readonly Op[] {
  const { name, value, span } = statement;
  if (isYielding(value)) {
    const symbol = symbolOf(context, name.text);
    const op = checkYielding(context, value, symbol);
    declare(context, 'let', name, typed(yieldedType(context, value), { kind: 'variable', span, name: symbol }));
    return [op];
  }
  const initial = context.expression(context, value);
  declare(context, 'let', name, initial);
  return [{ op: 'let', span, name: symbolOf(context, name.text), value: initial.expr }];
}

function isYielding(value: Expression | YieldingStatement): value is YieldingStatement {
  return ['add_device', 'rem_device', 'rem_device_all', 'at', 'every', 'spawn'].includes(value.kind);
}

function yieldedType(context: Context, statement: YieldingStatement): Type {
  switch (statement.kind) {
    case 'add_device':
      return 'device';
    case 'rem_device':
    case 'rem_device_all':
      if (statement.async) return 'grace';
      return mistake(context, report('PG3107', { word: statement.kind }, statement.span)).type;
    default:
      return 'job';
  }
}

function checkYielding(context: Context, statement: YieldingStatement, bind: string | null): Op {
  const { span } = statement;
  switch (statement.kind) {
    case 'add_device':
      return checkAddDevice(context, statement, bind);
    case 'rem_device': {
      const devices = deviceList(context, statement.devices);
      const { async } = statement;
      if (devices === null) return { op: 'rem_device_all', span, bind, cpu: null, async };
      return { op: 'rem_device', span, bind, devices, async };
    }
    case 'rem_device_all': {
      const cpu = statement.cpu === null ? null : checkAs(context, statement.cpu, ['number'], '`on cpu`', count);
      return { op: 'rem_device_all', span, bind, cpu, async: statement.async };
    }
    case 'at': {
      const time = duration(context, statement.time, '`at`', notNegative);
      return { op: 'at', span, bind, time, body: checkJob(context, statement.body) };
    }
    case 'every': {
      const period = duration(context, statement.period, '`every`', positive);
      return { op: 'every', span, bind, period, body: checkJob(context, statement.body) };
    }
    case 'spawn':
      return { op: 'spawn', span, bind, body: checkJob(context, statement.body) };
    default:
      return assertNever(statement);
  }
}

function checkAssignable(context: Context, name: string, span: Span, value: Typed, at: Expression): void {
  const variable = context.scope.lookup(name);
  if (variable === null) {
    if (context.lost.mayDeclare(name)) return;
    const what = reservedNames.get(name) ?? meaningOf(context, name);
    if (what !== null) {
      mistake(context, report('PG3007', { name, what }, span));
      return;
    }
    const hints = [`\`let ${name} = …\` declares it`];
    mistake(context, report('PG3001', { name }, span, { hints }));
    // Told once: what follows may use it.
    const unknown = { type: 'unknown', family: null, shape: null } as const;
    context.scope.declare({ kind: 'let', name, symbol: name, span, ...unknown });
    return;
  }
  const labels = [{ span: variable.span, text: 'declared here' }];
  if (variable.kind !== 'let') {
    const what = { param: 'a parameter', frame: 'a frame', loop: 'the variable of a loop', parameter: 'a parameter' }[
      variable.kind
    ];
    mistake(context, report('PG3007', { name, what }, span, { labels }));
    return;
  }
  if (variable.type === 'unknown') return;
  if (sameType(variable.type, value.type) && !nestsDeeper(variable.type, value.type)) return;
  const wrong = { name, declared: articled(variable.type), actual: articled(value.type) };
  mistake(context, report('PG2107', wrong, at.span, { labels }));
}

/** What a name that is no variable stands for; null for none. */
function meaningOf(context: Context, name: string): string | null {
  if (context.scope.lookupFunction(name) !== null) return 'a function';
  if (context.scope.lookupModule(name) !== null) return 'an imported file';
  if (context.lab?.has(name)) return 'an interface of the lab';
  return context.receivers.has(name) ? 'a receiver' : null;
}

function checkIf(context: Context, statement: IfStatement): Op {
  const condition = checkCondition(context, statement.condition, '`if`');
  const then = checkBlock(context, statement.then);
  const { otherwise } = statement;
  const rest =
    otherwise === null
      ? []
      : otherwise.kind === 'if'
        ? lowered(checkIf(context, otherwise), context.calls)
        : checkBlock(context, otherwise);
  return { op: 'if', span: statement.span, condition, then, otherwise: rest };
}

function checkFor(context: Context, statement: ForStatement): Op {
  const over = context.expression(context, statement.over);
  const element = elementType(over.type);
  if (element === null) mistake(context, report('PG2109', { actual: articled(over.type) }, statement.over.span));
  const scope = new Scope(context.scope);
  const inner: Context = { ...context, place: 'block', inLoop: true, scope };
  declare(inner, 'loop', statement.name, { ...over, type: element ?? 'unknown', shape: null });
  const body = checkStatements(inner, statement.body.statements);
  return { op: 'for', span: statement.span, name: statement.name.text, over: over.expr, body };
}

function checkCondition(context: Context, expression: Expression, subject: string): Expr {
  const value = context.expression(context, expression);
  if (sameType(value.type, 'bool')) return value.expr;
  const text = conditionText(context.source, expression.span);
  const hints = isOrdered(value.type) ? [`compare it: \`${text} > …\` or \`${text} == …\``] : [];
  return mistake(context, report('PG2104', { subject, actual: articled(value.type) }, expression.span, { hints })).expr;
}

function checkExpect(context: Context, statement: ExpectStatement): Op {
  const { kind, span, eventually } = statement;
  const condition = eventually
    ? checkWatched(context, statement.condition, '`eventually`')
    : checkCondition(context, statement.condition, `\`${kind}\``);
  const limit = timeout(context, statement.timeout);
  const label = statement.label === null ? null : context.expression(context, statement.label).expr;
  const written = conditionText(context.source, statement.condition.span);
  const text = eventually ? `eventually ${written}` : written;
  return { op: 'expect', span, condition, timeout: limit, label, required: kind === 'require', text };
}

/** A condition that the run looks at over and over: expressions only. */
function checkWatched(context: Context, expression: Expression, subject: string): Expr {
  return checkCondition({ ...context, watched: subject }, expression, subject);
}

function duration(context: Context, expression: Expression, subject: string, bounds: Bounds): Expr {
  return checkAs(context, expression, ['duration'], subject, bounds);
}

/** A time; a word that is no name may be a misspelt `stopped`. */
function waitingTime(context: Context, expression: Expression): Expr {
  if (expression.kind === 'name' && context.scope.meaning(expression.name) === null) {
    const { name, span } = expression;
    const details = correction(name, ['stopped'], '`wait` takes a duration or', span);
    if (details.fixes?.length === 1) return mistake(context, report('PG3001', { name }, span, details)).expr;
  }
  return duration(context, expression, '`wait`', notNegative);
}

function timeout(context: Context, expression: Expression | null): Expr | null {
  return expression === null ? null : duration(context, expression, '`timeout`', notNegative);
}
