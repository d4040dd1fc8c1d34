// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { version } from '../../runtime/version.ts';
import { golden, pktsh, withFiles } from './pktsh.ts';

const soak = `param load = 100kpps "offered by the first sender"

lab { veth tx0 <-> rx0 }

receiver rx0

frame probe = eth(dst: rx0.mac) /
  ipv4(src: 10.0.0.1, dst: 10.0.0.2..10.0.0.9) /
  udp(src: random(1024..65535), dst: 9) /
  pktgen

scenario "removal under load" {
  for i in 0..1 {
    add_device "tx0@\${i}" on cpu 0 {
      frame probe
      pkt_size 60B
      rate load * (i + 1)
    }
  }
  start
  at 1s { rem_device tx0@0 }
  wait 2s
  stop
  print "sent", devices.sent
  expect tx0@1.achieved within 1% of tx0@1.asked "rate"
  expect rx0.lost == 0
}
`;

const failing = `lab { veth tx0 <-> rx0 }
receiver rx0
frame probe = eth(dst: rx0.mac) / ipv4(src: 10.0.0.1, dst: 10.0.0.2) / udp(src: 1024, dst: 9) / pktgen
add_device tx0 on cpu 0 { frame probe; count 100; rate 1kpps }
start
wait stopped timeout 1s
for n in [100, 99, 98] { expect rx0.received == n }
expect rx0.lost == 0 "nothing is lost"
`;

const files = {
  'soak.pg': soak,
  'failing.pg': failing,
  'print.pg': 'print 100kpps * 2s\n',
  'fails-on-the-way.pg': 'print "before"\nlet zero = len([]) \nprint 1 / zero\nprint "after"\n',
};
const dry = ['run', '--engine', 'dry-run', '--seed', '7'] as const;

const test = suite('run');

/** A document with what differs between machines taken out. */
function masked(stdout: string): string {
  const document = JSON.parse(stdout);
  assert.is(document.environment.pktsh, version);
  assert.is(document.environment.kernel, release());
  return `${JSON.stringify({ ...document, environment: {} }, null, 2)}\n`;
}

test('prints a summary', async () => {
  await withFiles(files, async (cwd) => {
    const done = await pktsh([...dry, 'soak.pg'], { cwd });
    assert.is(done.stderr, '');
    assert.is(done.status, 0);
    golden('summary-passed.txt', done.stdout);
  });
});

test('says which expectation failed, and what was found instead', async () => {
  await withFiles(files, async (cwd) => {
    const done = await pktsh([...dry, 'failing.pg'], { cwd });
    assert.is(done.status, 1);
    golden('summary-failed.txt', done.stdout);
  });
});

test('summaries fit into 80 columns', () => {
  for (const name of ['summary-passed.txt', 'summary-failed.txt']) {
    const long = readFileSync(join(import.meta.dirname, 'golden', name), 'utf8')
      .split('\n')
      .filter((line) => line.length > 80);
    assert.equal(long, []);
  }
});

test('an operation that fails ends the run with a diagnostic at its line, and with the results so far', async () => {
  await withFiles(files, async (cwd) => {
    const done = await pktsh([...dry, 'fails-on-the-way.pg'], { cwd });
    assert.is(done.status, 2);
    assert.match(done.stderr, /^error\[PG\d+\]: /);
    assert.match(done.stderr, '--> fails-on-the-way.pg:3:');
    assert.match(done.stdout, /^before\n/);
    assert.not.match(done.stdout, /^after$/m);
    assert.match(done.stdout, /^error: /m);
  });
});

test('under --json stdout is one document, and what is printed goes to stderr', async () => {
  await withFiles(files, async (cwd) => {
    const done = await pktsh([...dry, '--json', 'soak.pg'], { cwd });
    assert.is(done.status, 0);
    assert.match(done.stderr, /^sent \d+\n$/);
    golden('results.json', masked(done.stdout));
  });
});

test('the same seed gives the same document', async () => {
  await withFiles(files, async (cwd) => {
    const [one, other] = await Promise.all([1, 2].map(() => pktsh([...dry, '--json', 'soak.pg'], { cwd })));
    assert.is(masked(one?.stdout ?? ''), masked(other?.stdout ?? ''));
  });
});

test('without --seed a random one is taken and told', async () => {
  await withFiles(files, async (cwd) => {
    const seeds = await Promise.all(
      [1, 2].map(async () => {
        const done = await pktsh(['run', '--engine', 'dry-run', 'print.pg'], { cwd });
        return /^seed (\d+) /m.exec(done.stdout)?.[1];
      }),
    );
    assert.ok(seeds[0] !== undefined && seeds[1] !== undefined);
    assert.is.not(seeds[0], seeds[1]);
  });
});

test('seeds are decimal or hexadecimal', async () => {
  await withFiles(files, async (cwd) => {
    const done = await pktsh(['run', '--engine', 'dry-run', '--seed', '0xffff_ffff_ffff_ffff', '--json', 'print.pg'], {
      cwd,
    });
    assert.is(JSON.parse(done.stdout).seed, '18446744073709551615');
  });
});

