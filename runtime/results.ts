// SPDX-License-Identifier: Apache-2.0

import type { Place, ReportedDiagnostic } from './report/json.ts';

/**
 * The results document: what `pktsh run --json` prints. It is versioned: fields are added under the same name, nothing
 * changes its meaning. Units: times are nanoseconds, rates packets or bits per second (L2 without FCS), `loss` percent (1
 * for 1 %). A figure that has no value (a percentile of nothing, the rate asked of an unpaced device) is null.
 */
export const resultsSchema = 'pktsh.results/1';

/**
 * `passed`: every expectation held. `failed`: an expectation failed, a `wait` or `sync` timed out, or `abort when` fired.
 * `shortfall`: a device stayed below what was asked of it. `error`: an operation failed. `unsuitable`: the machine cannot
 * do it. `interrupted`: someone stopped the run.
 */
export type Verdict = 'passed' | 'failed' | 'shortfall' | 'error' | 'unsuitable' | 'interrupted';

/** Exit statuses and the verdicts that they stand for. */
export const exitOf = {
  passed: 0,
  failed: 1,
  error: 2,
  shortfall: 3,
  unsuitable: 4,
  interrupted: 130,
} as const satisfies Record<Verdict, number>;
export type Exit = (typeof exitOf)[Verdict];

/** Verdicts from the weightiest to the lightest: one under a load that was not offered is void. */
const precedence: readonly Verdict[] = ['interrupted', 'error', 'unsuitable', 'shortfall', 'failed', 'passed'];

/** The weightiest of several verdicts; `passed` where there are none. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  return precedence.find((verdict) => verdicts.includes(verdict)) ?? 'passed';
}

export interface Results {
  readonly schema: typeof resultsSchema;
  /** The scenario file as it was named. */
  readonly file: string;
  /** Decimal, 64 bits. */
  readonly seed: string;
  readonly engine: string;
  /** Parameters of the file with the values that they had, as text. */
  readonly params: Readonly<Record<string, string>>;
  readonly verdict: Verdict;
  readonly exit: Exit;
  /** In the order of the file; a scenario that was never reached is not there. */
  readonly scenarios: readonly ScenarioResults[];
  /** What stopped everything before or between scenarios (a parameter, the lab), else null. */
  readonly failure: ReportedDiagnostic | null;
  /** What the machine is; filled in by the command line. */
  readonly environment: Readonly<Record<string, unknown>>;
}

export interface ScenarioResults {
  /** '' for the unnamed scenario of a file's top level. */
  readonly scenario: string;
  readonly verdict: Verdict;
  readonly exit: Exit;
  /** From the first statement to the end of everything, by the engine's clock. */
  readonly duration: number;
  /** The devices that were there at the end and the last 1000 removed, in the order in which they were added. */
  readonly devices: readonly DeviceResults[];
  /** Of every device that there was, whether it has a line of its own or not. */
  readonly totals: TotalResults;
  readonly receivers: readonly ReceiverResults[];
  /** In source order. */
  readonly expectations: readonly ExpectationResults[];
  readonly grace: GraceResults;
  /** One for each CPU that sent. */
  readonly senders: readonly SenderResults[];
  readonly prints: readonly string[];
  readonly events: readonly EventResults[];
  /** Warnings of the run, such as an `at` whose time never came; also that `teardown` was cut short where `failure` is another. */
  readonly warnings: readonly ReportedDiagnostic[];
  /** What stopped the scenario, else null. */
  readonly failure: ReportedDiagnostic | null;
}

export interface Percentiles {
  readonly p50: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}

export interface LatencyPercentiles extends Percentiles {
  readonly p999: number | null;
}

/** What was sent, by one device or by all. */
interface SentFigures {
  readonly sent: number;
  readonly bytes: number;
  readonly errors: number;
  readonly inFlight: number;
  readonly asked: number | null;
  readonly achieved: number;
  readonly askedBps: number | null;
  readonly achievedBps: number;
  readonly duration: number;
  readonly late: number;
  readonly skipped: number;
  readonly gap: Percentiles;
}

export interface DeviceResults extends SentFigures {
  readonly name: string;
  readonly interface: string;
  readonly cpu: number;
  readonly driver: string;
  readonly removed: boolean;
  /** Percent that it may stay below what is asked, and whether it stayed further below in any of its runs. */
  readonly shortfall: { readonly allowed: number; readonly exceeded: boolean };
  /** Why it stopped by itself, an errno name, else null. */
  readonly failure: string | null;
}

