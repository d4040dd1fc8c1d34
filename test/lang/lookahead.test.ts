// SPDX-License-Identifier: Apache-2.0

import {
  Alternation,
  type BaseParser,
  EOF,
  type ILookaheadStrategy,
  type IProduction,
  LLkLookaheadStrategy,
  NonTerminal,
  type OptionalProductionType,
  type Rule,
  type TokenType,
} from 'chevrotain';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Grammar } from '../../lang/syntax/grammar.ts';
import { Lookahead } from '../../lang/syntax/lookahead.ts';
import { tokenAt } from '../../lang/syntax/scanner.ts';
import { tokenTypes } from '../../lang/syntax/tokens.ts';

const test = suite('lookahead');

type Part = IProduction & {
  readonly idx: number;
  readonly maxLookahead?: number;
  readonly definition?: readonly Part[];
};

const partsOf = (part: Part | Rule): readonly Part[] =>
  ((part as Part).definition ?? []).flatMap((inner) =>
    inner instanceof NonTerminal ? [] : [inner, ...partsOf(inner)],
  );
const optional = [
  'Option',
  'Repetition',
  'RepetitionMandatory',
  'RepetitionMandatoryWithSeparator',
  'RepetitionWithSeparator',
];

/** What a choice comes to with a token in front and behind it. */
function decision(strategy: ILookaheadStrategy, rule: Rule, part: Part, type: TokenType): unknown {
  const { idx: prodOccurrence, maxLookahead = 1 } = part;
  const options = { prodOccurrence, rule, maxLookahead, dynamicTokensEnabled: false };
  const token = tokenAt(type, '', 0);
  const parser = { LA: () => token, LA_FAST: () => token } as unknown as BaseParser;
  if (part instanceof Alternation) {
    return strategy.buildLookaheadForAlternation({ ...options, hasPredicates: false }).call(parser, []);
  }
  const prodType = part.constructor.name as OptionalProductionType;
  return strategy.buildLookaheadForOptional({ ...options, prodType }).call(parser);
}

test("every choice of the grammar is made as by Chevrotain's own lookahead", () => {
  const [own, chevrotain] = [new Lookahead({ maxLookahead: 1 }), new LLkLookaheadStrategy({ maxLookahead: 1 })];
  let choices = 0;
  for (const rule of Object.values(new Grammar(false).getGAstProductions())) {
    for (const part of partsOf(rule)) {
      if (!(part instanceof Alternation) && !optional.includes(part.constructor.name)) continue;
      choices++;
      for (const type of [...tokenTypes, EOF]) {
        const place = `${part.constructor.name} ${part.idx} of ${rule.name} at ${type.name}`;
        assert.is(decision(own, rule, part, type), decision(chevrotain, rule, part, type), place);
      }
    }
  }
  assert.ok(choices > 50, `${choices} choices`);
});

test.run();
