// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { elementCount, elements } from '../../lang/elements.ts';
import { type Environment, evaluate, nameOf, type ResolvedMetricSource } from '../../lang/evaluate.ts';
import type { Expr } from '../../lang/op.ts';
import { formatValue } from '../../lang/syntax/literals.ts';
import type { Value } from '../../lang/value.ts';

const test = suite('evaluate');

const span = { start: 0, end: 1 };
const at = { start: 7, end: 9 };
const number = (value: number): Value => ({ type: 'number', value });
const constant = (value: Value, place = span): Expr => ({ kind: 'constant', span: place, value });
const text = (value: string): Expr => constant({ type: 'string', value });
const binary = (left: Expr, operator: '+' | '/' | '&&' | '||' | '<', right: Expr): Expr => {
  return { kind: 'binary', span: at, operator, left, right };
};
const call = (name: 'min' | 'max' | 'floor' | 'round' | 'len' | 'wire' | 'pick' | 'addr', ...args: Value[]): Expr => {
  return { kind: 'call', span, function: name, args: args.map((arg) => constant(arg)) };
};
const range = (first: number, last: number, step: number | null = null): Value => {
  return { type: 'range', first: number(first), last: number(last), step };
};
const list = (...items: number[]): Value => ({ type: 'list', items: items.map(number) });
const block: Value = { type: 'prefix', family: 'ipv4', address: 0x0a000005, length: 30 };

/** An environment that knows one of everything, and records what metrics it was asked for. */
function environment(change: Partial<Environment> = {}): Environment & { readonly asked: ResolvedMetricSource[] } {
  const asked: ResolvedMetricSource[] = [];
  return {
    asked,
    variable: (name) => ({ type: 'string', value: `value of ${name}` }),
    metric: (source) => {
      asked.push(source);
      return { ok: true, value: number(42) };
    },
    fact: (name, fact) => ({
      ok: false,
      failure: { code: 'PG6001', message: `${name} has no ${fact}`, hints: ['none'] },
    }),
    random: () => 0.999,
    elapsed: () => ({ type: 'duration', value: 5 }),
    caught: () => 'EBUSY',
    ...change,
  };
}

const values: readonly (readonly [string, Expr, string])[] = [
  ['constant', constant(number(7)), '7'],
  ['variable', { kind: 'variable', span, name: 'x' }, 'value of x'],
  [
    'text',
    { kind: 'text', span, parts: ['tx0@', constant(number(3)), ' at ', { kind: 'elapsed', span }] },
    'tx0@3 at 5ns',
  ],
  ['elapsed', { kind: 'elapsed', span }, '5ns'],
  ['caught', { kind: 'caught', span }, 'EBUSY'],
  ['list', { kind: 'list', span, items: [constant(number(1)), constant(number(2))] }, '[1, 2]'],
  ['index', { kind: 'index', span, list: constant(list(4, 5, 6)), index: constant(number(2)) }, '6'],
  ['minus', { kind: 'unary', span, operator: '-', operand: constant({ type: 'duration', value: 3 }) }, '-3ns'],
  ['not', { kind: 'unary', span, operator: '!', operand: constant({ type: 'bool', value: true }) }, 'false'],
  ['first of a block', { kind: 'end', span, of: constant(block), end: 'first' }, '10.0.0.4'],
  ['last of a block', { kind: 'end', span, of: constant(block), end: 'last' }, '10.0.0.7'],
  ['last of a range', { kind: 'end', span, of: constant(range(2, 9)), end: 'last' }, '9'],
  ['min', call('min', number(3), number(1), number(2)), '1'],
  ['max of a list', call('max', list(3, 9, 2)), '9'],
  ['floor', call('floor', number(-1.5)), '-2'],
  ['round', call('round', { type: 'pps', value: 2.5 }), '3pps'],
  ['len', call('len', range(1, 10, 4)), '3'],
  ['wire', call('wire', { type: 'size', value: 60 }), '84B'],
  ['pick of a list', call('pick', list(1, 2, 3)), '3'],
  ['pick of a range', call('pick', range(10, 20, 5)), '20'],
  ['pick of a block', call('pick', block), '10.0.0.7'],
  ['addr', call('addr', block, number(1)), '10.0.0.5'],
];

for (const [name, expr, expected] of values) {
  test(name, () => {
    const outcome = evaluate(expr, environment());
    assert.is(outcome.ok && formatValue(outcome.value), expected);
  });
}

