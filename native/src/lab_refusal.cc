// SPDX-License-Identifier: Apache-2.0
#include "lab_refusal.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace pktsh {
namespace {

struct CloseFile {
  void operator()(FILE* file) const { fclose(file); }
};
using File = std::unique_ptr<FILE, CloseFile>;

std::optional<long> read_number(const char* path) {
  const File file(fopen(path, "re"));
  long value = 0;
  if (!file || fscanf(file.get(), "%ld", &value) != 1) return std::nullopt;
  return value;
}

// "Seccomp:	2" in /proc/self/status: 0 none, 1 strict, 2 a filter (proc(5)).
bool has_seccomp_filter() {
  const File file(fopen("/proc/self/status", "re"));
  if (!file) return false;
  char line[256];
  int mode = 0;
  while (fgets(line, sizeof line, file.get()) != nullptr) {
    if (sscanf(line, "Seccomp: %d", &mode) == 1) return mode != 0;
  }
  return false;
}

LabRefusal explain_user_namespace(int error, const NamespaceLimits& limits) {
  if (limits.max_user_namespaces == 0L) {
    return {"user.max_user_namespaces is 0", "`sysctl user.max_user_namespaces=10000` as root, or run as root"};
  }
  if (limits.unprivileged_userns_clone == 0L) {
    return {"kernel.unprivileged_userns_clone is 0, so only root may making a user namespace",
            "`sysctl kernel.unprivileged_userns_clone=1` as root, or run as root"};
  }
  if (error == ENOSPC) {
    return {"the limit of user namespaces is used up",
            "end the processes that hold them, or raise user.max_user_namespaces as root"};
  }
  if (error == EUSERS) return {"user namespaces are nested too deep", "run outside one of them"};
  if (error == EINVAL) return {"this kernel is built without user namespaces", "run as root"};
  if (limits.apparmor_restricts_userns == 1L) {
    return {"AppArmor restricts user namespaces of ordinary users (kernel.apparmor_restrict_unprivileged_userns is 1)",
            "`sysctl kernel.apparmor_restrict_unprivileged_userns=0` as root, an AppArmor profile for pktsh-lab that "
            "allows `userns`, or run as root"};
  }
  if (limits.seccomp) {
    return {"a seccomp filter forbids it, as containers have by default",
            "give the container CAP_SYS_ADMIN and CAP_NET_ADMIN, or a seccomp profile that allows unshare"};
  }
  return {"the system forbids it", "run as root"};
}

LabRefusal explain_network_namespace(int error, const NamespaceLimits& limits) {
  if (limits.max_net_namespaces == 0L) {
    return {"user.max_net_namespaces is 0", "`sysctl user.max_net_namespaces=10000` as root"};
  }
  if (error == ENOSPC) {
    return {"the limit of network namespaces is used up",
            "end the processes that hold them, or raise user.max_net_namespaces as root"};
  }
  if (error == EINVAL) return {"this kernel is built without network namespaces", ""};
  return explain_user_namespace(error, limits);
}

LabRefusal explain_link(const char* kind, int error, const NamespaceLimits& limits) {
  if (error == EEXIST) return {"the lab has an interface of that name already", "choose another name"};
  if (error == EOPNOTSUPP) {
    return {std::string("the kernel has no ") + kind + " driver, or cannot load it",
            std::string("`modprobe ") + kind + "` as root"};
  }
  // AppArmor's restriction lets the namespace be made and takes the capabilities inside it away.
  if (error == EPERM) return explain_user_namespace(error, limits);
  return {std::strerror(error), ""};
}

}  // namespace

NamespaceLimits read_namespace_limits() {
  return {read_number("/proc/sys/user/max_user_namespaces"), read_number("/proc/sys/user/max_net_namespaces"),
          read_number("/proc/sys/kernel/unprivileged_userns_clone"),
          read_number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"), has_seccomp_filter()};
}

LabRefusal explain_refusal(LabStep step, int error, const NamespaceLimits& limits) {
  switch (step) {
    case LabStep::start:
      if (error == ENOENT) return {"the executable is missing", "build it: `npm rebuild pktsh`"};
      if (error == EACCES) return {"it may not be executed here", "check its mode and its file system's noexec"};
      if (error == ETIMEDOUT) return {"no answer within 5 s", ""};
      return {std::strerror(error), ""};
    case LabStep::protocol:
      return {"the helper is of another build", "build it again: `npm rebuild pktsh`"};
    case LabStep::descriptors:
      if (error == ENOSYS || error == EPERM) {
        return {"close_range (Linux 5.9) is missing or forbidden", "use a newer kernel or seccomp profile"};
      }
      return {std::strerror(error), ""};
    case LabStep::unshare_user:
      return explain_user_namespace(error, limits);
    case LabStep::uid_map:
      if (error == ENOENT) return {"/proc is not mounted", "mount it"};
      return explain_user_namespace(error, limits);
    case LabStep::unshare_net:
      return explain_network_namespace(error, limits);
    case LabStep::veth:
      return explain_link("veth", error, limits);
    case LabStep::ifb:
      return explain_link("ifb", error, limits);
    case LabStep::addressing:
    case LabStep::offloads:
    case LabStep::up:
      if (error == EPERM) return explain_user_namespace(error, limits);
      return {std::strerror(error), ""};
    case LabStep::done:
    case LabStep::netlink:
    case LabStep::socket:
      return {std::strerror(error), ""};
    case LabStep::change:
      if (error == EEXIST) return {"the lab has an interface of that name already", "choose another name"};
      if (error == ETIMEDOUT) return {"no answer within 15 s", ""};
      return {std::strerror(error), ""};
  }
  return {std::strerror(error), ""};
}

LabRefusal explain_refusal(LabStep step, int error) { return explain_refusal(step, error, read_namespace_limits()); }

const char* describe(LabStep step) {
  switch (step) {
    case LabStep::done:
      return "nothing";
    case LabStep::start:
      return "starting the lab's helper";
    case LabStep::protocol:
      return "talking to the lab's helper";
    case LabStep::descriptors:
      return "closing inherited descriptors";
    case LabStep::unshare_user:
      return "making a user namespace";
    case LabStep::uid_map:
      return "mapping the user into its namespace";
    case LabStep::unshare_net:
      return "making a network namespace";
    case LabStep::netlink:
      return "opening a netlink socket in the lab";
    case LabStep::veth:
      return "making a veth pair";
    case LabStep::ifb:
      return "making an ifb";
    case LabStep::addressing:
      return "switching IPv6 addresses off";
    case LabStep::offloads:
      return "switching offloads off";
    case LabStep::up:
      return "taking a link up";
    case LabStep::socket:
      return "opening a socket in the lab";
    case LabStep::change:
      return "changing the link";
  }
  return "using the lab";
}

}  // namespace pktsh
