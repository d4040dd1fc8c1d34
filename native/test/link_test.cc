// SPDX-License-Identifier: Apache-2.0
// What happens to an interface under running senders and receivers: down and up, renamed, deleted, and all of that over and
// over while devices come and go. In namespaces of the test's own, as outside any lab.
#include <dirent.h>
#include <net/if.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "engine_fixture.h"
#include "lab_fixture.h"

using namespace pktsh;
using pktsh::test::Fixture;

namespace {

bool ip(const std::string& arguments) { return std::system(("ip " + arguments + " >/dev/null 2>&1").c_str()) == 0; }

// `ip` on a pipe: what is said happens while we go on.
class Changes {
 public:
  Changes() : pipe_(popen("ip -force -batch - >/dev/null 2>&1", "w")) {}
  ~Changes() {
    if (pipe_ != nullptr) pclose(pipe_);
  }
  Changes(const Changes&) = delete;
  Changes& operator=(const Changes&) = delete;
  void say(const std::string& lines) {
    std::fputs(lines.c_str(), pipe_);
    std::fflush(pipe_);
  }

 private:
  std::FILE* pipe_;
};

constexpr const char* kPair = "link add tx0 type veth peer name rx0\nlink set tx0 up\nlink set rx0 up\n";

PortSpec port_of(int ifindex, int cpu) {
  PortSpec port;
  port.interface = "tx0";
  port.ifindex = ifindex;
  port.cpu = cpu;
  return port;
}

size_t open_descriptors() {
  size_t count = 0;
  DIR* const folder = opendir("/proc/self/fd");
  while (readdir(folder) != nullptr) count++;
  closedir(folder);
  return count;
}

// Runs `body` in a child in a namespace with the veth pair tx0 and rx0, both up.
template <typename Body>
void with_a_pair(Body body) {
  test::in_child(*test::current(), [&](test::Case& inner) {
    test::current() = &inner;
    (void)test::cpus();
    if (!ip("-V")) return inner.skip("no ip command");
    if (!test::enter_own_namespace(inner)) return;
    CHECK(ip("link add tx0 type veth peer name rx0") && ip("link set tx0 up") && ip("link set rx0 up"));
    body(inner);
  });
}

// A host whose engine watches the interfaces of its namespace.
struct Host : Fixture {
  explicit Host(uint32_t records = 64) : Fixture(records) {
    bool listed = false;
    engine.links([&](Result<std::vector<LinkFacts>> links) { listed = links.ok(); });
    CHECK(until([&] { return listed; }));
  }
  ReceiverId receive(int ifindex) {
    Result<ReceiverId> result;
    bool done = false;
    engine.open_receiver("rx0", ifindex, [&](Result<ReceiverId> id) {
      result = std::move(id);
      done = true;
    });
    CHECK(until([&] { return done; }));
    return result.ok() ? result.value : 0;
  }
  size_t count(LinkEvent::Kind kind, const std::string& name) const {
    return static_cast<size_t>(std::count_if(events.begin(), events.end(), [&](const Event& event) {
      return event.kind == Event::Kind::link && event.link.kind == kind && event.link.name == name;
    }));
  }
};

int index_of(const char* name) { return static_cast<int>(if_nametoindex(name)); }

// What was accepted arrives, what was due while the interface was down is skipped, and everything goes on by itself, the
// receiver's interface too.
void down_and_up() {
  with_a_pair([](test::Case&) {
    Host host;
    const ReceiverId receiver = host.receive(index_of("rx0"));
    const DeviceId device = host.add(port_of(index_of("tx0"), test::cpus().back()), test::paced_device("tx0", 100'000));
    CHECK(host.engine.start({device}).ok());
    for (int round = 1; round <= 5; round++) {
      const uint64_t sent = host.stats(device).sent;
      CHECK(host.until([&] { return host.stats(device).sent > sent + 20; }));
      CHECK(ip("link set tx0 down"));
      CHECK(host.until([&] { return host.count(LinkEvent::Kind::down, "tx0") == static_cast<size_t>(round); }));
      // A batch that was under way is counted when its sender has passed it.
      const Cookie passed = host.engine.sync();
      CHECK(host.until([&] { return host.engine.completed() >= passed; }));
      const uint64_t then = host.stats(device).sent;
      // A grace period ends while the interface is down, and so do stop and set.
      CHECK(host.wait(host.engine.set_device(device, test::paced_device("tx0", 100'000))));
      CHECK_EQUAL(host.stats(device).sent, then);
      CHECK(host.stats(device).running);
      CHECK(ip("link set tx0 up"));
    }
    const uint64_t sent = host.stats(device).sent;
    CHECK(host.until([&] { return host.stats(device).sent > sent + 20; }));
    CHECK(host.wait(host.engine.stop({device})));
    const RunSnapshot figures = host.stats(device);
    CHECK_EQUAL(figures.failure, 0);
    CHECK(figures.skipped > 0);
    CHECK(figures.asked >= figures.sent + figures.errors + figures.skipped);
    CHECK(host.until([&] { return host.engine.receiver(receiver).value.received == figures.sent; }));
    CHECK_EQUAL(host.engine.receiver(receiver).value.duplicated, 0);

    // The far end: without a carrier frames are dropped, which are errors, and counting goes on afterwards.
    CHECK(host.engine.start({device}).ok());
    CHECK(host.until([&] { return host.stats(device).sent > 20; }));
    CHECK(ip("link set rx0 down"));
    const uint64_t errors = host.stats(device).errors;
    CHECK(host.until([&] { return host.stats(device).errors > errors + 20; }));
    CHECK(ip("link set rx0 up"));
    const uint64_t received = host.engine.receiver(receiver).value.received;
    CHECK(host.until([&] { return host.engine.receiver(receiver).value.received > received + 20; }));
    CHECK(host.wait(host.engine.rem_device(device)));
  });
}

// Started, set, stopped and removed while the interface is down: each ends, and nothing was sent.
void operations_while_down() {
  with_a_pair([](test::Case&) {
    Host host;
    const int tx = index_of("tx0");
    const DeviceId device = host.add(port_of(tx, test::cpus().back()), test::paced_device("tx0", 100'000));
    CHECK(ip("link set tx0 down"));
    CHECK(host.engine.start({device}).ok());
    CHECK(host.wait(host.engine.set_device(device, test::paced_device("tx0", 50'000))));
    CHECK(host.wait(host.engine.clear_counters({device})));
    CHECK(host.wait(host.engine.stop({device})));
    CHECK_EQUAL(host.stats(device).sent, 0);
    CHECK_EQUAL(host.stats(device).failure, 0);
    CHECK(host.engine.start({device}).ok());
    const DeviceId other = host.add(port_of(tx, test::cpus().front()), test::paced_device("tx0", 100'000));
    CHECK(host.engine.start({other}).ok());
    CHECK(host.wait(host.engine.rem_device(device)));
    CHECK(ip("link set tx0 up"));
    CHECK(host.until([&] { return host.stats(other).sent > 20; }));
    CHECK(host.wait(host.engine.rem_device(other)));
  });
}

// Deleted, and moved to another namespace: the run fails with ENXIO, the receiver stays and is closed like any other.
void deleted() {
  with_a_pair([](test::Case&) {
    Host host;
    const ReceiverId receiver = host.receive(index_of("rx0"));
    const DeviceId device = host.add(port_of(index_of("tx0"), test::cpus().back()), test::paced_device("tx0", 100'000));
    CHECK(host.engine.start({device}).ok());
    CHECK(host.until([&] { return host.engine.receiver(receiver).value.received > 20; }));
    CHECK(ip("link del tx0"));
    CHECK(host.until([&] {
      return host.count(LinkEvent::Kind::removed, "tx0") == 1 && host.count(LinkEvent::Kind::removed, "rx0") == 1;
    }));
    CHECK(host.until([&] { return !host.stats(device).running; }));
    const RunSnapshot figures = host.stats(device);
    CHECK_EQUAL(figures.failure, ENXIO);
    CHECK(host.until([&] { return host.engine.receiver(receiver).value.received == figures.sent; }));
    CHECK(host.wait(host.engine.rem_device(device)));
    bool closed = false;
    host.engine.close_receiver(receiver, [&](Status status) { closed = status.ok(); });
    CHECK(host.until([&] { return closed; }));
  });
}

// 200 times down, renamed, up, deleted and made again under senders on every CPU and a receiver, while devices are added, set
// and removed without regard to it. Each device runs once, so that its figures at its end are all that it sent.
void storm() {
  with_a_pair([](test::Case&) {
    constexpr int kRounds = 200;
    constexpr uint32_t kRecords = 256;
    constexpr size_t kDevices = 12;
    const size_t descriptors = open_descriptors();
    uint64_t sent = 0, received = 0, done = 0;
    {
      Host host(kRecords);
      std::map<DeviceId, Cookie> removed;
      host.on_completed = [&](Cookie cookie) {
        for (auto it = removed.begin(); it != removed.end();) {
          if (it->second > cookie) {
            ++it;
            continue;
          }
          sent += host.stats(it->first).sent;
          done++;
          it = removed.erase(it);
        }
      };
      std::vector<DeviceId> alive;
      uint64_t opening = 0, turn = 0, refused = 0;
      const auto remove = [&](size_t which) {
        const Result<Cookie> cookie = host.engine.rem_device(alive[which]);
        if (!cookie.ok()) return;
        removed[alive[which]] = cookie.value;
        alive.erase(alive.begin() + static_cast<std::ptrdiff_t>(which));
      };
      const auto disturb = [&](int tx) {
        turn++;
        if (alive.size() + opening < kDevices) {
          opening++;
          const size_t which = turn % test::cpus().size();
          host.engine.open_port(port_of(tx, test::cpus()[which]), [&](Result<PortId> port) {
            opening--;
            if (!port.ok()) {
              refused++;  // the interface is gone
              return;
            }
            const Result<DeviceId> device =
                host.engine.add_device(port.value, test::paced_device("tx0", turn % 3 == 0 ? 10'000 : 200'000));
            if (!device.ok()) return host.engine.release_port(port.value);
            alive.push_back(device.value);
            (void)host.engine.start({device.value});
          });
        }
        if (alive.empty()) return;
        if (turn % 3 == 0) (void)host.engine.set_device(alive[turn % alive.size()], test::paced_device("tx0", 50'000));
        if (turn % 5 == 0) (void)host.engine.stop({alive[turn % alive.size()]});
        if (alive.size() == kDevices) remove(turn % alive.size());
      };
      ReceiverId receiver = host.receive(index_of("rx0"));
      Changes changes;
      for (int round = 0; round < kRounds; round++) {
        const int tx = index_of("tx0");
        changes.say("link set tx0 down\nlink set tx0 name tx9\nlink set tx9 up\nlink set tx9 down\nlink set tx9 up\n");
        if (round % 4 == 3) changes.say(std::string("link del tx9\n") + kPair);
        else changes.say("link set tx9 name tx0\n");
        changes.say("link add round" + std::to_string(round) + " type ifb\n");
        const std::string mark = "round" + std::to_string(round);
        CHECK(host.until([&] {
          disturb(tx);
          return index_of(mark.c_str()) != 0;
        }));
        changes.say("link del " + mark + "\n");
        if (round % 4 == 3) {
          received += host.engine.receiver(receiver).value.received;
          host.engine.close_receiver(receiver, [](Status) {});
          receiver = host.receive(index_of("rx0"));
          CHECK(receiver != 0);
        }
      }
      CHECK(host.until([&] { return opening == 0; }));
      while (!alive.empty()) {
        remove(alive.size() - 1);
        host.engine.poll();
      }
      CHECK(host.until([&] { return removed.empty() && !host.engine.grace().pending; }));
      received += host.engine.receiver(receiver).value.received;
      CHECK(host.count(LinkEvent::Kind::removed, "tx9") == kRounds / 4);
      CHECK(host.count(LinkEvent::Kind::renamed, "tx0") > 0 && host.count(LinkEvent::Kind::down, "tx0") > 0);
      host.engine.close_now();
      CHECK_EQUAL(host.engine.free_stats_records(), kRecords);
      std::printf("  %llu devices, %llu frames sent, %llu received, %llu ports of an interface that was gone\n",
                  static_cast<unsigned long long>(done), static_cast<unsigned long long>(sent),
                  static_cast<unsigned long long>(received), static_cast<unsigned long long>(refused));
    }
    CHECK(done > kDevices && sent > 0 && received > 0 && received <= sent);
    CHECK_EQUAL(open_descriptors(), descriptors);
  });
}

}  // namespace

int main() {
  return test::run({{"link: down and up under a sender and a receiver", down_and_up},
                    {"link: operations while it is down", operations_while_down},
                    {"link: deleted under a sender and a receiver", deleted},
                    {"link: a storm of changes while devices come and go", storm}});
}
