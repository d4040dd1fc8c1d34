// SPDX-License-Identifier: Apache-2.0
//
// The pure parts of the line: colours, history, completion, help.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { helpNear, helpOn, helpTopics, type KnownName } from '../../lang/assist/index.ts';
import { compile } from '../../lang/compiler.ts';
import { SourceFile } from '../../lang/source.ts';
import { plainPalette } from '../../runtime/report/palette.ts';
import { candidates, hint, listing } from '../../runtime/shell/assistance.ts';
import { coloured, colouredLine } from '../../runtime/shell/colouring.ts';
import { History, historyPath, mostEntries, oneLine } from '../../runtime/shell/history.ts';
import { root } from '../requirements.ts';

const test = suite('line');

/** Each colour as a letter in angle brackets. */
const letters = {
  ...plainPalette,
  error: (text: string) => `<e:${text}>`,
  good: (text: string) => `<g:${text}>`,
  dim: (text: string) => `<d:${text}>`,
  strong: (text: string) => `<s:${text}>`,
  accent: (text: string) => `<a:${text}>`,
};

const lines: readonly (readonly [string, string])[] = [
  ['', ''],
  ['let x = 5 # five', '<s:let> x = <a:5> <d:# five>'],
  ['print "a b", 10ms', '<s:print> <g:"a b">, <a:10ms>'],
  ['print tx0.set', '<s:print> tx0.set'],
  ['print 10.0.0.1, 02:00:00:00:00:01', '<s:print> <a:10.0.0.1>, <a:02:00:00:00:00:01>'],
  // What is being typed is not wrong yet; what stands in the middle is.
  ['print "unfinish', '<s:print> <g:"unfinish>'],
  ['print ?', '<s:print> ?'],
  ['print ? + 1', '<s:print> <e:?> + <a:1>'],
];
for (const [line, expected] of lines) {
  test(`colours of ${JSON.stringify(line)}`, () => assert.is(coloured(line, letters), expected));
}

test('a word of the shell is a keyword where a statement would begin', () => {
  const commands = new Set(['watch', 'help']);
  assert.is(colouredLine('watch show tx0', commands, letters), '<s:watch> <s:show> tx0');
  assert.is(colouredLine(' .help 5s', commands, letters), '<s: .help> <a:5s>');
  assert.is(colouredLine('watched = 5', commands, letters), 'watched = <a:5>');
  assert.is(colouredLine('print watch', commands, letters), '<s:print> watch');
});

test('colours change no character', () => {
  const painted = { ...plainPalette, error: red, good: red, dim: red, strong: red, accent: red };
  fc.assert(
    fc.property(fc.string(), (line) => {
      const text = stripVTControlCharacters(line);
      assert.is(stripVTControlCharacters(coloured(text, painted)), text);
    }),
    { numRuns: 300 },
  );
});

function red(text: string): string {
  return `\u001b[31m${text}\u001b[39m`;
}

const statements: readonly (readonly [string, string])[] = [
  ['print 1', 'print 1'],
  ['for i in 0..1 {\n  print i\n}', 'for i in 0..1 { print i }'],
  ['if a {\nprint 1\nprint 2\n} else {\nprint 3\n}', 'if a { print 1; print 2 } else { print 3 }'],
  ['frame f = eth() / # outer\n  ipv4() /\n\n  udp()', 'frame f = eth() / ipv4() / udp()'],
  ['print [1,\n2]', 'print [1, 2]'],
  ['at 1s { # later\r\n  stop\r\n}', 'at 1s { stop }'],
];
for (const [statement, expected] of statements) {
  test(`${JSON.stringify(statement)} on one line`, () => assert.is(oneLine(statement), expected));
}

for (const name of readdirSync(join(root, 'examples')).filter((one) => one.endsWith('.pg'))) {
  test(`${name} on one line means the same`, () => {
    const text = readFileSync(join(root, 'examples', name), 'utf8');
    const meaning = (given: string) => {
      const { program } = compile(new SourceFile(name, given));
      const plain = (key: string, value: unknown) => (key === 'span' ? undefined : value);
      return program === null ? null : JSON.stringify([program.params, program.lab, program.scenarios], plain);
    };
    const line = oneLine(text);
    assert.not.match(line, '\n');
    if (meaning(text) !== null) assert.is(meaning(line), meaning(text));
  });
}

