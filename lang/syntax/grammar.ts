// SPDX-License-Identifier: Apache-2.0

import type { IToken, OrMethodOpts } from 'chevrotain';
import { report } from '../diagnostics/catalogue-syntax.ts';
import type * as Ast from './ast.ts';
import { DeclarationRules, type Waiting } from './declaration-rules.ts';
import { expectations } from './expectations.ts';
import { maxNesting } from './layout.ts';
import { named, nameOf } from './token-nodes.ts';
import * as T from './tokens.ts';

type Expression = Ast.Expression;

/**
 * The grammar of `.pg` files: rules that consume tokens and give nodes, nothing more. It takes the tokens of layout.ts.
 * `validate` adds Chevrotain's checks for ambiguities and left recursion, which tests want and users need not wait for.
 */
export class Grammar extends DeclarationRules {
  constructor(validate: boolean) {
    super(validate, expectations);
    this.performSelfAnalysis();
  }

  // --- control flow ---------------------------------------------------------------------------------------------------

  readonly for = this.RULE('for', (): Ast.ForStatement => {
    const first = this.CONSUME(T.For);
    const name = nameOf(this.CONSUME(T.Identifier));
    const over = this.attempt<Expression>(
      () => {
        this.CONSUME(T.In);
        return this.SUBRULE(this.expression);
      },
      (hole) => hole,
    );
    const body = this.SUBRULE(this.block);
    return { kind: 'for', name, over, body, span: this.spanFrom(first) };
  });

  readonly while = this.RULE('while', (): Ast.WhileStatement => {
    const first = this.CONSUME(T.While);
    const condition = this.#header(() => this.SUBRULE(this.expression));
    const body = this.SUBRULE(this.block);
    return { kind: 'while', condition, body, span: this.spanFrom(first) };
  });

  readonly repeat = this.RULE('repeat', (): Ast.RepeatStatement => {
    const first = this.CONSUME(T.Repeat);
    const times = this.#header(() => this.SUBRULE(this.expression));
    const body = this.SUBRULE(this.block);
    return { kind: 'repeat', times, body, span: this.spanFrom(first) };
  });

