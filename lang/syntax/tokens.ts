// SPDX-License-Identifier: Apache-2.0

import { createToken, Lexer, type TokenType } from 'chevrotain';

/** Token types in the order in which the lexer tries them; filled as they are made below. */
const inOrder: TokenType[] = [];

interface TokenOptions {
  readonly label: string;
  readonly categories?: TokenType[];
  /** Characters a pattern can begin with, where Chevrotain cannot tell by itself. */
  readonly startChars?: string[];
}

function token(name: string, pattern: RegExp, options: TokenOptions): TokenType {
  const made = createToken({
    name,
    pattern,
    label: options.label,
    line_breaks: false,
    ...(options.categories === undefined ? {} : { categories: options.categories }),
    ...(options.startChars === undefined ? {} : { start_chars_hint: options.startChars }),
  });
  inOrder.push(made);
  return made;
}

/** A category: no text of its own. */
function category(name: string, label: string, categories: TokenType[] = []): TokenType {
  const made = createToken({ name, pattern: Lexer.NA, label, categories });
  inOrder.push(made);
  return made;
}

// --- categories -------------------------------------------------------------------------------------------------------

/** Any word, reserved or not: names of parameters, fields, metrics, flags. */
export const Word = category('Word', 'a name');
/** A reserved word. */
export const Keyword = category('Keyword', 'a reserved word', [Word]);
/** What may stand between two operands. */
export const Operator = category('Operator', 'an operator');

// --- text and layout --------------------------------------------------------------------------------------------------

