// SPDX-License-Identifier: Apache-2.0

#include "addon_engine.h"

#include <memory>
#include <utility>

#include "addon_values.h"

namespace pktsh {
namespace {

// While grace periods are pending, the net under the senders' wakes; finer than libuv's timers get is not to be had.
constexpr uint64_t kPendingTickMs = 1;
// Otherwise, while the engine has anything at all, often enough for the stall detector's second and unused ports.
constexpr uint64_t kIdleTickMs = 250;

Napi::Value fail(Napi::Env env, const Status& status) {
  napi_throw(env, from_status(env, status));
  return env.Undefined();
}

}  // namespace

Napi::Function EngineObject::define(Napi::Env env, Napi::FunctionReference* constructor) {
  Napi::Function function = DefineClass(env, "Engine",
                                        {
                                            InstanceMethod<&EngineObject::add_stats_page>("addStatsPage"),
                                            InstanceMethod<&EngineObject::open_lab>("openLab"),
                                            InstanceMethod<&EngineObject::links>("links"),
                                            InstanceMethod<&EngineObject::open_port>("openPort"),
                                            InstanceMethod<&EngineObject::release_port>("releasePort"),
                                            InstanceMethod<&EngineObject::add_device>("addDevice"),
                                            InstanceMethod<&EngineObject::set_device>("setDevice"),
                                            InstanceMethod<&EngineObject::rem_device>("remDevice"),
                                            InstanceMethod<&EngineObject::start>("start"),
                                            InstanceMethod<&EngineObject::stop>("stop"),
                                            InstanceMethod<&EngineObject::clear_counters>("clearCounters"),
                                            InstanceMethod<&EngineObject::snapshot>("snapshot"),
                                            InstanceMethod<&EngineObject::open_receiver>("openReceiver"),
                                            InstanceMethod<&EngineObject::close_receiver>("closeReceiver"),
                                            InstanceMethod<&EngineObject::clear_receiver>("clearReceiver"),
                                            InstanceMethod<&EngineObject::receiver>("receiver"),
                                            InstanceMethod<&EngineObject::sync>("sync"),
                                            InstanceMethod<&EngineObject::grace>("grace"),
                                            InstanceMethod<&EngineObject::senders>("senders"),
                                            InstanceMethod<&EngineObject::close_now>("closeNow"),
                                        });
  *constructor = Napi::Persistent(function);
  return function;
}

EngineObject::EngineObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<EngineObject>(info), loop_(new Loop), context_(info.Env(), "pktsh.engine") {
  Napi::Env env = info.Env();
  on_event_ = Napi::Persistent(info[0].As<Napi::Function>());

  uv_loop_t* uv = nullptr;
  napi_get_uv_event_loop(env, &uv);
  loop_->owner = this;
  loop_->async.data = loop_;
  loop_->timer.data = loop_;
  uv_async_init(uv, &loop_->async, [](uv_async_t* async) {
    if (auto* owner = static_cast<Loop*>(async->data)->owner) owner->turn();
  });
  uv_timer_init(uv, &loop_->timer);
  uv_unref(reinterpret_cast<uv_handle_t*>(&loop_->async));
  uv_unref(reinterpret_cast<uv_handle_t*>(&loop_->timer));
  // The asynchronous kind: the environment waits until libuv has closed our handles.
  napi_add_async_cleanup_hook(
      env,
      [](napi_async_cleanup_hook_handle, void* data) {
        auto* loop = static_cast<Loop*>(data);
        if (loop->owner) loop->owner->shut();
      },
      loop_, &loop_->hook);

  Listener listener;
  listener.event = [this](const Event& event) { events_.push_back(event); };
  listener.completed = [this](Cookie cookie) { deliver(cookie); };
  uv_async_t* async = &loop_->async;
  engine_ = std::make_unique<Engine>([async] { uv_async_send(async); }, std::move(listener));
}

EngineObject::~EngineObject() { shut(); }

// Ends the threads, then gives the handles back; the loop record frees itself when both are closed. Promises still
// outstanding are dropped: when an environment ends, JavaScript must not be touched any more.
void EngineObject::shut() {
  if (loop_ == nullptr) return;
  shut_ = true;
  engine_->close_now();
  Loop* loop = std::exchange(loop_, nullptr);
  loop->owner = nullptr;
  const auto closed = [](uv_handle_t* handle) {
    auto* loop = static_cast<Loop*>(handle->data);
    if (--loop->open > 0) return;
    napi_remove_async_cleanup_hook(loop->hook);
    delete loop;
  };
  uv_close(reinterpret_cast<uv_handle_t*>(&loop->async), closed);
  uv_close(reinterpret_cast<uv_handle_t*>(&loop->timer), closed);
}

// One turn of the event loop on behalf of the engine, from a wake or from the timer.
void EngineObject::turn() {
  if (loop_ == nullptr) return;
  Napi::Env env = Env();
  Napi::HandleScope handles(env);
  Napi::CallbackScope scope(env, context_);
  engine_->poll();
  deliver_events();
  arm();
}

void EngineObject::deliver(Cookie completed) {
  if (shut_) return;
  Napi::Env env = Env();
  while (!waiting_.empty() && waiting_.front().cookie <= completed) {
    Waiting waiting = std::move(waiting_.front());
    waiting_.pop_front();
    switch (waiting.kind) {
      case Waiting::Kind::nothing:
        waiting.deferred.Resolve(env.Undefined());
        break;
      case Waiting::Kind::snapshot:
        waiting.deferred.Resolve(from_run(env, engine_->snapshot(waiting.devices.front()).value, true));
        break;
      case Waiting::Kind::snapshots: {
        Napi::Array list = Napi::Array::New(env, waiting.devices.size());
        for (uint32_t i = 0; i < waiting.devices.size(); i++) {
          list.Set(i, from_run(env, engine_->snapshot(waiting.devices[i]).value, true));
        }
        waiting.deferred.Resolve(list);
        break;
      }
    }
    let_go();
  }
}

void EngineObject::deliver_events() {
  Napi::Env env = Env();
  const std::vector<Event> events = std::exchange(events_, {});
  for (const Event& event : events) {
    napi_value argument = from_event(env, event);
    napi_value ignored = nullptr;
    // The raw call: Function::Call aborts the process where a listener throws null.
    if (napi_call_function(env, env.Undefined(), on_event_.Value(), 1, &argument, &ignored) == napi_ok) continue;
    napi_value thrown = nullptr;
    if (napi_get_and_clear_last_exception(env, &thrown) == napi_ok) napi_fatal_exception(env, thrown);
  }
}

void EngineObject::arm() {
  if (loop_ == nullptr) return;
  const uint64_t tick = engine_->work_pending() ? kPendingTickMs : kIdleTickMs;
  uv_timer_start(
      &loop_->timer, [](uv_timer_t* timer) { static_cast<Loop*>(timer->data)->owner->turn(); }, tick, 0);
}

void EngineObject::hold() {
  if (outstanding_++ == 0 && loop_ != nullptr) uv_ref(reinterpret_cast<uv_handle_t*>(&loop_->async));
}

void EngineObject::let_go() {
  if (--outstanding_ == 0 && loop_ != nullptr) uv_unref(reinterpret_cast<uv_handle_t*>(&loop_->async));
}

Napi::Value EngineObject::wait_for(Napi::Env env, Result<Cookie> cookie, Waiting::Kind kind,
                                   std::vector<DeviceId> devices) {
  if (!cookie.ok()) return fail(env, cookie.status);
  auto deferred = Napi::Promise::Deferred::New(env);
  waiting_.push_back({kind, cookie.value, std::move(devices), deferred});
  hold();
  // Where no sender is in a read section the grace period has ended already: settle in this very turn.
  engine_->poll();
  if (engine_->completed() >= cookie.value) deliver(engine_->completed());
  if (!events_.empty()) uv_async_send(&loop_->async);
  arm();
  return deferred.Promise();
}

template <typename T, typename Convert>
std::function<void(Result<T>)> EngineObject::opener_promise(Napi::Promise::Deferred deferred, Convert convert) {
  hold();
  arm();
  return [this, deferred, convert](Result<T> result) {
    if (shut_) return;
    if (result.ok()) {
      deferred.Resolve(convert(result.value));
    } else {
      deferred.Reject(from_status(Env(), result.status));
    }
    let_go();
  };
}

Napi::Value EngineObject::add_stats_page(const Napi::CallbackInfo& info) {
  auto page = info[0].As<Napi::Uint8Array>();
  pages_.push_back(Napi::Persistent(page.As<Napi::Object>()));
  // JavaScript promises 16 bytes of alignment at most: begin at the first whole record.
  void* memory = page.Data();
  size_t space = page.ByteLength();
  if (std::align(alignof(StatsRecord), kStatsRecordSize, memory, space) != nullptr) {
    engine_->add_stats_page(memory, static_cast<uint32_t>(space / kStatsRecordSize));
  }
  return info.Env().Undefined();
}

Napi::Value EngineObject::open_lab(const Napi::CallbackInfo& info) {
  auto deferred = Napi::Promise::Deferred::New(info.Env());
  engine_->open_lab(to_lab_spec(info[0].As<Napi::Object>()),
                    opener_promise<std::vector<LinkFacts>>(
                        deferred, [env = info.Env()](const auto& links) { return from_links(env, links); }));
  return deferred.Promise();
}

Napi::Value EngineObject::links(const Napi::CallbackInfo& info) {
  auto deferred = Napi::Promise::Deferred::New(info.Env());
  engine_->links(opener_promise<std::vector<LinkFacts>>(
      deferred, [env = info.Env()](const auto& links) { return from_links(env, links); }));
  return deferred.Promise();
}

Napi::Value EngineObject::open_port(const Napi::CallbackInfo& info) {
  auto deferred = Napi::Promise::Deferred::New(info.Env());
  engine_->open_port(to_port_spec(info[0].As<Napi::Object>()),
                     opener_promise<PortId>(
                         deferred, [env = info.Env()](PortId port) { return Napi::Number::New(env, port); }));
  return deferred.Promise();
}

Napi::Value EngineObject::release_port(const Napi::CallbackInfo& info) {
  engine_->release_port(info[0].ToNumber().Uint32Value());
  return info.Env().Undefined();
}

Napi::Value EngineObject::add_device(const Napi::CallbackInfo& info) {
  auto device = engine_->add_device(info[0].ToNumber().Uint32Value(), to_device_spec(info[1].As<Napi::Object>()));
  if (!device.ok()) return fail(info.Env(), device.status);
  arm();
  return Napi::Number::New(info.Env(), device.value);
}

Napi::Value EngineObject::set_device(const Napi::CallbackInfo& info) {
  return wait_for(
      info.Env(),
      engine_->set_device(info[0].ToNumber().Uint32Value(), to_device_spec(info[1].As<Napi::Object>())),
      Waiting::Kind::nothing, {});
}

Napi::Value EngineObject::rem_device(const Napi::CallbackInfo& info) {
  const DeviceId device = info[0].ToNumber().Uint32Value();
  return wait_for(info.Env(), engine_->rem_device(device), Waiting::Kind::snapshot, {device});
}

Napi::Value EngineObject::start(const Napi::CallbackInfo& info) {
  const auto instant = engine_->start(to_device_ids(info[0]));
  if (!instant.ok()) return fail(info.Env(), instant.status);
  arm();
  return Napi::BigInt::New(info.Env(), instant.value);
}

Napi::Value EngineObject::stop(const Napi::CallbackInfo& info) {
  std::vector<DeviceId> devices = to_device_ids(info[0]);
  auto cookie = engine_->stop(devices);
  return wait_for(info.Env(), std::move(cookie), Waiting::Kind::snapshots, std::move(devices));
}

Napi::Value EngineObject::clear_counters(const Napi::CallbackInfo& info) {
  return wait_for(info.Env(), engine_->clear_counters(to_device_ids(info[0])), Waiting::Kind::nothing, {});
}

Napi::Value EngineObject::snapshot(const Napi::CallbackInfo& info) {
  const auto run = engine_->snapshot(info[0].ToNumber().Uint32Value());
  if (!run.ok()) return fail(info.Env(), run.status);
  return from_run(info.Env(), run.value, info[1].ToBoolean());
}

Napi::Value EngineObject::open_receiver(const Napi::CallbackInfo& info) {
  auto deferred = Napi::Promise::Deferred::New(info.Env());
  engine_->open_receiver(info[0].ToString().Utf8Value(), info[1].ToNumber().Int32Value(),
                         opener_promise<ReceiverId>(deferred, [env = info.Env()](ReceiverId receiver) {
                           return Napi::Number::New(env, receiver);
                         }));
  return deferred.Promise();
}

Napi::Value EngineObject::close_receiver(const Napi::CallbackInfo& info) {
  auto deferred = Napi::Promise::Deferred::New(info.Env());
  auto settle = opener_promise<bool>(deferred, [env = info.Env()](bool) { return env.Undefined(); });
  engine_->close_receiver(info[0].ToNumber().Uint32Value(), [settle](Status status) {
    settle(status.ok() ? Result<bool>::success(true) : Result<bool>::failure(std::move(status)));
  });
  return deferred.Promise();
}

Napi::Value EngineObject::clear_receiver(const Napi::CallbackInfo& info) {
  const Status status = engine_->clear_receiver(info[0].ToNumber().Uint32Value());
  return status.ok() ? info.Env().Undefined() : fail(info.Env(), status);
}

Napi::Value EngineObject::receiver(const Napi::CallbackInfo& info) {
  const auto receiver = engine_->receiver(info[0].ToNumber().Uint32Value());
  if (!receiver.ok()) return fail(info.Env(), receiver.status);
  return from_receiver(info.Env(), receiver.value);
}

Napi::Value EngineObject::sync(const Napi::CallbackInfo& info) {
  return wait_for(info.Env(), Result<Cookie>::success(engine_->sync()), Waiting::Kind::nothing, {});
}

Napi::Value EngineObject::grace(const Napi::CallbackInfo& info) { return from_grace(info.Env(), engine_->grace()); }

Napi::Value EngineObject::senders(const Napi::CallbackInfo& info) {
  return from_senders(info.Env(), engine_->senders());
}

Napi::Value EngineObject::close_now(const Napi::CallbackInfo& info) {
  shut();
  return info.Env().Undefined();
}

}  // namespace pktsh
