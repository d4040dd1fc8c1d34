// SPDX-License-Identifier: Apache-2.0

/** Where a mutant can be found out, cheapest first. */
export type Layer = 'explorer' | 'unit' | 'sender' | 'tsan' | 'asan' | 'spin';

/** A fault in the grace periods or their use, as it could be made by hand. */
export interface Mutation {
  readonly number: number;
  readonly name: string;
  /** Each text must be in its file exactly once. */
  readonly edits: readonly { readonly file: string; readonly find: string; readonly replace: string }[];
  /** The layers that ought to find it; the others are tried too where everything is. */
  readonly layers: readonly Layer[];
  /** Its name in the Promela model, where it can be said there. */
  readonly define?: string;
}

const qsbr = 'src/qsbr.h';
const sender = 'src/sender.cc';
const devices = 'src/engine_devices.cc';

const lookByRmw =
  'slots_[i].ctr.compare_exchange_strong(seen, 0, std::memory_order_acq_rel, std::memory_order_acquire);';
const startByRmw = 'return gp_.fetch_add(1, std::memory_order_acq_rel) + 1;';
const pollLoads = { file: qsbr, find: lookByRmw, replace: ';' };
const publish = 'entry->device->cfg.store(cfg.value, std::memory_order_release);';

export const mutations: readonly Mutation[] = [
  {
    number: 1,
    name: 'poll() without an RMW on offline slots',
    edits: [pollLoads],
    layers: ['explorer'],
  },
  {
    number: 2,
    name: 'online() is a plain release store',
    edits: [
      {
        file: qsbr,
        find: 'slot_.ctr.exchange(local_, std::memory_order_acq_rel);',
        replace: 'slot_.ctr.store(local_, std::memory_order_release);',
      },
    ],
    layers: ['explorer'],
    define: 'ONLINE_STORE',
  },
  {
    number: 3,
    name: 'start() does not advance the epoch',
    edits: [{ file: qsbr, find: startByRmw, replace: 'return gp_.fetch_add(0, std::memory_order_acq_rel);' }],
    layers: ['explorer', 'unit'],
    define: 'NO_ADVANCE',
  },
  {
    number: 4,
    name: "quiescent()'s store relaxed",
    edits: [
      {
        file: qsbr,
        find: 'slot_.ctr.store(epoch, std::memory_order_release);',
        replace: 'slot_.ctr.store(epoch, std::memory_order_relaxed);',
      },
    ],
    layers: ['explorer'],
  },
  {
    number: 5,
    name: 'the epoch is loaded and advanced relaxed',
    edits: [
      { file: qsbr, find: startByRmw, replace: 'return gp_.fetch_add(1, std::memory_order_relaxed) + 1;' },
      {
        file: qsbr,
        find: 'local_ = domain_.gp_.load(std::memory_order_acquire);',
        replace: 'local_ = domain_.gp_.load(std::memory_order_relaxed);',
      },
      {
        file: qsbr,
        find: 'epoch = domain_.gp_.load(std::memory_order_acquire);',
        replace: 'epoch = domain_.gp_.load(std::memory_order_relaxed);',
      },
    ],
    layers: ['explorer'],
  },
  {
    number: 6,
    name: 'the old configuration is unlinked after start()',
    edits: [
      { file: devices, find: `  ${publish}  // release: complete before it can be reached\n`, replace: '' },
      {
        file: devices,
        find: '  state.retired.push({cookie, const_cast<Cfg*>(old),',
        replace: `  usleep(50);  // so that more than one sender in many runs into it\n  ${publish}\n  state.retired.push({cookie, const_cast<Cfg*>(old),`,
      },
    ],
    layers: ['asan'],
    define: 'UNLINK_LATE',
  },
  {
    number: 7,
    name: 'a quiescent state in mid-walk',
    edits: [
      {
        file: sender,
        find: '  Progress& progress = *run->progress;\n',
        replace: '  reader.quiescent();\n  Progress& progress = *run->progress;\n',
      },
    ],
    layers: ['sender'],
    define: 'QUIESCENT_IN_WALK',
  },
  {
    number: 8,
    name: 'one slot is not scanned',
    edits: [
      {
        file: qsbr,
        find: 'uint64_t low = newest();\n    for (size_t i = 0;',
        replace: 'uint64_t low = newest();\n    for (size_t i = 1;',
      },
    ],
    layers: ['explorer', 'unit'],
    define: 'SLOT_NOT_SCANNED',
  },
  {
    number: 9,
    name: 'publication relaxed',
    edits: [{ file: devices, find: publish, replace: publish.replace('release', 'relaxed') }],
    layers: ['tsan'],
  },
  {
    number: 10,
    name: 'offline around sending while holding the device',
    edits: [
      {
        file: sender,
        find: '    outcome = transmit(',
        replace: '    reader.offline();\n    reader.online();\n    outcome = transmit(',
      },
    ],
    layers: ['sender'],
    define: 'OFFLINE_IN_SEND',
  },
  {
    number: 11,
    name: "offline()'s store relaxed",
    edits: [
      {
        file: qsbr,
        find: 'slot_.ctr.store(0, std::memory_order_release);',
        replace: 'slot_.ctr.store(0, std::memory_order_relaxed);',
      },
    ],
    layers: ['explorer'],
  },
  {
    // start()'s RMW is needed where poll() only loads: both models show that either of the two is enough on x86, and the
    // explorer that poll()'s alone is enough everywhere.
    number: 12,
    name: 'start() stores the epoch, and poll() only loads',
    edits: [
      pollLoads,
      {
        file: qsbr,
        find: startByRmw,
        replace: 'const Cookie next = newest() + 1;\n    gp_.store(next, std::memory_order_release);\n    return next;',
      },
    ],
    layers: ['explorer'],
    define: 'NO_RMW',
  },
  {
    number: 13,
    name: "the look's failure order relaxed",
    edits: [{ file: qsbr, find: lookByRmw, replace: lookByRmw.replace('_acquire)', '_relaxed)') }],
    layers: ['explorer'],
  },
  {
    number: 14,
    name: 'the look by compare_exchange_weak',
    edits: [{ file: qsbr, find: lookByRmw, replace: lookByRmw.replace('_strong', '_weak') }],
    layers: ['explorer'],
  },
];
