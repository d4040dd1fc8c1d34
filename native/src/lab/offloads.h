// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "../lab_protocol.h"

namespace pktsh {

// Switches off what would make the frames on a link differ in number or bytes from those sent: segmentation and its
// reverse, checksum and VLAN offloads. Scatter-gather stays: it changes no frame, and without it the kernel copies each
// one from a transmit ring. `name` is an interface of this namespace. Fails with step offloads; EBUSY if one stayed on.
[[nodiscard]] LabReply switch_offloads_off(std::string_view name);

}  // namespace pktsh
