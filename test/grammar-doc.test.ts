// SPDX-License-Identifier: Apache-2.0
//
// grammar.md says what is implemented. Its tables are made from the tables that the compiler reads: after a wanted change
// run this file with UPDATE_GOLDEN=1 and read the difference. Columns that people write are kept, row by row. Every `pg`
// block compiles, and every example of a diagnostic gives it.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { binaryType } from '../lang/algebra.ts';
import { maxScenarioValues } from '../lang/check/checker.ts';
import { reservedNames } from '../lang/check/expression.ts';
import { meaning } from '../lang/diagnostics/catalogue-meaning.ts';
import { syntaxCatalogue } from '../lang/diagnostics/catalogue-syntax.ts';
import type { CatalogueEntry } from '../lang/diagnostics/diagnostic.ts';
import { flags } from '../lang/flags.ts';
import { largestFrame, mostOperations } from '../lang/frame/assemble.ts';
import type { Fallback, ProtocolField } from '../lang/frame/protocols.ts';
import { maxImportDepth, maxImports } from '../lang/imports.ts';
import {
  compile,
  displayType,
  type Fact,
  facts,
  type ImportReader,
  protocols,
  renderAll,
  SourceFile,
} from '../lang/index.ts';
import { deviceMetrics, graceMetrics, type Metric, needsHeader, receiverMetrics } from '../lang/metrics.ts';
import { type DeviceParameter, deviceParameters, paceParameters } from '../lang/parameters.ts';
import { formatAddress } from '../lang/syntax/addresses.ts';
import { escapeSpellings } from '../lang/syntax/escapes.ts';
import { maxElements } from '../lang/syntax/expressions.ts';
import { maxNesting } from '../lang/syntax/layout.ts';
import { formatValue, maxTextLength } from '../lang/syntax/literals.ts';
import { maxStatements, maxTokens } from '../lang/syntax/parser.ts';
import { maxOperators } from '../lang/syntax/precedence.ts';
import { maxMistakes } from '../lang/syntax/recovery.ts';
import { Identifier, Keyword, maxTextPieces, PlainName, tokenTypes, wordOf } from '../lang/syntax/tokens.ts';
import { unitsOf } from '../lang/syntax/units.ts';
import { assertNever, parameterTypes, quantityTypes } from '../lang/types.ts';
import type { ScalarType } from '../lang/value.ts';
import { runCatalogue } from '../runtime/catalogue.ts';
import { commandLineCatalogue } from '../runtime/commands/catalogue.ts';
import { parameterValues } from '../runtime/commands/parameter-values.ts';
import { dryRunEngine } from '../runtime/engines/dry-run.ts';
import { mostShown } from '../runtime/report/findings.ts';
import { exitOf, type Verdict, worst } from '../runtime/results.ts';
import { run } from '../runtime/run.ts';
import { defaultConfiguration } from '../runtime/scenario/configuration.ts';
import { mostPrinted } from '../runtime/scenario/executor.ts';
import { mostEvents, mostJobs, mostPrintedCharacters, mostPrints } from '../runtime/scenario/scenario-state.ts';
import { maxScriptBytes } from '../runtime/script-input.ts';
import { root } from './requirements.ts';

const test = suite('grammar.md');
const path = join(root, 'grammar.md');

// --- tables -----------------------------------------------------------------------------------------------------------

/** A table that the code knows, but for its last column where `written` names one: that is prose. */
interface Table {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly written?: string;
}

const code = (text: string): string => `\`${text}\``;
const codes = (texts: Iterable<string>): string => [...texts].map(code).join(' ');

const catalogues: Readonly<Record<string, CatalogueEntry<never>>> = {
  ...syntaxCatalogue,
  ...meaning,
  ...runCatalogue,
  ...commandLineCatalogue,
};
/** `PG11` of `PG1101`: codes are explained in groups. */
const groupOf = (diagnostic: string): string => diagnostic.slice(0, 4);
const groups = [...new Set(Object.keys(catalogues).map(groupOf))].sort();

