// SPDX-License-Identifier: Apache-2.0
#include "frame_program.h"

#include <algorithm>
#include <cerrno>
#include <string>

namespace pktsh {

namespace {

constexpr size_t kMinFrame = 14;  // an Ethernet header
constexpr size_t kChecksumSize = 2;

Status refuse(const char* why) { return Status::failure(EINVAL, std::string("a frame program ") + why); }

bool slot_fits(const FieldSlot& slot, size_t size) {
  return slot.bytes >= 1 && slot.bytes <= 8 && slot.bits >= 1 && slot.shift + slot.bits <= 8 * slot.bytes &&
         size_t{slot.offset} + slot.bytes <= size;
}

Status check_slot(const FieldSlot& slot, size_t size) {
  return slot_fits(slot, size) ? Status::success() : refuse("with a field outside the frame");
}

bool whole_half(const FieldSlot& slot) { return slot.bits == 64 && slot.offset >= kHalf; }

Status check_values(const FieldSlot& slot, const std::vector<uint64_t>& values, const std::vector<uint64_t>& upper) {
  if (!upper.empty() && (upper.size() != values.size() || !whole_half(slot))) {
    return refuse("with a list of halves that do not fit");
  }
  const auto too_wide = [&slot](uint64_t value) { return value > field_max(slot); };
  if (values.empty() || std::any_of(values.begin(), values.end(), too_wide)) {
    return refuse("with a list that is empty or too wide for its field");
  }
  return Status::success();
}

// What operations check, one overload each; `shortest` and `longest` are the frame's sizes.
struct Check {
  const FrameProgram& program;
  size_t index;
  SizeBounds size;

