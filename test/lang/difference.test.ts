// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Change, difference } from '../../lang/difference/difference.ts';
import { compile, format, SourceFile } from '../../lang/index.ts';
import type { Program, Scenario } from '../../lang/op.ts';

const test = suite('difference');

/** What difference.ts looks at; a part that is missing here, and so perhaps there, does not compile. */
const compared = {
  program: { schema: true, source: true, params: true, lab: true, functions: true, scenarios: true } satisfies Record<
    keyof Program,
    true
  >,
  scenario: {
    name: true,
    each: true,
    span: true,
    receivers: true,
    prelude: true,
    setup: true,
    body: true,
    teardown: true,
  } satisfies Record<keyof Scenario, true>,
};

test('programs have no part that is not compared', () => {
  const made = program('start');
  assert.equal(Object.keys(made).sort(), Object.keys(compared.program).sort());
  assert.equal(Object.keys(made.scenarios[0] ?? {}).sort(), Object.keys(compared.scenario).sort());
});

function program(text: string) {
  const { program: made, diagnostics } = compile(new SourceFile('test.pg', text));
  assert.ok(made !== null, diagnostics.map(({ message }) => message).join('\n'));
  return made;
}

/** A change as one line: what, which, the lines, and how. */
function shown({ section, scenario, change, name, before, after, details }: Change): string {
  const where = scenario === null ? '' : ` in ${scenario}`;
  const how =
    details.length > 0
      ? details.map((detail) => `${detail.name}: ${detail.before} -> ${detail.after}`).join(', ')
      : `${before?.text ?? null} -> ${after?.text ?? null}`;
  return `${change} ${section} ${name}${where} ${before?.line ?? '-'}:${after?.line ?? '-'}: ${how}`;
}

const base = `param load = 1kpps "help"
lab {
  veth tx0 <-> rx0
}
receiver rx0 { settle 1s }
frame f = eth() / ipv4(src: 10.0.0.1) / udp() / pktgen
add_device tx0@0 on cpu 0 { frame f; rate load }
add_device tx0@1 on cpu 0 { frame f; rate load }
start
at 1s {
  set tx0@0 rate 2kpps
  wait 1s
}
if load > 1kpps { wait 1s } else { wait 2s }
stop
expect rx0.lost == 0
expect tx0@0.sent > 0 "sent"
`;

/** What is done to the text, and what has then changed. */
const cases: readonly (readonly [string, string, string, readonly string[]])[] = [
  [
    'a parameter',
    '1kpps "help"',
    '5kpps "help"',
    ['changed parameter load 1:1: param load = 1kpps "help" -> param load = 5kpps "help"'],
  ],
  ['a new parameter', 'lab {', 'param n = 3; lab {', ['added parameter n -:2: null -> param n = 3']],
  ['a link', 'veth tx0 <-> rx0', 'veth tx0 <-> rx0; ifb i0', ['added lab ifb i0 -:3: null -> ifb i0']],
  [
    'a receiver',
    'settle 1s',
    'settle 2s',
    ['changed receiver rx0 5:5: receiver rx0 { settle 1s } -> receiver rx0 { settle 2s }'],
  ],
  ['fields of a frame', 'src: 10.0.0.1', 'src: 10.0.0.1, ttl: 3', ['changed frame f 6:6: ipv4.ttl: null -> 3']],
  [
    'layers of a frame',
    '/ ipv4(src: 10.0.0.1) / udp() / pktgen',
    '/ ipv4()',
    ['changed frame f 6:6: frame f = eth() / ipv4(src: 10.0.0.1) / udp() / pktgen -> frame f = eth() / ipv4()'],
  ],
  [
    'parameters of a device',
    'add_device tx0@0 on cpu 0 { frame f;',
    'add_device tx0@0 on cpu 1 { frame f; burst 3;',
    ['changed device tx0@0 7:7: cpu: 0 -> 1, burst: null -> 3'],
  ],
  [
    'a device less',
    'add_device tx0@1 on cpu 0 { frame f; rate load }\n',
    '',
    ['removed device tx0@1 8:-: add_device tx0@1 on cpu 0 { frame f; rate load } -> null'],
  ],
  ['a time', 'at 1s', 'at 3s', ['changed timeline at 10:10: at 1s -> at 3s']],
  ['an operation more', '  wait 1s\n', '  wait 1s\n  sync\n', ['added timeline sync -:13: null -> sync']],
  [
    'an operation in another block',
    '  wait 1s\n}\n',
    '}\nwait 1s\n',
    ['removed timeline wait 12:-: wait 1s -> null', 'added timeline wait -:13: null -> wait 1s'],
  ],
  ['a branch', 'else { wait 2s }', 'else { wait 1s }', ['changed timeline wait 14:14: wait 2s -> wait 1s']],
  [
    'an expectation',
    'lost == 0',
    'lost < 9',
    ['changed expectation rx0.lost 16:16: expect rx0.lost == 0 -> expect rx0.lost < 9'],
  ],
  [
    'a labelled expectation',
    'sent > 0',
    'sent > 1',
    ['changed expectation "sent" 17:17: expect tx0@0.sent > 0 "sent" -> expect tx0@0.sent > 1 "sent"'],
  ],
  [
    'an expectation more',
    'stop\n',
    'stop\nexpect tx0@1.sent > 0\n',
    ['added expectation tx0@1.sent -:16: null -> expect tx0@1.sent > 0'],
  ],
  [
    'a default that is written out',
    'veth tx0 <-> rx0',
    'veth tx0 <-> rx0 { mtu 1500B }',
    ['changed lab veth tx0 <-> rx0 3:3: veth tx0 <-> rx0 -> veth tx0 <-> rx0 { mtu 1500B }'],
  ],
  ['comments', 'start\n', '# comment\n\nstart # more\n', []],
  ['spellings', 'at 1s', 'at 1000ms', []],
  [
    'the order of parameters of a device',
    'tx0@0 on cpu 0 { frame f; rate load }',
    'tx0@0 on cpu 0 { rate load; frame f }',
    [],
  ],
  ['line ends in a condition', 'expect rx0.lost == 0', 'expect rx0.lost ==\n  0', []],
];

