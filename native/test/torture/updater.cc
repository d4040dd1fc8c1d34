// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "../../src/clock.h"
#include "../../src/grace.h"
#include "../../src/retire.h"
#include "world.h"

namespace pktsh::torture {

namespace {

constexpr size_t kBurstReaders = 2;
constexpr size_t kFlood = 512;                    // items of the queue that is flooded
constexpr uint64_t kFloodEvery = 4096;            // replacements; so are the others
constexpr uint64_t kPauseEvery = 2048;
constexpr uint64_t kSectionEvery = 64;
constexpr uint64_t kRestartEvery = 16;
constexpr size_t kMaxParked = 4096;               // objects in the pipe, and so descriptors, while a reader holds it up
constexpr int64_t kStallEvery = 2 * kSecond;

struct BurstReader {
  Slot* slot = nullptr;
  std::thread thread;
  std::atomic<bool> ended{false};
};

struct Parked {
  Object* object;
  Cookie cookie;
};

class Updater {
 public:
  explicit Updater(World& world) : world_(world), grace_(world.line), random_(seeded(world.options.seed, 0)) {}

  UpdaterReport run();

 private:
  [[nodiscard]] Cookie begin() { return grace_.begin(monotonic_now()); }
  Cookie ended();
  bool wait(Cookie cookie);
  bool going() const { return !world_.over() && world_.all_violations() == 0 && monotonic_now() < end_; }

  void replace();
  void age(Cookie done);
  void own_section();
  void flood();
  void pause();
  void stall();
  void restart_readers(bool again);

