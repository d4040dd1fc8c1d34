// SPDX-License-Identifier: Apache-2.0

import type { OrMethodOpts, ParserMethod } from 'chevrotain';
import type * as Ast from './ast.ts';
import { CallRules } from './call-rules.ts';
import { spanOf } from './lexer.ts';
import { nameOf } from './token-nodes.ts';
import * as T from './tokens.ts';

type Expression = Ast.Expression;
type Rule<Node> = ParserMethod<[], Node>;
/** What begins with `wait`. */
export type Waiting = Ast.WaitStatement | Ast.WaitStoppedStatement | Ast.WaitUntilStatement;

/** The rules of a file and its declarations. The other statements are in grammar.ts; here it is only known that they exist. */
export abstract class DeclarationRules extends CallRules {
  abstract readonly for: Rule<Ast.ForStatement>;
  abstract readonly while: Rule<Ast.WhileStatement>;
  abstract readonly repeat: Rule<Ast.RepeatStatement>;
  abstract readonly if: Rule<Ast.IfStatement>;
  abstract readonly try: Rule<Ast.TryStatement>;
  abstract readonly settings: Rule<readonly Ast.Setting[]>;
  abstract readonly add_device: Rule<Ast.AddDeviceStatement>;
  abstract readonly rem_device: Rule<Ast.RemDeviceStatement>;
  abstract readonly rem_device_all: Rule<Ast.RemDeviceAllStatement>;
  abstract readonly set: Rule<Ast.SetStatement>;
  abstract readonly control: Rule<Ast.ControlStatement>;
  abstract readonly wait: Rule<Waiting>;
  abstract readonly at: Rule<Ast.AtStatement>;
  abstract readonly every: Rule<Ast.EveryStatement>;
  abstract readonly spawn: Rule<Ast.SpawnStatement>;
  abstract readonly await: Rule<Ast.AwaitStatement>;
  abstract readonly cancel: Rule<Ast.CancelStatement>;
  abstract readonly sync: Rule<Ast.SyncStatement>;
  abstract readonly abort_when: Rule<Ast.AbortWhenStatement>;
  abstract readonly expect: Rule<Ast.ExpectStatement>;
  abstract readonly print: Rule<Ast.PrintStatement>;
  abstract readonly link_statement: Rule<Ast.LinkStatement>;
  abstract readonly show: Rule<Ast.ShowStatement>;

  readonly file = this.RULE('file', (): readonly Ast.Statement[] => {
    return this.sequence('a statement', () => this.SUBRULE(this.statement));
  });

