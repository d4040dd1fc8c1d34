// SPDX-License-Identifier: Apache-2.0
//
// What pktgen's words come to in the plans of devices, when a device is added and when it is changed.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FrameProgram } from '../../lang/frame/frame-program.ts';
import { slotted } from '../../lang/frame/frame-sizes.ts';
import type { Value } from '../../lang/value.ts';
import type { DevicePlan } from '../../runtime/engine.ts';
import { macOf } from '../../runtime/lab/mac.ts';
import { FrameInterpreter, words } from '../frame-interpreter.ts';
import { fc } from '../laws.ts';
import { root } from '../requirements.ts';
import { bench, dryRun } from './scripts.ts';

/** The plans of a device as it is added and after each change. */
async function plans(settings: string, changes: readonly string[] = []): Promise<readonly DevicePlan[]> {
  const sets = changes.map((change) => `set tx0 { ${change} }`).join('\n');
  const { engine, diagnostics } = await dryRun(`${bench}add_device tx0 on cpu 0 { ${settings} }\n${sets}`);
  assert.equal(
    diagnostics.map(({ message }) => message),
    [],
  );
  return engine.operations.flatMap((operation) =>
    'plan' in operation && 'pace' in operation.plan ? [operation.plan] : [],
  );
}
async function planOf(settings: string): Promise<DevicePlan> {
  return (await plans(settings))[0] as DevicePlan;
}
const frames = (program: FrameProgram, count: number): readonly Buffer[] => {
  const interpreter = new FrameInterpreter(program, 7n);
  return Array.from({ length: count }, (_, i) => Buffer.from(interpreter.next(i + 1)));
};

// --- plans ---------------------------------------------------------------------------------------------------------------------

const plan = suite('plans of words');

for (const [settings, expected] of [
  ['count 1', { clones: 1, priority: 0, queues: null, burst: 1 }],
  ['clone_skb 0', { clones: 1 }],
  ['clone_skb 5', { clones: 5 }],
  ['skb_priority 4', { priority: 4 }],
  ['flag QUEUE_MAP_CPU; queue_map_max 3', { queues: { kind: 'cpu' } }],
  ['queue_map_min 2', { queues: { kind: 'sequential', first: 2, last: 2 } }],
  ['queue_map_max 3', { queues: { kind: 'sequential', first: 0, last: 3 } }],
  ['queue_map_min 1; queue_map_max 3; flag QUEUE_MAP_RND', { queues: { kind: 'random', first: 1, last: 3 } }],
  ['rate 8Mbps; pkt_size 100B', { pace: { per: 'pass', period: { numerator: 100_000n, denominator: 1n } } }],
  ['rate 8Mbps; imix_weights 60B:1, 100B:1', { pace: { per: 'byte', period: { numerator: 1000n, denominator: 1n } } }],
  [
    'rate 1kpps; imix_weights 60B:1, 100B:1',
    { pace: { per: 'pass', period: { numerator: 1_000_000n, denominator: 1n } } },
  ],
  ['rate 8Mbps; imix_weights 60B:3, 60B:1', { pace: { per: 'pass', period: { numerator: 60_000n, denominator: 1n } } }],
] as const) {
  plan(settings, async () => {
    const made = await planOf(settings);
    for (const [name, value] of Object.entries(expected)) assert.equal(made[name as keyof DevicePlan], value, name);
  });
}

plan('a lab tells both addresses, and defaults are test addresses', async () => {
  const { program } = await planOf('count 1');
  const mac = (name: string) => macOf(name).toString(16).padStart(12, '0');
  assert.is(program.template.slice(0, 24), mac('rx0') + mac('tx0'));
  assert.is(program.template.length / 2, 58, 'no more than the headers need');
  assert.is(program.template.slice(52, 68), 'c6120001c6130001');
  const exact = await planOf('pktgen_compat exact');
  assert.is(exact.program.template.slice(52, 68), '0'.repeat(16));
  assert.is((await planOf('src6 2001:db8::1')).program.template.length / 2, 78);
});

