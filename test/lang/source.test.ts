// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cover, SourceFile } from '../../lang/source.ts';

const test = suite('source');

/** [name, text, offset, line, column] */
const positions: readonly (readonly [string, string, number, number, number])[] = [
  ['the start of nothing', '', 0, 1, 1],
  ['the first character', 'abc', 0, 1, 1],
  ['the end', 'abc', 3, 1, 4],
  ['behind the end', 'abc', 9, 1, 4],
  ['before the start', 'abc', -1, 1, 1],
  ['a line end belongs to its line', 'a\nb', 1, 1, 2],
  ['behind a line feed', 'a\nb', 2, 2, 1],
  ['behind a carriage return and line feed', 'a\r\nb', 3, 2, 1],
  ['inside a carriage return and line feed', 'a\r\nb', 2, 1, 3],
  ['behind a lone carriage return', 'a\rb', 2, 2, 1],
  ['an empty last line', 'a\n', 2, 2, 1],
  ['mixed line ends', 'a\r\n\rb\n\nc', 7, 5, 1],
  ['columns count UTF-16 units', '\u{1f600}x', 2, 1, 3],
];
for (const [name, text, offset, line, column] of positions) {
  test(`position: ${name}`, () => {
    assert.equal(new SourceFile('t', text).position(offset), { line, column });
  });
}

test('a line comes without its end', () => {
  const source = new SourceFile('t', 'one\r\ntwo\rthree\n');
  assert.equal(
    [0, 1, 2, 3, 4, 5].map((number) => source.line(number)),
    ['', 'one', 'two', 'three', '', ''],
  );
});

test('a slice is what a span covers', () => {
  assert.is(new SourceFile('t', 'let x = 5').slice({ start: 4, end: 5 }), 'x');
});

test('cover is the smallest span over both, in either order', () => {
  const [a, b] = [
    { start: 2, end: 4 },
    { start: 7, end: 9 },
  ];
  assert.equal(cover(a, b), { start: 2, end: 9 });
  assert.equal(cover(b, a), { start: 2, end: 9 });
});

test.run();
