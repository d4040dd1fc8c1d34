// SPDX-License-Identifier: Apache-2.0

import type { IToken, OrMethodOpts, TokenType } from 'chevrotain';
import { report } from '../diagnostics/catalogue-syntax.ts';
import type { Argument, Expression, Name, TextLiteral, TextPart } from './ast.ts';
import { maxNesting } from './layout.ts';
import { PlainExpression } from './plain-expression.ts';
import { fold, maxOperators } from './precedence.ts';
import { RecoveringParser } from './recovery.ts';
import { address, addText, literal, malformed, named, nameOf, truth } from './token-nodes.ts';
import {
  CloseBracket,
  CloseParen,
  Colon,
  ColonAddress,
  Comma,
  DeviceName,
  Dot,
  DottedAddress,
  False,
  Identifier,
  MalformedDevice,
  MalformedText,
  Minus,
  Not,
  Numeral,
  OpenBracket,
  OpenParen,
  Operator,
  Quantity,
  Text,
  TextHead,
  TextMiddle,
  TextTail,
  True,
  Word,
} from './tokens.ts';

/** A list has at most so many elements. Ranges, which hold their ends only, have any number. */
export const maxElements = 10_000;

/**
 * How deep the tree of an expression may be: its operators and those of the brackets in it, one inside the other. Later passes
 * recurse over it, and overflow Node's default stack from some 2000 on.
 */
export const maxDepth = maxOperators + maxNesting;

/** What goes on with an operand, stands before one and behind one: most have nothing of it. */
const operators: readonly TokenType[] = [Operator];
const signs: readonly TokenType[] = [Minus, Not];
const suffixes: readonly TokenType[] = [Dot, OpenBracket, OpenParen];
const none: readonly IToken[] = [];

/** The rules of expressions; statements build on them in grammar.ts. */
export abstract class Expressions extends RecoveringParser {
  readonly expression = this.RULE('expression', (): Expression => {
    const plain = this.RECORDING_PHASE ? null : this.plain();
    if (plain !== null) return plain;
    const start = this.LA(1);
    const around = this.#depth;
    this.#depth = 0;
    const first = this.SUBRULE(this.operand);
    const expression = this.begins(operators) ? this.#operation(first) : first;
    return this.ACTION(() => this.#bounded(expression, around, start));
  });

  /** How deep the tree is of what was read last in the expression that is being read; in brackets, in the one there. */
  #depth = 0;
  readonly #plain = new PlainExpression({ elements: maxElements, depth: Math.min(maxNesting, maxOperators) });

  /** An expression that is as it should be; null leaves it to the rules. */
  protected plain(): Expression | null {
    const expression = this.#plain.read(this.input, this.place);
    if (expression !== null) {
      this.goTo(this.#plain.end);
      this.#depth = Math.max(this.#depth, this.#plain.depth + 1);
    }
    return expression;
  }

  #bounded(expression: Expression, around: number, first: IToken): Expression {
    const depth = this.#depth + 1;
    this.#depth = Math.max(around, depth);
    if (depth <= maxDepth) return expression;
    this.#depth = around;
    return this.#tooLong('the depth of an expression', maxDepth, first);
  }

  #operation(first: Expression): Expression {
    const operands = [first];
    const between: IToken[] = [];
    this.MANY(() => {
      between.push(this.CONSUME(Operator));
      operands.push(this.SUBRULE2(this.operand));
    });
    return this.ACTION(() => {
      this.#depth += between.length;
      const { expression, mistake } = fold(operands, between);
      if (mistake !== null) this.complain(mistake);
      return expression;
    });
  }

  /** One rule for all of an operand: each call of a rule takes longer than to read a token. */
  readonly operand = this.RULE('operand', (): Expression => {
    const before = this.#depth;
    this.#depth = 0;
    const prefixes = this.begins(signs) ? this.#prefixes() : none;
    const first = this.LA(1);
    const primary = this.OR2(this.#primaries);
    const operand = this.begins(suffixes) ? this.#suffixed(first, primary) : primary;
    return this.ACTION(() => {
      this.#depth = Math.max(before, this.#depth + prefixes.length);
      return prefixes === none ? operand : this.#prefixed(prefixes, operand);
    });
  });

  #prefixes(): readonly IToken[] {
    const prefixes: IToken[] = [];
    this.MANY(() => {
      prefixes.push(this.OR([{ ALT: () => this.CONSUME(Minus) }, { ALT: () => this.CONSUME(Not) }]));
    });
    return prefixes;
  }

