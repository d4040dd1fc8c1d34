// SPDX-License-Identifier: Apache-2.0
#pragma once

// liburcu-qsbr behind the interface of src/qsbr.h: an implementation that others have proved for many years, to hold the
// tests against, never part of what is shipped (LGPL-2.1-or-later, linked in tests only). Whatever test passes with both
// asks nothing of ours that grace periods do not promise.
//
// It has no cookies before 0.14, so a thread of the domain's own waits for grace periods one after the other. Slots keep
// epochs for reports only. A poll() that nobody holds up waits for that thread, so that tests may ask at once.

#include <urcu/urcu-qsbr.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>

namespace pktsh {

using Cookie = uint64_t;

inline constexpr size_t kMaxSlots = 256;
inline constexpr size_t kSlotAlignment = 128;
// Of a poll() that nobody seems to hold up: our cookie may be over while the grace period that liburcu began later waits for
// a reader that stalls. Below the 100 ms at which a stall is reported.
inline constexpr std::chrono::milliseconds kPatience{90};

struct alignas(kSlotAlignment) Slot {
  std::atomic<uint64_t> ctr{0};
  std::atomic<uint64_t> period{0};  // of liburcu's, the newest that its reader has seen
  std::atomic<uint8_t> phase{0};
  std::atomic<int32_t> tid{0};
  std::atomic<int32_t> cpu{0};
};

class Domain {
 public:
  Domain() : waiter_([this] { wait_for_ever(); }) {}
  ~Domain() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stop_ = true;
    }
    begun_.notify_one();
    waiter_.join();
  }
  Domain(const Domain&) = delete;
  Domain& operator=(const Domain&) = delete;

  [[nodiscard]] Slot* claim() {
    for (size_t i = 0; i < kMaxSlots; i++) {
      if (claimed_[i]) continue;
      claimed_[i] = true;
      used_ = std::max(used_, i + 1);
      return &slots_[i];
    }
    return nullptr;
  }
  void release(Slot* slot) { claimed_[static_cast<size_t>(slot - slots_.data())] = false; }

  [[nodiscard]] Cookie start() {
    Cookie cookie = 0;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      cookie = gp_.fetch_add(1) + 1;
    }
    begun_.notify_one();
    return cookie;
  }

  [[nodiscard]] bool poll(Cookie cookie) {
    if (cookie <= done()) return true;
    // As synchronize_rcu() of a thread that is a reader itself: it is none while it waits.
    const bool reads = urcu_qsbr_read_ongoing() != 0;
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (cookie > done()) {
      bool held = std::chrono::steady_clock::now() > deadline;
      for (size_t i = 0; i < used_; i++) {
        const uint64_t seen = slots_[i].ctr.load();
        held = held || (seen != 0 && seen < cookie);
      }
      if (held) return false;
      if (reads) urcu_qsbr_thread_offline();
      std::this_thread::yield();
      if (reads) urcu_qsbr_thread_online();
    }
    return true;
  }
  [[nodiscard]] Cookie done() const { return done_.load(); }
  [[nodiscard]] Cookie newest() const { return gp_.load(); }

  // Also those that liburcu waits for: its grace period began later than our cookie.
  template <typename Visit>
  void holders(Cookie cookie, Visit visit) const {
    for (size_t i = 0; i < used_; i++) {
      const uint64_t seen = slots_[i].ctr.load();
      const bool waited_for = cookie > done() && slots_[i].period.load() < period_.load();
      if (seen != 0 && (seen < cookie || waited_for)) visit(slots_[i]);
    }
  }

 private:
  friend class Reader;

  void wait_for_ever() {
    for (;;) {
      Cookie next = 0;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        begun_.wait(lock, [this] { return stop_ || gp_.load() > done_.load(); });
        if (stop_) return;
        next = gp_.load();
      }
      period_.fetch_add(1);
      urcu_qsbr_synchronize_rcu();
      done_.store(next);
    }
  }

  std::atomic<uint64_t> gp_{1};
  std::atomic<uint64_t> done_{1};
  std::atomic<uint64_t> period_{0};
  size_t used_ = 0;
  std::array<bool, kMaxSlots> claimed_{};
  std::array<Slot, kMaxSlots> slots_{};
  std::mutex mutex_;
  std::condition_variable begun_;
  bool stop_ = false;
  std::thread waiter_;  // last: it uses the others
};

// To be made, used and destroyed on one thread, one at a time: liburcu knows readers by their threads.
class Reader {
 public:
  Reader(const Domain& domain, Slot& slot) : domain_(domain), slot_(slot) {
    urcu_qsbr_register_thread();
    urcu_qsbr_thread_offline();
  }
  ~Reader() {
    assert(local_ == 0);
    urcu_qsbr_unregister_thread();
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  void online() {
    assert(local_ == 0);
    local_ = domain_.gp_.load();
    slot_.period.store(domain_.period_.load());
    slot_.ctr.store(local_);
    urcu_qsbr_thread_online();
  }
  bool quiescent() {
    assert(local_ != 0 && held_ == 0);
    slot_.period.store(domain_.period_.load());
    urcu_qsbr_quiescent_state();
    const uint64_t epoch = domain_.gp_.load();
    if (epoch == local_) return false;
    local_ = epoch;
    slot_.ctr.store(epoch);
    return true;
  }
  void offline() {
    assert(local_ != 0 && held_ == 0);
    local_ = 0;
    urcu_qsbr_thread_offline();
    slot_.ctr.store(0);
  }

  [[nodiscard]] Slot& slot() const { return slot_; }

  class Section {
   public:
    explicit Section(Reader& reader) : reader_(reader) { reader_.held_++; }
    ~Section() { reader_.held_--; }
    Section(const Section&) = delete;
    Section& operator=(const Section&) = delete;

   private:
    Reader& reader_;
  };

 private:
  const Domain& domain_;
  Slot& slot_;
  uint64_t local_ = 0;
  uint32_t held_ = 0;
};

}  // namespace pktsh
