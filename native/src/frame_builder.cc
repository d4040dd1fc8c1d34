// SPDX-License-Identifier: Apache-2.0
#include "frame_builder.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "checksum.h"
#include "random.h"

namespace pktsh {

namespace {

void store32(uint8_t* at, uint32_t value) {
  value = __builtin_bswap32(value);
  std::memcpy(at, &value, sizeof value);
}

void store64(uint8_t* at, uint64_t value) {
  value = __builtin_bswap64(value);
  std::memcpy(at, &value, sizeof value);
}

}  // namespace

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
  const auto constant_sum = [&](size_t start, size_t length) {
    std::vector<uint8_t> constant(template_.begin() + static_cast<ptrdiff_t>(start),
                                  template_.begin() + static_cast<ptrdiff_t>(start + length));
    for (size_t at = 0; at + 1 < constant.size(); at += 2) {
      const size_t offset = start + at;
      const bool own = offset == op.offset;
      const bool dirty = varies[offset] || varies[offset + 1];
      if (dirty && !own) offsets_.push_back(static_cast<uint16_t>(offset));
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

inline uint64_t FrameBuilder::next_place(const Step& step, uint64_t& word) {
  if (step.kind == Kind::random_list) return random_below(word, step.count);
  const uint64_t place = word;
  word = word + 1 == step.count ? 0 : word + 1;
  return place;
}

inline uint32_t FrameBuilder::place_of(const Step& step, uint64_t drawn) const {
  const uint64_t* const bounds = &values_[step.from];
  const uint64_t* base = bounds;
  // Compiles without a branch to mispredict.
  for (uint32_t left = step.count; left > 1;) {
    const uint32_t half = left / 2;
    base += base[half - 1] <= drawn ? half : 0;
    left -= half;
  }
  return static_cast<uint32_t>(base - bounds);
}

inline uint64_t FrameBuilder::next_increment(const Step& step, uint64_t& word) {
  const uint64_t value = word;
  word = step.last - value < step.step ? step.first : value + step.step;
  return value;
}

inline uint64_t FrameBuilder::next(const Step& step, uint64_t& word) const {
  switch (step.kind) {
    case Kind::increment:
      return next_increment(step, word);
    case Kind::random:
      return step.first + random_below(word, step.last - step.first + 1);
    case Kind::parts: {
      const uint64_t drawn = random_below(word, step.last);
      return drawn + values_[step.from + step.count + place_of(step, drawn)];
    }
    case Kind::weighted:
      return values_[step.from + step.count + place_of(step, random_below(word, step.last))];
    case Kind::bits:
      return (random_word(word) | step.first) & step.last;
    case Kind::list:
    case Kind::random_list:
      return values_[step.from + next_place(step, word)];
    case Kind::length:
    case Kind::stamp:
    case Kind::checksum:
      break;
  }
  return 0;
}

inline std::pair<uint64_t, uint64_t> FrameBuilder::next_halves(const Step& step, uint64_t& word) const {
  if (step.kind == Kind::bits) {
    const uint64_t upper = (random_word(word) | values_[step.from]) & values_[step.from + step.count];
    return {upper, next(step, word)};
  }
  const uint64_t place = step.from + next_place(step, word);
  return {values_[place + step.count], values_[place]};
}

inline void FrameBuilder::skip(const Step& step, uint64_t& word) const {
  if (step.store == Store::sixteen) {
    (void)next_halves(step, word);
  } else {
    (void)next(step, word);
  }
}

// As f_pick() and mod_cur_headers() of net/core/pktgen.c: a flow that was left, or has had its packets, is another one the
// next time, with a value of its own.
uint64_t FrameBuilder::next_flow(const Step& step, GeneratorState& state, FlowLog* log) const {
  uint64_t& word = state.values[step.word];
  GeneratorState::FlowPlace& place = state.flows[step.flows];
  if (step.flow.sequential) {
    if (place.next >= step.flow.length) place.next = 0;
    if (place.next++ == 0) {
      place.draw = word;
      skip(step, word);
    }
    return place.draw;
  }
  Flow* const table = tables_[step.flows]->data();
  Flow& flow = table[place.next];
  // Drawn a packet ahead, since a large table lies in no near cache.
  place.next = random_below(place.draw, step.flow.count);
  __builtin_prefetch(&table[place.next], 1);
  if (log != nullptr) log->note(flow);
  if (flow.life != state.life || flow.sent > step.flow.length) {
    flow = {word, state.life, 0};
    skip(step, word);
  }
  flow.sent++;
  return flow.draw;
}

inline void FrameBuilder::store_field(uint8_t* frame, const Step& step, uint64_t value) {
  uint8_t* at = frame + step.offset;
  switch (step.store) {
    case Store::one:
      *at = static_cast<uint8_t>(value);
      return;
    case Store::two: {
      const uint16_t word = __builtin_bswap16(static_cast<uint16_t>(value));
      std::memcpy(at, &word, sizeof word);
      return;
    }
    case Store::four:
      store32(at, static_cast<uint32_t>(value));
      return;
    case Store::eight:
    case Store::sixteen:  // its lower half
      store64(at, value);
      return;
    case Store::odd:
      for (int i = step.bytes - 1; i >= 0; i--, value >>= 8) at[i] = static_cast<uint8_t>(value);
      return;
    case Store::part: {
      uint64_t window = 0;
      for (int i = 0; i < step.bytes; i++) window = window << 8 | at[i];
      window = (window & ~step.mask) | (value << step.shift & step.mask);
      for (int i = step.bytes - 1; i >= 0; i--, window >>= 8) at[i] = static_cast<uint8_t>(window);
      return;
    }
  }
}

inline void FrameBuilder::store_checksum(uint8_t* frame, size_t size, const Step& step) const {
  uint32_t sum = step.constant_sum;
  for (uint32_t i = 0; i < step.count; i++) sum += load_word(frame + offsets_[step.from + i]);
  if (step.tail != 0) sum = checksum_add(sum, frame + step.tail, size - step.tail);
  if (step.adds_length) sum += __builtin_bswap16(static_cast<uint16_t>(size - step.minus));
  const uint16_t checksum = checksum_finish(sum);
  store_word(frame + step.offset, checksum == 0 ? step.zero : checksum);
}

size_t FrameBuilder::build(uint8_t* frame, GeneratorState& state, const Stamp& stamp, FlowLog* log) const {
  const Step* step = steps_.data();
  const Step* const end = step + steps_.size();
  size_t size = template_.size();
  if (sized_) {
    size = next(*step, state.values[step->word]);
    step++;
  }
  std::memcpy(frame, template_.data(), size);
  for (; step != end; step++) {
    switch (step->kind) {
      case Kind::increment:
        // Every frame of pktgen's own counts its IPv4 id so: here without a call.
        if (step->flows == kNoFlows) {
          store_field(frame, *step, next_increment(*step, state.values[step->word]));
          break;
        }
        [[fallthrough]];
      default: {
        uint64_t* word = &state.values[step->word];
        uint64_t flow = 0;
        if (step->flows != kNoFlows) {
          flow = next_flow(*step, state, log);
          word = &flow;
        }
        if (step->store != Store::sixteen) {
          store_field(frame, *step, next(*step, *word));
          break;
        }
        const auto [upper, lower] = next_halves(*step, *word);
        store64(frame + step->offset - kHalf, upper);
        store64(frame + step->offset, lower);
        break;
      }
      case Kind::length:
        store_field(frame, *step, size - step->minus);
        break;
      case Kind::stamp: {
        uint8_t* at = frame + step->offset;
        store32(at, kPktgenMagic);
        store32(at + 4, stamp.sequence);
        store32(at + 8, stamp.seconds & static_cast<uint32_t>(step->first));
        store32(at + 12, stamp.micros_and_stream & static_cast<uint32_t>(step->last));
        break;
      }
      case Kind::checksum:
        store_checksum(frame, size, *step);
        break;
    }
  }
  return size;
}

void FrameBuilder::advance(GeneratorState& state, uint32_t frames) const {
  for (uint32_t i = 0; i < frames; i++) {
    for (const Step& step : steps_) {
      if (!generates(step)) continue;
      if (step.flows != kNoFlows) {
        (void)next_flow(step, state, nullptr);
      } else {
        skip(step, state.values[step.word]);
      }
    }
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
