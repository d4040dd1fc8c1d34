// SPDX-License-Identifier: Apache-2.0

/** The package's version; a test holds it against package.json, so that the bundled command needs no file beside it. */
export const version = '0.1.0';
