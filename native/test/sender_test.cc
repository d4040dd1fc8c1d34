// SPDX-License-Identifier: Apache-2.0
// A sender thread on a driver that does what the test says: frames refused, dropped, delayed, the interface gone.
#include "../src/sender.h"

#include <fcntl.h>

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "../src/pace.h"
#include "../src/scratch.h"
#include "engine_fixture.h"

using namespace pktsh;

namespace {

// Keeps the bytes of every frame that was consumed; what becomes of a batch says `script` (on the sender's thread).
class ScriptedDriver final : public Driver {
 public:
  std::function<Handover(uint64_t batch, uint32_t count)> script = [](uint64_t, uint32_t count) {
    return Handover{count, 0, 0, 0};
  };
  std::vector<std::vector<uint8_t>> consumed;  // to be read when the sender has stopped
  uint64_t bytes = 0;                          // of what was accepted; as `consumed`
  std::atomic<uint64_t> batches{0};
  std::atomic<uint32_t> full{0};  // so many reservations fail
  std::atomic<int> unsettled{0};  // so many times EAGAIN
  std::atomic<int> lost{0};       // then this

  uint32_t reserve(uint8_t** frames, uint32_t wanted, size_t size) override {
    if (full.load() > 0) {
      full.fetch_sub(1);
      return 0;
    }
    scratch_.reserve(frames, wanted, size);
    for (uint32_t i = 0; i < wanted; i++) frames_[i] = frames[i];
    return wanted;
  }
  // The accepted frames come first, the dropped ones after.
  Handover send(const Batch& batch) override {
    Handover handover = script(batches.load(), batch.count);
    handover.bytes = bytes_of(batch.sizes, handover.accepted);
    for (uint32_t i = 0; i < handover.accepted + handover.dropped; i++) {
      consumed.emplace_back(frames_[i], frames_[i] + batch.sizes[i]);
      if (i < handover.accepted) bytes += batch.sizes[i];
    }
    batches.fetch_add(1);
    return handover;
  }
  int settled() override { return unsettled.fetch_sub(1) > 0 ? EAGAIN : lost.load(); }
  size_t max_frame() const override { return kMaxFrame; }

 private:
  Scratch scratch_;
  uint8_t* frames_[kBatch] = {};
};

// One device on one sender, by hand what the engine does.
struct Bench {
  explicit Bench(DeviceSpec spec) {
    line.wake = [this] { woken.fetch_add(1); };
    cfg.serial = 1;
    cfg.builder = FrameBuilder::compile(spec.program, spec.seed, 1, nullptr).value;
    cfg.pacing = pacing_of(spec, cfg.builder).value;
    cfg.count = spec.count;
    cfg.late = spec.late;
    cfg.clones = spec.clones;
    device.id = 1;
    device.driver = &driver;
    device.cfg.store(&cfg);
    run.serial = 1;
    run.device = 1;
    run.record = &record;
    run.progress = &progress;
    progress.pacing = cfg.pacing;
    progress.left = cfg.pacing.burst;
    progress.stream = 5;
    Result<std::unique_ptr<Sender>> started = Sender::start(test::cpus().back(), line);
    CHECK_EQUAL(started.status.error, 0);
    sender = std::move(started.value);
    sender->link(&device);
  }
  ~Bench() { sender->stop(); }

  // Gives the instant at which the run begins.
  int64_t start() {
    const int64_t at = monotonic_now();
    progress.next = {at, 0};
    adopt(progress, run, cfg, at);
    device.run.store(&run, std::memory_order_release);
    sender->changed();
    return at;
  }
  // Takes the run out; false if the sender has done so itself.
  bool stop() {
    Run* const taken = device.run.exchange(nullptr, std::memory_order_acq_rel);
    sender->changed();
    const Cookie cookie = line.domain.start();
    CHECK(test::eventually_within(20, [&] { return line.domain.poll(cookie); }));
    return taken != nullptr;
  }
  Run* ended() {
    Run* taken = nullptr;
    CHECK(test::eventually_within(20, [&] { return (taken = line.ended.take()) != nullptr; }));
    return taken;
  }
  uint64_t sent() { return stats_get(record.sent); }
  // The frames consumed are numbered 1, 2, 3, …, and their generator steps beside.
  void check_sequence() {
    uint64_t expected = 0;
    for (const std::vector<uint8_t>& frame : driver.consumed) {
      expected++;
      const uint32_t sequence = static_cast<uint32_t>(frame[46]) << 24 | static_cast<uint32_t>(frame[47]) << 16 |
                                static_cast<uint32_t>(frame[48]) << 8 | frame[49];
      if (sequence != expected || frame[37] != expected % 100) {
        CHECK_EQUAL(sequence, expected);
        CHECK_EQUAL(frame[37], expected % 100);
        return;
      }
    }
  }

