// SPDX-License-Identifier: Apache-2.0

import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../lang/compiler.ts';
import { format } from '../../lang/format/formatter.ts';
import { SourceFile } from '../../lang/source.ts';
import { addon, namespaces, testWith, tool } from '../requirements.ts';
import { withTerminal } from './terminal.ts';

const test = suite('shell');
const inTerminal = (name: string, run: () => Promise<void>) => testWith(test, [tool('tmux')], name, run);

const lab = ['lab { veth tx0 <-> rx0 }', 'receiver rx0', 'frame probe = eth() / ipv4() / udp() / pktgen'];
const device = 'add_device tx0@0 on cpu 0 { frame probe; rate 1kpps }';

inTerminal('statements are carried out one by one, and the prompt tells engine, lab and what runs', () =>
  withTerminal({}, async ({ enter, press, status }) => {
    assert.match(await enter('let x = 5'), /^pktsh dry-run> ?$/m);
    assert.match(await enter('print x * 2, 10ms'), /^10 10ms$/m);
    for (const text of [...lab, device]) await enter(text);
    assert.match(await enter('start'), /^pktsh dry-run lab 1 running> ?$/m);
    assert.match(await enter('wait 500ms; print tx0@0.sent'), /^500$/m);
    assert.match(await enter('stop'), /^pktsh dry-run lab> ?$/m);
    assert.match(await enter('expect rx0.lost == 0'), /^passed rx0\.lost == 0$/m);
    assert.match(await enter('expect rx0.received == 1'), /^failed rx0\.received == 1: rx0\.received is 500$/m);
    press('C-d');
    assert.is(await status(), 0);
  }),
);

inTerminal('a statement goes on as long as its parse is incomplete', () =>
  withTerminal({}, async ({ type, press, until, enter }) => {
    type('for i in 0..1 {');
    press('Enter');
    await until(/^\.\.\. ?$/m);
    type(`print "round \${i}"`);
    press('Enter');
    type('}');
    press('Enter');
    await until(/^round 0\nround 1\npktsh dry-run> ?$/m);
    assert.match(await enter('print [1,\n2]'), /^\[1, 2\]$/m);
  }),
);

inTerminal('a pasted block runs line by line, in order', () =>
  withTerminal({}, async ({ enter }) => {
    const screen = await enter('let a = 1\nlet b = a + 1\n\nprint a, b # a comment\nprint "done"');
    assert.match(screen, /^1 2$/m);
    assert.match(screen, /^done$/m);
  }),
);

