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
inline constexpr size_t kMplsEntrySize = 4;
// The longest way to the end of the header without labels and tunnels: Ethernet, two tags, IPv4 with all its options, UDP.
// Labels, IPv6 extension headers, GRE and VXLAN are followed as far as the frame was kept.
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
  constexpr uint16_t kEthernet = 0x6558;  // as GRE names it
  constexpr uint8_t kUdp = 17, kGre = 47;
  constexpr uint16_t kVxlanPort = 4789;
  constexpr size_t kVxlanSize = 8;

  size_t at = 0;
  uint16_t type = kEthernet;
  int tags = 0;
  // Every turn goes at least four bytes on, so that the frame's end bounds them.
  for (;;) {
    if (type == kEthernet) {
      if (frame.size() < at + kEthernetSize) return std::nullopt;
      tags = at == 0 && stripped ? 1 : 0;
      at += kEthernetSize;
      type = read_be16(frame, at - 2);
      continue;
    }
    // 802.1Q, 802.1ad and the service tag from before it.
    if (type == 0x8100 || type == 0x88a8 || type == 0x9100) {
      if (++tags > kMaxVlanTags || frame.size() < at + kVlanTagSize) return std::nullopt;
      at += kVlanTagSize;
      type = read_be16(frame, at - 2);
      continue;
    }
    if (type == 0x8847 || type == 0x8848) {  // MPLS names no protocol above it: the IP version tells (RFC 4928, 2)
      if (frame.size() < at + kMplsEntrySize) return std::nullopt;
      const bool bottom = (frame[at + 2] & 1) != 0;
      at += kMplsEntrySize;
      if (!bottom) continue;
      if (frame.size() <= at) return std::nullopt;
      type = frame[at] >> 4 == 6 ? 0x86dd : 0x0800;
      continue;
    }

    uint8_t next = 0;
    if (type == 0x0800) {  // IPv4
      if (frame.size() < at + 20) return std::nullopt;
      const size_t header = size_t{frame[at] & 0x0fu} * 4;
      const bool later_fragment = (read_be16(frame, at + 6) & 0x1fff) != 0;
      if (frame[at] >> 4 != 4 || header < 20 || later_fragment) return std::nullopt;
      next = frame[at + 9];
      at += header;
    } else if (type == 0x86dd) {  // IPv6
      if (frame.size() < at + 40 || frame[at] >> 4 != 6) return std::nullopt;
      next = frame[at + 6];
      at += 40;
      // Extension headers (RFC 8200): options of hops and destinations, routes, fragments.
      constexpr uint8_t kHopOptions = 0, kRouting = 43, kFragment = 44, kDestinationOptions = 60;
      while (next == kHopOptions || next == kRouting || next == kFragment || next == kDestinationOptions) {
        if (frame.size() < at + 8) return std::nullopt;
        const bool fragment = next == kFragment;
        if (fragment && read_be16(frame, at + 2) >> 3 != 0) return std::nullopt;
        next = frame[at];
        at += fragment ? 8 : (size_t{frame[at + 1]} + 1) * 8;
      }
    } else {
      return std::nullopt;
    }

    if (next == kGre) {  // RFC 2890: each flag in turn stands for four bytes
      constexpr uint16_t kChecksum = 0x8000, kKey = 0x2000, kSequence = 0x1000;
      if (frame.size() < at + 4) return std::nullopt;
      const uint16_t flags = read_be16(frame, at);
      if ((flags & ~(kChecksum | kKey | kSequence)) != 0) return std::nullopt;
      type = read_be16(frame, at + 2);
      at += 4;
      for (const uint16_t flag : {kChecksum, kKey, kSequence}) at += (flags & flag) != 0 ? 4 : 0;
      continue;
    }
    if (next != kUdp || frame.size() < at + kUdpSize + kPktgenHeaderSize) return std::nullopt;
    const uint16_t port = read_be16(frame, at + 2);
    at += kUdpSize;
    if (read_be32(frame, at) == kPktgenMagic) break;
    if (port != kVxlanPort) return std::nullopt;
    at += kVxlanSize;
    type = kEthernet;
  }

  const uint32_t last = read_be32(frame, at + 12);
  return PktgenHeader{read_be32(frame, at + 4), read_be32(frame, at + 8), last & 0xfffff,
                      static_cast<uint16_t>(last >> 20)};
}

}  // namespace pktsh
