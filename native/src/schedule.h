// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "device.h"

namespace pktsh {

// A sender's private index of its runnable devices. Those that keep their pace wait in a heap of due times and go first
// when due; unpaced ones, and paced ones more than a gap behind, share the rest round robin, in order of last service.
// Entries carry slot and id beside the pointer, so that what was removed is purged without being dereferenced.
class Schedule {
 public:
  struct Entry {
    int64_t due = 0;
    Device* device = nullptr;
    uint32_t slot = 0;
    DeviceId id = 0;
  };
  enum class Place : uint8_t { none, timed, ready };

  // What is to be served at `now`, taken out; false if nothing is due.
  [[nodiscard]] bool pick(int64_t now, Entry& entry) {
    if (!timed_.empty() && timed_.front().due <= now) {
      entry = timed_.front();
      pop_timed();
    } else if (ready_count_ != 0) {
      entry = ready_[ready_head_];
      ready_head_ = (ready_head_ + 1) & (ready_.size() - 1);
      ready_count_--;
    } else {
      return false;
    }
    known_[entry.slot].place = Place::none;
    return true;
  }

  // Puts an entry that was picked back.
  void put(Entry entry, Place place, int64_t due) {
    entry.due = due;
    known_[entry.slot].place = place;
    if (place == Place::timed) push_timed(entry);
    if (place == Place::ready) push_ready(entry);
  }

  // When the first paced device is due, INT64_MAX if none; only meaningful while nothing is ready.
  [[nodiscard]] int64_t next_due() const { return timed_.empty() ? INT64_MAX : timed_.front().due; }

  // Brings the index in line with the sender's list: `settle(device, due)` says where a live device belongs. What is no
  // longer listed goes without being touched; what stays keeps its turn; what is new comes last.
  template <typename Settle>
  void sync(Device* head, Settle settle) {
    pass_++;
    // acquire: publication, as everywhere on the way to a device
    for (Device* device = head; device != nullptr; device = device->next.load(std::memory_order_acquire)) {
      if (device->slot >= known_.size()) known_.resize(device->slot + size_t{1});
      Known& known = known_[device->slot];
      if (known.id != device->id) known = Known{device->id, device, 0, 0, Place::none, Place::none};
      known.pass = pass_;
      known.wanted = settle(device, known.due);
    }
    keep_timed();
    keep_ready();
    for (uint32_t slot = 0; slot < known_.size(); slot++) {
      Known& known = known_[slot];
      if (known.pass == pass_ && known.place != known.wanted) {
        put(Entry{known.due, known.device, slot, known.id}, known.wanted, known.due);
      }
    }
  }

 private:
  struct Known {
    DeviceId id = 0;  // 0: none
    Device* device = nullptr;
    uint64_t pass = 0;  // the last sync that found it listed
    int64_t due = 0;
    Place place = Place::none;   // where it is
    Place wanted = Place::none;  // where it belongs
  };

  [[nodiscard]] bool stays(const Entry& entry, Place place) {
    Known& known = known_[entry.slot];
    if (known.id != entry.id) return false;  // the slot went to another device
    if (known.pass == pass_ && known.wanted == place) return true;
    known.place = Place::none;
    return false;
  }

  void keep_timed() {
    size_t kept = 0;
    for (const Entry& entry : timed_) {
      if (!stays(entry, Place::timed)) continue;
      timed_[kept] = entry;
      timed_[kept].due = known_[entry.slot].due;
      kept++;
    }
    timed_.resize(kept);
    for (size_t hole = kept / 2; hole-- > 0;) sift_down(hole, timed_[hole]);
  }

  void keep_ready() {
    const size_t count = ready_count_;
    for (size_t i = 0; i < count; i++) {
      const Entry entry = ready_[ready_head_];
      ready_head_ = (ready_head_ + 1) & (ready_.size() - 1);
      ready_count_--;
      if (stays(entry, Place::ready)) push_ready(entry);
    }
  }

  void push_ready(const Entry& entry) {
    if (ready_count_ == ready_.size()) {
      std::vector<Entry> larger(ready_.empty() ? kFirstSize : ready_.size() * 2);  // a power of two
      for (size_t i = 0; i < ready_count_; i++) larger[i] = ready_[(ready_head_ + i) & (ready_.size() - 1)];
      ready_ = std::move(larger);
      ready_head_ = 0;
    }
    ready_[(ready_head_ + ready_count_) & (ready_.size() - 1)] = entry;
    ready_count_++;
  }

  void push_timed(const Entry& entry) {
    timed_.push_back(entry);
    sift_up(timed_.size() - 1, entry);
  }

  void pop_timed() {
    const Entry last = timed_.back();
    timed_.pop_back();
    if (!timed_.empty()) sift_down(0, last);
  }

  void sift_up(size_t hole, const Entry entry) {
    while (hole > 0 && entry.due < timed_[(hole - 1) / 2].due) {
      timed_[hole] = timed_[(hole - 1) / 2];
      hole = (hole - 1) / 2;
    }
    timed_[hole] = entry;
  }

  // Down to a leaf along the earlier children, then up: the entry comes from the bottom and mostly belongs there, so this
  // takes half the comparisons, and the one that remains compiles without a branch to mispredict.
  void sift_down(size_t hole, const Entry entry) {
    const size_t top = hole;
    const size_t size = timed_.size();
    size_t child = 2 * hole + 1;
    while (child + 1 < size) {
      child += static_cast<size_t>(timed_[child + 1].due < timed_[child].due);
      timed_[hole] = timed_[child];
      hole = child;
      child = 2 * hole + 1;
    }
    if (child < size) {
      timed_[hole] = timed_[child];
      hole = child;
    }
    while (hole > top && entry.due < timed_[(hole - 1) / 2].due) {
      timed_[hole] = timed_[(hole - 1) / 2];
      hole = (hole - 1) / 2;
    }
    timed_[hole] = entry;
  }

  static constexpr size_t kFirstSize = 64;

  std::vector<Entry> timed_;  // binary heap, earliest first
  std::vector<Entry> ready_;  // ring
  size_t ready_head_ = 0;
  size_t ready_count_ = 0;
  std::vector<Known> known_;  // by slot
  uint64_t pass_ = 0;
};

}  // namespace pktsh
