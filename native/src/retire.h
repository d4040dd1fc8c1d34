// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "qsbr.h"

namespace pktsh {

// What was unlinked and waits for the end of its grace period.
struct Retired {
  Cookie cookie = 0;
  void* object = nullptr;
  void (*reclaim)(void* owner, void* object) = nullptr;
  size_t bytes = 0;
};

inline constexpr size_t kRetireItems = 4096;             // as liburcu's deferral queue
inline constexpr size_t kRetireBytes = size_t{64} << 20; // what a stalled sender may make us hold back

// A bounded first-in-first-out queue of retired things, of the control thread only. When it is full its user refuses the
// operation (EBUSY): it never frees early and never blocks.
class RetireQueue {
 public:
  // `owner` is handed to each item's `reclaim`.
  explicit RetireQueue(void* owner, size_t items = kRetireItems, size_t bytes = kRetireBytes);
  ~RetireQueue();  // must be empty
  RetireQueue(const RetireQueue&) = delete;
  RetireQueue& operator=(const RetireQueue&) = delete;

  // Whether so much more may be retired; asked before an operation takes any effect.
  [[nodiscard]] bool room(size_t items, size_t bytes) const;
  // Takes over an item; cookies must not decrease. There must be room.
  void push(const Retired& item);
  // Reclaims everything whose cookie is at most `done`. Items retired by a `reclaim` stay for the next call.
  void reclaim(Cookie done);

  [[nodiscard]] size_t items() const { return count_; }
  [[nodiscard]] size_t bytes() const { return held_; }
  // Of the oldest item; 0 if empty.
  [[nodiscard]] Cookie oldest() const { return count_ == 0 ? 0 : ring_[head_].cookie; }

 private:
  void* owner_;
  size_t max_bytes_;
  std::vector<Retired> ring_;
  size_t head_ = 0;
  size_t count_ = 0;
  size_t held_ = 0;
};

}  // namespace pktsh
