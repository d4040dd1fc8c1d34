// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FrameValue } from '../../lang/known-values.ts';
import { enter, openSession } from '../../lang/session.ts';
import { dryRunEngine } from '../../runtime/engines/dry-run.ts';
import { frameView } from '../../runtime/report/frame-view.ts';
import { OpenScenario } from '../../runtime/scenario/open-scenario.ts';

const test = suite('frame view');

async function frameOf(text: string): Promise<FrameValue> {
  const engine = dryRunEngine();
  const session = openSession('shell');
  const silent = { seed: 1n, allow: [], onPrint: () => {}, onEvent: () => {}, onDiagnostic: () => {} };
  const open = new OpenScenario(engine, session.source, silent);
  const { addition, source } = enter(session, 'entry', `frame f = ${text}`);
  if (addition === null) throw new Error(`mistakes in ${text}`);
  await open.enter(addition, source);
  const value = open.state.root.lookup('1:f');
  await open.close();
  await engine.close();
  if (value.type !== 'frame') throw new Error('no frame');
  return value;
}

const plain = (text: string) => text;
const view = async (text: string) => frameView(await frameOf(text), 200, plain);
const changes = async (text: string) => {
  const lines = await view(text);
  return lines.slice(lines.findIndex((line) => line.startsWith('changes')) + 1);
};

test('layers, bytes with marks below those that change, and the next values', async () => {
  const lines = await view(
    'eth(dst: 02:00:00:00:00:01) / ipv4(src: 10.0.0.1, dst: 10.0.0.2..10.0.0.4) / udp(src: random(1024..65535)) / pktgen',
  );
  assert.match(lines.join('\n'), /^ipv4 .*dst 10\.0\.0\.2\.\.10\.0\.0\.4/m);
  const dump = lines.findIndex((line) => line.startsWith('0010'));
  const marks = lines[dump + 1] ?? '';
  // The header's checksum at 24, the destination at 30.
  const bytes = [...marks.matchAll(/\^\^/g)].map(({ index }) => {
    const column = index - 6;
    return 16 + (column < 24 ? column / 3 : (column - 1) / 3);
  });
  assert.equal(bytes, [24, 25, 30, 31]);
  assert.match(
    lines.join('\n'),
    /^ipv4\.dst +steps 10\.0\.0\.2\.\.10\.0\.0\.4 +10\.0\.0\.2, 10\.0\.0\.3, 10\.0\.0\.4, 10\.0\.0\.2, …$/m,
  );
  assert.match(lines.join('\n'), /^udp\.src +drawn from 1024\.\.65535 +-$/m);
  assert.match(lines.join('\n'), /^pktgen +counts packets, tells the time +1, 2, 3, 4, …$/m);
});

const rows: readonly (readonly [string, RegExp])[] = [
  [
    'ipv4(dst: [10.0.0.9, 10.0.0.1]) / udp()',
    /^ipv4\.dst +2 in turn +10\.0\.0\.9, 10\.0\.0\.1, 10\.0\.0\.9, 10\.0\.0\.1, …$/m,
  ],
  ['ipv4() / udp(dst: 5..9 step 2)', /^udp\.dst +steps 5\.\.9 +5, 7, 9, 5, …$/m],
  ['ipv4(src: random([10.0.0.9, 10.0.0.1])) / udp()', /^ipv4\.src +drawn from 2 +-$/m],
];
for (const [text, expected] of rows) {
  test(text, async () => {
    assert.match((await changes(`eth(dst: 02:00:00:00:00:01) / ${text}`)).join('\n'), expected);
  });
}

test('a frame in which nothing changes has no marks', async () => {
  const lines = await view('eth(dst: 02:00:00:00:00:01) / ipv4() / udp()');
  assert.not.match(lines.join('\n'), /\^|changes/);
});

test.run();
