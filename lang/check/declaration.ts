// SPDX-License-Identifier: Apache-2.0

import { type Bounds, notNegative } from '../bounds.ts';
import { report } from '../diagnostics/catalogue-meaning.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { correction } from '../diagnostics/suggest.ts';
import type { DeviceList, Expr, Lab, Link, Param, Receiver } from '../op.ts';
import type { Span } from '../source.ts';
import type {
  Expression,
  LabLink,
  LabStatement,
  Name,
  ParamStatement,
  ReceiverStatement,
  Setting,
} from '../syntax/ast.ts';
import { displayType, parameterTypes } from '../types.ts';
import type { ScalarType } from '../value.ts';
import { type Context, checkAs, expectType, type LabInterface, mistake, type Typed } from './context.ts';
import { deviceList } from './device-name.ts';
import { reservedNames } from './expression.ts';
import { interfaceOf, namedInterface } from './name.ts';
import type { Variable } from './scope.ts';

/** Declares a variable, unless its name means something already; `value` gives its type and what else is known of it. */
export function declare(context: Context, kind: Variable['kind'], name: Name, value: Typed): void {
  const { text, span } = name;
  if (!mayDeclare(context, name)) return;
  const symbol = symbolOf(context, text);
  context.scope.declare({ kind, name: text, symbol, span, type: value.type, family: value.family, shape: value.shape });
}

/** The name in the program of what is declared here. */
export function symbolOf(context: Context, name: string): string {
  return context.place === 'file' ? `${context.prefix}${name}` : name;
}

/** Whether a name is still free; if not, that is a mistake. */
export function mayDeclare(context: Context, name: Name): boolean {
  const { text, span } = name;
  const meaning = reservedNames.get(text);
  if (meaning !== undefined) {
    mistake(context, report('PG3003', { name: text, meaning }, span));
    return false;
  }
  const found = context.scope.meaning(text);
  const anew = context.place === 'file' && context.earlier !== null && found === context.earlier.meaning(text);
  const earlier = (anew ? null : found?.span) ?? context.lab?.get(text)?.span ?? context.receivers.get(text)?.name.span;
  if (earlier === undefined) return true;
  const labels = [{ span: earlier, text: 'declared here' }];
  mistake(
    context,
    report('PG3002', { name: text }, span, { labels, hints: ['there is no shadowing: take another name'] }),
  );
  return false;
}

/** `param load = 250kpps "help"`; null where its type cannot be told. */
export function checkParam(context: Context, statement: ParamStatement): Param | null {
  const { name, value, span } = statement;
  const early: Context = { ...context, early: 'the default of a parameter' };
  const initial = value === null ? null : context.expression(early, value);
  const type = paramType(context, statement, initial);
  const expr = value === null || initial === null || type === null ? null : paramValue(context, type, value, initial);
  const holder: Typed = initial ?? {
    type: 'unknown',
    expr: { kind: 'variable', span, name: name.text },
    family: null,
    shape: null,
  };
  declare(context, 'param', name, { ...holder, type: type ?? 'unknown' });
  if (type === null) return null;
  return { name: name.text, type, value: expr, help: fixedText(context, statement.help, 'a help text'), span };
}

function paramType(context: Context, statement: ParamStatement, initial: Typed | null): ScalarType | null {
  if (statement.type !== null) {
    const { text, span } = statement.type;
    const found = parameterTypes.find((type) => type === text);
    if (found !== undefined) return found;
    mistake(context, report('PG2108', { name: text }, span, correction(text, parameterTypes, 'types', span)));
    return null;
  }
  if (initial === null || statement.value === null || initial.type === 'unknown') return null;
  const found = parameterTypes.find((type) => type === initial.type);
  if (found !== undefined) return found;
  mistake(context, report('PG2108', { name: displayType(initial.type) }, statement.value.span));
  return null;
}

/** A default; the name of an interface is written as a string. */
function paramValue(context: Context, type: ScalarType, value: Expression, initial: Typed): Expr {
  const { expr } = initial;
  if (type === 'interface' && expr.kind === 'constant' && expr.value.type === 'string') {
    return namedInterface(context, expr.value.value, expr.span);
  }
  return expectType(context, initial, value, [type], 'the default of this parameter');
}

/** A text that is known before anything runs; null where there is none. */
export function fixedText(context: Context, text: Expression | null, subject: string): string | null {
  if (text === null || text.kind === 'error') return null;
  if (text.kind === 'text' && text.parts.every((part) => typeof part === 'string')) return text.parts.join('');
  mistake(context, report('PG3108', { subject }, text.span));
  return null;
}

// --- lab --------------------------------------------------------------------------------------------------------------

/** Linux: an interface's name has at most 15 bytes (IFNAMSIZ less the ending zero). */
export const longestInterfaceName = 15;
/** RFC 791 asks 68 bytes of every link; the kernel takes at most 65535 for a veth. */
const mtuBounds: Bounds = { whole: true, least: 68, most: 65535, words: 'from 68B to 65535B' };
/** What the kernel gives a new link. */
const defaultMtu = 1500;

/** The interfaces that a lab will have, before anything is checked: the rest of the file may come first. */
export function labInterfaces(statement: LabStatement): Map<string, LabInterface> {
  const found = new Map<string, LabInterface>();
  for (const link of statement.links) {
    for (const name of endsOf(link)) {
      if (!found.has(name.text)) found.set(name.text, { span: name.span, peer: link.kind === 'veth', mtu: null });
    }
  }
  return found;
}

