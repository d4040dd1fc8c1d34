// SPDX-License-Identifier: Apache-2.0
#include "engine.h"

#include <sys/socket.h>
#include <linux/netlink.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>

#include "clock.h"
#include "engine_state.h"
#include "fd.h"

namespace pktsh {

namespace {

constexpr int64_t kStallAge = 100 * kMillisecond;  // a thousand times the longest batch: a sender is stuck or not scheduled
constexpr int64_t kWatchdog = kSecond;             // without a grace period under way no stall would be noticed

// What the kernel took the CPU away from a thread for, from its own account of this process.
uint64_t involuntary_switches(int tid) {
  constexpr size_t kPath = 64;   // holds any tid
  constexpr size_t kLine = 256;  // longer lines of the file are none that we look for
  char path[kPath];
  std::snprintf(path, sizeof path, "/proc/self/task/%d/status", tid);
  std::FILE* const file = std::fopen(path, "re");
  if (file == nullptr) return 0;
  unsigned long long count = 0;
  char line[kLine];
  while (std::fgets(line, sizeof line, file) != nullptr) {
    if (std::sscanf(line, "nonvoluntary_ctxt_switches: %llu", &count) == 1) break;
  }
  std::fclose(file);
  return count;
}

Result<std::vector<LinkFacts>> own_links() {
  using Links = Result<std::vector<LinkFacts>>;
  const Fd route(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!route.valid()) return Links::failure(errno, "opening a netlink socket");
  const Fd generic(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC));
  return dump_links(route.get(), generic.get());
}

}  // namespace

Engine::State::State(std::function<void()> wake, Listener heard)
    : listener(std::move(heard)), opener(line.wake), retired(this) {
  line.wake = std::move(wake);
  for (uint32_t stream = 1; stream < kMaxStreams; stream++) free_streams.push_back(static_cast<uint16_t>(stream));
}

Engine::Engine(std::function<void()> wake, Listener listener)
    : state_(std::make_unique<State>(std::move(wake), std::move(listener))) {}

Engine::~Engine() { close_now(); }

void Engine::add_stats_page(void* memory, uint32_t records) {
  auto* const at = static_cast<uint8_t*>(memory);
  for (uint32_t i = 0; i < records; i++) {
    state_->free_records.push_back(new (at + i * kStatsRecordSize) StatsRecord);
  }
}

uint32_t Engine::free_stats_records() const { return static_cast<uint32_t>(state_->free_records.size()); }

void Engine::open_lab(LabSpec spec, std::function<void(Result<std::vector<LinkFacts>>)> done) {
  using Links = Result<std::vector<LinkFacts>>;
  const bool closed = state_->closed;
  state_->background<std::vector<LinkFacts>>(
      [closed, spec = std::move(spec)](OpenerWorld& world) {
        if (closed) return Links::failure(ESHUTDOWN, "opening a lab on a closed engine");
        if (world.lab != nullptr) return Links::failure(EEXIST, "opening a second lab");
        Result<std::unique_ptr<LabClient>> lab = LabClient::open(spec);
        if (!lab.ok()) return Links::failure(std::move(lab.status));
        world.lab = std::move(lab.value);
        return world.lab->links();
      },
      std::move(done));
}

void Engine::links(std::function<void(Result<std::vector<LinkFacts>>)> done) {
  state_->background<std::vector<LinkFacts>>(
      [](OpenerWorld& world) { return world.lab != nullptr ? world.lab->links() : own_links(); }, std::move(done));
}

Cookie Engine::State::begin_grace(bool asked) {
  // relaxed: before start(), whose release publishes it to every sender that sees the new epoch
  line.waiter.store(true, std::memory_order_relaxed);
  const Cookie cookie = line.domain.start();
  pending.push_back({cookie, monotonic_now(), asked});
  if (line.domain.poll(cookie)) line.wake();  // nobody is in a read section, so nobody else would tell
  return cookie;
}

// Everything that a completed grace period allows, in order.
void Engine::State::complete(Cookie done) {
  // After the scan that gave `done`: what a sender ended before its acknowledgement is in the queue.
  take_ended();
  retired.reclaim(done);
  const Cookie before = completed;
  const int64_t now = monotonic_now();
  while (!pending.empty() && pending.front().cookie <= done) {
    const PendingGrace& grace = pending.front();
    if (grace.asked) {
      grace_figures.completed++;
      grace_latency.record(static_cast<uint64_t>(now - grace.begun_at));
    }
    completed = grace.cookie;
    pending.pop_front();
    stall_after = 0;
  }
  if (pending.empty()) line.waiter.store(false, std::memory_order_relaxed);  // relaxed: a wake too many does no harm
  if (completed == before) return;
  const Cookie reported = completed;
  if (listener.completed) listener.completed(reported);
  std::erase_if(removed, [reported](const auto& entry) { return entry.second->removed <= reported; });
}

