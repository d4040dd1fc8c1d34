// SPDX-License-Identifier: Apache-2.0
#include "../src/lab_client.h"

#include <dirent.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <cstring>
#include <set>

#include "../src/lab_protocol.h"
#include "../src/lab_refusal.h"
#include "../src/netlink_message.h"
#include "lab_fixture.h"

namespace {

using namespace pktsh;
using namespace pktsh::test;

void makes_what_is_asked(Case& test) {
  const auto lab = open_lab(test, {veth("tx0", "rx0", 9000), ifb("sink0"), veth("fifteen-letters", "b", 68)});
  if (!lab) return;
  const Result<std::vector<LinkFacts>> links = lab->links();
  test.equal(links.status.error, 0, links.status.doing);
  test.equal(links.value.size(), size_t{6}, "links, lo among them");
  const LinkFacts* tx = find(links.value, "tx0");
  const LinkFacts* rx = find(links.value, "rx0");
  const LinkFacts* sink = find(links.value, "sink0");
  const LinkFacts* lo = find(links.value, "lo");
  const LinkFacts* small = find(links.value, "fifteen-letters");
  if (tx == nullptr || rx == nullptr || sink == nullptr || lo == nullptr || small == nullptr) {
    return test.check(false, "names");
  }
  const auto cpus = static_cast<uint32_t>(sysconf(_SC_NPROCESSORS_ONLN));
  for (const LinkFacts* end : {tx, rx}) {
    test.equal(end->kind, std::string("veth"), end->name + ": kind");
    test.equal(end->mtu, 9000u, end->name + ": MTU");
    test.equal(end->speed, 0u, end->name + ": a veth has no speed");
  }
  for (const LinkFacts* end : {tx, rx, sink, small}) {
    test.check(end->up && end->carrier && !end->loopback && !end->default_route, end->name + ": up");
    test.equal(end->queues, cpus, end->name + ": queues");
  }
  test.check(tx->mac == kTxMac && rx->mac == kRxMac, "MACs as given");
  test.check(tx->peer == rx->index && rx->peer == tx->index && tx->index != 0, "each other's peer");
  test.equal(sink->kind, std::string("ifb"), "sink0: kind");
  test.equal(sink->peer, 0, "sink0: no peer");
  test.equal(small->mtu, 68u, "the smallest MTU");
  test.check(lo->loopback && !lo->up, "lo is left down");
}

void has_no_addresses(Case& test) {
  const auto lab = open_lab(test, {veth(), ifb("sink0")});
  if (!lab) return;
  const Fd route(lab->socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, 0).value);
  NetlinkMessage request(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, 1);
  request.put_header(ifaddrmsg{});
  const auto bytes = request.bytes();
  test.check(send(route.get(), bytes.data(), bytes.size(), 0) > 0, "asking for addresses");
  alignas(NLMSG_ALIGNTO) uint8_t answer[8192];
  const ssize_t size = recv(route.get(), answer, sizeof answer, 0);
  test.check(size > 0, "an answer");
  each_message({answer, static_cast<size_t>(std::max<ssize_t>(size, 0))}, [&](const nlmsghdr& header, auto) {
    test.equal(header.nlmsg_type, uint16_t{NLMSG_DONE}, "nothing but the end of the list");
    return true;
  });
}

bool offload(const Fd& socket, const char* name, uint32_t command, uint32_t& value) {
  ethtool_value request{command, 0};
  ifreq wrapped{};
  std::strncpy(wrapped.ifr_name, name, sizeof wrapped.ifr_name - 1);
  wrapped.ifr_data = reinterpret_cast<char*>(&request);
  if (ioctl(socket.get(), SIOCETHTOOL, &wrapped) != 0) return false;
  value = request.data;
  return true;
}

void switches_offloads_off(Case& test) {
  const auto lab = open_lab(test, {veth(), ifb("sink0")});
  if (!lab) return;
  const Fd socket(lab->socket(AF_PACKET, SOCK_RAW, 0, 0).value);
  for (const char* name : {"tx0", "rx0", "sink0"}) {
    for (const uint32_t command :
         {ETHTOOL_GTSO, ETHTOOL_GGSO, ETHTOOL_GGRO, ETHTOOL_GTXCSUM, ETHTOOL_GRXCSUM, ETHTOOL_GFLAGS}) {
      uint32_t value = 1;
      test.check(offload(socket, name, command, value), std::string(name) + ": ethtool");
      test.equal(value, 0u, std::string(name) + ": offload " + std::to_string(command));
    }
    uint32_t value = 0;
    test.check(offload(socket, name, ETHTOOL_GSG, value) && value == 1, std::string(name) + ": scatter-gather stays on");
  }
}

