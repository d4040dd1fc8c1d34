// SPDX-License-Identifier: Apache-2.0

import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { commandWords, pktsh, withFiles } from './pktsh.ts';

const test = suite('diff');

const before = `lab { veth tx0 <-> rx0 }
frame f = eth() / ipv4() / udp() / pktgen
scenario "one" {
  add_device tx0 on cpu 0 { frame f; rate 1kpps }
  start
  wait 1s
  stop
}
`;
const after = before
  .replace('rate 1kpps', 'rate 2kpps; burst 4')
  .replace('wait 1s', 'wait 2s # longer')
  .replace('  stop\n', '');
const files = {
  'a.pg': before,
  'b.pg': after,
  'c.pg': before.replaceAll('\n', '\n\n'),
  'wrong.pg': 'rem_device nowhere\n',
};

const wanted = `scenario "one"
~ device tx0  @@ -4 +4 @@
    rate: 1kpps -> 2kpps
    + burst 4
~ timeline wait  @@ -6 +6 @@
    - wait 1s
    + wait 2s
- timeline stop  @@ -7 @@
`;

test('shows what differs, with exit status 1', async () => {
  await withFiles(files, async (cwd) => {
    assert.equal(await pktsh(['diff', 'a.pg', 'b.pg'], { cwd }), { status: 1, stdout: wanted, stderr: '' });
    const coloured = await pktsh(['diff', '--color', 'a.pg', 'b.pg'], { cwd });
    assert.match(coloured.stdout, '\x1b[32m+ burst 4\x1b[39m');
  });
});

test('the layout is no difference', async () => {
  await withFiles(files, async (cwd) => {
    assert.equal(await pktsh(['diff', 'a.pg', 'c.pg'], { cwd }), { status: 0, stdout: '', stderr: '' });
    assert.is((await pktsh(['diff', 'a.pg', '-'], { cwd, stdin: before })).status, 0);
  });
});

test('--json prints a document', async () => {
  await withFiles(files, async (cwd) => {
    const done = await pktsh(['diff', '--json', 'a.pg', 'b.pg'], { cwd });
    assert.is(done.status, 1);
    const { changes, ...rest } = JSON.parse(done.stdout);
    assert.equal(rest, { schema: 'pktsh.difference/1', exit: 1, before: 'a.pg', after: 'b.pg' });
    assert.equal(changes[0], {
      section: 'device',
      scenario: 'one',
      change: 'changed',
      name: 'tx0',
      before: { text: 'add_device tx0 on cpu 0 { frame f; rate 1kpps }', line: 4 },
      after: { text: 'add_device tx0 on cpu 0 { frame f; rate 2kpps; burst 4 }', line: 4 },
      details: [
        { name: 'rate', before: '1kpps', after: '2kpps' },
        { name: 'burst', before: null, after: '4' },
      ],
    });
    const same = await pktsh(['diff', '--json', 'a.pg', 'c.pg'], { cwd });
    assert.equal([same.status, JSON.parse(same.stdout).changes], [0, []]);
  });
});

test('what is wrong has exit status 2', async () => {
  await withFiles(files, async (cwd) => {
    const wrong = await pktsh(['diff', '--json', 'a.pg', 'wrong.pg'], { cwd });
    assert.is(wrong.status, 2);
    assert.match(wrong.stderr, 'wrong.pg:1:12');
    assert.is(JSON.parse(wrong.stdout).schema, 'pktsh.diagnostics/1');
    const missing = await pktsh(['diff', 'a.pg', 'missing.pg'], { cwd });
    assert.is(missing.status, 2);
    assert.match(missing.stderr, 'cannot read missing.pg: no such file');
    const twice = await pktsh(['diff', '-', '-'], { cwd, stdin: before });
    assert.equal([twice.status, twice.stderr], [2, 'pktsh: `-` is standard input, which can be read once\n']);
    const one = await pktsh(['diff', 'a.pg'], { cwd });
    assert.is(one.status, 2);
    assert.match(one.stderr, 'two versions are compared');
  });
});

