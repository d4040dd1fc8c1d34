// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SourceFile } from '../../lang/index.ts';
import { maxStatements, parse, parseSound } from '../../lang/syntax/parser.ts';
import { lexPieces } from '../../lang/syntax/pieces.ts';
import { corpus } from '../corpus.ts';
import { inputs } from '../fuzz/inputs.ts';
import { assertReadInPieces } from '../fuzz/laws.ts';
import { fc } from '../laws.ts';

const test = suite('pieces');

test('what is read in pieces is what is read as a whole: in every scenario there is', () => {
  let sound = 0;
  for (const [, text] of corpus()) {
    assertReadInPieces(text);
    if (parseSound(text, 1) !== null) sound++;
  }
  assert.ok(sound > 50, `${sound} without a mistake`);
});

test('what is read in pieces is what is read as a whole: in whatever is made of them', () => {
  fc.assert(
    fc.property(inputs, ({ text }) => {
      assertReadInPieces(text);
    }),
    { numRuns: 2000 },
  );
});

const rows: readonly (readonly [string, string, number])[] = [
  ['nothing', '', 1],
  ['line ends alone', '\n;\n\n', 1],
  ['statements on lines and behind `;`', 'let a = 1; let b = 2\n\nlet c = 3\n', 4],
  ['a comment between two', 'let a = 1 # one\n# two\nlet b = 2', 2],
  ['a line that goes on', 'let a = 1 +\n2\nlet b =\n\n3', 2],
  ['brackets over several lines', 'let a = [\n1,\n2\n]\nlet b = min(\n1,\n2\n)\n', 3],
  ['blocks', 'for i in 0..2 {\nprint i\n}\nif true {\nprint 1\n} else {\nprint 2\n}\n', 3],
  ['a word that may go on', 'let of = 1; let a = of\nlet step = of\n', 4],
];
for (const [name, text, count] of rows) {
  test(`cut at the ends of statements: ${name}`, () => {
    assert.is([...lexPieces(text, 1, 100)].length, count);
    assertReadInPieces(text);
    assert.ok(parseSound(text, 1) !== null);
  });
}

const mistakes: readonly (readonly [string, string])[] = [
  ['a closing bracket too many', 'let a = 1\n}\nlet b = 2'],
  ['an `else` on a line of its own', 'if true {\nprint 1\n}\nelse {\nprint 2\n}'],
  ['a `{` on a line of its own', 'if true\n{\nprint 1\n}'],
  ['a line that begins with an operator', 'let a = 1\n+ 2'],
  ['a bracket that is never closed', 'let a = (1\nlet b = 2'],
  ['a block that ends at the next scenario', 'scenario "a" {\nprint 1\nscenario "b" {\nprint 2\n}'],
  ['a text that ends too early', 'let a = 1\nlet b ='],
];
for (const [name, text] of mistakes) {
  test(`left to the whole: ${name}`, () => {
    assert.is(parseSound(text, 1), null);
    assertReadInPieces(text);
  });
}

test('a bracket that is never closed does not take in the whole text', () => {
  const pieces = [...lexPieces(`(${'1 '.repeat(100_000)}`, 1, 1000)];
  assert.equal(
    pieces.map(({ tokens }) => tokens.length),
    [1001],
  );
});

test('the limit of statements holds over all pieces', () => {
  const { diagnostics } = parse(new SourceFile('many.pg', 'print 1\n'.repeat(maxStatements + 1)));
  assert.equal(
    diagnostics.map(({ code }) => code),
    ['PG1108'],
  );
});

test.run();
