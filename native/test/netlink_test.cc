// SPDX-License-Identifier: Apache-2.0
#include "../src/netlink.h"

#include <linux/rtnetlink.h>
#include <net/if.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <random>
#include <set>
#include <thread>

#include "../src/netlink_message.h"
#include "lab_fixture.h"

namespace {

using namespace pktsh;
using namespace pktsh::test;

std::vector<uint8_t> bytes_of(NetlinkMessage& message) {
  const auto bytes = message.bytes();
  return {bytes.begin(), bytes.end()};
}

void builds_messages(Case& test) {
  NetlinkMessage message(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, 7);
  message.put_string(IFLA_IFNAME, "tx0");
  const size_t outer = message.begin_nest(IFLA_LINKINFO);
  message.put_u8(1, 0xaa);
  message.end_nest(outer);
  message.put_u32(IFLA_MTU, 1500);
  // rtnetlink is in host order; this machine's is little-endian wherever the senders run.
  const std::vector<uint8_t> expected = {
      44, 0, 0, 0, 16, 0, 5, 0, 7, 0, 0, 0, 0, 0, 0, 0,  // nlmsghdr
      8, 0, 3, 0, 't', 'x', '0', 0,                      // IFLA_IFNAME
      12, 0, 18, 0x80, 5, 0, 1, 0, 0xaa, 0, 0, 0,        // IFLA_LINKINFO { 1: aa }, padded
      8, 0, 4, 0, 0xdc, 5, 0, 0,                         // IFLA_MTU
  };
  test.check(bytes_of(message) == expected, "bytes of a message with a nest");
}

void refuses_what_does_not_fit(Case& test) {
  NetlinkMessage message(RTM_NEWLINK, 0, 1);
  const std::vector<uint8_t> large(600);
  message.put(1, large.data(), large.size());
  test.check(!message.bytes().empty(), "600 bytes fit");
  message.put(1, large.data(), large.size());
  test.check(message.bytes().empty(), "1200 bytes do not");
  message.put_u8(1, 1);
  test.check(message.bytes().empty(), "and what follows does not mend it");
  NetlinkMessage named(RTM_NEWLINK, 0, 1);
  named.put_string(1, std::string(64, 'x'));
  test.check(named.bytes().empty(), "a string above its bound");
}

void walks_attributes(Case& test) {
  struct Row {
    const char* name;
    std::vector<uint8_t> bytes;
    bool whole;
    std::vector<std::pair<uint16_t, size_t>> found;  // type, size of payload
  };
  const Row rows[] = {
      {"nothing", {}, true, {}},
      {"one", {8, 0, 3, 0, 1, 2, 3, 4}, true, {{3, 4}}},
      {"unpadded last", {5, 0, 3, 0, 1}, true, {{3, 1}}},
      {"two, the first padded", {5, 0, 3, 0, 1, 0, 0, 0, 4, 0, 9, 0}, true, {{3, 1}, {9, 0}}},
      {"nested flag is not part of the type", {4, 0, 9, 0x80}, true, {{9, 0}}},
      {"length beyond the end", {9, 0, 3, 0, 1, 2, 3, 4}, false, {}},
      {"length below the header", {3, 0, 3, 0}, false, {}},
      {"length zero", {0, 0, 3, 0, 8, 0, 3, 0}, false, {}},
      {"half a header", {8, 0, 3}, false, {}},
      {"half a header behind a good one", {4, 0, 3, 0, 8, 0}, false, {{3, 0}}},
  };
  for (const Row& row : rows) {
    std::vector<std::pair<uint16_t, size_t>> found;
    const bool whole = each_attribute(row.bytes, [&](const NetlinkAttribute& attribute) {
      found.emplace_back(attribute.type, attribute.payload.size());
    });
    test.equal(whole, row.whole, std::string(row.name) + ": whole");
    test.check(found == row.found, std::string(row.name) + ": attributes");
  }
  const uint8_t text[] = {'a', 'b', 0, 'c'};
  test.equal(std::string((NetlinkAttribute{1, text}).text()), std::string("ab"), "text ends at NUL");
  test.equal(std::string((NetlinkAttribute{1, std::span(text, 2)}).text()), std::string("ab"), "or at the end");
  test.check(!(NetlinkAttribute{1, std::span(text, 3)}).as<uint32_t>().has_value(), "three bytes are no uint32");
}

// Every walk must stay inside its bytes, which the sanitizers see, and must end.
void survives_noise(Case& test) {
  std::mt19937 random(1);
  size_t visited = 0;
  for (int round = 0; round < 20000; round++) {
    std::vector<uint8_t> noise(random() % 96);
    for (uint8_t& byte : noise) byte = static_cast<uint8_t>(random() % 24);  // small, so that lengths are often plausible
    each_message(noise, [&](const nlmsghdr&, std::span<const uint8_t> payload) {
      each_attribute(payload, [&](const NetlinkAttribute& attribute) { visited += 1 + attribute.text().size(); });
      return true;
    });
    each_attribute(noise, [&](const NetlinkAttribute& attribute) { visited += 1 + attribute.text().size(); });
  }
  test.check(visited > 1000, "noise with attributes in it");
}

Result<std::vector<LinkFacts>> dump_here() {
  const Fd route(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  const Fd generic(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC));
  return dump_links(route.get(), generic.get());
}

void lists_this_namespace(Case& test) {
  const Result<std::vector<LinkFacts>> links = dump_here();
  test.equal(links.status.error, 0, links.status.doing);
  const LinkFacts* loopback = find(links.value, "lo");
  test.check(loopback != nullptr && loopback->loopback && loopback->kind.empty() && loopback->speed == 0, "lo");
  std::set<std::string> expected;
  struct if_nameindex* known = if_nameindex();
  for (const struct if_nameindex* one = known; one != nullptr && one->if_index != 0; one++) expected.insert(one->if_name);
  if_freenameindex(known);
  std::set<std::string> found;
  for (const LinkFacts& link : links.value) {
    found.insert(link.name);
    test.equal(link.index, static_cast<int>(if_nametoindex(link.name.c_str())), link.name + ": index");
  }
  test.check(found == expected, "the same names as if_nameindex");
}

void lists_more_than_one_datagram(Case& test) {
  std::vector<LabLink> wanted;
  for (int pair = 0; pair < 40; pair++) wanted.push_back(veth("a" + std::to_string(pair), "b" + std::to_string(pair)));
  const auto lab = open_lab(test, wanted);
  if (!lab) return;
  const Result<std::vector<LinkFacts>> links = lab->links();
  test.equal(links.status.error, 0, links.status.doing);
  test.equal(links.value.size(), size_t{81}, "40 pairs and lo");
  for (const LabLink& link : wanted) {
    const LinkFacts* a = find(links.value, link.a.name);
    const LinkFacts* b = find(links.value, link.b.name);
    test.check(a != nullptr && b != nullptr && a->peer == b->index && b->peer == a->index, link.a.name + " and its peer");
  }
}

// A kernel made of a list of datagrams to answer each request with. dump_links asks for links, then for the routes of two
// families; a sequence number of 0 stands for that of the request.
using Datagram = std::vector<uint8_t>;

void append_message(Datagram& datagram, uint16_t type, uint16_t flags, uint32_t sequence, const Datagram& payload) {
  const nlmsghdr header{.nlmsg_len = static_cast<uint32_t>(NLMSG_HDRLEN + payload.size()),
                        .nlmsg_type = type,
                        .nlmsg_flags = flags,
                        .nlmsg_seq = sequence,
                        .nlmsg_pid = 0};
  const auto* bytes = reinterpret_cast<const uint8_t*>(&header);
  datagram.insert(datagram.end(), bytes, bytes + sizeof header);
  datagram.insert(datagram.end(), payload.begin(), payload.end());
  datagram.resize(NLMSG_ALIGN(datagram.size()));
}

Datagram link_message(const char* name, uint16_t flags = NLM_F_MULTI, uint32_t sequence = 0) {
  Datagram payload(sizeof(ifinfomsg));
  payload.insert(payload.end(), {8, 0, IFLA_IFNAME, 0});
  payload.insert(payload.end(), name, name + 4);  // three letters and the NUL
  Datagram datagram;
  append_message(datagram, RTM_NEWLINK, flags, sequence, payload);
  return datagram;
}

Datagram end_message(int32_t error = 0, uint16_t flags = NLM_F_MULTI, uint16_t type = NLMSG_DONE) {
  Datagram payload(sizeof error);
  std::memcpy(payload.data(), &error, sizeof error);
  Datagram datagram;
  append_message(datagram, type, flags, 0, payload);
  return datagram;
}

Datagram joined(Datagram first, const Datagram& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

void trusts_no_answer(Case& test) {
  using Answer = std::vector<Datagram>;
  struct Row {
    const char* name;
    std::vector<Answer> answers;  // to the first requests; any more get an empty list
    int error;
    std::vector<std::string> names;
  };
  const Answer interrupted = {link_message("old"), end_message(0, NLM_F_MULTI | NLM_F_DUMP_INTR)};
  Datagram cut = link_message("aaa");
  cut.resize(20);
  Datagram large;
  for (int link = 0; link < 2000; link++) large = joined(std::move(large), link_message("aaa"));
  const Row rows[] = {
      {"one datagram", {{joined(link_message("aaa"), end_message())}}, 0, {"aaa"}},
      {"several", {{link_message("aaa"), link_message("bbb"), end_message()}}, 0, {"aaa", "bbb"}},
      {"interrupted at the end", {interrupted, {link_message("new"), end_message()}}, 0, {"new"}},
      {"interrupted midway",
       {{link_message("old", NLM_F_MULTI | NLM_F_DUMP_INTR), end_message()}, {link_message("new"), end_message()}},
       0,
       {"new"}},
      {"interrupted for ever", std::vector<Answer>(100, interrupted), EAGAIN, {}},
      {"left-overs of another request",
       {{link_message("old", 0, 0xffffffff), link_message("new"), end_message()}},
       0,
       {"new"}},
      {"an error", {{end_message(-EPERM, 0, NLMSG_ERROR)}}, EPERM, {}},
      {"an error behind links", {{link_message("aaa"), end_message(-ENOMEM)}}, ENOMEM, {}},
      {"a message cut off", {{cut}}, EPROTO, {}},
      {"nothing in a datagram's place", {}, EPROTO, {}},
      {"ninety kilobytes", {{large, end_message()}}, 0, std::vector<std::string>(2000, "aaa")},
  };
  for (const Row& row : rows) {
    int ends[2];
    // Keeps datagrams apart, as netlink does, and ignores the address that requests are sent to.
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return test.check(false, "socketpair");
    Fd asking(ends[0]);
    std::thread kernel([&row, answering = Fd(ends[1])] {
      uint8_t request[1024];
      for (size_t turn = 0; recv(answering.get(), request, sizeof request, 0) > 0; turn++) {
        if (row.answers.empty()) return;  // closes
        nlmsghdr asked;
        std::memcpy(&asked, request, sizeof asked);
        for (Datagram datagram : turn < row.answers.size() ? row.answers[turn] : Answer{end_message()}) {
          for (size_t at = 0; at + NLMSG_HDRLEN <= datagram.size();) {
            nlmsghdr header;
            std::memcpy(&header, datagram.data() + at, sizeof header);
            if (header.nlmsg_seq == 0) header.nlmsg_seq = asked.nlmsg_seq;
            std::memcpy(datagram.data() + at, &header, sizeof header);
            at += NLMSG_ALIGN(header.nlmsg_len);
          }
          (void)!send(answering.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL);
        }
      }
    });
    const Result<std::vector<LinkFacts>> links = dump_links(asking.get(), -1);
    asking.reset();
    kernel.join();
    test.equal(links.status.error, row.error, std::string(row.name) + ": errno");
    std::vector<std::string> names;
    for (const LinkFacts& link : links.value) names.push_back(link.name);
    test.check(names == row.names, std::string(row.name) + ": links");
  }
}

void refuses_a_foreign_descriptor(Case& test) {
  const Fd file(open("/dev/null", O_RDWR | O_CLOEXEC));
  test.equal(dump_links(file.get(), -1).status.error, ENOTSOCK, "not a socket");
  test.equal(dump_links(-1, -1).status.error, EBADF, "not open");
}

bool ip(const char* arguments) {
  return std::system(("ip " + std::string(arguments) + " >/dev/null 2>&1").c_str()) == 0;
}

bool have_ip(Case& test) {
  const bool have = ip("-V");
  if (!have) test.skip("no ip command");
  return have;
}

// Links come and go while the list is read: what stays must be there, once, each time.
void dumps_while_links_change(Case& test) {
  in_child(test, [](Case& inner) {
    if (!have_ip(inner) || !enter_own_namespace(inner)) return;
    for (int pair = 0; pair < 30; pair++) {
      const std::string number = std::to_string(pair);
      inner.check(ip(("link add s" + number + " type veth peer name t" + number).c_str()), "ip link add");
    }
    std::atomic<bool> done{false};
    std::atomic<int> rounds{0};
    std::thread changes([&] {
      while (!done.load()) {
        ip("link add passing type ifb");
        ip("link del passing");
        rounds++;
      }
    });
    int dumps = 0;
    // Until enough changes have met enough dumps.
    const bool met = eventually([&] {
      const Result<std::vector<LinkFacts>> links = dump_here();
      inner.equal(links.status.error, 0, links.status.doing);
      const auto staying = std::count_if(links.value.begin(), links.value.end(), [](const LinkFacts& link) {
        return link.name.starts_with("s") || link.name.starts_with("t");
      });
      inner.equal(staying, 60, "links that stay");
      dumps++;
      return inner.failed() || (rounds.load() >= 20 && dumps >= 200);
    });
    done = true;
    changes.join();
    inner.check(met, "200 dumps and 20 changes in time");
  });
}

void finds_default_routes(Case& test) {
  in_child(test, [](Case& inner) {
    if (!have_ip(inner) || !enter_own_namespace(inner)) return;
    const auto marked = [&] {
      std::set<std::string> names;
      for (const LinkFacts& link : dump_here().value) {
        if (link.default_route) names.insert(link.name);
      }
      return names;
    };
    using Names = std::set<std::string>;
    inner.check(ip("link add up0 type veth peer name far0") && ip("link set up0 up") && ip("link set far0 up"),
                "ip link add");
    inner.check(marked() == Names{}, "no route, no mark");
    inner.check(ip("route add 10.0.0.0/8 dev up0") && marked() == Names{}, "a route to a net is not a default one");
    inner.check(ip("route add default dev up0") && marked() == Names{"up0"}, "IPv4");
    inner.check(ip("route del default"), "ip route del");
    inner.check(ip("route add default nexthop dev far0 nexthop dev up0") && marked() == Names{"far0", "up0"}, "multipath");
    inner.check(ip("route del default"), "ip route del");
    inner.check(ip("-6 route add default dev far0") && marked() == Names{"far0"}, "IPv6");
    inner.check(ip("-6 route del default"), "ip route del");
    inner.check(ip("route add default dev up0 table 100") && marked() == Names{"up0"}, "in another table");
    inner.check(ip("route del default table 100"), "ip route del");
    if (ip("link add link up0 name up0.5 type vlan id 5") && ip("link set up0.5 up")) {
      inner.check(ip("route add default dev up0.5") && marked() == Names{"up0", "up0.5"}, "below a VLAN");
      inner.check(ip("route del default"), "ip route del");
    }
    if (ip("link add br0 type bridge") && ip("link set br0 up") && ip("link set far0 master br0")) {
      inner.check(ip("route add default dev br0") && marked() == Names{"br0", "far0"}, "a bridge's port");
    }
  });
}

}  // namespace

int main() {
  Cases cases;
  cases.run("a message's bytes", builds_messages);
  cases.run("a message refuses what does not fit", refuses_what_does_not_fit);
  cases.run("attributes are walked within their bounds", walks_attributes);
  cases.run("noise is survived", survives_noise);
  cases.run("interfaces of this namespace", lists_this_namespace);
  cases.run("a list of several datagrams", lists_more_than_one_datagram);
  cases.run("descriptors that are no netlink sockets", refuses_a_foreign_descriptor);
  cases.run("answers are not trusted", trusts_no_answer);
  cases.run("links change during a dump", dumps_while_links_change);
  cases.run("default routes mark their interfaces and those below", finds_default_routes);
  return cases.finish();
}
