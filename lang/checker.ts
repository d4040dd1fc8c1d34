// SPDX-License-Identifier: Apache-2.0

import type { File, ReceiverStatement, ScenarioStatement, Statement } from './ast.ts';
import { Calls } from './calls.ts';
import { report } from './catalogue-meaning.ts';
import { type Context, type LabInterface, mistake } from './check-context.ts';
import { checkLab, checkParam, checkReceiver, fixedText, labInterfaces } from './check-declaration.ts';
import { checkExpression } from './check-expression.ts';
import { checkStatement, checkStatements } from './check-statement.ts';
import type { Diagnostic } from './diagnostic.ts';
import { Inventory } from './inventory.ts';
import type { Lab, Op, Param, Receiver, Scenario, UserFunction } from './op.ts';
import { Scope } from './scope.ts';
import type { SourceFile, Span } from './source.ts';

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
 * @param syntax what the parser reported
 */
export function check(source: SourceFile, file: File, syntax: readonly Diagnostic[]): Checked {
  const diagnostics: Diagnostic[] = [];
  const { statements } = file;
  const lab = statements.find((statement) => statement.kind === 'lab');
  const interfaces = lab === undefined ? null : labInterfaces(lab);
  const scenarios = statements.filter((statement) => statement.kind === 'scenario');
  const context: Context = {
    source,
    diagnostics,
    complete: !hasHole(file),
    damaged: ({ start, end }) => syntax.some(({ span }) => span.start >= start && span.start <= end),
    lab: interfaces,
    receivers: receiverNames(statements, new Map()),
    inventory: new Inventory(),
    scope: new Scope(null),
    place: 'file',
    inLoop: false,
    inElse: false,
    function: null,
    quiet: scenarios.length > 0,
    watched: null,
    functions: [],
    calls: new Calls(),
    early: null,
    expression: checkExpression,
  };

  const top = checkTop(context, statements, interfaces, scenarios[0]);
  const shared = checkReceivers(context, statements);
  const checked = checkScenarios(context, scenarios, top.body, shared);
  if (scenarios.length === 0) {
    for (const problem of context.inventory.problems(context.receivers, context.complete)) diagnostics.push(problem);
    checked.push({ name: '', span: file.span, receivers: shared, body: top.body });
  }
  return {
    params: top.params,
    lab: top.lab,
    functions: context.functions,
    scenarios: checked,
    diagnostics: distinct(diagnostics),
  };
}

interface Top {
  readonly params: readonly Param[];
  readonly lab: Lab | null;
  /** The unnamed scenario's operations, or what every scenario begins with. */
  readonly body: readonly Op[];
}

function checkTop(
  context: Context,
  statements: readonly Statement[],
  interfaces: Map<string, LabInterface> | null,
  scenario: ScenarioStatement | undefined,
): Top {
  const params: Param[] = [];
  const body: Op[] = [];
  let lab: Lab | null = null;
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
      case 'scenario':
      case 'receiver':
        break;
      default: {
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
  return { params, lab, body };
}

/** Statements that may stand beside scenario blocks, besides declarations: those that only give names to values. */
function isShared(statement: Statement): boolean {
  if (['error', 'frame', 'fn'].includes(statement.kind)) return true;
  const runs = ['add_device', 'rem_device', 'rem_device_all', 'at', 'every', 'spawn'];
  return statement.kind === 'let' && !runs.includes(statement.value.kind);
}

function checkScenarios(
  context: Context,
  scenarios: readonly ScenarioStatement[],
  prelude: readonly Op[],
  shared: readonly Receiver[],
): Scenario[] {
  const names = new Map<string, Span>();
  return scenarios.map((scenario) => {
    const { span, body } = scenario;
    const name = fixedText(context, scenario.name, "a scenario's name") ?? '';
    const first = names.get(name);
    if (first !== undefined) {
      mistake(
        context,
        report('PG3104', { name }, scenario.name.span, { labels: [{ span: first, text: 'the first' }] }),
      );
    }
    names.set(name, first ?? scenario.name.span);

    const inner: Context = {
      ...context,
      place: 'scenario',
      quiet: false,
      receivers: receiverNames(body.statements, context.receivers),
      inventory: new Inventory(),
      scope: new Scope(context.scope),
    };
    const receivers = checkReceivers(inner, body.statements);
    const ops = checkStatements(inner, body.statements);
    for (const problem of inner.inventory.problems(inner.receivers, inner.complete)) context.diagnostics.push(problem);
    return { name, span, receivers: [...shared, ...receivers], body: [...prelude, ...ops] };
  });
}

function receiverNames(statements: readonly Statement[], outer: ReadonlyMap<string, Span>): ReadonlyMap<string, Span> {
  const names = new Map(outer);
  for (const statement of statements) {
    if (statement.kind === 'receiver' && !names.has(statement.name.text)) {
      names.set(statement.name.text, statement.name.span);
    }
  }
  return names;
}

function checkReceivers(context: Context, statements: readonly Statement[]): readonly Receiver[] {
  return statements
    .filter((statement): statement is ReceiverStatement => statement.kind === 'receiver')
    .map((statement) => {
      return checkReceiver(context, statement);
    });
}

/** What several scenarios got wrong with one function is one mistake. */
function distinct(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const said = new Set<string>();
  return diagnostics.filter(({ code, span }) => {
    const key = `${code} ${span.start} ${span.end}`;
    if (said.has(key)) return false;
    said.add(key);
    return true;
  });
}

/** Whether recovery lost a statement somewhere, and with it, perhaps, a declaration. */
function hasHole(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(hasHole);
  if (typeof node !== 'object' || node === null) return false;
  const { statements } = node as { readonly statements?: readonly Statement[] };
  if (statements?.some((statement) => statement.kind === 'error')) return true;
  return Object.values(node).some(hasHole);
}
