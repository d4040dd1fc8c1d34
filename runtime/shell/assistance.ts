// SPDX-License-Identifier: Apache-2.0

import { cursorAt } from '../../lang/assist/cursor.ts';
import { complete, type KnownName, signatureAt } from '../../lang/assist/index.ts';
import { deviceParameters } from '../../lang/parameters.ts';
import type { Session } from '../../lang/session.ts';
import { lex } from '../../lang/syntax/lexer.ts';
import type { ScalarType } from '../../lang/value.ts';
import { readImport } from '../import-reader.ts';
import { importable, importedPathAt, type PathAt, pathsAt } from '../paths-at.ts';
import type { Palette } from '../report/palette.ts';
import type { ScenarioState } from '../scenario/scenario-state.ts';

/** A word that may stand at the cursor. */
export interface Candidate {
  readonly label: string;
  /** One line; '' if there is nothing to say. */
  readonly help: string;
}

/** What may replace the last so many characters before the cursor. */
export interface Candidates {
  readonly typed: string;
  readonly items: readonly Candidate[];
}

/** Names that the session knows beside the line being typed. */
export function knownNames(session: Session, state: ScenarioState | null): readonly KnownName[] {
  const { scope, receivers, lab } = session.declared;
  const names: KnownName[] = scope.variables.map(({ name, kind, type }) => {
    const scalar = typeof type === 'string' ? (type === 'unknown' ? null : type) : type.kind;
    return { name, kind, type: scalar, help: typeof type === 'string' ? type : `a ${type.kind}`, details: [] };
  });
  for (const name of scope.functions()) {
    const parameters = scope.lookupFunction(name)?.parameters ?? [];
    const details = parameters.map((one) => `${one.name}: ${one.type}`);
    names.push({ name, kind: 'function', type: null, help: `fn ${name}(${details.join(', ')})`, details });
  }
  const named = (name: string, kind: 'device' | 'receiver' | 'interface', help: string): KnownName => {
    return { name, kind, type: kind as ScalarType, help, details: [] };
  };
  for (const { name, interface: on, cpu } of state?.devices.present() ?? []) {
    names.push(named(name, 'device', `a device on ${on}, CPU ${cpu}`));
  }
  for (const name of receivers.keys()) names.push(named(name, 'receiver', 'a receiver'));
  const interfaces = new Map([...(lab?.keys() ?? [])].map((name) => [name, 'an interface of the lab']));
  for (const { name, kind, up } of state?.interfaces.all ?? []) {
    interfaces.set(name, `${kind === '' ? 'an interface' : kind}, ${up ? 'up' : 'down'}`);
  }
  for (const [name, help] of interfaces) names.push(named(name, 'interface', help));
  return names;
}

/** Candidates for a line that goes on with `before`, the lines of the statement so far. */
export function candidates(
  before: string,
  line: string,
  known: readonly KnownName[],
  commands: readonly Candidate[],
): Candidates {
  const command = /^\s*\.(\w*)$/.exec(line);
  if (command !== null && before === '') {
    const typed = `.${command[1] ?? ''}`;
    return { typed, items: commands.filter(({ label }) => label.startsWith(typed)) };
  }
  const path = /^\s*\.?(?:load|save)\s+(\S*)$/.exec(line)?.[1];
  if (path !== undefined) return offered(path, pathsAt(path, '.'));
  const imported = importedPathAt(line);
  if (imported !== null) return offered(imported, importable(pathsAt(imported, '.')));
  const topic = /^\s*\.help\s+(\S*)$/.exec(line);
  const text = topic === null ? `${before}${line}` : (topic[1] ?? '');
  const { span, items } = complete(text, text.length, { known, read: readImport });
  return { typed: text.slice(span.start), items };
}

function offered(typed: string, paths: readonly PathAt[]): Candidates {
  return { typed, items: paths.map(({ label, isFolder }) => ({ label, help: isFolder ? 'a directory' : '' })) };
}

/** More candidates than these are listed side by side without their help. */
const mostExplained = 40;

/**
 * Candidates as readline takes them, which lists them where there are several: one a line, with its help behind it. What it
 * puts in is what they all begin with, so the help never gets there.
 *
 * @param columns of the terminal
 */
export function listing({ items }: Candidates, columns: number, palette: Palette): readonly string[] {
  const labels = items.map(({ label }) => label);
  if (items.length < 2 || items.length > mostExplained) return labels;
  const width = Math.max(...labels.map((label) => label.length));
  // Wider than half a line, so that readline makes one column of them, and never wider than one.
  const line = Math.max(columns - 3, width + 1);
  return items.map(({ label, help }) => {
    const plain = help.replaceAll('`', '').slice(0, Math.max(0, line - width - 2));
    return `${label}${' '.repeat(width - label.length + 2)}${palette.dim(plain.padEnd(line - width - 2))}`;
  });
}

/** What comes next at the end of a line, in a few words; '' where there is nothing to say. */
export function hint(before: string, line: string, known: readonly KnownName[]): string {
  const text = `${before}${line}`;
  if (/^\s*\./.test(text)) return '';
  const signature = signatureAt(text, text.length, { known, read: readImport });
  if (signature !== null) {
    const { active, parameters, help, name, label } = signature;
    const next = active === null ? undefined : parameters[active];
    if (next === undefined) return '';
    return help.startsWith(`\`${next}\``) ? help.replaceAll('`', '') : `${label}: ${help || name}`;
  }
  const cursor = cursorAt(lex(text), text.length);
  const [word] = cursor?.tokens ?? [];
  if (cursor === null || cursor.partial !== null || cursor.tokens.length !== 1 || word === undefined) return '';
  if (cursor.place !== 'device' || !/\s$/.test(text)) return '';
  return deviceParameters.get(word.image)?.help.replaceAll('`', '') ?? '';
}
