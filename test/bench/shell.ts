// SPDX-License-Identifier: Apache-2.0

import { cpus } from 'node:os';
import { join } from 'node:path';
import { namespaces, root, tool } from '../requirements.ts';
import { figures, interleave, ratios, reportLine } from './measure.ts';
import { openTypist, type Typist } from './typist.ts';

const pktsh = [process.execPath, join(root, 'dist/pktsh.js')];
const repl = [process.execPath, '-i'];
/** None stands in a prompt, and none twice: what is seen is the key that was pressed last. */
const keys = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
const prompt = /pktsh [^\n]*> $/;
/** What runs may come to its end between the line and its prompt, so that a prompt is drawn twice. */
const entered = /\n(.*\n)*pktsh [^\n]*> $/;

async function started(words: readonly string[], shown: RegExp): Promise<number> {
  const typist = await openTypist(words, shown);
  await typist.close();
  return typist.started;
}

/** Milliseconds from each of some keys to the sight of it. */
async function echoes(typist: Typist): Promise<readonly number[]> {
  const times: number[] = [];
  for (const key of keys) times.push(await typist.type(key, new RegExp(key)));
  // Ctrl-U: the line is empty again.
  await typist.type('\u0015', /> $/);
  return times;
}

/**
 * Prints how long the shell keeps somebody waiting who types, in a real terminal, beside Node's own REPL. The figures hold the
 * terminal's own share, some tenths of a millisecond.
 */
export async function benchShell(rounds: number): Promise<void> {
  const lacking = tool('script')() ?? namespaces();
  if (lacking !== null) {
    console.log(`the shell: left out, ${lacking}`);
    return;
  }
  const start = await interleave(rounds * 2, {
    pktsh: () => started(pktsh, prompt),
    node: () => started(repl, /> $/),
  });
  console.log(reportLine('start to prompt', figures(start.pktsh), 'ms', { atMost: 200 }));
  console.log(reportLine("Node's own REPL", figures(start.node), 'ms', {}));
  console.log(reportLine('the first / the second', figures(ratios(start.pktsh, start.node)), 'x', {}));

  const flatOut = await openTypist([...pktsh, '--lab'], /pktsh native lab> $/);
  const calm = await openTypist(repl, /> $/);
  await flatOut.type('frame probe = eth() / ipv4() / udp() / pktgen\r', entered);
  for (let cpu = 0; cpu < cpus().length; cpu++) {
    await flatOut.type(`add_device tx0@${cpu} on cpu ${cpu} { frame probe }\r`, entered);
  }
  const idle: number[][] = [];
  const busy: number[][] = [];
  const beside: number[][] = [];
  for (let round = 0; round < rounds; round++) {
    idle.push([...(await echoes(flatOut))]);
    await flatOut.type('start\r', /running> $/);
    busy.push([...(await echoes(flatOut))]);
    beside.push([...(await echoes(calm))]);
    await flatOut.type('stop\r', /lab> $/);
  }
  await flatOut.close();
  await calm.close();
  const slowest = (all: readonly number[][]) => figures(all.map((times) => Math.max(...times)));
  console.log(reportLine('echo of a key', figures(idle.flat()), 'ms', { atMost: 50 }));
  console.log(reportLine('senders flat out on every CPU: echo of a key', figures(busy.flat()), 'ms', { atMost: 50 }));
  console.log(reportLine(`the slowest of ${keys.length} keys`, slowest(busy), 'ms', { atMost: 50 }));
  console.log(reportLine("Node's own REPL beside them: echo of a key", figures(beside.flat()), 'ms', {}));
  console.log(reportLine(`the slowest of ${keys.length} keys`, slowest(beside), 'ms', {}));

  const crowded = await openTypist([...pktsh, '--engine', 'dry-run', '--lab'], /pktsh dry-run lab> $/);
  await crowded.type(`for i in 0..999 { add_device "tx0@\${i}" on cpu 0 { rate 1pps } }\r`, entered);
  const one: number[] = [];
  const thousand: number[] = [];
  for (let round = 0; round < rounds * 4; round++) {
    await crowded.rest('print tx0@999.ach');
    one.push(await crowded.type('\t', /achieved/));
    await crowded.rest('\u0015');
    await crowded.rest('rem_device tx0@');
    // The first Tab completes what all have in common: nothing here.
    await crowded.rest('\t');
    thousand.push(await crowded.type('\t', /tx0@999\s[\s\S]*rem_device tx0@$/));
    await crowded.rest('\u0015');
  }
  await crowded.close();
  console.log(reportLine('1000 devices: Tab to the completed word', figures(one), 'ms', { atMost: 30 }));
  console.log(reportLine('1000 devices: Tab Tab to the list of all', figures(thousand), 'ms', { atMost: 30 }));
}
