// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "driver.h"
#include "engine.h"

namespace pktsh {

// A driver and who uses it: shared by all devices whose spec is equal, counted, of the control thread.
struct Port {
  PortSpec spec;
  std::unique_ptr<Driver> driver;  // null while it is being opened
  uint32_t users = 0;              // devices until their memory is free, and handles not yet taken over
  int64_t unused_since = 0;        // while there are no users
  std::vector<std::function<void(Result<PortId>)>> waiting;  // for the driver
};

// Whether two specs mean the same port: the interface is its index, its name is for messages only.
[[nodiscard]] inline bool same_port(const PortSpec& a, const PortSpec& b) {
  return a.ifindex == b.ifindex && a.cpu == b.cpu && a.driver == b.driver && a.mode == b.mode && a.file == b.file;
}

}  // namespace pktsh
