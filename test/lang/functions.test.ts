// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../lang/compiler.ts';
import { SourceFile } from '../../lang/source.ts';

const test = suite('functions');

/** What a text gets told: `CODE the text under the carets`, one per diagnostic. */
function told(text: string): readonly string[] {
  const source = new SourceFile('test.pg', text);
  return compile(source).diagnostics.map(({ code, span }) => `${code} ${source.slice(span)}`);
}

const base = 'lab { veth tx0 <-> rx0 }\nreceiver sink on rx0\nframe probe = eth() / ipv4() / udp() / pktgen\n';
const device = 'add_device tx0@0 on cpu 0 { frame probe; rate 1kpps }\n';

const silent: readonly (readonly [string, string])[] = [
  ['no parameters', 'fn f() { print 1 }\nf()'],
  ['the empty function', 'fn f() {}\nf()'],
  ['a value', 'fn twice(n: number) { return n * 2 }\nlet x = twice(4) + twice(5)'],
  ['a return without a value', 'fn f(n: number) { if n > 1 { return }; print n }\nf(2)'],
  ['a value on every branch', 'fn f(n: number) { if n > 1 { return 1 } else { return 2 } }\nprint f(1)'],
  ['a value from a loop without an end', 'fn f() { while true { return 1 } }\nprint f()'],
  ['a value from both parts of a try', 'fn f() { try { return 1 / 1 } else { return 0 } }\nprint f()'],
  ['a value that is dropped', 'fn f() { return 1 }\nf()'],
  [
    'devices by name, in a string and in a variable',
    `${base}fn f(d: device) { set d rate 2kpps }\n${device}f(tx0@0)\nf("tx0@0")`,
  ],
  [
    'an interface, a receiver and a frame',
    `${base}fn f(i: interface, r: receiver, f1: frame) { print i.mac, r.lost }\n${device}f(tx0, sink, probe)`,
  ],
  [
    'a device that a function adds',
    `${base}fn f() { add_device tx0@7 on cpu 0 { frame probe; rate 1kpps } }\nf()\nset tx0@7 rate 2kpps`,
  ],
  [
    'a device that a called function adds',
    `${base}fn f() { add_device tx0@7 on cpu 0 { frame probe } }\nfn g() { f() }\ng()\nset tx0@7 burst 2`,
  ],
  ['functions and scenarios', `${base}fn f() { start; wait 1s; stop }\nscenario "s" { ${device}f() }`],
  ['a computed value for all scenarios', 'fn f(n: number) { return n + 1 }\nlet x = f(1)\nscenario "s" { print x }'],
  ['the names of parameters elsewhere', 'fn f(n: number) { print n }\nlet n = 1\nf(n)'],
];
for (const [name, text] of silent) test(`takes ${name}`, () => assert.equal(told(text), []));

const mistaken: readonly (readonly [string, string, ...string[]])[] = [
  ['an unknown type', 'fn f(n: count) {}', 'PG2108 count'],
  ['a missing type', 'fn f(n) { print n }\nf(2)', 'PG1101 )'],
  ['a function before it is declared', 'f()\nfn f() {}', 'PG3006 f'],
  ['recursion', 'fn f(n: number) { if n > 0 { f(n - 1) } }', 'PG3018 f'],
  ['a call with too few arguments', 'fn f(n: number) {}\nf()', 'PG2205 f()'],
  ['a call with too many arguments', 'fn f() {}\nf(1)', 'PG2205 f(1)'],
  ['an argument of another type', 'fn f(d: duration) {}\nf(10)', 'PG2103 10'],
  ['a named argument', 'fn f(n: number) {}\nf(n: 1)', 'PG2206 n: 1'],
  ['the value of a function without one', 'fn f() {}\nlet x = f()', 'PG2209 f()'],
  ['a function as a value', 'fn f() {}\nprint f', 'PG3017 f'],
  ['a path without a value', 'fn f(n: number) { if n > 1 { return 1 } }', 'PG2111 f'],
  ['a return without the value', 'fn f(n: number) { if n > 1 { return }; return 1 }', 'PG2111 return'],
  ['a loop that may be left', 'fn f() { while true { break; return 1 } }', 'PG2111 f'],
  ['returns of two types', 'fn f(n: number) { if n > 1 { return 1s }; return n }', 'PG2110 n'],
  ['a return outside', 'return 1', 'PG3111 return 1'],
  ['a return in a job', 'fn f() { spawn { return } }', 'PG3111 return'],
  ['a break out of a function', 'repeat 2 { print 1 }\nfn f() { break }', 'PG3101 break'],
  ['a function in a block', 'repeat 2 { fn f() {} }', 'PG3102 f'],
  ['a declared name', 'let f = 1\nfn f() {}', 'PG3002 f'],
  ['a name of the language', 'fn min() {}', 'PG3003 min'],
  ['a variable called like a function', 'fn f() {}\nlet f = 1', 'PG3002 f'],
  ['a parameter called like a variable', 'let n = 1\nfn f(n: number) {}', 'PG3002 n'],
  ['an assigned parameter', 'fn f(n: number) { n = 2 }', 'PG3007 n'],
  ['a builtin that stands alone', 'min(1, 2)', 'PG3019 min(1, 2)'],
  ['a call in the default of a parameter', 'fn f() { return 1 }\nparam x = f()', 'PG3012 f()'],
  ['a call in `wait until`', 'fn f() { return true }\nwait until f() timeout 1s', 'PG3112 f()'],
  ['a call in `abort when`', 'fn f() { return true }\nabort when f()', 'PG3112 f()'],
  ['operations beside scenarios', 'fn f() { start }\nscenario "s" { f() }\nf()', 'PG3103 f()'],
  [
    'operations in a value of all scenarios',
    'fn f() { wait 1s; return 1 }\nlet x = f()\nscenario "s" { print x }',
    'PG3103 f()',
  ],
  [
    'one mistake of two scenarios once',
    `${base}fn f() { start tx0@9 }\nscenario "a" { f() }\nscenario "b" { f() }`,
    'PG3004 tx0@9',
  ],
  ['something behind a name', 'f then', 'PG1102 f'],
];
for (const [name, text, ...diagnostics] of mistaken) {
  test(`refuses ${name}`, () => assert.equal(told(text), diagnostics));
}

test.run();
