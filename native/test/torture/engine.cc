// SPDX-License-Identifier: Apache-2.0
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <vector>

#include "../../src/clock.h"
#include "../../src/engine.h"
#include "../../src/driver.h"
#include "../../src/scratch.h"
#include "latency.h"
#include "torture.h"

namespace pktsh {

namespace {

// A stall is reported at 100 ms, and again only at twice the age: on a machine with ten threads a CPU under TSan the first
// look may come seconds late, and name somebody else. It ends when it was reported.
constexpr int64_t kStallLimit = 60 * kSecond;

// What every driver of the process did, and one of them is asked to do.
struct Account {
  std::atomic<uint64_t> accepted{0}, dropped{0}, failed{0}, refused{0};
  std::atomic<uint64_t> dead{0};  // uses of a driver that was closed
  std::atomic<bool> stall{false};     // the first driver to take it blocks
  std::atomic<bool> reported{false};  // until this, or kStallLimit
  std::atomic<int> stalled_cpu{-1};
};
Account& account() {
  static auto* const one = new Account;
  return *one;
}

constexpr uint64_t kAlive = 0x616c697665;

// An interface that takes some, drops some, wants to be asked again, and goes away, at random.
class FailingDriver final : public Driver {
 public:
  FailingDriver(int cpu) : cpu_(cpu), random_(torture::seeded(static_cast<uint64_t>(cpu) + 1, 7)) {}
  ~FailingDriver() override { alive_ = 0; }

  uint32_t reserve(uint8_t** frames, uint32_t wanted, size_t size) override {
    if (alive_ != kAlive) account().dead.fetch_add(1);
    const uint64_t draw = torture::next_random(random_);
    if (draw % 256 == 0) return 0;
    const uint32_t room = draw % 16 == 1 ? 1 + static_cast<uint32_t>(draw >> 32) % wanted : wanted;
    scratch_.reserve(frames, room, size);
    return room;
  }

  Handover send(const Batch& batch) override {
    if (alive_ != kAlive) account().dead.fetch_add(1);
    if (account().stall.exchange(false, std::memory_order_acq_rel)) {
      account().stalled_cpu.store(cpu_);
      const int64_t until = monotonic_now() + kStallLimit;
      // What no driver may do: block while its sender is online.
      while (monotonic_now() < until && !account().reported.load()) usleep(1000);
    }
    const uint64_t draw = torture::next_random(random_);
    const uint32_t count = batch.count;
    Handover handover{count, 0, 0, 0};
    if (draw % 8 == 0) handover.accepted = static_cast<uint32_t>(draw >> 32) % (count + 1);
    const uint32_t left = count - handover.accepted;
    if (left > 0 && draw % 3 == 0) {
      handover.dropped = 1 + static_cast<uint32_t>(draw >> 40) % left;  // ENOBUFS: consumed
    } else if (left > 0) {
      handover.error = EAGAIN;
    }
    if (draw % 512 == 1) {
      handover = {0, 0, draw % 3 == 0 ? ENETDOWN : draw % 3 == 1 ? ENXIO : ENODEV, 0};
      account().failed.fetch_add(1, std::memory_order_relaxed);
    }
    if (handover.error == EAGAIN) account().refused.fetch_add(1, std::memory_order_relaxed);
    handover.bytes = bytes_of(batch.sizes, handover.accepted);
    account().accepted.fetch_add(handover.accepted, std::memory_order_relaxed);
    account().dropped.fetch_add(handover.dropped, std::memory_order_relaxed);
    return handover;
  }

  int settled() override { return torture::next_random(random_) % 2 == 0 ? EAGAIN : 0; }
  size_t max_frame() const override { return kMaxFrame; }

