// SPDX-License-Identifier: Apache-2.0
#include "opener.h"

#include <sys/prctl.h>

#include "clock.h"

namespace pktsh {

bool Opener::running() {
  if (started_) return true;
  Result<Thread> thread = Thread::start(-1, body, this);
  if (!thread.ok()) return false;
  thread_ = std::move(thread.value);
  started_ = true;
  return true;
}

void Opener::push(Task task) {
  if (!running()) {
    if (task.must) task.work(world_);
    if (task.done) {
      const std::scoped_lock lock(mutex_);
      finished_.push_back(std::move(task.done));
    }
    wake_();
    return;
  }
  {
    const std::scoped_lock lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  posted_.fetch_add(1, std::memory_order_relaxed);  // relaxed: the mutex orders the task itself
  futex_wake(posted_);
}

void Opener::post(Work work, std::function<void()> done) {
  if (stopped()) return;
  outstanding_++;
  push({std::move(work), done ? std::move(done) : [] {}, false});
}

void Opener::dispose(Work work) {
  if (stopped()) return work(world_);
  push({std::move(work), nullptr, true});
}

void Opener::poll() {
  std::vector<std::function<void()>> finished;
  {
    const std::scoped_lock lock(mutex_);
    finished.swap(finished_);
  }
  for (const std::function<void()>& done : finished) {
    if (stopped()) return;  // by the callback before
    outstanding_--;
    done();
  }
}

void Opener::tick(bool on) {
  tick_.store(on, std::memory_order_relaxed);  // relaxed: a tick more or less does not matter
}

void Opener::stop() {
  stop_.store(true, std::memory_order_release);  // release: with the tasks posted before
  posted_.fetch_add(1, std::memory_order_relaxed);  // relaxed: only ends the sleep
  futex_wake(posted_);
  thread_.join();
  outstanding_ = 0;
  finished_.clear();  // with the ports and receivers that nobody has taken over; the thread is gone, so no lock
  world_.lab.reset();
}

void* Opener::body(void* self) {
  static_cast<Opener*>(self)->loop();
  return nullptr;
}

void Opener::loop() {
  prctl(PR_SET_NAME, "pktsh-open");
  for (;;) {
    const uint32_t posted = posted_.load(std::memory_order_relaxed);  // relaxed: read before the queue, whose mutex orders
    const bool stopping = stop_.load(std::memory_order_acquire);      // acquire: pairs with stop()
    Task task;
    bool found = false;
    {
      const std::scoped_lock lock(mutex_);
      if (!tasks_.empty()) {
        task = std::move(tasks_.front());
        tasks_.pop_front();
        found = true;
      }
    }
    if (found) {
      if (!stopping || task.must) task.work(world_);
      task.work = nullptr;  // gives back what it captured here, on this thread
      if (task.done) {
        const std::scoped_lock lock(mutex_);
        finished_.push_back(std::move(task.done));
      }
      if (!stopping) wake_();
    } else if (stopping) {
      return;
    } else {
      futex_wait(posted_, posted, monotonic_now() + kSecond);
      if (tick_.load(std::memory_order_relaxed)) wake_();  // relaxed: as tick()
    }
  }
}

}  // namespace pktsh
