// SPDX-License-Identifier: Apache-2.0

import { longestInterfaceName } from '../check/declaration.ts';
import { reservedNames } from '../check/expression.ts';
import type { Fix } from '../diagnostics/diagnostic.ts';
import type { Span } from '../source.ts';
import type { Declared } from './symbols.ts';
import { keywordHelp } from './vocabulary.ts';

/** The changes of a rename, in the text of the whole, or why there is none. */
export type Renamed =
  | { readonly ok: true; readonly edits: readonly Fix[] }
  | { readonly ok: false; readonly reason: string };

const refuse = (reason: string): Renamed => ({ ok: false, reason });

/** Gives something another name everywhere. Refused where the new name means something else within reach: there is no shadowing. */
export function rename(symbols: readonly Declared[], symbol: Declared, name: string): Renamed {
  if (symbol.fixed !== null) return refuse(`\`${symbol.name}\` cannot be renamed: ${symbol.fixed}`);
  const problem = formProblem(symbol, name);
  if (problem !== null) return refuse(problem);
  if (name === symbol.name) return { ok: true, edits: [] };
  const clash = symbols.find((other) => other !== symbol && clashes(other, symbol, name));
  if (clash !== undefined) return refuse(`\`${clash.name}\` is ${kindWords[clash.kind]} already`);
  return { ok: true, edits: symbol.occurrences.map((span) => ({ span, text: name })) };
}

const kindWords: Readonly<Record<Declared['kind'], string>> = {
  param: 'a parameter',
  let: 'a variable',
  frame: 'a frame',
  loop: 'the variable of a loop',
  parameter: 'a parameter',
  function: 'a function',
  import: 'an imported file',
  device: 'a device',
  receiver: 'a receiver',
  interface: 'an interface',
};

function formProblem(symbol: Declared, name: string): string | null {
  if (symbol.kind === 'device') {
    const [before = '', label] = symbol.name.split('@');
    if (label === undefined) return `\`${before}\` is called as its interface`;
    // Another interface would be another place to send from, not another name.
    const kept = name.startsWith(`${before}@`) && /^\w+$/.test(name.slice(before.length + 1));
    return kept ? null : `a device of \`${before}\` is called as \`${before}@0\``;
  }
  if (!/^[A-Za-z_]\w*$/.test(name)) return `\`${name}\` is no name`;
  if (keywordHelp.has(name)) return `\`${name}\` is a word of the language`;
  const meaning = reservedNames.get(name);
  if (meaning !== undefined) return `\`${name}\` is ${meaning}`;
  if (symbol.kind === 'interface' && name.length > longestInterfaceName) {
    return `the kernel allows an interface ${longestInterfaceName} letters`;
  }
  return null;
}

const overlap = (a: Span, b: Span) => a.start <= b.end && b.start <= a.end;

function clashes(other: Declared, symbol: Declared, name: string): boolean {
  if (!overlap(other.reach, symbol.reach)) return false;
  if (other.name === name) return true;
  // `tx@0` next to a variable `tx` is a mistake. An interface takes its devices along.
  return other.kind === 'device' && symbol.kind !== 'device' && other.name.startsWith(`${name}@`);
}
