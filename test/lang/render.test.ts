// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Diagnostic } from '../../lang/diagnostics/diagnostic.ts';
import { type Palette, render, renderAll } from '../../lang/diagnostics/render.ts';
import { SourceFile } from '../../lang/source.ts';

const test = suite('render');

const base: Diagnostic = {
  code: 'PG2103',
  severity: 'error',
  message: '`rate` needs a unit',
  span: { start: 0, end: 1 },
  note: '',
  labels: [],
  hints: [],
  fixes: [],
};

/** A source with `part` in it, and the diagnostic that points at it. */
function at(text: string, part: string, more: Partial<Diagnostic> = {}): readonly [Diagnostic, SourceFile] {
  const start = text.indexOf(part);
  return [{ ...base, span: { start, end: start + part.length }, ...more }, new SourceFile('soak.pg', text)];
}

const lines = (...texts: string[]) => texts.join('\n');

test('the layout of the language reference', () => {
  const text = `${'\n'.repeat(11)}      rate 1000\n`;
  const [diagnostic, source] = at(text, '1000', {
    note: 'a plain number',
    hints: ['`1000pps` (packets per second) or `1000Mbps`'],
  });
  assert.is(
    render(diagnostic, source),
    lines(
      'error[PG2103]: `rate` needs a unit',
      '  --> soak.pg:12:12',
      '12 |       rate 1000',
      '   |            ^^^^ a plain number',
      '   = hint: `1000pps` (packets per second) or `1000Mbps`',
    ),
  );
});

test('labels are further excerpts, and line numbers share a margin', () => {
  const text = `let x = 1\n${'\n'.repeat(8)}let x = 2`;
  const [diagnostic, source] = at(text, 'let x = 2', {
    severity: 'warning',
    labels: [{ span: { start: 4, end: 5 }, text: 'declared here' }],
  });
  assert.is(
    render(diagnostic, source),
    lines(
      'warning[PG2103]: `rate` needs a unit',
      '  --> soak.pg:10:1',
      '10 | let x = 2',
      '   | ^^^^^^^^^',
      ' 1 | let x = 1',
      '   |     - declared here',
    ),
  );
});

/** [name, text, part, the excerpt's two lines] */
const excerpts: readonly (readonly [string, string, string, string, string])[] = [
  ['a tab becomes blanks', '\tab', 'ab', '1 |     ab', '  |     ^^'],
  ['tabs stop at every fourth column', 'a\tb\tc', 'c', '1 | a   b   c', '  |         ^'],
  ['wide characters take two columns', '表a表b', 'b', '1 | 表a表b', '  |      ^'],
  ['carets under wide characters', 'x表表', '表表', '1 | x表表', '  |  ^^^^'],
  ['characters of two units take one place', '\u{1d465}b', 'b', '1 | \u{1d465}b', '  |  ^'],
  ['accents of their own take none', 'e\u0301b', 'b', '1 | e\u0301b', '  |  ^'],
  ['what a terminal would obey shows as a picture', 'a\u001b[31mb', 'b', '1 | a\u241b[31mb', '  |       ^'],
  ['halves of pairs', 'a\ud800b', 'b', '1 | a\ufffdb', '  |   ^'],
  ['a carriage return ends the line', 'ab\r\ncd', 'ab', '1 | ab', '  | ^^'],
];
for (const [name, text, part, line, mark] of excerpts) {
  test(name, () => {
    const [diagnostic, source] = at(text, part);
    assert.equal(render(diagnostic, source).split('\n').slice(2), [line, mark]);
  });
}

test('an empty span gets one caret, also behind the end of the line', () => {
  const source = new SourceFile('t', 'wait\nstop');
  const rendered = render({ ...base, span: { start: 4, end: 4 } }, source);
  assert.equal(rendered.split('\n').slice(1), [' --> t:1:5', '1 | wait', '  |     ^']);
});

test('an empty text has a first line', () => {
  const rendered = render({ ...base, span: { start: 0, end: 0 } }, new SourceFile('t', ''));
  assert.equal(rendered.split('\n').slice(1), [' --> t:1:1', '1 |', '  | ^']);
});

test('a span over several lines shows the first and the last, the note beside the last', () => {
  const [diagnostic, source] = at('let x = f(\n  1,\n  2\n)', 'f(\n  1,\n  2', { note: 'here' });
  assert.equal(render(diagnostic, source).split('\n').slice(2), [
    '1 | let x = f(',
    '  |         ^^',
    '3 |   2',
    '  |   ^ here',
  ]);
});

test('a long line is cut around the place', () => {
  const [diagnostic, source] = at(`${'a'.repeat(500)}XY${'b'.repeat(500)}`, 'XY');
  const [, , line = '', mark = ''] = render(diagnostic, source).split('\n');
  assert.ok(line.length < 180);
  assert.match(line, /^1 \| …a+XYb+…$/);
  assert.is(mark.indexOf('^^'), line.indexOf('XY'));
});

test('no excerpt is wider than the terminal', () => {
  const text = `let a = 1; let b = 2; ${'print a, b; '.repeat(6)}wait 5; ${'print a, b; '.repeat(6)}`;
  const [diagnostic, source] = at(text, '5', { note: 'a plain number' });
  const [, , excerpt = '', carets = ''] = render(diagnostic, source, undefined, 60).split('\n');
  assert.ok(excerpt.length < 60, excerpt);
  assert.is(excerpt[carets.indexOf('^')], '5');
  assert.match(excerpt, /^1 \| ….*…$/);
});

test('of a very long line only what is shown is looked at', () => {
  const line = `${'a'.repeat(3e5)}XY${'b'.repeat(3e5)}`;
  const source = new SourceFile('test.pg', line);
  const [diagnostic] = at(line, 'XY');
  // Looked at whole, each of them would take a tenth of a second.
  const rendered = renderAll(Array(2000).fill(diagnostic), source).split('\n');
  const [, , shown = '', mark = ''] = rendered;
  assert.match(shown, /^1 \| …a{40}XYb+…$/);
  assert.is(mark.indexOf('^^'), shown.indexOf('XY'));
});

test('carets of a long span stay inside the window', () => {
  const [diagnostic, source] = at(`let x = ${'1'.repeat(1000)}`, '1'.repeat(1000));
  for (const line of render(diagnostic, source).split('\n')) assert.ok(line.length < 180);
});

test('a palette colours the parts and changes no text', () => {
  const tag = (name: string) => (text: string) => `<${name}>${text}</${name}>`;
  const palette: Palette = {
    error: tag('e'),
    warning: tag('w'),
    message: tag('m'),
    frame: tag('f'),
    label: tag('l'),
    hint: tag('h'),
  };
  const [diagnostic, source] = at('let x = 5', '5', {
    hints: ['`5s`'],
    labels: [{ span: { start: 4, end: 5 }, text: 'x' }],
  });
  const coloured = render(diagnostic, source, palette);
  assert.match(coloured, '<e>error[PG2103]</e><m>: `rate` needs a unit</m>');
  assert.match(coloured, '<e>^</e>');
  assert.match(coloured, '<l>- x</l>');
  assert.match(coloured, '<h>hint</h>: `5s`');
  assert.is(coloured.replace(/<\/?[a-z]>/g, ''), render(diagnostic, source));
});

test('several are told one after the other', () => {
  const [diagnostic, source] = at('let x = 5', '5');
  const one = render(diagnostic, source);
  assert.is(renderAll([diagnostic, diagnostic], source), `${one}\n${one}`);
  assert.is(renderAll([], source), '');
});

test.run();
