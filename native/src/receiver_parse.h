// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace pktsh {

// pktgen's header, 16 bytes big-endian at the start of the UDP payload: magic, sequence number, tv_sec, tv_usec. A count of
// microseconds needs 20 bits; pktsh's senders write the stream id into the 12 above.
struct PktgenHeader {
  uint32_t sequence = 0;
  uint32_t seconds = 0;
  uint32_t microseconds = 0;
  uint16_t stream = 0;  // 0: none

  bool operator==(const PktgenHeader&) const = default;
};

inline constexpr uint32_t kPktgenMagic = 0xbe9be955;  // net/core/pktgen.c
inline constexpr size_t kPktgenHeaderSize = 16;
inline constexpr size_t kEthernetSize = 14;
inline constexpr size_t kVlanTagSize = 4;
inline constexpr int kMaxVlanTags = 2;
inline constexpr size_t kUdpSize = 8;
// The longest way to the end of the header: Ethernet, two tags, IPv4 with all its options, UDP.
inline constexpr size_t kMaxParsedFrame =
    kEthernetSize + kMaxVlanTags * kVlanTagSize + 60 + kUdpSize + kPktgenHeaderSize;

[[nodiscard]] inline uint16_t read_be16(std::span<const uint8_t> bytes, size_t at) {
  return static_cast<uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}
[[nodiscard]] inline uint32_t read_be32(std::span<const uint8_t> bytes, size_t at) {
  return uint32_t{read_be16(bytes, at)} << 16 | read_be16(bytes, at + 2);
}

// The pktgen header of an Ethernet frame, or nothing if it carries none. `frame` may be cut off behind the header;
// `stripped` says that the kernel has taken the outermost VLAN tag out of it. Lengths and checksums inside the frame are not
// judged: a scenario may get them wrong on purpose, and the frame did arrive. Of a fragmented datagram only the first
// fragment carries the header.
[[nodiscard]] inline std::optional<PktgenHeader> parse_pktgen(std::span<const uint8_t> frame, bool stripped) {
  if (frame.size() < kEthernetSize) return std::nullopt;
  size_t at = kEthernetSize;
  uint16_t type = read_be16(frame, at - 2);
  int tags = stripped ? 1 : 0;
  // 802.1Q, 802.1ad and the service tag from before it.
  while (type == 0x8100 || type == 0x88a8 || type == 0x9100) {
    if (++tags > kMaxVlanTags || frame.size() < at + kVlanTagSize) return std::nullopt;
    at += kVlanTagSize;
    type = read_be16(frame, at - 2);
  }

  constexpr uint8_t kUdp = 17;
  if (type == 0x0800) {  // IPv4
    if (frame.size() < at + 20) return std::nullopt;
    const size_t header = size_t{frame[at] & 0x0fu} * 4;
    const bool later_fragment = (read_be16(frame, at + 6) & 0x1fff) != 0;
    if (frame[at] >> 4 != 4 || header < 20 || later_fragment || frame[at + 9] != kUdp) return std::nullopt;
    at += header;
  } else if (type == 0x86dd) {  // IPv6, without extension headers
    if (frame.size() < at + 40) return std::nullopt;
    if (frame[at] >> 4 != 6 || frame[at + 6] != kUdp) return std::nullopt;
    at += 40;
  } else {
    return std::nullopt;
  }

  at += kUdpSize;
  if (frame.size() < at + kPktgenHeaderSize || read_be32(frame, at) != kPktgenMagic) return std::nullopt;
  const uint32_t last = read_be32(frame, at + 12);
  return PktgenHeader{read_be32(frame, at + 4), read_be32(frame, at + 8), last & 0xfffff,
                      static_cast<uint16_t>(last >> 20)};
}

}  // namespace pktsh
