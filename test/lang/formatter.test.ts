// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatWidth } from '../../lang/format/formatter.ts';
import { compile, format, parse, SourceFile } from '../../lang/index.ts';
import { lex } from '../../lang/syntax/lexer.ts';
import { corpus } from '../corpus.ts';
import { fc } from '../laws.ts';

const test = suite('formatter');

const source = (text: string) => new SourceFile('test.pg', text);

function formatted(text: string): string {
  const { text: found, diagnostics } = format(source(text));
  assert.ok(found !== null, `${text}\n${diagnostics.map(({ message }) => message).join('\n')}`);
  return found;
}

// --- the form ---------------------------------------------------------------------------------------------------------

const long = (letter: string) => letter.repeat(30);

/** Title, what is written, what it becomes; without the third it stays. */
const forms: readonly (readonly [string, string, string?])[] = [
  ['nothing', ' \n\n', ''],
  ['only a comment', '\n  #  as it is  \n', '#  as it is\n'],
  ['a byte order mark, and line ends of other systems', '\uFEFFstart\r\nstop\rreset', 'start\nstop\nreset\n'],
  ['one statement a line', 'start; wait 1s;; stop', 'start\nwait 1s\nstop\n'],
  ['one blank between tokens', 'let  x=1+2*( 3-4 )', 'let x = 1 + 2 * (3 - 4)\n'],
  ['signs stand before their operands', 'let x = - 1 - - y && ! z', 'let x = -1 - -y && !z\n'],
  ['flags that are off', 'set tx0 flag A , ! B', 'set tx0 flag A, !B\n'],
  ['calls, indexes, members', 'print min ( a ,b ) , c [ 0 ] . d', 'print min(a, b), c[0].d\n'],
  [
    'groups and lists behind words',
    'wait(a)\nfor x in[1 ,2] { print(x) }',
    'wait (a)\nfor x in [1, 2] { print (x) }\n',
  ],
  [
    'functions',
    'fn f ( n :number,gap : duration ) { return n*2 }',
    'fn f(n: number, gap: duration) { return n * 2 }\n',
  ],
  ['scenarios for values', 'scenario "x"for n in [ 1,2 ] { start }', 'scenario "x" for n in [1, 2] { start }\n'],
  ['imports', 'import  "./a.pg"  as  a', 'import "./a.pg" as a\n'],
  ['a setting is no call', 'set tx0 rate(a)', 'set tx0 rate (a)\n'],
  ['ranges', 'for i in 0 .. n - 1 { }', 'for i in 0..n - 1 { }\n'],
  ['steps', 'frame f = udp(src : 1 .. 9 step  2)', 'frame f = udp(src: 1..9 step 2)\n'],
  ['addresses keep away from what would lengthen them', 'let x = 10.0.0.1 .first', 'let x = 10.0.0.1 . first\n'],
  ['prefixes do not', 'let x = 10.0.0.0/8 .first', 'let x = 10.0.0.0/8.first\n'],
  ['arguments and IPv6 addresses', 'frame f = ipv6(dst:::1)', 'frame f = ipv6(dst: ::1)\n'],
  ['pairs', 'set tx0 imix_weights 60B : 7 ,576B:4', 'set tx0 imix_weights 60B:7, 576B:4\n'],
  ['pairs that would become addresses', 'set tx0 x 1 : ::1', 'set tx0 x 1 : ::1\n'],
  ['types', 'param p:pps', 'param p: pps\n'],
  ['links', 'lab{veth a<->b{mtu 9000B}}', 'lab { veth a <-> b { mtu 9000B } }\n'],
  ['strings', `print "  a  \${ i+1 }b\${min( 1,2 )}"`, `print "  a  \${i + 1}b\${min(1, 2)}"\n`],
  ['a string with a comment inside', `print "a \${b # c}"`],
  ['blocks on one line stay there', 'try { start; stop } else { reset }'],
  ['blocks on several lines stay there', 'try {\n  start\n}'],
  ['all blocks of a statement are alike', 'if a { start } else {\n stop }', 'if a {\n  start\n} else {\n  stop\n}\n'],
  ['else if', 'if a{}else if b{ }else{\n}', 'if a { } else if b { } else { }\n'],
  ['blocks are indented by two', 'spawn {\nspawn {\nstart\n}\n}', 'spawn {\n  spawn {\n    start\n  }\n}\n'],
  [
    'a block that does not fit on its line is broken, those inside of it are not',
    `spawn { at 1s { start; stop }; print ${long('a')}, ${long('b')}, c }`,
    `spawn {\n  at 1s { start; stop }\n  print ${long('a')}, ${long('b')}, c\n}\n`,
  ],
  [
    'at most one blank line',
    '\n\nstart\n\n\n\nstop\nspawn {\n\n  start\n\n\n  stop\n\n}\n\n',
    'start\n\nstop\nspawn {\n  start\n\n  stop\n}\n',
  ],
  ['a frame that fits', 'frame f = eth() /\n  ipv4() /\n  pktgen', 'frame f = eth() / ipv4() / pktgen\n'],
  [
    'a frame that does not',
    `frame f = eth(dst: ${long('a')}) / ipv4(src: ${long('b')}) / udp(src: ${long('c')}) / pktgen`,
    `frame f = eth(dst: ${long('a')}) /\n  ipv4(src: ${long('b')}) /\n  udp(src: ${long('c')}) /\n  pktgen\n`,
  ],
  [
    'a layer that does not fit either',
    `frame f = ipv4(a: ${long('a')}, b: ${long('b')}, c: ${long('c')}) / pktgen`,
    `frame f = ipv4(\n  a: ${long('a')},\n  b: ${long('b')},\n  c: ${long('c')}\n) /\n  pktgen\n`,
  ],
  [
    'the weakest operators break first',
    `expect ${long('a')} + 1 < ${long('b')} && ${long('c')} == 1 "l"`,
    `expect ${long('a')} + 1 < ${long('b')} &&\n  ${long('c')} == 1 "l"\n`,
  ],
  [
    'commas',
    `print ${long('a')}, ${long('b')}, ${long('c')}, 1`,
    `print ${long('a')},\n  ${long('b')},\n  ${long('c')},\n  1\n`,
  ],
  [
    'a list that is the only argument',
    `print pick([${long('a')}, ${long('b')}, ${long('c')}])`,
    `print pick([\n  ${long('a')},\n  ${long('b')},\n  ${long('c')}\n])\n`,
  ],
  [
    'comments stay where they belong',
    '# a\n\nstart   # b\n\n # c\nspawn { # d\n# e\nstop# f\n# g\n}# h\n',
    '# a\n\nstart # b\n\n# c\nspawn { # d\n  # e\n  stop # f\n  # g\n} # h\n',
  ],
  ['a comment alone in a block', 'spawn { # a\n}\nspawn {\n# b\n}', 'spawn { # a\n}\nspawn {\n  # b\n}\n'],
  [
    'comments in a frame',
    'frame f = eth() / # a\n# b\nipv4(dst: 1, # c\nsrc: 2 # d\n) / pktgen',
    'frame f = eth() / # a\n  # b\n  ipv4(\n    dst: 1, # c\n    src: 2 # d\n  ) /\n  pktgen\n',
  ],
  [
    'nothing but comments in brackets',
    'let a = [ # a\n # b\n]\nframe f = eth(\n# c\n)',
    'let a = [ # a\n  # b\n]\nframe f = eth(\n  # c\n)\n',
  ],
  [
    'what goes on behind a comment',
    'frame f = # a\n # b\n # c\neth() /\nipv4()\nlab { veth a <-> # d\nb }\nlet x = f(1 # e\n, # g\n 2 # h\n + 3 # i\n)',
    `frame f = # a
  # b
  # c
  eth() /
  ipv4()
lab {
  veth a <-> # d
    b
}
let x = f(
  1 # e
  , # g
  2 # h
    +
    3 # i
)
`,
  ],
  ['comments do not count as long', `start # ${'long '.repeat(30)}end`],
  ['a comment behind `;`', 'start; # a\nstop', 'start # a\nstop\n'],
];

