// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstdint>

namespace pktsh {

// Quiescent-state-based reclamation with one updater. A reader passes a quiescent state whenever it holds no pointer into
// what the domain protects, and is offline while it blocks. The updater unlinks, calls start() for a cookie, and may free
// what it unlinked once poll(cookie) is true. Every edge is an acquire/release pair or an RMW on one variable, without
// fences, so that ThreadSanitizer sees it. 64-bit only: epochs never wrap.
//
// `Atomic` is std::atomic, but for the explorer of native/test/model, which runs this very code through every execution that
// its memory orders allow.

using Cookie = uint64_t;

inline constexpr size_t kMaxSlots = 256;      // one a CPU in use; a scan costs 2.5 ns a claimed slot
inline constexpr size_t kSlotAlignment = 128; // two cache lines: the prefetcher fetches them in pairs

template <template <typename> class Atomic>
struct alignas(kSlotAlignment) BasicSlot {
  Atomic<uint64_t> ctr{0};         // the newest epoch that its reader has seen; 0: offline
  std::atomic<uint8_t> phase{0};   // what the reader is doing, for stall reports
  std::atomic<int32_t> tid{0};
  std::atomic<int32_t> cpu{0};
};

template <template <typename> class Atomic>
class BasicReader;

template <template <typename> class Atomic>
class BasicDomain {
 public:
  using Slot = BasicSlot<Atomic>;

  BasicDomain() = default;
  BasicDomain(const BasicDomain&) = delete;
  BasicDomain& operator=(const BasicDomain&) = delete;

  // A free slot, nullptr if there is none. By the updater, before the reader's thread exists: so there is no registration
  // race. Slots are scanned up to a high-water mark; unclaimed ones are offline, and thereby free of charge.
  [[nodiscard]] Slot* claim() {
    for (size_t i = 0; i < kMaxSlots; i++) {
      if (claimed_[i]) continue;
      claimed_[i] = true;
      used_ = std::max(used_, i + 1);
      return &slots_[i];
    }
    return nullptr;
  }
  // By the updater, once the reader's thread was joined (and so is offline).
  void release(Slot* slot) { claimed_[static_cast<size_t>(slot - slots_.data())] = false; }

  // Begins a grace period: to be called after the unlinking in program order. Never blocks.
  [[nodiscard]] Cookie start() {
    // acq_rel RMW: release publishes the unlinking to readers that see the new epoch (the RMW keeps the release sequence
    // unbroken), and being an RMW it cannot be passed by the loads of the following poll
    return gp_.fetch_add(1, std::memory_order_acq_rel) + 1;
  }

  // Whether every reader has passed a quiescent state since start() gave the cookie. By the updater.
  [[nodiscard]] bool poll(Cookie cookie) {
    if (cookie > done()) scan();
    return cookie <= done();
  }
  // The cookie up to which everything has completed, as of the last poll. From any thread.
  [[nodiscard]] Cookie done() const {
    return done_.load(std::memory_order_acquire);  // acquire: what completed is over for whoever sees it
  }
  // The newest cookie given. By the updater.
  [[nodiscard]] Cookie newest() const {
    return gp_.load(std::memory_order_relaxed);  // relaxed: the updater is its only writer
  }

  // Calls `visit` with each slot whose reader holds up the cookie. By the updater; a diagnosis, not a proof.
  template <typename Visit>
  void holders(Cookie cookie, Visit visit) const {
    for (size_t i = 0; i < used_; i++) {
      const uint64_t seen = slots_[i].ctr.load(std::memory_order_relaxed);  // relaxed: only reported
      if (seen != 0 && seen < cookie) visit(slots_[i]);
    }
  }

 private:
  friend class BasicReader<Atomic>;