inTerminal('mistakes are told with their place, and nothing is left of them', () =>
  withTerminal({}, async ({ enter }) => {
    assert.match(await enter('prnt 5'), /did you mean `print`/);
    assert.match(await enter('let load = 5 + 1s'), /^error\[PG/m);
    assert.match(await enter('print load'), /there is no `load`/);
    assert.match(await enter('wait 5'), /`5ms` or `5s`/);
  }),
);

inTerminal('Tab completes words, and a second Tab lists them with their help', () =>
  withTerminal({}, async ({ type, press, until, enter }) => {
    type('clear_');
    press('Tab');
    await until(/> clear_counters/);
    press('C-c');
    for (const text of [...lab, device]) await enter(text);
    type('print tx0@0.gap.');
    press('Tab');
    press('Tab');
    const screen = await until(/^max {2,}time between packets, longest/m);
    assert.match(screen, /^p99 {2,}time between packets/m);
    press('C-c');
    type('set tx0@0 { ra');
    press('Tab');
    await until(/set tx0@0 \{ rate/);
    press('Tab');
    await until(/ratep +\S/);
    press('C-c');
    type('rem_device t');
    press('Tab');
    await until(/rem_device tx0@0/);
  }),
);

inTerminal('the next argument is hinted at, and the hint is gone when the line ends', () =>
  withTerminal({}, async ({ type, press, until }) => {
    type('frame f = eth() / udp(');
    await until(/udp\( {2}src: 16 bits/);
    type('src: 5, ');
    await until(/udp\(src: 5, {3}dst: 16 bits/);
    type(') / pktgen');
    press('Enter');
    const screen = await until(/pktgen\n/);
    assert.not.match(screen, /16 bits/);
    type('wait until 1 == 1 timeout 1s; frame g = eth() / udp(');
    await until(/udp\( {2}src: 16 bits/);
    press('C-c');
    await until(/udp\(\npktsh/);
  }),
);

inTerminal('Ctrl-C drops what is typed, stops what is carried out, and never ends the shell', () =>
  withTerminal({}, async ({ type, press, until, enter }) => {
    type('print "half a li');
    press('C-c');
    await until(/half a li\npktsh dry-run> ?$/m);
    type('for i in 0..1 {');
    press('Enter');
    await until(/^\.\.\. ?$/m);
    press('C-c');
    await until((screen) => /pktsh dry-run> ?$/.test(screen.trimEnd()));
    press('C-c');
    await until(/Ctrl-D or \.exit leaves/);
    type('while true { wait 1s }');
    press('Enter');
    // The line went away with its prompt; what runs has none.
    await until((screen) => screen.trimEnd().endsWith('wait 1s }'));
    press('C-c');
    await until(/^interrupted$/m);
    assert.match(await enter('print "alive"'), /^alive$/m);
  }),
);

inTerminal('Ctrl-D with running devices asks once', () =>
  withTerminal({}, async ({ press, until, enter, status }) => {
    for (const text of [...lab, device, 'start']) await enter(text);
    press('C-d');
    await until(/1 device is running: Ctrl-D again stops and leaves/);
    press('C-d');
    assert.is(await status(), 0);
  }),
);

inTerminal('history lasts from session to session, one entry a statement, and is its owner’s alone', () =>
  withTerminal({}, async ({ folder, type, press, until }) => {
    type(`for i in 0..1 { # twice\rprint "\${i}x"\r}\r`);
    await until(/^1x$/m);
    press('C-d');
    await until(/exit status 0/);
    const file = join(folder, 'history');
    assert.is(readFileSync(file, 'utf8'), `for i in 0..1 { print "\${i}x" }\n`);
    assert.is(statSync(file).mode & 0o777, 0o600);
    await withTerminal({ folder }, async (second) => {
      second.press('Up');
      await second.until(/> for i in 0\.\.1 \{ print "\$\{i\}x" \}/);
      second.press('Enter');
      await second.until(/^1x$/m);
    });
  }),
);

inTerminal('.save writes the state as a formatted scenario, and .load takes one in', () =>
  withTerminal({}, async ({ folder, enter, press, until }) => {
    for (const text of [...lab, device]) await enter(text);
    await enter('let load = 2kpps');
    await enter('load = 3kpps');
    await enter('let load2 = 1kpps; let load2 = 4kpps');
    await enter('set tx0@0 { rate load; pkt_size 100B }');
    await enter('add_device "tx0@b" on cpu 1 { frame probe; count 5; flag !SHARED }');
    await enter('rem_device tx0@b');
    assert.match(await enter('.save state'), /^wrote state\.pg$/m);
    const text = readFileSync(join(folder, 'state.pg'), 'utf8');
    assert.is(
      text,
      [
        ...lab.slice(0, 1),
        'receiver rx0',
        'frame probe = eth() / ipv4() / udp() / pktgen',
        'let load = 3kpps',
        '',
        'add_device tx0@0 on cpu 0 {',
        '  frame probe',
        '  rate 3kpps',
        '  pkt_size 100B',
        '}',
        '',
      ].join('\n'),
    );
    const source = new SourceFile('state.pg', text);
    assert.is(format(source).text, text);
    assert.equal(compile(source).diagnostics, []);
    press('C-d');
    await until(/exit status 0/);
    await withTerminal({ folder }, async (second) => {
      await second.enter('.load state.pg');
      assert.match(await second.enter('show devices'), /^tx0@0 +0 +stopped/m);
    });
  }),
);

inTerminal('.save keeps the jobs that can begin anew, and says which cannot', () =>
  withTerminal({}, async ({ folder, enter }) => {
    await enter('let n = 0');
    await enter('let mon = every 100ms { n = n + 1 }');
    await enter('every 1s {\nprint n # how far\n}');
    await enter('let mon = 5');
    await enter('at 5s { print "five" }');
    await enter('spawn { wait 10s; print "late" }');
    await enter('for i in 1..1 { every 50ms { n = n + i } }');
    assert.match(await enter('.jobs'), /^ +\d+ +every 1s \{ print n \}$/m);
    const screen = await enter('.save state');
    assert.match(screen, /^left out: spawn \{ wait 10s; print "late" \} \(it had begun\)$/m);
    assert.match(screen, /^left out: every 50ms \{ n = n \+ i \} \(registered by a loop or a function\)$/m);
    const text = readFileSync(join(folder, 'state.pg'), 'utf8');
    assert.is(
      text,
      [
        'let n = 0',
        'let mon = 5',
        '',
        'every 100ms { n = n + 1 }',
        'every 1s {',
        '  print n # how far',
        '}',
        'at 5s { print "five" }',
        '',
        '# left out: spawn { wait 10s; print "late" } (it had begun)',
        '# left out: every 50ms { n = n + i } (registered by a loop or a function)',
        '',
      ].join('\n'),
    );
    assert.is(format(new SourceFile('state.pg', text)).text, text);
  }),
);

inTerminal('what never came to be leaves no name behind', () =>
  withTerminal({ args: ['--engine', 'dry-run'] }, async ({ folder, enter }) => {
    await enter(lab[0] ?? '');
    await enter('let x = 1 / 0');
    assert.match(await enter('print x'), /there is no `x`/);
    await enter('.save state');
    assert.is(readFileSync(join(folder, 'state.pg'), 'utf8'), 'lab { veth tx0 <-> rx0 }\n');
  }),
);

inTerminal('parameters take their values from --set, and from .load', () =>
  withTerminal({ args: ['--engine', 'dry-run', '--set', 'load=7kpps', '--set', 'unused=1'] }, async (terminal) => {
    const { folder, enter } = terminal;
    writeFileSync(join(folder, 'soak.pg'), 'param load = 1kpps "offered"\nparam n: number\nprint load, n\n');
    assert.match(await enter('param load = 2kpps "typed"; print load'), /^7kpps$/m);
    assert.match(await enter('.load soak.pg'), /parameter `n` needs a value(.|\n)*\.load FILE n=/);
    assert.match(await enter('.load soak.pg n=3'), /^7kpps 3$/m);
    assert.match(await enter('.load soak.pg n=4 load=9kpps'), /^9kpps 4$/m);
    assert.match(await enter('.load soak.pg n=5s'), /^error\[PG7004\]/m);
    assert.match(await enter('.load soak.pg laod=5kpps n=1'), /did you mean `load`/);
    await enter('.save state');
    const text = readFileSync(join(folder, 'state.pg'), 'utf8');
    assert.is(text, 'param load = 9kpps "offered"\nparam n: number = 4\n');
  }),
);

inTerminal('a history that cannot be kept is told of once', () =>
  withTerminal({ env: { PKTSH_HISTORY: '/proc/pktsh/history' } }, async ({ enter }) => {
    await enter('print 1');
    const screen = await enter('print 2');
    assert.is(screen.match(/^warning: history is not kept: \/proc\/pktsh\/history: no such file$/gm)?.length, 1);
  }),
);

inTerminal('.help tells what the reference tells', () =>
  withTerminal({}, async ({ enter }) => {
    assert.match(await enter('.help'), /^\.save FILE +writes the session as a scenario$/m);
    assert.match(await enter('.help rate'), /packets or bits a second/);
    assert.match(await enter('help burst'), /burst/);
    assert.match(await enter('.help raet'), /did you mean `rate`/);
  }),
);

inTerminal('what jobs print stands above the line that is being typed', () =>
  withTerminal({ args: ['--lab'], env: {} }, async ({ type, until, enter, press }) => {
    await enter('let n = 0');
    await enter(`let e = every 50ms { n = n + 1; if n <= 3 { print "tick \${n}" } }`);
    type('print "typ');
    const screen = await until(/tick 3\n[^\n]*print "typ/);
    assert.match(screen, /tick 1\n(.*\n)*tick 2\n(.*\n)*tick 3\n/);
    type('ed"');
    press('Enter');
    await until(/^typed$/m);
    assert.match(await enter('.jobs'), /every/);
    await enter('cancel e');
    assert.match(await enter('.jobs'), /no job is at work/);
  }),
);

inTerminal('a narrow terminal, another width while typing, and wide characters', () =>
  withTerminal({ columns: 30 }, async ({ type, until, resize, press }) => {
    type('print "a rather long line of text, ünï — 数据"');
    await until(/数据/);
    resize(90, 40);
    press('Enter');
    await until(/^a rather long line of text, ünï — 数据$/m);
  }),
);

for (const [name, env] of [
  ['NO_COLOR', { NO_COLOR: '1' }],
  ['a dumb terminal', { TERM: 'dumb' }],
] as const) {
  inTerminal(`${name} gets no colours`, () =>
    withTerminal({ env }, async ({ type, until, screen }) => {
      type('print "text", 10ms');
      await until(/10ms/);
      assert.not.match(screen(true), '\u001b[');
    }),
  );
}

inTerminal('keywords, literals and strings have colours as they are typed', () =>
  withTerminal({}, async ({ type, until, screen }) => {
    type('print "text", 10ms');
    await until(/10ms/);
    const coloured = screen(true);
    assert.match(coloured, '\u001b[1mprint');
    assert.match(coloured, '\u001b[32m"text"');
    assert.match(coloured, '\u001b[36m10ms');
  }),
);

testWith(
  test,
  [tool('tmux'), addon, namespaces],
  'packets are sent in a lab that was opened in the middle of a session',
  () =>
    withTerminal({ args: [] }, async ({ enter, until, type, press, status }) => {
      for (const text of [...lab, device]) await enter(text);
      assert.match(await enter('start'), /^pktsh native lab 1 running> ?$/m);
      await enter('wait until tx0@0.sent >= 100 timeout 10s');
      type('wait 60s');
      press('Enter');
      await until((screen) => screen.trimEnd().endsWith('wait 60s'));
      press('C-c');
      await until(/^interrupted$/m);
      await enter('stop');
      assert.match(await enter('expect rx0.received == tx0@0.sent'), /^passed /m);
      press('C-d');
      assert.is(await status(), 0);
    }),
);

inTerminal('show tells of frames, of the session as a program, and of the run', () =>
  withTerminal({ columns: 160, rows: 60 }, async ({ enter }) => {
    await enter(lab[0] ?? '');
    await enter('frame probe = eth() / ipv4(dst: 10.0.0.2..10.0.0.4) / udp() / pktgen');
    const screen = await enter('show frame probe');
    assert.match(screen, /^ipv4 +.*dst 10\.0\.0\.2\.\.10\.0\.0\.4/m);
    assert.match(screen, /^ +\^\^ \^\^/m);
    assert.match(screen, /^ipv4\.dst +steps 10\.0\.0\.2\.\.10\.0\.0\.4 +10\.0\.0\.2, 10\.0\.0\.3/m);
    assert.match(await enter('show frames'), /^probe +eth \/ ipv4 \/ udp \/ pktgen$/m);
    assert.match(await enter('show frame prob'), /there is no frame `prob`/);
    assert.match(await enter('show program'), /^lab \{ veth tx0 <-> rx0 \}\nframe probe/m);
    assert.match(await enter('show pgctrl'), /^run +idle$/m);
  }),
);

inTerminal('a terminal that becomes narrower while a view is drawn keeps one view, folded', () =>
  withTerminal({ columns: 100 }, async ({ enter, type, press, until, resize }) => {
    for (const text of [...lab, device, 'start']) await enter(text);
    type('watch show devices');
    press('Enter');
    await until(/^device +CPU .* errors +late +skipped$/m);
    resize(50, 40);
    const narrow = await until(/^device +CPU[^\n]*\n[^\n]*running[^\n]*\ndevice +[^\n]*skipped\ntx0@0/m);
    assert.is(narrow.match(/^device +CPU/gm)?.length, 1);
    resize(100, 40);
    const wide = await until(/^device +CPU .* errors +late +skipped$/m);
    assert.is(wide.match(/^device +CPU/gm)?.length, 1);
    press('C-c');
    await until(/running> ?$/m);
  }),
);

inTerminal('watch and plot are drawn in place until Ctrl-C; hist is drawn once', () =>
  withTerminal({}, async ({ enter, type, press, until }) => {
    for (const text of [...lab, device, 'start']) await enter(text);
    type('watch show devices');
    press('Enter');
    const sent = (screen: string): readonly number[] =>
      [...screen.matchAll(/^tx0@0 +0 +running +packet +([\d,]+)/gm)].map(([, one]) => Number(one?.replace(',', '')));
    await until((screen) => (sent(screen)[0] ?? 0) >= 500);
    const screen = await until((one) => (sent(one)[0] ?? 0) >= 1000);
    assert.is(sent(screen).length, 1);
    press('C-c');
    await until((one) => /1 running> ?$/.test(one.trimEnd()));
    type('plot tx0@0.pps');
    press('Enter');
    await until(/^█{3,}$/m);
    assert.match(await until(/^now 1kpps, least 1kpps, most 1kpps$/m), /^tx0@0\.pps$/m);
    press('C-c');
    await until((one) => /1 running> ?$/.test(one.trimEnd()));
    assert.match(await enter('hist rx0.latency'), /^p50 0 ns, p99 0 ns, p99\.9 0 ns, max 0 ns$/m);
    assert.match(await enter('hist rx0.nothing'), /there is no histogram `rx0\.nothing`/);
    assert.match(await enter('plot "text"'), /is no figure that can be drawn/);
  }),
);

testWith(
  test,
  [tool('tmux'), addon, namespaces],
  'what happens by itself stands above the line that is being typed',
  () =>
    withTerminal({ args: ['--lab'] }, async ({ enter, until, type, press }) => {
      await until(/^pktsh native lab> ?$/m);
      for (const text of lab.slice(1)) await enter(text);
      await enter('add_device tx0@0 on cpu 0 { frame probe; rate 1kpps; count 1000 }');
      await enter('start');
      type('print "typ');
      const screen = await until(/tx0@0 has stopped: 1,000 sent, 0 errors\npktsh native lab> print "typ$/m);
      assert.not.match(screen, /typ\n.*has stopped/);
      type('ed"');
      press('Enter');
      await until(/^typed$/m);
      assert.match(await enter('link rx0 down'), /^rx0 is down$/m);
    }),
);

testWith(test, [tool('tmux'), addon], 'an interface that there is not', () =>
  withTerminal({ args: [] }, async ({ enter }) => {
    const screen = await enter('add_device nope0 on cpu 0 { dst_mac 02:00:00:00:00:01 }');
    assert.match(screen, /there is no interface `nope0` \(ENODEV\)/);
    assert.match(screen, /there are .*\blo\b/);
  }),
);

testWith(test, [tool('tmux'), addon, namespaces], 'the shell is there while senders run flat out on every CPU', () =>
  withTerminal({ args: ['--lab'] }, async ({ enter, until, press }) => {
    await until(/^pktsh native lab> ?$/m);
    for (const text of lab.slice(1)) await enter(text);
    for (let cpu = 0; cpu < availableParallelism(); cpu++) {
      await enter(`add_device tx0@${cpu} on cpu ${cpu} { frame probe }`);
    }
    await enter('start');
    for (let round = 0; round < 5; round++) {
      assert.match(await enter(`print "round ${round}"`), new RegExp(`^round ${round}$`, 'm'));
    }
    press('C-d');
    await until(/are running: Ctrl-D again|is running: Ctrl-D again/);
    press('C-d');
    await until(/exit status 0/);
  }),
);

inTerminal('what a job expects is told when it first holds and when it first fails', () =>
  withTerminal({}, async ({ enter }) => {
    await enter('let n = 0');
    await enter('let e = every 100ms { n = n + 1; expect n < 3 }');
    assert.match(await enter('wait 150ms'), /^passed n < 3$/m);
    assert.match(await enter('wait 500ms'), /^failed n < 3: n is 3$/m);
    const screen = await enter('wait 500ms');
    assert.is(screen.match(/^(passed|failed)/gm)?.length, 2);
  }),
);

for (const how of ['SIGTERM', 'the terminal goes away'] as const) {
  testWith(test, [tool('tmux'), addon, namespaces], `${how}: the shell ends, and its senders with it`, () =>
    withTerminal({ args: ['--lab'] }, async ({ enter, until, pid, hangUp }) => {
      await until(/^pktsh native lab> ?$/m);
      for (const text of [...lab.slice(1), device, 'start']) await enter(text);
      const shell = pid();
      if (how === 'SIGTERM') process.kill(shell, how);
      else hangUp();
      const deadline = performance.now() + 20_000;
      while (existsSync(`/proc/${shell}`)) {
        if (performance.now() > deadline) throw new Error(`the shell's process ${shell} is still there`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      if (how === 'SIGTERM') await until(/exit status 130/);
    }),
  );
}

test.run();
