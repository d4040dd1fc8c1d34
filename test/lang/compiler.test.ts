// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../lang/compiler.ts';
import type { Expr, Op, Program } from '../../lang/op.ts';
import { SourceFile } from '../../lang/source.ts';
import { fc } from '../laws.ts';

const test = suite('compiler');

function program(text: string): Program {
  const { program: made, diagnostics } = compile(new SourceFile('test.pg', text));
  if (made === null) throw new Error(diagnostics.map(({ code, message }) => `${code}: ${message}`).join('\n'));
  return made;
}

/** The operations of the only scenario. */
function ops(text: string): readonly Op[] {
  const [scenario, ...more] = program(text).scenarios;
  assert.is(more.length, 0);
  return scenario?.body ?? [];
}

/** An expression in short: constants as their value, everything else by its kind. */
function short(expr: Expr | null): unknown {
  if (expr === null) return null;
  if (expr.kind !== 'constant') return expr.kind;
  const { value } = expr;
  if ('value' in value) return value.value;
  return 'name' in value ? value.name : value.type;
}

const lab = 'lab { veth tx0 <-> rx0 { mtu 9000B }; ifb sink0 }\n';
const frame = 'frame probe = eth() / ipv4() / udp(dst: 9) / pktgen\n';
const base = `${lab}${frame}`;

/** One line for each operation, with what matters of it; blocks are indented. */
function outline(body: readonly Op[]): readonly string[] {
  return body.flatMap((op) => {
    const inner = 'body' in op ? op.body : op.op === 'if' ? op.then : [];
    const otherwise = 'otherwise' in op ? op.otherwise : [];
    const blocks = [
      ...outline(inner),
      ...(otherwise.length > 0 ? ['else', ...outline(otherwise).map((line) => `  ${line}`)] : []),
    ];
    return [`${op.op}${detail(op)}`, ...blocks.map((line) => `  ${line}`)];
  });
}

function detail(op: Op): string {
  const bind = 'bind' in op && op.bind !== null ? ` -> ${op.bind}` : '';
  switch (op.op) {
    case 'let':
    case 'assign':
      return ` ${op.name} = ${short(op.value)}`;
    case 'add_device':
      return ` ${short(op.name)} cpu ${short(op.cpu)} [${op.parameters.map(({ name }) => name).join(' ')}]${bind}`;
    case 'rem_device':
      return ` ${op.devices.map(short).join(' ')}${op.async ? ' async' : ''}${bind}`;
    case 'rem_device_all':
      return `${op.cpu === null ? '' : ` cpu ${short(op.cpu)}`}${op.async ? ' async' : ''}${bind}`;
    case 'set':
      return ` ${op.devices?.map(short).join(' ') ?? 'all'} [${op.parameters.map(({ name, values }) => `${name} ${values.map(short)}`).join('; ')}]`;
    case 'start':
    case 'stop':
    case 'clear_counters':
      return op.devices === null ? '' : ` ${op.devices.map(short).join(' ')}`;
    case 'wait':
      return ` ${short(op.duration)}`;
    case 'wait_stopped':
    case 'sync':
      return op.timeout === null ? '' : ` ${short(op.timeout)}`;
    case 'wait_until':
      return ` ${op.text} timeout ${short(op.timeout)}`;
    case 'expect':
      return ` ${op.text}${op.label === null ? '' : ` "${short(op.label)}"`}`;
    case 'abort_when':
      return ` ${op.text}`;
    case 'for':
      return ` ${op.name} in ${short(op.over)}`;
    case 'repeat':
      return ` ${short(op.times)}`;
    case 'at':
      return ` ${short(op.time)}${bind}`;
    case 'every':
      return ` ${short(op.period)}${bind}`;
    case 'print':
      return ` ${op.values.map(short).join(' ')}`;
    default:
      return bind;
  }
}

