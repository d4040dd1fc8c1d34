// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SourceFile } from '../../lang/source.ts';
import { Grammar } from '../../lang/syntax/grammar.ts';
import { maxNesting } from '../../lang/syntax/layout.ts';
import { type Parsed, parse } from '../../lang/syntax/parser.ts';
import { maxOperators } from '../../lang/syntax/precedence.ts';
import { fc } from '../laws.ts';
import { treeText } from './tree-text.ts';

const test = suite('parser');

const read = (text: string): Parsed => parse(new SourceFile('test.pg', text));

const tree = (text: string) => treeText(read(text).file.statements);

// --- the tables -------------------------------------------------------------------------------------------------------

test('Chevrotain finds no ambiguity and no left recursion in the grammar', () => {
  assert.not.throws(() => new Grammar(true));
});

const expressions: readonly (readonly [string, string, string])[] = [
  ['products before sums', '1 + 2 * 3 - 4', '(- (+ 1 (* 2 3)) 4)'],
  ['quotients group to the left', 'a / b / c', '(/ (/ a b) c)'],
  ['logic is weakest', '!a && b || c == d', '(|| (&& (! a) b) (== c d))'],
  ['comparisons of sums', 'a + 1 < b * 2', '(< (+ a 1) (* b 2))'],
  ['a range is weaker than arithmetic', '0..n - 1', '(.. 0 (- n 1))'],
  ['a range with a step', '0..10 step 2 + 1', '(.. 0 10 step (+ 2 1))'],
  ['within and logic', 'a within 1% of b * 2 && c', '(&& (within a 1% (* b 2)) c)'],
  ['within of sums', 'a + b within 10us of c', '(within (+ a b) 10us c)'],
  ['signs', '-a * -2', '(* (- a) (- 2))'],
  ['chains of signs', '!!a', '(! (! a))'],
  ['signs are weaker than members', '-a.b', '(- (. a b))'],
  ['groups are kept', '(a + b) * c', '(* (group (+ a b)) c)'],
  ['members', 'tx0.gap.p99', '(. (. tx0 gap) p99)'],
  ['members called like statements', 'tx0.rate + x.frame.start', '(+ (. tx0 rate) (. (. x frame) start))'],
  ['a device is one name', 'tx0@1.sent', '(. tx0@1 sent)'],
  ['calls and indexes', 'rx0.from(tx0@0).lost + cpus[i]', '(+ (. (call (. rx0 from) tx0@0) lost) (at cpus i))'],
  ['a text before a member', '"tx0@0".sent', "(. 'tx0@0' sent)"],
  ['named arguments, also reserved words', 'f(frame: 1, of: 2, 3)', '(call f frame:1 of:2 3)'],
  [
    'an argument without blanks',
    'ipv4(src:10.0.0.1,dst:10.0.0.2..10.0.0.9)',
    '(call ipv4 src:<ipv4 10.0.0.1> dst:(.. <ipv4 10.0.0.2> <ipv4 10.0.0.9>))',
  ],
  [
    'layers',
    'eth() / ipv4(src: random(10.0.0.0/8)) / pktgen',
    '(/ (/ (call eth) (call ipv4 src:(call random <ipv4 10.0.0.0/8>))) pktgen)',
  ],
  ['addresses', '[02:00:00:00:00:01, ::1, 2001:db8::/32]', '[<mac 02:00:00:00:00:01> <ipv6 ::1> <ipv6 2001:db8::/32>]'],
  ['a range of IPv6', '2001:db8::1..2001:db8::ff', '(.. <ipv6 2001:db8::1> <ipv6 2001:db8::ff>)'],
  ['empty list and call', 'f([])', '(call f [])'],
  ['interpolation', `"a\${b + 1}c\${d}"`, "'a{(+ b 1)}c{d}'"],
  ['escapes', '"a\\"\\\\\\n\\$x"', "'a\"\\\n$x'"],
  ['contextual words are names', 'on + cpu * of', '(+ on (* cpu of))'],
  ['lines go on behind operators and in brackets', 'a /\n  b +\n  f(\n 1,\n 2\n)', '(+ (/ a b) (call f 1 2))'],
];
for (const [name, text, expected] of expressions) {
  test(`expression: ${name}`, () => {
    const { diagnostics } = read(`let x = ${text}`);
    assert.equal(diagnostics, []);
    assert.is(tree(`let x = ${text}`), `(let x ${expected})`);
  });
}

