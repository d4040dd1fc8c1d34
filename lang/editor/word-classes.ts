// SPDX-License-Identifier: Apache-2.0

import { builtins, keywordHelp, random, totals } from '../assist/vocabulary.ts';
import { protocols } from '../frame/protocols.ts';
import { deviceParameters } from '../parameters.ts';
import { units } from '../syntax/units.ts';

/** What a word is coloured as; the tables of the language fill the classes, so that no editor has a list of its own. */
export const wordClasses: Readonly<
  Record<'declaration' | 'constant' | 'statement' | 'layer' | 'function' | 'total' | 'parameter', readonly string[]>
> = classes();

function classes() {
  const declaration = ['param', 'let', 'frame', 'lab', 'receiver', 'scenario', 'fn', 'import', 'setup', 'teardown'];
  const constant = ['true', 'false'];
  const statement = [...keywordHelp.keys()].filter((word) => !declaration.includes(word) && !constant.includes(word));
  const layer = [...protocols.keys()];
  return {
    declaration,
    constant,
    statement,
    layer,
    function: [...builtins.keys(), random.name],
    total: [...totals.keys()],
    // `frame` is a parameter too, and coloured as what it declares elsewhere.
    parameter: [...deviceParameters.keys()].filter((name) => !keywordHelp.has(name)),
  };
}

/** A pattern for any of some words, longer ones first: engines take the first that fits. */
export function alternatives(words: readonly string[]): string {
  return [...words].sort((a, b) => b.length - a.length || (a < b ? -1 : 1)).join('|');
}

export const unitNames: readonly string[] = units.map(({ name }) => name);
