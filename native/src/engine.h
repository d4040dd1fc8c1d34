// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "arrival_timing.h"
#include "frame_program.h"
#include "histogram.h"
#include "lab_client.h"
#include "link_monitor.h"
#include "netlink.h"
#include "stats_page.h"
#include "status.h"

namespace pktsh {

using DeviceId = uint32_t;    // never reused
using ReceiverId = uint32_t;  // never reused
using PortId = uint32_t;      // never reused
using Cookie = uint64_t;      // names a grace period; ends are in order

enum class DriverKind : uint8_t { null, pcap, packet };
enum class XmitMode : uint8_t { start_xmit, queue_xmit };
enum class LatePolicy : uint8_t { catch_up, skip, shift };

struct PortSpec {
  std::string interface;  // its name, for messages; '' for drivers null and pcap
  int ifindex = 0;
  int cpu = 0;
  DriverKind driver = DriverKind::packet;
  XmitMode mode = XmitMode::start_xmit;
  std::string file;  // driver pcap: where to write
};

// Nanoseconds with a binary fraction, so that 10^12 additions stay within a microsecond of the exact schedule.
struct Gap {
  int64_t ns = 0;
  uint32_t fraction = 0;  // in units of 2^-32 ns
  [[nodiscard]] bool zero() const { return ns == 0 && fraction == 0; }
  bool operator==(const Gap&) const = default;
};

struct DeviceSpec {
  std::string name;
  FrameProgram program;
  bool paced = false;
  bool paused = false;
  Gap gap;             // from one pass to the next, or for each byte sent; unused when not paced
  bool per_byte = false;
  uint32_t burst = 1;   // packets a pass
  uint32_t clones = 1;  // how often each built frame is sent
  uint64_t count = 0;   // 0: until stopped
  uint32_t priority = 0;
  LatePolicy late = LatePolicy::catch_up;
  uint64_t seed = 0;
};

// A Run's figures, exact: taken by the control thread after the Run's grace period (or live, see Engine::snapshot).
struct RunSnapshot {
  uint64_t sent = 0, bytes = 0, errors = 0, late = 0, skipped = 0, asked = 0, in_flight = 0;
  bool paced = false;
  bool running = false;
  int64_t started_at = 0;  // CLOCK_MONOTONIC ns; 0: never started
  int64_t stopped_at = 0;  // 0 while running
  int failure = 0;         // errno that ended the run, 0 if none
  DriverKind driver = DriverKind::null;
  HistogramSnapshot gaps;
};

struct StreamSnapshot {
  DeviceId device = 0;
  uint64_t received = 0, bytes = 0, duplicated = 0, reordered = 0;
  TimingSnapshot timing = {};
};
struct ReceiverSnapshot {
  uint64_t received = 0, bytes = 0, other = 0, duplicated = 0, reordered = 0, dropped = 0;
  uint64_t unnumbered = 0, unnumbered_bytes = 0;  // of `other`: with pktgen's header, which names no device
  int64_t last_at = 0;  // CLOCK_MONOTONIC ns; 0: nothing yet
  int64_t caught_up_at = 0;  // CLOCK_MONOTONIC ns up to which all that arrived is counted
  std::vector<StreamSnapshot> streams;
  TimingSnapshot timing;       // of all streams, those of removed devices too
  bool clock_stepped = false;  // the wall clock was set: the times mean nothing
};

struct GraceSnapshot {
  uint64_t completed = 0, pending = 0, stalls = 0;
  HistogramSnapshot latency;
};

enum class Phase : uint8_t { idle, walk, build, send, wait };
struct GraceHolder {
  int cpu = 0;
  int tid = 0;
  Phase phase = Phase::idle;
};
// A grace period under way, and whose read sections it waits for.
struct PendingGrace {
  Cookie cookie = 0;
  int64_t age_ns = 0;
  std::vector<GraceHolder> holders;
};
struct SenderSnapshot {
  int cpu = 0;
  int tid = 0;
  uint32_t devices = 0;
  Phase phase = Phase::idle;
  uint64_t involuntary_switches = 0;
  // Whether the control thread and the receivers' have had to share its CPU while it had devices.
  bool shared_with_control = false;
};

struct Event {
  enum class Kind : uint8_t { finished, failed, stall, link } kind = Kind::finished;
  DeviceId device = 0;  // finished, failed
  int error = 0;        // failed: errno
  int cpu = 0, tid = 0; // stall
  Phase phase = Phase::idle;
  int64_t age_ms = 0;
  LinkEvent link{};  // link
};

// What the engine tells its host from poll(), on the control thread.
struct Listener {
  std::function<void(const Event&)> event;
  // Every cookie up to and including this one has completed.
  std::function<void(Cookie)> completed;
};

// The native engine without Node: senders, their devices, grace periods, receivers. Every member function is called on
// the control thread (the sole updater) and none of them blocks, closing excepted; what takes the kernel milliseconds runs
// on the opener thread and reports through `done`, called from poll(). After close_now() nothing is reported any more.
// While a sender has devices, the control thread and the receivers' keep off its CPU, as far as there are others: the engine
// sets the CPU affinity of the thread that calls it, and gives it back when it closes.
class Engine {
 public:
  // `wake` may be called from any thread and must be async-safe and cheap (uv_async_send, an eventfd); it asks for poll().
  Engine(std::function<void()> wake, Listener listener);
  ~Engine();  // close_now()
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Statistics pages: memory of the host, zeroed, 64-byte aligned, at least `kStatsRecordSize * records` bytes, valid until
  // the engine is destroyed. A start() that finds no free record fails with ENOBUFS.
  void add_stats_page(void* memory, uint32_t records);
  [[nodiscard]] uint32_t free_stats_records() const;

