// SPDX-License-Identifier: Apache-2.0

import { count } from '../bounds.ts';
import { type GivenParameters, ipv6Addresses, ruleProblems } from '../device-rules.ts';
import { report } from '../diagnostics/catalogue-meaning.ts';
import { correction } from '../diagnostics/suggest.ts';
import { switched } from '../flags.ts';
import { headerBytes, sizeProblem } from '../frame/assemble.ts';
import { carriesSequence, type FrameShape, type LayerShape } from '../frame/frame-shape.ts';
import { pktgenShape } from '../frame/pktgen-frame.ts';
import { protocols } from '../frame/protocols.ts';
import type { Expr, Op, Parameter } from '../op.ts';
import { deviceParameters, paceParameters } from '../parameters.ts';
import type { Span } from '../source.ts';
import type { AddDeviceStatement, SetStatement, Setting } from '../syntax/ast.ts';
import { statementWords, wordOf as tokenWord } from '../syntax/tokens.ts';
import { type Context, checkAs, mistake } from './context.ts';
import { type DeviceReference, deviceList, deviceOf } from './device-name.ts';
import { type CheckedSetting, checkSetting, wordOf } from './device-values.ts';
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
  const { parameters, settings, whole } = checkSettings(context, statement.settings, 'all');

  const frame = settings.get('frame');
  // What was misspelt or could not be read may be what seems to be missing.
  const damaged = !whole || context.damaged(statement.span);
  const shape = frame === undefined ? wordsShape(settings) : (frame.value?.shape ?? null);
  if (frame === undefined && !damaged && !settings.has('dst_mac') && !mayHavePeer(context, device)) {
    const hints = ['`dst_mac 02:00:00:00:00:01`, or that of an interface: `dst_mac eth1.mac`'];
    const name = `\`${context.source.slice(statement.name.span)}\``;
    mistake(context, report('PG5001', { device: name }, statement.name.span, { hints }));
  }
  const complete = frame === undefined || (shape !== null && checkFrame(context, device, shape, frame.setting));
  if (shape !== null && complete && (frame !== undefined || !damaged)) {
    checkSizes(context, device, shape, settings, (frame?.setting ?? statement.name).span);
  }
  if (!damaged) checkFile(context, settings);
  context.inventory.add({
    name: sound ? device.name : { kind: 'dynamic' },
    span: statement.name.span,
    paced: damaged || paceParameters.some((name) => isPace(settings.get(name))),
    header: shape === null ? null : !carriesSequence(shape) ? 'none' : nameless(settings) ? 'unnumbered' : 'numbered',
  });
  return { op: 'add_device', span: statement.span, bind, name: device.expr, cpu, parameters };
}

/** A `delay` of nothing is as fast as it goes, as in pktgen. */
function isPace(setting: CheckedSetting | undefined): boolean {
  if (setting === undefined) return false;
  const [expr] = setting.exprs;
  return !(expr?.kind === 'constant' && expr.value.type === 'duration' && expr.value.value === 0);
}

/** The layers that the words of a device without `frame` stack. */
function wordsShape(settings: Settings): FrameShape {
  const tags = ['vlan_id', 'svlan_id'].filter((name) => settings.has(name)).length;
  const labels = settings.get('mpls')?.exprs.length ?? 0;
  return pktgenShape(tags, labels, ipv6Addresses.some((name) => settings.has(name)) ? 6 : 4);
}

/** Whether frames leave out the device's number, by which receivers know whose they are. */
function nameless(settings: Settings): boolean {
  const flagged = settings.get('flag')?.exprs.some((expr) => wordOf(expr) === 'NO_TIMESTAMP') === true;
  return flagged || settings.has('pktgen_compat');
}

/** `set A, B rate 5kpps` and `set A { … }`. */
export function checkSet(context: Context, statement: SetStatement): Op {
  const devices = deviceList(context, statement.devices);
  const { parameters, settings } = checkSettings(context, statement.settings, 'change');
  if (['frame', 'flag', ...paceParameters].some((name) => settings.has(name))) context.inventory.change();
  return { op: 'set', span: statement.span, devices, parameters };
}

type Settings = ReadonlyMap<string, CheckedSetting>;

function checkSettings(
  context: Context,
  settings: readonly Setting[],
  given: 'all' | 'change',
): { readonly parameters: readonly Parameter[]; readonly settings: Settings; readonly whole: boolean } {
  const checked = new Map<string, CheckedSetting & { readonly exprs: Expr[] }>();
  const seen = new Map<string, Setting>();
  let whole = true;
  for (const setting of settings) {
    const name = setting.key.text;
    const parameter = deviceParameters.get(name);
    if (parameter === undefined) {
      const details = statementWordNames.has(name)
        ? { hints: ['statements stand behind the `}` of the block'] }
        : correction(name, deviceParameters.keys(), 'parameters', setting.key.span);
      mistake(context, report('PG5101', { name }, setting.key.span, details));
      whole = false;
      continue;
    }
    const first = seen.get(name);
    if (first !== undefined && parameter.takes.kind !== 'flags') {
      const labels = [{ span: first.key.span, text: 'first here' }];
      mistake(context, report('PG5102', { name }, setting.key.span, { labels }));
      continue;
    }
    seen.set(name, first ?? setting);
    const value = checkSetting(context, parameter, setting);
    const before = checked.get(name);
    if (value === null) whole = false;
    else if (before === undefined) checked.set(name, { ...value, exprs: [...value.exprs] });
    else for (const expr of value.exprs) before.exprs.push(expr);
  }
  const flag = checked.get('flag');
  if (flag !== undefined) checkFlags(context, flag);
  checkPace(context, checked);
  for (const problem of ruleProblems(givenBy(checked), given === 'all' && whole)) mistake(context, problem);
  const parameters = [...checked.values()].map(({ setting, exprs }): Parameter => {
    return { name: setting.key.text, values: exprs, span: setting.span };
  });
  return { parameters, settings: checked, whole };
}