void opens_only_what_is_allowed(Case& test) {
  const auto lab = open_lab(test, {veth()});
  if (!lab) return;
  struct Row {
    int domain, type, protocol, expected;
  };
  const Row rows[] = {
      {AF_PACKET, SOCK_RAW, 0, 0},
      {AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, 0},
      {AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, 0},
      {AF_NETLINK, SOCK_DGRAM, NETLINK_GENERIC, 0},
      {AF_PACKET, SOCK_RAW, 0x0300 /* ETH_P_ALL */, EPERM},
      {AF_PACKET, SOCK_DGRAM, 0, EPERM},
      {AF_NETLINK, SOCK_RAW, NETLINK_AUDIT, EPERM},
      {AF_NETLINK, SOCK_SEQPACKET, NETLINK_ROUTE, EPERM},
      {AF_INET, SOCK_RAW, IPPROTO_RAW, EPERM},
      {AF_INET, SOCK_STREAM, 0, EPERM},
      {AF_INET6, SOCK_DGRAM, 0, EPERM},
      {AF_UNIX, SOCK_STREAM, 0, EPERM},
      {-1, -1, -1, EPERM},
  };
  for (const Row& row : rows) {
    const std::string name =
        std::to_string(row.domain) + " " + std::to_string(row.type) + " " + std::to_string(row.protocol);
    const Result<int> opened = lab->socket(row.domain, row.type, row.protocol, 0);
    test.equal(opened.status.error, row.expected, name);
    if (!opened.ok()) continue;
    const Fd socket(opened.value);
    test.check((fcntl(socket.get(), F_GETFD) & FD_CLOEXEC) != 0, name + ": close-on-exec");
    const bool nonblocking = (fcntl(socket.get(), F_GETFL) & O_NONBLOCK) != 0;
    test.equal(nonblocking, (row.type & SOCK_NONBLOCK) != 0, name + ": blocking as asked");
  }
  test.equal(lab->socket(AF_PACKET, SOCK_RAW, 0, -1).status.error, EPERM, "a negative send buffer");
  test.check(sending_socket(*lab, ifindex(*lab, "tx0")).valid(), "the sockets are the lab's");
}

int send_buffer_of(int socket) {
  int size = 0;
  socklen_t length = sizeof size;
  getsockopt(socket, SOL_SOCKET, SO_SNDBUF, &size, &length);
  return size;
}

