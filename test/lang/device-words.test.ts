// SPDX-License-Identifier: Apache-2.0
//
// Every parameter and flag of a device: what each takes and refuses, and what goes together.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { flags } from '../../lang/flags.ts';
import { compile, format, SourceFile } from '../../lang/index.ts';
import { deviceParameters } from '../../lang/parameters.ts';

const test = suite('words of pktgen');

const lab = 'lab { veth tx0 <-> rx0 }\nframe probe = eth() / ipv4() / udp() / pktgen\n';

function told(text: string): readonly string[] {
  const source = new SourceFile('test.pg', text);
  return compile(source).diagnostics.map(({ code, span }) => `${code} ${source.slice(span)}`);
}
const codes = (settings: string): readonly string[] => {
  const source = new SourceFile('test.pg', `${lab}add_device tx0 on cpu 0 { ${settings} }\n`);
  return compile(source).diagnostics.map(({ code }) => code);
};

// --- each word ---------------------------------------------------------------------------------------------------------------

/** A word: settings with it that are taken, then values of it that are refused with their code. */
const words: Readonly<Record<string, readonly [taken: readonly string[], refused: Readonly<Record<string, string>>]>> =
  {
    frame: [['frame probe'], { 5: 'PG2101' }],
    pkt_size: [['pkt_size 60B', 'pkt_size 1514B'], { 60: 'PG2103', '57B': 'PG5010', '1515B': 'PG5011' }],
    min_pkt_size: [['min_pkt_size 60B; max_pkt_size 66B', 'min_pkt_size 60B'], { '57B': 'PG5010', 60: 'PG2103' }],
    max_pkt_size: [['max_pkt_size 66B'], { '1515B': 'PG5011', '40B': 'PG5010' }],
    imix_weights: [
      ['imix_weights 60B:7, 576B:4, 1500B:1', 'imix_weights 60B:1; pkt_size 60B'],
      {
        '60B': 'PG5117',
        '60B:0': 'PG2307',
        '60:7': 'PG2103',
        '60B:1B': 'PG2102',
        '9000B:1': 'PG5011',
        '42B:1': 'PG5010',
      },
    ],
    rate: [['rate 1kpps', 'rate 1Mbps', 'rate 0pps'], { 5: 'PG2103' }],
    ratep: [['ratep 1kpps'], { '0pps': 'PG2307' }],
    delay: [['delay 0ns', 'delay 1ms'], { 5: 'PG2103' }],
    count: [['count 0', 'count 100_000'], { '-1': 'PG2307', '1.5': 'PG2306' }],
    burst: [['burst 32'], { 0: 'PG2307' }],
    clone_skb: [['clone_skb 0', 'clone_skb 10'], { '-1': 'PG2307', 2147483648: 'PG2307' }],
    frags: [['frags 0'], { 3: 'PG5119', '3B': 'PG2102' }],
    flag: [
      ['flag UDPCSUM', 'flag UDPCSUM, !SHARED; flag NO_TIMESTAMP'],
      { NOSUCH: 'PG5114', '!NOSUCH': 'PG5114', 5: 'PG5114' },
    ],
    dst_mac: [
      ['dst_mac rx0.mac', 'dst_mac 02:00:00:00:00:01'],
      { '10.0.0.1': 'PG2101', '02:zz:00:00:00:00': 'PG2011' },
    ],
    src_mac: [['src_mac 02:00:00:00:00:01'], { 5: 'PG2101' }],
    dst_mac_count: [['dst_mac_count 16'], { 4294967296: 'PG2307' }],
    src_mac_count: [['src_mac_count 0'], { '-1': 'PG2307' }],
    dst: [['dst 10.0.0.2', 'dst 10.0.0.1; dst_max 10.0.0.9'], { '10.0.0.300': 'PG2011', '10.0.0.0/8': 'PG2101' }],
    dst_min: [['dst_min 10.0.0.2', 'dst_min 10.0.0.2; dst_max 10.0.0.2'], { '2001:db8::1': 'PG2101' }],
    dst_max: [['dst_min 10.0.0.2; dst_max 10.0.0.3'], { '10.0.0.3': 'PG5110' }],
    src_min: [['src_min 10.0.0.2'], { '10.0.0.2, 10.0.0.3': 'PG5104' }],
    src_max: [['src_min 10.0.0.2; src_max 10.0.0.3'], { '10.0.0.3': 'PG5110' }],
    tos: [['tos 0x10', 'tos 0xff'], { '0x100': 'PG2307', 10: 'PG5116' }],
    dst6: [['dst6 2001:db8::1'], { '10.0.0.1': 'PG2101' }],
    dst6_min: [['dst6_min 2001:db8::; dst6_max 2001:db8::ff'], { '2001:db8::': 'PG5110' }],
    dst6_max: [['dst6_max 2001:db8::ff; dst6_min 2001:db8::'], { '2001:db8::': 'PG5110' }],
    src6: [['src6 2001:db8::1'], { 5: 'PG2101' }],
    traffic_class: [['dst6 2001:db8::1; traffic_class 0x20'], { '0x20': 'PG5110' }],
    udp_src_min: [['udp_src_min 9', 'udp_src_min 100'], { 65536: 'PG2307' }],
    udp_src_max: [['udp_src_max 109'], { 65536: 'PG2307' }],
    udp_dst_min: [['udp_dst_min 0'], { '-1': 'PG2307' }],
    udp_dst_max: [['udp_dst_max 65535'], { '9B': 'PG2102' }],
    flows: [['flows 65536'], { 65537: 'PG2307' }],
    flowlen: [['flows 8; flowlen 10'], { 10: 'PG5110' }],
    vlan_id: [['vlan_id 0', 'vlan_id 4095'], { 4096: 'PG2307' }],
    vlan_p: [['vlan_p 7; vlan_id 1'], { 3: 'PG5110' }],
    vlan_cfi: [['vlan_cfi 1; vlan_id 1'], { 1: 'PG5110' }],
    svlan_id: [['svlan_id 1; vlan_id 1'], { 1: 'PG5110' }],
    svlan_p: [['svlan_p 1; svlan_id 1; vlan_id 1'], { 1: 'PG5110' }],
    svlan_cfi: [['svlan_cfi 0; svlan_id 1; vlan_id 1'], { 1: 'PG5110' }],
    mpls: [
      ['mpls 0x0001000a', 'mpls 0x0001000a, 0x0002010a', `mpls ${new Array(16).fill('0x1').join(', ')}`],
      { '0001000a': 'PG2007', 10: 'PG5116', '0x0': 'PG2307', [new Array(17).fill('0x1').join(', ')]: 'PG5104' },
    ],
    spi: [[], { 5: 'PG5112' }],
    debug: [[], { 1: 'PG5112' }],
    queue_map_min: [['queue_map_min 0; queue_map_max 3', 'queue_map_min 2'], { 65536: 'PG2307' }],
    queue_map_max: [['queue_map_max 3'], { 65536: 'PG2307' }],
    skb_priority: [['skb_priority 4'], { 1000000000: 'PG2307' }],
    node: [[], { 1024: 'PG2307' }],
    late: [['late skip'], { never: 'PG5105' }],
    shortfall: [['shortfall 5%'], { '101%': 'PG2307' }],
    driver: [['driver null'], { xdp: 'PG5105' }],
    xmit_mode: [['xmit_mode queue_xmit'], { netif_receive: 'PG5112', nonsense: 'PG5105' }],
    file: [['driver pcap; file "a.pcap"'], { '"a.pcap"': 'PG5107' }],
    pktgen_compat: [['pktgen_compat exact'], { roughly: 'PG5105' }],
  };

