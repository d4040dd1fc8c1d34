// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sched.h>

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "device.h"
#include "engine.h"
#include "events.h"
#include "grace.h"
#include "opener.h"
#include "port.h"
#include "receiver.h"
#include "retire.h"
#include "sender.h"

namespace pktsh {

// A sender and its devices' places in its schedule.
struct SenderEntry {
  std::unique_ptr<Sender> sender;
  std::vector<uint32_t> free_slots;
  uint32_t slots = 0;
  uint32_t devices = 0;
  bool shared = false;  // with the control thread, while it had devices
};

// What the control thread knows of a device.
struct DeviceEntry {
  DeviceId id = 0;
  Device* device = nullptr;
  SenderEntry* sender = nullptr;
  Port* port = nullptr;
  Driver* driver = nullptr;
  uint64_t seed = 0;
  bool paced = false;
  Run* run = nullptr;     // published; or just ended by its sender, whose event is on the way
  Run* ending = nullptr;  // taken out last, its grace period under way
  bool cleared = false;   // the counters of `run` or `ending` are to be forgotten when it ends
  RunSnapshot last;       // figures of the last run that is over, exact
  Cookie removed = 0;     // of its removal
};

// Owns the streams of devices that were forgotten; no device ever has this id.
inline constexpr DeviceId kForgotten = UINT32_MAX;

// The stream id of a run that is over.
struct FreeStream {
  uint16_t stream = 0;
  int64_t since = 0;  // CLOCK_MONOTONIC
};

struct ReceiverEntry {
  std::unique_ptr<Receiver> receiver;
  // Of streams whose ids went to other runs since the receiver was cleared, by device; by 0 what strangers sent, by
  // kForgotten what arrived of devices after they were forgotten.
  std::unordered_map<DeviceId, StreamSnapshot> past;
  // Times of such streams whose devices were gone or forgotten by then: 18 KiB for each would add up under churn.
  TimingSnapshot gone;
};

// The engine's control-thread data. Only `line` is shared with senders, and `opener` has a thread of its own.
struct Engine::State {
  State(std::function<void()> wake, Listener listener);

  // engine.cc
  void watch_links();
  [[nodiscard]] Cookie begin_grace();
  void complete();

  // Devices and runs (engine_devices.cc)
  [[nodiscard]] DeviceEntry* find(DeviceId id);
  [[nodiscard]] Result<std::vector<DeviceEntry*>> find_all(const std::vector<DeviceId>& ids);
  [[nodiscard]] Result<Cfg*> make_cfg(const DeviceEntry* entry, DeviceSpec spec, const Driver& driver);
  [[nodiscard]] Run* make_run(const DeviceEntry& entry, Progress* progress, int64_t started_at);
  [[nodiscard]] RunSnapshot figures(const DeviceEntry& entry, const Run& run, bool running) const;
  [[nodiscard]] uint32_t claim_life();
  void retire(Cookie cookie, Run* run);
  void finish(Run* run);
  void take_ended();
  void release_device(Device* device);

  // Ports (engine_ports.cc)
  [[nodiscard]] Result<SenderEntry*> sender_on(int cpu);
  void grant(Port& port, const std::function<void(Result<PortId>)>& done);
  void opened(Port& port, Result<std::unique_ptr<Driver>> driver);
  void unuse(Port& port);
  void close_unused(int64_t now);
  void close_driver(std::unique_ptr<Driver> driver);

  // Which CPUs are whose (engine_affinity.cc)
  void spread();
  void gather();

  // Streams and receivers (engine_receivers.cc)
  [[nodiscard]] size_t free_stream_count() const { return free_streams.size() + (kMaxStreams - fresh_stream); }
  [[nodiscard]] uint16_t claim_stream(DeviceId device);
  [[nodiscard]] uint16_t take_stream();

  // Does `work` on the opener thread and calls `done` with its result from poll().
  template <typename T>
  void background(std::function<Result<T>(OpenerWorld&)> work, std::function<void(Result<T>)> done) {
    auto result = std::make_shared<Result<T>>(Result<T>::failure(EAGAIN, "starting the opener thread"));
    opener.post([result, work = std::move(work)](OpenerWorld& world) { *result = work(world); },
                [result, done = std::move(done)] { done(std::move(*result)); });
  }

  ControlLine line;
  Listener listener;
  bool closed = false;
  bool polling = false;

  std::unique_ptr<LinkMonitor> monitor;  // of the namespace in which ports are opened; null until interfaces were listed
  Opener opener;
  RetireQueue retired;
  GracePeriods grace;
  std::vector<Event> events;

  std::unordered_map<int, SenderEntry> senders;  // by CPU
  cpu_set_t allowed;  // where the control thread may run, as the engine found it; empty if the kernel does not tell
  cpu_set_t present;  // where it and the receivers run now
  std::vector<std::unique_ptr<Port>> ports;
  std::unordered_map<PortId, Port*> handles;
  PortId next_port = 1;

  std::unordered_map<DeviceId, std::unique_ptr<DeviceEntry>> devices;
  std::unordered_map<DeviceId, std::unique_ptr<DeviceEntry>> removed;  // until the cookie was reported
  std::map<std::pair<Cookie, DeviceId>, RunSnapshot> stopped;          // so are these, by stop()'s cookie
  DeviceId next_device = 1;
  uint64_t next_serial = 1;  // of Cfgs, Runs and generator epochs
  uint32_t last_life = 0;    // of GeneratorStates
  std::deque<StatsRecord*> free_records;

  std::deque<FreeStream> free_streams;               // in the order in which they were given back
  uint16_t fresh_stream = 1;                         // the lowest id that was never used; kMaxStreams: none is left
  std::array<DeviceId, kMaxStreams> stream_owner{};  // 0: never used
  std::unordered_map<ReceiverId, ReceiverEntry> receivers;
  ReceiverId next_receiver = 1;
};

}  // namespace pktsh
