// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Edit, editScript } from '../../lang/difference/edit-script.ts';
import { fc } from '../laws.ts';

const test = suite('edit script');

const shown = (before: string, after: string): string =>
  editScript([...before], [...after])
    .map((edit) =>
      edit.kind === 'keep'
        ? before[edit.before]
        : edit.kind === 'remove'
          ? `-${before[edit.before]}`
          : `+${after[edit.after]}`,
    )
    .join('');

/** Length of a longest common subsequence, by the textbook's table. */
function commonLength(a: readonly string[], b: readonly string[]): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (const x of a) {
    const next = [0];
    for (const [at, y] of b.entries()) {
      next.push(x === y ? (row[at] as number) + 1 : Math.max(row[at + 1] as number, next[at] as number));
    }
    row = next;
  }
  return row[b.length] as number;
}

for (const [before, after, wanted] of [
  ['', '', ''],
  ['abc', 'abc', 'abc'],
  ['abc', '', '-a-b-c'],
  ['', 'ab', '+a+b'],
  ['abc', 'axc', 'a-b+xc'],
  ['abcd', 'acbd', 'a-bc+bd'],
] as const) {
  test(`from '${before}' to '${after}'`, () => assert.is(shown(before, after), wanted));
}

test('a script leads from one to the other, in order, and no shorter one does', () => {
  const letters = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 14 });
  fc.assert(
    fc.property(letters, letters, (before, after) => {
      const edits = editScript(before, after);
      const olds = edits.flatMap((edit) => (edit.kind === 'add' ? [] : [edit.before]));
      const news = edits.flatMap((edit) => (edit.kind === 'remove' ? [] : [edit.after]));
      assert.equal(olds, [...before.keys()]);
      assert.equal(news, [...after.keys()]);
      const kept = edits.filter((edit): edit is Extract<Edit, { kind: 'keep' }> => edit.kind === 'keep');
      for (const edit of kept) assert.is(before[edit.before], after[edit.after]);
      assert.is(kept.length, commonLength(before, after));
    }),
  );
});

test('sequences that have nothing in common are replaced, however long', () => {
  const before = Array.from({ length: 20_000 }, (_, at) => `old ${at}`);
  const after = Array.from({ length: 20_000 }, (_, at) => `new ${at}`);
  const edits = editScript(before, after);
  assert.is(edits.length, 40_000);
  assert.equal(
    [edits[0], edits.at(-1)],
    [
      { kind: 'remove', before: 0 },
      { kind: 'add', after: 19_999 },
    ],
  );
});

test.run();
