// SPDX-License-Identifier: Apache-2.0

import { type IToken, Lexer } from 'chevrotain';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { layOut } from '../../lang/syntax/layout.ts';
import { lex } from '../../lang/syntax/lexer.ts';
import { Scanner, tokenAt } from '../../lang/syntax/scanner.ts';
import { Stray, tokenTypes } from '../../lang/syntax/tokens.ts';
import { corpus } from '../corpus.ts';
import { images, oddities } from '../fuzz/vocabulary.ts';
import { fc } from '../laws.ts';

const test = suite('lexer');

/** Tokens as `Type:image`, space between them. */
function types(text: string): string {
  return lex(text)
    .tokens.map(({ tokenType, image }) => `${tokenType.name}:${image}`)
    .join(' ');
}

/** The images after layout; a line end shows as `|`, an inserted token as `+` and its type. */
function lines(text: string): string {
  return layOut(lex(text).tokens, text.length)
    .tokens.map(({ tokenType, image }) => {
      if (tokenType.name === 'Newline') return '|';
      return image === '' ? `+${tokenType.name}` : image;
    })
    .join(' ');
}

test('a long text is lexed as a short one, and no further than it is asked for', () => {
  const line = `"x\${n} y" # note\r\n`;
  const short = lex(line).tokens.map(({ image, startOffset }) => [image, startOffset] as const);
  for (const count of [1, 200_000]) {
    const { tokens, comments } = lex(line.repeat(count));
    assert.is(tokens.length, count * short.length);
    for (const [at, token] of tokens.entries()) {
      const [image, offset] = short[at % short.length] as (typeof short)[number];
      const expected = offset + Math.floor(at / short.length) * line.length;
      // Two million assertions take longer than the lexer.
      if (token.image !== image || token.startOffset !== expected) assert.unreachable(`token ${at}: ${token.image}`);
    }
    assert.is(comments.length, count);
    assert.is(comments.at(-1)?.startOffset, (count - 1) * line.length + line.indexOf('#'));
  }
  const some = lex(line.repeat(200_000), 10).tokens.length;
  assert.ok(some > 10 && some < 100_000 * short.length);
});

const chevrotain = new Lexer([...tokenTypes], { positionTracking: 'onlyOffset', ensureOptimizations: true });

test('Chevrotain finds no fault in the patterns', () => {
  assert.equal(chevrotain.lexerDefinitionErrors, []);
});

/** Tokens and comments as `Type@offset:image`. */
const listed = (tokens: readonly IToken[]): readonly string[] =>
  [...tokens]
    .sort((a, b) => a.startOffset - b.startOffset)
    .map(({ tokenType, startOffset, image }) => `${tokenType.name}@${startOffset}:${image}`);

/** What Chevrotain's lexer makes of a text, with what it skipped put back. */
function oracle(text: string): readonly string[] {
  const { tokens, groups, errors } = chevrotain.tokenize(text);
  const strays = errors.map(({ offset, length }) => tokenAt(Stray, text.slice(offset, offset + length), offset));
  return listed([...tokens, ...(groups.comments ?? []), ...strays]);
}

function scanned(text: string): readonly string[] {
  const comments: IToken[] = [];
  const scanner = new Scanner(text, 0, comments);
  const tokens: IToken[] = [];
  for (let token = scanner.next(); token !== null; token = scanner.next()) tokens.push(token);
  return listed([...tokens, ...comments]);
}

test('the scanner finds what Chevrotain finds by the same patterns: in every scenario there is', () => {
  for (const [name, text] of corpus()) assert.equal(scanned(text), oracle(text), name);
});

test('the scanner finds what Chevrotain finds by the same patterns: in whatever is made of their pieces', () => {
  const piece = fc.oneof(
    fc.constantFrom(...images, ...oddities),
    fc.constantFrom(...'\ufeff\t\f\v\r\n ;#"\\$&|?~^\'`@.:/<>=!-_%µμ0a9fgxXzZ\0\x7f\u00a0\ufefe\uff00\ud800'),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const text = pieces.join('');
      assert.equal(scanned(text), oracle(text));
    }),
    { numRuns: 5000 },
  );
});