test('--set gives a parameter its value', async () => {
  await withFiles(files, async (cwd) => {
    const done = await pktsh([...dry, '--json', '--set', 'load=1kpps', 'soak.pg'], { cwd });
    const [scenario] = JSON.parse(done.stdout).scenarios;
    assert.equal(
      scenario.devices.map((device: { sent: number }) => device.sent),
      [1000, 4000],
    );
  });
});

test('--report writes the document and the summary', async () => {
  await withFiles(files, async (cwd) => {
    const done = await pktsh([...dry, '--report', 'out/here', 'soak.pg'], { cwd });
    assert.is(done.status, 0);
    const document = JSON.parse(readFileSync(join(cwd, 'out/here/results.json'), 'utf8'));
    assert.is(document.schema, 'pktsh.results/1');
    assert.ok(done.stdout.endsWith(readFileSync(join(cwd, 'out/here/summary.txt'), 'utf8')));
  });
});

test('--quiet leaves only what the script prints', async () => {
  await withFiles(files, async (cwd) => {
    const passed = await pktsh([...dry, '--quiet', 'print.pg'], { cwd });
    assert.equal(passed, { status: 0, stdout: '200000\n', stderr: '' });
    const failed = await pktsh([...dry, '--quiet', 'failing.pg'], { cwd });
    assert.is(failed.stdout, '');
    assert.is(failed.stderr, 'pktsh: failed: 1 of 2 expectations failed\n');
    assert.is(failed.status, 1);
  });
});

const sources: readonly (readonly [string, readonly string[], string])[] = [
  ['-e', ['-e', 'print 1', '-e', 'print 2'], ''],
  ['piped input', [], 'print 1; print 2'],
  ['run -', ['run', '-'], 'print 1\nprint 2\n'],
  ['run with piped input', ['run'], 'print 1\r\nprint 2'],
  ['a path in the place of a command, as from #!', ['./two.pg'], ''],
];
for (const [name, args, stdin] of sources) {
  test(`takes a script from ${name}`, async () => {
    await withFiles({ 'two.pg': '#!/usr/bin/env pktsh\nprint 1\nprint 2\n' }, async (cwd) => {
      const done = await pktsh([...args, '--engine', 'dry-run', '--quiet'], { cwd, stdin });
      assert.equal(done, { status: 0, stdout: '1\n2\n', stderr: '' });
    });
  });
}

test('diagnostics name their source: -e and standard input', async () => {
  const [typed, piped] = await Promise.all([
    pktsh(['--engine', 'dry-run', '-e', 'print oops']),
    pktsh(['--engine', 'dry-run'], { stdin: 'print oops' }),
  ]);
  assert.match(typed.stderr, '--> -e:1:7');
  assert.match(piped.stderr, '--> <stdin>:1:7');
});

test('colours go where they are wanted, and nowhere else', async () => {
  await withFiles(files, async (cwd) => {
    const [plain, coloured, before, denied] = await Promise.all([
      pktsh([...dry, 'print.pg'], { cwd }),
      pktsh([...dry, '--color', 'print.pg'], { cwd }),
      pktsh(['--color', ...dry, 'print.pg'], { cwd }),
      pktsh([...dry, '--no-color', 'print.pg'], { cwd, env: { FORCE_COLOR: '1' } }),
    ]);
    assert.not.match(plain.stdout, '\u001b[');
    assert.match(coloured.stdout, '\u001b[');
    assert.is(before.stdout, coloured.stdout);
    assert.is(denied.stdout, plain.stdout);
  });
});

test('senders that cannot be loaded are exit status 4, with the mend; nothing else needs them', async () => {
  await withFiles({ ...files, 'broken.node': 'no addon' }, async (cwd) => {
    for (const addon of ['missing.node', 'broken.node']) {
      const env = { PKTSH_ADDON: join(cwd, addon) };
      const done = await pktsh(['run', 'print.pg'], { cwd, env });
      assert.is(done.status, 4);
      assert.match(done.stderr, /^pktsh: the native addon .*npm run setup/);
      const document = JSON.parse((await pktsh(['run', '--json', 'print.pg'], { cwd, env })).stdout);
      assert.is(document.verdict, 'unsuitable');
      assert.is((await pktsh(['doctor'], { cwd, env })).status, 4);
      assert.is((await pktsh([...dry, 'print.pg'], { cwd, env })).status, 0);
    }
  });
});

test('results that cannot be written are exit status 4', async () => {
  await withFiles(files, async (cwd) => {
    const done = await pktsh([...dry, 'print.pg'], { cwd, stdout: '/dev/full' });
    assert.is(done.stderr, 'pktsh: cannot write to standard output: no space is left\n');
    assert.is(done.status, 4);
  });
});

test('the version is the package’s', () => {
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
  assert.is(version, manifest.version);
});

test.run();
