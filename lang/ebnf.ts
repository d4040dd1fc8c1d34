// SPDX-License-Identifier: Apache-2.0

import { type ISerializedGast, Lexer, type TokenType } from 'chevrotain';
import { Grammar } from './syntax/grammar.ts';
import { tokenTypes, wordOf } from './syntax/tokens.ts';

/** A production as Chevrotain writes it down; which members there are depends on `type`. */
interface Production extends ISerializedGast {
  readonly name?: string;
  readonly definition?: Production[];
  readonly separator?: Production;
}

/** What stands for text that only the lexer makes: the parser sees a string in pieces, and never what is no token. */
const made: Readonly<Record<string, string | null>> = {
  Text: `'"' characters '"'`,
  TextHead: `'"' characters '\${'`,
  TextMiddle: `'}' characters '\${'`,
  TextTail: `'}' characters '"'`,
  MalformedText: null,
  MalformedDevice: null,
};

const types: ReadonlyMap<string, TokenType> = new Map(tokenTypes.map((type) => [type.name, type]));

/**
 * The grammar as the parser has it, in the EBNF of the XML specification: `?`, `*` and `+` behind what they repeat, tokens
 * in quotes as they are written, or by a name that a regular expression or a list of tokens defines at the end.
 */
export function ebnf(): string {
  const rules = new Grammar(false).getSerializedGastProductions() as Production[];
  const first = rules.findIndex(({ name }) => name === 'file');
  const ordered = [...rules.slice(first), ...rules.slice(0, first)];
  const lines = ordered.map((rule) => definition(rule.name ?? '', alternativesOf(rule)));
  return [...lines, '', ...tokensOf(ordered)].map((line) => `${line}\n`).join('');
}

function definition(name: string, alternatives: readonly string[]): string {
  return alternatives.map((one, at) => (at === 0 ? `${name} ::= ${one}` : `  | ${one}`)).join('\n');
}

/** A rule that is nothing but a choice has its alternatives one a line. */
function alternativesOf({ definition: parts = [] }: Production): readonly string[] {
  const [only] = parts;
  if (parts.length === 1 && only?.type === 'Alternation') return choices(only);
  return [sequence(parts)];
}

/** The alternatives that can be written; those of tokens that stand for mistakes cannot. */
function choices({ definition: alternatives = [] }: Production): readonly string[] {
  return alternatives
    .map((alternative) => alternative.definition ?? [])
    .filter((parts) => !parts.some(({ type, name = '' }) => type === 'Terminal' && made[name] === null))
    .map(sequence);
}

const sequence = (parts: readonly Production[]): string => parts.map(term).join(' ');

/** A part of a sequence; brackets only where a sign behind it would bind to less than all. */
function term(part: Production): string {
  if (part.type === 'Alternation') return `( ${choices(part).join(' | ')} )`;
  const inner = sequence(part.definition ?? []);
  const single =
    part.definition?.length === 1 &&
    ['NonTerminal', 'Terminal', 'Alternation'].includes(part.definition[0]?.type ?? '');
  const unit = single ? inner : `( ${inner} )`;
  const between = part.separator === undefined ? '' : term(part.separator);
  switch (part.type) {
    case 'Terminal':
      return terminal(part.name ?? '');
    case 'NonTerminal':
      return part.name ?? '';
    case 'Option':
      return `${unit}?`;
    case 'Repetition':
      return `${unit}*`;
    case 'RepetitionMandatory':
      return `${unit}+`;
    case 'RepetitionWithSeparator':
      return `( ${inner} ( ${between} ${inner} )* )?`;
    case 'RepetitionMandatoryWithSeparator':
      return `${inner} ( ${between} ${inner} )*`;
    default:
      throw new Error(`what does a grammar mean by ${part.type}?`);
  }
}

/** A token as it is written where that is always the same, or its name. */
function terminal(name: string): string {
  const type = types.get(name);
  return type === undefined || !isFixed(type) ? name : `"${wordOf(type)}"`;
}

/** Whether a token is always written in one way: its label is then the text itself, between backticks. */
function isFixed(type: TokenType): boolean {
  return type.LABEL?.startsWith('`') === true && type.PATTERN !== Lexer.NA;
}

/** Definitions of the tokens that the rules name, and of those that these name in turn, in the lexer's order. */
function tokensOf(rules: readonly Production[]): readonly string[] {
  const wanted = new Set(rules.flatMap(namedIn));
  // The set grows while it is walked.
  for (const name of wanted) for (const member of membersOf(name)) wanted.add(member.name);
  return tokenTypes
    .filter((type) => wanted.has(type.name) && !isFixed(type) && made[type.name] !== null)
    .map((type) => {
      const members = membersOf(type.name).map((member) => terminal(member.name));
      const meaning = members.length > 0 ? members.join(' | ') : (made[type.name] ?? String(type.PATTERN));
      return `${type.name} ::= ${meaning}`;
    });
}

/** The token types of a category. */
function membersOf(name: string): readonly TokenType[] {
  const type = types.get(name);
  return type === undefined ? [] : tokenTypes.filter((member) => member.CATEGORIES?.includes(type) === true);
}

function namedIn(part: Production): readonly string[] {
  const own = part.type === 'Terminal' ? [part.name ?? ''] : [];
  const separator = part.separator === undefined ? [] : namedIn(part.separator);
  return [...own, ...separator, ...(part.definition ?? []).flatMap(namedIn)];
}