const statementWordNames: ReadonlySet<string> = new Set(statementWords.map(tokenWord));

/** What the rules can see of parameters before the run. */
function givenBy(settings: Settings): GivenParameters {
  return new Map(
    [...settings].map(([name, { setting, exprs }]) => {
      const values = exprs.map((expr) => (expr.kind === 'constant' ? expr.value : null));
      return [name, { span: setting.span, values }];
    }),
  );
}

/** Of one flag only one thing is said: FLOW_RND is FLOW_SEQ the other way round. */
function checkFlags(context: Context, { exprs }: CheckedSetting): void {
  const seen = new Map<string, { readonly on: boolean; readonly text: string; readonly span: Span }>();
  for (const expr of exprs) {
    const text = wordOf(expr);
    if (text === null || text === '') continue;
    const { name, on } = switched(text);
    const first = seen.get(name);
    if (first !== undefined && first.on !== on) {
      const labels = [{ span: first.span, text: 'first here' }];
      mistake(context, report('PG5115', { a: first.text, b: text }, expr.span, { labels }));
    }
    seen.set(name, first ?? { on, text, span: expr.span });
  }
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
  const burst = settings.get('burst')?.exprs[0];
  if (ratep === undefined || burst?.kind !== 'constant' || burst.value.type !== 'number' || burst.value.value <= 1)
    return;
  const hints = ['`rate` counts packets, whatever the burst'];
  mistake(context, report('PG5106', { burst: String(burst.value.value) }, ratep.setting.span, { hints }));
}

function checkFile(context: Context, settings: Settings): void {
  const driver = settings.get('driver');
  const file = settings.get('file');
  const [expr] = driver?.exprs ?? [];
  const word = expr === undefined ? null : wordOf(expr);
  if (file !== undefined && word !== 'pcap' && word !== '') {
    mistake(context, report('PG5107', {}, file.setting.span, { hints: ['add `driver pcap`'] }));
  }
  if (driver !== undefined && word === 'pcap' && file === undefined) {
    mistake(context, report('PG5108', {}, driver.setting.span, { hints: ['`file "out.pcap"`'] }));
  }
}

/** Whether a frame is complete, as far as a device can know before the run. */
function checkFrame(context: Context, device: DeviceReference, shape: FrameShape, setting: Setting): boolean {
  const outermost = shape[0];
  if (outermost === undefined) return false;
  if (protocols.get(outermost.protocol)?.outermost === false) {
    const hints = ['put `eth()` in front: `eth() / …`'];
    mistake(context, report('PG5008', { first: `\`${outermost.protocol}\`` }, setting.span, { hints }));
    return false;
  }
  if (shape.some(lacksPeer) && !mayHavePeer(context, device)) {
    const hints = ['`eth(dst: 02:00:00:00:00:01)`, or an interface: `eth(dst: eth1.mac)`'];
    mistake(context, report('PG5009', {}, setting.span, { hints }));
  }
  return true;
}

/** Holds the sizes that are known against what the layers need and what the MTU leaves room for. */
function checkSizes(
  context: Context,
  device: DeviceReference,
  shape: FrameShape,
  settings: Settings,
  whole: Span,
): void {
  const needed = headerBytes(shape);
  if (needed === null) return;
  const mtu = device.interface === null ? null : (context.lab?.get(device.interface)?.mtu ?? null);
  const given = ['pkt_size', 'min_pkt_size', 'max_pkt_size', 'imix_weights'].flatMap((name) => {
    const setting = settings.get(name);
    return setting === undefined ? [] : [setting];
  });
  // The kernel sends what its own headers need, whatever the size.
  const grows = settings.has('pktgen_compat') && !settings.has('frame');
  for (const { setting, exprs } of given) {
    for (const expr of exprs) {
      const size = sizeOf(expr.kind === 'list' ? expr.items[0] : expr);
      const span = exprs.length === 1 ? setting.span : expr.span;
      const problem = size === null ? null : sizeProblem(grows ? Math.max(size, needed) : size, needed, mtu, span);
      if (problem !== null) mistake(context, problem);
    }
  }
  const least = given.length === 0 ? sizeProblem(null, needed, mtu, whole) : null;
  if (least !== null) mistake(context, least);
}

function sizeOf(expr: Expr | undefined): number | null {
  return expr?.kind === 'constant' && expr.value.type === 'size' ? expr.value.value : null;
}

/** Whether a lab may tell whom a device's frames are for. */
function mayHavePeer(context: Context, device: DeviceReference): boolean {
  if (context.lab === null || device.interface === null) return context.inLab;
  return context.lab.get(device.interface)?.peer ?? true;
}

/** Whether a layer leaves a field to the peer's address, which only a lab knows. */
function lacksPeer({ protocol, fields }: LayerShape): boolean {
  const known = protocols.get(protocol)?.fields ?? [];
  return known.some(({ name, fallback }) => fallback.kind === 'peer mac' && !fields.includes(name));
}
