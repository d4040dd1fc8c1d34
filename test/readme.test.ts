// SPDX-License-Identifier: Apache-2.0
//
// Every command that the documents show is run, and what they show of its output must be what it prints. Figures are
// masked; a line of `…` stands for any lines.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addon, namespaces, root, testWith } from './requirements.ts';

const test = suite('documents');

interface Shown {
  readonly command: string;
  readonly output: readonly string[];
}

/** The commands of a document's `console` blocks, each with the lines shown after it. */
function shownIn(text: string): Shown[] {
  return [...text.matchAll(/^```console\n(.*?)^```/gms)].flatMap(([, block]) => {
    const shown: { command: string; output: string[] }[] = [];
    for (const line of (block as string).trimEnd().split('\n')) {
      if (line.startsWith('$ ')) shown.push({ command: line.slice(2), output: [] });
      else shown.at(-1)?.output.push(line);
    }
    return shown;
  });
}

/** Names of the files that a document defines: a `pg` block whose first line is `# NAME.pg`. */
function filesIn(text: string): [string, string][] {
  return [...text.matchAll(/^```pg\n(# (\S+\.pg)\n.*?)^```/gms)].map(([, body, name]) => [
    name as string,
    body as string,
  ]);
}

/** Figures vary from run to run, and with them the width of columns. */
function mask(line: string): string {
  return line
    .replace(/0x[0-9a-f]+/g, '#')
    .replace(/[\d_]+([.,][\d_]+)*/g, '#')
    .replace(/# ?(ns|us|ms|s|min|h|pps|kpps|Mpps|%)(?!\w)/g, '#')
    .replace(/[-─═]+/g, '-')
    .replace(/\s+/g, ' ')
    .trim();
}

function assertShown(shown: readonly string[], printed: readonly string[], command: string): void {
  const wanted = shown.map(mask);
  const found = printed.map(mask).filter((line, i, all) => line !== '' || all[i - 1] !== '');
  let at = 0;
  let skipping = false;
  for (const line of wanted.filter((text) => text !== '')) {
    if (line === '…') {
      skipping = true;
      continue;
    }
    const from = at;
    while (at < found.length && found[at] !== line && (skipping || found[at] === '')) at++;
    assert.ok(found[at] === line, `${command}\nshown:   ${line}\nprinted: ${found.slice(from).join('\n         ')}`);
    at++;
    skipping = false;
  }
  if (!skipping)
    assert.equal(
      found.slice(at).filter((line) => line !== ''),
      [],
      `${command} prints more than is shown`,
    );
}

for (const document of ['README.md', 'grammar.md']) {
  const text = readFileSync(join(root, document), 'utf8');
  const shown = shownIn(text);
  test(`${document} shows commands`, () => assert.ok(document !== 'README.md' || shown.length >= 5));
  for (const { command, output } of shown) {
    testWith(test, [addon, namespaces], `${document}: ${command}`, () => {
      const folder = mkdtempSync(join(tmpdir(), 'pktsh-readme-'));
      try {
        symlinkSync(join(root, 'examples'), join(folder, 'examples'));
        for (const [name, body] of filesIn(text)) writeFileSync(join(folder, name), body);
        const script = command.replace(/\b(npx )?pktsh\b(?!\.)/g, `${process.execPath} ${join(root, 'dist/pktsh.js')}`);
        const inCheckout = command.startsWith('npm ');
        const done = spawnSync('sh', ['-c', `${inCheckout ? command : script} 2>&1`], {
          cwd: inCheckout ? root : folder,
          encoding: 'utf8',
          env: { ...process.env, NO_COLOR: '1', COLUMNS: '80' },
        });
        // npm's own banner of the script that it runs is not the program's output.
        const printed = done.stdout.split('\n').filter((line) => !/^> /.test(line));
        assertShown(output, printed, command);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
}

test.run();
