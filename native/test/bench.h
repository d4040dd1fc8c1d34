// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdio>
#include <ctime>
#include <map>
#include <string>
#include <vector>

#include "../src/clock.h"
#include "engine_fixture.h"

// What the benchmarks share: times of threads on their CPUs, so that neighbours on the machine cost little, and figures as
// lines of JSON, one value a round.
namespace pktsh::test {

// Nanoseconds that a thread of ours has had on a CPU. Its clock is named as pthread_getcpuclockid() does, which wants a handle
// (include/linux/posix-timers.h: the complement of its id over three bits that say scheduled time of one thread).
inline int64_t time_on_cpu(int tid) {
  constexpr unsigned kThreadClock = 6;
  const auto clock = static_cast<clockid_t>(~static_cast<unsigned>(tid) << 3 | kThreadClock);
  return clock_ns(clock);
}

// Nanoseconds that a thread of ours was ready to run and did not (proc(5), schedstat: the second figure); 0 where the kernel
// does not count that.
inline int64_t waited_for_cpu(int tid) {
  const std::string path = "/proc/self/task/" + std::to_string(tid) + "/schedstat";
  std::FILE* const file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return 0;
  long long waited = 0;
  if (std::fscanf(file, "%*d %lld", &waited) != 1) waited = 0;
  std::fclose(file);
  return waited;
}

// Values by figure, in the order in which figures first came.
class Figures {
 public:
  void add(const std::string& figure, double value) {
    if (!values_.contains(figure)) order_.push_back(figure);
    values_[figure].push_back(value);
  }
  void print() const {
    for (const std::string& figure : order_) {
      std::printf("{\"figure\":\"%s\",\"values\":[", figure.c_str());
      const char* before = "";
      for (const double value : values_.at(figure)) {
        std::printf("%s%.4f", before, value);
        before = ",";
      }
      std::printf("]}\n");
    }
  }

 private:
  std::vector<std::string> order_;
  std::map<std::string, std::vector<double>> values_;
};

// Nanoseconds a packet of devices on driver null on `cpu`, on that CPU's own time.
struct PacketCost {
  double cpu_ns = 0;
  double wall_ns = 0;
};
inline PacketCost packet_cost(Fixture& fixture, const std::vector<DeviceId>& devices, int milliseconds) {
  const auto sent = [&] {
    uint64_t sum = 0;
    for (const DeviceId device : devices) sum += fixture.engine.snapshot(device).value.sent;
    return sum;
  };
  const int64_t at = fixture.engine.start(devices).value;
  // Until it is warm; and until it runs at all, since a thread that has not begun has no id.
  while (monotonic_now() < at + 20 * kMillisecond || sent() == 0) usleep(1000);
  const int tid = fixture.engine.senders().front().tid;
  const int64_t begin = time_on_cpu(tid);
  const int64_t begun_at = monotonic_now();
  const uint64_t before = sent();
  // Longer where the machine did not let it run at all.
  do {
    usleep(static_cast<useconds_t>(milliseconds) * 1000);
  } while (sent() == before);
  const int64_t end = time_on_cpu(tid);
  const int64_t ended_at = monotonic_now();
  const auto packets = static_cast<double>(sent() - before);
  return {static_cast<double>(end - begin) / packets, static_cast<double>(ended_at - begun_at) / packets};
}

}  // namespace pktsh::test
