// SPDX-License-Identifier: Apache-2.0

import { readFileSync, writeSync } from 'node:fs';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { loadNative, type NativeDevice, type NativeEngine } from '../../native/index.ts';

/** Senders at work on driver null, for tests of how a process or a worker ends; as a program, or as a worker's. */
export type Ending = 'exit' | 'throw' | 'idle';

const frame = new Uint8Array(60);
frame.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0]);

export function unpaced(name: string): NativeDevice {
  return {
    name,
    program: { bytes: frame, operations: [{ kind: 'stamp', offset: 42, time: true, stream: true }] },
    paced: false,
    paused: false,
    gapNs: 0n,
    gapFraction: 0,
    perByte: false,
    burst: 1,
    clones: 1,
    count: 0n,
    late: 'catch_up',
    priority: 0,
    seed: 1n,
  };
}

/** A stopped device on driver null. */
export async function addUnpaced(engine: NativeEngine, cpu: number, name = 'device'): Promise<number> {
  const port = await engine.openPort({ interface: '', ifindex: 0, cpu, driver: 'null', mode: 'start_xmit', file: '' });
  return engine.addDevice(port, unpaced(name));
}

/** The first CPU that this process may use. */
export const cpu = Number(/^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);

async function load(ending: Ending): Promise<void> {
  const { addon } = loadNative();
  const engine = new addon.Engine(() => {});
  engine.addStatsPage(new Uint8Array(new SharedArrayBuffer(addon.layout.recordSize * 64)));
  const device = await addUnpaced(engine, cpu);
  engine.start([device]);
  while (engine.snapshot(device, false).sent === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  if (isMainThread) writeSync(1, 'sending\n');
  else parentPort?.postMessage('sending');
  switch (ending) {
    case 'exit':
      return process.exit(3);
    case 'throw':
      setImmediate(() => {
        throw new Error('on purpose');
      });
      return;
    case 'idle':
      return;
  }
}

const asked = isMainThread ? process.argv[2] : (workerData as Ending | null);
if (asked === 'exit' || asked === 'throw' || asked === 'idle') await load(asked);
