// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../lang/compiler.ts';
import { SourceFile } from '../../lang/source.ts';

const test = suite('scenarios');

function told(text: string): readonly string[] {
  const source = new SourceFile('test.pg', text);
  return compile(source).diagnostics.map(({ code, span }) => `${code} ${source.slice(span)}`);
}

const base = 'lab { veth tx0 <-> rx0 }\nreceiver sink on rx0\nframe probe = eth() / ipv4() / udp() / pktgen\n';
const device = 'add_device tx0@0 on cpu 0 { frame probe; rate 1kpps }';

const silent: readonly (readonly [string, string])[] = [
  ['a list of values', 'scenario "s" for size in [64B, 128B] { print size + 4B }'],
  ['a list declared before', 'let sizes = [64B, 128B]\nscenario "s" for size in sizes { print size }'],
  [
    'frames',
    `${base}scenario "s" for f in [probe, eth() / ipv4() / udp(dst: 7)] { add_device tx0 on cpu 0 { frame f } }`,
  ],
  ['what a parameter makes', 'param top = 5\nscenario "s" for n in 1..top step 2 { print n }'],
  [
    'one variable for several scenarios',
    'scenario "a" for n in 1..2 { print n }\nscenario "b" for n in 1..2 { print n }',
  ],
  [
    'receivers of the unnamed scenario that need a parameter',
    'param s = 2s\nparam dut: interface = "rx0"\nlab { veth tx0 <-> rx0 }\nreceiver sink on dut { settle s }\nprint sink.lost',
  ],
  ['devices of setup in scenarios', `${base}setup { ${device} }\nscenario "s" { set tx0@0 rate 2kpps }`],
  ['devices of setup in the unnamed scenario', `${base}setup { ${device} }\nset tx0@0 rate 2kpps\nlet d = tx0@0`],
  ['devices of scenarios in teardown', `${base}teardown { rem_device tx0@0 }\nscenario "s" { ${device} }`],
  [
    'declarations in setup and teardown',
    'let x = 1\nsetup { let y = x; print y }\nteardown { let y = x; print y }\nstart\nlet y = 2\nprint y',
  ],
  [
    'the forms of expect',
    'start\nexpect eventually elapsed > 1s timeout 2s\nexpect eventually elapsed > 1s timeout 2s "label"\nrequire elapsed > 1s "label"\nrequire eventually elapsed > 1s timeout 2s',
  ],
];
for (const [name, text] of silent) test(`takes ${name}`, () => assert.equal(told(text), []));

const mistaken: readonly (readonly [string, string, ...string[]])[] = [
  ['values that are none', 'scenario "s" for n in 3 { print n }', 'PG2109 3'],
  ['no values', 'scenario "s" for n in 2..1 { print n }', 'PG3114 2..1'],
  ['too many values', 'scenario "s" for n in 1..1001 { print n }', 'PG3114 1..1001'],
  ['mixed values', 'scenario "s" for n in [1, 2B] { print n }', 'PG2105 2B'],
  ['a value twice', 'scenario "s" for n in [1, 2, 1] { print n }', 'PG3104 [1, 2, 1]'],
  [
    'a scenario called as another of a list',
    'scenario "s[n=1]" { }\nscenario "s" for n in [1, 2] { print n }',
    'PG3104 [1, 2]',
  ],
  [
    'two names that are not fixed',
    `scenario "a\${1}" { }\nscenario "b\${2}" { }`,
    `PG3108 "a\${1}"`,
    `PG3108 "b\${2}"`,
  ],
  ['values that a fact makes', 'scenario "s" for i in 0..eth1.queues - 1 { print i }', 'PG3012 eth1.queues'],
  [
    'values that a let has from a fact',
    'let c = eth1.numa_cpus\nscenario "s" for i in c { print i }',
    'PG3012 eth1.numa_cpus',
  ],
  ['values that another let makes', 'let top = 3\nscenario "s" for i in 1..top { print i }', 'PG3012 top'],
  [
    'values that a function makes',
    'fn f() { return 1 }\nscenario "s" for i in [f(), 2] { print i }',
    'PG3012 [f(), 2]',
  ],
  ['a variable declared already', 'let n = 1\nscenario "s" for n in 1..2 { print n }', 'PG3002 n'],
  ['an assigned variable', 'scenario "s" for n in 1..2 { n = 3 }', 'PG3007 n'],
  ['a scenario without a list', 'scenario "s" for n { print 1 }', 'PG1101 {'],
  ['two setups', 'setup { print 1 }\nsetup { print 2 }', 'PG3113 setup { print 2 }'],
  ['a setup in a scenario', 'scenario "s" { setup { print 1 } }', 'PG3102 setup { print 1 }'],
  ['variables of setup elsewhere', 'setup { let x = 1 }\nteardown { print x }', 'PG3001 x'],
  ['variables of the unnamed scenario in teardown', 'start\nlet x = 1\nteardown { print x }', 'PG3001 x'],
  ['eventually without a timeout', 'expect eventually elapsed > 1s\nstop', 'PG1101 '],
  ['a timeout without eventually', 'expect elapsed > 1s timeout 2s', 'PG1101 timeout'],
  ['a timeout without a unit', 'expect eventually elapsed > 1s timeout 2', 'PG2103 2'],
  ['a requirement that is no condition', 'require 1', 'PG2104 1'],
  ['a call in `eventually`', 'fn f() { return true }\nexpect eventually f() timeout 1s', 'PG3112 f()'],
];
for (const [name, text, ...diagnostics] of mistaken) {
  test(`refuses ${name}`, () => assert.equal(told(text), diagnostics));
}

test.run();
