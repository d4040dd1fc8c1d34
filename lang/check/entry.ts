// SPDX-License-Identifier: Apache-2.0

import { Calls } from '../calls.ts';
import { report } from '../diagnostics/catalogue-meaning.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Loaded, Module } from '../imports.ts';
import { Offsets } from '../offsets.ts';
import type { Lab, Op, Param, Receiver, UserFunction } from '../op.ts';
import type { Span } from '../source.ts';
import type { ReceiverStatement } from '../syntax/ast.ts';
import { checkReceivers, checkTop, distinct, receiverNames } from './checker.ts';
import { type Context, type LabInterface, mistake } from './context.ts';
import { labInterfaces } from './declaration.ts';
import { checkExpression } from './expression.ts';
import { functionNames } from './function.ts';
import { Inventory } from './inventory.ts';
import { renamedNames } from './link.ts';
import { LostText, lostText } from './lost-text.ts';
import { Scope } from './scope.ts';

/** What the entries of a session have declared so far. Entries never change it: each makes the next one. */
export interface Declared {
  readonly entries: number;
  readonly scope: Scope;
  readonly inventory: Inventory;
  /** Null until a lab is declared. */
  readonly lab: ReadonlyMap<string, LabInterface> | null;
  readonly receivers: ReadonlyMap<string, ReceiverStatement>;
  readonly functions: readonly UserFunction[];
  readonly acting: ReadonlyMap<string, boolean>;
  readonly importedScopes: ReadonlyMap<Module, Scope | null>;
}

export const nothingDeclared: Declared = {
  entries: 0,
  scope: new Scope(null),
  inventory: new Inventory(),
  lab: null,
  receivers: new Map(),
  functions: [],
  acting: new Map(),
  importedScopes: new Map(),
};

/** What one entry adds to an open scenario, in the order in which it is carried out. */
export interface Addition {
  readonly lab: Lab | null;
  /** `symbol` is the parameter's name in the program. */
  readonly params: readonly { readonly symbol: string; readonly param: Param }[];
  readonly functions: readonly UserFunction[];
  readonly receivers: readonly Receiver[];
  readonly body: readonly Op[];
  readonly span: Span;
}

/** What came to be of an entry: it may have failed on its way, and what it never made is not declared. */
export interface Made {
  /** Whether a variable, by its symbol, has a value. */
  knows(symbol: string): boolean;
  /** Whether a receiver of that name is open. */
  receives(name: string): boolean;
  readonly inLab: boolean;
}

export interface CheckedEntry {
  readonly addition: Addition;
  readonly diagnostics: readonly Diagnostic[];
  /** What is declared once the entry was carried out. */
  readonly declared: (made: Made) => Declared;
}

/**
 * Checks what is entered into an open scenario. A name of the top level may be declared anew: from here on it means the
 * new one, which has a name of its own in the program, so that functions and jobs keep what they were written with.
 */
export function checkEntry(before: Declared, { source, file, modules, diagnostics: syntax }: Loaded): CheckedEntry {
  const diagnostics: Diagnostic[] = [];
  const { statements } = file;
  const lab = statements.find((statement) => statement.kind === 'lab');
  const interfaces = before.lab === null && lab === undefined ? null : new Map(before.lab ?? []);
  const added = lab === undefined ? null : labInterfaces(lab);
  for (const [name, one] of added ?? []) interfaces?.set(name, one);
  for (const { name, expression } of interfaces === null ? [] : renamedNames(file, source)) {
    if (!interfaces?.has(name)) interfaces?.set(name, { span: expression.span, peer: true, mtu: null });
  }
  const syntaxErrors = new Offsets(syntax.map(({ span }) => span.start));
  const inventory = new Inventory();
  inventory.include(before.inventory);
  const damaged = (span: Span): boolean => syntaxErrors.within(span);
  const lost = syntax.length === 0 ? new LostText([]) : lostText(source, file, damaged);
  const context: Context = {
    source,
    diagnostics,
    lost,
    damaged,
    lab: interfaces,
    inLab: interfaces !== null || lost.lab,
    receivers: receiverNames(statements, before.receivers),
    inventory,
    scope: new Scope(before.scope),
    earlier: before.scope,
    place: 'file',
    inLoop: false,
    inElse: false,
    function: null,
    quiet: false,
    watched: null,
    functions: [...before.functions],
    laterFunctions: functionNames(statements),
    acting: new Map(before.acting),
    // No text can name it, so an entry's symbols are its own.
    prefix: `${before.entries + 1}:`,
    modules,
    importedScopes: new Map(before.importedScopes),
    calls: new Calls(),
    early: null,
    expression: checkExpression,
  };
  for (const { kind, span } of statements) {
    if (kind !== 'scenario' && kind !== 'setup' && kind !== 'teardown') continue;
    const hints = ['a shell is one open scenario: write it into a file, and `pktsh run FILE`'];
    mistake(context, report('PG3102', { word: kind }, span, { hints }));
  }
  if (lab !== undefined && before.lab !== null) mistake(context, report('PG3105', {}, lab.span));
  const top = checkTop(context, statements, added === null ? null : (interfaces ?? added), undefined, null);
  const receivers = checkReceivers(context, statements);
  const own = inventory.problems(context.receivers, context.lost).filter(({ span }) => span.start >= file.span.start);
  diagnostics.push(...own);
  const { scope, functions, acting, importedScopes } = context;
  return {
    addition: {
      lab: top.lab,
      params: top.params.map((param) => ({ symbol: `${context.prefix}${param.name}`, param })),
      functions: functions.slice(before.functions.length),
      receivers,
      body: top.body,
      span: file.span,
    },
    diagnostics: distinct(diagnostics),
    declared: (made) => ({
      entries: before.entries + 1,
      scope: scope.onTopOf(before.scope, (symbol) => made.knows(symbol)),
      inventory,
      lab: made.inLab ? interfaces : before.lab,
      receivers: new Map([...context.receivers].filter(([name]) => before.receivers.has(name) || made.receives(name))),
      functions,
      acting,
      importedScopes,
    }),
  };
}
