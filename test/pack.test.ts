// SPDX-License-Identifier: Apache-2.0
//
// What `npm pack` makes, installed into an empty folder by an ordinary user.

import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addon, namespaces, root, testWith } from './requirements.ts';

const test = suite('package');

/** Unpacked, without prebuilt binaries. */
const mostBytes = 5 * 1024 * 1024;

interface Packed {
  readonly filename: string;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

/** The numeric user and group "nobody", where tests run as root. */
const nobody = '65534';
const asOrdinaryUser: readonly string[] =
  process.getuid?.() === 0 ? ['/usr/bin/setpriv', '--reuid', nobody, '--regid', nobody, '--clear-groups'] : [];

const folder = mkdtempSync(join(tmpdir(), 'pktsh-pack-'));
const home = join(folder, 'home');
const empty = join(folder, 'empty');
let packed: Packed;

function run(words: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const [program = '', ...args] = [...asOrdinaryUser, ...words];
  const { npm_config_cache: _cache, ...outer } = process.env;
  const env = { ...outer, HOME: home, npm_config_registry: registry, npm_config_cache: join(home, 'cache'), ...more };
  return spawnSync(program, args, { cwd: empty, encoding: 'utf8', env, timeout: 300_000 });
}

const registry = spawnSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).stdout.trim();

test.before(() => {
  // The set-up has run before the tests; packing must not begin it again under their feet.
  const made = spawnSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
  });
  assert.is(made.status, 0, made.stderr);
  [packed] = JSON.parse(made.stdout) as [Packed];
  for (const path of [home, empty]) {
    mkdirSync(path);
    chmodSync(path, 0o777);
  }
  chmodSync(folder, 0o755);
  writeFileSync(join(empty, 'package.json'), '{ "private": true }\n');
  chmodSync(join(empty, 'package.json'), 0o666);
  // Without install scripts: compiling takes a minute, and has a test of its own below.
  const words = ['npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', join(folder, packed.filename)];
  const installed = run(words);
  assert.is(installed.status, 0, installed.stderr);
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

const npx = (...words: readonly string[]) => run(['npx', '--no-install', 'pktsh', ...words]);
const inside = (...path: readonly string[]) => join(empty, 'node_modules/pktsh', ...path);

test('it holds what is needed, no tests, and is small', () => {
  const paths = packed.files.map(({ path }) => path);
  assert.equal(
    paths.filter((path) => /(^|\/)tests?\/|\.test\.|^runtime\/|(^|\/)\.|^native\/build\//.test(path)),
    [],
  );
  for (const path of [
    'dist/pktsh.js',
    'dist/pktsh.1',
    'dist/THIRD-PARTY-LICENSES.txt',
    'native/src/addon.cc',
    'LICENSE',
  ]) {
    assert.ok(paths.includes(path), path);
  }
  assert.ok(packed.unpackedSize < mostBytes, `${packed.unpackedSize} bytes unpacked`);
  const licences = readFileSync(inside('dist/THIRD-PARTY-LICENSES.txt'), 'utf8');
  for (const name of ['chevrotain', 'commander', 'chalk', 'vscode-languageserver']) {
    assert.match(licences, new RegExp(`^${name} \\d`, 'm'));
  }
});

test('the commands work as an ordinary user, without the addon', () => {
  const example = inside('examples/quickstart.pg');
  const checked = npx('check', example);
  assert.is(checked.status, 0, checked.stderr);
  const ran = npx('run', example, '--engine', 'dry-run', '--json');
  assert.is(ran.status, 0, ran.stderr);
  assert.is((JSON.parse(ran.stdout) as { verdict: string }).verdict, 'passed');
  assert.match(npx('lsp', '--version').stdout, /^\d+\.\d+\.\d+\n$/);
});

test('without the addon a native run says what is missing, and nothing else fails', () => {
  const ran = npx('run', inside('examples/quickstart.pg'));
  assert.is(ran.status, 4);
  assert.match(ran.stderr, /the native addon is not built/);
});

test('without a compiler the install script says so in one line and succeeds', () => {
  const bare = join(folder, 'bin');
  mkdirSync(bare);
  const done = run([process.execPath, inside('native/build.mjs')], { PATH: `${bare}` });
  assert.is(done.status, 0, done.stderr);
  assert.match(done.stderr, /^pktsh: the senders are not built: g\+\+ is missing\. .*`npm rebuild pktsh`\.\n$/);
});

test('the install script keeps what V8 compiled, which starts no command wrong where it is not its own', () => {
  const kept = inside('dist/cli.cache');
  // Made by the test above.
  assert.ok(statSync(kept).size > 100_000);
  const whole = readFileSync(kept);
  const others = [
    Buffer.from('no code'),
    whole.subarray(0, 5000),
    Buffer.concat([Buffer.alloc(16), whole.subarray(16)]),
  ];
  for (const cache of [whole, ...others]) {
    writeFileSync(kept, cache);
    const checked = npx('check', inside('examples/quickstart.pg'));
    assert.is(checked.stderr, '1 file, 0 errors, 0 warnings\n');
    assert.is(checked.status, 0);
  }
});

testWith(test, [addon, namespaces], 'with the addon it sends', () => {
  // What the install script compiles from the same sources.
  cpSync(join(root, 'native/build/Release'), inside('native/build/Release'), {
    recursive: true,
    filter: (path) => !path.includes('obj'),
  });
  const ran = npx('run', inside('examples/quickstart.pg'), '--json');
  assert.is(ran.status, 0, ran.stderr);
  const { engine } = JSON.parse(ran.stdout) as { engine: unknown };
  assert.match(JSON.stringify(engine), /native/);
});

test.run();
