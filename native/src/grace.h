// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "engine.h"
#include "events.h"
#include "histogram.h"

namespace pktsh {

// The control thread's account of grace periods: what is pending since when, how long they took, and who holds them up.
class GracePeriods {
 public:
  explicit GracePeriods(ControlLine& line) : line_(line) {}

  // Begins a grace period, after whatever was unlinked.
  [[nodiscard]] Cookie begin(int64_t now);
  // Looks where the readers are; everything up to the cookie returned has ended.
  [[nodiscard]] Cookie scan();
  // Takes what has ended up to `done` off the account; true if anything had been pending.
  bool settle(Cookie done, int64_t now);
  // Who holds up the oldest grace period, where that is more than 100 ms old: said at that age and at twice the last one
  // reported from then on. Without a grace period under way no stall would be noticed, so one a second begins by itself
  // while `watching`.
  [[nodiscard]] std::vector<Event> stalls(int64_t now, bool watching);
  // At the end, when nobody is interested any more.
  void forget() { pending_.clear(); }

  [[nodiscard]] bool pending() const { return !pending_.empty(); }
  // The newest cookie taken off the account.
  [[nodiscard]] Cookie completed() const { return completed_; }
  [[nodiscard]] GraceSnapshot snapshot() const;
  // Those that somebody asked for and that have not ended, oldest first.
  [[nodiscard]] std::vector<PendingGrace> under_way(int64_t now) const;

 private:
  struct Pending {
    Cookie cookie = 0;
    int64_t begun_at = 0;
    bool asked = true;  // false: begun by the watch
  };

  [[nodiscard]] Cookie begin(int64_t now, bool asked);

  ControlLine& line_;
  std::deque<Pending> pending_;
  Cookie completed_ = 1;     // the domain's first epoch
  uint64_t ended_ = 0;
  uint64_t stalled_ = 0;
  Histogram latency_;        // ns from begin() to settle()
  int64_t report_after_ = 0; // age of the oldest at which it is reported, 0: not decided
  int64_t watched_at_ = 0;
};

}  // namespace pktsh
