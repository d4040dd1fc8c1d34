// SPDX-License-Identifier: Apache-2.0

import { protocols } from '../frame/protocols.ts';
import { noImports } from '../imports.ts';
import { lex } from '../syntax/lexer.ts';
import type { AssistOptions } from './completion.ts';
import { cursorAt, type OpenCall } from './cursor.ts';
import { fieldsOf } from './fields.ts';
import { namesIn } from './names.ts';
import { builtins, from, random, type Signature } from './vocabulary.ts';

/** What the call around an offset takes. */
export interface SignatureHint extends Signature {
  /** As it is written: `ipv4(src, dst, …)`. */
  readonly label: string;
  /** Index of the parameter that is being typed; null where it is none of them. */
  readonly active: number | null;
}

/** The signature of the innermost call whose parentheses are open at an offset; null where there is none. */
export function signatureAt(text: string, offset: number, options: AssistOptions = {}): SignatureHint | null {
  const lexed = lex(text);
  const call = cursorAt(lexed, offset)?.call ?? null;
  if (call === null) return null;
  const layer = protocols.get(call.callee);
  if (layer !== undefined && call.object === null) return layerHint(call, layer.title);
  const known = [...(options.known ?? []), ...namesIn(lexed.tokens, offset)];
  const found = functionOf(call, known, options);
  if (found === null) return null;
  const { parameters } = found;
  const repeats = parameters.at(-1) === '…';
  const active = call.argument < parameters.length ? call.argument : repeats ? parameters.length - 1 : null;
  return { ...found, label: `${found.name}(${parameters.join(', ')})`, active };
}

function functionOf(
  call: OpenCall,
  known: ReturnType<typeof namesIn>,
  { read = noImports, file = '' }: AssistOptions,
): Signature | null {
  const { callee, object } = call;
  if (object === null) {
    const own = known.findLast(({ kind, name }) => kind === 'function' && name === callee);
    if (own !== undefined) return { name: callee, parameters: own.details, help: '' };
    return callee === random.name ? random : (builtins.get(callee) ?? null);
  }
  const module = known.findLast(({ kind, name }) => kind === 'import' && name === object);
  if (module === undefined) return callee === from.name ? from : null;
  const imported = read(module.details[0] ?? '', file);
  if (!imported.ok) return null;
  const inside = namesIn(lex(imported.text).tokens, imported.text.length);
  const found = inside.find(({ kind, name }) => kind === 'function' && name === callee);
  return found === undefined ? null : { name: `${object}.${callee}`, parameters: found.details, help: '' };
}

function layerHint(call: OpenCall, title: string): SignatureHint {
  const fields = fieldsOf(call.callee);
  const parameters = fields.map(({ name }) => name);
  const next = parameters.findIndex((name) => !call.given.includes(name));
  const named = call.name === null ? -1 : parameters.indexOf(call.name);
  const active = named >= 0 ? named : next >= 0 ? next : null;
  const field = active === null ? undefined : fields[active];
  const help = field === undefined ? title : `\`${field.name}\`: ${field.help}`;
  return { name: call.callee, parameters, help, label: `${call.callee}(${parameters.join(', ')})`, active };
}
