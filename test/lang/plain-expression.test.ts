// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { maxElements } from '../../lang/syntax/expressions.ts';
import { maxNesting } from '../../lang/syntax/layout.ts';
import { maxOperators } from '../../lang/syntax/precedence.ts';
import { corpus } from '../corpus.ts';
import { inputs } from '../fuzz/inputs.ts';
import { assertReadAsRuled } from '../fuzz/readings.ts';
import { fc } from '../laws.ts';

const test = suite('plain expressions');

test('what is read without the rules is what they read: in every scenario there is', () => {
  const counts = corpus().map(([, text]) => assertReadAsRuled(text));
  const all = counts.reduce((sum, count) => sum + count, 0);
  assert.ok(all > 1000, `${all} expressions`);
});

test('what is read without the rules is what they read: in whatever is made of their pieces', () => {
  fc.assert(
    fc.property(inputs, ({ text }) => {
      assertReadAsRuled(text);
    }),
    { numRuns: 2000 },
  );
});

const chain = (piece: string, count: number) => piece.repeat(count);
const rows: readonly (readonly [string, string])[] = [
  ['an operand that is none', 'let x = (1 + ) * 2'],
  ['a list with a comma too many', 'let x = [1, 2,]'],
  ['an empty list and an empty call', 'let x = [] + f()'],
  ['a call of what is no name', 'let x = (f)(1)'],
  ['arguments with and without names', 'let x = f(a: 1, 2, let: 3, b : c)'],
  ['an argument that is a name alone', 'let x = f(a, b: c)'],
  ['a member that is a reserved word', 'let x = tx0.set.let'],
  ['a member that is missing', 'let x = tx0.'],
  ['words that are operators too', 'let step = of step of\nlet of = 0..9 step step'],
  ['an operator in a place of its own', 'let x = 1 of 2'],
  ['comparisons that do not chain', 'let x = 1 < 2 < 3'],
  ['signs before everything', 'let x = -!-a[-1] - -(1)'],
  ['a bracket that is not closed', 'let x = (1 + 2'],
  ['a string with a value', 'let x = f("a", "b\u0024{1 + 2}c")[0]'],
  ['what the lexer refused', 'let x = f("a\\q") + tx@ + "open'],
  ['as many operators as there may be', `let x = 1${chain(' + 1', maxOperators)}`],
  ['one operator too many', `let x = 1${chain(' + 1', maxOperators + 1)}`],
  ['as many members as there may be', `let x = a${chain('.b', maxNesting)}`],
  ['one member too many', `let x = a${chain('.b', maxNesting + 1)}`],
  ['as many elements as there may be', `let x = [0${chain(', 0', maxElements - 1)}]`],
  ['one element too many', `let x = [0${chain(', 0', maxElements)}]`],
  ['as deep as it may be', `let x = ${chain('(', maxNesting)}1${chain(')', maxNesting)}`],
  ['one bracket too deep', `let x = ${chain('[', maxNesting + 1)}1${chain(']', maxNesting + 1)}`],
];

for (const [name, text] of rows) {
  test(`by the rules as without them: ${name}`, () => {
    assertReadAsRuled(text);
  });
}

test.run();
