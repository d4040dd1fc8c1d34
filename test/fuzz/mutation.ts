// SPDX-License-Identifier: Apache-2.0

import { corpus } from '../corpus.ts';
import type { Choices } from './choices.ts';
import { images, oddities } from './vocabulary.ts';

/** A piece of the corpus that is mutated has at most so many lines: a million inputs have to be short. */
const pieceLines = 8;

const pieces: readonly string[] = corpus().flatMap(([, text]) => {
  const lines = text.split('\n');
  const cuts = Math.ceil(lines.length / pieceLines);
  return Array.from({ length: cuts }, (_, at) => lines.slice(at * pieceLines, (at + 1) * pieceLines).join('\n'));
});

/** A piece of the corpus after a few accidents. */
export function mutated(choices: Choices): string {
  let text = choices.of(pieces);
  const accidents = 1 + choices.below(6);
  for (let accident = 0; accident < accidents; accident++) text = mutate(text, choices);
  return text;
}

const brackets = [
  ['{ ', ' }'],
  ['(', ')'],
  ['[', ']'],
  [`"\${`, '}"'],
  ['if true {\n', '\n}'],
  ['spawn { ', ' }'],
  ['-', ''],
  ['!', ''],
] as const;

/** A text after one accident. */
export function mutate(text: string, choices: Choices): string {
  const from = choices.below(text.length + 1);
  const to = Math.min(text.length, from + choices.below(24));
  const [before, part, after] = [text.slice(0, from), text.slice(from, to), text.slice(to)];
  switch (choices.below(8)) {
    case 0:
      return before + after;
    case 1:
      return before + part + part + after;
    case 2: {
      const middle = choices.below(part.length + 1);
      return before + part.slice(middle) + part.slice(0, middle) + after;
    }
    case 3: {
      const other = choices.of(pieces);
      return before + other.slice(choices.below(other.length + 1)).slice(0, 80) + after;
    }
    case 4:
      return before;
    case 5:
      return before + choices.of(oddities) + after;
    case 6: {
      const [open, close] = choices.of(brackets);
      // Now and then beyond what may nest.
      const depth = choices.below(20) === 0 ? 250 : 1 + choices.below(3);
      return before + open.repeat(depth) + part + close.repeat(depth) + after;
    }
    default:
      return `${before}${choices.of(images)} ${after}`;
  }
}
