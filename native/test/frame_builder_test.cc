// SPDX-License-Identifier: Apache-2.0
#include "../src/frame_builder.h"

#include <algorithm>
#include <array>
#include <set>

#include "../src/checksum.h"
#include "frame_fixture.h"

using namespace pktsh;
using namespace pktsh::test;

namespace {

void template_unchanged() {
  const FrameBuilder builder = compiled({kTemplate, {ChecksumOp{kIpSum, kIp, 20}}});
  GeneratorState state;
  builder.adopt(state);
  CHECK(next(builder, state) == kTemplate);
}

void known_bytes_and_checksum() {
  const FrameBuilder builder = compiled({kTemplate,
                                         {IncrementOp{slot(kDestination, 4), 0x0a000002, 0x0a000009, 3},
                                          ListOp{slot(kUdpSource, 2), {1000, 2000, 3000}},
                                          ChecksumOp{kIpSum, kIp, 20}, StampOp{kPayload}}});
  GeneratorState state;
  builder.adopt(state);
  const std::array<uint32_t, 4> destinations = {0x0a000002, 0x0a000005, 0x0a000008, 0x0a000002};
  const std::array<uint16_t, 4> sources = {1000, 2000, 3000, 1000};
  for (uint32_t i = 0; i < 4; i++) {
    const std::vector<uint8_t> frame = next(builder, state, {i + 1, 0x11223344, 0xfffu << 20 | 999'999});
    CHECK_EQUAL(field(frame, kDestination, 4), destinations[i]);
    CHECK_EQUAL(field(frame, kUdpSource, 2), sources[i]);
    CHECK_EQUAL(internet_checksum(frame, kIp, 20), 0);
    CHECK_EQUAL(field(frame, kPayload, 4), 0xbe9be955);
    CHECK_EQUAL(field(frame, kPayload + 4, 4), i + 1);
    CHECK_EQUAL(field(frame, kPayload + 8, 4), 0x11223344);
    CHECK_EQUAL(field(frame, kPayload + 12, 4), 0xfff00000 + 999'999);
  }
}

// UDP with its pseudo header, where addresses, ports and payload change; a computed 0 is sent as all ones.
void transport_checksum() {
  constexpr uint16_t kUdpSum = kUdpSource + 6, kUdpLength = 26;
  const PseudoHeader pseudo{kIp + 12, 8, 17 + kUdpLength, 0xffff};
  const FrameBuilder builder = compiled({kTemplate,
                                         {IncrementOp{slot(kDestination, 4), 0x0a000002, 0x0a0000ff, 1},
                                          RandomOp{slot(kUdpSource, 2), 1, 0xffff}, StampOp{kPayload},
                                          ChecksumOp{kUdpSum, kUdpSource, kUdpLength, pseudo},
                                          ChecksumOp{kIpSum, kIp, 20, {}}}});
  GeneratorState state;
  builder.adopt(state);
  const auto with_pseudo = [&](const std::vector<uint8_t>& frame) {
    std::vector<uint8_t> covered(frame.begin() + kIp + 12, frame.begin() + kIp + 20);
    covered.insert(covered.end(), {0, 17, 0, kUdpLength});
    covered.insert(covered.end(), frame.begin() + kUdpSource, frame.begin() + kUdpSource + kUdpLength);
    return internet_checksum(covered, 0, covered.size());
  };
  for (uint32_t i = 0; i < 100; i++) {
    const std::vector<uint8_t> frame = next(builder, state, {i, 0x11223344, i});
    CHECK_EQUAL(internet_checksum(frame, kIp, 20), 0);
    CHECK_EQUAL(with_pseudo(frame), 0);
  }

  // The source port that makes the sum come out as 0.
  std::vector<uint8_t> zero = kTemplate;
  const uint16_t port = with_pseudo(zero) + 9;
  const FrameBuilder ones = compiled(
      {zero, {ListOp{slot(kUdpSource, 2), {port}}, ChecksumOp{kUdpSum, kUdpSource, kUdpLength, pseudo}}});
  GeneratorState other;
  ones.adopt(other);
  CHECK_EQUAL(field(next(ones, other), kUdpSum, 2), 0xffff);
}

// Every window width, and parts of bytes, with the rest of the window left alone.
void field_widths() {
  for (uint8_t bytes = 1; bytes <= 8; bytes++) {
    const uint64_t value = 0x1122334455667788 & (bytes == 8 ? UINT64_MAX : (uint64_t{1} << 8 * bytes) - 1);
    const FrameBuilder builder = compiled({kTemplate, {ListOp{slot(kPayload, bytes), {value}}}});
    GeneratorState state;
    builder.adopt(state);
    const std::vector<uint8_t> frame = next(builder, state);
    CHECK_EQUAL(field(frame, kPayload, bytes), value);
    CHECK_EQUAL(frame[kPayload - 1], 0);
    CHECK_EQUAL(frame[kPayload + bytes], 0);
  }
  // The IPv4 DSCP: upper six bits of a byte; and 13 bits across two bytes in the middle of three.
  std::vector<uint8_t> ones = kTemplate;
  std::fill(ones.begin() + kPayload, ones.end(), 0xff);
  const FrameBuilder builder =
      compiled({ones, {ListOp{{kPayload, 1, 2, 6}, {0b000101}}, ListOp{{kPayload + 2, 3, 5, 13}, {0b1010101010101}}}});
  GeneratorState state;
  builder.adopt(state);
  const std::vector<uint8_t> frame = next(builder, state);
  CHECK_EQUAL(frame[kPayload], 0b00010111);
  CHECK_EQUAL(field(frame, kPayload + 2, 3), 0b111111'1010101010101'11111);
}

void increments_never_pass_last() {
  const FrameBuilder builder = compiled({kTemplate, {IncrementOp{slot(kPayload, 8), UINT64_MAX - 4, UINT64_MAX, 3}}});
  GeneratorState state;
  builder.adopt(state);
  for (const uint64_t expected : {UINT64_MAX - 4, UINT64_MAX - 1, UINT64_MAX - 4, UINT64_MAX - 1}) {
    CHECK(field(next(builder, state), kPayload, 8) == expected);
  }
}

void random_is_seeded_and_covers_its_range() {
  const FrameProgram program = {kTemplate, {RandomOp{slot(kUdpSource, 2), 1024, 1031}}};
  const FrameBuilder one = compiled(program, 42);
  const FrameBuilder same = compiled(program, 42, 7);
  const FrameBuilder other = compiled(program, 43);
  GeneratorState a, b, c;
  one.adopt(a);
  same.adopt(b);
  other.adopt(c);
  std::set<uint64_t> seen;
  int differences = 0;
  for (int i = 0; i < 1000; i++) {
    const uint64_t value = field(next(one, a), kUdpSource, 2);
    seen.insert(value);
    CHECK_EQUAL(field(next(same, b), kUdpSource, 2), value);
    differences += field(next(other, c), kUdpSource, 2) != value;
  }
  CHECK_EQUAL(seen.size(), 8);
  CHECK_EQUAL(*seen.begin(), 1024);
  CHECK_EQUAL(*seen.rbegin(), 1031);
  CHECK(differences > 500);

  const FrameBuilder full = compiled({kTemplate, {RandomOp{slot(kPayload, 8), 0, UINT64_MAX}}});
  GeneratorState d;
  full.adopt(d);
  CHECK(next(full, d) != next(full, d));

  const FrameBuilder list = compiled({kTemplate, {RandomListOp{slot(kPayload, 1), {3, 5, 9}}}});
  GeneratorState e;
  list.adopt(e);
  std::set<uint64_t> picked;
  for (int i = 0; i < 200; i++) picked.insert(next(list, e)[kPayload]);
  CHECK(picked == (std::set<uint64_t>{3, 5, 9}));
}

// Both halves of a value of 128 bits come from one place of the list, whether in order or drawn, and go on together.
void lists_of_128_bits() {
  const ListOp list{slot(kPayload + 8, 8), {1, 2, 3}, {0x100, 0x200, 0x300}};
  const FrameBuilder builder = compiled({kTemplate, {list}});
  GeneratorState state;
  builder.adopt(state);
  for (const uint64_t expected : {1, 2, 3, 1}) {
    const std::vector<uint8_t> frame = next(builder, state);
    CHECK_EQUAL(field(frame, kPayload + 8, 8), expected);
    CHECK_EQUAL(field(frame, kPayload, 8), expected << 8);
  }
  const FrameBuilder changed = compiled({kTemplate, {ListOp{list.slot, {5, 6, 7}, list.upper}}}, 1, 2, &builder);
  changed.adopt(state);
  const std::vector<uint8_t> first = next(changed, state);
  CHECK_EQUAL(field(first, kPayload + 8, 8), 5);
  CHECK_EQUAL(field(first, kPayload, 8), 0x100);

  const FrameBuilder drawn = compiled({kTemplate, {RandomListOp{list.slot, list.values, list.upper}}});
  GeneratorState other;
  drawn.adopt(other);
  std::set<uint64_t> seen;
  for (int i = 0; i < 100; i++) {
    const std::vector<uint8_t> frame = next(drawn, other);
    seen.insert(field(frame, kPayload, 8));
    CHECK_EQUAL(field(frame, kPayload, 8), field(frame, kPayload + 8, 8) << 8);
  }
  CHECK_EQUAL(seen.size(), 3);
}

// What was taken back is built again: restoring the words and advancing over the rest is the same as having built it.
void advance_equals_building() {
  const FrameProgram program = {kTemplate,
                                {IncrementOp{slot(kDestination, 4), 1, 9, 2}, RandomOp{slot(kUdpSource, 2), 1, 60000},
                                 ListOp{slot(kPayload, 1), {1, 2, 3}}, RandomListOp{slot(kPayload + 1, 1), {7, 8}}}};
  const FrameBuilder builder = compiled(program);
  GeneratorState built, advanced;
  builder.adopt(built);
  builder.adopt(advanced);
  for (int i = 0; i < 5; i++) (void)next(builder, built);
  builder.advance(advanced, 5);
  CHECK(built.values == advanced.values);
}

// Replacing a program: what is the same goes on, what is new begins, in whatever order they stand.
void unchanged_generators_go_on() {
  const IncrementOp counter{slot(kDestination, 4), 1, 1000, 1};
  const FrameBuilder first = compiled({kTemplate, {counter}}, 1, 1);
  GeneratorState state;
  first.adopt(state);
  for (int i = 0; i < 5; i++) (void)next(first, state);
  const FrameBuilder second =
      compiled({kTemplate, {ListOp{slot(kUdpSource, 2), {7, 8}}, counter}}, 1, 2, &first);
  second.adopt(state);
  const std::vector<uint8_t> frame = next(second, state);
  CHECK_EQUAL(field(frame, kDestination, 4), 6);
  CHECK_EQUAL(field(frame, kUdpSource, 2), 7);
  const FrameBuilder third =
      compiled({kTemplate, {IncrementOp{slot(kDestination, 4), 1, 999, 1}, ListOp{slot(kUdpSource, 2), {7, 8}}}}, 1, 3,
               &second);
  third.adopt(state);
  const std::vector<uint8_t> changed = next(third, state);
  CHECK_EQUAL(field(changed, kDestination, 4), 1);
  CHECK_EQUAL(field(changed, kUdpSource, 2), 8);
}

void refuses_what_is_out_of_bounds() {
  const std::vector<FrameProgram> wrong = {
      {{}, {}},
      {std::vector<uint8_t>(13), {}},
      {std::vector<uint8_t>(kMaxFrame + 1), {}},
      {kTemplate, {IncrementOp{slot(59, 2), 0, 1, 1}}},
      {kTemplate, {IncrementOp{slot(20, 2), 2, 1, 1}}},
      {kTemplate, {IncrementOp{slot(20, 2), 0, 1, 0}}},
      {kTemplate, {IncrementOp{slot(20, 1), 0, 256, 1}}},
      {kTemplate, {IncrementOp{{20, 9, 0, 8}, 0, 1, 1}}},
      {kTemplate, {IncrementOp{{20, 1, 5, 4}, 0, 1, 1}}},
      {kTemplate, {IncrementOp{{20, 1, 0, 0}, 0, 0, 1}}},
      {kTemplate, {ListOp{slot(20, 1), {}}}},
      {kTemplate, {ListOp{slot(20, 1), {256}}}},
      {kTemplate, {ListOp{slot(20, 8), {1, 2}, {1}}}},
      {kTemplate, {ListOp{slot(7, 8), {1}, {1}}}},
      {kTemplate, {RandomListOp{slot(20, 4), {1}, {1}}}},
      {kTemplate, {RandomOp{slot(20, 1), 9, 8}}},
      {kTemplate, {RandomListOp{slot(20, 1), {}}}},
      {kTemplate, {StampOp{45}}},
      {kTemplate, {ChecksumOp{59, 14, 20}}},
      {kTemplate, {ChecksumOp{24, 50, 20}}},
      {kTemplate, {ChecksumOp{40, 34, 26, {54, 8, 0, 0}}}},
      {kTemplate, {ChecksumOp{40, 34, 26, {26, 7, 0, 0}}}},
      {kTemplate, {ChecksumOp{40, 34, 26, {26, 8, 0, 0}}, IncrementOp{slot(kDestination, 4), 0, 1, 1}}},
      {kTemplate, {ChecksumOp{kIpSum, kIp, 20}, IncrementOp{slot(kDestination, 4), 0, 1, 1}}},
      {kTemplate, std::vector<FieldOp>(kMaxFieldOps + 1, StampOp{kPayload})},
  };
  for (const FrameProgram& program : wrong) {
    CHECK_EQUAL(FrameBuilder::compile(program, 0, 1, nullptr).status.error, EINVAL);
  }
}

}  // namespace

int main() {
  return test::run({{"frame builder: the template as it is", template_unchanged},
                    {"frame builder: known bytes, checksum, stamp", known_bytes_and_checksum},
                    {"frame builder: transport checksum", transport_checksum},
                    {"frame builder: field widths", field_widths},
                    {"frame builder: increments at the end of 64 bits", increments_never_pass_last},
                    {"frame builder: random fields", random_is_seeded_and_covers_its_range},
                    {"frame builder: lists of 128 bits", lists_of_128_bits},
                    {"frame builder: advancing without building", advance_equals_building},
                    {"frame builder: unchanged generators go on", unchanged_generators_go_on},
                    {"frame builder: refusals", refuses_what_is_out_of_bounds}});
}
