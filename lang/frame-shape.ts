// SPDX-License-Identifier: Apache-2.0

import { protocols } from './protocols.ts';

/** What is known of a frame before it is evaluated: its layers from outermost in, with the fields that were written. */
export type FrameShape = readonly LayerShape[];
export interface LayerShape {
  readonly protocol: string;
  readonly fields: readonly string[];
}

/** Whether receivers can follow the frame's packets by sequence number. */
export function carriesSequence(shape: FrameShape): boolean {
  return shape.some((layer) => protocols.get(layer.protocol)?.stamp === true);
}
