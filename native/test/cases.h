// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <type_traits>

namespace pktsh::test {

// One test: what it finds wrong it prints with its line, and goes on.
class Case {
 public:
  void check(bool holds, const std::string& what, int line = __builtin_LINE()) {
    if (holds) return;
    failed_ = true;
    std::printf("  line %d: %s\n", line, what.c_str());
  }

  template <typename A, typename B>
  void equal(const A& actual, const B& expected, const std::string& what, int line = __builtin_LINE()) {
    if (actual == expected) return;
    check(false, what + ": " + show(actual) + ", expected " + show(expected), line);
  }

  void skip(const std::string& reason) { skipped_ = reason; }

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] const std::string& skipped() const { return skipped_; }

 private:
  static std::string show(const std::string& text) { return "\"" + text + "\""; }
  template <typename T>
  static std::string show(const T& value) {
    if constexpr (std::is_enum_v<T>) {
      return std::to_string(static_cast<long>(value));
    } else {
      return std::to_string(value);
    }
  }

  bool failed_ = false;
  std::string skipped_;
};

// An executable's tests: a line for each, and the sums in the last.
class Cases {
 public:
  template <typename Body>
  void run(const char* name, Body body) {
    // What a child process of a test prints must not come twice.
    std::fflush(stdout);
    Case one;
    body(one);
    if (one.failed()) {
      failed_++;
      std::printf("not ok %s\n", name);
    } else if (!one.skipped().empty()) {
      skipped_++;
      std::printf("skip %s (%s)\n", name, one.skipped().c_str());
    } else {
      passed_++;
      std::printf("ok %s\n", name);
    }
    std::fflush(stdout);
  }

  // The exit status.
  [[nodiscard]] int finish() const {
    std::printf("%d passed, %d failed, %d skipped\n", passed_, failed_, skipped_);
    return failed_ == 0 ? 0 : 1;
  }

 private:
  int passed_ = 0;
  int failed_ = 0;
  int skipped_ = 0;
};

// Polls until `holds()` or 5 s have passed, which is ample for anything that happens at all; gives the last answer.
template <typename Condition>
[[nodiscard]] bool eventually(Condition holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return holds();
    usleep(500);
  }
  return true;
}

}  // namespace pktsh::test
