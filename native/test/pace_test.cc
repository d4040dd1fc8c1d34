// SPDX-License-Identifier: Apache-2.0
// Schedules, late policies and the index of a sender, at times made up by the test.
#include "../src/pace.h"

#include <array>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../src/clock.h"
#include "engine_fixture.h"

using namespace pktsh;

namespace {

constexpr int64_t kStart = 1'000'000;

// A device without a thread: its schedule followed by hand.
struct Line {
  explicit Line(const DeviceSpec& spec, int64_t start = kStart) {
    set(spec);
    progress.pacing = cfg.pacing;
    progress.next = {start, 0};
    progress.left = cfg.pacing.burst;
    run.serial = 1;
    run.record = &record;
    run.progress = &progress;
    adopt(progress, run, cfg, start);
  }

  void set(const DeviceSpec& spec) {
    cfg.serial++;
    cfg.builder = FrameBuilder::compile(spec.program, spec.seed, cfg.serial, nullptr).value;
    cfg.pacing = pacing_of(spec, cfg.builder).value;
    cfg.count = spec.count;
    cfg.late = spec.late;
  }

  // One turn at `now`: everything that is due and fits a batch is handed over.
  uint32_t turn(int64_t now, uint32_t most = kBatch) {
    const uint32_t packets = packets_due(progress, run, cfg, now, most);
    std::array<uint16_t, kBatch> sizes;
    for (uint32_t i = 0; i < packets; i++) sizes[i] = size();
    stats_add(record.late, advance_schedule(progress, run, cfg, sizes.data(), packets, now));
    progress.sent += packets;
    progress.sequence += packets;
    progress.last_at = now;
    sent += packets;
    return packets;
  }
  uint64_t asked(int64_t now) {
    return asked_packets(stats_schedule(record), now, stats_get(record.errors) + stats_get(record.skipped));
  }
  Schedule::Place place(int64_t now) {
    int64_t due = 0;
    return settle(progress, now, due);
  }

  // Of the next packet.
  uint16_t size() { return static_cast<uint16_t>(60 + sent_sizes++ % 3 * 20); }

