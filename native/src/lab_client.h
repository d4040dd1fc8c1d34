// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "netlink.h"
#include "status.h"

namespace pktsh {

struct LabEnd {
  std::string name;
  Mac mac{};
};
struct LabLink {
  enum class Kind : uint8_t { veth, ifb } kind = Kind::veth;
  LabEnd a, b;  // ifb: only a
  uint32_t mtu = 1500;
};
enum class LinkChange : uint8_t { down, up, rename, remove };
struct LabSpec {
  std::string helper;  // path of the helper executable
  std::vector<LabLink> links;
};

// Our end of a lab: a helper process in namespaces of its own that opens every socket for us. Closing the connection (our
// death included) ends the helper, and with it the namespaces. Used from one thread at a time; calls block for a few
// milliseconds, so they belong on the opener thread.
class LabClient {
 public:
  // Starts the helper and waits until the links are up (bounded, 5 s). Errors carry the helper's errno and its words.
  [[nodiscard]] static Result<std::unique_ptr<LabClient>> open(const LabSpec& spec);
  ~LabClient();  // closes the connection and reaps the helper
  LabClient(const LabClient&) = delete;
  LabClient& operator=(const LabClient&) = delete;

  // A socket opened inside the lab; the caller owns the descriptor (close-on-exec). `send_buffer` is set by force
  // (SO_SNDBUFFORCE) where it is not 0; in an ordinary user's lab, which has no right to that, up to net.core.wmem_max.
  [[nodiscard]] Result<int> socket(int domain, int type, int protocol, int send_buffer);
  // Changes an interface of the lab; `to` is its new name, '' unless it is renamed.
  [[nodiscard]] Status change_link(LinkChange change, const std::string& name, const std::string& to);
  [[nodiscard]] Result<std::vector<LinkFacts>> links();
  [[nodiscard]] Result<std::vector<Statistic>> statistics(const std::string& interface);
  [[nodiscard]] pid_t pid() const;

 private:
  LabClient(int connection, pid_t pid);
  int connection_;
  pid_t pid_;
};

}  // namespace pktsh
