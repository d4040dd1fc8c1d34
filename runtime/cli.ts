// SPDX-License-Identifier: Apache-2.0

import { Argument, Command, CommanderError, Option } from 'commander';
import { nearest } from '../lang/diagnostics/suggest.ts';
import type { CheckFlags } from './commands/check.ts';
import type { DiffFlags } from './commands/diff.ts';
import type { DoctorFlags } from './commands/doctor.ts';
import type { FmtFlags } from './commands/fmt.ts';
import type { PlanFlags } from './commands/plan.ts';
import type { RunFlags } from './commands/run.ts';
import { type Refusal, refusal } from './refusal.ts';
import { openOutput } from './report/output.ts';
import { type Shell, shellCompletion, shells } from './report/shell-completion.ts';
import { inputOf, type ScriptInput } from './script-input.ts';
import { keepHeapSmall, takeTime } from './v8-flags.ts';
import { version } from './version.ts';

/** Exit status of a defect of pktsh itself: EX_SOFTWARE of sysexits.h. */
const internalErrorStatus = 70;

interface ColourFlags {
  readonly color?: boolean;
}
interface StatementFlags {
  readonly e?: readonly string[];
}

/** Each command's module is loaded when the command is known: `check` must not wait for what only `run` needs. */
async function runScript(input: ScriptInput, flags: RunFlags & ColourFlags): Promise<number> {
  keepHeapSmall();
  const { runCommand } = await import('./commands/run.ts');
  return runCommand(input, flags, await openOutput(flags.json ?? false, flags.color ?? null));
}

