// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "fd.h"
#include "status.h"

namespace pktsh {

struct LinkEvent {
  enum class Kind : uint8_t { down, up, renamed, removed } kind = Kind::down;
  int index = 0;
  std::string name;  // before the event
  std::string to;    // renamed: the new name
};

// Watches the interfaces of one namespace over rtnetlink. It keeps what it knows by ifindex and tells differences only, so
// that a notification that comes twice, or a dump after an overrun, tells nothing twice. Of the control thread.
class LinkMonitor {
 public:
  // Takes over a NETLINK_ROUTE socket of the namespace.
  [[nodiscard]] static Result<std::unique_ptr<LinkMonitor>> open(Fd socket);
  // What has happened since the last call; never blocks. The first dump is what there was, and no event.
  [[nodiscard]] std::vector<LinkEvent> poll();

 private:
  struct Known {
    std::string name;
    bool up = false;
  };

  explicit LinkMonitor(Fd socket) : socket_(std::move(socket)) {}
  // Asks for all interfaces; the answer comes through poll() like everything else. Gives 0 or an errno.
  int ask();
  void end_dump(std::vector<LinkEvent>& events);
  void seen(int index, std::string name, bool up, std::vector<LinkEvent>& events);
  void gone(int index, std::vector<LinkEvent>& events);

  Fd socket_;
  std::unordered_map<int, Known> known_;
  std::set<int> listed_;  // by the dump under way
  uint32_t sequence_ = 0; // of the dump under way
  bool dumping_ = false;
  bool again_ = false;    // an overrun or an interruption made the dump under way worthless
  bool settled_ = false;  // the first dump is over
};

}  // namespace pktsh