const tables: readonly (readonly [string, string, string])[] = [
  ['a number', '1_000', 'Numeral:1_000'],
  ['a fraction', '1.5', 'Numeral:1.5'],
  ['hexadecimal', '0xFF', 'Numeral:0xFF'],
  ['a quantity', '250kpps', 'Quantity:250kpps'],
  ['a fraction with a unit', '0.1%', 'Quantity:0.1%'],
  ['a unit nobody knows is one token', '10foo', 'Quantity:10foo'],
  ['an exponent is one token', '1e6', 'Quantity:1e6'],
  ['bare hexadecimal is one token', '0001000a', 'Quantity:0001000a'],
  ['bad hexadecimal is one token', '0x1G', 'Quantity:0x1G'],
  ['a micro sign is part of its quantity', '5µs', 'Quantity:5µs'],
  ['a range of numbers', '0..5', 'Numeral:0 RangeDots:.. Numeral:5'],
  ['a range of fractions', '0.5..1.5', 'Numeral:0.5 RangeDots:.. Numeral:1.5'],
  ['a range of quantities', '1ms..50ms', 'Quantity:1ms RangeDots:.. Quantity:50ms'],
  ['a weight is no address', '60B:7', 'Quantity:60B Colon:: Numeral:7'],
  ['IPv4', '10.0.0.1', 'DottedAddress:10.0.0.1'],
  ['a bad IPv4 is one token', '10.0.0.300', 'DottedAddress:10.0.0.300'],
  ['three parts have the shape of IPv4', '10.0.0', 'DottedAddress:10.0.0'],
  ['a prefix', '10.0.0.0/8', 'DottedAddress:10.0.0.0/8'],
  ['a blank makes no prefix', '10.0.0.0 / 8', 'DottedAddress:10.0.0.0 Slash:/ Numeral:8'],
  ['a range of addresses', '10.0.0.1..10.0.0.9', 'DottedAddress:10.0.0.1 RangeDots:.. DottedAddress:10.0.0.9'],
  ['MAC', '02:00:00:00:00:0a', 'ColonAddress:02:00:00:00:00:0a'],
  ['a bad MAC is one token', '02:00:00:00:00:zz', 'ColonAddress:02:00:00:00:00:zz'],
  ['IPv6', '2001:db8::1', 'ColonAddress:2001:db8::1'],
  ['IPv6 that begins with colons', '::1', 'ColonAddress:::1'],
  ['IPv6 with IPv4 in it', '::ffff:10.0.0.1', 'ColonAddress:::ffff:10.0.0.1'],
  ['a range of IPv6', '2001:db8::1..2001:db8::ff', 'ColonAddress:2001:db8::1 RangeDots:.. ColonAddress:2001:db8::ff'],
  ['an IPv6 prefix', '2001:db8::/32', 'ColonAddress:2001:db8::/32'],
  ['an argument with an address behind it', 'src:::1', 'PlainName:src Colon:: ColonAddress:::1'],
  ['an argument without a blank', 'src:2001:db8::1', 'PlainName:src Colon:: ColonAddress:2001:db8::1'],
  ['the longer keyword', 'rem_device_all rem_device', 'RemDeviceAll:rem_device_all RemDevice:rem_device'],
  ['a keyword ends with its word', 'starting start_1 start', 'PlainName:starting PlainName:start_1 Start:start'],
  ['a device', 'tx0@1', 'DeviceName:tx0@1'],
  ['a device named like a keyword', 'set@0', 'DeviceName:set@0'],
  ['a member of a device', 'tx0@0.sent', 'DeviceName:tx0@0 Dot:. PlainName:sent'],
  ['the wire', 'a <-> b', 'PlainName:a Wire:<-> PlainName:b'],
  ['two-character operators', '<=>===!=&&||', 'LessEqual:<= GreaterEqual:>= Equal:== NotEqual:!= And:&& Or:||'],
  ['a comment', 'start # all\rstop', 'Start:start Newline:\r Stop:stop'],
  ['a shebang', '#!/usr/bin/env pktsh\nstart', 'Newline:\n Start:start'],
  ['a string', '"a # b"', 'Text:"a # b"'],
  ['an interpolation', `"a\${b}c"`, `TextHead:"a\${ PlainName:b TextTail:}c"`],
  ['two of them', `"\${a}\${b}"`, `TextHead:"\${ PlainName:a TextMiddle:}\${ PlainName:b TextTail:}"`],
  ['an escaped dollar', `"\\\${a}"`, `Text:"\\\${a}"`],
  ['a dollar of its own', '"5$ a"', 'Text:"5$ a"'],
  [
    'nothing in an interpolation ends the line',
    `"\${a;b}"`,
    `TextHead:"\${ PlainName:a Stray:; PlainName:b TextTail:}"`,
  ],
  ['characters of no token are one run', 'a \u00e9\u00e9 ?', 'PlainName:a Stray:\u00e9\u00e9 Stray:?'],
  ['a byte order mark', '\uFEFFstart', 'Start:start'],
];
for (const [name, text, expected] of tables) {
  test(name, () => assert.is(types(text), expected));
}

