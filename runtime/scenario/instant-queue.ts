// SPDX-License-Identifier: Apache-2.0

/** What an instant queue holds: ordered by `instant` (ns), then by `order`; `index` is the queue's own. */
export interface QueueEntry {
  readonly instant: bigint;
  readonly order: number;
  index: number;
}

/** `index` of an entry that is in no queue. */
export const notQueued = -1;

/** A binary heap of instants that can give up any entry, so that cancelled sleepers do not pile up. */
export class InstantQueue<E extends QueueEntry> {
  readonly #heap: E[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** The entry that is due first; undefined when there is none. */
  get first(): E | undefined {
    return this.#heap[0];
  }

  add(entry: E): void {
    this.#heap.push(entry);
    this.#rise(entry, this.#heap.length - 1);
  }

  /** Takes an entry out; one that is in no queue stays as it is. */
  remove(entry: E): void {
    const at = entry.index;
    if (at === notQueued) return;
    entry.index = notQueued;
    const last = this.#heap.pop() as E;
    if (last === entry) return;
    this.#rise(last, at);
    this.#sink(last, last.index);
  }

  #rise(entry: E, from: number): void {
    let at = from;
    while (at > 0) {
      const above = this.#heap[(at - 1) >> 1] as E;
      if (!before(entry, above)) break;
      this.#place(above, at);
      at = (at - 1) >> 1;
    }
    this.#place(entry, at);
  }

  #sink(entry: E, from: number): void {
    let at = from;
    for (;;) {
      const left = this.#heap[2 * at + 1];
      const right = this.#heap[2 * at + 2];
      const below = left !== undefined && right !== undefined && before(right, left) ? right : left;
      if (below === undefined || !before(below, entry)) break;
      const next = below.index;
      this.#place(below, at);
      at = next;
    }
    this.#place(entry, at);
  }

  #place(entry: E, at: number): void {
    this.#heap[at] = entry;
    entry.index = at;
  }
}

function before(a: QueueEntry, b: QueueEntry): boolean {
  return a.instant < b.instant || (a.instant === b.instant && a.order < b.order);
}
