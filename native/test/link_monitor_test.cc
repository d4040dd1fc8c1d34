// SPDX-License-Identifier: Apache-2.0
// Interface events in namespaces of the test's own, outside any lab: what is told, once, and what is told after an overrun.
#include "../src/link_monitor.h"

#include <linux/netlink.h>
#include <net/if.h>
#include <signal.h>
#include <sys/socket.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "lab_fixture.h"

namespace {

using namespace pktsh;
using namespace pktsh::test;

bool ip(const std::string& arguments) { return std::system(("ip " + arguments + " >/dev/null 2>&1").c_str()) == 0; }

std::string told(const LinkEvent& event) {
  switch (event.kind) {
    case LinkEvent::Kind::down:
      return event.name + " down";
    case LinkEvent::Kind::up:
      return event.name + " up";
    case LinkEvent::Kind::renamed:
      return event.name + " is " + event.to;
    case LinkEvent::Kind::removed:
      return event.name + " removed";
  }
  return "?";
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : ", ") + line;
  return text;
}

// A monitor of the namespace that this process is in.
struct Watch {
  // `receive_buffer` in bytes, 0 for the kernel's own; the kernel makes it 2304 at least.
  explicit Watch(Case& running, int receive_buffer = 0) : test(running) {
    Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (receive_buffer != 0) {
      test.equal(setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer), 0, "SO_RCVBUF");
    }
    Result<std::unique_ptr<LinkMonitor>> opened = LinkMonitor::open(std::move(socket));
    test.equal(opened.status.error, 0, opened.status.doing);
    monitor = std::move(opened.value);
  }

  // Does `change`, and what is told of it has to be `expected`: notifications are in the queue when the change returns.
  void expect(const std::string& change, const std::vector<std::string>& expected, int line = __builtin_LINE()) {
    test.check(ip(change), "ip " + change, line);
    expect_told(expected, line);
  }
  void expect_told(const std::vector<std::string>& expected, int line = __builtin_LINE()) {
    std::vector<std::string> events;
    (void)eventually([&] {
      for (const LinkEvent& event : monitor->poll()) events.push_back(told(event));
      return events.size() >= expected.size();
    });
    for (const LinkEvent& event : monitor->poll()) events.push_back(told(event));
    test.equal(joined(events), joined(expected), "told", line);
  }

  Case& test;
  std::unique_ptr<LinkMonitor> monitor;
};

// A process in another network namespace, which ends with this object.
class Elsewhere {
 public:
  Elsewhere() {
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) != 0) return;
    const Fd reading(ready[0]);
    Fd writing(ready[1]);
    pid_ = fork();
    if (pid_ == 0) {
      const char word = unshare(CLONE_NEWNET) == 0 ? 'y' : 'n';
      (void)!write(writing.get(), &word, 1);
      for (;;) pause();
    }
    char word = 'n';
    ready_ = pid_ > 0 && read(reading.get(), &word, 1) == 1 && word == 'y';
  }
  ~Elsewhere() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Elsewhere(const Elsewhere&) = delete;
  Elsewhere& operator=(const Elsewhere&) = delete;

  [[nodiscard]] bool ready() const { return ready_; }
  [[nodiscard]] std::string pid() const { return std::to_string(pid_); }

 private:
  pid_t pid_ = -1;
  bool ready_ = false;
};

// Runs `body(case)` in a namespace with the veth pair a0 and b0, both up.
template <typename Body>
void with_a_pair(Case& test, Body body) {
  in_child(test, [&](Case& inner) {
    if (!ip("-V")) return inner.skip("no ip command");
    if (!enter_own_namespace(inner)) return;
    inner.check(ip("link add a0 type veth peer name b0") && ip("link set a0 up") && ip("link set b0 up"), "a veth pair");
    body(inner);
  });
}

void tells_each_change_once(Case& test) {
  with_a_pair(test, [](Case& inner) {
    Watch watch(inner);
    watch.expect_told({});  // what there was is no event
    watch.expect("link set a0 down", {"a0 down"});
    watch.expect("link set a0 down", {});
    watch.expect("link set a0 mtu 1400", {});
    watch.expect("link set a0 up", {"a0 up"});
    watch.expect("link set a0 down", {"a0 down"});
    watch.expect("link set a0 name c0", {"a0 is c0"});
    watch.expect("link set c0 up", {"c0 up"});
    watch.expect("link add d0 type ifb", {});  // nobody can have had a device on it
    watch.expect("link set d0 up", {"d0 up"});
    watch.expect("link del c0", {"c0 down", "b0 down", "c0 removed", "b0 removed"});
    watch.expect("link del d0", {"d0 down", "d0 removed"});
  });
}

