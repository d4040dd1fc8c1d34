// SPDX-License-Identifier: Apache-2.0

import { type REPLServer, start } from 'node:repl';
import { stripVTControlCharacters } from 'node:util';
import type { KnownName } from '../../lang/assist/index.ts';
import { SourceFile } from '../../lang/source.ts';
import { parse } from '../../lang/syntax/parser.ts';
import type { OfferedEngine } from '../commands/open-engine.ts';
import { seedOf } from '../commands/seed-of.ts';
import { refusal } from '../refusal.ts';
import { eventText } from '../report/event-text.ts';
import { writeFindings } from '../report/findings.ts';
import { refuse } from '../report/json.ts';
import type { Channel, Output } from '../report/output.ts';
import { count, time } from '../report/quantities.ts';
import type { ExpectationResults } from '../results.ts';
import { handleSignals, interruptedStatus } from '../signals.ts';
import { version } from '../version.ts';
import { candidates, hint, knownNames, listing } from './assistance.ts';
import { coloured, colouredLine } from './colouring.ts';
import { History, historyPath } from './history.ts';
import { PromptLine } from './prompt-line.ts';
import { shellCommands } from './shell-commands.ts';
import type { ShellHost } from './shell-host.ts';
import { ShellSession } from './shell-session.ts';
import { shownHere } from './view-commands.ts';

export interface ShellFlags {
  readonly engine?: OfferedEngine;
  readonly lab?: boolean;
  readonly seed?: string;
  readonly allow?: readonly string[];
  /** `name=value`, for parameters that are declared or loaded. */
  readonly set?: readonly string[];
  /** What only a run has; refused here, since it would mean nothing. */
  readonly json?: boolean;
  readonly report?: string;
  readonly quiet?: boolean;
  readonly maxDuration?: string;
}

const ofRuns = { json: '--json', report: '--report', quiet: '--quiet', maxDuration: '--max-duration' };

const continuation = '... ';
/** How often the prompt is held against the devices that run. */
const lookMs = 250;
const nsPerMs = 1e6;

/** Opens the shell on a terminal; gives the exit status once it was left. */
export async function openShell(flags: ShellFlags, output: Output): Promise<number> {
  const stray = Object.entries(ofRuns).find(([name]) => flags[name as keyof typeof ofRuns] !== undefined);
  if (stray !== undefined) {
    return refuse(refusal(2, `\`${stray[1]}\` means nothing in the shell`, 'see `pktsh run --help`'), output);
  }
  const bare = flags.set?.find((one) => one.indexOf('=') <= 0);
  if (bare !== undefined) {
    return refuse(refusal(2, `\`--set ${bare}\` names no value`, 'write `--set name=value`'), output);
  }
  const seed = seedOf(flags.seed);
  if (typeof seed !== 'bigint') return refuse(seed, output);
  return new Shell(flags, seed, output).run();
}

class Shell {
  readonly #flags: ShellFlags;
  readonly #seed: bigint;
  readonly #output: Output;
  readonly #channel: Channel;
  readonly #server: REPLServer;
  readonly #line: PromptLine;
  readonly #history = new History(historyPath(process.env));
  readonly #host: ShellHost;
  #session: ShellSession;
  /** Lines of a statement that is not whole yet. */
  #lines: string[] = [];
  /** Everything that was entered and is not done, one after the other. */
  #queue: Promise<void> = Promise.resolve();
  #waiting = 0;
  #entries = 0;
  #asked = false;
  /** The devices as of the last look between two statements. */
  #figures: ReturnType<ShellSession['figures']> = new Map();
  /** Aborted by Ctrl-C. */
  #stop = new AbortController();
  #leave: (status: number) => void = () => {};
  /** What the line's assistance knows; made anew when the session changed. */
  #known: { readonly names: readonly KnownName[]; readonly of: unknown } | null = null;

