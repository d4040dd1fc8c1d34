// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hoverAt, outline, rename, signatureAt, symbolAt, symbolsOf } from '../../../lang/assist/index.ts';
import { parameterDefaults } from '../../../lang/assist/vocabulary.ts';
import { compile } from '../../../lang/compiler.ts';
import type { Diagnostic } from '../../../lang/diagnostics/diagnostic.ts';
import { type ImportReader, load } from '../../../lang/imports.ts';
import { deviceParameters } from '../../../lang/parameters.ts';
import { SourceFile } from '../../../lang/source.ts';
import { defaultConfiguration } from '../../../runtime/scenario/configuration.ts';
import { fc } from '../../laws.ts';

const test = suite('symbols');

const library = 'let size = 64B\nframe small = eth() / ipv4()\nfn twice(n: number) { return 2 * n }\n';
const read: ImportReader = () => ({ ok: true, name: 'lib.pg', text: library });
const loadedOf = (text: string) => load(new SourceFile('main.pg', text), read);

const main = `import "./lib.pg" as lib
param load = 250kpps "offered"
lab { veth tx0 <-> rx0 }
frame probe = eth(dst: rx0.mac) / ipv4(ttl: 7) / udp() / pktgen
receiver rx0
for i in 0..1 {
  add_device "tx0@\${i}" on cpu i {
    frame probe
    rate load
  }
}
add_device tx0@7 on cpu 0 { frame lib.small; rate 2 * load; pkt_size lib.size }
start
print lib.twice(2), tx0@7.sent, "tx0@7".sent, tx0@1.sent
expect rx0.lost == 0
`;

/** Where the nth `word` of the text begins. */
function place(text: string, word: string, nth = 0): number {
  let at = -1;
  for (let i = 0; i <= nth; i++) at = text.indexOf(word, at + 1);
  assert.ok(at >= 0, word);
  return at;
}

/** The lines, counted from 1, on which what is named at a place is named too; the declaration's line first. */
function lines(text: string, word: string, nth = 0): string {
  const loaded = loadedOf(text);
  const symbol = symbolAt(symbolsOf(loaded), place(text, word, nth));
  if (symbol === null) return 'nothing';
  const at = (span: { readonly start: number; readonly end: number }) => {
    const { file, span: inner } = loaded.source.locate(span);
    return `${file.name === 'main.pg' ? '' : `${file.name}:`}${file.position(inner.start).line}`;
  };
  const { declaration, occurrences } = symbol;
  return `${declaration === null ? '-' : at(declaration)} | ${occurrences.map(at).join(' ')}`;
}

test('declarations and uses', () => {
  assert.is(lines(main, 'load', 1), '2 | 2 9 12');
  assert.is(lines(main, 'probe', 1), '4 | 4 8');
  assert.is(lines(main, 'i {', 0), '6 | 6 7 7');
  assert.is(lines(main, 'lib.small'), '1 | 1 12 12 14');
  assert.is(lines(main, 'small'), 'lib.pg:2 | 12 lib.pg:2');
  assert.is(lines(main, 'size', 1), 'lib.pg:1 | 12 lib.pg:1');
  assert.is(lines(main, 'twice'), 'lib.pg:3 | 14 lib.pg:3');
  assert.is(lines(main, '@7'), '12 | 12 14 14');
  assert.is(lines(main, '@1.sent'), '7 | 14');
  assert.is(lines(main, 'rx0', 1), '3 | 3 4 5 15');
  assert.is(lines(main, 'tx0'), '3 | 3 7 12 14 14 14');
  assert.is(lines(main, 'rate'), 'nothing');
});

test('uses in jobs, chains of else, sets and lists of devices', () => {
  const text = `let a = 1pps
let j = every 1s { set tx0@0 rate a }
if a > 2pps { print a } else if a > 1pps { print a } else { print a }
expect eventually a > 2pps timeout 1s
rem_device tx0@0, tx0@1 async
cancel j
`;
  assert.is(lines(text, 'a ='), '1 | 1 2 3 3 3 3 3 4');
  assert.is(lines(text, 'j ='), '2 | 2 6');
  assert.is(lines(text, 'tx0@0', 1), '- | 2 5');
});

function renamed(text: string, word: string, name: string, nth = 0): string {
  const loaded = loadedOf(text);
  const symbols = symbolsOf(loaded);
  const symbol = symbolAt(symbols, place(text, word, nth));
  if (symbol === null) return 'nothing';
  const result = rename(symbols, symbol, name);
  if (!result.ok) return result.reason;
  let changed = loaded.source.text;
  for (const { span, text: replacement } of [...result.edits].sort((a, b) => b.span.start - a.span.start)) {
    changed = changed.slice(0, span.start) + replacement + changed.slice(span.end);
  }
  return changed.slice(0, changed.length - library.length - 1);
}

