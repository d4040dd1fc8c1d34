// SPDX-License-Identifier: Apache-2.0
#include "lab_client.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>

#include "fd.h"
#include "lab_protocol.h"
#include "lab_refusal.h"

namespace pktsh {
namespace {

using Clock = std::chrono::steady_clock;

// A lab is ready in about 10 ms; this bounds a machine under the heaviest load.
inline constexpr std::chrono::seconds kAnswerLimit{5};
// One lock of the whole kernel (RTNL) guards every change of a link, and whoever takes namespaces down holds it: seconds,
// where many programs do so on few CPUs.
inline constexpr std::chrono::seconds kChangeLimit{15};
// The helper ends at once when the connection closes; after this it is killed.
inline constexpr int kEndLimitMs = 1000;

inline constexpr const char* kEnded = "talking to the lab's helper: it has ended";

int milliseconds_until(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::max<int64_t>(left, 0));
}

Status refusal(LabStep step, int error, std::string_view subject, std::string_view words) {
  const LabRefusal why = explain_refusal(step, error);
  std::string doing = describe(step);
  if (!subject.empty()) doing.append(" `").append(subject).append("`");
  doing.append(": ").append(why.reason);
  if (!words.empty()) doing.append(" (").append(words).append(")");
  if (!why.mend.empty()) doing.append("; ").append(why.mend);
  return Status::failure(error, std::move(doing));
}

// Waits for a reply until `deadline`. Gives 0 or an errno; a descriptor that came along goes into `passed`.
int receive_reply(int connection, Clock::time_point deadline, LabReply& reply, Fd& passed) {
  for (;;) {
    pollfd source{connection, POLLIN, 0};
    const int ready = poll(&source, 1, milliseconds_until(deadline));
    if (ready == 0) return ETIMEDOUT;
    if (ready < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    iovec part{&reply, sizeof reply};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t size = recvmsg(connection, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (size < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      return errno;
    }
    const cmsghdr* rights = CMSG_FIRSTHDR(&message);
    if (rights != nullptr && rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS &&
        rights->cmsg_len == CMSG_LEN(sizeof(int))) {
      int descriptor;
      std::memcpy(&descriptor, CMSG_DATA(rights), sizeof descriptor);
      passed = Fd(descriptor);
    }
    if (size == 0) return ECONNRESET;
    if (size != sizeof reply || reply.version != kLabVersion) return EPROTO;
    reply.words.back() = '\0';
    return 0;
  }
}

// One request and its reply; gives the descriptor that came with it, if any. Where the helper did not answer as it should,
// the connection is shut: what it would still send could no longer be told apart, and it ends.
// `waiting`: what no answer is told as.
Result<Fd> exchange(int connection, const LabRequest& request, std::string_view subject, Clock::time_point deadline,
                    LabStep waiting = LabStep::start) {
  // The helper reads one request at a time and the buffer holds hundreds, so this never waits.
  const ssize_t sent = send(connection, &request, sizeof request, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent != sizeof request) return Result<Fd>::failure(sent < 0 ? errno : EPROTO, kEnded);
  LabReply reply;
  Fd passed;
  if (const int error = receive_reply(connection, deadline, reply, passed)) {
    shutdown(connection, SHUT_RDWR);
    if (error == ECONNRESET) return Result<Fd>::failure(error, kEnded);
    return Result<Fd>::failure(refusal(error == EPROTO ? LabStep::protocol : waiting, error, subject, {}));
  }
  if (reply.error != 0) return Result<Fd>::failure(refusal(reply.step, reply.error, subject, reply.words.data()));
  return Result<Fd>::success(std::move(passed));
}

LabRequest request_for(LabOperation operation) {
  LabRequest request{};
  request.version = kLabVersion;
  request.operation = operation;
  return request;
}

// False where the name does not fit into an interface's.
bool fill_end(LabRequestEnd& target, const LabEnd& end) {
  if (end.name.size() >= target.name.size()) return false;
  std::copy(end.name.begin(), end.name.end(), target.name.begin());
  target.mac = end.mac;
  return true;
}

// posix_spawn and not fork: Node is large and multi-threaded. Gives 0 or an errno.
int spawn_helper(const std::string& path, int connection, pid_t& pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  if (const int error = posix_spawn_file_actions_init(&actions)) return error;
  if (const int error = posix_spawnattr_init(&attributes)) {
    posix_spawn_file_actions_destroy(&actions);
    return error;
  }
  // A session of its own, from before its first instruction: no Ctrl-C and no hang-up of our terminal reaches it. And no
  // signal blocked, which Node's threads do.
  sigset_t none;
  sigemptyset(&none);
  int error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
  if (error == 0) error = posix_spawnattr_setsigmask(&attributes, &none);
  if (error == 0) error = posix_spawn_file_actions_adddup2(&actions, connection, kLabConnection);
  if (error == 0) {
    char* arguments[] = {const_cast<char*>(path.c_str()), nullptr};
    error = posix_spawn(&pid, path.c_str(), &actions, &attributes, arguments, environ);
  }
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

// Waits for the helper's end and reaps it; kills it if it takes too long. By a pidfd, so that the pid cannot have become
// another process's where the host lets the kernel reap its children.
void reap(pid_t pid) {
  const Fd helper(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  // ESRCH: reaped already, by a host that ignores SIGCHLD. Else there are no pidfds here, and waiting is all there is.
  if (!helper.valid() && errno == ESRCH) return;
  if (helper.valid()) {
    pollfd source{helper.get(), POLLIN, 0};
    int ready;
    do {
      ready = poll(&source, 1, kEndLimitMs);
    } while (ready < 0 && errno == EINTR);
    if (ready == 0) (void)syscall(SYS_pidfd_send_signal, helper.get(), SIGKILL, nullptr, 0);
  }
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

Result<std::unique_ptr<LabClient>> LabClient::open(const LabSpec& spec) {
  using Opened = Result<std::unique_ptr<LabClient>>;
  const Clock::time_point deadline = Clock::now() + kAnswerLimit;
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return Opened::failure(errno, "making a connection to the lab's helper");
  }
  Fd ours(ends[0]);
  Fd theirs(ends[1]);
  pid_t pid = 0;
  if (const int error = spawn_helper(spec.helper, theirs.get(), pid)) {
    return Opened::failure(refusal(LabStep::start, error, spec.helper, {}));
  }
  // Or we would never see the helper end.
  theirs.reset();
  const int connection = ours.get();
  std::unique_ptr<LabClient> client(new LabClient(ours.release(), pid));

  const Result<Fd> entered = exchange(connection, request_for(LabOperation::namespaces), {}, deadline);
  if (!entered.ok()) return Opened::failure(entered.status);
  for (const LabLink& link : spec.links) {
    const bool veth = link.kind == LabLink::Kind::veth;
    const std::string subject = veth ? link.a.name + " <-> " + link.b.name : link.a.name;
    LabRequest request = request_for(veth ? LabOperation::veth : LabOperation::ifb);
    request.mtu = link.mtu;
    if (!fill_end(request.a, link.a) || (veth && !fill_end(request.b, link.b))) {
      return Opened::failure(ENAMETOOLONG,
                             "making the link `" + subject + "`: interface names have at most 15 characters");
    }
    const Result<Fd> made = exchange(connection, request, subject, deadline);
    if (!made.ok()) return Opened::failure(made.status);
  }
  return Opened::success(std::move(client));
}

LabClient::LabClient(int connection, pid_t pid) : connection_(connection), pid_(pid) {}

LabClient::~LabClient() {
  close(connection_);
  reap(pid_);
}

pid_t LabClient::pid() const { return pid_; }

Result<int> LabClient::socket(int domain, int type, int protocol, int send_buffer) {
  LabRequest request = request_for(LabOperation::socket);
  request.domain = domain;
  request.type = type;
  request.protocol = protocol;
  request.send_buffer = send_buffer;
  Result<Fd> opened = exchange(connection_, request, {}, Clock::now() + kAnswerLimit);
  if (!opened.ok()) return Result<int>::failure(std::move(opened.status));
  // The kernel drops a descriptor that our own table has no room for.
  if (!opened.value.valid()) return Result<int>::failure(EMFILE, "receiving a socket from the lab");
  return Result<int>::success(opened.value.release());
}

Status LabClient::change_link(LinkChange change, const std::string& name, const std::string& to) {
  constexpr LabOperation kOperations[] = {LabOperation::down, LabOperation::up, LabOperation::rename,
                                          LabOperation::remove};  // as LinkChange
  LabRequest request = request_for(kOperations[static_cast<size_t>(change)]);
  if (!fill_end(request.a, {name, {}}) || !fill_end(request.b, {to, {}})) {
    return Status::failure(ENAMETOOLONG, "changing the link `" + name + "`: interface names have at most 15 characters");
  }
  return exchange(connection_, request, name, Clock::now() + kChangeLimit, LabStep::change).status;
}

Result<std::vector<LinkFacts>> LabClient::links() {
  const Result<int> opened = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, 0);
  if (!opened.ok()) return Result<std::vector<LinkFacts>>::failure(opened.status);
  const Fd route(opened.value);
  // Without it only the speeds are missing.
  const Result<int> generic = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC, 0);
  const Fd ethtool(generic.ok() ? generic.value : -1);
  return dump_links(route.get(), ethtool.get());
}

Result<std::vector<Statistic>> LabClient::statistics(const std::string& interface) {
  const Result<int> opened = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, 0);
  if (!opened.ok()) return Result<std::vector<Statistic>>::failure(opened.status);
  const Fd route(opened.value);
  return link_statistics(route.get(), interface);
}

}  // namespace pktsh
