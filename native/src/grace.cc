// SPDX-License-Identifier: Apache-2.0
#include "grace.h"

#include <algorithm>

#include "clock.h"

namespace pktsh {

namespace {

constexpr int64_t kStallAge = 100 * kMillisecond;  // a thousand times the longest batch: stuck, or not scheduled
constexpr int64_t kWatch = kSecond;

}  // namespace

Cookie GracePeriods::begin(int64_t now) { return begin(now, true); }

Cookie GracePeriods::begin(int64_t now, bool asked) {
  // relaxed: before start(), whose release publishes it to every sender that sees the new epoch
  line_.waiter.store(true, std::memory_order_relaxed);
  const Cookie cookie = line_.domain.start();
  pending_.push_back({cookie, now, asked});
  if (line_.domain.poll(cookie)) line_.wake();  // nobody is in a read section, so nobody else would tell
  return cookie;
}

Cookie GracePeriods::scan() {
  (void)line_.domain.poll(line_.domain.newest());
  return line_.domain.done();
}

bool GracePeriods::settle(Cookie done, int64_t now) {
  const Cookie before = completed_;
  while (!pending_.empty() && pending_.front().cookie <= done) {
    const Pending& grace = pending_.front();
    if (grace.asked) {
      ended_++;
      latency_.record(static_cast<uint64_t>(std::max<int64_t>(now - grace.begun_at, 0)));
    }
    completed_ = grace.cookie;
    pending_.pop_front();
    report_after_ = 0;
  }
  if (pending_.empty()) line_.waiter.store(false, std::memory_order_relaxed);  // relaxed: a wake too many does no harm
  return completed_ != before;
}

std::vector<Event> GracePeriods::stalls(int64_t now, bool watching) {
  std::vector<Event> events;
  if (pending_.empty()) {
    if (watching && now - watched_at_ >= kWatch) {
      watched_at_ = now;
      (void)begin(now, false);
    }
    return events;
  }
  if (report_after_ == 0) report_after_ = kStallAge;
  const Pending& oldest = pending_.front();
  const int64_t age = now - oldest.begun_at;
  if (age < report_after_) return events;
  line_.domain.holders(oldest.cookie, [&](const Slot& slot) {
    Event event;
    event.kind = Event::Kind::stall;
    event.cpu = slot.cpu.load(std::memory_order_relaxed);  // relaxed: only reported, here and below
    event.tid = slot.tid.load(std::memory_order_relaxed);
    event.phase = static_cast<Phase>(slot.phase.load(std::memory_order_relaxed));
    event.age_ms = age / kMillisecond;
    events.push_back(event);
  });
  // Nobody: the last one has let go since the grace periods were polled, so the next poll ends this one.
  if (events.empty()) return events;
  if (report_after_ == kStallAge) stalled_++;
  report_after_ = 2 * age;
  return events;
}

std::vector<PendingGrace> GracePeriods::under_way(int64_t now) const {
  std::vector<PendingGrace> result;
  for (const Pending& pending : pending_) {
    if (!pending.asked) continue;
    PendingGrace grace{pending.cookie, now - pending.begun_at, {}};
    line_.domain.holders(pending.cookie, [&](const Slot& slot) {
      // relaxed: only reported
      grace.holders.push_back({slot.cpu.load(std::memory_order_relaxed), slot.tid.load(std::memory_order_relaxed),
                               static_cast<Phase>(slot.phase.load(std::memory_order_relaxed))});
    });
    result.push_back(std::move(grace));
  }
  return result;
}

GraceSnapshot GracePeriods::snapshot() const {
  GraceSnapshot snapshot;
  snapshot.completed = ended_;
  snapshot.pending = static_cast<uint64_t>(
      std::count_if(pending_.begin(), pending_.end(), [](const Pending& grace) { return grace.asked; }));
  snapshot.stalls = stalled_;
  snapshot.latency = latency_.snapshot();
  return snapshot;
}

}  // namespace pktsh
