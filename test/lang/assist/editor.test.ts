// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { keywordHelp } from '../../../lang/assist/vocabulary.ts';
import { textMateGrammar } from '../../../lang/editor/textmate.ts';
import { vimSyntax } from '../../../lang/editor/vim-syntax.ts';
import { withFiles } from '../../cli/pktsh.ts';
import { root, testWith, tool } from '../../requirements.ts';

const test = suite('editor files');

const editor = join(root, 'lang/editor');

/** `PKTSH_WRITE_GOLDEN=1` writes the files anew. */
function upToDate(path: string, text: string): void {
  const file = join(editor, path);
  if (process.env.PKTSH_WRITE_GOLDEN === '1') writeFileSync(file, text);
  assert.fixture(readFileSync(file, 'utf8'), text, `${path} is made of the tables: PKTSH_WRITE_GOLDEN=1 writes it`);
}

test('the syntax files are those that the tables make', () => {
  upToDate('vscode/syntaxes/pktsh.tmLanguage.json', textMateGrammar());
  upToDate('vim/syntax/pktsh.vim', vimSyntax());
});

test('every word of the grammar has a colour', () => {
  for (const text of [textMateGrammar(), vimSyntax()]) {
    assert.equal(
      [...keywordHelp.keys()].filter((word) => !new RegExp(`\\b${word}\\b`).test(text)),
      [],
    );
  }
});

test("the extension's manifests name files that are there, and its version is the package's", () => {
  const read = (path: string) => JSON.parse(readFileSync(join(editor, 'vscode', path), 'utf8'));
  const { contributes, main, version } = read('package.json');
  readFileSync(join(editor, 'vscode', main), 'utf8');
  for (const { configuration } of contributes.languages) read(configuration);
  for (const { path, scopeName } of contributes.grammars) assert.is(read(path).scopeName, scopeName);
  assert.is(version, JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version);
});

interface Rule {
  readonly name: string;
  readonly match?: string;
  readonly begin?: string;
  readonly end?: string;
  readonly patterns?: readonly Rule[];
  readonly include?: string;
}

/** Colours a line as TextMate does: at each place the first rule that fits there or soonest behind it. */
function coloured(line: string): readonly string[] {
  const { patterns, repository } = JSON.parse(textMateGrammar());
  const flat = (rules: readonly Rule[]): readonly Rule[] =>
    rules.flatMap((rule) => (rule.include === undefined ? [rule] : flat(repository.values.patterns)));
  const found: string[] = [];
  const scan = (rules: readonly Rule[], from: number, end: RegExp | null): number => {
    let at = from;
    for (;;) {
      const hits = rules.flatMap((rule) => {
        const pattern = new RegExp(rule.match ?? (rule.begin as string), 'g');
        pattern.lastIndex = at;
        const hit = pattern.exec(line);
        return hit === null || hit[0] === '' ? [] : [{ rule, hit }];
      });
      hits.sort((a, b) => a.hit.index - b.hit.index);
      const [first] = hits;
      const closing = end === null ? null : execFrom(end, line, at);
      if (closing !== null && (first === undefined || closing.index <= first.hit.index))
        return closing.index + closing[0].length;
      if (first === undefined) return line.length;
      const { rule, hit } = first;
      at = hit.index + hit[0].length;
      if (rule.begin === undefined) found.push(`${hit[0]}=${rule.name.split('.').slice(0, -1).join('.')}`);
      else {
        const start = hit.index;
        at = scan(flat(rule.patterns ?? []), at, new RegExp(rule.end as string, 'g'));
        if (rule.name.startsWith('string')) found.push(`${line.slice(start, at)}=string`);
      }
    }
  };
  scan(flat(patterns), 0, null);
  return found;
}

function execFrom(pattern: RegExp, line: string, from: number): RegExpExecArray | null {
  pattern.lastIndex = from;
  return pattern.exec(line);
}

const lines: readonly (readonly [string, readonly string[]])[] = [
  ['wait 10ms # then', ['wait=keyword.control', '10ms=constant.numeric.quantity', '# then=comment.line.number-sign']],
  [
    'set tx0@0 rate 2_000pps',
    [
      'set=keyword.control',
      'tx0@0=variable.other.device',
      'rate=support.type.property-name',
      '2_000pps=constant.numeric.quantity',
    ],
  ],
  ['rem_device_all', ['rem_device_all=keyword.control']],
  ['let starter = 0x1f', ['let=storage.type', '==keyword.operator', '0x1f=constant.numeric']],
  [
    'eth(dst: 02:00:00:00:00:01)',
    ['eth=support.class.layer', 'dst=variable.parameter', '02:00:00:00:00:01=constant.other.address'],
  ],
  [
    'ipv4(src: 10.0.0.0/8)',
    ['ipv4=support.class.layer', 'src=variable.parameter', '10.0.0.0/8=constant.other.address'],
  ],
  [
    `print "a \\" # \${min(1, b)}"`,
    [
      'print=keyword.control',
      '\\"=constant.character.escape',
      'min=support.function',
      '1=constant.numeric',
      `"a \\" # \${min(1, b)}"=string`,
    ],
  ],
  ['expect tx0.stop == true', ['expect=keyword.control', '===keyword.operator', 'true=constant.language']],
];
test('lines have their colours', () => {
  for (const [line, expected] of lines) assert.equal(coloured(line), expected, line);
});

testWith(test, [tool('nvim')], 'Vim colours the same, and knows the type of the file', async () => {
  const text = `wait 10ms # then\nset tx0@0 rate 2pps\nprint "a \${min(1)}", tx0.stop\neth(dst: 02:00:00:00:00:01)\n`;
  const places = [
    [1, 1, 'pktshStatement'],
    [1, 7, 'pktshQuantity'],
    [1, 12, 'pktshComment'],
    [2, 6, 'pktshDevice'],
    [2, 12, 'pktshParameter'],
    [3, 8, 'pktshString'],
    [3, 13, 'pktshFunction'],
    [3, 27, 'pktshMember'],
    [4, 1, 'pktshLayer'],
    [4, 20, 'pktshAddress'],
  ] as const;
  await withFiles({ 'a.pg': text }, async (folder) => {
    const out = join(folder, 'out');
    const groups = places.map(([line, column]) => `synIDattr(synID(${line}, ${column}, 1), 'name')`);
    const commands = [
      `set runtimepath^=${join(editor, 'vim')}`,
      'filetype plugin on',
      'syntax on',
      `edit ${join(folder, 'a.pg')}`,
      `call writefile([&filetype, &commentstring, ${groups.join(', ')}], '${out}')`,
      'qall!',
    ];
    const script = join(folder, 'drive.vim');
    writeFileSync(script, `${commands.join('\n')}\n`);
    const done = spawnSync('nvim', ['--headless', '-u', 'NONE', '-i', 'NONE', '-S', script], {
      encoding: 'utf8',
      env: { ...process.env, HOME: folder },
      timeout: 60_000,
    });
    assert.is(done.status, 0, done.stderr);
    assert.equal(readFileSync(out, 'utf8').trim().split('\n'), [
      'pktsh',
      '# %s',
      ...places.map(([, , group]) => group),
    ]);
  });
});

test.run();
