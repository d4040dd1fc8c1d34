// SPDX-License-Identifier: Apache-2.0

const opening = `lab { veth tx0 <-> rx0 }
receiver rx0
frame probe = eth(dst: rx0.mac) / ipv4() / udp() / pktgen
`;

/** So many lines, by repeating what an index gives. */
function repeated(lines: number, start: string, part: (at: number) => string): string {
  const each = part(0).split('\n').length - 1;
  const count = Math.floor((lines - start.split('\n').length + 1) / each);
  return start + Array.from({ length: count }, (_, at) => part(at)).join('');
}

/** A scenario with comments and blank lines, a step a line. */
const written = (at: number): string => `# Flow ${at}: the load rises in steps until the receiver loses frames.
scenario "flow ${at}" {
  receiver rx0
  frame probe = eth(dst: rx0.mac) / ipv4(src: 10.0.0.1, dst: 10.0.0.2) / udp(src: 1024, dst: ${1024 + at}) / pktgen

  add_device tx0@0 on cpu 0 {
    frame probe
    pkt_size 64B
    rate 10kpps
    count 1000
  }

  # Steps of a second each; what the interface takes decides.
  for step_rate in [10kpps, 20kpps, 50kpps] {
    set tx0@0 rate step_rate
    start
    wait stopped timeout 2s
    if rx0.lost > 0 {
      print "lost \${rx0.lost} frames at \${step_rate}"
    }
    clear_counters
  }

  expect tx0@0.sent within 1% of 1000
  expect rx0.lost == 0 "no loss in flow ${at}"
}

`;

/** Scenario files of so many lines, by what they consist of. */
export function shapes(lines: number): Readonly<Record<string, string>> {
  return {
    'as people write': repeated(lines, 'lab { veth tx0 <-> rx0 }\n\n', written),
    'one scenario': repeated(
      lines,
      opening,
      (at) =>
        `add_device tx0@d${at} on cpu 0 { frame probe; rate 1kpps }\nlet v${at} = ${at} * 2 + 1\nset tx0@d${at} rate 2kpps\nexpect tx0@d${at}.sent >= v${at}\n`,
    ),
    scenarios: repeated(
      lines,
      opening,
      (at) =>
        `scenario "s${at}" {\n  add_device tx0@0 on cpu 0 { frame probe; rate 1kpps; count 10 }\n  start\n  wait stopped timeout 2s\n  expect tx0@0.sent == 10\n  expect rx0.lost == 0\n}\n\n`,
    ),
    'frames and functions': repeated(
      lines,
      opening,
      (at) =>
        `frame f${at} = eth(dst: rx0.mac) /\n  ipv4(dst: 10.0.0.2) /\n  udp(dst: ${at}) / pktgen\nfn g${at}(n: number) {\n  let k = n * 2 + ${at}\n  return k\n}\nprint g${at}(${at})\n`,
    ),
    expressions: repeated(lines, '', (at) => `let x${at} = (${at} + 3) * 4 - min(${at}, 7) * 2 + max(1, 2)\n`),
    jobs: repeated(
      lines,
      `${opening}add_device tx0@0 on cpu 0 { frame probe; rate 1kpps }\nstart\n`,
      (at) => `let j${at} = spawn {\n  set tx0@0 rate ${at + 1}pps\n}\nawait j${at}\n`,
    ),
    comments: repeated(lines, '', (at) => `# line ${at} says why the next one is as it is\n\n`),
  };
}

/** A run of a thousand devices of one interface for a moment. */
export function thousandDevices(driver: string): string {
  return `${opening}for i in 0..999 {
  add_device "tx0@\${i}" on cpu 0 { frame probe; rate 100pps; driver ${driver} }
}
start
wait 500ms
stop
`;
}

const stack = 'eth(dst: 02:00:00:00:00:01) / ipv4(src: 10.0.0.1, dst: 10.0.0.2) / udp(src: 1024, dst: 9)';
const own = 'dst_mac 02:00:00:00:00:01; src_min 10.0.0.1; dst 10.1.0.1';

/** What can change in a frame, as a device is told it; the first one changes nothing. */
export const frameFeatures: Readonly<Record<string, string>> = {
  'static frame': `frame ${stack}; pkt_size 60B`,
  'sequence and stamp': `frame ${stack} / pktgen; pkt_size 60B`,
  "pktgen's own frame: IPv4 id and checksum too": `${own}; pkt_size 60B`,
  '2 ranges': `${own}; pkt_size 60B; dst_max 10.1.255.255; udp_src_max 1000`,
  '4 random fields': `${own}; pkt_size 60B; src_max 10.0.255.255; dst_max 10.1.255.255; udp_src_max 65535; udp_dst_max 1023; flag IPSRC_RND, IPDST_RND, UDPSRC_RND, UDPDST_RND`,
  'UDP checksum': `${own}; pkt_size 60B; flag UDPCSUM`,
  'imix 60:7 576:4 1500:1': `${own}; imix_weights 60B:7, 576B:4, 1500B:1`,
  '65536 flows': `${own}; pkt_size 60B; dst_max 10.9.255.255; flows 65536; flowlen 10; flag IPDST_RND`,
};

/** Those of which nothing has to be drawn or added up. */
export const plainFeatures: readonly string[] = ['static frame', 'sequence and stamp'];

/** A second of the core alone, in bursts. */
export function featureScenario(parameters: string): string {
  return `lab { ifb sink0 }\nadd_device sink0 on cpu 0 { ${parameters}; burst 32; driver null }\nstart\nwait 1s\nstop\n`;
}