/** @param print takes what commands print that need nothing but the command line: helps, the version, scripts for shells */
function commandLine(exit: (status: number) => void, print: (text: string) => void): Command {
  const program = new Command('pktsh')
    .description("Scenarios for packet generation, in the tradition of the Linux kernel's pktgen.")
    .usage('[options] [command]')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeOut: print, outputError: () => {} })
    .helpCommand(false)
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help');
  colourOptions(program)
    .argument('[words...]')
    .addOption(new Option('-e <statements>', 'run statements, as if they stood in a file').argParser(collect))
    .addHelpText('after', helpOfProgram)
    .action(async (words: readonly string[], flags: RunFlags & ColourFlags & StatementFlags) => {
      const [word, ...more] = words;
      if (word !== undefined && more.length === 0 && isPath(word)) {
        exit(await runScript(inputOf(word), flags));
      } else if (word !== undefined) {
        program.error(unknownCommand(word, program));
      } else if (flags.e !== undefined) {
        exit(await runScript({ kind: 'statements', text: flags.e.join('\n') }, flags));
      } else if (process.stdin.isTTY === true && process.stdout.isTTY === true) {
        keepHeapSmall();
        const { openShell } = await import('./shell/shell.ts');
        exit(await openShell(flags, await openOutput(false, flags.color ?? null)));
      } else if (process.stdin.isTTY === true) {
        program.outputHelp();
      } else {
        exit(await runScript({ kind: 'standard input' }, flags));
      }
    });
  for (const option of runOptions()) program.addOption(option.hideHelp());
  // The word is there to be told that it is no command; as an argument it would only confuse the help.
  program.configureHelp({
    visibleArguments: (command) => (command === program ? [] : [...command.registeredArguments]),
  });
  program.hook('preSubcommand', (parent, command) => {
    const early = parent.options.find(
      (option) => option.attributeName() !== 'color' && parent.getOptionValueSource(option.attributeName()) === 'cli',
    );
    if (early === undefined) return;
    const name = early.long ?? early.short ?? '';
    program.error(`option '${name}' stands before the command '${command.name()}' and means nothing there`);
  });

  const run = program
    .command('run')
    .summary('carry out a scenario file and give a verdict')
    .description(
      'Carries out a scenario file. Results go to standard output, progress and diagnostics to standard error.',
    )
    .argument('[file]', 'scenario file; `-` or nothing for standard input')
    .addHelpText('after', helpOfRun)
    .action(async (file: string | undefined) => {
      if (file === undefined && process.stdin.isTTY === true) run.error("missing required argument 'file'");
      exit(await runScript(inputOf(file ?? '-'), run.optsWithGlobals<RunFlags & ColourFlags>()));
    });
  for (const option of runOptions()) run.addOption(option);
  colourOptions(run);

  const check = colourOptions(program.command('check'))
    .summary('report every mistake in scenario files')
    .description('Reports every mistake that can be found before the first packet. Exit status 2 if there is an error.')
    .argument('<files...>', 'scenario files; `-` for standard input')
    .option('--json', 'print the diagnostics as one JSON document')
    .addHelpText('after', helpOfCheck)
    .action(async (files: readonly string[]) => {
      const flags = check.optsWithGlobals<CheckFlags & ColourFlags>();
      const { checkCommand } = await import('./commands/check.ts');
      exit(await checkCommand(files, await openOutput(flags.json ?? false, flags.color ?? null)));
    });

  const plan = colourOptions(program.command('plan'))
    .summary('show the control operations that a scenario file compiles to')
    .description('Shows what a scenario file compiles to, without a machine and without sending anything.')
    .argument('<file>', 'scenario file; `-` for standard input')
    .option('--set <name=value>', 'give a parameter of the file a value; repeatable', collect)
    .option('--json', 'print the program as one JSON document')
    .addHelpText('after', helpOfPlan)
    .action(async (file: string) => {
      const flags = plan.optsWithGlobals<PlanFlags & ColourFlags>();
      const { planCommand } = await import('./commands/plan.ts');
      exit(await planCommand(inputOf(file), flags, await openOutput(flags.json ?? false, flags.color ?? null)));
    });

  const fmt = colourOptions(program.command('fmt'))
    .summary('bring scenario files into the canonical form')
    .description('Formats scenario files in place and names those that changed. Only blanks and line ends change.')
    .argument('<files...>', 'scenario files; `-` formats standard input to standard output')
    .option('--check', 'change nothing, name what is not formatted; exit status 1 if there is any')
    .option('--diff', 'as --check, and show what would change')
    .addHelpText('after', helpOfFmt)
    .action(async (files: readonly string[]) => {
      const flags = fmt.optsWithGlobals<FmtFlags & ColourFlags>();
      const { fmtCommand } = await import('./commands/fmt.ts');
      exit(await fmtCommand(files, flags, await openOutput(false, flags.color ?? null)));
    });

  const diff = colourOptions(program.command('diff'))
    .summary('show what two scenario files do differently')
    .description('Compares what two scenario files mean. Layout, comments and spellings of one value do not count.')
    .argument('<versions...>', 'two of: scenario file, `-` for standard input, `rev:path` of a git repository')
    .option('--json', 'print the changes as one JSON document')
    .option('--git', 'take the words with which git calls an external diff; exit status 0')
    .addHelpText('after', helpOfDiff)
    .action(async (versions: readonly string[]) => {
      const flags = diff.optsWithGlobals<DiffFlags & ColourFlags>();
      const [before = '', after, ...more] = versions;
      if (flags.git !== true && (after === undefined || more.length > 0)) diff.error('two versions are compared');
      const { diffCommand, gitDiffCommand } = await import('./commands/diff.ts');
      const output = await openOutput(flags.json ?? false, flags.color ?? null);
      exit(
        await (flags.git === true ? gitDiffCommand(versions, output) : diffCommand(before, after ?? '', flags, output)),
      );
    });

  const doctor = colourOptions(program.command('doctor'))
    .summary('tell what this machine can do, and how to mend what it cannot')
    .description('Probes drivers and permissions of each interface. Every "no" comes with its reason and its mend.')
    .option('--json', 'print the probes as one JSON document')
    .addHelpText('after', helpOfDoctor)
    .action(async () => {
      const flags = doctor.optsWithGlobals<DoctorFlags & ColourFlags>();
      const { doctorCommand } = await import('./commands/doctor.ts');
      exit(await doctorCommand(await openOutput(flags.json ?? false, flags.color ?? null)));
    });
  const imported = colourOptions(program.command('import'))
    .summary('turn a shell script for pktgen into a scenario file')
    .description(
      'Prints the scenario that a shell script for pktgen describes, and a warning for each line that it cannot carry over.',
    )
    .argument('<script>', 'shell script; `-` for standard input. It is read, never run')
    .addHelpText('after', helpOfImport)
    .action(async (file: string) => {
      const flags = imported.optsWithGlobals<ColourFlags>();
      const { importCommand } = await import('./commands/import.ts');
      exit(await importCommand(file, await openOutput(false, flags.color ?? null)));
    });
  program
    .command('lsp')
    .summary('serve editors: the Language Server Protocol over standard input and output')
    .description('Serves editors by the Language Server Protocol; they start it themselves. README.md has the set-up.')
    .option('--stdio', 'standard input and output, which is the only way; editors like to say so')
    .version(version, '-V, --version', 'print the version')
    .action(async () => {
      takeTime();
      const { serve } = await import('./lsp/server.ts');
      serve(process.stdin, process.stdout);
    });
  program
    .command('completion')
    .summary('print a completion script for a shell')
    .description('Prints a completion script. bash: `eval "$(pktsh completion bash)"` in ~/.bashrc.')
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .action(async (shell: Shell) => {
      const { wordsOf } = await import('./report/command-words.ts');
      print(shellCompletion(shell, wordsOf(program)));
    });
  program
    .command('man')
    .summary('print the manual page')
    .description('Prints the manual page: `pktsh man | man -l -`. An installed package has it as `man pktsh`.')
    .action(async () => {
      const { wordsOf } = await import('./report/command-words.ts');
      const { manPage } = await import('./report/man-page.ts');
      print(manPage(wordsOf(program), version));
    });
  program
    .command('help')
    .summary('show the help of a command')
    .argument('[command]')
    .action((name: string | undefined) => {
      const known = name === undefined ? program : program.commands.find((command) => command.name() === name);
      if (known === undefined) return program.error(unknownCommand(name ?? '', program));
      known.outputHelp();
    });
  return program;
}

