// SPDX-License-Identifier: Apache-2.0

interface Sample {
  readonly at: bigint;
  readonly sent: number;
}

/**
 * What a device had sent at times past: samples of a short window. A question about a time before the window finds 0,
 * which is right after a start or a clearing, since both begin it anew.
 */
export class SentHistory {
  #samples: Sample[] = [];

  /** Forgets everything: counting begins anew. */
  restart(at: bigint, sent: number): void {
    this.#samples = [{ at, sent }];
  }

  /** Adds a sample; those more than `window` ns older than it are forgotten, but for the youngest of them. */
  record(at: bigint, sent: number, window = 0n): void {
    this.#samples.push({ at, sent });
    let keep = 0;
    while (window > 0n && keep + 1 < this.#samples.length && (this.#samples[keep + 1] as Sample).at <= at - window)
      keep++;
    if (keep > 0) this.#samples.splice(0, keep);
  }

  /** The count of the last sample at or before an instant: never more than was sent by then. */
  sentBy(instant: bigint): number {
    return this.#samples.findLast((sample) => sample.at <= instant)?.sent ?? 0;
  }
}
