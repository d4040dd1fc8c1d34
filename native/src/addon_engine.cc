// SPDX-License-Identifier: Apache-2.0

#include "addon_engine.h"

#include <malloc.h>

#include <cerrno>
#include <memory>
#include <span>
#include <utility>

#include "addon_values.h"
#include "clock.h"

namespace pktsh {
namespace {

// While grace periods are pending, the net under the senders' wakes.
constexpr uint64_t kPendingTickMs = 1;
// Otherwise, while the engine has anything at all, often enough for the stall detector's second and unused ports.
constexpr uint64_t kIdleTickMs = 250;
// So often goes back to the kernel what malloc has free between blocks in use (what is at an arena's end goes by itself, see
// addon.cc): V8's compiler threads leave ten megabytes there for tens of seconds. A fifth of a millisecond each.
constexpr int64_t kTrimEvery = kSecond;

Napi::Value fail(Napi::Env env, const Status& status) {
  napi_throw(env, from_status(env, status));
  return env.Undefined();
}

// Both fail where the environment ends, which nobody is left to care about, see Input.
void resolve(Napi::Env env, napi_deferred deferred, napi_value value) { (void)napi_resolve_deferred(env, deferred, value); }
void reject(Napi::Env env, napi_deferred deferred, const Status& status) {
  (void)napi_reject_deferred(env, deferred, from_status(env, status));
}

Status closed() { return Status::failure(ESHUTDOWN, "using an engine that is closed"); }

}  // namespace

Napi::Function EngineObject::define(Napi::Env env, Napi::FunctionReference* constructor) {
  Napi::Function function = DefineClass(env, "Engine",
                                        {
                                            InstanceMethod<&EngineObject::add_stats_page>("addStatsPage"),
                                            InstanceMethod<&EngineObject::open_lab>("openLab"),
                                            InstanceMethod<&EngineObject::links>("links"),
                                            InstanceMethod<&EngineObject::statistics>("statistics"),
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
                                            InstanceMethod<&EngineObject::forget_devices>("forgetDevices"),
                                            InstanceMethod<&EngineObject::receiver>("receiver"),
                                            InstanceMethod<&EngineObject::sync>("sync"),
                                            InstanceMethod<&EngineObject::grace>("grace"),
                                            InstanceMethod<&EngineObject::change_link>("changeLink"),
                                            InstanceMethod<&EngineObject::pending_grace>("pendingGrace"),
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
// outstanding are left alone: when an environment ends, JavaScript must not be touched any more.
void EngineObject::shut() {
  if (loop_ == nullptr) return;
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

// After shut(), where JavaScript asked for it.
void EngineObject::reject_outstanding() {
  Napi::Env env = Env();
  const std::deque<Waiting> waiting = std::exchange(waiting_, {});
  const std::map<uint64_t, napi_deferred> asked = std::exchange(asked_, {});
  for (const Waiting& one : waiting) reject(env, one.deferred, closed());
  for (const auto& [number, deferred] : asked) reject(env, deferred, closed());
  for (size_t i = waiting.size() + asked.size(); i > 0; i--) let_go();
}

// One turn of the event loop on behalf of the engine, from a wake or from the timer.
void EngineObject::turn() {
  if (loop_ == nullptr) return;
  Napi::Env env = Env();
  Napi::HandleScope handles(env);
  Napi::CallbackScope scope(env, context_);
  engine_->poll();
  deliver_events();
  trim();
  arm();
}

void EngineObject::trim() {
#ifdef __GLIBC__  // others have no such call
  const int64_t now = monotonic_now();
  if (now - trimmed_at_ < kTrimEvery) return;
  trimmed_at_ = now;
  malloc_trim(0);
#endif
}

void EngineObject::deliver(Cookie completed) {
  Napi::Env env = Env();
  while (!waiting_.empty() && waiting_.front().cookie <= completed) {
    Waiting waiting = std::move(waiting_.front());
    waiting_.pop_front();
    switch (waiting.kind) {
      case Waiting::Kind::nothing:
        resolve(env, waiting.deferred, env.Undefined());
        break;
      case Waiting::Kind::snapshot:
        resolve(env, waiting.deferred, from_run(env, engine_->snapshot(waiting.devices.front()).value, true));
        break;
      case Waiting::Kind::snapshots: {
        Napi::Array list = Napi::Array::New(env, waiting.devices.size());
        for (uint32_t i = 0; i < waiting.devices.size(); i++) {
          list.Set(i, from_run(env, engine_->stopped(waiting.devices[i], waiting.cookie).value, true));
        }
        resolve(env, waiting.deferred, list);
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
    if (loop_ == nullptr) return;  // closed by the listener
    call_back(env, on_event_.Value(), {from_event(env, event)});
  }
}

void EngineObject::arm() {
  if (loop_ == nullptr) return;
  const uint64_t tick = engine_->work_pending() ? kPendingTickMs : kIdleTickMs;
  uv_timer_start(
      &loop_->timer, [](uv_timer_t* timer) { static_cast<Loop*>(timer->data)->owner->turn(); }, tick, 0);
}

void EngineObject::hold() {
  if (outstanding_++ > 0) return;
  uv_ref(reinterpret_cast<uv_handle_t*>(&loop_->async));
  Ref();
}

void EngineObject::let_go() {
  if (--outstanding_ > 0) return;
  if (loop_ != nullptr) uv_unref(reinterpret_cast<uv_handle_t*>(&loop_->async));
  Unref();
}

Napi::Value EngineObject::wait_for(Napi::Env env, Result<Cookie> cookie, Waiting::Kind kind,
                                   std::vector<DeviceId> devices) {
  if (loop_ == nullptr) return fail(env, closed());
  if (!cookie.ok()) return fail(env, cookie.status);
  napi_deferred deferred = nullptr;
  napi_value promise = nullptr;
  if (napi_create_promise(env, &deferred, &promise) != napi_ok) return {};  // the environment ends
  waiting_.push_back({kind, cookie.value, std::move(devices), deferred});
  hold();
  // Where no sender is in a read section the grace period has ended already: settle in this very turn.
  engine_->poll();
  if (engine_->completed() >= cookie.value) deliver(engine_->completed());
  if (!events_.empty()) uv_async_send(&loop_->async);
  arm();
  return {env, promise};
}

template <typename T, typename Ask, typename Convert>
Napi::Value EngineObject::ask_opener(Napi::Env env, Ask ask, Convert convert) {
  napi_deferred deferred = nullptr;
  napi_value promise = nullptr;
  if (napi_create_promise(env, &deferred, &promise) != napi_ok) return {};  // the environment ends
  if (loop_ == nullptr) {
    reject(env, deferred, closed());
    return {env, promise};
  }
  const uint64_t number = next_asked_++;
  asked_.emplace(number, deferred);
  hold();
  ask([this, number, convert](Result<T> result) {
    const auto asked = asked_.extract(number);
    if (result.ok()) {
      resolve(Env(), asked.mapped(), convert(Env(), result.value));
    } else {
      reject(Env(), asked.mapped(), result.status);
    }
    let_go();
  });
  arm();
  return {env, promise};
}

Napi::Value EngineObject::add_stats_page(const Napi::CallbackInfo& info) {
  const std::span<uint8_t> page = Input(info, 0).bytes();
  pages_.push_back(Napi::Persistent(info[0].As<Napi::Object>()));
  // JavaScript promises 16 bytes of alignment at most: begin at the first whole record.
  void* memory = page.data();
  size_t space = page.size();
  if (std::align(alignof(StatsRecord), kStatsRecordSize, memory, space) != nullptr) {
    engine_->add_stats_page(memory, static_cast<uint32_t>(space / kStatsRecordSize));
  }
  return info.Env().Undefined();
}

Napi::Value EngineObject::open_lab(const Napi::CallbackInfo& info) {
  return ask_opener<std::vector<LinkFacts>>(
      info.Env(), [&](auto done) { engine_->open_lab(to_lab_spec({info, 0}), std::move(done)); },
      from_links);
}

Napi::Value EngineObject::links(const Napi::CallbackInfo& info) {
  return ask_opener<std::vector<LinkFacts>>(
      info.Env(), [&](auto done) { engine_->links(std::move(done)); }, from_links);
}

Napi::Value EngineObject::statistics(const Napi::CallbackInfo& info) {
  return ask_opener<std::vector<Statistic>>(
      info.Env(), [&](auto done) { engine_->statistics(Input(info, 0).text(), std::move(done)); }, from_statistics);
}

Napi::Value EngineObject::open_port(const Napi::CallbackInfo& info) {
  return ask_opener<PortId>(
      info.Env(), [&](auto done) { engine_->open_port(to_port_spec({info, 0}), std::move(done)); },
      [](Napi::Env env, PortId port) { return Napi::Number::New(env, port); });
}

Napi::Value EngineObject::release_port(const Napi::CallbackInfo& info) {
  engine_->release_port(Input(info, 0).number32());
  return info.Env().Undefined();
}

Napi::Value EngineObject::add_device(const Napi::CallbackInfo& info) {
  auto device = engine_->add_device(Input(info, 0).number32(), to_device_spec({info, 1}));
  if (!device.ok()) return fail(info.Env(), device.status);
  arm();
  return Napi::Number::New(info.Env(), device.value);
}

Napi::Value EngineObject::set_device(const Napi::CallbackInfo& info) {
  return wait_for(
      info.Env(),
      engine_->set_device(Input(info, 0).number32(), to_device_spec({info, 1})),
      Waiting::Kind::nothing, {});
}

Napi::Value EngineObject::rem_device(const Napi::CallbackInfo& info) {
  const DeviceId device = Input(info, 0).number32();
  return wait_for(info.Env(), engine_->rem_device(device), Waiting::Kind::snapshot, {device});
}

Napi::Value EngineObject::start(const Napi::CallbackInfo& info) {
  const auto instant = engine_->start(to_device_ids({info, 0}));
  if (!instant.ok()) return fail(info.Env(), instant.status);
  arm();
  return Napi::BigInt::New(info.Env(), instant.value);
}

Napi::Value EngineObject::stop(const Napi::CallbackInfo& info) {
  std::vector<DeviceId> devices = to_device_ids({info, 0});
  auto cookie = engine_->stop(devices);
  return wait_for(info.Env(), std::move(cookie), Waiting::Kind::snapshots, std::move(devices));
}

Napi::Value EngineObject::clear_counters(const Napi::CallbackInfo& info) {
  return wait_for(info.Env(), engine_->clear_counters(to_device_ids({info, 0})), Waiting::Kind::nothing, {});
}

Napi::Value EngineObject::snapshot(const Napi::CallbackInfo& info) {
  const auto run = engine_->snapshot(Input(info, 0).number32());
  if (!run.ok()) return fail(info.Env(), run.status);
  return from_run(info.Env(), run.value, Input(info, 1).truth());
}

Napi::Value EngineObject::open_receiver(const Napi::CallbackInfo& info) {
  return ask_opener<ReceiverId>(
      info.Env(),
      [&](auto done) {
        engine_->open_receiver(Input(info, 0).text(), Input(info, 1).index(), std::move(done));
      },
      [](Napi::Env env, ReceiverId receiver) { return Napi::Number::New(env, receiver); });
}

Napi::Value EngineObject::close_receiver(const Napi::CallbackInfo& info) {
  return ask_opener<bool>(
      info.Env(),
      [&](auto done) {
        engine_->close_receiver(Input(info, 0).number32(), [done](Status status) {
          done(status.ok() ? Result<bool>::success(true) : Result<bool>::failure(std::move(status)));
        });
      },
      [](Napi::Env env, bool) { return env.Undefined(); });
}

Napi::Value EngineObject::clear_receiver(const Napi::CallbackInfo& info) {
  const Status status = engine_->clear_receiver(Input(info, 0).number32());
  return status.ok() ? info.Env().Undefined() : fail(info.Env(), status);
}

Napi::Value EngineObject::forget_devices(const Napi::CallbackInfo& info) {
  engine_->forget_devices(to_device_ids({info, 0}));
  return info.Env().Undefined();
}

Napi::Value EngineObject::receiver(const Napi::CallbackInfo& info) {
  const auto receiver = engine_->receiver(Input(info, 0).number32(), Input(info, 1).truth());
  if (!receiver.ok()) return fail(info.Env(), receiver.status);
  return from_receiver(info.Env(), receiver.value, Input(info, 1).truth());
}

Napi::Value EngineObject::sync(const Napi::CallbackInfo& info) {
  return wait_for(info.Env(), Result<Cookie>::success(engine_->sync()), Waiting::Kind::nothing, {});
}

Napi::Value EngineObject::grace(const Napi::CallbackInfo& info) { return from_grace(info.Env(), engine_->grace()); }

Napi::Value EngineObject::pending_grace(const Napi::CallbackInfo& info) {
  return from_pending_grace(info.Env(), engine_->pending_grace());
}

Napi::Value EngineObject::change_link(const Napi::CallbackInfo& info) {
  return ask_opener<bool>(
      info.Env(),
      [&](auto done) {
        engine_->change_link(to_link_change({info, 0}), Input(info, 1).text(), Input(info, 2).text(),
                             [done](Status status) {
                               done(status.ok() ? Result<bool>::success(true) : Result<bool>::failure(std::move(status)));
                             });
      },
      [](Napi::Env env, bool) { return env.Undefined(); });
}

Napi::Value EngineObject::senders(const Napi::CallbackInfo& info) {
  return from_senders(info.Env(), engine_->senders());
}

Napi::Value EngineObject::close_now(const Napi::CallbackInfo& info) {
  shut();
  reject_outstanding();
  // It usually refers back to us, and neither could be collected.
  on_event_.Reset();
  pages_.clear();
  return info.Env().Undefined();
}

}  // namespace pktsh
