// SPDX-License-Identifier: Apache-2.0
//
// What the kernel's own test of pktgen's files writes to them (tools/testing/selftests/net/proc_net_pktgen.c, read, not
// copied), through `pktsh import`: taken or refused as there, or with the reason why it is otherwise here.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SourceFile } from '../../lang/index.ts';
import { translate } from '../../runtime/shell-script/translation.ts';

const test = suite('inputs of the kernel selftest');

/** Whether pktgen takes a command; `taken` and `refused` alone where it is the same here. */
type Outcome = 'taken' | 'refused' | { readonly kernel: 'taken' | 'refused'; readonly here: RegExp | 'taken' };

const otherwise = (kernel: 'taken' | 'refused', here: RegExp | 'taken'): Outcome => ({ kernel, here });
/** Taken there, and refused here for a reason. */
const notHere = (why: RegExp): Outcome => otherwise('taken', why);
/** A number that is not there is 0 for the kernel. */
const noNumber = notHere(/which the kernel reads as 0|reads `` as 0/);

/** The commands of a script behind an `add_device lo@0`, and the first reason why one of them was not carried over. */
function refusal(lines: readonly string[]): string | null {
  const script = ['pg_thread 0 add_device lo@0', ...lines, 'pg_ctrl start'].join('\n');
  const { warnings } = translate(new SourceFile('selftest.sh', script));
  return warnings.find(({ code }) => code === 'PG7007')?.message ?? null;
}

function holds(lines: readonly string[], outcome: Outcome): void {
  const found = refusal(lines);
  const here = typeof outcome === 'string' ? outcome : outcome.here;
  if (here === 'taken') assert.is(found, null);
  else if (here === 'refused') assert.ok(found !== null, lines.join('; '));
  else assert.match(found ?? 'taken', here);
}

const toDevice = (command: string): string => `echo "${command}" > /proc/net/pktgen/lo@0`;
const prefixes = (word: string, from = 0): readonly string[] =>
  Array.from({ length: word.length + 1 - from }, (_, i) => word.slice(0, i + from));
const pairs = (count: number): string => Array.from({ length: count }, (_, i) => `${101 + i},${i + 1}`).join(' ');
const labels = (count: number): string =>
  Array.from({ length: count }, (_, i) => (0xf00 + i).toString(16).padStart(8, '0')).join(',');

const tooSmall = notHere(/the layers need|must be/);
const alone = (other: string): Outcome => notHere(new RegExp(`\`${other}\``));

