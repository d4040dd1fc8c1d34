// SPDX-License-Identifier: Apache-2.0

import { entry, reporter } from './diagnostic.ts';

/**
 * What the checker and evaluation have to say: PG21 types and units, PG22 operators and functions, PG23 values, PG3 names
 * and places, PG4 jobs, PG5 frames, parameters and devices.
 */
export const meaning = {
  // types and units
  PG2101: entry('error', 'wrong type', (p: { subject: string; expected: string; actual: string }) => {
    return `${p.subject} takes ${p.expected}, not ${p.actual}`;
  }),
  PG2102: entry('error', 'a unit where a plain number belongs', (p: { subject: string }) => {
    return `${p.subject} takes a plain number`;
  }),
  PG2103: entry('error', 'a plain number where a unit belongs', (p: { subject: string }) => {
    return `${p.subject} needs a unit`;
  }),
  PG2104: entry('error', 'not a condition', (p: { subject: string; actual: string }) => {
    return `${p.subject} takes a condition (bool), not ${p.actual}`;
  }),
  PG2105: entry('error', 'mixed list', (p: { first: string; other: string }) => {
    return `a list holds values of one type: ${p.first} and ${p.other} do not mix`;
  }),
  PG2106: entry('error', 'bad range', (p: { first: string; last: string }) => {
    return `a range takes two numbers, quantities or addresses of one type, not ${p.first} and ${p.last}`;
  }),
  PG2107: entry('error', 'type changed', (p: { name: string; declared: string; actual: string }) => {
    return `\`${p.name}\` holds ${p.declared} and cannot be assigned ${p.actual}`;
  }),
  PG2108: entry('error', 'not a parameter type', (p: { name: string }) => {
    return `\`${p.name}\` is not a type that a parameter can have`;
  }),
  PG2109: entry('error', 'cannot be iterated', (p: { actual: string }) => {
    return `\`for\` goes over a range or a list, not ${p.actual}`;
  }),

  PG2110: entry('error', 'returns of two types', (p: { name: string; first: string; other: string }) => {
    return `\`${p.name}\` returns ${p.first} elsewhere, and ${p.other} here`;
  }),
  PG2111: entry('error', 'path without a value', (p: { name: string }) => {
    return `\`${p.name}\` returns a value, but not on every path`;
  }),

  // operators and functions
  PG2201: entry('error', 'operator does not apply', (p: { operator: string; left: string; right: string }) => {
    return `\`${p.operator}\` does not take ${p.left} and ${p.right}`;
  }),
  PG2202: entry('error', 'operator does not apply', (p: { operator: string; operand: string }) => {
    return `\`${p.operator}\` does not take ${p.operand}`;
  }),
  PG2203: entry('error', 'bad comparison', (p: { actual: string; tolerance: string; target: string }) => {
    return `\`within\` compares two quantities of one type with a tolerance in percent or in their unit, not ${p.actual} with ${p.target} to ${p.tolerance}`;
  }),
  PG2204: entry('error', 'cannot be indexed', (p: { actual: string }) => `only a list has elements, not ${p.actual}`),
  PG2205: entry('error', 'wrong arguments', (p: { function: string; expected: string }) => {
    return `\`${p.function}\` takes ${p.expected}`;
  }),
  PG2206: entry('error', 'named argument', (p: { function: string }) => {
    return `arguments of \`${p.function}\` have no names`;
  }),
  PG2207: entry('error', 'not a frame', (p: { side: string; actual: string }) => {
    return `\`/\` stacks layers here, but its ${p.side} side is ${p.actual}`;
  }),
  PG2208: entry('error', 'a pair out of place', () => 'a pair `a:b` stands only in a parameter that takes pairs'),
  PG2209: entry('error', 'no value returned', (p: { name: string }) => `\`${p.name}\` returns no value`),

  // values
  PG2301: entry('error', 'division by zero', () => 'division by zero'),
  PG2302: entry('error', 'overflow', () => 'the result is beyond 2^53, where numbers are no longer exact'),
  PG2303: entry('error', 'index out of range', (p: { index: string; length: number }) => {
    return `index ${p.index} is outside the list, which has ${p.length === 1 ? '1 element' : `${p.length} elements`}`;
  }),
  PG2304: entry('error', 'nothing there', (p: { function: string }) => {
    return `\`${p.function}\` has nothing to choose from: the list or range is empty`;
  }),
  PG2305: entry('error', 'address out of range', (p: { what: string }) => `${p.what} is past the end of its addresses`),
  PG2306: entry('error', 'not whole', (p: { subject: string; actual: string }) => {
    return `${p.subject} must be whole, but is ${p.actual}`;
  }),
  PG2307: entry('error', 'value out of bounds', (p: { subject: string; bounds: string; actual: string }) => {
    return `${p.subject} must be ${p.bounds}, but is ${p.actual}`;
  }),
  PG2308: entry('error', 'value of an unexpected type', (p: { what: string }) => `${p.what} cannot stand here`),
  PG2309: entry('error', 'fraction of an address', () => 'an address moves by whole numbers only'),
  PG2310: entry('error', 'string too long', (p: { limit: number }) => {
    return `a string has at most ${p.limit} characters`;
  }),

  // names
  PG3001: entry('error', 'unknown name', (p: { name: string }) => `there is no \`${p.name}\``),
  PG3002: entry('error', 'declared twice', (p: { name: string }) => `\`${p.name}\` is declared already`),
  PG3003: entry('error', 'reserved name', (p: { name: string; meaning: string }) => {
    return `\`${p.name}\` is ${p.meaning} and cannot be declared`;
  }),
  PG3004: entry('error', 'unknown device', (p: { name: string }) => `no device \`${p.name}\` is ever added`),
  PG3005: entry('error', 'unknown member', (p: { of: string; name: string }) => `${p.of} has no \`${p.name}\``),
  PG3006: entry('error', 'unknown function', (p: { name: string }) => `there is no function or layer \`${p.name}\``),
  PG3007: entry('error', 'cannot be assigned', (p: { name: string; what: string }) => {
    return `\`${p.name}\` is ${p.what} and cannot be assigned`;
  }),
  PG3008: entry('error', 'variable inside a device name', (p: { name: string; variable: string }) => {
    return `\`${p.name}\` does not use the variable \`${p.variable}\``;
  }),
  PG3009: entry('error', 'not in the lab', (p: { name: string }) => `the lab has no interface \`${p.name}\``),
  PG3010: entry('error', 'device and receiver', (p: { name: string }) => {
    return `\`${p.name}\` cannot be both a device and a receiver`;
  }),
  PG3011: entry('error', 'not a device', (p: { found: string }) => `${p.found} where a device belongs`),
  PG3012: entry('error', 'not known yet', (p: { subject: string; name: string }) => {
    return `${p.subject} is settled before the scenario begins, when \`${p.name}\` has no value yet`;
  }),
  PG3013: entry(
    'error',
    'unknown setting',
    (p: { of: string; name: string }) => `${p.of} has no setting \`${p.name}\``,
  ),
  PG3014: entry('error', 'bad interface name', (p: { name: string; reason: string }) => {
    return `\`${p.name}\` cannot be an interface's name: ${p.reason}`;
  }),
  PG3015: entry('error', 'no metric', (p: { of: string; name: string }) => `which metric of ${p.of}.${p.name}?`),
  PG3016: entry('error', 'unknown receiver', (p: { name: string }) => `there is no receiver \`${p.name}\``),
  PG3017: entry('error', 'function without a call', (p: { name: string }) => `\`${p.name}\` is a function`),
  PG3018: entry('error', 'recursion', (p: { name: string }) => {
    return `\`${p.name}\` calls itself, and there is no recursion`;
  }),
  PG3019: entry('error', 'value dropped', (p: { name: string }) => {
    return `\`${p.name}\` only gives a value, which nothing takes here`;
  }),

  // places
  PG3101: entry('error', 'outside a loop', (p: { word: string }) => `\`${p.word}\` stands outside any loop`),
  PG3102: entry('error', 'not at top level', (p: { word: string }) => {
    return `\`${p.word}\` belongs at the top level of the file`;
  }),
  PG3103: entry('error', 'statement beside scenarios', () => {
    return 'a file with `scenario` blocks runs nothing outside them';
  }),
  PG3104: entry('error', 'scenario twice', (p: { name: string }) => `there is a scenario "${p.name}" already`),
  PG3105: entry('error', 'lab twice', () => 'a file has one lab'),
  PG3106: entry('error', 'no failure here', () => '`error` is known only in the `else` of a `try`'),
  PG3107: entry('error', 'gives no value', (p: { word: string }) => `\`${p.word}\` gives no value without \`async\``),
  PG3108: entry(
    'error',
    'fixed text wanted',
    (p: { subject: string }) => `${p.subject} is fixed text without \`\${…}\``,
  ),
  PG3109: entry('error', 'receiver inside a block', () => {
    return 'a receiver is open from the first statement on: it belongs at the top level of the file or of a scenario';
  }),
  PG3110: entry('error', 'takes no devices', (p: { word: string }) => `\`${p.word}\` takes no devices`),
  PG3111: entry('error', 'return outside a function', () => '`return` stands outside any function'),
  PG3112: entry('error', 'call in a watched condition', (p: { subject: string; name: string }) => {
    return `${p.subject} looks at its condition again and again, and cannot call \`${p.name}\``;
  }),
  PG3113: entry('error', 'declared twice', (p: { word: string }) => `a file has one \`${p.word}\``),
  PG3114: entry('error', 'bad number of values', (p: { name: string; found: number; most: number }) => {
    return `scenario "${p.name}" takes 1 to ${p.most} values to run for, not ${p.found}`;
  }),
  PG3115: entry('error', 'link outside a lab', () => '`link` changes interfaces of a lab, and this file declares none'),

  // imports
  PG3201: entry('error', 'cannot be imported', (p: { path: string; reason: string }) => {
    return `\`${p.path}\` cannot be imported: ${p.reason}`;
  }),
  PG3202: entry('error', 'import in a circle', (p: { name: string }) => `\`${p.name}\` is imported by itself`),
  PG3203: entry('error', 'code in an imported file', () => {
    return 'an imported file holds `import`, `let`, `fn` and `frame` only: nothing of it runs by itself';
  }),
  PG3205: entry('error', 'too many imports', (p: { what: string; limit: number }) => {
    return `${p.what} is limited to ${p.limit}`;
  }),
  PG3204: entry('error', 'imported file as a value', (p: { name: string }) => `\`${p.name}\` is an imported file`),

  // jobs
  PG4001: entry('warning', '`at` that never comes', (p: { time: string; why: string }) => {
    return `\`at ${p.time}\` never comes: ${p.why}`;
  }),
  PG4002: entry(
    'warning',
    'two jobs change one device',
    (p: { device: string; done: string; doing: string; job: string }) => {
      return `${p.device} may be ${p.done} while the job started at ${p.job} is still ${p.doing} it`;
    },
  ),
  PG4003: entry('warning', '`at` in the past', (p: { time: string; elapsed: string }) => {
    return `\`at ${p.time}\` comes too late: ${p.elapsed} of its run are over here`;
  }),

  // frames
  PG5001: entry('error', 'no destination', (p: { device: string }) => {
    return `${p.device} needs \`dst_mac\`, or a \`frame\`: only a \`veth\` of a lab tells whom its frames are for`;
  }),
  PG5002: entry('error', 'layer order', (p: { upper: string; lower: string }) => {
    return `\`${p.upper}\` cannot stand on \`${p.lower}\``;
  }),
  PG5003: entry('error', 'field out of range', (p: { field: string; value: string; bounds: string }) => {
    return `\`${p.field}\` holds ${p.bounds}, not ${p.value}`;
  }),
  PG5004: entry('error', 'unknown field', (p: { layer: string; name: string }) => {
    return `\`${p.layer}\` has no field \`${p.name}\``;
  }),
  PG5005: entry('error', 'field without name', (p: { layer: string }) => {
    return `fields of \`${p.layer}\` are written with their names`;
  }),
  PG5006: entry('error', 'backwards range', (p: { field: string; first: string; last: string }) => {
    return `the range of \`${p.field}\` runs backwards, from ${p.first} to ${p.last}`;
  }),
  PG5007: entry('error', 'random outside a field', () => '`random` stands only in a field of a frame'),
  PG5008: entry('error', 'incomplete frame', (p: { first: string }) => {
    return `a frame begins with \`eth\`, this one with ${p.first}`;
  }),
  PG5009: entry(
    'error',
    'no destination',
    () => '`eth` needs `dst`: only a `veth` of a lab tells whom the frame is for',
  ),
  PG5010: entry('error', 'frame too small', (p: { size: string; needed: string }) => {
    return `a frame of ${p.size}, but the layers need ${p.needed}`;
  }),
  PG5011: entry('error', 'frame too large', (p: { size: string; room: string; limit: string }) => {
    return `the frame has ${p.size}, but ${p.limit} leaves room for ${p.room}`;
  }),
  PG5012: entry('error', 'empty list', (p: { field: string }) => `the list of \`${p.field}\` is empty`),
  PG5013: entry('error', 'bad step', (p: { actual: string }) => `a step is a whole number above 0, not ${p.actual}`),
  PG5014: entry('error', 'step in random', () => '`random` draws any value of a range: a step has no meaning there'),
  PG5015: entry('error', 'unknown word', (p: { field: string; word: string }) => {
    return `\`${p.field}\` has no value \`"${p.word}"\``;
  }),
  PG5016: entry('error', 'range of addresses too wide', (p: { field: string }) => {
    return `\`${p.field}\` cannot go through these addresses: they differ in both halves of 64 bits`;
  }),
  PG5017: entry('error', 'too much changes', (p: { found: number; most: number }) => {
    return `${p.found} fields and checksums change from packet to packet, at most ${p.most} may`;
  }),
  PG5018: entry('error', 'bad bytes', (p: { field: string }) => {
    return `\`${p.field}\` has something else than hexadecimal digits in pairs behind \`0x\``;
  }),
  PG5019: entry('error', 'header too long', (p: { layer: string; size: string; most: string; field: string }) => {
    return `the \`${p.layer}\` header has ${p.size}, but its \`${p.field}\` can tell ${p.most} at most`;
  }),

  // parameters of devices, receivers and links
  PG5101: entry('error', 'unknown parameter', (p: { name: string }) => `a device has no parameter \`${p.name}\``),
  PG5102: entry('error', 'given twice', (p: { name: string }) => `\`${p.name}\` is given twice`),
  PG5103: entry('error', 'exclusive parameters', (p: { a: string; b: string }) => {
    return `\`${p.a}\` and \`${p.b}\` say the same thing twice: give one of them`;
  }),
  PG5104: entry('error', 'number of values', (p: { name: string; found: number; most: number }) => {
    const takes = p.most === 1 ? 'one value' : Number.isFinite(p.most) ? `1 to ${p.most} values` : 'one value or more';
    return `\`${p.name}\` takes ${takes}, not ${p.found === 0 ? 'none' : p.found}`;
  }),
  PG5105: entry('error', 'unknown word', (p: { name: string; found: string; words: string }) => {
    return `\`${p.name}\` is ${p.words}, not ${p.found}`;
  }),
  PG5106: entry('warning', 'ratep with burst', (p: { burst: string }) => {
    return `\`ratep\` counts passes, as in pktgen: with \`burst ${p.burst}\` each pass sends that many packets`;
  }),
  PG5107: entry('error', 'file without pcap', () => '`file` goes with `driver pcap` only'),
  PG5108: entry('error', 'pcap without file', () => '`driver pcap` needs a `file` to write to'),
  PG5109: entry('error', 'frame and words of pktgen', (p: { name: string }) => {
    return `\`${p.name}\` shapes the frame that pktgen makes, and \`frame\` takes its place`;
  }),
  PG5110: entry('error', 'parameter missing', (p: { name: string; other: string }) => {
    return `\`${p.name}\` has no meaning without ${p.other}`;
  }),
  PG5111: entry('error', 'ends the wrong way round', (p: { min: string; first: string; max: string; last: string }) => {
    return `\`${p.min}\` is ${p.first}, above \`${p.max}\`, which is ${p.last}`;
  }),
  PG5112: entry('error', 'not offered', (p: { name: string; reason: string }) => {
    return `\`${p.name}\` is not offered: ${p.reason}`;
  }),
  PG5113: entry('error', 'contradicting parameters', (p: { a: string; b: string; why: string }) => {
    return `\`${p.a}\` and \`${p.b}\` exclude each other: ${p.why}`;
  }),
  PG5114: entry('error', 'unknown flag', (p: { found: string }) => `there is no flag ${p.found}`),
  PG5115: entry('error', 'flag on and off', (p: { a: string; b: string }) => {
    return `\`flag ${p.a}\` and \`flag ${p.b}\` contradict each other, and their order never matters`;
  }),
  PG5116: entry('error', 'hexadecimal in pktgen', (p: { name: string; image: string }) => {
    return `\`${p.name} ${p.image}\` is hexadecimal in pktgen, and decimal here`;
  }),
  PG5117: entry('error', 'size without weight', (p: { found: string }) => {
    return `\`imix_weights\` takes sizes with their weights, not ${p.found}`;
  }),
  PG5118: entry('error', 'no destination to draw', (p: { first: string; last: string }) => {
    return `\`IPDST_RND\` has nothing to draw from ${p.first} to ${p.last}`;
  }),
  PG5119: entry('warning', 'without effect', (p: { name: string; why: string }) => {
    return `\`${p.name}\` changes nothing: ${p.why}`;
  }),
  PG5120: entry('error', 'bits that are never set', (p: { min: string; max: string }) => {
    return `\`dst6_min\` ${p.min} has bits that \`dst6_max\` ${p.max} takes away again`;
  }),
  PG5121: entry('error', 'past the last address', (p: { base: string; first: string; count: string }) => {
    return `\`${p.count}\` goes past the last address behind \`${p.base}\` ${p.first}`;
  }),

  // what is asked of devices and receivers
  PG5201: entry('error', 'asked of an unpaced device', (p: { device: string }) => {
    return `nothing is asked of ${p.device} without a \`rate\`, \`ratep\` or \`delay\``;
  }),
  PG5202: entry('error', 'loss without sequence numbers', (p: { metric: string }) => {
    return `\`${p.metric}\` cannot be known: no frame of this scenario carries the \`pktgen\` layer where receivers find it`;
  }),
  PG5203: entry('error', 'frames that name no device', (p: { metric: string }) => {
    return `\`${p.metric}\` cannot be known: no frame of this scenario says which device sent it`;
  }),
} as const;

/** Makes the checker's diagnostics. */
export const report = reporter(meaning);
