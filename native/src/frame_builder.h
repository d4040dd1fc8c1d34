// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "flow_table.h"
#include "frame_program.h"
#include "status.h"

namespace pktsh {

// Where the generators of a run stand: one word each (the next value, the next index, or a random stream's state), and
// the epoch of the operation that the word belongs to; and where those that follow flows stand among them.
struct GeneratorState {
  // Sequential: the flow under way, and its packets so far. Drawn: the random stream that picks flows, and the next one.
  struct FlowPlace {
    uint64_t draw = 0;
    uint64_t next = 0;
  };

  std::array<uint64_t, kMaxFieldOps> values{};
  std::array<uint64_t, kMaxFieldOps> epochs{};  // 0: unused
  std::array<FlowPlace, kMaxFlowOps> flows{};
  // Not 0, another one for every start: a stale flow passes for a live one only after 2^32 of them.
  uint32_t life = 1;
};

// The pktgen header's words after the magic, in host order.
struct Stamp {
  uint32_t sequence = 0;
  uint32_t seconds = 0;
  uint32_t micros_and_stream = 0;  // microseconds below 2^20, stream id above
};

inline constexpr uint32_t kPktgenMagic = 0xbe9be955;  // net/core/pktgen.c
inline constexpr uint32_t kStreamShift = 20;          // a microsecond count needs 20 bits

// A frame program made ready to run: immutable, shared by every batch that is built from it; its flow tables alone are
// written, see there.
class FrameBuilder {
 public:
  // EINVAL where the program is out of bounds. Random fields are seeded by `seed` and their place in the frame, so that
  // changing one field does not change another's values. `epoch` (not 0, never reused) marks the generators that begin
  // anew; those that `previous` (may be null) has too go on where they are, with their flows.
  [[nodiscard]] static Result<FrameBuilder> compile(const FrameProgram& program, uint64_t seed, uint64_t epoch,
                                                    const FrameBuilder* previous);

  // Sets generators that are not of this builder to their beginning; the others stay.
  void adopt(GeneratorState& state) const;
  // Builds the next `count` (at most kBatch) frames with a stamp each, gives their sizes and moves the generators on.
  // `log` (may be null) gets what changes in flow tables: of one batch at most.
  void build(uint8_t* const* frames, uint16_t* sizes, const Stamp* stamps, uint32_t count, GeneratorState& state,
             FlowLog* log = nullptr) const;
  // Moves the generators on by so many frames without building them.
  void advance(GeneratorState& state, uint32_t frames) const;

  // The size of the longest frame.
  [[nodiscard]] size_t size() const { return template_.size(); }
  // All sizes added up, each as often as it comes within `size_parts()` frames: an exact mean.
  [[nodiscard]] unsigned __int128 size_sum() const { return size_sum_; }
  [[nodiscard]] uint64_t size_parts() const { return size_parts_; }
  // Whether frames carry the pktgen header, and so need stamps; and whether with the time.
  [[nodiscard]] bool stamped() const { return stamped_; }
  [[nodiscard]] bool timed() const { return timed_; }
  // Words of a GeneratorState in use.
  [[nodiscard]] size_t words() const { return words_; }
  [[nodiscard]] bool has_flows() const { return has_flows_; }
  // Memory held, for retire limits.
  [[nodiscard]] size_t bytes() const;

 private:
  using Column = std::array<uint64_t, kBatch>;  // a value for each frame
  enum class Kind : uint8_t { increment, list, random, parts, weighted, random_list, bits, length, stamp, checksum };
  enum class Store : uint8_t { one, two, four, eight, odd, part, sixteen };
  static constexpr uint8_t kNoFlows = UINT8_MAX;

  struct Step {
    Kind kind = Kind::increment;
    Store store = Store::one;
    uint8_t word = 0;  // of the GeneratorState
    uint8_t flows = kNoFlows;  // of its flows, and of tables_
    uint8_t bytes = 0;
    uint8_t shift = 0;
    uint16_t offset = 0;
    // list: into values_, upper halves behind all lower ones; parts, weighted: upper bounds of what is drawn, then as many
    // offsets or sizes; checksum: into offsets_ of what varies in its range, pairs of words and then single words
    uint32_t from = 0, count = 0;
    uint16_t pairs = 0;
    uint32_t constant_sum = 0;  // checksum: of the words that do not vary
    uint16_t zero = 0;          // checksum: what is sent for 0
    uint16_t minus = 0;         // length: taken off; checksum to the end: where its range begins
    uint16_t tail = 0;          // checksum to the end: from where on words have to be added up, 0: the rest is zeros
    bool adds_length = false;   // checksum to the end, with a pseudo header
    Flows flow;                 // how its flows go
    uint64_t mask = 0;          // of the field inside its window, shifted
    uint64_t first = 0, last = 0, step = 0;  // bits: set and keep; stamp: masks of seconds and of microseconds and stream
    uint64_t initial = 0;
    uint64_t flow_seed = 0;
    uint64_t epoch = 0;
  };

  [[nodiscard]] static bool generates(const Step& step) { return step.kind < Kind::length; }
  [[nodiscard]] Step compile_step(const FieldOp& operation, uint64_t seed);
  [[nodiscard]] Status compile_checksum(const ChecksumOp& op, const std::vector<bool>& varies, size_t shortest, Step& step);
  void measure(const SizeOp& sizes);
  // Calls `use` with the function that draws a step's values.
  template <typename Use>
  auto with_draw(const Step& step, Use use) const;
  template <typename Use>
  auto with_halves(const Step& step, Use use) const;
  void skip(const Step& step, uint64_t& word) const;
  // The next packets' flows: for each the generator's state from which its value is drawn.
  void pick_flows(const Step& step, GeneratorState& state, FlowLog* log, uint64_t* words, uint32_t count) const;
  // The next values of a step.
  template <typename Value>
  void draw_column(const Step& step, uint64_t& word, Value* values, uint32_t count) const;
  // The same, into its field of so many frames.
  void generate(uint8_t* const* frames, uint32_t count, const Step& step, GeneratorState& state, FlowLog* log) const;
  static void store_column(uint8_t* const* frames, uint32_t count, const Step& step, const uint64_t* values);
  void store_checksums(uint8_t* const* frames, const uint16_t* sizes, uint32_t count, const Step& step) const;
  // Steps that continue generators of `previous` take their words and flows, then the others take free ones and begin at
  // `epoch`.
  void claim_words(uint64_t epoch, const FrameBuilder* previous);

  std::vector<uint8_t> template_;
  std::vector<Step> steps_;
  std::vector<FieldOp> sources_;  // what steps_ were made from, one each; apart, since senders do not read them
  std::vector<uint64_t> values_;
  std::vector<uint16_t> offsets_;
  std::array<std::shared_ptr<FlowTable>, kMaxFlowOps> tables_;
  unsigned __int128 size_sum_ = 0;
  uint64_t size_parts_ = 1;
  size_t words_ = 0;
  bool sized_ = false;  // the first step draws the size
  bool stamped_ = false;
  bool timed_ = false;
  bool has_flows_ = false;
};

}  // namespace pktsh
