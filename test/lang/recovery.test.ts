// SPDX-License-Identifier: Apache-2.0
//
// One mistake of syntax is one diagnostic of the whole language: neither the rest of the text nor its meaning is told of it too.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { noImports } from '../../lang/imports.ts';
import { compile, SourceFile } from '../../lang/index.ts';

const test = suite('recovery');

const lab = 'lab { veth tx0 <-> rx0 }\n';
const frame = 'receiver rx0\nframe probe = eth() / ipv4() / udp() / pktgen\n';
const device = 'add_device tx0@0 on cpu 0 { frame probe; rate 1kpps }\n';
const before = lab + frame + device;
const scenario = `scenario "b" {\n  ${device}  start\n}`;

/** `CODE line:column text` of each diagnostic. */
function told(text: string): readonly string[] {
  const source = new SourceFile('test.pg', text);
  return compile(source, noImports).diagnostics.map(({ code, span }) => {
    const { line, column } = source.position(span.start);
    return `${code} ${line}:${column} ${source.slice(span)}`.trimEnd();
  });
}

function rows(of: string, table: readonly (readonly [string, string, string])[]): void {
  for (const [name, text, expected] of table) test(`${of}: ${name}`, () => assert.equal(told(text), [expected]));
}

rows('a `}` is missing', [
  ['of a lab', `lab {\n  veth tx0 <-> rx0\n  ifb sink0\n\n${frame}${device}start\nwait 1s\nstop`, 'PG1106 1:5 {'],
  ['of a lab on one line', `lab { veth tx0 <-> rx0\n${frame}${device}start\nwait 1s\nstop`, 'PG1106 1:5 {'],
  ['of a link', `lab {\n  veth tx0 <-> rx0 { mtu 9000B\n  ifb sink0\n}\n${frame}${device}start`, 'PG1106 2:20 {'],
  ['of a lab before a scenario', `lab {\n  veth tx0 <-> rx0\n${frame}${scenario}`, 'PG1106 1:5 {'],
  [
    'of a receiver',
    `${lab}receiver rx0 {\n  settle 2s\nframe probe = eth() / ipv4() / udp() / pktgen\n${device}start\nwait 1s\nstop`,
    'PG1106 2:14 {',
  ],
  [
    'of a receiver in a scenario',
    `${lab}frame probe = eth() / ipv4() / udp() / pktgen\nscenario "a" {\n  receiver rx0 {\n    settle 2s\n  ${device}  start\n}\n`,
    'PG1106 4:16 {',
  ],
  [
    'of a `set`',
    `${before}set tx0@0 {\n  rate 5kpps\n  pkt_size 64B\nstart\nwait 2s\nexpect rx0.lost == 0`,
    'PG1106 5:11 {',
  ],
  [
    'of a device in a scenario',
    `${lab}${frame}scenario "a" {\n  add_device tx0@0 on cpu 0 {\n    frame probe\n    rate 1kpps\n  start\n  wait 1s\n  stop\n}\n${scenario}`,
    'PG1106 5:29 {',
  ],
  [
    'of a device in a scenario without indentation',
    `${lab}${frame}scenario "a" {\nadd_device tx0@0 on cpu 0 {\nframe probe\nrate 1kpps\nstart\nwait 1s\nstop\n}\n${scenario}`,
    'PG1106 5:27 {',
  ],
  [
    'of a `let`',
    `${lab}${frame}scenario "a" {\n  let d = add_device tx0@0 on cpu 0 {\n    frame probe\n    rate 1kpps\n  start\n}\n${scenario}`,
    'PG1106 5:37 {',
  ],
  [
    'of a device',
    `${lab}${frame}add_device tx0@0 on cpu 0 {\n  frame probe\n  rate 1kpps\nstart\nstop`,
    'PG1106 4:27 {',
  ],
  ['of a loop', `${before}for i in 0..1 {\n  print i\nstart`, 'PG1106 5:15 {'],
  ['of a loop, its body not indented', `${before}for i in 0..1 {\nprint i\nprint i + 1`, 'PG1106 5:15 {'],
  ['of a condition', `${before}if true {\n  print 1\nstart`, 'PG1106 5:9 {'],
  ['of an `else`', `${before}if true {\n  print 1\n} else {\n  print 2\nstart`, 'PG1106 7:8 {'],
  [
    'of a loop in a scenario',
    `${lab}${frame}scenario "a" {\n  ${device}  for i in 0..1 {\n    print i\n  start\n}\n${scenario}`,
    'PG1106 6:17 {',
  ],
  [
    'of a loop at the end of a scenario',
    `${lab}${frame}scenario "a" {\n  ${device}  for i in 0..1 {\n    print i\n}\n${scenario}`,
    'PG1106 6:17 {',
  ],
  ['of a function', `${before}fn f(n: number) {\n  print n\nf(1)`, 'PG1106 5:17 {'],
  ['of a function with a value', `${before}fn f(n: number) {\n  return n + 1\nlet x = f(1)\nprint x`, 'PG1106 5:17 {'],
]);