/** Checks a lab; `interfaces` is what `labInterfaces` gave, and learns the MTUs that are constant. */
export function checkLab(context: Context, statement: LabStatement, interfaces: Map<string, LabInterface>): Lab {
  const links = statement.links.map((link): Link => {
    for (const name of endsOf(link)) checkInterfaceName(context, name, interfaces);
    const mtu = checkLinkSettings(context, link);
    const constant = mtu?.kind === 'constant' && mtu.value.type === 'size' ? mtu.value.value : null;
    const peer = link.kind === 'veth';
    for (const { text, span } of endsOf(link)) {
      interfaces.set(text, { span, peer, mtu: mtu === null && !context.lost.lab ? defaultMtu : constant });
    }
    const { span } = link;
    if (link.kind === 'veth') return { kind: 'veth', a: link.a.text, b: link.b.text, mtu, span };
    return { kind: 'ifb', name: link.name.text, mtu, span };
  });
  return { links, span: statement.span };
}

const endsOf = (link: LabLink): readonly Name[] => (link.kind === 'veth' ? [link.a, link.b] : [link.name]);

function checkInterfaceName(context: Context, name: Name, interfaces: ReadonlyMap<string, LabInterface>): void {
  const { text, span } = name;
  const first = interfaces.get(text)?.span;
  if (first !== undefined && first.start !== span.start) {
    const labels = [{ span: first, text: 'declared here' }];
    mistake(context, report('PG3002', { name: text }, span, { labels }));
  }
  const meaning = reservedNames.get(text);
  if (meaning !== undefined) mistake(context, report('PG3003', { name: text, meaning }, span));
  const problem = interfaceNameProblem(text, span);
  if (problem !== null) mistake(context, problem);
}

/** Why the kernel, or the language, would not take a name for an interface; null if both do. */
export function interfaceNameProblem(name: string, span: Span): Diagnostic | null {
  const bytes = new TextEncoder().encode(name).length;
  const long = `it has ${bytes} bytes, and the kernel allows ${longestInterfaceName}`;
  if (bytes > longestInterfaceName) return report('PG3014', { name, reason: long }, span);
  if (!name.includes('@')) return null;
  return report('PG3014', { name, reason: 'what follows the `@` labels a device' }, span);
}

function checkLinkSettings(context: Context, link: LabLink): Expr | null {
  const early: Context = { ...context, early: 'the lab' };
  const settings = onceEach(context, link.settings, ['mtu'], `a ${link.kind}`);
  const mtu = settings.get('mtu');
  return mtu === undefined
    ? null
    : single(context, mtu, (value) => checkAs(early, value, ['size'], '`mtu`', mtuBounds));
}

// --- receivers --------------------------------------------------------------------------------------------------------

/** `receiver rx0`, `receiver sink on rx0 { settle 2s; expects tx0@0 }`. */
export function checkReceiver(context: Context, statement: ReceiverStatement): Receiver {
  const { name, span } = statement;
  const early: Context = { ...context, early: 'a receiver' };
  const meaning = reservedNames.get(name.text);
  if (meaning !== undefined) mistake(context, report('PG3003', { name: name.text, meaning }, name.span));
  const first = context.receivers.get(name.text)?.name.span ?? name.span;
  const earlier = first.start === name.span.start ? context.scope.lookup(name.text)?.span : first;
  if (earlier !== undefined) {
    const labels = [{ span: earlier, text: 'declared here' }];
    const hints = [
      `\`receiver NAME on ${statement.on === null ? name.text : context.source.slice(statement.on.span)}\` with another name`,
    ];
    mistake(context, report('PG3002', { name: name.text }, name.span, { labels, hints }));
  }

  const on = statement.on === null ? namedInterface(context, name.text, name.span) : interfaceOf(early, statement.on);
  const settings = onceEach(context, statement.settings, ['settle', 'expects'], 'a receiver');
  const settle = settings.get('settle');
  const expects = settings.get('expects');
  return {
    name: name.text,
    on,
    settle:
      settle === undefined
        ? null
        : single(context, settle, (value) => checkAs(early, value, ['duration'], '`settle`', notNegative)),
    expects: expects === undefined ? null : expected(early, expects),
    span,
  };
}

function expected(context: Context, setting: Setting): DeviceList {
  if (setting.values.length > 0) return deviceList(context, setting.values);
  mistake(
    context,
    report('PG5104', { name: setting.key.text, found: 0, most: Number.POSITIVE_INFINITY }, setting.span),
  );
  return null;
}

// --- settings ---------------------------------------------------------------------------------------------------------

function onceEach(
  context: Context,
  settings: readonly Setting[],
  known: readonly string[],
  of: string,
): ReadonlyMap<string, Setting> {
  const found = new Map<string, Setting>();
  for (const setting of settings) {
    const { text: name, span } = setting.key;
    const first = found.get(name);
    if (!known.includes(name)) {
      mistake(context, report('PG3013', { of, name }, span, correction(name, known, 'settings', span)));
    } else if (first !== undefined) {
      const labels = [{ span: first.key.span, text: 'first here' }];
      mistake(context, report('PG5102', { name }, span, { labels }));
    } else {
      found.set(name, setting);
    }
  }
  return found;
}

function single(context: Context, setting: Setting, check: (value: Expression) => Expr): Expr | null {
  const [value, ...more] = setting.values;
  if (value !== undefined && more.length === 0) return check(value);
  mistake(context, report('PG5104', { name: setting.key.text, found: setting.values.length, most: 1 }, setting.span));
  return null;
}
