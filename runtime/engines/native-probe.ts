// SPDX-License-Identifier: Apache-2.0

import { getSystemErrorMap } from 'node:util';
import type { Native, NativeEngine } from '../../native/index.ts';
import type { InterfaceFacts, Probe } from '../engine.ts';

/**
 * What the native engine can do here, found by trying: a lab of one veth pair is made and dropped, and on each interface a
 * port and a receiver are opened and closed without a frame being sent.
 * @param engine opens on the machine's own interfaces (no lab)
 */
export async function probeNative(
  native: Native,
  engine: NativeEngine,
  interfaces: readonly InterfaceFacts[],
): Promise<readonly Probe[]> {
  const probes = [await probeLab(native)];
  for (const link of interfaces) {
    probes.push(await probeDriver(engine, link), await probeReceiver(engine, link));
  }
  return probes;
}

async function probeLab(native: Native): Promise<Probe> {
  const engine = new native.addon.Engine(() => {});
  const end = (name: string, mac: number) => ({ name, mac });
  try {
    await engine.openLab({
      helper: native.labHelper,
      // Locally administered addresses, in a namespace that nothing else is in.
      links: [
        { kind: 'veth', a: end('probe0', 0x02_00_00_00_00_01), b: end('probe1', 0x02_00_00_00_00_02), mtu: 1500 },
      ],
    });
    return yes('', 'lab');
  } catch (error) {
    return no('', 'lab', error, 'allow user namespaces, or run as root');
  } finally {
    engine.closeNow();
  }
}

async function probeDriver(engine: NativeEngine, link: InterfaceFacts): Promise<Probe> {
  const subject = 'driver packet';
  if (!link.up) return down(link, subject);
  try {
    const port = await engine.openPort({
      interface: link.name,
      ifindex: link.index,
      cpu: 0,
      driver: 'packet',
      mode: 'start_xmit',
      file: '',
    });
    engine.releasePort(port);
  } catch (error) {
    return no(link.name, subject, error, rawSocketMend);
  }
  if (link.defaultRoute) {
    return {
      interface: link.name,
      subject,
      available: false,
      reason: 'a default route leaves through it',
      mend: `name it: --allow ${link.name}`,
    };
  }
  return yes(link.name, subject);
}

async function probeReceiver(engine: NativeEngine, link: InterfaceFacts): Promise<Probe> {
  const subject = 'receiver';
  if (!link.up) return down(link, subject);
  try {
    await engine.closeReceiver(await engine.openReceiver(link.name, link.index));
    return yes(link.name, subject);
  } catch (error) {
    return no(link.name, subject, error, rawSocketMend);
  }
}

/** What opens raw sockets to an ordinary user. */
export const rawSocketMend =
  'run with sudo, or once `sudo setcap cap_net_raw+ep "$(readlink -f "$(command -v node)")"`, or send in a lab (`lab { … }` needs no rights)';

function yes(name: string, subject: string): Probe {
  return { interface: name, subject, available: true, reason: null, mend: null };
}

function down(link: InterfaceFacts, subject: string): Probe {
  return {
    interface: link.name,
    subject,
    available: false,
    reason: 'the interface is down',
    mend: `ip link set ${link.name} up`,
  };
}

function no(name: string, subject: string, error: unknown, mend: string): Probe {
  const { errno, message } = error as { errno?: number; message: string };
  const words = errno === undefined ? undefined : getSystemErrorMap().get(-errno)?.[1];
  return {
    interface: name,
    subject,
    available: false,
    reason: words === undefined ? message : `${message}: ${words}`,
    mend,
  };
}
