// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

namespace pktsh {

// The outcome of an operation that the environment may refuse: an errno (0 is success) and what was being tried.
// Exceptions never cross threads or Node-API, so failures travel as values.
struct [[nodiscard]] Status {
  int error = 0;
  std::string doing;

  [[nodiscard]] bool ok() const { return error == 0; }

  static Status success() { return {}; }
  static Status failure(int error, std::string doing) { return {error, std::move(doing)}; }
};

template <typename T>
struct [[nodiscard]] Result {
  Status status;
  T value{};

  [[nodiscard]] bool ok() const { return status.ok(); }

  static Result success(T value) { return {Status::success(), std::move(value)}; }
  static Result failure(int error, std::string doing) { return {Status::failure(error, std::move(doing)), T{}}; }
  static Result failure(Status status) { return {std::move(status), T{}}; }
};

}  // namespace pktsh
