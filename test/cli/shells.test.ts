// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { testWith, tool } from '../requirements.ts';
import { pktsh, withFiles } from './pktsh.ts';

const test = suite('shells and the manual');

const script = async (...words: readonly string[]): Promise<string> => {
  const { status, stdout, stderr } = await pktsh(words);
  assert.is(status, 0, stderr);
  return stdout;
};

function run(program: string, args: readonly string[], input: string, cwd?: string): string {
  const done = spawnSync(program, args, { encoding: 'utf8', input, cwd, timeout: 60_000 });
  assert.is(done.stderr, '', done.stdout);
  assert.is(done.status, 0, done.stdout);
  return done.stdout;
}

const files = { 'soak.pg': '', 'notes.txt': '', 'lib/frames.pg': '' };
const typed: readonly (readonly [line: string, offered: readonly string[]])[] = [
  ['pktsh ch', ['check']],
  ['pktsh p', ['plan']],
  ['pktsh run so', ['soak.pg']],
  ['pktsh run no', []],
  ['pktsh check soak.pg so', ['soak.pg']],
  ['pktsh run --engine ', ['dry-run', 'native']],
  ['pktsh run --en', ['--engine']],
  ['pktsh fmt --c', ['--check', '--color']],
  ['pktsh completion ', ['bash', 'fish', 'zsh']],
  ['pktsh help do', ['doctor']],
  ['pktsh run --seed ', []],
];

testWith(test, [tool('bash')], 'bash completes commands, files, options and their words', async () => {
  const completion = await script('completion', 'bash');
  await withFiles({ 'soak.pg': files['soak.pg'], 'notes.txt': files['notes.txt'] }, async (folder) => {
    for (const [line, offered] of typed) {
      const words = line.split(' ').map((word) => `'${word}'`);
      const ask = `COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _pktsh; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const found = run('bash', ['--norc', '-s'], `${completion}\n${ask}\n`, folder)
        .split('\n')
        .filter((word) => word !== '');
      assert.equal(found.sort(), [...offered], line);
    }
  });
});

testWith(test, [tool('fish')], 'fish completes the same', async () => {
  const completion = await script('completion', 'fish');
  await withFiles({ 'soak.pg': '' }, async (folder) => {
    for (const [line, offered] of typed) {
      const found = run('fish', ['--no-config', '-c', `${completion}\ncomplete -C '${line}'`], '', folder)
        .split('\n')
        .map((row) => row.split('\t')[0] as string)
        .filter((word) => word !== '');
      for (const word of offered) assert.ok(found.includes(word), `${line}: ${found.join(' ')}`);
    }
  });
});

testWith(test, [tool('zsh')], 'zsh takes its script', async () => {
  const completion = await script('completion', 'zsh');
  run('zsh', ['-n'], completion);
  // Loaded for real: compinit knows the command then.
  const known = run('zsh', ['-f'], `autoload -U compinit; compinit -D -u\n${completion}\nprint $_comps[pktsh]\n`);
  assert.is(known.trim(), '_pktsh');
});

test('every command and option is in each script', async () => {
  const { stdout } = await pktsh(['--help']);
  const commands = [...stdout.matchAll(/^ {2}([a-z]+) /gm)].map((match) => match[1] as string);
  assert.ok(commands.includes('run') && commands.includes('lsp'), stdout);
  for (const shell of ['bash', 'zsh', 'fish']) {
    const text = await script('completion', shell);
    for (const word of [...commands, 'max-duration', 'dry-run']) assert.ok(text.includes(word), `${shell}: ${word}`);
  }
  const manual = (await script('man')).replaceAll('\\-', '-');
  for (const word of [...commands, '--max-duration', '--set <name=value>', '130'])
    assert.ok(manual.includes(word), word);
});

testWith(test, [tool('mandoc')], 'the manual is sound', async () => {
  await withFiles({ 'pktsh.1': await script('man') }, async (folder) => {
    assert.is(run('mandoc', ['-Tlint', '-W', 'warning', join(folder, 'pktsh.1')], ''), '');
    const shown = run('mandoc', ['-Tascii', join(folder, 'pktsh.1')], '').replace(/.[\b]/g, '');
    assert.match(shown, /pktsh run soak\.pg --set load=1Mpps/);
    assert.match(shown, /EXIT STATUS\s+0\s+all expectations held/);
  });
});

test.run();