test('a renamed file means the same', () => {
  assert.equal(compile(new SourceFile('main.pg', main), read).diagnostics, []);
  for (const [word, name] of [
    ['load', 'offered'],
    ['probe', 'packet'],
    ['i in', 'index'],
    ['lib', 'library'],
    ['tx0', 'left'],
    ['rx0', 'right'],
    ['tx0@7', 'tx0@x'],
  ] as const) {
    const nth = word === 'lib' ? 1 : 0;
    const text = renamed(main, word, name, nth);
    assert.ok(text.includes(name), text);
    assert.equal(compile(new SourceFile('main.pg', text), read).diagnostics, [], `${word} to ${name}`);
  }
});

test('renaming is refused where it would clash', () => {
  assert.is(renamed(main, 'load', 'probe'), '`probe` is a frame already');
  assert.is(renamed(main, 'load', 'i'), '`i` is the variable of a loop already');
  assert.is(renamed(main, 'load', 'start'), '`start` is a word of the language');
  assert.is(renamed(main, 'load', 'eth'), '`eth` is a layer of frames');
  assert.is(renamed(main, 'load', '2x'), '`2x` is no name');
  assert.is(renamed(main, 'tx0@7', 'load'), 'a device of `tx0` is called as `tx0@0`');
  assert.is(renamed(main, 'tx0@7', 'rx0@7'), 'a device of `tx0` is called as `tx0@0`');
  assert.is(renamed('add_device tx0 on cpu 0 { }\nstart tx0\n', 'tx0', 'tx1'), '`tx0` is called as its interface');
  assert.is(renamed(main, '@1.sent', 'tx0@4'), '`tx0@1` cannot be renamed: its name is put together where it is added');
  assert.is(
    renamed('receiver eth1\n', 'eth1', 'x'),
    '`eth1` cannot be renamed: an interface of the machine is called so; write `receiver NAME on eth1`',
  );
  assert.is(renamed('let a = 1\nadd_device tx0@0 on cpu 0 { }\n', 'a =', 'tx0'), '`tx0@0` is a device already');
});

function hover(text: string, word: string, nth = 0): string {
  return (
    hoverAt(loadedOf(text), place(text, word, nth), { read, file: 'main.pg', macOf: () => 0x02_00_00_00_00_09 })
      ?.markdown ?? 'nothing'
  );
}

test('what words mean', () => {
  assert.match(hover(main, 'rate'), /^\*\*rate\*\*: packets or bits a second/);
  assert.match(hover(main, 'rate'), /- units: .*`kpps`.*\n- must be 0 or more\n- unless written: none/);
  assert.match(hover(main, 'add_device'), /adds a device to a CPU/);
  assert.match(hover(main, 'ttl'), /^\*\*ipv4.ttl\*\*: 8 bits; unless written: 32$/);
  assert.match(hover(main, 'udp'), /UDP header \(RFC 768\)\n\n- `src`: 16 bits; unless written: 9/);
  assert.match(hover(main, 'lost'), /packets sent by the expected devices/);
  assert.match(hover(main, 'mac'), /its MAC address \(mac\)/);
  assert.match(hover(main, 'load', 1), /param load = 250kpps "offered"[\s\S]*param, declared in main.pg:2/);
  assert.match(hover(main, 'twice'), /fn twice\(n: number\)\n[\s\S]*function, declared in lib.pg:3/);
  assert.is(hover(main, '250kpps'), 'nothing');
});

test("a frame's layers and bytes", () => {
  const shown = hover(main, 'probe', 1);
  assert.match(shown, /ipv4 {4}version 4 .* ttl 7 /);
  assert.match(shown, /^0000 {2}02 00 00 00 00 09 00 00 {2}00 00 00 00 08 00 45 00$/m);
  assert.not.match(hover('frame x = eth(dst: eth1.mac)\nprint x', 'x', 1), /^0000/m);
});

test('bytes are shown only of values that are known there', () => {
  const udp = (name: string) => `frame ${name} = eth(dst: 02:00:00:00:00:01) / ipv4() / udp(dst: n)`;
  const text = `scenario "a" {\n  let n = 5\n  ${udp('one')}\n  print one\n}\nscenario "b" {\n  let n = round(elapsed / 1s)\n  ${udp('two')}\n  print two\n}\nscenario "c" {\n  let n = 1\n  ${udp('three')}\n  n = 2\n  print three\n}`;
  assert.match(hover(text, 'one', 1), /dst 5/);
  assert.not.match(hover(text, 'two', 1), /^0000/m);
  assert.not.match(hover(text, 'three', 1), /^0000/m);
});

test('defaults are those of the executor', () => {
  assert.equal(
    [...parameterDefaults.keys()].filter((name) => !deviceParameters.has(name)),
    [],
  );
  const { late, driver, xmitMode, shortfall, count, burst } = defaultConfiguration;
  const written = ['late', 'driver', 'xmit_mode', 'shortfall', 'count', 'burst'].map((name) =>
    parameterDefaults.get(name),
  );
  assert.equal(
    written,
    [late, driver, xmitMode, `${shortfall}%`, count, burst].map((value) => `\`${value}\``),
  );
});