const tables: Readonly<Record<string, Table>> = {
  types: {
    header: ['Type', 'As a `param`'],
    written: 'Values',
    rows: Object.keys({
      number: true,
      bool: true,
      string: true,
      duration: true,
      size: true,
      pps: true,
      bps: true,
      percent: true,
      mac: true,
      ipv4: true,
      ipv6: true,
      prefix: true,
      interface: true,
      frame: true,
      device: true,
      receiver: true,
      job: true,
      grace: true,
      // A type that is missing here does not compile.
    } satisfies Record<ScalarType, true>)
      .map((type) => [code(type), parameterTypes.some((known) => known === type) ? 'yes' : 'no'])
      .concat([
        ['range', 'no'],
        ['list', 'no'],
      ]),
  },
  units: {
    header: ['Type', 'Units'],
    written: 'Held as',
    rows: (['duration', 'size', 'pps', 'bps', 'percent'] as const).map((type) => [
      code(type),
      unitsOf(type)
        .map(({ name, factor }, i, [own]) =>
          i === 0 ? code(name) : `${code(name)} (${grouped(factor)} ${own?.name ?? ''})`,
        )
        .join(', '),
    ]),
  },
  words: {
    header: ['Words', 'Meaning'],
    rows: [
      [codes(wordsOf((type) => type.CATEGORIES?.includes(Keyword) === true)), 'statement words and literals: reserved'],
      [
        codes(wordsOf((type) => type.CATEGORIES?.includes(Identifier) === true && type !== PlainName)),
        'have a meaning in their statements only: may be names',
      ],
      [codes(reservedNames.keys()), 'functions, layers and totals: cannot be declared'],
    ],
  },
  limits: {
    header: ['What', 'At most', 'Diagnostic'],
    rows: [
      ['a file', `${maxScriptBytes / 2 ** 20} MiB`, 'refused when it is read'],
      ['words and signs of a file', grouped(maxTokens), code('PG1108')],
      ['statements, settings and links of a file', grouped(maxStatements), code('PG1108')],
      [
        'brackets and blocks inside each other; chains of members, prefixes, `else if`',
        grouped(maxNesting),
        code('PG1108'),
      ],
      ['operators of an expression', grouped(maxOperators), code('PG1108')],
      ['elements of a list', grouped(maxElements), code('PG1108')],
      ['escapes, values and `$` of a string', grouped(maxTextPieces), code('PG1108')],
      ['characters of a string', grouped(maxTextLength), code('PG2310')],
      ['mistakes of syntax told of a file', grouped(maxMistakes), code('PG1114')],
      ['diagnostics shown of a file', grouped(mostShown), 'their number; `--json` has all'],
      ['imported files', grouped(maxImports), code('PG3205')],
      ['imports inside each other', grouped(maxImportDepth), code('PG3205')],
      ['values of `scenario … for`', grouped(maxScenarioValues), `${code('PG3114')} ${code('PG6403')}`],
      ['bytes of a frame', grouped(largestFrame), code('PG5011')],
      ['fields and checksums of a frame that change', grouped(mostOperations), code('PG5017')],
      ['devices at once', grouped(dryRunEngine().capabilities.maxDevices), code('PG6005')],
      ['jobs at once: `at`, `every` and `spawn`', grouped(mostJobs), code('PG6008')],
      ['characters of a list that is shown', grouped(maxTextLength), '`…` stands for the other elements'],
      ['characters of a printed line', grouped(mostPrinted), '`…` stands for the other values'],
      ['printed lines kept in the results of a scenario', grouped(mostPrints), code('PG6204')],
      ['characters of those lines', grouped(mostPrintedCharacters), code('PG6204')],
      ['events kept in the results of a scenario', grouped(mostEvents), 'those behind them are not kept'],
    ],
  },
  products: operatorTable('*'),
  quotients: operatorTable('/'),
  functions: {
    header: ['Function'],
    written: 'Gives',
    rows: [...reservedNames].filter(([, kind]) => kind === 'a function').map(([name]) => [code(name)]),
  },
  layers: {
    header: ['Layer', 'Stands on', 'Bytes', 'What it is'],
    rows: [...protocols.values()].map(({ name, outermost, over, size, title }) => [
      code(name),
      [outermost ? 'begins a frame' : '', codes(over)].filter((place) => place !== '').join(', or '),
      String(size),
      title,
    ]),
  },
  fields: {
    header: ['Field', 'Bits', 'Takes', 'Unless written'],
    rows: [...protocols.values()].flatMap(({ name, fields }) =>
      fields.map((field) => [
        code(`${name}.${field.name}`),
        field.type === 'bytes' ? '' : String(field.bits),
        contentText(field),
        fallbackText(field, field.fallback),
      ]),
    ),
  },
  facts: metricTable('Fact', facts),
  parameters: {
    header: ['Parameter', 'Takes', 'Default', 'Meaning'],
    written: 'In kernel pktgen',
    rows: [...deviceParameters.values()].map((parameter) => [
      code(parameter.name),
      takesText(parameter),
      defaultText(parameter.name),
      parameter.help,
    ]),
  },
  flags: {
    header: ['Flag', 'Beside `frame`', 'Meaning'],
    rows: [...flags.values()].map(({ name, help, shapesFrame, refused }) => [
      code(name),
      shapesFrame ? 'no' : 'yes',
      refused === null || name === 'IPV6' ? help : `${help}; not offered: ${refused}`,
    ]),
  },
  'device-metrics': metricTable('Metric', deviceMetrics),
  'receiver-metrics': metricTable('Metric', receiverMetrics),
  'grace-metrics': metricTable('Metric', graceMetrics),
  exits: {
    header: ['Exit status', 'Verdict'],
    written: 'When',
    rows: Object.entries(exitOf)
      .sort(([, a], [, b]) => a - b)
      .map(([verdict, status]) => [String(status), verdict]),
  },
  ...Object.fromEntries(groups.map((group) => [`codes-${group}`, codeTable(group)])),
};