for (const [title, written, wanted] of forms) {
  test(title, () => {
    const found = formatted(written);
    assert.is(found, wanted ?? `${written}\n`);
    assert.is(formatted(found), found);
  });
}

test('what has a syntax error has no form', () => {
  const { text, diagnostics } = format(source('start\nlet = 3\n'));
  assert.is(text, null);
  assert.equal(
    diagnostics.map(({ severity }) => severity),
    ['error'],
  );
});

test('mistakes that are none of syntax are no hindrance', () => {
  assert.is(formatted('rem_device   nowhere'), 'rem_device nowhere\n');
});

test('long files and deep nesting are formatted', () => {
  const deep = `${'spawn { '.repeat(150)}start${' }'.repeat(150)}`;
  assert.is(formatted(formatted(deep)), formatted(deep));
  const sum = `let x = ${Array.from({ length: 400 }, (_, at) => at).join(' + ')}`;
  assert.is(formatted(formatted(sum)), formatted(sum));
  const many = 'set tx0@0   rate 1kpps\n'.repeat(5000);
  assert.is(formatted(many), 'set tx0@0 rate 1kpps\n'.repeat(5000));
});

// --- laws -------------------------------------------------------------------------------------------------------------

/** Data without places in the text. */
function withoutSpans(data: unknown): unknown {
  return JSON.parse(
    JSON.stringify(data, (key, value) => (/^(span|operatorStart|start|end)$/.test(key) ? undefined : value)),
  );
}

