// SPDX-License-Identifier: Apache-2.0
#include "../src/receiver.h"

#include <dirent.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <signal.h>

#include <cstring>
#include <iterator>
#include <thread>

#include "../src/netlink_message.h"
#include "../src/receiver_parse.h"
#include "../src/sequence_window.h"
#include "lab_fixture.h"

namespace {

using namespace pktsh;
using namespace pktsh::test;

using Frame = std::vector<uint8_t>;

void put16(Frame& frame, uint32_t value) {
  frame.push_back(static_cast<uint8_t>(value >> 8));
  frame.push_back(static_cast<uint8_t>(value));
}
void put32(Frame& frame, uint32_t value) {
  put16(frame, value >> 16);
  put16(frame, value & 0xffff);
}

struct Shape {
  Frame tunnel = {};  // what stands before the frame: a whole outer header
  std::vector<uint32_t> tags = {};    // TPID and TCI, outermost first
  std::vector<uint32_t> labels = {};  // MPLS label stack entries, outermost first
  bool ipv6 = false;
  std::vector<uint8_t> extensions = {};  // numbers of IPv6 extension headers, 8 bytes each
  size_t options = 0;  // bytes of IPv4 options, a multiple of 4
  size_t size = 60;    // padded to
};

// A frame as pktsh's senders make it: to a foreign address, with pktgen's header behind UDP.
Frame probe(uint32_t sequence, uint16_t stream, const Shape& shape = {}) {
  Frame frame = shape.tunnel;
  frame.insert(frame.end(), {0x02, 0, 0, 0, 0, 0x77, 0x02, 0, 0, 0, 0, 0x01});
  for (const uint32_t tag : shape.tags) put32(frame, tag);
  constexpr uint32_t kPayload = 8 + 16;
  put16(frame, !shape.labels.empty() ? 0x8847 : shape.ipv6 ? 0x86dd : 0x0800);
  for (const uint32_t label : shape.labels) put32(frame, label);
  if (shape.ipv6) {
    put32(frame, 0x60000000);
    put16(frame, static_cast<uint32_t>(8 * shape.extensions.size() + kPayload));
    const auto next = [&](size_t i) { return i < shape.extensions.size() ? shape.extensions[i] : uint8_t{17}; };
    frame.insert(frame.end(), {next(0), 32});
    frame.insert(frame.end(), 32, 0xfd);
    for (size_t i = 0; i < shape.extensions.size(); i++) frame.insert(frame.end(), {next(i + 1), 0, 0, 0, 0, 0, 0, 0});
  } else {
    frame.insert(frame.end(), {static_cast<uint8_t>(0x45 + shape.options / 4), 0});
    put16(frame, static_cast<uint32_t>(20 + shape.options + kPayload));
    put32(frame, 0x00000000);
    frame.insert(frame.end(), {32, 17, 0, 0});
    put32(frame, 0x0a000001);
    put32(frame, 0x0a000002);
    frame.insert(frame.end(), shape.options, 1);
  }
  put32(frame, 9 << 16 | 9);
  put32(frame, kPayload << 16);
  put32(frame, kPktgenMagic);
  put32(frame, sequence);
  put32(frame, 1700000000);
  put32(frame, uint32_t{stream} << 20 | 123456);
  if (frame.size() < shape.size) frame.resize(shape.size);
  return frame;
}

Frame changed(Frame frame, size_t at, uint8_t value) {
  frame[at] = value;
  return frame;
}
Frame cut(Frame frame, size_t size) {
  frame.resize(size);
  return frame;
}

// Ethernet and IPv4 that say `protocol`, and what else the tunnel begins with.
Frame tunnel(uint8_t protocol, const Frame& more) {
  Frame frame(12, 0x02);
  put16(frame, 0x0800);
  frame.insert(frame.end(), {0x45, 0, 0, 0, 0, 0, 0, 0, 32, protocol, 0, 0});
  frame.insert(frame.end(), 8, 10);
  frame.insert(frame.end(), more.begin(), more.end());
  return frame;
}

void parses_frames(Case& test) {
  struct Row {
    const char* name;
    Frame frame;
    bool stripped;
    bool ours;
  };
  const uint32_t c_tag = 0x8100'0005, s_tag = 0x88a8'0006, old_tag = 0x9100'0007;
  const Row rows[] = {
      {"IPv4", probe(7, 9), false, true},
      {"IPv6", probe(7, 9, {.ipv6 = true}), false, true},
      {"one tag", probe(7, 9, {.tags = {c_tag}}), false, true},
      {"two tags", probe(7, 9, {.tags = {s_tag, c_tag}}), false, true},
      {"an old service tag", probe(7, 9, {.tags = {old_tag}, .ipv6 = true}), false, true},
      {"three tags", probe(7, 9, {.tags = {s_tag, c_tag, c_tag}}), false, false},
      {"a tag taken out", probe(7, 9), true, true},
      {"one of two taken out", probe(7, 9, {.tags = {c_tag}}), true, true},
      {"one of three taken out", probe(7, 9, {.tags = {c_tag, c_tag}}), true, false},
      {"all IPv4 options", probe(7, 9, {.options = 40}), false, true},
      {"the longest way", probe(7, 9, {.tags = {s_tag, c_tag}, .options = 40}), false, true},
      {"one label", probe(7, 9, {.labels = {0x0001010a}}), false, true},
      {"a tag and three labels", probe(7, 9, {.tags = {c_tag}, .labels = {0x10, 0x20, 0x120}}), false, true},
      {"IPv6 below a label", probe(7, 9, {.labels = {0x0001010a}, .ipv6 = true}), false, true},
      {"labels without end", probe(7, 9, {.labels = {0x10, 0x20}}), false, false},
      {"extension headers", probe(7, 9, {.ipv6 = true, .extensions = {0, 60, 43, 44}}), false, true},
      {"an unknown extension", probe(7, 9, {.ipv6 = true, .extensions = {0, 51}}), false, false},
      {"a later IPv6 fragment", changed(probe(7, 9, {.ipv6 = true, .extensions = {44}}), 57, 8), false, false},
      {"a longer extension than the frame", changed(probe(7, 9, {.ipv6 = true, .extensions = {0}}), 55, 9), false, false},
      {"VXLAN", probe(7, 9, {.tunnel = tunnel(17, {0, 9, 0x12, 0xb5, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 5, 0})}), false, true},
      {"another port", probe(7, 9, {.tunnel = tunnel(17, {0, 9, 0x12, 0xb6, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 5, 0})}), false,
       false},
      {"GRE", probe(7, 9, {.tunnel = tunnel(47, {0, 0, 0x65, 0x58})}), false, true},
      {"GRE with key and sequence", probe(7, 9, {.tunnel = tunnel(47, {0x30, 0, 0x65, 0x58, 0, 0, 0, 1, 0, 0, 0, 2})}), false,
       true},
      {"GRE with a route", probe(7, 9, {.tunnel = tunnel(47, {0x40, 0, 0x65, 0x58})}), false, false},
      {"cut off behind the header", cut(probe(7, 9), 58), false, true},
      {"cut off within the header", cut(probe(7, 9), 57), false, false},
      {"cut off within IPv4", cut(probe(7, 9), 30), false, false},
      {"cut off within a tag", cut(probe(7, 9, {.tags = {c_tag}}), 16), false, false},
      {"cut off within IPv6", cut(probe(7, 9, {.ipv6 = true}), 50), false, false},
      {"cut off within options", cut(probe(7, 9, {.options = 40}), 60), false, false},
      {"Ethernet alone", cut(probe(7, 9), 14), false, false},
      {"less than Ethernet", cut(probe(7, 9), 13), false, false},
      {"nothing", {}, false, false},
      {"ARP", changed(probe(7, 9), 13, 0x06), false, false},
      {"version 5 behind IPv4's type", changed(probe(7, 9), 14, 0x55), false, false},
      {"version 4 behind IPv6's type", changed(probe(7, 9, {.ipv6 = true}), 14, 0x40), false, false},
      {"an IPv4 header below 20 bytes", changed(probe(7, 9), 14, 0x44), false, false},
      {"TCP", changed(probe(7, 9), 23, 6), false, false},
      {"TCP over IPv6", changed(probe(7, 9, {.ipv6 = true}), 20, 6), false, false},
      {"the first fragment", changed(probe(7, 9), 20, 0x20), false, true},
      {"don't fragment", changed(probe(7, 9), 20, 0x40), false, true},
      {"a later fragment", changed(probe(7, 9), 21, 0x01), false, false},
      {"another magic", changed(probe(7, 9), 42, 0xbf), false, false},
      {"a wrong IPv4 length", changed(probe(7, 9), 17, 1), false, true},
      {"a wrong checksum", changed(probe(7, 9), 25, 1), false, true},
  };
  const PktgenHeader expected{.sequence = 7, .seconds = 1700000000, .microseconds = 123456, .stream = 9};
  for (const Row& row : rows) {
    const std::optional<PktgenHeader> header = parse_pktgen(row.frame, row.stripped);
    test.equal(header.has_value(), row.ours, std::string(row.name) + ": ours");
    if (header && row.ours) test.check(*header == expected, std::string(row.name) + ": header");
  }
  const auto extreme = parse_pktgen(probe(0xffffffff, 4095), false);
  test.check(extreme && extreme->sequence == 0xffffffff && extreme->stream == 4095 && extreme->microseconds == 123456,
             "the largest numbers");
  // Every length of every frame, which the sanitizers watch.
  for (const Row& row : rows) {
    for (size_t size = 0; size <= row.frame.size(); size++) (void)parse_pktgen(cut(row.frame, size), row.stripped);
  }
}

void judges_arrivals(Case& test) {
  using enum Arrival;
  struct Row {
    const char* name;
    std::vector<std::pair<uint32_t, Arrival>> arrivals;
  };
  constexpr uint32_t kWindow = SequenceWindow::kSize;
  const Row rows[] = {
      {"in order", {{1, in_order}, {2, in_order}, {3, in_order}}},
      {"a gap", {{1, in_order}, {5, in_order}, {6, in_order}}},
      {"reordered", {{1, in_order}, {3, in_order}, {2, reordered}, {4, in_order}}},
      {"duplicate at once", {{1, in_order}, {1, duplicate}, {1, duplicate}}},
      {"duplicate later", {{1, in_order}, {2, in_order}, {3, in_order}, {2, duplicate}}},
      {"duplicate of a reordered one", {{1, in_order}, {3, in_order}, {2, reordered}, {2, duplicate}}},
      {"before the first", {{10, in_order}, {9, reordered}, {9, duplicate}, {8, reordered}}},
      {"below zero", {{1, in_order}, {0xffffffff, reordered}, {0xffffffff, duplicate}}},
      {"wrapping", {{0xfffffffe, in_order}, {0xffffffff, in_order}, {0, in_order}, {1, in_order}, {0xffffffff, duplicate}}},
      {"reordered over the wrap", {{0xfffffffe, in_order}, {1, in_order}, {0xffffffff, reordered}, {0, reordered}}},
      {"the oldest in the window", {{1, in_order}, {kWindow, in_order}, {1, duplicate}, {2, reordered}, {2, duplicate}}},
      {"older than the window", {{1, in_order}, {kWindow + 1, in_order}, {1, reordered}, {1, reordered}}},
      {"one window ahead clears it", {{1, in_order}, {kWindow + 1, in_order}, {kWindow, reordered}, {2, reordered}}},
      {"less clears part", {{1, in_order}, {2, in_order}, {kWindow + 1, in_order}, {2, duplicate}, {3, reordered}}},
      {"far ahead", {{5, in_order}, {5 + 0x7fffffffu, in_order}, {5, reordered}, {5 + 0x7fffffffu, duplicate}}},
  };
  for (const Row& row : rows) {
    SequenceWindow window;
    for (size_t index = 0; index < row.arrivals.size(); index++) {
      const auto& [sequence, expected] = row.arrivals[index];
      test.equal(window.record(sequence), expected, std::string(row.name) + " [" + std::to_string(index) + "]");
    }
  }
  SequenceWindow window;
  uint32_t sequence = 0xfffffff0;
  const uint64_t base = (uint64_t{1} << 32) + sequence;
  // Three turns of the 32 bits, in steps that the window can follow.
  for (uint64_t step = 0; step < 3 * 4096; step++) {
    test.equal(window.record(sequence), in_order, "turn");
    test.equal(window.highest(), base + step * (1u << 20), "unwrapped");
    sequence += 1u << 20;
  }
  window.reset();
  test.equal(window.record(0xfffffff0), in_order, "reset");
}

struct Wire {
  std::unique_ptr<LabClient> lab;
  int tx = 0;
  int rx = 0;
  Fd sender;
  std::unique_ptr<Receiver> receiver;

