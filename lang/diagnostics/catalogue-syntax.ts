// SPDX-License-Identifier: Apache-2.0

import { entry, reporter } from './diagnostic.ts';

/** What lexer, parser and literals have to say: PG10 text, PG11 syntax, PG20 numbers, units and addresses. */
export const syntaxCatalogue = {
  // text
  PG1001: entry('error', 'unexpected character', (p: { found: string }) => `unexpected ${p.found}`),
  PG1002: entry('error', 'string not closed', () => 'a string ends on the line where it began'),
  PG1003: entry('error', 'interpolation not closed', () => `\`\${\` has no \`}\``),
  PG1004: entry('error', 'quotes in an interpolation', () => `no quotes inside \`\${…}\``),
  PG1005: entry('error', 'unknown escape', (p: { escape: string }) => `unknown escape ${p.escape} in a string`),
  PG1006: entry('error', 'device without label', (p: { name: string }) => {
    return `${p.name} lacks its label after the \`@\``;
  }),

  // syntax
  PG1101: entry('error', 'unexpected text', (p: { expected: string; found: string }) => {
    return `expected ${p.expected}, found ${p.found}`;
  }),
  PG1102: entry('error', 'unknown statement', (p: { word: string }) => `unknown statement ${p.word}`),
  PG1103: entry('error', 'line begins with an operator', (p: { operator: string }) => {
    return `a line cannot begin with ${p.operator}`;
  }),
  PG1104: entry('error', '`else` on its own line', () => '`else` stands on the line of the `}` before it'),
  PG1105: entry('error', '`{` on its own line', () => '`{` stands on the line of its statement'),
  PG1106: entry('error', 'bracket not closed', (p: { bracket: string }) => `${p.bracket} is never closed`),
  PG1107: entry('error', 'bracket closes nothing', (p: { bracket: string }) => `${p.bracket} closes nothing`),
  PG1108: entry('error', 'too deep or too long', (p: { what: string; limit: number }) => {
    return `${p.what} is limited to ${p.limit}`;
  }),
  PG1109: entry('error', 'chained operators', (p: { operator: string }) => `${p.operator} cannot be chained`),
  PG1110: entry('error', 'word out of place', (p: { word: string; owner: string }) => {
    return `${p.word} belongs to ${p.owner}`;
  }),
  PG1111: entry('error', 'reserved word as a name', (p: { word: string }) => {
    return `${p.word} is a reserved word and cannot be a name`;
  }),
  PG1112: entry('error', '`within` without `of`', () => '`within` needs `of` and what it is compared with'),
  PG1113: entry('error', 'loop as C writes it', () => '`for` goes over a range or a list, without brackets'),
  PG1114: entry('error', 'too many mistakes', (p: { limit: number }) => {
    return `the first ${p.limit} mistakes of syntax are enough: from here on none is told`;
  }),

  // numbers, units, addresses
  PG2001: entry('error', 'bad number', (p: { image: string; reason: string }) => {
    return `\`${p.image}\` is not a number: ${p.reason}`;
  }),
  PG2002: entry('error', 'inexact number', (p: { image: string }) => {
    return `\`${p.image}\` is beyond 2^53, where numbers are no longer exact`;
  }),
  PG2003: entry('error', 'unknown unit', (p: { image: string; unit: string }) => {
    return `\`${p.unit}\` in \`${p.image}\` is not a unit`;
  }),
  PG2004: entry('error', 'ambiguous unit', (p: { image: string; unit: string }) => {
    return `\`${p.unit}\` in \`${p.image}\` could be more than one unit`;
  }),
  PG2005: entry('error', 'not a whole number of units', (p: { image: string; unit: string }) => {
    return `\`${p.image}\` is not a whole number of ${p.unit}`;
  }),
  PG2006: entry('error', 'exponent', (p: { image: string }) => `\`${p.image}\`: numbers have no exponent`),
  PG2007: entry('error', 'hexadecimal without 0x', (p: { image: string }) => {
    return `\`${p.image}\` is neither a number nor a quantity`;
  }),
  PG2011: entry('error', 'bad address', (p: { image: string; family: string; reason: string }) => {
    return `\`${p.image}\` is not ${p.family}: ${p.reason}`;
  }),
  PG2012: entry('error', 'bad prefix length', (p: { image: string; limit: number }) => {
    return `\`${p.image}\` is not a prefix: its length is at most ${p.limit}`;
  }),
  PG2013: entry('error', 'value does not fit its type', (p: { text: string; type: string }) => {
    return `\`${p.text}\` is not ${p.type}`;
  }),
};

export const report = reporter(syntaxCatalogue);
