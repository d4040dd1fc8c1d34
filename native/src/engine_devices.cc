// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <unordered_set>

#include "clock.h"
#include "engine_state.h"
#include "pace.h"

namespace pktsh {

namespace {

// Until every sender has woken (50 us each) and taken in its list (100 us for 1000 devices), so that all begin together.
constexpr int64_t kStartLead = kMillisecond;
constexpr uint32_t kMaxBurst = 1u << 20;  // packets a pass: more would be a second of sending for any driver

size_t size_of(const Run& run) { return sizeof run + (run.owns_progress ? sizeof(Progress) : 0); }
size_t size_of(const Cfg& cfg) { return sizeof cfg + cfg.builder.bytes(); }

size_t running_among(const std::vector<DeviceEntry*>& entries) {
  return static_cast<size_t>(
      std::count_if(entries.begin(), entries.end(), [](const DeviceEntry* entry) { return entry->run != nullptr; }));
}

// Figures with the counters at nought, the rest as it was.
RunSnapshot cleared_figures(const RunSnapshot& figures) {
  RunSnapshot cleared;
  cleared.paced = figures.paced;
  cleared.running = figures.running;
  cleared.started_at = figures.started_at;
  cleared.stopped_at = figures.stopped_at;
  cleared.failure = figures.failure;
  cleared.driver = figures.driver;
  return cleared;
}

// Gives a record to a Run that nobody reads yet, with everything at nought.
void claim_record(Run& run, int64_t started_at) {
  StatsRecord& record = *run.record;
  StatsChange change(record);
  change.set(record.run, run.serial);
  change.set(record.device, run.device);
  for (StatsRecord::Word* word :
       {&record.sent, &record.bytes, &record.errors, &record.late, &record.skipped, &record.asked_base, &record.anchor,
        &record.gap_ns, &record.gap_fraction, &record.burst, &record.limit, &record.last_at}) {
    change.set(*word, 0);
  }
  change.set(record.started_at, static_cast<uint64_t>(started_at));
}

}  // namespace

DeviceEntry* Engine::State::find(DeviceId id) {
  const auto found = devices.find(id);
  return found == devices.end() ? nullptr : found->second.get();
}

Result<std::vector<DeviceEntry*>> Engine::State::find_all(const std::vector<DeviceId>& ids) {
  using Found = Result<std::vector<DeviceEntry*>>;
  std::vector<DeviceEntry*> found;
  std::unordered_set<DeviceId> seen;
  for (const DeviceId id : ids) {
    DeviceEntry* const entry = find(id);
    if (entry == nullptr) return Found::failure(ENODEV, "finding device " + std::to_string(id));
    if (seen.insert(id).second) found.push_back(entry);
  }
  return Found::success(std::move(found));
}

Result<Cfg*> Engine::State::make_cfg(const DeviceEntry* entry, DeviceSpec spec, const Driver& driver) {
  using Made = Result<Cfg*>;
  if (spec.burst == 0 || spec.burst > kMaxBurst) return Made::failure(EINVAL, "setting a burst out of bounds");
  if (spec.clones == 0) return Made::failure(EINVAL, "setting no clones");
  if (spec.program.bytes.size() > driver.max_frame()) {
    return Made::failure(EINVAL, "setting a frame of " + std::to_string(spec.program.bytes.size()) +
                                     " bytes where the port takes " + std::to_string(driver.max_frame()));
  }
  // relaxed: this thread publishes it
  const Cfg* const old = entry == nullptr ? nullptr : entry->device->cfg.load(std::memory_order_relaxed);
  const uint64_t serial = next_serial++;
  Result<FrameBuilder> builder =
      FrameBuilder::compile(spec.program, spec.seed, serial, old == nullptr ? nullptr : &old->builder);
  if (!builder.ok()) return Made::failure(std::move(builder.status));
  const Result<Pacing> pacing = pacing_of(spec, builder.value);
  if (!pacing.ok()) return Made::failure(pacing.status);
  auto cfg = std::make_unique<Cfg>();
  cfg->serial = serial;
  cfg->builder = std::move(builder.value);
  cfg->pacing = pacing.value;
  cfg->count = spec.count;
  cfg->late = spec.late;
  cfg->clones = spec.clones;
  cfg->priority = spec.priority;
  return Made::success(cfg.release());
}

uint32_t Engine::State::claim_life() {
  if (++last_life == 0) last_life = 1;  // 0 marks flows that nobody has
  return last_life;
}

// A Run that counts into a fresh record; there must be a free one. Its sender makes the record show the schedule.
Run* Engine::State::make_run(const DeviceEntry& entry, Progress* progress, int64_t started_at) {
  Run* const run = new Run;
  run->serial = next_serial++;
  run->device = entry.id;
  run->progress = progress;
  run->record = free_records.front();
  free_records.pop_front();
  claim_record(*run, started_at);
  return run;
}

RunSnapshot Engine::State::figures(const DeviceEntry& entry, const Run& run, bool running) const {
  const StatsRecord& record = *run.record;
  RunSnapshot snapshot;
  snapshot.sent = stats_get(record.sent);
  snapshot.bytes = stats_get(record.bytes);
  snapshot.errors = stats_get(record.errors);
  snapshot.late = stats_get(record.late);
  snapshot.skipped = stats_get(record.skipped);
  snapshot.paced = entry.paced;
  snapshot.running = running;
  snapshot.driver = entry.port->spec.driver;
  snapshot.started_at = static_cast<int64_t>(stats_get(record.started_at));
  snapshot.in_flight = entry.driver->in_flight(run.serial);
  if (!running) {
    // The batch under way when it was stopped was handed over after that.
    snapshot.stopped_at =
        std::max({run.stopped_at, static_cast<int64_t>(stats_get(record.last_at)), snapshot.started_at});
  }
  const int64_t until = running ? monotonic_now() : snapshot.stopped_at;
  snapshot.asked = asked_packets(stats_schedule(record), until, snapshot.errors + snapshot.skipped);
  snapshot.gaps = run.gaps.snapshot();
  return snapshot;
}

void Engine::State::retire(Cookie cookie, Run* run) {
  retired.push({cookie, run, [](void* owner, void* object) {
                  static_cast<State*>(owner)->finish(static_cast<Run*>(object));
                }, size_of(*run)});
}

// The Run is out of every sender's reach: its figures are exact now.
void Engine::State::finish(Run* run) {
  DeviceEntry* entry = find(run->device);
  if (entry == nullptr) {
    const auto gone = removed.find(run->device);
    if (gone != removed.end()) entry = gone->second.get();
  }
  if (entry != nullptr && (entry->ending == run || entry->run == run)) {
    entry->last = figures(*entry, *run, false);
    entry->last.failure = run->failure;
    if (entry->cleared) entry->last = cleared_figures(entry->last);
    entry->cleared = false;
    (entry->run == run ? entry->run : entry->ending) = nullptr;
    if (run->stopped_by != 0) stopped[{run->stopped_by, run->device}] = entry->last;
  } else if (entry != nullptr && run->stopped_by != 0) {
    // Started and stopped again before this grace period ended.
    stopped[{run->stopped_by, run->device}] = figures(*entry, *run, false);
  }
  {
    StatsChange change(*run->record);
    change.set(run->record->run, 0);
    change.set(run->record->device, 0);
  }
  free_records.push_back(run->record);
  if (run->owns_progress) {
    free_streams.push_back({static_cast<uint16_t>(run->progress->stream), monotonic_now()});
    delete run->progress;
  }
  delete run;
}

// Runs that their senders took out are out of every reach with that: the sender was the only reader, and handing the Run
// over was the last that it did with it. So they need no grace period, and no room in the retire queue.
void Engine::State::take_ended() {
  for (Run* run = line.ended.take(); run != nullptr;) {
    Run* const next = run->next_ended;
    const int64_t last_at = static_cast<int64_t>(stats_get(run->record->last_at));
    run->stopped_at = last_at != 0 ? last_at : monotonic_now();
    if (find(run->device) != nullptr) {
      Event event;
      event.kind = run->failure == 0 ? Event::Kind::finished : Event::Kind::failed;
      event.device = run->device;
      event.error = run->failure;
      events.push_back(event);
    }
    finish(run);
    run = next;
  }
}

void Engine::State::release_device(Device* device) {
  if (const auto gone = removed.find(device->id); gone != removed.end()) unuse(*gone->second->port);
  delete device->cfg.load(std::memory_order_relaxed);  // relaxed: no sender is left
  delete device;
}

Result<DeviceId> Engine::add_device(PortId port, DeviceSpec spec) {
  using Added = Result<DeviceId>;
  State& state = *state_;
  const auto handle = state.handles.find(port);
  if (handle == state.handles.end()) return Added::failure(ENODEV, "adding a device to a port that is not open");
  // What is retired holds its port and its memory; a device more while nothing can be freed would only add to it.
  if (!state.retired.room(1, 0)) return Added::failure(EBUSY, "adding a device");
  Port& owner = *handle->second;
  Result<Cfg*> cfg = state.make_cfg(nullptr, spec, *owner.driver);
  if (!cfg.ok()) return Added::failure(std::move(cfg.status));

  SenderEntry& sender = state.senders.at(owner.spec.cpu);
  auto entry = std::make_unique<DeviceEntry>();
  entry->id = state.next_device++;
  entry->device = new Device;
  entry->sender = &sender;
  entry->port = &owner;
  entry->driver = owner.driver.get();
  entry->paced = spec.paced;
  entry->last.driver = owner.spec.driver;
  entry->last.paced = spec.paced;
  Device& device = *entry->device;
  device.id = entry->id;
  device.driver = owner.driver.get();
  device.cfg.store(cfg.value, std::memory_order_relaxed);  // relaxed: published with the device
  if (sender.free_slots.empty()) {
    device.slot = sender.slots++;
  } else {
    device.slot = sender.free_slots.back();
    sender.free_slots.pop_back();
  }
  if (sender.devices++ == 0) state.spread();
  sender.sender->link(&device);
  sender.sender->changed();
  state.handles.erase(handle);
  const DeviceId id = entry->id;
  state.devices[id] = std::move(entry);
  return Added::success(id);
}

Result<Cookie> Engine::set_device(DeviceId device, DeviceSpec spec) {
  using Set = Result<Cookie>;
  State& state = *state_;
  DeviceEntry* const entry = state.find(device);
  if (entry == nullptr) return Set::failure(ENODEV, "setting a device that does not exist");
  const Cfg* const old = entry->device->cfg.load(std::memory_order_relaxed);  // relaxed: this thread published it
  if (!state.retired.room(1, size_of(*old))) return Set::failure(EBUSY, "setting a device");
  Result<Cfg*> cfg = state.make_cfg(entry, spec, *entry->driver);
  if (!cfg.ok()) return Set::failure(std::move(cfg.status));

  entry->device->cfg.store(cfg.value, std::memory_order_release);  // release: complete before it can be reached
  entry->paced = spec.paced;
  entry->last.paced = spec.paced;
  entry->sender->sender->changed();
  const Cookie cookie = state.begin_grace();
  state.retired.push({cookie, const_cast<Cfg*>(old), [](void*, void* object) { delete static_cast<Cfg*>(object); },
                      size_of(*old)});
  return Set::success(cookie);
}

Result<Cookie> Engine::rem_device(DeviceId device) {
  using Removed = Result<Cookie>;
  State& state = *state_;
  const auto found = state.devices.find(device);
  if (found == state.devices.end()) return Removed::failure(ENODEV, "removing a device that does not exist");
  DeviceEntry& entry = *found->second;
  const Cfg& cfg = *entry.device->cfg.load(std::memory_order_relaxed);  // relaxed: this thread published it
  const size_t bytes = sizeof(Device) + size_of(cfg);
  if (!state.retired.room(2, sizeof(Run) + sizeof(Progress) + bytes)) return Removed::failure(EBUSY, "removing a device");

  // acq_rel: with its sender's CAS; who takes the Run out retires it
  Run* const run = entry.device->run.exchange(nullptr, std::memory_order_acq_rel);
  if (run != nullptr) {
    run->stopped_at = monotonic_now();
    entry.run = nullptr;
    entry.ending = run;
  }
  SenderEntry& sender = *entry.sender;
  sender.sender->unlink(entry.device);
  sender.free_slots.push_back(entry.device->slot);  // the index tells a new owner by its id
  if (--sender.devices == 0) state.spread();
  sender.sender->changed();
  const Cookie cookie = state.begin_grace();
  entry.removed = cookie;
  if (run != nullptr) state.retire(cookie, run);
  state.retired.push({cookie, entry.device, [](void* owner, void* object) {
                        static_cast<State*>(owner)->release_device(static_cast<Device*>(object));
                      }, bytes});
  state.removed[device] = std::move(found->second);
  state.devices.erase(found);
  return Removed::success(cookie);
}

Result<int64_t> Engine::start(const std::vector<DeviceId>& ids) {
  using Started = Result<int64_t>;
  State& state = *state_;
  Result<std::vector<DeviceEntry*>> found = state.find_all(ids);
  if (!found.ok()) return Started::failure(std::move(found.status));
  std::vector<DeviceEntry*>& stopped = found.value;
  std::erase_if(stopped, [](const DeviceEntry* entry) { return entry->run != nullptr; });
  if (stopped.size() > state.free_records.size()) {
    return Started::failure(ENOBUFS, "starting more devices than there is room to count");
  }
  // As many as there may be devices; a run that was stopped keeps its own until its grace period has ended.
  if (stopped.size() > state.free_stream_count()) {
    return Started::failure(EBUSY, "starting devices while those stopped before still hold stream ids");
  }
  const int64_t at = monotonic_now() + kStartLead;
  std::unordered_set<SenderEntry*> woken;
  for (DeviceEntry* const entry : stopped) {
    const Cfg& cfg = *entry->device->cfg.load(std::memory_order_relaxed);  // relaxed: this thread published it
    Progress* const progress = new Progress;
    progress->pacing = cfg.pacing;
    progress->next = {at, 0};
    progress->left = cfg.pacing.burst;
    progress->stream = state.claim_stream(entry->id);
    progress->generators.life = state.claim_life();
    entry->run = state.make_run(*entry, progress, at);
    adopt(*progress, *entry->run, cfg, at);
    entry->cleared = false;
    entry->device->run.store(entry->run, std::memory_order_release);  // release: published last
    woken.insert(entry->sender);
  }
  for (SenderEntry* const sender : woken) sender->sender->changed();
  return Started::success(at);
}

Result<Cookie> Engine::stop(const std::vector<DeviceId>& ids) {
  using Stopped = Result<Cookie>;
  State& state = *state_;
  Result<std::vector<DeviceEntry*>> found = state.find_all(ids);
  if (!found.ok()) return Stopped::failure(std::move(found.status));
  const size_t running = running_among(found.value);
  if (!state.retired.room(running, running * (sizeof(Run) + sizeof(Progress)))) {
    return Stopped::failure(EBUSY, "stopping devices");
  }
  std::vector<Run*> taken;
  std::unordered_set<SenderEntry*> told;
  const int64_t now = monotonic_now();
  for (DeviceEntry* const entry : found.value) {
    // acq_rel: with its sender's CAS; who takes the Run out retires it. Null where it is stopped, or ended by itself and
    // the event is on the way: pushed before its sender's next quiescent state, so it is here when the cookie completes.
    Run* const run = entry->device->run.exchange(nullptr, std::memory_order_acq_rel);
    if (run == nullptr) continue;
    run->stopped_at = now;
    entry->run = nullptr;
    entry->ending = run;
    taken.push_back(run);
    told.insert(entry->sender);
  }
  for (SenderEntry* const sender : told) sender->sender->changed();
  const Cookie cookie = state.begin_grace();
  for (Run* const run : taken) {
    run->stopped_by = cookie;
    state.retire(cookie, run);
  }
  return Stopped::success(cookie);
}

// Exact while running: a new Run with counters of its own takes over the old one's Progress, so no packet is counted in
// both or neither, and schedule, sequence (which receivers follow) and generators go on.
Result<Cookie> Engine::clear_counters(const std::vector<DeviceId>& ids) {
  using Cleared = Result<Cookie>;
  State& state = *state_;
  Result<std::vector<DeviceEntry*>> found = state.find_all(ids);
  if (!found.ok()) return Cleared::failure(std::move(found.status));
  const size_t running = running_among(found.value);
  if (!state.retired.room(running, running * sizeof(Run))) return Cleared::failure(EBUSY, "clearing counters");
  if (running > state.free_records.size()) {
    return Cleared::failure(ENOBUFS, "clearing the counters of more devices than there is room to count");
  }
  std::vector<Run*> taken;
  std::unordered_set<SenderEntry*> told;
  const int64_t now = monotonic_now();
  for (DeviceEntry* const entry : found.value) {
    entry->last = cleared_figures(entry->last);
    if (entry->run == nullptr) {
      entry->cleared = entry->ending != nullptr;
      continue;
    }
    Run* old = entry->run;
    const int64_t begun_at = static_cast<int64_t>(stats_get(old->record->started_at));
    Run* const fresh = state.make_run(*entry, old->progress, std::max(now, begun_at));
    // acq_rel: publishes the new Run, and with its sender's CAS; relaxed on failure: nothing is taken then
    if (!entry->device->run.compare_exchange_strong(old, fresh, std::memory_order_acq_rel, std::memory_order_relaxed)) {
      // It has just ended by itself; its event is on the way.
      fresh->owns_progress = false;
      state.finish(fresh);
      entry->cleared = true;
      continue;
    }
    old = entry->run;
    old->owns_progress = false;
    entry->run = fresh;
    taken.push_back(old);
    told.insert(entry->sender);
  }
  for (SenderEntry* const sender : told) sender->sender->changed();
  const Cookie cookie = state.begin_grace();
  for (Run* const run : taken) state.retire(cookie, run);
  return Cleared::success(cookie);
}

Result<RunSnapshot> Engine::stopped(DeviceId device, Cookie stop) const {
  const auto found = state_->stopped.find({stop, device});
  return found == state_->stopped.end() ? snapshot(device) : Result<RunSnapshot>::success(found->second);
}

Result<RunSnapshot> Engine::snapshot(DeviceId device) const {
  const State& state = *state_;
  const DeviceEntry* entry = state_->find(device);  // of one that was removed: until its cookie was reported
  if (entry == nullptr) {
    const auto gone = state.removed.find(device);
    if (gone == state.removed.end()) {
      return Result<RunSnapshot>::failure(ENODEV, "reading a device that does not exist");
    }
    entry = gone->second.get();
  }
  if (entry->run != nullptr) return Result<RunSnapshot>::success(state.figures(*entry, *entry->run, true));
  if (entry->ending != nullptr) {
    RunSnapshot live = state.figures(*entry, *entry->ending, false);
    return Result<RunSnapshot>::success(entry->cleared ? cleared_figures(live) : std::move(live));
  }
  return Result<RunSnapshot>::success(entry->last);
}

}  // namespace pktsh