/** Blanks between tokens; a byte order mark counts as one. */
export const Blank = createToken({ name: 'Blank', pattern: /[ \t\f\v\uFEFF]+/, group: Lexer.SKIPPED });
export const Comment = createToken({ name: 'Comment', pattern: /#[^\n\r]*/, group: 'comments' });
inOrder.push(Blank, Comment);

/** Ends a statement: line ends and `;`, after the lexer has dropped those that end none. */
export const Newline = token('Newline', /\r\n|\n|\r|;/, { label: 'the end of the line' });

/**
 * A string has at most so many escapes, `${…}` and `$`: each takes room on the stack of V8's matcher, which ends behind some
 * hundred thousand.
 */
export const maxTextPieces = 1000;

/**
 * A whole string, `${…}` included; the lexer takes it apart, so that the parser never sees it. Plain characters repeat
 * outside of the alternatives: inside, each would take room on the stack of V8's matcher.
 */
export const RawText = token(
  'RawText',
  /"[^"\\\r\n$]*(?:(?:\\[^\r\n]|\$\{[^}$\r\n]*\}|\$(?!\{))[^"\\\r\n$]*){0,1000}"/,
  { label: 'a string' },
);
/** A string whose `${` is not closed before its closing quotes. */
export const BrokenText = token('BrokenText', /"[^"\\\r\n]*(?:\\[^\r\n][^"\\\r\n]*){0,1000}"/, { label: 'a string' });
/** A string that has no end on its line. */
export const OpenText = token('OpenText', /"[^\r\n]*/, { label: 'a string' });

/** The parts of a string as the parser sees it: `"…"`, or `"…${`, `}…${` and `}…"` around expressions. */
export const Text = token('Text', Lexer.NA, { label: 'a string' });
export const TextHead = token('TextHead', Lexer.NA, { label: 'a string' });
export const TextMiddle = token('TextMiddle', Lexer.NA, { label: '`}`' });
export const TextTail = token('TextTail', Lexer.NA, { label: '`}`' });
/** What the lexer has already complained about: the parser takes it for a string or a device and says nothing. */
export const MalformedText = token('MalformedText', Lexer.NA, { label: 'a string' });
export const MalformedDevice = token('MalformedDevice', Lexer.NA, { label: 'a device' });

// --- literals ---------------------------------------------------------------------------------------------------------

const digits = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];
const letters = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_'];
const hexLetters = [...'abcdefABCDEF'];

/**
 * Two colons or more, so that `60B:7` is none. The first group is hexadecimal, or missing before `::`, so that in
 * `src:2001:db8::1` the argument keeps its own colon. Groups are bounded as the pieces of a string are: each takes room on
 * the stack of V8's matcher.
 */
export const ColonAddress = token(
  'ColonAddress',
  /(?:[0-9A-Fa-f]+(?::\w*){2,1000}|::(?!:)\w*(?::\w*){0,1000})(?:\.\w+){0,1000}(?:\/\d+(?!\w))?/,
  { label: 'an address', startChars: [...digits, ...hexLetters, ':'] },
);
/** Two single dots or more. */
export const DottedAddress = token('DottedAddress', /\d\w*(?:\.\w+){2,1000}(?:\/\d+(?!\w))?/, {
  label: 'an address',
  startChars: digits,
});
export const Numeral = token('Numeral', /(?:0[xX][0-9A-Fa-f_]+|\d[\d_]*(?:\.\d[\d_]*)?)(?![\w%µμ]|\.\d)/, {
  label: 'a number',
  startChars: digits,
});
/** A number with letters or `%` behind it, a known unit or not. */
export const Quantity = token('Quantity', /\d[\w%µμ]*(?:\.\d[\w%µμ]*)?/, { label: 'a quantity', startChars: digits });

// --- words ------------------------------------------------------------------------------------------------------------

/** `tx0@1`: one token, or `-` in front of a label would be an operator. */
export const DeviceName = token('DeviceName', /[A-Za-z_]\w*@\w+/, { label: 'a device', startChars: letters });
/** `tx0@` with nothing behind it. */
export const BareDevice = token('BareDevice', /[A-Za-z_]\w*@(?!\w)/, { label: 'a device', startChars: letters });

function keyword(word: string, categories: TokenType[] = [Keyword]): TokenType {
  // Without the look-ahead `rem_device` would match the front of `rem_device_all`.
  return token(
    word.replace(/(?:^|_)(\w)/g, (_, first: string) => first.toUpperCase()),
    new RegExp(`${word}(?!\\w)`),
    {
      label: `\`${word}\``,
      categories,
    },
  );
}

export const Param = keyword('param');
export const Let = keyword('let');
export const Frame = keyword('frame');
export const For = keyword('for');
export const In = keyword('in');
export const While = keyword('while');
export const Repeat = keyword('repeat');
export const Break = keyword('break');
export const Continue = keyword('continue');
export const If = keyword('if');
export const Else = keyword('else');
export const Try = keyword('try');
export const Lab = keyword('lab');
export const Receiver = keyword('receiver');
export const Scenario = keyword('scenario');
export const AddDevice = keyword('add_device');
export const RemDeviceAll = keyword('rem_device_all');
export const RemDevice = keyword('rem_device');
export const SetDevice = keyword('set');
export const Start = keyword('start');
export const Stop = keyword('stop');
export const Reset = keyword('reset');
export const ClearCounters = keyword('clear_counters');
export const Wait = keyword('wait');
export const Stopped = keyword('stopped');
export const Until = keyword('until');
export const At = keyword('at');
export const Every = keyword('every');
export const Spawn = keyword('spawn');
export const Await = keyword('await');
export const Cancel = keyword('cancel');
export const Sync = keyword('sync');
export const Abort = keyword('abort');
export const When = keyword('when');
export const Expect = keyword('expect');
export const Print = keyword('print');
export const Fn = keyword('fn');
export const Return = keyword('return');
export const Import = keyword('import');
export const Require = keyword('require');
export const Eventually = keyword('eventually');
export const Setup = keyword('setup');
export const Teardown = keyword('teardown');
export const True = keyword('true');
export const False = keyword('false');
export const Within = keyword('within', [Keyword, Operator]);
export const LinkWord = keyword('link');
export const Show = keyword('show');

/** A name. Contextual words are names too, wherever they have no meaning of their own. */
export const Identifier = category('Identifier', 'a name', [Word]);
export const On = keyword('on', [Identifier]);
export const Cpu = keyword('cpu', [Identifier]);
export const Async = keyword('async', [Identifier]);
export const Timeout = keyword('timeout', [Identifier]);
export const Veth = keyword('veth', [Identifier]);
export const Ifb = keyword('ifb', [Identifier]);
export const Of = keyword('of', [Identifier, Operator]);
export const Step = keyword('step', [Identifier, Operator]);
export const As = keyword('as', [Identifier]);
export const Down = keyword('down', [Identifier]);
export const Up = keyword('up', [Identifier]);
export const Delete = keyword('delete', [Identifier]);
export const Rename = keyword('rename', [Identifier]);
export const PlainName = token('PlainName', /[A-Za-z_]\w*/, {
  label: 'a name',
  categories: [Identifier],
  startChars: letters,
});

// --- punctuation ------------------------------------------------------------------------------------------------------

function sign(name: string, text: string, categories: TokenType[] = []): TokenType {
  return token(name, new RegExp(text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')), { label: `\`${text}\``, categories });
}

export const OpenBrace = sign('OpenBrace', '{');
export const CloseBrace = sign('CloseBrace', '}');
export const OpenParen = sign('OpenParen', '(');
export const CloseParen = sign('CloseParen', ')');
export const OpenBracket = sign('OpenBracket', '[');
export const CloseBracket = sign('CloseBracket', ']');
export const Comma = sign('Comma', ',');
export const Colon = sign('Colon', ':');
export const Wire = sign('Wire', '<->');
export const RangeDots = sign('RangeDots', '..', [Operator]);
export const Dot = sign('Dot', '.');
export const LessEqual = sign('LessEqual', '<=', [Operator]);
export const Less = sign('Less', '<', [Operator]);
export const GreaterEqual = sign('GreaterEqual', '>=', [Operator]);
export const Greater = sign('Greater', '>', [Operator]);
export const Equal = sign('Equal', '==', [Operator]);
export const Assign = sign('Assign', '=');
export const NotEqual = sign('NotEqual', '!=', [Operator]);
export const Not = sign('Not', '!');
export const And = sign('And', '&&', [Operator]);
export const Or = sign('Or', '||', [Operator]);
export const Plus = sign('Plus', '+', [Operator]);
export const Minus = sign('Minus', '-', [Operator]);
export const Times = sign('Times', '*', [Operator]);
export const Slash = sign('Slash', '/', [Operator]);

/**
 * A run of characters that begin no token. The lexer makes one of ASCII that no pattern took, too; controls and everything
 * beyond ASCII have a pattern, since Chevrotain looks for the end of such a run character by character.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it is for.
export const Stray = token('Stray', /[\x00-\x08\x0e-\x1f\x7f-\ufefe\uff00-\uffff]+/, { label: 'text' });

/** Every token type, in the order in which the lexer tries them. */
export const tokenTypes: readonly TokenType[] = inOrder;

/** A token type's own index, as tokens have it, and of a category those of its members. */
export function indicesOf(type: TokenType): readonly number[] {
  return [type.tokenTypeIdx as number, ...(type.categoryMatches ?? [])];
}

/** What is known of token types, by their index: 0 where nothing is. Of two entries for one type the later one holds. */
export function tableOf(entries: Iterable<readonly [TokenType, number]>): Uint8Array {
  const all = [...entries].flatMap(([type, value]) => indicesOf(type).map((index) => [index, value] as const));
  const table = new Uint8Array(Math.max(...inOrder.flatMap(indicesOf)) + 1);
  for (const [index, value] of all) table[index] = value;
  return table;
}

/** The words that begin a statement, for suggestions. */
export const statementWords: readonly TokenType[] = [
  Param,
  Let,
  Frame,
  For,
  While,
  Repeat,
  Break,
  Continue,
  If,
  Try,
  Lab,
  Receiver,
  Scenario,
  AddDevice,
  RemDevice,
  RemDeviceAll,
  SetDevice,
  Start,
  Stop,
  Reset,
  ClearCounters,
  Wait,
  At,
  Every,
  Spawn,
  Await,
  Cancel,
  Sync,
  Abort,
  Expect,
  Print,
  Fn,
  Return,
  Require,
  Setup,
  Teardown,
  Import,
  LinkWord,
  Show,
];

/** The word of a keyword token type. */
export function wordOf(type: TokenType): string {
  return (type.LABEL ?? type.name).replaceAll('`', '');
}