/** Commands to lo@0, one function of the test a line or more; those of one line are written one after the other. */
const commands: readonly (readonly [string | readonly string[], Outcome])[] = [
  ['min_pkt_size', noNumber],
  ['min_pkt_size ', noNumber],
  ['min_pkt_size 0', tooSmall],
  ['min_pkt_size 1', tooSmall],
  ['min_pkt_size 100', 'taken'],
  ['min_pkt_size=1001', 'taken'],
  ['min_pkt_size =2002', 'taken'],
  ['min_pkt_size= 3003', 'taken'],
  ['min_pkt_size = 4004', 'taken'],
  ['max_pkt_size 200', 'taken'],
  ['pkt_size 300', 'taken'],
  ['imix_weights 0,7 576,4 1500,1', tooSmall],
  [`imix_weights ${pairs(20)}`, 'taken'],
  [`imix_weights ${pairs(21)}`, 'refused'],
  ['imix_weights', 'refused'],
  ['imix_weights ', 'refused'],
  ['imix_weights 0', 'refused'],
  ['imix_weights 0,', 'refused'],
  ['debug 1', notHere(/kernel module's own log/)],
  ['debug 0', notHere(/kernel module's own log/)],
  ['frags 100', 'taken'],
  ['delay 100', 'taken'],
  ['delay 2147483647', 'taken'],
  ['rate 0', 'refused'],
  ['rate 100', 'taken'],
  ['ratep 0', 'refused'],
  ['ratep 200', 'taken'],
  ['udp_src_min 1', 'taken'],
  ['udp_dst_min 2', 'taken'],
  // Below the default minimum of 9: no range, there and here.
  ['udp_src_max 3', 'taken'],
  ['udp_dst_max 4', 'taken'],
  // Refused there because lo cannot send one packet twice: here each driver copies.
  ['clone_skb 1', otherwise('refused', 'taken')],
  ['clone_skb 0', 'taken'],
  ['count 100', 'taken'],
  ['src_mac_count 100', 'taken'],
  ['dst_mac_count 100', 'taken'],
  ['burst 0', 'taken'],
  ['node 100', 'taken'],
  ['xmit_mode start_xmit', 'taken'],
  ['xmit_mode netif_receive', notHere(/receive path/)],
  ['xmit_mode queue_xmit', 'taken'],
  ['xmit_mode nonsense', notHere(/`nonsense`/)],
  ['flag UDPCSUM', 'taken'],
  ['flag !UDPCSUM', 'taken'],
  ['flag nonsense', notHere(/`nonsense`/)],
  ['dst_min 101.102.103.104', 'taken'],
  ['dst 101.102.103.104', 'taken'],
  ['dst_max 201.202.203.204', alone('dst')],
  [['dst_min 101.102.103.104', 'dst_max 201.202.203.204'], 'taken'],
  ['src_min 101.102.103.104', 'taken'],
  ['src_max 201.202.203.204', alone('src_min')],
  [['src_min 101.102.103.104', 'src_max 201.202.203.204'], 'taken'],
  ['dst6 2001:db38:1234:0000:0000:0000:0000:0000', 'taken'],
  ['dst6_min 2001:db8:1234:0000:0000:0000:0000:0000', alone('dst6_max')],
  ['dst6_max 2001:db8:1234:0000:0000:0000:0000:0000', alone('dst6_min')],
  [['dst6_min 2001:db8:1234:0000:0000:0000:0000:0000', 'dst6_max 2001:db8:1234:ffff:ffff:ffff:ffff:ffff'], 'taken'],
  ['src6 2001:db38:1234:0000:ffff:ffff:ffff:ffff', 'taken'],
  ['dst_mac 01:02:03:04:05:06', 'taken'],
  ['src_mac 11:12:13:14:15:16', 'taken'],
  ['clear_counters', 'taken'],
  ['flows 100', 'taken'],
  ['flowlen 100', alone('flows')],
  [['flows 100', 'flowlen 100'], 'taken'],
  ['spi 100', notHere(/security association/)],
  ['queue_map_min 1', 'taken'],
  ['queue_map_max 2', 'taken'],
  ['mpls 00000001', 'taken'],
  ['mpls 00000001,000000f2', 'taken'],
  [`mpls ${labels(16)}`, 'taken'],
  [`mpls ${labels(17)}`, 'refused'],
  [['vlan_id 1', 'vlan_p 1', 'vlan_cfi 1', 'vlan_id 4096'], 'taken'],
  ['svlan_id 1', alone('vlan_id')],
  [['svlan_id 1', 'svlan_p 1', 'svlan_cfi 1', 'svlan_id 4096'], 'taken'],
  ['tos 0', notHere(/two hexadecimal digits/)],
  ['tos 0f', 'taken'],
  ['tos 0ff', 'taken'],
  ['traffic_class f0', alone('dst6')],
  [['dst6 2001:db8::1', 'traffic_class f0'], 'taken'],
  ['skb_priority 999', 'taken'],
];

for (const [command, outcome] of commands) {
  const lines = typeof command === 'string' ? [command] : command;
  test(`lo@0: ${lines.join('; ').slice(0, 60)}`, () => holds(lines.map(toDevice), outcome));
}

test('lo@0: a wrong word, however much of it', () => {
  for (const word of prefixes('forsurewrongcommand')) holds([toDevice(word)], 'refused');
});

test('the thread: a wrong word, however much of it', () => {
  for (const word of prefixes('forsureawrongcommand')) {
    holds([`echo "${word}" > /proc/net/pktgen/kpktgend_0`], 'refused');
  }
});

test('the thread: a word of old, which does nothing any more', () => {
  for (const word of prefixes('max_before_softirq').slice(0, -1)) {
    holds([`echo "${word}" > /proc/net/pktgen/kpktgend_0`], 'refused');
  }
  holds(['pg_thread 0 max_before_softirq'], notHere(/does nothing/));
});

test('all: wrong digits, however many', () => {
  for (const word of prefixes('0123456789'.repeat(13))) holds([`echo "${word}" > /proc/net/pktgen/pgctrl`], 'refused');
});

test('all: stop, start, reset', () => {
  for (const word of ['stop', 'start', 'reset']) holds([`echo "${word}" > /proc/net/pktgen/pgctrl`], 'taken');
});

test.run();
