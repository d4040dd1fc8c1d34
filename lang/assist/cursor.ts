// SPDX-License-Identifier: Apache-2.0

import { type IToken, type TokenType, tokenMatcher } from 'chevrotain';
import type { Span } from '../source.ts';
import { continues, isInserted, layOut } from '../syntax/layout.ts';
import { type Lexed, lex, spanOf } from '../syntax/lexer.ts';
import { tokenAt } from '../syntax/scanner.ts';
import * as T from '../syntax/tokens.ts';

/** The call whose parentheses are open around the cursor. */
export interface OpenCall {
  readonly callee: string;
  /** What stands before the callee's point: `rx0` in `rx0.from(`; null without one. */
  readonly object: string | null;
  /** Which argument the cursor is in, counted from 0. */
  readonly argument: number;
  /** The argument's name, if it has one. */
  readonly name: string | null;
  /** Names of the arguments before it. */
  readonly given: readonly string[];
}

/** What a block's items are: statements, settings of something, or a lab's links. */
export type Place = 'statement' | 'device' | 'receiver' | 'link' | 'lab';

/** Where in a text somebody types. */
export interface Cursor {
  /** The word before the cursor, or the number with its unit; '' where there is none. */
  readonly partial: IToken | null;
  /** What a completion replaces: the whole word around the cursor. */
  readonly span: Span;
  /** The statement's tokens before the partial word; blocks in it are empty. */
  readonly tokens: readonly IToken[];
  readonly place: Place;
  /** The statements around this one, innermost first, each up to its `{`. */
  readonly around: readonly (readonly IToken[])[];
  /** First words of the earlier items of the same block. */
  readonly siblings: readonly string[];
  readonly call: OpenCall | null;
}

/** What is being typed at an offset; null inside comments and the plain text of strings. `lexed`: the tokens of the text. */
export function cursorAt(lexed: Lexed, offset: number): Cursor | null {
  if (lexed.comments.some((token) => token.startOffset < offset && offset <= endOf(token))) return null;
  const { tokens } = lexed;
  let at = firstFrom(tokens, offset);
  let partial: IToken | null = null;
  const touching = tokens[at - 1];
  if (touching !== undefined && offset <= endOf(touching)) {
    if (isOpenText(touching, offset)) return interpolation(tokens.slice(0, at - 1), touching, offset);
    if (isText(touching) && offset < endOf(touching)) return null;
    if (isPartial(touching)) {
      partial = touching;
      at--;
    }
  }
  const span = partial === null ? { start: offset, end: offset } : spanOf(partial);
  return { partial, span, ...surroundings(tokens.slice(0, at), offset) };
}

const endOf = (token: IToken) => token.startOffset + token.image.length;

