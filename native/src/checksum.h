// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace pktsh {

// The Internet checksum (RFC 1071) on 16-bit words in memory order: the sum is the same in either byte order (RFC 1071
// section 2 B), so words are loaded and the result is stored without swapping.

[[nodiscard]] inline uint16_t load_word(const uint8_t* at) {
  uint16_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}
// Two words, of which sums need no order.
[[nodiscard]] inline uint32_t load_pair(const uint8_t* at) {
  uint32_t pair;
  std::memcpy(&pair, at, sizeof pair);
  return pair;
}
inline void store_word(uint8_t* at, uint16_t word) { std::memcpy(at, &word, sizeof word); }

// The unfolded sum of `length` bytes, an odd last one padded with 0. 65536 words fit before it can overflow.
[[nodiscard]] inline uint32_t checksum_add(uint32_t sum, const uint8_t* bytes, size_t length) {
  for (; length > 1; bytes += 2, length -= 2) sum += load_word(bytes);
  if (length == 1) {
    const uint8_t padded[2] = {*bytes, 0};
    sum += load_word(padded);
  }
  return sum;
}

// Folds a sum of words and pairs (of which 2^32 fit before it can overflow) into the checksum to be stored.
[[nodiscard]] inline uint16_t checksum_finish(uint64_t sum) {
  sum = (sum & UINT32_MAX) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);  // up to 18 bits
  sum = (sum & 0xffff) + (sum >> 16);
  sum += sum >> 16;  // which can carry once more
  return static_cast<uint16_t>(~sum);
}

}  // namespace pktsh
