// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { check } from '../../lang/check/checker.ts';
import { load, noImports } from '../../lang/imports.ts';
import { SourceFile } from '../../lang/source.ts';
import { dryRunEngine } from '../../runtime/engines/dry-run.ts';
import { nativeEngine } from '../../runtime/engines/native.ts';
import { addon, namespaces, testWith } from '../requirements.ts';
import { bench, dryRun, runOn } from './scripts.ts';

const test = suite('links');

const running = `${bench}
add_device tx0@0 on cpu 0 { frame probe; rate 1kpps; shortfall 100% }
start
wait 100ms
`;

const kinds = (events: readonly { readonly kind: string }[]): readonly string[] =>
  events.flatMap((event) =>
    event.kind === 'link' && 'change' in event && 'interface' in event ? [`${event.interface} ${event.change}`] : [],
  );

test('a device pauses while its interface is down, skips what was due, and goes on', async () => {
  const { scenario } = await dryRun(`${running} link tx0 down
    wait 50ms
    link tx0 up
    wait 100ms
    stop
    expect tx0@0.sent == 200
    expect tx0@0.skipped == 50
    expect sink.lost == 0`);
  assert.is(scenario.verdict, 'passed');
  assert.equal(kinds(scenario.events), ['tx0 down', 'tx0 up']);
});

test('what was not sent counts against the shortfall', async () => {
  const { results } = await dryRun(`${bench}
    add_device tx0@0 on cpu 0 { frame probe; rate 1kpps }
    start
    link tx0 down
    wait 50ms
    link tx0 up
    wait 50ms`);
  assert.is(results.exit, 3);
});

test('devices and receivers follow a rename; what is added goes by the new name', async () => {
  const { scenario, prints } = await dryRun(`${running} link tx0 rename tx9
    link rx0 rename rx9
    try { add_device tx0@1 on cpu 0 { frame probe } } else { print error }
    add_device tx9@1 on cpu 0 { frame probe; rate 1kpps }
    start
    wait 100ms
    set tx0@0 pkt_size 100B
    stop
    # a caught failure takes 1 ms
    expect tx0@0.sent == 201
    expect sink.received == 301`);
  assert.is(scenario.verdict, 'passed', JSON.stringify(scenario.failure));
  assert.equal(prints, ['there is no interface `tx0` (ENODEV)']);
});

test('an interface that is deleted takes its devices along, and they keep their figures', async () => {
  const { scenario } = await dryRun(`${running} link rx0 delete
    wait 10ms
    expect tx0@0.sent == 100
    expect !tx0@0.running
    add_device tx1@0 on cpu 0 { frame probe; count 1 }
    try { rem_device tx0@0 } else { print error }`);
  assert.is(scenario.verdict, 'passed', JSON.stringify(scenario.failure));
  assert.equal(kinds(scenario.events), ['rx0 removed', 'tx0 removed']);
  assert.is(scenario.devices[0]?.removed, true);
  assert.is(scenario.devices[0]?.failure, 'ENXIO');
});

/** What becomes of the figures where an end of the link is deleted, on either engine. */
const deletions = ['tx0', 'rx0'].flatMap((end) => [
  { what: `${end} is deleted behind a stop`, rest: `stop\nlink ${end} delete`, failure: null, exit: 0 },
  { what: `${end} is deleted under a device that sends`, rest: `link ${end} delete`, failure: 'ENXIO', exit: 3 },
  {
    what: `${end} is deleted, and the device stopped right behind it`,
    rest: `link ${end} delete\nstop`,
    failure: 'ENXIO',
    exit: 3,
  },
]);
for (const native of [false, true]) {
  for (const { what, rest, failure, exit } of deletions) {
    const name = `${native ? 'native' : 'dry run'}: ${what}; what was counted stays, and who was running has failed`;
    testWith(test, native ? [addon, namespaces] : [], name, async () => {
      const engine = native ? nativeEngine() : dryRunEngine();
      try {
        // A machine that is slow for a while is no matter here.
        const { results, scenario } = await runOn(
          engine,
          `${bench}
          add_device tx0@0 on cpu 0 { frame probe; rate 1kpps; shortfall 50% }
          start
          wait until tx0@0.sent > 100 timeout 5s
          ${rest}
          require eventually sink.received == tx0@0.sent timeout 5s
          expect sink.lost == 0`,
        );
        assert.is(results.exit, exit, JSON.stringify(scenario.failure ?? scenario.expectations));
        assert.is(scenario.devices[0]?.failure, failure);
        const failures = scenario.events.filter(({ kind }) => kind === 'device_failed');
        assert.is(failures.length, failure === null ? 0 : 1);
      } finally {
        await engine.close();
      }
    });
  }
}

for (const [what, text, codes] of [
  ['a link outside a lab', 'link tx0 down', ['PG3115']],
  ['an interface that the lab does not have', 'lab { ifb tx0 }\nlink tx1 down', ['PG3009']],
  ['after a rename both names', 'lab { ifb tx0 }\nlink tx0 rename a0\nlink a0 rename tx0', []],
  ['a name that is too long', 'lab { ifb tx0 }\nlink tx0 rename an_interface_name', ['PG3014']],
  ['a device that is never added', 'lab { ifb tx0 }\nshow tx0@7', ['PG3004']],
] as const) {
  test(`checked: ${what}`, () => {
    const { diagnostics } = check(load(new SourceFile('test.pg', text), noImports));
    assert.equal(
      diagnostics.map(({ code }) => code),
      codes,
    );
  });
}

testWith(test, [addon, namespaces], 'natively as in the dry run, from the kernel’s own events', async () => {
  const engine = nativeEngine();
  try {
    const { results, scenario } = await runOn(
      engine,
      `${running} link tx0 down
      wait 50ms
      link tx0 up
      link tx0 rename tx9
      wait 100ms
      let sent = tx0@0.sent
      wait until tx0@0.sent > sent timeout 5s
      show grace
      link tx9 delete
      wait until grace.pending == 0 timeout 5s`,
    );
    assert.is(scenario.failure, null, JSON.stringify(scenario.failure));
    assert.is(results.exit, 0);
    assert.ok((scenario.devices[0]?.skipped ?? 0) > 0);
    const [down, up, renamed, ...removed] = kinds(scenario.events);
    assert.equal([down, up, renamed], ['tx0 down', 'tx0 up', 'tx0 renamed']);
    assert.ok(removed.includes('tx9 removed'));
    assert.is(scenario.devices[0]?.removed, true);
  } finally {
    await engine.close();
  }
});

test.run();
