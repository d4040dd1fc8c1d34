// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { plainPalette } from '../../runtime/report/palette.ts';
import { summaryText, verdictLine } from '../../runtime/report/summary.ts';
import { width } from '../../runtime/report/table.ts';
import {
  type DeviceResults,
  type ExpectationResults,
  exitOf,
  type ReceiverResults,
  type Results,
  resultsSchema,
  type ScenarioResults,
  type TotalResults,
  type Verdict,
} from '../../runtime/results.ts';

const place = { line: 12, column: 3, endLine: 12, endColumn: 20 };

function device(changes: Partial<DeviceResults> = {}): DeviceResults {
  return {
    name: 'tx0@0',
    interface: 'tx0',
    cpu: 0,
    driver: 'packet',
    sent: 300_000,
    bytes: 18_000_000,
    errors: 0,
    inFlight: 0,
    asked: 100_000,
    achieved: 99_950,
    askedBps: 48_000_000,
    achievedBps: 47_976_000,
    duration: 3e9,
    late: 0,
    skipped: 0,
    gap: { p50: 10_000, p99: 12_345, max: 2_000_000 },
    removed: false,
    shortfall: { allowed: 1, exceeded: false },
    failure: null,
    ...changes,
  };
}

function receiver(changes: Partial<ReceiverResults> = {}): ReceiverResults {
  return {
    name: 'rx0',
    interface: 'rx0',
    received: 299_999,
    bytes: 17_999_940,
    other: 0,
    lost: 1,
    loss: 1 / 3000,
    duplicated: 0,
    reordered: 0,
    dropped: 0,
    latency: {
      p50: 12_000,
      p99: 31_500,
      p999: 55_000,
      max: 1_200_000,
      resolution: 1000,
      batch: 0,
      clockStepped: false,
      negative: 0,
      untimed: 0,
    },
    jitter: 800,
    gap: { p50: 10_000, p99: 12_345, max: 2_000_000 },
    from: [],
    ...changes,
  };
}

function expectation(changes: Partial<ExpectationResults> = {}): ExpectationResults {
  return {
    span: place,
    text: 'rx0.lost == 0',
    label: null,
    passed: true,
    passes: 1,
    fails: 0,
    actual: [{ text: 'rx0.lost', value: '0', raw: 0 }],
    reason: null,
    ...changes,
  };
}

/** What devices that ran at the same time come to together. */
function totalsOf(devices: readonly DeviceResults[]): TotalResults {
  const sum = (of: (device: DeviceResults) => number | null): number =>
    devices.reduce((total, one) => total + (of(one) ?? 0), 0);
  const [first] = devices;
  const unpaced = devices.some(({ asked }) => asked === null);
  return {
    devices: devices.length,
    sent: sum(({ sent }) => sent),
    bytes: sum(({ bytes }) => bytes),
    errors: sum(({ errors }) => errors),
    inFlight: sum(({ inFlight }) => inFlight),
    asked: unpaced ? null : sum(({ asked }) => asked),
    achieved: sum(({ achieved }) => achieved),
    askedBps: unpaced ? null : sum(({ askedBps }) => askedBps),
    achievedBps: sum(({ achievedBps }) => achievedBps),
    duration: first?.duration ?? 0,
    late: sum(({ late }) => late),
    skipped: sum(({ skipped }) => skipped),
    gap: first?.gap ?? { p50: null, p99: null, max: null },
    short: devices.filter(({ shortfall }) => shortfall.exceeded).length,
  };
}

function scenario(verdict: Verdict, changes: Partial<ScenarioResults> = {}): ScenarioResults {
  const devices = changes.devices ?? [device()];
  return {
    scenario: 'soak',
    verdict,
    exit: exitOf[verdict],
    duration: 3_100_000_000,
    devices,
    totals: totalsOf(devices),
    receivers: [receiver()],
    expectations: [expectation()],
    grace: { count: 3, pending: 0, stalls: 0, latency: { p50: 11_000, p99: 40_000, max: 41_500 } },
    senders: [{ cpu: 0, tid: 0, involuntarySwitches: 0, stealMs: 0, sharedWithControl: false }],
    prints: [],
    events: [],
    warnings: [],
    failure: null,
    ...changes,
  };
}

function results(verdict: Verdict, scenarios: readonly ScenarioResults[]): Results {
  return {
    schema: resultsSchema,
    file: 'soak.pg',
    seed: '7',
    engine: 'native',
    params: {},
    verdict,
    exit: exitOf[verdict],
    scenarios,
    failure: null,
    environment: {},
  };
}

const failure = {
  code: 'PG6001',
  severity: 'error',
  message: 'there is no interface `eth7`',
  file: 'soak.pg',
  span: place,
  note: '',
  labels: [],
  hints: [],
  fixes: [],
} as const;

const test = suite('summary');

