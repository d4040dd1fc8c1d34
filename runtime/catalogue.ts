// SPDX-License-Identifier: Apache-2.0

import { entry, reporter } from '../lang/diagnostics/diagnostic.ts';

/**
 * What only a run can find out: PG60 operations that failed, PG61 conditions that ended a scenario, PG62 warnings of the
 * run, PG63 figures without a value, PG64 what stands in the way of the whole program.
 */
export const runCatalogue = {
  PG6001: entry('error', 'device exists', (p: { name: string }) => `\`${p.name}\` exists already (EBUSY)`),
  PG6002: entry('error', 'no such device', (p: { name: string }) => `there is no device \`${p.name}\` (ENODEV)`),
  PG6003: entry('error', 'no such interface', (p: { name: string }) => {
    return `there is no interface \`${p.name}\` (ENODEV)`;
  }),
  PG6004: entry('error', 'no such CPU', (p: { cpu: string; engine: string }) => {
    return `engine ${p.engine} has no CPU ${p.cpu} for senders`;
  }),
  PG6005: entry('error', 'the engine refused', (p: { what: string; message: string; code: string }) => {
    return `${p.what} failed: ${p.message} (${p.code})`;
  }),
  PG6006: entry('error', 'not with this engine', (p: { engine: string; what: string }) => {
    return `engine ${p.engine} has no ${p.what}`;
  }),
  PG6007: entry('error', 'settled when the device was added', (p: { parameter: string; name: string }) => {
    return `\`${p.parameter}\` of \`${p.name}\` cannot be changed (EINVAL)`;
  }),
  PG6008: entry('error', 'too many jobs', (p: { limit: number }) => {
    return `${p.limit} jobs are at work already, and no more can be registered`;
  }),
  PG6009: entry('error', 'nothing to show', (p: { name: string }) => {
    return `there is no device, receiver or interface \`${p.name}\` (ENODEV)`;
  }),

  PG6101: entry('error', 'wait timed out', (p: { condition: string; timeout: string }) => {
    return `\`${p.condition}\` did not come true within ${p.timeout}`;
  }),
  PG6102: entry('error', 'wait timed out', (p: { devices: string; timeout: string }) => {
    return `${p.devices} still running after ${p.timeout}`;
  }),
  PG6103: entry('error', 'sync timed out', (p: { timeout: string }) => {
    return `grace periods are still pending after ${p.timeout}`;
  }),
  PG6104: entry('error', 'aborted', (p: { condition: string }) => `\`abort when ${p.condition}\` came true`),
  PG6105: entry('error', 'maximal duration reached', (p: { limit: string }) => {
    return `the run took longer than --max-duration ${p.limit}`;
  }),
  PG6106: entry('error', 'nothing can happen any more', () => {
    return 'every job waits for something that can no longer happen';
  }),
  PG6107: entry(
    'error',
    'requirement not met',
    (p: { condition: string }) => `\`require ${p.condition}\` does not hold`,
  ),
  PG6108: entry(
    'error',
    'teardown took too long',
    (p: { limit: string }) => `\`teardown\` took longer than ${p.limit}`,
  ),

  PG6201: entry(
    'warning',
    '`at` dropped',
    (p: { time: string; why: string }) => `\`at ${p.time}\` was dropped: ${p.why}`,
  ),
  PG6202: entry('warning', '`at` late', (p: { time: string; late: string }) => {
    return `\`at ${p.time}\` came ${p.late} late: its time was past already`;
  }),
  PG6203: entry('warning', 'ticks missed', (p: { count: number }) => {
    return `this \`every\` missed ${p.count === 1 ? '1 tick' : `${p.count} ticks`}: its body took longer than the period`;
  }),
  PG6204: entry('warning', 'prints not kept', (p: { limit: number }) => {
    return `the results keep the first ${p.limit} lines that a scenario prints: those behind them are only shown`;
  }),

  PG6205: entry('warning', 'interface down', (p: { interface: string; device: string }) => {
    return `\`${p.interface}\` is down (ENETDOWN): \`${p.device}\` sends nothing until it is up`;
  }),

  PG6301: entry('error', 'no value', (p: { what: string; why: string }) => `${p.what} has no value: ${p.why}`),
  PG6302: entry('error', 'unknown fact', (p: { interface: string; fact: string }) => {
    return `\`${p.interface}\` has no known ${p.fact}`;
  }),
  PG6303: entry('error', 'no such receiver', (p: { name: string }) => `there is no receiver \`${p.name}\``),
  PG6304: entry('error', 'unknown counter', (p: { interface: string; counter: string }) => {
    return `\`${p.interface}\` has no counter \`${p.counter}\``;
  }),

  PG6401: entry('error', 'parameter not given', (p: { name: string }) => `parameter \`${p.name}\` needs a value`),
  PG6402: entry('error', 'default route', (p: { name: string }) => {
    return `\`${p.name}\` carries this machine's default route`;
  }),
  PG6403: entry('error', 'bad number of values', (p: { name: string; found: number; most: number }) => {
    return `scenario "${p.name}" takes 1 to ${p.most} values to run for, not ${p.found}`;
  }),
};

/** Makes a diagnostic of the run. */
export const report = reporter(runCatalogue);
