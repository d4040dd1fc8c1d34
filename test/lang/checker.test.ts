// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../lang/compiler.ts';
import { SourceFile } from '../../lang/source.ts';

const test = suite('checker');

/** What a text gets told: `CODE "the text under the carets"`, one per diagnostic. */
function told(text: string): readonly string[] {
  const source = new SourceFile('test.pg', text);
  return compile(source).diagnostics.map(({ code, span }) => `${code} ${source.slice(span)}`);
}

/** A lab, a frame and a paced device: what most scenarios need. */
const lab = 'lab { veth tx0 <-> rx0 }\n';
const frame = 'frame probe = eth() / ipv4() / udp() / pktgen\n';
const base = `${lab}receiver rx0\n${frame}add_device tx0@0 on cpu 0 { frame probe; rate 1kpps }\n`;
const device = (settings: string) => `${lab}${frame}add_device tx0 on cpu 0 { frame probe; ${settings} }\n`;

const silent: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['the base', base],
  ['rates in packets and in bits', `${device('rate 1Mbps')}set tx0 rate 10kpps`],
  ['a computed rate', `param load = 1Mpps\n${device('rate load / 4')}`],
  ['a line rate', `let speed = 10Gbps\nlet rate_of = speed / wire(60B)\n${device('rate rate_of')}`],
  [
    'names with labels and patterns',
    `${lab}${frame}for i in 0..3 { add_device "tx0@\${i}" on cpu i { frame probe } }\nset tx0@2 burst 4`,
  ],
  [
    'a variable in device position',
    `${lab}${frame}let d = add_device tx0 on cpu 0 { frame probe }\nstart d\nprint d.sent`,
  ],
  ['a string variable in device position', `${base}let d = "tx0@0"\nset d rate 2kpps\nexpect d.sent > 0`],
  ['a text before a metric', `${base}expect "tx0@0".sent > 0`],
  ['lists that are filled later', 'let x = []\nx = [1]\nlet y = []\ny = [[1], [2]]\ny = []'],
  ['facts of lab interfaces', `${base}print rx0.mac, rx0.mtu, tx0.queues, tx0.up`],
  ['facts of machine interfaces', 'print eth0.mac, eth0.speed'],
  ['one sender of a receiver', `${base}expect rx0.from(tx0@0).lost == 0`],
  ['totals', `${base}expect devices.sent > 0 && receivers.lost == 0 && grace.latency.p99 < 1ms`],
  [
    'within a percentage or a distance',
    `${base}expect tx0@0.achieved within 1% of tx0@0.asked\nexpect tx0@0.gap.p50 within 10us of 1ms`,
  ],
  [
    'jobs',
    `${base}let j = every 1ms { print elapsed }\nat 1s { stop }\nlet s = spawn { wait 1s }\nawait s\ncancel j\nawait`,
  ],
  ['grace values', `${base}let g = rem_device tx0@0 async\nawait g\nsync timeout 1s`],
  ['a failure caught', `${base}try { rem_device tx0@0 } else { print error }`],
  [
    'interfaces as parameters',
    `param dev: interface\n${frame.replace('eth()', 'eth(dst: dev.mac)')}add_device dev on cpu 0 { frame probe }\nprint dev.sent`,
  ],
  ['an interface with a default', 'param rx: interface = "eth3"\nreceiver sink on rx\nexpect sink.received > 0'],
  [
    'frames on frames',
    `${lab}frame inner = ipv4() / udp() / pktgen\nframe outer = eth() / inner\nadd_device tx0 on cpu 0 { frame outer }`,
  ],
  [
    'generators',
    'frame f = eth(dst: 02:00:00:00:00:01) / ipv4(src: 10.0.0.0/24, dst: 10.0.0.1..10.0.0.9) / udp(src: random(1..9), dst: [1, 2])',
  ],
  ['a loop variable again in the next loop', 'for i in 1..2 { print i }\nfor i in 1..2 { print i }'],
  ['picks', 'let r = pick([1kpps, 2kpps])\nwait pick(1ms..5ms)\nlet a = pick(10.0.0.0/8)\nprint r * 2, a + 1'],
  ['addresses of blocks', 'param net = 198.18.0.0/16\nprint net.first + 1, addr(net, 5)'],
  ['shared names beside scenarios', `${lab}let n = 2\n${frame}scenario "a" { print n }\nscenario "b" { print n }`],
  ['a wait with its limit', `${base}wait until rx0.received > 0 timeout 1s\nwait stopped timeout 5s`],
  ['asked of a device that a set paces', `${device('count 1')}set tx0 rate 1kpps\nexpect tx0.asked > 0pps`],
];

