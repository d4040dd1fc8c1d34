// SPDX-License-Identifier: Apache-2.0

import { protocols } from './protocols.ts';

/** What is known of a frame before it is evaluated: its layers from outermost in, with the fields that were written. */
export type FrameShape = readonly LayerShape[];
export interface LayerShape {
  readonly protocol: string;
  readonly fields: readonly string[];
  /** Header bytes, null where they follow from a value that is not known yet. */
  readonly size: number | null;
}

/** How much of a frame receivers look at, in bytes (native/src/receiver.cc: kSnap). */
const receiverSees = 128;

/** Whether receivers can follow the frame's packets by sequence number: they look for it, but not inside tunnels. */
export function carriesSequence(shape: FrameShape): boolean {
  let end = 0;
  for (const layer of shape) {
    const protocol = protocols.get(layer.protocol);
    if (protocol?.opaque === true) return false;
    end += layer.size ?? 0;
    if (protocol?.stamp === true) return end <= receiverSees;
  }
  return false;
}
