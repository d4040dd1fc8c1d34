// SPDX-License-Identifier: Apache-2.0
#include <sched.h>

#include "engine_state.h"

namespace pktsh {

// A sender that waits for its CPU sends nothing, and holds up grace periods if it was preempted in a read section. So the
// control thread and the receivers' go where no sender has devices. Where every CPU has such a sender they may run on all of
// them: the kernel balances better than a fixed choice, and the results say that CPUs were shared.
void Engine::State::spread() {
  cpu_set_t wanted = allowed;
  for (const auto& [cpu, entry] : senders) {
    if (entry.devices > 0) CPU_CLR(static_cast<size_t>(cpu), &wanted);
  }
  if (CPU_COUNT(&wanted) == 0) wanted = allowed;
  if (!CPU_EQUAL(&wanted, &present) && sched_setaffinity(0, sizeof wanted, &wanted) == 0) {
    present = wanted;
    for (auto& [id, entry] : receivers) entry.receiver->move_to(present);
  }
  const bool told = CPU_COUNT(&allowed) > 0;
  for (auto& [cpu, entry] : senders) {
    if (entry.devices > 0 && (!told || CPU_ISSET(static_cast<size_t>(cpu), &present))) entry.shared = true;
  }
}

// Gives the control thread back where it may run.
void Engine::State::gather() {
  if (!CPU_EQUAL(&allowed, &present) && sched_setaffinity(0, sizeof allowed, &allowed) == 0) present = allowed;
}

}  // namespace pktsh