for (const [name, text] of silent) {
  test(`accepts ${name}`, () => assert.equal(told(text), []));
}

const mistakes: readonly (readonly [string, string, readonly string[]])[] = [
  // types and units
  ['a rate without unit', device('rate 1000'), ['PG2103 1000']],
  ['a count with unit', device('count 10kpps'), ['PG2102 10kpps']],
  ['a size for a delay', device('delay 60B'), ['PG2101 60B']],
  ['a wait without unit', 'wait 2', ['PG2103 2']],
  ['a unit behind a blank', 'wait 2 s\nprint load', ['PG1101 2 s', 'PG3001 load']],
  ['a unit behind a blank in a block', device('rate 5 kpps'), ['PG1101 5 kpps']],
  ['a bare number beside a duration', 'if elapsed > 5 { stop }', ['PG2103 5']],
  ['a unit beside a plain number', `${base}if rx0.lost > 5s { stop }`, ['PG2102 5s']],
  ['two units that do not mix', 'print 1s + 1B', ['PG2201 +']],
  ['strings are not added', 'print "a" + "b"', ['PG2201 +']],
  ['a condition that is none', `${base}expect rx0.lost`, ['PG2104 rx0.lost']],
  ['a loop over a number', 'for i in 5 { print i }', ['PG2109 5']],
  ['a list of two types', 'let x = [1, 2s]', ['PG2105 2s']],
  ['a range of two types', 'let x = 1s..5', ['PG2103 5']],
  ['another type assigned', 'let x = 1s\nx = 5', ['PG2107 5']],
  ['within without unit', `${base}expect tx0@0.achieved within 5 of 1kpps`, ['PG2103 5']],
  ['within of two types', `${base}expect tx0@0.achieved within 1% of 1s`, ['PG2203 tx0@0.achieved within 1% of 1s']],
  ['a list indexed by a size', 'let x = [1, 2]\nprint x[1B]', ['PG2102 1B']],
  ['a number indexed', 'let x = 1\nprint x[0]', ['PG2204 x']],
  ['a function of the wrong type', 'print len(5)', ['PG2205 len(5)']],
  ['a size without unit for wire', 'print wire(60)', ['PG2103 60']],
  ['a range of texts', 'let x = "a".."b"', ['PG2106 "a".."b"']],
  ['a parameter of no such type', 'param p: rate', ['PG2108 rate']],
  ['a parameter that holds a list', 'param p = [1, 2]', ['PG2108 [1, 2]']],
  ['a text negated', 'print -"a"', ['PG2202 "a"']],
  ['a named argument', 'print min(a: 1, b: 2)', ['PG2206 a: 1']],
  ['a pair where none belongs', device('count 60B:7'), ['PG2208 60B:7']],
  ['await of a number', 'await 5', ['PG2101 5']],

  // values known before the run
  ['division by zero', 'print 1 / 0', ['PG2301 1 / 0']],
  ['overflow', 'print 9007199254740991 * 2', ['PG2302 9007199254740991 * 2']],
  ['an index past the end', 'print [1, 2][2]', ['PG2303 2']],
  ['an address past the last', 'print 255.255.255.255 + 1', ['PG2305 255.255.255.255 + 1']],
  ['an address that a block lacks', 'print addr(10.0.0.0/30, 4)', ['PG2305 addr(10.0.0.0/30, 4)']],
  ['half an address', 'print 10.0.0.1 + 0.5', ['PG2309 10.0.0.1 + 0.5']],
  ['half a CPU', `${lab}${frame}add_device tx0 on cpu 0.5 { frame probe }`, ['PG2306 0.5']],
  ['a negative wait', 'wait -1s', ['PG2307 -1s']],
  ['a period of nothing', 'every 0s { stop }', ['PG2307 0s']],
  ['half a repetition', 'repeat 2.5 { stop }', ['PG2306 2.5']],
  ['a share above all', device('shortfall 101%'), ['PG2307 101%']],
  ['a burst of nothing', device('burst 0'), ['PG2307 0']],

  // names
  ['an unknown name', 'print load', ['PG3001 load']],
  ['used before declared', 'print x\nlet x = 1', ['PG3001 x']],
  ['a name of a block outside it', 'repeat 2 { let x = 1 }\nprint x', ['PG3001 x']],
  ['shadowing', 'let x = 1\nrepeat 2 { let x = 2 }', ['PG3002 x']],
  ['a variable called as an interface', `${lab}let tx0 = 1`, ['PG3002 tx0']],
  ['a reserved name', 'let devices = 1', ['PG3003 devices']],
  ['an unknown device', `${base}set tx0@1 rate 1kpps`, ['PG3004 tx0@1']],
  ['an unknown device in a metric', `${base}expect tx0@5.sent > 0`, ['PG3004 tx0@5']],
  ['an unknown metric', `${base}expect tx0@0.send > 0`, ['PG3005 send']],
  ['half a metric', `${base}print tx0@0.gap`, ['PG3005 gap']],
  ['an unknown metric of a receiver', `${base}expect rx0.lots == 0`, ['PG3005 lots']],
  ['an unknown function', 'print mn(1, 2)', ['PG3006 mn']],
  ['a parameter assigned', 'param p = 1\np = 2', ['PG3007 p']],
  ['a loop variable assigned', 'for i in 1..2 { i = 3 }', ['PG3007 i']],
  ['a variable inside a device name', `let tx = "tx0"\n${base}start tx@0`, ['PG3008 tx@0']],
  ['an interface that the lab lacks', `${lab}${frame}add_device tx1 on cpu 0 { frame probe }`, ['PG3009 tx1']],
  [
    'a pattern on an interface that the lab lacks',
    `${lab}${frame}add_device "tx1@\${1 + elapsed / 1s}" on cpu 0 { frame probe }`,
    [`PG3009 "tx1@\${1 + elapsed / 1s}"`],
  ],
  ['a receiver on an interface that the lab lacks', `${lab}receiver rx1`, ['PG3009 rx1']],
  ['and a fact of it', `${lab}receiver rx1\nprint rx1.mac`, ['PG3009 rx1']],
  [
    'a device called as a receiver',
    `${lab}receiver rx0\n${frame}add_device rx0 on cpu 0 { frame probe }`,
    ['PG3010 rx0'],
  ],
  ['a number for a device', 'let n = 5\nstart n', ['PG3011 n']],
  ['an interface parameter that the lab lacks', `${lab}param d: interface = "rx9"`, ['PG3009 "rx9"']],
  [
    'a device whose link has no peer',
    `lab { ifb s }\n${frame}add_device s on cpu 0 { frame probe }`,
    ['PG5009 frame probe'],
  ],
  ['words without a peer', 'lab { ifb s }\nadd_device s@0 on cpu 0 { count 1 }', ['PG5001 s@0']],
  [
    'both ends of a range of sizes',
    device('min_pkt_size 50B; max_pkt_size 2000B'),
    ['PG5010 min_pkt_size 50B', 'PG5011 max_pkt_size 2000B'],
  ],
  ['two sizes of a mix', device('imix_weights 40B:1, 9000B:2'), ['PG5010 40B:1', 'PG5011 9000B:2']],
  [
    'loss of a device without a header beside one that has it',
    `${base}add_device tx0@1 on cpu 0 { frame eth() / ipv4() / udp() }\nprint rx0.from(tx0@0).lost, rx0.from(tx0@1).lost`,
    ['PG5202 rx0.from(tx0@1).lost'],
  ],
  ['no device that is expected', `${lab}receiver rx0 { expects }`, ['PG5104 expects']],
  ['a tolerance below nothing', 'expect 1s within -1% of 1s', ['PG2307 -1%']],
  ['a figure that is assigned', 'elapsed = 5s', ['PG3007 elapsed']],
  ['a list that goes into itself', 'let x = []\nx = [x]', ['PG2107 [x]']],
  ['by way of another', 'let x = []\nlet y = [x]\nx = y', ['PG2107 y']],
  ['a function that is assigned', 'fn f() { return 1 }\nf = 3', ['PG3007 f']],
  ['an interface that is assigned', `${lab}tx0 = 3`, ['PG3007 tx0']],
  ['a default that needs a fact', `${lab}param a = rx0.mac`, ['PG3012 rx0.mac']],
  ['a default that needs a counter', 'param a = eth1.stat("rx_packets")', ['PG3012 eth1.stat("rx_packets")']],
  ['a default that needs a metric', 'param a = devices.sent', ['PG3012 devices.sent']],
  ['a default that needs the time', 'param a = elapsed + 1s', ['PG3012 elapsed']],
  ['a lab that needs a fact', 'lab { veth tx0 <-> rx0 { mtu rx0.mtu } }', ['PG3012 rx0.mtu']],
  ['a receiver that needs a variable', `let s = 2s\n${lab}receiver rx0 { settle s }`, ['PG3012 s']],
  ['a lab that needs a variable', 'let m = 9000B\nlab { veth tx0 <-> rx0 { mtu m } }', ['PG3012 m']],
  ['an unknown setting of a link', 'lab { ifb s { mut 9000B } }', ['PG3013 mut']],
  ['an unknown setting of a receiver', `${lab}receiver rx0 { setle 1s }`, ['PG3013 setle']],
  ['an interface name that is too long', 'lab { ifb sink_for_everything }', ['PG3014 sink_for_everything']],
  ['a sender without metric', `${base}print rx0.from(tx0@0)`, ['PG3015 from']],
  ['no receiver', `${lab}print rx0.lost`, ['PG3016 rx0']],
  ['a device with what only a receiver has', `${base}print tx0.received`, ['PG3016 tx0']],

  // places
  ['break outside a loop', 'break', ['PG3101 break']],
  ['break out of a job', 'repeat 2 { spawn { break } }', ['PG3101 break']],
  ['a lab in a block', 'repeat 2 { lab { ifb s } }', ['PG3102 lab { ifb s }']],
  ['a statement beside scenarios', 'start\nscenario "a" { stop }', ['PG3103 start']],
  ['a scenario twice', 'scenario "a" { }\nscenario "a" { }', ['PG3104 "a"']],
  ['two labs', 'lab { ifb a }\nlab { ifb b }', ['PG3105 lab { ifb b }']],
  ["a scenario's name that varies", `scenario "a\${1}" { }`, [`PG3108 "a\${1}"`]],
  ['error outside else', 'print error', ['PG3106 error']],
  ['a value of what gives none', `${base}let g = rem_device tx0@0`, ['PG3107 rem_device tx0@0']],
  ['a receiver in a block', `${lab}repeat 2 { receiver rx0 }`, ['PG3109 receiver rx0']],
  ['reset of a device', `${base}reset tx0@0`, ['PG3110 reset tx0@0']],

  // frames
  ['no destination', 'add_device eth1 on cpu 0 { rate 1kpps }', ['PG5001 eth1']],
  ['layers out of order', 'frame f = eth() / udp()', ['PG5002 udp()']],
  ['something on pktgen', 'frame f = eth() / ipv4() / udp() / pktgen / udp()', ['PG5002 udp()']],
  ['a port too large', 'frame f = udp(dst: 70000)', ['PG5003 70000']],
  ['an unknown field', 'frame f = udp(dest: 9)', ['PG5004 dest']],
  ['a field without name', 'frame f = udp(9)', ['PG5005 9']],
  ['a field twice', 'frame f = udp(dst: 9, dst: 10)', ['PG5102 dst']],
  ['a backwards range', 'frame f = udp(dst: 9..1)', ['PG5006 9..1']],
  ['random in control code', 'print random(1..2)', ['PG5007 random(1..2)']],
  ['a frame without eth', `${lab}frame f = ipv4() / udp()\nadd_device tx0 on cpu 0 { frame f }`, ['PG5008 frame f']],
  ['no destination outside a lab', `${frame}add_device eth0 on cpu 0 { frame probe }`, ['PG5009 frame probe']],
  ['too small for the layers', device('pkt_size 57B'), ['PG5010 pkt_size 57B']],
  ['larger than the MTU', device('pkt_size 1515B'), ['PG5011 pkt_size 1515B']],
  ['a step of nothing', 'frame f = udp(dst: 1..9 step 0)', ['PG5013 0']],
  ['a frame divided', 'frame f = eth() / 2', ['PG2207 2']],
  ['an address for a port', 'frame f = udp(dst: 10.0.0.1)', ['PG2101 10.0.0.1']],

  // parameters
  ['an unknown parameter', device('rat 1kpps'), ['PG5101 rat']],
  ['a parameter twice', device('count 1; count 2'), ['PG5102 count']],
  ['two paces', device('rate 1kpps; delay 1ms'), ['PG5103 delay']],
  ['two values', device('count 1, 2'), ['PG5104 2']],
  ['an unknown word', device('late skipp'), ['PG5105 skipp']],
  ['ratep with bursts', device('ratep 1kpps; burst 8'), ['PG5106 ratep 1kpps']],
  ['a file without pcap', device('file "x.pcap"'), ['PG5107 file "x.pcap"']],
  ['pcap without a file', device('driver pcap'), ['PG5108 driver pcap']],
  ['asked of an unpaced device', `${device('count 1')}print tx0.asked`, ['PG5201 tx0.asked']],
  [
    'loss without sequence numbers',
    `${lab}receiver rx0\nframe f = eth() / ipv4()\nadd_device tx0 on cpu 0 { frame f }\nexpect rx0.lost == 0`,
    ['PG5202 rx0.lost'],
  ],
  [
    'a latency without stamps',
    `${lab}receiver rx0\nframe f = eth() / ipv4()\nadd_device tx0 on cpu 0 { frame f }\nexpect rx0.latency.p99 < 1ms`,
    ['PG5202 rx0.latency.p99'],
  ],
  ['a counter without its name', `${lab}print rx0.stat`, ['PG2205 rx0.stat']],
  ['a counter with two names', `${lab}print rx0.stat("a", "b")`, ['PG2205 rx0.stat("a", "b")']],
  ['a counter that is no text', `${lab}print rx0.stat(5)`, ['PG2101 5']],
  ['a counter of no interface', `${lab}print nowhere.stat("rx_packets")`, ['PG3009 nowhere']],
  ['a fact of CPUs used as one', `${lab}print rx0.numa_cpus + 1`, ['PG2201 +']],
];