/** A repository with a.pg as it was and, not committed, as it is now. */
async function inRepository(use: (cwd: string, git: (...words: string[]) => string) => Promise<void>): Promise<void> {
  await withFiles({ 'a.pg': before }, async (cwd) => {
    // Nothing of the machine's own configuration may have a part in it.
    const env = {
      ...process.env,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CEILING_DIRECTORIES: cwd,
    };
    const git = (...words: string[]) =>
      execFileSync('git', words, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    git('init', '--quiet');
    git('add', '.');
    git('-c', 'user.name=test', '-c', 'user.email=test@example.org', 'commit', '--quiet', '-m', 'before');
    writeFileSync(join(cwd, 'a.pg'), after);
    await use(cwd, git);
  });
}

test('revisions are read from git, and never as options or by a shell', async () => {
  await inRepository(async (cwd) => {
    assert.equal(await pktsh(['diff', 'HEAD:a.pg', 'a.pg'], { cwd }), { status: 1, stdout: wanted, stderr: '' });
    for (const [word, problem] of [
      ['HEAD:missing.pg', /cannot read HEAD:missing\.pg: .*missing\.pg/],
      ['HEAD:a.pg; touch x', /cannot read HEAD:a\.pg; touch x: /],
      ['--output=x:y', /cannot read --output=x:y: /],
      ['HEAD:', /cannot read HEAD:: it is a directory\n/],
      ['HEAD', /cannot read HEAD: no such file\n {2}= hint: `HEAD:a\.pg` is a file of that revision\n/],
      ['nothing', /cannot read nothing: no such file\n$/],
    ] as const) {
      const done = await pktsh(['diff', '--', word, 'a.pg'], { cwd });
      assert.is(done.status, 2);
      assert.match(done.stderr, problem);
    }
  });
});

const imported = `~ timeline let  @@ -1 +1 @@
    - let port = 9
    + let port = 10
~ timeline let  @@ -2 +2 @@
    - let load = 1kpps
    + let load = 2kpps
`;

test('what a revision imports is read from that revision', async () => {
  await inRepository(async (cwd, git) => {
    const commit = (message: string) => {
      git('add', '.');
      git('-c', 'user.name=test', '-c', 'user.email=test@example.org', 'commit', '--quiet', '-m', message);
    };
    const main = `import "./lib/frames.pg" as lib
lab { veth tx0 <-> rx0 }
add_device tx0 on cpu 0 { frame lib.probe; rate lib.load }
start
wait 1s
stop
`;
    const library = (load: string) => `import "deeper/fields.pg" as fields
let load = ${load}
frame probe = eth() / ipv4() / udp(dst: fields.port) / pktgen
`;
    mkdirSync(join(cwd, 'sub/lib/deeper'), { recursive: true });
    const write = (name: string, text: string) => writeFileSync(join(cwd, 'sub', name), text);
    write('main.pg', main);
    write('lib/frames.pg', library('1kpps'));
    write('lib/deeper/fields.pg', 'let port = 9\n');
    commit('one');
    write('lib/frames.pg', library('2kpps'));
    write('lib/deeper/fields.pg', 'let port = 10\n');
    commit('two');
    // The work tree has neither of them.
    write('lib/frames.pg', 'this is no program\n');
    for (const [words, from] of [
      [['HEAD~1:sub/main.pg', 'HEAD:sub/main.pg'], cwd],
      [['HEAD~1:./main.pg', 'HEAD:./main.pg'], join(cwd, 'sub')],
    ] as const) {
      const done = await pktsh(['diff', ...words], { cwd: from });
      assert.equal([done.status, done.stderr], [1, '']);
      assert.is(done.stdout, imported);
      assert.is((await pktsh(['diff', words[0], words[0]], { cwd: from })).status, 0);
    }
    const broken = await pktsh(['diff', 'HEAD:sub/main.pg', 'sub/main.pg'], { cwd });
    assert.is(broken.status, 2);
    assert.match(broken.stderr, 'sub/lib/frames.pg:1:1');
    const lost = await pktsh(['diff', 'HEAD~2:a.pg', 'HEAD:sub/none.pg'], { cwd });
    assert.is(lost.status, 2);
  });
});

test('between two revisions of an example: a changed rate, an added device, and nothing for the layout', async () => {
  const example = readFileSync(new URL('../../examples/quickstart.pg', import.meta.url), 'utf8');
  assert.match(example, 'rate 100kpps');
  const changed = example
    .replace('rate 100kpps', 'rate 250kpps')
    .replace(/^start$/m, 'add_device tx0@1 on cpu 1 { frame probe; rate 10kpps }\nstart');
  await inRepository(async (cwd, git) => {
    const commit = (text: string) => {
      writeFileSync(join(cwd, 'example.pg'), text);
      git('add', '.');
      git('-c', 'user.name=test', '-c', 'user.email=test@example.org', 'commit', '--quiet', '-m', 'next');
    };
    commit(example);
    commit(changed);
    commit(changed.replace(/^(?=\w)/gm, '    ').replaceAll(', ', ',   '));
    const done = await pktsh(['diff', 'HEAD~2:example.pg', 'HEAD~1:example.pg'], { cwd });
    assert.is(done.status, 1);
    const golden = fileURLToPath(new URL('../scenarios/example.diff', import.meta.url));
    if (process.env.PKTSH_WRITE_GOLDEN === '1') writeFileSync(golden, done.stdout);
    assert.fixture(done.stdout, readFileSync(golden, 'utf8'));
    const layout = await pktsh(['diff', 'HEAD~1:example.pg', 'HEAD:example.pg'], { cwd });
    assert.equal(layout, { status: 0, stdout: '', stderr: '' });
  });
});

test('two lines of set-up make `git diff` show it', async () => {
  await inRepository(async (cwd, git) => {
    const program = join(cwd, 'pktsh');
    writeFileSync(
      program,
      `#!/bin/sh\nexec ${commandWords()
        .map((word) => `'${word}'`)
        .join(' ')} "$@"\n`,
    );
    chmodSync(program, 0o755);
    writeFileSync(join(cwd, '.gitattributes'), '*.pg diff=pktsh\n');
    git('config', 'diff.pktsh.command', `'${program}' diff --git --`);
    assert.is(git('diff', 'a.pg'), `a.pg\n${wanted}`);

    writeFileSync(join(cwd, 'a.pg'), files['c.pg']);
    assert.is(git('diff', 'a.pg'), 'a.pg: only the layout differs\n');
    writeFileSync(join(cwd, 'a.pg'), `${before}let = 1\n`);
    assert.match(git('diff', 'a.pg'), /^--- a\.pg\n\+\+\+ a\.pg\n@@ -6,3 \+6,4 @@\n(?: .*\n)+\+let = 1\n$/);
    writeFileSync(join(cwd, 'new.pg'), 'start\n');
    git('add', '--intent-to-add', 'new.pg');
    assert.is(git('diff', 'new.pg'), 'new.pg\n+ timeline start  @@ +1 @@\n');
    writeFileSync(join(cwd, 'new.pg'), '');
    assert.is(git('diff', 'new.pg'), 'new.pg: added\n');
    git('rm', '--quiet', '--cached', 'new.pg');

    writeFileSync(join(cwd, 'a.pg'), before);
    chmodSync(join(cwd, 'a.pg'), 0o755);
    assert.is(git('diff', 'a.pg'), 'a.pg (mode 100644 -> 100755): the text is the same\n');
    git('mv', '-f', 'a.pg', 'other.pg');
    assert.is(git('diff', '-M', '--cached'), 'a.pg -> other.pg: the text is the same\n');
    writeFileSync(join(cwd, 'other.pg'), after);
    assert.is(git('diff', '-M', 'HEAD'), `a.pg -> other.pg (mode 100644 -> 100755)\n${wanted}`);
    writeFileSync(join(cwd, 'other.pg'), `${before}let = 1\n`);
    assert.match(
      git('diff', '-M', 'HEAD'),
      /^a\.pg -> other\.pg \(mode 100644 -> 100755\)\n--- a\.pg\n\+\+\+ other\.pg\n@@/,
    );
  });
});

test.run();
