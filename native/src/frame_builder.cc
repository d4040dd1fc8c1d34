// SPDX-License-Identifier: Apache-2.0
#include "frame_builder.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "checksum.h"
#include "random.h"

namespace pktsh {

namespace {

// Frames up to this many bytes are copied by their ends: pktgen's usual 60 are among them.
constexpr size_t kShort = 64;

void store16(uint8_t* at, uint16_t value) {
  value = __builtin_bswap16(value);
  std::memcpy(at, &value, sizeof value);
}

void store32(uint8_t* at, uint32_t value) {
  value = __builtin_bswap32(value);
  std::memcpy(at, &value, sizeof value);
}

void store64(uint8_t* at, uint64_t value) {
  value = __builtin_bswap64(value);
  std::memcpy(at, &value, sizeof value);
}

// Which of `count` entries a drawn number falls into, by their upper bounds.
uint64_t place_of(const uint64_t* bounds, uint64_t count, uint64_t drawn) {
  uint64_t place = 0;
  while (count > 1) {
    const uint64_t half = count / 2;
    // A mask, since a branch would be mispredicted every other time.
    place += half & (0 - uint64_t{bounds[place + half - 1] <= drawn});
    count -= half;
  }
  return place;
}

// The index in a list of `count`; moves on, from the end to the beginning.
uint64_t next_place(uint64_t& word, uint64_t count) {
  const uint64_t place = word;
  word = word + 1 == count ? 0 : word + 1;
  return place;
}

}  // namespace

// A step's way of drawing, as a function of the generator's word that moves it on: chosen once for a whole column of frames.
// What it needs it holds by value, since stores into frames could otherwise be stores into the step.
template <typename Use>
inline auto FrameBuilder::with_draw(const Step& step, Use use) const {
  const uint64_t first = step.first, last = step.last;
  const uint64_t* const values = values_.data() + step.from;
  const uint64_t count = step.count;
  switch (step.kind) {
    case Kind::random: {
      const uint64_t range = last - first + 1;
      return use([first, range](uint64_t& word) { return first + random_below(word, range); });
    }
    case Kind::parts:
      return use([values, count, last](uint64_t& word) {
        const uint64_t drawn = random_below(word, last);
        return drawn + values[count + place_of(values, count, drawn)];
      });
    case Kind::weighted:
      return use([values, count, last](uint64_t& word) {
        return values[count + place_of(values, count, random_below(word, last))];
      });
    case Kind::bits:
      return use([first, last](uint64_t& word) { return (random_word(word) | first) & last; });
    case Kind::list:
      return use([values, count](uint64_t& word) { return values[next_place(word, count)]; });
    case Kind::random_list:
      return use([values, count](uint64_t& word) { return values[random_below(word, count)]; });
    case Kind::increment:
    default: {
      const uint64_t by = step.step;
      return use([first, last, by](uint64_t& word) {
        const uint64_t value = word;
        word = last - value < by ? first : value + by;
        return value;
      });
    }
  }
}

// The two halves of 128 bits.
template <typename Use>
inline auto FrameBuilder::with_halves(const Step& step, Use use) const {
  const uint64_t* const lower = values_.data() + step.from;
  const uint64_t* const upper = lower + step.count;
  const uint64_t count = step.count;
  switch (step.kind) {
    case Kind::bits:
      return use([lower, upper, set = step.first, keep = step.last](uint64_t& word) {
        const uint64_t high = (random_word(word) | *lower) & *upper;
        return std::pair(high, (random_word(word) | set) & keep);
      });
    case Kind::random_list:
      return use([lower, upper, count](uint64_t& word) {
        const uint64_t place = random_below(word, count);
        return std::pair(upper[place], lower[place]);
      });
    case Kind::list:
    default:
      return use([lower, upper, count](uint64_t& word) {
        const uint64_t place = next_place(word, count);
        return std::pair(upper[place], lower[place]);
      });
  }
}

inline void FrameBuilder::skip(const Step& step, uint64_t& word) const {
  const auto once = [&word](auto draw) { (void)draw(word); };
  if (step.store == Store::sixteen) {
    with_halves(step, once);
  } else {
    with_draw(step, once);
  }
}

// As f_pick() and mod_cur_headers() of net/core/pktgen.c: a flow that was left, or has had its packets, is another one the
// next time, with a value of its own.
void FrameBuilder::pick_flows(const Step& step, GeneratorState& state, FlowLog* log, uint64_t* words, uint32_t count) const {
  uint64_t& word = state.values[step.word];
  GeneratorState::FlowPlace& place = state.flows[step.flows];
  if (step.flow.sequential) {
    for (uint32_t i = 0; i < count; i++) {
      if (place.next >= step.flow.length) place.next = 0;
      if (place.next++ == 0) {
        place.draw = word;
        skip(step, word);
      }
      words[i] = place.draw;
    }
    return;
  }
  // Picked ahead, since a large table lies in no near cache.
  Flow* const table = tables_[step.flows]->data();
  std::array<Flow*, kBatch> picked;
  for (uint32_t i = 0; i < count; i++) {
    picked[i] = &table[place.next];
    __builtin_prefetch(picked[i], 1);
    place.next = random_below(place.draw, step.flow.count);
  }
  __builtin_prefetch(&table[place.next], 1);
  for (uint32_t i = 0; i < count; i++) {
    Flow& flow = *picked[i];
    if (log != nullptr) log->note(flow);
    if (flow.life != state.life || flow.sent > step.flow.length) {
      flow = {word, state.life, 0};
      skip(step, word);
    }
    flow.sent++;
    words[i] = flow.draw;
  }
}

void FrameBuilder::store_column(uint8_t* const* frames, uint32_t count, const Step& step, const uint64_t* values) {
  // Copies, since a store into a frame could be one into the step.
  const size_t offset = step.offset;
  const int bytes = step.bytes;
  switch (step.store) {
    case Store::one:
      for (uint32_t i = 0; i < count; i++) frames[i][offset] = static_cast<uint8_t>(values[i]);
      return;
    case Store::two:
      for (uint32_t i = 0; i < count; i++) store16(frames[i] + offset, static_cast<uint16_t>(values[i]));
      return;
    case Store::four:
      for (uint32_t i = 0; i < count; i++) store32(frames[i] + offset, static_cast<uint32_t>(values[i]));
      return;
    case Store::eight:
    case Store::sixteen:  // its lower half
      for (uint32_t i = 0; i < count; i++) store64(frames[i] + offset, values[i]);
      return;
    case Store::odd:
      for (uint32_t i = 0; i < count; i++) {
        uint8_t* const at = frames[i] + offset;
        uint64_t value = values[i];
        for (int byte = bytes - 1; byte >= 0; byte--, value >>= 8) at[byte] = static_cast<uint8_t>(value);
      }
      return;
    case Store::part: {
      const uint64_t mask = step.mask;
      const int shift = step.shift;
      for (uint32_t i = 0; i < count; i++) {
        uint8_t* const at = frames[i] + offset;
        uint64_t window = 0;
        for (int byte = 0; byte < bytes; byte++) window = window << 8 | at[byte];
        window = (window & ~mask) | (values[i] << shift & mask);
        for (int byte = bytes - 1; byte >= 0; byte--, window >>= 8) at[byte] = static_cast<uint8_t>(window);
      }
      return;
    }
  }
}

template <typename Value>
inline void FrameBuilder::draw_column(const Step& step, uint64_t& word, Value* values, uint32_t count) const {
  with_draw(step, [&word, values, count](auto draw) {
    uint64_t state = word;  // in a register
    Value* const to = values;
    for (uint32_t i = 0, end = count; i < end; i++) to[i] = static_cast<Value>(draw(state));
    word = state;
  });
}

void FrameBuilder::generate(uint8_t* const* frames, uint32_t count, const Step& step, GeneratorState& state,
                            FlowLog* log) const {
  Column values, flows;
  uint64_t& word = state.values[step.word];
  const bool flowing = step.flows != kNoFlows;
  if (flowing) pick_flows(step, state, log, flows.data(), count);
  if (step.store == Store::sixteen) {
    with_halves(step, [&](auto draw) {
      for (uint32_t i = 0; i < count; i++) {
        const auto [upper, lower] = draw(flowing ? flows[i] : word);
        store64(frames[i] + step.offset - kHalf, upper);
        values[i] = lower;
      }
    });
  } else if (flowing) {
    with_draw(step, [&](auto draw) {
      for (uint32_t i = 0; i < count; i++) values[i] = draw(flows[i]);
    });
  } else {
    draw_column(step, word, values.data(), count);
  }
  store_column(frames, count, step, values.data());
}

void FrameBuilder::store_checksums(uint8_t* const* frames, const uint16_t* sizes, uint32_t count, const Step& step) const {
  // Copies, since a store into a frame could be one into the step.
  const uint16_t* const pairs = offsets_.data() + step.from;
  const uint16_t* const words = pairs + step.pairs;
  const uint16_t* const end = pairs + step.count;
  const uint64_t constant = step.constant_sum;
  const size_t at = step.offset, tail = step.tail, start = step.minus;
  const bool adds_length = step.adds_length;
  const uint16_t zero = step.zero;
  for (uint32_t i = 0; i < count; i++) {
    uint8_t* const frame = frames[i];
    uint64_t sum = constant;
    for (const uint16_t* pair = pairs; pair != words; pair++) sum += load_pair(frame + *pair);
    for (const uint16_t* word = words; word != end; word++) sum += load_word(frame + *word);
    if (tail != 0) sum += checksum_add(0, frame + tail, sizes[i] - tail);
    if (adds_length) sum += __builtin_bswap16(static_cast<uint16_t>(sizes[i] - start));
    const uint16_t checksum = checksum_finish(sum);
    store_word(frame + at, checksum == 0 ? zero : checksum);
  }
}

// One column after the other: an operation is chosen once for all frames, and theirs do not wait for each other.
void FrameBuilder::build(uint8_t* const* frames, uint16_t* sizes, const Stamp* stamps, uint32_t count, GeneratorState& state,
                         FlowLog* log) const {
  const Step* step = steps_.data();
  const Step* const end = step + steps_.size();
  const uint8_t* const bytes = template_.data();
  if (sized_) {
    draw_column(*step, state.values[step->word], sizes, count);
    for (uint32_t i = 0; i < count; i++) std::memcpy(frames[i], bytes, sizes[i]);
    step++;
  } else {
    const size_t size = template_.size();
    std::fill_n(sizes, count, static_cast<uint16_t>(size));
    if (size >= kShort / 2 && size <= kShort) {
      // Both ends, which overlap: no call, and no branch on the size.
      for (uint32_t i = 0; i < count; i++) {
        std::memcpy(frames[i], bytes, kShort / 2);
        std::memcpy(frames[i] + size - kShort / 2, bytes + size - kShort / 2, kShort / 2);
      }
    } else {
      for (uint32_t i = 0; i < count; i++) std::memcpy(frames[i], bytes, size);
    }
  }
  Column values;
  for (; step != end; step++) {
    switch (step->kind) {
      case Kind::length:
        for (uint32_t i = 0; i < count; i++) values[i] = sizes[i] - uint64_t{step->minus};
        store_column(frames, count, *step, values.data());
        break;
      case Kind::stamp: {
        const size_t offset = step->offset;
        const auto seconds = static_cast<uint32_t>(step->first), micros = static_cast<uint32_t>(step->last);
        for (uint32_t i = 0; i < count; i++) {
          uint8_t* const at = frames[i] + offset;
          store32(at, kPktgenMagic);
          store32(at + 4, stamps[i].sequence);
          store32(at + 8, stamps[i].seconds & seconds);
          store32(at + 12, stamps[i].micros_and_stream & micros);
        }
        break;
      }
      case Kind::checksum:
        store_checksums(frames, sizes, count, *step);
        break;
      default:
        generate(frames, count, *step, state, log);
        break;
    }
  }
}

void FrameBuilder::advance(GeneratorState& state, uint32_t frames) const {
  for (uint32_t i = 0; i < frames; i++) {
    for (const Step& step : steps_) {
      if (!generates(step)) continue;
      if (step.flows != kNoFlows) {
        uint64_t ignored = 0;
        pick_flows(step, state, nullptr, &ignored, 1);
      } else {
        skip(step, state.values[step.word]);
      }
    }
  }
}

}  // namespace pktsh