const statements: readonly (readonly [string, string, string])[] = [
  ['param', 'param load = 250kpps "offered"', "(param load - 250kpps 'offered')"],
  ['param with a type', 'param dev: interface "sends"', "(param dev interface - 'sends')"],
  ['param with all', 'param tx: interface = "eth2" "x"', "(param tx interface 'eth2' 'x')"],
  ['let and assignment', 'let a = 1; a = a + 1', '(let a 1) (assign a (+ a 1))'],
  ['let of a device', 'let d = add_device tx0 on cpu 0 { rate 1pps }', '(let d (add_device tx0 0 {rate=1pps}))'],
  ['let of a grace period', 'let g = rem_device tx0@1 async', '(let g (rem_device tx0@1 async))'],
  [
    'let of jobs',
    'let a = spawn { stop }\nlet b = every 1ms { stop }\nlet c = at 1s { stop }',
    '(let a (spawn {(stop)})) (let b (every 1ms {(stop)})) (let c (at 1s {(stop)}))',
  ],
  ['frame', 'frame probe = eth() /\n  udp(dst: 9)', '(frame probe (/ (call eth) (call udp dst:9)))'],
  ['for', 'for i in 0..1 { start }', '(for i (.. 0 1) {(start)})'],
  [
    'functions',
    'fn f(n: number, gap: duration) { return n }\nf(1, 2s)\nlib.f()',
    '(fn f n: number gap: duration {(return n)}) (call f 1 2s) (call (. lib f))',
  ],
  ['imports', 'import "./a.pg" as lib', "(import './a.pg' lib)"],
  ['scenarios for values', 'scenario "s" for n in [1, 2] { stop }', "(scenario 's' n [1 2] {(stop)})"],
  ['setup and teardown', 'setup { start }\nteardown { stop }', '(setup {(start)}) (teardown {(stop)})'],
  ['require and eventually', 'require a "x"\nexpect eventually b timeout 1s', "(require a 'x') (expect b - 1s)"],
  [
    'while, repeat, break, continue',
    'while true { break }\nrepeat 3 { continue }',
    '(while true {break}) (repeat 3 {continue})',
  ],
  ['if chain', 'if a { start } else if b { stop } else { reset }', '(if a {(start)} (if b {(stop)} {(reset)}))'],
  [
    'if chain over lines',
    'if a {\n start\n} else if b {\n stop\n}\nreset',
    '(if a {(start)} (if b {(stop)} -)) (reset)',
  ],
  ['try', 'try { stop } else { print error }', '(try {(stop)} {(print error)})'],
  ['try alone', 'try { stop }', '(try {(stop)} -)'],
  ['lab', 'lab { veth tx0 <-> rx0 { mtu 9000B }; ifb sink0 }', '(lab (veth tx0 rx0 {mtu=9000B}) (ifb sink0 {}))'],
  ['receiver', 'receiver rx0', '(receiver rx0 - {})'],
  [
    'receiver in full',
    'receiver sink on rx0 { settle 2s; expects tx0@0 }',
    '(receiver sink rx0 {settle=2s expects=tx0@0})',
  ],
  ['scenario', 'scenario "a b" {\n  start\n}', "(scenario 'a b' {(start)})"],
  [
    'add_device',
    `add_device "tx0@\${i}" on cpu i + 1 {\n frame probe\n rate 2 * load\n}`,
    "(add_device 'tx0@{i}' (+ i 1) {frame=probe rate=(* 2 load)})",
  ],
  [
    'settings of several values',
    'set x { flag UDPSRC_RND, !SHARED; imix_weights 60B:7, 576B:4; mpls 0x1, 0x2; pause }',
    '(set x {flag=UDPSRC_RND,(! SHARED) imix_weights=(: 60B 7),(: 576B 4) mpls=0x1,0x2 pause=})',
  ],
  [
    'settings of reserved words',
    'set x { frame frame; flag start, IPV6; late skip }',
    '(set x {frame=frame flag=start,IPV6 late=skip})',
  ],
  ['set, short', 'set tx0@1, tx0@2 rate 2 * load', '(set tx0@1,tx0@2 short {rate=(* 2 load)})'],
  ['rem_device', 'rem_device tx0, "eth0.100@0" async', "(rem_device tx0,'eth0.100@0' async)"],
  [
    'rem_device_all',
    'rem_device_all; rem_device_all on cpu 1; rem_device_all async; rem_device_all on cpu 1 async',
    '(rem_device_all -) (rem_device_all 1) (rem_device_all - async) (rem_device_all 1 async)',
  ],
  [
    'control',
    'start; start tx0, tx1; stop devices; reset; clear_counters tx0@1',
    '(start) (start tx0,tx1) (stop devices) (reset) (clear_counters tx0@1)',
  ],
  [
    'wait',
    'wait 2s; wait stopped; wait stopped timeout 5s; wait until a > 0 timeout 1s',
    '(wait 2s) (wait_stopped -) (wait_stopped 5s) (wait_until (> a 0) 1s)',
  ],
  [
    'at and every',
    'at 1s { set x rate 1pps } ; every 100ms { print a, "b" }',
    "(at 1s {(set x short {rate=1pps})}) (every 100ms {(print a, 'b')})",
  ],
  ['jobs', 'await; await g; cancel m; sync; sync timeout 1s', '(await -) (await g) (cancel m) (sync -) (sync 1s)'],
  [
    'verdicts',
    'abort when a > 1; expect a == b "label"; expect a within 1% of b',
    "(abort_when (> a 1)) (expect (== a b) 'label') (expect (within a 1% b) -)",
  ],
  [
    'one line',
    'lab { veth a <-> b }; receiver b; add_device a on cpu 0 { dst_mac b.mac; count 1000 }; start; wait stopped',
    '(lab (veth a b {})) (receiver b - {}) (add_device a 0 {dst_mac=(. b mac) count=1000}) (start) (wait_stopped -)',
  ],
  [
    'a comment behind anything',
    '#!/usr/bin/env pktsh\nlet a = [ # list\n 1, # one\n 2 ] # end\n# done',
    '(let a [1 2])',
  ],
  ['carriage returns as a shell sends them', 'at 1s { # now\r  start\r}\rstop', '(at 1s {(start)}) (stop)'],
  ['nothing', ' \n # only a comment\n;;', ''],
];
for (const [name, text, expected] of statements) {
  test(`statement: ${name}`, () => {
    assert.equal(read(text).diagnostics, []);
    assert.is(tree(text), expected);
  });
}