void forces_the_send_buffer(Case& test) {
  const auto lab = open_lab(test, {});
  if (!lab) return;
  constexpr int kAsked = 64 << 20;
  const Result<int> opened = lab->socket(AF_PACKET, SOCK_RAW, 0, kAsked);
  test.equal(opened.status.error, 0, opened.status.doing);
  const Fd socket(opened.value);
  // What this process may do itself shows what the helper could: the kernel doubles the figure for its own bookkeeping.
  const Fd own(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const bool forced = setsockopt(own.get(), SOL_SOCKET, SO_SNDBUFFORCE, &kAsked, sizeof kAsked) == 0;
  if (!forced) setsockopt(own.get(), SOL_SOCKET, SO_SNDBUF, &kAsked, sizeof kAsked);
  test.equal(send_buffer_of(socket.get()), send_buffer_of(own.get()), "SO_SNDBUF");
  if (forced) test.equal(send_buffer_of(socket.get()), 2 * kAsked, "SO_SNDBUF by force");
}

void refuses_bad_links(Case& test) {
  if (!open_lab(test, {})) return;
  struct Row {
    const char* name;
    std::vector<LabLink> links;
    int expected;
  };
  LabLink group = veth();
  group.b.mac[0] |= 1;
  LabLink no_mac = veth();
  no_mac.a.mac = {};
  const Row rows[] = {
      {"an empty name", {veth("", "b")}, EINVAL},
      {"sixteen letters", {veth("sixteen--letters", "b")}, ENAMETOOLONG},
      {"a blank", {veth("a b", "c")}, EINVAL},
      {"a slash, in the peer", {veth("a", "b/c")}, EINVAL},
      {"a number for the kernel to choose", {veth("a%d", "b")}, EINVAL},
      {"the current directory", {veth(".", "b")}, EINVAL},
      {"two of one name", {veth("a", "a")}, EEXIST},
      {"a name taken by another link", {veth("a", "b"), ifb("b")}, EEXIST},
      {"lo", {ifb("lo")}, EEXIST},
      {"MTU 0", {veth("a", "b", 0)}, EINVAL},
      {"MTU 67", {veth("a", "b", 67)}, EINVAL},
      {"MTU 65536", {veth("a", "b", 65536)}, EINVAL},
      {"a group address for the peer", {group}, EADDRNOTAVAIL},
      {"no address", {no_mac}, EADDRNOTAVAIL},
  };
  for (const Row& row : rows) {
    const auto lab = LabClient::open({helper_path(), row.links});
    test.equal(lab.status.error, row.expected, std::string(row.name) + ": " + lab.status.doing);
  }
}

void reports_a_helper_that_does_not_start(Case& test) {
  const auto missing = LabClient::open({"/nonexistent/pktsh-lab", {}});
  test.equal(missing.status.error, ENOENT, "missing");
  test.check(missing.status.doing.find("/nonexistent/pktsh-lab") != std::string::npos, "its path is named");
  const auto directory = LabClient::open({"/", {}});
  test.equal(directory.status.error, EACCES, "not executable");
  const auto ended = LabClient::open({"/bin/true", {}});
  test.check(!ended.ok() && ended.status.doing.find("ended") != std::string::npos, "ends at once: " + ended.status.doing);
  test.equal(waitpid(-1, nullptr, WNOHANG), -1, "no child left unreaped");
}

void ends_with_its_client_object(Case& test) {
  auto lab = open_lab(test, {veth()});
  if (!lab) return;
  const pid_t helper = lab->pid();
  test.equal(kill(helper, 0), 0, "the helper runs");
  lab.reset();
  test.check(kill(helper, 0) != 0 && errno == ESRCH, "gone and reaped");
  test.equal(waitpid(-1, nullptr, WNOHANG), -1, "no child left unreaped");
}

void outlives_signals_of_the_terminal(Case& test) {
  const auto lab = open_lab(test, {veth()});
  if (!lab) return;
  test.equal(getsid(lab->pid()), lab->pid(), "a session of its own");
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) test.equal(kill(lab->pid(), number), 0, "signal");
  test.equal(lab->links().status.error, 0, "still answers");
}

void survives_a_stopped_helper(Case& test) {
  auto lab = open_lab(test, {});
  if (!lab) return;
  const pid_t helper = lab->pid();
  kill(helper, SIGSTOP);
  lab.reset();
  test.check(kill(helper, 0) != 0 && errno == ESRCH, "killed and reaped");
}

void keeps_no_inherited_descriptors(Case& test) {
  const Fd inheritable(dup(STDERR_FILENO));
  const auto lab = open_lab(test, {veth()});
  if (!lab) return;
  DIR* listing = opendir(("/proc/" + std::to_string(lab->pid()) + "/fd").c_str());
  if (listing == nullptr) return test.skip("/proc does not show the helper's descriptors");
  std::set<std::string> open;
  while (const dirent* entry = readdir(listing)) {
    if (entry->d_name[0] == '.') continue;
    char target[256] = {};
    (void)!readlinkat(dirfd(listing), entry->d_name, target, sizeof target - 1);
    const std::string_view kind(target);
    // stderr, the connection, and the helper's own: rtnetlink and the client's pidfd.
    if (entry->d_name != std::string_view("2") && !kind.starts_with("socket:") && kind.find("pidfd") == kind.npos) {
      open.insert(std::string(entry->d_name) + " -> " + target);
    }
  }
  closedir(listing);
  for (const std::string& other : open) test.check(false, "still open: " + other);
}

