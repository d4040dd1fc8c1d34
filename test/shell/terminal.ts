// SPDX-License-Identifier: Apache-2.0

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandWords } from '../cli/pktsh.ts';

/** Far above what a keystroke needs, since the machine may be slow. */
const deadlineMs = 20_000;
const pollMs = 30;

export interface Terminal {
  /** A folder of the test's own, where the shell works and keeps its history. */
  readonly folder: string;
  /** Types text as it is. */
  readonly type: (text: string) => void;
  /** Presses a key by tmux's name: `Enter`, `Tab`, `C-c`, `Up`. */
  readonly press: (...keys: readonly string[]) => void;
  /** The screen once it satisfies; throws with the screen if it never does. */
  readonly until: (what: RegExp | ((screen: string) => boolean)) => Promise<string>;
  /** Types a statement and waits until a prompt stands below what it wrote. */
  readonly enter: (statement: string) => Promise<string>;
  readonly screen: (escapes?: boolean) => string;
  readonly resize: (columns: number, rows: number) => void;
  /** The shell's process. */
  readonly pid: () => number;
  /** Takes the terminal away, as when its window is closed. */
  readonly hangUp: () => void;
  /** The status that the shell exited with, once it did. */
  readonly status: () => Promise<number>;
}

export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Words behind `pktsh`; the dry engine unless given. */
  readonly args?: readonly string[];
  /** Used again, with what the shell before left in it. */
  readonly folder?: string;
}

const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
let terminals = 0;

/** Opens the shell in a terminal emulator (tmux) of its own server, runs the test's body, and ends both. */
export async function withTerminal(
  { columns = 100, rows = 40, env = {}, args = ['--engine', 'dry-run'], folder: given }: TerminalOptions,
  body: (terminal: Terminal) => Promise<void>,
): Promise<void> {
  const folder = given ?? mkdtempSync(join(tmpdir(), 'pktsh-shell-'));
  const server = `pktsh-test-${process.pid}-${++terminals}`;
  const tmux = (...words: readonly string[]): string =>
    execFileSync('tmux', ['-L', server, '-f', '/dev/null', ...words], {
      encoding: 'utf8',
      stdio: 'pipe',
      // The terminal's own shell only starts ours, and a service's user may have none that would.
      env: { ...process.env, TMUX: '', SHELL: '/bin/sh' },
    });
  const variables = { PKTSH_HISTORY: join(folder, 'history'), ...env };
  const settings = Object.entries(variables).map(([name, value]) => `${name}=${quoted(value)}`);
  const command = [...commandWords(), ...args].map(quoted).join(' ');
  const line = `cd ${quoted(folder)}; env -u FORCE_COLOR -u NO_COLOR ${settings.join(' ')} ${command}; echo "exit status $?"; exec sleep 60`;
  tmux('new-session', '-d', '-x', String(columns), '-y', String(rows), `exec sh -c ${quoted(line)}`);
  const screen = (escapes = false): string => tmux('capture-pane', '-p', ...(escapes ? ['-e'] : []), '-t', '0');
  const until = async (what: RegExp | ((screen: string) => boolean)): Promise<string> => {
    const holds = typeof what === 'function' ? what : (text: string) => what.test(text);
    const deadline = performance.now() + deadlineMs;
    for (;;) {
      const text = screen();
      if (holds(text)) return text;
      if (performance.now() > deadline) throw new Error(`the screen never came to ${what}:\n${text}`);
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  };
  const type = (text: string): void => void tmux('send-keys', '-t', '0', '-l', '--', text);
  const press = (...keys: readonly string[]): void => void tmux('send-keys', '-t', '0', ...keys);
  const terminal: Terminal = {
    folder,
    type,
    press,
    until,
    screen,
    enter: async (statement) => {
      const marked = statement.split('\n').at(-1) ?? '';
      type(statement.replaceAll('\n', '\r'));
      await until((text) => text.trimEnd().endsWith(marked.trimEnd()));
      press('Enter');
      return until((text) => /(^|\n)pktsh [^\n]*> ?$/.test(text.trimEnd()));
    },
    resize: (width, height) => void tmux('resize-window', '-t', '0', '-x', String(width), '-y', String(height)),
    pid: () => {
      const outer = tmux('list-panes', '-F', '#{pane_pid}').trim();
      return Number(readFileSync(`/proc/${outer}/task/${outer}/children`, 'utf8').trim().split(' ')[0]);
    },
    hangUp: () => void tmux('kill-server'),
    status: async () => Number(/exit status (\d+)/.exec(await until(/exit status \d+/))?.[1]),
  };
  try {
    await until(/> ?$/m);
    await body(terminal);
  } finally {
    try {
      tmux('kill-server');
    } catch {
      // A test may have hung up.
    }
    if (given === undefined) rmSync(folder, { recursive: true, force: true });
  }
}
