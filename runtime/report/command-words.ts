// SPDX-License-Identifier: Apache-2.0

import type { Command, Option } from 'commander';

/** What may follow a word of the command line: a file, one of some words, a folder, a text that nobody can guess, nothing. */
export type Operand =
  | { readonly kind: 'none' | 'file' | 'folder' | 'text' }
  | { readonly kind: 'words'; readonly words: readonly string[] };

export interface OptionWords {
  /** `-h`, `--help`. */
  readonly flags: readonly string[];
  /** As the help writes it: `--set <name=value>`. */
  readonly written: string;
  readonly help: string;
  readonly operand: Operand;
}

export interface CommandWords {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  /** Its words behind the name: `<files...>`. */
  readonly usage: string;
  readonly operand: Operand;
  readonly options: readonly OptionWords[];
  /** What stands behind the options in its help. */
  readonly after: string;
}

/** The command line as data: the program itself first, then its commands. Shell completion and the manual are made of it. */
export function wordsOf(program: Command): readonly [CommandWords, ...CommandWords[]] {
  return [commandWords(program, null), ...program.commands.map((command) => commandWords(command, program))];
}

function commandWords(command: Command, program: Command | null): CommandWords {
  const help = command.createHelp();
  const argument = command.registeredArguments[0]?.name() ?? '';
  const names = program?.commands.map((one) => one.name()) ?? [];
  return {
    name: command.name(),
    summary: command.summary(),
    description: command.description(),
    usage: command.usage(),
    operand: operandOf(argument, command.registeredArguments[0]?.argChoices ?? (argument === 'command' ? names : null)),
    options: help.visibleOptions(command).map(optionWords),
    after: helpAfter(command),
  };
}

/** The text of `addHelpText('after', …)`, which commander hands out only by printing the whole help. */
function helpAfter(command: Command): string {
  let printed = '';
  const { writeOut } = command.configureOutput();
  command.configureOutput({
    writeOut: (text) => {
      printed += text;
    },
  });
  command.outputHelp();
  if (writeOut !== undefined) command.configureOutput({ writeOut });
  return printed.slice(command.helpInformation().length).trim();
}

function optionWords(option: Option): OptionWords {
  const flags = [option.short, option.long].filter((flag) => flag !== undefined);
  const operand = /[<[](.*?)[>\]]/.exec(option.flags)?.[1] ?? '';
  return {
    flags,
    written: option.flags,
    help: option.description,
    operand: operandOf(operand, option.argChoices ?? null),
  };
}

function operandOf(name: string, choices: readonly string[] | null): Operand {
  if (choices !== null) return { kind: 'words', words: choices };
  if (/^(files?|versions|words)$/.test(name)) return { kind: 'file' };
  if (name === 'dir') return { kind: 'folder' };
  return { kind: name === '' ? 'none' : 'text' };
}
