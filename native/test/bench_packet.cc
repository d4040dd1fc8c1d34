// SPDX-License-Identifier: Apache-2.0
// Packets a second of driver packet on an interface of this namespace, one CPU, unpaced 60-byte frames; the interface's own
// counter beside what was counted as sent. Arguments: interface, milliseconds (1000), start_xmit or queue_xmit.
#include <net/if.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "../src/clock.h"
#include "engine_fixture.h"

using namespace pktsh;
using pktsh::test::Fixture;

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s INTERFACE [MILLISECONDS [start_xmit|queue_xmit]]\n", argv[0]);
    return 2;
  }
  test::Case whole;
  test::current() = &whole;
  const int milliseconds = argc > 2 ? std::atoi(argv[2]) : 1000;
  PortSpec port;
  port.interface = argv[1];
  port.ifindex = static_cast<int>(if_nametoindex(argv[1]));
  port.cpu = test::cpus().back();
  port.mode = argc > 3 && std::string(argv[3]) == "queue_xmit" ? XmitMode::queue_xmit : XmitMode::start_xmit;
  Fixture host;
  const DeviceId device = host.add(port, test::udp_device(argv[1]));
  if (whole.failed()) return 1;
  const int64_t at = host.engine.start({device}).value;
  while (monotonic_now() < at + milliseconds * kMillisecond) usleep(1000);
  if (!host.wait(host.engine.stop({device}))) return 1;
  const RunSnapshot figures = host.stats(device);
  const double seconds = static_cast<double>(figures.stopped_at - figures.started_at) / kSecond;
  std::printf("%s %.3f Mpps, %llu sent, %llu errors, %llu in flight\n", argv[1], static_cast<double>(figures.sent) / seconds / 1e6,
              static_cast<unsigned long long>(figures.sent), static_cast<unsigned long long>(figures.errors),
              static_cast<unsigned long long>(figures.in_flight));
  return whole.failed() ? 1 : 0;
}
