// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compile, SourceFile } from '../../lang/index.ts';

const test = suite('sentences');

/** Decisions of the language, one by one: what a text that holds to one gets told, and what one that does not. */
const lab = 'lab { veth tx0 <-> rx0 }\n';
const frame = 'frame probe = eth() / ipv4() / udp() / pktgen\n';
const base = `${lab}receiver rx0\n${frame}add_device tx0@0 on cpu 0 { frame probe; rate 1kpps }\n`;

function codes(text: string): string {
  return compile(new SourceFile('test.pg', text))
    .diagnostics.map(({ code }) => code)
    .join(' ');
}

const sentences: readonly (readonly [string, string, string])[] = [
  // tokens and layout
  ['comments go to the end of the line, whatever ends it', 'print 1 # a\nprint 2 # b\r\nprint 3 # c\rprint 4', ''],
  ['empty statements are fine', ';;print 1;;\n;\nprint 2;', ''],
  ['a line goes on after an operator', 'let a = 1 +\n  2', ''],
  ['a line goes on after a comma', 'print 1,\n  2', ''],
  ['a line goes on inside brackets', 'let a = min(\n  1,\n  2\n)', ''],
  ['a line goes on inside a list', 'let a = [\n  1,\n  2\n]', ''],
  ['a frame breaks after `/`', 'frame f = eth() /\n  ipv4() /\n  udp()', ''],
  ['a leading `/` is one diagnostic', 'frame f = eth()\n  / ipv4()\n  / udp()', 'PG1103'],
  ['`{` stays on its line', 'repeat 2\n{ print 1 }', 'PG1105'],
  ['`} else {` stays on its line', 'if true { print 1 }\nelse { print 2 }', 'PG1104'],
  ['`_` stands in numbers', 'let a = 1_000_000 + 0xff_ff', ''],
  ['`10m` is ambiguous', 'wait 10m', 'PG2004'],
  ['`1G` is ambiguous', 'let a = 1G', 'PG2004'],
  ['`1e6` has an exponent', 'let a = 1e6', 'PG2006'],
  ['`0001000a` wants `0x`', 'let a = 0001000a', 'PG2007'],
  ['a number where a unit belongs', 'wait 1', 'PG2103'],
  ['a unit where a number belongs', 'repeat 1s { }', 'PG2102'],
  ['`10.0.0.300` is one error', 'let a = 10.0.0.300', 'PG2011'],
  ['an address with a length is a prefix', 'let a = 10.0.0.0/8\nlet b = a.first', ''],
  ['statement words are reserved', 'let wait = 1', 'PG1111'],
  [
    'contextual words are names',
    'let on = 1; let cpu = 2; let async = 3; let timeout = 4; let of = 5; let step = 6; let as = 7',
    '',
  ],
  ['comparison is non-associative', 'print 1 == 1 == 1', 'PG1109'],
  ['`..` is non-associative', 'print 1..2..3', 'PG1109'],
  ['`..` binds weaker than arithmetic', 'for i in 1 + 1..2 * 3 { print i }', ''],
  ['strings interpolate without quotes inside', `print "a\${"b"}"`, 'PG1004'],
  // values
  ['numbers are exact to 2^53', 'let a = 9_007_199_254_740_993', 'PG2002'],
  ['counts are whole', `${base}set tx0@0 burst 1.5`, 'PG2306'],
  ['`pps * duration` is a number', 'let a = 1kpps * 2s + 1', ''],
  ['`duration * pps` is a number', 'let a = 2s * 1kpps + 1', ''],
  ['`bps / size` is a rate of packets', 'let a = 1Mbps / 60B + 1pps', ''],
  ['`size * pps` is a bit rate', 'let a = 60B * 1kpps + 1bps', ''],
  ['`size / duration` is a bit rate', 'let a = 60B / 1s + 1bps', ''],
  ['`number / duration` is a rate of packets', 'let a = 10 / 1s + 1pps', ''],
  ['`T / T` is a number', 'let a = 4s / 2s + 1', ''],
  ['`percent * T` is a `T`', 'let a = 50% * 4s + 1s', ''],
  ['an address moves by a number', 'let a = 10.0.0.1 + 5', ''],
  ['there are no conversions', 'let a = 1s + 1', 'PG2103'],
  ['there is no null', 'let a = null', 'PG3001'],
  ['there is no shadowing in a block', 'let a = 1; if true { let a = 2 }', 'PG3002'],
  ['there is no shadowing by a loop', 'let a = 1; for a in 1..2 { }', 'PG3002'],
  ['there is no shadowing by a parameter', 'let a = 1; fn f(a: number) { }', 'PG3002'],
  ['one name may stand in two blocks', 'if true { let a = 1 } else { let a = 2s }', ''],
  ['a backwards range is empty in `for`', 'for i in 2..1 { print i }', ''],
  ['a backwards range in a field is an error', `frame f = eth() / ipv4() / udp(src: 9..1)`, 'PG5006'],
  ['`random` exists only in a field', 'let a = random(1..2)', 'PG5007'],
  ['control code draws with `pick`', 'let a = pick(1..2) + pick([3, 4])', ''],
  ['functions are defined before use', 'f()\nfn f() { print 1 }', 'PG3006'],
  ['functions know no recursion', 'fn f() { f() }', 'PG3018'],
  ['parameters of functions are typed', 'fn f(n) { print n }', 'PG1101'],
  // declarations
  ['a `param` takes its type of its default', 'param a = 1s\nwait a', ''],
  ['a `param` with a type alone', 'param a: pps\nprint a + 1pps', ''],
  ['a lab peer is the default destination', `${lab}${frame}add_device tx0 on cpu 0 { frame probe }`, ''],
  ['elsewhere the destination is required', `${frame}add_device eth1 on cpu 0 { frame probe }`, 'PG5009'],
  ['completeness is checked where a device takes the frame', 'frame inner = ipv4() / udp()', ''],
  [
    'frames are values of any block',
    `${lab}if true { frame f = eth() / ipv4(); add_device tx0 on cpu 0 { frame f } }`,
    '',
  ],
  ['frames stack on frames', 'frame a = eth(); frame b = ipv4() / udp(); frame c = a / b', ''],
  ['a receiver on an interface of another name', `${lab}receiver sink on rx0 { settle 2s }`, ''],
  [
    'odd names of devices are quoted',
    `${frame}add_device "eth0.100@0" on cpu 0 { frame eth(dst: 02:00:00:00:00:01) / ipv4() }`,
    '',
  ],
  ['a string stands before a metric', `${base}print "tx0@0".sent`, ''],
  ['in device position a variable wins', `${base}let d = "tx0@0"; start d`, ''],
  ['`tx@0` does not use the variable `tx`', `${base}let tx = "tx0"; start tx@0`, 'PG3008'],
  [
    'a receiver and a device of one name',
    `${lab}receiver rx0\n${frame}add_device rx0 on cpu 0 { frame probe }`,
    'PG3010',
  ],
  // devices
  ['a parameter twice', `${base}set tx0@0 { burst 1; burst 2 }`, 'PG5102'],
  ['two of rate, ratep and delay', `${base}set tx0@0 { rate 1kpps; delay 1ms }`, 'PG5103'],
  ['`ratep` with a burst is a warning', `${base}set tx0@0 { ratep 1kpps; burst 4 }`, 'PG5106'],
  ['a rate of nothing pauses', `${base}set tx0@0 rate 0pps`, ''],
  ['`shortfall` allows anything', `${base}set tx0@0 shortfall 100%`, ''],
  [
    '`pkt_size` too small for the layers',
    `${lab}${frame}add_device tx0 on cpu 0 { frame probe; pkt_size 42B }`,
    'PG5010',
  ],
  ['`pkt_size` above the MTU', `${lab}${frame}add_device tx0 on cpu 0 { frame probe; pkt_size 1515B }`, 'PG5011'],
  ['names, comma lists and `devices`', `${base}start tx0@0, tx0@0\nstop devices\nclear_counters devices`, ''],
  ['`add_device` is an expression', `${lab}${frame}let d = add_device tx0 on cpu 0 { frame probe }\nstart d`, ''],
  ['`rem_device` gives a value only with `async`', `${base}let g = rem_device tx0@0`, 'PG3107'],
  ['`reset` takes no devices', `${base}reset tx0@0`, 'PG3110'],
  // runs and time
  ['`wait stopped` with and without a timeout', `${base}start\nwait stopped\nwait stopped timeout 1s`, ''],
  ['the timeout of `wait until` is mandatory', `${base}wait until rx0.received > 0`, 'PG1101'],
  ['periods are above nothing', 'every 0s { print 1 }', 'PG2307'],
  // failure
  ['`error` is known in the `else` of a `try`', 'try { print 1 } else { print error }\nprint error', 'PG3106'],
  ['`within` a share or a quantity', 'expect 1s within 1% of 1s; expect 1s within 10us of 1s', ''],
  ['`within` wants one type', 'expect 1s within 1pps of 1s', 'PG2203'],
  // scenarios
  ['nothing stands beside scenarios', 'scenario "a" { print 1 }\nprint 2', 'PG3103'],
  ['names of scenarios are unique', 'scenario "a" { print 1 }\nscenario "a" { print 2 }', 'PG3104'],
  ['`setup` and `teardown` belong to the file', 'scenario "a" { setup { print 1 } }', 'PG3102'],
  ['a scenario for each value', 'scenario "a" for size in [64B, 128B] { print size + 1B }', ''],
  // metrics
  ['`asked` of an unpaced device', `${lab}${frame}add_device tx0 on cpu 0 { frame probe }\nprint tx0.asked`, 'PG5201'],
  ['`asked` and `achieved` have `.bps`', `${base}print tx0@0.asked.bps + tx0@0.achieved.bps + 1bps`, ''],
  ['`devices.M` and `receivers.M` are totals', `${base}print devices.sent + receivers.received`, ''],
  ['figures per sender', `${base}print rx0.from(tx0@0).lost`, ''],
  [
    'loss without the header',
    `${lab}receiver rx0\nadd_device tx0 on cpu 0 { frame eth() / ipv4() }\nprint rx0.lost`,
    'PG5202',
  ],
  ['figures of grace periods', 'print grace.pending + grace.completed + grace.stalls, grace.latency.p99', ''],
];
for (const [name, text, expected] of sentences) test(name, () => assert.is(codes(text), expected));

test('case counts in units', () => {
  for (const wrong of ['1S', '1KPPS', '1mbps', '1kib']) assert.is(codes(`let a = ${wrong}`), 'PG2003', wrong);
});

test('every statement word is reserved, every contextual one is a name', () => {
  for (const word of ['start', 'add_device', 'rem_device', 'rem_device_all', 'scenario', 'every', 'sync']) {
    assert.is(codes(`let ${word} = 1`), 'PG1111', word);
  }
});

test.run();
