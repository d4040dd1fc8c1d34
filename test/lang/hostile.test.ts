// SPDX-License-Identifier: Apache-2.0
//
// Texts that nobody writes and some program makes. None of them may be a defect of ours, take for ever or be answered with
// more than a page. How long each takes is the fuzzer's business; here a hang is one of the whole file.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { maxMessageLength } from '../../lang/diagnostics/diagnostic.ts';
import { maxSuggested } from '../../lang/diagnostics/suggest.ts';
import { maxImportDepth, maxImports } from '../../lang/imports.ts';
import { compile, format, type ImportReader, renderAll, SourceFile } from '../../lang/index.ts';
import { maxDepth, maxElements } from '../../lang/syntax/expressions.ts';
import { maxNesting } from '../../lang/syntax/layout.ts';
import { maxTextLength } from '../../lang/syntax/literals.ts';
import { maxStatements, maxTokens } from '../../lang/syntax/parser.ts';
import { maxOperators } from '../../lang/syntax/precedence.ts';
import { maxMistakes } from '../../lang/syntax/recovery.ts';
import { maxTextPieces } from '../../lang/syntax/tokens.ts';
import { assertLanguageLaws } from '../fuzz/laws.ts';

const test = suite('hostile texts');

const codes = (text: string, read?: ImportReader): readonly string[] =>
  compile(new SourceFile('test.pg', text), read).diagnostics.map(({ code }) => code);
const messages = (text: string): readonly string[] =>
  compile(new SourceFile('test.pg', text)).diagnostics.map(({ message }) => message);

// --- nesting ----------------------------------------------------------------------------------------------------------

const lab = 'lab { veth tx0 <-> rx0 }\n';
/** What nests: what stands before, what opens, what is inside, what closes. */
const nests: readonly (readonly [string, string, string, string])[] = [
  ['print ', '(', '1', ')'],
  ['print ', '[', '1', ']'],
  ['print ', 'min(1, ', '1', ')'],
  ['print ', '-', '1', ''],
  ['print ', '!', 'true', ''],
  ['', 'spawn { ', 'sync', ' }'],
  ['', 'if true { ', 'sync', ' }'],
  ['', 'try { ', 'sync', ' } else { sync }'],
  ['', 'while false { ', 'sync', ' }'],
  ['', 'at 1s { ', 'sync', ' }'],
  ['', 'every 1s { ', 'sync', ' }'],
  ['', 'repeat 1 { ', 'sync', ' }'],
  ['', 'if true { sync } else ', 'if false { sync }', ''],
  [`${lab}frame f = eth(dst: rx0.mac) / `, '(', 'ipv4()', ')'],
];
for (const [before, open, inside, close] of nests) {
  test(`${open.trim()} nests to the limit, and beyond it is one mistake`, () => {
    const nested = (depth: number) => `${before}${open.repeat(depth)}${inside}${close.repeat(depth)}`;
    assertLanguageLaws(nested(maxNesting - 2));
    assert.not.ok(codes(nested(maxNesting - 2)).includes('PG1108'));
    for (const depth of [maxNesting + 2, 100 * maxNesting]) assert.equal(codes(nested(depth)), ['PG1108']);
  });
}

test('brackets and operators in them are bounded together', () => {
  const nested = (depth: number, width: number): string =>
    depth === 0 ? '1' : `(${nested(depth - 1, width)}${' + 1'.repeat(width)})`;
  const signed = (depth: number, width: number): string =>
    depth === 0 ? '1' : `${'-'.repeat(width)}(${signed(depth - 1, width)})`;
  for (const [depth, width] of [
    [2, 499],
    [6, 499],
    [190, 3],
    [190, 190],
  ] as const) {
    assert.equal(codes(`print ${nested(depth, width)}`), ['PG1108']);
    assert.equal(codes(`print "\${${nested(depth, width)}}"`), ['PG1108']);
  }
  assert.equal(codes(`print ${signed(190, 190)}`), ['PG1108']);
  // As deep as it may be, within blocks as deep as they may be.
  const inside = (value: string) => `${'if true {\n'.repeat(150)}print ${value}\n${'}\n'.repeat(150)}`;
  for (const value of [nested(1, 499), nested(2, 340), nested(49, 12), signed(3, 199)]) {
    assertLanguageLaws(inside(value));
    assert.equal(codes(inside(value)), []);
    const read: ImportReader = () => ({ ok: true, name: 'a', text: `fn f() { print ${value} }` });
    assert.equal(compile(new SourceFile('test.pg', 'import "a" as a\na.f()'), read).diagnostics, []);
  }
  // What is side by side is not deep.
  for (const value of [`[${'1 + 2 * 3, '.repeat(2000)}1]`, Array(maxOperators).fill('-min(1, 2)').join(' + ')]) {
    assert.equal(codes(`let x = ${value}`), []);
  }
});