for (const [name, [taken, refused]] of Object.entries(words)) {
  for (const settings of taken) test(`takes \`${settings}\``, () => assert.equal(codes(settings), []));
  for (const [value, code] of Object.entries(refused)) {
    test(`refuses \`${name} ${value}\``, () => assert.equal(codes(`${name} ${value}`), [code]));
  }
}
test('every parameter is in the table', () => assert.equal(Object.keys(words), [...deviceParameters.keys()]));

/** What each flag needs to change something. */
const flagged: Readonly<Record<string, string>> = {
  IPSRC_RND: 'src_min 10.0.0.1; src_max 10.0.0.9',
  IPDST_RND: 'dst 10.0.0.1; dst_max 10.0.0.9',
  TXSIZE_RND: 'min_pkt_size 60B; max_pkt_size 90B',
  UDPSRC_RND: 'udp_src_max 109',
  UDPDST_RND: 'udp_dst_max 109',
  MPLS_RND: 'mpls 0x00010100',
  QUEUE_MAP_RND: 'queue_map_max 3',
  FLOW_SEQ: 'flows 8',
  MACSRC_RND: 'src_mac_count 8',
  MACDST_RND: 'dst_mac_count 8',
  VID_RND: 'vlan_id 1',
  SVID_RND: 'vlan_id 1; svlan_id 1',
  NODE: 'node 0',
};

