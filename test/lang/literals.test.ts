// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addressFamily } from '../../lang/syntax/addresses.ts';
import {
  addressValue,
  formatValue,
  type Literal,
  numberValue,
  parseValue,
  quantityValue,
} from '../../lang/syntax/literals.ts';
import type { UnitType } from '../../lang/syntax/units.ts';
import type { ScalarType, Value } from '../../lang/value.ts';
import { fc } from '../laws.ts';

const test = suite('literals');
const span = { start: 3, end: 7 };

function accepted(literal: Literal): Value {
  if (!literal.ok) throw new Error(literal.diagnose(span).message);
  return literal.value;
}

/** The code and the hints of a refused literal. */
function told(literal: Literal): readonly [string, readonly string[]] {
  if (literal.ok) throw new Error(`accepted as ${formatValue(literal.value)}`);
  const diagnostic = literal.diagnose(span);
  assert.equal(diagnostic.span, span);
  return [diagnostic.code, diagnostic.hints];
}

const numbers: readonly (readonly [string, number])[] = [
  ['0', 0],
  ['1_000_000', 1e6],
  ['0.25', 0.25],
  ['0xff', 255],
  ['0x0001_000A', 65546],
  ['9007199254740991', Number.MAX_SAFE_INTEGER],
];
for (const [image, value] of numbers) {
  test(`number ${image}`, () => assert.equal(accepted(numberValue(image)), { type: 'number', value }));
}

const quantities: readonly (readonly [string, UnitType, number])[] = [
  ['1ns', 'duration', 1],
  ['1us', 'duration', 1e3],
  ['1.5ms', 'duration', 1.5e6],
  ['2s', 'duration', 2e9],
  ['5min', 'duration', 300e9],
  ['1h', 'duration', 3600e9],
  ['0.1us', 'duration', 100],
  ['60B', 'size', 60],
  ['1KB', 'size', 1000],
  ['1KiB', 'size', 1024],
  ['1MB', 'size', 1e6],
  ['1.5MiB', 'size', 1_572_864],
  ['250kpps', 'pps', 250_000],
  ['0.5pps', 'pps', 0.5],
  ['1Gpps', 'pps', 1e9],
  ['100Mbps', 'bps', 1e8],
  ['2.5Gbps', 'bps', 2.5e9],
  ['1%', 'percent', 1],
  ['0.1%', 'percent', 0.1],
  ['1_000pps', 'pps', 1000],
];
for (const [image, type, value] of quantities) {
  test(`quantity ${image}`, () => assert.equal(accepted(quantityValue(image)), { type, value }));
}

/** [image, code, hint] */
const refused: readonly (readonly [string, string, string | null])[] = [
  ['10m', 'PG2004', '`10ms` or `10min`'],
  ['1G', 'PG2004', '`1Gpps` or `1Gbps`'],
  ['1M', 'PG2004', '`1Mpps` or `1Mbps` or `1MiB`'],
  ['1e6', 'PG2006', '`1_000_000`'],
  ['1e6pps', 'PG2006', '`1_000_000pps`'],

  ['0001000a', 'PG2007', '`0x0001000a` if it is meant hexadecimal'],
  ['5sec', 'PG2003', '`5s`'],
  ['5µs', 'PG2003', '`5us`'],
  ['100mbps', 'PG2003', '`100Mbps`'],
  ['20kppz', 'PG2003', '`20kpps`'],
  ['1.5ns', 'PG2005', null],
  ['0.3B', 'PG2005', null],
  ['9007199254740993ns', 'PG2002', null],
  ['1000000h', 'PG2002', null],
  [`${'9'.repeat(320)}.5pps`, 'PG2002', null],
  ['1__0s', 'PG2001', null],
  ['1_s', 'PG2001', null],
  ['0x1G', 'PG2001', null],
];
for (const [image, code, hint] of refused) {
  test(`refused: ${image}`, () => assert.equal(told(quantityValue(image)), [code, hint === null ? [] : [hint]]));
}
test('an unknown unit without a likely spelling lists the units', () => {
  const [code, hints] = told(quantityValue('5zzzzzz'));
  assert.is(code, 'PG2003');
  assert.match(hints[0] ?? '', /`ns` `us`.*`%`/);
});
for (const image of ['1_', '1__0', '0x', '0x_1']) {
  test(`refused: ${image}`, () => assert.is(told(numberValue(image))[0], 'PG2001'));
}
test('refused: a number past 2^53', () => assert.is(told(numberValue('9007199254740993'))[0], 'PG2002'));
test('refused: a fraction past 2^53, and past what a double holds', () => {
  for (const image of ['9007199254740991.5', `${'9'.repeat(320)}.5`]) {
    assert.is(told(numberValue(image))[0], 'PG2002');
  }
});
test('a quantity has any number of digits behind its point', () => {
  const image = `1.${'1'.repeat(400)}kpps`;
  assert.equal(accepted(quantityValue(image)), { type: 'pps', value: 1111.111111111111 });
});

