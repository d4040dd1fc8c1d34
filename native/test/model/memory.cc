// SPDX-License-Identifier: Apache-2.0
#include "memory.h"

#include <ucontext.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace pktsh::model {

namespace {

bool acquires(std::memory_order order) {
  return order == std::memory_order_acquire || order == std::memory_order_acq_rel || order == std::memory_order_seq_cst;
}
bool releases(std::memory_order order) {
  return order == std::memory_order_release || order == std::memory_order_acq_rel || order == std::memory_order_seq_cst;
}

}  // namespace

size_t Location::place(int write) const {
  return static_cast<size_t>(std::find(order.begin(), order.end(), write) - order.begin());
}

// The executions are the leaves of a tree of choices: which thread goes on, which write is read, where a write goes.
// Depth first; an execution repeats the choices on the stack and takes the first of each one after them.
int Machine::choose(int of) {
  if (of == 1 || draining_) return 0;
  if (depth_ == choices_.size()) choices_.push_back({0, of});
  if (choices_[depth_].of != of) {
    std::fprintf(stderr, "the program under exploration does not repeat itself\n");
    std::abort();
  }
  return choices_[depth_++].taken;
}

bool Machine::next_execution() {
  choices_.resize(depth_);  // of an execution that ended early
  while (!choices_.empty() && ++choices_.back().taken == choices_.back().of) choices_.pop_back();
  return !choices_.empty();
}

bool Machine::explore(int threads, const std::function<void()>& prepare, const std::function<void(int)>& body,
                      const std::function<void()>& finish) {
  machine() = this;
  executions_ = steps_ = 0;
  choices_.clear();
  do {
    depth_ = 0;
    violation_.clear();
    trace_.clear();
    locations_.clear();
    known_.fill({});
    for (Thread& thread : threads_) thread.begun = thread.ended = false;
    running_ = 0;
    sleeping_ = 0;
    draining_ = false;
    known_[0].clock[0] = 1;
    prepare();
    for (int i = 1; i <= threads; i++) {
      known_[static_cast<size_t>(i)] = known_[0];
      known_[static_cast<size_t>(i)].clock[static_cast<size_t>(i)] = 1;
    }
    run_threads(threads, body);
    if (!draining_) {
      finish();
      executions_++;
    }
  } while (violation_.empty() && next_execution());
  return violation_.empty();
}

void Machine::trampoline() {
  Machine& self = *machine();
  (*self.body_)(self.running_);
  self.threads_[static_cast<size_t>(self.running_)].ended = true;
  longjmp(self.scheduler_, 1);
}

void Machine::switch_to(int index) {
  Thread& thread = threads_[static_cast<size_t>(index)];
  running_ = index;
  if (_setjmp(scheduler_) != 0) return;
  if (thread.begun) longjmp(thread.at, 1);
  thread.begun = true;
  thread.stack.resize(kStack);
  // Only to get onto the new stack: from then on jumps are enough, and they need no system call.
  ucontext_t context;
  getcontext(&context);
  context.uc_stack.ss_sp = thread.stack.data();
  context.uc_stack.ss_size = thread.stack.size();
  context.uc_link = nullptr;
  makecontext(&context, trampoline, 0);
  setcontext(&context);
}

void Machine::run_threads(int threads, const std::function<void(int)>& body) {
  body_ = &body;
  for (int i = 1; i <= threads; i++) switch_to(i);  // up to its first access
  for (;;) {
    std::array<int, kThreads> ready{};
    int count = 0;
    bool ended = true;
    for (int i = 1; i <= threads; i++) {
      if (threads_[static_cast<size_t>(i)].ended) continue;
      ended = false;
      if (draining_ || (sleeping_ & 1u << i) == 0) ready[static_cast<size_t>(count++)] = i;
    }
    if (ended) break;
    if (count == 0) {
      draining_ = true;
      continue;
    }
    if (!violation_.empty()) draining_ = true;  // nothing matters any more
    const int taken = choose(count);
    const int thread = ready[static_cast<size_t>(taken)];
    for (int i = 0; i < taken; i++) sleeping_ |= 1u << ready[static_cast<size_t>(i)];
    for (int i = 1; i <= threads; i++) {
      if (!commute(i, thread)) sleeping_ &= ~(1u << i);
    }
    switch_to(thread);
  }
  running_ = 0;
  // The threads have been joined.
  for (int i = 1; i <= threads; i++) learn(known_[static_cast<size_t>(i)]);
}