rows('a `{` is missing', [
  ['of a device', `${before}add_device tx0@1 on cpu 1\n  frame probe\n  rate 5kpps\n}`, 'PG1101 5:26'],
  [
    'of a device in a scenario',
    `${lab}${frame}scenario "a" {\n  add_device tx0@1 on cpu 1\n    frame probe\n    rate 5kpps\n  }\n  start\n}\n${scenario}`,
    'PG1101 5:28',
  ],
  ['of a `set`', `${before}set tx0@0\n  rate 5kpps\n}\nstart`, 'PG1101 5:10'],
  ['of a receiver', `${lab}receiver rx0\n  settle 2s\n}\nstart`, 'PG1101 2:13'],
  ['of a lab', `lab\n  veth tx0 <-> rx0\n}\n${frame}${device}start`, 'PG1101 1:4'],
  ['of a loop', `${before}for i in 0..1\n  print i\n}\nstart`, 'PG1101 5:14'],
  ['of a loop, its body not indented', `${before}for i in 0..1\nprint i\n}\nstart`, 'PG1101 5:14'],
]);

rows('a `}` too many', [
  ['at the end', `${before}start\n}\nstop`, 'PG1107 6:1 }'],
  [
    'in a scenario',
    `${lab}${frame}scenario "a" {\n  add_device tx0@0 on cpu 0 {\n    frame probe\n  }\n  }\n  start\n  wait 1s\n}\n${scenario}`,
    'PG1107 8:3 }',
  ],
  [
    'in a scenario, behind a block on one line',
    `${lab}${frame}scenario "a" {\n  if true { print 1 }\n  }\n  ${device}  start\n}\n${scenario}`,
    'PG1107 6:3 }',
  ],
]);

rows('a closing quote is missing', [
  ['before a `}`', `${before}if true { print "hello }\nprint 1`, 'PG1002 5:17 "hello }'],
  ['before a `}` that is on another line', `${before}if true {\n  print "hello }\n}`, 'PG1002 6:9 "hello }'],
  ['before a `)`', `${before}frame f = eth() / raw("0xff)`, 'PG1002 5:23 "0xff)'],
  ['before a `)` and more', `${before}frame f = eth() / raw("0xff) / pktgen`, 'PG1002 5:23 "0xff) / pktgen'],
  ['before a `]`', `${before}let l = ["a", "b]\nprint 1`, 'PG1002 5:15 "b]'],
  ['before two `)`', `${before}print max(1, len("abc))`, 'PG1002 5:18 "abc))'],
  [
    'before brackets of every kind',
    `${before}for i in 0..1 { if true { print max(1, len("abc)) } }\nprint 2`,
    'PG1002 5:44 "abc)) } }',
  ],
  ['and the string has brackets too', `${before}if true { print "a (b) {c} }\nprint 1`, 'PG1002 5:17 "a (b) {c} }'],
  ['and brackets are closed on the next line', `${before}let l = ["a", "b,\n  "c"]`, 'PG1002 5:15 "b,'],
  ['and stands on the next line', `${before}print "a\nb"`, 'PG1002 5:7 "a'],
  [
    'and stands on the next line, behind words',
    `${before}print "a long\n  story, told"\nprint 2`,
    'PG1002 5:7 "a long',
  ],
  ['and stands on the next line, before a bracket', `${before}print len("a\nb")\nprint 2`, 'PG1002 5:11 "a'],
]);

