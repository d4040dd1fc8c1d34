// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "lab_protocol.h"

namespace pktsh {

// The host's settings that decide whether a namespace may be made; nothing where the kernel does not have the setting.
struct NamespaceLimits {
  std::optional<long> max_user_namespaces;        // user.max_user_namespaces
  std::optional<long> max_net_namespaces;         // user.max_net_namespaces
  std::optional<long> unprivileged_userns_clone;  // kernel.unprivileged_userns_clone (Debian), 0: forbidden
  std::optional<long> apparmor_restricts_userns;  // kernel.apparmor_restrict_unprivileged_userns (Ubuntu), 1: restricted
  bool seccomp = false;                           // a filter is attached to this process, as in a container
};

// Reads them from /proc of this process, which is not in the lab.
[[nodiscard]] NamespaceLimits read_namespace_limits();

struct LabRefusal {
  std::string reason;  // why the kernel refused
  std::string mend;    // what to do about it; "" where nothing certain can be said
};

// Why a lab could not be made, from the step that failed, its errno and the host's settings.
[[nodiscard]] LabRefusal explain_refusal(LabStep step, int error, const NamespaceLimits& limits);
[[nodiscard]] LabRefusal explain_refusal(LabStep step, int error);

// What a step does, in the words of an error message: "making a veth pair".
[[nodiscard]] const char* describe(LabStep step);

}  // namespace pktsh