void Engine::State::detect_stalls(int64_t now) {
  if (pending.empty()) {
    if (!senders.empty() && now - watched_at >= kWatchdog) {
      watched_at = now;
      (void)begin_grace(false);
    }
    return;
  }
  if (stall_after == 0) stall_after = kStallAge;
  const PendingGrace& oldest = pending.front();
  const int64_t age = now - oldest.begun_at;
  if (age < stall_after) return;
  if (stall_after == kStallAge) grace_figures.stalls++;
  stall_after = std::max(stall_after * 2, age);
  line.domain.holders(oldest.cookie, [&](const Slot& slot) {
    Event event;
    event.kind = Event::Kind::stall;
    event.cpu = slot.cpu.load(std::memory_order_relaxed);  // relaxed: only reported, here and below
    event.tid = slot.tid.load(std::memory_order_relaxed);
    event.phase = static_cast<Phase>(slot.phase.load(std::memory_order_relaxed));
    event.age_ms = age / kMillisecond;
    events.push_back(event);
  });
}

Cookie Engine::sync() { return state_->begin_grace(); }

GraceSnapshot Engine::grace() const {
  GraceSnapshot snapshot = state_->grace_figures;
  snapshot.pending = static_cast<uint64_t>(std::count_if(state_->pending.begin(), state_->pending.end(),
                                                         [](const PendingGrace& grace) { return grace.asked; }));
  snapshot.latency = state_->grace_latency.snapshot();
  return snapshot;
}

std::vector<SenderSnapshot> Engine::senders() const {
  std::vector<SenderSnapshot> result;
  for (const auto& [cpu, entry] : state_->senders) {
    const int tid = entry.sender->tid();
    result.push_back({cpu, tid, entry.devices, entry.sender->phase(), involuntary_switches(tid)});
  }
  std::sort(result.begin(), result.end(), [](const SenderSnapshot& a, const SenderSnapshot& b) { return a.cpu < b.cpu; });
  return result;
}

Cookie Engine::completed() const { return state_->completed; }

void Engine::poll() {
  State& state = *state_;
  if (state.closed || state.polling) return;
  state.polling = true;
  state.opener.poll();
  if (!state.closed) {
    (void)state.line.domain.poll(state.line.domain.newest());
    state.complete(state.line.domain.done());
  }
  if (!state.closed) {
    const int64_t now = monotonic_now();
    state.detect_stalls(now);
    state.close_unused(now);
  }
  const std::vector<Event> events = std::exchange(state.events, {});
  for (const Event& event : events) {
    if (!state.closed && state.listener.event) state.listener.event(event);  // closed: by the callback before
  }
  state.polling = false;
}

bool Engine::work_pending() const {
  return !state_->closed &&
         (!state_->pending.empty() || !state_->events.empty() || state_->opener.outstanding() > 0);
}

// The listener hears nothing of this: its host may be going down.
void Engine::close_now() {
  State& state = *state_;
  if (state.closed) return;
  state.closed = true;
  for (auto& [cpu, entry] : state.senders) entry.sender->stop();
  // Every slot is offline now: one poll completes everything.
  const bool all = state.line.domain.poll(state.line.domain.newest());
  assert(all);
  (void)all;
  state.take_ended();
  state.retired.reclaim(state.line.domain.done());
  assert(state.retired.items() == 0);
  for (auto& [id, entry] : state.devices) {
    if (entry->run != nullptr) state.finish(entry->run);
    delete entry->device->cfg.load(std::memory_order_relaxed);  // relaxed: no sender is left, here and above
    delete entry->device;
  }
  state.devices.clear();
  state.removed.clear();
  state.pending.clear();
  state.events.clear();
  state.senders.clear();
  state.handles.clear();
  for (auto& [id, entry] : state.receivers) {
    std::shared_ptr<Receiver> receiver = std::move(entry.receiver);
    state.opener.dispose([receiver = std::move(receiver)](OpenerWorld&) mutable { receiver.reset(); });
  }
  state.receivers.clear();
  for (std::unique_ptr<Port>& port : state.ports) {
    if (port->driver != nullptr) state.close_driver(std::move(port->driver));
  }
  state.ports.clear();
  state.opener.stop();
}

}  // namespace pktsh
