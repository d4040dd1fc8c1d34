// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

namespace pktsh {

// The frame program as lang/frame/frame-program.ts defines it, with numbers instead of hexadecimal text.

// A field of `bits` bits inside a big-endian window of `bytes` bytes at `offset`, shifted left by `shift` bits.
struct FieldSlot {
  uint16_t offset = 0;
  uint8_t bytes = 0;  // 1 to 8
  uint8_t shift = 0;
  uint8_t bits = 0;  // 1 to 64

  bool operator==(const FieldSlot&) const = default;
};

struct IncrementOp {
  FieldSlot slot;
  uint64_t first = 0, last = 0, step = 1;
  bool operator==(const IncrementOp&) const = default;
};
// `upper`: the 64 bits before the slot's, one for each value, where the field has 128; otherwise empty.
struct ListOp {
  FieldSlot slot;
  std::vector<uint64_t> values;
  std::vector<uint64_t> upper = {};
  bool operator==(const ListOp&) const = default;
};
struct RandomOp {
  FieldSlot slot;
  uint64_t first = 0, last = 0;
  bool operator==(const RandomOp&) const = default;
};
struct RandomListOp {
  FieldSlot slot;
  std::vector<uint64_t> values;
  std::vector<uint64_t> upper = {};
  bool operator==(const RandomListOp&) const = default;
};
// The 16 bytes of the pktgen header at `offset`: magic, sequence number, tv_sec, tv_usec.
struct StampOp {
  uint16_t offset = 0;
  bool operator==(const StampOp&) const = default;
};
// What a transport's checksum covers besides its segment: the `length` bytes of addresses from `start`, and `sum`, its
// length plus its protocol number. `zero` is sent where the checksum is 0. All 0: no pseudo header.
struct PseudoHeader {
  uint16_t start = 0, length = 0, sum = 0, zero = 0;
  bool operator==(const PseudoHeader&) const = default;
};
// RFC 1071 over `length` bytes from `start`, into the 16 bits at `offset`.
struct ChecksumOp {
  uint16_t offset = 0, start = 0, length = 0;
  PseudoHeader pseudo = {};
  bool operator==(const ChecksumOp&) const = default;
};

using FieldOp = std::variant<IncrementOp, ListOp, RandomOp, RandomListOp, StampOp, ChecksumOp>;

struct FrameProgram {
  std::vector<uint8_t> bytes;
  std::vector<FieldOp> operations;
};

// Most frames vary two or three fields; the bound keeps a Run's generator state inside the Run, so that a sender
// never allocates.
inline constexpr size_t kMaxFieldOps = 32;
// The largest frame built: a 9000-byte MTU with Ethernet and two VLAN tags, rounded up.
inline constexpr size_t kMaxFrame = 9216;

}  // namespace pktsh
