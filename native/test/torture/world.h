// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "../../src/clock.h"
#include "../../src/events.h"
#include "torture.h"

namespace pktsh::torture {

inline constexpr int kObjects = 4;
inline constexpr int kPipe = 10;          // grace periods after which an object is freed, so that it is caught in the act
inline constexpr uint8_t kPoison = 0xdb;  // of what was freed
inline constexpr size_t kPayload = 64;
inline constexpr int64_t kStallLimit = 10 * kSecond;  // a stall is reported at 100 ms; this is for a machine under load

// What readers read. It owns a descriptor, as a port does: closed early its number goes to another object, and whoever
// still uses it finds that one's serial number in the file.
struct Object {
  explicit Object(uint64_t serial);
  ~Object();
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  std::atomic<int> age{0};                  // 0 live, 1 unlinked, then one more a grace period
  std::array<uint8_t, kPayload> payload{};  // plain on purpose: races and stale reads show
  uint64_t serial = 0;
  int fd = -1;
};

enum class Violation : uint8_t { age, cookie, payload, descriptor, own_section, late, flood, paused, stall, watchdog };
inline constexpr std::array<const char*, 10> kViolations = {
    "an object older than one grace period in a reader's hands",
    "a grace period that ended inside a section begun before it",
    "an object half published or already freed",
    "a descriptor that belongs to another object",
    "a grace period that ended while the updater was in a section itself",
    "a grace period that was over and then was not",
    "a flood that was not refused, or not freed in order",
    "a grace period that did not end though every reader was offline",
    "a stall that was not reported",
    "a stalled updater",
};

// What the threads of the torture share.

struct World {
  explicit World(const Options& asked) : options(asked) {}

  void found(Violation what) { violations[static_cast<size_t>(what)].fetch_add(1, std::memory_order_relaxed); }
  [[nodiscard]] uint64_t all_violations() const {
    uint64_t sum = 0;
    for (const std::atomic<uint64_t>& count : violations) sum += count.load(std::memory_order_relaxed);
    return sum;
  }
  [[nodiscard]] bool over() const { return stop.load(std::memory_order_relaxed); }

  const Options options;
  ControlLine line;
  std::array<std::atomic<Object*>, kObjects> objects{};
  std::array<std::atomic<uint64_t>, kViolations.size()> violations{};

  std::atomic<bool> stop{false};
  std::atomic<bool> paused{false};       // readers go offline and wait
  std::atomic<int> readers{0};           // that run until the end
  std::atomic<int> waiting{0};           // of those, offline because of `paused`
  std::atomic<bool> stall{false};        // the first reader to take it stays in its section
  std::atomic<bool> reported{false};     // until this, or kStallLimit
  std::atomic<int> staller{0};           // tid of who did
  std::atomic<int64_t> progress_at{0};   // when a grace period ended last

  std::mutex tallies;  // of the two below, to which every reader adds at its end
  std::array<uint64_t, kPipe + 1> ages{};
  uint64_t reads = 0;

  std::vector<Object*> graveyard;  // of the updater; freed when nobody reads any more
};

// A reader that goes on until the world stops.
void read_for_ever(World& world, Slot& slot, uint64_t random);
// A reader whose thread ends after a few reads.
void read_a_little(World& world, Slot& slot, uint64_t random);
// Replaces objects, and disturbs the readers, until the time is over or a violation was found.
struct UpdaterReport {
  uint64_t replaced = 0, floods = 0, pauses = 0, restarts = 0, stalls = 0;
  size_t deepest = 0;  // of the retire queue
  GraceSnapshot grace;
};
[[nodiscard]] UpdaterReport update(World& world);

}  // namespace pktsh::torture
