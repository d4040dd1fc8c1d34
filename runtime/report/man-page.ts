// SPDX-License-Identifier: Apache-2.0

import type { CommandWords, OptionWords } from './command-words.ts';

/** Of the manual, which must have one; the day of the build would make each build another. */
const manualDate = '2026-11-23';

/** The manual page in man(7)'s macros, made of the command line's own help. */
export function manPage([program, ...commands]: readonly [CommandWords, ...CommandWords[]], version: string): string {
  const lines = [
    `.TH PKTSH 1 ${manualDate} "pktsh ${roff(version)}" "User Commands"`,
    '.SH NAME',
    `pktsh \\- scenarios for packet generation`,
    '.SH SYNOPSIS',
    '.B pktsh',
    roff(program.usage),
    ...commands.flatMap(({ name, usage }) => ['.br', `.B pktsh ${roff(name)}`, roff(usage)]),
    '.SH DESCRIPTION',
    roff(program.description),
    ...program.options.flatMap(optionLines),
    '.SH COMMANDS',
    ...commands.flatMap(commandLines),
    ...sections(program.after).flatMap(([title, body]) => [
      `.SH ${roff(title.toUpperCase())}`,
      ...bodyLines(title, body),
    ]),
    '.SH FILES',
    '.TP',
    '.I *.pg',
    'Scenario files. The language has its own manual, grammar.md, in the package.',
    '.SH SEE ALSO',
    '.BR ip (8),',
    '.BR ethtool (8),',
    '.BR tcpdump (8)',
  ];
  return `${lines.filter((line) => line !== '').join('\n')}\n`;
}

/** Text that roff prints as it stands: no escape, no request, hyphens that can be copied. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('`', '\\(ga')
    .replace(/^(?=[.'])/gm, '\\&');
}

function optionLines({ written, help }: OptionWords): readonly string[] {
  return ['.TP', `.B ${roff(written)}`, roff(help)];
}

function commandLines(command: CommandWords): readonly string[] {
  const { name, usage, description, summary, options, after } = command;
  return [
    `.SS pktsh ${roff(`${name} ${usage}`)}`,
    roff(description || `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`),
    ...options.flatMap(optionLines),
    ...sections(after).flatMap(([title, body]) => ['.PP', `${roff(title)}:`, ...bodyLines(title, body)]),
  ];
}

/** A help text's parts: a line that ends with `:`, and what is indented below it. */
function sections(text: string): readonly (readonly [string, readonly string[]])[] {
  const found: [string, string[]][] = [];
  for (const line of text.split('\n')) {
    const title = /^(\S.*):$/.exec(line)?.[1];
    if (title !== undefined) found.push([title, []]);
    else if (line.trim() !== '') {
      if (found.length === 0) found.push(['Notes', []]);
      found.at(-1)?.[1].push(line.trim());
    }
  }
  return found;
}

function bodyLines(title: string, body: readonly string[]): readonly string[] {
  if (/exit status/i.test(title)) {
    return body.flatMap((line) => {
      const [, status = '', meaning = ''] = /^(\d+)\s+(.*)$/.exec(line) ?? ['', '', line];
      return ['.TP', `.B ${status}`, roff(meaning)];
    });
  }
  const example = /example/i.test(title) || body.every((line) => /^(pktsh|echo|git|generate)/.test(line));
  return example ? ['.RS', '.nf', ...body.map(roff), '.fi', '.RE'] : body.map(roff);
}