test('what nests and never ends is told in a page', () => {
  for (const open of ['(', '[', '{', 'spawn {', 'if true {\n', '"${']) {
    const text = open.repeat(50_000);
    const { diagnostics, source } = compile(new SourceFile('test.pg', text));
    assert.ok(diagnostics.length > 0);
    assert.ok(renderAll(diagnostics.slice(0, 1), source).length < 2000, open);
    assert.ok(diagnostics.length <= maxMistakes + 1, open);
  }
});

// --- limits -----------------------------------------------------------------------------------------------------------

/** The limit, what lies within it, and what exceeds it by one. */
const limits: readonly (readonly [string, number, (count: number) => string])[] = [
  ['nesting', maxNesting, (count) => `print ${'('.repeat(count)}1${')'.repeat(count)}`],
  ['the number of operators in an expression', maxOperators, (count) => `let x = 1${' + 1'.repeat(count)}`],
  [
    'the depth of an expression',
    maxDepth,
    (count) => `print (1${' + 1'.repeat(399)})${' + 1'.repeat(Math.max(0, count - 401))}`,
  ],
  ['the number of elements in a list', maxElements, (count) => `let x = [${'1, '.repeat(count - 1)}1]`],
  ['the number of escapes and values in a string', maxTextPieces, (count) => `print "${'\\n'.repeat(count)}"`],
  [
    'the number of escapes and values in a string',
    maxTextPieces,
    (count) => `let x = 1\nprint "${`\${x}`.repeat(count)}"`,
  ],
  ['the number of statements in a file', maxStatements, (count) => 'sync\n'.repeat(count)],
];
for (const [what, limit, written] of limits) {
  test(`${what} is limited to ${limit}: ${written(1).split('\n').at(-1)}`, () => {
    assert.equal(messages(written(limit)), []);
    assert.equal(messages(written(limit + 1)), [`${what} is limited to ${limit}`]);
  });
}

test('many misspelt names beside many right ones', () => {
  const many = (line: (at: number) => string) => Array.from({ length: 20_000 }, (_, at) => line(at)).join('\n');
  const made = (at: number) => `add_device "tx0@a\${elapsed / 1s}x${at}" on cpu 0 { count 1 }`;
  for (const [right, wrong, told] of [
    [(at: number) => `let abcdef${at} = 1`, (at: number) => `print abcdeg${at}`, 20_000],
    [(at: number) => `fn abcdef${at}() { return 1 }`, (at: number) => `print abcdeg${at}()`, 20_000],
    [(at: number) => `add_device tx0@a${at} on cpu 0 { count 1 }`, (at: number) => `start tx0@b${at}`, 20_000],
    // Of so many names that are put together, any may come to be that one.
    [made, (at: number) => `start tx0@b${at}`, 0],
  ] as const) {
    const { diagnostics } = compile(new SourceFile('test.pg', `${lab}${many(right)}\n${many(wrong)}`));
    assert.is(diagnostics.length, told, wrong(1));
    assert.ok(diagnostics.filter(({ hints }) => hints.length > 0).length <= maxSuggested, wrong(1));
  }
});

