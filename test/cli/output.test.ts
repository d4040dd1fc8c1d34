// SPDX-License-Identifier: Apache-2.0
//
// What becomes of a command whose words nobody takes: a pipe that is closed, a disk that is full.

import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Given, pktsh, sources, start } from './pktsh.ts';

const test = suite('output');

/** Runs a command line whose stdout nobody reads. */
async function unread(args: readonly string[], given: Given = {}): Promise<{ status: number | null; stderr: string }> {
  const child = start(join(sources, 'cli.ts'), args, given);
  // Long before node has come so far as to write.
  child.stdout?.destroy();
  const status = new Promise<number | null>((settle) => child.once('close', settle));
  return { stderr: await textOf(child.stderr as NodeJS.ReadableStream), status: await status };
}

const printing: readonly (readonly string[])[] = [
  ['--help'],
  ['run', '--help'],
  ['help', 'run'],
  ['--version'],
  ['completion', 'bash'],
  ['man'],
  ['fmt', '-'],
  ['diff', 'examples/quickstart.pg', '-'],
];

for (const words of printing) {
  test(`\`pktsh ${words.join(' ')}\` is silent on a closed pipe, and says when the disk is full`, async () => {
    const given = { stdin: 'print 1\n' };
    const { status, stderr } = await unread(words, given);
    assert.is(stderr, '');
    assert.is(status, words[0] === 'diff' ? 1 : 0);
    const full = await pktsh(words, { ...given, stdout: '/dev/full' });
    assert.is(full.stderr, 'pktsh: cannot write to standard output: no space is left\n');
    assert.is(full.status, 4);
  });
}

test.run();