for (const [title, from, to, wanted] of cases) {
  test(title, () => {
    const changed = base.replace(from, to);
    assert.is.not(changed, base);
    assert.equal(difference(program(base), program(changed)).map(shown), wanted);
  });
}

test('an operation that moved was removed and added', () => {
  const moved = base.replace('start\n', '').replace('stop\n', 'start\nstop\n');
  assert.equal(difference(program(base), program(moved)).map(shown), [
    'removed timeline start 9:-: start -> null',
    'added timeline start -:14: null -> start',
  ]);
});

const scenarios = `let n = 3
frame f = eth(dst: 02:00:00:00:00:01)
scenario "a" {
  print n
}
scenario "b" { start }
`;

test('what stands outside of scenarios is told once, and scenarios by their names', () => {
  const changed = scenarios
    .replace('n = 3', 'n = 4')
    .replace('01)', '02)')
    .replace('print n', 'print 1')
    .replace('"b"', '"c"');
  assert.equal(difference(program(scenarios), program(changed)).map(shown), [
    'changed frame f 2:2: eth.dst: 02:00:00:00:00:01 -> 02:00:00:00:00:02',
    'changed timeline let 1:1: let n = 3 -> let n = 4',
    'changed timeline print in a 4:4: print n -> print 1',
    'removed scenario b 6:-: scenario "b" -> null',
    'added scenario c -:6: null -> scenario "c"',
  ]);
});

test('functions, setup and teardown, and the values of a scenario', () => {
  const parts = (fn: string, setUp: string, values: string, wants: string) => `
fn pause(n: number) { wait n * ${fn} }
setup { print "${setUp}" }
teardown { print "over" }
frame f = eth() / ipv4 / udp / pktgen
lab { veth tx0 <-> rx0 }
scenario "s" for n in [${values}] {
  add_device tx0 on cpu 0 { frame f; rate 1kpps }
  start
  pause(n)
  ${wants} tx0.sent > 0
}
`;
  const before = parts('1ms', 'begin', '1, 2', 'expect');
  const changed = (after: string) => difference(program(before), program(after)).map(shown);
  assert.equal(changed(before), []);
  assert.equal(changed(parts('2ms', 'begin', '1, 2', 'expect')), [
    'changed function pause 2:2: body: wait n * 1ms -> wait n * 2ms',
  ]);
  assert.equal(changed(parts('1ms', 'first', '1, 2', 'expect')), [
    'changed timeline print 3:3: print "begin" -> print "first"',
  ]);
  assert.equal(changed(parts('1ms', 'begin', '1, 3', 'expect')), [
    'changed scenario s 7:7: scenario "s" for n in [1, 2] -> scenario "s" for n in [1, 3]',
  ]);
  assert.equal(changed(parts('1ms', 'begin', '1, 2', 'require')).length, 1);
});

