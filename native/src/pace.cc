// SPDX-License-Identifier: Apache-2.0
#include "pace.h"

#include <algorithm>
#include <cerrno>

namespace pktsh {

namespace {

// Of a gap, in nanoseconds: what leaves room to add some of them to a time.
constexpr int64_t kLongestGap = int64_t{1} << 60;
constexpr int kFractionBits = 32;

bool scheduled(const Pacing& pacing) { return pacing.paced && !pacing.paused; }

// A gap that is `times / parts` of another; 0 where it is out of bounds.
Gap scaled(const Gap& gap, unsigned __int128 times, uint64_t parts) {
  const unsigned __int128 whole = (static_cast<unsigned __int128>(gap.ns) << kFractionBits) | gap.fraction;
  unsigned __int128 product = 0;
  if (__builtin_mul_overflow(whole, times, &product)) return {};
  product /= parts;
  const unsigned __int128 ns = product >> kFractionBits;
  if (ns > static_cast<unsigned __int128>(kLongestGap)) return {};
  return {static_cast<int64_t>(ns), static_cast<uint32_t>(product)};
}

// Whether passes go on as they were: where bytes are counted, other sizes are no other schedule.
bool same_schedule(const Pacing& a, const Pacing& b) {
  if (a.paced != b.paced || a.paused != b.paused || a.burst != b.burst || !(a.byte == b.byte)) return false;
  return a.per_byte() || a.gap == b.gap;
}

void publish_schedule(const Progress& progress, StatsRecord& record, uint64_t count) {
  ScheduleFigures figures;
  figures.asked_base = progress.asked_base;
  figures.anchor = progress.anchor;
  figures.gap_ns = progress.pacing.mean.ns;
  figures.gap_fraction = progress.pacing.mean.fraction;
  figures.burst = progress.pacing.burst;
  figures.limit = count > progress.sent_before ? count - progress.sent_before : 0;
  stats_set_schedule(record, figures);
}

// From here on the schedule counts anew, beginning with a pass at `at`.
void anchor(Progress& progress, int64_t at) {
  progress.next = {at, 0};
  progress.left = progress.pacing.burst;
  progress.passes = 0;
  progress.pass_bytes = 0;
  progress.anchor = at;
}

// Where bytes are counted the schedule is known up to the next pass and goes on by the mean: what lies before is kept as a
// sum.
void show_bytes(Progress& progress, Run& run, const Cfg& cfg) {
  progress.asked_base += progress.passes * progress.pacing.burst;
  progress.passes = 0;
  progress.anchor = progress.next.ns;
  publish_schedule(progress, *run.record, cfg.count);
}

void change_pace(Progress& progress, const Pacing& pacing, int64_t now) {
  const Pacing old = progress.pacing;
  if (progress.anchor != 0) {
    progress.asked_base += passes_due(progress.anchor, old.mean.ns, old.mean.fraction, now) * old.burst;
  }
  progress.pacing = pacing;
  const bool begun = progress.last_at != 0 || progress.next.ns <= now;
  if (!scheduled(pacing)) {
    progress.left = pacing.burst;
    progress.passes = 0;
    progress.pass_bytes = 0;
    progress.anchor = 0;
    if (begun) progress.next = {now, 0};  // else it still waits for the common instant
    return;
  }
  anchor(progress, begun ? std::max(now, progress.last_at + pacing.gap.ns) : progress.next.ns);
}

}  // namespace

Result<Pacing> pacing_of(const DeviceSpec& spec, const FrameBuilder& builder) {
  using Made = Result<Pacing>;
  Pacing pacing{spec.paced, spec.paused, spec.gap, spec.burst, spec.gap, {}};
  if (!scheduled(pacing)) return Made::success(pacing);
  if (spec.gap.zero() || spec.gap.ns < 0) return Made::failure(EINVAL, "setting a gap that is not positive");
  if (spec.per_byte) {
    pacing.byte = spec.gap;
    pacing.gap = scaled(spec.gap, static_cast<unsigned __int128>(builder.size()) * spec.burst, 1);
    pacing.mean = scaled(spec.gap, builder.size_sum() * spec.burst, builder.size_parts());
  }
  if (pacing.gap.zero() || pacing.mean.zero() || pacing.gap.ns > kLongestGap) {
    return Made::failure(EINVAL, "setting a gap of centuries");
  }
  return Made::success(pacing);
}

void adopt(Progress& progress, Run& run, const Cfg& cfg, int64_t now) {
  if (progress.cfg != cfg.serial) {
    progress.cfg = cfg.serial;
    cfg.builder.adopt(progress.generators);
    if (same_schedule(progress.pacing, cfg.pacing)) {
      progress.pacing = cfg.pacing;
    } else {
      change_pace(progress, cfg.pacing, now);
    }
    // The frame under way goes out once more at least, in its new form.
    if (progress.clones >= cfg.clones) progress.clones = cfg.clones - 1;
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
        first.advance(progress.pacing.mean);
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

void skip_missed(Progress& progress, Run& run, const Cfg& cfg, int64_t now) {
  const Pacing& pacing = progress.pacing;
  if (!scheduled(pacing) || progress.next.ns > now) return;
  const uint64_t missed = passes_due(progress.next.ns, pacing.mean.ns, pacing.mean.fraction, now) - 1;
  if (missed == 0) return;
  // The pass under way loses what is left of it, those behind it are lost whole.
  stats_add(run.record->skipped, progress.left + (missed - 1) * pacing.burst);
  progress.next.advance(pacing.mean, missed);
  progress.passes += missed;
  progress.left = pacing.burst;
  progress.pass_bytes = 0;
  if (pacing.per_byte()) show_bytes(progress, run, cfg);
}

uint32_t packets_due(Progress& progress, Run& run, const Cfg& cfg, int64_t now, uint32_t most) {
  const Pacing& pacing = progress.pacing;
  if (!pacing.paced) return most;

  const bool between_passes = progress.left == pacing.burst;
  if (between_passes && now - progress.next.ns > pacing.gap.ns) {
    switch (cfg.late) {
      case LatePolicy::catch_up:
        break;
      case LatePolicy::skip:
        skip_missed(progress, run, cfg, now);
        break;
      case LatePolicy::shift:
        stats_add(run.record->late, std::min(pacing.burst, most));
        progress.asked_base += progress.passes * pacing.burst;
        anchor(progress, now);
        publish_schedule(progress, *run.record, cfg.count);
        break;
    }
  }

  // Where bytes are counted, sizes are not known before frames are built: what is due for certain.
  uint64_t due = progress.left;
  Instant next = progress.next;
  for (next.advance(pacing.gap); due < most && next.ns <= now; next.advance(pacing.gap)) due += pacing.burst;
  return static_cast<uint32_t>(std::min<uint64_t>(due, most));
}

uint32_t advance_schedule(Progress& progress, Run& run, const Cfg& cfg, const uint16_t* sizes, uint32_t packets,
                          int64_t now) {
  if (!progress.pacing.paced) return 0;
  const bool per_byte = progress.pacing.per_byte();
  bool ended = false;
  uint32_t late = 0;
  while (packets > 0) {
    const uint32_t part = std::min(packets, progress.left);
    if (now - progress.next.ns > progress.pacing.gap.ns) late += part;
    if (per_byte) progress.pass_bytes += bytes_of(sizes, part);
    sizes += part;
    packets -= part;
    progress.left -= part;
    if (progress.left > 0) break;
    progress.left = progress.pacing.burst;
    if (per_byte) {
      progress.next.advance(progress.pacing.byte, progress.pass_bytes);
      progress.pass_bytes = 0;
    } else {
      progress.next.advance(progress.pacing.gap);
    }
    progress.passes++;
    ended = true;
  }
  if (per_byte && ended) show_bytes(progress, run, cfg);
  return late;
}

}  // namespace pktsh
