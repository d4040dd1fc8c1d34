// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace pktsh {

// The log-linear layout of runtime/histogram.ts: exact below 2^5, then 2^5 buckets an octave (a bucket is at most 1/32 of
// its values wide); values from 2^40 (18 minutes in nanoseconds) share the last bucket.
inline constexpr uint32_t kHistogramSubBits = 5;
inline constexpr uint32_t kHistogramOctaves = 40;
inline constexpr uint32_t kHistogramBuckets = (kHistogramOctaves - kHistogramSubBits + 1) << kHistogramSubBits;

[[nodiscard]] constexpr uint32_t histogram_bucket(uint64_t value) {
  constexpr uint64_t sub_buckets = uint64_t{1} << kHistogramSubBits;
  if (value < sub_buckets) return static_cast<uint32_t>(value);
  const uint32_t octave = static_cast<uint32_t>(std::bit_width(value)) - 1;
  if (octave >= kHistogramOctaves) return kHistogramBuckets - 1;
  const uint64_t sub = (value >> (octave - kHistogramSubBits)) - sub_buckets;
  return static_cast<uint32_t>(((octave - kHistogramSubBits + 1) << kHistogramSubBits) + sub);
}

// The smallest value of a bucket.
[[nodiscard]] constexpr uint64_t histogram_bucket_start(uint32_t bucket) {
  constexpr uint32_t sub_buckets = uint32_t{1} << kHistogramSubBits;
  if (bucket < sub_buckets) return bucket;
  const uint32_t shift = bucket / sub_buckets - 1;
  return uint64_t{sub_buckets + bucket % sub_buckets} << shift;
}

// Counts by bucket (cut off after the last one that is not 0), their sum, and the greatest value recorded, exact.
struct HistogramSnapshot {
  std::vector<uint64_t> counts;
  uint64_t total = 0;
  uint64_t max = 0;

  void add(const HistogramSnapshot& other) {
    if (counts.size() < other.counts.size()) counts.resize(other.counts.size());
    for (size_t i = 0; i < other.counts.size(); i++) counts[i] += other.counts[i];
    total += other.total;
    max = std::max(max, other.max);
  }
};

// A histogram with one writer; any thread may take a snapshot, which is exact once the writer has stopped.
class Histogram {
 public:
  void record(uint64_t value, uint64_t times = 1) {
    add(counts_[histogram_bucket(value)], times);
    // relaxed: one writer, and readers want each word alone
    if (value > max_.load(std::memory_order_relaxed)) max_.store(value, std::memory_order_relaxed);
  }

  // By whoever is the writer just then.
  void clear() {
    // relaxed: as a writer's own
    for (std::atomic<uint64_t>& count : counts_) count.store(0, std::memory_order_relaxed);
    max_.store(0, std::memory_order_relaxed);
  }

  [[nodiscard]] HistogramSnapshot snapshot() const {
    HistogramSnapshot result;
    size_t used = kHistogramBuckets;
    // relaxed: exactness comes from the grace period before the final snapshot, not from these loads
    while (used > 0 && counts_[used - 1].load(std::memory_order_relaxed) == 0) used--;
    result.counts.reserve(used);
    for (size_t i = 0; i < used; i++) {
      result.counts.push_back(counts_[i].load(std::memory_order_relaxed));  // relaxed: as above
      result.total += result.counts.back();
    }
    result.max = max_.load(std::memory_order_relaxed);  // relaxed: as above
    return result;
  }

 private:
  static void add(std::atomic<uint64_t>& counter, uint64_t times) {
    // relaxed load and store instead of an RMW: one writer
    counter.store(counter.load(std::memory_order_relaxed) + times, std::memory_order_relaxed);
  }

  std::array<std::atomic<uint64_t>, kHistogramBuckets> counts_{};
  std::atomic<uint64_t> max_{0};
};

}  // namespace pktsh
