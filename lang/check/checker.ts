// SPDX-License-Identifier: Apache-2.0

import { Calls } from '../calls.ts';
import { report } from '../diagnostics/catalogue-meaning.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { elementCount, elements } from '../elements.ts';
import type { Loaded } from '../imports.ts';
import { Offsets } from '../offsets.ts';
import type { Expr, Lab, Op, Param, Receiver, Scenario, ScenarioValues, UserFunction } from '../op.ts';
import { instanceName, valueText } from '../scenario-name.ts';
import type { SourceFile, Span } from '../source.ts';
import type { AroundStatement, Expression, ReceiverStatement, ScenarioStatement, Statement } from '../syntax/ast.ts';
import { formatValue } from '../syntax/literals.ts';
import { articled, elementType } from '../types.ts';
import { type Context, type LabInterface, mistake } from './context.ts';
import { checkLab, checkParam, checkReceiver, declare, fixedText, labInterfaces } from './declaration.ts';
import { checkExpression } from './expression.ts';
import { functionNames } from './function.ts';
import { checkImport, isShared, yieldingKinds } from './import.ts';
import { Inventory } from './inventory.ts';
import { renamedNames } from './link.ts';
import { LostText, lostText } from './lost-text.ts';
import { Scope } from './scope.ts';
import { checkBlock, checkStatement, checkStatements, conditionText } from './statement.ts';

/** How often one scenario runs at most: results are kept of each. */
export const maxScenarioValues = 1000;

