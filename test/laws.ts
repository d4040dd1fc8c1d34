// SPDX-License-Identifier: Apache-2.0

import * as fc from 'fast-check';

/**
 * fast-check for this repository's laws. Continuous integration draws the same cases every time, so that a change is judged by
 * what it changes; everybody else draws new ones at every run, and a counterexample becomes a row of a table.
 */
fc.configureGlobal(process.env.CI === undefined ? {} : { seed: 0x706b7473 });

export { fc };
