// SPDX-License-Identifier: Apache-2.0
#include "../src/arrival_timing.h"

#include "cases.h"

namespace {

using namespace pktsh;
using namespace pktsh::test;

void times_arrivals(Case& test) {
  ArrivalTiming timing;
  // Arrival and stamp; latencies 100, 130, 90.
  timing.record(1'000'100, 1'000'000);
  timing.record(2'000'130, 2'000'000);
  timing.record(2'500'090, 2'500'000);
  const TimingSnapshot seen = timing.snapshot();
  test.equal(seen.latency.total, uint64_t{3}, "latencies");
  test.equal(seen.latency.max, uint64_t{130}, "longest latency");
  test.equal(seen.gaps.total, uint64_t{2}, "gaps");
  test.equal(seen.gaps.max, uint64_t{1'000'030}, "longest gap");
  test.equal(seen.variations, uint64_t{2}, "pairs");
  test.equal(seen.variation, uint64_t{30 + 40}, "sum of differences");
  test.equal(seen.negative + seen.untimed, uint64_t{0}, "spoiled");
}

void counts_what_has_no_latency(Case& test) {
  ArrivalTiming timing;
  timing.record(1'000, 1'500);  // stamped later than it arrived
  timing.record(2'000, 0);      // not stamped
  timing.record(3'000, 2'900);
  timing.record(2'990, 2'900);  // delivered by another CPU, a little earlier
  const TimingSnapshot seen = timing.snapshot();
  test.equal(seen.negative, uint64_t{1}, "negative");
  test.equal(seen.untimed, uint64_t{1}, "untimed");
  test.equal(seen.latency.total, uint64_t{2}, "latencies");
  test.equal(seen.latency.max, uint64_t{100}, "longest latency");
  test.equal(seen.variations, uint64_t{1}, "a frame without a stamp parts the pairs");
  test.equal(seen.variation, uint64_t{10}, "sum of differences");
  test.equal(seen.gaps.total, uint64_t{3}, "gaps");
  test.equal(seen.gaps.max, uint64_t{1'000}, "longest gap");
  test.equal(seen.gaps.counts.at(0), uint64_t{1}, "no gap back in time");
}

void begins_anew(Case& test) {
  ArrivalTiming timing;
  timing.record(1'000, 500);
  timing.record(9'000, 500);
  timing.clear();
  timing.record(10'000, 9'000);
  const TimingSnapshot seen = timing.snapshot();
  test.equal(seen.latency.total, uint64_t{1}, "latencies");
  test.equal(seen.latency.max, uint64_t{1'000}, "longest latency");
  test.equal(seen.gaps.total, uint64_t{0}, "the first frame has none before it");
  test.equal(seen.variations, uint64_t{0}, "nor a pair");
}

void adds_up(Case& test) {
  ArrivalTiming one, other;
  one.record(100, 50);
  one.record(5'000, 50);
  other.record(100, 0);
  other.record(300, 250);
  TimingSnapshot sum = one.snapshot();
  sum.add(other.snapshot());
  test.equal(sum.latency.total, uint64_t{3}, "latencies");
  test.equal(sum.latency.max, uint64_t{4'950}, "longest latency");
  test.equal(sum.gaps.total, uint64_t{2}, "gaps");
  test.equal(sum.untimed, uint64_t{1}, "untimed");
  test.equal(sum.variation, uint64_t{4'900}, "variation");
  uint64_t counted = 0;
  for (const uint64_t count : sum.latency.counts) counted += count;
  test.equal(counted, uint64_t{3}, "buckets");
}

// Bounds, as they are measured before and after: the clock was set where no difference fits both.
void notices_a_set_clock(Case& test) {
  const ClockDifference before{1'000'000, 1'000'200};
  test.check(!before.differs({1'000'100, 1'000'300}), "overlapping");
  test.check(!before.differs({900'000, 5'000'000}), "a measurement that was interrupted");
  test.check(!before.differs({1'000'900, 1'001'100}), "less than stamps can tell");
  test.check(before.differs({1'002'000, 1'002'200}), "forward");
  test.check(before.differs({990'000, 990'200}), "back");
  const ClockDifference now = ClockDifference::measure();
  test.check(now.lowest <= now.highest, "bounds");
  test.check(!ClockDifference::measure().differs(now), "nobody sets the clock here");
}

}  // namespace

int main() {
  Cases cases;
  cases.run("arrivals are timed", times_arrivals);
  cases.run("frames without a latency are counted", counts_what_has_no_latency);
  cases.run("clearing begins anew", begins_anew);
  cases.run("timings add up", adds_up);
  cases.run("a set clock is noticed", notices_a_set_clock);
  return cases.finish();
}
