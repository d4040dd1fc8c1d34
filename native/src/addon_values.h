// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <initializer_list>
#include <vector>

#include "addon_input.h"
#include "engine.h"

// JavaScript values to specs and snapshots to JavaScript values. Shapes are those of native/index.ts.
namespace pktsh {

[[nodiscard]] LabSpec to_lab_spec(const Input& lab);
[[nodiscard]] PortSpec to_port_spec(const Input& port);
[[nodiscard]] DeviceSpec to_device_spec(const Input& device);
[[nodiscard]] std::vector<DeviceId> to_device_ids(const Input& list);

[[nodiscard]] Napi::Value from_links(Napi::Env env, const std::vector<LinkFacts>& links);
// The gap histogram is 9 KiB: left out where only counters are wanted.
[[nodiscard]] Napi::Value from_run(Napi::Env env, const RunSnapshot& run, bool with_gaps);
[[nodiscard]] Napi::Value from_statistics(Napi::Env env, const std::vector<Statistic>& statistics);
[[nodiscard]] Napi::Value from_receiver(Napi::Env env, const ReceiverSnapshot& receiver, bool with_timing);
[[nodiscard]] Napi::Value from_grace(Napi::Env env, const GraceSnapshot& grace);
[[nodiscard]] LinkChange to_link_change(const Input& word);
[[nodiscard]] Napi::Value from_pending_grace(Napi::Env env, const std::vector<PendingGrace>& pending);
[[nodiscard]] Napi::Value from_senders(Napi::Env env, const std::vector<SenderSnapshot>& senders);
[[nodiscard]] Napi::Value from_event(Napi::Env env, const Event& event);
// An Error whose `errno` is the number and whose message says what was being done.
[[nodiscard]] napi_value from_status(Napi::Env env, const Status& status);

// Calls a function from a turn of the event loop; what it throws is an uncaught exception.
void call_back(Napi::Env env, napi_value function, std::initializer_list<napi_value> arguments);

}  // namespace pktsh
