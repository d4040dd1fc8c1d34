// SPDX-License-Identifier: Apache-2.0

import { report } from '../diagnostics/catalogue-meaning.ts';
import type { Op } from '../op.ts';
import type { ImportStatement, Statement } from '../syntax/ast.ts';
import { type Context, mistake } from './context.ts';
import { mayDeclare } from './declaration.ts';
import { functionNames } from './function.ts';
import { Inventory } from './inventory.ts';
import { lostText } from './lost-text.ts';
import { Scope } from './scope.ts';
import { checkStatement } from './statement.ts';

/** What `let` takes besides expressions. */
export const yieldingKinds: readonly string[] = ['add_device', 'rem_device', 'rem_device_all', 'at', 'every', 'spawn'];

/** Statements that only give names to values: they may stand beside scenario blocks and in imported files. */
export function isShared(statement: Statement): boolean {
  if (['error', 'frame', 'fn', 'import'].includes(statement.kind)) return true;
  return statement.kind === 'let' && !yieldingKinds.includes(statement.value.kind);
}

/**
 * Makes an imported file's names known as `lib.name`, and gives the operations that evaluate its values, where no other
 * `import` did before. The file knows nothing of who imports it: neither labs nor receivers nor names.
 */
export function checkImport(context: Context, statement: ImportStatement): readonly Op[] {
  const { alias } = statement;
  const module = context.modules.get(statement) ?? null;
  if (!mayDeclare(context, alias)) return [];
  const known = module === null ? null : context.importedScopes.get(module);
  if (module === null || known !== undefined) {
    context.scope.declareModule({ name: alias.text, span: alias.span, scope: known ?? null });
    return [];
  }
  const scope = new Scope(null);
  const lost = lostText(context.source, module.file, context.damaged);
  // Where names may be lost, every alias is silent about what seems to be none.
  const readable = lost.none ? scope : null;
  context.importedScopes.set(module, readable);
  context.scope.declareModule({ name: alias.text, span: alias.span, scope: readable });
  const inner: Context = {
    ...context,
    lost,
    lab: null,
    laterFunctions: functionNames(module.file.statements),
    receivers: new Map(),
    inventory: new Inventory(),
    scope,
    earlier: null,
    prefix: `${context.prefix}${alias.text}.`,
    quiet: true,
  };
  const { statements } = module.file;
  const stray = statements.find((one) => !isShared(one));
  if (stray !== undefined) mistake(inner, report('PG3203', {}, stray.span));
  return statements.filter(isShared).flatMap((one) => {
    return one.kind === 'import' ? checkImport(inner, one) : checkStatement(inner, one);
  });
}