// Before every access: the others may go first.
void Machine::point(const void* address, bool writes) {
  if (!draining_) steps_++;
  if (running_ == 0) return;
  Thread& thread = threads_[static_cast<size_t>(running_)];
  thread.next = address;
  thread.next_writes = writes;
  if (_setjmp(thread.at) == 0) longjmp(scheduler_, 1);
}

bool Machine::commute(int one, int other) const {
  const Thread& a = threads_[static_cast<size_t>(one)];
  const Thread& b = threads_[static_cast<size_t>(other)];
  return a.next != b.next || (!a.next_writes && !b.next_writes);
}

Location& Machine::location(const void* address, uint64_t initial, int& index) {
  const auto found = std::find_if(locations_.begin(), locations_.end(), [&](const Location& l) { return l.address == address; });
  index = static_cast<int>(found - locations_.begin());
  if (found != locations_.end()) return *found;
  if (index == kLocations) {
    std::fprintf(stderr, "more variables than %d\n", kLocations);
    std::abort();
  }
  Location fresh;
  fresh.address = address;
  fresh.writes.push_back({initial, {}, false});
  fresh.order.push_back(0);
  locations_.push_back(std::move(fresh));
  return locations_.back();
}

// The writes that the running thread may read, in modification order; `unread`: by a read-modify-write.
std::vector<int> Machine::readable(const Location& at, int index, bool unread) const {
  const int newest = known_[static_cast<size_t>(running_)].write[static_cast<size_t>(index)];
  std::vector<int> found;
  for (size_t place = at.place(newest); place < at.order.size(); place++) {
    if (!unread || !at.writes[static_cast<size_t>(at.order[place])].updated) found.push_back(at.order[place]);
  }
  return found;
}

void Machine::learn(const Knowledge& known) {
  Knowledge& own = known_[static_cast<size_t>(running_)];
  for (size_t i = 0; i < locations_.size(); i++) {
    if (locations_[i].place(known.write[i]) > locations_[i].place(own.write[i])) own.write[i] = known.write[i];
  }
  for (size_t i = 0; i < kThreads; i++) own.clock[i] = std::max(own.clock[i], known.clock[i]);
}

void Machine::see(int index, int write) { known_[static_cast<size_t>(running_)].write[static_cast<size_t>(index)] = write; }

// A new write at `place` of the modification order. `sequence`: the write that it has updated, whose release sequence it
// continues.
int Machine::insert(Location& at, int index, size_t place, uint64_t value, std::memory_order order, const Write* sequence) {
  const int id = static_cast<int>(at.writes.size());
  Write write;
  write.value = value;
  if (sequence != nullptr) write.known = sequence->known;
  at.order.insert(at.order.begin() + static_cast<ptrdiff_t>(place), id);
  at.writes.push_back(write);
  see(index, id);
  Knowledge& own = known_[static_cast<size_t>(running_)];
  Knowledge& told = at.writes.back().known;
  if (releases(order)) {
    for (size_t i = 0; i < locations_.size(); i++) {
      if (locations_[i].place(own.write[i]) > locations_[i].place(told.write[i])) told.write[i] = own.write[i];
    }
    for (size_t i = 0; i < kThreads; i++) told.clock[i] = std::max(told.clock[i], own.clock[i]);
    own.clock[static_cast<size_t>(running_)]++;  // what comes later is not told by this write
  } else {
    told.write[static_cast<size_t>(index)] = id;
  }
  return id;
}

void Machine::note(const char* what, const void* address, uint64_t value) {
  if (!draining_ && violation_.empty()) trace_.push_back({running_, what, address, value});
}

