// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type AssembleOptions, assemble, internetChecksum } from '../../lang/frame/assemble.ts';
import type { FrameProgram } from '../../lang/frame/frame-program.ts';
import type { Field, FieldSource, Layer } from '../../lang/frame/layer.ts';
import { parseValue } from '../../lang/syntax/literals.ts';
import type { ScalarType, Value } from '../../lang/value.ts';

const test = suite('assemble');

const span = { start: 0, end: 1 };
const options: AssembleOptions = { pktSize: null, mtu: 1500, sourceMac: 0x02000000000a, peerMac: 0x02000000000b };

/** A value from its text, as the command line reads it. */
function value(text: string | number): Value {
  if (typeof text === 'number') return { type: 'number', value: text };
  for (const type of ['mac', 'ipv4', 'prefix'] as const satisfies ScalarType[]) {
    const read = parseValue(type, text);
    if (read.ok) return read.value;
  }
  throw new Error(`no value: ${text}`);
}
type Text = string | number;
const fixed = (text: Text): FieldSource<Value> => ({ kind: 'fixed', value: value(text) });
const range = (first: Text, last: Text, step: number | null = null): Value => {
  return { type: 'range', first: value(first), last: value(last), step };
};
const steps = (first: Text, last: Text, step: number | null = null): FieldSource<Value> => {
  return { kind: 'fixed', value: range(first, last, step) };
};
const list = (...items: Text[]): Value => ({ type: 'list', items: items.map(value) });
const random = (over: Value): FieldSource<Value> => ({ kind: 'random', over });

type Fields = Readonly<Record<string, Text | FieldSource<Value>>>;
function layer(protocol: string, fields: Fields = {}): Layer<Value> {
  const written = Object.entries(fields).map(([name, source]): Field<Value> => {
    return { name, span, source: typeof source === 'object' ? source : fixed(source) };
  });
  return { kind: 'layer', protocol, fields: written, span };
}
const frame = (...layers: Layer<Value>[]) => ({ type: 'frame', layers }) as const;
const probe = (ip: Fields = {}, udp: Fields = {}) => {
  return frame(layer('eth'), layer('ipv4', ip), layer('udp', udp), layer('pktgen'));
};

function program(of: ReturnType<typeof frame>, change: Partial<AssembleOptions> = {}): FrameProgram {
  const assembled = assemble(of, { ...options, ...change });
  if (!assembled.ok) throw new Error(assembled.failure.message);
  return assembled.program;
}

const bytes = (of: FrameProgram) => Buffer.from(of.template, 'hex');
/** The kinds of the operations, with the first byte each writes. */
const outline = (of: FrameProgram) => {
  return of.operations.map(
    (operation) =>
      `${operation.kind}@${'slot' in operation ? operation.slot.offset : 'offset' in operation ? operation.offset : 'flows'}`,
  );
};

test("a frame like pktgen's, byte by byte", () => {
  const made = program(probe({ src: '10.0.0.1', dst: '10.0.0.2' }, { src: 9, dst: 9 }), { pktSize: 60 });
  const expected = [
    '02000000000b 02000000000a 0800', // eth
    '45 00 002e 0000 0000 20 11 86bd 0a000001 0a000002', // ipv4: length 46, TTL 32
    '0009 0009 001a 0000', // udp: length 26, no checksum
    'be9be955 00000000 00000000 00000000', // pktgen
    '0000', // padding
  ];
  assert.is(made.template, expected.join('').replaceAll(' ', ''));
  assert.equal(made.operations, [{ kind: 'stamp', offset: 42, time: true, stream: true }]);
});

test('every field has a fallback', () => {
  const made = bytes(program(probe()));
  assert.is(made.length, 60);
  assert.is(made.readUInt32BE(26), 0xc6120001);
  assert.is(made.readUInt32BE(30), 0xc6130001);
  assert.is(internetChecksum(made.subarray(14, 34)), 0);
});

test('padding belongs to the innermost payload', () => {
  const made = bytes(program(probe(), { pktSize: 1000 }));
  assert.is(made.readUInt16BE(16), 986);
  assert.is(made.readUInt16BE(38), 966);
});

test('a written field is taken as written', () => {
  const ip = { ttl: 64, protocol: 99, length: 40, checksum: 0x1234, flags: 2, offset: 5 };
  const made = bytes(program(frame(layer('eth', { dst: '02:00:00:00:00:01', type: 0x1234 }), layer('ipv4', ip))));
  assert.is(made.toString('hex', 0, 6), '020000000001');
  assert.is(made.readUInt16BE(12), 0x1234);
  assert.is(made.readUInt16BE(16), 40);
  assert.is(made.readUInt16BE(20), 0x4005);
  assert.is(made.readUInt8(22), 64);
  assert.is(made.readUInt8(23), 99);
  assert.is(made.readUInt16BE(24), 0x1234);
});

