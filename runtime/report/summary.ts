// SPDX-License-Identifier: Apache-2.0

import { assertNever } from '../../lang/types.ts';
import type {
  DeviceResults,
  EventResults,
  ExpectationResults,
  ReceiverResults,
  Results,
  ScenarioResults,
  TotalResults,
  Verdict,
} from '../results.ts';
import type { Palette } from './palette.ts';
import { count, none, percent, rate, time } from './quantities.ts';
import { type Cell, type Column, cut, layoutTable, width } from './table.ts';

/** Rows of a table before the rest is only counted: a thousand devices are for the results document. */
const mostRows = 20;
/** What summaries are laid out for; names longer than usual make their table wider. */
const summaryColumns = 80;
/** Names are cut here, so that one odd name does not push every number out of sight. */
const longestName = 24;

/** The results as people read them: what was sent and received, what was expected, and the verdict. */
export function summaryText(results: Results, palette: Palette): string {
  const sections = results.scenarios.map((scenario) => scenarioText(results, scenario, palette));
  sections.push(verdictText(results, palette));
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

/** The verdict in words, one line: `failed: 1 of 3 expectations failed`. */
export function verdictLine(results: Results): string {
  return `${results.verdict}: ${reasonText(results)}`;
}

function verdictText(results: Results, palette: Palette): string {
  const [verdict, reason] = [results.verdict, reasonText(results)];
  return [
    palette.dim(`seed ${results.seed}  engine ${results.engine}`),
    `${paintOf(verdict, palette)(verdict)}: ${reason}`,
  ].join('\n');
}

function paintOf(verdict: Verdict, palette: Palette): (text: string) => string {
  if (verdict === 'passed') return palette.good;
  return verdict === 'interrupted' || verdict === 'shortfall' ? palette.warning : palette.error;
}

function reasonText(results: Results): string {
  const { scenarios } = results;
  // Others may have ended early, too, with less weight.
  const decisive = scenarios.find(({ verdict, failure }) => verdict === results.verdict && failure !== null);
  const failure = decisive?.failure ?? results.failure;
  const expectations = scenarios.flatMap((scenario) => scenario.expectations);
  const broken = expectations.filter((expectation) => !expectation.passed).length;
  switch (results.verdict) {
    case 'passed':
      return expectations.length === 0 ? 'nothing was expected, and nothing went wrong' : heldText(expectations.length);
    case 'failed':
      if (broken > 0) return `${broken} of ${plural(expectations.length, 'expectation')} failed`;
      return failure?.message ?? 'the scenario ended early';
    case 'shortfall':
      return shortfallText(scenarios.flatMap((scenario) => scenario.devices));
    case 'interrupted':
      return 'stopped before its end; these are the results so far';
    case 'error':
    case 'unsuitable':
      return failure?.message ?? 'an operation failed';
    default:
      return assertNever(results.verdict);
  }
}

function heldText(expectations: number): string {
  return expectations === 1 ? 'the expectation held' : `all ${expectations} expectations held`;
}

function shortfallText(devices: readonly DeviceResults[]): string {
  const short = devices.filter((device) => device.shortfall.exceeded);
  const [first] = short;
  if (first === undefined) return 'a device stayed below what was asked of it';
  const others = short.length > 1 ? ` and ${short.length - 1} more` : '';
  if (first.failure !== null)
    return `${first.name}${others} stopped by itself (${first.failure}), so the verdict is void`;
  return `${first.name}${others} stayed more than ${first.shortfall.allowed}% below the asked rate, so the verdict is void`;
}

function scenarioText(results: Results, scenario: ScenarioResults, palette: Palette): string {
  const name = scenario.scenario === '' ? results.file : scenario.scenario;
  const verdict = paintOf(scenario.verdict, palette)(scenario.verdict);
  const title = `${palette.strong(name)}  ${verdict} in ${time(scenario.duration)}`;
  const sections = [
    title,
    devicesText(scenario, palette),
    timingText(scenario.devices, palette),
    receiversText(scenario.receivers, palette),
    latencyText(scenario.receivers, palette),
    expectationsText(results.file, scenario.expectations, palette),
    graceText(scenario, palette),
    sendersText(scenario, palette),
    eventsText(scenario, palette),
  ];
  return sections.filter((section) => section !== '').join('\n\n');
}

const left = (title: string): Column => ({ title, align: 'left' });
const right = (title: string): Column => ({ title, align: 'right' });

function devicesText({ devices, totals }: ScenarioResults, palette: Palette): string {
  const columns = [
    left('device'),
    right('cpu'),
    left('driver'),
    right('sent'),
    right('errors'),
    right('asked'),
    right('achieved'),
    right('%'),
  ];
  const rows = devices.map((device): Cell[] => [
    nameCell(device.name),
    String(device.cpu),
    device.driver,
    count(device.sent),
    badIf(device.errors > 0, count(device.errors), palette.warning),
    rate(device.asked),
    rate(device.achieved),
    badIf(device.shortfall.exceeded, shareText(device.achieved, device.asked), palette.warning),
  ]);
  if (totals.devices > 1) rows.push(totalRow(totals));
  const more = totals.devices - devices.length;
  const lines = [tableText(columns, rows, devices.length, 'device', palette)];
  if (more > 0) lines.push(palette.dim(`and ${plural(more, 'device')} removed before these, in the totals`));
  return lines.filter((line) => line !== '').join('\n');
}

function totalRow({ sent, errors, asked, achieved }: TotalResults): Cell[] {
  return ['all', '', '', count(sent), count(errors), rate(asked), rate(achieved), shareText(achieved, asked)];
}

function shareText(achieved: number, asked: number | null): string {
  return asked === null || asked === 0 ? none : percent((100 * achieved) / asked);
}

function timingText(devices: readonly DeviceResults[], palette: Palette): string {
  const sending = devices.filter((device) => device.gap.p50 !== null);
  const columns = [
    left('timing'),
    right('late'),
    right('skipped'),
    right('gap p50'),
    right('gap p99'),
    right('gap max'),
  ];
  const rows = sending.map((device): Cell[] => [
    nameCell(device.name),
    badIf(device.late > 0, count(device.late), palette.warning),
    badIf(device.skipped > 0, count(device.skipped), palette.warning),
    time(device.gap.p50),
    time(device.gap.p99),
    time(device.gap.max),
  ]);
  return tableText(columns, rows, sending.length, 'device', palette);
}

function receiversText(receivers: readonly ReceiverResults[], palette: Palette): string {
  const columns = [
    left('receiver'),
    right('received'),
    right('lost'),
    right('loss'),
    right('duplicated'),
    right('reordered'),
    right('other'),
    right('dropped'),
  ];
  const rows = receivers.map((receiver): Cell[] => [
    nameCell(receiver.name),
    count(receiver.received),
    badIf(receiver.lost > 0, count(receiver.lost), palette.error),
    badIf(receiver.lost > 0, percent(receiver.loss), palette.error),
    badIf(receiver.duplicated > 0, count(receiver.duplicated), palette.warning),
    badIf(receiver.reordered > 0, count(receiver.reordered), palette.warning),
    count(receiver.other),
    badIf(receiver.dropped > 0, count(receiver.dropped), palette.warning),
  ]);
  return tableText(columns, rows, receivers.length, 'receiver', palette);
}

/** Latencies of those receivers that have some, and why one has none although there were frames. */
function latencyText(receivers: readonly ReceiverResults[], palette: Palette): string {
  const timed = receivers.filter(({ latency }) => latency.p50 !== null);
  const columns = [left('latency'), right('p50'), right('p99'), right('p99.9'), right('max'), right('jitter')];
  const rows = timed.map(({ name, latency, jitter }): Cell[] => [
    nameCell(name),
    time(latency.p50),
    time(latency.p99),
    time(latency.p999),
    time(latency.max),
    time(jitter),
  ]);
  const notes = receivers.flatMap(({ name, latency }) => {
    if (latency.clockStepped) return [`${name}: the wall clock was set meanwhile, so there are no latencies`];
    if (latency.negative === 0) return [];
    return [`${name}: ${plural(latency.negative, 'frame')} stamped later than they arrived: the clocks disagree`];
  });
  const table = tableText(columns, rows, timed.length, 'receiver', palette);
  return [...(table === '' ? [] : [table]), ...notes.map(palette.warning)].join('\n');
}

/** A table of at most `mostRows` of its `things`; rows beyond these (a total) are kept. */
function tableText(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  things: number,
  noun: string,
  palette: Palette,
): string {
  if (things === 0) return '';
  const hidden = Math.max(0, things - mostRows);
  const shown = hidden === 0 ? rows : [...rows.slice(0, mostRows), ...rows.slice(things)];
  const lines = layoutTable(columns, shown, palette.strong);
  return [
    ...lines,
    ...(hidden > 0 ? [palette.dim(`and ${plural(hidden, noun)} more, in the results document`)] : []),
  ].join('\n');
}

function expectationsText(file: string, expectations: readonly ExpectationResults[], palette: Palette): string {
  if (expectations.length === 0) return '';
  return expectations.flatMap((expectation) => expectationLines(file, expectation, palette)).join('\n');
}

/** `✗ rx0.lost == 0 "no loss"   soak.pg:19`, and below a failed one what was found instead. */
function expectationLines(file: string, expectation: ExpectationResults, palette: Palette): readonly string[] {
  const { passed, passes, fails, label, actual, reason } = expectation;
  const mark = passed ? palette.good('✓') : palette.error('✗');
  const times =
    passes + fails > 1 ? `  (${fails > 0 ? `${count(fails)} failed of ` : ''}${count(passes + fails)})` : '';
  const text = `${expectation.text}${label === null ? '' : ` "${label}"`}${times}`;
  const place = `${file}:${expectation.span.line}`;
  const room = summaryColumns - 2 - 2 - width(place);
  const shown = cut(text, Math.max(room, 20));
  const head = `${mark} ${shown}${' '.repeat(Math.max(0, room - width(shown)))}  ${palette.dim(place)}`;
  const found = actual.map(({ text: what, value }) => `${what} = ${value}`);
  if (reason !== null) found.push(reason);
  if (found.length === 0) return [head];
  return [head, `    ${passed ? palette.dim(found.join(', ')) : found.join(', ')}`];
}

function graceText(scenario: ScenarioResults, palette: Palette): string {
  const { count: completed, pending, stalls, latency } = scenario.grace;
  if (completed + pending + stalls === 0) return '';
  const columns = [left('grace periods'), right('p50'), right('p99'), right('max'), right('pending'), right('stalls')];
  const row: Cell[] = [
    count(completed),
    time(latency.p50),
    time(latency.p99),
    time(latency.max),
    badIf(pending > 0, count(pending), palette.warning),
    badIf(stalls > 0, count(stalls), palette.error),
  ];
  return layoutTable(columns, [row], palette.strong).join('\n');
}

/** What the machine took from the senders; nothing to say where time is virtual and there are no threads. */
function sendersText(scenario: ScenarioResults, palette: Palette): string {
  const threads = scenario.senders.filter((sender) => sender.tid !== 0);
  if (threads.length === 0) return '';
  const columns = [left('sender'), right('preempted'), right('stolen')];
  const rows = threads.map(({ cpu, involuntarySwitches, stealMs, sharedWithControl }): Cell[] => [
    `CPU ${cpu}${sharedWithControl ? ', shared with the control thread' : ''}`,
    count(involuntarySwitches),
    `${count(stealMs)} ms`,
  ]);
  return layoutTable(columns, rows, palette.strong).join('\n');
}

function eventsText(scenario: ScenarioResults, palette: Palette): string {
  return scenario.events.map((event) => palette.warning(`at ${time(event.at)}: ${eventText(event)}`)).join('\n');
}

function eventText(event: EventResults): string {
  switch (event.kind) {
    case 'device_failed':
      return `${event.device} stopped by itself: ${event.reason}`;
    case 'link':
      return linkText(event.interface, event.change, event.to);
    case 'stall':
      return `a grace period waited ${count(event.ageMs)} ms for the sender on CPU ${event.cpu} (${event.phase})`;
    case 'missed_ticks':
      return `\`every\` in line ${event.span.line} missed ${plural(event.count, 'tick')}`;
    case 'late_at':
      return `\`at\` in line ${event.span.line} came ${time(event.late)} late`;
    default:
      return assertNever(event);
  }
}

/** What happened to an interface, in words. */
export function linkText(name: string, change: 'down' | 'up' | 'renamed' | 'removed', to: string | null): string {
  if (change === 'renamed') return `${name} is now called ${to}`;
  return change === 'removed' ? `${name} is gone` : `${name} went ${change}`;
}

function nameCell(name: string): string {
  return cut(name, longestName);
}

function badIf(bad: boolean, text: string, paint: (text: string) => string): Cell {
  return bad ? { text, paint } : text;
}

function plural(number: number, noun: string): string {
  return `${count(number)} ${noun}${number === 1 ? '' : 's'}`;
}