plan('a count in bursts', async () => {
  const counts = async (settings: string) => (await planOf(`count 10; ${settings}`)).count;
  assert.is(await counts('burst 4'), 10);
  assert.is(await counts('burst 4; pktgen_compat exact'), 12);
  assert.is(await counts('burst 5; pktgen_compat exact'), 10);
  assert.is((await planOf('burst 4; pktgen_compat exact')).count, 0, 'until stopped');
  const { prints } = await dryRun(`${bench}add_device tx0 on cpu 0 { count 10; burst 4; pktgen_compat exact }
    start
    wait stopped
    show tx0`);
  assert.match(prints.join('\n'), /^Params: count 10 .*\n(?:.*\n)+ +pkts-sofar: 12 /);
});

plan('what the stamp tells', async () => {
  const stampOf = async (settings: string) => {
    const found = (await planOf(settings)).program.operations.find(({ kind }) => kind === 'stamp');
    return found?.kind === 'stamp' ? [found.time, found.stream] : null;
  };
  assert.equal(await stampOf('count 1'), [true, true]);
  assert.equal(await stampOf('pktgen_compat exact'), [true, false]);
  for (const own of ['', 'frame probe; ']) assert.equal(await stampOf(`${own}flag NO_TIMESTAMP`), [false, false]);
});

plan.run();

// --- frames --------------------------------------------------------------------------------------------------------------------

const frame = suite('frames of words');

for (const [name, settings, offset, bytes, expected] of [
  ['ports', 'udp_dst_min 5; udp_dst_max 8', 36, 2, [6, 7, 5, 6, 7, 5]],
  ['two ports, of which one is never used', 'udp_src_min 5; udp_src_max 6', 34, 2, [5, 5, 5]],
  ['destinations', 'dst 10.0.0.1; dst_max 10.0.0.3', 33, 1, [2, 3, 1, 2]],
  ['sources', 'src_min 10.0.0.254; src_max 10.0.1.0', 28, 2, [0xff, 0x100, 0xfe]],
  ['MAC addresses', 'src_mac 02:00:00:00:00:ff; src_mac_count 3', 10, 2, [0xff, 0x100, 0x101, 0xff]],
  ['the id', 'count 1', 18, 2, [0, 1, 2]],
  ['flows', 'dst 10.0.0.0; dst_max 10.0.0.9; flows 2; flowlen 2; flag FLOW_SEQ', 33, 1, [1, 1, 2, 2, 3, 3]],
  ['the sequence number', 'count 1', 46, 4, [1, 2, 3]],
] as const) {
  frame(`${name} follow each other as in the kernel`, async () => {
    const built = frames((await planOf(settings)).program, expected.length);
    assert.equal(
      built.map((one) => one.readUIntBE(offset, bytes)),
      expected,
    );
  });
}

frame('drawn flows keep a destination for one packet more than their length', async () => {
  const { program } = await planOf('dst 10.0.0.0; dst_max 10.255.255.255; flag IPDST_RND; flows 4; flowlen 5');
  const seen = new Map<number, number>();
  for (const one of frames(program, 2000)) seen.set(one.readUInt32BE(30), (seen.get(one.readUInt32BE(30)) ?? 0) + 1);
  const counts = [...seen.values()];
  assert.is(Math.max(...counts), 6);
  assert.is(counts.filter((count) => count < 6).length <= 4, true, 'all but the last of each flow are whole');
});

frame('labels are drawn where the S bit was written', async () => {
  const { program } = await planOf('mpls 0x00010164, 0x0002000a, 0x0003010a; flag MPLS_RND');
  for (const one of frames(program, 200)) {
    const labels = [14, 18, 22].map((offset) => one.readUInt32BE(offset));
    assert.is((labels[0] as number) & ~0xffeff, 0, 'the upper label bits and S are 0 in the first one');
    assert.is(labels[1], 0x0002000a);
    assert.is((labels[2] as number) & 0xfff00100, 0x100, 'S stands in the last one');
  }
});

