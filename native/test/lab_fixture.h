// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../src/fd.h"
#include "../src/lab_client.h"
#include "cases.h"

namespace pktsh::test {

// The helper under test: $PKTSH_LAB_HELPER, or `pktsh-lab` beside this executable.
inline std::string helper_path() {
  if (const char* given = std::getenv("PKTSH_LAB_HELPER")) return given;
  char self[4096];
  const ssize_t size = readlink("/proc/self/exe", self, sizeof self);
  if (size <= 0) return "pktsh-lab";
  const std::string path(self, static_cast<size_t>(size));
  return path.substr(0, path.rfind('/') + 1) + "pktsh-lab";
}

inline constexpr Mac kTxMac{0x02, 0, 0, 0, 0, 0x01};
inline constexpr Mac kRxMac{0x02, 0, 0, 0, 0, 0x02};

inline LabLink veth(std::string a = "tx0", std::string b = "rx0", uint32_t mtu = 1500) {
  return {LabLink::Kind::veth, {std::move(a), kTxMac}, {std::move(b), kRxMac}, mtu};
}
inline LabLink ifb(std::string name) { return {LabLink::Kind::ifb, {std::move(name), {0x02, 0, 0, 0, 0, 0x03}}, {}, 1500}; }

// Whether the machine does not let us make namespaces at all; anything else that goes wrong is a failure.
inline bool namespaces_refused(const Status& status) {
  for (const std::string_view step : {"making a user namespace", "mapping the user", "making a network namespace"}) {
    if (std::string_view(status.doing).starts_with(step)) return true;
  }
  return false;
}

// A lab, or null after noting in `test` why there is none.
inline std::unique_ptr<LabClient> open_lab(Case& test, std::vector<LabLink> links, int line = __builtin_LINE()) {
  Result<std::unique_ptr<LabClient>> lab = LabClient::open({helper_path(), std::move(links)});
  if (lab.ok()) return std::move(lab.value);
  if (namespaces_refused(lab.status)) {
    test.skip(lab.status.doing);
  } else {
    test.check(false, "lab: " + lab.status.doing + " (errno " + std::to_string(lab.status.error) + ")", line);
  }
  return nullptr;
}

inline const LinkFacts* find(const std::vector<LinkFacts>& links, std::string_view name) {
  const auto found = std::find_if(links.begin(), links.end(), [&](const LinkFacts& link) { return link.name == name; });
  return found == links.end() ? nullptr : &*found;
}

inline int ifindex(LabClient& lab, std::string_view name) {
  const Result<std::vector<LinkFacts>> links = lab.links();
  const LinkFacts* link = find(links.value, name);
  return link == nullptr ? 0 : link->index;
}

// A packet socket of the lab, bound to `index` for sending only.
inline Fd sending_socket(LabClient& lab, int index) {
  const Result<int> opened = lab.socket(AF_PACKET, SOCK_RAW, 0, 0);
  if (!opened.ok()) return {};
  Fd socket(opened.value);
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = index;
  if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
  return socket;
}

// Runs `body(test)` in a forked child, which may change its user or namespaces, and takes its outcome over.
template <typename Body>
void in_child(Case& test, Body body) {
  int words[2];
  if (pipe2(words, O_CLOEXEC) != 0) return test.check(false, "pipe");
  Fd reading(words[0]);
  Fd writing(words[1]);
  std::fflush(stdout);
  const pid_t child = fork();
  if (child < 0) return test.check(false, "fork");
  if (child == 0) {
    Case inner;
    body(inner);
    std::fflush(stdout);
    (void)!write(writing.get(), inner.skipped().data(), inner.skipped().size());
    _exit(inner.failed() ? 1 : 0);
  }
  writing.reset();
  std::string skipped;
  char part[256];
  for (ssize_t size; (size = read(reading.get(), part, sizeof part)) > 0;) skipped.append(part, static_cast<size_t>(size));
  int status = 0;
  waitpid(child, &status, 0);
  test.check(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child process of this test failed");
  if (!skipped.empty()) test.skip(skipped);
}

// Moves this process, a child made for it, into a network namespace that it may configure. False after noting why not.
inline bool enter_own_namespace(Case& test) {
  if (unshare(CLONE_NEWNET) == 0) return true;
  const uid_t uid = getuid();
  const gid_t gid = getgid();
  const auto write_file = [](const char* path, const std::string& text) {
    const Fd file(open(path, O_WRONLY | O_CLOEXEC));
    return write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  };
  if (unshare(CLONE_NEWUSER) == 0 && write_file("/proc/self/setgroups", "deny") &&
      write_file("/proc/self/uid_map", "0 " + std::to_string(uid) + " 1") &&
      write_file("/proc/self/gid_map", "0 " + std::to_string(gid) + " 1") && unshare(CLONE_NEWNET) == 0) {
    return true;
  }
  test.skip("no right to make a network namespace");
  return false;
}

}  // namespace pktsh::test
