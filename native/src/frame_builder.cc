// SPDX-License-Identifier: Apache-2.0
#include "frame_builder.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "checksum.h"

namespace pktsh {

namespace {

constexpr size_t kMinFrame = 14;     // an Ethernet header
constexpr size_t kStampSize = 16;
constexpr uint64_t kGolden = 0x9e3779b97f4a7c15;  // splitmix64's increment (Steele, Lea, Flood 2014)

// splitmix64's finaliser.
uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

uint64_t random_word(uint64_t& state) { return mix(state += kGolden); }

// Uniform in 0..range-1, 0 meaning 2^64 (Lemire 2019: multiply, and reject what would be biased).
uint64_t random_below(uint64_t& state, uint64_t range) {
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

void store32(uint8_t* at, uint32_t value) {
  value = __builtin_bswap32(value);
  std::memcpy(at, &value, sizeof value);
}

void store64(uint8_t* at, uint64_t value) {
  value = __builtin_bswap64(value);
  std::memcpy(at, &value, sizeof value);
}

uint64_t field_max(const FieldSlot& slot) { return slot.bits == 64 ? UINT64_MAX : (uint64_t{1} << slot.bits) - 1; }

bool slot_fits(const FieldSlot& slot, size_t size) {
  return slot.bytes >= 1 && slot.bytes <= 8 && slot.bits >= 1 && slot.shift + slot.bits <= 8 * slot.bytes &&
         size_t{slot.offset} + slot.bytes <= size;
}

bool values_fit(const FieldSlot& slot, const std::vector<uint64_t>& values) {
  if (values.empty()) return false;
  for (const uint64_t value : values) {
    if (value > field_max(slot)) return false;
  }
  return true;
}

constexpr size_t kHalf = 8;  // bytes of half an IPv6 address

bool upper_fits(const FieldSlot& slot, const std::vector<uint64_t>& values, const std::vector<uint64_t>& upper) {
  if (upper.empty()) return true;
  return upper.size() == values.size() && slot.bits == 64 && slot.offset >= kHalf;
}

Status refuse(const char* why) { return Status::failure(EINVAL, std::string("a frame program ") + why); }

// Which bytes of a frame an operation writes.
std::pair<size_t, size_t> written(const FieldOp& operation) {
  if (const auto* stamp = std::get_if<StampOp>(&operation)) return {stamp->offset, kStampSize};
  if (const auto* sum = std::get_if<ChecksumOp>(&operation)) return {sum->offset, 2};
  const FieldSlot* slot = nullptr;
  if (const auto* op = std::get_if<IncrementOp>(&operation)) slot = &op->slot;
  bool wide = false;
  if (const auto* op = std::get_if<ListOp>(&operation)) {
    slot = &op->slot;
    wide = !op->upper.empty();
  }
  if (const auto* op = std::get_if<RandomOp>(&operation)) slot = &op->slot;
  if (const auto* op = std::get_if<RandomListOp>(&operation)) {
    slot = &op->slot;
    wide = !op->upper.empty();
  }
  if (wide) return {slot->offset - kHalf, 2 * kHalf};
  return {slot->offset, slot->bytes};
}

Status check(const FrameProgram& program, size_t index) {
  const size_t size = program.bytes.size();
  const FieldOp& operation = program.operations[index];
  if (const auto* op = std::get_if<IncrementOp>(&operation)) {
    if (!slot_fits(op->slot, size)) return refuse("with a field outside the frame");
    if (op->first > op->last || op->step == 0 || op->last > field_max(op->slot)) return refuse("with a range out of bounds");
  } else if (const auto* op = std::get_if<RandomOp>(&operation)) {
    if (!slot_fits(op->slot, size)) return refuse("with a field outside the frame");
    if (op->first > op->last || op->last > field_max(op->slot)) return refuse("with a range out of bounds");
  } else if (const auto* op = std::get_if<ListOp>(&operation)) {
    if (!slot_fits(op->slot, size)) return refuse("with a field outside the frame");
    if (!upper_fits(op->slot, op->values, op->upper)) return refuse("with a list of halves that do not fit");
    if (!values_fit(op->slot, op->values)) return refuse("with a list that is empty or too wide for its field");
  } else if (const auto* op = std::get_if<RandomListOp>(&operation)) {
    if (!slot_fits(op->slot, size)) return refuse("with a field outside the frame");
    if (!upper_fits(op->slot, op->values, op->upper)) return refuse("with a list of halves that do not fit");
    if (!values_fit(op->slot, op->values)) return refuse("with a list that is empty or too wide for its field");
  } else if (const auto* op = std::get_if<StampOp>(&operation)) {
    if (op->offset + kStampSize > size) return refuse("with a pktgen header outside the frame");
  } else if (const auto* op = std::get_if<ChecksumOp>(&operation)) {
    if (size_t{op->start} + op->length > size || size_t{op->offset} + 2 > size) {
      return refuse("with a checksum outside the frame");
    }
    if (size_t{op->pseudo.start} + op->pseudo.length > size || op->pseudo.length % 2 != 0) {
      return refuse("with a pseudo header of odd length or outside the frame");
    }
    if (op->offset >= op->start && op->offset < op->start + op->length && (op->offset - op->start) % 2 != 0) {
      return refuse("with a checksum across two words of its range");
    }
    for (size_t later = index + 1; later < program.operations.size(); later++) {
      const auto touches = [&, bytes = written(program.operations[later])](size_t start, size_t covered) {
        return bytes.first < start + covered && bytes.first + bytes.second > start;
      };
      if (touches(op->start, op->length) || touches(op->pseudo.start, op->pseudo.length)) {
        return refuse("with a checksum before what it covers");
      }
    }
  }
  return Status::success();
}

}  // namespace

Result<FrameBuilder> FrameBuilder::compile(const FrameProgram& program, uint64_t seed, uint64_t epoch,
                                           const FrameBuilder* previous) {
  using Refused = Result<FrameBuilder>;
  if (program.bytes.size() < kMinFrame || program.bytes.size() > kMaxFrame) {
    return Refused::failure(refuse("of a size that no frame has"));
  }
  if (program.operations.size() > kMaxFieldOps) return Refused::failure(refuse("with too many operations"));

  FrameBuilder builder;
  builder.template_ = program.bytes;
  std::vector<bool> varies(program.bytes.size());

  for (size_t i = 0; i < program.operations.size(); i++) {
    if (Status status = check(program, i); !status.ok()) return Refused::failure(std::move(status));
    const FieldOp& operation = program.operations[i];
    Step step;
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
      step.initial = mix(seed ^ mix(kGolden * (uint64_t{slot.offset} * 64 + slot.shift + 1)));
    };
    const auto keep = [&](const std::vector<uint64_t>& values, const std::vector<uint64_t>& upper) {
      if (!upper.empty()) step.store = Store::sixteen;
      step.from = static_cast<uint32_t>(builder.values_.size());
      step.count = static_cast<uint32_t>(values.size());
      builder.values_.insert(builder.values_.end(), values.begin(), values.end());
      builder.values_.insert(builder.values_.end(), upper.begin(), upper.end());
    };

    if (const auto* op = std::get_if<IncrementOp>(&operation)) {
      step.kind = Kind::increment;
      place(op->slot);
      step.first = step.initial = op->first;
      step.last = op->last;
      step.step = op->step;
    } else if (const auto* op = std::get_if<ListOp>(&operation)) {
      step.kind = Kind::list;
      place(op->slot);
      step.initial = 0;
      keep(op->values, op->upper);
    } else if (const auto* op = std::get_if<RandomOp>(&operation)) {
      step.kind = Kind::random;
      place(op->slot);
      step.first = op->first;
      step.last = op->last;
    } else if (const auto* op = std::get_if<RandomListOp>(&operation)) {
      step.kind = Kind::random_list;
      place(op->slot);
      keep(op->values, op->upper);
    } else if (const auto* op = std::get_if<StampOp>(&operation)) {
      step.kind = Kind::stamp;
      step.offset = op->offset;
      builder.stamped_ = true;
    } else if (const auto* op = std::get_if<ChecksumOp>(&operation)) {
      step.kind = Kind::checksum;
      step.offset = op->offset;
      step.from = static_cast<uint32_t>(builder.offsets_.size());
      step.zero = op->pseudo.zero;
      // The words that earlier operations write are added up anew for each frame (a partial sum in the spirit of
      // RFC 1624), the rest once. The checksum's own word counts as 0.
      const auto constant_sum = [&](uint16_t start, uint16_t length) {
        std::vector<uint8_t> constant(program.bytes.begin() + start, program.bytes.begin() + start + length);
        for (size_t at = 0; at + 1 < constant.size(); at += 2) {
          const size_t offset = start + at;
          const bool own = offset == op->offset;
          const bool dirty = varies[offset] || varies[offset + 1];
          if (dirty && !own) builder.offsets_.push_back(static_cast<uint16_t>(offset));
          if (dirty || own) constant[at] = constant[at + 1] = 0;
        }
        return checksum_add(0, constant.data(), constant.size());
      };
      if (op->length % 2 != 0 && varies[op->start + op->length - 1u]) {
        return Refused::failure(refuse("with a checksum whose odd last byte varies"));
      }
      step.constant_sum = constant_sum(op->start, op->length) + constant_sum(op->pseudo.start, op->pseudo.length);
      step.constant_sum += __builtin_bswap16(op->pseudo.sum);  // a number; words are summed as they stand in memory
      step.count = static_cast<uint32_t>(builder.offsets_.size()) - step.from;
    }
    const auto [at, length] = written(operation);
    for (size_t byte = at; byte < at + length; byte++) varies[byte] = true;
    builder.steps_.push_back(std::move(step));
  }
  builder.sources_ = program.operations;
  builder.claim_words(epoch, previous);
  return Refused::success(std::move(builder));
}

void FrameBuilder::claim_words(uint64_t epoch, const FrameBuilder* previous) {
  std::array<bool, kMaxFieldOps> taken{};
  const auto take = [&](Step& step, uint8_t word, uint64_t since) {
    step.word = word;
    step.epoch = since;
    taken[word] = true;
    if (word >= words_) words_ = word + size_t{1};
  };
  for (size_t i = 0; previous != nullptr && i < steps_.size(); i++) {
    if (!generates(steps_[i])) continue;
    for (size_t j = 0; j < previous->steps_.size(); j++) {
      const Step& old = previous->steps_[j];
      if (!generates(old) || taken[old.word] || old.initial != steps_[i].initial) continue;
      if (previous->sources_[j] != sources_[i]) continue;
      take(steps_[i], old.word, old.epoch);
      break;
    }
  }
  for (Step& step : steps_) {
    if (!generates(step) || step.epoch != 0) continue;
    uint8_t word = 0;
    while (taken[word]) word++;
    take(step, word, epoch);
  }
}

void FrameBuilder::adopt(GeneratorState& state) const {
  for (const Step& step : steps_) {
    if (!generates(step) || state.epochs[step.word] == step.epoch) continue;
    state.epochs[step.word] = step.epoch;
    state.values[step.word] = step.initial;
  }
}

inline uint64_t FrameBuilder::next_place(const Step& step, uint64_t& word) {
  if (step.kind == Kind::random_list) return random_below(word, step.count);
  const uint64_t place = word;
  word = word + 1 == step.count ? 0 : word + 1;
  return place;
}

inline uint64_t FrameBuilder::next(const Step& step, uint64_t& word) const {
  switch (step.kind) {
    case Kind::increment: {
      const uint64_t value = word;
      word = step.last - value < step.step ? step.first : value + step.step;
      return value;
    }
    case Kind::random:
      return step.first + random_below(word, step.last - step.first + 1);
    case Kind::list:
    case Kind::random_list:
      return values_[step.from + next_place(step, word)];
    case Kind::stamp:
    case Kind::checksum:
      break;
  }
  return 0;
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

void FrameBuilder::build(uint8_t* frame, GeneratorState& state, const Stamp& stamp) const {
  std::memcpy(frame, template_.data(), template_.size());
  for (const Step& step : steps_) {
    switch (step.kind) {
      case Kind::stamp: {
        uint8_t* at = frame + step.offset;
        store32(at, kPktgenMagic);
        store32(at + 4, stamp.sequence);
        store32(at + 8, stamp.seconds);
        store32(at + 12, stamp.micros_and_stream);
        break;
      }
      case Kind::checksum: {
        uint32_t sum = step.constant_sum;
        for (uint32_t i = 0; i < step.count; i++) sum += load_word(frame + offsets_[step.from + i]);
        const uint16_t checksum = checksum_finish(sum);
        store_word(frame + step.offset, checksum == 0 ? step.zero : checksum);
        break;
      }
      default: {
        uint64_t& word = state.values[step.word];
        if (step.store != Store::sixteen) {
          store_field(frame, step, next(step, word));
          break;
        }
        const uint64_t place = step.from + next_place(step, word);
        store64(frame + step.offset - kHalf, values_[place + step.count]);
        store64(frame + step.offset, values_[place]);
        break;
      }
    }
  }
}

void FrameBuilder::advance(GeneratorState& state, uint32_t frames) const {
  for (uint32_t i = 0; i < frames; i++) {
    for (const Step& step : steps_) {
      if (generates(step)) (void)next(step, state.values[step.word]);
    }
  }
}

size_t FrameBuilder::bytes() const {
  size_t lists = values_.capacity() * sizeof(uint64_t);
  for (const Step& step : steps_) {  // the copies in sources_
    lists += step.count * sizeof(uint64_t) * (step.store == Store::sixteen ? 2 : 1);
  }
  return sizeof *this + template_.capacity() + steps_.capacity() * (sizeof(Step) + sizeof(FieldOp)) + lists;
}

}  // namespace pktsh
