// SPDX-License-Identifier: Apache-2.0

// The lab's helper: holds a network namespace (and a user namespace where needed) open, makes the links in it and opens
// sockets in it for its client, over the connection that it inherits. A process of its own because a running Node, being
// multi-threaded, can enter neither. It ends with its connection or its client, and the namespaces with it.

#include <linux/netlink.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "connection.h"
#include "links.h"
#include "namespaces.h"
#include "outcome.h"
#include "rtnetlink.h"

namespace pktsh {
namespace {

// The end is the client's to decide: Ctrl-C goes to a whole process group, and the client wants its sockets to work until it
// has finished cleanly. A client that died is noticed by other means.
void ignore_signals() {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) signal(number, SIG_IGN);
}

// Everything but stderr and the connection. By the system call, since glibc has a wrapper only from 2.34 on.
int close_inherited() {
  if (syscall(SYS_close_range, 0, STDOUT_FILENO, 0) != 0) return errno;
  return syscall(SYS_close_range, kLabConnection + 1, UINT_MAX, 0) != 0 ? errno : 0;
}

// A pidfd of the client, a second net beside the connection, which a process forked by the client may hold open after the
// client's death. Not PR_SET_PDEATHSIG: that fires when the *thread* that started us ends, and the client may open a lab
// on a thread that it ends long before the lab. -1 where the kernel refuses; the connection then stands alone.
int watch_client() {
  ucred client{};
  socklen_t size = sizeof client;
  if (getsockopt(kLabConnection, SOL_SOCKET, SO_PEERCRED, &client, &size) != 0 || client.pid <= 0) return -1;
  return static_cast<int>(syscall(SYS_pidfd_open, client.pid, 0));
}

bool allowed(const LabRequest& request) {
  const int type = request.type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (request.domain == AF_PACKET) return type == SOCK_RAW && request.protocol == 0;
  if (request.domain == AF_NETLINK) {
    return (type == SOCK_RAW || type == SOCK_DGRAM) &&
           (request.protocol == NETLINK_ROUTE || request.protocol == NETLINK_GENERIC);
  }
  return false;
}

// Only the initial user namespace may exceed net.core.wmem_max; elsewhere the buffer gets as large as that allows.
int set_send_buffer(int socket, int size) {
  if (setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) == 0) return 0;
  if (errno != EPERM) return errno;
  return setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0 ? 0 : errno;
}

// Opens what `request` asks for into `opened`.
LabReply open_socket(const LabRequest& request, int& opened) {
  if (!allowed(request) || request.send_buffer < 0) return lab_failure(LabStep::socket, EPERM, "not a lab's socket");
  const int made = socket(request.domain, request.type | SOCK_CLOEXEC, request.protocol);
  if (made < 0) return lab_failure(LabStep::socket, errno);
  if (request.send_buffer != 0) {
    if (const int error = set_send_buffer(made, request.send_buffer)) {
      close(made);
      return lab_failure(LabStep::socket, error, "SO_SNDBUFFORCE");
    }
  }
  opened = made;
  return lab_success();
}

class Lab {
 public:
  // Carries `request` out; a socket to pass on goes into `opened`.
  LabReply answer(const LabRequest& request, int& opened) {
    switch (request.operation) {
      case LabOperation::namespaces:
        return enter();
      case LabOperation::veth:
      case LabOperation::ifb:
        return link(request);
      case LabOperation::socket:
        return entered_ ? open_socket(request, opened) : lab_failure(LabStep::protocol, EPROTO);
      case LabOperation::down:
      case LabOperation::up:
      case LabOperation::rename:
      case LabOperation::remove:
        return entered_ ? change_link(rtnetlink_, request) : lab_failure(LabStep::protocol, EPROTO);
    }
    return lab_failure(LabStep::protocol, EPROTO);
  }

 private:
  LabReply enter() {
    if (entered_) return lab_failure(LabStep::protocol, EPROTO);
    if (const LabReply outcome = enter_namespaces(); outcome.error != 0) return outcome;
    if (const LabReply outcome = rtnetlink_.open(); outcome.error != 0) return outcome;
    entered_ = true;
    return lab_success();
  }

  LabReply link(const LabRequest& request) {
    // Never a link in the namespace that we came from.
    if (!entered_) return lab_failure(LabStep::protocol, EPROTO);
    if (links_ == kMaxLabLinks) {
      const LabStep step = request.operation == LabOperation::veth ? LabStep::veth : LabStep::ifb;
      return lab_failure(step, ENOSPC, "too many links");
    }
    links_++;
    return make_link(rtnetlink_, request);
  }

  Rtnetlink rtnetlink_;
  uint32_t links_ = 0;
  bool entered_ = false;
};

int serve() {
  ignore_signals();
  if (const int error = close_inherited()) {
    (void)send_reply(kLabConnection, lab_failure(LabStep::descriptors, error), -1);
    return 1;
  }
  // Holds no file system busy.
  if (chdir("/") != 0) return 1;
  const int client = watch_client();
  Lab lab;
  LabRequest request;
  while (receive_request(kLabConnection, client, request)) {
    int opened = -1;
    const LabReply reply = lab.answer(request, opened);
    const bool sent = send_reply(kLabConnection, reply, opened);
    if (opened >= 0) close(opened);
    if (!sent) break;
  }
  return 0;
}

}  // namespace
}  // namespace pktsh

int main() { return pktsh::serve(); }
