// SPDX-License-Identifier: Apache-2.0
#include "rtnetlink.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>

#include "outcome.h"

namespace pktsh {
namespace {

// An answer to one link's request: an acknowledgement, or the link with all its attributes, about 2 KiB.
inline constexpr size_t kAnswerSize = 32768;
// The kernel answers within the call; a limit below the client's own 5 s lets the step be named.
inline constexpr timeval kAnswerTimeout{.tv_sec = 2, .tv_usec = 0};

struct Answer {
  alignas(NLMSG_ALIGNTO) std::array<uint8_t, kAnswerSize> buffer;
  size_t size = 0;

  [[nodiscard]] std::span<const uint8_t> datagram() const { return {buffer.data(), size}; }
};

// Sends `message` and receives datagrams until one is the kernel's and answers it. Gives 0 or an errno.
int exchange(int socket, NetlinkMessage& message, uint32_t sequence, Answer& answer) {
  const auto bytes = message.bytes();
  if (bytes.empty()) return EMSGSIZE;
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (sendto(socket, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel) < 0) {
    return errno;
  }
  for (;;) {
    sockaddr_nl sender{};
    socklen_t sender_size = sizeof sender;
    const ssize_t size = recvfrom(socket, answer.buffer.data(), answer.buffer.size(), MSG_TRUNC,
                                  reinterpret_cast<sockaddr*>(&sender), &sender_size);
    if (size < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN ? ETIMEDOUT : errno;
    }
    if (static_cast<size_t>(size) > answer.buffer.size()) return EMSGSIZE;
    answer.size = static_cast<size_t>(size);
    bool ours = false;
    each_message(answer.datagram(), [&](const nlmsghdr& header, std::span<const uint8_t>) {
      ours = sender.nl_pid == 0 && header.nlmsg_seq == sequence;
      return false;
    });
    if (ours) return 0;
  }
}

}  // namespace

Rtnetlink::~Rtnetlink() {
  if (socket_ >= 0) close(socket_);
}

LabReply Rtnetlink::open() {
  socket_ = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (socket_ < 0) return lab_failure(LabStep::netlink, errno);
  if (setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &kAnswerTimeout, sizeof kAnswerTimeout) != 0) {
    return lab_failure(LabStep::netlink, errno);
  }
  // The kernel's own words beside an errno; kernels before 4.12 have none, and the errno alone will do there.
  const int on = 1;
  (void)setsockopt(socket_, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  (void)setsockopt(socket_, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  return lab_success();
}

NetlinkMessage Rtnetlink::request(uint16_t type, uint16_t flags) {
  return {type, static_cast<uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags), ++sequence_};
}

LabReply Rtnetlink::change(NetlinkMessage& message, LabStep step) {
  Answer answer;
  if (const int error = exchange(socket_, message, sequence_, answer)) return lab_failure(step, error);
  LabReply outcome = lab_failure(step, EPROTO);
  each_message(answer.datagram(), [&](const nlmsghdr& header, std::span<const uint8_t> payload) {
    nlmsgerr verdict;
    if (header.nlmsg_type != NLMSG_ERROR || payload.size() < sizeof verdict) return false;
    std::memcpy(&verdict, payload.data(), sizeof verdict);
    if (verdict.error == 0) {
      outcome = lab_success();
      return false;
    }
    outcome = lab_failure(step, -verdict.error);
    // The attributes follow the echoed request: with NLM_F_CAPPED, only its header.
    const size_t echoed = (header.nlmsg_flags & NLM_F_CAPPED) != 0 ? NLMSG_HDRLEN : NLMSG_ALIGN(verdict.msg.nlmsg_len);
    const size_t at = sizeof verdict.error + echoed;
    if ((header.nlmsg_flags & NLM_F_ACK_TLVS) != 0 && at <= payload.size()) {
      each_attribute(payload.subspan(at), [&](const NetlinkAttribute& attribute) {
        if (attribute.type == NLMSGERR_ATTR_MSG) outcome = lab_failure(step, -verdict.error, attribute.text());
      });
    }
    return false;
  });
  return outcome;
}

std::optional<uint8_t> Rtnetlink::operational_state(int index) {
  // A query for one link, not a dump: since Linux 6.8 it also makes a pending carrier change take effect first.
  NetlinkMessage message(RTM_GETLINK, NLM_F_REQUEST, ++sequence_);
  ifinfomsg header{};
  header.ifi_family = AF_UNSPEC;
  header.ifi_index = index;
  message.put_header(header);
  Answer answer;
  if (exchange(socket_, message, sequence_, answer) != 0) return std::nullopt;
  std::optional<uint8_t> state;
  each_message(answer.datagram(), [&](const nlmsghdr& reply, std::span<const uint8_t> payload) {
    if (reply.nlmsg_type != RTM_NEWLINK || payload.size() < sizeof(ifinfomsg)) return false;
    each_attribute(payload.subspan(sizeof(ifinfomsg)), [&](const NetlinkAttribute& attribute) {
      if (attribute.type == IFLA_OPERSTATE) state = attribute.as<uint8_t>();
    });
    return false;
  });
  return state;
}

}  // namespace pktsh
