// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "ethtool.h"
#include "status.h"

namespace pktsh {

using Mac = std::array<uint8_t, 6>;

// An interface as rtnetlink and ethtool netlink describe it; never read from /sys or /proc, which may show another
// namespace.
struct LinkFacts {
  std::string name;
  int index = 0;
  std::string kind;  // IFLA_INFO_KIND: "veth", "ifb", …; "" for hardware and loopback
  Mac mac{};
  uint32_t mtu = 0;
  bool up = false;
  bool carrier = false;
  uint32_t queues = 0;  // transmit queues
  uint64_t speed = 0;   // bit/s; 0: the interface has none
  int peer = 0;         // ifindex of the other end of a veth in the same namespace, else 0
  bool loopback = false;
  uint32_t ipv4 = 0;  // its first IPv4 address, host order; 0: none
  std::string bus;    // see ethtool_bus()
  // A default route leaves through it, or through an interface that stands on it (bond, bridge, VLAN): sending here may cut
  // the machine off, so a user must name it.
  bool default_route = false;
};

// Facts of every interface in the namespace of `netlink`, an open NETLINK_ROUTE socket. `generic` is a NETLINK_GENERIC
// socket of the same namespace for ethtool (speed), or -1 to go without.
[[nodiscard]] Result<std::vector<LinkFacts>> dump_links(int netlink, int generic);

// The counters of an interface: ethtool's, and the kernel's own (`ip -s link`) under names that the driver does not use.
[[nodiscard]] Result<std::vector<Statistic>> link_statistics(int netlink, const std::string& interface);

}  // namespace pktsh
