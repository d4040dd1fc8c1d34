// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../lab_protocol.h"

namespace pktsh {

// The helper's end of the connection to its client.

// Waits for the next request. False: the client has closed its end or has died, or what came is not a request. `client` is
// a pidfd of the client process, or -1 to go without.
[[nodiscard]] bool receive_request(int connection, int client, LabRequest& request);

// Sends `reply`, with `passed` beside it if that is not -1. False: the client is gone.
[[nodiscard]] bool send_reply(int connection, const LabReply& reply, int passed);

}  // namespace pktsh
