// SPDX-License-Identifier: Apache-2.0
// The grace periods' own code (qsbr.h, not a copy of its ideas) through every execution that its memory orders allow, in
// scenarios of one updater and one or two readers. Violations: an object used after it was freed, freed while in use, or
// seen before it was complete. Prints each scenario's executions; a violation is printed as the order of its accesses, and
// makes the exit status 1.
#include <array>
#include <cstdio>
#include <functional>
#include <new>
#include <vector>

#include "memory.h"
#include "qsbr.h"

using namespace pktsh;
using model::Explored;
using model::Machine;

namespace {

using Domain = BasicDomain<Explored>;
using Reader = BasicReader<Explored>;

constexpr int kObjects = 3;

// Where it lies is the same in every execution, so that the machine knows its variables again.
struct World {
  Domain domain;
  Explored<uint64_t> head{1};  // the list: which object is linked, 0: none
  std::array<Machine::Plain, kObjects + 1> objects{};
  std::array<Domain::Slot*, 2> slots{};
};

World* world = nullptr;
Machine* machine = nullptr;

void walk(Reader& reader) {
  const Reader::Section section(reader);
  const uint64_t object = world->head.load(std::memory_order_acquire);
  if (object != 0) machine->plain_read(world->objects[object], "use");
}

// Puts `next` in the place of the object linked, and gives the cookie after which that one is free.
Cookie replace(uint64_t next) {
  if (next != 0) machine->plain_write(world->objects[next], "fill");
  world->head.store(next, std::memory_order_release);
  return world->domain.start();
}

// As many looks as the scenario has; the control thread goes on looking, and what matters is the look that says yes.
bool ended(Cookie cookie, int looks) {
  for (int i = 0; i < looks; i++) {
    if (world->domain.poll(cookie)) return true;
  }
  return false;
}

void free_object(uint64_t object) { machine->plain_write(world->objects[object], "free"); }

Reader reader_of(int which) { return Reader(world->domain, *world->slots[static_cast<size_t>(which)]); }

void one_section(int which) {
  Reader reader = reader_of(which);
  reader.online();
  walk(reader);
  reader.offline();
}

struct Scenario {
  const char* name;
  int readers;
  std::function<void()> updater;
  std::function<void(int)> reader;  // which
};

const std::vector<Scenario>& scenarios() {
  static const auto* const all = new std::vector<Scenario>{
      {"a section against one look", 1,
       [] {
         const Cookie cookie = replace(0);
         if (ended(cookie, 1)) free_object(1);
       },
       one_section},
      {"a section against two looks, replaced", 1,
       [] {
         const Cookie cookie = replace(2);
         if (ended(cookie, 2)) free_object(1);
       },
       one_section},
      {"quiescent between two walks", 1,
       [] {
         const Cookie cookie = replace(0);
         if (ended(cookie, 2)) free_object(1);
       },
       [](int which) {
         Reader reader = reader_of(which);
         reader.online();
         walk(reader);
         reader.quiescent();
         walk(reader);
         reader.offline();
       }},
      {"offline between two walks", 1,
       [] {
         const Cookie cookie = replace(0);
         if (ended(cookie, 1)) free_object(1);
       },
       [](int which) {
         Reader reader = reader_of(which);
         reader.online();
         walk(reader);
         reader.offline();
         reader.online();
         walk(reader);
         reader.offline();
       }},
      {"two grace periods", 1,
       [] {
         const Cookie first = replace(2);
         const Cookie second = replace(3);
         if (ended(first, 1)) free_object(1);
         if (ended(second, 1)) free_object(2);
       },
       [](int which) {
         Reader reader = reader_of(which);
         reader.online();
         walk(reader);
         reader.quiescent();
         walk(reader);
         reader.offline();
       }},
      {"two readers", 2,
       [] {
         const Cookie cookie = replace(0);
         if (ended(cookie, 1)) free_object(1);
       },
       one_section},
      {"two readers, one of them quiescent", 2,
       [] {
         const Cookie cookie = replace(2);
         if (ended(cookie, 1)) free_object(1);
       },
       [](int which) {
         Reader reader = reader_of(which);
         reader.online();
         walk(reader);
         if (which == 0) {
           reader.quiescent();
           walk(reader);
         }
         reader.offline();
       }},
  };
  return *all;
}

void prepare() {
  alignas(World) static uint8_t memory[sizeof(World)];
  world = new (memory) World;  // every variable as new; nothing of it needs an end
  for (Domain::Slot*& slot : world->slots) slot = world->domain.claim();
}

// Everything said, and nothing left: a grace period ends when nobody reads any more.
void finish() {
  if (machine->violation().empty() && !world->domain.poll(world->domain.newest())) {
    machine->fail("a grace period that does not end though nobody reads");
  }
}

}  // namespace

int main() {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  Machine exploring;
  machine = &exploring;
  int wrong = 0;
  uint64_t executions = 0;
  for (const Scenario& scenario : scenarios()) {
    const bool holds = exploring.explore(
        scenario.readers + 1, prepare,
        [&](int thread) {
          if (thread == 1) {
            scenario.updater();
          } else {
            scenario.reader(thread - 2);
          }
        },
        finish);
    executions += exploring.executions();
    std::printf("%s %s: %llu executions, %llu accesses\n", holds ? "ok" : "not ok", scenario.name,
                static_cast<unsigned long long>(exploring.executions()),
                static_cast<unsigned long long>(exploring.steps()));
    if (holds) continue;
    wrong++;
    std::printf("  %s, after\n", exploring.violation().c_str());
    for (const model::Step& step : exploring.trace()) {
      std::printf("    thread %d: %s %p %llu\n", step.thread, step.what, step.address,
                  static_cast<unsigned long long>(step.value));
    }
  }
  std::printf("%llu executions\n", static_cast<unsigned long long>(executions));
  std::printf("%zu passed, %d failed, 0 skipped\n", scenarios().size() - static_cast<size_t>(wrong), wrong);
  return wrong == 0 ? 0 : 1;
}
