// SPDX-License-Identifier: Apache-2.0

import { type IToken, tokenMatcher } from 'chevrotain';
import { mayFollow, type Protocol, protocols } from '../frame/protocols.ts';
import { deviceParameters } from '../parameters.ts';
import * as T from '../syntax/tokens.ts';
import type { ScalarType } from '../value.ts';
import { type Completion, type CompletionKind, rank } from './candidate.ts';
import type { Cursor } from './cursor.ts';
import { fieldsOf } from './fields.ts';
import type { KnownName, NameKind } from './names.ts';
import { builtins, linkSettings, random, receiverSettings, totals } from './vocabulary.ts';

/** What a place takes: types, none for any; or words. */
export interface Expected {
  readonly types: readonly ScalarType[];
  readonly words: readonly string[];
}

const anything: Expected = { types: [], words: [] };
const onlyTypes = (...types: readonly ScalarType[]): Expected => ({ types, words: [] });

/** What the cursor's place takes, as far as its words tell. */
export function expectedAt(cursor: Cursor): Expected {
  const { tokens, call, place } = cursor;
  if (call !== null) return expectedInCall(cursor);
  const types = tokens.map(({ tokenType }) => tokenType);
  const last = tokens.at(-1);
  if (last?.tokenType === T.Timeout || last?.tokenType === T.At || last?.tokenType === T.Every) {
    return onlyTypes('duration');
  }
  if (last?.tokenType === T.Wait && types.length === 1) return onlyTypes('duration');
  if (types[0] === T.Receiver && last?.tokenType === T.On) return onlyTypes('interface');
  if (types[0] === T.Await || types[0] === T.Cancel) return onlyTypes('job', 'grace');
  if (types[0] === T.Frame && place === 'statement') return onlyTypes('frame');
  const key = settingKey(cursor);
  return key === null ? anything : ofSetting(cursor, key);
}

function expectedInCall({ call }: Cursor): Expected {
  const field = fieldsOf(call?.callee ?? '').find(({ name }) => name === call?.name)?.field;
  if (field === undefined || field.type === 'bytes') return anything;
  return { types: [field.type], words: [] };
}

function ofSetting({ place }: Cursor, key: string): Expected {
  if (place === 'receiver') return onlyTypes(...(receiverSettings.get(key)?.types ?? []));
  if (place === 'link') return onlyTypes(...(linkSettings.get(key)?.types ?? []));
  const takes = deviceParameters.get(key)?.takes;
  if (takes === undefined) return anything;
  return { types: 'types' in takes ? takes.types : [], words: 'words' in takes ? takes.words : [] };
}

/** The parameter whose value is being typed, null where none is. */
export function settingKey({ tokens, place }: Cursor): string | null {
  if (place !== 'statement' && place !== 'lab') return tokens[0]?.image ?? null;
  if (tokens[0]?.tokenType !== T.SetDevice) return null;
  // Behind the devices, which commas separate.
  const at = tokens.findIndex((token, index) => index > 1 && isWordAfterDevice(token, tokens[index - 1]));
  return at < 0 ? null : ((tokens[at] as IToken).image ?? null);
}

function isWordAfterDevice(token: IToken, before: IToken | undefined): boolean {
  return before !== undefined && before.tokenType !== T.Comma && tokenMatcher(token, T.Word);
}

const completionKinds: Readonly<Record<NameKind, CompletionKind>> = {
  param: 'variable',
  let: 'variable',
  frame: 'frame',
  loop: 'variable',
  parameter: 'variable',
  function: 'function',
  import: 'module',
  device: 'device',
  receiver: 'receiver',
  interface: 'interface',
};

export function nameCompletion({ name, kind, help }: KnownName, likely: number): Completion {
  return { label: name, kind: completionKinds[kind], help, rank: likely };
}

