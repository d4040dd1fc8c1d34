// SPDX-License-Identifier: Apache-2.0

import type { Op } from './op.ts';

/** The bodies inside of an operation, each under its name, in the order in which they stand in the text. */
export function innerOps(op: Op): readonly { readonly name: string; readonly ops: readonly Op[] }[] {
  const { body, then, otherwise } = op as { body?: readonly Op[]; then?: readonly Op[]; otherwise?: readonly Op[] };
  return Object.entries({ body, then, otherwise }).flatMap(([name, ops]) =>
    Array.isArray(ops) ? [{ name, ops }] : [],
  );
}
