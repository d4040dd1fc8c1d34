// SPDX-License-Identifier: Apache-2.0

import type { IToken } from 'chevrotain';
import { facts } from '../facts.ts';
import type { ImportReader } from '../imports.ts';
import { deviceMetrics, graceMetrics, receiverMetrics } from '../metrics.ts';
import { lex } from '../syntax/lexer.ts';
import * as T from '../syntax/tokens.ts';
import { displayType } from '../types.ts';
import type { Type } from '../value.ts';
import { type Completion, type CompletionKind, rank } from './candidate.ts';
import type { Cursor } from './cursor.ts';
import { type KnownName, namesIn } from './names.ts';
import { nameCompletion } from './values.ts';
import { from } from './vocabulary.ts';

/** Something with a dotted name: a metric, a fact, an end. */
interface Member {
  readonly name: string;
  readonly type: Type | null;
  readonly help: string;
  readonly kind: CompletionKind;
}

type Row = { readonly name: string; readonly type: Type; readonly help: string };

const members = (rows: Iterable<Row>, kind: CompletionKind): readonly Member[] =>
  [...rows].map((row) => ({ ...row, kind }));

const ofDevice = members(deviceMetrics.values(), 'metric');
const ofReceiver: readonly Member[] = [
  ...members(receiverMetrics.values(), 'metric'),
  { name: from.name, type: null, help: from.help, kind: 'function' },
];
const ofGrace = members(graceMetrics.values(), 'metric');
const ofInterface = members(facts.values(), 'fact');
const ends: readonly Member[] = [
  { name: 'first', type: null, help: 'its first element', kind: 'fact' },
  { name: 'last', type: null, help: 'its last element', kind: 'fact' },
];

/** What may stand behind the `.` that the cursor's tokens end with. */
export function memberCompletions(
  { tokens }: Cursor,
  names: readonly KnownName[],
  read: ImportReader,
  file: string,
): readonly Completion[] {
  const path: string[] = [];
  let at = tokens.length - 2;
  while (tokens[at - 1]?.tokenType === T.Dot && tokens[at]?.tokenType !== T.CloseParen) {
    path.unshift((tokens[at] as IToken).image);
    at -= 2;
  }
  const base = tokens[at];
  if (base === undefined) return [];
  const module = names.findLast(({ kind, name }) => kind === 'import' && name === base.image);
  if (module !== undefined && path.length === 0) return exported(module, read, file);
  const prefix = path.map((part) => `${part}.`).join('');
  const found = new Map<string, Completion>();
  for (const { name, type, help, kind } of membersOf(tokens, at, names)) {
    if (!name.startsWith(prefix)) continue;
    const label = name.slice(prefix.length);
    const shown = type === null ? help : `${help} (${displayType(type)})`;
    if (!found.has(label)) found.set(label, { label, kind, help: shown, rank: rank.wanted });
  }
  return [...found.values()];
}

function membersOf(tokens: readonly IToken[], at: number, names: readonly KnownName[]): readonly Member[] {
  const base = tokens[at] as IToken;
  switch (base.tokenType) {
    case T.DeviceName:
    case T.Text:
    case T.TextTail:
      return ofDevice;
    case T.CloseParen:
      return isFrom(tokens, at) ? ofReceiver.filter(({ name }) => name !== from.name) : [];
    case T.DottedAddress:
    case T.ColonAddress:
      return base.image.includes('/') ? ends : [];
    default:
  }
  switch (base.image) {
    case 'devices':
      return ofDevice;
    case 'receivers':
      return ofReceiver.filter(({ name }) => name !== from.name);
    case 'grace':
      return ofGrace;
    default:
  }
  const meanings = names.filter(({ name }) => name === base.image);
  // A device, a receiver and an interface may have one name, and then have the members of all three.
  return meanings.flatMap((name) => membersOfName(name));
}

function membersOfName({ kind, type }: KnownName): readonly Member[] {
  // A device that is called as its interface is a name of its own.
  if (kind === 'interface') return ofInterface;
  switch (type) {
    case 'device':
    case 'string':
      return ofDevice;
    case 'receiver':
      return ofReceiver;
    case 'interface':
      return [...ofInterface, ...ofDevice];
    case 'prefix':
    case 'range':
      return ends;
    case null:
      // Nothing is known of it: a name in a variable is most likely a device's.
      return kind === 'let' || kind === 'loop' || kind === 'parameter' ? ofDevice : [];
    default:
      return [];
  }
}

/** Whether the parenthesis closes a `.from(…)`. */
function isFrom(tokens: readonly IToken[], close: number): boolean {
  let depth = 0;
  for (let at = close; at > 0; at--) {
    if (tokens[at]?.tokenType === T.CloseParen) depth++;
    if (tokens[at]?.tokenType === T.OpenParen && --depth === 0) return tokens[at - 1]?.image === from.name;
  }
  return false;
}

/** The names that an imported file gives. */
function exported(module: KnownName, read: ImportReader, file: string): readonly Completion[] {
  const imported = read(module.details[0] ?? '', file);
  if (!imported.ok) return [];
  const { tokens } = lex(imported.text);
  return namesIn(tokens, imported.text.length)
    .filter(({ kind }) => ['let', 'frame', 'function', 'import'].includes(kind))
    .map((name) => nameCompletion(name, rank.wanted));
}
