// SPDX-License-Identifier: Apache-2.0
#include "connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "outcome.h"

namespace pktsh {

bool receive_request(int connection, int client, LabRequest& request) {
  for (;;) {
    // A negative descriptor is skipped by poll.
    pollfd sources[] = {{connection, POLLIN, 0}, {client, POLLIN, 0}};
    if (poll(sources, 2, -1) < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    if (sources[1].revents != 0) return false;
    if (sources[0].revents == 0) continue;
    // No control buffer: descriptors that come along are closed by the kernel.
    const ssize_t size = recv(connection, &request, sizeof request, MSG_DONTWAIT | MSG_TRUNC);
    if (size < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      return false;
    }
    if (size == 0) return false;
    if (size == sizeof request && request.version == kLabVersion) return true;
    (void)send_reply(connection, lab_failure(LabStep::protocol, EPROTO), -1);
    return false;
  }
}

bool send_reply(int connection, const LabReply& reply, int passed) {
  LabReply copy = reply;
  iovec part{&copy, sizeof copy};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof passed)] = {};
  if (passed >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof passed);
    std::memcpy(CMSG_DATA(rights), &passed, sizeof passed);
  }
  ssize_t sent;
  do {
    sent = sendmsg(connection, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent == sizeof copy;
}

}  // namespace pktsh
