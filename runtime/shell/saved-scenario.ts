// SPDX-License-Identifier: Apache-2.0

import { compile } from '../../lang/compiler.ts';
import type { Diagnostic } from '../../lang/diagnostics/diagnostic.ts';
import { format } from '../../lang/format/formatter.ts';
import type { Op } from '../../lang/op.ts';
import { deviceParameters } from '../../lang/parameters.ts';
import type { Entered, Made } from '../../lang/session.ts';
import { SourceFile } from '../../lang/source.ts';
import type { Statement } from '../../lang/syntax/ast.ts';
import { formatValue } from '../../lang/syntax/literals.ts';
import type { Value } from '../../lang/value.ts';
import { readImport } from '../import-reader.ts';
import type { Device } from '../scenario/devices.ts';
import type { ScenarioState } from '../scenario/scenario-state.ts';
import type { Setting } from '../scenario/settings.ts';
import { oneLine } from './history.ts';

/** A declaration or a job as it was entered. */
export interface KeptDeclaration {
  /** What it declares; a later one of the same name takes its place. Null where it has no single name, or none. */
  readonly name: string | null;
  /** Its name in the program. */
  readonly symbol: string;
  readonly text: string;
  /** What stands before and behind the value where it may be another by now than the text says; null elsewhere. */
  readonly around: readonly [before: string, behind: string] | null;
  /** Whether its value follows from the text alone, so that the text says it best. */
  readonly settled: boolean;
  /** What registers a job, adds or removes something, without the name that the outcome was given; null for all others. */
  readonly action: Action | null;
}

interface Action {
  readonly text: string;
  /** Where it begins, in the session's text. */
  readonly at: number;
}

/** What comes of the run, or of chance: evaluated again, it would be another. */
const passing: ReadonlySet<unknown> = new Set(['metric', 'fact', 'elapsed', 'caught']);

function isSettled(node: unknown): boolean {
  if (typeof node !== 'object' || node === null) return true;
  const { kind, function: called } = node as Readonly<Record<string, unknown>>;
  if (passing.has(kind) || called === 'pick') return false;
  return Object.values(node).every(isSettled);
}

/** The declarations and jobs of an entry that came to be, in its order. */
export function declarationsOf(
  { file, source, addition }: Entered,
  entry: number,
  made: Made,
  given: ReadonlyMap<string, Value>,
): readonly KeptDeclaration[] {
  const body = addition?.body ?? [];
  return file.statements.flatMap((statement): readonly KeptDeclaration[] => {
    const text = source.slice(statement.span);
    const symbolOf = (name: string | null) => `${entry}:${name ?? ''}`;
    const kept = (name: string | null, more: Partial<KeptDeclaration> = {}): readonly KeptDeclaration[] => [
      { name, symbol: symbolOf(name), text, around: null, settled: true, action: null, ...more },
    ];
    const known = (name: string, more: Partial<KeptDeclaration> = {}) =>
      made.knows(symbolOf(name)) ? kept(name, more) : [];
    const action = ({ span }: Statement): Action => ({ text: source.slice(span), at: span.start });
    switch (statement.kind) {
      case 'let':
        return isYielding(statement.value)
          ? known(statement.name.text, { action: action(statement.value) })
          : known(statement.name.text, {
              around: [`let ${statement.name.text} = `, ''],
              settled: isSettled(initialOf(statement, body)),
            });
      case 'at':
      case 'every':
      case 'spawn':
        return kept(null, { action: action(statement) });
      case 'param': {
        const { name, type, help } = statement;
        const before = `param ${name.text}${type === null ? '' : `: ${type.text}`} = `;
        const behind = help === null ? '' : ` ${source.slice(help.span)}`;
        return known(name.text, { around: [before, behind], settled: !given.has(name.text) });
      }
      case 'frame':
        return known(statement.name.text);
      case 'receiver':
        return made.receives(statement.name.text) ? kept(statement.name.text) : [];
      case 'fn':
        return kept(statement.name.text);
      case 'import':
        return kept(statement.alias.text);
      case 'lab':
        return made.inLab ? kept(null) : [];
      default:
        return [];
    }
  });
}

type LetValue = (Statement & { readonly kind: 'let' })['value'];
const yielding = ['add_device', 'rem_device', 'rem_device_all', 'at', 'every', 'spawn'];
const isYielding = (value: LetValue): value is LetValue & Statement => yielding.includes(value.kind);

function initialOf(statement: Statement, body: readonly Op[]): unknown {
  return body.find(({ op, span }) => op !== 'call' && span.start === statement.span.start) ?? body;
}

export interface SavedScenario {
  readonly text: string;
  /** What is wrong with it as a file, where names were declared anew that others still use. */
  readonly diagnostics: readonly Diagnostic[];
  readonly source: SourceFile;
  /** Jobs at work that it cannot hold, as the lines that say so in its comment. */
  readonly leftOut: readonly string[];
}

