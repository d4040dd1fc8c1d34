// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// Grace periods under every disturbance that can be thought of: readers that linger, block, move, end and begin again,
// an updater that floods, stalls that must be reported, senders whose interfaces fail.
namespace pktsh::torture {

struct Options {
  double seconds = 2;
  uint64_t seed = 1;
  bool busted = false;           // grace periods end at once: must be found out, and the torture ends when it is
  bool stuck = false;            // a reader never passes a quiescent state: the watchdog must say so
  double watchdog_seconds = 30;  // so long without the end of a grace period is a stall of the updater
};

// Readers of a few objects against the updater that replaces them, on the grace periods alone. Prints what it did and
// found; gives the number of violations.
[[nodiscard]] uint64_t torture_domain(const Options& options);

// The whole engine with drivers whose interfaces fail: devices added, set, started, stopped and removed at full speed.
// Prints what it did and found; gives the number of violations.
[[nodiscard]] uint64_t torture_engine(const Options& options);

inline uint64_t next_random(uint64_t& state) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}
// A generator's state from a seed and a number; never 0, where it would stay.
inline uint64_t seeded(uint64_t seed, uint64_t which) {
  uint64_t state = (seed * 0x9e3779b97f4a7c15 + which * 0xbf58476d1ce4e5b9) | 1;
  for (int i = 0; i < 8; i++) next_random(state);
  return state;
}

}  // namespace pktsh::torture
