// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

#include "status.h"

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

// How many packets of a flow have the value that its first one drew; `count` 0: no flows. See FlowTable.
struct Flows {
  uint32_t count = 0;
  uint32_t length = 0;
  bool sequential = false;
  bool operator==(const Flows&) const = default;
};

struct IncrementOp {
  FieldSlot slot;
  uint64_t first = 0, last = 0, step = 1;
  uint64_t start = first;
  Flows flows = {};
  bool operator==(const IncrementOp&) const = default;
};
// `upper`: the 64 bits before the slot's, one for each value, where the field has 128; otherwise empty.
struct ListOp {
  FieldSlot slot;
  std::vector<uint64_t> values;
  std::vector<uint64_t> upper = {};
  Flows flows = {};
  bool operator==(const ListOp&) const = default;
};
struct ValueRange {
  uint64_t first = 0, last = 0;  // both included
  bool operator==(const ValueRange&) const = default;
};
// `except`: in any order, overlapping or outside, but never the whole range.
struct RandomOp {
  FieldSlot slot;
  uint64_t first = 0, last = 0;
  std::vector<ValueRange> except = {};
  Flows flows = {};
  bool operator==(const RandomOp&) const = default;
};
struct RandomListOp {
  FieldSlot slot;
  std::vector<uint64_t> values;
  std::vector<uint64_t> upper = {};
  Flows flows = {};
  bool operator==(const RandomListOp&) const = default;
};
// (random | set) & keep; `wide`: the 64 bits before the slot's too, by the upper words.
struct RandomBitsOp {
  FieldSlot slot;
  uint64_t set = 0, keep = 0;
  bool wide = false;
  uint64_t upper_set = 0, upper_keep = 0;
  Flows flows = {};
  bool operator==(const RandomBitsOp&) const = default;
};
// How long the next frame is; the first operation or none.
struct SizeOp {
  enum class Kind : uint8_t { increment, random, weighted } kind = Kind::increment;
  uint16_t first = 0, last = 0;  // of increment and random, both included
  uint16_t start = 0;            // of increment
  struct Entry {
    uint16_t size = 0;
    uint64_t weight = 0;
    bool operator==(const Entry&) const = default;
  };
  std::vector<Entry> entries = {};  // of weighted
  bool operator==(const SizeOp&) const = default;
};
// The frame's length minus `minus`.
struct LengthOp {
  FieldSlot slot;
  uint16_t minus = 0;
  bool operator==(const LengthOp&) const = default;
};
// The 16 bytes of the pktgen header at `offset`: magic, sequence number, tv_sec, tv_usec; 0 for what is not wanted.
struct StampOp {
  uint16_t offset = 0;
  bool time = true, stream = true;
  bool operator==(const StampOp&) const = default;
};
// What a transport's checksum covers besides its segment: the `length` bytes of addresses from `start`, and `sum`, its
// length plus its protocol number. `zero` is sent where the checksum is 0. All 0: no pseudo header.
struct PseudoHeader {
  uint16_t start = 0, length = 0, sum = 0, zero = 0;
  bool operator==(const PseudoHeader&) const = default;
};
// RFC 1071 over `length` bytes from `start`, into the 16 bits at `offset`. `to_end`: to the end of the frame instead, and
// a pseudo header's `sum` gets the bytes covered added.
struct ChecksumOp {
  uint16_t offset = 0, start = 0, length = 0;
  PseudoHeader pseudo = {};
  bool to_end = false;
  bool operator==(const ChecksumOp&) const = default;
};

using FieldOp = std::variant<SizeOp, IncrementOp, ListOp, RandomOp, RandomListOp, RandomBitsOp, LengthOp, StampOp, ChecksumOp>;

struct FrameProgram {
  std::vector<uint8_t> bytes;  // as long as the longest frame
  std::vector<FieldOp> operations;
};

// Most frames vary two or three fields; the bound keeps a Run's generator state inside the Run, so that a sender
// never allocates. 32 of the language (lang/frame/assemble.ts), and the sizes.
inline constexpr size_t kMaxFieldOps = 33;
inline constexpr size_t kMaxFlowOps = 4;        // as many fields may follow flows; pktgen has one
inline constexpr uint32_t kMaxFlows = 1u << 16;  // as pktgen
// The largest frame built: a 9000-byte MTU with Ethernet and two VLAN tags, rounded up.
inline constexpr size_t kMaxFrame = 9216;
inline constexpr size_t kStampSize = 16;
inline constexpr size_t kHalf = 8;  // bytes of half an IPv6 address

// The greatest value of a field.
[[nodiscard]] inline uint64_t field_max(const FieldSlot& slot) {
  return slot.bits == 64 ? UINT64_MAX : (uint64_t{1} << slot.bits) - 1;
}

// The shortest and the longest frame of a program that passed check_program().
struct SizeBounds {
  size_t shortest = 0, longest = 0;
};
[[nodiscard]] SizeBounds size_bounds(const FrameProgram& program);
// Where an operation's flows are, null where it can have none.
[[nodiscard]] const Flows* flows_of(const FieldOp& operation);
// Which bytes of a frame an operation writes, as offset and length.
[[nodiscard]] std::pair<size_t, size_t> written_by(const FieldOp& operation);
// The parts of a range that its exceptions leave, ascending.
[[nodiscard]] std::vector<ValueRange> allowed_parts(const RandomOp& random);
// EINVAL where a program is out of bounds, with the reason.
[[nodiscard]] Status check_program(const FrameProgram& program);

}  // namespace pktsh
