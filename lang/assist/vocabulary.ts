// SPDX-License-Identifier: Apache-2.0

import type { BuiltinFunction } from '../op.ts';
import type { ScalarType } from '../value.ts';

/** One line of help for every word of the grammar; a test holds the keys against the token table. */
export const keywordHelp: ReadonlyMap<string, string> = new Map(
  Object.entries({
    param: 'a value that `--set` can change: `param load = 250kpps "help"`',
    let: 'names a value: `let senders = 2`',
    frame: 'names a frame: `frame probe = eth() / ipv4() / udp() / pktgen`',
    for: 'goes over a range or list: `for i in 0..3 { … }`',
    in: 'what a `for` goes over',
    while: 'repeats as long as a condition holds',
    repeat: 'repeats a block a number of times',
    break: 'leaves the loop',
    continue: 'goes on with the next round of the loop',
    if: 'carries out a block if a condition holds',
    else: 'what is done otherwise; behind `try`, what is done after a failure',
    try: 'tolerates failures: `try { … } else { print error }`',
    lab: 'a private network for the run: `lab { veth tx0 <-> rx0 }`',
    receiver: 'counts and measures what arrives: `receiver rx0`',
    scenario: 'a run with a verdict of its own: `scenario "name" { … }`',
    add_device: 'adds a device to a CPU: `add_device tx0@0 on cpu 0 { … }`',
    rem_device_all: 'removes every device, and waits for their grace periods',
    rem_device: 'removes devices, and waits for their grace periods',
    set: 'changes devices, also while they send: `set tx0@0 rate 5kpps`',
    start: 'lets devices send, all or those named',
    stop: 'stops devices and makes their counters exact',
    reset: 'stops and removes everything',
    clear_counters: 'zeroes counters and histograms, also while devices send',
    wait: 'waits: `wait 2s`, `wait stopped`, `wait until … timeout 5s`',
    stopped: 'until every device has sent its count',
    until: 'until a condition holds; needs a `timeout`',
    at: 'at a time since the run began: `at 1s { … }`',
    every: 'again and again: `every 100ms { … }`',
    spawn: 'a job beside this one: `let job = spawn { … }`',
    await: 'waits for a job, a grace period, or all that this job spawned',
    cancel: 'ends a job',
    sync: 'waits for every pending grace period',
    abort: '`abort when CONDITION` ends the scenario as soon as it holds',
    when: 'the condition of `abort`',
    expect: 'records whether a condition holds: `expect rx0.lost == 0 "no loss"`',
    print: 'prints values',
    fn: 'declares a function: `fn double(n: number) { return 2 * n }`',
    return: 'ends a function and gives its value',
    import: 'names of another file: `import "./lib/frames.pg" as lib`',
    require: 'as `expect`, and ends the scenario where it does not hold',
    eventually: 'the condition may take its time: `expect eventually … timeout 1s`',
    setup: 'what is done before every scenario',
    teardown: 'what is done after every scenario, failed ones too',
    true: 'the condition that holds',
    false: 'the condition that does not hold',
    within: 'compares with a tolerance: `a within 1% of b`',
    link: 'changes an interface of the lab: `link tx0 down`, `up`, `delete`, `rename NAME`',
    down: 'takes an interface down; its devices pause',
    up: 'brings an interface up; its devices go on',
    delete: 'deletes an interface; its devices are removed',
    rename: 'gives an interface another name; its devices follow',
    show: 'prints a table of how things stand: `show devices`, `show tx0@0`',
    on: 'where: `on cpu 0`, or the interface of a receiver',
    cpu: 'the CPU that a device sends on, counted from 0',
    async: 'goes on at once; `await` the grace period later',
    timeout: 'how long to wait at most',
    veth: 'two connected interfaces: `veth tx0 <-> rx0`',
    ifb: 'an interface that swallows what is sent to it',
    of: 'what `within` compares with',
    step: 'the stride of a range: `0..100 step 10`',
    as: 'the name of an imported file',
  }),
);

/** A function of control code, as a reader sees it. */
export interface Signature {
  readonly name: string;
  /** As they are written between the parentheses; a last `…` goes on. */
  readonly parameters: readonly string[];
  readonly help: string;
}

