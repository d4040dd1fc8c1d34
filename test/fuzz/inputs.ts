// SPDX-License-Identifier: Apache-2.0

import { fc } from '../laws.ts';
import { Choices } from './choices.ts';
import { derive } from './derivation.ts';
import { importing } from './importing.ts';
import { mutated } from './mutation.ts';
import { typedProgram } from './typed.ts';
import { images, oddities } from './vocabulary.ts';

/** How an input came about. */
export const kinds = ['grammar', 'typed', 'tokens', 'bytes', 'mutated', 'imports'] as const;
export type Kind = (typeof kinds)[number];

export interface Input {
  readonly kind: Kind;
  readonly text: string;
}

/** One input, which its decisions alone determine. */
export const inputs = fc
  .tuple(
    fc.oneof(
      { arbitrary: fc.constant<Kind>('grammar'), weight: 4 },
      { arbitrary: fc.constant<Kind>('typed'), weight: 2 },
      { arbitrary: fc.constant<Kind>('tokens'), weight: 4 },
      { arbitrary: fc.constant<Kind>('bytes'), weight: 3 },
      { arbitrary: fc.constant<Kind>('mutated'), weight: 5 },
      { arbitrary: fc.constant<Kind>('imports'), weight: 2 },
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
    case 'imports':
      return importing(choices);
  }
}

function soup(choices: Choices, piece: () => string): string {
  let text = '';
  while (!choices.spent) text += piece();
  return text;
}
