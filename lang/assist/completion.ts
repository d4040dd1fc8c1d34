// SPDX-License-Identifier: Apache-2.0

import type { TokenType } from 'chevrotain';
import { functionParameterTypes } from '../check/function.ts';
import type { ImportReader } from '../imports.ts';
import { noImports } from '../imports.ts';
import { deviceParameters } from '../parameters.ts';
import type { Span } from '../source.ts';
import { Grammar } from '../syntax/grammar.ts';
import { lex } from '../syntax/lexer.ts';
import * as T from '../syntax/tokens.ts';
import { wordOf } from '../syntax/tokens.ts';
import { type UnitType, units } from '../syntax/units.ts';
import { parameterTypes } from '../types.ts';
import { type Completion, rank } from './candidate.ts';
import { type Cursor, cursorAt } from './cursor.ts';
import { fieldsOf } from './fields.ts';
import { memberCompletions } from './members.ts';
import { type KnownName, namesIn } from './names.ts';
import { deviceNames, expectedAt, interfaceNames, nameCompletion, newDevices, valueCompletions } from './values.ts';
import { keywordHelp, linkSettings, receiverSettings, typeHelp } from './vocabulary.ts';

export type { Completion, CompletionKind } from './candidate.ts';

export interface Completions {
  /** What an accepted completion replaces. */
  readonly span: Span;
  /** Those that begin with what was typed, case aside, the likeliest first. */
  readonly items: readonly Completion[];
}

export interface AssistOptions {
  /** Names that exist beside those of the text: a shell's session. */
  readonly known?: readonly KnownName[];
  /** Reads what the text imports. */
  readonly read?: ImportReader;
  /** The name of the text's file, which imports are relative to. */
  readonly file?: string;
}

/** Made at the first use, as the parser's own. */
let shared: Grammar | undefined;

/**
 * What may be typed at an offset of a text, however broken the rest of it is. It reads tokens only, so that a text of a
 * thousand devices takes a few milliseconds; what is offered follows from the grammar and the tables of the language.
 */
export function complete(text: string, offset: number, options: AssistOptions = {}): Completions {
  const lexed = lex(text);
  const cursor = cursorAt(lexed, offset);
  if (cursor === null) return { span: { start: offset, end: offset }, items: [] };
  const { partial } = cursor;
  const number = partial?.tokenType === T.Numeral || partial?.tokenType === T.Quantity;
  if (partial !== null && number) return unitCompletions(cursor, offset);
  const names = [...(options.known ?? []), ...namesIn(lexed.tokens, offset)];
  const typed = partial === null ? '' : partial.image.slice(0, offset - partial.startOffset).toLowerCase();
  const items =
    cursor.tokens.at(-1)?.tokenType === T.Dot
      ? memberCompletions(cursor, names, options.read ?? noImports, options.file ?? '')
      : grammarCompletions(cursor, names);
  return { span: cursor.span, items: sorted(items.filter(({ label }) => label.toLowerCase().startsWith(typed))) };
}

function sorted(items: readonly Completion[]): readonly Completion[] {
  const seen = new Set<string>();
  return [...items]
    .sort((a, b) => a.rank - b.rank || (a.label < b.label ? -1 : Number(a.label > b.label)))
    .filter(({ label }) => {
      if (seen.has(label)) return false;
      seen.add(label);
      return true;
    });
}

const unitHelp: Readonly<Record<UnitType, string>> = {
  duration: 'time',
  size: 'bytes',
  pps: 'packets a second',
  bps: 'bits a second',
  percent: 'share',
};

/** The units that may stand behind a number; the digits stay. */
function unitCompletions(cursor: Cursor, offset: number): Completions {
  const { start, end } = cursor.span;
  const image = cursor.partial?.image ?? '';
  const digits = /^\d[\d_]*(?:\.\d[\d_]*)?/.exec(image)?.[0] ?? '';
  const unit = image.slice(digits.length, Math.max(digits.length, offset - start)).toLowerCase();
  const expected = expectedAt(cursor);
  const items = units
    .filter(({ name, type }) => {
      return name.toLowerCase().startsWith(unit) && (expected.types.length === 0 || expected.types.includes(type));
    })
    .map(({ name, type }): Completion => ({ label: name, kind: 'unit', help: unitHelp[type], rank: rank.wanted }));
  return { span: { start: start + digits.length, end }, items };
}

const keywords: ReadonlySet<string> = new Set(keywordHelp.keys());
const topLevelOnly: ReadonlySet<TokenType> = new Set([T.Param, T.Lab, T.Import, T.Scenario, T.Setup, T.Teardown, T.Fn]);
const loops: ReadonlySet<TokenType> = new Set([T.For, T.While, T.Repeat]);

