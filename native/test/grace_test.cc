// SPDX-License-Identifier: Apache-2.0
// The account of grace periods, with a reader and a clock in the test's hands.
#include "../src/grace.h"

#include <atomic>

#include "../src/clock.h"
#include "harness.h"

using namespace pktsh;

namespace {

struct Bench {
  Bench() : grace(line), slot(line.domain.claim()), reader(line.domain, *slot) {
    line.wake = [this] { woken++; };
    slot->cpu.store(3);
    slot->tid.store(1234);
    slot->phase.store(static_cast<uint8_t>(Phase::send));
  }
  ControlLine line;
  GracePeriods grace;
  Slot* slot;
  Reader reader;
  int woken = 0;
};

void latency_and_figures() {
  Bench bench;
  bench.reader.online();
  const Cookie first = bench.grace.begin(1000);
  const Cookie second = bench.grace.begin(1500);
  CHECK(bench.line.waiter.load());
  CHECK_EQUAL(bench.woken, 0);
  CHECK(!bench.grace.settle(bench.grace.scan(), 1600));
  CHECK_EQUAL(bench.grace.snapshot().pending, 2);
  bench.reader.quiescent();
  CHECK(bench.grace.settle(bench.grace.scan(), 2000));
  CHECK_EQUAL(bench.grace.completed(), second);
  CHECK(first < second);
  CHECK(!bench.line.waiter.load());
  const GraceSnapshot snapshot = bench.grace.snapshot();
  CHECK_EQUAL(snapshot.completed, 2);
  CHECK_EQUAL(snapshot.pending, 0);
  CHECK_EQUAL(snapshot.latency.total, 2);
  CHECK_EQUAL(snapshot.latency.max, 1000);
  bench.reader.offline();
}

// Where nobody reads the host is woken at once: nobody else would tell it.
void tells_at_once_when_nobody_reads() {
  Bench bench;
  (void)bench.grace.begin(0);
  CHECK_EQUAL(bench.woken, 1);
}

void reports_stalls_at_doubling_ages() {
  Bench bench;
  bench.reader.online();
  (void)bench.grace.begin(0);
  struct Row {
    int64_t ms;
    bool reported;
  };
  for (const Row& row : {Row{50, false}, Row{99, false}, Row{100, true}, Row{150, false}, Row{199, false}, Row{200, true},
                         Row{399, false}, Row{450, true}, Row{899, false}, Row{900, true}}) {
    const std::vector<Event> events = bench.grace.stalls(row.ms * kMillisecond, true);
    CHECK_EQUAL(events.size(), row.reported ? 1 : 0);
    if (events.empty()) continue;
    CHECK(events[0].kind == Event::Kind::stall);
    CHECK_EQUAL(events[0].cpu, 3);
    CHECK_EQUAL(events[0].tid, 1234);
    CHECK(events[0].phase == Phase::send);
    CHECK_EQUAL(events[0].age_ms, row.ms);
  }
  CHECK_EQUAL(bench.grace.snapshot().stalls, 1);
  bench.reader.quiescent();
  CHECK(bench.grace.settle(bench.grace.scan(), kSecond));
  // The next one is a stall of its own.
  (void)bench.grace.begin(2 * kSecond);
  CHECK_EQUAL(bench.grace.stalls(2 * kSecond + 99 * kMillisecond, true).size(), 0);
  CHECK_EQUAL(bench.grace.stalls(2 * kSecond + 101 * kMillisecond, true).size(), 1);
  CHECK_EQUAL(bench.grace.snapshot().stalls, 2);
  bench.reader.offline();
}

// Late, but over before anybody could be named: no stall.
void ended_before_it_was_looked_at() {
  Bench bench;
  bench.reader.online();
  (void)bench.grace.begin(0);
  bench.reader.quiescent();
  CHECK_EQUAL(bench.grace.stalls(kSecond, true).size(), 0);
  CHECK_EQUAL(bench.grace.snapshot().stalls, 0);
  bench.reader.offline();
}

// Without a grace period under way nothing would be noticed: one a second begins by itself, and is not counted.
void watches_when_nothing_is_asked() {
  Bench bench;
  bench.reader.online();
  CHECK_EQUAL(bench.grace.stalls(10 * kSecond, false).size(), 0);
  CHECK(!bench.grace.pending());
  CHECK_EQUAL(bench.grace.stalls(10 * kSecond, true).size(), 0);
  CHECK(bench.grace.pending());
  CHECK_EQUAL(bench.grace.snapshot().pending, 0);
  CHECK_EQUAL(bench.grace.stalls(10 * kSecond + 100 * kMillisecond, true).size(), 1);
  bench.reader.offline();
  CHECK(bench.grace.settle(bench.grace.scan(), 11 * kSecond));
  CHECK_EQUAL(bench.grace.snapshot().completed, 0);
  CHECK_EQUAL(bench.grace.snapshot().latency.total, 0);
}

}  // namespace

int main() {
  return test::run({{"grace: latency and figures", latency_and_figures},
                    {"grace: tells at once when nobody reads", tells_at_once_when_nobody_reads},
                    {"grace: stalls are reported at doubling ages", reports_stalls_at_doubling_ages},
                    {"grace: what ended before it was looked at is no stall", ended_before_it_was_looked_at},
                    {"grace: watches when nothing is asked for", watches_when_nothing_is_asked}});
}