/** [name, text, `CODE text under the carets` of each diagnostic, the tree that is left] */
const mistakes: readonly (readonly [string, string, readonly string[], string])[] = [
  ['an unknown statement', 'rem_devices tx0\nstart', ['PG1102 rem_devices'], '? (start)'],
  ['a value is missing', 'let x =\nstart', ['PG1101 start'], '(let x ?)'],
  ['a name is missing', 'let = 4\nlet y = 5', ['PG1101 ='], '? (let y 5)'],
  ['a reserved word as a name', 'let start = 5\nfor set in a { stop }', ['PG1111 start', 'PG1111 set'], '? ?'],
  ['too much on a line', 'start a b\nstop', ['PG1101 b'], '(start a) (stop)'],
  [
    'a header does not hide its block',
    'for i in { start x y }\nat { stop }',
    ['PG1101 {', 'PG1101 y', 'PG1101 {'],
    '(for i ? {(start x)}) (at ? {(stop)})',
  ],
  [
    'a bad scenario name does not hide the scenario',
    'scenario foo {\n  start\n}',
    ['PG1101 foo'],
    "(scenario '{?}' {(start)})",
  ],
  ['add_device without `on`', 'add_device tx0 cpu 0 { rate 5pps }', ['PG1101 cpu'], '(add_device tx0 ? {rate=5pps})'],
  [
    'a bad setting among good ones',
    'set x { rate 5 5; = 3; count 1 }',
    ['PG1101 5', 'PG1101 ='],
    '(set x {rate=5 count=1})',
  ],
  [
    'a bad link among good ones',
    'lab {\n veth a - b\n foo c\n ifb d\n}',
    ['PG1101 -', 'PG1101 foo'],
    '(lab (ifb d {}))',
  ],
  [
    'a missing brace explains the stray one',
    'for i in 0..1\n  start\n}\nstop',
    ['PG1101 '],
    '(for i (.. 0 1) {(start)}) (stop)',
  ],
  ['a stray brace before a missing one stays', 'start }\nspawn stop', ['PG1107 }', 'PG1101 stop'], '(start) ?'],
  [
    'a leading slash',
    'frame f = eth()\n  / ipv4()\n  / udp()\nstart',
    ['PG1103 /'],
    '(frame f (/ (/ (call eth) (call ipv4)) (call udp))) (start)',
  ],
  ['`else` on its own line', 'if a {\n}\nelse {\n stop\n}', ['PG1104 else'], '(if a {} {(stop)})'],
  ['`else` behind what takes none', 'spawn {\n}\nelse {\n stop\n}\nreset', ['PG1104 else'], '(spawn {}) (reset)'],
  ['`{` on its own line', 'at 1s\n{\n stop\n}', ['PG1105 {'], '(at 1s {(stop)})'],
  [
    'a parenthesis left open',
    'let x = f(1, 2\nstart\nlet y = [1\nz = 2',
    ['PG1106 (', 'PG1106 ['],
    '(let x (call f 1 2)) (start) (let y [1]) (assign z 2)',
  ],
  [
    'a brace left open',
    'scenario "a" {\n start\nscenario "b" {\n stop\n}',
    ['PG1106 {'],
    "(scenario 'a' {(start)}) (scenario 'b' {(stop)})",
  ],
  ['mismatched brackets', 'let x = [1, 2)\nstart', ['PG1107 )'], '(let x [1 2]) (start)'],
  ['chained comparisons', 'expect a < b < c\nstart', ['PG1109 <'], '(expect ? -) (start)'],
  ['chained ranges', 'for i in 1..2..3 { stop }', ['PG1109 ..'], '(for i ? {(stop)})'],
  ['chained within', 'expect a within 1% of b within 2% of c', ['PG1109 within'], '(expect ? -)'],
  ['within without of', 'expect a within 1%', ['PG1112 '], '(expect ? -)'],
  ['of without within', 'expect a of b', ['PG1110 of'], '(expect ? -)'],
  ['a step without a range', 'let x = a step 2', ['PG1110 step'], '(let x ?)'],
  ['a call of no function', 'let x = 1(2)', ['PG1101 1'], '(let x ?)'],
  ['wait until without timeout', 'wait until a', ['PG1101 '], '(wait_until a -)'],
  ['wait for nothing', 'wait\nstart', ['PG1101 '], '? (start)'],
  ['an equals sign in a setting', 'set x rate = 5', ['PG1101 ='], '(set x short {rate=})'],
  ['an unknown character', 'let x = \u00e9\nlet y = ?', ['PG1001 \u00e9', 'PG1001 ?'], '(let x ?) (let y ?)'],
  ['a string left open', 'print "abc\nstart', ['PG1002 "abc'], "(print '{?}') (start)"],
  ['a string left open before a block', 'scenario "abc {\n start\n}', ['PG1002 "abc {'], "(scenario '{?}' {(start)})"],
  ['a string broken inside', `let x = "a \${b" + 1`, [`PG1003 \${`], "(let x (+ '{?}' 1))"],
  ['an empty interpolation', `print "\${}"`, ['PG1101 }"'], '?'],
  ['two values in an interpolation', `print "\${a b}"\nstart`, ['PG1101 b'], '? (start)'],
  [
    'a device without label',
    'start tx0@\nadd_device tx0@ on cpu 0 { rate 1pps }',
    ['PG1006 tx0@', 'PG1006 tx0@'],
    '(start ?) (add_device ? 0 {rate=1pps})',
  ],
  ['comments of another language', 'let a = 1 // 2', ['PG1101 /'], '(let a ?)'],
  ['a brace begins no expression', 'let x = { }\nstart', ['PG1101 {'], '(let x ?) (start)'],
  ['every line of a bad file', 'a b\nc d\nfor\n{\n}', ['PG1102 a', 'PG1102 c', 'PG1105 {'], '? ? ?'],
];
for (const [name, text, expected, left] of mistakes) {
  test(`mistake: ${name}`, () => {
    const source = new SourceFile('test.pg', text);
    const { diagnostics, incomplete } = parse(source);
    assert.equal(
      diagnostics.map(({ code, span }) => `${code} ${source.slice(span)}`),
      expected,
    );
    assert.is(tree(text), left);
    assert.is(incomplete, false);
  });
}

