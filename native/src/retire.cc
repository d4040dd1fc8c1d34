// SPDX-License-Identifier: Apache-2.0
#include "retire.h"

#include <cassert>

namespace pktsh {

RetireQueue::RetireQueue(void* owner, size_t items, size_t bytes) : owner_(owner), max_bytes_(bytes), ring_(items) {}

RetireQueue::~RetireQueue() { assert(count_ == 0); }

bool RetireQueue::room(size_t items, size_t bytes) const {
  return count_ + items <= ring_.size() && held_ + bytes <= max_bytes_;
}

void RetireQueue::push(const Retired& item) {
  assert(count_ < ring_.size());
  assert(count_ == 0 || ring_[(head_ + count_ - 1) % ring_.size()].cookie <= item.cookie);
  ring_[(head_ + count_) % ring_.size()] = item;
  count_++;
  held_ += item.bytes;
}

void RetireQueue::reclaim(Cookie done) {
  for (size_t left = count_; left > 0 && ring_[head_].cookie <= done; left--) {
    const Retired item = ring_[head_];
    head_ = (head_ + 1) % ring_.size();
    count_--;
    held_ -= item.bytes;
    item.reclaim(owner_, item.object);
  }
}

}  // namespace pktsh
