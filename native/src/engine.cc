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

Result<std::vector<Statistic>> own_statistics(const std::string& interface) {
  const Fd route(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!route.valid()) return Result<std::vector<Statistic>>::failure(errno, "opening a netlink socket");
  return link_statistics(route.get(), interface);
}

Result<std::unique_ptr<LinkMonitor>> open_monitor(LabClient* lab) {
  using Opened = Result<std::unique_ptr<LinkMonitor>>;
  if (lab == nullptr) {
    Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (!socket.valid()) return Opened::failure(errno, "opening a netlink socket");
    return LinkMonitor::open(std::move(socket));
  }
  Result<int> socket = lab->socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, 0);
  if (!socket.ok()) return Opened::failure(std::move(socket.status));
  return LinkMonitor::open(Fd(socket.value));
}

}  // namespace

// Without a monitor everything works, only nobody tells of what happens to interfaces.
void Engine::State::watch_links() {
  background<std::unique_ptr<LinkMonitor>>(
      [](OpenerWorld& world) { return open_monitor(world.lab.get()); },
      [this](Result<std::unique_ptr<LinkMonitor>> opened) {
        if (opened.ok()) monitor = std::move(opened.value);
      });
}

Engine::State::State(std::function<void()> wake, Listener heard)
    : listener(std::move(heard)), opener(line.wake), retired(this), grace(line) {
  line.wake = std::move(wake);
  CPU_ZERO(&allowed);
  // EINVAL on a machine with more CPUs than the set has room for
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) CPU_ZERO(&allowed);
  present = allowed;
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
  state_->monitor.reset();
  state_->background<std::vector<LinkFacts>>(
      [spec = std::move(spec)](OpenerWorld& world) {
        if (world.lab != nullptr) return Links::failure(EEXIST, "opening a second lab");
        Result<std::unique_ptr<LabClient>> lab = LabClient::open(spec);
        if (!lab.ok()) return Links::failure(std::move(lab.status));
        world.lab = std::move(lab.value);
        return world.lab->links();
      },
      [this, done = std::move(done)](Result<std::vector<LinkFacts>> links) {
        if (links.ok()) state_->watch_links();
        done(std::move(links));
      });
}

void Engine::change_link(LinkChange change, std::string name, std::string to, std::function<void(Status)> done) {
  state_->background<bool>(
      [change, name = std::move(name), to = std::move(to)](OpenerWorld& world) {
        if (world.lab == nullptr) return Result<bool>::failure(EPERM, "changing an interface outside of a lab");
        Status status = world.lab->change_link(change, name, to);
        return status.ok() ? Result<bool>::success(true) : Result<bool>::failure(std::move(status));
      },
      [done = std::move(done)](Result<bool> changed) { done(std::move(changed.status)); });
}

void Engine::links(std::function<void(Result<std::vector<LinkFacts>>)> done) {
  // Outside a lab, from the first look at the interfaces on; before the look, so that no change falls between the two.
  if (state_->monitor == nullptr) state_->watch_links();
  state_->background<std::vector<LinkFacts>>(
      [](OpenerWorld& world) { return world.lab != nullptr ? world.lab->links() : own_links(); }, std::move(done));
}

void Engine::statistics(std::string interface, std::function<void(Result<std::vector<Statistic>>)> done) {
  state_->background<std::vector<Statistic>>(
      [interface = std::move(interface)](OpenerWorld& world) {
        return world.lab != nullptr ? world.lab->statistics(interface) : own_statistics(interface);
      },
      std::move(done));
}

Cookie Engine::State::begin_grace() { return grace.begin(monotonic_now()); }

// Everything that completed grace periods allow, in order.
void Engine::State::complete() {
  const Cookie done = grace.scan();
  take_ended();  // after the scan: what a sender ended before its acknowledgement is in the queue
  retired.reclaim(done);
  if (!grace.settle(done, monotonic_now())) return;
  const Cookie reported = grace.completed();
  if (listener.completed) listener.completed(reported);
  std::erase_if(removed, [reported](const auto& entry) { return entry.second->removed <= reported; });
  std::erase_if(stopped, [reported](const auto& entry) { return entry.first.first <= reported; });
}

Cookie Engine::sync() { return state_->begin_grace(); }

GraceSnapshot Engine::grace() const { return state_->grace.snapshot(); }

std::vector<PendingGrace> Engine::pending_grace() const { return state_->grace.under_way(monotonic_now()); }

std::vector<SenderSnapshot> Engine::senders() const {
  std::vector<SenderSnapshot> result;
  for (const auto& [cpu, entry] : state_->senders) {
    const int tid = entry.sender->tid();
    result.push_back({cpu, tid, entry.devices, entry.sender->phase(), involuntary_switches(tid), entry.shared});
  }
  std::sort(result.begin(), result.end(), [](const SenderSnapshot& a, const SenderSnapshot& b) { return a.cpu < b.cpu; });
  return result;
}

Cookie Engine::completed() const { return state_->grace.completed(); }

void Engine::poll() {
  State& state = *state_;
  if (state.closed || state.polling) return;
  state.polling = true;
  state.opener.poll();
  if (!state.closed) state.complete();
  if (!state.closed) {
    const int64_t now = monotonic_now();
    const std::vector<Event> stalls = state.grace.stalls(now, !state.senders.empty());
    state.events.insert(state.events.end(), stalls.begin(), stalls.end());
    state.close_unused(now);
    if (state.monitor != nullptr) {
      for (LinkEvent& link : state.monitor->poll()) {
        Event event;
        event.kind = Event::Kind::link;
        event.link = std::move(link);
        state.events.push_back(std::move(event));
      }
    }
  }
  const std::vector<Event> events = std::exchange(state.events, {});
  for (const Event& event : events) {
    if (!state.closed && state.listener.event) state.listener.event(event);  // closed: by the callback before
  }
  state.polling = false;
}

bool Engine::work_pending() const {
  return !state_->closed &&
         (state_->grace.pending() || !state_->events.empty() || state_->opener.outstanding() > 0);
}

// The listener hears nothing of this: its host may be going down.
void Engine::close_now() {
  State& state = *state_;
  if (state.closed) return;
  state.closed = true;
  for (auto& [cpu, entry] : state.senders) entry.sender->stop();
  // Every slot is offline now, so everything has completed.
  const Cookie done = state.grace.scan();
  assert(done == state.line.domain.newest());
  state.take_ended();
  state.retired.reclaim(done);
  assert(state.retired.items() == 0);
  for (auto& [id, entry] : state.devices) {
    if (entry->run != nullptr) state.finish(entry->run);
    delete entry->device->cfg.load(std::memory_order_relaxed);  // relaxed: no sender is left, here and above
    delete entry->device;
  }
  state.devices.clear();
  state.removed.clear();
  state.stopped.clear();
  state.grace.forget();
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
  state.gather();
  state.line.wake = [] {};  // the host's may be gone from here on
}

}  // namespace pktsh
