// SPDX-License-Identifier: Apache-2.0
//
// Programs without an end: the event loop has its turns while they run, and they end when they are told to.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Results } from '../../runtime/results.ts';
import { mostPrinted } from '../../runtime/scenario/executor.ts';
import { mostJobs, mostPrintedCharacters, mostPrints } from '../../runtime/scenario/scenario-state.ts';
import { dryRun } from './scripts.ts';

const test = suite('endless programs');

async function carriedOut(text: string, signal: AbortSignal, maxDuration: bigint | null = null): Promise<Results> {
  return (await dryRun(text, { signal, maxDuration })).results;
}

const endless: readonly (readonly [string, string])[] = [
  ['while', 'while true { }'],
  ['while with work', 'let n = 0\nwhile true { n = (n + 1) - n }'],
  ['repeat', 'repeat 9007199254740991 { }'],
  ['for over a huge range', 'for i in 0..9007199254740990 { }'],
  [
    'nested for over blocks of addresses',
    'for a in 10.0.0.0..10.255.255.255 { for b in fe80::..fe80::ffff:ffff:ffff { } }',
  ],
  ['every 1ns', 'every 1ns { }\nwait 10h'],
  ['every 1ns with a loop inside', 'every 1ns { while true { } }\nwait 10h'],
  ['a function in a loop', 'fn f(n: number) { return n + 1 }\nlet n = 0\nwhile true { n = f(n) - n }'],
  ['a function with a loop', 'fn f() { while true { } }\nf()'],
  ['jobs that come and go', 'while true { let j = spawn { }\nawait j }'],
  ['jobs that spawn', 'fn go() { spawn { wait 1us } }\nwhile true { go()\nwait 1us }'],
  ['wait 0s', 'while true { wait 0s }'],
  ['a failure tolerated for ever', `let n = 1\nwhile true { try { rem_device "none\${n}" } else { } }`],
];

for (const [name, text] of endless) {
  test(`${name}: others have their turn, and a signal ends it`, async () => {
    const controller = new AbortController();
    let turns = 0;
    const turn = (): void => {
      // Three turns of timers show that it was no chance.
      if (++turns === 3) controller.abort();
      else setTimeout(turn, 1);
    };
    setTimeout(turn, 1);
    const results = await carriedOut(text, controller.signal);
    assert.is(results.verdict, 'interrupted');
    assert.is(turns, 3);
  });

  test(`${name}: --max-duration ends it, by virtual time or by the machine's`, async () => {
    const { scenarios, exit } = await carriedOut(text, new AbortController().signal, 50_000_000n);
    assert.is(scenarios[0]?.failure?.code, 'PG6105');
    assert.is(exit, 1);
  });
}

test('jobs at once are limited', async () => {
  const signal = new AbortController().signal;
  for (const job of ['spawn { wait 1h }', 'at 1h { }', 'every 1h { }']) {
    const { scenarios } = await carriedOut(`while true { ${job} }`, signal);
    assert.is(scenarios[0]?.failure?.code, 'PG6008', job);
  }
  const fits = await carriedOut(
    `repeat ${mostJobs - 1} { spawn { } }\nawait\nrepeat ${mostJobs - 1} { spawn { } }`,
    signal,
  );
  assert.is(fits.exit, 0);
});

test('of what is printed the first lines are kept', async () => {
  const { scenarios, exit } = await carriedOut(`repeat ${mostPrints + 5} { print 1 }`, new AbortController().signal);
  assert.is(scenarios[0]?.prints.length, mostPrints);
  assert.equal(
    scenarios[0]?.warnings.map(({ code }) => code),
    ['PG6204'],
  );
  assert.is(exit, 0);
});

test('a string that doubles ends the scenario, not the process', async () => {
  const { scenarios } = await carriedOut(`let s = "x"\nwhile true { s = "\${s}\${s}" }`, new AbortController().signal);
  assert.is(scenarios[0]?.failure?.code, 'PG2310');
});