void works_as_an_ordinary_user(Case& test) {
  if (geteuid() != 0) return test.skip("this whole run is an ordinary user's");
  in_child(test, [](Case& inner) {
    constexpr uid_t kNobody = 65534;
    if (setresgid(kNobody, kNobody, kNobody) != 0 || setresuid(kNobody, kNobody, kNobody) != 0) {
      return inner.skip("cannot become another user here");
    }
    if (access(helper_path().c_str(), X_OK) != 0) return inner.skip("the helper is out of an ordinary user's reach");
    makes_what_is_asked(inner);
    has_no_addresses(inner);
    switches_offloads_off(inner);
    opens_only_what_is_allowed(inner);
    forces_the_send_buffer(inner);
  });
}

// Sees a namespace end: the kernel tells when one that was given an id is destroyed, which needs every process, socket
// and file in it to be gone.
class NamespaceWatch {
 public:
  explicit NamespaceWatch(pid_t member) : socket_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)) {
    const int group = RTNLGRP_NSID;
    ready_ = setsockopt(socket_.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) == 0;
    NetlinkMessage request(RTM_NEWNSID, NLM_F_REQUEST | NLM_F_ACK, 1);
    request.put_header(rtgenmsg{AF_UNSPEC});
    request.put_u32(NETNSA_PID, static_cast<uint32_t>(member));
    request.put_u32(NETNSA_NSID, 1);
    const auto bytes = request.bytes();
    ready_ = ready_ && send(socket_.get(), bytes.data(), bytes.size(), 0) > 0 && await(RTM_NEWNSID, 1000);
  }
  [[nodiscard]] bool ready() const { return ready_; }
  [[nodiscard]] bool ended(int milliseconds) { return await(RTM_DELNSID, milliseconds); }

 private:
  bool await(uint16_t type, int milliseconds) {
    bool seen = false;
    pollfd source{socket_.get(), POLLIN, 0};
    while (!seen && poll(&source, 1, milliseconds) > 0) {
      alignas(NLMSG_ALIGNTO) uint8_t answer[4096];
      const ssize_t size = recv(socket_.get(), answer, sizeof answer, 0);
      if (size <= 0) return false;
      each_message({answer, static_cast<size_t>(size)}, [&](const nlmsghdr& header, auto) {
        seen = seen || header.nlmsg_type == type;
        return true;
      });
    }
    return seen;
  }

  Fd socket_;
  bool ready_ = false;
};

void namespace_ends_with_the_last_socket(Case& test) {
  in_child(test, [](Case& inner) {
    if (!enter_own_namespace(inner)) return;
    auto lab = open_lab(inner, {veth(), ifb("sink0")});
    if (!lab) return;
    NamespaceWatch watch(lab->pid());
    inner.check(watch.ready(), "watching the namespace");
    Fd socket = sending_socket(*lab, ifindex(*lab, "tx0"));
    lab.reset();
    const uint8_t frame[60] = {};
    inner.equal(send(socket.get(), frame, sizeof frame, 0), ssize_t{60}, "a socket outlives the helper");
    socket.reset();
    inner.check(watch.ended(2000), "the namespace is gone within 2 s");
  });
}

// Kills a client that has no chance to clean up; `keeper`: one that has forked a process which holds its descriptors open.
void nothing_outlives_a_killed_client(Case& test, bool keeper) {
  in_child(test, [keeper](Case& inner) {
    if (!enter_own_namespace(inner)) return;
    // The orphaned helper becomes our child, so that its end can be awaited exactly.
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return inner.check(false, "pipe");
    const Fd reading(ends[0]);
    Fd writing(ends[1]);
    const pid_t client = fork();
    if (client < 0) return inner.check(false, "fork");
    if (client == 0) {
      Case innermost;
      const auto lab = open_lab(innermost, {veth()});
      const Fd socket = lab ? sending_socket(*lab, ifindex(*lab, "tx0")) : Fd();
      const pid_t pids[2] = {lab ? lab->pid() : 0, lab && keeper ? fork() : 0};
      if (lab && keeper && pids[1] == 0) {
        for (;;) pause();
      }
      (void)!write(writing.get(), pids, sizeof pids);
      for (;;) pause();
    }
    writing.reset();
    pid_t pids[2] = {};
    (void)!read(reading.get(), pids, sizeof pids);
    if (pids[0] > 0) {
      NamespaceWatch watch(pids[0]);
      inner.check(watch.ready(), "watching the namespace");
      kill(client, SIGKILL);
      waitpid(client, nullptr, 0);
      int status = -1;
      inner.check(eventually([&] { return waitpid(pids[0], &status, WNOHANG) == pids[0]; }), "the helper has ended");
      inner.check(WIFEXITED(status) && WEXITSTATUS(status) == 0, "of its own accord");
      if (pids[1] > 0) {
        kill(pids[1], SIGKILL);
        waitpid(pids[1], nullptr, 0);
      }
      inner.check(watch.ended(2000), "the namespace is gone within 2 s");
    } else {
      kill(client, SIGKILL);
      waitpid(client, nullptr, 0);
      inner.skip("no lab in a child process");
    }
  });
}

