// SPDX-License-Identifier: Apache-2.0

import { count } from '../bounds.ts';
import { report } from '../diagnostics/catalogue-meaning.ts';
import { correction } from '../diagnostics/suggest.ts';
import { headerBytes, sizeProblem } from '../frame/assemble.ts';
import type { FrameShape, LayerShape } from '../frame/frame-shape.ts';
import { protocols } from '../frame/protocols.ts';
import type { Expr, Op, Parameter } from '../op.ts';
import { type DeviceParameter, deviceParameters, paceParameters } from '../parameters.ts';
import type { Span } from '../source.ts';
import type { AddDeviceStatement, Expression, SetStatement, Setting } from '../syntax/ast.ts';
import { eitherOf } from '../types.ts';
import { type Context, checkAs, expectType, mistake, type Typed } from './context.ts';
import { type DeviceReference, deviceList, deviceOf } from './device-name.ts';
import { notInLab } from './name.ts';

/** `add_device NAME on cpu N { … }`; `bind` names the variable that gets the device. */
export function checkAddDevice(context: Context, statement: AddDeviceStatement, bind: string | null): Op {
  const before = context.diagnostics.length;
  const device = deviceOf(context, statement.name);
  if (device.interface !== null && context.lab !== null && !context.lab.has(device.interface)) {
    notInLab(context, device.interface, statement.name.span);
  }
  // What a misspelt device should have been called nobody knows: it then answers to every name.
  const sound = context.diagnostics.length === before;
  const cpu = checkAs(context, statement.cpu, ['number'], '`on cpu`', count);
  const { parameters, settings, whole } = checkSettings(context, statement.settings);

  const frame = settings.get('frame');
  // What was misspelt or could not be read may be what seems to be missing.
  const damaged = !whole || context.damaged(statement.span);
  if (frame === undefined && !damaged) {
    const hints = ['declare `frame probe = eth(…) / ipv4(…) / udp(…)` and say `frame probe` in the block'];
    const name = `\`${context.source.slice(statement.name.span)}\``;
    mistake(context, report('PG5001', { device: name }, statement.name.span, { hints }));
  } else if (frame?.value?.shape != null) {
    checkFrame(context, device, frame.value.shape, frame.setting, settings.get('pkt_size') ?? null);
  }
  if (!damaged) checkFile(context, settings);
  context.inventory.add({
    name: sound ? device.name : { kind: 'dynamic' },
    span: statement.name.span,
    paced: damaged || paceParameters.some((name) => isPace(settings.get(name))),
    shape: frame?.value?.shape ?? null,
  });
  return { op: 'add_device', span: statement.span, bind, name: device.expr, cpu, parameters };
}

/** A `delay` of nothing is as fast as it goes, as in pktgen. */
function isPace(setting: CheckedSetting | undefined): boolean {
  if (setting === undefined) return false;
  const { expr } = setting;
  return !(expr.kind === 'constant' && expr.value.type === 'duration' && expr.value.value === 0);
}

/** `set A, B rate 5kpps` and `set A { … }`. */
export function checkSet(context: Context, statement: SetStatement): Op {
  const devices = deviceList(context, statement.devices);
  const { parameters, settings } = checkSettings(context, statement.settings);
  if (['frame', ...paceParameters].some((name) => settings.has(name))) context.inventory.change();
  return { op: 'set', span: statement.span, devices, parameters };
}

interface CheckedSetting {
  readonly setting: Setting;
  /** Null for a word. */
  readonly value: Typed | null;
  readonly expr: Expr;
}
type Settings = ReadonlyMap<string, CheckedSetting>;

function checkSettings(
  context: Context,
  settings: readonly Setting[],
): { readonly parameters: readonly Parameter[]; readonly settings: Settings; readonly whole: boolean } {
  const seen = new Map<string, Setting>();
  const checked = new Map<string, CheckedSetting>();
  let whole = true;
  for (const setting of settings) {
    const name = setting.key.text;
    const parameter = deviceParameters.get(name);
    if (parameter === undefined) {
      const details = correction(name, deviceParameters.keys(), 'parameters', setting.key.span);
      mistake(context, report('PG5101', { name }, setting.key.span, details));
      whole = false;
      continue;
    }
    const first = seen.get(name);
    if (first !== undefined) {
      const labels = [{ span: first.key.span, text: 'first here' }];
      mistake(context, report('PG5102', { name }, setting.key.span, { labels }));
      continue;
    }
    seen.set(name, setting);
    const value = checkSetting(context, parameter, setting);
    if (value === null) whole = false;
    else checked.set(name, value);
  }
  checkPace(context, checked);
  const parameters = [...checked.values()].map(({ setting, expr }): Parameter => {
    return { name: setting.key.text, values: [expr], span: setting.span };
  });
  return { parameters, settings: checked, whole };
}