function keyword(type: TokenType, likely: number): Completion | null {
  const word = wordOf(type);
  const help = keywordHelp.get(word);
  return help === undefined ? null : { label: word, kind: 'keyword', help, rank: likely };
}

/** Whether a statement may stand where the cursor is. */
function mayStand(cursor: Cursor, type: TokenType): boolean {
  const { around } = cursor;
  if (topLevelOnly.has(type)) return around.length === 0;
  const heads = around.map((head) => head[0]?.tokenType);
  if (type === T.Receiver) return heads.length === 0 || (heads.length === 1 && heads[0] === T.Scenario);
  if (type === T.Break || type === T.Continue) return heads.some((head) => head !== undefined && loops.has(head));
  if (type === T.Return) return heads.includes(T.Fn);
  return true;
}

const ruleOf = {
  statement: 'statement',
  device: 'setting',
  receiver: 'setting',
  link: 'setting',
  lab: 'link',
} as const;

function grammarCompletions(cursor: Cursor, names: readonly KnownName[]): readonly Completion[] {
  shared ??= new Grammar(false);
  const paths = shared.computeContentAssist(ruleOf[cursor.place], [...cursor.tokens]);
  const found: Completion[] = [];
  for (const { nextTokenType: type, ruleStack } of paths) {
    const rule = ruleStack.at(-1) ?? '';
    const outer = ruleStack.at(-2) ?? '';
    if (type === T.Operator) found.push(...wordOperators(cursor));
    else if (type === T.Word) found.push(...words(cursor, rule));
    else if (type === T.Identifier) found.push(...identifiers(cursor, names, rule, outer));
    else if (keywords.has(wordOf(type)) && mayStand(cursor, type)) {
      const value = rule === 'operand' && expectedAt(cursor).words.length > 0;
      const item = keyword(type, rule === 'operand' ? rank.other : rank.fitting);
      if (item !== null && !value) found.push(item);
    }
  }
  return found;
}

/** Operators that are words. `of` belongs to a `within`, `step` to a range. */
function wordOperators({ tokens }: Cursor): readonly Completion[] {
  const types = tokens.map(({ tokenType }) => tokenType);
  const found: TokenType[] = [];
  if (types.includes(T.Within)) {
    if (!types.includes(T.Of)) found.push(T.Of);
  } else if (types.some((type) => [T.Expect, T.Require, T.Until, T.When, T.If, T.While].includes(type))) {
    found.push(T.Within);
  }
  if (types.includes(T.RangeDots) && !types.includes(T.Step)) found.push(T.Step);
  return found.flatMap((type) => keyword(type, rank.fitting) ?? []);
}

/** What stands where any word may: parameters, types, fields. */
function words(cursor: Cursor, rule: string): readonly Completion[] {
  if (rule === 'setting') return settingNames(cursor);
  if (rule === 'param' || rule === 'fn_parameter') {
    const types = rule === 'param' ? parameterTypes : functionParameterTypes;
    return types.map((type): Completion => ({ label: type, kind: 'type', help: typeHelp[type], rank: rank.wanted }));
  }
  return rule === 'argument' ? fieldNames(cursor) : [];
}

function settingNames(cursor: Cursor): readonly Completion[] {
  const rows =
    cursor.place === 'receiver'
      ? receiverSettings.values()
      : cursor.place === 'link'
        ? linkSettings.values()
        : deviceParameters.values();
  return [...rows]
    .filter(({ name }) => !cursor.siblings.includes(name))
    .map(({ name, help }): Completion => ({ label: name, kind: 'parameter', help, rank: rank.wanted }));
}

function fieldNames({ call }: Cursor): readonly Completion[] {
  const fields = call === null || call.object !== null ? [] : fieldsOf(call.callee);
  return fields
    .filter(({ name }) => !call?.given.includes(name))
    .map(({ name, help }): Completion => ({ label: name, kind: 'field', help, rank: rank.wanted }));
}

function identifiers(cursor: Cursor, names: readonly KnownName[], rule: string, outer: string): readonly Completion[] {
  switch (rule) {
    case 'operand':
      return valueCompletions(cursor, names);
    case 'device':
      return outer === 'add_device' ? newDevices(names) : deviceNames(names);
    case 'assign':
      return names.filter(({ kind }) => kind === 'let').map((name) => nameCompletion(name, rank.other));
    case 'call_statement':
      return names
        .filter(({ kind }) => kind === 'function' || kind === 'import')
        .map((name) => nameCompletion(name, rank.other));
    case 'receiver':
      return interfaceNames(names);
    default:
      // A new name, which nobody can guess.
      return [];
  }
}