test('the history keeps the newest, each once in a row, and cuts an overlong file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pktsh-history-'));
  try {
    const path = join(folder, 'state/pktsh/history');
    const history = new History(path);
    for (const one of ['print 1', 'print 1', ' ', 'print 2']) history.add(one);
    assert.equal(history.entries, ['print 2', 'print 1']);
    assert.equal(new History(path).entries, ['print 2', 'print 1']);
    assert.is(statSync(path).mode & 0o777, 0o600);
    writeFileSync(path, Array.from({ length: 2 * mostEntries + 1 }, (_, i) => `print ${i}\n`).join(''), {
      mode: 0o644,
    });
    assert.is(new History(path).entries[0], `print ${2 * mostEntries}`);
    assert.is(readFileSync(path, 'utf8').trimEnd().split('\n').length, mostEntries);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

for (const [what, path, make, trouble] of [
  ['lies below a file', 'x/y', ['touch', 'x'], 'no directory'],
  ['lies below /proc', '/proc/pktsh/state/history', ['true'], 'no such file'],
  ['is a directory', '.', ['true'], 'no ordinary file'],
  ['is a FIFO', 'x', ['mkfifo', 'x'], 'no ordinary file'],
] as const) {
  test(`a history that ${what} is not kept, which is said once, and nobody waits for it`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'pktsh-history-'));
    try {
      const [program, ...words] = make;
      execFileSync(program, words, { cwd: folder });
      const history = new History(resolve(folder, path));
      history.add('print 1');
      assert.equal(history.entries, ['print 1']);
      assert.match(history.takeTrouble() ?? '', trouble);
      history.add('print 2');
      assert.is(history.takeTrouble(), null);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

test('where the history is', () => {
  assert.is(historyPath({ PKTSH_HISTORY: '' }), null);
  assert.is(historyPath({ PKTSH_HISTORY: '/dev/null' }), null);
  assert.is(historyPath({ PKTSH_HISTORY: '/x' }), '/x');
  assert.is(historyPath({ XDG_STATE_HOME: '/s' }), '/s/pktsh/history');
});

const known: readonly KnownName[] = [
  { name: 'tx0@0', kind: 'device', type: 'device', help: 'a device', details: [] },
  { name: 'tx0', kind: 'interface', type: 'interface', help: 'veth, up', details: [] },
  { name: 'double', kind: 'function', type: null, help: '', details: ['n: number'] },
];
const commands = [
  { label: '.save', help: 'writes' },
  { label: '.load', help: 'reads' },
];
const labels = (before: string, line: string) =>
  candidates(before, line, known, commands).items.map(({ label }) => label);

test('completion knows the session, the lines before, commands and files', () => {
  assert.equal(labels('', '.s'), ['.save']);
  assert.ok(labels('', 'rem_device t').includes('tx0@0'));
  assert.ok(labels('', 'add_device tx').includes('tx0@1'));
  assert.ok(labels('add_device tx0@1 on cpu 0 {\n', 'ra').includes('rate'));
  assert.ok(labels('', `.load ${root}/exam`).includes(`${root}/examples/`));
  assert.ok(labels('', `import "${root}/examples/quick`).includes(`${root}/examples/quickstart.pg`));
  assert.equal(labels('', '.load /none/none'), []);
});

test('what is listed has its help, and no more than a line', () => {
  const found = candidates('', '.', known, commands);
  const [first = ''] = listing(found, 20, plainPalette);
  assert.match(first, /^\.save {2}writes/);
  assert.ok(first.length < 20);
  assert.equal(listing(candidates('', '.s', known, commands), 20, plainPalette), ['.save']);
});

const hints: readonly (readonly [string, string])[] = [
  ['print double(', 'double(n: number): double'],
  ['add_device tx0@1 on cpu 0 { burst ', 'frames handed over'],
  ['print 5', ''],
  ['.save ', ''],
];
for (const [line, expected] of hints) {
  test(`hint behind ${JSON.stringify(line)}`, () => {
    if (expected === '') assert.is(hint('', line, known), '');
    else assert.ok(hint('', line, known) !== '');
  });
}

test('there is help on every row of every topic, and on codes', () => {
  for (const { name, rows } of helpTopics()) {
    assert.ok((helpOn(name) ?? []).length >= rows.length, name);
    for (const [row] of rows) assert.ok(helpOn(row.replace(/\(.*/, '')) !== null, `${name}: ${row}`);
  }
  assert.equal(helpOn('PG2103'), ['**PG2103**: a plain number where a unit belongs']);
  assert.is(helpOn('nonsense'), null);
  assert.is(helpNear('raet'), 'rate');
});

test.run();