test('a word of a megabyte is not told in full', () => {
  const [digits, letters] = ['9'.repeat(2 ** 20), 'x'.repeat(2 ** 20)];
  for (const text of [
    `print ${digits}`,
    `print ${letters}`,
    `${letters} = 1`,
    `print tx0.${letters}`,
    `print ${digits}zz`,
  ]) {
    const { diagnostics } = compile(new SourceFile('test.pg', text));
    assert.ok(diagnostics.length > 0, text.slice(0, 20));
    for (const { message, hints } of diagnostics) {
      for (const told of [message, ...hints]) assert.ok(told.length <= maxMessageLength, text.slice(0, 20));
    }
  }
});

test('words and signs are limited together, before anything is read', () => {
  assert.equal(messages('(;'.repeat(maxTokens / 2 + 1)), [
    `the number of words and signs in a file is limited to ${maxTokens}`,
  ]);
  assert.is(format(new SourceFile('test.pg', '(;'.repeat(maxTokens))).text, null);
});

test('a file with more mistakes than anybody mends is told the first', () => {
  for (const line of ['foo bar\n', 'let = 3\n', 'é\n', 'print "\\q"\n', '"\n']) {
    const found = codes(line.repeat(5 * maxMistakes));
    assert.is(found.length, maxMistakes + 1, line);
    assert.is(found.at(-1), 'PG1114', line);
    assert.not.ok(codes(line.repeat(maxMistakes)).includes('PG1114'), line);
  }
});

test('a string that a program makes is no longer than the limit', () => {
  const text = (length: number) => `let x = "${'a'.repeat(length)}"\nprint "\${x}b"`;
  assert.equal(codes(text(maxTextLength - 1)), []);
  assert.equal(codes(`print "${'a'.repeat(maxTextLength + 1)}\${1}"`), ['PG2310']);
});

test('imports have a depth and a number', () => {
  const chain: ImportReader = (path) => ({ ok: true, name: path, text: `import "${Number(path) + 1}" as a` });
  assert.equal(codes('import "0" as a', chain), ['PG3205']);
  const short: ImportReader = (path) => ({
    ok: true,
    name: path,
    text: Number(path) < maxImportDepth - 1 ? `import "${Number(path) + 1}" as a` : '',
  });
  assert.equal(codes('import "0" as a', short), []);
  const empty: ImportReader = (path) => ({ ok: true, name: path, text: '' });
  const many = (count: number) => Array.from({ length: count }, (_, at) => `import "${at}" as a${at}\n`).join('');
  assert.equal(codes(many(maxImports), empty), []);
  assert.equal(codes(many(maxImports + 1), empty), ['PG3205']);
});

test('a loop as C writes it is one mistake, and its hint a range', () => {
  const hint = (head: string) => {
    const { diagnostics } = compile(new SourceFile('test.pg', `for (${head}) { sync }`));
    return diagnostics.map(({ code, hints }) => `${code} ${hints[0]?.replace(/ \{.*/, '').slice(1)}`);
  };
  assert.equal(hint('i = 0; i < 1_000; i++'), ['PG1113 for i in 0..999']);
  assert.equal(hint('i = 0; i < 2.5; i++'), ['PG1113 for i in 0..LAST']);
  assert.equal(hint('i = 1 + 1; i < 2 * 3; i++'), ['PG1113 for i in FIRST..LAST']);
  assert.equal(hint('} = 0; i < 3; i++'), ['PG1113 for NAME in 0..2']);
});

const lines = (count: number, line: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => line(at)).join('');

test('what functions add is taken over once, whoever calls whom', () => {
  const calls = (at: number) => lines(at, (one) => `f${one}(); `);
  const text = lines(40, (at) => `fn f${at}() { ${at === 0 ? 'set tx@0 rate 1kpps' : calls(at)} }\n`);
  assert.equal(codes(`${text}f39()\n`), ['PG3004']);
});

test('names that are put together of many values are matched without trying again', () => {
  const device = (pattern: string, name: string) =>
    `let i = 1\nadd_device "${pattern}" on cpu 0 { dst_mac 02:00:00:00:00:01 }\nset ${name} rate 1kpps\n`;
  assert.equal(codes(device(`${`\${i}x`.repeat(100)}y`, 'x'.repeat(5000))), ['PG3004']);
  assert.equal(codes(device(`${`\${i}x`.repeat(100)}y`, `${'x'.repeat(5000)}y`)), []);
});