for (const [name, text, expected] of mistakes) {
  test(`reports ${name}`, () => assert.equal(told(text), expected));
}

test('one mistake is told once, however often its name is used', () => {
  const text = `${lab}let x = 1 / 0\nlet y = x + 1s\nframe f = eth(dst: nowhere)\nadd_device tx0 on cpu 0 { frame f; count x }\nexpect x == y`;
  assert.equal(told(text), ['PG2301 1 / 0', 'PG3001 nowhere']);
});

test('every mistake of a file is told, in source order', () => {
  const text = `${lab}wait 2\nprint load\nscenarios\n${frame}add_device tx1 on cpu 0 { frame probe; rate 5 }\nlet i = 1 / 0`;
  const codes = told(text).map((line) => line.slice(0, 6));
  assert.is(codes.filter((code) => code.startsWith('PG1')).length, 1);
  assert.equal(
    codes.filter((code) => !code.startsWith('PG1')),
    ['PG2103', 'PG3001', 'PG3009', 'PG2103', 'PG2301'],
  );
});

for (const [what, text, expected] of [
  ['a name that stands nowhere else', 'foo bar baz\nx = 3\nprint nope', ['PG3001 x', 'PG3001 nope']],
  ['a name that it may have declared', 'let x = 1 +\nprint x\nx = 3', []],
  ['a device that it may have added', `${lab}add_device "tx\${0}" on cpu { }\nstart tx0\nexpect tx0.sent > 0`, []],
  ['a device that nothing adds', `${lab}print )\nstart tx0`, ['PG3004 tx0']],
  ['a parameter of a function', 'fn f(n: ) { print n }\nf(2)\nprint m', ['PG3001 m']],
] as const) {
  test(`beside a statement that cannot be read: ${what}`, () => {
    assert.equal(
      told(text).filter((line) => !line.startsWith('PG1')),
      expected,
    );
  });
}

