// SPDX-License-Identifier: Apache-2.0
// What the core costs: ns a packet on driver null, 60-byte UDP frames with sequence number and time stamp, one CPU. Rounds of
// each case are interleaved; median, and the spread between the fastest and the slowest round. Ratios of one run hold
// better than absolute figures. Arguments: rounds (7), milliseconds a round (300).
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "../src/clock.h"
#include "engine_fixture.h"

using namespace pktsh;
using pktsh::test::Fixture;

namespace {

struct Case {
  const char* name;
  uint32_t devices;
  bool paced;  // one packet a turn: a pace that cannot be kept, with the missed slots skipped
  std::vector<double> ns;
};

double measure(const Case& one, int cpu, int milliseconds) {
  Fixture fixture(2048);
  std::vector<DeviceId> devices;
  for (uint32_t i = 0; i < one.devices; i++) {
    DeviceSpec spec = test::udp_device("d" + std::to_string(i));
    if (one.paced) {
      spec.paced = true;
      spec.gap = {10, 0};
      spec.late = LatePolicy::skip;
    }
    devices.push_back(fixture.add(test::null_port(cpu), spec));
  }
  const auto sent = [&] {
    uint64_t sum = 0;
    for (const DeviceId device : devices) sum += fixture.engine.snapshot(device).value.sent;
    return sum;
  };
  const int64_t at = fixture.engine.start(devices).value;
  while (monotonic_now() < at + 20 * kMillisecond) usleep(1000);
  const int64_t begin = monotonic_now();
  const uint64_t before = sent();
  usleep(static_cast<useconds_t>(milliseconds) * 1000);
  const int64_t end = monotonic_now();
  const uint64_t after = sent();
  return static_cast<double>(end - begin) / static_cast<double>(after - before);
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 7;
  const int milliseconds = argc > 2 ? std::atoi(argv[2]) : 300;
  // The control thread stays on the first CPU, the sender gets the last.
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  sched_getaffinity(0, sizeof allowed, &allowed);
  int cpu = CPU_SETSIZE - 1;
  while (cpu > 0 && !CPU_ISSET(static_cast<size_t>(cpu), &allowed)) cpu--;

  std::vector<Case> cases = {{"unpaced, 1 device, batches of 32", 1, false, {}},
                             {"unpaced, 1000 devices, batches of 32", 1000, false, {}},
                             {"paced, 1 device, one packet a turn", 1, true, {}},
                             {"paced, 1000 devices, one packet a turn", 1000, true, {}}};
  for (int round = 0; round < rounds; round++) {
    for (Case& one : cases) one.ns.push_back(measure(one, cpu, milliseconds));
  }
  for (Case& one : cases) {
    std::sort(one.ns.begin(), one.ns.end());
    std::printf("%-40s %6.2f ns/packet (%.2f to %.2f)\n", one.name, one.ns[one.ns.size() / 2], one.ns.front(),
                one.ns.back());
  }
  return 0;
}