const compiled: readonly (readonly [string, string, readonly string[]])[] = [
  [
    'values are folded',
    `let x = 2 * 3 + 1\nprint x, 1s / 4, "a\${1 + 1}"`,
    ['let x = 7', 'print variable 250000000 a2'],
  ],
  [
    'what the run decides stays an expression',
    'let x = pick([1, 2])\nprint elapsed, x + 1',
    ['let x = call', 'print elapsed binary'],
  ],
  ['frames are values', frame, ['let probe = frame']],
  [
    'devices',
    `${base}for i in 0..1 { add_device "tx0@\${i}" on cpu i { rate 1kpps; frame probe } }\nlet d = add_device tx0 on cpu 0 { frame probe }\nstart d`,
    [
      'let probe = frame',
      'for i in range',
      '  add_device text cpu variable [rate frame]',
      'add_device tx0 cpu 0 [frame] -> d',
      'start variable',
    ],
  ],
  [
    'both forms of set, and all devices',
    `${base}add_device tx0 on cpu 0 { frame probe }\nset tx0 rate 5kpps\nset tx0 { burst 4; late skip }\nset devices count 7`,
    [
      'let probe = frame',
      'add_device tx0 cpu 0 [frame]',
      'set tx0 [rate 5000]',
      'set tx0 [burst 4; late skip]',
      'set all [count 7]',
    ],
  ],
  [
    'removals',
    `${base}add_device tx0 on cpu 0 { frame probe }\nrem_device tx0\nlet g = rem_device tx0 async\nrem_device devices\nrem_device_all on cpu 1 async`,
    [
      'let probe = frame',
      'add_device tx0 cpu 0 [frame]',
      'rem_device tx0',
      'rem_device tx0 async -> g',
      'rem_device_all',
      'rem_device_all cpu 1 async',
    ],
  ],
  [
    'jobs',
    'let j = every 100ms { print 1 }\nat 1s { stop }\nspawn { wait 2s }\nawait j\nawait\ncancel j\nsync timeout 1s',
    [
      'every 100000000 -> j',
      '  print 1',
      'at 1000000000',
      '  stop',
      'spawn',
      '  wait 2000000000',
      'await',
      'await',
      'cancel',
      'sync 1000000000',
    ],
  ],
  [
    'branches and loops',
    'let x = 1\nwhile x < 3 { x = x + 1\n if x == 2 { continue } else if x == 5 { break } else { print x } }\nrepeat 2 { try { stop } else { print error } }',
    [
      'let x = 1',
      'while',
      '  assign x = binary',
      '  if',
      '    continue',
      '    else',
      '      if',
      '        break',
      '        else',
      '          print variable',
      'repeat 2',
      '  try',
      '    stop',
      '    else',
      '      print caught',
    ],
  ],
  [
    'conditions keep their words, on one line',
    'wait until elapsed >   1s && # so long\n  true timeout 2s\nexpect elapsed < 5s "in  time"\nabort when elapsed > 9s\nwait stopped timeout 1s\nclear_counters\nreset',
    [
      'wait_until elapsed > 1s && true timeout 2000000000',
      'expect elapsed < 5s "in  time"',
      'abort_when elapsed > 9s',
      'wait_stopped 1000000000',
      'clear_counters',
      'reset',
    ],
  ],
];

for (const [name, text, expected] of compiled) {
  test(name, () => assert.equal(outline(ops(text)), expected));
}

test('a program is plain JSON', () => {
  const made = program(
    `${base}receiver rx0\nadd_device tx0 on cpu 0 { frame probe; rate 1kpps }\nexpect rx0.lost == 0`,
  );
  assert.equal(JSON.parse(JSON.stringify(made)), made);
});

test('one text gives one program', () => {
  assert.equal(program(base), program(base));
});

test('labs and parameters', () => {
  const { lab: made, params } = program(
    `param load = 250kpps "offered"\nparam dev: interface\nparam out: interface = "sink0"\n${lab}`,
  );
  const links = made?.links.map((link) => [
    link.kind,
    link.kind === 'veth' ? `${link.a} ${link.b}` : link.name,
    short(link.mtu),
  ]);
  assert.equal(links, [
    ['veth', 'tx0 rx0', 9000],
    ['ifb', 'sink0', null],
  ]);
  const found = params.map(({ name, type, value, help }) => [name, type, short(value), help]);
  assert.equal(found, [
    ['load', 'pps', 250_000, 'offered'],
    ['dev', 'interface', null, null],
    ['out', 'interface', 'sink0', null],
  ]);
});

test('receivers', () => {
  const text = `${base}receiver rx0\nreceiver sink on sink0 { settle 2s; expects tx0 }\nadd_device tx0 on cpu 0 { frame probe }`;
  const found = program(text).scenarios[0]?.receivers.map(({ name, on, settle, expects }) => {
    return [name, short(on), short(settle), expects?.map(short) ?? null];
  });
  assert.equal(found, [
    ['rx0', 'rx0', null, null],
    ['sink', 'sink0', 2_000_000_000, ['tx0']],
  ]);
});

