// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "clock.h"
#include "device.h"
#include "events.h"
#include "schedule.h"
#include "status.h"
#include "thread.h"

namespace pktsh {

// A thread pinned to one CPU that walks its own list of devices and sends, as kernel pktgen's kpktgend_N: pick a device,
// build and hand over a batch, pass a quiescent state, see to what control has changed. All members but the thread's own
// are called by the control thread (the updater).
class Sender {
 public:
  // `line` must outlive the sender. ENOSPC: more senders than the domain has slots.
  [[nodiscard]] static Result<std::unique_ptr<Sender>> start(int cpu, ControlLine& line);
  ~Sender();  // stop()
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  // Linking and unlinking take effect with the next changed(). An unlinked device may be freed after a grace period whose
  // start() came after that.
  void link(Device* device);
  void unlink(Device* device);
  // Makes the thread look again: after every change of the list, or of a device's run or cfg, and before start().
  void changed();
  // Ends the thread, within one batch, and waits for it.
  void stop();

  [[nodiscard]] int cpu() const { return cpu_; }
  [[nodiscard]] int tid() const;
  [[nodiscard]] Phase phase() const;

 private:
  // What came of serving a device.
  struct Outcome {
    enum class Kind : uint8_t { done, blocked, down, fatal } kind = Kind::done;
    int fd = -1;    // blocked: writable when it is worth trying again, -1: no descriptor tells
    int error = 0;  // fatal: errno
  };

  Sender(int cpu, ControlLine& line, Slot& slot) : line_(line), slot_(slot), cpu_(cpu) {}
  static void* body(void* self);
  void loop();
  void sync(int64_t now);
  void pause(Reader& reader, int64_t now, uint32_t version);
  [[nodiscard]] Outcome serve(Reader& reader, const Schedule::Entry& entry, int64_t now);
  [[nodiscard]] Outcome transmit(Driver& driver, Run& run, const Cfg& cfg, uint32_t wanted, int64_t now);
  // Gives the number of different frames.
  uint32_t build(uint32_t count, Progress& progress, const Cfg& cfg, int64_t now);
  // The stamps of so many different frames; `timed`: with the time.
  void stamp(uint32_t count, const Progress& progress, bool timed, int64_t now);
  void end(Device& device, Run& run, int error);
  void notify();
  void enter(Phase phase);

  ControlLine& line_;
  Slot& slot_;
  const int cpu_;
  std::atomic<Device*> head_{nullptr};
  std::atomic<bool> stop_{false};
  std::atomic<uint32_t> version_{0};  // of everything above and all that hangs off it; the futex word, too
  Thread thread_;

  // Of the thread alone.
  Schedule schedule_;
  RealtimeOffset wall_;
  // Of the batch under way.
  std::array<uint8_t*, kBatch> frames_{};
  std::array<uint16_t, kBatch> sizes_{};
  std::array<Stamp, kBatch> stamps_{};  // of different frames
  FlowLog flow_log_;
};

}  // namespace pktsh
