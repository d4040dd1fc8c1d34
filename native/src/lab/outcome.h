// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string_view>

#include "../lab_protocol.h"

namespace pktsh {

// What came of a step: already the reply to the client, so that a failure keeps its step and the kernel's words on its way.
[[nodiscard]] inline LabReply lab_success() { return {kLabVersion, LabStep::done, 0, {}}; }

[[nodiscard]] inline LabReply lab_failure(LabStep step, int error, std::string_view words = {}) {
  LabReply reply{kLabVersion, step, error, {}};
  std::copy_n(words.data(), std::min(words.size(), reply.words.size() - 1), reply.words.data());
  return reply;
}

}  // namespace pktsh
