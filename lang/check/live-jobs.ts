// SPDX-License-Identifier: Apache-2.0

import type { Span } from '../source.ts';
import { conflict, type DeviceChange } from './conflict.ts';

/** When something happens: between `lo` and `hi` (ns since its run began); `run` is null where that is not known. */
export interface Moment {
  readonly run: number | null;
  readonly lo: number;
  readonly hi: number;
}

export interface Access extends DeviceChange {
  readonly span: Span;
  readonly when: Moment;
  /** Jobs of others that were over before it. */
  readonly behind: ReadonlySet<LiveJob>;
}

/** A job that may still be at work, with all that it does and those of its own jobs that it leaves behind. */
export interface LiveJob {
  /** Counts the jobs in the order of their registration, a job behind its own ones. */
  readonly number: number;
  readonly kind: 'at' | 'every' | 'spawn';
  readonly span: Span;
  readonly accesses: readonly Access[];
  readonly children: readonly LiveJob[];
  /** Of an `at`, where it is constant. */
  readonly time: number | null;
}

/** A job and those that it leaves behind, however deep. */
export function family(job: LiveJob): readonly LiveJob[] {
  return job.children.length === 0 ? [job] : [job, ...job.children.flatMap(family)];
}

/** One access of a live job; `order` counts them as they came. */
export interface LiveAccess {
  readonly access: Access;
  readonly job: LiveJob;
  readonly order: number;
}

/** Accesses that are alike in all that decides whether they conflict with another one */
interface Group {
  readonly change: DeviceChange;
  /** The run in which they happen at one instant each; null where they do not. */
  readonly instantOf: number | null;
  readonly members: Map<Access, LiveAccess>;
}

/**
 * The jobs that are live for a line of control, with their accesses sorted by device and by what they do, so that a
 * thousand jobs which cannot conflict with one access cost it nothing.
 */
export class LiveJobs {
  readonly #jobs = new Set<LiveJob>();
  readonly #devices = new Map<string | null, Map<string, Group>>();
  #order = 0;

  constructor(jobs: Iterable<LiveJob> = []) {
    for (const job of jobs) this.add(job);
  }

  get size(): number {
    return this.#jobs.size;
  }

  has(job: LiveJob): boolean {
    return this.#jobs.has(job);
  }

  [Symbol.iterator](): Iterator<LiveJob> {
    return this.#jobs[Symbol.iterator]();
  }

  add(job: LiveJob): void {
    this.#jobs.add(job);
    for (const member of family(job)) {
      for (const access of member.accesses) {
        this.#group(access).members.set(access, { access, job: member, order: this.#order++ });
      }
    }
  }

  delete(job: LiveJob): void {
    if (!this.#jobs.delete(job)) return;
    for (const member of family(job)) {
      for (const access of member.accesses) this.#group(access).members.delete(access);
    }
  }

  /** The accesses, in groups of such as may conflict with that one, each group in the order in which they came. */
  *rivals(access: Access): Generator<Iterable<LiveAccess>> {
    const instant = instantOf(access.when);
    const devices = access.device === null ? [...this.#devices.keys()] : [access.device, null];
    for (const device of devices) {
      for (const { change, instantOf: run, members } of this.#devices.get(device)?.values() ?? []) {
        // Two instants of one run are ordered, whichever they are.
        if (members.size === 0 || (instant !== null && instant === run) || !conflict(access, change)) continue;
        yield members.values();
      }
    }
  }

  #group(access: Access): Group {
    const { change, device, guarded, when } = access;
    let groups = this.#devices.get(device);
    if (groups === undefined) {
      groups = new Map();
      this.#devices.set(device, groups);
    }
    const run = instantOf(when);
    const key = `${change} ${guarded} ${run}`;
    let group = groups.get(key);
    if (group === undefined) {
      group = { change: { change, device, guarded }, instantOf: run, members: new Map() };
      groups.set(key, group);
    }
    return group;
  }
}

const instantOf = ({ run, lo, hi }: Moment): number | null => (lo === hi ? run : null);