void explains_refusals(Case& test) {
  struct Row {
    LabStep step;
    int error;
    NamespaceLimits limits;
    const char* reason;  // a part of it
  };
  const NamespaceLimits open{10000L, 10000L, 1L, 0L, false};
  const Row rows[] = {
      {LabStep::unshare_user, ENOSPC, {0L, 10000L, {}, {}, false}, "user.max_user_namespaces is 0"},
      {LabStep::unshare_user, ENOSPC, open, "used up"},
      {LabStep::unshare_user, EPERM, {10000L, 10000L, 0L, {}, false}, "unprivileged_userns_clone"},
      {LabStep::uid_map, EPERM, {10000L, 10000L, 1L, 1L, false}, "AppArmor"},
      {LabStep::uid_map, EACCES, {10000L, 10000L, 1L, 1L, false}, "AppArmor"},
      {LabStep::veth, EPERM, {10000L, 10000L, {}, 1L, false}, "AppArmor"},
      {LabStep::unshare_user, EPERM, {10000L, 10000L, {}, {}, true}, "seccomp"},
      {LabStep::unshare_user, EPERM, open, "the system forbids it"},
      {LabStep::unshare_user, EINVAL, open, "without user namespaces"},
      {LabStep::unshare_user, EUSERS, open, "nested"},
      {LabStep::unshare_net, ENOSPC, {10000L, 0L, {}, {}, false}, "user.max_net_namespaces is 0"},
      {LabStep::unshare_net, ENOSPC, open, "used up"},
      {LabStep::unshare_net, EPERM, {10000L, 10000L, {}, {}, true}, "seccomp"},
      {LabStep::ifb, EOPNOTSUPP, open, "no ifb driver"},
      {LabStep::veth, EEXIST, open, "already"},
      {LabStep::start, ENOENT, open, "missing"},
      {LabStep::change, ETIMEDOUT, open, "no answer"},
      {LabStep::uid_map, ENOENT, open, "/proc"},
      {LabStep::descriptors, ENOSYS, open, "close_range"},
      {LabStep::socket, EMFILE, open, "Too many open files"},
  };
  for (const Row& row : rows) {
    const LabRefusal refusal = explain_refusal(row.step, row.error, row.limits);
    const std::string name = std::string(describe(row.step)) + ", errno " + std::to_string(row.error);
    test.check(refusal.reason.find(row.reason) != std::string::npos, name + ": " + refusal.reason);
  }
}

// ThreadSanitizer's thread keeps a process from entering a user namespace. This is the helper's test, and that is the same
// plain executable under every build.
#ifdef __SANITIZE_THREAD__
#define PKTSH_SINGLE_THREADED 0
#elif defined(__has_feature)
#define PKTSH_SINGLE_THREADED !__has_feature(thread_sanitizer)
#else
#define PKTSH_SINGLE_THREADED 1
#endif

#if PKTSH_SINGLE_THREADED
// A limit of the kernel itself, tried for real in a namespace whose limits are ours to set.
void names_an_exhausted_limit(Case& test) {
  in_child(test, [](Case& inner) {
    const uid_t uid = geteuid();
    const gid_t gid = getegid();
    if (unshare(CLONE_NEWUSER) != 0) return inner.skip("no right to make a user namespace");
    const auto write_file = [](const char* path, const std::string& text) {
      const Fd file(open(path, O_WRONLY | O_CLOEXEC));
      return write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
    };
    const bool limited = write_file("/proc/self/setgroups", "deny") &&
                         write_file("/proc/self/uid_map", "0 " + std::to_string(uid) + " 1") &&
                         write_file("/proc/self/gid_map", "0 " + std::to_string(gid) + " 1") &&
                         write_file("/proc/sys/user/max_net_namespaces", "0");
    if (!limited) return inner.skip("the limits of a user namespace are not to be set here");
    const auto lab = LabClient::open({helper_path(), {}});
    inner.equal(lab.status.error, ENOSPC, "errno");
    inner.check(lab.status.doing.find("user.max_net_namespaces is 0") != std::string::npos, lab.status.doing);
  });
}
#endif

