// SPDX-License-Identifier: Apache-2.0

import { flags } from '../../lang/flags.ts';
import { type DeviceParameter, deviceParameters } from '../../lang/parameters.ts';
import type { Choices } from './choices.ts';

/** Ways to write a device's parameter, whatever it takes. */
function settings({ name, takes }: DeviceParameter): readonly string[] {
  switch (takes.kind) {
    case 'value':
      if (takes.hexadecimal) return [`${name} 0x0001000a`, `${name} 0x1, 0x2, {number}`];
      return takes.types.map((type) => `${name} {${type}}`);
    case 'word':
      return takes.words.map((one) => `${name} ${one}`);
    case 'flags':
      return [...flags.keys()].flatMap((flag) => [`${name} ${flag}`, `${name} !${flag}, ${flag}`]);
    case 'imix':
      return [`${name} 60B:7, 576B:4`, `${name} {size}:{number}`];
    default:
      return [name];
  }
}

/** Expressions by type; `{pps}` stands for another one of that type. What is written here has no mistakes, most of the time. */
const expressions: Readonly<Record<string, readonly string[]>> = {
  number: [
    '1',
    'n',
    '2',
    '{number} + {number}',
    '{number} * {number}',
    '{number} - {number}',
    '{number} / {number}',
    'min({number}, {number})',
    '({number})',
    '-{number}',
    'len([{number}, {number}])',
    '{pps} * {duration}',
    '{duration} / {duration}',
    'pick({number}..9)',
    'round(1.5)',
    'double({number})',
    'tx0@0.sent',
    'devices.errors',
    'rx0.received',
    '[{number}, 2][0]',
    '9007199254740991',
  ],
  pps: ['1kpps', 'load', '{pps} + {pps}', '{number} / {duration}', '{bps} / {size}', '50% * {pps}', 'tx0@0.achieved'],
  bps: ['1Mbps', '{size} * {pps}', 'wire({size}) * {pps}', '{size} / {duration}'],
  size: ['60B', '1KiB', 'rx0.mtu', '{size} + {size}', 'wire({size})', '{number} * {size}'],
  duration: [
    '1ms',
    '10us',
    '2s',
    'elapsed',
    '{duration} * {number}',
    'max({duration}, {duration})',
    'rx0.latency.p99',
    'grace.latency.max',
  ],
  bool: [
    'true',
    '{number} < {number}',
    '{pps} >= {pps}',
    '!{bool}',
    '{bool} && {bool}',
    '{bool} || {bool}',
    'rx0.up',
    '{number} within 1% of {number}',
    '{duration} within 1us of {duration}',
    'rx0.lost == 0',
    'tx0@0.running',
  ],
  string: ['"a"', `"n is \${{number}}"`, `"tx0@\${n}"`, `"\${{pps}} \${{size}}"`],
  percent: ['1%', '100% - {percent}'],
  mac: ['02:00:00:00:00:01', 'rx0.mac'],
  ipv4: ['10.0.0.1', '10.0.0.9', '10.0.0.0/8.last'],
  ipv6: ['fe80::1', '2001:db8::2'],
  setting: [...deviceParameters.values()].flatMap(settings),
  interface: ['tx0', 'rx0', '"tx0"'],
  device: ['tx0@0', '"tx0@0"', `"tx0@\${n}"`, 'tx0@1'],
  source: ['1024', '1024..2047', '1..99 step 2', '[1, 2, 3]', 'random(1..9)', 'random([1, 2])', '{number}'],
  address: [
    '10.0.0.1',
    '10.0.0.1..10.0.0.9',
    '10.0.0.0/24',
    'random(10.0.0.0/8)',
    '[10.0.0.1, 10.0.0.2]',
    '10.0.0.0/8.first',
  ],
  frame: [
    'eth() / ipv4() / udp() / pktgen',
    'probe',
    'eth(dst: rx0.mac) / vlan(id: {source}) / ipv4(src: {address}, dst: {address}) / udp(src: {source}, dst: {source}) / pktgen',
    'eth() / ipv6(dst: fe80::1) / tcp(dst: {source})',
    'eth() / ipv4() / raw("0x00ff") / pktgen',
    'eth() / mpls(label: {source}) / ipv4() / icmp()',
    'eth() / arp()',
    'eth() / ipv4() / gre() / ipv4() / udp() / pktgen',
  ],
  over: ['1..3', '[{number}, {number}]', '{number}..{number}', '[1kpps, 2kpps]'],
};