test('flags on as many lines as there are statements', () => {
  const text = `add_device t@0 on cpu 0 {\ndst_mac 02:00:00:00:00:01\nudp_src_min 1\nudp_src_max 9\n`;
  assert.equal(codes(`${text}${'flag UDPSRC_RND\n'.repeat(40_000)}}\n`), []);
});

test('two names of a file that cannot be read are silent alike', () => {
  const broken: ImportReader = () => ({ ok: true, name: 'lib.pg', text: 'let = 3\n' });
  assert.equal(codes('import "a" as a\nimport "a" as b\nprint a.x, b.x\n', broken), ['PG1101']);
});

// --- characters -------------------------------------------------------------------------------------------------------

const odd = [
  '\0',
  '\u001b',
  '\u007f',
  '\u0085',
  '\u00a0',
  '\u2028',
  '\u2029',
  '\u202e',
  '\ufeff',
  '\ufffd',
  '\ud800',
  '\udfff',
  '😀',
  'e\u0301',
  '\v',
  '\f',
];
test('odd characters anywhere keep every law', () => {
  for (const one of odd) {
    for (const text of [
      one,
      `print 1${one}print 2`,
      `print "${one}"`,
      `print "a \${1${one}} b"`,
      `# ${one}\nsync`,
      `let x${one} = 1`,
      `sync${one}\nsync`,
      `set tx0@${one}0 rate 1kpps`,
    ]) {
      assertLanguageLaws(text);
    }
  }
});

test('only line feeds and carriage returns end lines', () => {
  for (const end of ['\n', '\r\n', '\r']) assert.equal(codes(`sync${end}sync # x${end}sync${end}`), []);
  for (const none of ['\u0085', '\u2028', '\u2029', '\v', '\f']) {
    assert.is(compile(new SourceFile('test.pg', `# a${none}foo bar`)).diagnostics.length, 0, 'still the comment');
  }
});

test('a byte order mark counts as a blank', () => {
  assert.equal(codes('\ufeffsync'), []);
});

// --- sizes ------------------------------------------------------------------------------------------------------------

const megabytes = (text: string) => text.repeat(Math.ceil((10 * 2 ** 20) / text.length));
/** As many groups as V8's matcher has no stack for. */
const groups = 4_000_000;
const large: readonly (readonly [string, string, readonly string[]])[] = [
  ['a comment', `#${megabytes('x')}`, []],
  ['empty lines', megabytes('\n'), ['PG1108']],
  ['one name', megabytes('a'), ['PG1102']],
  ['one number', `print ${megabytes('1')}`, ['PG2002']],
  ['one address with colons', `print ${'1:'.repeat(groups)}`, ['PG1101']],
  ['one address with points', `print ${'1.'.repeat(groups)}1`, ['PG1101']],
  ['one address that begins with colons', `print ::${'1:'.repeat(groups)}`, ['PG1101']],
  ['one string', `print "${megabytes('a')}"`, ['PG2310']],
  ['a string of values', `print "${megabytes(`\${x}`)}"`, ['PG1108']],
  ['NUL bytes', megabytes('\0'), ['PG1001']],
  ['one expression', `print ${megabytes('1 + ')}1`, ['PG1108']],
  ['one list', `print [${megabytes('1, ')}1]`, ['PG1108']],
  ['one line of statements', megabytes('sync; '), ['PG1108']],
  ['valid statements', megabytes('set tx0@0 rate 1kpps\n'), ['PG1108']],
  ['garbage', megabytes('foo bar (\n'), ['PG1108']],
];
for (const [title, text, wanted] of large) {
  test(`10 MB: ${title}`, () => {
    const { diagnostics, source } = compile(new SourceFile('test.pg', text));
    assert.equal(
      diagnostics.map(({ code }) => code),
      wanted,
    );
    assert.ok(renderAll(diagnostics, source).length < 50_000_000);
  });
}

test.run();
