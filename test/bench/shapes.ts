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

/** Scenario files of so many lines, by what they consist of. */
export function shapes(lines: number): Readonly<Record<string, string>> {
  return {
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
        `frame f${at} = eth(dst: rx0.mac) /\n  ipv4(dst: 10.0.0.2) /\n  udp(dst: ${at}) / pktgen\nfn g${at}(n: number) {\n  let k = n * 2 + ${at}\n  return k\n}\n`,
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
