// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "clock.h"
#include "histogram.h"

namespace pktsh {

// Times of a stream's first copies, in nanoseconds. Latency: from the stamp in the frame to the kernel's own time of
// arrival, both CLOCK_REALTIME. A gap: from one arrival to the next. Variation: how much the latencies of two frames that
// arrive one after the other differ, RFC 3550's D(i-1, i) (6.4.1) before its smoothing, which is RFC 3393's one-way delay
// variation of consecutive packets; its mean is the jitter.
struct TimingSnapshot {
  HistogramSnapshot latency, gaps;
  uint64_t variation = 0, variations = 0;  // sum of absolute differences (ns), and how many there are
  uint64_t negative = 0;                   // stamps later than their arrival: clocks that disagree
  uint64_t untimed = 0;                    // frames without a stamp

  void add(const TimingSnapshot& other) {
    latency.add(other.latency);
    gaps.add(other.gaps);
    variation += other.variation;
    variations += other.variations;
    negative += other.negative;
    untimed += other.untimed;
  }
};

// Its one writer is the receiver thread; see Histogram for readers.
class ArrivalTiming {
 public:
  // `stamp` is 0 for a frame without one. Two CPUs may deliver frames so that a later one has the earlier time: no gap then.
  void record(int64_t arrival, int64_t stamp) {
    if (last_arrival_ != 0) gaps_.record(arrival > last_arrival_ ? static_cast<uint64_t>(arrival - last_arrival_) : 0);
    last_arrival_ = arrival;
    if (stamp == 0) {
      add(untimed_, 1);
      has_transit_ = false;
      return;
    }
    const int64_t transit = arrival - stamp;
    if (transit < 0) {
      add(negative_, 1);
    } else {
      latency_.record(static_cast<uint64_t>(transit));
    }
    if (has_transit_) {
      add(variation_, static_cast<uint64_t>(transit > last_transit_ ? transit - last_transit_ : last_transit_ - transit));
      add(variations_, 1);
    }
    last_transit_ = transit;
    has_transit_ = true;
  }

  // By whoever is the writer just then. The next frame has no predecessor.
  void clear() {
    latency_.clear();
    gaps_.clear();
    // relaxed: as a writer's own
    for (std::atomic<uint64_t>* figure : {&variation_, &variations_, &negative_, &untimed_}) {
      figure->store(0, std::memory_order_relaxed);
    }
    last_arrival_ = 0;
    has_transit_ = false;
  }

  [[nodiscard]] TimingSnapshot snapshot() const {
    // relaxed: each is a figure of its own, exact once the frames have stopped coming
    const auto read = [](const std::atomic<uint64_t>& figure) { return figure.load(std::memory_order_relaxed); };
    return {latency_.snapshot(), gaps_.snapshot(), read(variation_), read(variations_), read(negative_), read(untimed_)};
  }

 private:
  static void add(std::atomic<uint64_t>& figure, uint64_t amount) {
    // relaxed load and store instead of an RMW: one writer
    figure.store(figure.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }

  Histogram latency_, gaps_;
  std::atomic<uint64_t> variation_{0}, variations_{0}, negative_{0}, untimed_{0};
  // The writer's own.
  int64_t last_arrival_ = 0;  // 0: none yet
  int64_t last_transit_ = 0;
  bool has_transit_ = false;
};

// Bounds of CLOCK_REALTIME - CLOCK_MONOTONIC. NTP slews both alike, so the difference moves only when the wall clock is set.
struct ClockDifference {
  int64_t lowest = 0, highest = 0;

  [[nodiscard]] static ClockDifference measure() {
    const int64_t before = monotonic_now();
    const int64_t wall = clock_ns(CLOCK_REALTIME);
    return {wall - monotonic_now(), wall - before};
  }

  // Whether the wall clock was set between the two measurements, beyond doubt: being preempted only widens the bounds.
  [[nodiscard]] bool differs(const ClockDifference& other) const {
    // Stamps have whole microseconds: a step below that spoils nothing, and the two clocks round apart by a nanosecond.
    return lowest > other.highest + kMicrosecond || other.lowest > highest + kMicrosecond;
  }
};

}  // namespace pktsh
