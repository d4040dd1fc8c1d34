// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { enter, type Made, openSession, type Session } from '../../lang/session.ts';

const test = suite('session');
const all: Made = { knows: () => true, receives: () => true, inLab: true };

/** Enters texts one after another, those with mistakes too; gives the session and the codes of the last. */
function entered(...texts: readonly string[]): { readonly session: Session; readonly codes: string } {
  let session = openSession('shell');
  let codes = '';
  for (const text of texts) {
    const result = enter(session, `#${texts.indexOf(text) + 1}`, text);
    codes = result.diagnostics.map(({ code }) => code).join(' ');
    if (result.addition !== null) session = result.accepted(all);
  }
  return { session, codes };
}

const rows: readonly (readonly [what: string, texts: readonly string[], codes: string])[] = [
  ['a variable is known to what follows', ['let x = 5', 'print x + 1'], ''],
  ['a text with mistakes declares nothing', ['let x = 5 + 1s', 'print x'], 'PG3001'],
  ['a name may be declared anew', ['let x = 5', 'let x = "a"'], ''],
  ['also with another kind', ['let x = 5', 'fn x(a: number) { return a }', 'print x(1)'], ''],
  ['the new one is meant from there on', ['let x = 5', 'let x = "a"', 'print x + 1'], 'PG2201'],
  ['a function hides the variable of its name', ['let x = 5', 'fn x(a: number) { return a }', 'print x'], 'PG3017'],
  ['not twice in one entry', ['let x = 5\nlet x = 6'], 'PG3002'],
  ['not in a block', ['let x = 5', 'for x in 0..1 { print x }'], 'PG3002'],
  ['a receiver is no variable to declare anew', ['lab { veth tx0 <-> rx0 }', 'receiver rx0', 'let rx0 = 5'], 'PG3002'],
  ['one lab', ['lab { veth a <-> b }', 'lab { veth c <-> d }'], 'PG3105'],
  ['a lab is known to what follows', ['lab { veth tx0 <-> rx0 }', 'print rx0.mac'], ''],
  ['interfaces of a lab are checked', ['lab { veth tx0 <-> rx0 }', 'print rx1.mac'], 'PG3009'],
  ['devices are known', ['add_device tx0@0 on cpu 0 { dst_mac 02:00:00:00:00:01 }', 'set tx0@0 rate 5kpps'], ''],
  ['unknown devices are told of', ['add_device tx0@0 on cpu 0', 'set tx0@1 rate 5kpps'], 'PG3004'],
  ['and only once', ['print tx9@0.sent', 'let x = 1'], ''],
  ['a function is known, and what it calls', ['fn a() { return 1 }', 'fn b() { return a() }', 'print b()'], ''],
  ['scenarios stand in files', ['scenario "s" { }'], 'PG3102'],
  ['setup too', ['setup { print 1 }'], 'PG3102'],
  ['an import names a file that there is', ['import "./none.pg" as lib'], 'PG3201'],
];

for (const [what, texts, codes] of rows) {
  test(what, () => {
    assert.is(entered(...texts).codes, codes);
  });
}

test('what was declared with the old name keeps it', () => {
  const session = entered('let x = 5', 'fn f() { return x + 1 }', 'let x = "a"').session;
  const { addition } = enter(session, '#4', 'print f(), x');
  assert.ok(addition !== null);
  const names = JSON.stringify(addition.body).match(/"\d+:\w+"/g);
  assert.equal(names, ['"2:f"', '"3:x"']);
});

test('a variable that never came to be is not known', () => {
  const { accepted } = enter(openSession('shell'), '#1', 'let x = 1\nlet y = 2');
  const session = accepted({ ...all, knows: (symbol) => symbol === '1:x' });
  assert.equal(
    enter(session, '#2', 'print x, y').diagnostics.map(({ code }) => code),
    ['PG3001'],
  );
});

test('a receiver and a lab that never came to be are not known', () => {
  const { accepted } = enter(openSession('shell'), '#1', 'lab { veth tx0 <-> rx0 }\nreceiver rx0');
  const without = accepted({ ...all, receives: () => false, inLab: false });
  assert.equal(enter(without, '#2', 'lab { veth a <-> b }; receiver a').diagnostics, []);
  assert.is(enter(without, '#2', 'print rx0.lost').addition, null);
});

test('a name that `show` does not know is compared with its words', () => {
  const hints = (text: string) => enter(openSession('shell'), '#1', text).diagnostics.flatMap((one) => one.hints);
  assert.equal(hints('show device'), ['did you mean `devices`?']);
  assert.equal(hints('set tx9 rate 5kpps'), ['`add_device tx9 on cpu 0 { … }` adds it']);
});

test('a run may begin with a later entry', () => {
  assert.equal(enter(openSession('shell'), '#1', 'at 5s { print 1 }').diagnostics, []);
});

test('a mistake is shown in its own entry, and the first declaration in the entry that made it', () => {
  const { session } = entered('lab { veth tx0 <-> rx0 }', 'receiver rx0');
  const { diagnostics, source } = enter(session, '#3', '\nlet rx0 = 1');
  const [diagnostic] = diagnostics;
  assert.ok(diagnostic !== undefined);
  const place = (span: typeof diagnostic.span) => {
    const { file, span: own } = source.locate(span);
    return `${file.name} ${own.start}`;
  };
  assert.is(place(diagnostic.span), '#3 5');
  assert.is(place(diagnostic.labels[0]?.span ?? diagnostic.span), '#1 19');
});

const incomplete: readonly (readonly [string, boolean])[] = [
  ['for i in 0..3 {', true],
  ['for i in 0..3 {\nprint i', true],
  ['let x = 1 +', true],
  ['frame f = eth() /', true],
  ['let x = [1,', true],
  ['print "abc', false],
  ['print 1 }', false],
  ['let = 5 {', false],
  ['', false],
];
for (const [text, expected] of incomplete) {
  test(`${JSON.stringify(text)} ${expected ? 'goes on' : 'is whole'}`, () => {
    assert.is(enter(openSession('shell'), '#1', text).incomplete, expected);
  });
}

test('entering is pure: the same text on the same session gives the same, whatever was tried between', () => {
  const texts = [
    'let x = 1',
    'let x = "s"',
    'print x',
    'fn f() { return 1 }',
    'let f = 2',
    'print x +',
    'nonsense here',
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...texts), { maxLength: 6 }), fc.constantFrom(...texts), (tried, text) => {
      const session = entered('let x = 1', 'fn g() { return x }').session;
      const once = JSON.stringify(enter(session, '#9', text).diagnostics);
      for (const other of tried) enter(session, '#8', other).accepted(all);
      assert.is(JSON.stringify(enter(session, '#9', text).diagnostics), once);
    }),
    { numRuns: 50 },
  );
});

test('spans of earlier entries keep their text', () => {
  const { session } = entered('let x = 1', 'let y = 2', 'let z = 3');
  const spans = session.declared.scope.variables.map(({ span }) => session.source.slice(span));
  assert.equal(spans, ['x', 'y', 'z']);
});

test.run();
