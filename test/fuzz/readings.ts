// SPDX-License-Identifier: Apache-2.0

import * as assert from 'uvu/assert';
import type { Expression } from '../../lang/syntax/ast.ts';
import { Grammar } from '../../lang/syntax/grammar.ts';
import { layOut } from '../../lang/syntax/layout.ts';
import { lex } from '../../lang/syntax/lexer.ts';

/** The grammar by its rules alone. */
class Ruled extends Grammar {
  protected override plain(): Expression | null {
    return null;
  }
}

/** The grammar as it is, with how many expressions it has read without their rules. */
class Counting extends Grammar {
  count = 0;

  protected override plain(): Expression | null {
    const read = super.plain();
    if (read !== null) this.count++;
    return read;
  }
}

const ruled = new Ruled(false);
const plain = new Counting(false);

function parsed(grammar: Grammar, text: string): unknown {
  grammar.problems = [];
  grammar.input = layOut(lex(text).tokens, text.length).tokens;
  return { statements: grammar.file(), problems: grammar.problems };
}

/**
 * Expressions that are read without their rules are what the rules make of them, and mistakes the same.
 *
 * @returns how many the text has
 * @throws where they are not
 */
export function assertReadAsRuled(text: string): number {
  const before = plain.count;
  assert.equal(parsed(plain, text), parsed(ruled, text), text);
  return plain.count - before;
}