for (const { name, refused, shapesFrame } of flags.values()) {
  if (refused !== null) {
    test(`flag ${name} is refused`, () => assert.equal(codes(`flag ${name}`), ['PG5112']));
    continue;
  }
  const needs = flagged[name];
  if (needs !== undefined && name !== 'NODE') {
    test(`takes flag ${name}`, () => assert.equal(codes(`${needs}; flag ${name}`), []));
  }
  if (needs !== undefined) test(`flag ${name} alone is told`, () => assert.equal(codes(`flag ${name}`), ['PG5119']));
  else test(`takes flag ${name} alone`, () => assert.equal(codes(`flag ${name}`), []));
  const beside = codes(`frame probe; flag !${name}`);
  test(`flag !${name} beside a frame`, () => assert.equal(beside, shapesFrame ? ['PG5109'] : []));
}
test('IPv6 is only switched off', () => assert.equal(codes('flag !IPV6'), []));

// --- what goes together --------------------------------------------------------------------------------------------------------

for (const { name, shapesFrame } of deviceParameters.values()) {
  const [setting] = words[name]?.[0] ?? [];
  if (!shapesFrame || setting === undefined) continue;
  const own = setting.split('; ').filter((part) => !/^(min|max)_pkt_size/.test(part)).length;
  test(`\`${name}\` beside a frame`, () => {
    assert.equal(codes(`frame probe; ${setting}`), new Array(own).fill('PG5109'));
  });
}

const together: readonly (readonly [string, readonly string[]])[] = [
  ['frame probe; imix_weights 60B:7, 90B:1; queue_map_min 1; skb_priority 2; flag NO_TIMESTAMP, QUEUE_MAP_CPU', []],
  ['frame probe; min_pkt_size 60B; max_pkt_size 90B; flag TXSIZE_RND; clone_skb 4; pktgen_compat exact', []],
  ['dst 10.0.0.1; dst_min 10.0.0.2', ['PG5103']],
  ['pkt_size 60B; max_pkt_size 90B', ['PG5103']],
  ['pkt_size 60B; min_pkt_size 60B; max_pkt_size 90B', ['PG5103']],
  ['dst6 2001:db8::1; dst6_min 2001:db8::; dst6_max 2001:db8::ff', ['PG5103']],
  ['vlan_id 1; mpls 0x0001000a', ['PG5113']],
  ['mpls 0x0001000a; vlan_id 1', ['PG5113']],
  ['imix_weights 60B:1; clone_skb 2', ['PG5113']],
  ['clone_skb 0; imix_weights 60B:1', []],
  ['imix_weights 60B:1; min_pkt_size 60B; max_pkt_size 66B', ['PG5113']],
  ['imix_weights 60B:1; min_pkt_size 60B; max_pkt_size 60B', []],
  ['dst6 2001:db8::1; dst 10.0.0.1', ['PG5113']],
  ['dst6 2001:db8::1; flows 8', ['PG5113']],
  ['dst6 2001:db8::1; flag FLOW_SEQ', ['PG5113', 'PG5119']],
  ['dst6 2001:db8::1; flag !IPV6', ['PG5113']],
  ['flag !SHARED; clone_skb 2', ['PG5113']],
  ['flag !SHARED; burst 2', ['PG5113']],
  ['flag !SHARED; burst 1', []],
  ['vlan_id 1; vlan_p 8', ['PG2307']],
  ['vlan_id 1; vlan_cfi 2', ['PG2307']],
  ['dst6 2001:db8::1; traffic_class 20', ['PG5116']],
  ['node 0', ['PG5119']],
  ['frags 3', ['PG5119']],
  ['udp_src_min 20; udp_src_max 10', ['PG5111']],
  ['src_min 10.0.0.9; src_max 10.0.0.1', ['PG5111']],
  ['min_pkt_size 90B; max_pkt_size 60B', ['PG5111']],
  ['queue_map_min 4; queue_map_max 3', ['PG5111']],
  ['dst 224.0.0.1; dst_max 224.0.0.9; flag IPDST_RND', ['PG5118']],
  ['dst 224.0.0.1; dst_max 224.0.0.9', []],
  ['dst 126.255.255.255; dst_max 127.0.0.9; flag IPDST_RND', []],
  ['dst6_min 2001:db8::f; dst6_max 2001:db8::', ['PG5120']],
  ['dst6_min 2001:db8::f; dst6_max 2001:db8::; pktgen_compat exact', []],
  ['dst_mac 02:ff:ff:ff:ff:ff; dst_mac_count 2', ['PG5121']],
  ['dst_mac 02:ff:ff:ff:ff:fe; dst_mac_count 2', []],
  ['flag UDPCSUM, !UDPCSUM', ['PG5115']],
  ['flag FLOW_SEQ; flag FLOW_RND; flows 4', ['PG5115']],
  ['flag UDPCSUM; flag UDPCSUM', []],
  ['pkt_size 40B; pktgen_compat exact', []],
  ['pkt_size 61B; vlan_id 1', ['PG5010']],
  ['pkt_size 62B; vlan_id 1', []],
  ['pkt_size 77B; dst6 2001:db8::1', ['PG5010']],
  ['mpls 0x0001000a; flag MPLS_RND', ['PG5119']],
];
for (const [settings, expected] of together) test(settings, () => assert.equal([...codes(settings)].sort(), expected));