frame('an S bit draws labels by itself only in the kernel', async () => {
  const drawn = async (settings: string) => {
    return (await planOf(settings)).program.operations.some(({ kind }) => kind === 'random_bits');
  };
  assert.equal([await drawn('mpls 0x0001010a'), await drawn('mpls 0x0001010a; pktgen_compat exact')], [false, true]);
});

frame('IPv6 destinations are drawn bit by bit', async () => {
  const { program } = await planOf('dst6_min 2001:db8::100; dst6_max 2001:db8::f1ff; src6 2001:db8::1');
  for (const one of frames(program, 200)) {
    assert.is(one.subarray(38, 52).toString('hex'), '20010db8000000000000000000000000'.slice(0, 28));
    assert.is(one.readUInt16BE(52) & ~0xf1ff, 0);
    assert.is(one.readUInt16BE(52) & 0x100, 0x100);
  }
});

frame('addresses that the kernel draws again are left out', async () => {
  const { program } = await planOf('dst 126.0.0.0; dst_max 129.0.0.0; flag IPDST_RND');
  const seen = new Set(frames(program, 500).map((one) => one.readUInt8(30)));
  assert.equal([...seen].sort(), [126, 128]);
});

frame('the id of a VLAN is drawn, its priority stays', async () => {
  const { program } = await planOf('vlan_id 1; vlan_p 5; svlan_id 2; flag SVID_RND');
  const built = frames(program, 300);
  assert.equal([...new Set(built.map((one) => one.readUInt16BE(18)))], [0xa001]);
  assert.ok(new Set(built.map((one) => one.readUInt16BE(14))).size > 100);
});

/** Whether lengths and checksums are right in a frame of Ethernet, IPv4 and UDP with a checksum. */
function sound(one: Buffer): void {
  assert.equal([one.readUInt16BE(16), one.readUInt16BE(38)], [one.length - 14, one.length - 34]);
  const fold = (sum: number): number => (sum > 0xffff ? fold((sum & 0xffff) + (sum >>> 16)) : sum);
  assert.is(fold(words(one.subarray(14, 34))), 0xffff, 'the IPv4 checksum');
  assert.is(fold(words(one.subarray(26, 34)) + 17 + one.length - 34 + words(one.subarray(34))), 0xffff, 'the UDP one');
}

frame('lengths and checksums follow sizes, whatever varies', async () => {
  const size = fc.integer({ min: 60, max: 1514 });
  const sizes = fc.oneof(
    fc.tuple(size, size).map((ends) => {
      const [min, max] = ends.sort((a, b) => a - b);
      return `min_pkt_size ${min}B; max_pkt_size ${max}B`;
    }),
    fc
      .array(fc.tuple(size, fc.integer({ min: 1, max: 9 })), { minLength: 1, maxLength: 20 })
      .map((entries) => `imix_weights ${entries.map(([bytes, weight]) => `${bytes}B:${weight}`).join(', ')}`),
  );
  const content = fc.constantFrom(
    'flag UDPCSUM; udp_src_max 100; dst 10.0.0.1; dst_max 10.0.0.9',
    'frame eth() / ipv4(src: 10.0.0.0/24) / udp(src: random(1..100), checksum: "auto") / pktgen',
  );
  await fc.assert(
    fc.asyncProperty(sizes, content, async (vary, what) => {
      for (const one of frames((await planOf(`${vary}; ${what}`)).program, 20)) sound(one);
    }),
    { numRuns: 40 },
  );
});

