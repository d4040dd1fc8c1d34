// SPDX-License-Identifier: Apache-2.0
// What the core costs: ns a packet on driver null, 60-byte UDP frames with sequence number and time stamp, one CPU; then what
// each thing that can change in a frame adds. Time is the sender's on its CPU, so that neighbours cost little. Rounds of each case are interleaved; median, and the spread between the fastest and the slowest round. Ratios of one run hold
// better than absolute figures. Arguments: rounds (7), milliseconds a round (300).
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "bench.h"

using namespace pktsh;
using pktsh::test::Fixture;

namespace {

struct Case {
  const char* name;
  uint32_t devices;
  bool paced;  // one packet a turn: a pace that cannot be kept, with the missed slots skipped
  std::vector<double> ns;
  void (*vary)(DeviceSpec&) = nullptr;
};

constexpr uint16_t kSource = 26, kDestination = 30, kIpSum = 24, kPorts = 34, kUdpSum = 40;
const ChecksumOp kIpv4Sum{kIpSum, 14, 20, {}, false};

FieldSlot slot(uint16_t offset, uint8_t bytes) { return {offset, bytes, 0, static_cast<uint8_t>(8 * bytes)}; }

void add(DeviceSpec& spec, std::vector<FieldOp> operations) {
  std::vector<FieldOp>& all = spec.program.operations;
  all.insert(all.begin(), operations.begin(), operations.end());
}

void static_frame(DeviceSpec& spec) { spec.program.operations.clear(); }

void two_ranges(DeviceSpec& spec) {
  add(spec, {IncrementOp{slot(kDestination, 4), 0x0a000000, 0x0a00ffff, 1}, IncrementOp{slot(kPorts, 2), 9, 1000, 1}, kIpv4Sum});
}

void four_random_fields(DeviceSpec& spec) {
  add(spec, {RandomOp{slot(kSource, 4), 0x0a000000, 0x0affffff}, RandomOp{slot(kDestination, 4), 0, UINT32_MAX,
             {{0, 0x00ffffff}, {0x7f000000, 0x7fffffff}, {0xe0000000, UINT32_MAX}}},
             RandomOp{slot(kPorts, 2), 1024, 65535}, RandomOp{slot(kPorts + 2, 2), 1, 1023}, kIpv4Sum});
}

void udp_checksum(DeviceSpec& spec) {
  spec.program.operations.push_back(ChecksumOp{kUdpSum, kPorts, 0, {kSource, 8, 17, 0xffff}, true});
}

// pktgen's usual mixture, with the lengths and checksums that it needs.
void imix(DeviceSpec& spec) {
  spec.program.bytes.resize(1500);
  add(spec, {SizeOp{SizeOp::Kind::weighted, 0, 0, 0, {{60, 7}, {576, 4}, {1500, 1}}}, LengthOp{slot(16, 2), 14},
             LengthOp{slot(38, 2), 34}, kIpv4Sum});
}

void flows(DeviceSpec& spec) {
  add(spec, {RandomOp{slot(kDestination, 4), 0x0a000000, 0x0affffff, {}, {.count = kMaxFlows, .length = 10}}, kIpv4Sum});
}

void clones(DeviceSpec& spec) { spec.clones = 10; }

double measure(const Case& one, int cpu, int milliseconds) {
  Fixture fixture(2048);
  std::vector<DeviceId> devices;
  for (uint32_t i = 0; i < one.devices; i++) {
    DeviceSpec spec = test::udp_device("d" + std::to_string(i));
    if (one.vary != nullptr) one.vary(spec);
    if (one.paced) {
      spec.paced = true;
      spec.gap = {10, 0};
      spec.late = LatePolicy::skip;
    }
    devices.push_back(fixture.add(test::null_port(cpu), spec));
  }
  return test::packet_cost(fixture, devices, milliseconds).cpu_ns;
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 7;
  const int milliseconds = argc > 2 ? std::atoi(argv[2]) : 300;
  const int cpu = test::cpus().back();  // the control thread keeps off it

  std::vector<Case> cases = {{"unpaced, 1 device, batches of 32", 1, false, {}},
                             {"unpaced, 1000 devices, batches of 32", 1000, false, {}},
                             {"paced, 1 device, one packet a turn", 1, true, {}},
                             {"paced, 1000 devices, one packet a turn", 1000, true, {}},
                             {"static frame", 1, false, {}, static_frame},
                             {"2 ranges, IPv4 checksum", 1, false, {}, two_ranges},
                             {"4 random fields, IPv4 checksum", 1, false, {}, four_random_fields},
                             {"UDP checksum", 1, false, {}, udp_checksum},
                             {"imix 60:7 576:4 1500:1, IPv4 checksum", 1, false, {}, imix},
                             {"65536 flows, IPv4 checksum", 1, false, {}, flows},
                             {"10 clones", 1, false, {}, clones}};
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