test('order never matters', () => {
  for (const [settings, expected] of together) {
    const backwards = settings.split('; ').reverse().join('; ');
    assert.equal([...codes(backwards)].sort(), expected, backwards);
  }
});

test('a change is only judged by what it says', () => {
  const base = `${lab}add_device tx0 on cpu 0 { vlan_id 1 }\n`;
  assert.equal(told(`${base}set tx0 svlan_id 10`), []);
  assert.equal(told(`${base}set tx0 { svlan_id 10; mpls 0x0001000a }`), ['PG5113 svlan_id 10']);
  assert.equal(told(`${base}set tx0 flag !UDPSRC_RND`), []);
});

test('outside a lab a device is told whom its frames are for', () => {
  assert.equal(told('add_device eth1 on cpu 0 { dst 10.0.0.1 }'), ['PG5001 eth1']);
  assert.equal(told('add_device eth1 on cpu 0 { dst_mac 02:00:00:00:00:01 }'), []);
});

test('what receivers know of frames that name no device', () => {
  const lost = (settings: string) =>
    told(`${lab}receiver rx0\nadd_device tx0 on cpu 0 { ${settings} }\nexpect rx0.lost == 0`);
  assert.equal(lost('dst 10.0.0.2'), []);
  for (const own of ['flag NO_TIMESTAMP', 'pktgen_compat exact', 'frame probe; flag NO_TIMESTAMP']) {
    assert.equal(lost(own), []);
    const more = ['rx0.loss', 'rx0.from(tx0).lost', 'rx0.duplicated', 'rx0.reordered', 'rx0.jitter'];
    const asked = more.map((metric) => `print ${metric}`).join('\n');
    assert.equal(
      told(`${lab}receiver rx0\nadd_device tx0 on cpu 0 { ${own} }\n${asked}`),
      more.slice(2).map((metric) => `PG5203 ${metric}`),
      own,
    );
  }
  const numbered = 'add_device tx0@1 on cpu 0 { dst 10.0.0.2 }';
  assert.equal(
    told(`${lab}receiver rx0\nadd_device tx0@0 on cpu 0 { flag NO_TIMESTAMP }\n${numbered}\nprint rx0.jitter`),
    [],
  );
});

test('the formatter knows pairs, flags and hexadecimal words', () => {
  const text = 'set tx0 { imix_weights 60B : 7,576B :4 ; flag  ! SHARED,UDPCSUM; mpls  0x0001000a ,0x0002010a }\n';
  const wanted = 'set tx0 { imix_weights 60B:7, 576B:4; flag !SHARED, UDPCSUM; mpls 0x0001000a, 0x0002010a }\n';
  assert.is(format(new SourceFile('test.pg', text)).text, wanted);
  assert.is(format(new SourceFile('test.pg', wanted)).text, wanted);
});

test.run();