/** [text, hint] */
const hints: readonly (readonly [string, string])[] = [
  ['rem_devices tx0', 'did you mean `rem_device`?'],
  ['if a = 1 { stop }', 'values are compared with `==`'],
  ['set x rate = 5', 'a parameter and its value stand without `=`'],
  ['let a = 1 // 2', 'comments begin with `#`'],
  ['let a = b and c', 'write `&&`'],
  ["print 'a'", 'strings stand in double quotes'],
  ['let x = a\n/ b', 'break the line after `/`, not before it'],
  ['scenario foo { stop }', '`"foo"`'],
  ['expect a < b < c', '`a < b && b < c`'],
  ['expect a within 1% of b within 2% of c', '`a within 1% of b && a within 1% of c`'],
  ['start // go', 'comments begin with `#`'],
  ['/* why */', 'comments begin with `#`'],
  ['import x.pg as x', '`import "./lib/frames.pg" as NAME`'],
  ['try { stop } catch { stop }', '`try { … } else { … }`'],
  ['expect a == 1, "label"', '`expect CONDITION "label"`, or `expect eventually CONDITION timeout DURATION`'],
  ['sync 1s', '`sync` stands alone'],
  ['receiver sink rx0', '`receiver NAME on INTERFACE { … }`'],
  ['lab { veth a <-> b mtu 9000B }', '`veth a <-> b { mtu 9000B }`'],
  ['wait stoped timeout 2s', '`wait DURATION`, `wait stopped` or `wait until CONDITION timeout DURATION`'],
  ['wait 1s stop', 'statements and parameters stand on lines of their own, or with `;` between'],
  ['link a rename', '`link INTERFACE down`, `up`, `delete` or `rename NAME`'],
  ['wait until a', '`wait until CONDITION timeout DURATION`: the timeout is mandatory'],
  ['add_device tx0 cpu 0 { }', '`add_device NAME on cpu N { … }`'],
];
for (const [text, hint] of hints) {
  test(`hint: ${text}`, () =>
    assert.equal(
      read(text).diagnostics.flatMap((found) => found.hints),
      [hint],
    ));
}

