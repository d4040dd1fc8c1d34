// SPDX-License-Identifier: Apache-2.0
//
// What interfaces tell: addresses, NUMA nodes and counters, on the perfect machine and in a lab of this one.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { InterfaceFacts } from '../../runtime/engine.ts';
import { dryRunEngine } from '../../runtime/engines/dry-run.ts';
import { nativeEngine } from '../../runtime/engines/native.ts';
import { cpuList, machineTopology, numaFact, type Topology } from '../../runtime/engines/numa.ts';
import { addon, namespaces, testWith } from '../requirements.ts';
import { bench, dryRun, runOn } from './scripts.ts';

const test = suite('interface facts');

test('the perfect machine has fixed ones', async () => {
  const { prints } = await dryRun(`
    param dev: interface = "eth0"
    print dev.ip
    print len(dev.numa_cpus)
    print dev.queues
    print dev.speed
    print dev.up
  `);
  assert.equal(prints, ['198.18.1.1', '64', '64', '10Gbps', 'true']);
});

test('what is not known is said with its reason', async () => {
  const { diagnostics } = await dryRun(`${bench}
    print rx0.ip`);
  assert.equal(
    diagnostics.map(({ code, message, hints }) => [code, message, hints]),
    [['PG6302', '`rx0` has no known ip', ['it has no IPv4 address']]],
  );
});

const counting = `${bench}
  frame other = eth() / ipv4(src: random(10.0.0.0/16)) / udp / pktgen
  add_device tx0@0 on cpu 0 { frame probe; count 640; pkt_size 60B }
  add_device tx0@1 on cpu 1 { frame other; count 64 }
`;

test('counters of the perfect machine count since the run began', async () => {
  const { prints } = await dryRun(`${counting}
    print rx0.stat("rx_packets")
    start
    wait stopped
    stop
    print rx0.stat("rx_packets")
    print tx0.stat("tx_packets")
    print tx0.stat("rx_packets")
    print tx1.stat("tx_bytes")
    let busy = 0
    for q in 0..rx0.queues - 1 { if rx0.stat("rx_queue_\${q}_packets") > 1 { busy = busy + 1 } }
    print busy
    rem_device tx0@1
    print rx0.stat("rx_packets")
    start tx0@0
    wait stopped
    stop
    print rx0.stat("rx_packets")
  `);
  assert.equal(prints, ['0', '704', '704', '0', '0', '1', '704', '640']);
});

test('conditions can wait for a counter, and loops look at it each time', async () => {
  const { results, prints } = await dryRun(`${bench}
    add_device tx0@0 on cpu 0 { frame probe; rate 10kpps }
    start
    wait until rx0.stat("rx_packets") > 500 timeout 1s
    while rx0.stat("rx_packets") < 2000 { wait 10ms }
    print rx0.stat("rx_packets")
    stop
  `);
  assert.equal([results.verdict, prints], ['passed', ['2000']]);
});

test('a counter that there is not is said with the nearest one', async () => {
  const { diagnostics } = await dryRun(`${bench}
    print rx0.stat("rx_queue_0_packet")`);
  assert.equal(
    diagnostics.map(({ code, hints }) => [code, hints]),
    [['PG6304', ['did you mean `rx_queue_0_packets`?']]],
  );
});

const nothing: Topology = { nodes: new Map([[0, [0, 1, 2]]]), nodeOf: () => null };
const two = (node: number | null): Topology => ({
  nodes: new Map([
    [0, [0, 1]],
    [1, [2, 3]],
  ]),
  nodeOf: () => node,
});

const numa: readonly (readonly [string, Topology, readonly number[], readonly number[] | RegExp])[] = [
  ['the only node has every interface', nothing, [0, 1, 2, 3], [0, 1, 2]],
  ['the node of the adapter', two(1), [0, 1, 2, 3], [2, 3]],
  ['only CPUs for senders', two(1), [0, 3], [3]],
  ['no CPU is left', two(1), [0, 1], /may run on none/],
  ['no adapter', two(null), [0, 1, 2, 3], /no adapter/],
  ['a firmware that says nothing', two(-1), [0, 1, 2, 3], /firmware/],
];
for (const [what, topology, allowed, expected] of numa) {
  test(`NUMA: ${what}`, () => {
    const fact = numaFact('0000:3b:00.0', topology, allowed);
    if (fact.kind === 'cpus') assert.equal(fact.cpus, expected);
    else assert.match(fact.reason, expected as RegExp);
  });
}

test('NUMA nodes are read as the kernel writes them', () => {
  const sys = mkdtempSync(join(tmpdir(), 'pktsh-sys-'));
  const write = (path: string, text: string) => {
    mkdirSync(join(sys, path, '..'), { recursive: true });
    writeFileSync(join(sys, path), `${text}\n`);
  };
  try {
    write('devices/system/cpu/online', '0-1');
    assert.equal([...machineTopology(sys).nodes], [[0, [0, 1]]]);
    write('devices/system/node/node0/cpulist', '0-1,4');
    write('devices/system/node/node1/cpulist', '2-3');
    write('bus/pci/devices/0000:3b:00.0/numa_node', '1');
    const topology = machineTopology(sys);
    assert.equal([...topology.nodes].sort(), [
      [0, [0, 1, 4]],
      [1, [2, 3]],
    ]);
    const nodes = ['0000:3b:00.0', '0000:3b:00.1', '', '../../../etc'].map((bus) => topology.nodeOf(bus));
    assert.equal(nodes, [1, null, null, null]);
    assert.equal([cpuList('0-2,5'), cpuList('')], [[0, 1, 2, 5], []]);
  } finally {
    rmSync(sys, { recursive: true });
  }
});

testWith(test, [addon, namespaces], 'a lab of this machine tells what its interfaces count', async () => {
  const engine = nativeEngine();
  try {
    const { results, prints } = await runOn(
      engine,
      `${bench}
      add_device tx0@0 on cpu 0 { frame probe; rate 10kpps; count 500; pkt_size 60B }
      print len(rx0.numa_cpus) > 0
      start
      wait stopped timeout 10s
      stop
      print rx0.stat("rx_packets") == sink.received
      print tx0.stat("tx_bytes")
      print tx0.stat("peer_ifindex")
      start
      wait stopped timeout 10s
      stop
      print tx0.stat("tx_packets")
      try { print rx0.ip } else { print error }
      try { print rx0.stat("peer_ifindexes") } else { print error }
    `,
    );
    assert.is(results.verdict, 'passed');
    const counted = ['true', 'true', '30000', '0', '500'];
    assert.equal(prints, [...counted, '`rx0` has no known ip', '`rx0` has no counter `peer_ifindexes`']);
    const counters = await engine.statistics(['tx0', 'nowhere']);
    assert.equal([...counters.keys()], ['tx0']);
    assert.ok((counters.get('tx0')?.get('peer_ifindex') ?? 0) > 0, "the driver's own counters are there");
  } finally {
    await engine.close();
  }
});

testWith(test, [addon], 'loopback has an address', async () => {
  const engine = nativeEngine();
  try {
    const facts = await engine.interfaces();
    const loopback = facts.find((one) => one.loopback) as InterfaceFacts;
    assert.ok(loopback.ipv4 === 0x7f_00_00_01 || !loopback.up);
  } finally {
    await engine.close();
  }
});

test('the dry engine has no counters of what it does not have', async () => {
  const engine = dryRunEngine();
  assert.is((await engine.statistics(['eth0'])).size, 0);
  await engine.interfaces(['eth0']);
  assert.is((await engine.statistics(['eth0'])).get('eth0')?.get('rx_packets'), 0);
  await engine.close();
});

test.run();