/** Values for an expression, those of the expected type first. */
export function valueCompletions(cursor: Cursor, names: readonly KnownName[]): readonly Completion[] {
  const expected = expectedAt(cursor);
  if (expected.words.length > 0 && expected.types.length === 0) {
    return expected.words.map((label) => ({ label, kind: 'word', help: '', rank: rank.wanted }));
  }
  const { types } = expected;
  if (types.includes('frame') && cursor.call === null) return frameCompletions(cursor, names);
  if (types.length === 1 && types[0] === 'device') return deviceNames(names);
  if (types.length === 1 && types[0] === 'interface') return interfaceNames(names);
  return [
    ...expected.words.map((label): Completion => ({ label, kind: 'word', help: '', rank: rank.wanted })),
    ...fieldValues(cursor),
    ...names.flatMap((name) => {
      if (types.length === 0) return [nameCompletion(name, name.kind === 'device' ? rank.other : rank.fitting)];
      const container = ['function', 'import', 'interface', 'receiver', 'device'].includes(name.kind);
      if (container) return [nameCompletion(name, rank.other)];
      const { type } = name;
      const fits = type === null || type === 'list' || type === 'range' || types.includes(type as ScalarType);
      return fits
        ? [nameCompletion(name, rank.wanted)]
        : name.type === 'number'
          ? [nameCompletion(name, rank.fitting)]
          : [];
    }),
    ...[...builtins.values()].map(
      ({ name, help }): Completion => ({ label: name, kind: 'function', help, rank: rank.other }),
    ),
    ...[...totals]
      .filter(
        ([name]) => name !== 'error' || cursor.around.some((head) => head[0]?.tokenType === T.Else || isElse(head)),
      )
      .map(([name, help]): Completion => ({ label: name, kind: 'variable', help, rank: rank.other })),
    ...(types.length === 0 && cursor.call === null ? layersOn(null) : []),
  ];
}

/** The block of an `else`: its head goes on behind the one of the `try`. */
const isElse = (head: readonly IToken[]) => head.at(-1)?.tokenType === T.Else;

/** What only frame fields take: their words, and `random`. */
function fieldValues({ call }: Cursor): readonly Completion[] {
  const field = fieldsOf(call?.callee ?? '').find(({ name }) => name === call?.name)?.field;
  if (field === undefined) return [];
  const words = Object.keys(field.words ?? {}).map((word): Completion => {
    return { label: `"${word}"`, kind: 'word', help: String(field.words?.[word] ?? ''), rank: rank.wanted };
  });
  return [...words, { label: random.name, kind: 'function', help: random.help, rank: rank.fitting }];
}

function frameCompletions({ tokens }: Cursor, names: readonly KnownName[]): readonly Completion[] {
  const slash = tokens.at(-1)?.tokenType === T.Slash;
  const frames = names
    .filter(({ kind, type }) => kind === 'import' || type === 'frame')
    .map((name) => nameCompletion(name, name.kind === 'import' ? rank.other : rank.wanted));
  return [...frames, ...layersOn(slash ? layerBefore(tokens) : null)];
}

/** The layer in front of the `/` that the tokens end with; null where a variable or nothing known stands there. */
function layerBefore(tokens: readonly IToken[]): Protocol | null {
  let depth = 0;
  for (let at = tokens.length - 2; at >= 0; at--) {
    const { tokenType, image } = tokens[at] as IToken;
    if (tokenType === T.CloseParen) depth++;
    else if (tokenType === T.OpenParen) depth--;
    else if (depth === 0) return protocols.get(image) ?? null;
  }
  return null;
}

/** Layers that may stand on one; all where it is not known. */
function layersOn(lower: Protocol | null): readonly Completion[] {
  return [...protocols.values()]
    .filter((layer) => lower === null || mayFollow(layer, lower))
    .map(({ name, title, outermost }): Completion => {
      return { label: name, kind: 'layer', help: title, rank: lower !== null || outermost ? rank.fitting : rank.other };
    });
}

/** Devices, and what stands for one. */
export function deviceNames(names: readonly KnownName[]): readonly Completion[] {
  const naming = names.filter(({ kind, type }) => {
    return kind === 'device' || ((kind === 'let' || kind === 'parameter') && type === 'device');
  });
  return [
    ...naming.map((name) => nameCompletion(name, rank.wanted)),
    { label: 'devices', kind: 'variable', help: 'every device', rank: rank.fitting },
  ];
}

export function interfaceNames(names: readonly KnownName[]): readonly Completion[] {
  return names
    .filter(({ kind, type }) => kind === 'interface' || type === 'interface')
    .map((name) => nameCompletion(name, rank.wanted));
}

/** Names for a new device: each interface with its first free label. */
export function newDevices(names: readonly KnownName[]): readonly Completion[] {
  const taken = new Set(names.filter(({ kind }) => kind === 'device').map(({ name }) => name));
  return names
    .filter(({ kind }) => kind === 'interface')
    .map(({ name }): Completion => {
      let label = 0;
      while (taken.has(`${name}@${label}`)) label++;
      return { label: `${name}@${label}`, kind: 'device', help: `a new device on ${name}`, rank: rank.wanted };
    });
}
