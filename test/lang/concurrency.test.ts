// SPDX-License-Identifier: Apache-2.0

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compile, render, SourceFile } from '../../lang/index.ts';

const test = suite('concurrency');

const preamble = `lab { veth tx0 <-> rx0 }
receiver rx0
frame probe = eth() / ipv4(src: 10.0.0.1, dst: 10.0.0.2) / udp(src: 1024, dst: 9) / pktgen
param time = 1s
fn away() { rem_device tx0@0 }
fn quicker(d: device) { set d rate 2kpps }
fn churn(cpu: number) {
  let d = "tx0@\${cpu}"
  try {
    add_device d on cpu cpu { frame probe }
    start d
    set d rate 1kpps
    rem_device d
  } else { print error }
}
`;
const devices = `for i in 0..1 { add_device "tx0@\${i}" on cpu i { frame probe; rate 1kpps } }
`;

/** The warnings of a text behind the preamble: `CODE line the text under the carets`, lines counted in the text. */
function told(text: string): readonly string[] {
  const source = new SourceFile('test.pg', `${preamble}${devices}${text}\n`);
  const { program, diagnostics } = compile(source);
  assert.is.not(program, null, diagnostics.map((diagnostic) => render(diagnostic, source)).join('\n'));
  const before = `${preamble}${devices}`.split('\n').length - 1;
  return diagnostics.map(({ code, severity, span }) => {
    assert.is(severity, 'warning');
    return `${code} ${source.position(span.start).line - before} ${source.slice(span)}`;
  });
}

const quiet: readonly (readonly [string, string])[] = [
  ['a job that waits a constant time first', 'start\nspawn { wait 1s; rem_device tx0@0 }\nset tx0@0 rate 2kpps\nawait'],
  ['one job', 'start; wait 1s; set tx0@0 rate 2kpps; rem_device tx0@0'],
  ['jobs with different devices', 'start\nspawn { rem_device tx0@0 }\nset tx0@1 rate 2kpps'],
  ['a change before the job is registered', 'start\nset tx0@0 rate 2kpps\nspawn { rem_device tx0@0 }\nwait 1s'],
  [
    'a change behind `await` of the job',
    'start\nlet j = spawn { rem_device tx0@0 }\nawait j\nadd_device tx0@0 on cpu 0 { frame probe }',
  ],
  [
    'a change behind `await` of all',
    'start\nspawn { rem_device tx0@0 }\nawait\nadd_device tx0@0 on cpu 0 { frame probe }',
  ],
  [
    'a change behind `sync` of a removal',
    'start\nspawn { rem_device tx0@0 }\nsync\nadd_device tx0@0 on cpu 0 { frame probe }',
  ],
  [
    'a change behind `cancel`',
    'start\nlet j = every 100ms { set tx0@0 rate 2kpps }\nwait 1s\ncancel j\nset tx0@0 rate 3kpps',
  ],
  [
    '`at` blocks of different times',
    'start\nat 1s { set tx0@0 rate 2kpps }\nat 2s { rem_device tx0@0 }\nwait 3s\nstop',
  ],
  [
    '`at` blocks of one time, in order of registration',
    'start\nat 1s { set tx0@0 rate 2kpps }\nat 1s { rem_device tx0@0 }\nwait 3s\nstop',
  ],
  [
    'an `at` that waits and a later one',
    'start\nat 1s { wait 100ms; set tx0@0 rate 2kpps }\nat 2s { rem_device tx0@0 }\nwait 3s\nstop',
  ],
  [
    'an `at` and a change later by constant waits',
    'start\nat 1s { set tx0@0 rate 2kpps }\nwait 2s\nrem_device tx0@0\nwait 1s\nstop',
  ],
  ['an `at` and a change before any run', 'at 1s { set tx0@0 rate 2kpps }\nset tx0@0 rate 3kpps\nstart\nwait 2s\nstop'],
  [
    'a change behind the end of the run',
    'start\nat 1s { set tx0@0 rate 2kpps }\nwait time\nstop\nset tx0@0 rate 3kpps',
  ],
  [
    'a change behind `wait stopped`',
    'start\nat 1s { set tx0@0 rate 2kpps }\nwait stopped timeout 5s\nset tx0@0 rate 3kpps',
  ],
  [
    'an `at` in every round of a loop, and its run',
    'repeat 3 {\n  start\n  at 1s { set tx0@0 rate 2kpps }\n  wait 2s\n  stop\n  set tx0@0 rate 3kpps\n}',
  ],
  [
    'a job awaited by another',
    'start\nlet a = spawn { rem_device tx0@0 }\nspawn { await a; add_device tx0@0 on cpu 0 { frame probe } }\nawait',
  ],
  [
    'what may fail, inside `try`',
    'let tuner = every 1ms { try { set tx0@0 rate 2kpps } }\nstart\nwait time\nrem_device tx0@0\ncancel tuner',
  ],
  [
    'a change inside `try` against a change',
    'every 1ms { try { set tx0@0 rate 2kpps } }\nstart\nwait 1s\nset tx0@0 rate 3kpps',
  ],
  [
    '`rem_device_all` against what may fail inside `try`',
    'every 1ms { try { set tx0@0 rate 2kpps } }\nstart\nrem_device_all async\nsync timeout 1s',
  ],
  ['names that are not fixed', 'start\nfor c in 0..1 { spawn { churn(c) } }\nawait'],
  [
    '`start` and `stop` of everything',
    'start\nat 1s { set tx0@0 rate 2kpps }\nspawn { set tx0@1 rate 2kpps }\nwait 2s\nstop',
  ],
  ['figures of a device', 'start\nevery 100ms { print tx0@0.pps }\nwait 1s\nset tx0@0 rate 2kpps\nstop'],
  [
    'one device removed twice where both may be gone',
    'start\nspawn { try { rem_device tx0@0 } }\ntry { rem_device tx0@0 }',
  ],
  ['two `rem_device_all`', 'start\nspawn { rem_device_all }\nrem_device_all'],
];
for (const [name, text] of quiet) test(`does not warn: ${name}`, () => assert.equal(told(text), []));

