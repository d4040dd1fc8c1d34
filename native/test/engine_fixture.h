// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sched.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "../src/engine.h"
#include "harness.h"

namespace pktsh::test {

// 60 bytes: Ethernet, IPv4, UDP, pktgen header; the IPv4 checksum is right.
inline DeviceSpec udp_device(std::string name) {
  DeviceSpec spec;
  spec.name = std::move(name);
  spec.program.bytes = {0x02, 0, 0, 0, 0, 2, 0x02, 0, 0, 0, 0, 1, 0x08, 0x00, 0x45, 0x00, 0x00, 0x2e, 0x00, 0x00, 0x00,
                        0x00, 0x40, 0x11, 0x66, 0xbd, 10, 0, 0, 1, 10, 0, 0, 2, 0x00, 0x09, 0x00, 0x09, 0x00, 0x1a};
  spec.program.bytes.resize(60);
  spec.program.operations = {StampOp{42}};
  return spec;
}

inline DeviceSpec paced_device(std::string name, int64_t gap_ns) {
  DeviceSpec spec = udp_device(std::move(name));
  spec.paced = true;
  spec.gap = {gap_ns, 0};
  return spec;
}

inline PortSpec null_port(int cpu) {
  PortSpec port;
  port.cpu = cpu;
  port.driver = DriverKind::null;
  return port;
}

// CPUs that this thread may run on now, ascending. An engine changes that for its control thread.
inline std::vector<int> present_cpus() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  sched_getaffinity(0, sizeof allowed, &allowed);
  std::vector<int> result;
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
    if (CPU_ISSET(static_cast<size_t>(cpu), &allowed)) result.push_back(cpu);
  }
  return result;
}

// CPUs that senders may run on, ascending: those from before any engine had devices.
inline const std::vector<int>& cpus() {
  static const auto* const all = new std::vector<int>(present_cpus());
  return *all;
}

// An engine with a host that polls, statistics pages, and what it was told.
struct Fixture {
  explicit Fixture(uint32_t records = 64)
      : page(std::aligned_alloc(64, kStatsRecordSize * records)),
        engine([this] { woken.fetch_add(1); }, {[this](const Event& event) { events.push_back(event); },
                                                [this](Cookie cookie) {
                                                  completed = cookie;
                                                  if (on_completed) on_completed(cookie);
                                                }}) {
    engine.add_stats_page(page, records);
  }
  ~Fixture() {
    engine.close_now();
    std::free(page);
  }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;

  template <typename Condition>
  bool until(Condition holds, int seconds = 30) {
    return eventually_within(seconds, [&] {
      engine.poll();
      return holds();
    });
  }

  Result<PortId> port(const PortSpec& spec) {
    Result<PortId> result;
    bool done = false;
    engine.open_port(spec, [&](Result<PortId> opened) {
      result = std::move(opened);
      done = true;
    });
    CHECK(until([&] { return done; }));
    return result;
  }

  DeviceId add(const PortSpec& spec, DeviceSpec device) {
    Result<PortId> opened = port(spec);
    CHECK_EQUAL(opened.status.error, 0);
    Result<DeviceId> added = engine.add_device(opened.value, std::move(device));
    CHECK_EQUAL(added.status.error, 0);
    return added.value;
  }

  bool wait(const Result<Cookie>& cookie) {
    CHECK_EQUAL(cookie.status.error, 0);
    return until([&] { return engine.completed() >= cookie.value; });
  }

  RunSnapshot stats(DeviceId device) {
    Result<RunSnapshot> snapshot = engine.snapshot(device);
    CHECK_EQUAL(snapshot.status.error, 0);
    return snapshot.value;
  }

  void* page;
  std::atomic<int> woken{0};
  std::vector<Event> events;
  Cookie completed = 0;
  std::function<void(Cookie)> on_completed;
  Engine engine;
};

}  // namespace pktsh::test
