// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>
#include <uv.h>

#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "engine.h"

namespace pktsh {

// The Engine as JavaScript sees it. It turns cookies into promises and wakes of sender threads into turns of the event
// loop; it decides nothing. Arguments are validated by native/index.ts's types and by the Engine itself. Every promise
// settles: those outstanding at closeNow(), and those asked for after it, fail with ESHUTDOWN.
class EngineObject : public Napi::ObjectWrap<EngineObject> {
 public:
  static Napi::Function define(Napi::Env env, Napi::FunctionReference* constructor);

  explicit EngineObject(const Napi::CallbackInfo& info);
  ~EngineObject() override;

 private:
  // The loop's handles outlive this object: libuv closes them in its own time, and frees them in the callback.
  struct Loop {
    uv_async_t async{};
    uv_timer_t timer{};
    EngineObject* owner = nullptr;
    int open = 2;
    napi_async_cleanup_hook_handle hook = nullptr;
  };
  // A promise that settles when its cookie completes.
  struct Waiting {
    enum class Kind : uint8_t { nothing, snapshot, snapshots } kind;
    Cookie cookie;
    std::vector<DeviceId> devices;
    napi_deferred deferred;
  };

  Napi::Value add_stats_page(const Napi::CallbackInfo& info);
  Napi::Value open_lab(const Napi::CallbackInfo& info);
  Napi::Value links(const Napi::CallbackInfo& info);
  Napi::Value statistics(const Napi::CallbackInfo& info);
  Napi::Value open_port(const Napi::CallbackInfo& info);
  Napi::Value release_port(const Napi::CallbackInfo& info);
  Napi::Value add_device(const Napi::CallbackInfo& info);
  Napi::Value set_device(const Napi::CallbackInfo& info);
  Napi::Value rem_device(const Napi::CallbackInfo& info);
  Napi::Value start(const Napi::CallbackInfo& info);
  Napi::Value stop(const Napi::CallbackInfo& info);
  Napi::Value clear_counters(const Napi::CallbackInfo& info);
  Napi::Value snapshot(const Napi::CallbackInfo& info);
  Napi::Value open_receiver(const Napi::CallbackInfo& info);
  Napi::Value close_receiver(const Napi::CallbackInfo& info);
  Napi::Value clear_receiver(const Napi::CallbackInfo& info);
  Napi::Value forget_devices(const Napi::CallbackInfo& info);
  Napi::Value receiver(const Napi::CallbackInfo& info);
  Napi::Value sync(const Napi::CallbackInfo& info);
  Napi::Value change_link(const Napi::CallbackInfo& info);
  Napi::Value pending_grace(const Napi::CallbackInfo& info);
  Napi::Value grace(const Napi::CallbackInfo& info);
  Napi::Value senders(const Napi::CallbackInfo& info);
  Napi::Value close_now(const Napi::CallbackInfo& info);

  Napi::Value wait_for(Napi::Env env, Result<Cookie> cookie, Waiting::Kind kind, std::vector<DeviceId> devices);
  // A promise for an answer of the opener thread; `ask` is called with the function that settles it.
  template <typename T, typename Ask, typename Convert>
  Napi::Value ask_opener(Napi::Env env, Ask ask, Convert convert);

  void turn();
  void deliver(Cookie completed);
  void deliver_events();
  void trim();
  void arm();
  void hold();
  void let_go();
  void shut();
  void reject_outstanding();

  std::unique_ptr<Engine> engine_;
  Loop* loop_;
  Napi::AsyncContext context_;
  Napi::FunctionReference on_event_;
  std::vector<Napi::ObjectReference> pages_;
  std::deque<Waiting> waiting_;
  std::map<uint64_t, napi_deferred> asked_;  // of the opener thread
  uint64_t next_asked_ = 1;
  std::vector<Event> events_;
  // Promises outstanding: while there are any, the event loop and this object stay alive.
  uint32_t outstanding_ = 0;
  int64_t trimmed_at_ = 0;
};

}  // namespace pktsh
