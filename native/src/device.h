// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "driver.h"
#include "engine.h"
#include "frame_builder.h"
#include "histogram.h"
#include "stats_page.h"

namespace pktsh {

// A time of the schedule, with the binary fraction of Gap.
struct Instant {
  int64_t ns = 0;
  uint32_t fraction = 0;

  void advance(const Gap& gap, uint64_t times = 1) {
    constexpr int kFractionBits = 32;
    const unsigned __int128 step = (static_cast<unsigned __int128>(gap.ns) << kFractionBits) | gap.fraction;
    const unsigned __int128 at = ((static_cast<unsigned __int128>(ns) << kFractionBits) | fraction) + step * times;
    ns = static_cast<int64_t>(at >> kFractionBits);
    fraction = static_cast<uint32_t>(at);
  }
};

// Gaps from pass to pass; where a schedule counts bytes they follow from the bytes of the pass.
struct Pacing {
  bool paced = false;
  bool paused = false;
  Gap gap;       // the longest that can come: who is behind by more is late
  uint32_t burst = 1;
  Gap mean = gap;  // what the schedule comes to
  Gap byte = {};   // for each byte; zero: every gap is `gap`
  [[nodiscard]] bool per_byte() const { return !byte.zero(); }
};

// A device's configuration: immutable, replaced as a whole.
struct Cfg {
  uint64_t serial = 0;  // never reused
  FrameBuilder builder;
  Pacing pacing;
  uint64_t count = 0;
  LatePolicy late = LatePolicy::catch_up;
  uint32_t clones = 1;
  uint32_t priority = 0;
};

// Where a device stands between start and stop. Of its sender alone while a published Run points to it; handed on from Run
// to Run when counters are cleared, so that schedule, sequence and generators go on unbroken.
struct Progress {
  Pacing pacing;      // as followed now
  Instant next;       // when the pass under way, or the next one, is due; before the beginning: the common instant
  uint32_t left = 1;  // packets left of that pass
  uint64_t passes = 0;      // finished since the anchor
  uint64_t pass_bytes = 0;  // packets' of the pass under way
  uint64_t asked_base = 0;  // as in StatsRecord
  int64_t anchor = 0;       // as in StatsRecord
  uint64_t sequence = 0;    // of the last frame consumed, with all its clones
  uint32_t clones = 0;      // consumed of the frame after that one, which the generators still stand before
  Stamp stamp;              // of that frame, if there are any
  uint64_t sent = 0;        // since start
  uint64_t sent_before = 0; // of those, before the present Run
  int64_t last_at = 0;      // when the last batch was handed over, 0: none yet
  uint64_t cfg = 0;         // serial of the Cfg followed
  uint64_t run = 0;         // serial of the Run counted into
  bool link_down = false;   // the last hand-over found the interface down
  uint32_t stream = 0;      // in the stamp's upper bits
  GeneratorState generators;
};

// What `running` is: published by start, taken out by stop, or by its sender when it ends by itself. Whoever takes it out
// owns its retirement.
struct Run {
  uint64_t serial = 0;  // never reused
  DeviceId device = 0;
  StatsRecord* record = nullptr;
  Progress* progress = nullptr;
  Histogram gaps;

  // Of whoever took the Run out.
  int failure = 0;
  bool owns_progress = true;
  int64_t stopped_at = 0;
  uint64_t stopped_by = 0;  // cookie of the stop() that took it out
  Run* next_ended = nullptr;
};

struct Device {
  std::atomic<Device*> next{nullptr};  // the sender's list; left intact when unlinked, a sender may stand on it
  std::atomic<Run*> run{nullptr};      // nullptr: stopped
  std::atomic<const Cfg*> cfg{nullptr};
  Driver* driver = nullptr;
  DeviceId id = 0;
  uint32_t slot = 0;  // in its sender's schedule

  Device* previous = nullptr;  // of the updater alone
};

}  // namespace pktsh