test('a device that is misspelt where it is added is told there and not where it is used', () => {
  const text = `${lab}${frame}add_device txo on cpu 0 { frame probe; rate 1kpps }\nstart tx0\nexpect tx0.sent > 0`;
  assert.equal(told(text), ['PG3009 txo']);
});

const hints: readonly (readonly [string, string, string])[] = [
  ['a unit', device('rate 1000'), '`1000pps` (packets per second) or `1000Mbps`'],
  ['a plain number', device('count 10kpps'), '`10`'],
  ['the nearest parameter', device('burts 4'), 'did you mean `burst`?'],
  ['the nearest interface', `${lab}receiver rx`, 'did you mean `rx0`?'],
  ['no name that has nothing in common', 'let a = 1\nprint b', 'names here: `a`'],
  ['a swap in a name of two', 'let ab = 1\nprint ba', 'did you mean `ab`?'],
  ['a unit behind a blank', 'wait 2 s', '`2s`, without a blank'],
  ['what an operator takes', 'print 1s + 1B', '`+` takes a duration on the right of a duration'],
  [
    'another name for a receiver',
    `${lab}receiver rx0\nreceiver rx0 on rx0`,
    '`receiver NAME on rx0` with another name',
  ],
  ['the nearest field', 'frame f = udp(dts: 9)', 'did you mean `dst`?'],
  ['the string form of a device', `let tx = "tx0"\n${base}start tx@0`, `\`"\${tx}@0"\``],
  ['a factor', `let n = 5\n${device('rate n')}`, '`n * 1pps` or `n * 1Mbps`'],
  ['hexadecimal digits before a unit', device('rate 0x10'), '`16pps` (packets per second) or `16Mbps`'],
  ['a share', `let n = 5\n${device('shortfall n')}`, 'a share as it is written, such as `1%`'],
  ['the nearest layer', 'frame f = eth() / ipv4 / upd', 'did you mean `udp`?'],
  ['a sender', `${base}print rx0.from()`, '`rx0.from(DEVICE).received`'],
  ['a word for a wait', 'wait stoped', 'did you mean `stopped`?'],
  ['a size', device('imix_weights 40B:1, 90B:1'), '`60B` or more, or fewer layers'],
  ['a comparison', `${base}expect rx0.lost`, 'compare it: `rx0.lost > …` or `rx0.lost == …`'],
];

for (const [name, text, expected] of hints) {
  test(`hints at ${name}`, () => {
    const { diagnostics } = compile(new SourceFile('test.pg', text));
    assert.equal(
      diagnostics.flatMap((diagnostic) => diagnostic.hints),
      [expected],
    );
  });
}

test.run();