// What the helper says to a client that does not keep to the protocol.
void distrusts_its_client(Case& test) {
  enum class Way {
    short_request,
    long_request,
    wrong_version,
    unknown_operation,
    link_before_namespace,
    socket_before_namespace
  };
  for (const Way way : {Way::short_request, Way::long_request, Way::wrong_version, Way::unknown_operation,
                        Way::link_before_namespace, Way::socket_before_namespace}) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return test.check(false, "socketpair");
    Fd ours(ends[0]);
    Fd theirs(ends[1]);
    const std::string path = helper_path();
    const pid_t helper = fork();
    if (helper < 0) return test.check(false, "fork");
    if (helper == 0) {
      // dup2 of a descriptor onto itself would leave it close-on-exec.
      if (theirs.get() == kLabConnection) fcntl(kLabConnection, F_SETFD, 0);
      else dup2(theirs.get(), kLabConnection);
      execl(path.c_str(), path.c_str(), static_cast<char*>(nullptr));
      _exit(127);
    }
    theirs.reset();
    struct {
      LabRequest request;
      uint8_t excess;
    } message{};
    message.request.version = way == Way::wrong_version ? kLabVersion + 1 : kLabVersion;
    message.request.operation = way == Way::unknown_operation         ? static_cast<LabOperation>(99)
                                : way == Way::link_before_namespace   ? LabOperation::ifb
                                : way == Way::socket_before_namespace ? LabOperation::socket
                                                                      : LabOperation::namespaces;
    message.request.domain = AF_NETLINK;
    message.request.type = SOCK_RAW;
    std::memcpy(message.request.a.name.data(), "sink0", 6);
    message.request.a.mac = kTxMac;
    message.request.mtu = 1500;
    const size_t size = sizeof(LabRequest) - (way == Way::short_request ? 1 : 0) + (way == Way::long_request ? 1 : 0);
    const std::string name = "way " + std::to_string(static_cast<int>(way));
    test.equal(send(ours.get(), &message, size, MSG_NOSIGNAL), static_cast<ssize_t>(size), name + ": sent");
    LabReply reply{};
    test.equal(recv(ours.get(), &reply, sizeof reply, 0), static_cast<ssize_t>(sizeof reply), name + ": answered");
    test.equal(reply.step, LabStep::protocol, name + ": step");
    test.equal(reply.error, EPROTO, name + ": errno");
    ours.reset();
    int status = -1;
    waitpid(helper, &status, 0);
    test.check(WIFEXITED(status) && WEXITSTATUS(status) == 0, name + ": the helper ends in order");
  }
}

}  // namespace

int main() {
  Cases cases;
  cases.run("links as asked", makes_what_is_asked);
  cases.run("no addresses", has_no_addresses);
  cases.run("offloads off", switches_offloads_off);
  cases.run("sockets: only what is allowed", opens_only_what_is_allowed);
  cases.run("sockets: send buffer by force", forces_the_send_buffer);
  cases.run("links that are refused", refuses_bad_links);
  cases.run("a helper that does not start", reports_a_helper_that_does_not_start);
  cases.run("the helper ends with its client object", ends_with_its_client_object);
  cases.run("the helper outlives signals of the terminal", outlives_signals_of_the_terminal);
  cases.run("a stopped helper is killed", survives_a_stopped_helper);
  cases.run("the helper keeps no inherited descriptors", keeps_no_inherited_descriptors);
  cases.run("an ordinary user's lab", works_as_an_ordinary_user);
  cases.run("the namespace ends with its last socket", namespace_ends_with_the_last_socket);
  cases.run("nothing outlives a killed client", [](Case& test) { nothing_outlives_a_killed_client(test, false); });
  cases.run("nor one whose child holds the connection open",
            [](Case& test) { nothing_outlives_a_killed_client(test, true); });
  cases.run("refusals are explained", explains_refusals);
#if PKTSH_SINGLE_THREADED
  cases.run("an exhausted limit is named", names_an_exhausted_limit);
#endif
  cases.run("the helper distrusts its client", distrusts_its_client);
  return cases.finish();
}
