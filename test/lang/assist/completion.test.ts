// SPDX-License-Identifier: Apache-2.0

import { performance } from 'node:perf_hooks';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type AssistOptions, complete } from '../../../lang/assist/completion.ts';
import { builtins, keywordHelp } from '../../../lang/assist/vocabulary.ts';
import { reservedNames } from '../../../lang/check/expression.ts';
import { deviceMetrics } from '../../../lang/metrics.ts';
import { deviceParameters } from '../../../lang/parameters.ts';
import { tokenTypes, wordOf } from '../../../lang/syntax/tokens.ts';
import { fc } from '../../laws.ts';

const test = suite('completion');

/** Labels offered where `|` stands. */
function at(marked: string, options: AssistOptions = {}): readonly string[] {
  const offset = marked.indexOf('|');
  return complete(marked.replace('|', ''), offset, options).items.map(({ label }) => label);
}

const lab = 'lab { veth tx0 <-> rx0; ifb sink0 }\nframe probe = eth() / ipv4() / udp() / pktgen\nreceiver rx0\n';
const sending = `${lab}let fast = 2Mpps\nlet gap = 5ms\nadd_device tx0@0 on cpu 0 { frame probe }\n`;
const library = 'let size = 64B\nframe small = eth()\nfn twice(n: number) { return 2 * n }\n';

// Each row: the text, some labels that must be offered, some that must not.
const rows: [string, string, string, string][] = [
  ['statements', 'st|', 'start stop', 'set'],
  ['top-level words at the top', '|', 'param lab import scenario fn add_device', 'break'],
  ['no top-level words in blocks', 'scenario "a" { | }', 'add_device receiver', 'param lab scenario'],
  ['a loop can be left', 'repeat 2 { | }', 'break continue', 'return'],
  ['a function returns', 'fn f() { | }', 'return', 'break'],
  ['behind a block', 'if a == b { print 1 } |', 'else', 'start'],
  ['the next line is a new statement', 'start\n|', 'stop expect', 'cpu'],
  ['the words of a statement', 'wait |', 'stopped until', 'start'],
  ['where a device goes', 'add_device tx0@0 |', 'on', 'cpu'],
  ['new devices', `${sending}add_device |`, 'tx0@1 rx0@0 sink0@0', 'tx0@0'],
  ['device parameters', `${sending}add_device tx0@1 on cpu 0 {\n  |\n}`, 'frame rate pkt_size late', 'start'],
  ['no parameter twice', `add_device tx0@1 on cpu 0 { rate 1pps; | }`, 'frame', 'rate'],
  ['parameters of set', `${sending}set tx0@0 |`, 'rate burst', 'tx0@0'],
  ['parameters inside set', `${sending}set tx0@0 { ra| }`, 'rate ratep', 'frame'],
  ['words of a parameter', `${sending}set tx0@0 late |`, 'catch_up skip shift', 'fast'],
  ['words of a parameter in a block', 'add_device tx0@1 on cpu 0 { xmit_mode | }', 'start_xmit queue_xmit', 'auto'],
  ['values of a type', `${sending}set tx0@0 rate |`, 'fast', 'gap probe'],
  ['frames', `${sending}add_device tx0@1 on cpu 0 { frame | }`, 'probe eth', 'fast'],
  ['units after a number', 'wait 10|', 'ns us ms s min h', 'B pps'],
  ['part of a unit', 'wait 10m|', 'ms min', 's'],
  ['units of a parameter', 'add_device tx0@1 on cpu 0 { rate 10| }', 'pps Mbps', 'B s %'],
  ['any units', 'let x = 10|', 'pps B % ms', 'x'],
  ['layers', 'frame x = |', 'eth', 'start'],
  ['layers on a layer', 'frame x = eth() / ipv4() / |', 'udp tcp icmp', 'icmpv6 arp vxlan'],
  ['fields', 'frame x = eth() / ipv4(|', 'src dst ttl tos', 'dport'],
  ['no field twice', 'frame x = ipv4(src: 10.0.0.1, |', 'dst', 'src'],
  ['fields over lines', 'frame x = eth(\n  dst: 02:00:00:00:00:01,\n  |', 'src', 'dst start'],
  ['words of a field', 'frame x = eth() / ipv4(flags: |', '"df" random', 'start'],
  ['devices', `${sending}rem_device |`, 'tx0@0 devices', 'rx0 probe'],
  ['the second device', `${sending}start tx0@0, |`, 'tx0@0', 'rx0'],
  ['part of a device', `${sending}stop tx0@|`, 'tx0@0', 'devices'],
  ['metrics of a device', `${sending}expect tx0@0.|`, 'sent achieved gap.p99', 'lost mac'],
  ['metrics behind a name', `${sending}expect tx0@0.gap.|`, 'p50 p99 max', 'sent'],
  ['metrics of a receiver, facts of its interface', `${sending}expect rx0.|`, 'lost received from mac mtu', 'asked'],
  ['metrics of one sender', `${sending}expect rx0.from(tx0@0).|`, 'lost received', 'from sent'],
  ['totals', 'expect devices.|', 'sent', 'lost'],
  ['grace periods', 'expect grace.latency.|', 'p50 p99 max', 'pending'],
  ['facts', `${lab}print sink0.|`, 'mac mtu queues up', 'lost'],
  ['ends of a block', 'print 10.0.0.0/8.|', 'first last', 'sent'],
  ['a device in a variable', `${lab}let d = add_device tx0@1 on cpu 0 { frame probe }\nprint d.|`, 'sent', 'mac'],
  ['values', `${sending}print |`, 'fast gap probe rx0 tx0@0 min wire elapsed devices true', 'error start'],
  ['the failure of a try', 'try { start } else { print | }', 'error', 'start'],
  ['inside of a string', `${sending}print "rate \${fa|}"`, 'fast', 'start'],
  ['inside of a string that does not end', `${sending}print "rate \${fa|`, 'fast', 'start'],
  ['tolerances', 'expect 1 within 1% |', 'of', 'within step'],
  ['comparisons', 'expect a |', 'within', 'of step'],
  ['strides', 'for i in 0..10 |', 'step', 'of within'],
  ['types', 'param load: |', 'pps bps duration interface', 'frame start'],
  ['types of a function', 'fn f(a: |', 'pps frame device', 'start'],
  ['receivers', `${lab}receiver |`, 'tx0 rx0 sink0', 'probe'],
  ['what a receiver listens on', `${lab}receiver x on |`, 'tx0 rx0 sink0', 'probe'],
  ['settings of a receiver', `receiver rx0 { | }`, 'settle expects', 'rate mtu'],
  ['settings of a link', 'lab { veth a <-> b { | } }', 'mtu', 'rate settle'],
  ['links', 'lab { | }', 'veth ifb', 'start'],
  ['functions', 'fn twice(n: number) { return 2 * n }\ntw|', 'twice', 'start'],
  ['parameters inside a function', 'fn twice(count: number) { print c| }', 'count', 'start'],
  ['a loop variable', 'for size in [64B, 128B] { print s| }', 'size', 'start'],
  ['no loop variable outside', 'for size in [64B, 128B] { }\nprint s|', '', 'size'],
  ['in a broken text', `let = 5\n${sending}frame = \n{ set tx0@0 |`, 'rate', 'start'],
];
for (const [name, text, offered, refused] of rows) {
  test(name, () => {
    const labels = at(text);
    const words = (list: string) => list.split(' ').filter((word) => word !== '');
    assert.equal(
      words(offered).filter((word) => !labels.includes(word)),
      [],
      `missing in ${labels.join(' ')}`,
    );
    assert.equal(
      words(refused).filter((word) => labels.includes(word)),
      [],
      'offered',
    );
  });
}