test('lists of lists show their first elements, and count as strings that are too long', async () => {
  const deep = ['let a = [1]', ...Array.from({ length: 12 }, (_, at) => `a${at}`)].reduce(
    (text, name, at) =>
      `${text}\nlet ${name} = [${Array(10)
        .fill(at === 0 || at === 1 ? 'a' : `a${at - 2}`)
        .join(', ')}]`,
  );
  const text = `${deep}\nprint a11\nexpect len(a11) == 11\ntry { let s = "\${a11}" } else { print error }`;
  const { scenarios, exit } = await carriedOut(text, new AbortController().signal);
  const [shown, told] = scenarios[0]?.prints ?? [];
  assert.ok((shown ?? '').length < mostPrinted && shown?.endsWith('…]'), shown?.slice(-20));
  assert.match(told ?? '', /string/);
  assert.is(exit, 1);
});

test('a printed line, and all of them together, are no longer than what is kept', async () => {
  const value = `"${'x'.repeat(10_000)}"`;
  const line = Array(20).fill('s').join(', ');
  const text = `let s = ${value}\nrepeat 1000 { print ${line} }\nprint "last"`;
  const { scenarios, exit } = await carriedOut(text, new AbortController().signal);
  const prints = scenarios[0]?.prints ?? [];
  assert.ok(prints[0]?.endsWith(' …') && prints[0].length < mostPrinted + 20_000);
  const kept = prints.reduce((sum, one) => sum + one.length, 0);
  assert.ok(kept <= mostPrintedCharacters && kept > mostPrintedCharacters / 2 && !prints.includes('last'));
  assert.equal(
    scenarios[0]?.warnings.map(({ code }) => code),
    ['PG6204', 'PG6204'],
  );
  assert.is(exit, 0);
});

test("teardown is carried out when the machine's time is over, too", async () => {
  const text = 'teardown { print "down" }\nwhile true { }';
  const { scenarios } = await carriedOut(text, new AbortController().signal, 20_000_000n);
  assert.equal(scenarios[0]?.prints, ['down']);
});

/** Scenarios with a teardown without an end: by what they end, and what is told besides. */
const endlessTeardowns: readonly (readonly [string, string])[] = [
  ['that spins', 'teardown { while true { } }'],
  ['that waits', 'teardown { while true { wait 1ms } }'],
  ['behind a setup', 'setup { print 1 }\nteardown { while true { } }'],
];
for (const [name, around] of endlessTeardowns) {
  for (const [when, body] of [
    ['that the limit falls into', 'print 1'],
    ['that comes behind the limit', 'while true { }'],
    ['that comes behind the limit in virtual time', 'while true { wait 1s }'],
  ] as const) {
    test(`a teardown ${name}, ${when}, has an end that is told`, async () => {
      const { results, diagnostics } = await dryRun(`${around}\nscenario "a" { ${body} }\nscenario "b" { }`, {
        maxDuration: 20_000_000n,
        hurriedTeardown: 20_000_000n,
      });
      assert.equal(
        diagnostics.map(({ code }) => code),
        ['PG6105', 'PG6108'],
      );
      assert.equal(
        results.scenarios.map(({ scenario, verdict, failure, warnings }) => {
          return [scenario, verdict, failure?.code, warnings.map(({ code }) => code)];
        }),
        [['a', 'failed', 'PG6105', ['PG6108']]],
      );
      assert.is(results.exit, 1);
    });
  }
}

test('a teardown that ends in time behind the limit has nothing told of it', async () => {
  const text = 'teardown { wait 15ms; print "down" }\nscenario "a" { wait 10ms }';
  const { diagnostics, prints } = await dryRun(text, { maxDuration: 20_000_000n });
  assert.equal([diagnostics.map(({ code }) => code), prints], [['PG6105'], ['down']]);
  const just = await dryRun(text, { maxDuration: 25_000_000n });
  assert.equal([just.results.verdict, just.prints], ['passed', ['down']]);
});

test('a teardown that takes too long behind an interruption is told, at the operation that it had come to', async () => {
  const controller = new AbortController();
  const text = 'teardown {\n  while true {\n    wait 1s\n  }\n}\nscenario "a" {\n  print 1\n  wait 1s\n}';
  const { scenario, diagnostics } = await dryRun(text, {
    signal: controller.signal,
    onPrint: () => controller.abort(),
  });
  assert.equal([scenario.verdict, scenario.failure], ['interrupted', null]);
  assert.equal(
    diagnostics.map(({ code, span }) => [code, text.slice(span.start, span.end)]),
    [['PG6108', 'wait 1s']],
  );
});

test.run();