function checkSetting(context: Context, parameter: DeviceParameter, setting: Setting): CheckedSetting | null {
  const { name, takes } = parameter;
  const [value, ...more] = setting.values;
  if (value === undefined || more.length > 0) {
    const problem = report(
      'PG5104',
      { name, found: setting.values.length },
      value === undefined ? setting.span : spanOf(more),
    );
    mistake(context, problem);
    return value === undefined ? null : { setting, value: null, expr: mistakenWord(value) };
  }
  if (takes.kind === 'word') {
    return { setting, value: null, expr: checkWord(context, name, takes.words, value) };
  }
  const checked = context.expression(context, value);
  const expr = expectType(context, checked, value, takes.types, `\`${name}\``, takes.bounds);
  return { setting, value: checked, expr };
}

const spanOf = (expressions: readonly Expression[]): Span => {
  const [first] = expressions as [Expression];
  return { start: first.span.start, end: (expressions.at(-1) as Expression).span.end };
};

const mistakenWord = ({ span }: Expression): Expr => ({ kind: 'constant', span, value: { type: 'string', value: '' } });

function checkWord(context: Context, name: string, words: readonly string[], value: Expression): Expr {
  const { span } = value;
  if (value.kind === 'error') return mistakenWord(value);
  if (value.kind === 'name' && words.includes(value.name)) {
    return { kind: 'constant', span, value: { type: 'string', value: value.name } };
  }
  const found = `\`${context.source.slice(span)}\``;
  const near = value.kind === 'name' ? correction(value.name, words, 'words', span) : {};
  const choice = eitherOf(words.map((word) => `\`${word}\``));
  // The words are in the message already; only a near one is worth a hint.
  const details = near.fixes?.length === 1 ? near : {};
  mistake(context, report('PG5105', { name, found, words: choice }, span, details));
  return mistakenWord(value);
}

/** At most one parameter sets the pace; `ratep` counts passes. */
function checkPace(context: Context, settings: Settings): void {
  const given = [...settings.values()].filter(({ setting }) => paceParameters.includes(setting.key.text));
  const [first, ...others] = given;
  for (const other of others) {
    const names = { a: first?.setting.key.text ?? '', b: other.setting.key.text };
    const labels = first === undefined ? [] : [{ span: first.setting.span, text: 'the pace is set here' }];
    mistake(context, report('PG5103', names, other.setting.key.span, { labels }));
  }
  const ratep = settings.get('ratep');
  const burst = settings.get('burst')?.expr;
  if (ratep === undefined || burst?.kind !== 'constant' || burst.value.type !== 'number' || burst.value.value <= 1)
    return;
  const hints = ['`rate` counts packets, whatever the burst'];
  mistake(context, report('PG5106', { burst: String(burst.value.value) }, ratep.setting.span, { hints }));
}

function checkFile(context: Context, settings: Settings): void {
  const driver = settings.get('driver');
  const file = settings.get('file');
  const word = driver?.expr.kind === 'constant' && driver.expr.value.type === 'string' ? driver.expr.value.value : null;
  if (file !== undefined && word !== 'pcap' && word !== '') {
    mistake(context, report('PG5107', {}, file.setting.span, { hints: ['add `driver pcap`'] }));
  }
  if (driver !== undefined && word === 'pcap' && file === undefined) {
    mistake(context, report('PG5108', {}, driver.setting.span, { hints: ['`file "out.pcap"`'] }));
  }
}

/** What a device can know of its frame before the run: that it is complete, and that it fits its size and the MTU. */
function checkFrame(
  context: Context,
  device: DeviceReference,
  shape: FrameShape,
  setting: Setting,
  pktSize: CheckedSetting | null,
): void {
  const outermost = shape[0];
  if (outermost === undefined) return;
  if (protocols.get(outermost.protocol)?.outermost === false) {
    const hints = ['put `eth()` in front: `eth() / …`'];
    mistake(context, report('PG5008', { first: `\`${outermost.protocol}\`` }, setting.span, { hints }));
    return;
  }
  if (context.lab === null && shape.some(lacksPeer)) {
    const hints = ['`eth(dst: 02:00:00:00:00:01)`, or an interface: `eth(dst: eth1.mac)`'];
    mistake(context, report('PG5009', {}, setting.span, { hints }));
  }
  const written = pktSize?.expr;
  if (written !== undefined && (written.kind !== 'constant' || written.value.type !== 'size')) return;
  const size = written?.kind === 'constant' && written.value.type === 'size' ? written.value.value : null;
  const needed = headerBytes(shape);
  if (needed === null) return;
  const mtu = device.interface === null ? null : (context.lab?.get(device.interface)?.mtu ?? null);
  const problem = sizeProblem(size, needed, mtu, (pktSize ?? { setting }).setting.span);
  if (problem !== null) mistake(context, problem);
}

/** Whether a layer leaves a field to the peer's address, which only a lab knows. */
function lacksPeer({ protocol, fields }: LayerShape): boolean {
  const known = protocols.get(protocol)?.fields ?? [];
  return known.some(({ name, fallback }) => fallback.kind === 'peer mac' && !fields.includes(name));
}