test('comments and strings are left alone', () => {
  for (const text of ['start # st|', 'print "st|"', 'import "./st|" as lib', '# st|op']) assert.equal(at(text), []);
});

test('names of an imported file', () => {
  const read = () => ({ ok: true, name: 'lib.pg', text: library }) as const;
  const labels = at('import "./lib.pg" as lib\nprint lib.|', { read });
  assert.equal(labels, ['size', 'small', 'twice']);
});

test('names that exist beside the text', () => {
  const known = [{ name: 'tx7@3', kind: 'device', type: 'device', help: 'added earlier', details: [] }] as const;
  assert.equal(at('rem_device tx7|', { known }), ['tx7@3']);
});

test('every parameter and metric is offered with its help', () => {
  const parameters = complete('set tx0@0 ', 10).items;
  for (const { name, help } of deviceParameters.values()) {
    assert.is(parameters.find(({ label }) => label === name)?.help, help, name);
  }
  const metrics = complete('print tx0@0.', 12).items;
  assert.equal(metrics.map(({ label }) => label).sort(), [...deviceMetrics.keys()].sort());
  assert.ok(metrics.every(({ help }) => help !== ''));
});

test('what is replaced is the word around the cursor', () => {
  assert.equal(complete('start tx0@0', 9).span, { start: 6, end: 11 });
  assert.equal(complete('wait 10ms', 8).span, { start: 7, end: 9 });
});

test('every word of the grammar and every function has its help', () => {
  const words = tokenTypes.filter(({ LABEL }) => /^`[a-z_]+`$/.test(LABEL ?? '')).map(wordOf);
  assert.ok(words.length > 40);
  assert.equal([...keywordHelp.keys()].sort(), words.sort());
  const functions = [...reservedNames].filter(([, meaning]) => meaning === 'a function').map(([name]) => name);
  assert.equal([...builtins.keys()].sort(), functions.sort());
});

test('no text and no offset makes it throw', () => {
  const pieces = sending.split(/(?<=\s)/);
  const text = fc.array(
    fc.oneof(fc.constantFrom(...pieces, '{', '}', '(', ')', '"', '${', '.', '\n', ','), fc.string()),
  );
  fc.assert(
    fc.property(text, fc.nat(), (parts, seed) => {
      const whole = parts.join('');
      const { span } = complete(whole, seed % (whole.length + 1));
      assert.ok(span.start <= span.end && span.end <= whole.length);
    }),
  );
});

test('a text of a thousand devices takes no longer than reading its tokens some times over', () => {
  let text = lab;
  for (let i = 0; i < 1000; i++) text += `add_device tx0@${i} on cpu 0 {\n  frame probe\n  rate 1kpps\n}\n`;
  text += 'start\nrem_device tx0@99';
  const { items } = complete(text, text.length);
  assert.equal(items.length, 11);
  // The figure itself is for the reader: machines differ.
  const began = performance.now();
  for (let i = 0; i < 10; i++) complete(text, text.length);
  process.stderr.write(`completion with 1000 devices: ${((performance.now() - began) / 10).toFixed(1)} ms\n`);
});

test.run();