/** A file's meaning: what its program holds, and every mistake found, in source order. */
export interface Checked {
  readonly params: readonly Param[];
  readonly lab: Lab | null;
  readonly functions: readonly UserFunction[];
  readonly scenarios: readonly Scenario[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Checks a whole file. Labs and receivers are known before the first statement, as they are there before it runs;
 * everything else is declared before it is used. What the parser could not read is passed over in silence.
 *
 * @param loaded the file with what it imports, and what the parser reported
 */
export function check({ source, file, modules, diagnostics: syntax }: Loaded): Checked {
  const diagnostics: Diagnostic[] = [];
  const { statements } = file;
  const lab = statements.find((statement) => statement.kind === 'lab');
  const interfaces = lab === undefined ? null : labInterfaces(lab);
  for (const { name, expression } of interfaces === null ? [] : renamedNames(file, source)) {
    if (!interfaces?.has(name)) interfaces?.set(name, { span: expression.span, peer: true, mtu: null });
  }
  const scenarios = statements.filter((statement) => statement.kind === 'scenario');
  const syntaxErrors = new Offsets(syntax.map(({ span }) => span.start));
  const damaged = (span: Span): boolean => syntaxErrors.within(span);
  // The parser leaves no hole without a word.
  const lost = syntax.length === 0 ? new LostText([]) : lostText(source, file, damaged);
  const context: Context = {
    source,
    diagnostics,
    lost,
    damaged,
    lab: interfaces,
    inLab: interfaces !== null || lost.lab,
    receivers: receiverNames(statements, new Map()),
    inventory: new Inventory(),
    scope: new Scope(null),
    earlier: null,
    place: 'file',
    inLoop: false,
    inElse: false,
    function: null,
    quiet: scenarios.length > 0,
    watched: null,
    functions: [],
    laterFunctions: functionNames(statements),
    acting: new Map(),
    prefix: '',
    modules,
    importedScopes: new Map(),
    calls: new Calls(),
    early: null,
    expression: checkExpression,
  };

  const opening = scenarios.length > 0 ? statements.length : openingOf(statements);
  const first = checkTop(context, statements.slice(0, opening), interfaces, scenarios[0], null);
  const around = checkAround(context, statements);
  const rest: Context = { ...context, scope: new Scope(context.scope) };
  rest.inventory.include(around.inventory);
  const top = checkTop(rest, statements.slice(opening), interfaces, undefined, first);
  const shared = checkReceivers(rest, statements);
  const checked = checkScenarios(context, scenarios, {
    prelude: first.body,
    receivers: shared,
    around,
    lets: top.lets,
  });
  if (scenarios.length === 0) {
    for (const problem of context.inventory.problems(context.receivers, context.lost)) diagnostics.push(problem);
    const { setup, teardown } = around;
    const unnamed = { name: '', each: null, span: file.span, receivers: shared, prelude: first.body };
    checked.push({ ...unnamed, setup, body: top.body, teardown });
  }
  return {
    params: top.params,
    lab: top.lab,
    functions: context.functions,
    scenarios: checked,
    diagnostics: distinct(diagnostics),
  };
}

/** What the top level of a text comes to. */
export interface Top {
  readonly params: readonly Param[];
  readonly lab: Lab | null;
  /** The unnamed scenario's operations, or what every scenario begins with. */
  readonly body: readonly Op[];
  /** What the top level's `let`s were given, by their names. */
  readonly lets: ReadonlyMap<string, Expression>;
}

/** What every scenario of a file has. */
interface Shared {
  readonly prelude: readonly Op[];
  readonly receivers: readonly Receiver[];
  readonly around: Around;
  readonly lets: ReadonlyMap<string, Expression>;
}

interface Around {
  readonly setup: readonly Op[];
  readonly teardown: readonly Op[];
  readonly inventory: Inventory;
}

export function checkTop(
  context: Context,
  statements: readonly Statement[],
  interfaces: Map<string, LabInterface> | null,
  scenario: ScenarioStatement | undefined,
  before: Top | null,
): Top {
  const params: Param[] = [...(before?.params ?? [])];
  const body: Op[] = [];
  const lets = new Map<string, Expression>(before?.lets);
  let lab: Lab | null = before?.lab ?? null;
  let strayed = false;
  for (const statement of statements) {
    switch (statement.kind) {
      case 'param': {
        const param = checkParam(context, statement);
        if (param !== null) params.push(param);
        break;
      }
      case 'lab':
        if (lab === null && interfaces !== null) lab = checkLab(context, statement, interfaces);
        else
          mistake(
            context,
            report('PG3105', {}, statement.span, {
              labels: [{ span: lab?.span ?? statement.span, text: 'the first' }],
            }),
          );
        break;
      case 'import':
        body.push(...checkImport(context, statement));
        break;
      case 'scenario':
      case 'receiver':
      case 'setup':
      case 'teardown':
        break;
      default: {
        if (statement.kind === 'let' && !yieldingKinds.includes(statement.value.kind)) {
          lets.set(statement.name.text, statement.value as Expression);
        }
        if (scenario !== undefined && !isShared(statement) && !strayed) {
          strayed = true;
          const labels = [{ span: scenario.name.span, text: 'the first scenario' }];
          const hints = ['put it into a scenario; `let` and `frame` may stand outside and begin each scenario anew'];
          mistake(context, report('PG3103', {}, statement.span, { labels, hints }));
        }
        body.push(...checkStatement(context, statement));
      }
    }
  }
  return { params, lab, body, lets };
}

/**
 * How many statements of an unnamed scenario stand before its `setup`: the declarations that the file begins with. Without
 * `setup` and `teardown` it makes no difference, and nothing is set apart.
 */
function openingOf(statements: readonly Statement[]): number {
  if (!statements.some(isAround)) return 0;
  const declarations = ['param', 'lab', 'receiver'];
  const acting = (statement: Statement): boolean =>
    !isShared(statement) && !isAround(statement) && !declarations.includes(statement.kind);
  const at = statements.findIndex(acting);
  return at < 0 ? statements.length : at;
}

const isAround = (statement: Statement): statement is AroundStatement =>
  statement.kind === 'setup' || statement.kind === 'teardown';

/** `setup` and `teardown`: one of each, with an inventory that belongs to every scenario. */
function checkAround(context: Context, statements: readonly Statement[]): Around {
  const inventory = new Inventory();
  const inner: Context = { ...context, quiet: false, inventory };
  const first = new Map<string, AroundStatement>();
  const ops: Record<AroundStatement['kind'], readonly Op[]> = { setup: [], teardown: [] };
  for (const statement of statements) {
    if (!isAround(statement)) continue;
    const { kind, span } = statement;
    const earlier = first.get(kind);
    if (earlier !== undefined) {
      const labels = [{ span: earlier.span, text: 'the first' }];
      mistake(context, report('PG3113', { word: kind }, span, { labels }));
      continue;
    }
    first.set(kind, statement);
    ops[kind] = checkBlock(inner, statement.body);
  }
  return { ...ops, inventory };
}

function checkScenarios(context: Context, scenarios: readonly ScenarioStatement[], shared: Shared): Scenario[] {
  const names = new Map<string, Span>();
  const only = (name: string, span: Span): void => {
    const first = names.get(name);
    if (first === undefined) names.set(name, span);
    else mistake(context, report('PG3104', { name }, span, { labels: [{ span: first, text: 'the first' }] }));
  };
  return scenarios.map((scenario) => {
    const { span, body } = scenario;
    const fixed = fixedText(context, scenario.name, "a scenario's name");
    const name = fixed ?? '';
    if (fixed !== null) only(name, scenario.name.span);

    const inner: Context = {
      ...context,
      place: 'scenario',
      quiet: false,
      receivers: receiverNames(body.statements, context.receivers),
      inventory: new Inventory(),
      scope: new Scope(context.scope),
    };
    inner.inventory.include(shared.around.inventory);
    const each = checkValues(inner, scenario, name, shared.lets);
    if (fixed !== null && each !== null) {
      for (const [text, at] of writtenValues(context.source, each.over)) only(instanceName(name, each.name, text), at);
    }
    const receivers = checkReceivers(inner, body.statements);
    const ops = checkStatements(inner, body.statements);
    for (const problem of inner.inventory.problems(inner.receivers, inner.lost)) context.diagnostics.push(problem);
    const { setup, teardown } = shared.around;
    const all = [...shared.receivers, ...receivers];
    return { name, each, span, receivers: all, prelude: shared.prelude, setup, body: ops, teardown };
  });
}

/** The values of a list, as names of verdicts show them; each with its place. */
function writtenValues(source: SourceFile, over: Expr): readonly (readonly [string, Span])[] {
  if (over.kind === 'list') return over.items.map((item) => [valueText(source, item), item.span]);
  if (over.kind !== 'constant' || over.value.type !== 'list') return [];
  return [...elements(over.value)].map((value) => [formatValue(value), over.span]);
}

function settledCount(expr: Expr): number | null {
  const hasElements = expr.kind === 'constant' && (expr.value.type === 'list' || expr.value.type === 'range');
  return hasElements ? elementCount(expr.value) : null;
}

/**
 * The values of `scenario … for`. Their number is known before the first scenario: they are a list written there or in a
 * `let` of the top level, or what constants and parameters make.
 */
function checkValues(
  context: Context,
  { each }: ScenarioStatement,
  scenario: string,
  lets: ReadonlyMap<string, Expression>,
): ScenarioValues | null {
  if (each === null) return null;
  const subject = 'what a scenario runs for';
  const isLet = each.over.kind === 'name' && context.scope.lookup(each.over.name)?.kind === 'let';
  const written = isLet && each.over.kind === 'name' ? (lets.get(each.over.name) ?? each.over) : each.over;
  const inner = written.kind === 'list' ? context : { ...context, early: subject };
  const over = checkExpression(inner, written);
  if (context.calls.within(over.expr)) {
    mistake(context, report('PG3012', { subject, name: conditionText(context.source, written.span) }, each.over.span));
  }
  const element = elementType(over.type);
  if (element === null) mistake(context, report('PG2109', { actual: articled(over.type) }, each.over.span));
  const { expr } = over;
  const found = expr.kind === 'list' ? expr.items.length : settledCount(expr);
  if (found !== null && (found < 1 || found > maxScenarioValues)) {
    mistake(context, report('PG3114', { name: scenario, found, most: maxScenarioValues }, each.over.span));
  }
  declare(context, 'loop', each.name, { ...over, type: element ?? 'unknown', shape: null });
  return { name: each.name.text, over: expr };
}

export function receiverNames(
  statements: readonly Statement[],
  outer: ReadonlyMap<string, ReceiverStatement>,
): ReadonlyMap<string, ReceiverStatement> {
  const names = new Map(outer);
  for (const statement of statements) {
    if (statement.kind === 'receiver' && !names.has(statement.name.text)) {
      names.set(statement.name.text, statement);
    }
  }
  return names;
}

export function checkReceivers(context: Context, statements: readonly Statement[]): readonly Receiver[] {
  return statements
    .filter((statement): statement is ReceiverStatement => statement.kind === 'receiver')
    .map((statement) => {
      return checkReceiver(context, statement);
    });
}

/** What several scenarios got wrong with one function is one mistake. */
export function distinct(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const said = new Set<string>();
  return diagnostics.filter(({ code, span }) => {
    const key = `${code} ${span.start} ${span.end}`;
    if (said.has(key)) return false;
    said.add(key);
    return true;
  });
}