uint64_t Machine::load(const void* address, uint64_t initial, std::memory_order order) {
  point(address, false);
  int index = 0;
  Location& at = location(address, initial, index);
  const std::vector<int> candidates = readable(at, index, false);
  const int read = candidates[static_cast<size_t>(choose(static_cast<int>(candidates.size())))];
  const Write& write = at.writes[static_cast<size_t>(read)];
  see(index, read);
  if (acquires(order)) learn(write.known);
  note("load", address, write.value);
  return write.value;
}

void Machine::store(const void* address, uint64_t initial, uint64_t value, std::memory_order order) {
  point(address, true);
  int index = 0;
  Location& at = location(address, initial, index);
  // Anywhere after what this thread knows of, but not between a read-modify-write and what it has read.
  std::vector<int> after;
  for (const int write : readable(at, index, true)) after.push_back(write);
  const int before = after[static_cast<size_t>(choose(static_cast<int>(after.size())))];
  insert(at, index, at.place(before) + 1, value, order, nullptr);
  note("store", address, value);
}

uint64_t Machine::update(const void* address, uint64_t initial, const std::function<uint64_t(uint64_t)>& next,
                         std::memory_order order, const char* what) {
  point(address, true);
  int index = 0;
  Location& at = location(address, initial, index);
  const std::vector<int> candidates = readable(at, index, true);
  const int read = candidates[static_cast<size_t>(choose(static_cast<int>(candidates.size())))];
  Write write = at.writes[static_cast<size_t>(read)];
  at.writes[static_cast<size_t>(read)].updated = true;
  see(index, read);
  if (acquires(order)) learn(write.known);
  insert(at, index, at.place(read) + 1, next(write.value), order, &write);
  note(what, address, next(write.value));
  return write.value;
}

bool Machine::exchange_if(const void* address, uint64_t initial, uint64_t& expected, uint64_t desired,
                          std::memory_order success, std::memory_order failure, bool weak) {
  point(address, true);
  int index = 0;
  Location& at = location(address, initial, index);
  struct Case {
    int write;
    bool succeeds;
  };
  std::vector<Case> cases;
  for (const int write : readable(at, index, false)) {
    const Write& found = at.writes[static_cast<size_t>(write)];
    if (found.value != expected) {
      cases.push_back({write, false});
      continue;
    }
    if (!found.updated) cases.push_back({write, true});
    if (weak) cases.push_back({write, false});  // spurious: no more than a load
  }
  const Case taken = cases[static_cast<size_t>(choose(static_cast<int>(cases.size())))];
  Write write = at.writes[static_cast<size_t>(taken.write)];
  see(index, taken.write);
  if (!taken.succeeds) {
    if (acquires(failure)) learn(write.known);
    expected = write.value;
    note("compare_exchange failed", address, write.value);
    return false;
  }
  at.writes[static_cast<size_t>(taken.write)].updated = true;
  if (acquires(success)) learn(write.known);
  insert(at, index, at.place(taken.write) + 1, desired, success, &write);
  note("compare_exchange", address, desired);
  return true;
}

void Machine::plain_read(Plain& plain, const char* what) {
  const Knowledge& own = known_[static_cast<size_t>(running_)];
  note(what, &plain, 0);
  for (size_t i = 0; i < kThreads; i++) {
    if (plain.written[i] > own.clock[i]) fail(std::string(what) + ": not after a write");
  }
  plain.read[static_cast<size_t>(running_)] = own.clock[static_cast<size_t>(running_)];
}

void Machine::plain_write(Plain& plain, const char* what) {
  const Knowledge& own = known_[static_cast<size_t>(running_)];
  note(what, &plain, 0);
  for (size_t i = 0; i < kThreads; i++) {
    if (plain.written[i] > own.clock[i]) fail(std::string(what) + ": not after a write");
    if (plain.read[i] > own.clock[i]) fail(std::string(what) + ": not after a read");
  }
  plain.written[static_cast<size_t>(running_)] = own.clock[static_cast<size_t>(running_)];
}

void Machine::fail(std::string what) {
  if (!draining_ && violation_.empty()) violation_ = std::move(what);
}

}  // namespace pktsh::model
