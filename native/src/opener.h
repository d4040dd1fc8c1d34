// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "lab_client.h"
#include "thread.h"

namespace pktsh {

// What only the opener thread touches.
struct OpenerWorld {
  std::unique_ptr<LabClient> lab;
};

// The thread for kernel work that blocks for milliseconds: opening and closing ports, receivers and the lab, in the order
// asked. Its user is the control thread.
class Opener {
 public:
  using Work = std::function<void(OpenerWorld&)>;

  explicit Opener(const std::function<void()>& wake) : wake_(wake) {}
  ~Opener() { stop(); }
  Opener(const Opener&) = delete;
  Opener& operator=(const Opener&) = delete;

  // Does `work` on the thread, then asks for poll(), which calls `done` (may be empty). Where no thread can be had, `work`
  // is left out and `done` is called alone.
  void post(Work work, std::function<void()> done);
  // As post(), but done even if the opener is stopped before: for what must be given back.
  void dispose(Work work);
  // Calls `done` of what has been done.
  void poll();
  // Posted and not yet polled.
  [[nodiscard]] size_t outstanding() const { return outstanding_; }
  // Whether to wake the control thread once a second, for what it does by time.
  void tick(bool on);
  // Finishes the task under way, disposes of what must be, ends the thread and the lab. `done` is called no more, also of
  // what is posted after that.
  void stop();

 private:
  struct Task {
    Work work;
    std::function<void()> done;
    bool must = false;
  };

  static void* body(void* self);
  void loop();
  void push(Task task);
  [[nodiscard]] bool running();
  // On the control thread.
  [[nodiscard]] bool stopped() const {
    return stop_.load(std::memory_order_relaxed);  // relaxed: this thread's own store
  }

  const std::function<void()>& wake_;
  Thread thread_;
  bool started_ = false;
  size_t outstanding_ = 0;
  std::atomic<bool> tick_{false};
  std::atomic<bool> stop_{false};
  std::atomic<uint32_t> posted_{0};  // futex word

  std::mutex mutex_;  // guards the two below; nothing is called while it is held
  std::deque<Task> tasks_;
  std::vector<std::function<void()>> finished_;

  OpenerWorld world_;
};

}  // namespace pktsh
