// SPDX-License-Identifier: Apache-2.0

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bench, dryRun } from './scripts.ts';

const test = suite('sentences in a run');

const device = `${bench}add_device tx0@0 on cpu 0 { frame probe; rate 1kpps }\n`;

/** Decisions of the language on runs, time and jobs: a script and what it prints, in virtual time. */
const sentences: readonly (readonly [string, string, ...string[]])[] = [
  ['`start` returns at once', `${device}start; print elapsed`, '0ns'],
  ['`elapsed` counts from the start of the run', `${device}wait 1s; start; wait 2s; print elapsed; stop`, '2s'],
  [
    'an `at` registered without a run counts for the next one',
    `${device}at 1s { print elapsed }\nwait 5s; start; wait 2s; stop`,
    '1s',
  ],
  [
    'the first tick comes one period later',
    `${device}start; every 1s { print elapsed }\nwait 2500ms; stop`,
    '1s',
    '2s',
  ],
  [
    '`every` never overlaps itself: a tick waits for the one before',
    `${device}start; every 1s { print elapsed; wait 1500ms }\nwait 5500ms; stop`,
    '1s',
    '2.5s',
    '4s',
  ],
  [
    'equal times run in order of registration',
    `${device}at 1s { print 1 }\nat 1s { print 2 }\nat 1s { print 3 }\nstart; wait 2s; stop`,
    '1',
    '2',
    '3',
  ],
  ['a spawned job begins when its spawner first waits', 'spawn { print 2 }\nprint 1; wait 1s; print 3', '1', '2', '3'],
  ['variables are captured by reference', 'let a = 1\nspawn { print a }\na = 2; wait 1s', '2'],
  ['a variable of a loop is fresh each time round', 'for i in 1..3 { spawn { print i } }\nawait', '1', '2', '3'],
  ['jobs end with the scenario body', 'spawn { wait 1s; print "never" }\nprint "end"', 'end'],
  [
    '`await` waits for everything that this job spawned',
    'spawn { wait 1s; print 1 }\nspawn { wait 2s; print 2 }\nawait; print 3',
    '1',
    '2',
    '3',
  ],
  [
    '`cancel` ends a job with what it registered',
    'let j = spawn { every 1s { print "tick" }\nwait 10s }\nwait 1500ms; cancel j; wait 5s; print "end"',
    'tick',
    'end',
  ],
  ['`stop X` ends no run', `${device}start; wait 1s; stop tx0@0; wait 1s; print elapsed; stop`, '2s'],
  [
    '`start` begins only what is stopped',
    `${device}start; wait 1s; start; wait 1s; print elapsed, tx0@0.running; stop; print tx0@0.sent`,
    '2s true',
    '2000',
  ],
  [
    '`set` keeps the counters',
    `${device}start; wait 1s; set tx0@0 rate 2kpps; wait 1s; stop; print tx0@0.sent`,
    '3000',
  ],
  ['a rate of nothing pauses', `${device}start; wait 1s; set tx0@0 rate 0pps; wait 1s; stop; print tx0@0.sent`, '1000'],
  [
    'a removed device keeps its figures',
    `${device}start; wait 1s; rem_device tx0@0; wait 1s; stop; print tx0@0.sent, devices.sent`,
    '1000 1000',
  ],
  [
    '`rem_device_all` takes what exists on arrival',
    `${device}rem_device_all async\nadd_device tx0@1 on cpu 0 { frame probe; rate 1kpps }\nsync; start; wait 1s; stop; print tx0@1.sent`,
    '1000',
  ],
  [
    'a name whose removal is pending waits and succeeds',
    `${device}rem_device tx0@0 async\nadd_device tx0@0 on cpu 0 { frame probe; rate 1kpps }\nprint "there"`,
    'there',
  ],
  [
    '`try` is the way to tolerate a failure',
    `${device}try { add_device tx0@0 on cpu 0 { frame probe } } else { print "failed" }`,
    'failed',
  ],
  [
    '`clear_counters` is exact while running',
    `${device}start; wait 1s; clear_counters; wait 1s; stop; print tx0@0.sent`,
    '1000',
  ],
  [
    'an unpaced device of the dry engine sends a million a second',
    `${bench}add_device tx0 on cpu 0 { frame probe }\nstart; wait 1s; stop; print tx0.sent`,
    '1000000',
  ],
];
for (const [name, text, ...lines] of sentences) {
  test(name, async () => {
    const { results, prints } = await dryRun(text);
    assert.equal(prints, lines);
    assert.is(results.verdict, 'passed');
  });
}

test.run();
