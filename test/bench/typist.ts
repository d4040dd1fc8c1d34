// SPDX-License-Identifier: Apache-2.0

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { stripVTControlCharacters } from 'node:util';

/** What takes longer hangs. */
const deadlineMs = 60_000;

/** A program that writes nothing for so long is done. */
const restMs = 100;

/** Somebody who types into a program on a terminal, and looks at the clock. */
export interface Typist {
  /** Milliseconds from the program's start to its first prompt. */
  readonly started: number;
  /** Types keys; gives the milliseconds until what the program wrote since matches. */
  readonly type: (keys: string, shown: RegExp) => Promise<number>;
  /** Types keys, and waits until nothing is written any more. */
  readonly rest: (keys: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/**
 * Starts a program on a pseudo-terminal (util-linux's `script`), up to its first prompt.
 *
 * @throws Error where the program does not show it within a minute
 */
export async function openTypist(words: readonly string[], prompt: RegExp): Promise<Typist> {
  const command = `stty cols 120 rows 40; exec env PKTSH_HISTORY= NODE_REPL_HISTORY= ${words.map(quoted).join(' ')}`;
  const began = performance.now();
  const child: ChildProcess = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'] });
  let written = '';
  let look = (): void => {};
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    written += text;
    look();
  });
  const until = (shown: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        child.kill();
        reject(new Error(`never came to ${shown}:\n${written}`));
      }, deadlineMs);
      look = () => {
        if (!shown.test(stripVTControlCharacters(written))) return;
        clearTimeout(late);
        look = () => {};
        resolve();
      };
      look();
    });
  await until(prompt);
  return {
    started: performance.now() - began,
    type: async (keys, shown) => {
      written = '';
      const typed = performance.now();
      child.stdin?.write(keys);
      await until(shown);
      return performance.now() - typed;
    },
    rest: async (keys) => {
      child.stdin?.write(keys);
      for (let before = ''; before !== written; ) {
        before = written;
        await new Promise((resolve) => setTimeout(resolve, restMs));
      }
    },
    close: async () => {
      const over = once(child, 'exit');
      child.kill();
      await over;
    },
  };
}
