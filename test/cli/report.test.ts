// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Channel } from '../../runtime/report/output.ts';
import { plainPalette, wantsColour } from '../../runtime/report/palette.ts';
import { around, progressLine } from '../../runtime/report/progress.ts';
import { count, percent, rate, stopwatch, time } from '../../runtime/report/quantities.ts';
import { graceTable } from '../../runtime/report/show.ts';
import { cut, layoutTable, width } from '../../runtime/report/table.ts';
import type { Progress } from '../../runtime/results.ts';

const quantities = suite('quantities');

const shown: readonly (readonly [string, string])[] = [
  [count(0), '0'],
  [count(999), '999'],
  [count(1000), '1,000'],
  [count(1234567), '1,234,567'],
  [count(2 ** 53), '9,007,199,254,740,992'],
  [rate(0), '0 pps'],
  [rate(12.34), '12.3 pps'],
  [rate(999.94), '999.9 pps'],
  [rate(999.96), '1.0 kpps'],
  [rate(100_000), '100.0 kpps'],
  [rate(999_949), '999.9 kpps'],
  [rate(999_951), '1.0 Mpps'],
  [rate(6_272_204), '6.3 Mpps'],
  [rate(1e13), '10000.0 Gpps'],
  [rate(null), '-'],
  [rate(Number.NaN), '-'],
  [time(0), '0 ns'],
  [time(850), '850 ns'],
  [time(12_345), '12.3 us'],
  [time(999_960), '1.0 ms'],
  [time(2e9), '2.0 s'],
  [time(null), '-'],
  [percent(99.934), '99.93%'],
  [percent(null), '-'],
  [stopwatch(0), '0.0s'],
  [stopwatch(59.96e9), '59.9s'],
  [stopwatch(125e9), '2:05'],
  [stopwatch(3725e9), '1:02:05'],
];
for (const [actual, expected] of shown) {
  quantities(`shows ${expected}`, () => {
    assert.is(actual, expected);
  });
}
quantities.run();

const tables = suite('tables');

tables('align numbers right and text left, without trailing blanks', () => {
  const lines = layoutTable(
    [
      { title: 'device', align: 'left' },
      { title: 'sent', align: 'right' },
      { title: 'driver', align: 'left' },
    ],
    [
      ['tx0@0', '1,000', 'packet'],
      ['a', '5', ''],
    ],
    (text) => text,
  );
  assert.equal(lines, ['device   sent  driver', 'tx0@0   1,000  packet', 'a           5']);
});

tables('measure the text and not its colours', () => {
  const red = (text: string): string => `\u001b[31m${text}\u001b[39m`;
  const [, first, second] = layoutTable(
    [{ title: 'lost', align: 'right' }],
    [[{ text: '7', paint: red }], ['12,345']],
    (text) => text,
  );
  assert.is(first, `     ${red('7')}`);
  assert.is(second, '12,345');
});

tables('keep control characters of a name out of the terminal', () => {
  assert.equal(
    layoutTable([{ title: 'n', align: 'left' }], [['a\u001b[2J\nb']], (text) => text),
    ['n', 'a\ufffd[2J\ufffdb'],
  );
});

const cuts: readonly (readonly [string, number, string])[] = [
  ['abc', 3, 'abc'],
  ['abcd', 3, 'ab…'],
  ['日本語', 4, '日…'],
  ['日本語', 6, '日本語'],
  ['abc', 0, ''],
];
for (const [text, cells, expected] of cuts) {
  tables(`cut ${text} to ${cells} cells`, () => {
    assert.is(cut(text, cells), expected);
    assert.ok(width(cut(text, cells)) <= cells);
  });
}
tables.run();

const colours = suite('colours');

const decisions: readonly (readonly [boolean | null, boolean, Record<string, string>, boolean])[] = [
  [null, true, {}, true],
  [null, false, {}, false],
  [null, true, { NO_COLOR: '1' }, false],
  [null, true, { NO_COLOR: '' }, true],
  [null, true, { TERM: 'dumb' }, false],
  [true, false, {}, true],
  [true, true, { NO_COLOR: '1' }, true],
  [false, true, {}, false],
];
for (const [asked, terminal, environment, expected] of decisions) {
  colours(`asked ${asked}, terminal ${terminal}, ${JSON.stringify(environment)}`, () => {
    assert.is(wantsColour(asked, terminal, environment), expected);
  });
}
colours.run();

const progress = suite('progress line');

function recorder(columns: number): Channel & { readonly written: string[] } {
  const written: string[] = [];
  return {
    written,
    palette: plainPalette,
    terminal: true,
    columns: () => columns,
    write: (text) => {
      written.push(text);
    },
  };
}
const snapshot: Progress = {
  elapsed: 12_345_000_000,
  devices: 'tx0@0',
  sent: 1_234_567,
  pps: 99_900,
  asked: 100_000,
  lost: 3,
};

progress('is drawn at most ten times a second', () => {
  const channel = recorder(80);
  let now = 0;
  const line = progressLine(channel, () => now);
  for (now = 0; now < 1000; now++) line.show(snapshot);
  assert.is(channel.written.length, 10);
  assert.is(channel.written[0], '\r\u001b[K12.3s  tx0@0 sent 1,234,567  99.9 kpps of 100.0 kpps  lost 3');
});

progress('never reaches the last column, so that no terminal wraps it', () => {
  for (const columns of [1, 2, 20, 40]) {
    const channel = recorder(columns);
    progressLine(channel, () => 0).show(snapshot);
    assert.ok(width((channel.written[0] as string).replace('\r\u001b[K', '')) < columns, `${columns} columns`);
  }
});

progress('steps aside for what else is written, and only once', () => {
  const channel = recorder(80);
  const line = progressLine(channel, () => 0);
  const { signal: readerGone } = new AbortController();
  const output = around(line, { json: false, stdout: channel, stderr: channel, readerGone });
  output.stdout.write('before\n');
  line.show(snapshot);
  output.stdout.write('one\n');
  output.stderr.write('two\n');
  assert.is(channel.written[0], 'before\n');
  assert.equal(channel.written.slice(2), ['\r\u001b[K', 'one\n', 'two\n']);
});

progress('comes back after it stepped aside, no sooner than its next turn', () => {
  const channel = recorder(80);
  let now = 0;
  const line = progressLine(channel, () => now);
  line.show(snapshot);
  line.erase();
  line.show(snapshot);
  assert.is(channel.written.length, 2);
  now = 100;
  line.show(snapshot);
  assert.is(channel.written.length, 3);
});
progress.run();

const showing = suite('show');

showing('grace periods under way: cookie, age, and the CPU, thread and phase that each waits for', () => {
  const latency = { counts: [2], total: 2, max: 0 };
  const held = { cookie: 7, ageNs: 1_200_000_000, holders: [{ cpu: 1, tid: 42, phase: 'sending' }] };
  const lines = graceTable({ completed: 2, pending: 1, stalls: 1, latency }, [held]);
  assert.match(lines.join('\n'), /\b7 +1\.2 s +CPU 1, thread 42 \(sending\)$/);
  assert.is(graceTable({ completed: 2, pending: 0, stalls: 0, latency }, []).length, 2);
});

showing.run();
