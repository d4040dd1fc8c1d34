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

/** How much of a frame receivers look at, in bytes, and how many VLAN tags in a row (native/src: kSnap, kMaxVlanTags). */
const receiverSees = 128;
const tagsFollowed = 2;

/** Whether receivers can follow the frame's packets by sequence number: it has one, where they look for it. */
export function carriesSequence(shape: FrameShape): boolean {
  let end = 0;
  let tags = 0;
  for (const layer of shape) {
    tags = layer.protocol === 'vlan' ? tags + 1 : 0;
    if (tags > tagsFollowed) return false;
    end += layer.size ?? 0;
    if (protocols.get(layer.protocol)?.stamp === true) return end <= receiverSees;
  }
  return false;
}