/**
 * The session's state as a scenario in canonical form: what is declared, with the values of now, then the devices there
 * are as they are set, jobs that do the same when they begin anew, and a `start` where some send. What else is at work is
 * told in a comment.
 */
export function savedScenario(
  kept: readonly KeptDeclaration[],
  state: ScenarioState,
  name: string,
  running: boolean,
): SavedScenario {
  const latest = new Map(kept.flatMap((one) => (one.name === null ? [] : [[one.name, one] as const])));
  const live = kept.filter((one) => one.name === null || latest.get(one.name) === one);
  const declarations = live.filter(({ action }) => action === null).map((one) => declarationText(one, state));
  const frames = new Map<Value, string>();
  for (const { name: own, symbol } of live) {
    if (own !== null && state.root.has(symbol)) frames.set(state.root.lookup(symbol), own);
  }
  const devices = state.devices.present().map((device) => deviceText(device, frames, state));
  const { saved, leftOut } = jobTexts(kept, new Set(live), state);
  const comment = leftOut.map((line) => `# left out: ${line}`);
  const parts = [declarations, devices, saved, running ? ['start'] : [], comment].filter((lines) => lines.length > 0);
  const written = `${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`;
  const text = format(new SourceFile(name, written)).text ?? written;
  const { diagnostics, source } = compile(new SourceFile(name, text), readImport);
  return { text, diagnostics, source, leftOut };
}

/**
 * The jobs of the session, each by the statement that registered it: an `every`, and an `at` whose time has not come, begin
 * anew as they stand. A job that is on its way cannot be continued from a text.
 */
function jobTexts(
  kept: readonly KeptDeclaration[],
  live: ReadonlySet<KeptDeclaration>,
  state: ScenarioState,
): { readonly saved: readonly string[]; readonly leftOut: readonly string[] } {
  const saved: string[] = [];
  const leftOut: string[] = [];
  for (const { kind, span, begun } of state.main.children) {
    if (span === null) continue;
    const entered = kept.find(({ action }) => action?.at === span.start);
    if (entered === undefined) {
      leftOut.push(`${oneLine(state.source.slice(span))} (registered by a loop or a function)`);
    } else if (kind === 'spawn' || (kind === 'at' && begun)) {
      leftOut.push(`${oneLine(entered.text)} (it had begun)`);
    } else {
      saved.push(live.has(entered) ? entered.text : (entered.action?.text ?? entered.text));
    }
  }
  return { saved, leftOut };
}

function declarationText({ symbol, text, around, settled }: KeptDeclaration, state: ScenarioState): string {
  if (around === null || !state.root.has(symbol)) return text;
  const value = state.root.lookup(symbol);
  if (settled && !state.root.isReassigned(symbol)) return text;
  const literal = literalOf(value);
  return literal === null ? text : `${around[0]}${literal}${around[1]}`;
}

/** A value as it is written; null where it has no such form. */
function literalOf(value: Value): string | null {
  switch (value.type) {
    case 'string':
      return JSON.stringify(value.value);
    case 'frame':
    case 'job':
    case 'grace':
      return null;
    case 'list': {
      const items = value.items.map(literalOf);
      return items.includes(null) ? null : `[${items.join(', ')}]`;
    }
    case 'device':
      return JSON.stringify(value.name);
    default:
      return formatValue(value);
  }
}

function deviceText(device: Device, frames: ReadonlyMap<Value, string>, state: ScenarioState): string {
  const settings = [...device.configuration.settings.values()].map((one) => settingText(one, frames, state));
  const name = /^[A-Za-z_]\w*(@\w+)?$/.test(device.name) ? device.name : JSON.stringify(device.name);
  const block = settings.length === 0 ? '' : ` {\n${settings.join('\n')}\n}`;
  return `add_device ${name} on cpu ${device.cpu}${block}`;
}

function settingText({ name, values, span }: Setting, frames: ReadonlyMap<Value, string>, state: ScenarioState) {
  const takes = deviceParameters.get(name)?.takes;
  if (name === 'frame') {
    const named = values[0] === undefined ? undefined : frames.get(values[0]);
    return named === undefined ? state.source.slice(span) : `frame ${named}`;
  }
  if (takes?.kind === 'imix') return state.source.slice(span);
  const words = takes?.kind === 'word' || takes?.kind === 'flags';
  const hexadecimal = takes?.kind === 'value' && takes.hexadecimal;
  const texts = values.map((value) => {
    if (words && value.type === 'string') return value.value;
    if (hexadecimal && value.type === 'number') return `0x${value.value.toString(16)}`;
    return literalOf(value) ?? '';
  });
  return `${name} ${texts.join(', ')}`;
}