/** Statements; `{block}` stands for a few of them between braces. */
const statements: readonly string[] = [
  'start',
  'stop',
  'wait {duration}',
  'print {string}, {number}, {pps}',
  'print {bool}, {size}',
  'expect {bool}',
  'expect {bool} "label"',
  'require {bool}',
  'expect eventually {bool} timeout {duration}',
  'n = {number}',
  'set {device} rate {pps}',
  'set {device} { rate {pps}; pkt_size {size} }',
  'rem_device {device}',
  'rem_device_all',
  'reset',
  'sync',
  'sync timeout {duration}',
  'await',
  'clear_counters',
  'wait until {bool} timeout {duration}',
  'wait stopped timeout {duration}',
  'abort when {bool}',
  'if {bool} {block}',
  'if {bool} {block} else if {bool} {block} else {block}',
  'for {fresh} in {over} {block}',
  'while {bool} {block}',
  'repeat {number} {block}',
  'try {block} else { print error }',
  'at {duration} {block}',
  'every {duration} {block}',
  'spawn {block}',
  'let {fresh} = spawn {block}',
  'let {fresh} = {number}',
  'let {fresh} = {string}',
  'let {fresh} = [{number}, {number}]',
  'frame {fresh} = {frame}',
  'let {fresh} = rem_device {device} async',
  'add_device tx0@1 on cpu 0 { frame {frame}; rate {pps}; count {number} }',
  `add_device "tx0@\${n}" on cpu n { frame probe; burst 4 }`,
  'add_device tx0@1 on cpu 0 { {setting}; {setting}; {setting} }',
  'add_device tx0@1 on cpu 0 { {setting}; dst 10.0.0.2; pkt_size {size} }',
  'set {device} {setting}',
  'set {device} { {setting}\n{setting} }',
  'link {interface} down',
  'link {interface} up',
  'link {interface} delete',
  'link {interface} rename moved0',
  'show {device}',
  'show {interface}',
  'show grace',
  'show devices',
  'add_device {device} on cpu 1 { frame {frame}; pkt_size {size}; late skip; shortfall 5% }',
];

const prelude = [
  'param load = 250kpps "offered"',
  'let n = 2',
  'lab { veth tx0 <-> rx0 { mtu 9000B } }',
  'receiver rx0',
  'frame probe = eth(dst: rx0.mac) / ipv4() / udp() / pktgen',
  'fn double(k: number) { return k * 2 }',
  'add_device tx0@0 on cpu 0 { frame probe; rate load; pkt_size 60B }',
];

/** A program whose names are declared and whose types agree, so that the compiler's later passes have their share. */
export function typedProgram(choices: Choices): string {
  const expander = new Expander(choices);
  const count = 1 + choices.below(4);
  const body = Array.from({ length: count }, () => expander.expand(choices.of(statements), 0));
  const scenario = choices.below(3) === 2;
  const opening = scenario ? prelude.slice(0, -1) : prelude;
  const inner = [...(scenario ? [prelude.at(-1) as string] : []), ...body].join('\n');
  return [...opening, scenario ? `scenario "s" {\n${inner}\n}` : inner].join('\n');
}

/** Deeper placeholders take the first, simplest alternative. */
const deepest = 4;

class Expander {
  readonly #choices: Choices;
  #names = 0;

  constructor(choices: Choices) {
    this.#choices = choices;
  }

  expand(template: string, depth: number): string {
    return template.replace(/\{([a-z]+)\}/g, (whole, name: string) => {
      if (name === 'fresh') return `v${this.#names++}`;
      if (name === 'block') return this.#block(depth + 1);
      const known = expressions[name];
      // The `{n}` of a string's `${n}`.
      if (known === undefined) return whole;
      return this.expand(depth >= deepest ? (known[0] as string) : this.#choices.of(known), depth + 1);
    });
  }

  #block(depth: number): string {
    const count = depth >= deepest ? 0 : this.#choices.below(3);
    const body = Array.from({ length: count }, () => this.expand(this.#choices.of(statements), depth));
    return this.#choices.below(2) === 0 ? `{ ${body.join('; ')} }` : `{\n${body.join('\n')}\n}`;
  }
}
