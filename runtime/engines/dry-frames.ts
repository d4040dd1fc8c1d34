// SPDX-License-Identifier: Apache-2.0

import type { DevicePlan } from '../engine.ts';
import { type SizeSequence, type SizeState, sizeSequence } from './frame-sizes.ts';

/** Packets and, of those, the first copies of their frames: the others are clones. */
export interface Traffic {
  readonly packets: number;
  readonly bytes: number;
  readonly frames: number;
  readonly frameBytes: number;
}

/** By what receivers can tell of a frame's sender. */
export type HeardTraffic = Readonly<Record<'numbered' | 'unnumbered' | 'none', Traffic>>;

export const noTraffic: Traffic = { packets: 0, bytes: 0, frames: 0, frameBytes: 0 };

export function addTraffic(a: Traffic, b: Traffic): Traffic {
  return {
    packets: a.packets + b.packets,
    bytes: a.bytes + b.bytes,
    frames: a.frames + b.frames,
    frameBytes: a.frameBytes + b.frameBytes,
  };
}

export function allTraffic({ numbered, unnumbered, none }: HeardTraffic): Traffic {
  return addTraffic(addTraffic(numbered, unnumbered), none);
}

/** The frames of a dry device, one after the other: how long each is, and how many of its clones are still to come. */
export class DryFrames {
  #plan: DevicePlan;
  #sizes: SizeSequence | null;
  #state: SizeState | null;
  /** Of the frame under way. */
  #size: number;
  #copies = 0;

  constructor(plan: DevicePlan) {
    this.#plan = plan;
    this.#size = longestFrame(plan);
    this.#sizes = sizeSequence(plan.program, plan.seed);
    this.#state = this.#sizes?.begin() ?? null;
  }

  /** Begins anew, as at a start. */
  restart(): void {
    this.#copies = 0;
    this.#state = this.#sizes?.begin() ?? null;
  }

  /** Takes over a new configuration; what is left of a frame under way is sent in its new form, once more at least. */
  configure(plan: DevicePlan): void {
    const before = this.#plan;
    this.#plan = plan;
    this.#copies = Math.min(this.#copies, plan.clones - 1);
    const same = before.seed === plan.seed && sameSizes(before, plan);
    if (!same) {
      this.#sizes = sizeSequence(plan.program, plan.seed);
      this.#state = this.#sizes?.begin() ?? null;
      if (this.#copies > 0) this.#size = this.#draw();
    }
    if (this.#sizes === null) this.#size = longestFrame(plan);
  }

  /** The next packets, which are sent. */
  take(packets: number): Traffic {
    const { clones } = this.#plan;
    if (this.#sizes === null) {
      const begun = Math.ceil((this.#copies + packets) / clones);
      const frames = this.#copies > 0 ? begun - 1 : begun;
      this.#copies = (this.#copies + packets) % clones;
      return { packets, bytes: packets * this.#size, frames, frameBytes: frames * this.#size };
    }
    let [bytes, frames, frameBytes] = [0, 0, 0];
    for (let left = packets; left > 0; ) {
      if (this.#copies === 0) {
        this.#size = this.#draw();
        frames++;
        frameBytes += this.#size;
      }
      const part = Math.min(left, clones - this.#copies);
      bytes += part * this.#size;
      this.#copies = (this.#copies + part) % clones;
      left -= part;
    }
    return { packets, bytes, frames, frameBytes };
  }

  /** Bytes that the next packets will have. */
  foresee(packets: number): number {
    const [state, size, copies] = [this.#state, this.#size, this.#copies];
    this.#state = state === null ? null : { ...state };
    const { bytes } = this.take(packets);
    [this.#state, this.#size, this.#copies] = [state, size, copies];
    return bytes;
  }

  #draw(): number {
    return this.#sizes === null || this.#state === null ? longestFrame(this.#plan) : this.#sizes.draw(this.#state);
  }
}

/** Bytes of a device's longest frame without FCS; the template is hexadecimal. */
export function longestFrame(plan: DevicePlan): number {
  return plan.program.template.length / 2;
}

function sameSizes(a: DevicePlan, b: DevicePlan): boolean {
  return JSON.stringify(a.program.sizes) === JSON.stringify(b.program.sizes);
}
