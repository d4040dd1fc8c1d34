// SPDX-License-Identifier: Apache-2.0
// Frames that differ in length, values with holes in their range, random bits, and flows.
#include <array>
#include <map>
#include <set>

#include "../src/random.h"
#include "frame_fixture.h"

using namespace pktsh;
using namespace pktsh::test;

namespace {

constexpr uint16_t kIpLength = kIp + 2, kUdpLength = kUdpSource + 4, kUdpSum = kUdpSource + 6;
constexpr uint16_t kUdpProtocol = 17;

SizeOp sizes(SizeOp::Kind kind, uint16_t first, uint16_t last, uint16_t start = 0) {
  return {kind, first, last, start == 0 ? first : start, {}};
}

// A UDP frame of up to `longest` bytes whose lengths and checksums follow its size.
FrameProgram varied(SizeOp size, uint16_t longest, uint8_t fill = 0) {
  FrameProgram program{kTemplate, {}};
  program.bytes.resize(longest, fill);
  program.operations = {std::move(size),
                        LengthOp{slot(kIpLength, 2), kIp},
                        LengthOp{slot(kUdpLength, 2), kUdpSource},
                        RandomOp{slot(kUdpSource, 2), 1, 0xffff},
                        StampOp{kPayload},
                        ChecksumOp{kUdpSum, kUdpSource, 0, {kIp + 12, 8, kUdpProtocol, 0xffff}, true},
                        ChecksumOp{kIpSum, kIp, 20, {}, false}};
  return program;
}

void check_sums(const std::vector<uint8_t>& frame) {
  const size_t segment = frame.size() - kUdpSource;
  CHECK_EQUAL(field(frame, kIpLength, 2), frame.size() - kIp);
  CHECK_EQUAL(field(frame, kUdpLength, 2), segment);
  CHECK_EQUAL(internet_checksum(frame, kIp, 20), 0);
  std::vector<uint8_t> covered(frame.begin() + kIp + 12, frame.begin() + kIp + 20);
  covered.insert(covered.end(), {0, kUdpProtocol, static_cast<uint8_t>(segment >> 8), static_cast<uint8_t>(segment)});
  covered.insert(covered.end(), frame.begin() + kUdpSource, frame.end());
  CHECK_EQUAL(internet_checksum(covered, 0, covered.size()), 0);
}

void sizes_in_order() {
  const FrameBuilder builder = compiled(varied(sizes(SizeOp::Kind::increment, 60, 63, 61), 63));
  CHECK_EQUAL(builder.size(), 63);
  GeneratorState state;
  builder.adopt(state);
  for (const size_t expected : {61, 62, 63, 60, 61}) {
    const std::vector<uint8_t> frame = next(builder, state);
    CHECK_EQUAL(frame.size(), expected);
    check_sums(frame);
  }
}

// Odd and even lengths, with zeros and with other bytes in what shorter frames lose.
void drawn_sizes_and_checksums() {
  for (const uint8_t fill : {0x00, 0xa5}) {
    for (const uint16_t shortest : {58, 59}) {
      const FrameBuilder builder = compiled(varied(sizes(SizeOp::Kind::random, shortest, 99), 99, fill));
      GeneratorState state;
      builder.adopt(state);
      std::set<size_t> seen;
      for (uint32_t i = 0; i < 2000; i++) {
        const std::vector<uint8_t> frame = next(builder, state, {i, i * 3, i * 7});
        seen.insert(frame.size());
        check_sums(frame);
      }
      CHECK_EQUAL(seen.size(), size_t{100} - shortest);
      CHECK_EQUAL(*seen.begin(), shortest);
      CHECK_EQUAL(*seen.rbegin(), 99);
    }
  }
}

// Weights hold exactly: each of the numbers below their sum is one size's, however small its share; pktgen's kernel gives
// an entry of less than a hundredth all that comes after it.
void weighted_sizes() {
  SizeOp imix{SizeOp::Kind::weighted, 0, 0, 0, {{60, 1000}, {576, 1}, {1500, 1000}}};
  const FrameBuilder builder = compiled(varied(imix, 1500));
  CHECK(builder.size_sum() == 60 * 1000 + 576 + 1500 * 1000);
  CHECK_EQUAL(builder.size_parts(), 2001);
  GeneratorState state;
  builder.adopt(state);
  // The same draws by hand.
  uint64_t stream = state.values[0];
  std::map<size_t, int> counts;
  for (int i = 0; i < 30'000; i++) {
    const uint64_t drawn = random_below(stream, 2001);
    const size_t expected = drawn < 1000 ? 60 : drawn < 1001 ? 576 : 1500;
    const std::vector<uint8_t> frame = next(builder, state);
    if (frame.size() != expected) CHECK_EQUAL(frame.size(), expected);
    counts[frame.size()]++;
  }
  CHECK(counts[60] > 14'000 && counts[1500] > 14'000);
}

void holes_in_a_range() {
  // 0/8, 127/8 and everything from 224.0.0.0 on, as pktgen leaves out; in no order, overlapping, and outside.
  const RandomOp hosts{slot(kDestination, 4), 0, UINT32_MAX,
                       {{0xe0000000, 0xefffffff}, {0, 0x00ffffff}, {0xe8000000, UINT32_MAX}, {0x7f000000, 0x7fffffff}}};
  const FrameBuilder builder = compiled({kTemplate, {hosts}});
  GeneratorState state;
  builder.adopt(state);
  std::set<uint64_t> first_octets;
  for (int i = 0; i < 20'000; i++) {
    const uint64_t value = field(next(builder, state), kDestination, 4);
    for (const ValueRange& hole : hosts.except) CHECK(value < hole.first || value > hole.last);
    first_octets.insert(value >> 24);
  }
  CHECK_EQUAL(first_octets.size(), 0xdf - 1);  // 1 to 223 without 127

  // What is left of a range is drawn evenly, down to one value, and up to the ends of 64 bits.
  const FrameBuilder few = compiled({kTemplate, {RandomOp{slot(kPayload, 1), 0, 9, {{1, 4}, {6, 8}}}}});
  GeneratorState other;
  few.adopt(other);
  std::map<uint8_t, int> counts;
  for (int i = 0; i < 3000; i++) counts[next(few, other)[kPayload]]++;
  CHECK_EQUAL(counts.size(), 3);
  for (const uint8_t value : {0, 5, 9}) CHECK(counts[value] > 800);
  const FrameBuilder one = compiled({kTemplate, {RandomOp{slot(kPayload, 8), 0, UINT64_MAX, {{1, UINT64_MAX}}}}});
  const FrameBuilder last = compiled({kTemplate, {RandomOp{slot(kPayload, 8), 0, UINT64_MAX, {{0, UINT64_MAX - 1}}}}});
  GeneratorState a, b;
  one.adopt(a);
  last.adopt(b);
  CHECK_EQUAL(field(next(one, a), kPayload, 8), 0);
  CHECK(field(next(last, b), kPayload, 8) == UINT64_MAX);
}

void random_bits() {
  // An MPLS entry of MPLS_RND: S set, the upper 12 bits 0.
  const RandomBitsOp mpls{slot(kPayload, 4), 0x100, 0x000fffff};
  // An IPv6 destination as pktgen's: (random | min) & max.
  const RandomBitsOp wide{slot(kPayload + 12, 8), 1, 0xff, true, 0x2001'0db8'0000'0000, 0x2001'0db8'0000'000f};
  const FrameBuilder builder = compiled({kTemplate, {mpls}});
  const FrameBuilder halves = compiled({std::vector<uint8_t>(80), {wide}});
  GeneratorState a, b;
  builder.adopt(a);
  halves.adopt(b);
  uint64_t any = 0, all = UINT64_MAX, upper_any = 0, lower_any = 0;
  for (int i = 0; i < 1000; i++) {
    const uint64_t label = field(next(builder, a), kPayload, 4);
    any |= label;
    all &= label;
    const std::vector<uint8_t> frame = next(halves, b);
    const uint64_t upper = field(frame, kPayload + 4, 8), lower = field(frame, kPayload + 12, 8);
    CHECK((upper & ~wide.upper_keep) == 0 && (upper & wide.upper_set) == wide.upper_set);
    CHECK((lower & ~wide.keep) == 0 && (lower & wide.set) == wide.set);
    upper_any |= upper;
    lower_any |= lower;
  }
  CHECK_EQUAL(any, 0x000fffff);
  CHECK_EQUAL(all, 0x100);
  CHECK(upper_any == wide.upper_keep && lower_any == wide.keep);
}

void starts() {
  const FrameBuilder builder = compiled({kTemplate, {IncrementOp{slot(kUdpSource, 2), 10, 12, 1, 11}}});
  GeneratorState state;
  builder.adopt(state);
  for (const uint64_t expected : {11, 12, 10, 11}) CHECK_EQUAL(field(next(builder, state), kUdpSource, 2), expected);
}

void stamps_without_time_or_stream() {
  const Stamp stamp{7, 0x11223344, 0xfffu << kStreamShift | 999'999};
  struct Row {
    StampOp op;
    uint64_t seconds, micros;
    bool timed;
  };
  for (const Row& row : {Row{{kPayload, true, false}, 0x11223344, 999'999, true},
                         Row{{kPayload, false, true}, 0, 0xfff00000, false}, Row{{kPayload, false, false}, 0, 0, false}}) {
    const FrameBuilder builder = compiled({kTemplate, {row.op}});
    GeneratorState state;
    builder.adopt(state);
    const std::vector<uint8_t> frame = next(builder, state, stamp);
    CHECK_EQUAL(field(frame, kPayload + 4, 4), 7);
    CHECK_EQUAL(field(frame, kPayload + 8, 4), row.seconds);
    CHECK_EQUAL(field(frame, kPayload + 12, 4), row.micros);
    CHECK_EQUAL(builder.timed(), row.timed);
  }
}

void flows_one_after_the_other() {
  const FrameBuilder builder =
      compiled({kTemplate, {IncrementOp{slot(kUdpSource, 2), 1, 4, 1, 1, {.count = 3, .length = 2, .sequential = true}}}});
  GeneratorState state;
  builder.adopt(state);
  // A flow that was left draws anew when its turn comes again, as f_pick() resets it.
  for (const uint64_t expected : {1, 1, 2, 2, 3, 3, 4, 4, 1, 1}) {
    CHECK_EQUAL(field(next(builder, state), kUdpSource, 2), expected);
  }
}

// Each flow keeps its value for `length` + 1 packets; the increment tells which flow a packet is of.
void flows_that_are_drawn() {
  constexpr uint32_t kFlowCount = 8, kLength = 5;
  const FrameProgram program = {
      kTemplate, {IncrementOp{slot(kPayload, 8), 0, UINT64_MAX, 1, 0, {.count = kFlowCount, .length = kLength}}}};
  const FrameBuilder builder = compiled(program);
  GeneratorState state;
  builder.adopt(state);
  std::map<uint64_t, uint32_t> packets;
  std::set<uint64_t> open;
  for (int i = 0; i < 5000; i++) {
    const uint64_t value = field(next(builder, state), kPayload, 8);
    if (packets[value]++ == 0) open.insert(value);
    if (packets[value] > kLength) open.erase(value);
    CHECK(open.size() <= kFlowCount);
  }
  const size_t begun = packets.size();
  for (const auto& [value, count] : packets) {
    CHECK(value < begun);
    CHECK(open.contains(value) ? count <= kLength : count == kLength + 1);
  }
  CHECK(begun >= 5000 / (kLength + 1));

  // A new start finds no flow of the old one.
  GeneratorState again;
  again.life = 2;
  builder.adopt(again);
  CHECK_EQUAL(field(next(builder, again), kPayload, 8), 0);
}

// Values of 128 bits keep both halves in a flow.
void wide_flows() {
  const RandomListOp list{slot(kPayload + 8, 8), {1, 2, 3}, {0x100, 0x200, 0x300}, {.count = 2, .length = 100}};
  const RandomBitsOp bits{slot(70, 8), 0, UINT64_MAX, true, 0, UINT64_MAX, {.count = 4, .length = 9, .sequential = true}};
  FrameProgram program{kTemplate, {list, bits}};
  program.bytes.resize(80);
  const FrameBuilder builder = compiled(program);
  GeneratorState state;
  builder.adopt(state);
  std::set<std::pair<uint64_t, uint64_t>> drawn;
  std::set<uint64_t> listed;
  for (int i = 0; i < 90; i++) {
    const std::vector<uint8_t> frame = next(builder, state);
    CHECK_EQUAL(field(frame, kPayload, 8), field(frame, kPayload + 8, 8) << 8);
    listed.insert(field(frame, kPayload, 8));
    drawn.insert({field(frame, 62, 8), field(frame, 70, 8)});
  }
  CHECK(listed.size() <= 2);
  CHECK_EQUAL(drawn.size(), 10);
}

// What the kernel did not take: flows, sizes and values are afterwards as if only the others had been built.
void batches_taken_back() {
  FrameProgram program = varied(sizes(SizeOp::Kind::random, 60, 90), 90);
  program.operations.insert(program.operations.begin() + 1,
                            {IncrementOp{slot(kDestination, 4), 0, 1000, 1, 0, {.count = 7, .length = 3}},
                             RandomOp{slot(kPayload, 8), 0, UINT64_MAX, {{5, 6}}, {.count = 3, .length = 2, .sequential = true}}});
  const FrameBuilder steady = compiled(program), shaky = compiled(program);
  GeneratorState a, b;
  steady.adopt(a);
  shaky.adopt(b);
  FlowLog log;
  const std::array<Stamp, kBatch> stamps{};
  std::array<uint16_t, kBatch> sizes{};
  std::vector<uint8_t> bytes(kBatch * steady.size());
  std::array<uint8_t*, kBatch> frames{};
  for (uint32_t i = 0; i < kBatch; i++) frames[i] = &bytes[i * steady.size()];
  for (uint32_t round = 0; round < 200; round++) {
    const uint32_t taken = round % (kBatch + 1);
    const GeneratorState before = b;
    log.clear();
    shaky.build(frames.data(), sizes.data(), stamps.data(), kBatch, b, &log);
    log.undo();
    b = before;
    shaky.advance(b, taken);
    // And a batch is what its frames are one by one.
    for (uint32_t i = 0; i < taken; i++) {
      CHECK(next(steady, a) == std::vector<uint8_t>(frames[i], frames[i] + sizes[i]));
    }
    CHECK(next(steady, a) == next(shaky, b));
  }
}

// A new configuration with the same flows goes on with them; with others it begins anew, and leaves the old ones alone.
void flows_survive_a_change() {
  const IncrementOp flowing{slot(kPayload, 8), 0, UINT64_MAX, 1, 0, {.count = 1, .length = 9}};
  const FrameBuilder first = compiled({kTemplate, {flowing}}, 1, 1);
  GeneratorState state;
  first.adopt(state);
  for (int i = 0; i < 14; i++) (void)next(first, state);
  const FrameBuilder second = compiled({kTemplate, {ListOp{slot(kUdpSource, 2), {7}}, flowing}}, 1, 2, &first);
  second.adopt(state);
  for (int i = 0; i < 6; i++) CHECK_EQUAL(field(next(second, state), kPayload, 8), 1);
  CHECK_EQUAL(field(next(second, state), kPayload, 8), 2);
  IncrementOp longer = flowing;
  longer.flows.length = 20;
  const FrameBuilder third = compiled({kTemplate, {longer}}, 1, 3, &second);
  third.adopt(state);
  for (int i = 0; i < 21; i++) CHECK_EQUAL(field(next(third, state), kPayload, 8), 0);
  CHECK_EQUAL(field(next(third, state), kPayload, 8), 1);
  CHECK(first.bytes() > compiled({kTemplate, {}}).bytes());
}

void refusals() {
  const auto wrong_size = [](SizeOp size, size_t bytes = 60) {
    FrameProgram program{kTemplate, {std::move(size)}};
    program.bytes.resize(bytes);
    return program;
  };
  const Flows some{.count = 2, .length = 1};
  const std::vector<FrameProgram> wrong = {
      wrong_size(sizes(SizeOp::Kind::random, 60, 59), 59),
      wrong_size(sizes(SizeOp::Kind::random, 60, 61)),
      wrong_size(sizes(SizeOp::Kind::random, 13, 60)),
      wrong_size(sizes(SizeOp::Kind::increment, 50, 60, 61)),
      wrong_size(sizes(SizeOp::Kind::increment, 50, 60, 49)),
      wrong_size({SizeOp::Kind::weighted, 0, 0, 0, {}}),
      wrong_size({SizeOp::Kind::weighted, 0, 0, 0, {{60, 0}}}),
      wrong_size({SizeOp::Kind::weighted, 0, 0, 0, {{60, UINT64_MAX}, {59, 1}}}),
      {kTemplate, {StampOp{kPayload}, sizes(SizeOp::Kind::random, 50, 60)}},
      {kTemplate, {sizes(SizeOp::Kind::random, 50, 60), StampOp{40}}},
      {kTemplate, {sizes(SizeOp::Kind::random, 50, 60), IncrementOp{slot(50, 1), 0, 1, 1}}},
      {kTemplate, {LengthOp{slot(kIpLength, 2), 61}}},
      {kTemplate, {LengthOp{{kIpLength, 1, 0, 4}, 0}}},
      {kTemplate, {ChecksumOp{kIpSum, 61, 0, {}, true}}},
      {kTemplate, {ChecksumOp{kUdpSum, kUdpSource, 0, {}, true}, IncrementOp{slot(59, 1), 0, 1, 1}}},
      {kTemplate, {IncrementOp{slot(20, 1), 1, 9, 1, 10}}},
      {kTemplate, {RandomOp{slot(20, 1), 1, 9, {{0, 5}, {4, 9}}}}},
      {kTemplate, {RandomBitsOp{slot(4, 8), 0, 1, true}}},
      {kTemplate, {IncrementOp{slot(20, 1), 0, 9, 1, 0, {.count = kMaxFlows + 1}}}},
      {kTemplate, std::vector<FieldOp>(kMaxFlowOps + 1, IncrementOp{slot(20, 1), 0, 9, 1, 0, some})},
  };
  for (const FrameProgram& program : wrong) {
    CHECK_EQUAL(FrameBuilder::compile(program, 0, 1, nullptr).status.error, EINVAL);
  }
}

}  // namespace

int main() {
  return test::run({{"frames: sizes in order", sizes_in_order},
                    {"frames: drawn sizes, lengths and checksums", drawn_sizes_and_checksums},
                    {"frames: weighted sizes", weighted_sizes},
                    {"frames: ranges with holes", holes_in_a_range},
                    {"frames: random bits", random_bits},
                    {"frames: increments that start elsewhere", starts},
                    {"frames: stamps without time or stream", stamps_without_time_or_stream},
                    {"frames: flows one after the other", flows_one_after_the_other},
                    {"frames: flows that are drawn", flows_that_are_drawn},
                    {"frames: flows of 128 bits", wide_flows},
                    {"frames: batches taken back", batches_taken_back},
                    {"frames: flows survive a change", flows_survive_a_change},
                    {"frames: refusals", refusals}});
}
