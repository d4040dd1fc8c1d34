// SPDX-License-Identifier: Apache-2.0

import { EOF, type IToken, type TokenType, tokenMatcher } from 'chevrotain';
import type { Argument, Expression, TextPart } from './ast.ts';
import { Climbing } from './precedence.ts';
import { tokenAt } from './scanner.ts';
import { address, addText, literal, named, nameOf, truth } from './token-nodes.ts';
import * as T from './tokens.ts';

const operators = T.tableOf([[T.Operator, 1]]);
const endOfInput = tokenAt(EOF, '', Number.NaN);

/**
 * Reads an expression as the rules of expressions.ts do, where it is as it should be: to call a rule takes longer than to
 * read an operand, of which a large file has a hundred thousand. What is wrong or rare is left to the rules, which alone
 * are the grammar and find the words for a mistake; a test holds the two against each other.
 */
export class PlainExpression extends Climbing {
  readonly #maxElements: number;
  readonly #maxDepth: number;
  #tokens: readonly IToken[] = [];
  /** The place of the next token. */
  #at = 0;
  #next = endOfInput;
  /** Operators, brackets and members so far: the tree is at most as deep. */
  #depth = 0;
  /** Whether the rules have to find words for something. */
  #mistaken = false;

  /** @param limits above them the rules have to see to it: elements of a list, the depth of the tree */
  constructor(limits: { readonly elements: number; readonly depth: number }) {
    super();
    this.#maxElements = limits.elements;
    this.#maxDepth = limits.depth;
  }

  /** The expression that begins at a place; null where the rules have to read it. */
  read(tokens: readonly IToken[], at: number): Expression | null {
    this.#tokens = tokens;
    this.#at = at;
    this.#next = tokens[at] ?? endOfInput;
    this.#mistaken = false;
    this.#depth = 0;
    const expression = this.all();
    return this.#mistaken ? null : expression;
  }

  /** The place behind the expression that was read last. */
  get end(): number {
    return this.#at;
  }

  /** The depth of its tree, or more. */
  get depth(): number {
    return this.#depth;
  }

  protected operator(): IToken | null {
    return operators[this.#next.tokenTypeIdx] === 1 ? this.#next : null;
  }

  protected pass(): void {
    this.#depth++;
    this.#advance();
  }

  protected complain(): void {
    this.#mistaken = true;
  }

  protected operand(): Expression | null {
    const first = this.#take();
    let operand = this.#primary(first);
    while (operand !== null && this.#depth <= this.#maxDepth) {
      const { tokenType } = this.#next;
      if (tokenType !== T.Dot && tokenType !== T.OpenParen && tokenType !== T.OpenBracket) return operand;
      this.#depth++;
      operand = this.#suffixed(first, operand);
    }
    return null;
  }

  #primary(first: IToken): Expression | null {
    switch (first.tokenType) {
      case T.PlainName:
      case T.DeviceName:
        return named(first);
      case T.Numeral:
        return literal('number', first);
      case T.Quantity:
        return literal('quantity', first);
      case T.DottedAddress:
      case T.ColonAddress:
        return address(first);
      case T.True:
      case T.False:
        return truth(first.tokenType === T.True, first);
      case T.Text: {
        const parts: TextPart[] = [];
        addText(parts, first, 1);
        return { kind: 'text', parts, span: this.#spanFrom(first) };
      }
      case T.OpenParen: {
        this.#depth++;
        const inner = this.all();
        if (inner === null || this.#take().tokenType !== T.CloseParen) return null;
        return { kind: 'group', inner, span: this.#spanFrom(first) };
      }
      case T.OpenBracket: {
        this.#depth++;
        const items = this.#separated(T.CloseBracket, this.#item);
        if (items === null || items.length > this.#maxElements) return null;
        return { kind: 'list', items, span: this.#spanFrom(first) };
      }
      default:
        return tokenMatcher(first, T.Identifier) ? named(first) : null;
    }
  }

  #suffixed(first: IToken, object: Expression): Expression | null {
    switch (this.#take().tokenType) {
      case T.Dot: {
        const word = this.#take();
        if (!tokenMatcher(word, T.Word)) return null;
        return { kind: 'member', object, member: nameOf(word), span: this.#spanFrom(first) };
      }
      case T.OpenBracket: {
        const index = this.all();
        if (index === null || this.#take().tokenType !== T.CloseBracket) return null;
        return { kind: 'index', object, index, span: this.#spanFrom(first) };
      }
      default: {
        if (object.kind !== 'name' && object.kind !== 'member') return null;
        const args = this.#separated(T.CloseParen, this.#argument);
        return args === null ? null : { kind: 'call', callee: object, args, span: this.#spanFrom(first) };
      }
    }
  }

  readonly #item = (): Expression | null => this.all();

  readonly #argument = (): Argument | null => {
    const first = this.#next;
    const isNamed = this.#tokens[this.#at + 1]?.tokenType === T.Colon && tokenMatcher(first, T.Word);
    if (isNamed) {
      this.#advance();
      this.#advance();
    }
    const value = this.all();
    if (value === null) return null;
    if (!isNamed) return { name: null, value, span: value.span };
    return { name: nameOf(first), value, span: this.#spanFrom(first) };
  };

  /** What stands between commas up to a closing bracket, and the bracket. */
  #separated<Part>(closing: TokenType, part: () => Part | null): readonly Part[] | null {
    const parts: Part[] = [];
    if (this.#next.tokenType === closing) {
      this.#advance();
      return parts;
    }
    let next: IToken;
    do {
      const read = part();
      if (read === null) return null;
      parts.push(read);
      next = this.#take();
    } while (next.tokenType === T.Comma);
    // An array that has grown by itself has room for 17, and lives as long as the tree.
    return next.tokenType === closing ? parts.slice() : null;
  }

  #take(): IToken {
    const token = this.#next;
    this.#advance();
    return token;
  }

  #advance(): void {
    this.#next = this.#tokens[++this.#at] ?? endOfInput;
  }

  #spanFrom(first: IToken): { readonly start: number; readonly end: number } {
    const last = this.#tokens[this.#at - 1] as IToken;
    return { start: first.startOffset, end: last.startOffset + last.image.length };
  }
}
