// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace pktsh {

// splitmix64 (Steele, Lea, Flood 2014): one word of state, so that a generator's state fits a word. The dry run draws sizes
// by the same generator (runtime/engines/random.ts).

inline constexpr uint64_t kGolden = 0x9e3779b97f4a7c15;  // its increment

// Its finaliser.
[[nodiscard]] inline uint64_t random_mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

[[nodiscard]] inline uint64_t random_word(uint64_t& state) { return random_mix(state += kGolden); }

// Uniform in 0..range-1, 0 meaning 2^64 (Lemire 2019: multiply, and reject what would be biased).
[[nodiscard]] inline uint64_t random_below(uint64_t& state, uint64_t range) {
  uint64_t x = random_word(state);
  if (range == 0) return x;
  unsigned __int128 product = static_cast<unsigned __int128>(x) * range;
  if (static_cast<uint64_t>(product) < range) [[unlikely]] {
    const uint64_t biased = (0 - range) % range;
    while (static_cast<uint64_t>(product) < biased) {
      x = random_word(state);
      product = static_cast<unsigned __int128>(x) * range;
    }
  }
  return static_cast<uint64_t>(product >> 64);
}

}  // namespace pktsh
