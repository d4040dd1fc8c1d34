// SPDX-License-Identifier: Apache-2.0
#include "namespaces.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "outcome.h"

namespace pktsh {
namespace {

// The kernel takes a map in one write only. Gives 0 or an errno.
int write_once(const char* path, const char* text) {
  const int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return errno;
  const ssize_t written = write(file, text, std::strlen(text));
  const int error = written < 0 ? errno : 0;
  close(file);
  return error;
}

int map_to_root(const char* path, unsigned outside) {
  char line[32];  // "0 4294967295 1"
  std::snprintf(line, sizeof line, "0 %u 1", outside);
  return write_once(path, line);
}

LabReply enter_user_namespace() {
  // Inside, both read as the overflow ids until they are mapped.
  const uid_t uid = geteuid();
  const gid_t gid = getegid();
  if (unshare(CLONE_NEWUSER) != 0) return lab_failure(LabStep::unshare_user, errno);
  // Without this the kernel does not let an ordinary user write gid_map (user_namespaces(7)).
  if (const int error = write_once("/proc/self/setgroups", "deny")) {
    return lab_failure(LabStep::uid_map, error, "/proc/self/setgroups");
  }
  if (const int error = map_to_root("/proc/self/uid_map", uid)) {
    return lab_failure(LabStep::uid_map, error, "/proc/self/uid_map");
  }
  if (const int error = map_to_root("/proc/self/gid_map", gid)) {
    return lab_failure(LabStep::uid_map, error, "/proc/self/gid_map");
  }
  return lab_success();
}

}  // namespace

LabReply enter_namespaces() {
  // The right is tried, not the uid: root in a container may lack it, and a user may hold the capability.
  if (unshare(CLONE_NEWNET) == 0) return lab_success();
  if (errno != EPERM) return lab_failure(LabStep::unshare_net, errno);
  if (const LabReply user = enter_user_namespace(); user.error != 0) return user;
  if (unshare(CLONE_NEWNET) != 0) return lab_failure(LabStep::unshare_net, errno);
  return lab_success();
}

}  // namespace pktsh
