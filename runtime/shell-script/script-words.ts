// SPDX-License-Identifier: Apache-2.0

import type { ScalarType } from '../../lang/value.ts';
import { type Hole, joined, type Text, written } from './expansion.ts';
import { plainText, type Statement, type StatementOf, type Word } from './syntax.ts';

/** What words and texts of scripts for pktgen mean. */

export const procFolder = '/proc/net/pktgen/';
/** A branch with one of these is about a script that was called wrongly. */
const gives = new Set(['exit', 'err', 'usage', 'die', 'return']);

/** What a script does besides, none of which reaches pktgen. */
export const quiet = new Set([
  ...[
    'root_check_run_with_sudo',
    'modprobe',
    'rmmod',
    'trap',
    'usage',
    'err',
    'warn',
    'info',
    'dbg',
    'cd',
    'true',
    'false',
  ],
  ...[
    ':',
    'set',
    'shift',
    'export',
    'local',
    'unset',
    'validate_addr',
    'validate_addr6',
    'validate_ports',
    'test',
    '[',
    '[[',
  ],
  ...['exit', 'return', 'pg_check', 'stty', 'clear', 'shopt', 'declare', 'readonly', 'read', '(('],
]);
/** Functions of the kernel's sample scripts and of those before them, by what they mean here. */
export const pktgenFunctions = new Set(['pgset', 'pg_set', 'pg_thread', 'pg_ctrl', 'proc_cmd']);

/** Functions of the language, whose names are taken. */
export const builtins = new Set(['min', 'max', 'floor', 'round', 'len', 'wire', 'pick', 'addr', 'random']);
/** The longest list that is written out. */
export const mostItems = 4096;

export const numbersFrom = (first: number, last: number): readonly Text[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => written(String(first + i)));

/** `DEV=$1` names what the scenario is told after the variable. */
export function named(text: Text, name: string, parameterOf: (name: string) => Text): Text {
  const [only] = text;
  return text.length === 1 && typeof only === 'object' && /^\d$/.test(only.parameter ?? '') ? parameterOf(name) : text;
}

export function isTest({ words }: StatementOf<'command'>): boolean {
  return ['[', '[[', 'test', 'true', 'false', '(('].includes(words[0] === undefined ? '' : plainText(words[0]));
}

/** Whether a branch ends the script or its function, as where it was called wrongly. */
export function givesUp(body: readonly Statement[]): boolean {
  return body.some((statement) => {
    if (statement.kind === 'group') return givesUp(statement.body);
    if (statement.kind === 'chain') return givesUp([statement.condition, statement.then]);
    return statement.kind === 'command' && statement.words[0] !== undefined && gives.has(plainText(statement.words[0]));
  });
}

/** What stands behind /proc/net/pktgen/; null where it is another file. */
export function pktgenFile(path: Text): Text | null {
  const [first, ...rest] = path;
  if (typeof first !== 'string' || !first.startsWith(procFolder)) return null;
  return joined(written(first.slice(procFolder.length)), rest);
}

export function firstLine(text: Text): Text {
  const parts: (string | Hole)[] = [];
  for (const part of text) {
    const line = typeof part === 'string' ? (part.split(/\\n|\n/)[0] as string) : part;
    parts.push(line);
    if (typeof part === 'string' && line !== part) break;
  }
  return joined(parts);
}

/** The words of `echo` that it prints. */
export function withoutOptions(words: readonly Word[]): readonly Word[] {
  return words.filter((word) => !/^-[neE]+$/.test(plainText(word)));
}

/** The first and the last address of an IPv4 prefix, or the address itself. */
export function prefixEnds(text: string): readonly string[] | null {
  const [address = '', length = '32'] = text.split('/');
  const octets = address.split('.').map(Number);
  if (octets.length !== 4 || octets.some((octet) => !(octet >= 0 && octet <= 255))) return null;
  const number = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const block = 2 ** (32 - Number(length));
  const first = Math.floor(number / block) * block;
  const dotted = (value: number): string =>
    [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
  return [dotted(first), dotted(first + block - 1)];
}

/** What `printf` writes: `%s` and `%d` are its words, one after the other; null where there is more to its format. */
export function formatted(format: Text, words: readonly Text[]): Text | null {
  const left = [...words];
  const parts = format.map((part): Text | null => {
    if (typeof part !== 'string') return [part];
    const [first = '', ...rest] = part.split(/%[sdiu]/);
    if ([first, ...rest].some((literal) => literal.includes('%'))) return null;
    return joined(written(first), ...rest.flatMap((literal) => [left.shift() ?? [], written(literal)]));
  });
  return parts.every((part) => part !== null) && left.length === 0 ? joined(...parts) : null;
}

/** Options of samples/pktgen/parameters.sh, by the variables that hold what was given. */
export const scriptOptions: Readonly<Record<string, string>> = {
  DEST_IP: '-d',
  DST_MAC: '-m',
  DST_PORT: '-p',
  UDP_CSUM: '-k',
  CLONE_SKB: '-c',
  COUNT: '-n',
  BURST: '-b',
  VERBOSE: '-v',
  DEBUG: '-x',
  IP6: '-6',
  APPEND: '-a',
};

/** What it gives to those that were not, where the scripts do not: type and value in the language. */
export const scriptDefaults: Readonly<Record<string, readonly [ScalarType, string]>> = {
  PKT_SIZE: ['size', '60B'],
  DELAY: ['duration', '0ns'],
};