 private:
  uint64_t alive_ = kAlive;
  const int cpu_;
  uint64_t random_;
  Scratch scratch_;
};

}  // namespace

// In the place of the core's own, which the linker leaves out where this one is.
Result<std::unique_ptr<Driver>> open_driver(const PortSpec& spec, LabClient*) {
  return Result<std::unique_ptr<Driver>>::success(std::make_unique<FailingDriver>(spec.cpu));
}

namespace torture {

namespace {

constexpr size_t kDevices = 40;
constexpr uint32_t kRecords = 256;
constexpr int64_t kPatience = 2 * kStallLimit;  // for what ends at all
constexpr int64_t kStallEvery = 2 * kSecond;
constexpr uint64_t kDisturb = 64;            // one poll in so many: a run begins a millisecond after its start

DeviceSpec some_device(uint64_t& random) {
  DeviceSpec spec;
  spec.program.bytes.resize(60 + next_random(random) % 2 * 60);
  spec.program.operations = {StampOp{42}};
  const uint64_t draw = next_random(random);
  if (draw % 3 == 0) {
    spec.paced = true;
    spec.gap = {static_cast<int64_t>(1000 + (draw >> 32) % 100'000), 0};
  }
  if (draw % 5 == 0) spec.count = 1 + (draw >> 40) % 1000;
  return spec;
}

// Each device is started once; so its figures at the end of its removal are all that was ever sent for it.
class Host {
 public:
  explicit Host(const Options& options)
      : options_(options),
        random_(seeded(options.seed, 5000)),
        page_(std::aligned_alloc(alignof(StatsRecord), kStatsRecordSize * kRecords)),
        engine_([this] { woken_.fetch_add(1, std::memory_order_relaxed); },
                {[this](const Event& event) { heard(event); }, [this](Cookie cookie) { completed(cookie); }}) {
    engine_.add_stats_page(page_, kRecords);
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    sched_getaffinity(0, sizeof allowed, &allowed);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
      if (CPU_ISSET(static_cast<size_t>(cpu), &allowed) && cpus_.size() < 2) cpus_.push_back(cpu);
    }
  }
  ~Host() {
    engine_.close_now();
    std::free(page_);
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  uint64_t run();

 private:
  void heard(const Event& event);
  void completed(Cookie cookie);
  void add();
  void disturb();
  void remove(size_t which);
  template <typename Condition>
  void until(Condition holds, const char* what);
  void found(const char* what) {
    std::printf("  VIOLATION: engine: %s\n", what);
    violations_++;
  }
  DeviceId any() { return alive_[next_random(random_) % alive_.size()]; }

  const Options options_;
  uint64_t random_;
  void* page_;
  std::atomic<uint64_t> woken_{0};
  std::vector<int> cpus_;
  std::vector<DeviceId> alive_;
  size_t opening_ = 0;
  std::map<DeviceId, Cookie> removed_;
  uint64_t sent_ = 0, errors_ = 0, added_ = 0, busy_ = 0, ended_ = 0, failed_ = 0, stalls_ = 0, violations_ = 0;
  Engine engine_;
};

void Host::heard(const Event& event) {
  switch (event.kind) {
    case Event::Kind::finished:
      ended_++;
      return;
    case Event::Kind::failed:
      failed_++;
      return;
    case Event::Kind::stall:
      if (event.phase == Phase::send && event.cpu == account().stalled_cpu.load()) account().reported.store(true);
      return;
    case Event::Kind::link:
      return;
  }
}

void Host::completed(Cookie cookie) {
  for (auto it = removed_.begin(); it != removed_.end();) {
    if (it->second > cookie) {
      ++it;
      continue;
    }
    const Result<RunSnapshot> figures = engine_.snapshot(it->first);
    if (!figures.ok()) {
      found("a removed device without its last figures");
    } else {
      if (figures.value.running) found("a removed device that runs");
      sent_ += figures.value.sent;
      errors_ += figures.value.errors;
    }
    it = removed_.erase(it);
  }
}

void Host::add() {
  PortSpec spec;
  spec.cpu = cpus_[next_random(random_) % cpus_.size()];
  spec.driver = DriverKind::null;
  opening_++;
  engine_.open_port(spec, [this](Result<PortId> port) {
    opening_--;
    if (!port.ok()) return found("a port that does not open");
    const Result<DeviceId> device = engine_.add_device(port.value, some_device(random_));
    if (!device.ok()) {
      busy_++;
      return engine_.release_port(port.value);
    }
    added_++;
    alive_.push_back(device.value);
    if (!engine_.start({device.value}).ok()) busy_++;  // no free record: it is removed unstarted
  });
}

void Host::remove(size_t which) {
  const DeviceId device = alive_[which];
  const Result<Cookie> cookie = engine_.rem_device(device);
  if (!cookie.ok()) {
    busy_++;
    return;
  }
  removed_[device] = cookie.value;
  alive_[which] = alive_.back();
  alive_.pop_back();
}

void Host::disturb() {
  const uint64_t draw = next_random(random_);
  if ((draw >> 32) % kDisturb != 0) return;
  if (alive_.size() + opening_ < kDevices) add();
  if (alive_.empty()) return;
  if (draw % 4 == 0) remove(next_random(random_) % alive_.size());
  if (alive_.empty()) return;
  if (draw % 4 == 1 && !engine_.set_device(any(), some_device(random_)).ok()) busy_++;
  if (draw % 8 == 2 && !engine_.stop({any()}).ok()) busy_++;
  if (draw % 64 == 3) (void)engine_.sync();
}

template <typename Condition>
void Host::until(Condition holds, const char* what) {
  const int64_t deadline = monotonic_now() + kPatience;
  while (!holds()) {
    engine_.poll();
    if (monotonic_now() < deadline) continue;
    found(what);
    return;
  }
}

uint64_t Host::run() {
  const int64_t end = monotonic_now() + static_cast<int64_t>(options_.seconds * static_cast<double>(kSecond));
  int64_t stalled_at = 0;
  while (monotonic_now() < end && violations_ == 0) {
    disturb();
    engine_.poll();
    if (monotonic_now() - stalled_at <= kStallEvery || alive_.empty()) continue;
    // A driver that blocks while its sender is online: the engine must name the CPU and what it is at.
    stalled_at = monotonic_now();
    account().stalled_cpu.store(-1);
    account().reported.store(false);
    account().stall.store(true, std::memory_order_release);
    until([&] {
      disturb();
      return account().stalled_cpu.load() >= 0;
    }, "nobody sends");
    const Cookie cookie = engine_.sync();
    until([&] { return engine_.completed() >= cookie; }, "a grace period that does not end");
    if (!account().reported.load()) found("a stall that was not reported");
    stalls_++;
  }
  until([&] { return opening_ == 0; }, "a port that does not open");
  while (!alive_.empty()) {
    for (size_t i = alive_.size(); i > 0; i--) remove(i - 1);
    engine_.poll();
  }
  until([&] { return removed_.empty(); }, "a grace period that does not end");
  const GraceSnapshot grace = engine_.grace();
  engine_.close_now();
  if (sent_ != account().accepted.load() || errors_ != account().dropped.load()) {
    found("figures that are not what the interfaces took");
  }
  if (account().dead.load() != 0) found("a driver that was used after it was closed");
  if (engine_.free_stats_records() != kRecords) found("a record of the statistics page that is lost");
  const auto number = [](uint64_t value) { return static_cast<unsigned long long>(value); };
  std::printf("engine: %llu devices, %llu frames sent and %llu dropped, both counted exactly; %llu runs ended by "
              "themselves, %llu by one of %llu errors of interfaces, %llu times asked again, %llu operations refused, "
              "%llu stalls reported, %llu grace periods\n",
              number(added_), number(sent_), number(errors_), number(ended_), number(failed_),
              number(account().failed.load()), number(account().refused.load()), number(busy_), number(stalls_),
              number(grace.completed));
  print_latency(grace.latency);
  return violations_;
}

}  // namespace

uint64_t torture_engine(const Options& options) {
  account().accepted.store(0);
  account().dropped.store(0);
  account().failed.store(0);
  account().refused.store(0);
  account().stall.store(false);
  Host host(options);
  return host.run();
}

}  // namespace torture
}  // namespace pktsh
