// SPDX-License-Identifier: Apache-2.0
//
// What the machine refuses is one clear diagnostic with exit status 4 (or 3 where sending began), and nothing is sent.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Results } from '../../runtime/results.ts';
import { addon, asRoot, namespaces, type Requirement, testWith, tool } from '../requirements.ts';
import { staged } from '../staged.ts';

const test = suite('environment');

/** One packet from an interface outside any lab. */
const sending = (name: string) => `
frame one = eth(dst: 02:00:00:00:00:01) / ipv4 / udp / pktgen
add_device ${name} on cpu 0 { frame one; rate 1kpps; count 1 }
start
wait stopped timeout 5s
`;

interface Case {
  readonly title: string;
  readonly needs: readonly Requirement[];
  /** What stands before node on the command line. */
  readonly before: readonly string[];
  readonly script: string;
  readonly status: number;
  readonly said: RegExp;
}

const asNobody = ['runuser', '-u', 'nobody', '--'];
/** A namespace of its own, in which loopback is up and nothing else is. */
const apart = (setUp: string) => ['unshare', '-n', 'sh', '-c', `${setUp}; exec "$@"`, 'sh'];

const cases: readonly Case[] = [
  {
    title: 'no permission for raw sockets',
    needs: [asRoot, tool('runuser')],
    before: asNobody,
    script: sending('lo'),
    status: 4,
    said: /error\[PG6005\]: `add_device lo` failed: .*EPERM.*\n.*\n.*\n.*\n {2}= hint: .*lab/,
  },
  {
    title: 'no such interface',
    needs: [asRoot],
    before: apart('ip link set lo up'),
    script: sending('nope0'),
    status: 4,
    said: /error\[PG6003\]: there is no interface `nope0`.*[\s\S]*= hint: there (is|are) lo/,
  },
  {
    title: 'a default route',
    needs: [asRoot, tool('ip')],
    before: apart(
      'ip link add d0 type ifb; ip link set d0 up; ip addr add 192.0.2.1/24 dev d0; ip route add default dev d0',
    ),
    script: sending('d0'),
    status: 4,
    said: /error\[PG6402\]: `d0` carries this machine's default route[\s\S]*--allow d0/,
  },
  {
    title: 'an interface that is down',
    needs: [asRoot],
    before: apart('true'),
    script: sending('lo'),
    status: 3,
    said: /warning\[PG6205\]: `lo` is down \(ENETDOWN\)[\s\S]*ip link set lo up/,
  },
  {
    title: 'no user namespaces',
    needs: [asRoot, tool('runuser')],
    // An ordinary user inside a namespace whose limit for further ones is nothing.
    before: ['unshare', '-Ur', 'sh', '-c', 'echo 0 > /proc/sys/user/max_net_namespaces; exec "$@"', 'sh'],
    script: 'lab { veth a <-> b }\nprint "never"',
    status: 4,
    said: /max_net_namespaces/,
  },
];

for (const { title, needs, before, script, status, said } of cases) {
  testWith(test, [addon, namespaces, ...needs], title, () => {
    const done = staged((folder) => {
      const [program, ...args] = [...before, process.execPath, join(folder, 'dist/pktsh.js'), 'run', '-', '--json'];
      return spawnSync(program as string, args, { cwd: '/', encoding: 'utf8', input: script, timeout: 30_000 });
    });
    const everything = `${done.stderr}\n${done.stdout}`;
    assert.is(done.status, status, everything);
    assert.match(everything, said);
    const results = JSON.parse(done.stdout) as Results;
    assert.is(results.exit, status);
    const sent = results.scenarios.flatMap((scenario) => scenario.devices.map((device) => device.sent));
    assert.ok(
      sent.every((count) => count === 0),
      'nothing was sent',
    );
  });
}

test.run();
