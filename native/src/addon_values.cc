// SPDX-License-Identifier: Apache-2.0

#include "addon_values.h"

#include <string_view>

namespace pktsh {
namespace {

std::string text(const Napi::Object& object, const char* key) { return object.Get(key).ToString().Utf8Value(); }

double number(const Napi::Object& object, const char* key) { return object.Get(key).ToNumber().DoubleValue(); }

uint64_t word(const Napi::Value& value) {
  bool lossless = false;
  return value.As<Napi::BigInt>().Uint64Value(&lossless);
}

uint64_t word(const Napi::Object& object, const char* key) { return word(object.Get(key)); }

Mac mac(const Napi::Object& object) {
  const auto address = static_cast<uint64_t>(number(object, "mac"));
  Mac mac{};
  for (size_t i = 0; i < mac.size(); i++) mac[i] = static_cast<uint8_t>(address >> (8 * (mac.size() - 1 - i)));
  return mac;
}

LabEnd lab_end(const Napi::Value& value) {
  const auto object = value.As<Napi::Object>();
  return {text(object, "name"), mac(object)};
}

FieldSlot slot(const Napi::Object& object) {
  return {static_cast<uint16_t>(number(object, "offset")), static_cast<uint8_t>(number(object, "bytes")),
          static_cast<uint8_t>(number(object, "shift")), static_cast<uint8_t>(number(object, "bits"))};
}

std::vector<uint64_t> words(const Napi::Object& object, const char* key) {
  const Napi::Value given = object.Get(key);
  if (!given.IsArray()) return {};
  const auto list = given.As<Napi::Array>();
  std::vector<uint64_t> values;
  values.reserve(list.Length());
  for (uint32_t i = 0; i < list.Length(); i++) values.push_back(word(list.Get(i)));
  return values;
}

FieldOp field_op(const Napi::Object& object) {
  const std::string kind = text(object, "kind");
  const auto u16 = [&](const char* key) { return static_cast<uint16_t>(number(object, key)); };
  if (kind == "stamp") return StampOp{u16("offset")};
  if (kind == "checksum") {
    ChecksumOp sum{u16("offset"), u16("start"), u16("length"), {}};
    if (const Napi::Value value = object.Get("pseudo"); value.IsObject()) {
      const auto pseudo = value.As<Napi::Object>();
      const auto part = [&](const char* key) { return static_cast<uint16_t>(number(pseudo, key)); };
      sum.pseudo = {part("start"), part("length"), part("sum"), part("zero")};
    }
    return sum;
  }
  const FieldSlot field = slot(object.Get("slot").As<Napi::Object>());
  if (kind == "increment") return IncrementOp{field, word(object, "first"), word(object, "last"), word(object, "step")};
  if (kind == "random") return RandomOp{field, word(object, "first"), word(object, "last")};
  if (kind == "list") return ListOp{field, words(object, "values"), words(object, "upper")};
  return RandomListOp{field, words(object, "values"), words(object, "upper")};
}

Napi::Value count(Napi::Env env, uint64_t value) { return Napi::Number::New(env, static_cast<double>(value)); }

// 0 stands for "not yet" in snapshots; JavaScript gets null.
Napi::Value instant(Napi::Env env, int64_t at) { return at == 0 ? env.Null() : Napi::BigInt::New(env, at); }

Napi::Value histogram(Napi::Env env, const HistogramSnapshot& from) {
  auto counts = Napi::Float64Array::New(env, from.counts.size());
  for (size_t i = 0; i < from.counts.size(); i++) counts[i] = static_cast<double>(from.counts[i]);
  Napi::Object object = Napi::Object::New(env);
  object.Set("counts", counts);
  object.Set("total", count(env, from.total));
  object.Set("max", count(env, from.max));
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

LabSpec to_lab_spec(const Napi::Object& object) {
  LabSpec spec{text(object, "helper"), {}};
  const auto links = object.Get("links").As<Napi::Array>();
  for (uint32_t i = 0; i < links.Length(); i++) {
    const auto link = links.Get(i).As<Napi::Object>();
    const auto mtu = static_cast<uint32_t>(number(link, "mtu"));
    if (text(link, "kind") == "veth") {
      spec.links.push_back({LabLink::Kind::veth, lab_end(link.Get("a")), lab_end(link.Get("b")), mtu});
    } else {
      spec.links.push_back({LabLink::Kind::ifb, lab_end(link.Get("end")), {}, mtu});
    }
  }
  return spec;
}

PortSpec to_port_spec(const Napi::Object& object) {
  PortSpec spec;
  spec.interface = text(object, "interface");
  spec.ifindex = static_cast<int>(number(object, "ifindex"));
  spec.cpu = static_cast<int>(number(object, "cpu"));
  const std::string driver = text(object, "driver");
  spec.driver = driver == "null" ? DriverKind::null : driver == "pcap" ? DriverKind::pcap : DriverKind::packet;
  spec.mode = text(object, "mode") == "queue_xmit" ? XmitMode::queue_xmit : XmitMode::start_xmit;
  spec.file = text(object, "file");
  return spec;
}

DeviceSpec to_device_spec(const Napi::Object& object) {
  DeviceSpec spec;
  spec.name = text(object, "name");
  const auto program = object.Get("program").As<Napi::Object>();
  const auto bytes = program.Get("bytes").As<Napi::Uint8Array>();
  spec.program.bytes.assign(bytes.Data(), bytes.Data() + bytes.ElementLength());
  const auto operations = program.Get("operations").As<Napi::Array>();
  for (uint32_t i = 0; i < operations.Length(); i++) {
    spec.program.operations.push_back(field_op(operations.Get(i).As<Napi::Object>()));
  }
  spec.paced = object.Get("paced").ToBoolean();
  spec.paused = object.Get("paused").ToBoolean();
  spec.gap = {static_cast<int64_t>(word(object, "gapNs")), static_cast<uint32_t>(number(object, "gapFraction"))};
  spec.burst = static_cast<uint32_t>(number(object, "burst"));
  spec.count = word(object, "count");
  const std::string late = text(object, "late");
  spec.late = late == "skip" ? LatePolicy::skip : late == "shift" ? LatePolicy::shift : LatePolicy::catch_up;
  spec.seed = word(object, "seed");
  return spec;
}

std::vector<DeviceId> to_device_ids(const Napi::Value& value) {
  const auto list = value.As<Napi::Array>();
  std::vector<DeviceId> ids;
  ids.reserve(list.Length());
  for (uint32_t i = 0; i < list.Length(); i++) ids.push_back(list.Get(i).ToNumber().Uint32Value());
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
    object.Set("loopback", Napi::Boolean::New(env, link.loopback));
    object.Set("defaultRoute", Napi::Boolean::New(env, link.default_route));
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

Napi::Value from_receiver(Napi::Env env, const ReceiverSnapshot& receiver) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("received", count(env, receiver.received));
  object.Set("bytes", count(env, receiver.bytes));
  object.Set("other", count(env, receiver.other));
  object.Set("duplicated", count(env, receiver.duplicated));
  object.Set("reordered", count(env, receiver.reordered));
  object.Set("dropped", count(env, receiver.dropped));
  object.Set("lastAt", instant(env, receiver.last_at));
  object.Set("streams", array(env, receiver.streams, [env](const StreamSnapshot& stream) {
               Napi::Object entry = Napi::Object::New(env);
               entry.Set("device", Napi::Number::New(env, stream.device));
               entry.Set("received", count(env, stream.received));
               entry.Set("bytes", count(env, stream.bytes));
               entry.Set("duplicated", count(env, stream.duplicated));
               entry.Set("reordered", count(env, stream.reordered));
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

Napi::Value from_senders(Napi::Env env, const std::vector<SenderSnapshot>& senders) {
  return array(env, senders, [env](const SenderSnapshot& sender) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("cpu", Napi::Number::New(env, sender.cpu));
    object.Set("tid", Napi::Number::New(env, sender.tid));
    object.Set("devices", Napi::Number::New(env, sender.devices));
    object.Set("involuntarySwitches", count(env, sender.involuntary_switches));
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

Napi::Value from_status(Napi::Env env, const Status& status) {
  Napi::Error error = Napi::Error::New(env, status.doing);
  error.Set("errno", Napi::Number::New(env, status.error));
  return error.Value();
}

}  // namespace pktsh