function runOptions(): readonly Option[] {
  return [
    new Option('--set <name=value>', 'give a parameter of the file a value; repeatable').argParser(collect),
    new Option('--engine <engine>', 'what carries the operations out; native if not given').choices([
      'native',
      'dry-run',
    ]),
    new Option('--lab', 'run in a private network namespace: veth tx0 <-> rx0 where the file declares none'),
    new Option('--seed <n>', 'seed of everything random, 64 bits; printed if not given'),
    new Option('--json', 'print the results as one JSON document'),
    new Option('--report <dir>', 'write results.json and summary.txt into a directory'),
    new Option('--quiet', 'no progress line and no summary'),
    new Option('--allow <iface>', 'send on an interface although it carries a default route; repeatable').argParser(
      collect,
    ),
    new Option('--max-duration <d>', 'stop the run after this time, such as 90s'),
  ];
}

/** `--color` comes first: only then has `--no-color` no default of its own, and "not given" stays visible. */
function colourOptions(command: Command): Command {
  return command.option('--color', 'colours, also where no terminal reads').option('--no-color', 'no colours');
}

function collect(value: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), value];
}

/** A path in a command's place is run, so that a scenario file may begin with `#!/usr/bin/env pktsh`. */
function isPath(word: string): boolean {
  return word === '-' || word.includes('/') || word.endsWith('.pg');
}

/** The file of `pktsh soak.pg --help` and `pktsh run soak.pg --help`: it has parameters of its own. */
function scenarioAskedAbout(words: readonly string[]): string | null {
  if (!words.includes('--help') && !words.includes('-h')) return null;
  const file = words[0] === 'run' ? words[1] : words[0];
  return file !== undefined && !file.startsWith('-') && isPath(file) ? file : null;
}

function unknownCommand(word: string, program: Command): string {
  const near = nearest(
    word,
    program.commands.map((command) => command.name()),
  );
  return `unknown command '${word}'${near === null ? '' : `\n(Did you mean ${near}?)`}`;
}

/** Commander's complaints in our own form: `error: what`, then perhaps `(Did you mean it?)`. */
function usageRefusal(error: CommanderError, words: readonly string[], program: Command): Refusal {
  const [first = '', ...rest] = error.message.split('\n');
  const message = first.replace(/^error: /, '').replace(/\.$/, '');
  const command = program.commands.find((one) => one.name() === words[0]) ?? program;
  const options = command.options.map((option) => option.long ?? '');
  const suggestion =
    /^\(Did you mean (?:one of )?(.*)\?\)$/.exec(rest.join(' '))?.[1] ??
    (error.code === 'commander.unknownOption' ? nearest(/'(.*)'/.exec(first)?.[1] ?? '', options) : null);
  if (suggestion !== null)
    return refusal(
      2,
      message,
      `did you mean ${suggestion
        .split(', ')
        .map((one) => `\`${one}\``)
        .join(' or ')}?`,
    );
  return refusal(2, message, `see \`pktsh ${command === program ? '' : `${command.name()} `}--help\``);
}

