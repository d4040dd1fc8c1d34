// SPDX-License-Identifier: Apache-2.0
//
// The sessions that the README shows are typed into a shell, and what they show must be what stands on the screen, figures
// masked.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addon, namespaces, root, testWith, tool } from '../requirements.ts';
import { withTerminal } from './terminal.ts';

const test = suite('tour of the shell');

const prompt = /^(?:pktsh [^>\n]*>|\.\.\.) ?/;

/** Figures vary from run to run, and with them the width of columns and bars. */
function mask(line: string): string {
  return line
    .replace(/[\d_]+([.,][\d_]+)*/g, '#')
    .replace(/# ?(ns|us|ms|s|pps|kpps|Mpps|%)(?!\w)/g, '#')
    .replace(/\s+/g, ' ')
    .trim();
}

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const sessions = [...readme.matchAll(/^```text\n(pktsh native> .*?)^```/gms)].map(([, block]) => block as string);

test('the README shows sessions', () => assert.ok(sessions.length > 0));

for (const [index, session] of sessions.entries()) {
  testWith(test, [tool('tmux'), addon, namespaces], `session ${index + 1} of the README`, () =>
    withTerminal({ columns: 120, rows: 100, args: [] }, async ({ type, press, until, screen }) => {
      const shown = session.trimEnd().split('\n');
      for (const line of shown.filter((one) => prompt.test(one))) {
        const statement = line.replace(prompt, '');
        type(statement);
        await until((text) => text.trimEnd().endsWith(statement));
        const before = screen().trimEnd();
        press('Enter');
        // A prompt below the line, whatever stands between.
        await until((text) => text.trimEnd() !== before && prompt.test(text.trimEnd().split('\n').at(-1) ?? ''));
      }
      const [, ...lines] = screen().trimEnd().split('\n');
      assert.equal(lines.slice(0, -1).map(mask), shown.map(mask));
    }),
  );
}

test.run();
