// SPDX-License-Identifier: Apache-2.0

import { EOF, type IParserErrorMessageProvider, type IToken, type TokenType, tokenMatcher } from 'chevrotain';
import { report } from '../diagnostics/catalogue-syntax.ts';
import type { Diagnostic, Fix } from '../diagnostics/diagnostic.ts';
import { nearest } from '../diagnostics/suggest.ts';
import type { Span } from '../source.ts';
import { eitherOf } from '../types.ts';
import {
  Assign,
  CloseBrace,
  CloseParen,
  Colon,
  Identifier,
  Keyword,
  MalformedText,
  Minus,
  Newline,
  Numeral,
  OpenBrace,
  Plus,
  SetDevice,
  Slash,
  Stray,
  statementWords,
  Text,
  TextHead,
  TextMiddle,
  TextTail,
  Times,
  wordOf,
} from './tokens.ts';
import { unitNamed } from './units.ts';

/** A token that does not fit, with what could have stood there. */
export interface Mistake {
  /** As the provider below words it: "a value", "`on`". */
  readonly expected: string;
  readonly token: IToken;
  readonly previous: IToken;
  /** The token behind it. */
  readonly next: IToken;
  /** The first token of the statement. */
  readonly first: IToken;
  /** The rules around the mistake, outermost first. */
  readonly rules: readonly string[];
}

/**
 * Tells Chevrotain how to word its errors: here with nothing but what was expected, since the sentence around it is
 * made by `explain`, which knows the statement.
 */
export const expectations: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected }) => labelOf(expected),
  buildNotAllInputParsedMessage: () => 'the end of the file',
  buildNoViableAltMessage: ({ expectedPathsPerAlt, customUserDescription }) =>
    customUserDescription ?? firstOf(expectedPathsPerAlt.flat()),
  buildEarlyExitMessage: ({ expectedIterationPaths, customUserDescription }) =>
    customUserDescription ?? firstOf(expectedIterationPaths),
};

function firstOf(paths: readonly TokenType[][]): string {
  const labels = paths.flatMap(([first]) => (first === undefined ? [] : [labelOf(first)]));
  return eitherOf([...new Set(labels)]);
}

const labelOf = (type: TokenType) => type.LABEL ?? type.name;

/** What is expected behind a whole statement. */
export const theLineEnd = 'the end of the line';

/** Words a mistake of the parser as a diagnostic. */
export function explain(mistake: Mistake): Diagnostic {
  const { expected, token, previous } = mistake;
  const span = placeOf(token, previous);
  const found = describe(token);
  if (token.tokenType === Stray) {
    return report('PG1001', { found }, span, { hints: strayHints(token.image) });
  }
  const unknown = unknownStatement(mistake);
  if (unknown !== null) {
    return report('PG1102', { word: quoted(unknown.image) }, spanOf(unknown), statementDetails(unknown, mistake));
  }
  // Read as a name, with the condition behind it.
  if (previous.image === 'not' && expected === theLineEnd) {
    const hints = [`write \`${wordOperators.not}\``];
    return report('PG1101', { expected: 'a value', found: describe(previous) }, spanOf(previous), { hints });
  }
  if (previous.tokenType === Numeral && unitNamed(token.image) !== undefined) {
    const hints = [`\`${previous.image}${token.image}\`, without a blank`];
    const whole = { start: previous.startOffset, end: span.end };
    const fixes = [{ span: whole, text: `${previous.image}${token.image}` }];
    return report('PG1101', { expected, found }, whole, { hints, fixes });
  }
  if (expected === 'a name' && tokenMatcher(token, Keyword)) return report('PG1111', { word: found }, span);
  return report('PG1101', { expected, found }, span, { hints: hintsFor(mistake), fixes: fixesFor(mistake, span) });
}

function spanOf({ startOffset, image }: IToken): Span {
  return { start: startOffset, end: startOffset + image.length };
}

/** Words that begin a statement elsewhere, with what stands for them here. */
const foreignStatements: Readonly<Record<string, string>> = {
  sleep: '`wait 1s`',
  usleep: '`wait 1ms`',
  pause: '`wait 1s`',
  echo: '`print "…"`',
  printf: '`print "…"`',
  puts: '`print "…"`',
  log: '`print "…"`',
  def: '`fn NAME(PARAMETER: TYPE, …) { … }`',
  func: '`fn NAME(PARAMETER: TYPE, …) { … }`',
  function: '`fn NAME(PARAMETER: TYPE, …) { … }`',
  var: '`let NAME = VALUE`',
  const: '`let NAME = VALUE`',
  local: '`let NAME = VALUE`',
  foreach: '`for NAME in LIST { … }`',
  loop: '`while true { … }` or `repeat N { … }`',
  assert: '`expect CONDITION`, or `require CONDITION` to end the scenario',
  run: '`start`',
  del_device: '`rem_device NAME`',
  remove_device: '`rem_device NAME`',
  rm_device: '`rem_device NAME`',
  include: '`import "./lib/frames.pg" as NAME`',
  source: '`import "./lib/frames.pg" as NAME`',
};

