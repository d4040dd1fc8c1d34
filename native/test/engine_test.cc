// SPDX-License-Identifier: Apache-2.0
// The engine as its host uses it, on drivers null and pcap, with senders on two CPUs where there are two.
#include "../src/engine.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "../src/clock.h"
#include "engine_fixture.h"

using namespace pktsh;
using pktsh::test::Fixture;

namespace {

int first_cpu() { return test::cpus().front(); }
int last_cpu() { return test::cpus().back(); }

// A file that is gone with its test.
struct TemporaryFile {
  TemporaryFile() {
    char name[] = "/tmp/pktsh-test-XXXXXX";
    close(mkstemp(name));
    path = name;
  }
  ~TemporaryFile() { unlink(path.c_str()); }
  std::string path;
};

PortSpec pcap_port(int cpu, const std::string& path) {
  PortSpec port;
  port.cpu = cpu;
  port.driver = DriverKind::pcap;
  port.file = path;
  return port;
}

// The frames of a pcap file with nanosecond stamps, the header checked.
std::vector<std::vector<uint8_t>> frames_of(const std::string& path) {
  std::vector<std::vector<uint8_t>> frames;
  std::FILE* const file = std::fopen(path.c_str(), "rb");
  CHECK(file != nullptr);
  if (file == nullptr) return frames;
  uint32_t header[6] = {};
  CHECK_EQUAL(std::fread(header, sizeof header, 1, file), 1);
  CHECK_EQUAL(header[0], 0xa1b23c4d);
  CHECK_EQUAL(header[1], 4 << 16 | 2);
  CHECK_EQUAL(header[5], 1);
  uint32_t record[4] = {};
  while (std::fread(record, sizeof record, 1, file) == 1) {
    CHECK(record[1] < 1'000'000'000);
    CHECK_EQUAL(record[2], record[3]);
    std::vector<uint8_t> frame(record[2]);
    if (std::fread(frame.data(), 1, frame.size(), file) != frame.size()) {
      CHECK(!"a record is cut short");
      break;
    }
    frames.push_back(std::move(frame));
  }
  std::fclose(file);
  return frames;
}

uint32_t sequence_of(const std::vector<uint8_t>& frame) {
  return static_cast<uint32_t>(frame[46]) << 24 | static_cast<uint32_t>(frame[47]) << 16 |
         static_cast<uint32_t>(frame[48]) << 8 | frame[49];
}

void life_of_a_device() {
  Fixture host;
  const DeviceId one = host.add(test::null_port(first_cpu()), test::udp_device("one"));
  const DeviceId two = host.add(test::null_port(last_cpu()), test::udp_device("two"));
  CHECK(!host.stats(one).running);
  CHECK_EQUAL(host.stats(one).started_at, 0);

  const Result<int64_t> at = host.engine.start({one, two, one});
  CHECK_EQUAL(at.status.error, 0);
  CHECK(host.until([&] { return host.stats(one).sent > 1000 && host.stats(two).sent > 1000; }));
  CHECK_EQUAL(host.stats(one).started_at, at.value);
  CHECK_EQUAL(host.stats(two).started_at, at.value);
  CHECK(host.stats(one).running);
  CHECK_EQUAL(host.engine.free_stats_records(), 62);

  CHECK(host.wait(host.engine.stop({one})));
  const RunSnapshot stopped = host.stats(one);
  CHECK(!stopped.running);
  CHECK_EQUAL(stopped.bytes, stopped.sent * 60);
  CHECK_EQUAL(stopped.gaps.total, stopped.sent - 1);
  CHECK(stopped.stopped_at > stopped.started_at);
  CHECK_EQUAL(host.engine.free_stats_records(), 63);
  const uint64_t before = host.stats(two).sent;
  CHECK(host.until([&] { return host.stats(two).sent > before; }));
  CHECK_EQUAL(host.stats(one).sent, stopped.sent);

  // Again: counters begin at nought.
  CHECK_EQUAL(host.engine.start({one, two}).status.error, 0);
  CHECK(host.until([&] { return host.stats(one).sent > 0; }));
  CHECK(host.stats(one).started_at > at.value);
  CHECK_EQUAL(host.stats(two).started_at, at.value);

  // The figures of what was removed are there while its cookie is reported, and gone after that.
  uint64_t reported = 0;
  const Result<Cookie> removal = host.engine.rem_device(two);
  host.on_completed = [&](Cookie cookie) {
    if (cookie >= removal.value && reported == 0) reported = host.stats(two).sent;
  };
  CHECK(host.wait(removal));
  CHECK(reported >= before);
  CHECK_EQUAL(host.engine.snapshot(two).status.error, ENODEV);
  CHECK_EQUAL(host.engine.rem_device(two).status.error, ENODEV);
  CHECK_EQUAL(host.engine.start({two}).status.error, ENODEV);
  CHECK(host.until([&] { return host.engine.free_stats_records() == 63; }));
}

void finishing_counts() {
  Fixture host;
  std::vector<DeviceId> devices;
  std::map<DeviceId, uint64_t> counts;
  for (const uint64_t count : {1, 32, 33, 100'000}) {
    for (const int cpu : {first_cpu(), last_cpu()}) {
      DeviceSpec spec = test::udp_device("d" + std::to_string(devices.size()));
      spec.count = count;
      devices.push_back(host.add(test::null_port(cpu), spec));
      counts[devices.back()] = count;
    }
  }
  for (int round = 0; round < 3; round++) {
    host.events.clear();
    CHECK_EQUAL(host.engine.start(devices).status.error, 0);
    CHECK(host.until([&] { return host.events.size() == devices.size(); }));
    for (const Event& event : host.events) CHECK(event.kind == Event::Kind::finished);
    for (const DeviceId device : devices) {
      CHECK_EQUAL(host.stats(device).sent, counts[device]);
      CHECK(!host.stats(device).running);
    }
  }
  CHECK_EQUAL(host.engine.free_stats_records(), 64);
}

// Adding, starting, setting, stopping and removing at full speed, completions arriving whenever they do.
void churn_under_load() {
  Fixture host(4096);  // three a round, should no grace period end before the last one
  const DeviceId steady = host.add(test::null_port(last_cpu()), test::udp_device("steady"));
  CHECK_EQUAL(host.engine.start({steady}).status.error, 0);
  constexpr int kRounds = 1000;
  int ports_open = 0;
  std::vector<PortId> ports;
  for (int i = 0; i < kRounds; i++) {
    host.engine.open_port(test::null_port(i % 2 == 0 ? first_cpu() : last_cpu()), [&](Result<PortId> port) {
      CHECK_EQUAL(port.status.error, 0);
      ports.push_back(port.value);
      ports_open++;
    });
  }
  CHECK(host.until([&] { return ports_open == kRounds; }));

  std::vector<DeviceId> alive;
  std::map<DeviceId, Cookie> removed;
  uint64_t removals_reported = 0;
  uint64_t sent = 0;
  host.on_completed = [&](Cookie cookie) {
    for (auto it = removed.begin(); it != removed.end();) {
      if (it->second > cookie) {
        ++it;
        continue;
      }
      const RunSnapshot figures = host.stats(it->first);
      CHECK(!figures.running);
      CHECK_EQUAL(figures.bytes % 60, 0);
      sent += figures.sent;
      removals_reported++;
      it = removed.erase(it);
    }
  };
  for (int i = 0; i < kRounds; i++) {
    DeviceSpec spec = i % 3 == 0 ? test::paced_device("d", 50'000) : test::udp_device("d");
    if (i % 5 == 0) spec.count = 100;
    const Result<DeviceId> device = host.engine.add_device(ports[static_cast<size_t>(i)], spec);
    CHECK_EQUAL(device.status.error, 0);
    CHECK_EQUAL(host.engine.start({device.value}).status.error, 0);
    alive.push_back(device.value);
    if (i % 4 == 0) {
      spec.program.bytes.resize(120);
      CHECK_EQUAL(host.engine.set_device(alive.front(), spec).status.error, 0);
    }
    if (i % 7 == 0) CHECK_EQUAL(host.engine.stop({alive.front(), steady}).status.error, 0);
    if (i % 7 == 1) CHECK_EQUAL(host.engine.start({steady}).status.error, 0);
    if (i % 11 == 0) CHECK_EQUAL(host.engine.clear_counters({alive.back(), steady}).status.error, 0);
    if (alive.size() > 20) {
      const Result<Cookie> cookie = host.engine.rem_device(alive.front());
      CHECK_EQUAL(cookie.status.error, 0);
      removed[alive.front()] = cookie.value;
      alive.erase(alive.begin());
    }
    if (i % 3 == 0) host.engine.poll();
    // The churn is faster than the senders begin; now and then they are to be in the middle of it.
    if (i % 50 == 49) CHECK(host.until([&] { return host.stats(alive.back()).sent > 0; }));
  }
  for (const DeviceId device : alive) {
    const Result<Cookie> cookie = host.engine.rem_device(device);
    CHECK_EQUAL(cookie.status.error, 0);
    removed[device] = cookie.value;
  }
  CHECK(host.until([&] { return removed.empty(); }));
  CHECK_EQUAL(removals_reported, kRounds);
  CHECK(sent > 0);
  CHECK(host.wait(host.engine.rem_device(steady)));
  CHECK(host.until([&] { return host.engine.free_stats_records() == 4096; }));
  const GraceSnapshot grace = host.engine.grace();
  CHECK_EQUAL(grace.pending, 0);
  CHECK(grace.completed >= kRounds);
  CHECK_EQUAL(grace.latency.total, grace.completed);
}

// Every packet counted is in the file, in sequence, and none besides.
void counters_match_the_file() {
  TemporaryFile one, two;
  uint64_t sent[2] = {};
  {
    Fixture host;
    const DeviceId a = host.add(pcap_port(first_cpu(), one.path), test::udp_device("a"));
    const DeviceId b = host.add(pcap_port(last_cpu(), two.path), test::paced_device("b", 20'000));
    CHECK_EQUAL(host.engine.start({a, b}).status.error, 0);
    CHECK(host.until([&] { return host.stats(a).sent > 10'000 && host.stats(b).sent > 100; }));
    // Cleared while running: what was counted before and after, together, is what was sent.
    const Result<Cookie> cleared = host.engine.clear_counters({b});
    CHECK(host.wait(cleared));
    CHECK(host.until([&] { return host.stats(b).sent > 100; }));
    DeviceSpec larger = test::udp_device("a");
    larger.program.bytes.resize(200);
    CHECK(host.wait(host.engine.set_device(a, larger)));
    const uint64_t at = host.stats(a).sent;
    CHECK(host.until([&] { return host.stats(a).sent > at + 1000; }));
    CHECK(host.wait(host.engine.stop({a, b})));
    sent[0] = host.stats(a).sent;
    sent[1] = host.stats(b).sent;
  }
  const std::vector<std::vector<uint8_t>> first = frames_of(one.path);
  CHECK_EQUAL(first.size(), sent[0]);
  uint32_t sequence = 0;
  bool grown = false;
  for (const std::vector<uint8_t>& frame : first) {
    if (sequence_of(frame) != ++sequence || (grown && frame.size() != 200)) CHECK_EQUAL(sequence_of(frame), sequence);
    grown = frame.size() == 200;
  }
  CHECK(grown);
  // Device b: the count since it was cleared is the number of the last frames; sequence numbers went on.
  const std::vector<std::vector<uint8_t>> second = frames_of(two.path);
  CHECK(sent[1] < second.size());
  sequence = 0;
  for (const std::vector<uint8_t>& frame : second) CHECK_EQUAL(sequence_of(frame), ++sequence);
}

void paced_figures_add_up() {
  Fixture host;
  DeviceSpec spec = test::paced_device("p", 100'000);
  spec.burst = 3;
  const DeviceId device = host.add(test::null_port(last_cpu()), spec);
  CHECK_EQUAL(host.engine.start({device}).status.error, 0);
  CHECK(host.until([&] { return host.stats(device).sent >= 300; }));
  CHECK(host.wait(host.engine.stop({device})));
  const RunSnapshot figures = host.stats(device);
  CHECK(figures.paced);
  const uint64_t due =
      3 * (static_cast<uint64_t>(figures.stopped_at - figures.started_at) / 100'000 + 1);
  CHECK_EQUAL(figures.asked, due);
  CHECK(figures.sent <= figures.asked);
  CHECK_EQUAL(figures.gaps.total, figures.sent - 1);

  DeviceSpec paused = spec;
  paused.paused = true;
  CHECK(host.wait(host.engine.set_device(device, paused)));
  CHECK_EQUAL(host.engine.start({device}).status.error, 0);
  CHECK(host.until([&] { return monotonic_now() > host.stats(device).started_at + 3 * kMillisecond; }));
  CHECK_EQUAL(host.stats(device).sent, 0);
  CHECK_EQUAL(host.stats(device).asked, 0);
  CHECK(host.wait(host.engine.set_device(device, spec)));
  CHECK(host.until([&] { return host.stats(device).sent > 0; }));
}

// A device that is set is never looked for in vain: one that waits for seconds takes the new rate at once.
void setting_wakes_a_sleeping_device() {
  Fixture host;
  const DeviceId device = host.add(test::null_port(last_cpu()), test::paced_device("slow", 3600 * kSecond));
  CHECK_EQUAL(host.engine.start({device}).status.error, 0);
  CHECK(host.until([&] { return host.stats(device).sent == 1; }));
  CHECK(host.wait(host.engine.set_device(device, test::paced_device("slow", kMillisecond))));
  CHECK(host.until([&] { return host.stats(device).sent > 5; }));
}

void clearing_is_exact_when_stopped_or_finished() {
  Fixture host;
  DeviceSpec spec = test::udp_device("d");
  spec.count = 100;
  const DeviceId device = host.add(test::null_port(last_cpu()), spec);
  for (int i = 0; i < 200; i++) {
    host.events.clear();
    CHECK_EQUAL(host.engine.start({device}).status.error, 0);
    // Now here, now there: before, while and after it finishes.
    if (i % 2 == 0) CHECK(host.until([&] { return host.engine.snapshot(device).value.sent > 0; }));
    const Result<Cookie> cleared = host.engine.clear_counters({device});
    CHECK(host.wait(cleared));
    CHECK(host.until([&] { return host.events.size() == 1; }));
    CHECK(host.stats(device).sent <= 100);
    CHECK(host.wait(host.engine.clear_counters({device})));
    CHECK_EQUAL(host.stats(device).sent, 0);
    CHECK_EQUAL(host.stats(device).gaps.total, 0);
  }
  CHECK_EQUAL(host.engine.free_stats_records(), 64);
}

// A full queue refuses; it neither blocks nor frees early.
void retiring_pushes_back() {
  Fixture host;
  const DeviceSpec spec = test::udp_device("d");
  const DeviceId device = host.add(test::null_port(last_cpu()), spec);
  CHECK_EQUAL(host.engine.start({device}).status.error, 0);
  int accepted = 0;
  Result<Cookie> set;
  for (set = host.engine.set_device(device, spec); set.ok() && accepted < 10'000;
       set = host.engine.set_device(device, spec)) {
    accepted++;
  }
  CHECK_EQUAL(set.status.error, EBUSY);
  CHECK_EQUAL(accepted, 4096);
  CHECK_EQUAL(host.engine.stop({device}).status.error, EBUSY);
  CHECK_EQUAL(host.engine.rem_device(device).status.error, EBUSY);
  CHECK(host.stats(device).running);
  CHECK_EQUAL(host.engine.grace().pending, 4096);
  CHECK(host.until([&] { return host.engine.grace().pending == 0; }));
  CHECK(host.wait(host.engine.rem_device(device)));
}

void refusals() {
  Fixture host(1);
  const Result<PortId> port = host.port(test::null_port(last_cpu()));
  DeviceSpec spec = test::udp_device("d");
  spec.burst = 0;
  CHECK_EQUAL(host.engine.add_device(port.value, spec).status.error, EINVAL);
  spec = test::paced_device("d", 0);
  CHECK_EQUAL(host.engine.add_device(port.value, spec).status.error, EINVAL);
  spec = test::udp_device("d");
  spec.program.bytes.resize(5);
  CHECK_EQUAL(host.engine.add_device(port.value, spec).status.error, EINVAL);
  const Result<DeviceId> device = host.engine.add_device(port.value, test::udp_device("d"));
  CHECK_EQUAL(device.status.error, 0);
  CHECK_EQUAL(host.engine.add_device(port.value, test::udp_device("e")).status.error, ENODEV);
  const DeviceId other = host.add(test::null_port(last_cpu()), test::udp_device("e"));
  CHECK_EQUAL(host.engine.start({device.value, other}).status.error, ENOBUFS);
  CHECK(!host.stats(device.value).running);
  CHECK_EQUAL(host.engine.start({device.value}).status.error, 0);
  CHECK_EQUAL(host.port(pcap_port(last_cpu(), "/nonexistent/x.pcap")).status.error, ENOENT);
  CHECK_EQUAL(host.port(test::null_port(CPU_SETSIZE - 1)).status.error, EINVAL);
  CHECK_EQUAL(host.port(test::null_port(-1)).status.error, EINVAL);
  // A FIFO that nobody reads is refused at once, and one that somebody may stop reading, too.
  TemporaryFile fifo;
  unlink(fifo.path.c_str());
  CHECK_EQUAL(mkfifo(fifo.path.c_str(), 0600), 0);
  CHECK_EQUAL(host.port(pcap_port(last_cpu(), fifo.path)).status.error, ENXIO);
  const int reader = open(fifo.path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  CHECK_EQUAL(host.port(pcap_port(last_cpu(), fifo.path)).status.error, EINVAL);
  close(reader);
  CHECK_EQUAL(host.port(pcap_port(last_cpu(), "/dev/null")).status.error, 0);
  TemporaryFile file;
  if (first_cpu() != last_cpu()) {
    CHECK_EQUAL(host.port(pcap_port(first_cpu(), file.path)).status.error, 0);
    CHECK_EQUAL(host.port(pcap_port(last_cpu(), file.path)).status.error, EBUSY);
  }
}

// A disk that takes no more ends the run, says why, and leaves a file of whole records.
void a_full_disk() {
  TemporaryFile file;
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  const rlimit small = {rlim_t{1} << 20, old.rlim_max};
  uint64_t sent = 0, in_flight = 0;
  {
    Fixture host;
    const DeviceId device = host.add(pcap_port(last_cpu(), file.path), test::udp_device("d"));
    setrlimit(RLIMIT_FSIZE, &small);
    CHECK_EQUAL(host.engine.start({device}).status.error, 0);
    CHECK(host.until([&] { return !host.events.empty(); }));
    setrlimit(RLIMIT_FSIZE, &old);
    CHECK(host.events.front().kind == Event::Kind::failed);
    CHECK_EQUAL(host.events.front().error, EFBIG);
    CHECK_EQUAL(host.stats(device).failure, EFBIG);
    sent = host.stats(device).sent;
    in_flight = host.stats(device).in_flight;
  }
  CHECK_EQUAL(frames_of(file.path).size() + in_flight, sent);
}

// A port is shared while it is open, kept for a second without users, and closed after that; somebody wakes the host for it.
void ports_are_shared_and_kept() {
  TemporaryFile file;
  Fixture host;
  const PortSpec spec = pcap_port(last_cpu(), file.path);
  PortSpec other = spec;
  other.mode = XmitMode::queue_xmit;
  const Result<PortId> one = host.port(spec);
  const Result<PortId> two = host.port(spec);
  CHECK(one.ok() && two.ok() && one.value != two.value);
  CHECK_EQUAL(host.port(other).status.error, EBUSY);
  host.engine.release_port(one.value);
  const DeviceId device = host.engine.add_device(two.value, test::udp_device("d")).value;
  CHECK_EQUAL(host.port(other).status.error, EBUSY);
  CHECK(host.wait(host.engine.rem_device(device)));
  CHECK_EQUAL(host.port(other).status.error, EBUSY);
  host.woken.store(0);
  CHECK(test::eventually_within(20, [&] { return host.woken.load() > 0; }));  // without a poll
  CHECK(host.until([&] { return host.port(other).ok(); }));
}

void nobody_starves() {
  Fixture host(64);
  std::vector<DeviceId> devices;
  for (int i = 0; i < 10; i++) {
    devices.push_back(host.add(test::null_port(last_cpu()), test::udp_device("d" + std::to_string(i))));
  }
  // One paced far beyond what can be sent shares as one of them; one that keeps its pace comes first.
  const DeviceId greedy = host.add(test::null_port(last_cpu()), test::paced_device("greedy", 1));
  const DeviceId modest = host.add(test::null_port(last_cpu()), test::paced_device("modest", 2 * kMillisecond));
  CHECK_EQUAL(host.engine.senders().front().cpu, last_cpu());
  CHECK_EQUAL(host.engine.senders().front().devices, 12);
  std::vector<DeviceId> all = devices;
  all.push_back(greedy);
  all.push_back(modest);
  CHECK_EQUAL(host.engine.start(all).status.error, 0);
  // Turn by turn is for pace_test; here nobody may starve.
  CHECK(host.until([&] {
    return std::all_of(all.begin(), all.end(), [&](DeviceId device) {
      return host.stats(device).sent > (device == modest ? 20 : 100'000);
    });
  }));
  CHECK(host.stats(greedy).late > 0);
}

void closing_at_any_moment() {
  for (int i = 0; i < 20; i++) {
    TemporaryFile file;
    Fixture host;
    const DeviceId a = host.add(test::null_port(first_cpu()), test::udp_device("a"));
    const DeviceId b = host.add(pcap_port(last_cpu(), file.path), test::udp_device("b"));
    CHECK_EQUAL(host.engine.start({a, b}).status.error, 0);
    if (i % 2 == 0) CHECK(host.until([&] { return host.stats(a).sent > 0; }));
    if (i % 3 == 0) CHECK_EQUAL(host.engine.rem_device(a).status.error, 0);
    if (i % 5 == 0) host.engine.open_port(test::null_port(last_cpu()), [](Result<PortId>) { CHECK(!"called after close"); });
    host.engine.close_now();
    host.engine.close_now();
    host.engine.poll();
    CHECK(!host.engine.work_pending());
    CHECK_EQUAL(host.engine.start({b}).status.error, ENODEV);
    // The host may be gone: nothing wakes it any more, and what it asks is never answered.
    const int woken = host.woken.load();
    (void)host.engine.sync();
    host.engine.open_port(test::null_port(last_cpu()), [](Result<PortId>) { CHECK(!"called after close"); });
    host.engine.links([](Result<std::vector<LinkFacts>>) { CHECK(!"called after close"); });
    host.engine.poll();
    CHECK_EQUAL(host.woken.load(), woken);
    CHECK(!host.engine.work_pending());
  }
}

size_t threads() {
  size_t count = 0;
  DIR* const tasks = opendir("/proc/self/task");
  while (const dirent* task = readdir(tasks)) count += task->d_name[0] != '.';
  closedir(tasks);
  return count;
}

// A port that was opened but that nobody has heard of yet goes with the engine, its writer's thread too.
void closing_takes_what_nobody_took_over() {
  const size_t before = threads();
  TemporaryFile file;
  Fixture host;
  host.engine.open_port(pcap_port(last_cpu(), file.path), [](Result<PortId>) { CHECK(!"called after close"); });
  CHECK(test::eventually_within(20, [&] { return host.woken.load() > 0; }));
  CHECK(threads() > before);
  host.engine.close_now();
  CHECK(test::eventually_within(20, [&] { return threads() == before; }));
}

// What a stop reports is of the run that it ended, whatever has become of the device meanwhile.
void stop_reports_its_own_run() {
  Fixture host;
  const DeviceId device = host.add(test::null_port(last_cpu()), test::udp_device("d"));
  for (int i = 0; i < 50; i++) {
    std::map<Cookie, int64_t> began;
    std::map<Cookie, RunSnapshot> reported;
    host.on_completed = [&](Cookie cookie) {
      for (const auto& [stop, at] : began) {
        if (stop <= cookie && !reported.contains(stop)) reported[stop] = host.engine.stopped(device, stop).value;
      }
    };
    for (int run = 0; run < 3; run++) {
      const Result<int64_t> at = host.engine.start({device});
      CHECK_EQUAL(at.status.error, 0);
      CHECK(test::eventually_within(20, [&] { return host.stats(device).sent > 0; }));  // without a poll
      const Result<Cookie> stop = host.engine.stop({device});
      CHECK_EQUAL(stop.status.error, 0);
      began[stop.value] = at.value;
    }
    CHECK_EQUAL(host.engine.start({device}).status.error, 0);
    CHECK(host.until([&] { return reported.size() == 3; }));
    for (const auto& [stop, figures] : reported) {
      CHECK(!figures.running);
      CHECK(figures.sent > 0);
      CHECK_EQUAL(figures.bytes, figures.sent * 60);
      CHECK_EQUAL(figures.started_at, began[stop]);
    }
    CHECK(host.stats(device).running);
    CHECK(host.wait(host.engine.stop({device})));
  }
}

std::vector<bool> shared(const Fixture& host) {
  std::vector<bool> result;
  for (const SenderSnapshot& sender : host.engine.senders()) result.push_back(sender.shared_with_control);
  return result;
}

// The control thread keeps off the CPUs of senders that have devices, as far as there are others.
void senders_have_their_cpus() {
  const std::vector<int> all = test::cpus();
  Fixture host;
  const DeviceId one = host.add(test::null_port(all.front()), test::udp_device("one"));
  const bool alone = all.size() == 1;
  CHECK(shared(host) == std::vector<bool>{alone});
  std::vector<int> others = all;
  if (!alone) others.erase(others.begin());
  CHECK(test::present_cpus() == others);
  const DeviceId again = host.add(test::null_port(all.front()), test::udp_device("again"));
  CHECK(host.wait(host.engine.rem_device(one)));
  CHECK(test::present_cpus() == others);
  CHECK(host.wait(host.engine.rem_device(again)));
  CHECK(test::present_cpus() == all);

  // One on each: where all are taken, all are shared, and that is remembered.
  std::vector<DeviceId> each;
  for (const int cpu : all) each.push_back(host.add(test::null_port(cpu), test::udp_device("d")));
  CHECK(test::present_cpus() == all);
  CHECK(shared(host) == std::vector<bool>(all.size(), true));
  CHECK(host.wait(host.engine.rem_device(each.front())));
  CHECK(test::present_cpus() == (alone ? all : std::vector<int>{all.front()}));
  CHECK(shared(host) == std::vector<bool>(all.size(), true));
  host.engine.close_now();
  CHECK(test::present_cpus() == all);
}

void sync_waits_for_what_went_before() {
  Fixture host;
  const DeviceId device = host.add(test::null_port(last_cpu()), test::udp_device("d"));
  CHECK_EQUAL(host.engine.start({device}).status.error, 0);
  const Result<Cookie> removal = host.engine.rem_device(device);
  const Cookie sync = host.engine.sync();
  CHECK(sync > removal.value);
  CHECK(host.until([&] { return host.completed >= sync; }));
  CHECK_EQUAL(host.engine.snapshot(device).status.error, ENODEV);
  CHECK(host.woken.load() > 0);
}

}  // namespace

int main() {
  return test::run({{"engine: the life of a device", life_of_a_device},
                    {"engine: counts finish exactly, again and again", finishing_counts},
                    {"engine: 1000 devices come and go under load", churn_under_load},
                    {"engine: counters match the file", counters_match_the_file},
                    {"engine: paced figures add up", paced_figures_add_up},
                    {"engine: setting wakes a sleeping device", setting_wakes_a_sleeping_device},
                    {"engine: clearing is exact in every state", clearing_is_exact_when_stopped_or_finished},
                    {"engine: a full retire queue pushes back", retiring_pushes_back},
                    {"engine: refusals", refusals},
                    {"engine: a full disk", a_full_disk},
                    {"engine: ports are shared, and kept for a while", ports_are_shared_and_kept},
                    {"engine: nobody starves on a shared CPU", nobody_starves},
                    {"engine: closing at any moment", closing_at_any_moment},
                    {"engine: closing takes what nobody took over", closing_takes_what_nobody_took_over},
                    {"engine: a stop reports its own run", stop_reports_its_own_run},
                    {"engine: senders have their CPUs for themselves", senders_have_their_cpus},
                    {"engine: sync", sync_waits_for_what_went_before}});
}
