// SPDX-License-Identifier: Apache-2.0

import * as assert from 'uvu/assert';
import { binaryType } from '../lang/algebra.ts';
import { maxScenarioValues } from '../lang/check/checker.ts';
import { reservedNames } from '../lang/check/expression.ts';
import { meaning } from '../lang/diagnostics/catalogue-meaning.ts';
import { syntaxCatalogue } from '../lang/diagnostics/catalogue-syntax.ts';
import type { CatalogueEntry } from '../lang/diagnostics/diagnostic.ts';
import { maxMessageLength } from '../lang/diagnostics/diagnostic.ts';
import { flags } from '../lang/flags.ts';
import { largestFrame, mostOperations } from '../lang/frame/assemble.ts';
import type { Fallback, ProtocolField } from '../lang/frame/protocols.ts';
import { maxImportDepth, maxImports } from '../lang/imports.ts';
import { displayType, type Fact, facts, protocols } from '../lang/index.ts';
import { deviceMetrics, graceMetrics, type Metric, needsHeader, receiverMetrics } from '../lang/metrics.ts';
import { type DeviceParameter, deviceParameters, paceParameters } from '../lang/parameters.ts';
import { formatAddress } from '../lang/syntax/addresses.ts';
import { maxDepth, maxElements } from '../lang/syntax/expressions.ts';
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
import { dryRunEngine } from '../runtime/engines/dry-run.ts';
import { mostShown } from '../runtime/report/findings.ts';
import { exitOf } from '../runtime/results.ts';
import { defaultConfiguration } from '../runtime/scenario/configuration.ts';
import { mostRemoved } from '../runtime/scenario/device-record.ts';
import { mostPrinted } from '../runtime/scenario/executor.ts';
import { mostEvents, mostJobs, mostPrintedCharacters, mostPrints } from '../runtime/scenario/scenario-state.ts';
import { maxScriptBytes } from '../runtime/script-input.ts';

/** A table that the code knows, but for its last column where `written` names one: that is prose. */
export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly written?: string;
}

export const code = (text: string): string => `\`${text}\``;
const codes = (texts: Iterable<string>): string => [...texts].map(code).join(' ');

const catalogues: Readonly<Record<string, CatalogueEntry<never>>> = {
  ...syntaxCatalogue,
  ...meaning,
  ...runCatalogue,
  ...commandLineCatalogue,
};
/** `PG11` of `PG1101`: codes are explained in groups. */
const groupOf = (diagnostic: string): string => diagnostic.slice(0, 4);
export const groups = [...new Set(Object.keys(catalogues).map(groupOf))].sort();

export const tables: Readonly<Record<string, Table>> = {
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
      ['operators of an expression, outside of its brackets', grouped(maxOperators), code('PG1108')],
      ['depth of an expression', grouped(maxDepth), code('PG1108')],
      ['elements of a list', grouped(maxElements), code('PG1108')],
      ['escapes, values and `$` of a string', grouped(maxTextPieces), code('PG1108')],
      ['characters of a string', grouped(maxTextLength), code('PG2310')],
      ['mistakes of syntax told of a file', grouped(maxMistakes), code('PG1114')],
      ['characters of a message', grouped(maxMessageLength), 'its middle is left out'],
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
      ['removed devices with figures of their own', grouped(mostRemoved), `${code('PG6301')}; totals have all`],
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
