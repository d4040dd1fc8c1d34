// SPDX-License-Identifier: Apache-2.0

import { existsSync, writeFileSync } from 'node:fs';
import { helpNear, helpOn, helpTopics } from '../../lang/assist/index.ts';
import type { OfferedEngine } from '../commands/open-engine.ts';
import { foldLine } from '../report/fold.ts';
import type { Palette } from '../report/palette.ts';
import { none } from '../report/quantities.ts';
import { cut, layoutTable } from '../report/table.ts';
import { readScript } from '../script-input.ts';
import { isSystemError, reasonOf } from '../system-error.ts';
import { oneLine } from './history.ts';
import type { ShellHost } from './shell-host.ts';
import { hist, plot, watch } from './view-commands.ts';

/** A word of the shell, which is no word of the language: `.name`, and where no statement begins so also `name`. */
export interface ShellCommand {
  readonly name: string;
  /** What stands behind it, for the help. */
  readonly takes: string;
  readonly help: string;
  readonly run: (words: string, host: ShellHost) => Promise<void>;
}

const engines: readonly OfferedEngine[] = ['native', 'dry-run'];

export const shellCommands: readonly ShellCommand[] = [
  { name: 'help', takes: '[WORD]', help: 'what there is, or what a word of the language means', run: help },
  { name: 'save', takes: 'FILE', help: 'writes the session as a scenario', run: save },
  {
    name: 'load',
    takes: 'FILE [NAME=VALUE]',
    help: 'carries out a file here, with values for its parameters',
    run: load,
  },
  { name: 'watch', takes: 'show …', help: 'a table that is drawn anew until Ctrl-C', run: watch },
  { name: 'plot', takes: 'FIGURE', help: 'a figure over time until Ctrl-C: `plot tx0@0.pps`', run: plot },
  { name: 'hist', takes: 'FIGURE', help: 'a histogram: `hist rx0.latency`', run: hist },
  { name: 'jobs', takes: '', help: 'jobs that are at work', run: jobs },
  { name: 'engine', takes: '[NAME]', help: 'the engine, or a new session on another: native, dry-run', run: engine },
  { name: 'doctor', takes: '', help: 'what this machine can do, and how to mend what it cannot', run: doctor },
  { name: 'time', takes: '', help: 'tells how long each statement took, or no longer', run: time },
  { name: 'exit', takes: '', help: 'leaves; so does Ctrl-D', run: async (_, host) => host.leave() },
];

/** Lines of Markdown for a terminal. */
function shown(lines: readonly string[], palette: Palette): string {
  return lines
    .map((line) => line.replaceAll(/\*\*(.*?)\*\*/g, (_, word: string) => palette.strong(word)).replaceAll('`', ''))
    .flatMap((line) => foldLine(line, process.stdout.columns, /^ +\S+ {2,}/.exec(line)?.[0].length ?? 2))
    .join('\n');
}

async function help(words: string, host: ShellHost): Promise<void> {
  const word = words.trim();
  const { palette } = host;
  if (word !== '') {
    const command = shellCommands.find(({ name }) => name === word.replace(/^\./, ''));
    const lines = helpOn(word) ?? (command === undefined ? null : [`**.${command.name}**: ${command.help}`]);
    if (lines !== null) return host.say(shown(lines, palette));
    const near = helpNear(word);
    return host.complain(
      `there is no help on \`${word}\``,
      near === null ? 'see `.help`' : `did you mean \`${near}\`?`,
    );
  }
  const columns = [
    { title: 'command', align: 'left' as const },
    { title: 'what it does', align: 'left' as const },
  ];
  const rows = shellCommands.map(({ name, takes, help: text }) => [
    `.${name} ${takes}`.trimEnd(),
    text.replaceAll('`', ''),
  ]);
  const topics = helpTopics().map(({ name }) => name);
  const [heading = '', ...commands] = layoutTable(columns, rows, (text) => text);
  const explained = Math.max(0, heading.indexOf('what it does'));
  const width = process.stdout.columns;
  host.say(
    [
      ...foldLine('Statements are carried out as they are entered; Tab completes, Ctrl-C stops a statement.', width),
      '',
      palette.strong(heading),
      ...commands.flatMap((line) => foldLine(line, width, explained)),
      '',
      ...foldLine(
        `.help WORD knows every word of the language, and ${topics.slice(0, -1).join(', ')} and ${topics.at(-1)}.`,
        width,
      ),
      'To begin: lab { veth tx0 <-> rx0 }',
    ].join('\n'),
  );
}

async function load(words: string, host: ShellHost): Promise<void> {
  const [, path = '', settings = ''] = /^(.*?)((?:\s+[A-Za-z_]\w*=\S*)*)$/.exec(words.trim()) ?? [];
  if (path === '') return host.complain('`.load` takes a file', '`.load soak.pg` or `.load soak.pg load=1Mpps`');
  const script = await readScript({ kind: 'file', path });
  if (script.ok) return host.enter(path, script.source.text, settings.split(/\s+/).filter(Boolean));
  host.complain('refusal' in script ? script.refusal.message : `${path} is not UTF-8`);
}

async function save(words: string, host: ShellHost): Promise<void> {
  const path = words.trim();
  if (path === '') return host.complain('`.save` takes a file', '`.save soak.pg`');
  const name = /\.\w+$/.test(path) ? path : `${path}.pg`;
  const { text, diagnostics, leftOut } = host.session.saved(name);
  const replaced = existsSync(name);
  try {
    writeFileSync(name, text);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return host.complain(`cannot write ${name}: ${reasonOf(error)}`);
  }
  host.say(`${replaced ? 'replaced' : 'wrote'} ${name}`);
  const [first] = diagnostics.filter(({ severity }) => severity === 'error');
  if (first !== undefined) host.complain(`as a file it has a mistake: ${first.message}`, `pktsh check ${name}`);
  for (const line of leftOut) host.say(`left out: ${line}`);
}

async function jobs(_: string, host: ShellHost): Promise<void> {
  const all = host.session.scenario?.jobs ?? [];
  if (all.length === 0) return host.say('no job is at work');
  const columns = [
    { title: 'job', align: 'right' as const },
    { title: 'statement', align: 'left' as const },
  ];
  const { source } = host.session.text;
  const room = process.stdout.columns - Math.max(...all.map(({ id }) => String(id).length), 'job'.length) - 2;
  const rows = all.map(({ id, span }) => [String(id), span === null ? none : cut(oneLine(source.slice(span)), room)]);
  host.say(layoutTable(columns, rows, host.palette.strong).join('\n'));
}

async function engine(words: string, host: ShellHost): Promise<void> {
  const wanted = words.trim();
  if (wanted === '') return host.say(host.session.engine);
  const found = engines.find((name) => name === wanted);
  if (found === undefined) return host.complain(`there is no engine \`${wanted}\``, `there are ${engines.join(', ')}`);
  await host.restart(found);
}

async function doctor(_: string, host: ShellHost): Promise<void> {
  const { doctorCommand } = await import('../commands/doctor.ts');
  await doctorCommand(host.output);
}

async function time(_: string, host: ShellHost): Promise<void> {
  host.timed = !host.timed;
  host.say(host.timed ? 'times are told' : 'times are no longer told');
}
