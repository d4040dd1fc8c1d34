// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace pktsh {

enum class Arrival : uint8_t {
  in_order,   // above everything seen so far
  reordered,  // below the highest seen (RFC 4737, section 3), for the first time
  duplicate,  // seen before
};

// What has arrived of one stream: its 32-bit sequence numbers unwrapped to 64 bits, and which of the latest ones were seen.
class SequenceWindow {
 public:
  // At 1 Mpps these are 65 ms, longer than any queue on a path that keeps that rate, for 8 KiB of memory. What comes
  // later still counts as reordered, since nothing can tell a copy from a first arrival any more.
  static constexpr uint32_t kSize = 65536;

  [[nodiscard]] Arrival record(uint32_t sequence) {
    if (!started_) {
      started_ = true;
      // One turn of the 32 bits is kept below the first number, for what it overtook.
      highest_ = (uint64_t{1} << 32) | sequence;
      mark(highest_);
      return Arrival::in_order;
    }
    // The nearer way round the circle of 32 bits (RFC 1982).
    const auto ahead = static_cast<int32_t>(sequence - static_cast<uint32_t>(highest_));
    if (ahead > 0) {
      advance(static_cast<uint32_t>(ahead));
      mark(highest_);
      return Arrival::in_order;
    }
    const uint64_t behind = -static_cast<int64_t>(ahead);
    if (behind >= kSize) return Arrival::reordered;
    if (seen(highest_ - behind)) return Arrival::duplicate;
    mark(highest_ - behind);
    return Arrival::reordered;
  }

  void reset() { *this = SequenceWindow(); }

  // The highest sequence number so far; numbers begin at 2^32 plus the first one seen. 0 before that.
  [[nodiscard]] uint64_t highest() const { return highest_; }

 private:
  void advance(uint32_t ahead) {
    if (ahead >= kSize) {
      seen_.fill(0);
    } else {
      for (uint64_t next = highest_ + 1; next <= highest_ + ahead; next++) word(next) &= ~bit(next);
    }
    highest_ += ahead;
  }
  void mark(uint64_t number) { word(number) |= bit(number); }
  [[nodiscard]] bool seen(uint64_t number) { return (word(number) & bit(number)) != 0; }
  [[nodiscard]] uint64_t& word(uint64_t number) { return seen_[number % kSize / 64]; }
  [[nodiscard]] static uint64_t bit(uint64_t number) { return uint64_t{1} << (number % 64); }

  std::array<uint64_t, kSize / 64> seen_{};
  uint64_t highest_ = 0;
  bool started_ = false;
};

}  // namespace pktsh
