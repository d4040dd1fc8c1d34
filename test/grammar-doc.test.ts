// SPDX-License-Identifier: Apache-2.0
//
// grammar.md says what is implemented. Its tables are made from the tables that the compiler reads: after a wanted change
// run this file with UPDATE_GOLDEN=1 and read the difference. Columns that people write are kept, row by row. Every `pg`
// block compiles, and every example of a diagnostic gives it.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { largestFrame } from '../lang/frame/assemble.ts';
import { compile, type ImportReader, renderAll, SourceFile } from '../lang/index.ts';
import { escapeSpellings } from '../lang/syntax/escapes.ts';
import { maxDepth } from '../lang/syntax/expressions.ts';
import { maxNesting } from '../lang/syntax/layout.ts';
import { maxOperators } from '../lang/syntax/precedence.ts';
import { parameterValues } from '../runtime/commands/parameter-values.ts';
import { dryRunEngine } from '../runtime/engines/dry-run.ts';
import { exitOf, type Verdict, worst } from '../runtime/results.ts';
import { run } from '../runtime/run.ts';
import { maxScriptBytes } from '../runtime/script-input.ts';
import { code, groups, type Table, tables } from './grammar-tables.ts';
import { root } from './requirements.ts';

const test = suite('grammar.md');
const path = join(root, 'grammar.md');

// --- the document -----------------------------------------------------------------------------------------------------

const begin = (name: string): string => `<!-- begin: ${name} -->\n`;
const end = (name: string): string => `<!-- end: ${name} -->`;

/** Cells of a table row; a `|` inside a cell is written `\|`. */
function cellsOf(line: string): string[] {
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());
}

/** The body rows of the table between two markers; none where it has not been made yet. */
function rowsIn(document: string, name: string): string[][] {
  const from = document.indexOf(begin(name));
  const to = document.indexOf(end(name));
  assert.ok(from >= 0 && to > from, `grammar.md has no section between \`begin: ${name}\` and \`end: ${name}\``);
  return document
    .slice(from + begin(name).length, to)
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map(cellsOf);
}

function tableText({ header, rows, written }: Table, before: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`.replace(/ +\|/g, ' |');
  const kept = new Map(before.map((cells) => [cells[0], cells.at(-1) ?? '']));
  const head = written === undefined ? header : [...header, written];
  const escaped = rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const body = written === undefined ? escaped : escaped.map((row) => [...row, kept.get(row[0]) ?? '']);
  return [line(head), line(head.map(() => '---')), ...body.map(line)].map((text) => `${text}\n`).join('');
}

/** The document with every table made anew. */
function updated(document: string): string {
  return Object.entries(tables).reduce((text, [name, table]) => {
    const made = tableText(table, rowsIn(text, name));
    const from = text.indexOf(begin(name)) + begin(name).length;
    return text.slice(0, from) + made + text.slice(text.indexOf(end(name)));
  }, document);
}

if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, updated(readFileSync(path, 'utf8')));
const document = readFileSync(path, 'utf8');

for (const [name, table] of Object.entries(tables)) {
  test(`table of ${name}`, () => {
    const before = rowsIn(document, name);
    const section = document.slice(document.indexOf(begin(name)) + begin(name).length, document.indexOf(end(name)));
    assert.fixture(section, tableText(table, before));
    if (table.written === undefined) return;
    for (const [key, ...cells] of before) assert.ok(cells.at(-1) !== '', `${key} lacks its \`${table.written}\``);
  });
}

test('every section between markers is made from a table', () => {
  const found = [...document.matchAll(/<!-- begin: (\S+) -->/g)].map(([, name]) => name);
  assert.equal([...found].sort(), Object.keys(tables).sort());
});

// --- examples ---------------------------------------------------------------------------------------------------------

interface Block {
  readonly document: string;
  readonly line: number;
  readonly language: string;
  /** What the comment before the block says: `in: scenario`, `in: device`, `gives: PG1103`, `preamble`. */
  readonly note: string;
  readonly text: string;
}

function blocksOf(name: string, text: string): Block[] {
  return [...text.matchAll(/(?:^<!-- ([^\n]*) -->\n)?^```(pg|pg-wrong)\n(.*?)^```$/gms)].map((found) => ({
    document: name,
    line: text.slice(0, found.index).split('\n').length,
    note: found[1] ?? '',
    language: found[2] as string,
    text: found[3] as string,
  }));
}

const blocks = ['grammar.md', 'README.md']
  .filter((name) => existsSync(join(root, name)))
  .flatMap((name) => blocksOf(name, readFileSync(join(root, name), 'utf8')));

/** What fragments of grammar.md stand behind: a lab, a receiver, a frame and a device. */
const preamble = blocks.find((block) => block.note === 'preamble')?.text ?? '';

/** A fragment as the whole program that it is a part of. */
function programOf(block: Block): string {
  switch (block.note) {
    case 'in: scenario':
      return preamble + block.text;
    case 'in: device':
      return `${preamble}add_device tx0@9 on cpu 0 {\n${block.text}}\n`;
    default:
      return block.text;
  }
}

/** The files that examples import. */
const importable: Readonly<Record<string, string>> = {
  './lib/frames.pg':
    'let port = 9\nframe probe = eth() / ipv4() / udp(dst: port) / pktgen\nfn half(load: pps) { return load / 2 }\n',
  './lib/code.pg': 'start\n',
  './lib/circle.pg': 'import "./lib/circle.pg" as again\n',
};
const readExample: ImportReader = (path) => {
  const depth = /^deep(\d+)\.pg$/.exec(path)?.[1];
  const text = depth === undefined ? importable[path] : `import "deep${Number(depth) + 1}.pg" as more\n`;
  return text === undefined ? { ok: false, reason: 'no such file' } : { ok: true, name: path, text };
};
const told = (text: string) => compile(new SourceFile('example.pg', text), readExample);