/** What a word was meant to be that no statement begins with. */
function statementDetails(unknown: IToken, { token, next }: Mistake): Partial<Pick<Diagnostic, 'hints' | 'fixes'>> {
  const { image } = unknown;
  if (Object.hasOwn(foreignStatements, image)) return { hints: [foreignStatements[image] ?? ''] };
  if (unknown === token && arithmetic.includes(next.tokenType)) {
    return { hints: [`\`${image} = ${image} ${next.image} 1\`, or another value`] };
  }
  // One or two letters are near to everything.
  const word = tokenMatcher(unknown, Identifier) && image.length > 2;
  const near = word ? nearest(image, statementWords.map(wordOf)) : null;
  return near === null ? {} : { hints: [`did you mean \`${near}\`?`], fixes: [{ span: spanOf(unknown), text: near }] };
}

/** What `n++` and `n += 1` go on with. */
const arithmetic: readonly TokenType[] = [Plus, Minus, Times, Slash];

/** The word that should have been a statement, if that is the mistake. */
function unknownStatement({ expected, token, first, rules }: Mistake): IToken | null {
  // A name begins an assignment and nothing else.
  if (rules.at(-1) === 'assign' && expected === '`=`') return first;
  return expected === 'a statement' && tokenMatcher(token, Identifier) ? token : null;
}

/** What is at fault: the token, or the end of what stands before where a line or the file ends too early. */
function placeOf(token: IToken, previous: IToken): Span {
  const ends = tokenMatcher(token, EOF) || token.image === '' || (token.tokenType === Newline && token.image !== ';');
  if (!ends) return spanOf(token);
  const at = previous.startOffset >= 0 ? previous.startOffset + previous.image.length : 0;
  return { start: at, end: at };
}

/** Longer tokens are cut in messages; the excerpt shows them whole. */
const shownLength = 40;

function describe(token: IToken): string {
  if (tokenMatcher(token, EOF)) return 'the end of the file';
  if (token.tokenType === Newline) return token.image === ';' ? '`;`' : 'the end of the line';
  if (token.tokenType === TextMiddle || token.tokenType === TextTail) return '`}`';
  return quoted(token.image);
}

function quoted(image: string): string {
  return `\`${image.length > shownLength ? `${image.slice(0, shownLength)}…` : image}\``;
}

function strayHints(image: string): readonly string[] {
  const first = image.charAt(0);
  switch (first) {
    case "'":
      return ['strings stand in double quotes'];
    case '\u201c':
    case '\u201d':
      return ['a typographic quotation mark; strings stand in `"`'];
    case '\u00a0':
      return ['a no-break space; use a plain blank'];
    case '$':
      return ['values are interpolated in strings only; elsewhere write the expression itself'];
    case '%':
      return ['a percentage is a number and `%` without a blank between them'];
    case '&':
      return ['`&&` for "and"'];
    case '|':
      return ['`||` for "or"'];
    case '\\':
      return ['a line goes on after an operator, a comma, `(` or `[`'];
    default:
      return [];
  }
}

const comparison = 'values are compared with `==`';

const receiverUsage = '`receiver NAME on INTERFACE { … }`';
const expectUsage = '`expect CONDITION "label"`, or `expect eventually CONDITION timeout DURATION`';

/** How a statement goes, by its rule: for a reader who has the order of its words wrong. */
const usage: Readonly<Record<string, string>> = {
  add_device: '`add_device NAME on cpu N { … }`',
  rem_device_all: '`rem_device_all`, `rem_device_all on cpu N`, with `async` at the end',
  set: '`set NAME rate 5kpps` or `set NAME { … }`',
  for: '`for NAME in FIRST..LAST { … }`',
  wait: '`wait until CONDITION timeout DURATION`: the timeout is mandatory',
  abort_when: '`abort when CONDITION`',
  receiver: receiverUsage,
  scenario: '`scenario "name" { … }`',
  scenario_values: '`scenario "name" for NAME in LIST { … }`',
  expect: expectUsage,
  veth: '`veth a <-> b`',
  link_statement: '`link INTERFACE down`, `up`, `delete` or `rename NAME`',
  show: '`show devices`, `threads`, `receivers`, `interfaces`, `grace`, `pgctrl`, `kpktgend_0`, or one of them by its name',
  import: '`import "./lib/frames.pg" as NAME`',
  fn: '`fn NAME(PARAMETER: TYPE, …) { … }`',
  fn_parameter: '`fn NAME(PARAMETER: TYPE, …) { … }`',
  param: '`param NAME = DEFAULT "help"` or `param NAME: TYPE`',
};

