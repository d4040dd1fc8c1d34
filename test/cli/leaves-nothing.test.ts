// SPDX-License-Identifier: Apache-2.0
//
// However a run ends, kill -9 included, within two seconds no process, no namespace and no interface of it is left.

import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addon, namespaces, root, testWith } from '../requirements.ts';

const test = suite('leaves nothing behind');

const endless = `
lab { veth tx0 <-> rx0 }
receiver rx0
frame probe = eth(dst: rx0.mac) / ipv4(src: 10.0.0.1, dst: 10.0.0.2) / udp(dst: 9) / pktgen
add_device tx0 on cpu 0 { frame probe; rate 1kpps }
start
wait until rx0.received > 10 timeout 10s
print "sending"
wait 60s
stop
`;

interface Traces {
  readonly helper: number;
  readonly namespace: string;
}

function processes(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function read<T>(look: () => T): T | null {
  try {
    return look();
  } catch {
    return null; // the process has ended meanwhile, or is not ours to look at
  }
}

/** The lab's process of a run, and the network namespace that it keeps. */
function tracesOf(pid: number): Traces | null {
  for (const other of processes()) {
    const status = read(() => readFileSync(`/proc/${other}/status`, 'utf8'));
    if (status === null || Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]) !== pid) continue;
    const namespace = read(() => readlinkSync(`/proc/${other}/ns/net`));
    if (namespace !== null && namespace !== readlinkSync('/proc/self/ns/net')) return { helper: other, namespace };
  }
  return null;
}

function remains({ helper, namespace }: Traces): string[] {
  return processes().flatMap((pid) => {
    const state = read(() => readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '')[0]);
    if (state === null || state === 'Z') return [];
    if (pid === helper) return [`the lab's process ${pid}`];
    return read(() => readlinkSync(`/proc/${pid}/ns/net`)) === namespace ? [`${namespace} in process ${pid}`] : [];
  });
}

async function until<T>(what: string, milliseconds: number, look: () => T | null): Promise<T> {
  const deadline = Date.now() + milliseconds;
  for (;;) {
    const found = look();
    if (found !== null) return found;
    if (Date.now() > deadline) throw new Error(`waited ${milliseconds} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function begin(): Promise<{ child: ChildProcess; traces: Traces; ended: Promise<number | string> }> {
  const child = spawn(process.execPath, [join(root, 'dist/pktsh.js'), 'run', '-'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stdout?.on('data', (text) => {
    said += text;
  });
  child.stderr?.on('data', (text) => {
    said += text;
  });
  child.stdin?.end(endless);
  const ended = new Promise<number | string>((resolve) =>
    child.on('exit', (code, signal) => resolve(signal ?? code ?? -1)),
  );
  await until('the run to send', 15_000, () => (said.includes('sending') ? true : null));
  const traces = await until('the lab', 1000, () => tracesOf(child.pid as number));
  return { child, traces, ended };
}

for (const [signal, expected] of [
  ['SIGINT', 130],
  ['SIGTERM', 130],
  ['SIGKILL', 'SIGKILL'],
] as const) {
  testWith(test, [addon, namespaces], `after ${signal}`, async () => {
    const { child, traces, ended } = await begin();
    assert.ok(remains(traces).length > 0, 'the traces are seen while it runs');
    child.kill(signal);
    assert.is(await ended, expected);
    await until('everything to go', 2000, () => (remains(traces).length === 0 ? true : null));
  });
}

testWith(test, [addon, namespaces], 'after Ctrl-C on the whole process group', async () => {
  const { child, traces, ended } = await begin();
  // A terminal signals the lab's process too; it must outlive the clean stop.
  process.kill(traces.helper, 'SIGINT');
  child.kill('SIGINT');
  assert.is(await ended, 130);
  await until('everything to go', 2000, () => (remains(traces).length === 0 ? true : null));
});

test.run();
