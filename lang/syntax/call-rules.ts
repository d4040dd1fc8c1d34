// SPDX-License-Identifier: Apache-2.0

import type * as Ast from './ast.ts';
import { Expressions } from './expressions.ts';
import { named, nameOf } from './token-nodes.ts';
import * as T from './tokens.ts';

/** The rules of what functions are made of and called with, as far as they hold no blocks. */
export abstract class CallRules extends Expressions {
  readonly import = this.RULE('import', (): Ast.ImportStatement => {
    const first = this.CONSUME(T.Import);
    const path = this.SUBRULE(this.text);
    this.CONSUME(T.As);
    const alias = nameOf(this.CONSUME(T.Identifier));
    return { kind: 'import', path, alias, span: this.spanFrom(first) };
  });

  readonly fn_parameter = this.RULE('fn_parameter', (): Ast.FnParameter => {
    const first = this.CONSUME(T.Identifier);
    this.CONSUME(T.Colon);
    const type = nameOf(this.CONSUME(T.Word));
    return { name: nameOf(first), type, span: this.spanFrom(first) };
  });

  readonly return = this.RULE('return', (): Ast.ReturnStatement => {
    const first = this.CONSUME(T.Return);
    const value = this.OPTION(() => this.SUBRULE(this.expression)) ?? null;
    return { kind: 'return', value, span: this.spanFrom(first) };
  });

  readonly call_statement = this.RULE('call_statement', (): Ast.CallStatement => {
    const first = this.LA(1);
    const name = named(this.CONSUME(T.Identifier));
    // A function of an imported file.
    const callee = this.OPTION(() => this.SUBRULE(this.member, { ARGS: [first, name] })) ?? name;
    const call = this.SUBRULE(this.call, { ARGS: [first, callee] });
    return this.ACTION(() => ({ kind: 'call_statement', call: call as Ast.CallExpression, span: call.span }));
  });
}
