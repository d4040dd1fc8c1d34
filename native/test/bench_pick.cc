// SPDX-License-Identifier: Apache-2.0
// What the next device costs to find: ns a packet on driver null with 1 to 1000 devices, unpaced in batches of 32 and paced
// one packet a turn (a pace that cannot be kept, with the missed slots skipped). Built a second time with a lock taken and
// given back every turn, as kernel pktgen had it. Arguments: rounds (7), milliseconds a round (200).
#include <cstdlib>

#include "bench.h"

using namespace pktsh;
using pktsh::test::Fixture;

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 7;
  const int milliseconds = argc > 2 ? std::atoi(argv[2]) : 200;
  const int cpu = test::cpus().back();  // the control thread keeps off it
  test::Figures figures;
  for (int round = 0; round < rounds; round++) {
    for (const uint32_t count : {1u, 10u, 100u, 1000u}) {
      for (const bool paced : {false, true}) {
        Fixture fixture(2048);
        std::vector<DeviceId> devices;
        for (uint32_t i = 0; i < count; i++) {
          DeviceSpec spec = test::udp_device("d" + std::to_string(i));
          spec.paced = paced;
          spec.late = LatePolicy::skip;
          if (paced) spec.gap = {10, 0};
          devices.push_back(fixture.add(test::null_port(cpu), spec));
        }
        const test::PacketCost cost = test::packet_cost(fixture, devices, milliseconds);
        const std::string name =
            std::string(paced ? "paced, one packet a turn, " : "unpaced, batches of 32, ") + std::to_string(count);
        figures.add(name + ", CPU", cost.cpu_ns);
        figures.add(name + ", wall", cost.wall_ns);
      }
    }
  }
  figures.print();
  return 0;
}
