// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../lang/index.ts';
import { SourceFile } from '../../lang/source.ts';
import { dryRunEngine } from '../../runtime/engines/dry-run.ts';
import { readImport } from '../../runtime/import-reader.ts';
import { run } from '../../runtime/run.ts';

const test = suite('imported files');
const folder = mkdtempSync(join(tmpdir(), 'pktsh-imports-'));
test.after(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

test('paths are relative to the file that they stand in', async () => {
  mkdirSync(join(folder, 'lib'));
  write('base.pg', 'let n = 4\n');
  write(
    'lib/more.pg',
    'import "../base.pg" as base\nlet shown = base.n + 1\nfn next() { shown = shown + 1; return shown / (7 - shown) }\n',
  );
  const text = 'import "./lib/more.pg" as more\nprint more.shown, more.next()\nprint more.next()\n';
  const { program, diagnostics } = compile(new SourceFile(join(folder, 'main.pg'), text), readImport);
  assert.equal(diagnostics, []);
  if (program === null) return;
  const prints: string[] = [];
  const engine = dryRunEngine();
  const results = await run(program, engine, {
    params: new Map(),
    seed: 1n,
    lab: false,
    maxDuration: null,
    allow: [],
    signal: new AbortController().signal,
    onPrint: (line) => prints.push(line),
    onProgress: () => {},
    onDiagnostic: () => {},
  });
  await engine.close();
  assert.equal(prints, ['5 6']);
  const { failure } = results.scenarios[0] ?? {};
  assert.equal([failure?.code, failure?.file, failure?.span?.line], ['PG2301', join(folder, 'lib/more.pg'), 3]);
});

/** What cannot be imported, and the reason. */
const refused: readonly (readonly [string, () => string, string])[] = [
  ['a file that is not there', () => './none.pg', 'no such file'],
  ['a folder', () => '.', 'it is no file'],
  ['a device that never ends', () => '/dev/zero', 'it is no file'],
  ['what is not UTF-8', () => write('latin1.pg', Uint8Array.of(0x23, 0xe4, 0x0a)), 'it is not UTF-8'],
];
for (const [name, path, reason] of refused) {
  test(`refuses ${name}`, () => assert.equal(readImport(path(), join(folder, 'main.pg')), { ok: false, reason }));
}

test.run();