/** All devices of a scenario added up; rates are per the time in which at least one of them ran. */
export interface TotalResults extends SentFigures {
  /** How many there were. */
  readonly devices: number;
  /** How many stayed further below what was asked of them than they may. */
  readonly short: number;
}

export interface ReceiverResults {
  readonly name: string;
  readonly interface: string;
  readonly received: number;
  readonly bytes: number;
  readonly other: number;
  readonly lost: number;
  readonly loss: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly dropped: number;
  readonly latency: LatencyResults;
  readonly jitter: number | null;
  readonly gap: Percentiles;
  readonly from: readonly SenderShare[];
}

/**
 * Latencies and how far they can be trusted. `resolution`: stamps are cut off to this many nanoseconds, so that a latency is
 * at most this much too long. `batch`: frames of an unpaced device share the stamp of their batch, so that a latency is at
 * most this much too long on top; 0 where every frame has its own. `clockStepped`: the wall clock was set meanwhile, and
 * there are no times at all. `negative` frames were stamped later than they arrived, `untimed` ones not stamped; neither
 * has a latency.
 */
export interface LatencyResults extends LatencyPercentiles {
  readonly resolution: number;
  readonly batch: number;
  readonly clockStepped: boolean;
  readonly negative: number;
  readonly untimed: number;
}

/** What a receiver got from the devices of one name, as long as one of the devices in the document has it. */
export interface SenderShare {
  readonly device: string;
  /** Whether the receiver counts its frames as lost where they do not arrive. */
  readonly expected: boolean;
  readonly sent: number;
  readonly received: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly latency: LatencyPercentiles;
  readonly jitter: number | null;
  readonly gap: Percentiles;
}

export interface ExpectationResults {
  readonly span: Place;
  /** The condition as written. */
  readonly text: string;
  readonly label: string | null;
  readonly passed: boolean;
  /** How often it was reached and held, and did not: it may stand in a loop. */
  readonly passes: number;
  readonly fails: number;
  /** What stood on the sides of its comparisons: at the first failure, else at the last pass. */
  readonly actual: readonly Observation[];
  /** Why it has no value, where it had none. */
  readonly reason: string | null;
}

/** `raw` is the number (in the units above), text or truth behind `value`. */
export interface Observation {
  readonly text: string;
  readonly value: string;
  readonly raw: number | string | boolean | null;
}

export interface GraceResults {
  readonly count: number;
  readonly pending: number;
  readonly stalls: number;
  readonly latency: Percentiles;
}

/** A sender thread and what the machine did to it: what a rate that was not reached may be due to. */
export interface SenderResults {
  readonly cpu: number;
  readonly tid: number;
  readonly involuntarySwitches: number;
  readonly stealMs: number;
  /** The control thread may run on the same CPU: there was no other without a sender. */
  readonly sharedWithControl: boolean;
}

/** Something that happened by itself; `at` counts from the scenario's first statement. */
export type EventResults = { readonly at: number } & (
  | { readonly kind: 'device_failed'; readonly device: string; readonly reason: string }
  /** `to` is null unless the interface was renamed. */
  | {
      readonly kind: 'link';
      readonly interface: string;
      readonly change: 'down' | 'up' | 'renamed' | 'removed';
      readonly to: string | null;
    }
  | {
      readonly kind: 'stall';
      readonly cpu: number;
      readonly tid: number;
      readonly phase: string;
      readonly ageMs: number;
    }
  | { readonly kind: 'missed_ticks'; readonly span: Place; readonly count: number }
  | { readonly kind: 'late_at'; readonly span: Place; readonly late: number }
);

/** For a progress line: totals over all devices. `devices` is the name of the only one, or how many there are. */
export interface Progress {
  /** Since the scenario's first statement. */
  readonly elapsed: number;
  readonly devices: string;
  readonly sent: number;
  /** Since the last snapshot. */
  readonly pps: number;
  /** Rate that is asked of the running devices together; null where one of them is unpaced. */
  readonly asked: number | null;
  /** Null where there is no receiver. */
  readonly lost: number | null;
}