const unfinished: readonly (readonly [string, boolean])[] = [
  ['', false],
  ['start', false],
  ['at 1s {', true],
  ['at 1s {\n  start\n', true],
  ['for i in 0..1 {\n if a {\n  start\n }', true],
  ['let x = (1 +', true],
  ['let x = [1,\n', true],
  ['let x =', true],
  ['frame f = eth() /', true],
  ['flag A,', false],
  // Another line would mend none of these, since a line end ends the statement.
  ['wait', false],
  ['foo', false],
  ['at 1s', false],
  ['wait until a timeout', false],
  ['print "abc', false],
  ['at 1s { foo bar', false],
  ['at 1s { start a b', false],
  ['start }', false],
];
for (const [text, expected] of unfinished) {
  test(`incomplete: ${JSON.stringify(text)}`, () => assert.is(read(text).incomplete, expected));
}

test('a statement that nests as deep as allowed parses, one deeper is one diagnostic', () => {
  const nested = (depth: number) => `let x = ${'('.repeat(depth)}1${')'.repeat(depth)}\nstart a b`;
  assert.equal(
    read(nested(maxNesting)).diagnostics.map(({ code }) => code),
    ['PG1101'],
  );
  assert.equal(
    read(nested(maxNesting + 1)).diagnostics.map(({ code }) => code),
    ['PG1108', 'PG1101'],
  );
  assert.is(tree(nested(maxNesting + 1)), '(start a)');
});