  readonly if = this.RULE('if', (): Ast.IfStatement => {
    const branches: Omit<Ast.IfStatement, 'otherwise'>[] = [];
    branches.push(this.SUBRULE(this.branch));
    this.MANY({
      // `else if` goes on, `else {` ends the chain.
      MAX_LOOKAHEAD: 2,
      DEF: () => {
        this.CONSUME(T.Else);
        branches.push(this.SUBRULE2(this.branch));
      },
    });
    const last = this.OPTION(() => {
      this.CONSUME2(T.Else);
      return this.SUBRULE(this.block);
    });
    return this.ACTION(() => this.#chain(branches, last ?? null));
  });

  readonly branch = this.RULE('branch', (): Omit<Ast.IfStatement, 'otherwise'> => {
    const first = this.CONSUME(T.If);
    const condition = this.#header(() => this.SUBRULE(this.expression));
    const then = this.SUBRULE(this.block);
    return { kind: 'if', condition, then, span: this.spanFrom(first) };
  });

  readonly try = this.RULE('try', (): Ast.TryStatement => {
    const first = this.CONSUME(T.Try);
    const body = this.SUBRULE(this.block);
    const otherwise = this.OPTION(() => {
      this.CONSUME(T.Else);
      return this.SUBRULE2(this.block);
    });
    return { kind: 'try', body, otherwise: otherwise ?? null, span: this.spanFrom(first) };
  });

  // --- devices --------------------------------------------------------------------------------------------------------

  readonly settings = this.RULE('settings', (): readonly Ast.Setting[] => {
    this.brace();
    const settings = this.sequence('the name of a parameter', () => this.SUBRULE(this.setting));
    this.CONSUME(T.CloseBrace);
    return settings.filter((setting) => setting?.kind === 'setting');
  });

  readonly setting = this.RULE('setting', (): Ast.Setting => {
    const values: Expression[] = [];
    const first = this.CONSUME(T.Word);
    this.MANY_SEP({ SEP: T.Comma, DEF: () => values.push(this.SUBRULE(this.setting_value)) });
    return { kind: 'setting', key: nameOf(first), values, span: this.spanFrom(first) };
  });

  readonly setting_value = this.RULE('setting_value', (): Expression => {
    return this.OR(this.#settingValues);
  });

  readonly #settingValues: OrMethodOpts<Expression> = {
    // Flags and other words may be reserved ones; `true` and `false` are values first.
    IGNORE_AMBIGUITIES: true,
    DEF: [
      {
        ALT: () => {
          const first = this.LA(1);
          const left = this.SUBRULE(this.expression);
          const right = this.OPTION(this.#second);
          return right === undefined ? left : { kind: 'pair', left, right, span: this.spanFrom(first) };
        },
      },
      { ALT: () => named(this.CONSUME(T.Keyword)) },
    ],
    ERR_MSG: 'a value',
  };

  readonly #second = (): Expression => {
    this.CONSUME(T.Colon);
    return this.SUBRULE2(this.expression);
  };

  readonly add_device = this.RULE('add_device', (): Ast.AddDeviceStatement => {
    const first = this.CONSUME(T.AddDevice);
    const name = this.SUBRULE(this.device);
    const cpu = this.attempt<Expression>(
      () => {
        this.CONSUME(T.On);
        this.CONSUME(T.Cpu);
        return this.SUBRULE(this.expression);
      },
      (hole) => hole,
    );
    const settings = this.SUBRULE(this.settings);
    return { kind: 'add_device', name, cpu, settings, span: this.spanFrom(first) };
  });

  readonly rem_device = this.RULE('rem_device', (): Ast.RemDeviceStatement => {
    const devices: Expression[] = [];
    const first = this.CONSUME(T.RemDevice);
    this.AT_LEAST_ONE_SEP({
      SEP: T.Comma,
      DEF: () => devices.push(this.SUBRULE(this.device)),
      ERR_MSG: 'the name of a device',
    });
    const async = this.OPTION(() => this.CONSUME(T.Async)) !== undefined;
    return { kind: 'rem_device', devices, async, span: this.spanFrom(first) };
  });

  readonly rem_device_all = this.RULE('rem_device_all', (): Ast.RemDeviceAllStatement => {
    const first = this.CONSUME(T.RemDeviceAll);
    const cpu = this.OPTION(() => {
      this.CONSUME(T.On);
      this.CONSUME(T.Cpu);
      return this.SUBRULE(this.expression);
    });
    const async = this.OPTION2(() => this.CONSUME(T.Async)) !== undefined;
    return { kind: 'rem_device_all', cpu: cpu ?? null, async, span: this.spanFrom(first) };
  });

  readonly set = this.RULE('set', (): Ast.SetStatement => {
    const devices: Expression[] = [];
    const first = this.CONSUME(T.SetDevice);
    this.AT_LEAST_ONE_SEP({
      SEP: T.Comma,
      DEF: () => devices.push(this.SUBRULE(this.device)),
      ERR_MSG: 'the name of a device',
    });
    const short = this.LA(1).tokenType !== T.OpenBrace;
    const settings = this.OR<readonly Ast.Setting[]>({
      DEF: [{ ALT: () => this.SUBRULE(this.settings) }, { ALT: () => [this.SUBRULE(this.setting)] }],
      ERR_MSG: 'a parameter or `{`',
    });
    return { kind: 'set', devices, settings, short, span: this.spanFrom(first) };
  });

  readonly control = this.RULE('control', (): Ast.ControlStatement => {
    const devices: Expression[] = [];
    const verb = this.OR(this.#verbs);
    this.MANY_SEP({ SEP: T.Comma, DEF: () => devices.push(this.SUBRULE(this.device)) });
    const image = verb.image as Ast.ControlStatement['verb'];
    return this.ACTION(() => ({ kind: 'control', verb: image, devices, span: this.spanFrom(verb) }));
  });

  readonly #verbs: OrMethodOpts<IToken> = {
    DEF: [
      { ALT: () => this.CONSUME(T.Start) },
      { ALT: () => this.CONSUME(T.Stop) },
      { ALT: () => this.CONSUME(T.Reset) },
      { ALT: () => this.CONSUME(T.ClearCounters) },
    ],
  };

  // --- time and jobs --------------------------------------------------------------------------------------------------

  readonly wait = this.RULE('wait', (): Waiting => {
    const first = this.CONSUME(T.Wait);
    return this.OR<Waiting>({
      DEF: [
        {
          ALT: () => {
            this.CONSUME(T.Stopped);
            const timeout = this.OPTION(() => this.SUBRULE(this.timeout)) ?? null;
            return { kind: 'wait_stopped', timeout, span: this.spanFrom(first) };
          },
        },
        {
          ALT: () => {
            this.CONSUME(T.Until);
            const condition = this.SUBRULE(this.expression);
            const timeout = this.attempt<Expression | null>(
              () => this.SUBRULE2(this.timeout),
              () => null,
            );
            return { kind: 'wait_until', condition, timeout, span: this.spanFrom(first) };
          },
        },
        {
          ALT: () => {
            const duration = this.SUBRULE2(this.expression);
            return { kind: 'wait', duration, span: this.spanFrom(first) };
          },
        },
      ],
      ERR_MSG: 'a duration, `stopped` or `until`',
    });
  });

  readonly timeout = this.RULE('timeout', (): Expression => {
    this.CONSUME(T.Timeout);
    return this.SUBRULE(this.expression);
  });

  readonly at = this.RULE('at', (): Ast.AtStatement => {
    const first = this.CONSUME(T.At);
    const time = this.#header(() => this.SUBRULE(this.expression));
    const body = this.SUBRULE(this.block);
    return { kind: 'at', time, body, span: this.spanFrom(first) };
  });

  readonly every = this.RULE('every', (): Ast.EveryStatement => {
    const first = this.CONSUME(T.Every);
    const period = this.#header(() => this.SUBRULE(this.expression));
    const body = this.SUBRULE(this.block);
    return { kind: 'every', period, body, span: this.spanFrom(first) };
  });

  readonly spawn = this.RULE('spawn', (): Ast.SpawnStatement => {
    const first = this.CONSUME(T.Spawn);
    const body = this.SUBRULE(this.block);
    return { kind: 'spawn', body, span: this.spanFrom(first) };
  });

  readonly await = this.RULE('await', (): Ast.AwaitStatement => {
    const first = this.CONSUME(T.Await);
    const target = this.OPTION(() => this.SUBRULE(this.expression)) ?? null;
    return { kind: 'await', target, span: this.spanFrom(first) };
  });

  readonly cancel = this.RULE('cancel', (): Ast.CancelStatement => {
    const first = this.CONSUME(T.Cancel);
    const job = this.SUBRULE(this.expression);
    return { kind: 'cancel', job, span: this.spanFrom(first) };
  });

  readonly sync = this.RULE('sync', (): Ast.SyncStatement => {
    const first = this.CONSUME(T.Sync);
    const timeout = this.OPTION(() => this.SUBRULE(this.timeout)) ?? null;
    return { kind: 'sync', timeout, span: this.spanFrom(first) };
  });

  // --- measuring ------------------------------------------------------------------------------------------------------

  readonly abort_when = this.RULE('abort_when', (): Ast.AbortWhenStatement => {
    const first = this.CONSUME(T.Abort);
    this.CONSUME(T.When);
    const condition = this.SUBRULE(this.expression);
    return { kind: 'abort_when', condition, span: this.spanFrom(first) };
  });

  readonly expect = this.RULE('expect', (): Ast.ExpectStatement => {
    const first = this.OR([{ ALT: () => this.CONSUME(T.Expect) }, { ALT: () => this.CONSUME(T.Require) }]);
    const kind = first.tokenType === T.Expect ? 'expect' : 'require';
    return this.OR2<Ast.ExpectStatement>({
      DEF: [
        {
          ALT: () => {
            this.CONSUME(T.Eventually);
            const condition = this.SUBRULE(this.expression);
            const timeout = this.SUBRULE(this.timeout);
            const label = this.OPTION(() => this.SUBRULE(this.text)) ?? null;
            return { kind, condition, eventually: true, timeout, label, span: this.spanFrom(first) };
          },
        },
        {
          ALT: () => {
            const condition = this.SUBRULE2(this.expression);
            const label = this.OPTION2(() => this.SUBRULE2(this.text)) ?? null;
            return { kind, condition, eventually: false, timeout: null, label, span: this.spanFrom(first) };
          },
        },
      ],
      ERR_MSG: 'a value',
    });
  });

  readonly print = this.RULE('print', (): Ast.PrintStatement => {
    const values: Expression[] = [];
    const first = this.CONSUME(T.Print);
    this.AT_LEAST_ONE_SEP({
      SEP: T.Comma,
      DEF: () => values.push(this.SUBRULE(this.expression)),
      ERR_MSG: 'a value',
    });
    return { kind: 'print', values, span: this.spanFrom(first) };
  });

  // --- interfaces and what there is to see ---------------------------------------------------------------------------

  readonly link_statement = this.RULE('link_statement', (): Ast.LinkStatement => {
    const first = this.CONSUME(T.LinkWord);
    const on = this.SUBRULE(this.device);
    return this.OR<Ast.LinkStatement>({
      DEF: [
        { ALT: () => this.#linkChange(first, on, 'down', this.CONSUME(T.Down)) },
        { ALT: () => this.#linkChange(first, on, 'up', this.CONSUME(T.Up)) },
        { ALT: () => this.#linkChange(first, on, 'delete', this.CONSUME(T.Delete)) },
        {
          ALT: () => {
            this.CONSUME(T.Rename);
            const name = this.SUBRULE2(this.device);
            return { kind: 'link', on, change: 'rename', name, span: this.spanFrom(first) };
          },
        },
      ],
      ERR_MSG: '`down`, `up`, `delete` or `rename`',
    });
  });

  readonly show = this.RULE('show', (): Ast.ShowStatement => {
    const first = this.CONSUME(T.Show);
    const target = this.SUBRULE(this.device);
    return { kind: 'show', target, span: this.spanFrom(first) };
  });

  /** A change that needs no more than its word, which has been consumed. */
  #linkChange(first: IToken, on: Expression, change: 'down' | 'up' | 'delete', _word: IToken): Ast.LinkStatement {
    return { kind: 'link', on, change, name: null, span: this.spanFrom(first) };
  }

  /** The expression between a statement's word and its block. */
  #header(expression: () => Expression): Expression {
    return this.attempt<Expression>(expression, (hole) => hole);
  }

  /** Nests a chain of branches, the last one innermost. */
  #chain(branches: readonly Omit<Ast.IfStatement, 'otherwise'>[], last: Ast.Block | null): Ast.IfStatement {
    const end = (last ?? branches.at(-1))?.span.end ?? 0;
    let kept = branches;
    if (branches.length > maxNesting) {
      const span = (branches[maxNesting] as Ast.IfStatement).span;
      this.complain(report('PG1108', { what: 'a chain of `else if`', limit: maxNesting }, span));
      kept = branches.slice(0, maxNesting);
    }
    const nested = kept.reduceRight<Ast.IfStatement | Ast.Block | null>((otherwise, branch) => {
      return { ...branch, otherwise, span: { start: branch.span.start, end } };
    }, last);
    return nested as Ast.IfStatement;
  }
}