const failures: readonly (readonly [string, Expr, string])[] = [
  ['division by zero', binary(constant(number(1)), '/', constant(number(0))), 'PG2301'],
  ['overflow', binary(constant(number(2 ** 53)), '+', constant(number(2))), 'PG2302'],
  ['index past the end', { kind: 'index', span, list: constant(list(1)), index: constant(number(1), at) }, 'PG2303'],
  ['index not whole', { kind: 'index', span, list: constant(list(1)), index: constant(number(0.5), at) }, 'PG2303'],
  ['negative index', { kind: 'index', span, list: constant(list(1)), index: constant(number(-1), at) }, 'PG2303'],
  ['an unknown fact', { kind: 'fact', span: at, interface: text('tx0'), fact: 'speed', argument: null }, 'PG6001'],
  [
    'a step of nothing',
    { kind: 'range', span, first: constant(number(1)), last: constant(number(2)), step: constant(number(0), at) },
    'PG5013',
  ],
];

for (const [name, expr, code] of failures) {
  test(`fails: ${name}`, () => {
    const outcome = evaluate(expr, environment());
    assert.not(outcome.ok);
    if (outcome.ok) return;
    assert.is(outcome.failure.code, code);
    assert.equal(outcome.failure.span, at);
  });
}

test('a prefix of a family that the checker did not foresee', () => {
  const unforeseen = environment({ variable: () => ({ type: 'ipv6', value: '0'.repeat(32) }) });
  const compared = binary({ kind: 'variable', span, name: 'address' }, '<', constant({ type: 'ipv4', value: 1 }));
  const outcome = evaluate(compared, unforeseen);
  assert.is(!outcome.ok && outcome.failure.code, 'PG2308');
});

test('pick from nothing fails', () => {
  for (const nothing of [list(), range(3, 2)]) {
    const outcome = evaluate(call('pick', nothing), environment());
    assert.is(!outcome.ok && outcome.failure.code, 'PG2304');
  }
});

test('&& and || leave their right side alone once they are decided', () => {
  const burst: Expr = { kind: 'fact', span, interface: text('tx0'), fact: 'speed', argument: null };
  const yes = constant({ type: 'bool', value: true });
  const no = constant({ type: 'bool', value: false });
  for (const [expr, expected] of [
    [binary(no, '&&', burst), false],
    [binary(yes, '||', burst), true],
  ] as const) {
    assert.equal(evaluate(expr, environment()), { ok: true, value: { type: 'bool', value: expected } });
  }
  assert.not(evaluate(binary(yes, '&&', burst), environment()).ok);
});

test('metrics are asked for with names evaluated', () => {
  const env = environment();
  const name: Expr = { kind: 'text', span, parts: ['tx0@', constant(number(1))] };
  const device: Expr = constant({ type: 'device', name: 'tx0' });
  evaluate({ kind: 'metric', span, source: { kind: 'device', device: name }, metric: 'sent' }, env);
  evaluate(
    { kind: 'metric', span, source: { kind: 'receiver', receiver: text('rx0'), from: device }, metric: 'lost' },
    env,
  );
  evaluate({ kind: 'metric', span, source: { kind: 'grace' }, metric: 'pending' }, env);
  assert.equal(env.asked, [
    { kind: 'device', device: 'tx0@1' },
    { kind: 'receiver', receiver: 'rx0', from: 'tx0' },
    { kind: 'grace' },
  ]);
});

test('a frame spliced into another gives its layers', () => {
  const layer = (protocol: string) => ({ kind: 'layer', protocol, fields: [], span }) as const;
  const inner: Expr = { kind: 'frame', span, parts: [layer('ipv4'), layer('udp')] };
  const outcome = evaluate({ kind: 'frame', span, parts: [layer('eth'), inner] }, environment());
  assert.is(outcome.ok && formatValue(outcome.value), 'eth / ipv4 / udp');
});

const sequences: readonly (readonly [Value, string])[] = [
  [range(1, 4), '1 2 3 4'],
  [range(0, 10, 4), '0 4 8'],
  [range(4, 1), ''],
  [range(2, 2), '2'],
  [
    { type: 'range', first: { type: 'size', value: 60 }, last: { type: 'size', value: 180 }, step: 60 },
    '60B 120B 180B',
  ],
  [
    { type: 'range', first: { type: 'ipv4', value: 255 }, last: { type: 'ipv4', value: 257 }, step: null },
    '0.0.0.255 0.0.1.0 0.0.1.1',
  ],
  [block, '10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.7'],
  [list(3, 1), '3 1'],
];

for (const [value, expected] of sequences) {
  test(`elements of ${formatValue(value)}`, () => {
    const found = [...elements(value)].map(formatValue);
    assert.is(found.join(' '), expected);
    assert.is(elementCount(value), found.length);
  });
}

test('names come from devices, interfaces and strings, and from nothing else', () => {
  assert.is(nameOf({ type: 'device', name: 'tx0' }), 'tx0');
  assert.is(nameOf({ type: 'string', value: 'tx0@1' }), 'tx0@1');
  assert.throws(() => nameOf(number(1)));
});

test.run();
