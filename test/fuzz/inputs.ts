// SPDX-License-Identifier: Apache-2.0

import { corpus } from '../corpus.ts';
import { fc } from '../laws.ts';
import { Choices } from './choices.ts';
import { derive } from './derivation.ts';
import { typedProgram } from './typed.ts';
import { images, oddities } from './vocabulary.ts';

/** How an input came about. */
export const kinds = ['grammar', 'typed', 'tokens', 'bytes', 'mutated'] as const;
export type Kind = (typeof kinds)[number];

export interface Input {
  readonly kind: Kind;
  readonly text: string;
}

/** A piece of the corpus that is mutated has at most so many lines: a million inputs have to be short. */
const pieceLines = 8;

const pieces: readonly string[] = corpus().flatMap(([, text]) => {
  const lines = text.split('\n');
  const cuts = Math.ceil(lines.length / pieceLines);
  return Array.from({ length: cuts }, (_, at) => lines.slice(at * pieceLines, (at + 1) * pieceLines).join('\n'));
});

/** One input, which its decisions alone determine. */
export const inputs = fc
  .tuple(
    fc.oneof(
      { arbitrary: fc.constant<Kind>('grammar'), weight: 4 },
      { arbitrary: fc.constant<Kind>('typed'), weight: 2 },
      { arbitrary: fc.constant<Kind>('tokens'), weight: 4 },
      { arbitrary: fc.constant<Kind>('bytes'), weight: 3 },
      { arbitrary: fc.constant<Kind>('mutated'), weight: 5 },
    ),
    fc.array(fc.nat(0xffff), { maxLength: 60, size: 'max' }),
  )
  .map(([kind, numbers]): Input => ({ kind, text: made(kind, new Choices(numbers)) }));

function made(kind: Kind, choices: Choices): string {
  switch (kind) {
    case 'grammar':
      return derive(choices.below(4) === 0 ? 'file' : 'statement', choices);
    case 'typed':
      return typedProgram(choices);
    case 'tokens':
      return soup(choices, () => `${choices.of(images)}${choices.of([' ', ' ', '', '\n'])}`);
    case 'bytes':
      return soup(choices, () =>
        choices.below(3) === 0 ? choices.of(oddities) : String.fromCharCode(choices.below(128)),
      );
    case 'mutated':
      return mutated(choices);
  }
}

function soup(choices: Choices, piece: () => string): string {
  let text = '';
  while (!choices.spent) text += piece();
  return text;
}

/** A piece of the corpus after a few accidents. */
function mutated(choices: Choices): string {
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

function mutate(text: string, choices: Choices): string {
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
