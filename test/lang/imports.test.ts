// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../lang/compiler.ts';
import { render } from '../../lang/diagnostics/render.ts';
import type { ImportReader } from '../../lang/imports.ts';
import { SourceFile } from '../../lang/source.ts';

const test = suite('imports');

/** Files by their names; a path names a file, wherever it is written. */
const reader = (files: Readonly<Record<string, string>>): ImportReader => {
  return (path) => {
    const text = files[path];
    return text === undefined ? { ok: false, reason: 'no such file' } : { ok: true, name: path, text };
  };
};

/** What a text gets told, with the file of each diagnostic: `CODE file:line the text under the carets`. */
function told(files: Readonly<Record<string, string>>): readonly string[] {
  const main = new SourceFile('main.pg', files['main.pg'] ?? '');
  const { diagnostics, source } = compile(main, reader(files));
  return diagnostics.map(({ code, span }) => {
    const at = source.locate(span);
    return `${code} ${at.file.name}:${at.file.position(at.span.start).line} ${source.slice(span)}`;
  });
}

const lib =
  'let n = 5\nframe inner = ipv4() / udp() / pktgen\nfn twice(x: number) { return x * 2 }\nfn go(d: device) { start d }\n';

const silent: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['names of an imported file', { 'main.pg': 'import "lib" as lib\nprint lib.n, lib.twice(lib.n)', lib }],
  [
    'frames and functions with devices',
    {
      'main.pg':
        'import "lib" as lib\nlab { veth tx0 <-> rx0 }\nframe probe = eth() / lib.inner\nadd_device tx0@0 on cpu 0 { frame probe }\nlib.go(tx0@0)',
      lib,
    },
  ],
  [
    'a file that imports',
    { 'main.pg': 'import "a" as a\nprint a.m', a: 'import "lib" as lib\nlet m = lib.n + 1', lib },
  ],
  [
    'one file twice',
    {
      'main.pg': 'import "a" as a\nimport "lib" as lib\nprint a.m + lib.n',
      a: 'import "lib" as lib\nlet m = lib.n',
      lib,
    },
  ],
  [
    'equal names in two files',
    {
      'main.pg': 'import "lib" as lib\nlet n = lib.n\nfn twice(x: number) { return lib.twice(x) }\nprint twice(n)',
      lib,
    },
  ],
  [
    'names of an import in all scenarios',
    { 'main.pg': 'import "lib" as lib\nscenario "a" { print lib.n }\nscenario "b" { print lib.n }', lib },
  ],
  [
    'a function whose frames are for the peers of a lab',
    {
      'main.pg': 'lab { veth tx0 <-> rx0 }\nimport "a" as a\na.add(0)',
      a: `frame probe = eth() / ipv4() / udp()\nfn add(n: number) {\n  add_device "tx0@\${n}" on cpu n { frame probe }\n  add_device tx0@9 on cpu 0 { count 1 }\n  link tx0 down\n}`,
    },
  ],
  ['an empty file', { 'main.pg': 'import "a" as a', a: '' }],
];
for (const [name, files] of silent) test(`takes ${name}`, () => assert.equal(told(files), []));