const comments = (text: string) => lex(text).comments.map(({ image }) => image.trimEnd());

function assertLaws(text: string): void {
  const found = formatted(text);
  assert.is(formatted(found), found, 'idempotent');
  assert.equal(withoutSpans(parse(source(found)).file), withoutSpans(parse(source(text)).file));
  assert.equal(comments(found), comments(text));
  assert.not.match(found, /[ \t\r]\n|\n\n\n|^\n|\n\n$/);
}

/** Tokens of a program; `\n` where a line may end, `;` where it must. */
type Pieces = readonly string[];

const joined = (parts: readonly Pieces[], separator: Pieces): Pieces =>
  parts.flatMap((part, at) => (at === 0 ? part : [...separator, ...part]));

const expressions = fc.letrec<{ expression: Pieces; operand: Pieces }>((tie) => ({
  expression: fc
    .tuple(
      tie('operand'),
      fc.array(fc.tuple(fc.constantFrom('+', '-', '*', '/', '&&', '||'), tie('operand')), { maxLength: 4 }),
    )
    .map(([first, more]) => [...first, ...more.flatMap(([operator, operand]) => [operator, '\n', ...operand])]),
  operand: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc
      .constantFrom(
        '1',
        '0x1f',
        '2.5',
        '60B',
        '1%',
        '250kpps',
        '10.0.0.1',
        '10.0.0.0/8',
        'fe80::1',
        '::1',
        '1:2:3:4:5:6',
      )
      .map((image) => [image]),
    fc
      .constantFrom('x', 'timeout', 'of', 'tx0@1', 'true', '"text"', `long_${'name'.repeat(6)}`)
      .map((image) => [image]),
    tie('operand').map((operand) => ['-', ...operand]),
    tie('expression').map((inner) => ['(', '\n', ...inner, '\n', ')']),
    tie('operand').map((operand) => ['(', ...operand, ')', '.', 'first']),
    fc.array(tie('expression'), { maxLength: 4 }).map((items) => ['[', '\n', ...joined(items, [',', '\n']), '\n', ']']),
    fc.array(tie('expression'), { maxLength: 3 }).map((args) => [
      'f',
      '(',
      '\n',
      ...joined(
        args.map((arg, at) => (at % 2 === 0 ? arg : ['dst', ':', ...arg])),
        ['\n', ',', '\n'],
      ),
      '\n',
      ')',
    ]),
    tie('expression').map((index) => ['x', '[', ...index, ']', '.', 'p99']),
    tie('expression')
      .filter((inner) => !inner.some((piece) => piece.includes('"')))
      .map((inner) => [`"a \${${inner.filter((piece) => piece !== '\n').join(' ')}} b"`]),
  ),
}));

