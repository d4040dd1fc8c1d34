// SPDX-License-Identifier: Apache-2.0

import { meaning } from '../diagnostics/catalogue-meaning.ts';
import { syntaxCatalogue } from '../diagnostics/catalogue-syntax.ts';
import { nearest } from '../diagnostics/suggest.ts';
import { facts } from '../facts.ts';
import { flags } from '../flags.ts';
import { protocols } from '../frame/protocols.ts';
import { deviceMetrics, graceMetrics, receiverMetrics } from '../metrics.ts';
import { deviceParameters } from '../parameters.ts';
import { unitNamed, units } from '../syntax/units.ts';
import { articled } from '../types.ts';
import { fieldsOf } from './fields.ts';
import { parameterManual } from './hover.ts';
import { builtins, from, keywordHelp, random, type Signature, totals, typeHelp } from './vocabulary.ts';

/** A kind of thing that there is help on, with its one-line helps; the tables are those that `grammar.md` is made of. */
export interface HelpTopic {
  readonly name: string;
  readonly rows: readonly (readonly [name: string, help: string])[];
}

type Row = { readonly name: string; readonly help: string };
const rows = (all: Iterable<Row>) => [...all].map(({ name, help }): readonly [string, string] => [name, help]);
const signature = ({ name, parameters }: Signature) => `${name}(${parameters.join(', ')})`;
const functions = [...builtins.values(), random, from];

/** All topics, in the order in which a newcomer would read them. */
export function helpTopics(): readonly HelpTopic[] {
  return [
    { name: 'statements', rows: [...keywordHelp] },
    { name: 'parameters', rows: rows(deviceParameters.values()) },
    { name: 'flags', rows: rows(flags.values()) },
    { name: 'layers', rows: [...protocols.values()].map(({ name, title }) => [name, title]) },
    { name: 'types', rows: Object.entries(typeHelp) },
    { name: 'units', rows: units.map(({ name, type }) => [name, articled(type)]) },
    { name: 'functions', rows: functions.map((one) => [signature(one), one.help]) },
    { name: 'metrics', rows: rows([...deviceMetrics.values(), ...receiverMetrics.values(), ...graceMetrics.values()]) },
    { name: 'facts', rows: rows(facts.values()) },
    { name: 'totals', rows: [...totals] },
  ];
}

/** What is known of a word of the language, a topic or a diagnostic's code, a line each, as Markdown; null where nothing is. */
export function helpOn(word: string): readonly string[] | null {
  const topic = helpTopics().find(({ name }) => name === word);
  if (topic !== undefined) return listed(topic.rows);
  const found: string[] = [];
  const say = (help: string | undefined) => {
    if (help !== undefined) found.push(`**${word}**: ${help}`);
  };
  const parameter = deviceParameters.get(word);
  if (parameter !== undefined) {
    found.push(...parameterManual(parameter).split('\n').filter(Boolean));
    if (parameter.takes.kind === 'flags') found.push(...listed(rows(flags.values())));
  }
  say(keywordHelp.get(word));
  say(flags.get(word)?.help);
  const layer = protocols.get(word);
  if (layer !== undefined) {
    say(layer.title);
    found.push(...listed(fieldsOf(word).map(({ name, help }) => [name, help])));
  }
  const called = functions.find(({ name }) => name === word);
  if (called !== undefined) found.push(`**${signature(called)}**: ${called.help}`);
  if (Object.hasOwn(typeHelp, word)) say(typeHelp[word as keyof typeof typeHelp]);
  const unit = unitNamed(word);
  if (unit !== undefined) say(`a unit: ${articled(unit.type)}`);
  for (const [of, table] of [
    ['a device', deviceMetrics],
    ['a receiver', receiverMetrics],
    ['`grace`', graceMetrics],
  ] as const) {
    const metric = table.get(word);
    if (metric !== undefined) found.push(`**${word}** of ${of}: ${metric.help}`);
  }
  const fact = facts.get(word);
  if (fact !== undefined) found.push(`**${word}** of an interface: ${fact.help}`);
  say(totals.get(word));
  const code = Object.entries({ ...syntaxCatalogue, ...meaning }).find(([one]) => one === word.toUpperCase());
  if (code !== undefined) found.push(`**${code[0]}**: ${code[1].title}`);
  return found.length === 0 ? null : found;
}

/** The word that was perhaps meant; null where none is near. */
export function helpNear(word: string): string | null {
  return nearest(
    word,
    helpTopics().flatMap(({ name, rows: all }) => [name, ...all.map(([one]) => one.replace(/\(.*/, ''))]),
  );
}

function listed(all: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(0, ...all.map(([name]) => name.length));
  return all.map(([name, help]) => `  ${name.padEnd(width)}  ${help}`);
}
