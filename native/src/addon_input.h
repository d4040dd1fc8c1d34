// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace pktsh {

// A value that JavaScript handed over, read by Node-API's plain functions. Another thread may end our environment at any
// moment (worker.terminate()); from then on whatever could run JavaScript fails, reading a property included, and
// node-addon-api's classes make empty values of that, whose next use aborts the process. Here a read that fails gives
// nothing: 0, "", an empty list. What comes of those is refused or without effect, and JavaScript never sees it.
class Input {
 public:
  Input(napi_env env, napi_value value) : env_(env), value_(value) {}
  Input(const Napi::CallbackInfo& info, size_t index) : Input(info.Env(), info[index]) {}

  [[nodiscard]] Input operator[](const char* key) const {
    napi_value value = nullptr;
    (void)napi_get_named_property(env_, value_, key, &value);
    return {env_, value};
  }
  [[nodiscard]] std::vector<Input> elements() const {
    uint32_t length = 0;
    (void)napi_get_array_length(env_, value_, &length);
    std::vector<Input> result;
    result.reserve(length);
    for (uint32_t i = 0; i < length; i++) {
      napi_value value = nullptr;
      (void)napi_get_element(env_, value_, i, &value);
      result.emplace_back(env_, value);
    }
    return result;
  }

  [[nodiscard]] double number() const {
    double value = 0;
    (void)napi_get_value_double(env_, value_, &value);
    return value;
  }
  // What does not fit is the largest: out of whatever bounds the Engine has.
  [[nodiscard]] uint32_t number32() const {
    const double value = number();
    return value >= 0 && value <= UINT32_MAX ? static_cast<uint32_t>(value) : UINT32_MAX;
  }
  [[nodiscard]] int32_t index() const {
    int32_t value = 0;
    (void)napi_get_value_int32(env_, value_, &value);
    return value;
  }
  // A bigint's lowest 64 bits.
  [[nodiscard]] uint64_t word() const {
    uint64_t value = 0;
    bool lossless = false;
    (void)napi_get_value_bigint_uint64(env_, value_, &value, &lossless);
    return value;
  }
  [[nodiscard]] bool truth() const {
    bool value = false;
    (void)napi_get_value_bool(env_, value_, &value);
    return value;
  }
  [[nodiscard]] std::string text() const {
    size_t size = 0;
    if (napi_get_value_string_utf8(env_, value_, nullptr, 0, &size) != napi_ok) return {};
    std::string value(size + 1, '\0');  // Node-API writes a NUL behind
    (void)napi_get_value_string_utf8(env_, value_, value.data(), value.size(), &size);
    value.resize(size);
    return value;
  }
  // Of a Uint8Array; valid as long as that lives.
  [[nodiscard]] std::span<uint8_t> bytes() const {
    napi_typedarray_type type = napi_uint8_array;
    size_t length = 0;
    void* data = nullptr;
    napi_value buffer = nullptr;
    size_t offset = 0;
    if (napi_get_typedarray_info(env_, value_, &type, &length, &data, &buffer, &offset) != napi_ok) return {};
    if (type != napi_uint8_array) return {};
    return {static_cast<uint8_t*>(data), length};
  }

 private:
  napi_env env_;
  napi_value value_;
};

}  // namespace pktsh