/** [what, the chain so many long, the longest allowed] */
const chains: readonly (readonly [string, (length: number) => string, number])[] = [
  ['blocks', (n) => `${'spawn {\n'.repeat(n)}stop${'\n}'.repeat(n)}`, maxNesting],
  ['prefixes', (n) => `let x = ${'-'.repeat(n)}1`, maxNesting],
  ['members', (n) => `let x = a${'.b'.repeat(n)}`, maxNesting],
  ['else if', (n) => `if a { stop }${' else if a { stop }'.repeat(n - 1)}`, maxNesting],
  ['operators', (n) => `let x = 1${' + 1'.repeat(n)}`, maxOperators],
];
for (const [name, chain, longest] of chains) {
  test(`limit: ${name}`, () => {
    assert.equal(read(chain(longest)).diagnostics, []);
    for (const length of [longest + 1, 20_000]) {
      assert.equal(
        read(chain(length)).diagnostics.map(({ code }) => code),
        ['PG1108'],
      );
    }
  });
}

// --- laws -------------------------------------------------------------------------------------------------------------

const word = fc.constantFrom(
  ...[
    'start',
    'stop',
    'let',
    'x',
    'tx0@1',
    '=',
    '5kpps',
    '60B:7',
    '"a"',
    `"\${`,
    '}"',
    '{',
    '}',
    '(',
    ')',
    '[',
    ']',
    ',',
  ],
  ...[
    '\n',
    ';',
    '/',
    '+',
    '..',
    'within',
    'of',
    'step',
    'on',
    'cpu',
    'add_device',
    'set',
    'for',
    'in',
    'if',
    'else',
    'at',
  ],
  ...[
    'scenario',
    'lab',
    'veth',
    '<->',
    'wait',
    'until',
    'timeout',
    'expect',
    '10.0.0.1',
    '::1',
    '.',
    ':',
    '!',
    '@',
    '\0',
    '#',
    '"',
  ],
);
const soup = fc.array(word, { maxLength: 60 }).map((words) => words.join(' '));
const anything = fc.oneof(soup, fc.string({ unit: 'binary', maxLength: 200 }));

test('no text stops the parser; diagnostics are in order and lie inside the text', () => {
  fc.assert(
    fc.property(anything, (text) => {
      const { file, diagnostics } = read(text);
      assert.equal(file.span, { start: 0, end: text.length });
      let last = 0;
      for (const { span, message } of diagnostics) {
        assert.ok(span.start >= last && span.start <= span.end && span.end <= text.length, message);
        last = span.start;
      }
    }),
    { numRuns: 3000 },
  );
});

test('a part that is missing at the end of the file has a place', () => {
  for (const text of ['let veth', 'let x', 'param p', 'frame', 'wait until', 'add_device tx0 on cpu']) {
    const places = JSON.stringify(read(text).file).matchAll(/"(?:start|end)":([^,}]+)/g);
    assert.equal(
      Array.from(places, ([, place]) => place).filter((place) => place === 'null'),
      [],
      text,
    );
  }
});