  World& world_;
  GracePeriods grace_;
  uint64_t random_;
  uint64_t serial_ = kObjects;
  int64_t end_ = 0;
  int64_t stalled_at_ = 0;
  std::deque<Parked> pipe_;
  std::array<BurstReader, kBurstReaders> bursts_;
  UpdaterReport report_;
};

// Up to which cookie grace periods are over.
Cookie Updater::ended() {
  const Cookie before = world_.line.domain.done();
  const Cookie done = world_.options.busted ? world_.line.domain.newest() : grace_.scan();
  if (done < before) world_.found(Violation::late);
  const int64_t now = monotonic_now();
  if (grace_.settle(done, now)) world_.progress_at.store(now, std::memory_order_relaxed);
  return done;
}

// False if the torture ended meanwhile.
bool Updater::wait(Cookie cookie) {
  while (ended() < cookie) {
    if (world_.over()) return false;
    std::this_thread::yield();
  }
  return true;
}

void Updater::replace() {
  const size_t which = next_random(random_) % kObjects;
  Object* const fresh = new Object(++serial_);
  Object* const old = world_.objects[which].load(std::memory_order_relaxed);
  world_.objects[which].store(fresh, std::memory_order_release);
  old->age.store(1, std::memory_order_relaxed);
  pipe_.push_back({old, begin()});
  report_.replaced++;
}

void Updater::age(Cookie done) {
  for (size_t left = pipe_.size(); left > 0 && pipe_.front().cookie <= done; left--) {
    Parked parked = pipe_.front();
    pipe_.pop_front();
    const int older = parked.object->age.load(std::memory_order_relaxed) + 1;
    parked.object->age.store(older, std::memory_order_relaxed);
    if (older < kPipe) {
      parked.cookie = begin();
      pipe_.push_back(parked);
    } else if (world_.options.busted) {
      world_.graveyard.push_back(parked.object);
    } else {
      delete parked.object;
    }
  }
}

// A grace period begun inside a section of one's own cannot end there; afterwards it does, and stays over.
void Updater::own_section() {
  Slot* const slot = world_.line.domain.claim();
  Cookie cookie = 0;
  {
    Reader reader(world_.line.domain, *slot);
    reader.online();
    cookie = begin();
    if (ended() >= cookie) world_.found(Violation::own_section);
    reader.offline();
  }
  world_.line.domain.release(slot);
  if (wait(cookie) && ended() < cookie) world_.found(Violation::late);
}

// More than the queue holds, as fast as it goes and without a look at what has ended.
void Updater::flood() {
  struct Freed {
    World* world;
    uint64_t last;
  } freed = {&world_, 0};
  struct Item {
    uint64_t number;
  };
  RetireQueue queue(&freed, kFlood);
  uint64_t number = 0;
  while (queue.room(1, sizeof(Item))) {
    queue.push({begin(), new Item{++number},
                [](void* owner, void* object) {
                  Freed& all = *static_cast<Freed*>(owner);
                  Item* const item = static_cast<Item*>(object);
                  if (item->number != ++all.last) all.world->found(Violation::flood);
                  delete item;
                },
                sizeof(Item)});
  }
  report_.deepest = std::max(report_.deepest, queue.items());
  if (number != kFlood) world_.found(Violation::flood);
  // All of it, also when the time is over: the readers go on until the updater says so.
  while (queue.items() > 0) {
    queue.reclaim(ended());
    if (world_.over()) queue.reclaim(UINT64_MAX);
    std::this_thread::yield();
  }
  if (freed.last != number) world_.found(Violation::flood);
  report_.floods++;
}

// All stop, all start. While all are offline a grace period ends without them.
void Updater::pause() {
  world_.paused.store(true, std::memory_order_relaxed);
  while (world_.waiting.load() < world_.readers.load() && !world_.over()) {
    (void)ended();
    std::this_thread::yield();
  }
  for (BurstReader& burst : bursts_) {
    while (burst.thread.joinable() && !burst.ended.load() && !world_.over()) std::this_thread::yield();
  }
  const Cookie cookie = begin();
  if (ended() < cookie && !world_.over()) world_.found(Violation::paused);
  world_.paused.store(false, std::memory_order_relaxed);
  // Until all go on: whoever does so only now would count as waiting the next time.
  while (world_.waiting.load() > 0) std::this_thread::yield();
  report_.pauses++;
}

// One reader stays in its section; the account of grace periods must name it.
void Updater::stall() {
  world_.staller.store(0);
  world_.reported.store(false);
  world_.stall.store(true, std::memory_order_release);
  while (world_.staller.load(std::memory_order_acquire) == 0) {
    if (world_.over()) return;
    (void)ended();
    std::this_thread::yield();
  }
  const Cookie cookie = begin();
  while (ended() < cookie) {
    if (world_.over()) return;
    for (const Event& event : grace_.stalls(monotonic_now(), true)) {
      if (event.tid == world_.staller.load() && event.phase == Phase::walk) world_.reported.store(true);
    }
    std::this_thread::yield();
  }
  if (!world_.reported.load()) world_.found(Violation::stall);
  report_.stalls++;
}

// Readers that ended: their threads are joined, and their slots go to the next.
void Updater::restart_readers(bool again) {
  for (BurstReader& burst : bursts_) {
    if (burst.thread.joinable()) {
      if (again && !burst.ended.load()) continue;
      burst.thread.join();
      world_.line.domain.release(burst.slot);
    }
    if (!again) continue;
    burst.ended.store(false);
    burst.slot = world_.line.domain.claim();
    burst.thread = std::thread([this, &burst, random = seeded(world_.options.seed, 1000 + report_.restarts)] {
      read_a_little(world_, *burst.slot, random);
      burst.ended.store(true);
    });
    report_.restarts++;
  }
}

UpdaterReport Updater::run() {
  end_ = monotonic_now() + static_cast<int64_t>(world_.options.seconds * static_cast<double>(kSecond));
  world_.progress_at.store(monotonic_now(), std::memory_order_relaxed);
  stalled_at_ = monotonic_now() - kStallEvery;  // the first at once
  while (going()) {
    const uint64_t draw = next_random(random_);
    if (pipe_.size() < kMaxParked) replace();
    age(ended());
    if (draw % kRestartEvery == 0) restart_readers(true);
    if (!world_.options.busted && !world_.options.stuck) {  // what follows are promises of grace periods that wait, and do end
      if (draw % kSectionEvery == 1) own_section();
      if (draw % kFloodEvery == 2) flood();
      if (draw % kPauseEvery == 3) pause();
      if (monotonic_now() - stalled_at_ > kStallEvery) {
        stall();
        stalled_at_ = monotonic_now();
      }
    }
    if (draw % 64 == 4) std::this_thread::yield();
  }
  world_.stop.store(true, std::memory_order_relaxed);
  restart_readers(false);
  for (const Parked& parked : pipe_) world_.graveyard.push_back(parked.object);
  report_.grace = grace_.snapshot();
  grace_.forget();
  return report_;
}

}  // namespace

UpdaterReport update(World& world) { return Updater(world).run(); }

}  // namespace pktsh::torture
