// SPDX-License-Identifier: Apache-2.0
#include "sender.h"

#include <poll.h>
#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "pace.h"

namespace pktsh {

namespace {

constexpr int64_t kSpin = 100 * kMicrosecond;       // longer waits sleep: a wake-up costs 50 us and is that late
constexpr int64_t kWakeEarly = 60 * kMicrosecond;   // what a sleep may overrun, spun away instead
constexpr int64_t kIdleNet = 100 * kMillisecond;    // pktgen's idle wait, against a wake-up that was lost
constexpr int64_t kDownRetry = 10 * kMillisecond;   // between looks whether an interface is up again; a look is one frame
constexpr int64_t kDrainRetry = kMillisecond;       // between looks at a driver that has not settled
constexpr int kBlockedMs = 1;                       // bounds the wait on a descriptor that may be closed meanwhile
constexpr unsigned long kTimerSlack = 1;            // ns; 50 us by default

}  // namespace

Result<std::unique_ptr<Sender>> Sender::start(int cpu, ControlLine& line) {
  using Started = Result<std::unique_ptr<Sender>>;
  // Thread::start() would take -1 for anywhere.
  if (cpu < 0) return Started::failure(EINVAL, "starting a sender on a CPU that does not exist");
  Slot* const slot = line.domain.claim();
  if (slot == nullptr) return Started::failure(ENOSPC, "starting one more sender");
  slot->cpu.store(cpu, std::memory_order_relaxed);  // relaxed: the thread's start publishes it
  std::unique_ptr<Sender> sender(new Sender(cpu, line, *slot));
  Result<Thread> thread = Thread::start(cpu, body, sender.get());
  if (!thread.ok()) {
    line.domain.release(slot);
    return Started::failure(thread.status.error, "starting a sender on CPU " + std::to_string(cpu));
  }
  sender->thread_ = std::move(thread.value);
  return Started::success(std::move(sender));
}

Sender::~Sender() {
  stop();
  line_.domain.release(&slot_);
}

void Sender::link(Device* device) {
  Device* const head = head_.load(std::memory_order_relaxed);  // relaxed: only the updater writes it
  device->previous = nullptr;
  device->next.store(head, std::memory_order_relaxed);  // relaxed: published with the device
  if (head != nullptr) head->previous = device;
  head_.store(device, std::memory_order_release);  // release: the device is complete before it can be reached
}

void Sender::unlink(Device* device) {
  Device* const next = device->next.load(std::memory_order_relaxed);  // relaxed: only the updater writes it
  if (next != nullptr) next->previous = device->previous;
  std::atomic<Device*>& before = device->previous != nullptr ? device->previous->next : head_;
  before.store(next, std::memory_order_release);  // release: `next` was published by another store
}

void Sender::changed() {
  // release: the change comes before the version; the thread's acquire is at the loop top
  version_.fetch_add(1, std::memory_order_release);
  futex_wake(version_);
}

void Sender::stop() {
  stop_.store(true, std::memory_order_relaxed);  // relaxed: published by the version
  changed();
  thread_.join();
}

int Sender::tid() const {
  return slot_.tid.load(std::memory_order_relaxed);  // relaxed: for reports
}

Phase Sender::phase() const {
  return static_cast<Phase>(slot_.phase.load(std::memory_order_relaxed));  // relaxed: for reports
}

void Sender::enter(Phase phase) {
  slot_.phase.store(static_cast<uint8_t>(phase), std::memory_order_relaxed);  // relaxed: for reports
}

void* Sender::body(void* self) {
  static_cast<Sender*>(self)->loop();
  return nullptr;
}

void Sender::notify() {
  // relaxed: set before start(), and whoever sees the new epoch sees it; the control thread's timer is the net under the
  // rest
  if (line_.waiter.load(std::memory_order_relaxed)) line_.wake();
}

void Sender::loop() {
  prctl(PR_SET_TIMERSLACK, kTimerSlack);
  prctl(PR_SET_NAME, ("pktsh-send-" + std::to_string(cpu_)).c_str());
  slot_.tid.store(gettid(), std::memory_order_relaxed);  // relaxed: for reports
  Reader reader(line_.domain, slot_);
  reader.online();
  uint32_t seen = 0;
  for (;;) {
    // No pointer to a Device, Cfg or Run lives across this line, but in the index, which sync() purges.
    if (reader.quiescent()) notify();
    // acquire: after the quiescent state, so that the change of every completed grace period is seen, and before the walk,
    // so that none is slept through
    const uint32_t version = version_.load(std::memory_order_acquire);
    const int64_t now = monotonic_now();
    if (version != seen) {
      if (stop_.load(std::memory_order_relaxed)) break;  // relaxed: published by the version
      enter(Phase::walk);
      const Reader::Section section(reader);
      sync(now);
      seen = version;
    }
    Schedule::Entry entry;
    if (!schedule_.pick(now, entry)) {
      pause(reader, now, seen);
      continue;
    }
    const Outcome outcome = serve(reader, entry, now);
    if (outcome.kind == Outcome::Kind::blocked) {
      reader.offline();
      notify();
      enter(Phase::wait);
      pollfd writable = {outcome.fd, POLLOUT, 0};
      poll(&writable, 1, kBlockedMs);  // a negative descriptor is ignored
      reader.online();
    }
  }
  reader.offline();
  enter(Phase::idle);
}

void Sender::sync(int64_t now) {
  // acquire: publication
  schedule_.sync(head_.load(std::memory_order_acquire), [now](Device* device, int64_t& due) {
    Run* const run = device->run.load(std::memory_order_acquire);        // acquire: publication
    const Cfg* const cfg = device->cfg.load(std::memory_order_acquire);  // acquire: publication
    if (run == nullptr) return Schedule::Place::none;
    if (run->progress->run != run->serial || run->progress->cfg != cfg->serial) adopt(*run->progress, *run, *cfg, now);
    return settle(*run->progress, now, due);
  });
}

// Nothing is due: watches the clock for a short wait, sleeps for a long one. Offline either way: whoever is preempted while
// it only waits must not hold up grace periods.
void Sender::pause(Reader& reader, int64_t now, uint32_t version) {
  const int64_t due = schedule_.next_due();
  reader.offline();
  if (due - now <= kSpin) {
    enter(Phase::wait);
    // No notify(): the loop's quiescent state was nanoseconds ago, and start() is followed by a poll of its own. relaxed: the
    // loop reads the version again
    while (monotonic_now() < due && version_.load(std::memory_order_relaxed) == version) {
    }
    reader.online();
    return;
  }
  notify();
  enter(due == INT64_MAX ? Phase::idle : Phase::wait);
  futex_wait(version_, version, std::min(due - kWakeEarly, now + kIdleNet));
  reader.online();
}

Sender::Outcome Sender::serve(Reader& reader, const Schedule::Entry& entry, int64_t now) {
  const Reader::Section section(reader);
  enter(Phase::walk);
  Device& device = *entry.device;
  Run* const run = device.run.load(std::memory_order_acquire);  // acquire: publication
  if (run == nullptr) return {};                                // stopped: start() makes us look again
  const Cfg& cfg = *device.cfg.load(std::memory_order_acquire);  // acquire: publication
  Progress& progress = *run->progress;
  if (progress.run != run->serial || progress.cfg != cfg.serial) [[unlikely]] adopt(progress, *run, cfg, now);

  int64_t due = 0;
  Schedule::Place place = settle(progress, now, due);
  if (place == Schedule::Place::none || due > now) {
    schedule_.put(entry, place, due);
    return {};
  }
  if (progress.link_down) [[unlikely]] skip_missed(progress, *run, cfg, now);
  Outcome outcome;
  const uint64_t left = cfg.count == 0 ? kBatch : cfg.count - std::min(cfg.count, progress.sent);
  if (left > 0) {
    const uint32_t most = static_cast<uint32_t>(std::min<uint64_t>(left, kBatch));
    outcome = transmit(*device.driver, *run, cfg, packets_due(progress, *run, cfg, now, most), now);
    place = settle(progress, now, due);
  }
  progress.link_down = outcome.kind == Outcome::Kind::down;
  if (progress.link_down) {
    schedule_.put(entry, Schedule::Place::timed, std::max(due, now + kDownRetry));
  } else if (outcome.kind == Outcome::Kind::fatal) {
    end(device, *run, outcome.error);
  } else if (cfg.count == 0 || progress.sent < cfg.count) {
    schedule_.put(entry, place, due);
  } else if (const int unsettled = device.driver->settled(); unsettled == EAGAIN) {
    schedule_.put(entry, Schedule::Place::timed, now + kDrainRetry);
  } else {
    end(device, *run, unsettled);
  }
  return outcome;
}

// One batch: built, handed over, and what the kernel did not take is as if it had never been built; nor is a frame of which
// clones are still to come, so that the next batch builds it again.
Sender::Outcome Sender::transmit(Driver& driver, Run& run, const Cfg& cfg, uint32_t wanted, int64_t now) {
  const uint32_t room = driver.reserve(frames_.data(), wanted, cfg.builder.size());
  if (room == 0) return {Outcome::Kind::blocked, driver.poll_fd(), 0};

  enter(Phase::build);
  Progress& progress = *run.progress;
  const size_t words = cfg.builder.words();
  std::array<uint64_t, kMaxFieldOps> before;
  std::copy_n(progress.generators.values.begin(), words, before.begin());
  const auto flows_before = progress.generators.flows;
  flow_log_.clear();
  const uint32_t built = build(room, progress, cfg, now);

  enter(Phase::send);
  const Handover handover = driver.send({room, sizes_.data(), run.serial, cfg.priority});
  const uint32_t consumed = handover.accepted + handover.dropped;
  const uint64_t copies = uint64_t{progress.clones} + consumed;
  const auto whole = static_cast<uint32_t>(cfg.clones == 1 ? consumed : copies / cfg.clones);
  if (whole < built) {
    flow_log_.undo();
    std::copy_n(before.begin(), words, progress.generators.values.begin());
    progress.generators.flows = flows_before;
    cfg.builder.advance(progress.generators, whole);
  }
  if (consumed > 0) {
    if (cfg.clones > 1) {
      progress.clones = static_cast<uint32_t>(copies % cfg.clones);
      if (progress.clones > 0) progress.stamp = stamps_[whole];
    }
    StatsRecord& record = *run.record;
    stats_add(record.sent, handover.accepted);
    stats_add(record.bytes, handover.bytes);
    if (handover.dropped > 0) stats_add(record.errors, handover.dropped);
    if (progress.last_at != 0) run.gaps.record(static_cast<uint64_t>(now - progress.last_at));
    if (consumed > 1) run.gaps.record(0, consumed - 1);
    stats_set(record.last_at, static_cast<uint64_t>(now));
    progress.last_at = now;
    progress.sequence += whole;
    progress.sent += handover.accepted;
    const uint32_t late = advance_schedule(progress, run, cfg, sizes_.data(), consumed, now);
    if (late > 0) stats_add(record.late, late);
  }
  if (handover.error == 0 || handover.error == EAGAIN) {
    // What was dropped does not make room by waiting: the descriptor is writable all the while.
    if (consumed == room || (handover.dropped > 0 && handover.error == 0)) return {};
    return {Outcome::Kind::blocked, driver.poll_fd(), 0};
  }
  // It heals by itself, as packet(7) has it; every other error lasts.
  if (handover.error == ENETDOWN) return {Outcome::Kind::down, -1, 0};
  return {Outcome::Kind::fatal, -1, handover.error};
}

uint32_t Sender::build(uint32_t count, Progress& progress, const Cfg& cfg, int64_t now) {
  const FrameBuilder& builder = cfg.builder;
  const uint64_t clones = cfg.clones;
  const uint32_t behind = progress.clones;  // of the frame at hand, before this batch
  const auto built = static_cast<uint32_t>((behind + uint64_t{count} + clones - 1) / clones);
  if (builder.stamped()) stamp(built, progress, builder.timed(), now);
  if (behind > 0) stamps_[0] = progress.stamp;
  if (clones == 1) {
    builder.build(frames_.data(), sizes_.data(), stamps_.data(), built, progress.generators, &flow_log_);
    return built;
  }
  // Where a frame's copies begin; those of the first began in an earlier batch.
  const auto begin_of = [=](uint32_t frame) {
    return static_cast<uint32_t>(frame == 0 ? 0 : std::min<uint64_t>(frame * clones - behind, count));
  };
  std::array<uint8_t*, kBatch> different;
  std::array<uint16_t, kBatch> sizes;
  for (uint32_t frame = 0; frame < built; frame++) different[frame] = frames_[begin_of(frame)];
  builder.build(different.data(), sizes.data(), stamps_.data(), built, progress.generators, &flow_log_);
  for (uint32_t frame = 0; frame < built; frame++) {
    const uint32_t first = begin_of(frame), last = begin_of(frame + 1);
    for (uint32_t i = first; i < last; i++) sizes_[i] = sizes[frame];
    for (uint32_t i = first + 1; i < last; i++) std::memcpy(frames_[i], frames_[first], sizes[frame]);
  }
  return built;
}

void Sender::stamp(uint32_t count, const Progress& progress, bool timed, int64_t now) {
  // Unpaced frames share the reading of their batch; paced ones have one each.
  const bool each = timed && (progress.pacing.paced || progress.clones > 0);
  uint32_t seconds = 0;
  uint32_t micros_and_stream = progress.stream << kStreamShift;
  for (uint32_t i = 0; i < count; i++) {
    if (timed && (i == 0 || each)) {
      const int64_t wall = wall_.realtime(i == 0 ? now : monotonic_now());
      seconds = static_cast<uint32_t>(wall / kSecond);
      micros_and_stream = static_cast<uint32_t>(wall % kSecond / kMicrosecond) | progress.stream << kStreamShift;
    }
    // In place and word by word: a copy of a stamp just written would read its words two at a time, and wait until they
    // have left the store buffer.
    Stamp& stamp = stamps_[i];
    stamp.sequence = static_cast<uint32_t>(progress.sequence + i + 1);
    stamp.seconds = seconds;
    stamp.micros_and_stream = micros_and_stream;
  }
}

void Sender::end(Device& device, Run& run, int error) {
  run.failure = error;
  Run* expected = &run;
  // acq_rel: with the control thread's exchange; whoever takes the Run out retires it. Relaxed on failure: then it is gone.
  if (!device.run.compare_exchange_strong(expected, nullptr, std::memory_order_acq_rel, std::memory_order_relaxed)) return;
  line_.ended.push(&run);
  line_.wake();
}

}  // namespace pktsh
