// SPDX-License-Identifier: Apache-2.0

import type { ISerializedGast } from 'chevrotain';
import { Grammar } from '../../lang/syntax/grammar.ts';
import { tokenTypes, wordOf } from '../../lang/syntax/tokens.ts';
import type { Choices } from './choices.ts';
import { spellings } from './vocabulary.ts';

/** A production as Chevrotain writes it down; which members there are depends on `type`. */
interface Production extends ISerializedGast {
  readonly name?: string;
  readonly definition?: Production[];
  readonly separator?: Production;
}

const rules: ReadonlyMap<string, readonly Production[]> = new Map(
  (new Grammar(false).getSerializedGastProductions() as Production[]).map((rule) => [
    rule.name ?? '',
    rule.definition ?? [],
  ]),
);

/** How deep the rules nest below each rule at least. */
const depths: ReadonlyMap<string, number> = leastDepths();

function leastDepths(): ReadonlyMap<string, number> {
  const found = new Map([...rules.keys()].map((name) => [name, Number.POSITIVE_INFINITY]));
  for (let changed = true; changed; ) {
    changed = false;
    for (const [name, parts] of rules) {
      const depth = 1 + depthOf(parts, found);
      if (depth >= (found.get(name) as number)) continue;
      found.set(name, depth);
      changed = true;
    }
  }
  return found;
}

function depthOf(parts: readonly Production[], known: ReadonlyMap<string, number>): number {
  return Math.max(0, ...parts.map((part) => depthOfPart(part, known)));
}

function depthOfPart({ type, name = '', definition = [] }: Production, known: ReadonlyMap<string, number>): number {
  switch (type) {
    case 'Terminal':
    case 'Option':
    case 'Repetition':
    case 'RepetitionWithSeparator':
      return 0;
    case 'NonTerminal':
      return known.get(name) as number;
    case 'Alternation':
      return Math.min(...definition.map((one) => depthOf(one.definition ?? [], known)));
    default:
      return depthOf(definition, known);
  }
}

/** Rules open at once before every further choice takes the way that ends soonest. */
const deepest = 40;

/** A text that the grammar's own rules derive from `rule`; `gap` parts two tokens. */
export function derive(rule: string, choices: Choices): string {
  const out: string[] = [];
  walk(rules.get(rule) as readonly Production[], choices, out, 0);
  return out.join('');
}

function walk(parts: readonly Production[], choices: Choices, out: string[], depth: number): void {
  const hurried = choices.spent || depth > deepest;
  const more = (): boolean => !hurried && choices.below(5) < 2;
  for (const part of parts) {
    const { type, name = '', definition = [], separator } = part;
    switch (type) {
      case 'Terminal':
        out.push(...written(name, choices));
        break;
      case 'NonTerminal':
        walk(rules.get(name) as readonly Production[], choices, out, depth + 1);
        break;
      case 'Alternation': {
        const alternatives = definition.map((one) => one.definition ?? []);
        const least = Math.min(...alternatives.map((one) => depthOf(one, depths)));
        const offered = hurried ? alternatives.filter((one) => depthOf(one, depths) === least) : alternatives;
        walk(choices.of(offered), choices, out, depth + 1);
        break;
      }
      case 'Option':
        if (more()) walk(definition, choices, out, depth + 1);
        break;
      case 'Repetition':
      case 'RepetitionWithSeparator':
      case 'RepetitionMandatory':
      case 'RepetitionMandatoryWithSeparator': {
        const least = type.startsWith('RepetitionMandatory') ? 1 : 0;
        for (let round = 0; round < least || (round < 4 && more()); round++) {
          if (round > 0 && separator !== undefined) out.push(...written(separator.name ?? '', choices));
          walk(definition, choices, out, depth + 1);
        }
        break;
      }
      default:
        throw new Error(`what does a grammar mean by ${type}?`);
    }
  }
}

const types = new Map(tokenTypes.map((type) => [type.name, type]));

/** The pieces of an interpolated string stand without blanks between them. */
const inText: ReadonlySet<string> = new Set(['TextHead', 'TextMiddle', 'TextTail']);

function written(name: string, choices: Choices): readonly string[] {
  const known = spellings[name];
  if (known !== undefined) return [choices.of(known), inText.has(name) ? '' : ' '];
  const type = types.get(name);
  if (type === undefined) throw new Error(`no token ${name}`);
  return [wordOf(type), ' '];
}