test('scenarios share what stands outside them, each from the start', () => {
  const text = `${base}let n = 2\nreceiver rx0\nscenario "a" { print n }\nscenario "b" { receiver second on sink0\n stop }`;
  const found = program(text).scenarios.map(({ name, receivers, prelude, body }) => {
    return [name, receivers.map((receiver) => receiver.name), outline([...prelude, ...body])];
  });
  assert.equal(found, [
    ['a', ['rx0'], ['let probe = frame', 'let n = 2', 'print variable']],
    ['b', ['rx0', 'second'], ['let probe = frame', 'let n = 2', 'stop']],
  ]);
});

test('the top level is one unnamed scenario', () => {
  assert.equal(
    program('').scenarios.map(({ name, body }) => [name, body]),
    [['', []]],
  );
});

test('names are resolved by what is declared', () => {
  const text = `${base}receiver rx0\nadd_device tx0 on cpu 0 { frame probe; rate 1kpps }\nlet d = "tx0"\nprint tx0.sent, d.sent, rx0.mac, rx0.lost, rx0.from(tx0).lost, devices.sent, grace.latency.max`;
  const print = ops(text).at(-1);
  const found = print?.op === 'print' ? print.values.map(meaning) : [];
  assert.equal(found, [
    'sent of device tx0',
    'sent of device variable',
    'fact mac of rx0',
    'lost of receiver rx0',
    'lost of receiver rx0 from tx0',
    'sent of devices',
    'latency.max of grace',
  ]);
});

function meaning(expr: Expr): string {
  if (expr.kind === 'fact') return `fact ${expr.fact} of ${short(expr.interface)}`;
  if (expr.kind !== 'metric') return expr.kind;
  const { source } = expr;
  if (source.kind === 'device') return `${expr.metric} of device ${short(source.device)}`;
  if (source.kind !== 'receiver') return `${expr.metric} of ${source.kind}`;
  return `${expr.metric} of receiver ${short(source.receiver)}${source.from === null ? '' : ` from ${short(source.from)}`}`;
}

test('warnings leave a program, errors none', () => {
  const warned = compile(
    new SourceFile('w.pg', `${base}add_device tx0 on cpu 0 { frame probe; ratep 1kpps; burst 8 }`),
  );
  assert.ok(warned.program);
  assert.equal(
    warned.diagnostics.map(({ severity }) => severity),
    ['warning'],
  );
  assert.is(compile(new SourceFile('e.pg', 'print nothing')).program, null);
});

test('no text makes the compiler throw, and every diagnostic stands inside it', () => {
  const good = `param load = 1Mpps "help"\n${base}receiver rx0\nlet net = 10.0.0.0/24\nfor i in 0..1 { add_device "tx0@\${i}" on cpu i { frame probe; rate load / 2; late skip } }\nlet j = every 10ms { if devices.sent > 5 { stop } else { print net.first + 1, rx0.from(tx0@0).lost } }\nat 1s { try { set tx0@1 rate pick([1kpps, 2kpps]) } else { print error } }\nstart\nwait until rx0.received > 0 timeout 1s\nexpect tx0@1.achieved within 1% of tx0@1.asked "label"\ncancel j\n`;
  assert.ok(program(good));
  const words = good.split(/(?<=[\s(){}[\],.:/@"])/);
  const position = fc.nat({ max: words.length - 1 });
  const edit = fc.oneof(
    fc.record({ kind: fc.constant('drop' as const), at: position }),
    fc.record({ kind: fc.constant('copy' as const), at: position, from: position }),
  );
  const mangled = fc.array(edit, { minLength: 1, maxLength: 6 }).map((edits) => {
    const text = [...words];
    for (const { at, ...change } of edits)
      text.splice(at, change.kind === 'drop' ? 1 : 0, ...(change.kind === 'copy' ? [words[change.from] ?? ''] : []));
    return text.join('');
  });
  fc.assert(
    fc.property(mangled, (text) => {
      const { program: made, diagnostics } = compile(new SourceFile('mangled.pg', text));
      const errors = diagnostics.filter(({ severity }) => severity === 'error');
      assert.is(made === null, errors.length > 0);
      for (const { span } of diagnostics) {
        assert.ok(span.start >= 0 && span.start <= span.end && span.end <= text.length, `${span.start} to ${span.end}`);
      }
    }),
    { numRuns: 300 },
  );
});

test.run();
