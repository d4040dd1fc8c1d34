// SPDX-License-Identifier: Apache-2.0

import { formatValue } from '../../lang/syntax/literals.ts';
import type { Value } from '../../lang/value.ts';
import type { Histogram } from '../histogram.ts';
import { columnChart, histogramChart } from '../report/chart.ts';
import { tableLines } from '../report/fold.ts';
import { frameView } from '../report/frame-view.ts';
import { count, none, time } from '../report/quantities.ts';
import { layoutTable } from '../report/table.ts';
import { LiveView } from './live-view.ts';
import type { ShellHost } from './shell-host.ts';

/** How often a view is drawn anew. */
const redrawMs = 250;
const step = 'wait 250ms';
const chartRows = 8;

/** `watch show devices`: a statement again and again in place, until Ctrl-C. */
export async function watch(words: string, host: ShellHost): Promise<void> {
  const statement = words.trim();
  if (!statement.startsWith('show')) return host.complain('`watch` takes a `show`', '`watch show devices`');
  const view = new LiveView(process.stdout);
  await again(host, async () => {
    const lines = (await shownHere(statement, host)) ?? (await host.session.glance(statement));
    if (lines !== null) view.draw(lines);
    return lines !== null;
  });
}

/** `plot tx0@0.pps`: a figure over time, until Ctrl-C. */
export async function plot(words: string, host: ShellHost): Promise<void> {
  const expression = words.trim();
  if (expression === '') return host.complain('`plot` takes a figure', '`plot tx0@0.pps`');
  const figure = host.session.figure(expression);
  if (figure === null) return;
  const view = new LiveView(process.stdout);
  const values: number[] = [];
  let last: Value | null = null;
  await again(host, async () => {
    const read = figure();
    if (read.ok) {
      const { value } = read;
      if (!('value' in value) || typeof value.value !== 'number') {
        host.complain(`\`${expression}\` is no figure that can be drawn`);
        return false;
      }
      last = value;
      values.push(value.value);
      values.splice(0, values.length - process.stdout.columns);
    }
    const label = (value: number): string => (last === null ? none : formatValue({ ...last, value } as Value));
    view.draw([expression, ...columnChart(values, chartRows, process.stdout.columns - 1, label)]);
    return true;
  });
}

/** Does a step, lets time pass on every clock, and so on until it says no or is interrupted. */
async function again(host: ShellHost, work: () => Promise<boolean>): Promise<void> {
  const stopped = host.stopped();
  while (!stopped.aborted && (await work())) {
    // Virtual time passes while a statement waits; ours passes anyway.
    if ((await host.session.glance(step)) === null) return;
    if (host.session.engine === 'dry-run') await pause(redrawMs, stopped);
  }
}

function pause(ms: number, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    stopped.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** `hist rx0.latency`: how often which time was measured. */
export async function hist(words: string, host: ShellHost): Promise<void> {
  const name = words.trim();
  const at = name.lastIndexOf('.');
  const found = histogramOf(name.slice(0, Math.max(0, at)).replace(/^"(.*)"$/, '$1'), name.slice(at + 1), host);
  if (found === null) {
    return host.complain(
      `there is no histogram \`${name}\``,
      '`hist rx0.latency`, `hist rx0.gap`, `hist tx0@0.gap`, `hist grace.latency`',
    );
  }
  host.say(histogramChart(found, process.stdout.columns).join('\n'));
}

function histogramOf(of: string, what: string, { session }: ShellHost): Histogram | null {
  const state = session.scenario?.state;
  if (state === undefined) return null;
  if (of === 'grace' && what === 'latency') return state.engine.grace().latency;
  const device = state.devices.newest(of);
  if (device !== null && what === 'gap') {
    return device.state === 'present' ? state.engine.stats(device.id).gaps : null;
  }
  const receiver = state.receivers.find(of);
  if (receiver === null) return null;
  const { total } = state.receivers.timing(receiver);
  return what === 'latency' ? total.latency : what === 'gap' ? total.gaps : null;
}

/**
 * What `show` tells of the session itself, which no scenario knows: `show frames`, `show frame NAME`, `show program`,
 * `show pgctrl`; and its tables, fitted to the terminal. Null where it is another statement of the language.
 */
export async function shownHere(statement: string, host: ShellHost): Promise<readonly string[] | null> {
  const state = host.session.scenario?.state;
  if (state === undefined) return null;
  if (/^\s*show\s+(devices|receivers|threads|interfaces|grace)\s*$/.test(statement)) {
    const lines = await host.session.glance(statement);
    return lines === null ? [] : tableLines(lines, process.stdout.columns, host.palette.strong);
  }
  const [, what, name] = /^\s*show\s+(frames|frame|program|pgctrl)(?:\s+(\w+))?\s*$/.exec(statement) ?? [];
  if (what === undefined) return null;
  const frames = host.session.frames();
  switch (what) {
    case 'frame': {
      const frame = frames.get(name ?? '');
      if (frame !== undefined) return frameView(frame, process.stdout.columns, host.palette.accent);
      const known = [...frames.keys()];
      const hint =
        known.length === 0 ? '`frame probe = eth() / ipv4() / udp()` declares one' : `there are ${known.join(', ')}`;
      host.complain(
        name === undefined ? '`show frame` takes the name of a frame' : `there is no frame \`${name}\``,
        hint,
      );
      return [];
    }
    case 'frames': {
      const columns = [
        { title: 'frame', align: 'left' as const },
        { title: 'layers', align: 'left' as const },
      ];
      const rows = [...frames].map(([one, value]) => [one, formatValue(value)]);
      return layoutTable(columns, rows, host.palette.strong);
    }
    case 'program':
      return host.session.saved('session.pg').text.trimEnd().split('\n');
    default: {
      const { running, engine } = host.session;
      const devices = state.devices.present();
      const elapsed = state.runs.active ? time(Number(state.runs.elapsed())) : none;
      const facts: readonly (readonly [string, string])[] = [
        ['engine', engine],
        ['run', state.runs.active ? 'active' : 'idle'],
        ['elapsed', elapsed],
        ['devices', count(devices.length)],
        ['running', count(running)],
        ['receivers', count(state.receivers.all.length)],
        ['jobs', count(host.session.scenario?.jobs.length ?? 0)],
      ];
      const columns = [
        { title: 'pgctrl', align: 'left' as const },
        { title: '', align: 'left' as const },
      ];
      return layoutTable(columns, facts, host.palette.strong);
    }
  }
}
