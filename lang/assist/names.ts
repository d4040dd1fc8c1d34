// SPDX-License-Identifier: Apache-2.0

import { type IToken, tokenMatcher } from 'chevrotain';
import { protocols } from '../frame/protocols.ts';
import { decodeEscapes } from '../syntax/escapes.ts';
import * as T from '../syntax/tokens.ts';
import { unitNamed } from '../syntax/units.ts';
import type { ScalarType } from '../value.ts';

export type NameKind =
  | 'param'
  | 'let'
  | 'frame'
  | 'loop'
  | 'parameter'
  | 'function'
  | 'import'
  | 'device'
  | 'receiver'
  | 'interface';

/** A name that somebody may type: declared in the text, or known to whoever asks, such as a shell. */
export interface KnownName {
  readonly name: string;
  readonly kind: NameKind;
  /** As far as the text tells without being checked; null where it does not. */
  readonly type: ScalarType | 'list' | 'range' | null;
  /** One line for a list of completions; '' if there is nothing to say. */
  readonly help: string;
  /** Of a function: its parameters as `name: type`. Of an import: the path. */
  readonly details: readonly string[];
}

/** Declared in the text before the cursor and in reach, innermost last; devices, receivers and interfaces from all of it. */
export function namesIn(tokens: readonly IToken[], offset: number): readonly KnownName[] {
  const found = new Map<string, KnownName>();
  const levels: KnownName[][] = [[]];
  let pending: KnownName[] = [];
  const everywhere = (name: string, kind: NameKind, help: string) => {
    const key = `${kind} ${name}`;
    if (!found.has(key)) found.set(key, { name, kind, type: kind as ScalarType, help, details: [] });
  };
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index] as IToken;
    const inReach = token.startOffset < offset;
    const next = tokens[index + 1];
    if (inReach && token.tokenType === T.OpenBrace) {
      levels.push(pending);
      pending = [];
    } else if (inReach && token.tokenType === T.CloseBrace) {
      if (levels.length > 1) levels.pop();
    }
    if (next === undefined) break;
    switch (token.tokenType) {
      case T.Veth: {
        const other = tokens[index + 3];
        if (tokens[index + 2]?.tokenType !== T.Wire) break;
        everywhere(next.image, 'interface', 'an interface of the lab');
        if (other !== undefined && isName(other)) everywhere(other.image, 'interface', 'an interface of the lab');
        break;
      }
      case T.Ifb:
        if (isName(next) && isLineEnd(tokens[index - 1]))
          everywhere(next.image, 'interface', 'an interface of the lab');
        break;
      case T.Receiver:
        if (isName(next)) everywhere(next.image, 'receiver', 'a receiver');
        break;
      case T.AddDevice: {
        const name = next.tokenType === T.Text ? decodeEscapes(next.image.slice(1, -1)) : next.image;
        const fixed = next.tokenType === T.Text || next.tokenType === T.DeviceName || isName(next);
        if (fixed && !/[^\w@.]/.test(name)) everywhere(name, 'device', 'a device');
        break;
      }
      default:
        if (inReach) declare(tokens, index, levels, (names) => pending.push(...names));
    }
  }
  return [...found.values(), ...levels.flat()];
}

const isName = (token: IToken) => tokenMatcher(token, T.Identifier);
const isLineEnd = (token: IToken | undefined) =>
  token === undefined || token.tokenType === T.Newline || token.tokenType === T.OpenBrace;

/** Takes up what a token and those behind it declare, if they do. `inBlock` gets what belongs to the next block. */
function declare(
  tokens: readonly IToken[],
  at: number,
  levels: readonly KnownName[][],
  inBlock: (names: readonly KnownName[]) => void,
): void {
  const token = tokens[at] as IToken;
  const next = tokens[at + 1] as IToken;
  const here = levels.at(-1) as KnownName[];
  const named = (kind: NameKind, type: KnownName['type'], help: string, details: readonly string[] = []): KnownName => {
    return { name: next.image, kind, type, help, details };
  };
  switch (token.tokenType) {
    case T.Let:
      if (isName(next)) here.push(named('let', typeAt(tokens, at + 3, levels), valueText(tokens, at + 3)));
      break;
    case T.Frame:
      // In a device's block the same word is a parameter.
      if (isName(next) && tokens[at + 2]?.tokenType === T.Assign) {
        here.push(named('frame', 'frame', valueText(tokens, at + 3)));
      }
      break;
    case T.Param: {
      if (!isName(next)) break;
      const typed = tokens[at + 2]?.tokenType === T.Colon;
      const type = typed ? ((tokens[at + 3]?.image ?? null) as ScalarType | null) : typeAt(tokens, at + 3, levels);
      here.push(named('param', type, typed ? '' : valueText(tokens, at + 3)));
      break;
    }
    case T.For:
      if (isName(next)) inBlock([named('loop', loopType(tokens, at + 3, levels), 'the variable of this loop')]);
      break;
    case T.Fn: {
      if (!isName(next) || tokens[at + 2]?.tokenType !== T.OpenParen) break;
      const parameters = parametersFrom(tokens, at + 3);
      const details = parameters.map(({ name, type }) => `${name}: ${type}`);
      here.push(named('function', null, `fn ${next.image}(${details.join(', ')})`, details));
      inBlock(parameters);
      break;
    }
    case T.As: {
      const path = tokens[at - 1];
      if (!isName(next) || path?.tokenType !== T.Text || tokens[at - 2]?.tokenType !== T.Import) break;
      here.push(named('import', null, `names of ${path.image}`, [decodeEscapes(path.image.slice(1, -1))]));
      break;
    }
    default:
  }
}

