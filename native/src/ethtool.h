// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "status.h"

namespace pktsh {

// One of an interface's own counters, as `ethtool -S` and `ip -s link` show them.
struct Statistic {
  std::string name;
  uint64_t value = 0;
};

// Both ask through any socket of the namespace, by ioctl: ethtool's netlink interface has only the standard groups.

// The driver's statistics of the interface; none where the driver keeps none.
[[nodiscard]] Result<std::vector<Statistic>> ethtool_statistics(int socket, const std::string& interface);

// Where the adapter sits on its bus ("0000:3b:00.0"); "" for what is no adapter.
[[nodiscard]] std::string ethtool_bus(int socket, const std::string& interface);

}  // namespace pktsh
