// SPDX-License-Identifier: Apache-2.0
// Readers and one updater at full speed over a list of objects that are replaced for ever. Found out: an object older than
// one grace period in a reader's hands (pipe age), a grace period that ends inside a read section begun before it (cookie),
// a payload half published or poisoned. The busted domain, whose grace periods end at once, shows that this finds what it
// should. TORTURE_SECONDS (2) is how long; what the sanitizers add is that freed memory and races are seen directly.
#include <array>
#include <atomic>
#include <cstdlib>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "../src/clock.h"
#include "../src/qsbr.h"
#include "harness.h"

using namespace pktsh;

namespace {

constexpr int kReaders = 3;
constexpr int kObjects = 4;
constexpr int kPipe = 10;           // grace periods that an object lives on after its first, to be caught in the act
constexpr uint8_t kPoison = 0xdb;
constexpr size_t kPayload = 64;

struct Object {
  std::atomic<int> age{0};  // 0 live, 1 unlinked, then one more a grace period
  std::array<uint8_t, kPayload> payload{};  // plain on purpose: races and stale reads show
};

struct Findings {
  std::array<std::atomic<uint64_t>, kPipe + 1> ages{};
  std::atomic<uint64_t> cookie{0};   // grace periods that ended inside a section begun before them
  std::atomic<uint64_t> payload{0};  // objects not whole
  std::atomic<uint64_t> reads{0};
};

struct World {
  Domain domain;
  std::array<std::atomic<Object*>, kObjects> objects{};
  std::atomic<bool> stop{false};
  Findings findings;
  bool busted = false;
};

uint64_t next_random(uint64_t& state) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

void linger(uint64_t& random) {
  const uint64_t draw = next_random(random);
  if (draw % 4096 == 0) {
    const int64_t until = monotonic_now() + 200 * kMicrosecond;
    while (monotonic_now() < until) {
    }
  } else if (draw % 512 == 1) {
    std::this_thread::yield();
  }
}

void look(World& world, Reader& reader, uint64_t& random) {
  const Reader::Section section(reader);
  // Taken inside the section: no grace period begun from here on may end before the section does.
  const Cookie fresh = world.domain.newest() + 1;
  Object* const object = world.objects[next_random(random) % kObjects].load(std::memory_order_acquire);
  linger(random);
  uint8_t first = 0;
  if (!world.busted) {  // where reading is no longer protected the payload is left to the poison
    first = object->payload[0];
    bool whole = first != kPoison;
    for (const uint8_t byte : object->payload) whole = whole && byte == first;
    if (!whole) world.findings.payload.fetch_add(1, std::memory_order_relaxed);
  }
  if (world.domain.done() >= fresh) world.findings.cookie.fetch_add(1, std::memory_order_relaxed);
  world.findings.ages[static_cast<size_t>(object->age.load(std::memory_order_relaxed))].fetch_add(
      1, std::memory_order_relaxed);
  world.findings.reads.fetch_add(1, std::memory_order_relaxed);
}

void read_for_ever(World& world, Slot& slot, uint64_t seed) {
  uint64_t random = seed;
  Reader reader(world.domain, slot);
  reader.online();
  while (!world.stop.load(std::memory_order_relaxed)) {
    look(world, reader, random);
    reader.quiescent();
    if (next_random(random) % 256 == 0) {
      reader.offline();
      std::this_thread::yield();
      reader.online();
    }
  }
  reader.offline();
}

// A reader whose thread ends and whose slot goes to the next.
void read_in_bursts(World& world, Slot& slot) {
  for (uint64_t seed = 77; !world.stop.load(std::memory_order_relaxed); seed++) {
    std::thread burst([&] {
      uint64_t random = seed * 2654435761;
      Reader reader(world.domain, slot);
      reader.online();
      for (int i = 0; i < 200; i++) {
        look(world, reader, random);
        reader.quiescent();
      }
      reader.offline();
    });
    burst.join();
  }
}

struct Parked {
  Object* object;
  Cookie cookie;
};

// Replaces objects; the old ones age through the pipe and are freed at its end. In the busted domain no grace period is
// waited for, and nothing is freed before the readers are gone.
void update_for(World& world, int seconds, std::vector<Object*>& graveyard) {
  std::deque<Parked> pipe;
  uint64_t random = 99;
  const int64_t end = monotonic_now() + seconds * kSecond;
  for (uint64_t replaced = 1; monotonic_now() < end; replaced++) {
    const size_t which = next_random(random) % kObjects;
    Object* const fresh = new Object;
    fresh->payload.fill(static_cast<uint8_t>(replaced % kPoison));
    Object* const old = world.objects[which].load(std::memory_order_relaxed);
    world.objects[which].store(fresh, std::memory_order_release);
    old->age.store(1, std::memory_order_relaxed);
    pipe.push_back({old, world.domain.start()});
    for (size_t left = pipe.size(); left > 0 && (world.busted || world.domain.poll(pipe.front().cookie)); left--) {
      Parked parked = pipe.front();
      pipe.pop_front();
      const int age = parked.object->age.load(std::memory_order_relaxed) + 1;
      parked.object->age.store(age, std::memory_order_relaxed);
      if (age < kPipe) {
        parked.cookie = world.domain.start();
        pipe.push_back(parked);
      } else if (world.busted) {
        graveyard.push_back(parked.object);
      } else {
        parked.object->payload.fill(kPoison);
        delete parked.object;
      }
    }
    if (replaced % 64 == 0) std::this_thread::yield();
  }
  world.stop.store(true, std::memory_order_relaxed);
  for (const Parked& parked : pipe) graveyard.push_back(parked.object);
}

int torture_seconds() {
  const char* const text = std::getenv("TORTURE_SECONDS");
  const int seconds = text == nullptr ? 0 : std::atoi(text);
  return seconds > 0 ? seconds : 2;
}

// What readers saw while the updater went on for `seconds`.
void torture(World& world, int seconds) {
  for (std::atomic<Object*>& object : world.objects) object.store(new Object, std::memory_order_relaxed);
  std::vector<Object*> graveyard;
  std::vector<std::thread> readers;
  for (int i = 0; i < kReaders - 1; i++) {
    Slot* const slot = world.domain.claim();
    readers.emplace_back([&world, slot, i] { read_for_ever(world, *slot, 0x9e3779b9u + static_cast<uint64_t>(i)); });
  }
  Slot* const slot = world.domain.claim();
  readers.emplace_back([&world, slot] { read_in_bursts(world, *slot); });
  update_for(world, seconds, graveyard);
  for (std::thread& reader : readers) reader.join();
  for (Object* const object : graveyard) delete object;
  for (std::atomic<Object*>& object : world.objects) delete object.load(std::memory_order_relaxed);

  std::printf("    %llu reads, %llu grace periods, ages", static_cast<unsigned long long>(world.findings.reads.load()),
              static_cast<unsigned long long>(world.domain.newest()));
  for (const std::atomic<uint64_t>& age : world.findings.ages) {
    std::printf(" %llu", static_cast<unsigned long long>(age.load()));
  }
  std::printf("\n");
}

uint64_t too_old(const Findings& findings) {
  uint64_t sum = 0;
  for (size_t age = 2; age < findings.ages.size(); age++) sum += findings.ages[age].load();
  return sum;
}

void protects() {
  auto world = std::make_unique<World>();
  torture(*world, torture_seconds());
  CHECK(world->findings.reads.load() > 0);
  CHECK(world->domain.done() > 1);
  CHECK_EQUAL(too_old(world->findings), 0);
  CHECK_EQUAL(world->findings.cookie.load(), 0);
  CHECK_EQUAL(world->findings.payload.load(), 0);
}

void finds_a_busted_domain_out() {
  auto world = std::make_unique<World>();
  world->busted = true;
  torture(*world, 1);
  CHECK(too_old(world->findings) > 0);
}

}  // namespace

int main() {
  return test::run({{"torture: nothing is freed in a reader's hands", protects},
                    {"torture: a busted domain is found out", finds_a_busted_domain_out}});
}