test('signatures', () => {
  const at = (marked: string) => {
    const hint = signatureAt(marked.replace('|', ''), marked.indexOf('|'), { read });
    return hint === null ? null : `${hint.label} ${hint.active}`;
  };
  assert.is(at('print min(1, |'), 'min(a, b, …) 1');
  assert.is(at('print min(1, 2, 3, 4, |'), 'min(a, b, …) 2');
  assert.is(at('print addr(10.0.0.0/8, |)'), 'addr(prefix, n) 1');
  assert.is(at('fn f(gap: duration, n: number) { }\nf(2ms, |'), 'f(gap: duration, n: number) 1');
  assert.is(at('import "./lib.pg" as lib\nprint lib.twice(|'), 'lib.twice(n: number) 0');
  assert.is(at('print rx0.from(|'), 'from(device) 0');
  assert.is(at('frame x = eth(dst: |'), 'eth(dst, src, type) 0');
  assert.is(at('frame x = eth(dst: 02:00:00:00:00:01, |'), 'eth(dst, src, type) 1');
  assert.is(at('print (|'), null);
  assert.is(at('start |'), null);
});

test('the outline of a file', () => {
  const show = (items: ReturnType<typeof outline>): unknown =>
    items.map(({ name, kind, detail, children }) =>
      [`${kind} ${name} ${detail}`.trim(), ...(children.length > 0 ? [show(children)] : [])].flat(0),
    );
  const text = `${main.slice(0, place(main, 'for i'))}scenario "a" { at 1s { add_device tx0@1 on cpu 0 { frame probe } } }\n`;
  assert.equal(show(outline(new SourceFile('main.pg', text))), [
    ['import lib "./lib.pg"'],
    ['param load 250kpps'],
    ['lab lab', [['interface tx0'], ['interface rx0']]],
    ['frame probe'],
    ['receiver rx0'],
    ['scenario a', [['job at 1s', [['device tx0@1 cpu 0']]]]],
  ]);
});

// --- fixes ------------------------------------------------------------------------------------------------------------

const fixable: [string, string][] = [
  ['wait 10m\n', 'wait 10ms|wait 10min'],
  ['wait 5\n', 'wait 5ms|wait 5s'],
  ['wait 5 ms\n', 'wait 5ms'],
  ['strat\n', 'start'],
  ['repeat 2s { start }\n', 'repeat 2 { start }'],
  ['let load = 1e6\n', 'let load = 1_000_000'],
  ['let x = 1\nif x = 1 { start }\n', 'if x == 1 { start }'],
  ['let load = 1\nprint loda\n', 'print load'],
  ['print mix(1, 2)\n', 'print max(1, 2)|print min(1, 2)'],
  ['print devices.snet\n', 'print devices.sent'],
  ['param x: duratoin\n', 'param x: duration'],
  ['set devices rat 5pps\n', 'set devices rate 5pps'],
  ['set devices late skpi\n', 'set devices late skip'],
  ['frame x = eth(dts: 02:00:00:00:00:01)\n', 'frame x = eth(dst: 02:00:00:00:00:01)'],
  ['receiver r on eth1 { setle 2s }\n', 'receiver r on eth1 { settle 2s }'],
];
test('each fix mends the mistake that it comes with', () => {
  for (const [text, expected] of fixable) {
    const found = compile(new SourceFile('x.pg', text)).diagnostics.filter(({ fixes }) => fixes.length > 0);
    assert.is(found.length, 1, text);
    const { fixes, code } = found[0] as Diagnostic;
    const texts = fixes.map((fix) => text.slice(0, fix.span.start) + fix.text + text.slice(fix.span.end));
    for (const mended of texts) {
      const left = compile(new SourceFile('x.pg', mended)).diagnostics;
      assert.not.ok(
        left.some((one) => one.code === code),
        mended,
      );
      assert.ok(
        expected.split('|').some((line) => mended.includes(line)),
        mended,
      );
    }
  }
});

test('no text makes any of it throw', () => {
  const pieces = main.split(/(?<=\s)/);
  const text = fc.array(fc.oneof(fc.constantFrom(...pieces, '{', '}', '(', ')', '"', '\n'), fc.string()));
  fc.assert(
    fc.property(text, fc.nat(), (parts, seed) => {
      const whole = parts.join('');
      const offset = seed % (whole.length + 1);
      const loaded = loadedOf(whole);
      outline(new SourceFile('x.pg', whole));
      hoverAt(loaded, offset, { read });
      signatureAt(whole, offset, { read });
      const symbols = symbolsOf(loaded);
      for (const symbol of symbols) rename(symbols, symbol, 'other');
    }),
  );
});

test.run();
