// SPDX-License-Identifier: Apache-2.0

import { posix } from 'node:path';
import type { ImportReader } from '../../lang/imports.ts';
import { corpus } from '../corpus.ts';
import { Choices } from './choices.ts';
import { mutate, mutated } from './mutation.ts';

/** Longer files would take most of the time. */
const longestImport = 3000;

const files: ReadonlyMap<string, string> = new Map(
  corpus().filter(([name, text]) => name.endsWith('.pg') && text.length <= longestImport),
);
const paths = [...files.keys()];
/** Those that are made to be imported; what the others hold, an imported file must not. */
const libraries = paths.filter((path) => path.includes('/lib/'));

const known = /^(.*\.pg)(?:~([0-9.]+))?$/;

/**
 * Gives the files of the corpus. `frames.pg~7.300` is that file after accidents, which the numbers decide: so an input's
 * text alone says what it imports.
 */
export const readCorpus: ImportReader = (path, from) => {
  const [, file = '', accidents] = known.exec(path) ?? [];
  const name = [file, posix.join(posix.dirname(from), file)].find((one) => files.has(one));
  if (name === undefined) return { ok: false, reason: 'no such file' };
  const text = files.get(name) as string;
  if (accidents === undefined) return { ok: true, name, text };
  return { ok: true, name: `${name}~${accidents}`, text: mutate(text, new Choices(accidents.split('.').map(Number))) };
};

/** What a file may do with a name of another one. */
const uses: readonly string[] = [
  'print NAME',
  'let own = NAME',
  'frame outer = eth(dst: 02:00:00:00:00:01) / NAME',
  'print NAME(60B)',
  'let rate = NAME(1Gbps, 60B)',
  'for x in [NAME] { print x }',
];
const declared = /^(?:let|fn|frame|param) (\w+)/gm;

/** A file that imports some of the corpus, whole or after accidents. */
export function importing(choices: Choices): string {
  const aliases = Array.from({ length: 1 + choices.below(3) }, (_, at) => `lib${choices.below(8) === 7 ? '' : at}`);
  const parts = aliases.map((alias) => {
    const path = choices.of(choices.below(3) < 2 ? libraries : paths);
    const numbers = Array.from({ length: 4 }, () => choices.below(0xffff)).join('.');
    const names = [...(files.get(path) as string).matchAll(declared)].map((found) => found[1] as string);
    return {
      statement: `import "${path}${choices.below(2) === 0 ? '' : `~${numbers}`}" as ${alias}`,
      use: choices.of(uses).replaceAll('NAME', `${alias}.${choices.of(names.length === 0 ? ['n'] : names)}`),
    };
  });
  const rest = choices.below(2) === 0 ? '' : mutated(choices);
  return [...parts.map(({ statement }) => statement), ...parts.map(({ use }) => use), rest].join('\n');
}