function wordsOf(wanted: (type: (typeof tokenTypes)[number]) => boolean): string[] {
  return tokenTypes.filter((type) => wanted(type) && type.LABEL?.startsWith('`')).map(wordOf);
}

/** What `left operator right` gives: a row for each left operand. */
function operatorTable(operator: '*' | '/'): Table {
  return {
    header: [`left ${code(operator)} right`, ...quantityTypes.map(code)],
    rows: quantityTypes.map((left) => [
      code(left),
      ...quantityTypes.map((right) => {
        const type = binaryType(operator, left, right);
        return typeof type === 'string' ? type : '';
      }),
    ]),
  };
}

function metricTable(noun: string, of: ReadonlyMap<string, Metric | Fact>): Table {
  return {
    header: [noun, 'Type', 'Meaning'],
    rows: [...of.values()].map(({ name, type, help }) => {
      const needs = of === receiverMetrics && needsHeader.has(name) ? '; needs the `pktgen` layer' : '';
      return [code(name), code(displayType(type)), help + needs];
    }),
  };
}

function codeTable(group: string): Table {
  return {
    header: ['Code', 'Severity', 'Title'],
    written: group < 'PG60' ? 'Example' : 'When',
    rows: Object.entries(catalogues)
      .filter(([name]) => groupOf(name) === group)
      .map(([name, { severity, title }]) => [name, severity, title]),
  };
}

/** A whole number with `_` between its thousands, as the language writes it. */
function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, '_');
}

function hexadecimal(value: number): string {
  return code(`0x${value.toString(16).padStart(4, '0')}`);
}