for (const [settings, expected] of [
  ['min_pkt_size 60B; max_pkt_size 63B', [61, 62, 63, 60, 61]],
  ['max_pkt_size 60B', [59, 60, 58, 59]],
  ['min_pkt_size 70B', [70, 70]],
  ['frame probe; max_pkt_size 62B', [61, 62, 60, 61]],
  ['pkt_size 42B; pktgen_compat exact', [58, 58]],
  ['imix_weights 42B:1; pktgen_compat exact', [58, 58]],
] as const) {
  frame(`sizes of ${settings}`, async () => {
    const built = frames((await planOf(settings)).program, expected.length);
    assert.equal(
      built.map(({ length }) => length),
      expected,
    );
  });
}

for (const [weights, expected] of [
  [
    [7, 4, 1],
    [58, 33, 9],
  ],
  [
    [1000, 1, 1000],
    [49, 51, 0],
  ],
  [Array.from({ length: 20 }, (_, i) => i + 1), Array.from({ length: 20 }, (_, i) => (i === 1 ? 100 : 0))],
  [[5], [100]],
] as const) {
  frame(`the kernel's slots of weights ${weights.join(', ')}`, () => {
    const found = slotted(weights.map((weight, size) => ({ size, weight })));
    const slots = weights.map((_, size) => found.find((entry) => entry.size === size)?.weight ?? 0);
    assert.equal(slots, expected);
  });
}

frame.run();

// --- changes -------------------------------------------------------------------------------------------------------------------

const change = suite('changes of words');

/** A word that replaces others: what a device had, the change, and the settings that come to the same. */
for (const [before, after, same] of [
  ['dst 10.0.0.1', 'dst_min 10.0.0.2', 'dst 10.0.0.2'],
  ['dst 10.0.0.1; dst_max 10.0.0.9', 'flag IPDST_RND', 'dst 10.0.0.1; dst_max 10.0.0.9; flag IPDST_RND'],
  ['udp_src_max 100; flag UDPSRC_RND', 'flag !UDPSRC_RND', 'udp_src_max 100'],
  [
    'flows 4; dst 10.0.0.1; dst_max 10.0.0.9; flag FLOW_SEQ',
    'flag FLOW_RND',
    'flows 4; dst 10.0.0.1; dst_max 10.0.0.9',
  ],
  ['vlan_id 5; svlan_id 6', 'mpls 0x0001000a', 'mpls 0x0001000a'],
  ['mpls 0x0001000a', 'vlan_id 5', 'vlan_id 5'],
  ['vlan_id 5', 'svlan_id 6; svlan_p 1', 'svlan_p 1; vlan_id 5; svlan_id 6'],
  ['dst 10.0.0.1; flows 8; tos 0x10; flag FLOW_SEQ', 'dst6 2001:db8::1', 'dst6 2001:db8::1'],
  ['dst6 2001:db8::1; traffic_class 0x20', 'flag !IPV6', 'count 0'],
  ['dst6 2001:db8::1', 'flag !IPV6; dst 10.0.0.1', 'dst 10.0.0.1'],
  ['pkt_size 60B', 'max_pkt_size 66B', 'min_pkt_size 60B; max_pkt_size 66B'],
  ['min_pkt_size 60B; max_pkt_size 66B', 'pkt_size 90B', 'pkt_size 90B'],
  ['min_pkt_size 60B; max_pkt_size 66B', 'imix_weights 60B:1, 90B:2', 'imix_weights 60B:1, 90B:2'],
  ['pkt_size 90B', 'imix_weights 60B:1, 90B:2', 'imix_weights 60B:1, 90B:2'],
  ['imix_weights 60B:1, 90B:2', 'pkt_size 90B', 'pkt_size 90B'],
  ['frame probe', 'min_pkt_size 60B; max_pkt_size 99B', 'frame probe; min_pkt_size 60B; max_pkt_size 99B'],
  ['frame probe', 'flag NO_TIMESTAMP', 'frame probe; flag NO_TIMESTAMP'],
  ['src_mac 02:00:00:00:00:01', 'src_mac_count 5', 'src_mac 02:00:00:00:00:01; src_mac_count 5'],
  ['clone_skb 4', 'skb_priority 2; queue_map_max 1', 'clone_skb 4; skb_priority 2; queue_map_max 1'],
  ['delay 1ms', 'rate 5kpps', 'rate 5kpps'],
] as const) {
  change(`${before}, then ${after}`, async () => {
    const [, changed] = await plans(before, [after]);
    assert.equal(changed, await planOf(same));
  });
}

