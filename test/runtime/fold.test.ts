// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { foldLine, foldTable } from '../../runtime/report/fold.ts';
import { layoutTable } from '../../runtime/report/table.ts';

const test = suite('fold');

const table = layoutTable(
  [
    { title: 'device', align: 'left' },
    { title: 'CPU', align: 'right' },
    { title: 'asked', align: 'right' },
    { title: 'errors', align: 'right' },
  ],
  [
    ['tx0@0', '0', '1.0 kpps', '0'],
    ['tx0@1', '1', '833.7 pps', '12'],
  ],
  (text) => text,
);

test('a table that fits stays as it is', () => assert.equal(foldTable(table, 33), [table]));

test('a wider one goes on below, with its first column', () => {
  assert.equal(foldTable(table, 24), [
    ['device  CPU      asked', 'tx0@0     0   1.0 kpps', 'tx0@1     1  833.7 pps'],
    ['device  errors', 'tx0@0        0', 'tx0@1       12'],
  ]);
});

test('no cell is lost, however narrow the terminal', () => {
  const cells = table.flatMap((line) => line.trim().split(/ {2,}/)).sort();
  for (let columns = 1; columns < 40; columns++) {
    const folded = foldTable(table, columns).flat();
    const shown = folded.flatMap((line) => line.trim().split(/ {2,}/));
    assert.equal([...new Set(shown)].sort(), [...new Set(cells)], `${columns} columns`);
  }
});

test('a line breaks between its pieces, and goes on indented', () => {
  assert.equal(foldLine('.time    tells how long each took', 20, 9), [
    '.time    tells how',
    '         long each',
    '         took',
  ]);
  assert.equal(foldLine('ipv4    version 4  ihl 5  tos 0', 20, 8, '  '), ['ipv4    version 4', '        ihl 5  tos 0']);
});

test('folding changes nothing but blanks', () => {
  const words = (text: string): readonly string[] => text.split(' ').filter(Boolean);
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z ]*$/), fc.integer({ min: 1, max: 20 }), (line, columns) => {
      const folded = foldLine(line, columns, 2);
      assert.equal(words(folded.join(' ')), words(line));
      for (const one of folded) assert.ok(one.length <= columns || words(one).length <= 1, one);
    }),
  );
});

test.run();
