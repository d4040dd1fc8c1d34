// SPDX-License-Identifier: Apache-2.0

#include <malloc.h>
#include <napi.h>

#include "addon_alarm.h"
#include "addon_engine.h"
#include "histogram.h"
#include "stats_page.h"

namespace pktsh {
namespace {

// Raised with every change of what native/index.ts relies on, so that an old build is noticed.
constexpr int kAddonVersion = 6;

// What is free at the end of an arena goes back to the kernel above so many bytes. malloc's own number is the same, but rises
// to twice the largest block that was ever freed, and V8's compiler threads, each with an arena, keep megabytes then.
constexpr int kTrimThreshold = 128 * 1024;

// One instance for each environment (main thread, workers): no mutable statics.
class Addon : public Napi::Addon<Addon> {
 public:
  Addon(Napi::Env env, Napi::Object exports) {
#ifdef M_TRIM_THRESHOLD  // glibc's; others have no such number
    mallopt(M_TRIM_THRESHOLD, kTrimThreshold);
#endif
    DefineAddon(exports, {
                             InstanceValue("Engine", EngineObject::define(env, &constructor_), napi_enumerable),
                             InstanceValue("Alarm", AlarmObject::define(env), napi_enumerable),
                             InstanceValue("layout", layout(env), napi_enumerable),
                         });
  }

 private:
  // What native/index.ts holds its own constants against when it loads us.
  static Napi::Object layout(Napi::Env env) {
    Napi::Object layout = Napi::Object::New(env);
    layout.Set("version", Napi::Number::New(env, kAddonVersion));
    layout.Set("recordSize", Napi::Number::New(env, kStatsRecordSize));
    layout.Set("histogramBuckets", Napi::Number::New(env, kHistogramBuckets));
    Napi::Object fields = Napi::Object::New(env);
    for (const StatsField& field : kStatsFields) fields.Set(field.name, Napi::Number::New(env, field.offset));
    layout.Set("fields", fields);
    return layout;
  }

  Napi::FunctionReference constructor_;
};

}  // namespace
}  // namespace pktsh

namespace {
using PktshAddon = pktsh::Addon;
}
NODE_API_ADDON(PktshAddon)