/** [image, family, text as shown] */
const addresses: readonly (readonly [string, 'mac' | 'ipv4' | 'ipv6', string])[] = [
  ['10.0.0.1', 'ipv4', '10.0.0.1'],
  ['255.255.255.255', 'ipv4', '255.255.255.255'],
  ['02:00:00:00:00:0A', 'mac', '02:00:00:00:00:0a'],
  ['ff:ff:ff:ff:ff:ff', 'mac', 'ff:ff:ff:ff:ff:ff'],
  ['::', 'ipv6', '::'],
  ['::1', 'ipv6', '::1'],
  ['2001:DB8::1', 'ipv6', '2001:db8::1'],
  ['2001:db8:0:0:0:0:0:1', 'ipv6', '2001:db8::1'],
  ['1:0:0:2:0:0:0:3', 'ipv6', '1:0:0:2::3'],
  ['1:2:3:4:5:6:7:8', 'ipv6', '1:2:3:4:5:6:7:8'],
  ['1:0:3:4:5:6:7:8', 'ipv6', '1:0:3:4:5:6:7:8'],
  ['::ffff:10.0.0.1', 'ipv6', '::ffff:a00:1'],
];
for (const [image, family, text] of addresses) {
  test(`address ${image}`, () => {
    assert.is(addressFamily(image), family);
    assert.is(formatValue(accepted(addressValue(family, image, null))), text);
  });
}
test('an IPv6 value is 32 hexadecimal digits', () => {
  const value = accepted(addressValue('ipv6', '2001:db8::ff', null));
  assert.equal(value, { type: 'ipv6', value: '20010db80000000000000000000000ff' });
});
test('a prefix keeps its address as written', () => {
  const value = accepted(addressValue('ipv4', '198.18.0.42', 15));
  assert.equal(value, { type: 'prefix', family: 'ipv4', address: 0xc612002a, length: 15 });
  assert.is(formatValue(value), '198.18.0.42/15');
});

/** [image, prefix, code, words of the reason] */
const badAddresses: readonly (readonly [string, number | null, string, RegExp])[] = [
  ['10.0.0.300', null, 'PG2011', /`300` is above 255/],
  ['10.0.0', null, 'PG2011', /3 parts instead of 4/],
  ['10.0.0.01', null, 'PG2011', /leading zero/],
  ['10.0.0.x1', null, 'PG2011', /`x1` is not a number/],
  ['10.0.0.0', 33, 'PG2012', /at most 32/],
  ['02:00:00:00:00', null, 'PG2011', /5 parts instead of 6/],
  ['02:00:00:00:00:0g', null, 'PG2011', /`0g` is not two hexadecimal digits/],
  ['02:00:00:00:00:01', 8, 'PG2011', /no prefix length/],
  ['1::2::3', null, 'PG2011', /only once/],
  ['1:2:3:4:5:6:7:8:9', null, 'PG2011', /9 groups instead of 8/],
  ['1:2:3:4::5:6:7:8', null, 'PG2011', /at least one group/],
  ['2001:db8::12345', null, 'PG2011', /`12345` is not a group/],
  ['::ffff:10.0.0.300', null, 'PG2011', /above 255/],
  ['1.2.3.4::', null, 'PG2011', /`1.2.3.4` is not a group/],
  ['64:1.2.3.4::', null, 'PG2011', /`1.2.3.4` is not a group/],
  ['2001:db8::', 129, 'PG2012', /at most 128/],
];
for (const [image, prefix, code, reason] of badAddresses) {
  test(`bad address ${image}/${prefix}`, () => {
    const literal = addressValue(addressFamily(image), image, prefix);
    if (literal.ok) throw new Error('accepted');
    const { code: found, message } = literal.diagnose(span);
    assert.is(found, code);
    assert.match(message, reason);
  });
}

