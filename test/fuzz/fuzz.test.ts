// SPDX-License-Identifier: Apache-2.0
//
// A few thousand inputs of the fuzzer, always the same; `npm run fuzz` draws others, and what it finds becomes a row here.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { format, SourceFile } from '../../lang/index.ts';
import { corpus } from '../corpus.ts';
import { emptyTally, fuzz } from './fuzzing.ts';
import { kinds } from './inputs.ts';
import { assertLanguageLaws } from './laws.ts';

const test = suite('fuzz');

const inputs = 5000;

test('the laws of the language hold for inputs of every kind', () => {
  const tally = emptyTally();
  const broken = fuzz(inputs, 1, null, tally);
  assert.is(broken, null, JSON.stringify(broken));
  for (const kind of kinds) assert.ok(tally.counts[kind] > inputs / 20, `${kind}: ${tally.counts[kind]}`);
});

test('they hold for the corpus', () => {
  const texts = corpus();
  assert.ok(texts.length > 30);
  for (const [, text] of texts) assertLanguageLaws(text);
});

test('a law that breaks is found and its input made short', () => {
  const broken = fuzz(100, 1, null, emptyTally(), (text) => assert.not.match(text, /e/));
  assert.is(broken?.minimal, 'e');
});

/** What the fuzzer found. */
const found: readonly string[] = [
  'print 1.x. x',
  `every "\${1<e..9.x. x}".x{}`,
  'set x{within;\ns}',
  'set x flag within; sync',
  'set x { flag within; rate 1 }',
  'set x{\nwithin # why\n;s}',
  'spawn{scenario""{}\nbreak}',
  'spawn {\nscenario ""{}\n}',
];
for (const text of found) test(`found: ${JSON.stringify(text)}`, () => assertLanguageLaws(text));

test('what cannot be written on a line of its own keeps its `;` or has no form', () => {
  assert.is(format(new SourceFile('t.pg', 'set x{within;\ns}')).text, 'set x {\n  within;\n  s\n}\n');
  assert.is(format(new SourceFile('t.pg', 'set x {flag within;rate 1}')).text, 'set x { flag within; rate 1 }\n');
  const { text, diagnostics } = format(new SourceFile('t.pg', 'spawn{scenario""{}\nsync}'));
  assert.is(text, null);
  assert.equal(
    diagnostics.map(({ code }) => code),
    ['PG3102'],
  );
});

test.run();
