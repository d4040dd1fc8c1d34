// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace pktsh {

// One Run's live counters, in memory that the host shares with its readers. Every word has one writer at a time: the
// control thread while no sender can reach the Run, its sender from then on; so words are loaded and stored relaxed and
// never tear at 64 bits. `generation_before` and `generation_after` are equal and the same before and after a reader's
// pass over the other words, or the reader tries again: they change when the record goes to another Run and when the
// schedule fields change together. A record is reused only after its Run's grace period; `run` (never reused, 0 while the
// record is free) tells one Run from the next.
struct alignas(64) StatsRecord {
  using Word = std::atomic<uint64_t>;

  Word generation_before{0};
  Word run{0};
  Word device{0};
  Word sent{0};
  Word bytes{0};
  Word errors{0};
  Word late{0};
  Word skipped{0};

  // What the schedule calls for, see asked_packets(). Times are CLOCK_MONOTONIC nanoseconds.
  Word asked_base{0};    // packets called for before `anchor`
  Word anchor{0};        // when the first pass counted by `gap` was due; 0: nothing is called for any more
  Word gap_ns{0};
  Word gap_fraction{0};  // 2^-32 ns
  Word burst{0};         // packets a pass
  Word limit{0};         // the packets that this Run may send, 0: no limit
  Word started_at{0};
  Word last_at{0};       // when the last batch was handed over, 0: none yet

  Word generation_after{0};
  std::array<Word, 7> reserved{};
};

inline constexpr size_t kStatsRecordSize = sizeof(StatsRecord);
static_assert(kStatsRecordSize == 192 && alignof(StatsRecord) == 64, "three cache lines, so that records share none");
static_assert(StatsRecord::Word::is_always_lock_free, "the host reads the words as plain 64-bit integers");

// Where the words are, for readers in other languages.
struct StatsField {
  const char* name;
  uint32_t offset;
};
inline constexpr std::array<StatsField, 17> kStatsFields = {{
    {"generationBefore", offsetof(StatsRecord, generation_before)},
    {"run", offsetof(StatsRecord, run)},
    {"device", offsetof(StatsRecord, device)},
    {"sent", offsetof(StatsRecord, sent)},
    {"bytes", offsetof(StatsRecord, bytes)},
    {"errors", offsetof(StatsRecord, errors)},
    {"late", offsetof(StatsRecord, late)},
    {"skipped", offsetof(StatsRecord, skipped)},
    {"askedBase", offsetof(StatsRecord, asked_base)},
    {"anchor", offsetof(StatsRecord, anchor)},
    {"gapNs", offsetof(StatsRecord, gap_ns)},
    {"gapFraction", offsetof(StatsRecord, gap_fraction)},
    {"burst", offsetof(StatsRecord, burst)},
    {"limit", offsetof(StatsRecord, limit)},
    {"startedAt", offsetof(StatsRecord, started_at)},
    {"lastAt", offsetof(StatsRecord, last_at)},
    {"generationAfter", offsetof(StatsRecord, generation_after)},
}};

// The schedule fields as one value.
struct ScheduleFigures {
  uint64_t asked_base = 0;
  int64_t anchor = 0;
  int64_t gap_ns = 0;
  uint32_t gap_fraction = 0;
  uint32_t burst = 0;
  uint64_t limit = 0;
};

inline void stats_set(StatsRecord::Word& word, uint64_t value) {
  word.store(value, std::memory_order_relaxed);  // relaxed: one writer, no order between counters is promised
}
[[nodiscard]] inline uint64_t stats_get(const StatsRecord::Word& word) {
  return word.load(std::memory_order_relaxed);  // relaxed: as stats_set
}
inline void stats_add(StatsRecord::Word& word, uint64_t value) { stats_set(word, stats_get(word) + value); }

// A change of several words that readers see whole or not at all. To be kept short: readers spin meanwhile.
class StatsChange {
 public:
  explicit StatsChange(StatsRecord& record) : record_(record), generation_(stats_get(record.generation_before) + 1) {
    stats_set(record_.generation_before, generation_);
  }
  ~StatsChange() {
    // release: the changed words come before the closing mark
    record_.generation_after.store(generation_, std::memory_order_release);
  }
  StatsChange(const StatsChange&) = delete;
  StatsChange& operator=(const StatsChange&) = delete;

  void set(StatsRecord::Word& word, uint64_t value) {
    // release: a reader (acquire) that sees the new word sees the opening mark too
    word.store(value, std::memory_order_release);
  }

 private:
  StatsRecord& record_;
  uint64_t generation_;
};

inline void stats_set_schedule(StatsRecord& record, const ScheduleFigures& figures) {
  StatsChange change(record);
  change.set(record.asked_base, figures.asked_base);
  change.set(record.anchor, static_cast<uint64_t>(figures.anchor));
  change.set(record.gap_ns, static_cast<uint64_t>(figures.gap_ns));
  change.set(record.gap_fraction, figures.gap_fraction);
  change.set(record.burst, figures.burst);
  change.set(record.limit, figures.limit);
}

// The schedule fields, consistent with each other unless the writer was preempted between its two marks: live figures are
// not worth waiting milliseconds for, and when the exact ones are read no writer is left.
[[nodiscard]] inline ScheduleFigures stats_schedule(const StatsRecord& record) {
  const auto get = [](const StatsRecord::Word& word) {
    return word.load(std::memory_order_acquire);  // acquire: pairs with StatsChange::set, see there
  };
  constexpr int kTries = 100;  // a change is six stores; this many looks outlast any that is not preempted
  ScheduleFigures figures;
  for (int i = 0; i < kTries; i++) {
    const uint64_t after = get(record.generation_after);
    figures.asked_base = get(record.asked_base);
    figures.anchor = static_cast<int64_t>(get(record.anchor));
    figures.gap_ns = static_cast<int64_t>(get(record.gap_ns));
    figures.gap_fraction = static_cast<uint32_t>(get(record.gap_fraction));
    figures.burst = static_cast<uint32_t>(get(record.burst));
    figures.limit = get(record.limit);
    if (get(record.generation_before) == after) break;
  }
  return figures;
}

// Passes due from an anchor up to `now`, both included: one at the anchor itself, then one a gap.
[[nodiscard]] inline uint64_t passes_due(int64_t anchor, int64_t gap_ns, uint32_t gap_fraction, int64_t now) {
  if (now < anchor) return 0;
  const unsigned __int128 elapsed = static_cast<unsigned __int128>(now - anchor) << 32;  // gaps have 32 binary digits
  const unsigned __int128 gap = (static_cast<unsigned __int128>(gap_ns) << 32) | gap_fraction;
  return gap == 0 ? 0 : static_cast<uint64_t>(elapsed / gap) + 1;
}

// The packets that the schedule called for up to `now`; `spent` are those that its slots went to without being sent
// (errors and skipped), which a limit on sent packets does not cover. 0 for unpaced devices.
[[nodiscard]] inline uint64_t asked_packets(const ScheduleFigures& figures, int64_t now, uint64_t spent) {
  uint64_t asked = figures.asked_base;
  if (figures.anchor != 0) {
    asked += passes_due(figures.anchor, figures.gap_ns, figures.gap_fraction, now) * figures.burst;
  }
  if (figures.limit != 0 && asked > figures.limit + spent) asked = figures.limit + spent;
  return asked;
}

}  // namespace pktsh