const racing: readonly (readonly [string, string, ...string[]])[] = [
  [
    'a name added while a job removes it',
    'start\nspawn { rem_device tx0@0 }\nadd_device tx0@0 on cpu 0 { frame probe }',
    'PG4002 3 add_device tx0@0 on cpu 0 { frame probe }',
  ],
  [
    'a removal by another job',
    'start\nspawn { wait 1s; rem_device tx0@0 }\nwait time\nset tx0@0 rate 2kpps',
    'PG4002 4 set tx0@0 rate 2kpps',
  ],
  [
    'two values for one parameter',
    'start\nspawn { set tx0@0 rate 2kpps }\nset tx0@0 rate 3kpps',
    'PG4002 3 set tx0@0 rate 3kpps',
  ],
  [
    'two jobs',
    'start\nspawn { rem_device tx0@0 }\nspawn { set tx0@0 rate 3kpps }\nawait',
    'PG4002 3 set tx0@0 rate 3kpps',
  ],
  [
    '`every` against the body',
    'every 1ms { set tx0@0 rate 2kpps }\nstart\nrem_device tx0@0',
    'PG4002 3 rem_device tx0@0',
  ],
  [
    'an `at` against a wait that nobody knows',
    'start\nat 1s { rem_device tx0@0 }\nwait time\nset tx0@0 rate 2kpps\nwait 5s',
    'PG4002 4 set tx0@0 rate 2kpps',
  ],
  [
    'an `at` that waits into another',
    'start\nat 1s { wait time; rem_device tx0@0 }\nat 2s { set tx0@0 rate 2kpps }\nwait 5s',
    'PG4002 3 set tx0@0 rate 2kpps',
  ],
  ['a function that a job calls', 'start\nspawn { away() }\nset tx0@0 rate 2kpps', 'PG4002 3 set tx0@0 rate 2kpps'],
  ['a device that a function gets', 'start\nspawn { rem_device tx0@0 }\nquicker(tx0@0)', 'PG4002 -10 set d rate 2kpps'],
  [
    'a device in a variable',
    'let d = add_device tx0@7 on cpu 0 { frame probe }\nstart\nspawn { rem_device d }\nset tx0@7 rate 2kpps',
    'PG4002 4 set tx0@7 rate 2kpps',
  ],
  [
    '`rem_device_all` against a change',
    'start\nspawn { set tx0@0 rate 2kpps }\nrem_device_all',
    'PG4002 3 rem_device_all',
  ],
  [
    '`await` of another job',
    'start\nspawn { rem_device tx0@0 }\nlet j = spawn { print 1 }\nawait j\nset tx0@0 rate 2kpps',
    'PG4002 5 set tx0@0 rate 2kpps',
  ],
  [
    '`sync` does not wait for a `set`',
    'start\nspawn { set tx0@0 rate 2kpps }\nsync\nset tx0@0 rate 3kpps',
    'PG4002 4 set tx0@0 rate 3kpps',
  ],
  [
    'a job that a job left behind',
    'start\nlet j = spawn { spawn { rem_device tx0@0 } }\nawait j\nset tx0@0 rate 2kpps',
    'PG4002 4 set tx0@0 rate 2kpps',
  ],
  ['jobs of one loop', 'start\nrepeat 2 { spawn { rem_device tx0@0 } }\nawait', 'PG4002 2 rem_device tx0@0'],
  [
    'the next round of a loop',
    'start\nrepeat 2 {\n  set tx0@0 rate 2kpps\n  spawn { set tx0@0 rate 3kpps }\n}',
    'PG4002 3 set tx0@0 rate 2kpps',
    'PG4002 4 set tx0@0 rate 3kpps',
  ],
  [
    'a branch that spawns',
    'start\nif time > 2s { spawn { rem_device tx0@0 } }\nset tx0@0 rate 2kpps',
    'PG4002 3 set tx0@0 rate 2kpps',
  ],
  [
    '`await` in one branch only',
    'start\nlet j = spawn { rem_device tx0@0 }\nif time > 2s { await j }\nset tx0@0 rate 2kpps',
    'PG4002 4 set tx0@0 rate 2kpps',
  ],
  [
    '`try` around what cannot fail',
    'start\nspawn { try { rem_device tx0@0 } }\nset tx0@0 rate 2kpps',
    'PG4002 3 set tx0@0 rate 2kpps',
  ],
  ['`start` of a device that a job removes', 'start\nspawn { rem_device tx0@0 }\nstart tx0@0', 'PG4002 3 start tx0@0'],
];
for (const [name, text, ...warnings] of racing) test(`warns: ${name}`, () => assert.equal(told(text), warnings));