test('there are examples, and a preamble for fragments', () => {
  assert.ok(blocks.length >= 20);
  assert.ok(preamble !== '');
});

for (const block of blocks) {
  test(`${block.document}:${block.line}: ${block.language}`, async () => {
    const { program, diagnostics } = told(programOf(block));
    const found = diagnostics.map(({ code: name, message }) => `${name}: ${message}`);
    if (block.language === 'pg') {
      assert.equal(found, []);
      assert.ok(program !== null);
      assert.match(block.note, /^(preamble|in: scenario|in: device)?$/);
      // README.md may ask for more than a dry run without a command line gives.
      const complete = program.params.every((param) => param.value !== null);
      if (block.document === 'grammar.md' && complete) assert.equal(await saidByRun(program), []);
      return;
    }
    const wanted = /^gives: (PG\d{4})$/.exec(block.note)?.[1];
    assert.ok(wanted !== undefined, 'the block does not say which code it gives');
    assert.equal(found.length, 1, found.join('\n'));
    assert.ok(found[0]?.startsWith(`${wanted}: `), found[0]);
  });
}

/** Codes that no text of its own can give: what the command line brings along has a part in it. */
const withoutExample = ['PG1114', 'PG2013', 'PG2308'];

/**
 * An example in a cell: code, its lines parted by `<br>`, behind the preamble unless a comment says that it stands alone.
 * Null: prose.
 */
function exampleIn(cell: string): string | null {
  const found = /^(`[^`]+`(?:<br>`[^`]+`)*)(?: <!-- (alone) -->)?$/.exec(cell);
  if (found === null) return null;
  const lines = (found[1] as string).split('<br>').map((line) => line.slice(1, -1).replaceAll('\\|', '|'));
  return `${found[2] === 'alone' ? '' : preamble}${lines.join('\n')}\n`;
}

for (const group of groups.filter((name) => name < 'PG70')) {
  for (const cells of rowsIn(document, `codes-${group}`)) {
    const [name, severity] = cells as [string, string];
    const example = exampleIn(cells.at(-1) as string);
    if (example === null) {
      const excused = group >= 'PG60' || withoutExample.includes(name);
      test(`${name} has an example`, () => assert.ok(excused));
      continue;
    }
    test(`the example of ${name} gives it`, async () => {
      const { program, diagnostics } = told(example);
      const compiled = diagnostics.map((diagnostic) => diagnostic.code);
      if (compiled.length > 0) {
        assert.equal(compiled, [name]);
        assert.is(program === null, severity === 'error');
        return;
      }
      assert.ok(program !== null);
      assert.equal(await saidByRun(program), [name]);
    });
  }
}

for (const [name, , , cell] of rowsIn(document, 'codes-PG70') as [string, string, string, string][]) {
  const options = /^`((?:--set \S+ ?)+)`$/.exec(cell)?.[1];
  if (options === undefined) continue;
  test(`the example of ${name} gives it`, () => {
    const { program } = told('param load = 250kpps');
    assert.ok(program !== null);
    const given = options
      .trim()
      .split(/ ?--set /)
      .slice(1);
    const values = parameterValues(program, given, 'must be given');
    const found = values.ok ? [] : values.findings.flatMap(({ diagnostics }) => diagnostics.map((one) => one.code));
    assert.equal(found, [name]);
  });
}

/** The codes of what a dry run of a program complains about. */
async function saidByRun(program: NonNullable<ReturnType<typeof compile>['program']>): Promise<string[]> {
  const said: string[] = [];
  const engine = dryRunEngine();
  await run(program, engine, {
    params: new Map(),
    seed: 1n,
    lab: false,
    maxDuration: null,
    allow: [],
    signal: new AbortController().signal,
    onPrint: () => {},
    onProgress: () => {},
    onDiagnostic: (diagnostic) => said.push(diagnostic.code),
  });
  await engine.close();
  return said;
}

// --- prose ------------------------------------------------------------------------------------------------------------

test('limits and precedences in prose are the implemented ones', () => {
  const verdicts = Object.keys(exitOf) as Verdict[];
  const weightiestFirst = verdicts.sort((a, b) => (worst([a, b]) === a ? -1 : 1)).map((verdict) => exitOf[verdict]);
  const claims = [
    `first of ${weightiestFirst.join(', ')} counts`,
    `nest ${maxNesting} deep`,
    `at most ${maxNesting} links`,
    `at most ${maxOperators} operators`,
    `is ${maxDepth} deep`,
    `at most ${maxScriptBytes / 1024 / 1024} MiB`,
    `plus 14 bytes, and ${largestFrame} bytes`,
    `escapes are ${escapeSpellings.slice(0, -1).map(code).join(' ')} and ${code(escapeSpellings.at(-1) ?? '')}`,
  ];
  const prose = document.replace(/\s+/g, ' ');
  for (const claim of claims) assert.ok(prose.includes(claim), claim);
});

test('the diagnostic that is shown is what people see', () => {
  const source = new SourceFile('soak.pg', 'set tx0 {\n  rate 1000\n}\n');
  const shown = compile(source).diagnostics.filter((diagnostic) => diagnostic.code === 'PG2103');
  assert.ok(document.includes(`\`\`\`text\n${renderAll(shown, source)}\n\`\`\`\n`));
});

test.run();