const shown: readonly (readonly [Value, string])[] = [
  [{ type: 'pps', value: 100_000 }, '100kpps'],
  [{ type: 'pps', value: 1_234_567 }, '1.234567Mpps'],
  [{ type: 'pps', value: 99_987.342 }, '99.9873kpps'],
  [{ type: 'pps', value: 0 }, '0pps'],
  [{ type: 'size', value: 60 }, '60B'],
  [{ type: 'size', value: 1024 }, '1024B'],
  [{ type: 'size', value: 9000 }, '9000B'],
  [{ type: 'size', value: 4 * 1024 * 1024 }, '4MiB'],
  [{ type: 'duration', value: 2e9 }, '2s'],
  [{ type: 'duration', value: 60e9 }, '1min'],
  [{ type: 'duration', value: 90e9 }, '90s'],
  [{ type: 'duration', value: 1.5e6 }, '1.5ms'],
  [{ type: 'duration', value: 1_234_567 }, '1.234567ms'],
  [{ type: 'duration', value: -1500 }, '-1.5us'],
  [{ type: 'duration', value: 0 }, '0ns'],
  [{ type: 'bps', value: 2.5e9 }, '2.5Gbps'],
  [{ type: 'percent', value: 0.1 }, '0.1%'],
  [{ type: 'percent', value: 1 / 3 }, '0.333333%'],
  [{ type: 'number', value: 0.1 + 0.2 }, '0.3'],
  [{ type: 'number', value: 1e-9 }, '0.000000001'],
  [{ type: 'number', value: 9007199254740991 }, '9007199254740991'],
  [{ type: 'bool', value: true }, 'true'],
  [{ type: 'string', value: 'a "b"' }, 'a "b"'],
  [{ type: 'device', name: 'tx0@1' }, 'tx0@1'],
  [{ type: 'job', id: 3 }, 'job 3'],
  [
    {
      type: 'list',
      items: [
        { type: 'size', value: 60 },
        { type: 'string', value: 'x' },
      ],
    },
    '[60B, "x"]',
  ],
  [{ type: 'range', first: { type: 'number', value: 0 }, last: { type: 'number', value: 8 }, step: 2 }, '0..8 step 2'],
];
for (const [value, text] of shown) {
  test(`shown as ${text}`, () => assert.is(formatValue(value), text));
}
test('a figure too small for the places shown is 0', () => {
  for (const value of [1e-21, -1e-21, 1e-300]) {
    assert.is(formatValue({ type: 'number', value }), '0');
    assert.is(formatValue({ type: 'percent', value }), '0%');
  }
});

const given: readonly (readonly [ScalarType, string, Value])[] = [
  ['number', '1_000', { type: 'number', value: 1000 }],
  ['number', '-5', { type: 'number', value: -5 }],
  ['number', '0x10', { type: 'number', value: 16 }],
  ['pps', '1Mpps', { type: 'pps', value: 1e6 }],
  ['bool', 'false', { type: 'bool', value: false }],
  ['string', '', { type: 'string', value: '' }],
  ['interface', 'eth0.100', { type: 'interface', name: 'eth0.100' }],
  ['mac', '02:00:00:00:00:01', { type: 'mac', value: 0x020000000001 }],
  ['ipv4', '10.0.0.1', { type: 'ipv4', value: 0x0a000001 }],
  ['prefix', '10.0.0.0/8', { type: 'prefix', family: 'ipv4', address: 0x0a000000, length: 8 }],
];
for (const [type, text, value] of given) {
  test(`--set ${type} ${text}`, () => assert.equal(accepted(parseValue(type, text)), value));
}

const notGiven: readonly (readonly [ScalarType, string, string])[] = [
  ['number', '5s', 'PG2013'],
  ['number', 'five', 'PG2013'],
  ['pps', '1000', 'PG2013'],
  ['pps', '1Mbps', 'PG2013'],
  ['pps', '10m', 'PG2004'],
  ['duration', '', 'PG2013'],
  ['bool', 'yes', 'PG2013'],
  ['interface', '', 'PG2013'],
  ['ipv4', '10.0.0.0/8', 'PG2013'],
  ['ipv4', '10.0.0.300', 'PG2011'],
  ['prefix', '10.0.0.0', 'PG2013'],
  ['prefix', '10.0.0.0/99', 'PG2012'],
  ['frame', 'probe', 'PG2013'],
];
for (const [type, text, code] of notGiven) {
  test(`--set ${type} refuses ${text}`, () => assert.is(told(parseValue(type, text))[0], code));
}
test('a second point is blamed on no underscore', () => {
  for (const text of ['1.2.3', '1.', '1..2', '1_0.2.3']) {
    const literal = parseValue('number', text);
    assert.match(literal.ok ? '' : literal.diagnose(span).message, /its point stands once/);
  }
});

test('what is shown of a whole quantity reads back as itself', () => {
  const type = fc.constantFrom<UnitType>('duration', 'size', 'pps', 'bps', 'percent');
  fc.assert(
    fc.property(type, fc.maxSafeNat(), (of, value) => {
      assert.equal(accepted(parseValue(of, formatValue({ type: of, value }))), { type: of, value });
    }),
  );
});

test('what is shown of an address reads back as itself', () => {
  const digits = fc.array(fc.constantFrom('0000', '0001', 'ffff', '0db8', 'a000'), { minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(digits, (groups) => {
      const value: Value = { type: 'ipv6', value: groups.join('') };
      assert.equal(accepted(parseValue('ipv6', formatValue(value))), value);
    }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (value) => {
      assert.equal(accepted(parseValue('ipv4', formatValue({ type: 'ipv4', value }))), { type: 'ipv4', value });
      assert.equal(accepted(parseValue('mac', formatValue({ type: 'mac', value }))), { type: 'mac', value });
    }),
  );
});

test('no text makes a literal throw', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.constantFrom<ScalarType>('number', 'size', 'mac', 'ipv6', 'prefix'),
      (text, type) => {
        for (const literal of [parseValue(type, text), quantityValue(text), numberValue(text)]) {
          if (!literal.ok) literal.diagnose(span);
        }
      },
    ),
    { numRuns: 1000 },
  );
});

test.run();