/** Rules of their own that are a part of the statement around them. */
const parts: readonly string[] = ['timeout', 'device', 'text'];

/** How a statement goes on behind what could be all of it, by its first word. */
const wholes: Readonly<Record<string, string>> = {
  receiver: receiverUsage,
  expect: expectUsage,
  wait: '`wait DURATION`, `wait stopped` or `wait until CONDITION timeout DURATION`',
  veth: '`veth a <-> b { mtu 9000B }`',
  ifb: '`ifb NAME { mtu 9000B }`',
  sync: '`sync` stands alone',
  try: '`try { … } else { … }`',
};

/** `//` or `/*`, as other languages begin a comment. */
function opensComment(slash: IToken, behind: IToken): boolean {
  if (slash.tokenType !== Slash || slash.startOffset + 1 !== behind.startOffset) return false;
  return behind.tokenType === Slash || behind.tokenType === Times;
}

/** Words that other languages have where a block or a line should have ended. */
const elseWords: readonly string[] = ['elif', 'elsif', 'elseif'];

const wordOperators: Readonly<Record<string, string>> = { and: '&&', or: '||', not: '!' };

/** What an `=` in the wrong place was meant to be. */
function assignHints({ expected, previous, first }: Mistake): readonly string[] {
  // Behind the key of a setting, which is the first word of its line or follows the devices of a `set`.
  const setting = previous === first || first.tokenType === SetDevice;
  if (expected === theLineEnd) return [setting ? 'a parameter and its value stand without `=`' : comparison];
  if (expected === CloseParen.LABEL) return ['an argument is written `name: value`'];
  return expected === OpenBrace.LABEL ? [comparison] : [];
}

/** The replacement that a hint names, where the token alone is at fault. */
function fixesFor({ expected, token, rules }: Mistake, span: Span): readonly Fix[] {
  const { tokenType, image } = token;
  if (Object.hasOwn(wordOperators, image)) return [{ span, text: wordOperators[image] as string }];
  if (tokenType === Assign && expected === OpenBrace.LABEL) return [{ span, text: '==' }];
  if (expected !== 'a string' || rules.includes('import') || !tokenMatcher(token, Identifier)) return [];
  return [{ span, text: `"${image}"` }];
}

function hintsFor(mistake: Mistake): readonly string[] {
  const { expected, token, previous, next, first, rules } = mistake;
  const { tokenType, image } = token;
  if (opensComment(token, next) || opensComment(previous, token)) return ['comments begin with `#`'];
  if (tokenType === Assign) return assignHints(mistake);
  if (previous.tokenType === CloseBrace && elseWords.includes(image)) return ['`} else if CONDITION {`'];
  if (tokenType === Colon && previous === first) return ['a parameter and its value stand without `:`'];
  if (tokenType === Colon && expected === theLineEnd) return ['`:` goes with named arguments and types'];
  if (Object.hasOwn(wordOperators, image)) return [`write \`${wordOperators[image]}\``];
  const path = expected === 'a string' && rules.includes('import');
  if (expected === 'a string' && tokenMatcher(token, Identifier) && !path) return [`\`"${image}"\``];
  const texts: readonly TokenType[] = [Text, TextHead, MalformedText];
  if (expected === 'a name' && texts.includes(tokenType)) return ['names stand without quotes here'];
  if (expected === theLineEnd && !statementWords.includes(tokenType) && Object.hasOwn(wholes, first.image)) {
    return [wholes[first.image] as string];
  }
  const rule = rules.findLast((name) => !parts.includes(name));
  const shape = rule === undefined || !Object.hasOwn(usage, rule) ? undefined : usage[rule];
  if (shape !== undefined) return [shape];
  if (expected === OpenBrace.LABEL) return ['the statements of a block stand in braces: `{ … }`'];
  return expected === theLineEnd ? ['statements and parameters stand on lines of their own, or with `;` between'] : [];
}