  ControlLine line;
  std::atomic<int> woken{0};
  StatsRecord record;
  ScriptedDriver driver;
  Cfg cfg;
  Progress progress;
  Run run;
  Device device;
  std::unique_ptr<Sender> sender;
};

// The last byte of the UDP destination port counts 1 to 99, 0, 1, … with the sequence number.
DeviceSpec counting(uint64_t count) {
  DeviceSpec spec = test::udp_device("s");
  std::vector<uint64_t> values;
  for (uint64_t i = 1; i <= 100; i++) values.push_back(i % 100);
  spec.program.operations.push_back(ListOp{{37, 1, 0, 8}, values});
  spec.count = count;
  return spec;
}

void exact_count() {
  for (const uint64_t count : {1, 31, 32, 33, 1000}) {
    Bench bench(counting(count));
    bench.start();
    Run* const run = bench.ended();
    CHECK(run == &bench.run);
    CHECK_EQUAL(run->failure, 0);
    CHECK_EQUAL(bench.sent(), count);
    CHECK_EQUAL(stats_get(bench.record.bytes), count * 60);
    CHECK(bench.woken.load() > 0);
    bench.sender->stop();
    CHECK_EQUAL(bench.driver.consumed.size(), count);
    bench.check_sequence();
    CHECK_EQUAL(run->gaps.snapshot().total, count - 1);
  }
}

// What the kernel did not take is as if never built; what it took and dropped is an error and not sent.
void partial_batches() {
  Bench bench(counting(5000));
  bench.driver.full.store(2);
  bench.driver.script = [](uint64_t batch, uint32_t count) -> Handover {
    switch (batch % 5) {
      case 0:
        return {0, 0, EAGAIN, 0};
      case 1:
        return {count / 2, 0, EAGAIN, 0};
      case 2:
        return {count / 3, 1 < count ? 1u : 0u, 0, 0};
      case 3:
        return {0, count, 0, 0};
      default:
        return {count, 0, 0, 0};
    }
  };
  bench.start();
  Run* const run = bench.ended();
  CHECK_EQUAL(run->failure, 0);
  CHECK_EQUAL(bench.sent(), 5000);
  CHECK(stats_get(bench.record.errors) > 0);
  bench.sender->stop();
  CHECK_EQUAL(bench.driver.consumed.size(), 5000 + stats_get(bench.record.errors));
  bench.check_sequence();
}

void fatal_errors_end_the_run() {
  for (const int error : {ENXIO, ENODEV, ENOSPC}) {
    Bench bench(counting(0));
    bench.driver.script = [error](uint64_t batch, uint32_t count) -> Handover {
      return batch < 10 ? Handover{count, 0, 0, 0} : Handover{3, 0, error, 0};
    };
    bench.start();
    Run* const run = bench.ended();
    CHECK_EQUAL(run->failure, error);
    CHECK_EQUAL(bench.sent(), 10 * kBatch + 3);
    CHECK(!bench.stop());
    CHECK_EQUAL(bench.driver.batches.load(), 11);
  }
}

// An interface that was down: nothing is lost or counted twice, what was due meanwhile is skipped and counted, and the first
// hand-over after it is one pass, whatever the late policy and whether packets or bytes are paced.
void heals_after_the_interface_was_down() {
  for (const LatePolicy late : {LatePolicy::catch_up, LatePolicy::skip, LatePolicy::shift}) {
    for (const bool per_byte : {false, true}) {
      for (const uint32_t burst : {1u, 4u}) {
        constexpr uint64_t kDownFrom = 20, kDownFor = 5;  // batches: 50 ms in all
        DeviceSpec spec = counting(0);
        spec.paced = true;
        spec.burst = burst;
        spec.late = late;
        spec.per_byte = per_byte;
        spec.gap = {per_byte ? 20 * kMicrosecond / 60 : burst * 20 * kMicrosecond, 0};
        Bench bench(spec);
        std::atomic<uint32_t> largest{0};
        bench.driver.script = [&](uint64_t batch, uint32_t count) -> Handover {
          if (batch > kDownFrom && batch <= kDownFrom + kDownFor) largest.store(std::max(largest.load(), count));
          // The first of them takes a part of the pass, as an interface that goes down in the middle of a batch.
          if (batch == kDownFrom) return {count / 2, 0, ENETDOWN, 0};
          if (batch > kDownFrom && batch < kDownFrom + kDownFor) return {0, 0, ENETDOWN, 0};
          return {count, 0, 0, 0};
        };
        bench.start();
        CHECK(test::eventually_within(20, [&] { return bench.driver.batches.load() > 2 * (kDownFrom + kDownFor); }));
        CHECK(bench.stop());
        CHECK_EQUAL(bench.run.failure, 0);
        bench.sender->stop();
        CHECK(largest.load() <= burst);
        bench.check_sequence();
        CHECK_EQUAL(bench.driver.consumed.size(), bench.sent());
        CHECK_EQUAL(stats_get(bench.record.bytes), bench.driver.bytes);
        CHECK_EQUAL(stats_get(bench.record.errors), 0);
        // 10 ms from one look to the next, of which each is 500 packets.
        const uint64_t skipped = stats_get(bench.record.skipped);
        CHECK(skipped >= (kDownFor - 1) * 400);
        // What the schedule called for is what was sent or skipped, up to the pass that was next.
        if (late != LatePolicy::shift) {
          const uint64_t asked = asked_packets(stats_schedule(bench.record), bench.progress.next.ns - 1, skipped);
          CHECK_EQUAL(asked, bench.sent() + skipped);
        }
      }
    }
  }
}

void finishing_waits_until_settled() {
  Bench bench(counting(10));
  bench.driver.unsettled.store(3);
  bench.start();
  CHECK_EQUAL(bench.ended()->failure, 0);
  CHECK(bench.driver.unsettled.load() < 0);

  Bench failing(counting(10));
  failing.driver.unsettled.store(1);
  failing.driver.lost.store(ENOSPC);
  failing.start();
  CHECK_EQUAL(failing.ended()->failure, ENOSPC);
}

// Once the cookie has completed not one frame more is sent, and the figures are what the driver saw.
void stopping_is_exact() {
  for (int i = 0; i < 50; i++) {
    Bench bench(counting(0));
    bench.start();
    CHECK(test::eventually_within(20, [&] { return bench.sent() > 0; }));
    CHECK(bench.stop());
    const uint64_t sent = bench.sent();
    const uint64_t batches = bench.driver.batches.load();
    CHECK_EQUAL(bench.driver.consumed.size(), sent);
    const Cookie later = bench.line.domain.start();
    CHECK(test::eventually_within(20, [&] { return bench.line.domain.poll(later); }));
    CHECK_EQUAL(bench.driver.batches.load(), batches);
  }
}

void stamps() {
  Bench bench(counting(64));
  bench.start();
  const int64_t before = clock_ns(CLOCK_REALTIME) - kSecond;
  (void)bench.ended();
  const int64_t after = clock_ns(CLOCK_REALTIME);
  bench.sender->stop();
  for (const std::vector<uint8_t>& frame : bench.driver.consumed) {
    const auto word = [&](size_t at) {
      return static_cast<uint32_t>(frame[at]) << 24 | static_cast<uint32_t>(frame[at + 1]) << 16 |
             static_cast<uint32_t>(frame[at + 2]) << 8 | frame[at + 3];
    };
    CHECK_EQUAL(word(42), kPktgenMagic);
    CHECK_EQUAL(word(54) >> kStreamShift, 5);
    const int64_t micros = word(54) & ((1u << kStreamShift) - 1);
    CHECK(micros < 1'000'000);
    const int64_t at = word(50) * kSecond + micros * kMicrosecond;
    CHECK(at >= before && at <= after);
  }
}

// A paced count is sent on its schedule: not before it, and each pass once.
void paced_count() {
  DeviceSpec spec = counting(50);
  spec.paced = true;
  spec.gap = {200 * kMicrosecond, 0};
  Bench bench(spec);
  const int64_t begun = bench.start();
  CHECK_EQUAL(bench.ended()->failure, 0);
  CHECK_EQUAL(bench.sent(), 50);
  CHECK(static_cast<int64_t>(stats_get(bench.record.last_at)) >= begun + 49 * spec.gap.ns);
  CHECK_EQUAL(asked_packets(stats_schedule(bench.record), INT64_MAX / 2, 0), 50);
  bench.sender->stop();
  bench.check_sequence();
}

// 60 to 99 bytes, drawn; the payload's last varied byte is not the one that `counting` writes.
DeviceSpec varied(uint64_t count) {
  DeviceSpec spec = counting(count);
  spec.program.bytes.resize(99);
  spec.program.operations.insert(spec.program.operations.begin(), SizeOp{SizeOp::Kind::random, 60, 99, 0, {}});
  return spec;
}

// Takes part of most batches, and drops a frame now and then.
Handover taking_parts(uint64_t batch, uint32_t count) {
  switch (batch % 4) {
    case 0:
      return {count / 2, 0, EAGAIN, 0};
    case 1:
      return {count / 3, 1 < count ? 1u : 0u, 0, 0};
    case 2:
      return {0, 0, EAGAIN, 0};
    default:
      return {count, 0, 0, 0};
  }
}

// Bytes are those of the frames accepted, and the sizes are the same ones whatever is taken back.
void varied_sizes_are_counted() {
  Bench steady(varied(2000));
  steady.start();
  (void)steady.ended();
  steady.sender->stop();
  CHECK_EQUAL(stats_get(steady.record.bytes), steady.driver.bytes);
  CHECK(steady.driver.bytes > 2000 * 60 && steady.driver.bytes < 2000 * 99);

  Bench shaky(varied(2000));
  shaky.driver.script = taking_parts;
  shaky.start();
  (void)shaky.ended();
  shaky.sender->stop();
  shaky.check_sequence();
  CHECK_EQUAL(shaky.sent(), 2000);
  CHECK_EQUAL(stats_get(shaky.record.bytes), shaky.driver.bytes);
  for (size_t i = 0; i < 2000; i++) CHECK_EQUAL(shaky.driver.consumed[i].size(), steady.driver.consumed[i].size());
}

// Each frame goes out so often, byte by byte the same, and then the next; whatever is taken back, and the count is exact.
void clones() {
  for (const uint32_t copies : {2u, 3u, 32u, 50u}) {
    for (const bool parts : {false, true}) {
      DeviceSpec spec = varied(1001);
      spec.clones = copies;
      Bench bench(spec);
      if (parts) bench.driver.script = taking_parts;
      bench.start();
      CHECK_EQUAL(bench.ended()->failure, 0);
      bench.sender->stop();
      CHECK_EQUAL(bench.sent(), 1001);
      const std::vector<std::vector<uint8_t>>& frames = bench.driver.consumed;
      CHECK_EQUAL(frames.size(), 1001 + stats_get(bench.record.errors));
      for (size_t i = 0; i < frames.size(); i++) {
        const uint32_t sequence = static_cast<uint32_t>(frames[i][48]) << 8 | frames[i][49];
        CHECK_EQUAL(sequence, i / copies + 1);
        CHECK_EQUAL(frames[i][37], (i / copies + 1) % 100);
        if (i % copies != 0) CHECK(frames[i] == frames[i - 1]);
      }
    }
  }
}

// A frame that is under way when the number of clones changes goes out once more at least; sequence and values go on.
void clones_change() {
  DeviceSpec spec = counting(0);
  spec.clones = 1000;
  Bench bench(spec);
  bench.start();
  CHECK(test::eventually_within(20, [&] { return bench.sent() > 100; }));
  Cfg fewer;
  fewer.serial = 2;
  fewer.builder = FrameBuilder::compile(spec.program, spec.seed, 2, &bench.cfg.builder).value;
  fewer.pacing = bench.cfg.pacing;
  fewer.clones = 1;
  bench.device.cfg.store(&fewer, std::memory_order_release);
  bench.sender->changed();
  const uint64_t then = bench.sent();
  CHECK(test::eventually_within(20, [&] { return bench.sent() > then + 5000; }));
  CHECK(bench.stop());
  bench.sender->stop();
  uint32_t before = 1;
  for (const std::vector<uint8_t>& frame : bench.driver.consumed) {
    const uint32_t sequence = static_cast<uint32_t>(frame[48]) << 8 | frame[49];
    if (sequence == 0) break;  // it has wrapped
    CHECK(sequence == before || sequence == before + 1);
    CHECK_EQUAL(frame[37], sequence % 100);
    before = sequence;
  }
  CHECK(before > 1000);
}

// Paced by bytes: as many a second whatever the sizes, so the last frame leaves when all bytes before it had their time.
void paced_by_bytes() {
  DeviceSpec spec = varied(200);
  spec.paced = true;
  spec.per_byte = true;
  spec.gap = {500, 0};
  Bench bench(spec);
  const int64_t begun = bench.start();
  CHECK_EQUAL(bench.ended()->failure, 0);
  bench.sender->stop();
  CHECK_EQUAL(bench.sent(), 200);
  const uint64_t before_last = bench.driver.bytes - bench.driver.consumed.back().size();
  CHECK(static_cast<int64_t>(stats_get(bench.record.last_at)) >= begun + 500 * static_cast<int64_t>(before_last));
  CHECK_EQUAL(bench.progress.next.ns, begun + 500 * static_cast<int64_t>(bench.driver.bytes));
  CHECK_EQUAL(asked_packets(stats_schedule(bench.record), INT64_MAX / 2, 0), 200);
}

}  // namespace

int main() {
  return test::run({{"sender: counts are exact", exact_count},
                    {"sender: what is not taken is taken back", partial_batches},
                    {"sender: fatal errors end the run", fatal_errors_end_the_run},
                    {"sender: an interface that was down", heals_after_the_interface_was_down},
                    {"sender: a run finishes when its driver has settled", finishing_waits_until_settled},
                    {"sender: nothing is sent after the cookie", stopping_is_exact},
                    {"sender: stamps", stamps},
                    {"sender: a paced count", paced_count},
                    {"sender: bytes of varied sizes", varied_sizes_are_counted},
                    {"sender: clones", clones},
                    {"sender: a changed number of clones", clones_change},
                    {"sender: paced by bytes", paced_by_bytes}});
}
