// SPDX-License-Identifier: Apache-2.0
// Driver packet in labs: the ring on ifb, copies on veth, and the whole way from a device to a receiver.
#include <net/if.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "../src/driver.h"
#include "engine_fixture.h"
#include "lab_fixture.h"

using namespace pktsh;
using pktsh::test::Fixture;

namespace {

PortSpec packet_port(const std::string& interface, int ifindex, XmitMode mode = XmitMode::start_xmit) {
  PortSpec port;
  port.interface = interface;
  port.ifindex = ifindex;
  port.cpu = test::cpus().back();
  port.driver = DriverKind::packet;
  port.mode = mode;
  return port;
}

void set_up_or_down(LabClient& lab, const char* interface, bool up) {
  const Fd socket(lab.socket(AF_PACKET, SOCK_RAW, 0, 0).value);
  ifreq request{};
  std::strncpy(request.ifr_name, interface, sizeof request.ifr_name - 1);
  CHECK_EQUAL(ioctl(socket.get(), SIOCGIFFLAGS, &request), 0);
  request.ifr_flags = static_cast<short>(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
  CHECK_EQUAL(ioctl(socket.get(), SIOCSIFFLAGS, &request), 0);
}

// One batch of frames whose first bytes are a broadcast address.
Handover send_batch(Driver& driver, uint32_t wanted, size_t size) {
  uint8_t* frames[kBatch];
  const uint32_t count = driver.reserve(frames, wanted, size);
  for (uint32_t i = 0; i < count; i++) {
    std::memset(frames[i], 0, size);
    std::memset(frames[i], 0xff, 6);
    frames[i][12] = 0x88;  // an EtherType for local experiments, 0x88b5
    frames[i][13] = 0xb5;
  }
  if (count == 0) return {0, 0, EAGAIN, 0};
  std::array<uint16_t, kBatch> sizes;
  sizes.fill(static_cast<uint16_t>(size));
  return driver.send({count, sizes.data(), 7, 0});
}

// Sends until so many frames were accepted; gives the error that came between, 0 if none did.
int send_all(Driver& driver, uint32_t total, size_t size) {
  uint32_t accepted = 0;
  int error = 0;
  CHECK(test::eventually_within(20, [&] {
    const Handover handover = send_batch(driver, std::min(kBatch, total - accepted), size);
    accepted += handover.accepted;
    if (handover.error != 0 && handover.error != EAGAIN) error = handover.error;
    return accepted == total || error != 0;
  }));
  return error;
}

// Frames of one batch differ in length, and batches in priority: bytes are those that the kernel took.
void send_varied(Driver& driver) {
  for (const uint32_t priority : {0u, 5u, 7u, 0u}) {
    uint8_t* frames[kBatch];
    Handover handover;
    std::array<uint16_t, kBatch> sizes;
    CHECK(test::eventually_within(20, [&] {
      const uint32_t count = driver.reserve(frames, kBatch, 200);
      for (uint32_t i = 0; i < count; i++) {
        sizes[i] = static_cast<uint16_t>(60 + i);
        std::memset(frames[i], 0xff, sizes[i]);
      }
      if (count > 0) handover = driver.send({count, sizes.data(), 7, priority});
      return handover.accepted > 0;
    }));
    CHECK_EQUAL(handover.error == 0 || handover.error == EAGAIN, true);
    if (handover.dropped == 0) CHECK_EQUAL(handover.bytes, bytes_of(sizes.data(), handover.accepted));
  }
}

// Both kinds of driver, below and above the usual MTU: many times round a ring, down, and up again.
void drivers_of_an_interface() {
  for (const uint32_t mtu : {1500u, 9000u}) {
    LabLink sink = test::ifb("sink0");
    sink.mtu = mtu;
    const std::unique_ptr<LabClient> lab = test::open_lab(*test::current(), {test::veth("tx0", "rx0", mtu), sink});
    if (lab == nullptr) return;
    for (const char* interface : {"sink0", "tx0"}) {
      for (const XmitMode mode : {XmitMode::start_xmit, XmitMode::queue_xmit}) {
        const PortSpec port = packet_port(interface, test::ifindex(*lab, interface), mode);
        Result<std::unique_ptr<Driver>> opened = open_driver(port, lab.get());
        CHECK_EQUAL(opened.status.error, 0);
        if (!opened.ok()) continue;
        Driver& driver = *opened.value;
        CHECK_EQUAL(driver.max_frame(), mtu + 22);
        CHECK_EQUAL(send_all(driver, 5000, 60), 0);
        CHECK_EQUAL(send_all(driver, 5000, mtu + 14), 0);
        send_varied(driver);

        set_up_or_down(*lab, interface, false);
        for (int i = 0; i < 100; i++) {
          const Handover handover = send_batch(driver, kBatch, 60);
          CHECK_EQUAL(handover.error, ENETDOWN);
          CHECK_EQUAL(handover.accepted + handover.dropped, 0);
        }
        set_up_or_down(*lab, interface, true);
        // Carrier comes back by itself, a moment later; until then a veth drops.
        CHECK(test::eventually_within(20, [&] { return send_batch(driver, 1, 60).accepted == 1; }));
        CHECK_EQUAL(send_all(driver, 3000, 60), 0);
        CHECK(test::eventually_within(20, [&] { return driver.in_flight(7) == 0; }));
      }
    }
  }
}

void refusals_of_an_interface() {
  const std::unique_ptr<LabClient> lab = test::open_lab(*test::current(), {test::veth()});
  if (lab == nullptr) return;
  CHECK_EQUAL(open_driver(packet_port("gone", 4711), lab.get()).status.error, ENODEV);
}

// An engine with a lab of one veth pair and a receiver at its far end.
struct Wire {
  Wire() {
    Result<std::vector<LinkFacts>> links;
    bool opened = false;
    host.engine.open_lab({test::helper_path(), {test::veth()}}, [&](Result<std::vector<LinkFacts>> facts) {
      links = std::move(facts);
      opened = true;
    });
    CHECK(host.until([&] { return opened; }));
    if (!links.ok()) {
      if (!test::namespaces_refused(links.status)) CHECK_EQUAL(links.status.error, 0);
      test::current()->skip(links.status.doing);
      return;
    }
    tx = test::find(links.value, "tx0")->index;
    const int rx = test::find(links.value, "rx0")->index;
    host.engine.open_receiver("rx0", rx, [&](Result<ReceiverId> id) {
      CHECK_EQUAL(id.status.error, 0);
      receiver = id.value;
    });
    CHECK(host.until([&] { return receiver != 0; }));
  }
  explicit operator bool() const { return receiver != 0; }

  Fixture host;
  int tx = 0;
  ReceiverId receiver = 0;
};

// Frames that carry the header but are of none of our runs are not received, also when their stream id becomes ours.
void strangers_are_other() {
  Wire wire;
  if (!wire) return;
  Fixture& host = wire.host;
  constexpr uint64_t kStrange = 100, kCount = 10;
  std::vector<DeviceId> strangers;
  for (const uint8_t stream : {0, 4}) {
    DeviceSpec spec = test::paced_device("stranger", 20'000);
    spec.count = kStrange;
    spec.program.operations.clear();
    const uint8_t header[] = {0xbe, 0x9b, 0xe9, 0x55, 0, 0, 0, 1, 0, 0, 0, 0, 0, static_cast<uint8_t>(stream << 4), 0, 0};
    std::copy(std::begin(header), std::end(header), spec.program.bytes.begin() + 42);
    strangers.push_back(host.add(packet_port("tx0", wire.tx), spec));
  }
  CHECK_EQUAL(host.engine.start(strangers).status.error, 0);  // stream ids 1 and 2, which they do not use
  const auto snapshot = [&] { return host.engine.receiver(wire.receiver).value; };
  CHECK(host.until([&] { return snapshot().other == 2 * kStrange; }));
  CHECK_EQUAL(snapshot().received, 0);
  CHECK_EQUAL(snapshot().bytes, 0);
  CHECK_EQUAL(snapshot().duplicated, 0);
  CHECK(snapshot().streams.empty());

  DeviceSpec spec = test::paced_device("ours", 20'000);
  spec.count = kCount;
  const DeviceId ours = host.add(packet_port("tx0", wire.tx), spec);
  for (uint64_t run = 1; run <= 3; run++) {  // stream ids 3, 4 and 5
    host.events.clear();
    CHECK_EQUAL(host.engine.start({ours}).status.error, 0);
    CHECK(host.until([&] { return host.events.size() == 1; }));
    CHECK(host.until([&] { return snapshot().received == run * kCount; }));
  }
  const ReceiverSnapshot end = snapshot();
  CHECK_EQUAL(end.other, 2 * kStrange);
  CHECK_EQUAL(end.bytes, 3 * kCount * 60);
  CHECK_EQUAL(end.duplicated, 0);
  CHECK_EQUAL(end.reordered, 0);
  CHECK_EQUAL(end.streams.size(), 1);
  CHECK_EQUAL(end.streams[0].device, ours);
  CHECK_EQUAL(end.streams[0].received, 3 * kCount);
}

// What a device counts as sent is what a receiver counts as received, run after run, cleared or not, in both modes.
void from_device_to_receiver() {
  Wire wire;
  if (!wire) return;
  Fixture& host = wire.host;
  const ReceiverId receiver = wire.receiver;
  const int tx = wire.tx;

  constexpr uint64_t kCount = 3000;  // fits the receiver's ring many times over
  std::vector<DeviceId> devices;
  for (const XmitMode mode : {XmitMode::start_xmit, XmitMode::queue_xmit}) {
    DeviceSpec spec = test::paced_device("tx0", 20'000);
    spec.count = kCount;
    devices.push_back(host.add(packet_port("tx0", tx, mode), spec));
  }
  for (uint64_t round = 1; round <= 2; round++) {
    host.events.clear();
    CHECK_EQUAL(host.engine.start(devices).status.error, 0);
    CHECK(host.until([&] { return host.stats(devices[0]).sent > kCount / 2; }));
    CHECK(host.wait(host.engine.clear_counters({devices[0]})));
    CHECK(host.until([&] { return host.events.size() == 2; }));
    CHECK(host.stats(devices[0]).sent < kCount);
    CHECK_EQUAL(host.stats(devices[1]).sent, kCount);
    CHECK(host.until([&] { return host.engine.receiver(receiver).value.received == 2 * kCount * round; }));
    const ReceiverSnapshot snapshot = host.engine.receiver(receiver).value;
    CHECK_EQUAL(snapshot.dropped, 0);
    CHECK_EQUAL(snapshot.duplicated, 0);
    CHECK_EQUAL(snapshot.reordered, 0);
    CHECK_EQUAL(snapshot.bytes, snapshot.received * 60);
    CHECK_EQUAL(snapshot.streams.size(), 2);
    for (size_t i = 0; i < snapshot.streams.size(); i++) {
      CHECK_EQUAL(snapshot.streams[i].device, devices[i]);
      CHECK_EQUAL(snapshot.streams[i].received, kCount * round);
    }
  }
  CHECK(host.engine.clear_receiver(receiver).ok());
  CHECK_EQUAL(host.engine.receiver(receiver).value.received, 0);

  // A frame that no port of this interface takes.
  const Result<PortId> port = host.port(packet_port("tx0", tx));
  DeviceSpec large = test::udp_device("large");
  large.program.bytes.resize(2000);
  CHECK_EQUAL(host.engine.add_device(port.value, large).status.error, EINVAL);
  host.engine.release_port(port.value);

  bool closed = false;
  host.engine.close_receiver(receiver, [&](Status status) { closed = status.ok(); });
  CHECK(host.until([&] { return closed; }));
  CHECK_EQUAL(host.engine.receiver(receiver).status.error, ENODEV);
  CHECK_EQUAL(host.port(packet_port("gone", 4711)).status.error, ENODEV);
}

}  // namespace

int main() {
  return test::run({{"packet: ring and copies, small and large, down and up", drivers_of_an_interface},
                    {"packet: an interface that is not there", refusals_of_an_interface},
                    {"packet: strangers' frames are not received", strangers_are_other},
                    {"packet: from device to receiver", from_device_to_receiver}});
}
