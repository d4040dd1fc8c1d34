// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <csetjmp>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

// Every execution that C++'s release/acquire memory model allows to a few short threads, one after the other: a view
// machine. A variable is its modification order; a thread may read any write that is not older than one that it knows of,
// and an acquire that reads from a release takes over what the writer knew. Whether two plain accesses race is told from the
// same knowledge (vector clocks). Not modelled: load buffering, fences, sequential consistency; the protocol uses none.
namespace pktsh::model {

inline constexpr int kThreads = 4;      // at most; thread 0 prepares, before the others begin
inline constexpr int kLocations = 16;   // atomic variables that one execution touches
inline constexpr size_t kStack = 1 << 16;

// What a thread knows: of each variable the newest write (an index of its writes), of each thread how far it has come.
struct Knowledge {
  std::array<int, kLocations> write{};
  std::array<uint32_t, kThreads> clock{};
};

struct Write {
  uint64_t value = 0;
  Knowledge known;       // what an acquire that reads it learns
  bool updated = false;  // a read-modify-write has read it: nothing comes between the two
};

struct Location {
  const void* address = nullptr;
  std::vector<Write> writes;  // as they were made
  std::vector<int> order;     // modification order: indices of `writes`

  [[nodiscard]] size_t place(int write) const;
};

// One access, for the trace of a violation.
struct Step {
  int thread = 0;
  const char* what = "";
  const void* address = nullptr;
  uint64_t value = 0;
};

class Machine {
 public:
  // Runs `body(thread)` of the threads 1 to `threads` through every execution, after `prepare` and before `finish`, until
  // one is a violation. True if none is.
  [[nodiscard]] bool explore(int threads, const std::function<void()>& prepare, const std::function<void(int)>& body,
                             const std::function<void()>& finish);
  // Executions, one of each class of those that differ but in the order of independent accesses.
  [[nodiscard]] uint64_t executions() const { return executions_; }
  [[nodiscard]] uint64_t steps() const { return steps_; }
  [[nodiscard]] const std::string& violation() const { return violation_; }
  [[nodiscard]] const std::vector<Step>& trace() const { return trace_; }

  // Of the variables; `initial` is what the address held before anybody wrote it.
  uint64_t load(const void* address, uint64_t initial, std::memory_order order);
  void store(const void* address, uint64_t initial, uint64_t value, std::memory_order order);
  uint64_t update(const void* address, uint64_t initial, const std::function<uint64_t(uint64_t)>& next,
                  std::memory_order order, const char* what);
  bool exchange_if(const void* address, uint64_t initial, uint64_t& expected, uint64_t desired, std::memory_order success,
                   std::memory_order failure, bool weak);

  // What is plain memory to the program: an access that another thread's access neither precedes nor follows is a
  // violation where one of them writes.
  struct Plain {
    std::array<uint32_t, kThreads> read{};
    std::array<uint32_t, kThreads> written{};
  };
  void plain_read(Plain& plain, const char* what);
  void plain_write(Plain& plain, const char* what);
  // Ends the execution: the program found something wrong itself.
  void fail(std::string what);

 private:
  struct Choice {
    int taken = 0;
    int of = 0;
  };
  struct Thread {
    jmp_buf at;
    bool begun = false;
    bool ended = false;
    const void* next = nullptr;  // the variable of the access that it is about to make
    bool next_writes = false;
    std::vector<uint8_t> stack;
  };

  static void trampoline();
  int choose(int of);
  bool next_execution();
  void point(const void* address, bool writes);
  [[nodiscard]] bool commute(int one, int other) const;
  void run_threads(int threads, const std::function<void(int)>& body);
  void switch_to(int thread);
  Location& location(const void* address, uint64_t initial, int& index);
  std::vector<int> readable(const Location& at, int index, bool unread) const;
  void learn(const Knowledge& known);
  void see(int index, int write);
  int insert(Location& at, int index, size_t place, uint64_t value, std::memory_order order, const Write* sequence);
  void note(const char* what, const void* address, uint64_t value);

  std::vector<Choice> choices_;
  size_t depth_ = 0;
  uint64_t executions_ = 0;
  uint64_t steps_ = 0;
  std::string violation_;
  std::vector<Step> trace_;

  std::vector<Location> locations_;
  std::array<Knowledge, kThreads> known_{};
  std::array<Thread, kThreads> threads_{};
  const std::function<void(int)>* body_ = nullptr;
  jmp_buf scheduler_;
  int running_ = 0;

  // Sleep sets: threads whose next access was already tried here, and commutes with everything done since. An execution in
  // which all that could go on sleep is another one in a different order, and is broken off.
  uint32_t sleeping_ = 0;
  bool draining_ = false;  // broken off: the threads only come to their ends
};

// The machine that runs.
inline Machine*& machine() {
  static Machine* running = nullptr;
  return running;
}

// std::atomic, as far as the protocol uses it. To be looked at from inside an execution only.
template <typename T>
class Explored {
 public:
  Explored(T initial) : initial_(static_cast<uint64_t>(initial)) {}  // NOLINT: as std::atomic
  Explored(const Explored&) = delete;
  Explored& operator=(const Explored&) = delete;

  [[nodiscard]] T load(std::memory_order order) const { return static_cast<T>(machine()->load(this, initial_, order)); }
  void store(T value, std::memory_order order) {
    machine()->store(this, initial_, static_cast<uint64_t>(value), order);
  }
  T exchange(T value, std::memory_order order) {
    const auto next = [value](uint64_t) { return static_cast<uint64_t>(value); };
    return static_cast<T>(machine()->update(this, initial_, next, order, "exchange"));
  }
  T fetch_add(T value, std::memory_order order) {
    const auto next = [value](uint64_t old) { return old + static_cast<uint64_t>(value); };
    return static_cast<T>(machine()->update(this, initial_, next, order, "fetch_add"));
  }
  bool compare_exchange_strong(T& expected, T desired, std::memory_order success, std::memory_order failure) {
    return compare(expected, desired, success, failure, false);
  }
  bool compare_exchange_weak(T& expected, T desired, std::memory_order success, std::memory_order failure) {
    return compare(expected, desired, success, failure, true);
  }

 private:
  bool compare(T& expected, T desired, std::memory_order success, std::memory_order failure, bool weak) {
    uint64_t found = static_cast<uint64_t>(expected);
    const bool done =
        machine()->exchange_if(this, initial_, found, static_cast<uint64_t>(desired), success, failure, weak);
    expected = static_cast<T>(found);
    return done;
  }

  uint64_t initial_;
};

}  // namespace pktsh::model
