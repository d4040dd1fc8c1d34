// SPDX-License-Identifier: Apache-2.0

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compile, renderAll, SourceFile } from '../../lang/index.ts';

const test = suite('errors');

/**
 * Every wrong program has the rendering that people see beside it. After a wanted change of words, run this file with
 * UPDATE_GOLDEN=1 and read the difference.
 */
const folder = fileURLToPath(new URL('../scenarios/errors', import.meta.url));
const update = process.env.UPDATE_GOLDEN === '1';

const programs = readdirSync(folder)
  .filter((name) => name.endsWith('.pg'))
  .sort();

for (const name of programs) {
  test(name, () => {
    const source = new SourceFile(name, readFileSync(join(folder, name), 'utf8'));
    const { program, diagnostics } = compile(source);
    assert.is(program, null, 'a wrong program compiles to nothing');
    assert.is(diagnostics.length, 1, 'one mistake, one diagnostic');
    const golden = join(folder, name.replace(/\.pg$/, '.err'));
    const rendered = `${renderAll(diagnostics, source)}\n`;
    if (update) writeFileSync(golden, rendered);
    assert.ok(existsSync(golden), `${golden} is missing`);
    assert.fixture(rendered, readFileSync(golden, 'utf8'));
  });
}

test('there are programs to test', () => assert.ok(programs.length >= 10));

test.run();