rows('a `(` or `[` is missing its end', [
  [
    'in the layers of a frame',
    `${before}frame f = eth() /\n  ipv4(src: 10.0.0.1, dst: 10.0.0.2 /\n  udp(src: 5) /\n  pktgen\nprint 1`,
    'PG1106 6:7 (',
  ],
  [
    'and the frame is used',
    `${before}frame f = eth() / ipv4(dst: 10.0.0.2 / udp() / pktgen\nadd_device tx0@1 on cpu 1 { frame f }`,
    'PG1106 5:23 (',
  ],
  ['in a list', `${before}let l = [1, 2\nprint 1`, 'PG1106 5:9 ['],
]);

rows('a line goes on behind a backslash', [
  ['within an expression', `${before}print 1 + \\\n  2\nprint 3`, 'PG1001 5:11 \\'],
  ['behind a statement', `${before}start tx0@0 \\\n  , tx0@0`, 'PG1001 5:13 \\'],
]);

const withLab = `receiver rx0\nframe f = eth(dst: rx0.mac) / ipv4() / udp() / pktgen
add_device tx0@0 on cpu 0 { frame f; rate 1kpps; pkt_size 8000B }\nstart\nlink rx0 down`;
const withPeer = withLab.replace('dst: rx0.mac', '');
rows('a mistake inside a lab', [
  ['another sign for the wire', `lab { veth tx0 - rx0 }\n${withLab}`, 'PG1101 1:16 -'],
  ['a misspelt link', `lab { vet tx0 <-> rx0 }\n${withLab}`, 'PG1101 1:7 vet'],
  ['an end is missing', `lab { veth tx0 <-> }\n${withLab}`, 'PG1101 1:20 }'],
  ['a comma', `lab { veth tx0 <-> rx0, ifb sink0 }\n${withPeer}`, 'PG1101 1:23 ,'],
  ['braces are missing', `lab { veth tx0 <-> rx0 mtu 9000B }\n${withLab}`, 'PG1101 1:24 mtu'],
  ['a misspelt lab', `lap { veth tx0 <-> rx0 }\n${withPeer}`, 'PG1102 1:1 lap'],
  ['a misspelt lab over lines', `lap {\n  veth tx0 <-> rx0\n}\n${withPeer}`, 'PG1102 1:1 lap'],
  ['a colon for the braces', `lab: veth tx0 <-> rx0\n${withPeer}`, 'PG1101 1:4 :'],
]);

test('a lab that could be read is held against its names', () => {
  assert.equal(told(`lab { veth tx0 <-> rx0 }\nreceiver rx7\nstart a b`), ['PG3009 2:10 rx7', 'PG1101 3:9 b']);
});

rows('a mistake inside a function', [
  ['a type of its value', `${before}fn f(n: number): number { return n }\nprint f(1) + 1`, 'PG1101 5:16 :'],
  ['an arrow', `${before}fn f(n: number) -> number { return n }\nprint f(1) + 1`, 'PG1101 5:17 -'],
  ['`func`', `${before}func f(n: number) { return n }\nprint f(1) + 1`, 'PG1102 5:1 func'],
  ['`def`', `${before}def f(n): { return n }\nprint f(1) + 1`, 'PG1102 5:1 def'],
  ['in its `return`', `${before}fn f(n: number) { return n +* 1 }\nprint f(1)`, 'PG1101 5:29 *'],
  ['a misspelt `return`', `${before}fn f(n: number) {\n  retrun n\n}\nprint f(1) + 1`, 'PG1102 6:3 retrun'],
]);

test('what stands before a block does not hide it', () => {
  const text = `${before}for i in 0..1 do {\n  print i, nothing\n}\nset tx0@0 now {\n  rate 5\n}`;
  assert.equal(told(text), ['PG1101 5:15 do', 'PG3001 6:12 nothing', 'PG1101 8:15 {']);
});

test('two braces that are missing are two mistakes', () => {
  assert.equal(
    told(
      `lab { veth tx0 <-> rx0\nreceiver rx0 {\n  settle 2s\nframe probe = eth() / ipv4() / udp() / pktgen\n${device}`,
    ),
    ['PG1106 1:5 {', 'PG1106 2:14 {'],
  );
});

test.run();