for (const [before, after, code] of [
  ['vlan_id 5', 'frame probe', 'PG5109'],
  ['frame probe', 'dst 10.0.0.1', 'PG5109'],
  ['udp_src_max 20', 'udp_src_min 30', 'PG5111'],
  ['clone_skb 4', 'imix_weights 60B:1, 90B:1', 'PG5113'],
  ['clone_skb 4', 'flag !SHARED', 'PG5113'],
  ['dst6 2001:db8::1', 'dst 10.0.0.1', 'PG5113'],
  ['count 5', 'svlan_id 5', 'PG5110'],
  ['count 5', 'pkt_size 40B', 'PG5010'],
  ['pkt_size 60B', 'dst6 2001:db8::1', 'PG5010'],
] as const) {
  change(`${before}, then ${after} is refused`, async () => {
    const { diagnostics, engine } = await dryRun(
      `${bench}add_device tx0 on cpu 0 { ${before} }\nset tx0 { ${after} }\n`,
    );
    assert.equal(
      [diagnostics.map((one) => one.code), engine.operations.filter(({ call }) => call === 'setDevice')],
      [[code], []],
    );
  });
}

change('rules hold for values that only the run knows', async () => {
  const { diagnostics } = await dryRun(
    `${bench}let n = pick(20..30)\nadd_device tx0 on cpu 0 { udp_src_min n; udp_src_max n - 10 }`,
  );
  assert.equal(
    diagnostics.map(({ code }) => code),
    ['PG5111'],
  );
});

change('a device on an ifb has no peer', async () => {
  const { diagnostics } = await dryRun('lab { ifb sink0 }\nlet d = "sink0"\nadd_device d on cpu 0 { count 1 }');
  assert.equal(
    diagnostics.map(({ code }) => code),
    ['PG5001'],
  );
});

change.run();

// --- whole scenarios -------------------------------------------------------------------------------------------------------------

const whole = suite('scenarios in words');

whole('tags, IPv6 and imix in a lab', async () => {
  const { results } = await dryRun(readFileSync(join(root, 'test/scenarios/pktgen-words.pg'), 'utf8'));
  assert.equal(
    results.scenarios.map(({ verdict }) => verdict),
    ['passed', 'passed', 'passed'],
  );
});

/** pktgen's sample script 02 (samples/pktgen), in our words. */
const multiqueue = `param dev: interface
param mac: mac
param net = 198.18.0.42/32
param threads = 2
param first = 0 "first CPU"
param n = 1000

for i in 0..threads - 1 {
  add_device "\${dev}@\${first + i}" on cpu first + i {
    count n
    clone_skb 0
    delay 0ns
    pkt_size 60B
    dst_mac mac
    dst_min net.first
    dst_max net.last
    flag QUEUE_MAP_CPU, NO_TIMESTAMP, UDPSRC_RND
    udp_src_min 9
    udp_src_max 109
  }
}
start
wait stopped timeout 5min
expect devices.errors == 0
expect devices.sent == threads * n
`;

whole('the multiqueue sample outside a lab', async () => {
  const params = new Map<string, Value>([
    ['dev', { type: 'interface', name: 'eth2' }],
    ['mac', { type: 'mac', value: 0x020000000001 }],
  ]);
  const { results, engine } = await dryRun(multiqueue, { params });
  assert.is(results.verdict, 'passed');
  const added = engine.operations.flatMap((operation) =>
    operation.call === 'addDevice' ? [operation.plan.queues] : [],
  );
  assert.equal(added, [{ kind: 'cpu' }, { kind: 'cpu' }]);
});

whole.run();