  constructor(flags: ShellFlags, seed: bigint, output: Output) {
    this.#flags = flags;
    this.#seed = seed;
    this.#output = output;
    this.#session = this.#newSession(flags.engine ?? 'native');
    const { palette } = output.stdout;
    const dumb = process.env.TERM === 'dumb';
    this.#server = start({
      prompt: '',
      input: process.stdin,
      output: process.stdout,
      terminal: true,
      preview: false,
      ignoreUndefined: true,
      useGlobal: true,
      writer: String,
      eval: (line, _context, _file, done) => this.#take(line, () => done(null, undefined)),
      completer: (line: string) => this.#complete(line),
    });
    const look = {
      paint: (line: string) =>
        this.#lines.length > 0 ? coloured(line, palette) : colouredLine(line, commandNames, palette),
      hint: (line: string) => hint(this.#before(), line, this.#names()),
      dim: palette.dim,
    };
    this.#line = new PromptLine(this.#server, process.stdout, dumb ? null : look);
    this.#line.remember(this.#history.entries);
    this.#channel = { ...output.stdout, write: (text) => this.#line.write(text, this.#waiting === 0) };
    this.#host = this.#hostOf();
  }

  async run(): Promise<number> {
    const server = this.#server;
    const signals = handleSignals();
    signals.guard(() => this.#session.closeNow());
    const left = new Promise<number>((resolve) => {
      this.#leave = resolve;
    });
    this.#defineCommands();
    server.removeAllListeners('SIGINT');
    server.on('SIGINT', () => this.#interrupt());
    const close = server.close.bind(server);
    server.close = () => {
      if (process.stdin.readableEnded || this.#mayLeave()) close();
    };
    server.on('close', () => this.#leave(0));
    signals.signal.addEventListener('abort', () => this.#leave(interruptedStatus), { once: true });
    this.#channel.write(`pktsh ${version}; .help helps, Ctrl-D leaves\n`);
    this.#tellOfHistory();
    this.#prompt();
    const look = setInterval(() => this.#look(), lookMs);
    look.unref();
    server.displayPrompt();
    // Behind the prompt: nobody waits for an engine that is not used yet.
    this.#queue = new Promise<void>((resolve) => setImmediate(resolve))
      .then(() => this.#begin())
      .then(() => {
        this.#known = null;
        this.#look();
      });
    const status = await left;
    clearInterval(look);
    this.#stop.abort();
    this.#session.scenario?.interrupt();
    await this.#queue;
    await this.#session.close();
    server.removeAllListeners('close');
    close();
    process.stdin.pause();
    signals.release();
    return status;
  }

  // --- what is entered ------------------------------------------------------------------------------------------------

  #take(line: string, done: () => void): void {
    this.#asked = false;
    this.#lines.push(line.replace(/\r?\n$/, ''));
    const text = this.#lines.join('\n');
    const [, word = '', rest = ''] = /^\s*(\w+)\b(.*)$/.exec(text) ?? [];
    const command = shellCommands.find(({ name }) => name === word);
    if (command !== undefined && !/^\s*[=(.]/.test(rest)) {
      this.#lines = [];
      this.#remember(text);
      this.#later(() => this.#command(command.name, rest), done);
    } else if (text.trim() === '') {
      this.#lines = [];
      this.#prompt();
      done();
    } else if (parse(new SourceFile('', text)).incomplete) {
      this.#prompt();
      done();
    } else {
      this.#lines = [];
      this.#remember(text);
      this.#later(() => this.#enter(`shell[${++this.#entries}]`, text), done);
    }
  }

  /** Does a thing once everything before it is done, and shows the prompt when nothing is left to do. */
  #later(work: () => Promise<void>, done: () => void): void {
    // Ctrl-C stops what is carried out, and with it what was entered behind it.
    if (this.#waiting === 0) this.#stop = new AbortController();
    this.#waiting++;
    this.#prompt();
    this.#queue = this.#queue
      .then(() => (this.#stop.signal.aborted ? undefined : work()))
      .catch((error: unknown) => {
        // A defect of ours: whatever was guarded is closed on the way out.
        process.nextTick(() => {
          throw error;
        });
      })
      .then(() => {
        this.#waiting--;
        this.#figures = this.#session.figures();
        this.#known = null;
        this.#prompt();
        done();
      });
  }

  async #begin(): Promise<void> {
    // The tables of the grammar are made at the first use: better now than at the first Tab.
    candidates('', 'p', [], []);
    const refused = await this.#session.open();
    if (refused !== null) {
      this.#complain(refused.message, refused.hint ?? undefined);
      if (this.#flags.engine !== undefined) return this.#leave(refused.exit);
      // Said, never silent: the prompt names the engine too.
      this.#complain('going on with engine dry-run: no packets, virtual time');
      this.#session = this.#newSession('dry-run');
      await this.#session.open();
    }
    if (this.#flags.lab === true) await this.#enter('--lab', 'lab { veth tx0 <-> rx0 }');
  }

  async #enter(name: string, text: string, settings: readonly string[] = []): Promise<void> {
    const own = await shownHere(text, this.#host);
    if (own !== null) {
      if (own.length > 0) this.#channel.write(`${own.join('\n')}\n`);
      return;
    }
    const begun = performance.now();
    if (this.#stop.signal.aborted) return;
    await this.#session.enter(name, text, settings);
    this.#tellVerdicts();
    if (this.#host.timed) this.#channel.write(`took ${time((performance.now() - begun) * nsPerMs)}\n`);
  }

  #tellVerdicts(): void {
    for (const one of this.#session.news()) this.#channel.write(`${this.#verdict(one)}\n`);
  }

  #verdict({ text, label, passed, actual, reason }: ExpectationResults): string {
    const { palette } = this.#channel;
    const values = actual.map((one) => `${one.text} is ${one.value}`).join(', ');
    const why = passed ? '' : `: ${reason ?? values}`;
    return `${passed ? palette.good('passed') : palette.error('failed')} ${label ?? text}${why}`;
  }

  async #command(name: string, words: string): Promise<void> {
    await shellCommands.find((one) => one.name === name)?.run(words, this.#host);
  }

  #remember(text: string): void {
    this.#history.add(text);
    this.#line.remember(this.#history.entries);
    this.#tellOfHistory();
  }

  #tellOfHistory(): void {
    const trouble = this.#history.takeTrouble();
    if (trouble === null) return;
    const { palette } = this.#channel;
    this.#channel.write(`${palette.warning('warning:')} history is not kept: ${trouble}\n`);
  }

  // --- keys -----------------------------------------------------------------------------------------------------------

  /** Ctrl-C: stops the statement; without one drops what is typed; never ends the shell. */
  #interrupt(): void {
    if (this.#waiting > 0) {
      if (!this.#stop.signal.aborted) this.#channel.write(`${this.#channel.palette.warning('interrupted')}\n`);
      this.#stop.abort();
      this.#session.scenario?.interrupt();
      return;
    }
    const typed = this.#server.line !== '' || this.#lines.length > 0;
    this.#lines = [];
    this.#prompt();
    // Moves behind the line and empties it.
    (this.#server as REPLServer & { clearLine(): void }).clearLine();
    if (!typed) this.#output.stdout.write('(Ctrl-D or .exit leaves)\n');
    this.#server.displayPrompt();
  }

  /** Ctrl-D: at once where nothing sends, otherwise when it is said twice. */
  #mayLeave(): boolean {
    const { running } = this.#session;
    if (running === 0 || this.#asked) return true;
    this.#asked = true;
    const what = running === 1 ? '1 device is' : `${running} devices are`;
    this.#channel.write(`${what} running: Ctrl-D again stops and leaves\n`);
    return false;
  }

  #complete(line: string): [string[], string] {
    const found = candidates(this.#before(), line, this.#names(), commandWords);
    return [[...listing(found, process.stdout.columns, this.#channel.palette)], found.typed];
  }

  #before(): string {
    return this.#lines.map((line) => `${line}\n`).join('');
  }

  #names(): readonly KnownName[] {
    const of = this.#session.text;
    if (this.#known === null || this.#known.of !== of) {
      this.#known = { names: knownNames(of, this.#session.scenario?.state ?? null), of };
    }
    return this.#known.names;
  }

  // --- the prompt -----------------------------------------------------------------------------------------------------

  #promptText(): string {
    if (this.#waiting > 0) return '';
    const { palette } = this.#output.stdout;
    if (this.#lines.length > 0) return palette.dim(continuation);
    const { engine, inLab, running } = this.#session;
    const state = [engine, ...(inLab ? ['lab'] : []), ...(running > 0 ? [`${running} running`] : [])].join(' ');
    return `${palette.strong('pktsh')} ${palette.dim(state)}> `;
  }

  #prompt(): void {
    this.#server.setPrompt(this.#promptText());
  }

  /** Devices come to their end without the shell's doing. */
  #look(): void {
    if (this.#waiting > 0) return;
    this.#tellVerdicts();
    const figures = this.#session.figures();
    for (const [name, { sent, errors }] of figures) {
      const was = this.#figures.get(name);
      // Nothing is carried out, so nobody stopped it.
      if (was?.running === true && figures.get(name)?.running === false) {
        this.#notify(`${name} has stopped: ${count(sent)} sent, ${count(errors)} errors`);
      }
    }
    this.#figures = figures;
    const before = this.#server.getPrompt();
    const now = this.#promptText();
    if (stripVTControlCharacters(before) === stripVTControlCharacters(now)) return;
    this.#server.setPrompt(now);
    this.#line.refresh();
  }

  // --- for commands ---------------------------------------------------------------------------------------------------

  #newSession(engine: OfferedEngine): ShellSession {
    const { allow = [], set = [] } = this.#flags;
    return new ShellSession({
      engine,
      seed: this.#seed,
      settings: set,
      allow,
      onPrint: (text) => this.#channel.write(`${text}\n`),
      onEvent: (event) => this.#notify(eventText(event)),
      onDiagnostics: (diagnostics, source) => writeFindings([{ source, diagnostics }], this.#channel),
    });
  }

  /** Tells of what happened by itself; what a statement does is told by the statement. */
  #notify(text: string | null): void {
    if (text !== null) this.#channel.write(`${this.#channel.palette.dim(text)}\n`);
  }

  #complain(message: string, hintText?: string): void {
    const { palette } = this.#channel;
    const more = hintText === undefined ? '' : `\n  ${palette.accent('= hint:')} ${hintText}`;
    this.#channel.write(`${palette.error('error:')} ${message}${more}\n`);
  }

  #hostOf(): ShellHost {
    const shell = this;
    return {
      get session() {
        return shell.#session;
      },
      output: { ...this.#output, stdout: this.#channel, stderr: this.#channel },
      palette: this.#channel.palette,
      say: (text) => this.#channel.write(`${text}\n`),
      complain: (message, hintText) => this.#complain(message, hintText),
      enter: (name, text, settings) => this.#enter(name, text, settings),
      restart: async (engine) => {
        await this.#session.close();
        this.#session = this.#newSession(engine);
        const refused = await this.#session.open();
        if (refused !== null) this.#complain(refused.message, refused.hint ?? undefined);
      },
      timed: false,
      leave: () => this.#server.close(),
      stopped: () => this.#stop.signal,
    };
  }

  #defineCommands(): void {
    const commands = this.#server.commands as Record<string, unknown>;
    for (const name of Object.keys(commands)) delete commands[name];
    for (const { name, help } of shellCommands) {
      this.#server.defineCommand(name, {
        help,
        action: (words) => {
          this.#remember(`.${name} ${words}`.trimEnd());
          this.#later(
            () => this.#command(name, words),
            () => this.#server.displayPrompt(),
          );
        },
      });
    }
  }
}

const commandNames = new Set(shellCommands.map(({ name }) => name));
const commandWords = shellCommands.map(({ name, help }) => ({ label: `.${name}`, help }));