test('every node lies inside the one around it', () => {
  const inside = (node: unknown, start: number, end: number): void => {
    if (typeof node !== 'object' || node === null) return;
    const { span } = node as { readonly span?: { readonly start: number; readonly end: number } };
    if (span !== undefined) assert.ok(start <= span.start && span.start <= span.end && span.end <= end);
    for (const child of Object.values(node)) inside(child, span?.start ?? start, span?.end ?? end);
  };
  fc.assert(
    fc.property(anything, (text) => inside(read(text).file, 0, text.length)),
    { numRuns: 2000 },
  );
});

test('a parameter has a type or a default', () => {
  const told = (text: string) => read(text).diagnostics.map(({ code, message }) => [code, message]);
  for (const text of ['param a = 1', 'param a: pps', 'param a: pps = 1kpps "help"']) assert.equal(told(text), []);
  assert.equal(told('param a'), [['PG1101', 'expected `=` or `:`, found the end of the file']]);
  assert.equal(told('param a "help"'), [['PG1101', 'expected `=` or `:`, found `"help"`']]);
});

test('what is missing lies at the end of what stands before', () => {
  for (const text of ['let veth', 'let step ; start', 'at\n\nstart']) {
    const [first] = read(text).file.statements;
    assert.ok(first !== undefined && first.span.end <= text.length, text);
    if (first?.kind === 'let') assert.equal(first.value.span, { start: first.span.end, end: first.span.end });
  }
});

test('a closer that upsets a statement is told of, or the statement is', () => {
  assert.equal(
    read('at ( }" "').diagnostics.map(({ code }) => code),
    ['PG1107'],
  );
});

test('spans cover what was written', () => {
  const text =
    'scenario "s" {\n  start tx0 # all\n  expect a.b within 1% of f(c, d: 2) "label"\n  at 1s { stop }\n}\nlet x = (1 + 2) * y';
  const source = new SourceFile('test.pg', text);
  const [scenario, last] = parse(source).file.statements;
  assert.is(scenario?.kind === 'scenario' && source.slice(scenario.body.span), text.slice(13, text.indexOf('\nlet')));
  const inner = scenario?.kind === 'scenario' ? scenario.body.statements : [];
  assert.equal(
    inner.map(({ span }) => source.slice(span)),
    ['start tx0', 'expect a.b within 1% of f(c, d: 2) "label"', 'at 1s { stop }'],
  );
  const condition = inner[1]?.kind === 'expect' ? inner[1].condition : null;
  assert.is(condition?.kind === 'within' && source.slice(condition.target.span), 'f(c, d: 2)');
  assert.is(condition?.kind === 'within' && source.slice(condition.actual.span), 'a.b');
  assert.is(last?.kind === 'let' && source.slice(last.value.span), '(1 + 2) * y');
});

test('an error node stands only where something was reported', () => {
  fc.assert(
    fc.property(anything, (text) => {
      const { file, diagnostics } = read(text);
      if (diagnostics.length === 0) assert.not(JSON.stringify(file).includes('"kind":"error"'));
    }),
    { numRuns: 2000 },
  );
});

test('a bad line hides no other', () => {
  const words = fc
    .array(
      word.filter((text) => !/^[{}()[\]\n"]|"\$/.test(text)),
      { maxLength: 8 },
    )
    .map((all) => all.join(' '));
  fc.assert(
    fc.property(words, (line) => {
      // Such a line goes on with the one before it, or on the one behind it, by rule.
      fc.pre(!/^\s*[,+/.:=<]|^\s*else|[=,+/:!>.]\s*$|within\s*$/.test(line) && !line.includes('#'));
      assert.match(tree(`reset a\n${line}\nprint last`), /^\(reset a\).*\(print last\)$/s);
    }),
    { numRuns: 2000 },
  );
});

test.run();