  // Lab and interfaces, on the opener thread.
  void open_lab(LabSpec spec, std::function<void(Result<std::vector<LinkFacts>>)> done);
  void links(std::function<void(Result<std::vector<LinkFacts>>)> done);
  // See link_statistics().
  void statistics(std::string interface, std::function<void(Result<std::vector<Statistic>>)> done);

  // Changes an interface of the lab, on the opener thread; EPERM outside of one.
  void change_link(LinkChange change, std::string name, std::string to, std::function<void(Status)> done);

  // Gives a port for one device to take over with add_device(); shared where the spec equals an open one's.
  void open_port(PortSpec spec, std::function<void(Result<PortId>)> done);
  void release_port(PortId port);  // where no device took it over

  // EINVAL: a spec out of bounds; EBUSY: retire queue full (try again after a poll). The port is taken over on success.
  [[nodiscard]] Result<DeviceId> add_device(PortId port, DeviceSpec spec);
  [[nodiscard]] Result<Cookie> set_device(DeviceId device, DeviceSpec spec);
  // Stops and unlinks now; the device's memory is free once the cookie completes. The snapshot is exact from the moment at
  // which `completed` reports the cookie until the host's callback for it returns.
  [[nodiscard]] Result<Cookie> rem_device(DeviceId device);
  // Starts the stopped devices among these at one common instant, which is returned (CLOCK_MONOTONIC ns).
  [[nodiscard]] Result<int64_t> start(const std::vector<DeviceId>& devices);
  [[nodiscard]] Result<Cookie> stop(const std::vector<DeviceId>& devices);
  [[nodiscard]] Result<Cookie> clear_counters(const std::vector<DeviceId>& devices);
  // Figures of the run that the stop() which gave the cookie ended, even if the device was started again since, from the
  // moment at which `completed` reports the cookie until the callback returns; where it ended none, those of snapshot().
  [[nodiscard]] Result<RunSnapshot> stopped(DeviceId device, Cookie stop) const;
  // The device's figures: exact when stopped or removed (kept until the cookie of its removal was reported), live otherwise.
  [[nodiscard]] Result<RunSnapshot> snapshot(DeviceId device) const;

  void open_receiver(std::string interface, int ifindex, std::function<void(Result<ReceiverId>)> done);
  void close_receiver(ReceiverId receiver, std::function<void(Status)> done);
  [[nodiscard]] Status clear_receiver(ReceiverId receiver);
  // Receivers no longer tell apart what they got, or still get, of these removed devices; it stays in their totals. Devices
  // that exist are left alone. Without this a receiver keeps figures of every device that it ever heard.
  void forget_devices(const std::vector<DeviceId>& ids);
  // Times come along where they are asked for; of a device that was removed 4094 runs ago they are only in the total.
  [[nodiscard]] Result<ReceiverSnapshot> receiver(ReceiverId receiver, bool with_timing = false) const;

  // A cookie that completes when every grace period begun before this call has ended.
  [[nodiscard]] Cookie sync();
  [[nodiscard]] GraceSnapshot grace() const;
  [[nodiscard]] std::vector<PendingGrace> pending_grace() const;
  [[nodiscard]] std::vector<SenderSnapshot> senders() const;
  // The cookie up to which everything has completed.
  [[nodiscard]] Cookie completed() const;

  // Moves everything forward that can: finished opener tasks, events of senders, grace periods, the stall detector, ports
  // unused for a second. To be called after every wake and, as a net, every millisecond while work_pending().
  void poll();
  [[nodiscard]] bool work_pending() const;

  // Stops and joins every thread, completes every grace period, frees everything, ends the lab. Idempotent; takes at most
  // one batch of each sender plus what the kernel needs to close sockets.
  void close_now();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pktsh
