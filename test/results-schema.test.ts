// SPDX-License-Identifier: Apache-2.0
//
// The published schema of the results document and the documents themselves agree, in both directions: every field that a
// document has is in the schema, and every field that the schema asks for is there.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addon, cpus, namespaces, type Requirement, root, testWith } from './requirements.ts';

const test = suite('results schema');

/** The schema with every object closed, so that a field which it does not know is an error. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).map(([key, value]) => [key, closed(value)] as const);
  const copy: Record<string, unknown> = Object.fromEntries(entries);
  return copy.type === 'object' && copy.properties !== undefined ? { ...copy, additionalProperties: false } : copy;
}

const published = JSON.parse(readFileSync(join(root, 'runtime/report/results.schema.json'), 'utf8'));
const validate = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true }).compile(
  closed(published) as object,
);

function assertValid(args: readonly string[], input: string): void {
  const done = spawnSync(process.execPath, [join(root, 'dist/pktsh.js'), 'run', ...args, '--json'], {
    cwd: root,
    encoding: 'utf8',
    input,
  });
  const document: unknown = JSON.parse(done.stdout);
  assert.ok(validate(document), `${args.join(' ')}: ${JSON.stringify(validate.errors, null, 2)}`);
}

const everything = `
param load = 1kpps "asked"
lab { veth tx0 <-> rx0 }
receiver rx0
frame f = eth(dst: rx0.mac) / ipv4 / udp / pktgen
scenario "one" {
  add_device tx0@0 on cpu 0 { frame f; rate load }
  start
  at 10ms { set tx0@0 rate 2 * load }
  every 1ms { print "tick" }
  wait 50ms
  stop
  at 1h { print "never" }
  expect tx0@0.sent == 0 "fails"
  expect rx0.lost == 0
}
scenario "two" {
  add_device tx0@0 on cpu 0 { frame f }
  add_device tx0@0 on cpu 0 { frame f }
}
`;

const endings: readonly (readonly [string, readonly string[], string])[] = [
  ['expectations, warnings and a failed operation', ['-'], everything],
  ['a run cut short', ['-', '--max-duration', '20ms'], everything],
  ['the quickstart', ['examples/quickstart.pg'], ''],
];

const native: readonly Requirement[] = [addon, namespaces, cpus(2)];
for (const [title, args, input] of endings) {
  test(`dry: ${title}`, () => assertValid([...args, '--engine', 'dry-run'], input));
  testWith(test, native, `native: ${title}`, () => assertValid(args, input));
}

test('the schema tells a wrong document', () => {
  assert.not(validate({ schema: 'pktsh.results/1' }));
  assert.not(validate({}));
});

test.run();
