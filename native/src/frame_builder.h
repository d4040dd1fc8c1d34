// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "frame_program.h"
#include "status.h"

namespace pktsh {

// Where the generators of a run stand: one word each (the next value, the next index, or a random stream's state), and
// the epoch of the operation that the word belongs to.
struct GeneratorState {
  std::array<uint64_t, kMaxFieldOps> values{};
  std::array<uint64_t, kMaxFieldOps> epochs{};  // 0: unused
};

// The pktgen header's words after the magic, in host order.
struct Stamp {
  uint32_t sequence = 0;
  uint32_t seconds = 0;
  uint32_t micros_and_stream = 0;  // microseconds below 2^20, stream id above
};

inline constexpr uint32_t kPktgenMagic = 0xbe9be955;  // net/core/pktgen.c
inline constexpr uint32_t kStreamShift = 20;          // a microsecond count needs 20 bits

// A frame program made ready to run: immutable, shared by every batch that is built from it.
class FrameBuilder {
 public:
  // EINVAL where the program is out of bounds. Random fields are seeded by `seed` and their place in the frame, so that
  // changing one field does not change another's values. `epoch` (not 0, never reused) marks the generators that begin
  // anew; those that `previous` (may be null) has too go on where they are.
  [[nodiscard]] static Result<FrameBuilder> compile(const FrameProgram& program, uint64_t seed, uint64_t epoch,
                                                    const FrameBuilder* previous);

  // Sets generators that are not of this builder to their beginning; the others stay.
  void adopt(GeneratorState& state) const;
  // Builds the next frame of size() bytes and moves the generators on.
  void build(uint8_t* frame, GeneratorState& state, const Stamp& stamp) const;
  // Moves the generators on by so many frames without building them.
  void advance(GeneratorState& state, uint32_t frames) const;

  [[nodiscard]] size_t size() const { return template_.size(); }
  // Whether frames carry the pktgen header, and so need stamps.
  [[nodiscard]] bool stamped() const { return stamped_; }
  // Words of a GeneratorState in use.
  [[nodiscard]] size_t words() const { return words_; }
  // Memory held, for retire limits.
  [[nodiscard]] size_t bytes() const;

 private:
  enum class Kind : uint8_t { increment, list, random, random_list, stamp, checksum };
  enum class Store : uint8_t { one, two, four, eight, odd, part, sixteen };

  struct Step {
    Kind kind = Kind::increment;
    Store store = Store::one;
    uint8_t word = 0;  // of the GeneratorState
    uint8_t bytes = 0;
    uint8_t shift = 0;
    uint16_t offset = 0;
    uint32_t from = 0, count = 0;  // list: into values_, upper halves behind all lower ones; checksum: into words of the range that vary, offsets_
    uint32_t constant_sum = 0;     // checksum: of the words that do not vary
    uint16_t zero = 0;             // checksum: what is sent for 0
    uint64_t mask = 0;             // of the field inside its window, shifted
    uint64_t first = 0, last = 0, step = 0;
    uint64_t initial = 0;
    uint64_t epoch = 0;
  };

  [[nodiscard]] bool generates(const Step& step) const { return step.kind < Kind::stamp; }
  [[nodiscard]] uint64_t next(const Step& step, uint64_t& word) const;
  // Where in its list a step stands; moves on.
  [[nodiscard]] static uint64_t next_place(const Step& step, uint64_t& word);
  static void store_field(uint8_t* frame, const Step& step, uint64_t value);
  // Steps that continue generators of `previous` take their words, then the others take free ones and begin at `epoch`.
  void claim_words(uint64_t epoch, const FrameBuilder* previous);

  std::vector<uint8_t> template_;
  std::vector<Step> steps_;
  std::vector<FieldOp> sources_;  // what steps_ were made from, one each; apart, since senders do not read them
  std::vector<uint64_t> values_;
  std::vector<uint16_t> offsets_;
  size_t words_ = 0;
  bool stamped_ = false;
};

}  // namespace pktsh
