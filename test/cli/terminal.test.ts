// SPDX-License-Identifier: Apache-2.0

import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addon, testWith, tool } from '../requirements.ts';
import { type Finished, finish, onTerminal, sources } from './pktsh.ts';

const test = suite('terminal');

/** Long enough for the line to be drawn more than once on a slow machine; what is sent goes nowhere. */
const script = [
  'add_device lo on cpu 0 { driver null; rate 1kpps; frame eth(dst: 02:00:00:00:00:01) / ipv4 / udp / pktgen }',
  'start',
  'repeat 3 { wait 300ms; print "tick" }',
  'stop',
].join('; ');
const columns = 40;
const redraw = '\r\u001b[K';

async function onScreen(...flags: string[]): Promise<Finished> {
  return finish(onTerminal(columns, join(sources, 'cli.ts'), ['-e', script, '--no-color', ...flags]));
}

/** What stays on the screen: each line as its last redraw left it. */
function screen(output: string): readonly string[] {
  return output.split('\r\n').map((line) => line.split(redraw).at(-1) ?? '');
}

testWith(
  test,
  [addon, tool('script')],
  'a progress line is redrawn in place, cut to the width, and leaves nothing behind',
  async () => {
    const { status, stdout } = await onScreen();
    assert.is(status, 0, stdout);
    const drawn = stdout.split(redraw).map((part) => part.split('\r\n')[0] ?? '');
    const frames = drawn.filter((frame) => / sent \d/.test(frame));
    assert.ok(frames.length >= 1, stdout);
    assert.ok(frames.every((frame) => frame.length < columns));
    assert.equal(screen(stdout).slice(0, 3), ['tick', 'tick', 'tick']);
    assert.not.ok(screen(stdout).some((line) => frames.includes(line)));
    assert.match(stdout, /^passed: /m);
  },
);

testWith(test, [addon, tool('script')], 'there is no progress line under --quiet', async () => {
  const { status, stdout } = await onScreen('--quiet');
  assert.is(status, 0, stdout);
  assert.is(stdout, 'tick\r\ntick\r\ntick\r\n');
});

testWith(test, [tool('script')], 'a terminal gets colours', async () => {
  const failing = ['-e', 'expect 1 == 2', '--engine', 'dry-run'];
  const coloured = await finish(onTerminal(columns, join(sources, 'cli.ts'), failing));
  assert.match(coloured.stdout, '\u001b[');
  assert.match(stripVTControlCharacters(coloured.stdout), /^failed: 1 of 1 expectation failed/m);
});

test.run();