const mistaken: readonly (readonly [string, Readonly<Record<string, string>>, ...string[]])[] = [
  ['a file that is not there', { 'main.pg': 'import "lib" as lib\nprint lib.n, lib.f(2)' }, 'PG3201 main.pg:1 "lib"'],
  ['a circle', { 'main.pg': 'import "a" as a', a: 'import "b" as b', b: '\nimport "a" as a' }, 'PG3202 b:2 "a"'],
  ['itself', { 'main.pg': 'import "main.pg" as me' }, 'PG3202 main.pg:1 "main.pg"'],
  [
    'code in an imported file',
    { 'main.pg': 'import "a" as a\nprint a.x', a: 'let x = 1\nstart\nstop' },
    'PG3203 a:2 start',
  ],
  [
    'operations in a value of it',
    { 'main.pg': 'import "a" as a', a: 'fn f() { wait 1s; return 1 }\nlet x = f()' },
    'PG3103 a:2 f()',
  ],
  ['parameters in an imported file', { 'main.pg': 'import "a" as a', a: 'param x = 1' }, 'PG3203 a:1 param x = 1'],
  [
    'mistakes of both files',
    { 'main.pg': 'import "a" as a\nlet y = 1 + 1s', a: '\nlet x = 2 + 2s' },
    'PG2103 main.pg:2 1',
    'PG2103 a:2 2',
  ],
  [
    'syntax of an imported file, without consequences',
    { 'main.pg': 'import "a" as a\nprint a.x, a.f(1)', a: 'let x 5\nlet = 4' },
    'PG1101 a:1 5',
    'PG1101 a:2 =',
  ],
  [
    'one mistake of a file imported twice once',
    { 'main.pg': 'import "a" as a\nimport "b" as b', a: 'import "b" as b', b: 'let x = 2 + 2s' },
    'PG2103 b:1 2',
  ],
  [
    'unknown names in a file',
    { 'main.pg': 'import "lib" as lib\nprint lib.m\nlib.once(1)', lib },
    'PG3005 main.pg:2 m',
    'PG3005 main.pg:3 once',
  ],
  [
    'an operator of an imported file, in its place',
    { 'main.pg': 'import "a" as a', a: 'let b = 1\n\nlet c = true + false' },
    'PG2201 a:3 +',
  ],
  ['a file as a value', { 'main.pg': 'import "lib" as lib\nprint lib', lib }, 'PG3204 main.pg:2 lib'],
  ['a function as a value', { 'main.pg': 'import "lib" as lib\nprint lib.twice', lib }, 'PG3017 main.pg:2 lib.twice'],
  ['arguments of another type', { 'main.pg': 'import "lib" as lib\nprint lib.twice(2s)', lib }, 'PG2102 main.pg:2 2s'],
  ['a name declared already', { 'main.pg': 'let lib = 1\nimport "lib" as lib', lib }, 'PG3002 main.pg:2 lib'],
  ['a variable called like a file', { 'main.pg': 'import "lib" as lib\nlet lib = 1', lib }, 'PG3002 main.pg:2 lib'],
  ['an import without a name', { 'main.pg': 'import "lib"\nstart', lib }, 'PG1101 main.pg:1 '],
  [
    'an import in a block',
    { 'main.pg': 'if true { import "lib" as lib }', lib },
    'PG3102 main.pg:1 import "lib" as lib',
  ],
  ['a path that is not fixed', { 'main.pg': `let x = "a"\nimport "\${x}" as lib`, lib }, `PG3108 main.pg:2 "\${x}"`],
  ['names of the importing file', { 'main.pg': 'let y = 1\nimport "a" as a', a: 'let x = y' }, 'PG3001 a:1 y'],
];
for (const [name, files, ...diagnostics] of mistaken) {
  test(`refuses ${name}`, () => assert.equal(told(files), diagnostics));
}

test('a diagnostic shows the line of the imported file, and says where its labels are', () => {
  const files = { a: '# first\nlet x = len(5)\nfn f(n: number) {}' };
  const main = new SourceFile('main.pg', 'import "a" as a\na.f()\n');
  const { diagnostics, source } = compile(main, reader(files));
  assert.equal(
    diagnostics.map((diagnostic) => render(diagnostic, source).split('\n')),
    [
      [
        'error[PG2205]: `f` takes `(n: number)`',
        ' --> main.pg:2:1',
        '2 | a.f()',
        '  | ^^^^^',
        '3 | fn f(n: number) {}',
        '  |    - declared here, in a',
      ],
      ['error[PG2205]: `len` takes a list or a range', ' --> a:2:9', '2 | let x = len(5)', '  |         ^^^^^^'],
    ],
  );
});

test('values of a file are evaluated once in each scenario', () => {
  const files = { a: 'import "lib" as lib\nlet m = lib.n', lib };
  const main = new SourceFile('main.pg', 'import "a" as a\nimport "lib" as b\nscenario "s" { print a.m, b.n }');
  const { program } = compile(main, reader(files));
  const names = program?.scenarios[0]?.prelude.map((op) => (op.op === 'let' ? op.name : op.op));
  assert.equal(names, ['a.lib.n', 'a.lib.inner', 'a.m']);
});

test.run();