void tells_a_move_as_a_removal(Case& test) {
  with_a_pair(test, [](Case& inner) {
    const Elsewhere elsewhere;
    if (!elsewhere.ready()) return inner.skip("no right to make a network namespace");
    Watch watch(inner);
    watch.expect("link set a0 netns " + elsewhere.pid(), {"a0 down", "a0 removed"});
    watch.expect("link set b0 down", {"b0 down"});
    // The name is free again, and who has it now is another interface.
    watch.expect("link add a0 type ifb", {});
    watch.expect("link set a0 up", {"a0 up"});
    watch.expect("link del a0", {"a0 down", "a0 removed"});
  });
}

void compares_after_an_overrun(Case& test) {
  with_a_pair(test, [](Case& inner) {
    inner.check(ip("link add gone type ifb") && ip("link add same type ifb"), "two more");
    constexpr int kSmallest = 1;  // the kernel's least, which three notifications fill
    Watch watch(inner, kSmallest);
    for (int i = 0; i < 20; i++) inner.check(ip("link set same mtu " + std::to_string(1400 + i)), "ip link set mtu");
    inner.check(ip("link set a0 down") && ip("link set a0 name c0") && ip("link del gone"), "what is lost");
    // The order of a comparison: what is listed, then what is missing.
    watch.expect_told({"a0 is c0", "c0 down", "gone removed"});
    // And all is as before the overrun.
    watch.expect("link set c0 up", {"c0 up"});
    watch.expect_told({});
  });
}

// However often the queue runs over, and while dumps are under way: the sum of what is told is what has happened.
void loses_nothing_in_a_storm(Case& test) {
  with_a_pair(test, [](Case& inner) {
    constexpr int kRounds = 60;
    constexpr int kPairs = 8;  // so that a dump takes more than the smallest buffer holds
    for (int i = 0; i < kPairs; i++) {
      inner.check(ip("link add x" + std::to_string(i) + " type veth peer name y" + std::to_string(i)), "ip link add");
    }
    Watch watch(inner, 1);
    bool up = true;
    std::string name = "a0";
    size_t events = 0;
    for (int round = 0; round < kRounds; round++) {
      const std::string next = round % 2 == 0 ? "c0" : "a0";
      inner.check(ip("link set " + name + " down") && ip("link set " + name + " name " + next) &&
                      ip("link set " + next + " up") && ip("link add passing type ifb") && ip("link del passing"),
                  "a round");
      name = next;
      if (round % 3 == 0) continue;
      for (const LinkEvent& event : watch.monitor->poll()) {
        events++;
        if (event.name == "a0" || event.name == "c0") {
          if (event.kind == LinkEvent::Kind::down) up = false;
          if (event.kind == LinkEvent::Kind::up) up = true;
          inner.check(event.kind != LinkEvent::Kind::removed, "nobody removed it");
        }
      }
    }
    inner.check(ip("link set " + name + " down"), "down at last");
    inner.check(eventually([&] {
                  for (const LinkEvent& event : watch.monitor->poll()) {
                    events++;
                    if (event.kind == LinkEvent::Kind::down && event.name == name) up = false;
                    if (event.kind == LinkEvent::Kind::up && event.name == name) up = true;
                  }
                  return !up;
                }),
                "the last state is told");
    inner.check(events > 0, "events");
    watch.expect("link del " + name, {"b0 down", "b0 removed", name + " removed"});
  });
}

void refuses_what_is_no_netlink_socket(Case& test) {
  test.equal(LinkMonitor::open(Fd(open("/dev/null", O_RDWR | O_CLOEXEC))).status.error, ENOTSOCK, "a file");
  test.equal(LinkMonitor::open(Fd()).status.error, EBADF, "nothing");
}

}  // namespace

int main() {
  Cases cases;
  cases.run("links: each change is told once", tells_each_change_once);
  cases.run("links: a move to another namespace is a removal", tells_a_move_as_a_removal);
  cases.run("links: an overrun is made good by a comparison", compares_after_an_overrun);
  cases.run("links: a storm loses nothing", loses_nothing_in_a_storm);
  cases.run("links: what is no netlink socket", refuses_what_is_no_netlink_socket);
  return cases.finish();
}
