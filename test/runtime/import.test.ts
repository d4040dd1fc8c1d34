// SPDX-License-Identifier: Apache-2.0
//
// Shell scripts for pktgen as scenarios: whole scripts beside what they become (PKTSH_WRITE_GOLDEN=1 writes it anew), and
// constructions of the shell one by one.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compile, format, SourceFile } from '../../lang/index.ts';
import { translate } from '../../runtime/shell-script/translation.ts';
import { root } from '../requirements.ts';
import { dryRun } from './scripts.ts';

const test = suite('import');
const folder = join(root, 'test/fixtures/shell-scripts');
const scripts = readdirSync(folder).filter((name) => name.endsWith('.sh'));

interface Imported {
  readonly text: string;
  /** Line, code and message of each warning. */
  readonly warnings: readonly string[];
}

/** A script's scenario; what is said of it in `text` is checked, and is as the formatter would have it. */
function imported(name: string, script: string): Imported {
  const source = new SourceFile(name, script);
  const { text, warnings } = translate(source);
  const scenario = new SourceFile('scenario.pg', text);
  const errors = compile(scenario).diagnostics.filter(({ severity }) => severity === 'error');
  assert.equal(
    errors.map(({ message }) => message),
    [],
    text,
  );
  assert.is(format(scenario).text, text);
  return {
    text,
    warnings: warnings.map(({ span, code, message }) => `${source.position(span.start).line}: ${code} ${message}`),
  };
}

for (const name of scripts) {
  test(name, () => {
    const { text, warnings } = imported(name, readFileSync(join(folder, name), 'utf8'));
    const golden = join(folder, name.replace('.sh', '.pg'));
    const told = join(folder, name.replace('.sh', '.warnings'));
    const lines = warnings.map((line) => `${line}\n`).join('');
    if (process.env.PKTSH_WRITE_GOLDEN === '1') {
      writeFileSync(golden, text);
      writeFileSync(told, lines);
    }
    assert.is(text, readFileSync(golden, 'utf8'));
    assert.is(lines, readFileSync(told, 'utf8'));
  });
}

test('there are scripts', () => {
  assert.ok(scripts.length >= 8);
  assert.ok(scripts.every((name) => existsSync(join(folder, name.replace('.sh', '.pg')))));
});

test('what comes of a script runs', async () => {
  const { text } = imported(
    'burst.sh',
    readFileSync(join(folder, 'burst.sh'), 'utf8').replace('COUNT="0"', 'COUNT="640"'),
  );
  const there = text.replace('param dev: string', 'param dev = "tx0"').replace('threads = 1', 'threads = 2');
  const { scenario } = await dryRun(`lab { veth tx0 <-> rx0 }\n${there}`);
  assert.is(scenario.failure, null, JSON.stringify(scenario.failure));
  assert.equal(
    scenario.devices.map(({ name, cpu, sent }) => [name, cpu, sent]),
    [
      ['tx0@0', 0, 640],
      ['tx0@1', 1, 640],
    ],
  );
});

// --- constructions of the shell ---------------------------------------------------------------------------------------------