  Status operator()(const SizeOp& op) const {
    if (index != 0) return refuse("with sizes that come late");
    if (op.kind == SizeOp::Kind::weighted) {
      uint64_t total = 0;
      for (const SizeOp::Entry& entry : op.entries) {
        if (entry.weight == 0 || __builtin_add_overflow(total, entry.weight, &total)) {
          return refuse("with weights of sizes out of bounds");
        }
      }
    } else if (op.first > op.last) {
      return refuse("with a range of sizes out of bounds");
    } else if (op.kind == SizeOp::Kind::increment && (op.start < op.first || op.start > op.last)) {
      return refuse("with sizes that start outside their range");
    }
    return Status::success();
  }
  Status operator()(const IncrementOp& op) const {
    const bool bounded = op.first <= op.start && op.start <= op.last && op.last <= field_max(op.slot);
    return !bounded || op.step == 0 ? refuse("with a range out of bounds") : check_slot(op.slot, size.shortest);
  }
  Status operator()(const RandomOp& op) const {
    if (op.first > op.last || op.last > field_max(op.slot)) return refuse("with a range out of bounds");
    if (allowed_parts(op).empty()) return refuse("with a range of which nothing is left");
    return check_slot(op.slot, size.shortest);
  }
  Status operator()(const ListOp& op) const {
    Status slot = check_slot(op.slot, size.shortest);
    return slot.ok() ? check_values(op.slot, op.values, op.upper) : slot;
  }
  Status operator()(const RandomListOp& op) const {
    Status slot = check_slot(op.slot, size.shortest);
    return slot.ok() ? check_values(op.slot, op.values, op.upper) : slot;
  }
  Status operator()(const RandomBitsOp& op) const {
    if (op.wide && !whole_half(op.slot)) return refuse("with random halves that do not fit");
    return check_slot(op.slot, size.shortest);
  }
  Status operator()(const LengthOp& op) const {
    if (op.minus > size.shortest) return refuse("with a length below 0");
    Status slot = check_slot(op.slot, size.shortest);
    if (slot.ok() && size.longest - op.minus > field_max(op.slot)) return refuse("with a length too wide for its field");
    return slot;
  }
  Status operator()(const StampOp& op) const {
    return op.offset + kStampSize > size.shortest ? refuse("with a pktgen header outside the frame") : Status::success();
  }
  Status operator()(const ChecksumOp& op) const {
    const size_t covered = op.to_end ? size.longest - std::min<size_t>(op.start, size.longest) : op.length;
    const size_t end = op.to_end ? op.start : size_t{op.start} + op.length;
    if (end > size.shortest || op.offset + kChecksumSize > size.shortest) {
      return refuse("with a checksum outside the frame");
    }
    if (size_t{op.pseudo.start} + op.pseudo.length > size.shortest || op.pseudo.length % 2 != 0) {
      return refuse("with a pseudo header of odd length or outside the frame");
    }
    if (op.offset >= op.start && op.offset < op.start + covered && (op.offset - op.start) % 2 != 0) {
      return refuse("with a checksum across two words of its range");
    }
    for (size_t later = index + 1; later < program.operations.size(); later++) {
      const auto touches = [bytes = written_by(program.operations[later])](size_t start, size_t length) {
        return bytes.first < start + length && bytes.first + bytes.second > start;
      };
      if (touches(op.start, covered) || touches(op.pseudo.start, op.pseudo.length)) {
        return refuse("with a checksum before what it covers");
      }
    }
    return Status::success();
  }
};

}  // namespace

SizeBounds size_bounds(const FrameProgram& program) {
  const size_t whole = program.bytes.size();
  const SizeOp* const sizes = program.operations.empty() ? nullptr : std::get_if<SizeOp>(&program.operations.front());
  if (sizes == nullptr) return {whole, whole};
  if (sizes->kind != SizeOp::Kind::weighted) return {sizes->first, sizes->last};
  SizeBounds bounds{SIZE_MAX, 0};
  for (const SizeOp::Entry& entry : sizes->entries) {
    bounds.shortest = std::min<size_t>(bounds.shortest, entry.size);
    bounds.longest = std::max<size_t>(bounds.longest, entry.size);
  }
  return bounds;
}

const Flows* flows_of(const FieldOp& operation) {
  return std::visit(
      [](const auto& op) -> const Flows* {
        if constexpr (requires { op.flows; }) return &op.flows;
        return nullptr;
      },
      operation);
}

std::pair<size_t, size_t> written_by(const FieldOp& operation) {
  if (const auto* stamp = std::get_if<StampOp>(&operation)) return {stamp->offset, kStampSize};
  if (const auto* sum = std::get_if<ChecksumOp>(&operation)) return {sum->offset, kChecksumSize};
  return std::visit(
      [](const auto& op) -> std::pair<size_t, size_t> {
        bool wide = false;
        if constexpr (requires { op.upper; }) wide = !op.upper.empty();
        if constexpr (requires { op.wide; }) wide = op.wide;
        if constexpr (requires { op.slot; }) {
          if (wide) return {op.slot.offset - kHalf, 2 * kHalf};
          return {op.slot.offset, op.slot.bytes};
        }
        return {0, 0};
      },
      operation);
}

std::vector<ValueRange> allowed_parts(const RandomOp& random) {
  std::vector<ValueRange> except = random.except;
  std::sort(except.begin(), except.end(), [](const ValueRange& a, const ValueRange& b) { return a.first < b.first; });
  std::vector<ValueRange> parts;
  uint64_t from = random.first;
  for (const ValueRange& hole : except) {
    if (hole.last < from || hole.first > hole.last) continue;
    if (hole.first > random.last) break;
    if (hole.first > from) parts.push_back({from, hole.first - 1});
    if (hole.last >= random.last) return parts;
    from = hole.last + 1;
  }
  parts.push_back({from, random.last});
  return parts;
}

Status check_program(const FrameProgram& program) {
  if (program.operations.size() > kMaxFieldOps) return refuse("with too many operations");
  const SizeBounds size = size_bounds(program);
  if (size.shortest < kMinFrame || size.longest > kMaxFrame || size.longest < size.shortest) {
    return refuse("of a size that no frame has");
  }
  if (size.longest != program.bytes.size()) return refuse("that is not as long as its longest frame");
  size_t with_flows = 0;
  for (size_t index = 0; index < program.operations.size(); index++) {
    const FieldOp& operation = program.operations[index];
    if (Status status = std::visit(Check{program, index, size}, operation); !status.ok()) return status;
    const Flows* const flows = flows_of(operation);
    if (flows != nullptr && flows->count > kMaxFlows) return refuse("with too many flows");
    if (flows != nullptr && flows->count > 0 && ++with_flows > kMaxFlowOps) {
      return refuse("with flows of too many fields");
    }
  }
  return Status::success();
}

}  // namespace pktsh
