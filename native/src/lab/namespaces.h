// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../lab_protocol.h"

namespace pktsh {

// Moves this single-threaded process into a network namespace of its own; into a user namespace first where it may not
// make one directly, as its only user and group, mapped to root there. Fails with the step that the kernel refused:
// unshare_user, uid_map or unshare_net.
[[nodiscard]] LabReply enter_namespaces();

}  // namespace pktsh
