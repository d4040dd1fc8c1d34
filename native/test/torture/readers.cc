// SPDX-License-Identifier: Apache-2.0
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "../../src/clock.h"
#include "world.h"

namespace pktsh::torture {

namespace {

constexpr uint64_t kShortDelay = 4096;       // one look in so many takes 200 us more
constexpr uint64_t kLongDelay = 1u << 20;    // and one in so many 300 ms, longer than any scheduling
constexpr uint64_t kYield = 512;
constexpr uint64_t kDescriptor = 64;         // a system call in every look would be all that is tortured
constexpr uint64_t kOffline = 4096;          // as liburcu's own torture
constexpr uint64_t kMove = 1u << 14;         // to another CPU
constexpr int kBurst = 200;                  // looks of a reader that ends

struct Tally {
  std::array<uint64_t, kPipe + 1> ages{};
  uint64_t reads = 0;
};

void add(World& world, const Tally& tally) {
  const std::lock_guard<std::mutex> lock(world.tallies);
  for (size_t age = 0; age < tally.ages.size(); age++) world.ages[age] += tally.ages[age];
  world.reads += tally.reads;
}

void spin(const World& world, int64_t ns) {
  const int64_t until = monotonic_now() + ns;
  while (monotonic_now() < until && !world.over()) {
  }
}

void linger(World& world, uint64_t& random) {
  const uint64_t draw = next_random(random);
  if (draw % kShortDelay == 0) spin(world, 200 * kMicrosecond);
  if (draw % kLongDelay == 1) spin(world, 300 * kMillisecond);
  if (draw % kYield == 2) std::this_thread::yield();
  // relaxed: whoever takes it says so in `staller`
  if (!world.stall.load(std::memory_order_relaxed) || !world.stall.exchange(false, std::memory_order_acq_rel)) return;
  world.staller.store(gettid(), std::memory_order_release);
  const int64_t until = monotonic_now() + kStallLimit;
  while (monotonic_now() < until && !world.reported.load(std::memory_order_relaxed) && !world.over()) {
    std::this_thread::yield();
  }
}

void look(World& world, Reader& reader, uint64_t& random, Tally& tally) {
  const Reader::Section section(reader);
  // Taken inside the section: no grace period that begins from here on may end before the section does. Exact, without
  // any delay of notification.
  const Cookie fresh = world.line.domain.newest() + 1;
  const auto check = [&] {
    if (world.line.domain.done() >= fresh) world.found(Violation::cookie);
  };
  Object* const object = world.objects[next_random(random) % kObjects].load(std::memory_order_acquire);
  check();
  linger(world, random);
  check();
  if (!world.options.busted) {  // where reading is no longer protected the payload is left to the poison
    const uint8_t first = object->payload[0];
    bool whole = first != kPoison;
    for (const uint8_t byte : object->payload) whole = whole && byte == first;
    if (!whole) world.found(Violation::payload);
    uint64_t serial = 0;
    if (next_random(random) % kDescriptor == 0 &&
        (pread(object->fd, &serial, sizeof serial, 0) != sizeof serial || serial != object->serial)) {
      world.found(Violation::descriptor);
    }
  }
  check();
  const int age = object->age.load(std::memory_order_relaxed);
  if (age > 1) world.found(Violation::age);
  tally.ages[static_cast<size_t>(age)]++;
  tally.reads++;
}

void move_anywhere(uint64_t& random) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(next_random(random) % std::max(1u, std::thread::hardware_concurrency()), &set);
  sched_setaffinity(0, sizeof set, &set);  // refused where that CPU is not ours: then it stays where it is
}

void set_up(Slot& slot) {
  slot.tid.store(gettid(), std::memory_order_relaxed);
  slot.phase.store(static_cast<uint8_t>(Phase::walk), std::memory_order_relaxed);
}

}  // namespace

Object::Object(uint64_t number) : serial(number), fd(memfd_create("pktsh-torture", MFD_CLOEXEC)) {
  if (fd < 0 || pwrite(fd, &serial, sizeof serial, 0) != sizeof serial) {
    std::perror("torture: a file in memory");
    std::abort();
  }
  payload.fill(static_cast<uint8_t>(serial % kPoison));
}

Object::~Object() {
  close(fd);
  payload.fill(kPoison);
}

void read_for_ever(World& world, Slot& slot, uint64_t random) {
  Tally tally;
  set_up(slot);
  Reader reader(world.line.domain, slot);
  reader.online();
  while (!world.over()) {
    look(world, reader, random, tally);
    reader.quiescent();
    if (world.paused.load(std::memory_order_relaxed)) {
      reader.offline();
      world.waiting.fetch_add(1);
      while (world.paused.load(std::memory_order_relaxed) && !world.over()) std::this_thread::yield();
      world.waiting.fetch_sub(1);
      reader.online();
    }
    const uint64_t draw = next_random(random);
    if (draw % kOffline == 0) {
      reader.offline();
      std::this_thread::yield();
      reader.online();
    }
    if (draw % kMove == 1) move_anywhere(random);
  }
  reader.offline();
  add(world, tally);
}

void read_a_little(World& world, Slot& slot, uint64_t random) {
  Tally tally;
  set_up(slot);
  Reader reader(world.line.domain, slot);
  reader.online();
  for (int i = 0; i < kBurst && !world.over() && !world.paused.load(std::memory_order_relaxed); i++) {
    look(world, reader, random, tally);
    reader.quiescent();
  }
  reader.offline();
  add(world, tally);
}

}  // namespace pktsh::torture