const head = ['pg_thread 0 add_device eth1', 'pg_set eth1 "dst_mac 02:00:00:00:00:01"', 'pg_set eth1 "count 5"'];
/** The lines of the device's block behind those that `head` makes. */
function settings(lines: readonly string[]): readonly string[] {
  const { text } = imported('part.sh', [...head, ...lines].join('\n'));
  const block = /add_device eth1 on cpu 0 \{\n(.*?)\n\}/s.exec(text)?.[1] ?? text;
  return block
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => !/^(dst_mac 02:00:00:00:00:01|count 5)$/.test(line));
}

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: the shell's own signs
const told: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['a variable', ['N=7', 'pg_set eth1 "frags $N"'], ['frags 7']],
  ['a variable in braces', ['N=7', 'pg_set eth1 "frags ${N}"'], ['frags 7']],
  ['a default', ['pg_set eth1 "burst ${BURST:-3}"'], ['burst 3']],
  ['a default that is not needed', ['BURST=2', 'pg_set eth1 "burst ${BURST:-3}"'], ['burst 2']],
  ['single quotes keep `$`', ["pg_set eth1 'burst 4'"], ['burst 4']],
  ['a test', ['[ -z "$X" ] && X=3', '[ -z "$X" ] && X=4', 'pg_set eth1 "burst $X"'], ['burst 3']],
  ['the other way', ['X=3', '[ -n "$X" ] || X=4', 'pg_set eth1 "burst $X"'], ['burst 3']],
  [
    'an if',
    ['X=3', 'if [ $X -gt 2 ]; then', 'pg_set eth1 "burst 8"', 'else', 'pg_set eth1 "burst 9"', 'fi'],
    ['burst 8'],
  ],
  ['an else', ['X=2', 'if [[ "$X" == 3 ]]; then pg_set eth1 "burst 8"; else pg_set eth1 "burst 9"; fi'], ['burst 9']],
  [
    'an elif',
    ['X=2', 'if [[ $X = 3 ]]; then :; elif [[ $X = 2 && -z "$Y" ]]; then pg_set eth1 "burst 7"; fi'],
    ['burst 7'],
  ],
  ['a function', ['f() {', 'pg_set $1 "burst $2"', '}', 'f eth1 6'], ['burst 6']],
  ['a function with its word', ['function f', '{', 'pg_set eth1 "$*"', '}', 'f burst 6'], ['burst 6']],
  ['arithmetic', ['N=3', 'pg_set eth1 "burst $((N * 2 + 1))"', 'pg_set eth1 "frags $[N-1]"'], ['burst 7', 'frags 2']],
  [
    'a list of words',
    ['for f in UDPSRC_RND UDPCSUM; do pg_set eth1 "flag $f"; done', 'pg_set eth1 "udp_src_max 20"'],
    ['flag UDPSRC_RND', 'flag UDPCSUM', 'udp_src_max 20'],
  ],
  ['an array', ['A=(4 5)', 'pg_set eth1 "burst ${A[1]}"'], ['burst 5']],
  ['a line that goes on', ['pg_set eth1 \\', '  "burst 2"'], ['burst 2']],
  [
    'echo into the file',
    ['echo "burst 2" > /proc/net/pktgen/eth1', 'echo frags 3 >/proc/net/pktgen/eth1'],
    ['burst 2', 'frags 3'],
  ],
  [
    'a prefix',
    ['read -r A B <<< $(parse_addr 10.1.0.0/29)', 'pg_set eth1 "dst_min $A"', 'pg_set eth1 "dst_max $B"'],
    ['dst_min 10.1.0.0', 'dst_max 10.1.0.7'],
  ],
  ['a rate of one size', ['pg_set eth1 "pkt_size 60"', 'pg_set eth1 "rate 300"'], ['pkt_size 60B', 'rate 300Mbps']],
  [
    'a rate of the size before',
    ['pg_set eth1 "pkt_size 60"', 'pg_set eth1 "rate 300"', 'pg_set eth1 "pkt_size 1500"'],
    ['delay 1600ns', 'pkt_size 1500B'],
  ],
  [
    'a rate of bursts',
    ['pg_set eth1 "pkt_size 1500"', 'pg_set eth1 "rate 300"', 'pg_set eth1 "burst 32"'],
    ['pkt_size 1500B', 'delay 40000ns', 'burst 32'],
  ],
  [
    'a flag that is taken back',
    ['pg_set eth1 "flag UDPSRC_RND"', 'pg_set eth1 "udp_src_max 20"', 'pg_set eth1 "flag !UDPSRC_RND"'],
    ['udp_src_max 20', 'flag !UDPSRC_RND'],
  ],
  ['the later one counts', ['pg_set eth1 "delay 5"', 'pg_set eth1 "ratep 100"'], ['ratep 100pps']],
  [
    'an end of the sizes',
    ['pg_set eth1 "pkt_size 60"', 'pg_set eth1 "max_pkt_size 80"'],
    ['min_pkt_size 60B', 'max_pkt_size 80B'],
  ],
  [
    'a size beside weights, which go on',
    ['pg_set eth1 "imix_weights 60,7 576,4"', 'pg_set eth1 "pkt_size 100"'],
    ['imix_weights 60B:7, 576B:4', 'pkt_size 100B'],
  ],
  ['IPv6 ends IPv4', ['pg_set eth1 "dst 10.0.0.2"', 'pg_set eth1 "dst6 2001:db8::2"'], ['dst6 2001:db8::2']],
  ['`=` between', ['pg_set eth1 "frags = 3"', 'pg_set eth1 "burst=4"'], ['frags 3', 'burst 4']],
  [
    'digits',
    ['pg_set eth1 "tos 0ff"', 'pg_set eth1 "mpls 0001000a,0002010a"'],
    ['tos 0x0f', 'mpls 0x0001000a, 0x0002010a'],
  ],
  ['a burst of none', ['pg_set eth1 "burst 0"'], ['burst 1']],
  ['never', ['pg_set eth1 "delay 2147483647"'], ['rate 0pps']],
  ['no VLAN any more', ['pg_set eth1 "vlan_id 3"', 'pg_set eth1 "vlan_p 3"', 'pg_set eth1 "vlan_id 4096"'], []],
  ['a comment', ['# why', 'pg_set eth1 "burst 2"'], ['# why', 'burst 2']],
  ['a pipe into tee', ['echo "burst 2" | sudo tee -a /proc/net/pktgen/eth1 > /dev/null'], ['burst 2']],
  ['a format', ["printf 'burst %d\\n' 6 > /proc/net/pktgen/eth1"], ['burst 6']],
  ['a command that is timed', ['time echo "burst 2" > /proc/net/pktgen/eth1'], ['burst 2']],
  [
    'a misuse is not carried over',
    ['if [ $# -lt 1 ]; then', 'echo "usage: x"', 'pg_set eth1 "burst 3"', 'exit 1', 'fi'],
    [],
  ],
];
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: the shell's own signs
for (const [what, lines, expected] of told) test(what, () => assert.equal(settings(lines), expected));

