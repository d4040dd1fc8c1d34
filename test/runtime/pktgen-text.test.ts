// SPDX-License-Identifier: Apache-2.0
//
// pktgen's own text: what `show` prints after a run beside the files that the kernel showed after the same commands.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  deviceText,
  type PktgenCurrent,
  type PktgenParams,
  runReport,
  threadText,
} from '../../runtime/report/pktgen-text.ts';
import { type Answered, caseNames, meant, recordedText, setting, settings } from '../kernel-cases.ts';
import { dryRun } from './scripts.ts';

const test = suite('pktgen text');

/** Times and rates, which vary from run to run. */
function timeless(text: string): string {
  return text
    .replace(/started: \d+us {2}stopped: \d+us idle: \d+us/, 'started: Tus  stopped: Tus idle: Tus')
    .replace(/OK: \d+\(c\d+\+d\d+\) usec/, 'OK: T(cT+dT) usec')
    .replace(/^ {2}\d+pps \d+Mb\/sec \(\d+bps\)/m, '  Rpps RMb/sec (Rbps)');
}

/** What is drawn in a case: which lines are compared by rule and not here. */
const drawn: Readonly<Record<string, (text: string) => string>> = {
  ipsrc_rnd: (text) => text.replace(/cur_saddr: [\d.]+/, 'cur_saddr: A'),
  ipdst_rnd: (text) => text.replace(/cur_daddr: [\d.]+/, 'cur_daddr: A'),
  udp_src_rnd: (text) => text.replace(/cur_udp_src: \d+/, 'cur_udp_src: P'),
  imix: (text) =>
    text.replace(/imix_size_counts: 60,\d+ 576,\d+ 1500,\d+ /, 'imix_size_counts: N').replace(/\(\d+byte/, '(Sbyte'),
};
/** `dst 10.0.0.300` stays in the kernel's text as it was written; here it is refused. */
const mistakes = ['bad_ip'];

/** With a size below what its labels need, which is an error otherwise. */
const exact = ['mpls_rnd', 'ipv6'];

/** The case's settings; of two counts the later one. */
function told(name: string): readonly string[] {
  const own = settings(meant(name));
  const counted = own.some((line) => line.startsWith('count ')) ? own : ['count 32', ...own];
  return exact.includes(name) ? [...counted, 'pktgen_compat exact'] : counted;
}

const show = 'show v0\nshow kpktgend_0\n';

function script(lines: readonly string[], then: string): string {
  return `lab { veth v0 <-> v1 }\nadd_device v0 on cpu 0 {\n${lines.join('\n')}\n}\n${then}`;
}

for (const name of caseNames.filter((one) => !mistakes.includes(one))) {
  test(`${name}: after the run`, async () => {
    const { device, thread } = recordedText(name);
    const { prints, scenario } = await dryRun(script(told(name), `start\nwait stopped\n${show}`));
    assert.is(scenario.failure, null, JSON.stringify(scenario.failure));
    const comparable = (text: string): string => (drawn[name] ?? ((same) => same))(timeless(text));
    assert.is(comparable(prints.slice(0, -3).join('\n')), comparable(device));
    assert.is(prints.slice(-3).join('\n'), thread);
  });
}

test('every recorded case is compared', () => {
  assert.equal(caseNames.length, 32);
  for (const name of [...mistakes, ...exact, ...Object.keys(drawn)]) assert.ok(caseNames.includes(name), name);
});

for (const name of caseNames.filter((one) => !mistakes.includes(one))) {
  test(`${name}: the answers to its commands`, async () => {
    const answered = recordedText(name).commands.filter(({ command, taken }) => taken && meant(name).includes(command));
    // The way out of a device is chosen when it is added.
    const isWayOut = ({ command }: Answered): boolean => command.startsWith('xmit_mode');
    const [added, set] = [answered.filter(isWayOut), answered.filter((one) => !isWayOut(one))];
    const sets = set.map(({ command }) => `set v0 ${setting(command)}\nshow v0`);
    const first = exact.includes(name) ? ['pktgen_compat exact'] : [];
    const opening = [...settings([]), ...first, ...added.map(({ command }) => setting(command))];
    const shown = [...added.map(() => 'show v0'), ...sets].join('\n');
    const { prints, scenario } = await dryRun(script(opening, shown));
    assert.is(scenario.failure, null, JSON.stringify(scenario.failure));
    assert.equal(
      prints.filter((line) => line.startsWith('Result: ')),
      [...added, ...set].map(({ answer }) => answer),
    );
  });
}

// --- the arithmetic of the report -------------------------------------------------------------------------------------------

/** The report's numbers as the kernel gave them, to the nanosecond that its rate tells. */
for (const name of caseNames) {
  // Of one run the kernel counted more idle time than time, and what is left of it as 2^64 less that.
  test(`${name}: the report to the last digit`, () => {
    const { device } = recordedText(name);
    const numbers = (pattern: RegExp): readonly number[] => (pattern.exec(device) ?? []).slice(1).map(Number);
    const [us = 0, idle = 0] = numbers(/OK: (\d+)\(c\d+\+d(\d+)\) usec/);
    const [sent = 0, size = 0, frags = 0] = numbers(/usec, (\d+) \((\d+)byte,(\d+)frags/);
    const sizes = [...(/imix_size_counts: (.*)/.exec(device)?.[1] ?? '').matchAll(/(\d+),(\d+)/g)];
    const bytes = sizes.reduce((sum, [, each, count]) => sum + Number(each) * Number(count), 0);
    const imix = sizes.map(([, each]) => ({ size: Number(each), weight: 1 }));
    const kernels = device.slice(device.indexOf('Result: ') + 8).replace(/c1844674407\d+/, 'c0');
    // Microseconds are cut off by the kernel: each time was one of a thousand nanoseconds.
    const reports = function* () {
      for (let ns = 0; ns < 1000; ns++) {
        for (const idleNs of [0, ns, ns + 1, 999]) {
          const stopped = BigInt(us * 1000 + ns);
          const counted = { ...resting, sent, size, bytes, stopped, idle: BigInt(idle * 1000 + Math.min(idleNs, 999)) };
          yield runReport({ imix, frags }, counted);
        }
      }
    };
    assert.ok([...reports()].includes(kernels), `none is\n${kernels}`);
  });
}

const resting: PktgenCurrent = {
  sent: 0,
  errors: 0,
  bytes: 0,
  sizeCounts: [],
  started: 0n,
  stopped: 0n,
  idle: 0n,
  sequence: 0,
  dstMacOffset: 0,
  srcMacOffset: 0,
  src: '0.0.0.0',
  dst: '0.0.0.0',
  udpSrc: 0,
  udpDst: 0,
  queue: 0,
  flows: 0,
  size: 60,
};

test('the report where the kernel’s products overflow', () => {
  // 20 000 000 000 packets: their number times 10^9 is beyond 2^64.
  const long = { ...resting, sent: 20_000_000_000, stopped: 10_000_000_000_000n };
  assert.is(
    runReport({ imix: [], frags: 0 }, long),
    'OK: 10000000000(c10000000000+d0) usec, 20000000000 (60byte,0frags)\n  2000000pps 960Mb/sec (960000000bps) errors: 0',
  );
  const mixed = { ...long, sent: 10_000_000, size: 1500, bytes: 10_000_000_000 };
  assert.match(
    runReport({ imix: [{ size: 1500, weight: 1 }], frags: 0 }, mixed),
    /\n {2}1000pps 8Mb\/sec \(8000000bps\)/,
  );
});

test('a run of no time at all has no rate', () => {
  assert.match(runReport({ imix: [], frags: 0 }, { ...resting, sent: 1 }), /\n {2}0pps 0Mb\/sec \(0bps\) errors: 0$/);
});

// --- what no recording has ----------------------------------------------------------------------------------------------------

const plain: PktgenParams = {
  name: 'tx0@0',
  count: 0,
  minSize: 60,
  maxSize: 60,
  imix: [],
  frags: 0,
  delay: 0n,
  cloneSkb: 0,
  flows: 0,
  flowLength: 0,
  queueMin: 0,
  queueMax: 0,
  priority: 0,
  addresses: { version: 4, dstMin: '10.0.0.2', dstMax: '', srcMin: '', srcMax: '' },
  srcMac: '02:00:00:00:00:0a',
  dstMac: '02:00:00:00:00:0b',
  udpSrc: { min: 9, max: 9 },
  udpDst: { min: 9, max: 9 },
  srcMacCount: 0,
  dstMacCount: 0,
  mpls: [],
  vlan: null,
  svlan: null,
  tos: 0,
  trafficClass: 0,
  burst: 1,
  node: null,
  xmitMode: 'start_xmit',
  flags: new Set(),
};

/** Lines that stand there only where there is something to say. */
for (const [what, told, line] of [
  ['a priority', { priority: 999 }, '     skb_priority: 999'],
  ['a traffic class', { trafficClass: 0xf0 }, '     traffic_class: 0xf0'],
  ['a burst', { burst: 32 }, '     burst: 32'],
  ['a node', { node: 0 }, '     node: 0'],
  ['never', { delay: null }, '     frags: 0  delay: 18446744073709551615  clone_skb: 0  ifname: tx0@0'],
  ['drawn flows', { flows: 2 }, '     Flags: FLOW_RND  '],
  ['flows one after the other', { flows: 2, flags: new Set(['FLOW_SEQ']) }, '     Flags: FLOW_SEQ  '],
  ['no flows', { flags: new Set(['FLOW_SEQ', 'VID_RND', 'IPSRC_RND']) }, '     Flags: IPSRC_RND  VID_RND  '],
  ['labels', { mpls: [0xa, 0x1f40] }, '     mpls: 0000000a, 00001f40'],
] as const) {
  test(`a line for ${what}`, () => {
    const lines = deviceText({ ...plain, ...told }, resting, 'Idle');
    const without = deviceText(plain, resting, 'Idle');
    assert.ok(lines.includes(line), lines.join('\n'));
    assert.not.ok(without.includes(line));
  });
}

test('a thread that was told nothing', () => {
  assert.equal(threadText({ running: [], stopped: [], result: null }), ['Running: ', 'Stopped: ', 'Result: NA']);
});

const opening =
  'lab { veth tx0 <-> rx0 }\nframe probe = eth() / ipv4(src: 10.0.0.1, dst: 10.0.0.2..10.0.0.9) / udp(dst: 9) / pktgen\n';

test('while it runs', async () => {
  const { prints } = await dryRun(`${opening}
    add_device tx0@0 on cpu 0 { frame probe; ratep 1000pps; burst 1 }
    add_device tx0@1 on cpu 0 { frame probe; rate 8Mbps; pkt_size 100B; count 5 }
    show tx0@0
    start
    wait 10ms
    show pgctrl
    show kpktgend_0
    show tx0@0
    stop
    rem_device tx0@1
    show kpktgend_0
    rem_device_all
    show kpktgend_0`);
  const at = (line: string): number => prints.indexOf(line);
  assert.ok(at('Result: OK: burst=1') > 0, prints.join('\n'));
  const from = at('Packet Generator for packet performance testing. Version: 2.75');
  assert.equal(prints.slice(from + 1, from + 4), [
    'Running: tx0@0 ',
    'Stopped: tx0@1 ',
    'Result: OK: add_device=tx0@1',
  ]);
  const running = prints.slice(from + 4, -6);
  assert.is(running.at(-1), 'Result: Starting');
  assert.ok(running.includes('     frags: 0  delay: 1000000  clone_skb: 0  ifname: tx0@0'));
  assert.ok(running.includes('     pkts-sofar: 10  errors: 0'), running.join('\n'));
  assert.ok(running.includes('     started: 0us  stopped: 10000us idle: 0us'), running.join('\n'));
  // The tenth of addresses that go round in eight.
  assert.ok(running.includes('     cur_saddr: 10.0.0.1  cur_daddr: 10.0.0.3'), running.join('\n'));
  assert.equal(prints.slice(-6), [
    ...['Running: ', 'Stopped: tx0@0 ', 'Result: OK: rem_device=tx0@1'],
    ...['Running: ', 'Stopped: ', 'Result: OK: rem_device_all'],
  ]);
});

/** What programs look for in a device's file: its settings and counters at any time, the report once it has stopped. */
const whenever: readonly RegExp[] = [
  /^Params: count (\d+) {2}min_pkt_size: (\d+) {2}max_pkt_size: (\d+)$/m,
  /^ +frags: (\d+) {2}delay: (\d+) {2}clone_skb: (\d+) {2}ifname: (\S+)$/m,
  /^ +flows: (\d+) flowlen: (\d+)$/m,
  /src_mac: ([0-9a-f:]{17}) dst_mac: ([0-9a-f:]{17})/,
  /pkts-sofar: (\d+) {2}errors: (\d+)/,
  /started: (\d+)us {2}stopped: (\d+)us idle: (\d+)us/,
  /seq_num: (\d+) {2}cur_dst_mac_offset: (\d+) {2}cur_src_mac_offset: (\d+)/,
  /^ {5}Flags: /m,
];
const reported: readonly RegExp[] = [
  /Result: OK: (\d+)\(c(\d+)\+d(\d+)\) usec, (\d+) \((\d+)byte,(-?\d+)frags\)/,
  /(\d+)pps (\d+)Mb\/sec \((\d+)bps\) errors: (\d+)/,
];

test('what parsers look for is there, running and stopped', async () => {
  const { prints } = await dryRun(`${opening}
    add_device tx0@0 on cpu 0 { src_min 10.0.0.1; dst 10.0.0.2; ratep 1000pps; flag IPSRC_RND; src_max 10.0.0.9 }
    start
    wait 10ms
    show tx0@0
    stop
    show tx0@0`);
  const second = prints.findLastIndex((line) => line.startsWith('Params: '));
  const [running, stopped] = [prints.slice(0, second).join('\n'), prints.slice(second).join('\n')];
  const kernels = caseNames.map((name) => recordedText(name).device);
  for (const pattern of whenever) for (const text of [running, stopped, ...kernels]) assert.match(text, pattern);
  for (const pattern of reported) {
    for (const text of [stopped, ...kernels]) assert.match(text, pattern);
    assert.not.match(running, pattern);
  }
  assert.match(running, /^Result: Starting$/m);
});

test('values go on through `clear_counters`, and through a `set` that changes others', async () => {
  const { prints } = await dryRun(`${opening}
    add_device tx0@0 on cpu 0 { frame probe; ratep 1000pps }
    start
    wait 4ms
    clear_counters
    wait 2ms
    set tx0@0 ratep 500pps
    show tx0@0
    set tx0@0 frame eth() / ipv4(src: 10.0.0.1, dst: 10.0.0.2..10.0.0.9) / udp(src: 5..7) / pktgen
    wait 4ms
    show tx0@0`);
  const shown = prints.filter((line) => /pkts-sofar|cur_/.test(line)).map((line) => line.trim());
  const daddr = (count: number): string => `cur_saddr: 10.0.0.1  cur_daddr: 10.0.0.${2 + ((count - 1) % 8)}`;
  const [sofar, , addresses, ports, , later, , next] = shown;
  const count = (line: string | undefined): number => Number(/pkts-sofar: (\d+)/.exec(line ?? '')?.[1]);
  // The fifth packet is due when they are cleared, and is sent behind that.
  const cleared = 4;
  assert.is(addresses, daddr(cleared + count(sofar)), prints.join('\n'));
  assert.is(ports, 'cur_udp_dst: 9  cur_udp_src: 9');
  assert.is(next, daddr(cleared + count(later)), prints.join('\n'));
});

test.run();
