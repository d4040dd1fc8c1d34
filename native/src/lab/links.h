// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../lab_protocol.h"
#include "rtnetlink.h"

namespace pktsh {

// Makes the veth pair or ifb that a checked `request` describes and takes it up: MACs as given, equal MTU, a transmit and
// a receive queue for each online CPU, no IPv6 address, offloads off. Returns when frames can be sent in both directions.
// Fails with EINVAL for a name, MAC or MTU out of bounds, else with the kernel's errno and the step.
[[nodiscard]] LabReply make_link(Rtnetlink& rtnetlink, const LabRequest& request);

// Takes a link of this namespace down or up, renames or deletes it, as `request` says. Up returns once the link has its
// carrier, where the other end lets it. Fails with step change and the kernel's errno.
[[nodiscard]] LabReply change_link(Rtnetlink& rtnetlink, const LabRequest& request);

}  // namespace pktsh
