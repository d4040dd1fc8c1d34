// SPDX-License-Identifier: Apache-2.0

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { highlights, symbolsOf } from '../../../lang/assist/index.ts';
import { load, noImports } from '../../../lang/imports.ts';
import { SourceFile } from '../../../lang/source.ts';
import { root } from '../../requirements.ts';

const test = suite('highlights');

const of = (text: string) => highlights(text, symbolsOf(load(new SourceFile('a.pg', text), noImports)));
const shown = (text: string) =>
  of(text).map(({ span, kind, declares }) => `${text.slice(span.start, span.end)}:${kind}${declares ? '!' : ''}`);

const rows: readonly (readonly [text: string, pieces: readonly string[]])[] = [
  ['let x = 5s # five', ['let:keyword', 'x:let!', '5s:number', '# five:comment']],
  ['fn f(n: number) { return n }', ['fn:keyword', 'f:function!', 'n:parameter!', 'return:keyword', 'n:parameter']],
  ['print min(1, 2), rx0.up', ['print:keyword', 'min:builtin', '1:number', '2:number', 'up:member']],
  [
    'frame udp2 = eth() / udp(dst: 9)',
    ['frame:keyword', 'udp2:frame!', 'eth:layer', '/:operator', 'udp:layer', 'dst:argument', '9:number'],
  ],
  // A device that is called like a layer is a device.
  [
    'add_device udp on cpu 0 { rate 5pps }; start udp',
    ['add_device:keyword', 'udp:device!', '0:number', 'rate:setting', '5pps:number', 'start:keyword', 'udp:device'],
  ],
];
for (const [text, pieces] of rows) test(text, () => assert.equal(shown(text), pieces));

function lawful(text: string): void {
  let end = 0;
  for (const { span } of of(text)) {
    assert.ok(span.start >= end && span.end > span.start && span.end <= text.length, `${text} at ${span.start}`);
    assert.not.match(text.slice(span.start, span.end), /[\r\n]/);
    end = span.end;
  }
}

test('pieces are apart, in order and on one line, in examples cut anywhere', () => {
  for (const name of readdirSync(join(root, 'examples')).filter((one) => one.endsWith('.pg'))) {
    const text = readFileSync(join(root, 'examples', name), 'utf8');
    lawful(text);
    fc.assert(
      fc.property(fc.nat(text.length), (at) => lawful(text.slice(0, at))),
      { numRuns: 5 },
    );
  }
});

test('and in any text', () => {
  fc.assert(fc.property(fc.string(), lawful), { numRuns: 200 });
});

test.run();
