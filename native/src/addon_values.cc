// SPDX-License-Identifier: Apache-2.0

#include "addon_values.h"

#include <algorithm>
#include <span>
#include <string>

namespace pktsh {
namespace {

Mac mac(const Input& end) {
  const auto address = static_cast<uint64_t>(end["mac"].number());
  Mac mac{};
  for (size_t i = 0; i < mac.size(); i++) mac[i] = static_cast<uint8_t>(address >> (8 * (mac.size() - 1 - i)));
  return mac;
}

LabEnd lab_end(const Input& end) { return {end["name"].text(), mac(end)}; }

FieldSlot slot(const Input& slot) {
  const auto u8 = [&](const char* key) { return static_cast<uint8_t>(slot[key].number32()); };
  return {static_cast<uint16_t>(slot["offset"].number32()), u8("bytes"), u8("shift"), u8("bits")};
}

std::vector<uint64_t> words(const Input& list) {
  std::vector<uint64_t> values;
  for (const Input& value : list.elements()) values.push_back(value.word());
  return values;
}

// What does not fit is the largest: out of whatever bounds a frame has.
uint16_t number16(const Input& value) { return static_cast<uint16_t>(std::min<uint32_t>(value.number32(), UINT16_MAX)); }

SizeOp size_op(const Input& operation) {
  const std::string order = operation["order"].text();
  SizeOp sizes;
  sizes.kind = order == "weighted" ? SizeOp::Kind::weighted
               : order == "random" ? SizeOp::Kind::random
                                   : SizeOp::Kind::increment;
  sizes.first = number16(operation["first"]);
  sizes.last = number16(operation["last"]);
  sizes.start = number16(operation["start"]);
  const std::vector<uint64_t> weights = words(operation["weights"]);
  const std::vector<Input> entries = operation["sizes"].elements();
  for (size_t i = 0; i < entries.size() && i < weights.size(); i++) {
    sizes.entries.push_back({number16(entries[i]), weights[i]});
  }
  return sizes;
}

ChecksumOp checksum_op(const Input& operation) {
  const auto u16 = [&](const char* key) { return number16(operation[key]); };
  ChecksumOp sum{u16("offset"), u16("start"), u16("length"), {}, operation["toEnd"].truth()};
  if (const Input pseudo = operation["pseudo"]; pseudo.is_object()) {
    const auto part = [&](const char* key) { return number16(pseudo[key]); };
    sum.pseudo = {part("start"), part("length"), part("sum"), part("zero")};
  }
  return sum;
}

std::vector<ValueRange> ranges(const Input& firsts, const Input& lasts) {
  const std::vector<uint64_t> first = words(firsts), last = words(lasts);
  std::vector<ValueRange> ranges;
  for (size_t i = 0; i < first.size() && i < last.size(); i++) ranges.push_back({first[i], last[i]});
  return ranges;
}

FieldOp field_op(const Input& operation) {
  const std::string kind = operation["kind"].text();
  const auto u64 = [&](const char* key) { return operation[key].word(); };
  if (kind == "size") return size_op(operation);
  if (kind == "stamp") {
    return StampOp{number16(operation["offset"]), operation["time"].truth(), operation["stream"].truth()};
  }
  if (kind == "checksum") return checksum_op(operation);
  const FieldSlot field = slot(operation["slot"]);
  if (kind == "length") return LengthOp{field, number16(operation["minus"])};
  Flows flows;
  if (const Input all = operation["flows"]; all.is_object()) {
    flows = {all["count"].number32(), all["length"].number32(), all["sequential"].truth()};
  }
  if (kind == "increment") return IncrementOp{field, u64("first"), u64("last"), u64("step"), u64("start"), flows};
  if (kind == "random") {
    return RandomOp{field, u64("first"), u64("last"), ranges(operation["exceptFirst"], operation["exceptLast"]), flows};
  }
  if (kind == "random_bits") {
    return RandomBitsOp{field,           u64("set"),      u64("keep"), operation["wide"].truth(),
                        u64("upperSet"), u64("upperKeep"), flows};
  }
  if (kind == "list") return ListOp{field, words(operation["values"]), words(operation["upper"]), flows};
  return RandomListOp{field, words(operation["values"]), words(operation["upper"]), flows};
}

Napi::Value count(Napi::Env env, uint64_t value) { return Napi::Number::New(env, static_cast<double>(value)); }

// 0 stands for "not yet" in snapshots; JavaScript gets null.
Napi::Value instant(Napi::Env env, int64_t at) { return at == 0 ? env.Null() : Napi::BigInt::New(env, at); }

Napi::Value histogram(Napi::Env env, const HistogramSnapshot& from) {
  void* data = nullptr;
  napi_value buffer = nullptr;
  napi_value counts = nullptr;
  const size_t size = from.counts.size() * sizeof(double);
  // These fail where the environment ends, see Input.
  if (napi_create_arraybuffer(env, size, &data, &buffer) != napi_ok) return env.Null();
  if (napi_create_typedarray(env, napi_float64_array, from.counts.size(), buffer, 0, &counts) != napi_ok) return env.Null();
  std::transform(from.counts.begin(), from.counts.end(), static_cast<double*>(data),
                 [](uint64_t value) { return static_cast<double>(value); });
  Napi::Object object = Napi::Object::New(env);
  object.Set("counts", counts);
  object.Set("total", count(env, from.total));
  object.Set("max", count(env, from.max));
  return object;
}

Napi::Value timing(Napi::Env env, const TimingSnapshot& from) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("latency", histogram(env, from.latency));
  object.Set("gaps", histogram(env, from.gaps));
  object.Set("variation", count(env, from.variation));
  object.Set("variations", count(env, from.variations));
  object.Set("negative", count(env, from.negative));
  object.Set("untimed", count(env, from.untimed));
  return object;
}

const char* phase_name(Phase phase) {
  switch (phase) {
    case Phase::idle:
      return "idle";
    case Phase::walk:
      return "walk";
    case Phase::build:
      return "build";
    case Phase::send:
      return "send";
    case Phase::wait:
      return "wait";
  }
  return "";
}

const char* driver_name(DriverKind driver) {
  switch (driver) {
    case DriverKind::null:
      return "null";
    case DriverKind::pcap:
      return "pcap";
    case DriverKind::packet:
      return "packet";
  }
  return "";
}

template <typename T, typename Convert>
Napi::Value array(Napi::Env env, const std::vector<T>& items, Convert convert) {
  Napi::Array list = Napi::Array::New(env, items.size());
  for (uint32_t i = 0; i < items.size(); i++) list.Set(i, convert(items[i]));
  return list;
}

}  // namespace