const never: readonly (readonly [string, string, ...string[]])[] = [
  ['an `at` behind the end of its run', 'start\nat 5s { print 1 }\nwait 2s\nstop', 'PG4001 2 at 5s { print 1 }'],
  ['an `at` behind the end of the scenario', 'start\nat 5s { print 1 }\nwait 2s', 'PG4001 2 at 5s { print 1 }'],
  [
    'an `at` registered before `start`',
    'at 5s { print 1 }\nstart\nrepeat 4 { wait 1s }\nstop',
    'PG4001 1 at 5s { print 1 }',
  ],
  ['an `at` without a run', 'at 5s { print 1 }\nwait 10s', 'PG4001 1 at 5s { print 1 }'],
  ['an `at` in the past', 'start\nwait 2s\nat 1s { print 1 }\nwait 2s\nstop', 'PG4003 3 at 1s { print 1 }'],
  ['an `at` at the end of its run', 'start\nat 2s { print 1 }\nwait 2s\nstop'],
  ['a run that may last', 'start\nat 5s { print 1 }\nwait until rx0.received > 0 timeout 10s\nstop'],
  ['a run of a parameter', 'start\nat 5s { print 1 }\nwait time\nstop'],
  ['a `stop` that may be', 'start\nat 5s { print 1 }\nwait 2s\nif rx0.lost > 1 { stop }\nwait 10s'],
  [
    'a loop that may end early',
    'start\nrepeat 10 { wait 1s; if rx0.lost > 1 { break } }\nat 5s { print 1 }\nwait 5s\nstop',
  ],
];
for (const [name, text, ...warnings] of never) {
  test(`${warnings.length === 0 ? 'does not warn' : 'warns'}: ${name}`, () => assert.equal(told(text), warnings));
}

test('the warning shows both places', () => {
  const text = 'add_device tx0 on cpu 0 { frame probe }\nlet j = spawn {\n  rem_device tx0\n}\nset tx0 rate 1kpps\n';
  const frame = 'lab { veth tx0 <-> rx0 }\nframe probe = eth() / ipv4() / udp()\n';
  const source = new SourceFile('race.pg', frame + text);
  assert.equal(
    compile(source)
      .diagnostics.map((diagnostic) => render(diagnostic, source))
      .join('\n')
      .split('\n'),
    [
      'warning[PG4002]: `tx0` may be changed while the job started at 4:9 is still removing it',
      ' --> race.pg:7:1',
      '7 | set tx0 rate 1kpps',
      '  | ^^^^^^^^^^^^^^^^^^',
      '5 |   rem_device tx0',
      '  |   -------------- what that job does',
      '  = hint: `await` that job, or `sync`, before it',
    ],
  );
});

