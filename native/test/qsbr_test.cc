// SPDX-License-Identifier: Apache-2.0
#include "../src/qsbr.h"

#include <thread>
#include <vector>

#include "../src/histogram.h"
#include "../src/retire.h"
#include "../src/stats_page.h"
#include "harness.h"

using namespace pktsh;

namespace {

void completes_at_once_without_readers() {
  Domain domain;
  const Cookie first = domain.start();
  const Cookie second = domain.start();
  CHECK(second > first);
  CHECK(domain.poll(second));
  CHECK(domain.poll(first));
}

void waits_for_an_online_reader() {
  Domain domain;
  Reader reader(domain, *domain.claim());
  reader.online();
  const Cookie cookie = domain.start();
  CHECK(!domain.poll(cookie));
  CHECK(reader.quiescent());
  CHECK(domain.poll(cookie));
  CHECK(!reader.quiescent());
  reader.offline();
}

void ignores_an_offline_reader() {
  Domain domain;
  Reader reader(domain, *domain.claim());
  reader.online();
  const Cookie cookie = domain.start();
  CHECK(!domain.poll(cookie));
  reader.offline();
  CHECK(domain.poll(cookie));
  reader.online();
  CHECK(domain.poll(cookie));
  const Cookie next = domain.start();
  CHECK(!domain.poll(next));
  reader.offline();
}

#ifndef PKTSH_URCU  // which knows readers by their threads and has no cookies: two things of our own
void waits_for_every_reader() {
  Domain domain;
  Reader a(domain, *domain.claim());
  Reader b(domain, *domain.claim());
  a.online();
  b.online();
  const Cookie first = domain.start();
  CHECK(a.quiescent());
  CHECK(!domain.poll(first));
  const Cookie second = domain.start();
  CHECK(b.quiescent());
  CHECK(domain.poll(first));
  CHECK(!domain.poll(second));
  CHECK(a.quiescent());
  CHECK(domain.poll(second));
  a.offline();
  b.offline();
}
#endif

void names_holders() {
  Domain domain;
  Slot* const slot = domain.claim();
  slot->cpu.store(7);
  Reader reader(domain, *slot);
  reader.online();
  const Cookie cookie = domain.start();
  int holders = 0;
  domain.holders(cookie, [&](const Slot& holder) {
    holders++;
    CHECK_EQUAL(holder.cpu.load(), 7);
  });
  CHECK_EQUAL(holders, 1);
  reader.offline();
  domain.holders(cookie, [&](const Slot&) { holders++; });
  CHECK_EQUAL(holders, 1);
}

void slots_are_bounded_and_reused() {
  Domain domain;
  std::vector<Slot*> slots;
  for (size_t i = 0; i < kMaxSlots; i++) slots.push_back(domain.claim());
  CHECK(domain.claim() == nullptr);
  domain.release(slots[3]);
  CHECK(domain.claim() == slots[3]);
}

#ifndef PKTSH_URCU
// A late reader's old epoch delays what comes, and takes back nothing.
void done_is_monotonic() {
  Domain domain;
  Slot* const slot = domain.claim();
  const Cookie cookie = domain.start();
  CHECK(domain.poll(cookie));
  slot->ctr.store(1);  // as an online() preempted between its load and its exchange
  CHECK(domain.poll(cookie));
  const Cookie next = domain.start();
  CHECK(!domain.poll(next));
  CHECK_EQUAL(domain.done(), cookie);
  slot->ctr.store(0);
  CHECK(domain.poll(next));
}
#endif

struct Reclaims {
  std::vector<int> order;
};
Retired retired(Cookie cookie, int* object, size_t bytes) {
  return {cookie, object,
          [](void* owner, void* what) { static_cast<Reclaims*>(owner)->order.push_back(*static_cast<int*>(what)); }, bytes};
}

void retires_in_order_and_within_bounds() {
  Reclaims reclaims;
  RetireQueue queue(&reclaims, 3, 100);
  int one = 1, two = 2, three = 3, four = 4;
  CHECK_EQUAL(queue.oldest(), 0);
  queue.push(retired(5, &one, 40));
  queue.push(retired(5, &two, 40));
  CHECK(!queue.room(1, 21));
  CHECK(queue.room(1, 20));
  CHECK(!queue.room(2, 0));
  queue.push(retired(6, &three, 20));
  CHECK(!queue.room(1, 0));
  CHECK_EQUAL(queue.oldest(), 5);
  queue.reclaim(4);
  CHECK_EQUAL(queue.items(), 3);
  queue.reclaim(5);
  CHECK(reclaims.order == (std::vector<int>{1, 2}));
  queue.push(retired(9, &four, 80));
  CHECK_EQUAL(queue.bytes(), 100);
  queue.reclaim(100);
  CHECK(reclaims.order == (std::vector<int>{1, 2, 3, 4}));
  CHECK_EQUAL(queue.items() + queue.bytes(), 0);
}

// The layout of runtime/histogram.ts: these pairs hold there too.
void histogram_layout() {
  struct Row {
    uint64_t value;
    uint32_t bucket;
  };
  for (const Row& row : std::vector<Row>{{0, 0},
                                         {31, 31},
                                         {32, 32},
                                         {63, 63},
                                         {64, 64},
                                         {65, 64},
                                         {66, 65},
                                         {1000, 190},
                                         {1'000'000, 509},
                                         {(uint64_t{1} << 32) - 1, 895},
                                         {uint64_t{1} << 32, 896},
                                         {(uint64_t{1} << 40) - 1, 1151},
                                         {uint64_t{1} << 40, 1151},
                                         {UINT64_MAX, 1151}}) {
    CHECK_EQUAL(histogram_bucket(row.value), row.bucket);
  }
  for (uint32_t bucket = 0; bucket < kHistogramBuckets; bucket++) {
    CHECK_EQUAL(histogram_bucket(histogram_bucket_start(bucket)), bucket);
    if (bucket > 0) CHECK_EQUAL(histogram_bucket(histogram_bucket_start(bucket) - 1), bucket - 1);
  }
  Histogram histogram;
  histogram.record(5, 3);
  histogram.record(70);
  const HistogramSnapshot snapshot = histogram.snapshot();
  CHECK_EQUAL(snapshot.total, 4);
  CHECK_EQUAL(snapshot.max, 70);
  CHECK_EQUAL(snapshot.counts.size(), histogram_bucket(70) + 1);
  CHECK_EQUAL(snapshot.counts[5], 3);
}

void asked_by_the_schedule() {
  struct Row {
    ScheduleFigures figures;
    int64_t now;
    uint64_t spent, asked;
  };
  const uint32_t half = 1u << 31;  // half a nanosecond
  for (const Row& row : std::vector<Row>{
           {{0, 1000, 100, 0, 1, 0}, 999, 0, 0},
           {{0, 1000, 100, 0, 1, 0}, 1000, 0, 1},
           {{0, 1000, 100, 0, 1, 0}, 1099, 0, 1},
           {{0, 1000, 100, 0, 1, 0}, 1100, 0, 2},
           {{7, 1000, 100, 0, 3, 0}, 1250, 0, 7 + 9},
           {{0, 1000, 0, half, 1, 0}, 2000, 0, 2001},
           {{0, 1000, 100, 0, 1, 5}, 100000, 0, 5},
           {{0, 1000, 100, 0, 1, 5}, 100000, 2, 7},
           {{9, 0, 100, 0, 1, 0}, 100000, 0, 9},  // paused: nothing more
           {{0, 1, 1, 0, 1, 0}, INT64_MAX, 0, INT64_MAX},
       }) {
    CHECK_EQUAL(asked_packets(row.figures, row.now, row.spent), row.asked);
  }
}

// Readers see schedule fields of one change or the next, never of both.
void stats_changes_are_whole() {
  StatsRecord record;
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (uint64_t i = 1; !stop.load(); i++) {
      ScheduleFigures figures;
      figures.asked_base = i;
      figures.anchor = static_cast<int64_t>(i);
      figures.gap_ns = static_cast<int64_t>(i);
      figures.limit = i;
      stats_set_schedule(record, figures);
      if (i % 64 == 0) std::this_thread::yield();
    }
  });
  (void)test::eventually([&] { return stats_get(record.asked_base) > 0; });
  int torn = 0;
  for (int i = 0; i < 20'000; i++) {
    const uint64_t after = record.generation_after.load(std::memory_order_acquire);
    const ScheduleFigures figures = stats_schedule(record);
    const bool whole = figures.asked_base == figures.limit && figures.asked_base == static_cast<uint64_t>(figures.anchor) &&
                       figures.asked_base == static_cast<uint64_t>(figures.gap_ns);
    // A torn reading is allowed only where the writer was caught inside a change and stayed there.
    if (!whole && record.generation_before.load(std::memory_order_acquire) == after) torn++;
  }
  stop.store(true);
  writer.join();
  CHECK_EQUAL(torn, 0);
}

}  // namespace

int main() {
  return test::run({{"qsbr: without readers a grace period ends at once", completes_at_once_without_readers},
                    {"qsbr: waits for an online reader", waits_for_an_online_reader},
                    {"qsbr: ignores an offline reader", ignores_an_offline_reader},
                    {"qsbr: names who holds a grace period up", names_holders},
                    {"qsbr: slots are bounded and used again", slots_are_bounded_and_reused},
#ifndef PKTSH_URCU
                    {"qsbr: waits for every reader", waits_for_every_reader},
                    {"qsbr: what is done stays done", done_is_monotonic},
#endif
                    {"retire: in order and within bounds", retires_in_order_and_within_bounds},
                    {"histogram: layout", histogram_layout},
                    {"stats page: what a schedule asks for", asked_by_the_schedule},
                    {"stats page: changes are seen whole", stats_changes_are_whole}});
}
