// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>

#include "device.h"
#include "qsbr.h"

namespace pktsh {

// Runs that their senders ended (count reached, interface gone), on the way to the control thread. Many producers, one
// consumer, no allocation: a Run is taken out once, so it is its own list node.
class EndedRuns {
 public:
  void push(Run* run) {
    run->next_ended = head_.load(std::memory_order_relaxed);  // relaxed: the exchange below checks it
    // release: the Run's last figures come before its appearance here
    while (!head_.compare_exchange_weak(run->next_ended, run, std::memory_order_release, std::memory_order_relaxed)) {
    }
  }

  // All of them, oldest first, linked by next_ended.
  [[nodiscard]] Run* take() {
    Run* run = head_.exchange(nullptr, std::memory_order_acquire);  // acquire: pairs with push
    Run* oldest = nullptr;
    while (run != nullptr) {
      Run* const next = run->next_ended;
      run->next_ended = oldest;
      oldest = run;
      run = next;
    }
    return oldest;
  }

 private:
  std::atomic<Run*> head_{nullptr};
};

// What senders share with the control thread.
struct ControlLine {
  Domain domain;
  EndedRuns ended;
  // Set while a grace period is awaited, before its start(): senders that pass a quiescent state then call wake().
  std::atomic<bool> waiter{false};
  std::function<void()> wake;  // any thread
};

}  // namespace pktsh
