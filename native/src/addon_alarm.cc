// SPDX-License-Identifier: Apache-2.0

#include "addon_alarm.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "addon_values.h"
#include "clock.h"

namespace pktsh {

Napi::Function AlarmObject::define(Napi::Env env) {
  return DefineClass(env, "Alarm",
                     {
                         InstanceMethod<&AlarmObject::set>("set"),
                         InstanceMethod<&AlarmObject::clear>("clear"),
                     });
}

AlarmObject::AlarmObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<AlarmObject>(info), context_(info.Env(), "pktsh.alarm") {
  Napi::Env env = info.Env();
  Fd timer(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  uv_loop_t* uv = nullptr;
  napi_get_uv_event_loop(env, &uv);
  auto watch = std::make_unique<Watch>();
  int error = timer.valid() ? 0 : errno;
  if (error == 0) error = -uv_poll_init(uv, &watch->poll, timer.get());
  if (error != 0) {
    napi_throw(env, from_status(env, Status::failure(error, "making a timer")));
    return;
  }
  watch_ = watch.release();
  watch_->timer = std::move(timer);
  watch_->owner = this;
  watch_->poll.data = watch_;
  uv_poll_start(&watch_->poll, UV_READABLE, [](uv_poll_t* poll, int, int) {
    if (auto* owner = static_cast<Watch*>(poll->data)->owner) owner->fire();
  });
  uv_unref(reinterpret_cast<uv_handle_t*>(&watch_->poll));
  // The asynchronous kind: the environment waits until libuv has closed our handle.
  napi_add_async_cleanup_hook(
      env,
      [](napi_async_cleanup_hook_handle, void* data) {
        auto* watch = static_cast<Watch*>(data);
        if (watch->owner) watch->owner->shut();
      },
      watch_, &watch_->hook);
}

AlarmObject::~AlarmObject() { shut(); }

void AlarmObject::shut() {
  if (watch_ == nullptr) return;
  Watch* watch = std::exchange(watch_, nullptr);
  watch->owner = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&watch->poll), [](uv_handle_t* handle) {
    auto* watch = static_cast<Watch*>(handle->data);
    napi_remove_async_cleanup_hook(watch->hook);
    delete watch;
  });
}

void AlarmObject::program(int64_t instant) {
  itimerspec at{};
  at.it_value.tv_sec = instant / kSecond;
  at.it_value.tv_nsec = instant % kSecond;
  // Fails on values out of range only, which these never are.
  (void)timerfd_settime(watch_->timer.get(), TFD_TIMER_ABSTIME, &at, nullptr);
}

void AlarmObject::disarm() {
  if (due_.IsEmpty()) return;
  due_.Reset();
  if (watch_ != nullptr) uv_unref(reinterpret_cast<uv_handle_t*>(&watch_->poll));
  Unref();
}

void AlarmObject::fire() {
  uint64_t expirations = 0;
  // Nothing to read: it was set anew since the event loop saw it.
  if (read(watch_->timer.get(), &expirations, sizeof expirations) < 0 || due_.IsEmpty()) return;
  Napi::Env env = Env();
  Napi::HandleScope handles(env);
  Napi::CallbackScope scope(env, context_);
  const napi_value due = due_.Value();
  disarm();
  call_back(env, due, {});
}

Napi::Value AlarmObject::set(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (watch_ == nullptr) return env.Undefined();  // the environment ends
  if (due_.IsEmpty()) {
    Ref();
    uv_ref(reinterpret_cast<uv_handle_t*>(&watch_->poll));
  }
  due_ = Napi::Persistent(info[1].As<Napi::Function>());
  // At least 1, since 0 is never.
  program(static_cast<int64_t>(std::clamp<uint64_t>(Input(info, 0).word(), 1, INT64_MAX)));
  return env.Undefined();
}

Napi::Value AlarmObject::clear(const Napi::CallbackInfo& info) {
  if (!due_.IsEmpty() && watch_ != nullptr) program(0);
  disarm();
  return info.Env().Undefined();
}

}  // namespace pktsh