  StatsRecord record;
  Progress progress;
  Run run;
  Cfg cfg;
  uint64_t sent = 0;
  uint64_t sent_sizes = 0;
};

DeviceSpec paced(int64_t gap, uint32_t burst = 1, LatePolicy late = LatePolicy::catch_up) {
  DeviceSpec spec = test::paced_device("p", gap);
  spec.burst = burst;
  spec.late = late;
  return spec;
}

void on_time() {
  Line line(paced(1000));
  CHECK_EQUAL(line.asked(kStart - 1), 0);
  for (int i = 0; i < 10; i++) {
    CHECK(line.place(kStart + i * 1000 - 1) == Schedule::Place::timed);
    CHECK_EQUAL(line.turn(kStart + i * 1000 + 5), 1);
    CHECK_EQUAL(line.asked(kStart + i * 1000 + 5), line.sent);
  }
  CHECK_EQUAL(stats_get(line.record.late), 0);
}

// 10^6 gaps of 333 + 1/3 ns end within a nanosecond of where they should.
void no_drift() {
  DeviceSpec spec = paced(333);
  spec.gap.fraction = 0x55555555;
  Line line(spec, 0);
  for (int i = 0; i < 1'000'000; i++) line.progress.next.advance(spec.gap);
  CHECK(line.progress.next.ns == 333'333'333 || line.progress.next.ns == 333'333'332);
}

struct LateRow {
  LatePolicy policy;
  uint32_t burst;
  uint32_t packets;         // handed over at once, 10.5 gaps behind
  uint64_t late, skipped, asked;
  int64_t next;             // when the next pass is due after that
};
void late_policies() {
  const int64_t now = kStart + 10'500;
  for (const LateRow& row : std::vector<LateRow>{
           // Eleven slots are due, 0 to 10; all but the last are more than a gap old.
           {LatePolicy::catch_up, 1, 11, 10, 0, 11, kStart + 11'000},
           {LatePolicy::catch_up, 4, 32, 32, 0, 44, kStart + 8'000},
           {LatePolicy::skip, 1, 1, 0, 10, 11, kStart + 11'000},
           {LatePolicy::skip, 4, 4, 0, 40, 44, kStart + 11'000},
           {LatePolicy::shift, 1, 1, 1, 0, 1, now + 1000},
           {LatePolicy::shift, 4, 4, 4, 0, 4, now + 1000},
       }) {
    Line line(paced(1000, row.burst, row.policy));
    CHECK(line.place(now) == Schedule::Place::ready);
    CHECK_EQUAL(line.turn(now), row.packets);
    CHECK_EQUAL(stats_get(line.record.late), row.late);
    CHECK_EQUAL(stats_get(line.record.skipped), row.skipped);
    CHECK_EQUAL(line.asked(now), row.asked);
    CHECK_EQUAL(line.progress.next.ns, row.next);
  }
}

// Whatever is sent late by catch_up is asked for, and in the end as much is sent as was asked.
void catch_up_is_complete() {
  Line line(paced(1000, 3));
  line.turn(kStart);
  const int64_t now = kStart + 100'000;
  while (line.place(now) != Schedule::Place::timed || line.progress.next.ns <= now) line.turn(now);
  CHECK_EQUAL(line.sent, 303);
  CHECK_EQUAL(line.asked(now), 303);
}

// A pass larger than a batch is one pass: nothing of it is skipped, however long it takes.
void long_passes() {
  Line line(paced(1000, 100, LatePolicy::skip));
  uint64_t turns = 0;
  while (line.progress.passes == 0) {
    line.turn(kStart + static_cast<int64_t>(turns) * 5000, turns == 3 ? 4 : 32);
    turns++;
  }
  CHECK_EQUAL(line.sent, 100);
  CHECK_EQUAL(stats_get(line.record.skipped), 0);
}

void rate_changes_are_anchored_anew() {
  Line line(paced(1000));
  line.turn(kStart);
  line.turn(kStart + 1000);
  // Ten packets behind, then ten times faster: what was asked stays asked, and there is no burst.
  const int64_t now = kStart + 12'000;
  line.set(paced(100));
  adopt(line.progress, line.run, line.cfg, now);
  CHECK_EQUAL(line.turn(now), 1);
  CHECK_EQUAL(line.asked(now), 13 + 1);
  CHECK_EQUAL(line.progress.next.ns, now + 100);
  // Slower: one new gap after the last packet, however often the rate is set.
  for (int64_t t = now; t < now + 5000; t += 500) {
    line.set(paced(10'000 + t % 7));
    adopt(line.progress, line.run, line.cfg, t);
    CHECK(line.place(t) == Schedule::Place::timed);
    CHECK(line.progress.next.ns > now + 9'999);
  }
  // A frame alone changes nothing of the schedule.
  const Instant next = line.progress.next;
  DeviceSpec same = paced(line.cfg.pacing.gap.ns);
  same.program.bytes.resize(100);
  line.set(same);
  adopt(line.progress, line.run, line.cfg, now + 6000);
  CHECK_EQUAL(line.progress.next.ns, next.ns);
}

void pausing_and_going_unpaced() {
  Line line(paced(1000));
  line.turn(kStart);
  DeviceSpec pause = paced(0);
  pause.paused = true;
  line.set(pause);
  adopt(line.progress, line.run, line.cfg, kStart + 500);
  CHECK(line.place(kStart + 1'000'000) == Schedule::Place::none);
  CHECK_EQUAL(line.asked(kStart + 1'000'000), 1);
  line.set(paced(1000));
  adopt(line.progress, line.run, line.cfg, kStart + 1'000'000);
  CHECK_EQUAL(line.turn(kStart + 1'000'000), 1);
  CHECK_EQUAL(line.asked(kStart + 1'000'000), 2);
  line.set(test::udp_device("u"));
  adopt(line.progress, line.run, line.cfg, kStart + 1'000'100);
  CHECK(line.place(kStart + 1'000'100) == Schedule::Place::ready);
  CHECK_EQUAL(line.turn(kStart + 1'000'100), kBatch);
}

// 60, 80, 100, 60, … bytes of 10 ns each, as turn() hands them over.
DeviceSpec paced_by_bytes(uint32_t burst = 1, LatePolicy late = LatePolicy::catch_up) {
  DeviceSpec spec = paced(10, burst, late);
  spec.per_byte = true;
  spec.program.bytes.resize(100);
  spec.program.operations.insert(spec.program.operations.begin(), SizeOp{SizeOp::Kind::increment, 60, 100, 60, {}});
  return spec;
}

void each_byte_has_its_time() {
  Line line(paced_by_bytes());
  int64_t due = kStart;
  for (int i = 0; i < 300; i++) {
    CHECK(line.place(due - 1) == Schedule::Place::timed);
    CHECK_EQUAL(line.asked(due - 1), line.sent);
    CHECK_EQUAL(line.asked(due), line.sent + 1);
    CHECK_EQUAL(line.turn(due), 1);
    due += 10 * (60 + i % 3 * 20);
    CHECK_EQUAL(line.progress.next.ns, due);
  }
  CHECK_EQUAL(stats_get(line.record.late), 0);
}

// A pass takes as long as all its bytes, also where turns cut it.
void passes_of_bytes() {
  Line line(paced_by_bytes(3));
  CHECK_EQUAL(line.turn(kStart, 2), 2);
  CHECK_EQUAL(line.asked(kStart), 3);
  CHECK_EQUAL(line.turn(kStart, 2), 1);
  CHECK_EQUAL(line.progress.next.ns, kStart + 2400);
  CHECK_EQUAL(line.asked(kStart + 2399), 3);
  CHECK_EQUAL(line.turn(kStart + 2400), 3);
  CHECK_EQUAL(line.progress.next.ns, kStart + 4800);
}

// Everything that was late is sent, and then as much as the schedule calls for; what is not known yet goes by the mean.
void late_bytes() {
  Line line(paced_by_bytes());
  line.turn(kStart);
  const int64_t now = kStart + 240'000;
  CHECK_EQUAL(line.asked(now), 1 + (240'000 - 600) / 800 + 1);
  while (line.progress.next.ns <= now) CHECK(line.turn(now) > 0);
  CHECK_EQUAL(line.sent, 301);
  CHECK_EQUAL(line.asked(now), 301);
  CHECK(stats_get(line.record.late) > 290);

  Line skipping(paced_by_bytes(1, LatePolicy::skip));
  skipping.turn(now);
  CHECK_EQUAL(skipping.sent, 1);
  CHECK_EQUAL(stats_get(skipping.record.skipped), 300);
  CHECK_EQUAL(skipping.asked(now), 301);
  Line shifting(paced_by_bytes(1, LatePolicy::shift));
  shifting.turn(now);
  CHECK_EQUAL(shifting.progress.next.ns, now + 600);
  CHECK_EQUAL(shifting.asked(now), 1);
}

// Other sizes are no other schedule; another rate is.
void changes_of_bytes() {
  Line line(paced_by_bytes());
  line.turn(kStart);
  DeviceSpec longer = paced_by_bytes();
  longer.program.bytes.resize(1000);
  std::get<SizeOp>(longer.program.operations[0]).last = 1000;
  line.set(longer);
  adopt(line.progress, line.run, line.cfg, kStart + 100);
  CHECK_EQUAL(line.progress.next.ns, kStart + 600);
  line.turn(kStart + 600);
  DeviceSpec slower = longer;
  slower.gap = {20, 0};
  line.set(slower);
  adopt(line.progress, line.run, line.cfg, kStart + 700);
  CHECK_EQUAL(line.progress.next.ns, kStart + 600 + 20 * 1000);
  CHECK_EQUAL(line.asked(kStart + 700), 2);
}

// 10^15 bytes of 4/5 ns each (10 Gbit/s for nine days) end within a millisecond of where they should; a rate so slow that
// a gap would be centuries is refused.
void byte_gaps() {
  DeviceSpec spec = paced_by_bytes();
  spec.gap = {0, 0xcccccccd};
  Instant at;
  at.advance(spec.gap, 1'000'000'000'000'000);
  CHECK(std::abs(at.ns - 800'000'000'000'000) < kMillisecond);
  const FrameBuilder builder = FrameBuilder::compile(spec.program, 1, 1, nullptr).value;
  const Result<Pacing> pacing = pacing_of(spec, builder);
  CHECK_EQUAL(pacing.value.gap.ns, 80);
  CHECK_EQUAL(pacing.value.mean.ns, 64);
  spec.gap = {int64_t{1} << 59, 0};
  CHECK_EQUAL(pacing_of(spec, builder).status.error, EINVAL);
  spec.gap = {};
  CHECK_EQUAL(pacing_of(spec, builder).status.error, EINVAL);
}

// A device that has not begun waits for the common instant, whatever is set meanwhile.
void set_before_the_beginning() {
  for (const bool was_paced : {false, true}) {
    Line line(was_paced ? paced(1000) : test::udp_device("u"));
    line.set(paced(2000));
    adopt(line.progress, line.run, line.cfg, kStart - 500);
    CHECK_EQUAL(line.progress.next.ns, kStart);
    line.set(test::udp_device("u"));
    adopt(line.progress, line.run, line.cfg, kStart - 400);
    CHECK(line.place(kStart - 300) == Schedule::Place::timed);
    CHECK(line.place(kStart) == Schedule::Place::ready);
  }
}

// Clearing counters hands the schedule on to a new Run: what it asks for begins with what was not handed over yet.
void clearing_hands_on() {
  DeviceSpec spec = paced(1000, 10);
  spec.count = 100;
  Line line(spec);
  line.turn(kStart, 4);  // in the middle of the first pass
  StatsRecord fresh;
  Run next;
  next.serial = 2;
  next.record = &fresh;
  next.progress = &line.progress;
  adopt(line.progress, next, line.cfg, kStart + 100);
  const auto asked = [&](int64_t now) { return asked_packets(stats_schedule(fresh), now, 0); };
  CHECK_EQUAL(asked(kStart + 100), 6);
  CHECK_EQUAL(asked(kStart + 1000), 16);
  CHECK_EQUAL(asked(kStart + 1'000'000), 96);
}

// The index, with devices that are only names.
struct Names {
  Names(int count) {
    for (int i = 0; i < count; i++) add();
  }
  Device& add() {
    auto device = std::make_unique<Device>();
    device->id = static_cast<DeviceId>(devices.size() + 1);
    device->slot = static_cast<uint32_t>(devices.size());
    devices.push_back(std::move(device));
    link();
    return *devices.back();
  }
  void link() {
    Device* next = nullptr;
    head = nullptr;
    for (size_t i = devices.size(); i-- > 0;) {
      if (devices[i] == nullptr) continue;
      devices[i]->next.store(next);
      next = head = devices[i].get();
    }
  }
  std::vector<std::unique_ptr<Device>> devices;
  Device* head = nullptr;
};

void ready_devices_take_turns() {
  Names names(3);
  Schedule schedule;
  const auto unpaced = [](Device*, int64_t&) { return Schedule::Place::ready; };
  schedule.sync(names.head, unpaced);
  std::map<DeviceId, int> turns;
  std::string order;
  for (int i = 0; i < 300; i++) {
    Schedule::Entry entry;
    CHECK(schedule.pick(i, entry));
    turns[entry.id]++;
    schedule.put(entry, Schedule::Place::ready, 0);
    // However often the list changes, nobody loses its turn.
    if (i % 2 == 0) schedule.sync(names.head, unpaced);
  }
  for (const auto& [id, count] : turns) CHECK_EQUAL(count, 100);
  CHECK_EQUAL(turns.size(), 3);
}

void due_devices_come_first_and_in_order() {
  Names names(100);
  Schedule schedule;
  const auto settle_by_id = [](Device* device, int64_t& due) {
    if (device->id == 100) return Schedule::Place::ready;
    due = (device->id * 37) % 101;
    return Schedule::Place::timed;
  };
  schedule.sync(names.head, settle_by_id);
  int64_t last = -1;
  for (int i = 0; i < 99; i++) {
    Schedule::Entry entry;
    CHECK(schedule.pick(1000, entry));
    CHECK(entry.due > last);
    last = entry.due;
  }
  Schedule::Entry entry;
  CHECK(schedule.pick(1000, entry));
  CHECK_EQUAL(entry.id, 100);
  CHECK(!schedule.pick(1000, entry));
  CHECK_EQUAL(schedule.next_due(), INT64_MAX);
}

// Removed devices are gone from the index without having been touched: their memory is poison by then.
void purges_without_touching() {
  Names names(50);
  Schedule schedule;
  const auto half = [](Device* device, int64_t& due) {
    due = static_cast<int64_t>(device->id);
    return device->id % 2 == 0 ? Schedule::Place::ready : Schedule::Place::timed;
  };
  schedule.sync(names.head, half);
  for (size_t i = 0; i < 50; i += 3) names.devices[i].reset();
  // One slot goes to a new device at once.
  auto heir = std::make_unique<Device>();
  heir->id = 1000;
  heir->slot = 0;
  names.devices[0] = std::move(heir);
  names.link();
  schedule.sync(names.head, half);
  std::map<DeviceId, int> seen;
  Schedule::Entry entry;
  while (schedule.pick(2000, entry)) {
    seen[entry.id]++;
    CHECK_EQUAL(entry.device->id, entry.id);
  }
  size_t live = 0;
  for (const std::unique_ptr<Device>& device : names.devices) {
    if (device == nullptr) continue;
    live++;
    CHECK_EQUAL(seen[device->id], 1);
  }
  CHECK_EQUAL(seen.size(), live);
}

void stopped_devices_come_back() {
  Names names(2);
  Schedule schedule;
  bool stopped = true;
  const auto by_flag = [&](Device* device, int64_t&) {
    return device->id == 1 && stopped ? Schedule::Place::none : Schedule::Place::ready;
  };
  schedule.sync(names.head, by_flag);
  Schedule::Entry entry;
  CHECK(schedule.pick(0, entry));
  CHECK_EQUAL(entry.id, 2);
  CHECK(!schedule.pick(0, entry));
  stopped = false;
  schedule.sync(names.head, by_flag);
  int picked = 0;
  while (schedule.pick(0, entry)) picked++;
  CHECK_EQUAL(picked, 2);
}

}  // namespace

int main() {
  return test::run({{"pace: on time", on_time},
                    {"pace: fractions do not drift", no_drift},
                    {"pace: late policies", late_policies},
                    {"pace: catch_up sends all that was asked", catch_up_is_complete},
                    {"pace: passes longer than a batch", long_passes},
                    {"pace: a changed rate is anchored anew", rate_changes_are_anchored_anew},
                    {"pace: pausing, and going unpaced", pausing_and_going_unpaced},
                    {"pace: each byte has its time", each_byte_has_its_time},
                    {"pace: passes of bytes", passes_of_bytes},
                    {"pace: late bytes", late_bytes},
                    {"pace: changes where bytes are counted", changes_of_bytes},
                    {"pace: gaps of bytes", byte_gaps},
                    {"pace: changes before the beginning", set_before_the_beginning},
                    {"pace: cleared counters hand the schedule on", clearing_hands_on},
                    {"schedule: ready devices take turns", ready_devices_take_turns},
                    {"schedule: due devices come first, in order", due_devices_come_first_and_in_order},
                    {"schedule: removed devices go untouched", purges_without_touching},
                    {"schedule: stopped devices come back", stopped_devices_come_back}});
}
