// SPDX-License-Identifier: Apache-2.0

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compile, type ImportReader, renderAll, SourceFile } from '../../lang/index.ts';

const test = suite('errors');

/**
 * Every wrong program has the rendering that people see beside it. After a wanted change of words, run this file with
 * UPDATE_GOLDEN=1 and read the difference.
 */
const update = process.env.UPDATE_GOLDEN === '1';

/** The folders of wrong programs, how many mistakes each program of one makes, and how many programs there are at least. */
const folders = [
  { name: 'errors', mistakes: 1, least: 60 },
  { name: 'three', mistakes: 3, least: 20 },
] as const;

for (const { name: folder, mistakes, least } of folders) {
  const path = fileURLToPath(new URL(`../scenarios/${folder}`, import.meta.url));
  const programs = readdirSync(path)
    .filter((name) => name.endsWith('.pg'))
    .sort();
  const read: ImportReader = (name) => {
    const file = join(path, name);
    if (!existsSync(file)) return { ok: false, reason: 'no such file' };
    return { ok: true, name, text: readFileSync(file, 'utf8') };
  };

  for (const name of programs) {
    test(`${folder}/${name}`, () => {
      const main = new SourceFile(name, readFileSync(join(path, name), 'utf8'));
      const { program, diagnostics, source } = compile(main, read);
      const golden = join(path, name.replace(/\.pg$/, '.err'));
      const rendered = `${renderAll(diagnostics, source)}\n`;
      if (update) writeFileSync(golden, rendered);
      assert.is(program, null, 'a wrong program compiles to nothing');
      assert.is(diagnostics.length, mistakes, `one mistake, one diagnostic:\n${rendered}`);
      const starts = diagnostics.map(({ span }) => span.start);
      assert.equal(
        starts,
        [...starts].sort((a, b) => a - b),
        'in source order',
      );
      assert.ok(existsSync(golden), `${golden} is missing`);
      assert.fixture(rendered, readFileSync(golden, 'utf8'));
    });
  }

  test(`${folder}: there are programs to test`, () => assert.ok(programs.length >= least));
}

test.run();