test('scenarios with changes at constant times are sound', () => {
  const text = `start
at 1s { set tx0@1 rate 2kpps }
at 2s {
  rem_device tx0@0
  add_device tx0@2 on cpu 0 { frame probe; pkt_size 1500B; rate 100Mbps }
  start tx0@2
}
at 3s { set tx0@1 { rate 1kpps; pkt_size 576B } }
wait 4s
stop
expect rx0.from(tx0@2).lost == 0`;
  assert.equal(told(text), []);
});

test('no example is warned about', () => {
  const folder = fileURLToPath(new URL('../../examples', import.meta.url));
  const files = readdirSync(folder).filter((name) => name.endsWith('.pg'));
  assert.ok(files.length >= 3);
  for (const name of files) {
    const { diagnostics } = compile(new SourceFile(name, readFileSync(`${folder}/${name}`, 'utf8')));
    assert.equal(
      diagnostics.filter(({ code }) => code.startsWith('PG4')),
      [],
      name,
    );
  }
});

test('a name that the file gives to its scenarios is fixed', () => {
  const text = `${preamble}let d = "tx0@0"
scenario "one" {
  add_device d on cpu 0 { frame probe }
  start
  spawn { rem_device d }
  set tx0@0 rate 1kpps
}
`;
  const { diagnostics } = compile(new SourceFile('test.pg', text));
  assert.equal(
    diagnostics.map(({ code }) => code),
    ['PG4002'],
  );
});

test('calls in calls end', () => {
  const levels = Array.from({ length: 40 }, (_, at) => `fn f${at + 1}() { f${at}(); f${at}() }`);
  const text = `fn f0() { set "tx0" rate 1kpps }\n${levels.join('\n')}\nf40()\n`;
  const { program } = compile(
    new SourceFile('deep.pg', `lab { veth tx0 <-> rx0 }\nadd_device tx0 on cpu 0 { frame eth() }\n${text}`),
  );
  assert.is.not(program, null);
});

/** So many jobs that they could not all be compared with each other: each shape with the warnings that it gets. */
const many = 2000;
const crowds: readonly (readonly [string, (at: number) => string, number])[] = [
  ['jobs at instants of their own', (at) => `at ${at + 1}ms { set tx0@0 rate ${at + 1}pps }`, 0],
  ['jobs that are awaited', (at) => `let j${at} = spawn { set tx0@0 rate 1kpps }\nawait j${at}`, 0],
  ['jobs that are cancelled', (at) => `let j${at} = every 1ms { set tx0@0 rate 1kpps }\ncancel j${at}`, 0],
  ['jobs behind a sync', () => 'spawn { try { rem_device tx0@0 } else { } }\nsync', 0],
  ['jobs in branches', (at) => `if tx0@0.sent > ${at} { let j = spawn { set tx0@0 rate 1kpps }\nawait j }`, 0],
  ['jobs between branches', (at) => `spawn { set tx0@0 rate 1kpps }\nif tx0@0.sent > ${at} { print 1 }`, many - 1],
  ['jobs that race, each told of once', () => 'spawn { set tx0@0 rate 1kpps }', many - 1],
];
for (const [title, line, races] of crowds) {
  test(`thousands: ${title}`, () => {
    const lines = Array.from({ length: many }, (_, at) => line(at)).join('\n');
    const opening = 'lab { veth tx0 <-> rx0 }\nframe f = eth(dst: rx0.mac) / ipv4() / udp() / pktgen\n';
    const text = `${opening}add_device tx0@0 on cpu 0 { frame f }\nstart\n${lines}\nwait 10s\n`;
    // What stands behind them is still looked at.
    const last = 'spawn { set tx0@0 rate 2kpps }\nset tx0@0 rate 3kpps';
    const codes = (of: string) => compile(new SourceFile('test.pg', of)).diagnostics.map(({ code }) => code);
    assert.equal(codes(text), Array(races).fill('PG4002'));
    assert.ok(codes(`${text}${last}`).length > races);
  });
}

test.run();
