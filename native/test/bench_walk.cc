// SPDX-License-Identifier: Apache-2.0
// What it costs to walk a list of 1, 4 and 16 devices under each way to protect it: ns a walk on the thread's own CPU time,
// uncontended, in interleaved rounds. A second thread is alive, or glibc would leave locks out.
// Arguments: rounds (15), walks a round (200000).
#include <pthread.h>
#if __has_include(<urcu/urcu-qsbr.h>)
#define PKTSH_BENCH_URCU 1
#define _LGPL_SOURCE  // liburcu's inline forms, as a user of it would have them; tests only
#include <urcu/urcu-memb.h>
#include <urcu/urcu-qsbr.h>
#endif

#include <atomic>
#include <cstdlib>
#include <memory>
#include <shared_mutex>
#include <string>
#include <thread>

#include "../src/qsbr.h"
#include "bench.h"

using namespace pktsh;

namespace {

struct Node {
  std::atomic<Node*> next{nullptr};
  int64_t due = 0;
};

struct List {
  explicit List(int count) : nodes(std::make_unique<Node[]>(static_cast<size_t>(count))) {
    for (int i = count; i-- > 0;) {
      nodes[static_cast<size_t>(i)].due = i;
      nodes[static_cast<size_t>(i)].next.store(head.load());
      head.store(&nodes[static_cast<size_t>(i)]);
    }
  }
  std::unique_ptr<Node[]> nodes;
  std::atomic<Node*> head{nullptr};
};

// pktgen's next_to_run(): the one with the smallest next_tx.
inline void walk(const List& list) {
  const Node* best = nullptr;
  for (const Node* node = list.head.load(std::memory_order_acquire); node != nullptr;
       node = node->next.load(std::memory_order_acquire)) {
    if (best == nullptr || node->due < best->due) best = node;
  }
  asm volatile("" : : "r"(best));
}

// A function for each way, each at the start of a cache line as its loop is (Makefile): a difference of a cycle is what is
// measured, and where a loop of one large function happens to lie costs more than that.
template <typename Walk>
[[gnu::noinline]] double measure(int walks, Walk one) {
  const int64_t begin = clock_ns(CLOCK_THREAD_CPUTIME_ID);
  for (int i = 0; i < walks; i++) one();
  return static_cast<double>(clock_ns(CLOCK_THREAD_CPUTIME_ID) - begin) / walks;
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 15;
  const int walks = argc > 2 ? std::atoi(argv[2]) : 200'000;
  std::atomic<uint32_t> over{0};
  std::thread second([&] { over.wait(0); });

  Domain domain;
  Reader reader(domain, *domain.claim());
  pthread_spinlock_t spin;
  pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
  std::mutex mutex;
  std::shared_mutex shared;
#ifdef PKTSH_BENCH_URCU
  urcu_memb_register_thread();
#endif

  test::Figures figures;
  for (int round = 0; round < rounds; round++) {
    for (const int count : {1, 4, 16}) {
      List list(count);
      const std::atomic<std::shared_ptr<List>> pointer(std::make_shared<List>(count));
      const auto add = [&](const char* way, double ns) {
        figures.add(std::string("walk of ") + std::to_string(count) + ", " + way, ns);
      };
      add("nothing", measure(walks, [&] { walk(list); }));
      reader.online();
      add("ours", measure(walks, [&] {
            walk(list);
            (void)reader.quiescent();
          }));
      reader.offline();
#ifdef PKTSH_BENCH_URCU
      urcu_qsbr_register_thread();
      add("liburcu-qsbr", measure(walks, [&] {
            urcu_qsbr_read_lock();
            walk(list);
            urcu_qsbr_read_unlock();
            urcu_qsbr_quiescent_state();
          }));
      urcu_qsbr_unregister_thread();
      add("liburcu-memb", measure(walks, [&] {
            urcu_memb_read_lock();
            walk(list);
            urcu_memb_read_unlock();
          }));
#endif
      add("spinlock", measure(walks, [&] {
            pthread_spin_lock(&spin);
            walk(list);
            pthread_spin_unlock(&spin);
          }));
      add("mutex", measure(walks, [&] {
            const std::lock_guard<std::mutex> lock(mutex);
            walk(list);
          }));
      add("shared_mutex", measure(walks, [&] {
            const std::shared_lock<std::shared_mutex> lock(shared);
            walk(list);
          }));
      add("atomic<shared_ptr>", measure(walks, [&] {
            const std::shared_ptr<List> snapshot = pointer.load(std::memory_order_acquire);
            walk(*snapshot);
          }));
    }
  }
#ifdef PKTSH_BENCH_URCU
  urcu_memb_unregister_thread();
#endif
  over.store(1);
  over.notify_all();
  second.join();
  figures.print();
  return 0;
}