const builtinRows: Readonly<Record<BuiltinFunction, Omit<Signature, 'name'>>> = {
  min: { parameters: ['a', 'b', '…'], help: 'the smallest of several values, or of a list' },
  max: { parameters: ['a', 'b', '…'], help: 'the largest of several values, or of a list' },
  floor: { parameters: ['x'], help: 'the whole number or quantity below' },
  round: { parameters: ['x'], help: 'the nearest whole number or quantity' },
  len: { parameters: ['list'], help: 'how many elements a list or range has' },
  wire: { parameters: ['size'], help: 'the size with FCS, preamble and gap: 24 bytes more' },
  pick: { parameters: ['choices'], help: 'draws one of a list, a range or a block of addresses' },
  addr: { parameters: ['prefix', 'n'], help: 'address number n of a block, counted from 0' },
};

export const builtins: ReadonlyMap<string, Signature> = new Map(
  Object.entries(builtinRows).map(([name, row]) => [name, { name, ...row }]),
);

/** The generator of frame fields; no function, since it gives another value for every packet. */
export const random: Signature = {
  name: 'random',
  parameters: ['choices'],
  help: 'a frame field drawn anew for every packet, from a range, list or prefix',
};

/** `rx0.from(tx0@0)`: a receiver's figures of one sender. */
export const from: Signature = {
  name: 'from',
  parameters: ['device'],
  help: 'what the receiver got of one device',
};

/** Names that are values without being declared. */
export const totals: ReadonlyMap<string, string> = new Map([
  ['devices', 'the totals over all devices'],
  ['receivers', 'the totals over all receivers'],
  ['grace', 'the figures of grace periods'],
  ['elapsed', 'the time since the run began'],
  ['error', 'the failure that a `try` caught, in its `else`'],
]);

/** A setting of a receiver or link. */
export interface SettingHelp {
  readonly name: string;
  readonly help: string;
  readonly types: readonly ScalarType[];
}

const byName = (rows: readonly SettingHelp[]): ReadonlyMap<string, SettingHelp> =>
  new Map(rows.map((row) => [row.name, row]));

export const receiverSettings = byName([
  {
    name: 'settle',
    help: 'silence after which a receiver has seen everything; 100ms unless given',
    types: ['duration'],
  },
  { name: 'expects', help: 'the devices whose packets it should get', types: ['device'] },
]);

export const linkSettings = byName([
  { name: 'mtu', help: 'largest payload of a frame, both ends alike; 1500B unless given', types: ['size'] },
]);

/** How values of a type are written, for signatures and hovers. */
export const typeHelp: Readonly<Record<ScalarType, string>> = {
  number: 'a plain number: `42`, `0x1f`, `1_000_000`',
  bool: '`true` or `false`',
  string: 'text: `"no loss"`',
  duration: 'a time: `100us`, `2s`, `5min`',
  size: 'bytes: `60B`, `9000B`, `4KiB`',
  pps: 'packets a second: `250kpps`',
  bps: 'bits a second: `10Gbps`',
  percent: 'a share: `1%`',
  mac: 'a MAC address: `02:00:00:00:00:01`',
  ipv4: 'an IPv4 address: `10.0.0.1`',
  ipv6: 'an IPv6 address: `2001:db8::1`',
  prefix: 'a block of addresses: `10.0.0.0/24`',
  frame: 'layers: `eth() / ipv4() / udp()`',
  device: 'a device by its name: `tx0@0`',
  receiver: 'a receiver by its name',
  interface: 'a network interface by its name',
  job: 'what `spawn`, `at` and `every` give',
  grace: 'what `rem_device … async` gives',
};

/** What a device has where a parameter is not written; the executor's own defaults, which a test holds against it. */
export const parameterDefaults: ReadonlyMap<string, string> = new Map([
  ['pkt_size', 'what the layers need, at least `60B`'],
  ['rate', 'none: as fast as it goes'],
  ['count', '`0`'],
  ['burst', '`1`'],
  ['late', '`catch_up`'],
  ['driver', '`auto`'],
  ['xmit_mode', '`start_xmit`'],
  ['shortfall', '`1%`'],
]);