const expression = expressions.expression;

const programs = fc.letrec<{ statement: Pieces; block: Pieces }>((tie) => ({
  block: fc
    .array(tie('statement'), { maxLength: 3 })
    .map((statements) => ['{', '\n', ...joined(statements, [';']), '\n', '}']),
  statement: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    fc.constantFrom(
      ['start'],
      ['stop', 'tx0', ',', '\n', 'tx1'],
      ['await'],
      ['rem_device_all', 'on', 'cpu', '1', 'async'],
    ),
    expression.map((value) => ['let', 'x', '=', '\n', ...value]),
    fc
      .tuple(expression, expression)
      .map(([actual, target]) => ['expect', ...actual, 'within', '\n', '1%', 'of', ...target, '"label"']),
    fc.array(expression, { minLength: 1, maxLength: 3 }).map((values) => ['print', ...joined(values, [',', '\n'])]),
    fc
      .tuple(expression, expression)
      .map(([a, b]) => [
        'set',
        'tx0',
        '{',
        '\n',
        'rate',
        ...a,
        ';',
        'flag',
        '!',
        'A',
        ',',
        '\n',
        '60B',
        ':',
        '7',
        ';',
        'x',
        ...b,
        '\n',
        '}',
      ]),
    fc
      .tuple(expression, tie('block'), tie('block'))
      .map(([condition, a, b]) => ['if', ...condition, ...a, 'else', ...b]),
    tie('block').map((block) => ['let', 'job', '=', 'spawn', ...block]),
    fc.tuple(expression, tie('block')).map(([over, block]) => ['for', 'i', 'in', ...over, ...block]),
    fc.constant(['lab', '{', '\n', 'veth', 'a', '<->', '\n', 'b', ';', 'ifb', 'c', '\n', '}']),
  ),
}));

/** Pieces as text: `choices` say how many blanks, line ends and comments stand where they may. */
function written(pieces: Pieces, choices: readonly number[]): string {
  let at = 0;
  const choice = () => choices[at++ % choices.length] as number;
  const gap = () => ['\n', '\n\n\n', ' # a comment\n', '\n  # alone\n\n', '', '', ''][choice() % 7] as string;
  return pieces
    .map((piece) => {
      if (piece === '\n') return gap();
      if (piece === ';') return `${choice() % 2 === 0 ? ';' : '\n'}${gap()}`;
      return `${piece}${' '.repeat(1 + (choice() % 3))}`;
    })
    .join('');
}

test('any program: idempotent, meaning kept, comments kept', () => {
  const choices = fc.array(fc.nat(41), { minLength: 1, maxLength: 60 });
  const statements = fc.array(programs.statement, { maxLength: 4 });
  fc.assert(
    fc.property(statements, choices, (pieces, chosen) => {
      assertLaws(written(joined(pieces, [';']), chosen));
    }),
    { numRuns: 200 },
  );
});

test('every file and example: idempotent, meaning kept, comments kept', () => {
  const texts = corpus();
  assert.ok(texts.length > 30);
  for (const [name, text] of texts) {
    if (format(source(text)).text === null) {
      assert.match(name, /scenarios\/(?:errors|three)\/|grammar\.md/);
      continue;
    }
    assertLaws(text);
    const [before, after] = [compile(source(text)).program, compile(source(formatted(text))).program];
    // The conditions' texts are as written, line ends and all.
    const meaning = (program: typeof before) =>
      JSON.stringify(withoutSpans({ ...program, source: null })).replace(/(\\n|\s)+/g, ' ');
    assert.is(meaning(after), meaning(before), name);
  }
});

test('no line is longer than it must be', () => {
  for (const [name, text] of corpus()) {
    const found = format(source(text)).text ?? '';
    for (const line of found.split('\n')) {
      const bare = line.replace(/ *#.*$/, '');
      assert.ok(bare.length <= formatWidth, `${name}: ${line}`);
    }
  }
});

test.run();
