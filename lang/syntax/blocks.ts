// SPDX-License-Identifier: Apache-2.0

import type { IToken, TokenType } from 'chevrotain';
import {
  AddDevice,
  Assign,
  At,
  CloseBrace,
  Every,
  Fn,
  For,
  Frame,
  If,
  Ifb,
  Lab,
  Let,
  Newline,
  OpenBrace,
  Receiver,
  Repeat,
  Scenario,
  SetDevice,
  Setup,
  Spawn,
  statementWords,
  Teardown,
  Try,
  Veth,
  While,
} from './tokens.ts';

/**
 * How far a text whose braces are not in pairs is taken by its looks: not at all, by the words at the front of its lines, or
 * by how they are indented too.
 */
export type Looks = 'none' | 'words' | 'lines';

/** A block that is open, in a text whose braces are not in pairs. */
export interface Block {
  /** Whether it lists parameters or interfaces: no statement stands among them. */
  readonly lists: boolean;
  /** The column of the line on which its statement begins. */
  readonly indent: number;
  /** The column of its first line; null where something stands behind the `{`. */
  inner: number | null;
}

const listing: ReadonlySet<TokenType> = new Set([AddDevice, SetDevice, Receiver, Lab, Veth, Ifb]);
const withBlock: ReadonlySet<TokenType> = new Set([
  ...[For, While, Repeat, If, Try, Lab, Receiver, Scenario, Setup, Teardown],
  ...[AddDevice, SetDevice, At, Every, Spawn, Fn],
]);
const begins: ReadonlySet<TokenType> = new Set(statementWords);

/** Whether a block lists something that a statement gives. */
export function lists(header: readonly IToken[]): boolean {
  return listing.has(decidingWord(header));
}

/** Whether a statement may have a block. */
export function takesBlock(header: readonly IToken[]): boolean {
  return withBlock.has(decidingWord(header));
}

/** What decides of a statement: its first word, or that of the value of a `let`. */
function decidingWord(header: readonly IToken[]): TokenType {
  const word = header[0]?.tokenType === Let ? header[3] : header[0];
  return word?.tokenType ?? Newline;
}

/** The tokens behind the last line end or brace. */
export function headerOf(tokens: readonly IToken[]): readonly IToken[] {
  const before = tokens.findLastIndex(({ tokenType }) => {
    return tokenType === Newline || tokenType === OpenBrace || tokenType === CloseBrace;
  });
  return tokens.slice(before + 1);
}

/** Whether a statement begins where parameters and interfaces are listed: `frame NAME` is a parameter, `frame NAME =` is none. */
export function startsAmongListed(first: IToken | undefined, third: TokenType | undefined): boolean {
  if (first === undefined || !begins.has(first.tokenType)) return false;
  return first.tokenType !== Frame || third === Assign;
}

/** Where on its line a token stands; null where it is not the first one there. */
export function columnAt(tokens: readonly IToken[], index: number): number | null {
  const [before, token] = [tokens[index - 1], tokens[index]];
  if (token === undefined) return null;
  if (before === undefined) return token.startOffset;
  if (before.tokenType !== Newline || before.image === ';') return null;
  return token.startOffset - before.startOffset - before.image.length;
}

/** Whether a line that begins at a column stands behind a block, whose own lines are further in. */
export function leaves({ indent, inner }: Block, column: number | null): boolean {
  return column !== null && column <= indent && (inner === null || inner > indent);
}

/** Whether a `}` at a column stands among the lines of a block, and so does not close it. */
export function isAmong({ indent, inner }: Block, column: number | null): boolean {
  return column !== null && inner !== null && inner > indent && column >= inner;
}
