// SPDX-License-Identifier: Apache-2.0
#include "driver.h"

#include <cerrno>

#include "engine.h"

namespace pktsh {

Result<std::unique_ptr<Driver>> open_driver(const PortSpec& spec, LabClient* lab) {
  switch (spec.driver) {
    case DriverKind::null:
      return open_null_driver();
    case DriverKind::pcap:
      return open_pcap_driver(spec);
    case DriverKind::packet:
      return open_packet_driver(spec, lab);
  }
  return Result<std::unique_ptr<Driver>>::failure(EINVAL, "opening a port with a driver that does not exist");
}

}  // namespace pktsh