test('tokens of an interpolation stand at their own places', () => {
  const text = `print "tx0@\${first + i}"`;
  for (const { image, startOffset } of lex(text).tokens) {
    assert.is(text.slice(startOffset, startOffset + image.length), image);
  }
});

/** [name, text, code, the text under the carets] */
const mistakes: readonly (readonly [string, string, string, string])[] = [
  ['a string without end', 'print "abc\nstart', 'PG1002', '"abc'],
  ['an interpolation without end', `"a \${b"`, 'PG1003', `\${`],
  ['the second interpolation without end', `"\${a} \${b"`, 'PG1003', `\${`],
  ['quotes in an interpolation', `"a \${f("x")} b"`, 'PG1004', `\${f("x")}`],
  ['an unknown escape', '"a\\qb"', 'PG1005', '\\q'],
  ['a device without label', 'start tx0@', 'PG1006', 'tx0@'],
];
for (const [name, text, code, under] of mistakes) {
  test(name, () => {
    const told = lex(text).diagnostics.map((found) => [found.code, text.slice(found.span.start, found.span.end)]);
    assert.equal(told, [[code, under]]);
  });
}

const layouts: readonly (readonly [string, string, string])[] = [
  ['line ends and semicolons separate', 'a\nb;c', 'a | b | c'],
  ['all three line ends', 'a\nb\r\nc\rd', 'a | b | c | d'],
  ['empty statements leave nothing', ';;\n\na;\n;b;', 'a | b'],
  ['none behind or before braces', 'x {\n\na\n\n}\n', 'x { a }'],
  ['dropped in brackets', 'f(\na,\nb\n)\n[\n1\n]', 'f ( a , b ) | [ 1 ]'],
  ['dropped behind an operator', 'a /\nb +\nc &&\nd ..\ne =\nf', 'a / b + c && d .. e = f'],
  ['dropped behind a comma', 'flag A,\n!B', 'flag A , ! B'],
  ['a comment does not end the line twice', 'a / # then\nb # done\nc', 'a / b | c'],
  ['`of` and `step` may be names', 'let step = of\nstart', 'let step = of | start'],
  ['a semicolon ends even behind an operator', 'a +;b', 'a + | b'],
  ['a leading operator goes on', 'a\n/ b\n/ c', 'a / b / c'],
  ['a lone brace joins its statement', 'at 1s\n{\na\n}', 'at 1s { a }'],
  ['a lone `else` joins its block', 'if a {\nb\n}\nelse {\nc\n}', 'if a { b } else { c }'],
  ['a bracket left open ends at the next statement', 'f(1\nstart', 'f ( 1 +CloseParen | start'],
  ['an argument may be called like a statement', 'f(\nframe: 1)', 'f ( frame : 1 )'],
  ['a bracket left open ends at the brace', 'x { f(1 }', 'x { f ( 1 +CloseParen }'],
  [
    'a brace left open ends at the next scenario',
    'scenario "a" {\nb\nscenario "c" {}',
    'scenario "a" { b +CloseBrace | scenario "c" { }',
  ],
  ['a closer without partner is left out', 'a )\nb }', 'a | b'],
  ['the wrong closer counts for the right one', '[1, 2}', '[ 1 , 2 +CloseBracket'],
];
for (const [name, text, expected] of layouts) {
  test(`layout: ${name}`, () => assert.is(lines(text), expected));
}

