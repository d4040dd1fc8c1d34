// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Value } from '../../lang/value.ts';
import { bench, dryRun } from './scripts.ts';

const test = suite('scenarios in a run');

const device = 'add_device tx0@0 on cpu 0 { frame probe; rate 10kpps }';

test('a scenario runs for each of its values', async () => {
  const { results, prints } = await dryRun(`${bench}
    frame short = eth() / ipv4() / udp()
    param top = 2
    scenario "sizes" for size in [64B, 128B] { ${device}; set tx0@0 pkt_size size; print size; expect size < 100B }
    scenario "frames" for f in [probe, short] { add_device tx0@0 on cpu 0 { frame f; count 10 }; start; wait stopped }
    scenario "steps" for n in 1..top { print n }
  `);
  assert.equal(
    results.scenarios.map(({ scenario, verdict }) => `${scenario} ${verdict}`),
    [
      'sizes[size=64B] passed',
      'sizes[size=128B] failed',
      'frames[f=probe] passed',
      'frames[f=short] passed',
      'steps[n=1] passed',
      'steps[n=2] passed',
    ],
  );
  assert.equal(prints, ['64B', '128B', '1', '2']);
});

test('parameters given settle how often a scenario runs', async () => {
  const text = 'param top = 2\nscenario "s" for n in 1..top { print n }';
  const given = (value: number) => ({ params: new Map<string, Value>([['top', { type: 'number', value }]]) });
  const { prints } = await dryRun(text, given(3));
  assert.equal(prints, ['1', '2', '3']);
  const { results } = await dryRun(text, given(0));
  assert.equal([results.exit, results.failure?.code], [2, 'PG6403']);
});

/** Bodies between a setup and a teardown that print, with what is printed and the codes that the run says. */
const around: readonly (readonly [string, string, string, readonly string[], readonly string[]])[] = [
  ['a body', 'print "body"', 'passed', ['up', 'body', 'down'], []],
  ['a body that fails', 'rem_device tx0@0\nrem_device tx0@0\nprint "never"', 'error', ['up', 'down'], ['PG6002']],
  ['a requirement that does not hold', 'require devices.sent > 5\nprint "never"', 'failed', ['up', 'down'], ['PG6107']],
  ['an abort', 'start\nabort when devices.sent > 5\nwait 1s\nprint "never"', 'failed', ['up', 'down'], ['PG6104']],
  ['jobs', 'every 1ms { print "tick" }\nstart\nwait 2500us', 'passed', ['up', 'tick', 'tick', 'down'], []],
];
for (const [name, body, verdict, lines, codes] of around) {
  test(`setup and teardown stand around ${name}`, async () => {
    const { results, prints, diagnostics } = await dryRun(`${bench}
      setup { let word = "up"; print word; ${device} }
      teardown { let word = "down"; print word }
      scenario "s" {
        ${body}
      }
    `);
    assert.is(results.verdict, verdict);
    assert.equal(prints, lines);
    assert.equal(
      diagnostics.map(({ code }) => code),
      codes,
    );
  });
}

test('teardown follows a setup that fails, and can still wait', async () => {
  const { results, prints } = await dryRun(`${bench}
    let word = "down"
    setup { rem_device tx0@7 }
    teardown { ${device}; start; wait until tx0@0.sent > 100 timeout 1s; stop; print word }
    scenario "s" { print "never"; add_device tx0@7 on cpu 0 { frame probe } }
  `);
  assert.is(results.verdict, 'error');
  assert.equal(prints, ['down']);
});

test('a teardown that fails decides, unless something else did before', async () => {
  const failing = 'teardown { print 1 / devices.sent }\n';
  const alone = await dryRun(`${failing}print "body"`);
  assert.equal([alone.results.verdict, alone.diagnostics.map(({ code }) => code)], ['error', ['PG2301']]);
  const both = await dryRun(`${failing}require devices.sent > 1`);
  assert.equal([both.results.verdict, both.diagnostics.map(({ code }) => code)], ['failed', ['PG6107']]);
});

test('teardown beyond the longest duration has an end', async () => {
  const { results, prints } = await dryRun('teardown { print "down"; start; while true { wait 1s } }\nwait 5s', {
    maxDuration: 1_000_000_000n,
  });
  assert.equal([results.verdict, prints], ['failed', ['down']]);
});

test('eventually waits no longer than it must', async () => {
  const { results, scenario, prints } = await dryRun(`${bench}${device}
    start
    expect eventually tx0@0.sent > 1000 timeout 1s "soon"
    print elapsed < 200ms
    expect eventually tx0@0.sent < 0 timeout 100ms "never"
    print elapsed < 300ms
    require eventually tx0@0.sent > 0 timeout 0s
  `);
  assert.is(results.verdict, 'failed');
  assert.equal(prints, ['true', 'true']);
  assert.equal(
    scenario.expectations.map(({ text, label, passes, fails }) => [text, label, passes, fails]),
    [
      ['eventually tx0@0.sent > 1000', 'soon', 1, 0],
      ['eventually tx0@0.sent < 0', 'never', 0, 1],
      ['eventually tx0@0.sent > 0', null, 1, 0],
    ],
  );
});

test('a requirement ends the scenario from any job, and the next one runs', async () => {
  const { results, prints } = await dryRun(`
    scenario "a" { spawn { try { require devices.sent > 0 "sends" } else { print error } }; wait 1s; print "never" }
    scenario "b" { print "next" }
  `);
  assert.equal(
    results.scenarios.map(({ verdict }) => verdict),
    ['failed', 'passed'],
  );
  assert.is(results.scenarios[0]?.expectations[0]?.fails, 1);
  assert.equal(prints, ['next']);
});

test.run();