  readonly #statements: OrMethodOpts<Ast.Statement> = {
    DEF: [
      { ALT: () => this.SUBRULE(this.param) },
      { ALT: () => this.SUBRULE(this.let) },
      { ALT: () => this.SUBRULE(this.named_statement) },
      { ALT: () => this.SUBRULE(this.frame) },
      { ALT: () => this.SUBRULE(this.import) },
      { ALT: () => this.SUBRULE(this.fn) },
      { ALT: () => this.SUBRULE(this.return) },
      { ALT: () => this.SUBRULE(this.for) },
      { ALT: () => this.SUBRULE(this.while) },
      { ALT: () => this.SUBRULE(this.repeat) },
      { ALT: () => ({ kind: 'break', span: spanOf(this.CONSUME(T.Break)) }) },
      { ALT: () => ({ kind: 'continue', span: spanOf(this.CONSUME(T.Continue)) }) },
      { ALT: () => this.SUBRULE(this.if) },
      { ALT: () => this.SUBRULE(this.try) },
      { ALT: () => this.SUBRULE(this.lab) },
      { ALT: () => this.SUBRULE(this.receiver) },
      { ALT: () => this.SUBRULE(this.scenario) },
      { ALT: () => this.SUBRULE(this.around) },
      { ALT: () => this.SUBRULE(this.add_device) },
      { ALT: () => this.SUBRULE(this.rem_device) },
      { ALT: () => this.SUBRULE(this.rem_device_all) },
      { ALT: () => this.SUBRULE(this.set) },
      { ALT: () => this.SUBRULE(this.control) },
      { ALT: () => this.SUBRULE(this.wait) },
      { ALT: () => this.SUBRULE(this.at) },
      { ALT: () => this.SUBRULE(this.every) },
      { ALT: () => this.SUBRULE(this.spawn) },
      { ALT: () => this.SUBRULE(this.await) },
      { ALT: () => this.SUBRULE(this.cancel) },
      { ALT: () => this.SUBRULE(this.sync) },
      { ALT: () => this.SUBRULE(this.abort_when) },
      { ALT: () => this.SUBRULE(this.expect) },
      { ALT: () => this.SUBRULE(this.print) },
      { ALT: () => this.SUBRULE(this.link_statement) },
      { ALT: () => this.SUBRULE(this.show) },
    ],
    ERR_MSG: 'a statement',
  };

  readonly statement = this.RULE('statement', (): Ast.Statement => this.OR(this.#statements));

  /** What begins with a name: in a rule of its own, so that the word at the front decides of all others. */
  readonly named_statement = this.RULE('named_statement', (): Ast.AssignStatement | Ast.CallStatement => {
    return this.OR(this.#named);
  });

  readonly #named: OrMethodOpts<Ast.AssignStatement | Ast.CallStatement> = {
    MAX_LOOKAHEAD: 2,
    DEF: [{ ALT: () => this.SUBRULE(this.assign) }, { ALT: () => this.SUBRULE(this.call_statement) }],
    ERR_MSG: 'a statement',
  };

  readonly block = this.RULE('block', (): Ast.Block => {
    const first = this.brace();
    const statements = this.sequence('a statement', () => this.SUBRULE(this.statement));
    this.CONSUME(T.CloseBrace);
    return { kind: 'block', statements, span: this.spanFrom(first) };
  });

  // --- declarations ---------------------------------------------------------------------------------------------------

  readonly param = this.RULE('param', (): Ast.ParamStatement => {
    const first = this.CONSUME(T.Param);
    const name = nameOf(this.CONSUME(T.Identifier));
    let type: Ast.Name | null = null;
    let value: Expression | null = null;
    let help: Ast.TextLiteral | null = null;
    this.attempt(
      () => {
        this.OR({
          DEF: [
            {
              ALT: () => {
                this.CONSUME(T.Colon);
                type = nameOf(this.CONSUME(T.Word));
                value = this.OPTION(() => this.SUBRULE(this.default)) ?? null;
              },
            },
            {
              ALT: () => {
                value = this.SUBRULE2(this.default);
              },
            },
          ],
          ERR_MSG: '`=` or `:`',
        });
        this.OPTION2(() => {
          help = this.SUBRULE(this.text);
        });
      },
      (hole) => {
        value = hole;
      },
    );
    return { kind: 'param', name, type, value, help, span: this.spanFrom(first) };
  });

  readonly default = this.RULE('default', (): Expression => {
    this.CONSUME(T.Assign);
    return this.SUBRULE(this.expression);
  });

  readonly let = this.RULE('let', (): Ast.LetStatement => {
    const first = this.CONSUME(T.Let);
    const name = nameOf(this.CONSUME(T.Identifier));
    const value = this.attempt<Ast.LetStatement['value']>(
      () => {
        this.CONSUME(T.Assign);
        return this.OR(this.#values);
      },
      (hole) => hole,
    );
    return { kind: 'let', name, value, span: this.spanFrom(first) };
  });

  readonly #values: OrMethodOpts<Ast.LetStatement['value']> = {
    DEF: [
      { ALT: () => this.SUBRULE(this.add_device) },
      { ALT: () => this.SUBRULE(this.rem_device) },
      { ALT: () => this.SUBRULE(this.rem_device_all) },
      { ALT: () => this.SUBRULE(this.at) },
      { ALT: () => this.SUBRULE(this.every) },
      { ALT: () => this.SUBRULE(this.spawn) },
      { ALT: () => this.SUBRULE(this.expression) },
    ],
    ERR_MSG: 'a value',
  };

  readonly assign = this.RULE('assign', (): Ast.AssignStatement => {
    const first = this.CONSUME(T.Identifier);
    this.CONSUME(T.Assign);
    const value = this.SUBRULE(this.expression);
    return { kind: 'assign', name: nameOf(first), value, span: this.spanFrom(first) };
  });

  readonly frame = this.RULE('frame', (): Ast.FrameStatement => {
    const first = this.CONSUME(T.Frame);
    const name = nameOf(this.CONSUME(T.Identifier));
    const value = this.attempt<Expression>(
      () => {
        this.CONSUME(T.Assign);
        return this.SUBRULE(this.expression);
      },
      (hole) => hole,
    );
    return { kind: 'frame', name, value, span: this.spanFrom(first) };
  });

  readonly fn = this.RULE('fn', (): Ast.FnStatement => {
    const first = this.CONSUME(T.Fn);
    const name = nameOf(this.CONSUME(T.Identifier));
    const parameters: Ast.FnParameter[] = [];
    this.attempt<void>(
      () => {
        this.CONSUME(T.OpenParen);
        this.MANY_SEP({ SEP: T.Comma, DEF: () => parameters.push(this.SUBRULE(this.fn_parameter)) });
        this.CONSUME(T.CloseParen);
      },
      () => {},
    );
    const body = this.SUBRULE(this.block);
    return { kind: 'fn', name, parameters, body, span: this.spanFrom(first) };
  });

  readonly lab = this.RULE('lab', (): Ast.LabStatement => {
    const first = this.CONSUME(T.Lab);
    this.brace();
    const links = this.sequence('`veth` or `ifb`', () => this.SUBRULE(this.link));
    this.CONSUME(T.CloseBrace);
    const sound = links.filter((link) => link?.kind !== 'error');
    return { kind: 'lab', links: sound as Ast.LabLink[], span: this.spanFrom(first) };
  });

  readonly link = this.RULE('link', (): Ast.LabLink => {
    return this.OR<Ast.LabLink>({
      DEF: [{ ALT: () => this.SUBRULE(this.veth) }, { ALT: () => this.SUBRULE(this.ifb) }],
      ERR_MSG: '`veth` or `ifb`',
    });
  });

  readonly veth = this.RULE('veth', (): Ast.LabVeth => {
    const first = this.CONSUME(T.Veth);
    const a = nameOf(this.CONSUME(T.Identifier));
    this.CONSUME(T.Wire);
    const b = nameOf(this.CONSUME2(T.Identifier));
    const settings = this.OPTION(() => this.SUBRULE(this.settings)) ?? [];
    return { kind: 'veth', a, b, settings, span: this.spanFrom(first) };
  });

  readonly ifb = this.RULE('ifb', (): Ast.LabIfb => {
    const first = this.CONSUME(T.Ifb);
    const name = nameOf(this.CONSUME(T.Identifier));
    const settings = this.OPTION(() => this.SUBRULE(this.settings)) ?? [];
    return { kind: 'ifb', name, settings, span: this.spanFrom(first) };
  });

  readonly receiver = this.RULE('receiver', (): Ast.ReceiverStatement => {
    const first = this.CONSUME(T.Receiver);
    const name = nameOf(this.CONSUME(T.Identifier));
    const on = this.attempt<Expression | undefined>(
      () =>
        this.OPTION(() => {
          this.CONSUME(T.On);
          return this.SUBRULE(this.expression);
        }),
      (hole) => hole,
    );
    const settings = this.OPTION2(() => this.SUBRULE(this.settings)) ?? [];
    return { kind: 'receiver', name, on: on ?? null, settings, span: this.spanFrom(first) };
  });

  readonly scenario = this.RULE('scenario', (): Ast.ScenarioStatement => {
    const first = this.CONSUME(T.Scenario);
    const name = this.attempt<Ast.TextLiteral>(
      () => this.SUBRULE(this.text),
      (hole) => ({ kind: 'text', parts: [hole], span: hole.span }),
    );
    const each = this.OPTION(() => this.SUBRULE(this.scenario_values)) ?? null;
    const body = this.SUBRULE(this.block);
    return { kind: 'scenario', name, each, body, span: this.spanFrom(first) };
  });

  readonly scenario_values = this.RULE('scenario_values', (): NonNullable<Ast.ScenarioStatement['each']> => {
    this.CONSUME(T.For);
    const name = nameOf(this.CONSUME(T.Identifier));
    const over = this.attempt<Expression>(
      () => {
        this.CONSUME(T.In);
        return this.SUBRULE(this.expression);
      },
      (hole) => hole,
    );
    return { name, over };
  });

  readonly around = this.RULE('around', (): Ast.AroundStatement => {
    const first = this.OR([{ ALT: () => this.CONSUME(T.Setup) }, { ALT: () => this.CONSUME(T.Teardown) }]);
    const body = this.SUBRULE(this.block);
    const kind = first.tokenType === T.Setup ? 'setup' : 'teardown';
    return { kind, body, span: this.spanFrom(first) };
  });
}
