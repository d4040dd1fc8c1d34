// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/rtnetlink.h>

#include <cstdint>
#include <optional>

#include "../lab_protocol.h"
#include "../netlink_message.h"

namespace pktsh {

// The helper's own rtnetlink socket, in the lab's network namespace: one request, one answer.
class Rtnetlink {
 public:
  Rtnetlink() = default;
  ~Rtnetlink();
  Rtnetlink(const Rtnetlink&) = delete;
  Rtnetlink& operator=(const Rtnetlink&) = delete;

  // Fails with step netlink.
  [[nodiscard]] LabReply open();
  // A request of `type` that wants an acknowledgement; `flags` beyond NLM_F_REQUEST and NLM_F_ACK.
  [[nodiscard]] NetlinkMessage request(uint16_t type, uint16_t flags);
  // Sends and waits for the acknowledgement. Fails with `step`, the kernel's errno and its words.
  [[nodiscard]] LabReply change(NetlinkMessage& message, LabStep step);
  // IFLA_OPERSTATE of an interface (RFC 2863's states, IF_OPER_UP …); nothing if the kernel gives none.
  [[nodiscard]] std::optional<uint8_t> operational_state(int index);

 private:
  int socket_ = -1;
  uint32_t sequence_ = 0;
};

}  // namespace pktsh
