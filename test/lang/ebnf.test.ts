// SPDX-License-Identifier: Apache-2.0
//
// The grammar in grammar.md is the parser's: after a wanted change run this file with UPDATE_GOLDEN=1.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ebnf } from '../../lang/ebnf.ts';
import { root } from '../requirements.ts';

const test = suite('EBNF');

const path = join(root, 'grammar.md');
const [begin, end] = ['<!-- ebnf -->\n```ebnf\n', '```\n<!-- end of ebnf -->\n'];

/** The document before, between and after the markers. */
function partsOf(document: string): [string, string, string] {
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  assert.ok(from >= 0 && to > from, 'grammar.md has the markers');
  return [document.slice(0, from + begin.length), document.slice(from + begin.length, to), document.slice(to)];
}

if (process.env.UPDATE_GOLDEN === '1') {
  const [before, , after] = partsOf(readFileSync(path, 'utf8'));
  writeFileSync(path, before + ebnf() + after);
}

test('the grammar in grammar.md is that of the parser', () => {
  assert.fixture(partsOf(readFileSync(path, 'utf8'))[1], ebnf());
});

const text = ebnf();

test('what every kind of production becomes', () => {
  for (const rule of [
    'file ::= ( statement ( Newline statement )* )?\n',
    'expression ::= operand ( Operator operand )*\n',
    'argument ::= ( Word ":" )? expression\n',
    'call ::= "(" ( argument ( "," argument )* )? ")"\n',
    'sync ::= "sync" timeout?\n',
    'print ::= "print" expression ( "," expression )*\n',
    'cancel ::= "cancel" expression\n',
  ]) {
    assert.ok(text.includes(`\n${rule}`) || text.startsWith(rule), rule);
  }
});

test('every name is defined, once', () => {
  const defined = [...text.matchAll(/^(\w+) ::=/gm)].map(([, name]) => name as string);
  assert.equal([...new Set(defined)], defined);
  // Without what stands in quotes, regular expressions, and the words for what a string holds.
  const bare = text.replace(/"[^"\n]*"|'[^'\n]*'|::= \/.*\/$|\bcharacters\b/gm, ' ');
  const used = new Set([...bare.matchAll(/\b[A-Za-z]\w*\b/g)].map(([name]) => name));
  assert.equal(
    [...used].filter((name) => !defined.includes(name)),
    [],
  );
  assert.equal(
    defined.filter((name) => !used.has(name)),
    [],
  );
});

test.run();
