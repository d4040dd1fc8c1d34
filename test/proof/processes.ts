// SPDX-License-Identifier: Apache-2.0

import { type ChildProcess, spawn } from 'node:child_process';

export interface Finished {
  /** null where a signal ended it. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
  readonly seconds: number;
}

const running = new Set<ChildProcess>();

/** Ends what runs, with everything that it started, when this process is told to end; then `cleanup`. */
export function endWithUs(cleanup: () => void): void {
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.on(signal, () => {
      for (const child of running) endGroup(child);
      cleanup();
      process.exit(status);
    });
  }
}

// A session of one's own is a process group with the child's id; where there is none, no group has that id.
function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    child.kill('SIGKILL');
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Runs a program and keeps what it prints, standard output and error together, in order of arrival; `line` sees it as it
 * comes. What takes longer than `limit` seconds is killed: `signal` is then SIGKILL. It has a session of its own, so that
 * all that it starts ends with it; with `ours` it stays in ours, and must start nothing. Programs that compete for CPUs
 * belong in one session: Linux schedules sessions as groups (autogroup), and 6.18 leaves threads of one waiting for up to a
 * minute where several compete ("sched/fair: Fix zero_vruntime tracking" mends it).
 */
export function run(
  command: readonly [string, ...string[]],
  options: {
    readonly cwd: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly limit: number;
    readonly ours?: boolean;
    readonly line?: (text: string) => void;
  },
): Promise<Finished> {
  const began = process.hrtime.bigint();
  const [program, ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: options.ours !== true,
    });
    running.add(child);
    const timer = setTimeout(() => endGroup(child), options.limit * 1000);
    let output = '';
    let rest = '';
    const hear = (chunk: string) => {
      output += chunk;
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const text of lines) options.line?.(text);
    };
    child.stdout.setEncoding('utf8').on('data', hear);
    child.stderr.setEncoding('utf8').on('data', hear);
    child.on('error', reject);
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      running.delete(child);
      if (rest !== '') options.line?.(rest);
      resolve({ status, signal, output, seconds: Number(process.hrtime.bigint() - began) / 1e9 });
    });
  });
}

/** What the sanitizers are told, as the tests of the native core are. */
export const sanitizers = {
  TSAN_OPTIONS: 'halt_on_error=1 history_size=7',
  ASAN_OPTIONS: 'detect_leaks=1',
  // glibc fills freed memory, so that the plain build notices what it reads there
  MALLOC_PERTURB_: '219',
} as const;