const calling = `
fn half(l: number) { return l / 2 }
fn twice(l: number) { return half(l) * 4 }
lab { veth a <-> b }
add_device a on cpu 0 { rate 1kpps }
let x = half(2)
set a rate 1kpps
if half(3) > 1 && twice(half(3)) > 1 || x == 2 { print half(1) + x, half(2) }
while half(x) < 3 { x = half(8) + x; if x > half(1) { break } }
expect half(6) == 3
`;

test('a call in an expression is a part of what it stands in', () => {
  const changed = (from: string, to: string) => {
    assert.match(calling, from);
    return difference(program(calling), program(calling.replace(from, to))).map(shown);
  };
  assert.equal(changed('set a rate 1kpps', 'set a rate half(2) * 1kpps'), [
    'changed timeline set 7:7: set a rate 1kpps -> set a rate half(2) * 1kpps',
  ]);
  assert.equal(changed('rate 1kpps }', 'rate half(2) * 1kpps }'), [
    'changed device a 5:5: rate: 1kpps -> half(2) * 1kpps',
  ]);
  assert.equal(changed('x = half(2)', 'x = half(half(4))'), [
    'changed timeline let 6:6: let x = half(2) -> let x = half(half(4))',
  ]);
  assert.equal(changed('x = half(2)', 'x = 3 / 2'), ['changed timeline let 6:6: let x = half(2) -> let x = 3 / 2']);
  assert.equal(changed('twice(half(3))', 'twice(half(4))'), [
    'changed timeline if 8:8: if half(3) > 1 && twice(half(3)) > 1 || x == 2 -> if half(3) > 1 && twice(half(4)) > 1 || x == 2',
  ]);
  assert.equal(changed('> 1 && twice', '> 1 || twice').length, 1);
  assert.equal(changed('half(x) < 3', 'half(x) < 4'), [
    'changed timeline while 9:9: while half(x) < 3 -> while half(x) < 4',
  ]);
  assert.equal(changed('half(6)', 'half(7)'), [
    'removed expectation half(6) 10:-: expect half(6) == 3 -> null',
    'added expectation half(7) -:10: null -> expect half(7) == 3',
  ]);
  assert.equal(changed('half(l) * 4', 'half(l) * 5'), [
    'changed function twice 3:3: body: return half(l) * 4 -> return half(l) * 5',
  ]);
  assert.equal(changed('half(l) * 4', 'half( l )*4'), []);
});

test('formatting is no difference', () => {
  for (const text of [base, scenarios]) {
    const squeezed = text.replace(/\n(?=[ }])/g, ';').replaceAll('{;', '{');
    assert.equal(difference(program(text), program(squeezed)), []);
    assert.equal(difference(program(text), program(format(new SourceFile('', squeezed)).text ?? '')), []);
  }
});

test("pktgen's words: flags add up in any order, sizes and labels are what they say", () => {
  const of = (settings: string) => program(`lab { veth tx0 <-> rx0 }\nadd_device tx0 on cpu 0 { ${settings} }\n`);
  const changes = (before: string, after: string) => difference(of(before), of(after)).map(shown);
  assert.equal(changes('flag UDPCSUM, !SHARED; tos 0x10', 'tos 0x10; flag !SHARED; flag UDPCSUM'), []);
  assert.equal(changes('imix_weights 60B:7, 1KiB:1', 'imix_weights 60B:7, 1024B:1'), []);
  assert.equal(changes('flag UDPCSUM; imix_weights 60B:7', 'flag NO_TIMESTAMP; flag UDPCSUM; imix_weights 60B:8'), [
    'changed device tx0 2:2: flag: UDPCSUM -> NO_TIMESTAMP, UDPCSUM, imix_weights: 60B:7 -> 60B:8',
  ]);
});

test.run();
