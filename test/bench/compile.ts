// SPDX-License-Identifier: Apache-2.0
//
// compile.ts FILE: the milliseconds that the first compile of a process takes, text to program.

import { readFileSync } from 'node:fs';
import { compile, SourceFile } from '../../lang/index.ts';

const [, , file = ''] = process.argv;
const source = new SourceFile(file, readFileSync(file, 'utf8'));
const began = performance.now();
const { program } = compile(source);
const took = performance.now() - began;
if (program === null) throw new Error(`${file} has mistakes`);
console.log(took);
