// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bench, dryRun } from './scripts.ts';

const test = suite('functions in a run');

const say = `fn say(n: number) { print "at \${n}"; return n }\nfn is(n: number, yes: bool) { print n; return yes }\n`;

/** Scripts and what they print. */
const printing: readonly (readonly [string, string, ...string[]])[] = [
  ['values come back', 'fn twice(n: number) { return n * 2 }\nprint twice(twice(3)) + 1', '13'],
  ['calls are made from left to right', `${say}print say(1) + say(2) * say(3)`, 'at 1', 'at 2', 'at 3', '7'],
  [
    'what stands left of a call does not see what it does',
    'let n = 1\nfn bump() { n = n + 1; return n }\nprint n, bump(), n + bump(), n',
    '1 2 5 3',
  ],
  [
    '`&&` calls where the left side is true',
    `${say}print is(1, false) && is(2, true), is(3, true) && is(4, true)`,
    '1',
    '3',
    '4',
    'false true',
  ],
  [
    '`||` calls where the left side is false',
    `${say}print is(1, true) || is(2, true), is(3, false) || is(4, true)`,
    '1',
    '3',
    '4',
    'true true',
  ],
  ['`while` calls before each round', `${say}let i = 0\nwhile say(i) < 2 { i = i + 1 }`, 'at 0', 'at 1', 'at 2'],
  [
    '`continue` calls again',
    `${say}let i = 0\nwhile say(i) < 2 { i = i + 1; if i == 1 { continue }; print "round" }`,
    'at 0',
    'at 1',
    'round',
    'at 2',
  ],
  [
    '`else if` calls only when it is reached',
    `${say}if say(1) == 1 { print "a" } else if say(2) == 2 { print "b" }`,
    'at 1',
    'a',
  ],
  [
    'calls in strings, lists and loops',
    `${say}for n in [say(1), 5] { print "n is \${n + say(2)}" }`,
    'at 1',
    'at 2',
    'n is 3',
    'at 2',
    'n is 7',
  ],
  ['`return` leaves loops', 'fn f() { for i in 1..9 { if i == 3 { return i } }; return 0 }\nprint f()', '3'],
  ['`return` is no failure', 'fn f() { try { return 1 } else { return 2 } }\nprint f()', '1'],
  [
    'a failure inside is caught outside',
    'fn f(n: number) { return 1 / n }\ntry { print f(0) } else { print error }',
    'division by zero',
  ],
  [
    'each call has variables of its own',
    'fn f(n: number) { let x = n; wait 1ms; return x }\nlet a = spawn { print f(1) }\nprint f(2)\nawait a',
    '2',
    '1',
  ],
  [
    'functions that wait take their time',
    'start\nfn pause() { wait 10ms; return elapsed }\nif pause() >= 0s { print "waited" }',
    'waited',
  ],
  ['bodies of jobs see the variables around them', 'fn f(n: number) { let j = spawn { print n }; await j }\nf(4)', '4'],
];
for (const [name, text, ...lines] of printing) {
  test(name, async () => {
    const { results, prints } = await dryRun(text);
    assert.is(results.verdict, 'passed');
    assert.equal(prints, lines);
  });
}

test('a search written as a function finds the rate', async () => {
  const { results, scenario, prints } = await dryRun(`${bench}
    fn passes(d: device, load: pps) {
      set d rate load
      start
      wait 100ms
      stop
      return d.sent <= 50_000
    }
    let d = add_device tx0@0 on cpu 0 { frame probe; shortfall 100% }
    let low = 0pps
    let high = 1Mpps
    if passes(d, high) { low = high }
    while high - low > 10kpps {
      let middle = (low + high) / 2
      if passes(d, middle) { low = middle } else { high = middle }
    }
    print low
    expect passes(d, 100kpps)
  `);
  assert.is(results.verdict, 'passed');
  assert.equal(prints, ['500kpps']);
  assert.equal(
    scenario.expectations.map(({ text, actual }) => [text, actual.length]),
    [['passes(d, 100kpps)', 0]],
  );
});

test.run();
