// SPDX-License-Identifier: Apache-2.0

import {
  Alternation,
  type BaseParser,
  type ILookaheadStrategy,
  type IProduction,
  LLkLookaheadStrategy,
  NonTerminal,
  Option,
  Repetition,
  RepetitionMandatory,
  RepetitionMandatoryWithSeparator,
  RepetitionWithSeparator,
  type Rule,
  Terminal,
  type TokenType,
} from 'chevrotain';
import { indicesOf } from './tokens.ts';

type ForAlternation = ILookaheadStrategy['buildLookaheadForAlternation'];
type ForOptional = ILookaheadStrategy['buildLookaheadForOptional'];

/** What something can begin with, and whether it can be nothing at all. */
interface First {
  readonly types: readonly TokenType[];
  readonly empty: boolean;
}

const optional = {
  Option,
  Repetition,
  RepetitionMandatory,
  RepetitionMandatoryWithSeparator,
  RepetitionWithSeparator,
} as const;

/**
 * Chevrotain's lookahead where one token decides, which is nearly everywhere: what each part can begin with is worked out
 * once for each rule. Chevrotain enumerates the paths through the grammar for each choice anew, in twenty milliseconds of
 * every start; where two tokens decide it is left to it.
 */
export class Lookahead extends LLkLookaheadStrategy {
  readonly #ofRules = new Map<Rule, First>();

  override buildLookaheadForAlternation(options: Parameters<ForAlternation>[0]): ReturnType<ForAlternation> {
    const choice = find(options.rule, Alternation, options.prodOccurrence);
    const firsts = partsOf(choice).map((alternative) => this.#sequence(partsOf(alternative)));
    const plain = options.maxLookahead === 1 && !options.hasPredicates && !firsts.some(({ empty }) => empty);
    if (!plain) return super.buildLookaheadForAlternation(options);
    const chosen: Record<number, number> = {};
    for (const [at, { types }] of firsts.entries()) {
      for (const type of types) for (const index of indicesOf(type)) chosen[index] ??= at;
    }
    return function (this: BaseParser) {
      return chosen[this.LA(1).tokenTypeIdx];
    };
  }

  override buildLookaheadForOptional(options: Parameters<ForOptional>[0]): ReturnType<ForOptional> {
    const part = find(options.rule, optional[options.prodType], options.prodOccurrence);
    const { types, empty } = this.#sequence(part.definition);
    if (options.maxLookahead !== 1 || empty) return super.buildLookaheadForOptional(options);
    const begins: Record<number, true> = {};
    for (const type of types) for (const index of indicesOf(type)) begins[index] = true;
    return function (this: BaseParser) {
      return begins[this.LA(1).tokenTypeIdx] === true;
    };
  }

  #sequence(parts: readonly IProduction[]): First {
    const types: TokenType[] = [];
    for (const part of parts) {
      const first = this.#first(part);
      types.push(...first.types);
      if (!first.empty) return { types, empty: false };
    }
    return { types, empty: true };
  }

  #first(part: IProduction): First {
    if (part instanceof Terminal) return { types: [part.terminalType], empty: false };
    if (part instanceof NonTerminal) return this.#rule(part.referencedRule);
    if (part instanceof Alternation) {
      const firsts = partsOf(part).map((alternative) => this.#sequence(partsOf(alternative)));
      return { types: firsts.flatMap(({ types }) => types), empty: firsts.some(({ empty }) => empty) };
    }
    const inner = this.#sequence(partsOf(part));
    const mandatory = part instanceof RepetitionMandatory || part instanceof RepetitionMandatoryWithSeparator;
    return mandatory ? inner : { ...inner, empty: true };
  }

  #rule(rule: Rule): First {
    const known = this.#ofRules.get(rule) ?? this.#sequence(rule.definition);
    this.#ofRules.set(rule, known);
    return known;
  }
}

type Nested = IProduction & { readonly definition?: IProduction[] };

function partsOf(part: Nested): readonly IProduction[] {
  return part.definition ?? [];
}

/** The part of a rule that is the so-many-eth of its kind. */
function find<Kind extends Alternation | Option>(
  rule: Rule,
  kind: abstract new (...given: never[]) => Kind,
  occurrence: number,
): Kind {
  const open: IProduction[] = [...rule.definition];
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    if (part instanceof kind && part.idx === occurrence) return part;
    // A rule that is referred to has its own numbers.
    if (!(part instanceof NonTerminal)) open.push(...partsOf(part));
  }
  throw new Error(`no ${kind.name} ${occurrence} in ${rule.name}`);
}
