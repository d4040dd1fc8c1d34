// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "device.h"
#include "schedule.h"

namespace pktsh {

// How a device follows its schedule: on its sender's thread, on that sender's Progress.

// The pacing of a spec, whose frames are `builder`'s. EINVAL: a gap that is not positive, or of centuries.
[[nodiscard]] Result<Pacing> pacing_of(const DeviceSpec& spec, const FrameBuilder& builder);

// Takes over a new Cfg or Run: generators that are gone begin anew, a changed pace is anchored at `now` or one new gap
// after the last packet, whichever is later, and the record shows the schedule that holds.
void adopt(Progress& progress, Run& run, const Cfg& cfg, int64_t now);

// Where the device belongs in the index, and when it is due.
[[nodiscard]] Schedule::Place settle(const Progress& progress, int64_t now, int64_t& due);

// Applies the late policy, then gives the packets that may be handed over at `now`, at most `most`.
[[nodiscard]] uint32_t packets_due(Progress& progress, Run& run, const Cfg& cfg, int64_t now, uint32_t most);

// Drops all but the newest pass that is due, counted as skipped: late policy `skip`, and whatever the policy after an
// interface was down, so that no burst follows.
void skip_missed(Progress& progress, Run& run, const Cfg& cfg, int64_t now);

// Moves the schedule on by packets of these sizes, handed over at `now`; gives how many of them were more than a gap
// behind it.
[[nodiscard]] uint32_t advance_schedule(Progress& progress, Run& run, const Cfg& cfg, const uint16_t* sizes,
                                        uint32_t packets, int64_t now);

}  // namespace pktsh
