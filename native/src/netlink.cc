// SPDX-License-Identifier: Apache-2.0
#include "netlink.h"

#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <utility>

#include "netlink_message.h"

namespace pktsh {
namespace {

using Clock = std::chrono::steady_clock;

// The kernel gives the next part of an answer at once; a second without one means that it was lost.
inline constexpr std::chrono::seconds kAnswerLimit{1};
// A dump is interrupted when a link changes meanwhile. Each takes well under a millisecond, so this many in a row mean
// a host whose links never rest.
inline constexpr int kDumpTries = 32;
// The kernel puts at most 32 KiB into one datagram of a dump; beyond this something is wrong.
inline constexpr size_t kMaxDatagram = size_t{1} << 20;

// Tells answers from left-overs of an earlier request on the same socket; relaxed: only uniqueness matters.
std::atomic<uint32_t> last_sequence{0};
uint32_t next_sequence() { return last_sequence.fetch_add(1, std::memory_order_relaxed) + 1; }

// Receives one datagram of any size from the kernel. Gives 0 or an errno.
int receive(int socket, Clock::time_point deadline, std::vector<uint8_t>& buffer) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd source{socket, POLLIN, 0};
    const int ready = poll(&source, 1, static_cast<int>(std::max<int64_t>(left, 0)));
    if (ready == 0) return ETIMEDOUT;
    if (ready < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    const ssize_t pending = recv(socket, nullptr, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
    if (pending < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      return errno;
    }
    // The kernel sends no empty ones; this is a socket whose other end has been closed, so no netlink socket.
    if (pending == 0) return EPROTO;
    if (static_cast<size_t>(pending) > kMaxDatagram) return EMSGSIZE;
    buffer.resize(static_cast<size_t>(pending));
    sockaddr_nl sender{};
    socklen_t sender_size = sizeof sender;
    const ssize_t size = recvfrom(socket, buffer.data(), buffer.size(), MSG_DONTWAIT,
                                  reinterpret_cast<sockaddr*>(&sender), &sender_size);
    if (size < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      return errno;
    }
    buffer.resize(static_cast<size_t>(size));
    if (sender.nl_pid == 0) return 0;
  }
}

int send_request(int socket, NetlinkMessage& message) {
  const auto bytes = message.bytes();
  if (bytes.empty()) return EMSGSIZE;
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  ssize_t sent;
  do {
    sent = sendto(socket, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel);
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? errno : 0;
}

int error_of(std::span<const uint8_t> payload) {
  int32_t negative = 0;
  if (payload.size() < sizeof negative) return EPROTO;
  std::memcpy(&negative, payload.data(), sizeof negative);
  return negative < 0 ? -negative : 0;
}

enum class Turn { more, done, interrupted };

// Sends `message` (its sequence number is `sequence`) and hands every answering message's type and payload to `visit`, until
// the kernel says that was all. A dump that a change interrupted gives Turn::interrupted: what was visited may be
// inconsistent or have gaps.
template <typename Visit>
int walk_answers(int socket, NetlinkMessage& message, uint32_t sequence, Visit visit, Turn& turn) {
  turn = Turn::more;
  if (const int error = send_request(socket, message)) return error;
  bool interrupted = false;
  std::vector<uint8_t> buffer;
  int failure = 0;
  while (turn == Turn::more) {
    if (const int error = receive(socket, Clock::now() + kAnswerLimit, buffer)) return error;
    const bool whole = each_message(buffer, [&](const nlmsghdr& header, std::span<const uint8_t> payload) {
      if (header.nlmsg_seq != sequence) return true;
      interrupted = interrupted || (header.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
      if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR) {
        failure = error_of(payload);
        turn = Turn::done;
        return false;
      }
      visit(header.nlmsg_type, payload);
      return true;
    });
    if (!whole) return EPROTO;
  }
  if (interrupted) turn = Turn::interrupted;
  return failure;
}

// Repeats a dump until none of it was interrupted. `build(message)` adds what follows the netlink header; `restart()` drops
// what an interrupted dump gave.
template <typename Build, typename Restart, typename Visit>
int dump(int socket, uint16_t type, Build build, Restart restart, Visit visit) {
  for (int tries = 0; tries < kDumpTries; tries++) {
    const uint32_t sequence = next_sequence();
    NetlinkMessage message(type, NLM_F_REQUEST | NLM_F_DUMP, sequence);
    build(message);
    restart();
    Turn turn = Turn::more;
    const int error = walk_answers(socket, message, sequence, visit, turn);
    if (turn == Turn::interrupted || error == EINTR) continue;
    return error;
  }
  return EAGAIN;
}

// A link with what only the walk over default routes needs: which interfaces stand on it or below it.
struct Link {
  LinkFacts facts;
  int lower = 0;   // a VLAN's or macvlan's interface below; 0 if none or in another namespace
  int master = 0;  // the bond or bridge that it belongs to; 0 if none
};

Link read_link(std::span<const uint8_t> payload) {
  Link link;
  LinkFacts& facts = link.facts;
  ifinfomsg header;
  std::memcpy(&header, payload.data(), sizeof header);
  facts.index = header.ifi_index;
  facts.up = (header.ifi_flags & IFF_UP) != 0;
  facts.carrier = (header.ifi_flags & IFF_LOWER_UP) != 0;
  facts.loopback = (header.ifi_flags & IFF_LOOPBACK) != 0;
  int below = 0;
  bool elsewhere = false;
  each_attribute(payload.subspan(sizeof header), [&](const NetlinkAttribute& attribute) {
    switch (attribute.type) {
      case IFLA_IFNAME:
        facts.name = attribute.text();
        break;
      case IFLA_ADDRESS:
        if (attribute.payload.size() == facts.mac.size()) facts.mac = attribute.as<Mac>().value_or(Mac{});
        break;
      case IFLA_MTU:
        facts.mtu = attribute.as<uint32_t>().value_or(0);
        break;
      case IFLA_NUM_TX_QUEUES:
        facts.queues = attribute.as<uint32_t>().value_or(0);
        break;
      case IFLA_LINK:
        below = attribute.as<int32_t>().value_or(0);
        break;
      // The interface below is in another namespace: its index means nothing here, and may be one of ours by accident.
      case IFLA_LINK_NETNSID:
        elsewhere = true;
        break;
      case IFLA_MASTER:
        link.master = attribute.as<int32_t>().value_or(0);
        break;
      case IFLA_LINKINFO:
        each_attribute(attribute.payload, [&](const NetlinkAttribute& info) {
          if (info.type == IFLA_INFO_KIND) facts.kind = info.text();
        });
        break;
      default:
        break;
    }
  });
  if (elsewhere) below = 0;
  // For a veth the kernel gives its peer here, which it does not stand on.
  (facts.kind == "veth" ? facts.peer : link.lower) = below;
  return link;
}

int dump_all_links(int netlink, std::vector<Link>& links) {
  return dump(
      netlink, RTM_GETLINK,
      [](NetlinkMessage& message) {
        ifinfomsg header{};
        header.ifi_family = AF_UNSPEC;
        message.put_header(header);
        message.put_u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
      },
      [&] { links.clear(); },
      [&](uint16_t type, std::span<const uint8_t> payload) {
        if (type == RTM_NEWLINK && payload.size() >= sizeof(ifinfomsg)) links.push_back(read_link(payload));
      });
}

// The output interfaces of one default route, several where it has several next hops.
void read_route(std::span<const uint8_t> payload, std::vector<int>& interfaces) {
  rtmsg route;
  std::memcpy(&route, payload.data(), sizeof route);
  if (route.rtm_dst_len != 0 || route.rtm_type != RTN_UNICAST) return;
  each_attribute(payload.subspan(sizeof route), [&](const NetlinkAttribute& attribute) {
    if (attribute.type == RTA_OIF) interfaces.push_back(attribute.as<int32_t>().value_or(0));
    if (attribute.type != RTA_MULTIPATH) return;
    std::span<const uint8_t> hops = attribute.payload;
    rtnexthop hop;
    while (hops.size() >= sizeof hop) {
      std::memcpy(&hop, hops.data(), sizeof hop);
      if (hop.rtnh_len < sizeof hop || hop.rtnh_len > hops.size()) return;
      interfaces.push_back(hop.rtnh_ifindex);
      hops = hops.subspan(std::min<size_t>(RTNH_ALIGN(hop.rtnh_len), hops.size()));
    }
  });
}

int dump_default_routes(int netlink, uint8_t family, std::vector<int>& interfaces) {
  std::vector<int> found;
  const int error = dump(
      netlink, RTM_GETROUTE,
      [&](NetlinkMessage& message) {
        rtmsg header{};
        header.rtm_family = family;
        message.put_header(header);
      },
      [&] { found.clear(); },
      [&](uint16_t type, std::span<const uint8_t> payload) {
        if (type == RTM_NEWROUTE && payload.size() >= sizeof(rtmsg)) read_route(payload, found);
      });
  // A kernel without this family has no routes of it.
  if (error == EOPNOTSUPP || error == EAFNOSUPPORT) return 0;
  interfaces.insert(interfaces.end(), found.begin(), found.end());
  return error;
}

// Marks the interfaces that default routes leave through, then what lies below those, until nothing changes.
void mark_default_routes(std::vector<Link>& links, const std::vector<int>& interfaces) {
  const auto find = [&](int index) {
    return std::find_if(links.begin(), links.end(), [&](const Link& link) { return link.facts.index == index; });
  };
  for (const int index : interfaces) {
    if (const auto link = find(index); link != links.end()) link->facts.default_route = true;
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (Link& link : links) {
      const auto master = find(link.master);
      if (!link.facts.default_route && link.master != 0 && master != links.end() && master->facts.default_route) {
        link.facts.default_route = changed = true;
      }
      const auto lower = find(link.lower);
      if (link.facts.default_route && link.lower != 0 && lower != links.end() && !lower->facts.default_route) {
        lower->facts.default_route = changed = true;
      }
    }
  }
}

// The id of ethtool's generic netlink family; 0 if the kernel (before 5.6) has none.
uint16_t ethtool_family(int generic) {
  const uint32_t sequence = next_sequence();
  NetlinkMessage message(GENL_ID_CTRL, NLM_F_REQUEST | NLM_F_ACK, sequence);
  message.put_header(genlmsghdr{.cmd = CTRL_CMD_GETFAMILY, .version = 1, .reserved = 0});
  message.put_string(CTRL_ATTR_FAMILY_NAME, ETHTOOL_GENL_NAME);
  uint16_t family = 0;
  Turn turn = Turn::more;
  const int error = walk_answers(
      generic, message, sequence,
      [&](uint16_t, std::span<const uint8_t> payload) {
        if (payload.size() < sizeof(genlmsghdr)) return;
        each_attribute(payload.subspan(sizeof(genlmsghdr)), [&](const NetlinkAttribute& attribute) {
          if (attribute.type == CTRL_ATTR_FAMILY_ID) family = attribute.as<uint16_t>().value_or(0);
        });
      },
      turn);
  return error == 0 ? family : 0;
}

struct Speed {
  int index = 0;
  uint32_t megabits = 0;
};

Speed read_speed(std::span<const uint8_t> payload) {
  Speed speed;
  each_attribute(payload.subspan(sizeof(genlmsghdr)), [&](const NetlinkAttribute& attribute) {
    if (attribute.type == ETHTOOL_A_LINKMODES_SPEED) speed.megabits = attribute.as<uint32_t>().value_or(0);
    if (attribute.type != ETHTOOL_A_LINKMODES_HEADER) return;
    each_attribute(attribute.payload, [&](const NetlinkAttribute& header) {
      if (header.type == ETHTOOL_A_HEADER_DEV_INDEX) speed.index = header.as<int32_t>().value_or(0);
    });
  });
  return speed;
}

// Speeds of the interfaces that have one. A failure leaves them unknown: they are the one fact that a driver may withhold.
std::vector<Speed> dump_speeds(int generic) {
  std::vector<Speed> speeds;
  const uint16_t family = ethtool_family(generic);
  if (family == 0) return speeds;
  const int error = dump(
      generic, family,
      [](NetlinkMessage& message) {
        message.put_header(
            genlmsghdr{.cmd = ETHTOOL_MSG_LINKMODES_GET, .version = ETHTOOL_GENL_VERSION, .reserved = 0});
        const size_t header = message.begin_nest(ETHTOOL_A_LINKMODES_HEADER);
        message.put_u32(ETHTOOL_A_HEADER_FLAGS, ETHTOOL_FLAG_COMPACT_BITSETS);
        message.end_nest(header);
      },
      [&] { speeds.clear(); },
      [&](uint16_t, std::span<const uint8_t> payload) {
        if (payload.size() >= sizeof(genlmsghdr)) speeds.push_back(read_speed(payload));
      });
  if (error != 0) speeds.clear();
  return speeds;
}

// Notes each interface's first IPv4 address, in the order in which the kernel lists them.
int dump_addresses(int netlink, std::vector<Link>& links) {
  return dump(
      netlink, RTM_GETADDR,
      [](NetlinkMessage& message) {
        ifaddrmsg header{};
        header.ifa_family = AF_INET;
        message.put_header(header);
      },
      [&] {
        for (Link& link : links) link.facts.ipv4 = 0;
      },
      [&](uint16_t type, std::span<const uint8_t> payload) {
        ifaddrmsg header;
        if (type != RTM_NEWADDR || payload.size() < sizeof header) return;
        std::memcpy(&header, payload.data(), sizeof header);
        const auto link = std::find_if(links.begin(), links.end(), [&](const Link& known) {
          return known.facts.index == static_cast<int>(header.ifa_index);
        });
        if (header.ifa_family != AF_INET || link == links.end() || link->facts.ipv4 != 0) return;
        each_attribute(payload.subspan(sizeof header), [&](const NetlinkAttribute& attribute) {
          // Its own address; IFA_ADDRESS is the other end's on a point-to-point link.
          if (attribute.type == IFA_LOCAL) link->facts.ipv4 = ntohl(attribute.as<uint32_t>().value_or(0));
        });
      });
}

// The kernel's counters of every interface, as `ip -s link` names them.
struct KernelCounter {
  const char* name;
  __u64 rtnl_link_stats64::*value;
};
inline constexpr KernelCounter kKernelCounters[] = {
    {"rx_packets", &rtnl_link_stats64::rx_packets},   {"tx_packets", &rtnl_link_stats64::tx_packets},
    {"rx_bytes", &rtnl_link_stats64::rx_bytes},       {"tx_bytes", &rtnl_link_stats64::tx_bytes},
    {"rx_errors", &rtnl_link_stats64::rx_errors},     {"tx_errors", &rtnl_link_stats64::tx_errors},
    {"rx_dropped", &rtnl_link_stats64::rx_dropped},   {"tx_dropped", &rtnl_link_stats64::tx_dropped},
    {"multicast", &rtnl_link_stats64::multicast},     {"collisions", &rtnl_link_stats64::collisions},
    {"rx_length_errors", &rtnl_link_stats64::rx_length_errors},
    {"rx_over_errors", &rtnl_link_stats64::rx_over_errors},
    {"rx_crc_errors", &rtnl_link_stats64::rx_crc_errors},
    {"rx_frame_errors", &rtnl_link_stats64::rx_frame_errors},
    {"rx_fifo_errors", &rtnl_link_stats64::rx_fifo_errors},
    {"rx_missed_errors", &rtnl_link_stats64::rx_missed_errors},
    {"tx_aborted_errors", &rtnl_link_stats64::tx_aborted_errors},
    {"tx_carrier_errors", &rtnl_link_stats64::tx_carrier_errors},
    {"tx_fifo_errors", &rtnl_link_stats64::tx_fifo_errors},
    {"tx_heartbeat_errors", &rtnl_link_stats64::tx_heartbeat_errors},
    {"tx_window_errors", &rtnl_link_stats64::tx_window_errors},
    {"rx_compressed", &rtnl_link_stats64::rx_compressed},
    {"tx_compressed", &rtnl_link_stats64::tx_compressed},
    {"rx_nohandler", &rtnl_link_stats64::rx_nohandler},
};

int kernel_statistics(int netlink, const std::string& interface, std::vector<Statistic>& statistics) {
  const uint32_t sequence = next_sequence();
  NetlinkMessage message(RTM_GETLINK, NLM_F_REQUEST | NLM_F_ACK, sequence);
  message.put_header(ifinfomsg{});
  message.put_string(IFLA_IFNAME, interface);
  Turn turn = Turn::more;
  return walk_answers(
      netlink, message, sequence,
      [&](uint16_t type, std::span<const uint8_t> payload) {
        if (type != RTM_NEWLINK || payload.size() < sizeof(ifinfomsg)) return;
        each_attribute(payload.subspan(sizeof(ifinfomsg)), [&](const NetlinkAttribute& attribute) {
          if (attribute.type != IFLA_STATS64) return;
          // An older kernel's is shorter: what it lacks stays 0.
          rtnl_link_stats64 counters{};
          std::memcpy(&counters, attribute.payload.data(), std::min(attribute.payload.size(), sizeof counters));
          for (const KernelCounter& counter : kKernelCounters) {
            const auto same = [&](const Statistic& known) { return known.name == counter.name; };
            if (std::any_of(statistics.begin(), statistics.end(), same)) continue;
            statistics.push_back({counter.name, counters.*counter.value});
          }
        });
      },
      turn);
}

// Drivers that report a constant because the ioctl wants some number (veth: 10 Gbit/s, tun: 10 Mbit/s).
bool invents_speed(const std::string& kind) { return kind == "veth" || kind == "tun"; }

}  // namespace

Result<std::vector<LinkFacts>> dump_links(int netlink, int generic) {
  using Facts = Result<std::vector<LinkFacts>>;
  std::vector<Link> links;
  if (const int error = dump_all_links(netlink, links)) return Facts::failure(error, "listing the interfaces");
  std::vector<int> interfaces;
  for (const uint8_t family : {AF_INET, AF_INET6}) {
    if (const int error = dump_default_routes(netlink, family, interfaces)) {
      return Facts::failure(error, "listing the routes");
    }
  }
  mark_default_routes(links, interfaces);
  if (const int error = dump_addresses(netlink, links)) return Facts::failure(error, "listing the addresses");
  const std::vector<Speed> speeds = generic >= 0 ? dump_speeds(generic) : std::vector<Speed>{};
  std::vector<LinkFacts> facts;
  facts.reserve(links.size());
  for (Link& link : links) {
    const auto speed = std::find_if(speeds.begin(), speeds.end(),
                                    [&](const Speed& known) { return known.index == link.facts.index; });
    const bool known = speed != speeds.end() && speed->megabits != static_cast<uint32_t>(SPEED_UNKNOWN);
    if (known && !invents_speed(link.facts.kind)) {
      link.facts.speed = uint64_t{speed->megabits} * 1'000'000;  // ethtool counts in Mbit/s
    }
    link.facts.bus = ethtool_bus(netlink, link.facts.name);
    facts.push_back(std::move(link.facts));
  }
  return Facts::success(std::move(facts));
}

Result<std::vector<Statistic>> link_statistics(int netlink, const std::string& interface) {
  Result<std::vector<Statistic>> statistics = ethtool_statistics(netlink, interface);
  if (!statistics.ok()) return statistics;
  if (const int error = kernel_statistics(netlink, interface, statistics.value)) {
    return Result<std::vector<Statistic>>::failure(error, "reading the counters of " + interface);
  }
  return statistics;
}

}  // namespace pktsh