LabSpec to_lab_spec(const Input& lab) {
  LabSpec spec{lab["helper"].text(), {}};
  for (const Input& link : lab["links"].elements()) {
    const uint32_t mtu = link["mtu"].number32();
    if (link["kind"].text() == "veth") {
      spec.links.push_back({LabLink::Kind::veth, lab_end(link["a"]), lab_end(link["b"]), mtu});
    } else {
      spec.links.push_back({LabLink::Kind::ifb, lab_end(link["end"]), {}, mtu});
    }
  }
  return spec;
}

PortSpec to_port_spec(const Input& port) {
  PortSpec spec;
  spec.interface = port["interface"].text();
  spec.ifindex = port["ifindex"].index();
  spec.cpu = port["cpu"].index();
  const std::string driver = port["driver"].text();
  spec.driver = driver == "packet" ? DriverKind::packet : driver == "pcap" ? DriverKind::pcap : DriverKind::null;
  spec.mode = port["mode"].text() == "queue_xmit" ? XmitMode::queue_xmit : XmitMode::start_xmit;
  spec.file = port["file"].text();
  return spec;
}

DeviceSpec to_device_spec(const Input& device) {
  DeviceSpec spec;
  spec.name = device["name"].text();
  const Input program = device["program"];
  const std::span<uint8_t> bytes = program["bytes"].bytes();
  spec.program.bytes.assign(bytes.begin(), bytes.end());
  for (const Input& operation : program["operations"].elements()) {
    spec.program.operations.push_back(field_op(operation));
  }
  spec.paced = device["paced"].truth();
  spec.paused = device["paused"].truth();
  spec.gap = {static_cast<int64_t>(device["gapNs"].word()), device["gapFraction"].number32()};
  spec.per_byte = device["perByte"].truth();
  spec.burst = device["burst"].number32();
  spec.clones = device["clones"].number32();
  spec.count = device["count"].word();
  const std::string late = device["late"].text();
  spec.late = late == "skip" ? LatePolicy::skip : late == "shift" ? LatePolicy::shift : LatePolicy::catch_up;
  spec.priority = device["priority"].number32();
  spec.seed = device["seed"].word();
  return spec;
}