function parametersFrom(tokens: readonly IToken[], from: number): readonly KnownName[] {
  const found: KnownName[] = [];
  for (let at = from; tokens[at + 1]?.tokenType === T.Colon; at += 4) {
    const [name, type] = [tokens[at] as IToken, tokens[at + 2]];
    if (type === undefined) break;
    found.push({
      name: name.image,
      kind: 'parameter',
      type: type.image as ScalarType,
      help: 'a parameter',
      details: [],
    });
    if (tokens[at + 3]?.tokenType !== T.Comma) break;
  }
  return found;
}

/** Tokens of a value that is shown beside its name. */
const shownTokens = 12;

function valueText(tokens: readonly IToken[], from: number): string {
  const last = tokens.slice(from, from + shownTokens).findIndex(({ tokenType }) => {
    return tokenType === T.Newline || tokenType === T.OpenBrace;
  });
  const shown = tokens.slice(from, from + (last < 0 ? shownTokens : last));
  const [first, end] = [shown[0], shown.at(-1)];
  if (first === undefined || end === undefined) return '';
  const pieces = shown.map((token, index) => {
    const before = shown[index - 1];
    const apart = before !== undefined && before.startOffset + before.image.length < token.startOffset;
    return apart ? ` ${token.image}` : token.image;
  });
  return `${pieces.join('')}${last < 0 ? ' …' : ''}`;
}

/** The type of a value by its first token, where that settles it. */
function typeAt(tokens: readonly IToken[], at: number, levels: readonly (readonly KnownName[])[]): KnownName['type'] {
  const first = tokens[at];
  if (first === undefined) return null;
  switch (first.tokenType) {
    case T.AddDevice:
      return 'device';
    case T.RemDevice:
    case T.RemDeviceAll:
      return 'grace';
    case T.At:
    case T.Every:
    case T.Spawn:
      return 'job';
    case T.OpenBracket:
      return 'list';
    default:
  }
  if (protocols.has(first.image)) return 'frame';
  const next = tokens[at + 1];
  if (next?.tokenType === T.RangeDots) return 'range';
  if (next !== undefined && next.tokenType !== T.Newline && next.tokenType !== T.Text) return null;
  return literalType(first) ?? typeOf(levels, first.image);
}

/** The type of the innermost of that name, the last one there; null where none is known. */
function typeOf(levels: readonly (readonly KnownName[])[], name: string): KnownName['type'] {
  for (let at = levels.length - 1; at >= 0; at--) {
    const found = levels[at]?.findLast((known) => known.name === name);
    if (found !== undefined) return found.type;
  }
  return null;
}

function literalType(token: IToken): ScalarType | null {
  switch (token.tokenType) {
    case T.Numeral:
      return 'number';
    case T.Quantity:
      return unitNamed(token.image.replace(/^[\d_.]+/, ''))?.type ?? null;
    case T.True:
    case T.False:
      return 'bool';
    case T.Text:
      return 'string';
    case T.DottedAddress:
      return token.image.includes('/') ? 'prefix' : 'ipv4';
    case T.ColonAddress:
      if (token.image.includes('/')) return 'prefix';
      return token.image.split(':').length === 6 && !token.image.includes('::') ? 'mac' : 'ipv6';
    default:
      return null;
  }
}

/** What a `for` gives its variable: the type of the first element. */
function loopType(tokens: readonly IToken[], at: number, levels: readonly (readonly KnownName[])[]): KnownName['type'] {
  const first = tokens[at]?.tokenType === T.OpenBracket ? tokens[at + 1] : tokens[at];
  if (first === undefined) return null;
  return literalType(first) ?? typeOf(levels, first.image);
}