  #suffixed(first: IToken, primary: Expression): Expression {
    let object = primary;
    let length = 0;
    this.MANY2(() => {
      object = this.OR3([
        { ALT: () => this.SUBRULE(this.member, { ARGS: [first, object] }) },
        { ALT: () => this.SUBRULE(this.index, { ARGS: [first, object] }) },
        { ALT: () => this.SUBRULE(this.call, { ARGS: [first, object] }) },
      ]);
      length++;
    });
    return this.ACTION(() => {
      this.#depth += length;
      return length > maxNesting ? this.#tooLong('a chain of members', maxNesting, first) : object;
    });
  }

  readonly member = this.RULE('member', (first: IToken, object: Expression): Expression => {
    this.CONSUME(Dot);
    const member = nameOf(this.CONSUME(Word));
    return this.ACTION(() => ({ kind: 'member', object, member, span: this.spanFrom(first) }));
  });

  readonly index = this.RULE('index', (first: IToken, object: Expression): Expression => {
    this.CONSUME(OpenBracket);
    const index = this.SUBRULE(this.expression);
    this.CONSUME(CloseBracket);
    return this.ACTION(() => ({ kind: 'index', object, index, span: this.spanFrom(first) }));
  });

  readonly call = this.RULE('call', (first: IToken, callee: Expression): Expression => {
    const args: Argument[] = [];
    this.CONSUME(OpenParen);
    this.MANY_SEP({ SEP: Comma, DEF: () => args.push(this.SUBRULE(this.argument)) });
    this.CONSUME(CloseParen);
    return this.ACTION((): Expression => {
      const span = this.spanFrom(first);
      if (callee.kind === 'name' || callee.kind === 'member') return { kind: 'call', callee, args, span };
      const expected = 'the name of a function before `(`';
      if (callee.kind !== 'error') this.complain(report('PG1101', { expected, found: 'a value' }, callee.span));
      return { kind: 'error', span };
    });
  });

  readonly argument = this.RULE('argument', (): Argument => {
    const first = this.LA(1);
    const name = this.OPTION(this.#argumentName);
    const value = this.SUBRULE(this.expression);
    return { name: name ?? null, value, span: this.spanFrom(first) };
  });

  readonly #argumentName = {
    // A name in front of `:` or the first word of a value.
    MAX_LOOKAHEAD: 2,
    DEF: (): Name => {
      const written = nameOf(this.CONSUME(Word));
      this.CONSUME(Colon);
      return written;
    },
  };

  /** Alternatives are made once: functions for each of them, for every operand anew, take longer than to read it. */
  readonly #primaries: OrMethodOpts<Expression> = {
    DEF: [
      { ALT: () => literal('number', this.CONSUME(Numeral)) },
      { ALT: () => literal('quantity', this.CONSUME(Quantity)) },
      { ALT: () => address(this.CONSUME(DottedAddress)) },
      { ALT: () => address(this.CONSUME(ColonAddress)) },
      { ALT: () => truth(true, this.CONSUME(True)) },
      { ALT: () => truth(false, this.CONSUME(False)) },
      { ALT: () => named(this.CONSUME(DeviceName)) },
      { ALT: () => named(this.CONSUME(Identifier)) },
      { ALT: () => malformed(this.CONSUME(MalformedDevice)) },
      { ALT: () => this.SUBRULE(this.text) },
      {
        ALT: () => {
          const items: Expression[] = [];
          const first = this.CONSUME(OpenBracket);
          this.MANY_SEP({ SEP: Comma, DEF: () => items.push(this.SUBRULE(this.expression)) });
          this.CONSUME(CloseBracket);
          this.ACTION(() => this.#boundElements(items));
          return { kind: 'list', items, span: this.spanFrom(first) };
        },
      },
      {
        ALT: () => {
          const first = this.CONSUME(OpenParen);
          const inner = this.SUBRULE2(this.expression);
          this.CONSUME(CloseParen);
          return { kind: 'group', inner, span: this.spanFrom(first) };
        },
      },
    ],
    ERR_MSG: 'a value',
  };

  #boundElements(items: readonly Expression[]): void {
    const excess = items[maxElements];
    if (excess === undefined) return;
    this.complain(report('PG1108', { what: 'the number of elements in a list', limit: maxElements }, excess.span));
  }

  readonly #devices: OrMethodOpts<Expression> = {
    DEF: [
      { ALT: () => named(this.CONSUME(DeviceName)) },
      { ALT: () => named(this.CONSUME(Identifier)) },
      { ALT: () => malformed(this.CONSUME(MalformedDevice)) },
      { ALT: () => this.SUBRULE(this.text) },
    ],
    ERR_MSG: 'the name of a device',
  };

  /** What may stand for a device: a name or a string. */
  readonly device = this.RULE('device', (): Expression => this.OR(this.#devices));

  readonly text = this.RULE('text', (): TextLiteral => {
    const first = this.LA(1);
    const parts: TextPart[] = [];
    this.OR({
      DEF: [
        { ALT: () => addText(parts, this.CONSUME(Text), 1) },
        { ALT: () => parts.push(malformed(this.CONSUME(MalformedText))) },
        {
          ALT: () => {
            addText(parts, this.CONSUME(TextHead), 2);
            parts.push(this.SUBRULE(this.expression));
            this.MANY(() => {
              addText(parts, this.CONSUME(TextMiddle), 2);
              parts.push(this.SUBRULE2(this.expression));
            });
            addText(parts, this.CONSUME(TextTail), 1);
          },
        },
      ],
      ERR_MSG: 'a string',
    });
    return { kind: 'text', parts, span: this.spanFrom(first) };
  });

  #prefixed(prefixes: readonly IToken[], operand: Expression): Expression {
    const first = prefixes[0];
    if (first !== undefined && prefixes.length > maxNesting) {
      return this.#tooLong('a chain of `-` and `!`', maxNesting, first);
    }
    return prefixes.reduceRight<Expression>((inner, prefix) => {
      const span = { start: prefix.startOffset, end: inner.span.end };
      return { kind: 'unary', operator: prefix.tokenType === Minus ? '-' : '!', operand: inner, span };
    }, operand);
  }

  #tooLong(what: string, limit: number, first: IToken): Expression {
    const span = this.spanFrom(first);
    this.complain(report('PG1108', { what, limit }, span));
    return { kind: 'error', span };
  }
}
