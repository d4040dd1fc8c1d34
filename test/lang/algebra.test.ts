// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type ArithmeticOperator, arithmetic, binaryType, isWithin, order, withinType } from '../../lang/algebra.ts';
import { formatValue, parseValue } from '../../lang/syntax/literals.ts';
import { quantityTypes, typeOf } from '../../lang/types.ts';
import type { ScalarType, Type, Value } from '../../lang/value.ts';

const test = suite('algebra');

/** A value from its text: `10.0.0.1`, `60B`, `3`. */
function value(text: string): Value {
  const types: readonly ScalarType[] = ['number', 'duration', 'size', 'pps', 'bps', 'percent', 'mac', 'ipv4', 'ipv6'];
  for (const type of types) {
    const read = parseValue(type, text);
    if (read.ok) return read.value;
  }
  throw new Error(`no value: ${text}`);
}

function calculate(text: string): string {
  const [left = '', operator = '', right = ''] = text.split(' ');
  const computed = arithmetic(operator as ArithmeticOperator, value(left), value(right));
  return computed.ok ? formatValue(computed.value) : computed.problem;
}

const results: readonly (readonly [string, string])[] = [
  ['1 + 2', '3'],
  ['7 / 2', '3.5'],
  ['2s + 500ms', '2.5s'],
  ['1s - 1500ms', '-500ms'],
  ['3 * 10ms', '30ms'],
  ['10ms * 3', '30ms'],
  ['10ms / 4', '2.5ms'],
  ['10ns / 4', '3ns'],
  ['1s / 1ms', '1000'],
  ['250kpps * 2s', '500000'],
  ['2s * 250kpps', '500000'],
  ['10Mpps * 60min', '36000000000'],
  ['1000 / 2s', '500pps'],
  ['1000 / 500pps', '2s'],
  ['60B * 1Mpps', '480Mbps'],
  ['1Mpps * 60B', '480Mbps'],
  ['480Mbps / 60B', '1Mpps'],
  ['480Mbps / 1Mpps', '60B'],
  ['1000B / 1ms', '8Mbps'],
  ['8Mbps * 1ms', '1000B'],
  ['1000B / 8Mbps', '1ms'],
  ['1% * 500', '5'],
  ['500 * 1%', '5'],
  ['10% * 1s', '100ms'],
  ['50% * 50%', '25%'],
  ['10% / 2', '5%'],
  ['10.0.0.1 + 255', '10.0.1.0'],
  ['10.0.1.0 - 1', '10.0.0.255'],
  ['02:00:00:00:00:ff + 1', '02:00:00:00:01:00'],
  ['2001:db8::ffff:ffff + 1', '2001:db8::1:0:0'],
  ['255.255.255.255 + 1', 'address'],
  ['0.0.0.0 - 1', 'address'],
  ['10.0.0.1 + 0.5', 'fraction'],
  ['1 / 0', 'division by zero'],
  ['0s / 0s', 'division by zero'],
  ['1s / 0', 'division by zero'],
  ['9007199254740990 + 1', '9007199254740991'],
  ['9007199254740991 + 1', 'overflow'],
  ['9007199254740991 * 2', 'overflow'],
  ['2000h * 10', 'overflow'],
];

for (const [text, expected] of results) {
  test(`${text} = ${expected}`, () => {
    assert.is(calculate(text), expected);
  });
}

const refused: readonly (readonly [Type, '+' | '-' | '*' | '/', Type])[] = [
  ['duration', '+', 'number'],
  ['number', '+', 'duration'],
  ['duration', '*', 'duration'],
  ['pps', '+', 'bps'],
  ['pps', '*', 'bps'],
  ['duration', '/', 'size'],
  ['ipv4', '+', 'ipv4'],
  ['ipv4', '*', 'number'],
  ['number', '+', 'ipv4'],
  ['string', '+', 'string'],
  ['bool', '+', 'bool'],
  [{ kind: 'list', of: 'number' }, '+', { kind: 'list', of: 'number' }],
];

for (const [left, operator, right] of refused) {
  test(`no ${JSON.stringify(left)} ${operator} ${JSON.stringify(right)}`, () => {
    assert.is(binaryType(operator, left, right), null);
  });
}

test('the type that the table promises is the type that comes out', () => {
  const sample = (type: (typeof quantityTypes)[number]): Value => ({ type, value: 6 });
  for (const left of quantityTypes) {
    for (const right of quantityTypes) {
      for (const operator of ['+', '-', '*', '/'] as const) {
        const promised = binaryType(operator, left, right);
        const computed = arithmetic(operator, sample(left), sample(right));
        assert.is(computed.ok, promised !== null, `${left} ${operator} ${right}`);
        if (computed.ok) assert.equal(typeOf(computed.value), promised, `${left} ${operator} ${right}`);
      }
    }
  }
});

test('unknown operands are silent everywhere', () => {
  for (const operator of ['+', '-', '*', '/'] as const) assert.is(binaryType(operator, 'unknown', 'frame'), 'unknown');
  assert.is(binaryType('==', 'unknown', 'pps'), 'bool');
  assert.is(binaryType('&&', 'unknown', 'bool'), 'bool');
  assert.is(withinType('unknown', 'percent', 'pps'), 'bool');
});

test('order exists inside one ordered type', () => {
  assert.is(order(value('1s'), value('1000ms')), 0);
  assert.is(order(value('10.0.0.9'), value('10.0.0.10')), -1);
  assert.is(order(value('2001:db8::2'), value('2001:db8::1')), 1);
  assert.is(order(value('1s'), value('1')), null);
  assert.is(order({ type: 'bool', value: true }, { type: 'bool', value: false }), null);
});

const within: readonly (readonly [string, string, string, boolean | null])[] = [
  ['99kpps', '1%', '100kpps', true],
  ['101kpps', '1%', '100kpps', true],
  ['98999pps', '1%', '100kpps', false],
  ['5us', '10us', '15us', true],
  ['4999ns', '10us', '15us', false],
  ['-99', '1%', '-100', true],
  ['5', '1us', '5', null],
  ['5s', '1%', '5', null],
];

for (const [actual, tolerance, target, expected] of within) {
  test(`${actual} within ${tolerance} of ${target}: ${expected}`, () => {
    assert.is(isWithin(value(actual), value(tolerance), value(target)), expected);
  });
}

test.run();
