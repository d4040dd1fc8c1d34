// SPDX-License-Identifier: Apache-2.0

import { flags } from '../../lang/flags.ts';
import { deviceParameters } from '../../lang/parameters.ts';
import { Keyword, tokenTypes, wordOf } from '../../lang/syntax/tokens.ts';

const keywords = tokenTypes.filter((type) => type.CATEGORIES?.includes(Keyword) === true).map(wordOf);
/** Pktgen's words for a device, and its flags. */
const deviceWords = [...deviceParameters.keys(), ...flags.keys()];
/** Few names, so that what is declared is used too. */
const names = [
  'x',
  'n',
  'tx0',
  'rx0',
  'f',
  'of',
  'timeout',
  'step',
  'cpu',
  'lib',
  'error',
  'devices',
  'eth',
  'pick',
  'dst',
];
const operators = ['+', '-', '*', '/', '<', '<=', '>', '>=', '==', '!=', '&&', '||', '..', 'within', 'of', 'step'];

/** Ways to write each token that has more than one. */
export const spellings: Readonly<Record<string, readonly string[]>> = {
  Newline: ['\n', ';', '\n\n\n', ' # a comment\n', '\r\n', '\r'],
  Word: [...names, 'rate', 'frame', 'pkt_size', 'flag', 'sent', 'p99', 'within', 'start', ...deviceWords],
  Keyword: keywords,
  Identifier: names,
  Operator: operators,
  Text: ['"x"', '""', '"tx0"', '"0x00ff"', '"a # b"', '"\\n\\\\"', '"é→😀"'],
  TextHead: [`"\${`, `"tx0@\${`, `"a \${`],
  TextMiddle: [`}\${`, `}, \${`],
  TextTail: ['}"', '} b"'],
  MalformedText: [`"\${"`, '"\\q"', `"\${x}`],
  MalformedDevice: ['tx0@'],
  ColonAddress: ['::1', '02:00:00:00:00:01', 'fe80::1', '2001:db8::/32', '1:2:3', '1:2:3:4:5:6:7:8:9'],
  DottedAddress: ['10.0.0.1', '10.0.0.0/8', '10.0.0.300', '255.255.255.255', '0.0.0.0/0', '1.2.3'],
  Numeral: ['1', '0', '2', '0x1f', '2.5', '1_000', '9007199254740991', '9007199254740992', '0.1'],
  Quantity: ['60B', '1s', '100kpps', '1%', '1Gbps', '10m', '1e6', '0.5ns', '1500B', '100ms', '0pps', '9216B'],
  DeviceName: ['tx0@0', 'tx0@1', 'rx0@a'],
};

/** Every token as it may be written. */
export const images: readonly string[] = tokenTypes.flatMap((type) => {
  const known = spellings[type.name];
  if (known !== undefined) return known;
  return type.LABEL?.startsWith('`') === true ? [wordOf(type)] : [];
});

/** What no scenario should hold, and some do. */
export const oddities: readonly string[] = [
  '\0',
  '\u0007',
  '\u001b[31m',
  '\u007f',
  '\u0085',
  '\u00a0',
  '\u2028',
  '\u2029',
  '\u202e',
  '\ufeff',
  '\ufffd',
  '\ud800',
  '\udc00',
  '😀',
  'é',
  'e\u0301',
  'µs',
  '０',
  '‘',
  '“',
  '–',
  '\v',
  '\f',
  '\t',
  '\r',
  '\r\n',
  '\u200b',
  '\uffff',
  '$',
  `\${`,
  '\\',
  '"',
  '@',
  '`',
  '~',
];
