// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>
#include <uv.h>

#include "fd.h"

namespace pktsh {

// One instant at which JavaScript is called. The kernel's timer is exact to some microseconds, where libuv's own counts
// milliseconds: whoever wanted less would have to poll, on a CPU that a sender may need. While set it keeps the event loop
// and itself alive.
class AlarmObject : public Napi::ObjectWrap<AlarmObject> {
 public:
  static Napi::Function define(Napi::Env env);

  explicit AlarmObject(const Napi::CallbackInfo& info);
  ~AlarmObject() override;

 private:
  // libuv closes its handle in its own time, and frees this in the callback.
  struct Watch {
    uv_poll_t poll{};
    Fd timer;
    AlarmObject* owner = nullptr;
    napi_async_cleanup_hook_handle hook = nullptr;
  };

  Napi::Value set(const Napi::CallbackInfo& info);
  Napi::Value clear(const Napi::CallbackInfo& info);

  void fire();
  // Sets the kernel's timer; 0 is never.
  void program(int64_t instant);
  void disarm();
  void shut();

  Watch* watch_ = nullptr;
  Napi::AsyncContext context_;
  Napi::FunctionReference due_;  // empty where nothing is set
};

}  // namespace pktsh
