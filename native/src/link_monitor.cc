// SPDX-License-Identifier: Apache-2.0
#include "link_monitor.h"

#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "netlink_message.h"

namespace pktsh {
namespace {

constexpr size_t kDatagram = 32768;  // the kernel puts no more into one datagram of a dump

}  // namespace

Result<std::unique_ptr<LinkMonitor>> LinkMonitor::open(Fd socket) {
  using Opened = Result<std::unique_ptr<LinkMonitor>>;
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK;
  if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return Opened::failure(errno, "listening to interface events");
  }
  std::unique_ptr<LinkMonitor> monitor(new LinkMonitor(std::move(socket)));
  // After the bind: what changes between the two is in both, and what is known is told once.
  if (const int error = monitor->ask()) return Opened::failure(error, "listing the interfaces");
  // The kernel answers within the call, so the state of now is what later events are told against.
  (void)monitor->poll();
  return Opened::success(std::move(monitor));
}

int LinkMonitor::ask() {
  again_ = false;
  listed_.clear();
  NetlinkMessage message(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, ++sequence_);
  ifinfomsg header{};
  header.ifi_family = AF_UNSPEC;
  message.put_header(header);
  message.put_u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  const auto bytes = message.bytes();
  if (send(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT) < 0) return errno;
  dumping_ = true;
  return 0;
}

std::vector<LinkEvent> LinkMonitor::poll() {
  std::vector<LinkEvent> events;
  alignas(NLMSG_ALIGNTO) std::array<uint8_t, kDatagram> buffer;
  for (;;) {
    sockaddr_nl sender{};
    socklen_t sender_size = sizeof sender;
    const ssize_t size = recvfrom(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT,
                                  reinterpret_cast<sockaddr*>(&sender), &sender_size);
    if (size < 0 && errno == EINTR) continue;
    // Overrun: notifications were lost. A dump under way is finished first, since the kernel runs one at a time.
    if (size < 0 && errno == ENOBUFS) {
      again_ = true;
      if (!dumping_ && ask() != 0) return events;
      continue;
    }
    if (size <= 0) {
      // A dump that could not be asked for while the buffer was full.
      if (again_ && !dumping_) (void)ask();
      return events;
    }
    if (sender.nl_pid != 0) continue;
    each_message({buffer.data(), static_cast<size_t>(size)}, [&](const nlmsghdr& header, std::span<const uint8_t> payload) {
      const bool ours = dumping_ && header.nlmsg_seq == sequence_ && (header.nlmsg_flags & NLM_F_MULTI) != 0;
      if (ours && (header.nlmsg_flags & NLM_F_DUMP_INTR) != 0) again_ = true;
      if (header.nlmsg_type == NLMSG_DONE && ours) end_dump(events);
      if (header.nlmsg_type != RTM_NEWLINK && header.nlmsg_type != RTM_DELLINK) return true;
      if (payload.size() < sizeof(ifinfomsg)) return true;
      ifinfomsg link;
      std::memcpy(&link, payload.data(), sizeof link);
      // A bridge tells of its ports in a family of its own.
      if (link.ifi_family != AF_UNSPEC) return true;
      if (header.nlmsg_type == RTM_DELLINK) {
        gone(link.ifi_index, events);
        return true;
      }
      std::string name;
      each_attribute(payload.subspan(sizeof link), [&](const NetlinkAttribute& attribute) {
        if (attribute.type == IFLA_IFNAME) name = attribute.text();
      });
      if (ours) listed_.insert(link.ifi_index);
      seen(link.ifi_index, std::move(name), (link.ifi_flags & IFF_UP) != 0, events);
      return true;
    });
  }
}

void LinkMonitor::end_dump(std::vector<LinkEvent>& events) {
  dumping_ = false;
  if (again_) {
    (void)ask();
    return;
  }
  std::vector<int> missing;
  for (const auto& [index, known] : known_) {
    if (!listed_.contains(index)) missing.push_back(index);
  }
  for (const int index : missing) gone(index, events);
  settled_ = true;
}

void LinkMonitor::seen(int index, std::string name, bool up, std::vector<LinkEvent>& events) {
  const auto found = known_.find(index);
  if (found == known_.end()) {
    known_[index] = {std::move(name), up};
    return;
  }
  Known& known = found->second;
  if (known.name != name) {
    if (settled_) events.push_back({LinkEvent::Kind::renamed, index, known.name, name});
    known.name = std::move(name);
  }
  if (known.up != up) {
    if (settled_) events.push_back({up ? LinkEvent::Kind::up : LinkEvent::Kind::down, index, known.name, {}});
    known.up = up;
  }
}

void LinkMonitor::gone(int index, std::vector<LinkEvent>& events) {
  const auto found = known_.extract(index);
  if (!found.empty() && settled_) events.push_back({LinkEvent::Kind::removed, index, found.mapped().name, {}});
}

}  // namespace pktsh