std::vector<DeviceId> to_device_ids(const Input& list) {
  std::vector<DeviceId> ids;
  for (const Input& id : list.elements()) ids.push_back(id.number32());
  return ids;
}

Napi::Value from_links(Napi::Env env, const std::vector<LinkFacts>& links) {
  return array(env, links, [env](const LinkFacts& link) {
    uint64_t address = 0;
    for (const uint8_t octet : link.mac) address = address << 8 | octet;
    Napi::Object object = Napi::Object::New(env);
    object.Set("name", link.name);
    object.Set("index", Napi::Number::New(env, link.index));
    object.Set("kind", link.kind);
    object.Set("mac", count(env, address));
    object.Set("mtu", count(env, link.mtu));
    object.Set("up", Napi::Boolean::New(env, link.up));
    object.Set("carrier", Napi::Boolean::New(env, link.carrier));
    object.Set("queues", count(env, link.queues));
    object.Set("speed", link.speed == 0 ? env.Null() : count(env, link.speed));
    object.Set("peer", Napi::Number::New(env, link.peer));
    object.Set("ipv4", link.ipv4 == 0 ? env.Null() : count(env, link.ipv4));
    object.Set("bus", link.bus);
    object.Set("loopback", Napi::Boolean::New(env, link.loopback));
    object.Set("defaultRoute", Napi::Boolean::New(env, link.default_route));
    return object;
  });
}

Napi::Value from_statistics(Napi::Env env, const std::vector<Statistic>& statistics) {
  return array(env, statistics, [env](const Statistic& statistic) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("name", statistic.name);
    object.Set("value", count(env, statistic.value));
    return object;
  });
}

Napi::Value from_run(Napi::Env env, const RunSnapshot& run, bool with_gaps) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("sent", count(env, run.sent));
  object.Set("bytes", count(env, run.bytes));
  object.Set("errors", count(env, run.errors));
  object.Set("late", count(env, run.late));
  object.Set("skipped", count(env, run.skipped));
  object.Set("asked", run.paced ? count(env, run.asked) : env.Null());
  object.Set("inFlight", count(env, run.in_flight));
  object.Set("running", Napi::Boolean::New(env, run.running));
  object.Set("startedAt", instant(env, run.started_at));
  object.Set("stoppedAt", instant(env, run.stopped_at));
  object.Set("failure", Napi::Number::New(env, run.failure));
  object.Set("driver", Napi::String::New(env, driver_name(run.driver)));
  object.Set("gaps", with_gaps ? histogram(env, run.gaps) : env.Null());
  return object;
}

Napi::Value from_receiver(Napi::Env env, const ReceiverSnapshot& receiver, bool with_timing) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("received", count(env, receiver.received));
  object.Set("bytes", count(env, receiver.bytes));
  object.Set("other", count(env, receiver.other));
  object.Set("duplicated", count(env, receiver.duplicated));
  object.Set("reordered", count(env, receiver.reordered));
  object.Set("dropped", count(env, receiver.dropped));
  Napi::Object unnumbered = Napi::Object::New(env);
  unnumbered.Set("packets", count(env, receiver.unnumbered));
  unnumbered.Set("bytes", count(env, receiver.unnumbered_bytes));
  object.Set("unnumbered", unnumbered);
  object.Set("lastAt", instant(env, receiver.last_at));
  object.Set("caughtUpAt", Napi::BigInt::New(env, receiver.caught_up_at));
  object.Set("clockStepped", Napi::Boolean::New(env, receiver.clock_stepped));
  object.Set("timing", with_timing ? timing(env, receiver.timing) : env.Null());
  object.Set("streams", array(env, receiver.streams, [env, with_timing](const StreamSnapshot& stream) {
               Napi::Object entry = Napi::Object::New(env);
               entry.Set("device", Napi::Number::New(env, stream.device));
               entry.Set("received", count(env, stream.received));
               entry.Set("bytes", count(env, stream.bytes));
               entry.Set("duplicated", count(env, stream.duplicated));
               entry.Set("reordered", count(env, stream.reordered));
               entry.Set("timing", with_timing ? timing(env, stream.timing) : env.Null());
               return entry;
             }));
  return object;
}

