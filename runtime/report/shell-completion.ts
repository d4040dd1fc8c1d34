// SPDX-License-Identifier: Apache-2.0

import { assertNever } from '../../lang/types.ts';
import type { CommandWords, Operand, OptionWords } from './command-words.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

type Words = readonly [CommandWords, ...CommandWords[]];

/** A completion script for a shell, made of the command line's own words. */
export function shellCompletion(shell: Shell, words: Words): string {
  switch (shell) {
    case 'bash':
      return bash(words);
    case 'zsh':
      return zsh(words);
    case 'fish':
      return fish(words);
    default:
      return assertNever(shell);
  }
}

const flagsOf = ({ options }: CommandWords) => options.flatMap(({ flags }) => flags);

/** Single quotes for a POSIX shell. */
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

// --- bash -------------------------------------------------------------------------------------------------------------

function bash([program, ...commands]: Words): string {
  const arms = [program, ...commands].map((command) => {
    const pattern = command === program ? "''" : command.name;
    return `    ${pattern})
      flags=${quoted(flagsOf(command).join(' '))}
      operand=${quoted(bashOperand(command.operand))}
      ;;`;
  });
  const operands = new Map<string, Set<string>>();
  for (const option of [program, ...commands].flatMap(({ options }) => options)) {
    if (option.operand.kind === 'none') continue;
    const action = bashOperand(option.operand);
    operands.set(action, new Set([...(operands.get(action) ?? []), ...option.flags]));
  }
  const options = [...operands].map(([action, flags]) => {
    return `    ${[...flags].join('|')})
      _pktsh_operand ${quoted(action)}
      return
      ;;`;
  });
  return `# bash completion of pktsh: eval "$(pktsh completion bash)"
_pktsh_operand() {
  case $1 in
    file)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$word" | while IFS= read -r name; do
        if [[ -d $name || $name == *.pg ]]; then printf '%s\\n' "$name"; fi
      done)
      ;;
    folder)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -d -- "$word")
      ;;
    text | none) ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$1" -- "$word") ;;
  esac
}

_pktsh() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} command='' flags='' operand='' at
  COMPREPLY=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    case \${COMP_WORDS[at]} in
      ${commands.map(({ name }) => name).join(' | ')})
        command=\${COMP_WORDS[at]}
        break
        ;;
    esac
  done
  case $before in
${options.join('\n')}
  esac
  case $command in
${arms.join('\n')}
  esac
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$word")
  elif [[ -z $command ]]; then
    local names
    mapfile -t names < <(compgen -W ${quoted(commands.map(({ name }) => name).join(' '))} -- "$word")
    _pktsh_operand file
    COMPREPLY=("\${names[@]}" "\${COMPREPLY[@]}")
  else
    _pktsh_operand "$operand"
  fi
}
complete -F _pktsh pktsh
`;
}

function bashOperand(operand: Operand): string {
  return operand.kind === 'words' ? operand.words.join(' ') : operand.kind;
}

// --- zsh --------------------------------------------------------------------------------------------------------------

function zsh([program, ...commands]: Words): string {
  const arms = commands.map((command) => {
    const specs = [...command.options.flatMap(zshOption), quoted(`*: :${zshAction(command.operand)}`)];
    return `        ${command.name}) _arguments ${specs.join(' ')} ;;`;
  });
  const names = commands.map(({ name, summary }) => quoted(`${name}:${summary.replaceAll(':', '\\:')}`));
  return `#compdef pktsh
# zsh completion of pktsh: pktsh completion zsh > "\${fpath[1]}/_pktsh"
_pktsh() {
  local curcontext=$curcontext state line
  typeset -A opt_args
  _arguments -C ${[...program.options.flatMap(zshOption), "'1: :->command'", "'*:: :->words'"].join(' ')}
  case $state in
    command)
      local -a commands=(${names.join(' ')})
      _describe command commands
      _files -g '*.pg(-.)'
      ;;
    words)
      case $line[1] in
${arms.join('\n')}
      esac
      ;;
  esac
}
if [ "$funcstack[1]" = _pktsh ]; then _pktsh "$@"; else compdef _pktsh pktsh; fi
`;
}

function zshOption({ flags, help, operand }: OptionWords): readonly string[] {
  // Brackets and colons have a meaning in these words.
  const text = help.replace(/[[\]:\\]/g, '\\$&');
  return flags.map((flag) => {
    const more = operand.kind === 'none' ? '' : `: :${zshAction(operand)}`;
    return quoted(`${/repeatable/.test(help) ? '*' : ''}${flag}[${text}]${more}`);
  });
}

function zshAction(operand: Operand): string {
  switch (operand.kind) {
    case 'words':
      return `(${operand.words.join(' ')})`;
    case 'file':
      return '_files -g "*.pg(-.)"';
    case 'folder':
      return '_files -/';
    case 'text':
    case 'none':
      return '';
    default:
      return assertNever(operand);
  }
}

// --- fish -------------------------------------------------------------------------------------------------------------

function fish([program, ...commands]: Words): string {
  const names = commands.map(({ name }) => name).join(' ');
  const lines = [
    '# fish completion of pktsh: pktsh completion fish > ~/.config/fish/completions/pktsh.fish',
    'complete -c pktsh -f',
  ];
  const scenarios = "-a '(__fish_complete_suffix .pg)'";
  const without = `-n ${fishQuoted(`not __fish_seen_subcommand_from ${names}`)}`;
  lines.push(`complete -c pktsh ${without} ${scenarios}`);
  for (const { name, summary } of commands) {
    lines.push(`complete -c pktsh ${without} -a ${name} -d ${fishQuoted(summary)}`);
  }
  for (const option of program.options) lines.push(`complete -c pktsh ${without} ${fishOption(option)}`);
  for (const { name, operand, options } of commands) {
    const inside = `-n ${fishQuoted(`__fish_seen_subcommand_from ${name}`)}`;
    if (operand.kind === 'file') lines.push(`complete -c pktsh ${inside} ${scenarios}`);
    if (operand.kind === 'words') lines.push(`complete -c pktsh ${inside} -a ${fishQuoted(operand.words.join(' '))}`);
    for (const option of options) lines.push(`complete -c pktsh ${inside} ${fishOption(option)}`);
  }
  return `${lines.join('\n')}\n`;
}

const fishQuoted = (text: string) => `'${text.replace(/[\\']/g, '\\$&')}'`;

function fishOption({ flags, help, operand }: OptionWords): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  const after: Readonly<Record<Operand['kind'], string>> = {
    none: '',
    text: ' -x',
    file: ' -r -F',
    folder: " -x -a '(__fish_complete_directories)'",
    words: operand.kind === 'words' ? ` -x -a ${fishQuoted(operand.words.join(' '))}` : '',
  };
  return `${names.join(' ')}${after[operand.kind]} -d ${fishQuoted(help)}`;
}
