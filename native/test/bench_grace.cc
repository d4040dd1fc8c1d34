// SPDX-License-Identifier: Apache-2.0
// Removal while every CPU sends flat out: from the call until the grace period has ended and the memory is free, with a
// control thread that sleeps until it is woken, as an event loop does. Removals during which one of these threads was ready
// to run and had to wait for its CPU are told apart. Then what a thousand additions and removals a second cost another
// device of that sender, and how long the kernel takes to close what a port held.
// Arguments: rounds (5), removals a round (200), milliseconds a round (300).
#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "../src/driver.h"
#include "../src/fd.h"
#include "bench.h"
#include "lab_fixture.h"

using namespace pktsh;

namespace {

// Of waiting for a CPU: what a sender waits while this thread, woken on its CPU, reads all these counts. Another process
// takes milliseconds.
constexpr int64_t kCalm = 200 * kMicrosecond;

double quantile(std::vector<double> values, double which) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, static_cast<size_t>(which * static_cast<double>(values.size())))];
}

class Host {
 public:
  Host()
      : wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        page_(std::aligned_alloc(64, kStatsRecordSize * kRecords)),
        engine([this] {
          const uint64_t one = 1;
          (void)!write(wake_.get(), &one, sizeof one);
        }, {}) {
    engine.add_stats_page(page_, kRecords);
  }
  ~Host() {
    engine.close_now();
    std::free(page_);
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  template <typename Condition>
  void until(Condition holds) {
    constexpr int kNetMs = 1;  // as the addon's timer, under wakes that are lost
    for (engine.poll(); !holds(); engine.poll()) {
      pollfd woken{wake_.get(), POLLIN, 0};
      if (::poll(&woken, 1, kNetMs) > 0) {
        uint64_t count = 0;
        (void)!read(wake_.get(), &count, sizeof count);
      }
    }
  }
  void until_completed(Cookie cookie) {
    until([&] { return engine.completed() >= cookie; });
  }
  PortId port(const PortSpec& spec) {
    Result<PortId> result;
    bool done = false;
    engine.open_port(spec, [&](Result<PortId> opened) {
      result = std::move(opened);
      done = true;
    });
    until([&] { return done; });
    if (!result.ok()) {
      std::fprintf(stderr, "%s: errno %d\n", result.status.doing.c_str(), result.status.error);
      std::exit(1);
    }
    return result.value;
  }
  DeviceId add(const PortSpec& spec, const DeviceSpec& device) { return engine.add_device(port(spec), device).value; }
  uint64_t sent(DeviceId device) { return engine.snapshot(device).value.sent; }
  // By this thread and the senders together.
  int64_t waited() {
    int64_t sum = test::waited_for_cpu(gettid());
    for (const SenderSnapshot& sender : engine.senders()) sum += test::waited_for_cpu(sender.tid);
    return sum;
  }
  // The packet port of a lab's veth pair; nothing where there can be no lab.
  bool open_lab() {
    bool done = false, ok = false;
    engine.open_lab({test::helper_path(), {test::veth()}}, [&](Result<std::vector<LinkFacts>> links) {
      done = true;
      ok = links.ok();
      if (ok) tx = test::find(links.value, "tx0")->index;
    });
    until([&] { return done; });
    return ok;
  }

 private:
  static constexpr uint32_t kRecords = 4096;
  Fd wake_;
  void* page_;

 public:
  int tx = 0;
  Engine engine;
};

PortSpec port_of(const Host& host, bool packet, int cpu) {
  PortSpec port = test::null_port(cpu);
  if (!packet) return port;
  port.driver = DriverKind::packet;
  port.interface = "tx0";
  port.ifindex = host.tx;
  return port;
}

// Senders on `cpus`, each with a device that sends flat out; those that are removed do so too.
void removals(test::Figures& figures, const std::string& name, bool packet, const std::vector<int>& cpus, int count) {
  Host host;
  if (packet && !host.open_lab()) {
    std::fprintf(stderr, "left out: %s (no right to make a lab)\n", name.c_str());
    return;
  }
  std::vector<DeviceId> steady;
  for (const int cpu : cpus) steady.push_back(host.add(port_of(host, packet, cpu), test::udp_device("steady")));
  (void)host.engine.start(steady);
  std::vector<double> calm, disturbed;
  for (int i = 0; i < count; i++) {
    const int cpu = cpus[static_cast<size_t>(i) % cpus.size()];
    const DeviceId device = host.add(port_of(host, packet, cpu), test::udp_device("removed"));
    (void)host.engine.start({device});
    host.until([&] { return host.sent(device) > 0; });
    const int64_t before = host.waited();
    const int64_t begin = monotonic_now();
    host.until_completed(host.engine.rem_device(device).value);
    const double us = static_cast<double>(monotonic_now() - begin) / 1e3;
    (host.waited() - before <= kCalm ? calm : disturbed).push_back(us);
  }
  for (const auto& [what, values] :
       {std::pair<const char*, std::vector<double>&>{"undisturbed", calm}, {"waiting for a CPU", disturbed}}) {
    figures.add(name + ", " + what + ", removals", static_cast<double>(values.size()));
    if (values.empty()) continue;
    figures.add(name + ", " + what + ", median", quantile(values, 0.5));
    figures.add(name + ", " + what + ", p99", quantile(values, 0.99));
  }
}

struct Pace {
  double cpu = 0;   // packets a second of the sender's CPU time
  double wall = 0;  // packets a second
  double control_percent = 0;  // of a CPU, by everything that is no sender
};

// `device` for a while, with so many additions and removals a second beside it.
Pace pace(Host& host, const PortSpec& port, DeviceId device, int milliseconds, int per_second) {
  const int tid = host.engine.senders().front().tid;
  DeviceSpec idle = test::paced_device("idle", kSecond);
  const int64_t cpu = test::time_on_cpu(tid), all = clock_ns(CLOCK_PROCESS_CPUTIME_ID), begin = monotonic_now();
  const uint64_t sent = host.sent(device);
  const int64_t end = begin + milliseconds * kMillisecond;
  int64_t next = begin;
  while (monotonic_now() < end) {
    if (per_second == 0) {
      usleep(1000);
      host.engine.poll();
      continue;
    }
    const DeviceId added = host.add(port, idle);
    (void)host.engine.start({added});
    host.until_completed(host.engine.rem_device(added).value);
    next += kSecond / per_second;
    while (monotonic_now() < next) usleep(50);
  }
  const int64_t sender = test::time_on_cpu(tid) - cpu, wall = monotonic_now() - begin;
  const auto packets = static_cast<double>(host.sent(device) - sent);
  const double others = static_cast<double>(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - all - sender);
  return {packets * 1e9 / static_cast<double>(sender), packets * 1e9 / static_cast<double>(wall),
          100 * others / static_cast<double>(wall)};
}

void churn(test::Figures& figures, int milliseconds) {
  constexpr int kPerSecond = 1000;
  Host host;
  const PortSpec port = test::null_port(test::cpus().back());
  const DeviceId device = host.add(port, test::udp_device("steady"));
  (void)host.engine.start({device});
  host.until([&] { return host.sent(device) > 0; });
  // In turns, since the machine's other work comes and goes; ratios of neighbours.
  constexpr int kTurns = 6;
  std::vector<double> cpu, wall, control;
  for (int turn = 0; turn < kTurns; turn++) {
    const Pace calm = pace(host, port, device, milliseconds / kTurns, 0);
    const Pace busy = pace(host, port, device, milliseconds / kTurns, kPerSecond);
    cpu.push_back(100 * busy.cpu / calm.cpu);
    wall.push_back(100 * busy.wall / calm.wall);
    control.push_back(busy.control_percent);
  }
  figures.add("another device under 1000 removals a second, CPU", quantile(cpu, 0.5));
  figures.add("another device under 1000 removals a second, wall", quantile(wall, 0.5));
  figures.add("control CPU for 1000 removals a second", quantile(control, 0.5));
}

// Closing what a port held, on the thread that closes; a port is kept for a second after its last device.
void closing(test::Figures& figures) {
  LabLink sink = test::ifb("sink0");
  const Result<std::unique_ptr<LabClient>> lab = LabClient::open({test::helper_path(), {test::veth(), sink}});
  if (!lab.ok()) return;
  for (const auto& [what, interface] : {std::pair<const char*, const char*>{"socket", "tx0"}, {"ring", "sink0"}}) {
    PortSpec port = test::null_port(0);
    port.driver = DriverKind::packet;
    port.interface = interface;
    port.ifindex = test::ifindex(*lab.value, interface);
    Result<std::unique_ptr<Driver>> driver = open_driver(port, lab.value.get());
    if (!driver.ok()) continue;
    const int64_t begin = monotonic_now();
    driver.value.reset();
    figures.add(std::string("closing a packet ") + what, static_cast<double>(monotonic_now() - begin) / 1e6);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
  const int count = argc > 2 ? std::atoi(argv[2]) : 200;
  const int milliseconds = argc > 3 ? std::atoi(argv[3]) : 300;
  const std::vector<int> every = test::cpus();
  const std::vector<int> last = {every.back()};
  test::Figures figures;
  for (int round = 0; round < rounds; round++) {
    removals(figures, "removal, packet, every CPU sends", true, every, count);
    removals(figures, "removal, packet, all but the control thread's CPU", true, last, count);
    removals(figures, "removal, null, every CPU sends", false, every, count);
    removals(figures, "removal, null, all but the control thread's CPU", false, last, count);
    churn(figures, milliseconds);
    closing(figures);
  }
  figures.print();
  return 0;
}
