// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <utility>
#include <variant>

#include "checksum.h"
#include "frame_builder.h"
#include "random.h"

namespace pktsh {

Result<FrameBuilder> FrameBuilder::compile(const FrameProgram& program, uint64_t seed, uint64_t epoch,
                                           const FrameBuilder* previous) {
  using Refused = Result<FrameBuilder>;
  if (Status status = check_program(program); !status.ok()) return Refused::failure(std::move(status));

  FrameBuilder builder;
  builder.template_ = program.bytes;
  builder.size_sum_ = program.bytes.size();
  std::vector<bool> varies(program.bytes.size());
  const size_t shortest = size_bounds(program).shortest;
  for (const FieldOp& operation : program.operations) {
    Step step = builder.compile_step(operation, seed);
    if (const auto* op = std::get_if<ChecksumOp>(&operation)) {
      if (Status status = builder.compile_checksum(*op, varies, shortest, step); !status.ok()) {
        return Refused::failure(std::move(status));
      }
    }
    const auto [at, length] = written_by(operation);
    for (size_t byte = at; byte < at + length; byte++) varies[byte] = true;
    builder.steps_.push_back(std::move(step));
  }
  builder.sources_ = program.operations;
  builder.claim_words(epoch, previous);
  return Refused::success(std::move(builder));
}

FrameBuilder::Step FrameBuilder::compile_step(const FieldOp& operation, uint64_t seed) {
  Step step;
  const auto seed_by = [&](uint64_t place) {
    step.initial = random_mix(seed ^ random_mix(kGolden * place));
    step.flow_seed = random_mix(~step.initial);
  };
  const auto place = [&](const FieldSlot& slot) {
    step.offset = slot.offset;
    step.bytes = slot.bytes;
    step.shift = slot.shift;
    step.mask = field_max(slot) << slot.shift;
    const bool whole = slot.bits == 8 * slot.bytes;
    step.store = !whole            ? Store::part
                 : slot.bytes == 1 ? Store::one
                 : slot.bytes == 2 ? Store::two
                 : slot.bytes == 4 ? Store::four
                 : slot.bytes == 8 ? Store::eight
                                   : Store::odd;
    seed_by(uint64_t{slot.offset} * 64 + slot.shift + 1);  // 0 is the sizes'
  };
  const auto keep = [&](const std::vector<uint64_t>& values, const std::vector<uint64_t>& upper) {
    if (!upper.empty()) step.store = Store::sixteen;
    step.from = static_cast<uint32_t>(values_.size());
    step.count = static_cast<uint32_t>(values.size());
    values_.insert(values_.end(), values.begin(), values.end());
    values_.insert(values_.end(), upper.begin(), upper.end());
  };

  if (const auto* op = std::get_if<SizeOp>(&operation)) {
    seed_by(0);
    sized_ = true;
    measure(*op);
    step.first = op->first;
    step.last = op->last;
    step.step = 1;
    switch (op->kind) {
      case SizeOp::Kind::increment:
        step.kind = Kind::increment;
        step.initial = op->start;
        break;
      case SizeOp::Kind::random:
        step.kind = Kind::random;
        break;
      case SizeOp::Kind::weighted: {
        step.kind = Kind::weighted;
        std::vector<uint64_t> bounds, sizes;
        uint64_t total = 0;
        for (const SizeOp::Entry& entry : op->entries) {
          bounds.push_back(total += entry.weight);
          sizes.push_back(entry.size);
        }
        keep(bounds, sizes);
        step.store = Store::two;
        step.last = total;
        break;
      }
    }
  } else if (const auto* op = std::get_if<IncrementOp>(&operation)) {
    step.kind = Kind::increment;
    place(op->slot);
    step.first = op->first;
    step.last = op->last;
    step.step = op->step;
    step.initial = op->start;
  } else if (const auto* op = std::get_if<ListOp>(&operation)) {
    step.kind = Kind::list;
    place(op->slot);
    step.initial = 0;
    keep(op->values, op->upper);
  } else if (const auto* op = std::get_if<RandomOp>(&operation)) {
    place(op->slot);
    const std::vector<ValueRange> parts = allowed_parts(*op);
    step.kind = parts.size() == 1 ? Kind::random : Kind::parts;
    step.first = parts.front().first;
    step.last = parts.front().last;
    if (step.kind == Kind::parts) {
      // One draw below the number of allowed values, moved to where that value is: nothing is ever drawn again.
      const Store store = step.store;
      std::vector<uint64_t> bounds, offsets;
      uint64_t total = 0;  // below 2^64, since something is left out
      for (const ValueRange& part : parts) {
        offsets.push_back(part.first - total);
        bounds.push_back(total += part.last - part.first + 1);
      }
      keep(bounds, offsets);
      step.store = store;
      step.last = total;
    }
  } else if (const auto* op = std::get_if<RandomListOp>(&operation)) {
    step.kind = Kind::random_list;
    place(op->slot);
    keep(op->values, op->upper);
  } else if (const auto* op = std::get_if<RandomBitsOp>(&operation)) {
    step.kind = Kind::bits;
    place(op->slot);
    if (op->wide) keep({op->upper_set}, {op->upper_keep});
    step.first = op->set;
    step.last = op->keep & field_max(op->slot);
  } else if (const auto* op = std::get_if<LengthOp>(&operation)) {
    step.kind = Kind::length;
    place(op->slot);
    step.minus = op->minus;
  } else if (const auto* op = std::get_if<StampOp>(&operation)) {
    step.kind = Kind::stamp;
    step.offset = op->offset;
    constexpr uint32_t kMicros = (1u << kStreamShift) - 1;
    step.first = op->time ? UINT32_MAX : 0;
    step.last = (op->time ? kMicros : 0) | (op->stream ? ~kMicros : 0);
    stamped_ = true;
    timed_ = timed_ || op->time;
  } else {
    step.kind = Kind::checksum;
  }
  if (const Flows* const flows = flows_of(operation); flows != nullptr) step.flow = *flows;
  return step;
}

Status FrameBuilder::compile_checksum(const ChecksumOp& op, const std::vector<bool>& varies, size_t shortest, Step& step) {
  step.offset = op.offset;
  step.from = static_cast<uint32_t>(offsets_.size());
  step.zero = op.pseudo.zero;
  // The words that earlier operations write are added up anew for each frame (a partial sum in the spirit of RFC 1624),
  // the rest once. The checksum's own word counts as 0.
  std::vector<uint16_t> words;
  const auto constant_sum = [&](size_t start, size_t length) {
    std::vector<uint8_t> constant(template_.begin() + static_cast<ptrdiff_t>(start),
                                  template_.begin() + static_cast<ptrdiff_t>(start + length));
    for (size_t at = 0; at + 1 < constant.size(); at += 2) {
      const size_t offset = start + at;
      const bool own = offset == op.offset;
      const bool dirty = varies[offset] || varies[offset + 1];
      if (dirty && !own) words.push_back(static_cast<uint16_t>(offset));
      if (dirty || own) constant[at] = constant[at + 1] = 0;
    }
    return checksum_add(0, constant.data(), constant.size());
  };
  size_t length = op.to_end ? shortest - op.start : op.length;
  if (length % 2 != 0 && varies[op.start + length - 1]) {
    return Status::failure(EINVAL, "a frame program with a checksum whose odd last byte varies");
  }
  const auto zeros_from = static_cast<size_t>(
      std::find_if(template_.rbegin(), template_.rend(), [](uint8_t byte) { return byte != 0; }).base() - template_.begin());
  if (op.to_end && zeros_from > shortest) {
    length -= length % 2;
    step.tail = static_cast<uint16_t>(op.start + length);
  }
  step.minus = op.start;
  step.adds_length = op.to_end && op.pseudo.length > 0;
  step.constant_sum = constant_sum(op.start, length) + constant_sum(op.pseudo.start, op.pseudo.length);
  step.constant_sum += __builtin_bswap16(op.pseudo.sum);  // a number; words are summed as they stand in memory
  // Neighbours are added two at a time: first all that have one.
  std::vector<uint16_t> single;
  for (size_t i = 0; i < words.size(); i++) {
    const bool pair = i + 1 < words.size() && words[i + 1] == words[i] + 2;
    (pair ? offsets_ : single).push_back(words[i]);
    if (pair) i++;
  }
  step.pairs = static_cast<uint16_t>(offsets_.size() - step.from);
  offsets_.insert(offsets_.end(), single.begin(), single.end());
  step.count = static_cast<uint32_t>(offsets_.size()) - step.from;
  return Status::success();
}

void FrameBuilder::measure(const SizeOp& sizes) {
  size_sum_ = 0;
  size_parts_ = 0;
  if (sizes.kind == SizeOp::Kind::weighted) {
    for (const SizeOp::Entry& entry : sizes.entries) {
      size_sum_ += static_cast<unsigned __int128>(entry.size) * entry.weight;
      size_parts_ += entry.weight;
    }
  } else {
    size_sum_ = uint64_t{sizes.first} + sizes.last;
    size_parts_ = 2;
  }
}

void FrameBuilder::claim_words(uint64_t epoch, const FrameBuilder* previous) {
  std::array<bool, kMaxFieldOps> taken{};
  const auto take = [&](Step& step, uint8_t word, uint64_t since) {
    step.word = word;
    step.epoch = since;
    taken[word] = true;
    if (word >= words_) words_ = word + size_t{1};
  };
  std::array<bool, kMaxFlowOps> flowing{};
  for (size_t i = 0; previous != nullptr && i < steps_.size(); i++) {
    if (!generates(steps_[i])) continue;
    for (size_t j = 0; j < previous->steps_.size(); j++) {
      const Step& old = previous->steps_[j];
      if (!generates(old) || taken[old.word] || old.initial != steps_[i].initial) continue;
      if (old.flow_seed != steps_[i].flow_seed || previous->sources_[j] != sources_[i]) continue;
      take(steps_[i], old.word, old.epoch);
      steps_[i].flows = old.flows;
      if (old.flows != kNoFlows) {
        flowing[old.flows] = true;
        tables_[old.flows] = previous->tables_[old.flows];
      }
      break;
    }
  }
  for (Step& step : steps_) {
    if (!generates(step)) continue;
    has_flows_ = has_flows_ || step.flow.count > 0;
    if (step.epoch != 0) continue;
    uint8_t word = 0;
    while (taken[word]) word++;
    take(step, word, epoch);
    if (step.flow.count == 0) continue;
    step.flows = 0;
    while (flowing[step.flows]) step.flows++;
    flowing[step.flows] = true;
    if (!step.flow.sequential) tables_[step.flows] = std::make_shared<FlowTable>(step.flow.count);
  }
}

void FrameBuilder::adopt(GeneratorState& state) const {
  for (const Step& step : steps_) {
    if (!generates(step) || state.epochs[step.word] == step.epoch) continue;
    state.epochs[step.word] = step.epoch;
    state.values[step.word] = step.initial;
    if (step.flows == kNoFlows) continue;
    GeneratorState::FlowPlace& place = state.flows[step.flows] = {step.flow_seed, 0};
    if (!step.flow.sequential) place.next = random_below(place.draw, step.flow.count);
  }
}

size_t FrameBuilder::bytes() const {
  // Twice: lists are in sources_ as well.
  size_t held = sizeof *this + template_.capacity() + 2 * values_.capacity() * sizeof(uint64_t) +
                offsets_.capacity() * sizeof(uint16_t) + steps_.capacity() * (sizeof(Step) + sizeof(FieldOp));
  for (const std::shared_ptr<FlowTable>& table : tables_) {
    if (table != nullptr) held += table->capacity() * sizeof(Flow);
  }
  return held;
}

}  // namespace pktsh