test('pktgen’s defaults are written out', () => {
  const { text, warnings } = imported('part.sh', 'pg_thread 3 add_device eth1@3\npg_ctrl start\n');
  const block = [
    'add_device eth1@3 on cpu 3 {',
    "  dst_mac 00:00:00:00:00:00 # pktgen's default",
    "  count 1000 # pktgen's default",
    '}',
    '',
    'start',
    'wait stopped',
    '',
  ];
  assert.is(text, ['# Imported from part.sh.', '', ...block].join('\n'));
  assert.equal(warnings, []);
});

for (const [what, loop, range] of [
  ['counting', 'for ((i = 0; i < 4; i++))', '0..3'],
  ['counting to the end', 'for (( i=1; i<=3; ++i ))', '1..3'],
  ['counting to a parameter', 'for ((i = 0; i < N; i++))', '0..n - 1'],
  ['seq', 'for i in $(seq 0 5)', '0..5'],
  ['seq from one', 'for i in `seq 4`', '1..4'],
  ['braces', 'for i in {2..7}', '2..7'],
  ['numbers', 'for i in 0 1 2', '0..2'],
] as const) {
  test(`a loop: ${what}`, () => {
    const body = [
      'd=eth1@$i',
      'pg_thread $i add_device $d',
      'pg_set $d "dst_mac 02:00:00:00:00:01"',
      'pg_set $d "queue_map_min $i"',
    ];
    const { text } = imported('loop.sh', ['N=$1', `${loop}; do`, ...body, 'done'].join('\n'));
    assert.ok(text.includes(`for i in ${range} {\n  add_device "eth1@\${i}" on cpu i {\n`), text);
    assert.ok(text.includes('    queue_map_min i\n'), text);
    assert.is(text.includes('param n: number'), range.includes('n'));
  });
}

// --- warnings ---------------------------------------------------------------------------------------------------------------

