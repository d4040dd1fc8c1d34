// SPDX-License-Identifier: Apache-2.0
#include "pace.h"

#include <algorithm>

namespace pktsh {

namespace {

bool scheduled(const Pacing& pacing) { return pacing.paced && !pacing.paused; }

void publish_schedule(const Progress& progress, StatsRecord& record, uint64_t count) {
  ScheduleFigures figures;
  figures.asked_base = progress.asked_base;
  figures.anchor = progress.anchor;
  figures.gap_ns = progress.pacing.gap.ns;
  figures.gap_fraction = progress.pacing.gap.fraction;
  figures.burst = progress.pacing.burst;
  figures.limit = count > progress.sent_before ? count - progress.sent_before : 0;
  stats_set_schedule(record, figures);
}

// From here on the schedule counts anew, beginning with a pass at `at`.
void anchor(Progress& progress, int64_t at) {
  progress.next = {at, 0};
  progress.left = progress.pacing.burst;
  progress.passes = 0;
  progress.anchor = at;
}

void change_pace(Progress& progress, const Pacing& pacing, int64_t now) {
  const Pacing old = progress.pacing;
  if (progress.anchor != 0) {
    progress.asked_base += passes_due(progress.anchor, old.gap.ns, old.gap.fraction, now) * old.burst;
  }
  progress.pacing = pacing;
  const bool begun = progress.last_at != 0 || progress.next.ns <= now;
  if (!scheduled(pacing)) {
    progress.left = pacing.burst;
    progress.passes = 0;
    progress.anchor = 0;
    if (begun) progress.next = {now, 0};  // else it still waits for the common instant
    return;
  }
  anchor(progress, begun ? std::max(now, progress.last_at + pacing.gap.ns) : progress.next.ns);
}

}  // namespace

void adopt(Progress& progress, Run& run, const Cfg& cfg, int64_t now) {
  if (progress.cfg != cfg.serial) {
    progress.cfg = cfg.serial;
    cfg.builder.adopt(progress.generators);
    if (progress.pacing != cfg.pacing) change_pace(progress, cfg.pacing, now);
  }
  if (progress.run != run.serial) {
    progress.run = run.serial;
    progress.sent_before = progress.sent;
    progress.asked_base = 0;
    progress.passes = 0;
    if (scheduled(progress.pacing)) {
      // The rest of a pass under way counts for the new Run, the passes after it by the schedule.
      Instant first = progress.next;
      if (progress.left < progress.pacing.burst) {
        progress.asked_base = progress.left;
        progress.passes--;  // its end makes that 0
        first.advance(progress.pacing.gap);
      }
      progress.anchor = first.ns;
    }
  }
  publish_schedule(progress, *run.record, cfg.count);
}

Schedule::Place settle(const Progress& progress, int64_t now, int64_t& due) {
  const Pacing& pacing = progress.pacing;
  if (pacing.paced && pacing.paused) return Schedule::Place::none;
  due = progress.next.ns;
  if (due > now) return Schedule::Place::timed;
  if (!pacing.paced) return Schedule::Place::ready;
  // One that is more than a gap behind takes turns with the others, or it would starve them.
  return now - due > pacing.gap.ns ? Schedule::Place::ready : Schedule::Place::timed;
}

void skip_missed(Progress& progress, Run& run, int64_t now) {
  const Pacing& pacing = progress.pacing;
  if (!scheduled(pacing) || progress.next.ns > now) return;
  const uint64_t missed = passes_due(progress.next.ns, pacing.gap.ns, pacing.gap.fraction, now) - 1;
  if (missed == 0) return;
  // The pass under way loses what is left of it, those behind it are lost whole.
  stats_add(run.record->skipped, progress.left + (missed - 1) * pacing.burst);
  progress.next.advance(pacing.gap, missed);
  progress.passes += missed;
  progress.left = pacing.burst;
}

uint32_t packets_due(Progress& progress, Run& run, const Cfg& cfg, int64_t now, uint32_t most) {
  const Pacing& pacing = progress.pacing;
  if (!pacing.paced) return most;

  const bool between_passes = progress.left == pacing.burst;
  if (between_passes && now - progress.next.ns > pacing.gap.ns) {
    switch (cfg.late) {
      case LatePolicy::catch_up:
        break;
      case LatePolicy::skip: {
        // Every slot but the newest that is due.
        const uint64_t missed = passes_due(progress.next.ns, pacing.gap.ns, pacing.gap.fraction, now) - 1;
        progress.next.advance(pacing.gap, missed);
        progress.passes += missed;
        stats_add(run.record->skipped, missed * pacing.burst);
        break;
      }
      case LatePolicy::shift:
        stats_add(run.record->late, std::min(pacing.burst, most));
        progress.asked_base += progress.passes * pacing.burst;
        anchor(progress, now);
        publish_schedule(progress, *run.record, cfg.count);
        break;
    }
  }

  uint64_t due = progress.left;
  Instant next = progress.next;
  for (next.advance(pacing.gap); due < most && next.ns <= now; next.advance(pacing.gap)) due += pacing.burst;
  return static_cast<uint32_t>(std::min<uint64_t>(due, most));
}

uint32_t advance_schedule(Progress& progress, uint32_t packets, int64_t now) {
  if (!progress.pacing.paced) return 0;
  uint32_t late = 0;
  while (packets > 0) {
    const uint32_t part = std::min(packets, progress.left);
    if (now - progress.next.ns > progress.pacing.gap.ns) late += part;
    packets -= part;
    progress.left -= part;
    if (progress.left > 0) break;
    progress.left = progress.pacing.burst;
    progress.next.advance(progress.pacing.gap);
    progress.passes++;
  }
  return late;
}

}  // namespace pktsh