const operations: readonly (readonly [string, Fields, Fields, readonly unknown[]])[] = [
  [
    'a range steps, and a field outside the header leaves the checksum alone',
    {},
    { dst: steps(1000, 1009, 3) },
    [
      {
        kind: 'increment',
        slot: { offset: 36, bytes: 2, shift: 0, bits: 16 },
        first: '0x3e8',
        last: '0x3f1',
        step: '0x3',
        start: null,
      },
    ],
  ],
  ['a range of one value is that value', {}, { dst: steps(7, 7) }, []],
  [
    'a list goes round',
    {},
    { src: { kind: 'fixed', value: list(53, 123) } },
    [{ kind: 'list', slot: { offset: 34, bytes: 2, shift: 0, bits: 16 }, values: ['0x35', '0x7b'] }],
  ],
  [
    'random over a range',
    {},
    { src: random(range(1024, 65535)) },
    [
      {
        kind: 'random',
        slot: { offset: 34, bytes: 2, shift: 0, bits: 16 },
        first: '0x400',
        last: '0xffff',
        except: [],
      },
    ],
  ],
  [
    'random over a list',
    {},
    { src: random(list(1, 2)) },
    [{ kind: 'random_list', slot: { offset: 34, bytes: 2, shift: 0, bits: 16 }, values: ['0x1', '0x2'] }],
  ],
  [
    'a block is all its addresses, and the checksum follows them',
    { dst: '10.0.0.77/24' },
    {},
    [
      {
        kind: 'increment',
        slot: { offset: 30, bytes: 4, shift: 0, bits: 32 },
        first: '0xa000000',
        last: '0xa0000ff',
        step: '0x1',
        start: null,
      },
      { kind: 'checksum', offset: 24, start: 14, length: 20 },
    ],
  ],
  [
    'a field of some bits keeps the others of its byte',
    { flags: random(range(0, 7)) },
    {},
    [
      { kind: 'random', slot: { offset: 20, bytes: 1, shift: 5, bits: 3 }, first: '0x0', last: '0x7', except: [] },
      { kind: 'checksum', offset: 24, start: 14, length: 20 },
    ],
  ],
];

for (const [name, ip, udp, expected] of operations) {
  test(name, () => {
    const { operations: found } = program(probe(ip, udp));
    assert.equal(
      found.filter((operation) => operation.kind !== 'stamp'),
      expected,
    );
  });
}

test('a checksum comes after everything that it covers', () => {
  const made = program(probe({ src: '10.0.0.0/8', id: random(range(0, 65535)) }, { src: steps(1, 9) }));
  assert.equal(outline(made), ['random@18', 'increment@26', 'increment@34', 'stamp@42', 'checksum@24']);
});

test('a written checksum is not computed, even if the header changes', () => {
  const made = program(probe({ checksum: 0, dst: '10.0.0.0/8' }));
  assert.equal(outline(made), ['increment@30', 'stamp@42']);
  assert.is(bytes(made).readUInt16BE(24), 0);
});

const eth = layer('eth', { dst: '02:00:00:00:00:01' });
const refused: readonly (readonly [string, ReturnType<typeof frame>, Partial<AssembleOptions>, string])[] = [
  ['no eth', frame(layer('ipv4')), {}, 'PG5008'],
  ['layers out of order', frame(eth, layer('udp')), {}, 'PG5002'],
  ['a second eth', frame(eth, eth), {}, 'PG5002'],
  ['nobody to send to', probe(), { peerMac: null }, 'PG5009'],
  ['smaller than its layers', probe(), { pktSize: 57 }, 'PG5010'],
  ['larger than the MTU', probe(), { pktSize: 1515 }, 'PG5011'],
  ['larger than any sender builds', probe(), { pktSize: 9217, mtu: null }, 'PG5011'],
  ['a port beyond 16 bits', probe({}, { dst: 70000 }), {}, 'PG5003'],
  ['a negative port', probe({}, { dst: -1 }), {}, 'PG5003'],
  ['a fraction', probe({}, { dst: 1.5 }), {}, 'PG5003'],
  ['a range past the field', probe({ ttl: steps(250, 260) }), {}, 'PG5003'],
  ['a backwards range', probe({}, { dst: steps(9, 1) }), {}, 'PG5006'],
  ['an empty list', probe({}, { dst: { kind: 'fixed', value: list() } }), {}, 'PG5012'],
  ['random with a step', probe({}, { dst: random(range(1, 9, 2)) }), {}, 'PG5014'],
  ['an address for a port', probe({}, { dst: '10.0.0.1' }), {}, 'PG2101'],
];

for (const [name, of, change, code] of refused) {
  test(`refuses ${name}`, () => {
    const assembled = assemble(of, { ...options, ...change });
    assert.is(assembled.ok ? 'assembled' : assembled.failure.code, code);
  });
}

test('the largest frames that fit', () => {
  assert.is(bytes(program(probe(), { pktSize: 1514 })).length, 1514);
  assert.is(bytes(program(probe(), { pktSize: 58 })).length, 58);
  assert.is(bytes(program(probe(), { pktSize: 9014, mtu: 9000 })).length, 9014);
});

test('a size failure names both numbers', () => {
  const small = assemble(probe(), { ...options, pktSize: 50 });
  assert.match(small.ok ? '' : small.failure.message, /50B.*58B/);
  const large = assemble(probe(), { ...options, pktSize: 2000 });
  assert.match(large.ok ? '' : large.failure.message, /2000B.*1500B.*1514B/);
});

test.run();
