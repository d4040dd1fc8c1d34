// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "driver.h"
#include "frame_program.h"

namespace pktsh {

// Room to build one batch in, for drivers whose frames are copied or dropped by what they are handed to.
class Scratch {
 public:
  Scratch() : bytes_(new uint8_t[kBatch * kMaxFrame + kLine]) {
    base_ = bytes_.get() + (kLine - reinterpret_cast<uintptr_t>(bytes_.get()) % kLine);
  }

  // Frames lie as close together as their size allows, each on cache lines of its own.
  void reserve(uint8_t** frames, uint32_t wanted, size_t size) {
    const size_t stride = (size + kLine - 1) / kLine * kLine;
    for (uint32_t i = 0; i < wanted; i++) frames[i] = base_ + i * stride;
  }

 private:
  static constexpr size_t kLine = 64;  // bytes of a cache line
  static_assert(kMaxFrame % kLine == 0);

  std::unique_ptr<uint8_t[]> bytes_;
  uint8_t* base_;
};

}  // namespace pktsh