Napi::Value from_grace(Napi::Env env, const GraceSnapshot& grace) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("completed", count(env, grace.completed));
  object.Set("pending", count(env, grace.pending));
  object.Set("stalls", count(env, grace.stalls));
  object.Set("latency", histogram(env, grace.latency));
  return object;
}

LinkChange to_link_change(const Input& word) {
  const std::string change = word.text();
  if (change == "down") return LinkChange::down;
  if (change == "up") return LinkChange::up;
  return change == "rename" ? LinkChange::rename : LinkChange::remove;
}

Napi::Value from_pending_grace(Napi::Env env, const std::vector<PendingGrace>& pending) {
  return array(env, pending, [env](const PendingGrace& grace) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("cookie", count(env, grace.cookie));
    object.Set("ageNs", Napi::Number::New(env, static_cast<double>(grace.age_ns)));
    object.Set("holders", array(env, grace.holders, [env](const GraceHolder& holder) {
                 Napi::Object entry = Napi::Object::New(env);
                 entry.Set("cpu", Napi::Number::New(env, holder.cpu));
                 entry.Set("tid", Napi::Number::New(env, holder.tid));
                 entry.Set("phase", phase_name(holder.phase));
                 return entry;
               }));
    return object;
  });
}

Napi::Value from_senders(Napi::Env env, const std::vector<SenderSnapshot>& senders) {
  return array(env, senders, [env](const SenderSnapshot& sender) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("cpu", Napi::Number::New(env, sender.cpu));
    object.Set("tid", Napi::Number::New(env, sender.tid));
    object.Set("devices", Napi::Number::New(env, sender.devices));
    object.Set("involuntarySwitches", count(env, sender.involuntary_switches));
    object.Set("sharedWithControl", Napi::Boolean::New(env, sender.shared_with_control));
    return object;
  });
}

Napi::Value from_event(Napi::Env env, const Event& event) {
  Napi::Object object = Napi::Object::New(env);
  switch (event.kind) {
    case Event::Kind::finished:
      object.Set("kind", "finished");
      object.Set("device", Napi::Number::New(env, event.device));
      break;
    case Event::Kind::failed:
      object.Set("kind", "failed");
      object.Set("device", Napi::Number::New(env, event.device));
      object.Set("errno", Napi::Number::New(env, event.error));
      break;
    case Event::Kind::link: {
      constexpr const char* kChanges[] = {"down", "up", "renamed", "removed"};  // as LinkEvent::Kind
      object.Set("kind", "link");
      object.Set("index", Napi::Number::New(env, event.link.index));
      object.Set("name", event.link.name);
      object.Set("change", kChanges[static_cast<size_t>(event.link.kind)]);
      object.Set("to", event.link.to.empty() ? env.Null() : Napi::String::New(env, event.link.to));
      break;
    }
    case Event::Kind::stall:
      object.Set("kind", "stall");
      object.Set("cpu", Napi::Number::New(env, event.cpu));
      object.Set("tid", Napi::Number::New(env, event.tid));
      object.Set("phase", phase_name(event.phase));
      object.Set("ageMs", Napi::Number::New(env, static_cast<double>(event.age_ms)));
      break;
  }
  return object;
}

napi_value from_status(Napi::Env env, const Status& status) {
  napi_value message = nullptr;
  napi_value number = nullptr;
  napi_value error = nullptr;
  (void)napi_create_string_utf8(env, status.doing.data(), status.doing.size(), &message);
  (void)napi_create_int32(env, status.error, &number);
  (void)napi_create_error(env, nullptr, message, &error);
  (void)napi_set_named_property(env, error, "errno", number);  // fails where the environment ends, see Input
  return error;
}

void call_back(Napi::Env env, napi_value function, std::initializer_list<napi_value> arguments) {
  napi_value ignored = nullptr;
  // The raw call: Function::Call aborts the process where the function throws null.
  if (napi_call_function(env, env.Undefined(), function, arguments.size(), arguments.begin(), &ignored) == napi_ok) return;
  napi_value thrown = nullptr;
  if (napi_get_and_clear_last_exception(env, &thrown) == napi_ok) napi_fatal_exception(env, thrown);
}

}  // namespace pktsh