test('a leading operator is reported once a statement', () => {
  const text = 'frame f = a\n  / b\n  / c\nlet x = 1\n + 2';
  const told = layOut(lex(text).tokens, text.length).diagnostics.map(({ code, span }) => [code, span.start]);
  assert.equal(told, [
    ['PG1103', 14],
    ['PG1103', 35],
  ]);
});

/** Longer than what V8's matcher or a spread of arguments has stack for. */
const longTexts: readonly (readonly [string, string, readonly string[]])[] = [
  ['plain characters', `"${'a'.repeat(1e7)}"`, ['Text']],
  ['escapes', `"${'\\n'.repeat(1e6)}"`, ['MalformedText']],
  ['interpolations', `"${`\${1}`.repeat(1e6)}"`, ['MalformedText']],
  ['no end', `"${'a'.repeat(1e7)}`, ['MalformedText']],
  ['characters of no token', '\0'.repeat(1e7), ['Stray']],
];
for (const [name, text, expected] of longTexts) {
  test(`a long text: ${name}`, () => {
    assert.equal(
      lex(text).tokens.map(({ tokenType }) => tokenType.name),
      expected,
    );
  });
}

test('no text stops the lexer, and every token stands where it says', () => {
  const text = fc.string({
    unit: fc.oneof(fc.constantFrom(...` \n"\${}()[]\\.:/@0a1;#%\0\ud800`), fc.string({ unit: 'binary', maxLength: 1 })),
    maxLength: 80,
  });
  fc.assert(
    fc.property(text, (written) => {
      const { tokens } = lex(written);
      for (const { image, startOffset } of tokens) {
        assert.is(written.slice(startOffset, startOffset + image.length), image);
      }
    }),
    { numRuns: 2000 },
  );
});

test('after layout brackets are in pairs and line ends stand between statements only', () => {
  const piece = fc.constantFrom(
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    '\n',
    ';',
    'a',
    'start',
    'scenario "x"',
    '/',
    ',',
    'else',
    `"\${`,
    '}"',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const text = pieces.join(' ');
      const { tokens } = layOut(lex(text).tokens, text.length);
      const open: string[] = [];
      const pairs: Record<string, string> = {
        CloseBrace: 'OpenBrace',
        CloseParen: 'OpenParen',
        CloseBracket: 'OpenBracket',
        TextTail: 'TextHead',
      };
      let before = 'OpenBrace';
      for (const { tokenType } of tokens) {
        const { name } = tokenType;
        const opener = pairs[name];
        if (opener !== undefined) assert.is(open.pop(), opener);
        else if (Object.values(pairs).includes(name)) open.push(name);
        if (name === 'Newline') assert.not(['OpenBrace', 'Newline'].includes(before));
        before = name;
      }
      assert.equal(open, []);
      assert.is.not(before, 'Newline');
    }),
    { numRuns: 2000 },
  );
});

test.run();
