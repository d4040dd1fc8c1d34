// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "cases.h"

// Checks without a Case at hand, for tests whose helpers check too: they go to the test that is running.
namespace pktsh::test {

struct Test {
  const char* name;
  void (*body)();
};

inline Case*& current() {
  static Case* running = nullptr;
  return running;
}

template <typename A, typename B>
void check_equal(const A& actual, const B& expected, const char* what, int line) {
  current()->equal(actual, static_cast<A>(expected), what, line);
}

// Waits for what threads need to get done, on a machine that may be busy with other things.
[[nodiscard]] inline bool eventually_within(int seconds, const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return holds();
    usleep(100);
  }
  return true;
}

inline int run(const std::vector<Test>& tests) {
  Cases cases;
  for (const Test& test : tests) {
    cases.run(test.name, [&test](Case& running) {
      current() = &running;
      test.body();
    });
  }
  return cases.finish();
}

}  // namespace pktsh::test

#define CHECK(condition) ::pktsh::test::current()->check(static_cast<bool>(condition), #condition, __LINE__)
#define CHECK_EQUAL(actual, expected) ::pktsh::test::check_equal((actual), (expected), #actual, __LINE__)
