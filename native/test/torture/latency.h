// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdio>

#include "../../src/histogram.h"

namespace pktsh::torture {

// Of grace periods, from begin to the updater's noticing the end, in microseconds; quantiles are bucket starts. Below them how
// many took less than each power of ten, those of the powers before left out.
inline void print_latency(const HistogramSnapshot& latency) {
  std::printf("  latency us");
  for (const double quantile : {0.5, 0.9, 0.99, 0.999}) {
    uint64_t below = 0;
    uint32_t bucket = 0;
    while (bucket < latency.counts.size()) {
      below += latency.counts[bucket];
      if (static_cast<double>(below) >= quantile * static_cast<double>(latency.total)) break;
      bucket++;
    }
    std::printf(" p%g %.1f", quantile * 100, static_cast<double>(histogram_bucket_start(bucket)) / 1e3);
  }
  std::printf(" max %.1f\n  took us", static_cast<double>(latency.max) / 1e3);
  uint64_t limit = 1000;  // ns
  uint64_t count = 0;
  for (uint32_t bucket = 0; bucket < latency.counts.size(); bucket++) {
    if (histogram_bucket_start(bucket) >= limit) {
      std::printf(" <%llu: %llu", static_cast<unsigned long long>(limit / 1000), static_cast<unsigned long long>(count));
      limit *= 10;
      count = 0;
    }
    count += latency.counts[bucket];
  }
  std::printf(" more: %llu\n", static_cast<unsigned long long>(count));
}

}  // namespace pktsh::torture