function fallbackText(field: ProtocolField, fallback: Fallback): string {
  switch (fallback.kind) {
    case 'value':
      switch (field.type) {
        case 'bytes':
          throw new Error(`${field.name} cannot fall back on a number`);
        case 'number':
          return field.hexadecimal ? hexadecimal(Number(fallback.value)) : code(String(fallback.value));
        case 'ipv6':
          return code(formatAddress('ipv6', fallback.value.toString(16).padStart(32, '0')));
        default:
          return code(formatAddress(field.type, Number(fallback.value)));
      }
    case 'absent':
      return 'nothing: the header does without it';
    case 'source mac':
      return 'MAC address of the interface that sends';
    case 'peer mac':
      return 'in a lab the MAC address of the peer; elsewhere it must be written';
    case 'next':
      return `number of the layer above, ${field.hexadecimal ? hexadecimal(fallback.none) : code(String(fallback.none))} without one`;
    case 'length':
      return `bytes from this header${fallback.from === 'end' ? "'s end" : ''} to the end of the frame, padding included`;
    case 'header length':
      return `the header's length in ${fallback.unit} bytes${fallback.less === 0 ? '' : `, less ${fallback.less}`}`;
    case 'bottom':
      return '1 in the innermost of a stack, otherwise 0';
    case 'presence':
      return `1 with ${code(fallback.field)}, otherwise 0`;
    case 'checksum': {
      if (fallback.covers === 'header') return 'checksum of the header';
      const sum = `checksum from here to the end of the frame${fallback.pseudo ? ', with the pseudo header' : ''}`;
      return fallback.zeroOver === null ? sum : `over ${code(fallback.zeroOver)} \`0\`, otherwise the ${sum}`;
    }
    default:
      return assertNever(fallback);
  }
}

/** A number or an address, or the words that stand for values. */
function contentText({ type, words, flags }: ProtocolField): string {
  const plain = code(type === 'bytes' ? 'string' : type);
  if (words === null) return plain;
  const values = Object.entries(words).map(([word, value]) => `${code(`"${word}"`)} ${value}`);
  return `${plain}, ${values.join(', ')}${flags ? '; several in one string add up' : ''}`;
}

function takesText({ takes }: DeviceParameter): string {
  switch (takes.kind) {
    case 'word':
      return takes.words.map(code).join(', ');
    case 'flags':
      return 'flags, any number';
    case 'imix':
      return `${code('size')}:${code('number')}, up to ${takes.most}`;
    case 'nothing':
      return 'not offered';
    default: {
      const types = takes.types.map(code).join(' or ') + (takes.hexadecimal ? ' as `0x…`' : '');
      const bounds = takes.bounds === null ? '' : `, ${takes.bounds.whole ? 'whole, ' : ''}${takes.bounds.words}`;
      return `${types}${bounds}${takes.most === 1 ? '' : `; up to ${takes.most}`}`;
    }
  }
}

/** The default of a parameter, from the configuration that a device begins with. */
function defaultText(name: string): string {
  if (paceParameters.includes(name)) {
    assert.is(defaultConfiguration.pace.kind, 'unpaced');
    return 'as fast as it can';
  }
  const { frame, pktSize, count, burst, clones, late, driver, xmitMode, priority, queues, file, shortfall } =
    defaultConfiguration;
  assert.is(queues, null);
  const defaults: Readonly<Record<string, string | number | null>> = {
    frame,
    pkt_size: pktSize,
    count,
    burst,
    clone_skb: clones,
    skb_priority: priority,
    late,
    driver,
    xmit_mode: xmitMode,
    file,
    shortfall: formatValue({ type: 'percent', value: shortfall }),
  } as Record<string, string | number | null>;
  // Some depend on other parameters, the interface or the lab.
  const described: Readonly<Record<string, string>> = {
    frame: "pktgen's own frame",
    pkt_size: 'what the layers need; of a `frame` at least 60B',
    min_pkt_size: 'as `pkt_size`',
    max_pkt_size: '`min_pkt_size`',
    flag: '`SHARED`',
    dst_mac: "the peer's in a lab, else required without `frame`",
    src_mac: "the interface's",
    dst: '198.19.0.1',
    dst_min: '198.19.0.1',
    src_min: '198.18.0.1',
    dst6: '2001:2:0:2::1',
    src6: '2001:2:0:1::1',
    tos: '`0x00`',
    traffic_class: '`0x00`',
    udp_src_min: '`9`',
    udp_dst_min: '`9`',
    vlan_p: '`0`',
    vlan_cfi: '`0`',
    svlan_p: '`0`',
    svlan_cfi: '`0`',
    flowlen: '`0`',
    queue_map_min: "the kernel's choice",
    queue_map_max: '`queue_map_min`',
    file: 'required by `driver pcap`',
  };
  const found = defaults[name] ?? null;
  return found === null ? (described[name] ?? 'none') : code(String(found));
}

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
