// SPDX-License-Identifier: Apache-2.0

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const root = resolve(import.meta.dirname, '..');
const test = suite('architecture');

/** Files under a folder of the checkout whose names end so, as paths from its root. */
function files(folder: string, ending: RegExp): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'build' ? [] : files(path, ending);
    return ending.test(entry.name) ? [path] : [];
  });
}

/** What a file imports, type-only imports too: [module specifier, path from the root for relative ones]. */
function imports(file: string): [string, string | null][] {
  const text = readFileSync(join(root, file), 'utf8');
  const statements = /^(?:import|export)\b[^;'`]*?\bfrom\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm;
  const found = [...text.matchAll(statements)].map((match) => (match[1] ?? match[2] ?? match[3]) as string);
  return found.map((specifier) => [
    specifier,
    specifier.startsWith('.') ? relative(root, resolve(root, dirname(file), specifier)) : null,
  ]);
}

test('lang is pure: it imports nothing but itself and chevrotain', () => {
  const wrong = files('lang', /\.ts$/).flatMap((file) =>
    imports(file)
      .filter(([specifier, path]) => (path === null ? specifier !== 'chevrotain' : !path.startsWith('lang/')))
      .map(([specifier]) => `${file} imports ${specifier}`),
  );
  assert.equal(wrong, []);
});

test('only the native engine imports native', () => {
  const allowed = ['runtime/engines/native.ts', 'runtime/engines/native-device.ts', 'runtime/engines/native-probe.ts'];
  const wrong = files('runtime', /\.ts$/)
    .filter((file) => !allowed.includes(file))
    .filter((file) => imports(file).some(([, path]) => path?.startsWith('native/')));
  assert.equal(wrong, []);
});

test('native knows nothing of the language or the runtime', () => {
  const wrong = files('native', /\.ts$/).flatMap((file) =>
    imports(file)
      .filter(([specifier, path]) => path !== null || !specifier.startsWith('node:'))
      .map(([specifier]) => `${file} imports ${specifier}`),
  );
  assert.equal(wrong, []);
});

test('Node-API stays in the addon files', () => {
  const wrong = files('native/src', /\.(cc|h)$/)
    .filter((file) => !/\/addon[^/]*$/.test(file))
    .filter((file) =>
      /#include <(napi|node_api|js_native_api|uv)\.h>|\bNapi::|\bnapi_/.test(readFileSync(join(root, file), 'utf8')),
    );
  assert.equal(wrong, []);
});

test('no standalone fences: thread sanitizers do not see them', () => {
  const wrong = files('native/src', /\.(cc|h)$/).filter((file) =>
    /atomic_thread_fence|atomic_signal_fence|__sync_synchronize/.test(readFileSync(join(root, file), 'utf8')),
  );
  assert.equal(wrong, []);
});

test('source files stay below 600 lines', () => {
  const sources = ['lang', 'runtime', 'native'].flatMap((folder) => files(folder, /\.(ts|cc|h)$/));
  const long = sources.filter((file) => readFileSync(join(root, file), 'utf8').split('\n').length > 600);
  assert.ok(sources.length > 20, 'the search found the sources');
  assert.equal(long, []);
});

test('every source file names its licence', () => {
  const sources = ['lang', 'runtime', 'native', 'test'].flatMap((folder) => files(folder, /\.(ts|cc|h)$/));
  const bare = sources.filter(
    (file) => !readFileSync(join(root, file), 'utf8').slice(0, 200).includes('SPDX-License-Identifier: Apache-2.0'),
  );
  assert.equal(bare, []);
});

test('every test file runs its tests', () => {
  const silent = files('test', /\.test\.ts$/).filter(
    (file) => !/\.run\(\)/.test(readFileSync(join(root, file), 'utf8')),
  );
  assert.equal(silent, []);
});

test('the top level holds what was agreed', () => {
  const agreed = new Set(
    'lang runtime native examples test package.json package-lock.json tsconfig.json biome.json grammar.md README.md CHANGELOG.md LICENSE'.split(
      ' ',
    ),
  );
  const built = new Set(['node_modules', 'dist', 'coverage']);
  const other = readdirSync(root).filter((name) => !name.startsWith('.') && !agreed.has(name) && !built.has(name));
  assert.equal(other, []);
  assert.ok(statSync(join(root, 'LICENSE')).size > 10_000);
});

test.run();
