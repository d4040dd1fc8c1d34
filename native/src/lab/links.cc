// SPDX-License-Identifier: Apache-2.0
#include "links.h"

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

#include "offloads.h"
#include "outcome.h"

extern "C" unsigned int if_nametoindex(const char* name);  // <net/if.h> and <linux/if.h> cannot both be included

namespace pktsh {
namespace {

// Kernels before 6.8 report a carrier some milliseconds before the queueing discipline behind it is in place.
inline constexpr int kActivationTries = 2000;  // of 1 ms each: below the client's limit of 5 s

std::string_view name_of(const LabRequestEnd& end) {
  return {end.name.data(), strnlen(end.name.data(), end.name.size())};
}

// What the kernel does not check, or checks differently: a '%' asks it to make up a number, and the address of a veth's
// peer goes unexamined.
bool sound_name(std::string_view name) {
  if (name.empty() || name.size() >= kLabNameSize || name == "." || name == "..") return false;
  for (const char letter : name) {
    if (letter <= ' ' || letter == 0x7f || letter == '/' || letter == ':' || letter == '%') return false;
  }
  return true;
}

int check_end(const LabRequestEnd& end) {
  if (!sound_name(name_of(end))) return EINVAL;
  const bool group = (end.mac[0] & 1) != 0;
  const bool zero = end.mac == std::array<uint8_t, 6>{};
  return group || zero ? EADDRNOTAVAIL : 0;
}

uint32_t online_cpus() {
  const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
  return cpus > 0 ? static_cast<uint32_t>(cpus) : 1;
}

void put_end(NetlinkMessage& message, const LabRequestEnd& end, uint32_t mtu, uint32_t queues) {
  message.put_string(IFLA_IFNAME, name_of(end));
  message.put(IFLA_ADDRESS, end.mac.data(), end.mac.size());
  message.put_u32(IFLA_MTU, mtu);
  message.put_u32(IFLA_NUM_TX_QUEUES, queues);
  message.put_u32(IFLA_NUM_RX_QUEUES, queues);
}

LabReply create(Rtnetlink& rtnetlink, const LabRequest& request) {
  const bool veth = request.operation == LabOperation::veth;
  const uint32_t queues = online_cpus();
  NetlinkMessage message = rtnetlink.request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  ifinfomsg header{};
  header.ifi_family = AF_UNSPEC;
  message.put_header(header);
  put_end(message, request.a, request.mtu, queues);
  const size_t info = message.begin_nest(IFLA_LINKINFO);
  message.put_string(IFLA_INFO_KIND, veth ? "veth" : "ifb");
  if (veth) {
    const size_t data = message.begin_nest(IFLA_INFO_DATA);
    const size_t peer = message.begin_nest(VETH_INFO_PEER);
    message.put_header(header);
    put_end(message, request.b, request.mtu, queues);
    message.end_nest(peer);
    message.end_nest(data);
  }
  message.end_nest(info);
  return rtnetlink.change(message, veth ? LabStep::veth : LabStep::ifb);
}

// Before the link is up: with an address generation mode the kernel would make a link-local address at that moment and
// announce it, frames that nobody sent.
LabReply forgo_ipv6_addresses(Rtnetlink& rtnetlink, int index) {
  NetlinkMessage message = rtnetlink.request(RTM_SETLINK, 0);
  ifinfomsg header{};
  header.ifi_family = AF_UNSPEC;
  header.ifi_index = index;
  message.put_header(header);
  const size_t families = message.begin_nest(IFLA_AF_SPEC);
  const size_t ipv6 = message.begin_nest(AF_INET6);
  message.put_u8(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
  message.end_nest(ipv6);
  message.end_nest(families);
  const LabReply outcome = rtnetlink.change(message, LabStep::addressing);
  // A kernel without IPv6, or with it disabled, has no such addresses.
  return outcome.error == EAFNOSUPPORT || outcome.error == EOPNOTSUPP ? lab_success() : outcome;
}

LabReply set_up(Rtnetlink& rtnetlink, int index, bool up, LabStep step) {
  NetlinkMessage message = rtnetlink.request(RTM_SETLINK, 0);
  ifinfomsg header{};
  header.ifi_family = AF_UNSPEC;
  header.ifi_index = index;
  header.ifi_flags = up ? IFF_UP : 0;
  header.ifi_change = IFF_UP;
  message.put_header(header);
  return rtnetlink.change(message, step);
}

LabReply take_up(Rtnetlink& rtnetlink, int index) { return set_up(rtnetlink, index, true, LabStep::up); }

LabReply configure(Rtnetlink& rtnetlink, const LabRequestEnd& end, int& index) {
  index = static_cast<int>(if_nametoindex(end.name.data()));
  if (index == 0) return lab_failure(LabStep::addressing, errno);
  if (const LabReply outcome = forgo_ipv6_addresses(rtnetlink, index); outcome.error != 0) return outcome;
  return switch_offloads_off(name_of(end));
}

// The first end of a veth pair to come up gets its carrier, and with it its queueing discipline, only with the second, and
// from a kernel worker; until then it drops what it is given. IF_OPER_UP is set in the same locked section.
LabReply await_activation(Rtnetlink& rtnetlink, int index) {
  for (int tried = 0; tried < kActivationTries; tried++) {
    if (rtnetlink.operational_state(index) == IF_OPER_UP) return lab_success();
    (void)poll(nullptr, 0, 1);
  }
  return lab_failure(LabStep::up, ETIMEDOUT);
}

// The carrier follows from a kernel worker. Not to have one is no failure: the other end may be down.
void await_carrier(Rtnetlink& rtnetlink, int index) {
  constexpr int kTries = 100;  // of 1 ms each: many times what the worker takes
  for (int tried = 0; tried < kTries; tried++) {
    const auto state = rtnetlink.operational_state(index);
    if (state == IF_OPER_UP || state == IF_OPER_UNKNOWN || state == IF_OPER_LOWERLAYERDOWN) return;
    (void)poll(nullptr, 0, 1);
  }
}

LabReply rename(Rtnetlink& rtnetlink, int index, std::string_view name) {
  NetlinkMessage message = rtnetlink.request(RTM_SETLINK, 0);
  ifinfomsg header{};
  header.ifi_family = AF_UNSPEC;
  header.ifi_index = index;
  message.put_header(header);
  message.put_string(IFLA_IFNAME, name);
  return rtnetlink.change(message, LabStep::change);
}

LabReply remove(Rtnetlink& rtnetlink, int index) {
  NetlinkMessage message = rtnetlink.request(RTM_DELLINK, 0);
  ifinfomsg header{};
  header.ifi_family = AF_UNSPEC;
  header.ifi_index = index;
  message.put_header(header);
  return rtnetlink.change(message, LabStep::change);
}

}  // namespace

LabReply change_link(Rtnetlink& rtnetlink, const LabRequest& request) {
  const std::string name(name_of(request.a));
  const int index = static_cast<int>(if_nametoindex(name.c_str()));
  if (index == 0) return lab_failure(LabStep::change, ENODEV);
  switch (request.operation) {
    case LabOperation::down:
      return set_up(rtnetlink, index, false, LabStep::change);
    case LabOperation::up: {
      const LabReply outcome = set_up(rtnetlink, index, true, LabStep::change);
      if (outcome.error == 0) await_carrier(rtnetlink, index);
      return outcome;
    }
    case LabOperation::rename: {
      if (!sound_name(name_of(request.b))) return lab_failure(LabStep::change, EINVAL, "interface name");
      const LabReply outcome = rename(rtnetlink, index, name_of(request.b));
      if (outcome.error != EBUSY) return outcome;
      // Kernels before 6.2 rename only what is down.
      if (const LabReply down = set_up(rtnetlink, index, false, LabStep::change); down.error != 0) return down;
      const LabReply renamed = rename(rtnetlink, index, name_of(request.b));
      const LabReply up = set_up(rtnetlink, index, true, LabStep::change);
      await_carrier(rtnetlink, index);
      return renamed.error != 0 ? renamed : up;
    }
    case LabOperation::remove:
      return remove(rtnetlink, index);
    default:
      return lab_failure(LabStep::protocol, EPROTO);
  }
}

LabReply make_link(Rtnetlink& rtnetlink, const LabRequest& request) {
  const bool veth = request.operation == LabOperation::veth;
  const LabStep step = veth ? LabStep::veth : LabStep::ifb;
  if (request.mtu < kMinLabMtu || request.mtu > kMaxLabMtu) return lab_failure(step, EINVAL, "MTU out of range");
  int error = check_end(request.a);
  if (error == 0 && veth) error = check_end(request.b);
  if (error != 0) return lab_failure(step, error, "interface name or MAC address");

  if (const LabReply outcome = create(rtnetlink, request); outcome.error != 0) return outcome;
  int a = 0;
  int b = 0;
  if (const LabReply outcome = configure(rtnetlink, request.a, a); outcome.error != 0) return outcome;
  if (veth) {
    if (const LabReply outcome = configure(rtnetlink, request.b, b); outcome.error != 0) return outcome;
  }
  if (const LabReply outcome = take_up(rtnetlink, a); outcome.error != 0) return outcome;
  // An ifb has no carrier to wait for: it is activated within the call.
  if (!veth) return lab_success();
  if (const LabReply outcome = take_up(rtnetlink, b); outcome.error != 0) return outcome;
  if (const LabReply outcome = await_activation(rtnetlink, a); outcome.error != 0) return outcome;
  return await_activation(rtnetlink, b);
}

}  // namespace pktsh