  void scan() {
    uint64_t low = newest();
    for (size_t i = 0; i < used_; i++) {
      // acquire: the reader's earlier uses happen before the free that follows
      uint64_t seen = slots_[i].ctr.load(std::memory_order_acquire);
      if (seen == 0) {
        // An offline slot must be observed by an RMW: then a later online() reads from it and sees the unlinking.
        // acq_rel for that; acquire on failure, since a failed exchange is only a load. Strong: a spurious failure would
        // leave 0 without having been an RMW. On failure `seen` is the reader's epoch.
        slots_[i].ctr.compare_exchange_strong(seen, 0, std::memory_order_acq_rel, std::memory_order_acquire);
      }
      if (seen != 0) low = std::min(low, seen);
    }
    // Monotonic: an online() that was preempted between its load and its exchange shows an old epoch late, which delays
    // grace periods to come but takes back none. release: see done()
    if (low > done_.load(std::memory_order_relaxed)) done_.store(low, std::memory_order_release);
  }

  alignas(kSlotAlignment) Atomic<uint64_t> gp_{1};  // on a line of its own: written by updates, read by every reader
  alignas(kSlotAlignment) Atomic<uint64_t> done_{1};
  size_t used_ = 0;
  std::array<bool, kMaxSlots> claimed_{};
  std::array<Slot, kMaxSlots> slots_{};
};

// A reader's side of its slot; lives on its thread's stack and is handed down as a parameter.
template <template <typename> class Atomic>
class BasicReader {
 public:
  BasicReader(const BasicDomain<Atomic>& domain, BasicSlot<Atomic>& slot) : domain_(domain), slot_(slot) {}
  ~BasicReader() { assert(local_ == 0); }
  BasicReader(const BasicReader&) = delete;
  BasicReader& operator=(const BasicReader&) = delete;

  // Begins to read. Nothing may be loaded from what the domain protects before.
  void online() {
    assert(local_ == 0);
    local_ = domain_.gp_.load(std::memory_order_acquire);  // acquire: an epoch seen implies its unlinking seen
    // acq_rel RMW: comes before or after the updater's RMW on this variable; before, the updater sees us; after, we see
    // the unlinking. The RMW closes the race with poll, not the value.
    slot_.ctr.exchange(local_, std::memory_order_acq_rel);
  }

  // No pointer into what the domain protects may live across this call. True if a grace period had begun since the last.
  bool quiescent() {
    assert(local_ != 0 && held_ == 0);
    // relaxed: an epoch that was seen before brings nothing with it
    if (domain_.gp_.load(std::memory_order_relaxed) == local_) [[likely]] return false;
    // Loaded anew: were the first one kept, g++ would move it into local_ at every call.
    const uint64_t epoch = domain_.gp_.load(std::memory_order_acquire);  // acquire: as in online()
    local_ = epoch;
    slot_.ctr.store(epoch, std::memory_order_release);  // release: earlier uses come before the acknowledgement
    return true;
  }

  // As quiescent(), until online() again; around everything that blocks.
  void offline() {
    assert(local_ != 0 && held_ == 0);
    local_ = 0;
    slot_.ctr.store(0, std::memory_order_release);  // release: earlier uses come before the free
  }

  [[nodiscard]] BasicSlot<Atomic>& slot() const { return slot_; }

  // Marks the span in which pointers are held; a quiescent state inside is caught where assertions are on.
  class Section {
   public:
    explicit Section(BasicReader& reader) : reader_(reader) { reader_.held_++; }
    ~Section() { reader_.held_--; }
    Section(const Section&) = delete;
    Section& operator=(const Section&) = delete;

   private:
    BasicReader& reader_;
  };

 private:
  const BasicDomain<Atomic>& domain_;
  BasicSlot<Atomic>& slot_;
  uint64_t local_ = 0;  // the slot's value, so that an unchanged epoch costs one load
  uint32_t held_ = 0;
};

using Slot = BasicSlot<std::atomic>;
using Domain = BasicDomain<std::atomic>;
using Reader = BasicReader<std::atomic>;

}  // namespace pktsh