const lines: readonly (readonly [string, Results])[] = [
  ['passed: the expectation held', results('passed', [scenario('passed')])],
  [
    'passed: all 2 expectations held',
    results('passed', [scenario('passed', { expectations: [expectation(), expectation()] })]),
  ],
  [
    'passed: nothing was expected, and nothing went wrong',
    results('passed', [scenario('passed', { expectations: [] })]),
  ],
  [
    'failed: 1 of 2 expectations failed',
    results('failed', [scenario('failed', { expectations: [expectation(), expectation({ passed: false })] })]),
  ],
  [
    'shortfall: tx0@0 and 1 more stayed more than 1% below the asked rate, so the verdict is void',
    results('shortfall', [
      scenario('shortfall', {
        devices: ['tx0@0', 'tx0@1'].map((name) => device({ name, shortfall: { allowed: 1, exceeded: true } })),
      }),
    ]),
  ],
  ['error: there is no interface `eth7`', results('error', [scenario('error', { failure })])],
  ['unsuitable: there is no interface `eth7`', { ...results('unsuitable', []), failure }],
  [
    'error: there is no interface `eth7`',
    results('error', [
      scenario('passed'),
      scenario('failed', { failure: { ...failure, message: '`require false` does not hold' } }),
      scenario('error', { failure }),
    ]),
  ],
  [
    'error: there is no interface `eth7`',
    {
      ...results('error', [scenario('error', { failure })]),
      failure: { ...failure, message: 'the run took longer than --max-duration 1s' },
    },
  ],
  [
    'interrupted: stopped before its end; these are the results so far',
    results('interrupted', [scenario('interrupted')]),
  ],
];
for (const [expected, given] of lines) {
  test(`ends with: ${expected}`, () => {
    assert.is(verdictLine(given), expected);
    assert.is(summaryText(given, plainPalette).trimEnd().split('\n').at(-1), expected);
  });
}

test('shows numbers under their titles, in 80 columns', () => {
  const text = summaryText(
    results('passed', [scenario('passed', { devices: [device(), device({ name: 'tx0@1', asked: null })] })]),
    plainPalette,
  );
  const rows = text.split('\n');
  const table = rows.slice(rows.findIndex((row) => row.startsWith('device')));
  assert.equal(table.slice(0, 4), [
    'device  cpu  driver     sent  errors       asked    achieved       %',
    'tx0@0     0  packet  300,000       0  100.0 kpps  100.0 kpps  99.95%',
    'tx0@1     0  packet  300,000       0           -  100.0 kpps       -',
    'all                  600,000       0           -  199.9 kpps       -',
  ]);
  assert.ok(rows.every((row) => width(row) <= 80));
});

test('devices that the document no longer has are counted, and are in the total', () => {
  const devices = Array.from({ length: 30 }, (_, i) => device({ name: `tx0@${i}`, removed: true }));
  const totals = { ...totalsOf(devices), devices: 5030, sent: 1_509_000_000 };
  const text = summaryText(results('passed', [scenario('passed', { devices, totals })]), plainPalette);
  assert.match(text, /^all +1,509,000,000 /m);
  assert.match(
    text,
    'and 10 devices more, in the results document\nand 5,000 devices removed before these, in the totals\n',
  );
});

test('a thousand devices are twenty rows and a total', () => {
  const devices = Array.from({ length: 1000 }, (_, i) => device({ name: `tx0@${i}` }));
  const text = summaryText(results('passed', [scenario('passed', { devices })]), plainPalette);
  assert.match(text, /^tx0@19 /m);
  assert.not.match(text, /^tx0@20 /m);
  assert.match(text, /^all +300,000,000 /m);
  assert.match(text, 'and 980 devices more, in the results document');
});

test('what went by itself is told with its time', () => {
  const text = summaryText(
    results('passed', [
      scenario('passed', {
        events: [
          { at: 1_500_000_000, kind: 'device_failed', device: 'tx0@0', reason: 'ENETDOWN' },
          { at: 2e9, kind: 'stall', cpu: 1, tid: 99, phase: 'sending', ageMs: 1200 },
          { at: 2e9, kind: 'missed_ticks', span: place, count: 3 },
          { at: 2e9, kind: 'late_at', span: place, late: 5_000_000 },
        ],
      }),
    ]),
    plainPalette,
  );
  for (const line of [
    'at 1.5 s: tx0@0 stopped by itself: ENETDOWN',
    'at 2.0 s: a grace period waited 1,200 ms for the sender on CPU 1 (sending)',
    'at 2.0 s: `every` in line 12 missed 3 ticks',
    'at 2.0 s: `at` in line 12 came 5.0 ms late',
  ]) {
    assert.ok(text.includes(`${line}\n`), line);
  }
});

test('an expectation in a loop tells how often it failed, and what was found first', () => {
  const text = summaryText(
    results('failed', [
      scenario('failed', {
        expectations: [
          expectation({
            passed: false,
            passes: 8,
            fails: 2,
            label: 'loss',
            actual: [{ text: 'rx0.lost', value: '12', raw: 12 }],
          }),
        ],
      }),
    ]),
    plainPalette,
  );
  assert.match(text, /^✗ rx0\.lost == 0 "loss" {2}\(2 failed of 10\) +soak\.pg:12\n {4}rx0\.lost = 12$/m);
});

test('colours mark what is wrong, and change no width', () => {
  const paint = (mark: string) => (text: string) => `<${mark}>${text}</>`;
  const palette = { ...plainPalette, error: paint('e'), warning: paint('w'), good: paint('g') };
  const given = results('failed', [
    scenario('failed', { devices: [device({ errors: 5 })], expectations: [expectation({ passed: false })] }),
  ]);
  const text = summaryText(given, palette);
  assert.match(text, '<w>5</>');
  assert.match(text, '<e>✗</>');
  assert.match(text, '<e>failed</>: 1 of 1 expectation failed');
  assert.is(text.replaceAll(/<\w>|<\/>/g, ''), summaryText(given, plainPalette));
});

test.run();