async function main(words: readonly string[]): Promise<number> {
  let status = 0;
  let printed = '';
  const program = commandLine(
    (given) => {
      status = given;
    },
    (text) => {
      printed += text;
    },
  );
  const helped = scenarioAskedAbout(words);
  if (helped !== null) {
    const { scenarioHelp } = await import('./commands/scenario-help.ts');
    return scenarioHelp(helped, await openOutput(false, null));
  }
  try {
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) {
      const { refuse } = await import('./report/json.ts');
      return refuse(usageRefusal(error, words, program), await openOutput(words.includes('--json'), null));
    }
  }
  // Not by Commander: a pipe that is closed and a disk that is full are told as they are for results.
  if (printed !== '') (await openOutput(false, null)).stdout.write(printed);
  return status;
}

/** A defect of ours: one line, the stack only for those who asked, and `process.exit` so that what is guarded is closed. */
function internalError(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`pktsh: internal error: ${message.split('\n')[0]}\n`);
  if (process.env.PKTSH_DEBUG !== undefined && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  process.exit(internalErrorStatus);
}

const helpOfProgram = `
Without a command, the shell opens on a terminal; else a script on standard input is run. So are
statements given with -e.
A script takes every option of \`pktsh run\`; the shell takes --set,
--engine, --lab, --seed and --allow.

Examples:
  pktsh run soak.pg --set load=1Mpps
  pktsh check *.pg
  pktsh -e 'print 100kpps * 2s' --engine dry-run
  pktsh doctor

Exit status:
  0    all expectations held
  1    an expectation failed
  2    the command line or the script is wrong
  3    the generator could not keep the asked load
  4    the environment is unsuitable: permission, interface, driver, kernel
  130  interrupted, after a clean stop and with the results so far`;

const helpOfRun = `
Examples:
  pktsh run quickstart.pg
  pktsh run soak.pg --set load=1Mpps --set size=64B --max-duration 10min
  pktsh run soak.pg --json > results.json
  pktsh run soak.pg --engine dry-run --seed 7
  generate-scenario | pktsh run -`;

const helpOfCheck = `
Examples:
  pktsh check soak.pg
  pktsh check scenarios/*.pg
  pktsh check --json soak.pg | jq -r '.diagnostics[].message'`;

const helpOfPlan = `
Examples:
  pktsh plan soak.pg
  pktsh plan soak.pg --set load=1Mpps
  pktsh plan soak.pg --json | jq '.scenarios[].name'`;

const helpOfFmt = `
Examples:
  pktsh fmt scenarios/*.pg
  pktsh fmt --check --diff scenarios/*.pg
  pktsh fmt - < soak.pg

Exit status:
  0  everything is formatted
  1  --check: something is not
  2  a file has a syntax error or cannot be read; it is left as it is
  4  a file cannot be written`;

const helpOfDiff = `
Examples:
  pktsh diff before.pg after.pg
  pktsh diff HEAD~1:soak.pg soak.pg
  pktsh diff --json a.pg b.pg | jq '.changes[].name'

In \`git diff\`, after two lines:
  echo '*.pg diff=pktsh' >> .gitattributes
  git config diff.pktsh.command 'pktsh diff --git --'

Exit status:
  0  both do the same
  1  they differ
  2  one of them is wrong or cannot be read`;

const helpOfImport = `
Examples:
  pktsh import pktgen_sample01_simple.sh > simple.pg
  pktsh run simple.pg --set dev=eth1 --set dst_mac=02:00:00:00:00:01

Exit status:
  0  a scenario was printed, whatever was left out
  2  the script cannot be read`;

const helpOfDoctor = `
Examples:
  pktsh doctor
  pktsh doctor --json | jq '.probes[] | select(.available | not)'`;

process.on('uncaughtException', internalError);
process.on('unhandledRejection', internalError);
// Not by `await`: the bundle is CommonJS.
main(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
}, internalError);
