// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <ctime>
#include <utility>

#include "clock.h"
#include "status.h"

namespace pktsh {

// A joinable thread whose start may fail (std::thread would throw). Signals stay with the host's threads.
class Thread {
 public:
  Thread() = default;
  ~Thread() { join(); }
  Thread(Thread&& other) noexcept : thread_(other.thread_), running_(std::exchange(other.running_, false)) {}
  Thread& operator=(Thread&& other) noexcept {
    join();
    thread_ = other.thread_;
    running_ = std::exchange(other.running_, false);
    return *this;
  }

  // `cpu` -1: anywhere. EINVAL where the CPU does not exist or is not allowed.
  [[nodiscard]] static Result<Thread> start(int cpu, void* (*body)(void*), void* argument) {
    pthread_attr_t attributes;
    if (const int error = pthread_attr_init(&attributes); error != 0) return failed(error);
    if (cpu >= 0) {
      cpu_set_t set;
      CPU_ZERO(&set);
      CPU_SET(static_cast<size_t>(cpu), &set);
      if (const int error = pthread_attr_setaffinity_np(&attributes, sizeof set, &set); error != 0) {
        pthread_attr_destroy(&attributes);
        return failed(error);
      }
    }
    sigset_t all;
    sigset_t old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);  // inherited by the new thread
    Thread thread;
    const int error = pthread_create(&thread.thread_, &attributes, body, argument);
    pthread_sigmask(SIG_SETMASK, &old, nullptr);
    pthread_attr_destroy(&attributes);
    if (error != 0) return failed(error);
    thread.running_ = true;
    return Result<Thread>::success(std::move(thread));
  }

  // Moves a thread that was started to these CPUs. Gives 0 or an errno.
  int move_to(const cpu_set_t& cpus) { return running_ ? pthread_setaffinity_np(thread_, sizeof cpus, &cpus) : 0; }

  void join() {
    if (std::exchange(running_, false)) pthread_join(thread_, nullptr);
  }

 private:
  [[nodiscard]] static Result<Thread> failed(int error) { return Result<Thread>::failure(error, "starting a thread"); }

  pthread_t thread_{};
  bool running_ = false;
};

// Sleeps while the word has the value, until it is woken or the instant (CLOCK_MONOTONIC ns) has come; may also return
// early for no reason.
inline void futex_wait(const std::atomic<uint32_t>& word, uint32_t value, int64_t until) {
  const timespec at = {static_cast<time_t>(until / kSecond), static_cast<long>(until % kSecond)};
  syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, value, &at, nullptr, FUTEX_BITSET_MATCH_ANY);
}
inline void futex_wake(const std::atomic<uint32_t>& word) {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}
static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t), "the kernel compares the word itself");

}  // namespace pktsh
