// SPDX-License-Identifier: Apache-2.0

import type { IToken } from 'chevrotain';
import type { Span } from '../source.ts';
import { lex } from '../syntax/lexer.ts';
import { bindingOf } from '../syntax/precedence.ts';
import { endOf } from '../syntax/recovery.ts';
import * as T from '../syntax/tokens.ts';

/**
 * What tokens alone do not tell and a tree does: whether `-` is a sign, `(` a call, `:` the middle of a pair. Places are
 * offsets, so that the formatter needs to know nothing else of any construct.
 */
export interface Roles {
  /** Where a `-` or `!` begins that stands before its operand. */
  readonly prefixes: ReadonlySet<number>;
  /** Where binary operators begin, and how strongly each binds. */
  readonly operators: ReadonlyMap<number, number>;
  /** Where that ends which a `(` calls or a `[` looks into. */
  readonly callees: ReadonlySet<number>;
  /** Where the left side of a pair ends. */
  readonly pairs: ReadonlySet<number>;
}

/** Finds the roles of tokens in a tree, whatever its nodes are. */
export function rolesOf(tree: object): Roles {
  const prefixes = new Set<number>();
  const operators = new Map<number, number>();
  const callees = new Set<number>();
  const pairs = new Set<number>();
  const visit = (node: object): void => {
    if ('kind' in node) {
      if (node.kind === 'unary') prefixes.add(spanIn(node, 'self').start);
      if (node.kind === 'binary' && 'operator' in node && 'operatorStart' in node) {
        operators.set(Number(node.operatorStart), bindingOf(String(node.operator)));
      }
      if (node.kind === 'call') callees.add(spanIn(node, 'callee').end);
      if (node.kind === 'fn') callees.add(spanIn(node, 'name').end);
      if (node.kind === 'index') callees.add(spanIn(node, 'object').end);
      if (node.kind === 'pair') pairs.add(spanIn(node, 'left').end);
    }
    for (const part of Object.values(node)) if (typeof part === 'object' && part !== null) visit(part);
  };
  visit(tree);
  return { prefixes, operators, callees, pairs };
}

/** The span of a node, or of one of its parts. */
function spanIn(node: object, part: 'self' | 'callee' | 'object' | 'left' | 'name'): Span {
  const found = part === 'self' ? node : (node as Record<string, object>)[part];
  return (found as { readonly span: Span }).span;
}

/** Whether one blank stands between two tokens that follow each other on a line, or nothing. */
export function blankBetween(left: IToken, right: IToken, roles: Roles): boolean {
  const [before, after] = [left.tokenType, right.tokenType];
  if (before === T.TextHead || before === T.TextMiddle) return false;
  if (after === T.TextMiddle || after === T.TextTail) return false;
  if (after === T.Comma || after === T.CloseParen || after === T.CloseBracket) return false;
  if (before === T.OpenParen || before === T.OpenBracket) return false;
  if (roles.prefixes.has(left.startOffset)) return false;
  if (after === T.OpenParen || after === T.OpenBracket) return !roles.callees.has(endOf(left));
  if (after === T.Colon) return roles.pairs.has(endOf(left));
  return true;
}

/**
 * The tokens that stand between two others without blanks: `.`, `..` and the `:` of pairs, but not where the three would be
 * read as something else: `10.0.0.1 . first` and `1 : ::1` stay apart.
 */
export function jointsOf(tokens: readonly IToken[], roles: Roles): ReadonlySet<IToken> {
  const found = new Set<IToken>();
  // The tokens that stand together so far: `1.x` may be joined, and with another `.x` would be an address.
  let run: readonly string[] = [];
  let last: IToken | undefined;
  for (const [at, joint] of tokens.entries()) {
    const [left, right] = [tokens[at - 1], tokens[at + 1]];
    if (left === undefined || right === undefined) continue;
    const pair = joint.tokenType === T.Colon && roles.pairs.has(endOf(left));
    if (!pair && joint.tokenType !== T.Dot && joint.tokenType !== T.RangeDots) continue;
    const images = [...(left === last ? run : [left.image]), joint.image, right.image];
    // Only literals have dots and colons of their own.
    if (!images.some((image) => /^\d|:/.test(image)) || lexesAs(images)) {
      found.add(joint);
      run = images;
      last = right;
    }
  }
  return found;
}

/** Whether tokens written without blanks are still those tokens. */
function lexesAs(images: readonly string[]): boolean {
  const found = lex(images.join('')).tokens;
  return found.length === images.length && found.every(({ image }, at) => image === images[at]);
}