  explicit operator bool() const { return receiver != nullptr; }

  void send(const Frame& frame) const { (void)!::send(sender.get(), frame.data(), frame.size(), 0); }

  // Waits until as many frames were seen, of any sort.
  [[nodiscard]] ReceiverCount await(uint64_t frames) const {
    ReceiverCount count;
    (void)eventually([&] {
      count = receiver->count();
      return count.received + count.other + count.duplicated >= frames;
    });
    return count;
  }
};

std::unique_ptr<Receiver> open_receiver(Case& test, LabClient& lab, int index) {
  const Result<int> socket = lab.socket(AF_PACKET, SOCK_RAW, 0, 0);
  test.equal(socket.status.error, 0, socket.status.doing);
  Result<std::unique_ptr<Receiver>> receiver = Receiver::open(socket.value, index);
  test.equal(receiver.status.error, 0, receiver.status.doing);
  return std::move(receiver.value);
}

// A lab with a sender at one end of a veth pair and a receiver at the other.
Wire wire(Case& test, uint32_t mtu = 1500) {
  Wire made;
  made.lab = open_lab(test, {veth("tx0", "rx0", mtu)});
  if (!made.lab) return made;
  made.tx = ifindex(*made.lab, "tx0");
  made.rx = ifindex(*made.lab, "rx0");
  made.sender = sending_socket(*made.lab, made.tx);
  made.receiver = open_receiver(test, *made.lab, made.rx);
  return made;
}

void check(Case& test, const ReceiverCount& actual, const ReceiverCount& expected, int line = __builtin_LINE()) {
  test.equal(actual.received, expected.received, "received", line);
  test.equal(actual.bytes, expected.bytes, "bytes", line);
  test.equal(actual.other, expected.other, "other", line);
  test.equal(actual.duplicated, expected.duplicated, "duplicated", line);
  test.equal(actual.reordered, expected.reordered, "reordered", line);
  test.equal(actual.dropped, expected.dropped, "dropped", line);
  test.equal(actual.unnumbered, expected.unnumbered, "unnumbered", line);
  test.equal(actual.unnumbered_bytes, expected.unnumbered_bytes, "unnumbered bytes", line);
  test.equal(actual.streams.size(), expected.streams.size(), "streams", line);
  if (actual.streams.size() != expected.streams.size()) return;
  for (size_t index = 0; index < actual.streams.size(); index++) {
    const StreamCount& is = actual.streams[index];
    const StreamCount& should = expected.streams[index];
    const std::string name = "stream " + std::to_string(should.stream);
    test.equal(is.stream, should.stream, name, line);
    test.equal(is.received, should.received, name + ": received", line);
    test.equal(is.bytes, should.bytes, name + ": bytes", line);
    test.equal(is.duplicated, should.duplicated, name + ": duplicated", line);
    test.equal(is.reordered, should.reordered, name + ": reordered", line);
  }
}

// Ten thousand frames, through a queueing discipline and from the lab's first moment: none is missing, none is extra.
void counts_every_frame(Case& test) {
  const Wire link = wire(test);
  if (!link) return;
  for (uint32_t sequence = 1; sequence <= 5000; sequence++) {
    link.send(probe(sequence, 1));
    link.send(probe(sequence + 100, 4095, {.size = 1514}));
  }
  const ReceiverCount count = link.await(10000);
  check(test, count,
        {.received = 10000,
         .bytes = 5000 * 60 + 5000 * 1514,
         .streams = {{1, 5000, 5000 * 60, 0, 0}, {4095, 5000, 5000 * 1514, 0, 0}}});
  test.check(count.last_at > 0, "the moment of the last");
}

void tells_frames_apart(Case& test) {
  const Wire link = wire(test, 9000);
  if (!link) return;
  uint64_t sent = 0;
  uint64_t bytes = 0;
  const auto send = [&](const Frame& frame, bool first) {
    link.send(frame);
    sent++;
    if (first) bytes += frame.size();
  };
  constexpr uint32_t kRounds = 500;
  for (uint32_t round = 0; round < kRounds; round++) {
    const uint32_t next = 0xffffff00 + 4 * round;  // wraps after 64 rounds
    send(probe(next, 3), true);
    send(probe(next + 2, 3, {.tags = {0x81000005}}), true);
    send(probe(next + 1, 3, {.tags = {0x88a80006, 0x81000005}, .ipv6 = true, .size = 90}), true);  // reordered
    send(probe(next + 2, 3), false);                                                              // duplicate
    send(probe(next + 3, 3, {.options = 40, .size = 9014}), true);
    send(probe(next, 0), false);                                 // from nobody in particular, as kernel pktgen's
    send(changed(probe(next, 3), 42, 0), false);                 // garbage from here on
    send(Frame(14 + round % 60, static_cast<uint8_t>(round)), false);
    send(changed(probe(next, 3), 23, 6), false);
  }
  const ReceiverCount count = link.await(sent);
  check(test, count,
        {.received = 4 * kRounds,
         .bytes = bytes,
         .other = 4 * kRounds,
         .duplicated = kRounds,
         .reordered = kRounds,
         .unnumbered = kRounds,
         .unnumbered_bytes = 60 * kRounds,
         .streams = {{3, 4 * kRounds, bytes, kRounds, kRounds}}});
}

void ignores_its_own_side(Case& test) {
  const Wire link = wire(test);
  if (!link) return;
  const Fd own = sending_socket(*link.lab, link.rx);
  const Frame frame = probe(1, 2);
  for (int copy = 0; copy < 100; copy++) (void)!::send(own.get(), frame.data(), frame.size(), 0);
  link.send(probe(1, 1));
  check(test, link.await(1), {.received = 1, .bytes = 60, .streams = {{1, 1, 60, 0, 0}}});
}

void clears(Case& test) {
  const Wire link = wire(test);
  if (!link) return;
  link.receiver->clear();
  for (uint32_t sequence = 1; sequence <= 100; sequence++) link.send(probe(sequence, 1));
  test.equal(link.await(100).received, uint64_t{100}, "after a clear at the start");
  link.receiver->clear();
  check(test, link.receiver->count(), {});
  test.equal(link.receiver->count().last_at, 0, "nothing yet");
  link.receiver->clear();  // while the thread has not followed the one before
  link.send(probe(50, 1));
  link.send(probe(101, 1));
  link.send(probe(101, 0));
  check(test, link.await(3),
        {.received = 1, .bytes = 60, .other = 1, .duplicated = 1, .unnumbered = 1, .unnumbered_bytes = 60,
         .streams = {{1, 1, 60, 1, 0}}});
  link.receiver->clear();
  link.send(probe(102, 1));
  check(test, link.await(1), {.received = 1, .bytes = 60, .streams = {{1, 1, 60, 0, 0}}});
}

// Sends `frames` to `link` while a process that reads from it stands still, then lets that go on and gives what
// `read(receiver)` gave there: 0 for success.
template <typename Read>
int read_backlog(Case& test, const Wire& link, uint64_t frames, Read read) {
  const Fd socket(link.lab->socket(AF_PACKET, SOCK_RAW, 0, 0).value);
  const pid_t reader = fork();
  if (reader < 0) return -1;
  if (reader == 0) {
    const Result<std::unique_ptr<Receiver>> receiver = Receiver::open(dup(socket.get()), link.rx);
    if (!receiver.ok()) _exit(2);
    raise(SIGSTOP);  // the whole process, its receiver thread with it
    _exit(read(*receiver.value));
  }
  int status = 0;
  waitpid(reader, &status, WUNTRACED);
  if (!WIFSTOPPED(status)) return -1;
  // 20 messages a call, for speed; alike but for the stream, since no reader here looks at sequence numbers.
  Frame kinds[] = {probe(1, 2), probe(1, 1)};
  iovec parts[] = {{kinds[0].data(), kinds[0].size()}, {kinds[1].data(), kinds[1].size()}};
  mmsghdr messages[20] = {};
  for (size_t index = 0; index < std::size(messages); index++) {
    messages[index].msg_hdr.msg_iov = &parts[index % 2];
    messages[index].msg_hdr.msg_iovlen = 1;
  }
  uint64_t sent = 0;
  while (sent < frames) {
    const int accepted = sendmmsg(link.sender.get(), messages, std::size(messages), 0);
    if (accepted <= 0) break;
    sent += static_cast<uint64_t>(accepted);
  }
  test.equal(sent, frames, "sent");
  kill(reader, SIGCONT);
  waitpid(reader, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Each frame counts wholly before a clear or wholly after it: the totals are what their parts are, whatever the moment was.
void clears_while_frames_arrive(Case& test) {
  Wire link = wire(test);
  if (!link) return;
  link.receiver.reset();
  const int status = read_backlog(test, link, 100000, [&](Receiver& receiver) {
    // Few enough to be over while there are frames left to read.
    for (int round = 0; round < 100; round++) receiver.clear();
    // Behind all others, so that it marks their end; again and again, for on a busy machine the ring was full before.
    ReceiverCount count;
    if (!eventually([&] {
          link.send(Frame(60));
          count = receiver.count();
          return count.other != 0;
        })) {
      return 1;
    }
    // All but the first of each stream are duplicates.
    uint64_t duplicated = 0;
    for (const StreamCount& stream : count.streams) duplicated += stream.duplicated;
    return count.duplicated == duplicated && count.bytes == count.received * 60 ? 0 : 3;
  });
  test.equal(status, 0, "1: the last frame is missing, 3: totals and parts differ");
}

void forgets_a_stream(Case& test) {
  const Wire link = wire(test);
  if (!link) return;
  test.equal(link.receiver->forget(5).received, uint64_t{0}, "nothing yet");
  test.equal(link.receiver->forget(kMaxStreams).received, uint64_t{0}, "out of range: nothing");
  for (uint32_t sequence = 1; sequence <= 100; sequence++) {
    link.send(probe(sequence, 5));
    link.send(probe(sequence, 6));
  }
  (void)link.await(200);
  const StreamCount forgotten = link.receiver->forget(5);
  test.equal(forgotten.received, uint64_t{100}, "what it had come to");
  test.equal(forgotten.bytes, uint64_t{6000}, "and its bytes");
  test.equal(link.receiver->forget(5).received, uint64_t{0}, "only once");
  check(test, link.receiver->count(), {.received = 200, .bytes = 12000, .streams = {{6, 100, 6000, 0, 0}}});
  for (uint32_t sequence = 1; sequence <= 50; sequence++) {
    link.send(probe(sequence, 5));
    link.send(probe(sequence, 6));
  }
  check(test, link.await(300),
        {.received = 250, .bytes = 15000, .duplicated = 50, .streams = {{5, 50, 3000, 0, 0}, {6, 100, 6000, 50, 0}}});
}

// More than the ring holds arrives while nobody reads: what the kernel dropped is counted, and nothing else is missing.
void counts_drops(Case& test) {
  Wire link = wire(test);
  if (!link) return;
  link.receiver.reset();
  constexpr uint64_t kFrames = 220000;
  const int status = read_backlog(test, link, kFrames, [](Receiver& receiver) {
    ReceiverCount count;
    const bool all = eventually([&] {
      count = receiver.count();
      return count.received + count.duplicated + count.dropped >= kFrames;
    });
    if (!all) return 1;
    return count.dropped > 0 && count.received + count.duplicated + count.dropped == kFrames ? 0 : 3;
  });
  test.equal(status, 0, "1: frames are missing, 3: received and dropped are not what was sent");
}

bool set_up(const Fd& route, int index, bool up) {
  NetlinkMessage message(RTM_SETLINK, NLM_F_REQUEST | NLM_F_ACK, 1);
  ifinfomsg header{};
  header.ifi_index = index;
  header.ifi_flags = up ? IFF_UP : 0;
  header.ifi_change = IFF_UP;
  message.put_header(header);
  const auto bytes = message.bytes();
  if (send(route.get(), bytes.data(), bytes.size(), 0) <= 0) return false;
  alignas(NLMSG_ALIGNTO) uint8_t answer[4096];
  bool accepted = false;
  const ssize_t size = recv(route.get(), answer, sizeof answer, 0);
  each_message({answer, static_cast<size_t>(std::max<ssize_t>(size, 0))}, [&](const nlmsghdr&, auto payload) {
    accepted = payload.size() >= 4 && payload[0] == 0;
    return false;
  });
  return accepted;
}

// The scheduling state of this process's thread of that name: R runs, S sleeps; 0 if there is none.
char thread_state(const std::string& name) {
  char state = 0;
  DIR* tasks = opendir("/proc/self/task");
  while (const dirent* task = tasks == nullptr ? nullptr : readdir(tasks)) {
    const std::string path = std::string("/proc/self/task/") + task->d_name + "/stat";
    const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    char text[128] = {};
    (void)!read(file.get(), text, sizeof text - 1);
    const std::string wanted = "(" + name + ") ";
    if (const char* found = std::strstr(text, wanted.c_str())) state = found[wanted.size()];
  }
  if (tasks != nullptr) closedir(tasks);
  return state;
}

void goes_on_after_the_link_was_down(Case& test) {
  const Wire link = wire(test);
  if (!link) return;
  const Fd route(link.lab->socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, 0).value);
  link.send(probe(1, 1));
  test.equal(link.await(1).received, uint64_t{1}, "before");
  if (!set_up(route, link.rx, false)) return test.skip("no right to take the link down from outside the lab");
  test.check(eventually([&] { return thread_state("pktsh-rx-" + std::to_string(link.rx)) == 'S'; }),
             "its thread sleeps while the link is down");
  test.check(set_up(route, link.rx, true), "up again");
  // The queueing discipline follows the carrier a moment later; every frame gets a new number.
  uint32_t sequence = 1;
  test.check(eventually([&] {
               link.send(probe(++sequence, 1));
               return link.receiver->count().received >= 2;
             }),
             "after");
}

void closes_under_traffic(Case& test) {
  Wire link = wire(test);
  if (!link) return;
  std::atomic<bool> done{false};
  std::thread traffic([&, sender = link.sender.get()] {
    const Frame frame = probe(1, 1);
    while (!done.load()) (void)!::send(sender, frame.data(), frame.size(), 0);
  });
  for (int round = 0; round < 5; round++) {
    test.check(eventually([&] { return link.receiver->count().last_at != 0; }), "frames");
    link.receiver.reset();
    link.receiver = open_receiver(test, *link.lab, link.rx);
  }
  done = true;
  traffic.join();
}

int open_descriptors() {
  int open = 0;
  for (int fd = 0; fd < 256; fd++) open += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  return open;
}

void refuses_what_it_cannot_use(Case& test) {
  const auto lab = open_lab(test, {veth()});
  if (!lab) return;
  const int before = open_descriptors();
  const Result<int> socket = lab->socket(AF_PACKET, SOCK_RAW, 0, 0);
  test.equal(Receiver::open(socket.value, 4711).status.error, ENODEV, "no such interface");
  const int netlink = lab->socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, 0).value;
  test.check(!Receiver::open(netlink, ifindex(*lab, "rx0")).ok(), "not a packet socket");
  test.check(!Receiver::open(-1, 1).ok(), "not a descriptor");
  test.equal(open_descriptors(), before, "the sockets were taken over all the same");
}

}  // namespace

int main() {
  Cases cases;
  cases.run("frames with pktgen's header are found", parses_frames);
  cases.run("arrivals are judged by sequence number", judges_arrivals);
  cases.run("every frame is counted", counts_every_frame);
  cases.run("frames are told apart", tells_frames_apart);
  cases.run("the receiver's own side is ignored", ignores_its_own_side);
  cases.run("clear", clears);
  cases.run("clear while frames arrive", clears_while_frames_arrive);
  cases.run("a stream is forgotten", forgets_a_stream);
  cases.run("drops are counted", counts_drops);
  cases.run("counting goes on after the link was down", goes_on_after_the_link_was_down);
  cases.run("closing under traffic", closes_under_traffic);
  cases.run("what cannot be used is refused", refuses_what_it_cannot_use);
  return cases.finish();
}
