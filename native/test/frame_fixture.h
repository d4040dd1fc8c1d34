// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "../src/frame_builder.h"
#include "harness.h"

namespace pktsh::test {

// Ethernet, IPv4 10.0.0.1 -> 10.0.0.2, UDP 9 -> 9, 18 bytes of payload; the IPv4 checksum worked out by hand: 0x66bd.
inline const std::vector<uint8_t> kTemplate = {
    0x02, 0,    0,    0,    0,    2,    0x02, 0, 0,    0,    0,    1,  0x08, 0x00,                    // Ethernet
    0x45, 0x00, 0x00, 0x2e, 0x00, 0x00, 0x00, 0, 0x40, 0x11, 0x66, 0xbd, 10,   0, 0, 1, 10, 0, 0, 2,  // IPv4
    0x00, 0x09, 0x00, 0x09, 0x00, 0x1a, 0,    0,                                                       // UDP
    0,    0,    0,    0,    0,    0,    0,    0, 0,    0,    0,    0,  0,    0,    0, 0, 0,  0};
inline constexpr uint16_t kIp = 14, kDestination = kIp + 16, kIpSum = kIp + 10, kUdpSource = 34, kPayload = 42;

inline FieldSlot slot(uint16_t offset, uint8_t bytes) { return {offset, bytes, 0, static_cast<uint8_t>(8 * bytes)}; }

inline FrameBuilder compiled(const FrameProgram& program, uint64_t seed = 1, uint64_t epoch = 1,
                      const FrameBuilder* previous = nullptr) {
  Result<FrameBuilder> builder = FrameBuilder::compile(program, seed, epoch, previous);
  CHECK(builder.ok());
  return std::move(builder.value);
}

inline std::vector<uint8_t> next(const FrameBuilder& builder, GeneratorState& state, const Stamp& stamp = {}) {
  std::vector<uint8_t> frame(builder.size(), 0xdb);
  uint8_t* const at = frame.data();
  uint16_t size = 0;
  builder.build(&at, &size, &stamp, 1, state);
  frame.resize(size);
  return frame;
}

inline uint64_t field(const std::vector<uint8_t>& frame, size_t offset, size_t bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; i++) value = value << 8 | frame[offset + i];
  return value;
}

// RFC 1071 from scratch, big-endian, as a second opinion.
inline uint16_t internet_checksum(const std::vector<uint8_t>& frame, size_t start, size_t length) {
  uint32_t sum = 0;
  for (size_t i = 0; i < length; i++) sum += i % 2 == 0 ? frame[start + i] << 8 : frame[start + i];
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

}  // namespace pktsh::test
