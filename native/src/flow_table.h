// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "driver.h"
#include "frame_program.h"

namespace pktsh {

// A flow of those that are drawn for each packet: the state of its field's generator from which its first packet drew.
struct Flow {
  uint64_t draw = 0;
  uint32_t life = 0;  // of the GeneratorState that it belongs to, 0: none
  uint32_t sent = 0;  // its packets
};

// Written by its device's sender alone, through whichever Cfg is in force; control only allocates and frees it, with the last
// Cfg that has it, after that one's grace period. Flows of an earlier start are told by their life, so nobody has to clear
// a table that a sender may still be writing.
using FlowTable = std::vector<Flow>;

// What a batch changed in flow tables, so that what the kernel did not take can be taken back.
class FlowLog {
 public:
  void clear() { count_ = 0; }
  void note(Flow& flow) { entries_[count_++] = {&flow, flow}; }
  void undo() {
    while (count_ > 0) {
      count_--;
      *entries_[count_].flow = entries_[count_].before;
    }
  }

 private:
  struct Entry {
    Flow* flow = nullptr;
    Flow before;
  };
  std::array<Entry, kBatch * kMaxFlowOps> entries_{};
  uint32_t count_ = 0;
};

}  // namespace pktsh
