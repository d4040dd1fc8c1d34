// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, release, type } from 'node:os';
import { version } from './version.ts';

/**
 * The machine that a result was measured on. Rates from two machines, or from one machine under two settings, do not
 * compare, so the results carry what moves them. Null where the machine does not say.
 */
export interface EnvironmentFacts {
  readonly pktsh: string;
  readonly node: string;
  readonly system: string;
  readonly kernel: string;
  readonly architecture: string;
  readonly cpu: string | null;
  /** CPUs of the machine, and those that this process may use. */
  readonly cpus: number;
  readonly usableCpus: number;
  /** Frequency governor of the first CPU, such as 'performance'. */
  readonly governor: string | null;
  readonly clocksource: string | null;
  /** The CPU's own statement that a hypervisor runs it. */
  readonly virtualised: boolean | null;
}

const firstGovernor = '/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor';
const currentClocksource = '/sys/devices/system/clocksource/clocksource0/current_clocksource';

/** Reads the facts; what cannot be read is null, never an error. */
export function environmentFacts(): EnvironmentFacts {
  const processors = cpus();
  return {
    pktsh: version,
    node: process.version,
    system: type(),
    kernel: release(),
    architecture: arch(),
    cpu: processors[0]?.model.trim() || null,
    cpus: processors.length,
    usableCpus: availableParallelism(),
    governor: readWord(firstGovernor),
    clocksource: readWord(currentClocksource),
    virtualised: underHypervisor(),
  };
}

/** x86 sets the flag `hypervisor` (CPUID.1:ECX bit 31); other architectures have no such flag, so nothing is known there. */
function underHypervisor(): boolean | null {
  const flags = /^flags\s*:(.*)$/m.exec(readText('/proc/cpuinfo') ?? '')?.[1];
  return flags === undefined ? null : / hypervisor\b/.test(flags);
}

function readWord(path: string): string | null {
  return readText(path)?.trim() || null;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