/** Index of the first token that does not begin before the offset. */
function firstFrom(tokens: readonly IToken[], offset: number): number {
  let low = 0;
  let high = tokens.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((tokens[middle] as IToken).startOffset < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

const texts: ReadonlySet<TokenType> = new Set([T.Text, T.TextHead, T.TextMiddle, T.TextTail, T.MalformedText]);
const isText = (token: IToken) => texts.has(token.tokenType);
const names: ReadonlySet<TokenType> = new Set([T.DeviceName, T.MalformedDevice, T.Numeral, T.Quantity]);
const isPartial = (token: IToken) => names.has(token.tokenType) || tokenMatcher(token, T.Word);

/** Whether a string that does not end holds an interpolation that is open at the offset. */
function isOpenText(token: IToken, offset: number): boolean {
  return token.tokenType === T.MalformedText && innerStart(token, offset) !== null;
}

function innerStart(token: IToken, offset: number): number | null {
  const before = token.image.slice(0, offset - token.startOffset);
  const at = before.lastIndexOf('${');
  return at < 0 || before.includes('}', at) ? null : at + 2;
}

/** Inside `${` stands an expression as after `print`, whatever the string is there for. */
function interpolation(before: readonly IToken[], token: IToken, offset: number): Cursor | null {
  const start = innerStart(token, offset) as number;
  const inner = lex(token.image.slice(start, offset - token.startOffset)).tokens;
  const base = token.startOffset + start;
  const placed = inner.map((one) => tokenAt(one.tokenType, one.image, base + one.startOffset));
  const last = placed.at(-1);
  const partial = last !== undefined && isPartial(last) && endOf(last) === offset ? last : null;
  const outside = surroundings(before, token.startOffset);
  const tokens = [tokenAt(T.Print, 'print', token.startOffset), ...(partial === null ? placed : placed.slice(0, -1))];
  const span = partial === null ? { start: offset, end: offset } : spanOf(partial);
  return { ...outside, partial, span, tokens, place: 'statement', call: openCall(tokens) };
}

interface Level {
  readonly head: readonly IToken[];
  readonly siblings: string[];
}

function surroundings(tokens: readonly IToken[], end: number): Omit<Cursor, 'partial' | 'span'> {
  const laidOut = [...layOut(tokens, end).tokens];
  // What is open at the cursor stays open; brackets that were never closed before it are closed.
  while (laidOut.length > 0 && isInserted(laidOut.at(-1) as IToken)) laidOut.pop();
  const levels: Level[] = [];
  let siblings: string[] = [];
  let current: IToken[] = [];
  for (const token of laidOut) {
    switch (token.tokenType) {
      case T.Newline:
        if (current[0] !== undefined) siblings.push(current[0].image);
        current = [];
        break;
      case T.OpenBrace:
        levels.push({ head: current, siblings });
        siblings = [];
        current = [];
        break;
      case T.CloseBrace: {
        const level = levels.pop();
        siblings = level?.siblings ?? [];
        const opener = tokenAt(T.OpenBrace, '{', token.startOffset);
        current = [...(level?.head ?? []), opener, token];
        break;
      }
      default:
        current.push(token);
    }
  }
  // A line end that the layout dropped at the end of the text still ends the statement.
  const around = levels.map(({ head }) => head).reverse();
  const ended = endsStatement(tokens, current);
  if (ended && current[0] !== undefined) siblings.push(current[0].image);
  const statement = ended ? [] : current;
  return { tokens: statement, place: placeOf(around[0]), around, siblings, call: openCall(statement) };
}

/** Whether a line end stands between the statement and the cursor, where nothing lets the statement go on. */
function endsStatement(tokens: readonly IToken[], current: readonly IToken[]): boolean {
  const last = current.at(-1);
  if (tokens.at(-1)?.tokenType !== T.Newline || last === undefined) return false;
  if (openCall(current) !== null || openBrackets(current).length > 0) return false;
  return !continues(last);
}

function placeOf(head: readonly IToken[] | undefined): Place {
  for (const token of head ?? []) {
    if (token.tokenType === T.AddDevice || token.tokenType === T.SetDevice) return 'device';
    if (token.tokenType === T.Receiver) return 'receiver';
    if (token.tokenType === T.Lab) return 'lab';
    if (token.tokenType === T.Veth || token.tokenType === T.Ifb) return 'link';
  }
  return 'statement';
}

/** Where in the tokens brackets stand that are not closed, outermost first. */
function openBrackets(tokens: readonly IToken[]): readonly number[] {
  const open: number[] = [];
  for (const [index, { tokenType }] of tokens.entries()) {
    if (tokenType === T.OpenParen || tokenType === T.OpenBracket) open.push(index);
    else if (tokenType === T.CloseParen || tokenType === T.CloseBracket) open.pop();
  }
  return open;
}

function openCall(tokens: readonly IToken[]): OpenCall | null {
  const at = openBrackets(tokens).findLast((index) => {
    const before = tokens[index - 1];
    return tokens[index]?.tokenType === T.OpenParen && before !== undefined && tokenMatcher(before, T.Word);
  });
  if (at === undefined) return null;
  const starts = [at + 1];
  let depth = 0;
  for (let index = at + 1; index < tokens.length; index++) {
    const { tokenType } = tokens[index] as IToken;
    if (tokenType === T.OpenParen || tokenType === T.OpenBracket) depth++;
    else if (tokenType === T.CloseParen || tokenType === T.CloseBracket) depth--;
    else if (tokenType === T.Comma && depth === 0) starts.push(index + 1);
  }
  const nameAt = (start: number) => (tokens[start + 1]?.tokenType === T.Colon ? (tokens[start]?.image ?? null) : null);
  const named = starts.map(nameAt);
  const object = tokens[at - 2]?.tokenType === T.Dot ? (tokens[at - 3]?.image ?? null) : null;
  return {
    callee: (tokens[at - 1] as IToken).image,
    object,
    argument: starts.length - 1,
    name: named.at(-1) ?? null,
    given: named.slice(0, -1).filter((name) => name !== null),
  };
}
