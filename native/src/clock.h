// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <ctime>

namespace pktsh {

inline constexpr int64_t kMicrosecond = 1'000;      // ns
inline constexpr int64_t kMillisecond = 1'000'000;  // ns
inline constexpr int64_t kSecond = 1'000'000'000;   // ns

[[nodiscard]] inline int64_t clock_ns(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<int64_t>(now.tv_sec) * kSecond + now.tv_nsec;
}

// Schedules and durations: nanoseconds of CLOCK_MONOTONIC.
[[nodiscard]] inline int64_t monotonic_now() { return clock_ns(CLOCK_MONOTONIC); }

// CLOCK_REALTIME from a reading of CLOCK_MONOTONIC, so that one clock read serves both. The two differ by a constant but
// for steps of the wall clock (NTP slews both alike), so a stamp is wrong only within kRefresh after a step, and a step
// during a run invalidates latencies anyway. Between two reads a thread may be preempted: of a few brackets the
// narrowest counts, half its width (below 50 ns) is the offset's error.
class RealtimeOffset {
 public:
  [[nodiscard]] int64_t realtime(int64_t monotonic) {
    if (monotonic - measured_at_ >= kRefresh) [[unlikely]] measure();
    return monotonic + offset_;
  }

 private:
  static constexpr int64_t kRefresh = 10 * kMillisecond;  // 100 measurements a second cost 30 us of it
  static constexpr int kBrackets = 4;

  void measure() {
    int64_t narrowest = INT64_MAX;
    for (int i = 0; i < kBrackets; i++) {
      const int64_t before = monotonic_now();
      const int64_t wall = clock_ns(CLOCK_REALTIME);
      const int64_t after = monotonic_now();
      if (after - before < narrowest) {
        narrowest = after - before;
        offset_ = wall - (before + (after - before) / 2);
      }
      measured_at_ = after;
    }
  }

  int64_t offset_ = 0;
  int64_t measured_at_ = INT64_MIN / 2;  // so that the first use measures, without overflow
};

}  // namespace pktsh