for (const [what, line, code, words] of [
  ['a program', 'ethtool -G eth1 tx 4096', 'PG7007', /a program of its own/],
  ['the machine', 'echo 2 > /proc/irq/12/smp_affinity', 'PG7007', /left as it is/],
  ['an unknown parameter', 'pg_set eth1 "dstmac 02:00:00:00:00:01"', 'PG7007', /no parameter `dstmac`/],
  ['a word of ours', 'pg_set eth1 "driver null"', 'PG7007', /no parameter `driver`/],
  ['a bad flag', 'pg_set eth1 "flag NOSUCH"', 'PG7007', /NOSUCH/],
  ['a bad address', 'pg_set eth1 "dst 10.0.0.300"', 'PG7007', /10\.0\.0\.300/],
  ['a bad MAC address', 'pg_set eth1 "src_mac 02:zz:00:00:00:00"', 'PG7007', /02:zz/],
  ['what no sender does', 'pg_set eth1 "xmit_mode netif_receive"', 'PG7007', /netif_receive/],
  ['a rate of nothing', 'pg_set eth1 "rate 0"', 'PG7007', /refuses 0/],
  ['no number', 'pg_set eth1 "frags abc"', 'PG7007', /reads `abc` as 0/],
  ['too many digits', 'pg_set eth1 "frags 10000000000"', 'PG7007', /10 digits/],
  ['a unit', 'pg_set eth1 "ratep 300M"', 'PG7008', /reads `300M` as 300/],
  ['a rate before any size', 'pg_set eth1 "rate 300"', 'PG7008', /a delay of 0ns of it, for frames of 0B/],
  ['a bad destination', 'pg_set eth1 "dst_mac 02:00:00:00:00:0"', 'PG7007', /is no MAC address/],
  ['an unknown device', 'pg_set eth9 "frags 3"', 'PG7007', /no device `eth9`/],
  ['an unknown word for a thread', 'pg_thread 0 rem_device eth1', 'PG7007', /threads know/],
  ['an unknown word for all', 'pg_ctrl begin', 'PG7007', /pgctrl knows/],
  ['a loop that waits', 'while true; do pg_ctrl stop; done', 'PG7007', /counting loops/],
  ['a condition', 'if ping -c1 10.0.0.1; then pg_set eth1 "burst 3"; fi', 'PG7007', /condition/],
  [
    'several lines at once',
    'echo -e "frags 3\\nburst 2" > /proc/net/pktgen/eth1',
    'PG7008',
    /the kernel takes the first/,
  ],
  ['a script of another', 'source ./mine.sh', 'PG7007', /another script/],
  ['a format that is more', "printf 'burst %03d' 6 > /proc/net/pktgen/eth1", 'PG7007', /not known/],
  ['a loop that reads', 'P=/proc/net/pktgen; while read x; do echo "$x" > $P/eth1; done', 'PG7007', /counting loops/],
  ['an end of something else', 'kill $PID', 'PG7007', /a program of its own/],
  ['labels with a zero', 'pg_set eth1 "mpls 00000000"', 'PG7007', /mpls/],
] as const) {
  test(`a warning: ${what}`, () => {
    const { warnings } = imported('part.sh', [...head, line, 'pg_ctrl start'].join('\n'));
    assert.is(warnings.length, 1, warnings.join('\n'));
    assert.match(warnings[0] as string, new RegExp(`^${head.length + 1}: ${code} `));
    assert.match(warnings[0] as string, words);
  });
}

test('a size for a device that draws its own by weights', () => {
  const lines = [
    'pg_set eth1 "imix_weights 60,7 576,4"',
    'pg_ctrl start',
    'pg_set eth1 "pkt_size 100"',
    'pg_ctrl start',
  ];
  const { text, warnings } = imported('part.sh', [...head, ...lines].join('\n'));
  assert.ok(text.includes('imix_weights') && !text.includes('pkt_size'), text);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] as string, /^6: PG7007 .*goes on to draw sizes/);
});

test('a here document tells the first of its lines', () => {
  const { text, warnings } = imported(
    'part.sh',
    [...head, 'cat <<EOF > /proc/net/pktgen/eth1', 'frags 3', 'burst 2', 'EOF', 'pg_ctrl start'].join('\n'),
  );
  assert.ok(text.includes('  frags 3\n') && !text.includes('burst'), text);
  assert.is(warnings.length, 1);
});

test('the example of grammar.md', () => {
  const text = readFileSync(join(root, 'grammar.md'), 'utf8');
  const [, script = '', scenario = ''] = /```sh\n(pg_thread.*?)```\n\nbecomes\n\n```pg\n(.*?)```/s.exec(text) ?? [];
  assert.is(imported('example.sh', script).text, `# Imported from example.sh.\n\n${scenario}`);
});

test('whatever a script holds, something right comes of it', () => {
  const whole = readFileSync(join(folder, 'oldstyle.sh'), 'utf8');
  // Cut anywhere: open quotes, loops without an end.
  for (let end = 0; end < whole.length; end += 37) imported('cut.sh', whole.slice(0, end));
  for (const text of [
    '',
    '((',
    '))',
    '"',
    "'",
    '`',
    '$(',
    '${',
    'if',
    'for',
    '}',
    '{',
    '&&',
    '<<',
    'f() f',
    'f() { f; }\nf',
    '\\',
    ';;',
    '|',
  ]) {
    imported('odd.sh', text);
  }
});

test.run();
