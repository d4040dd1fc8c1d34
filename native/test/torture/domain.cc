// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <thread>
#include <vector>

#include "../../src/clock.h"
#include "latency.h"
#include "world.h"

namespace pktsh::torture {

namespace {

constexpr int kReaders = 3;

// Says so, and ends the torture, when no grace period has ended for too long.
void watch(World& world) {
  const auto limit = static_cast<int64_t>(world.options.watchdog_seconds * static_cast<double>(kSecond));
  while (!world.over()) {
    usleep(10'000);  // polls the clock; nothing waits for this thread but its own end
    const int64_t since = world.progress_at.load(std::memory_order_relaxed);
    if (since == 0 || monotonic_now() - since < limit) continue;
    world.found(Violation::watchdog);
    world.stop.store(true, std::memory_order_relaxed);
  }
}

// Online from the first to the last.
void never_quiescent(World& world, Slot& slot) {
  Reader reader(world.line.domain, slot);
  reader.online();
  while (!world.over()) std::this_thread::yield();
  reader.offline();
}

}  // namespace

uint64_t torture_domain(const Options& options) {
  auto world = std::make_unique<World>(options);
  world->line.wake = [] {};  // the updater polls all the time
  for (size_t i = 0; i < kObjects; i++) world->objects[i].store(new Object(i), std::memory_order_relaxed);
  std::vector<std::thread> threads;
  world->readers.store(kReaders);
  for (uint64_t i = 0; i < kReaders; i++) {
    Slot* const slot = world->line.domain.claim();
    threads.emplace_back([&, slot, i] { read_for_ever(*world, *slot, seeded(options.seed, 1 + i)); });
  }
  if (options.stuck) {
    Slot* const slot = world->line.domain.claim();
    threads.emplace_back([&, slot] { never_quiescent(*world, *slot); });
  }
  threads.emplace_back([&] { watch(*world); });
  const UpdaterReport report = update(*world);
  for (std::thread& thread : threads) thread.join();
  for (Object* const object : world->graveyard) delete object;
  for (std::atomic<Object*>& object : world->objects) delete object.load(std::memory_order_relaxed);

  std::printf("domain: %llu reads, %llu replacements, %llu grace periods; %llu floods (retire queue at most %zu deep), "
              "%llu pauses, %llu readers restarted, %llu stalls reported\n",
              static_cast<unsigned long long>(world->reads), static_cast<unsigned long long>(report.replaced),
              static_cast<unsigned long long>(report.grace.completed), static_cast<unsigned long long>(report.floods),
              report.deepest, static_cast<unsigned long long>(report.pauses),
              static_cast<unsigned long long>(report.restarts), static_cast<unsigned long long>(report.stalls));
  std::printf("  ages");
  for (const uint64_t count : world->ages) std::printf(" %llu", static_cast<unsigned long long>(count));
  std::printf("\n");
  print_latency(report.grace.latency);
  for (size_t i = 0; i < kViolations.size(); i++) {
    const uint64_t count = world->violations[i].load();
    if (count > 0) std::printf("  VIOLATION: %s (%llu times)\n", kViolations[i], static_cast<unsigned long long>(count));
  }
  return world->all_violations();
}

}  // namespace pktsh::torture
