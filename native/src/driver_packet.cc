// SPDX-License-Identifier: Apache-2.0
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include "driver.h"
#include "engine.h"
#include "fd.h"
#include "scratch.h"

namespace pktsh {

namespace {

constexpr size_t kHeadroom = 14 + 2 * 4;      // Ethernet and two VLAN tags come on top of the MTU
constexpr int kSendBuffer = 16 << 20;         // bytes: more than a full ring's skbs, so that the ring is the limit
constexpr uint32_t kBlockSize = 64 << 10;     // bytes of ring memory in one piece: easy to get, and many pages
constexpr size_t kSmallSlot = 2048;           // holds a frame of the usual 1500-byte MTU
constexpr uint32_t kSmallSlots = 512, kLargeSlots = 256;  // 1 MiB, or 4 MiB of the largest

// What a port needs to know of its interface.
struct InterfaceTraits {
  size_t max_frame = kMaxFrame;
  bool keeps_frames = false;  // see below
};

// A TX ring lends the kernel its pages, and a slot comes back when the skb's destructor runs. Devices that pass the skb on
// to a receiver run it early (skb_orphan: veth, loopback, tun, virtio_net without transmit interrupts), while the frame
// still lies in the slot; the next frame would overwrite one that was not read yet. So only devices that hold a frame until
// it has left get a ring: hardware, and the sinks that drop it; the others get copies.
bool keeps_frames(const ethtool_drvinfo& info) {
  const std::string_view driver(info.driver, strnlen(info.driver, sizeof info.driver));
  if (driver == "ifb" || driver == "dummy") return true;
  return info.bus_info[0] != '\0' && driver != "virtio_net" && driver != "tun";
}

Result<InterfaceTraits> traits_of(int socket, int ifindex) {
  using Found = Result<InterfaceTraits>;
  InterfaceTraits traits;
  ifreq request{};
  request.ifr_ifindex = ifindex;
  if (ioctl(socket, SIOCGIFNAME, &request) != 0) return Found::failure(errno, "finding the interface");
  if (ioctl(socket, SIOCGIFMTU, &request) != 0) return Found::failure(errno, "reading the MTU");
  traits.max_frame = std::min(kMaxFrame, static_cast<size_t>(request.ifr_mtu) + kHeadroom);
  ethtool_drvinfo info{};
  info.cmd = ETHTOOL_GDRVINFO;
  request.ifr_data = reinterpret_cast<char*>(&info);
  if (ioctl(socket, SIOCETHTOOL, &request) == 0) traits.keeps_frames = keeps_frames(info);  // else it does not say
  return Found::success(traits);
}

// The priority of a port's frames, set when it changes: devices that share a port mostly share it too.
class SocketPriority {
 public:
  // 0, or the errno of the refusal (EPERM: above 6 and no CAP_NET_ADMIN).
  [[nodiscard]] int set(int socket, uint32_t priority) {
    if (priority == priority_) return 0;
    if (setsockopt(socket, SOL_SOCKET, SO_PRIORITY, &priority, sizeof priority) != 0) return errno;
    priority_ = priority;
    return 0;
  }

 private:
  uint32_t priority_ = 0;  // a new socket's
};

// Copies frames into the kernel, a batch a call. A drop behind frames that were accepted shows in no errno, only in the short
// count: that frame is handed over again, so it is neither lost nor an error. Nothing is known to be in flight: what a qdisc
// holds shows in SIOCOUTQ, but as bytes of kernel memory (skb truesize, which depends on kernel, driver and head room) of
// all runs together, and turning those into frames of one run would be a guess.
class SendmmsgDriver final : public Driver {
 public:
  SendmmsgDriver(Fd socket, size_t max_frame) : socket_(std::move(socket)), max_frame_(max_frame) {}

  uint32_t reserve(uint8_t** frames, uint32_t wanted, size_t size) override {
    scratch_.reserve(frames, wanted, size);
    for (uint32_t i = 0; i < wanted; i++) {
      vectors_[i] = {frames[i], size};
      messages_[i].msg_hdr.msg_iov = &vectors_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
    return wanted;
  }

  Handover send(const Batch& batch) override {
    if (const int error = priority_.set(socket_.get(), batch.priority); error != 0) return {0, 0, error, 0};
    for (uint32_t i = 0; i < batch.count; i++) vectors_[i].iov_len = batch.sizes[i];
    Handover handover;
    while (handover.accepted + handover.dropped < batch.count) {
      const uint32_t done = handover.accepted + handover.dropped;
      const int sent = sendmmsg(socket_.get(), &messages_[done], batch.count - done, MSG_DONTWAIT);
      if (sent > 0) {
        handover.accepted += static_cast<uint32_t>(sent);
        handover.bytes += bytes_of(batch.sizes + done, static_cast<uint32_t>(sent));
      } else if (errno == ENOBUFS) {
        handover.dropped++;  // of the first message: consumed, and dropped by the driver or the qdisc
      } else if (errno != EINTR) {
        handover.error = errno;
        break;
      }
    }
    return handover;
  }

  int poll_fd() const override { return socket_.get(); }
  size_t max_frame() const override { return max_frame_; }

 private:
  Fd socket_;
  SocketPriority priority_;
  size_t max_frame_;
  Scratch scratch_;
  std::array<iovec, kBatch> vectors_{};
  std::array<mmsghdr, kBatch> messages_{};
};

// A TX ring (TPACKET_V2): frames are built where the kernel takes them from. The kernel walks the slots in order and its
// position moves only past those that it took, so ours is the first of those that came back.
class RingDriver final : public Driver {
 public:
  RingDriver(Fd socket, size_t max_frame) : socket_(std::move(socket)), max_frame_(max_frame) {}
  ~RingDriver() override {
    if (ring_ != nullptr) munmap(ring_, size_t{slot_size_} * slots_);
  }

  [[nodiscard]] Status set_up() {
    slot_size_ = kSmallSlot;
    while (slot_size_ < kData + max_frame_) slot_size_ *= 2;
    slots_ = slot_size_ == kSmallSlot ? kSmallSlots : kLargeSlots;
    const int version = TPACKET_V2;
    if (setsockopt(socket_.get(), SOL_PACKET, PACKET_VERSION, &version, sizeof version) != 0) {
      return Status::failure(errno, "choosing the ring's version");
    }
    tpacket_req request{};
    request.tp_frame_size = slot_size_;
    request.tp_frame_nr = slots_;
    request.tp_block_size = kBlockSize;
    request.tp_block_nr = slot_size_ * slots_ / kBlockSize;
    if (setsockopt(socket_.get(), SOL_PACKET, PACKET_TX_RING, &request, sizeof request) != 0) {
      return Status::failure(errno, "setting up a transmit ring");
    }
    void* const ring =
        mmap(nullptr, size_t{slot_size_} * slots_, PROT_READ | PROT_WRITE, MAP_SHARED, socket_.get(), 0);
    if (ring == MAP_FAILED) return Status::failure(errno, "mapping a transmit ring");
    ring_ = static_cast<uint8_t*>(ring);
    owners_ = std::vector<std::atomic<uint64_t>>(slots_);
    return Status::success();
  }

  uint32_t reserve(uint8_t** frames, uint32_t wanted, size_t) override {
    uint32_t count = 0;
    for (; count < wanted; count++) {
      const uint32_t slot = (head_ + count) & (slots_ - 1);
      // acquire: the kernel has read the slot before it is overwritten
      if (status(slot).load(std::memory_order_acquire) != TP_STATUS_AVAILABLE) break;
      frames[count] = ring_ + size_t{slot} * slot_size_ + kData;
    }
    return count;
  }

  Handover send(const Batch& batch) override {
    if (const int error = priority_.set(socket_.get(), batch.priority); error != 0) return {0, 0, error, 0};
    const uint32_t count = batch.count;
    for (uint32_t i = 0; i < count; i++) {
      const uint32_t slot = (head_ + i) & (slots_ - 1);
      header(slot)->tp_len = batch.sizes[i];
      owners_[slot].store(batch.run, std::memory_order_relaxed);  // relaxed: in_flight() is exact after a grace period
      status(slot).store(TP_STATUS_SEND_REQUEST, std::memory_order_release);  // release: the frame comes first
    }
    const ssize_t sent = ::send(socket_.get(), nullptr, 0, MSG_DONTWAIT);
    const int error = sent < 0 ? errno : 0;

    Handover handover;
    while (handover.accepted < count && taken((head_ + handover.accepted) & (slots_ - 1))) handover.accepted++;
    // What is left comes back, and is never kicked by a later batch.
    for (uint32_t i = handover.accepted; i < count; i++) {
      status((head_ + i) & (slots_ - 1)).store(TP_STATUS_AVAILABLE, std::memory_order_relaxed);  // relaxed: our own again
    }
    head_ = (head_ + handover.accepted) & (slots_ - 1);
    handover.bytes = bytes_of(batch.sizes, handover.accepted);
    if (handover.accepted == count) return handover;
    if (error == ENOBUFS) {
      // The first frame not taken was consumed and dropped; its slot is the next that the kernel looks at all the same.
      handover.dropped = 1;
    } else {
      handover.error = error == 0 || error == EINTR ? EAGAIN : error;
    }
    return handover;
  }

  uint64_t in_flight(uint64_t run) const override {
    uint64_t count = 0;
    for (uint32_t slot = 0; slot < slots_; slot++) {
      // relaxed: counted after the run's grace period, when only the kernel still writes
      if (owners_[slot].load(std::memory_order_relaxed) != run) continue;
      count += status(slot).load(std::memory_order_relaxed) == TP_STATUS_SENDING;
    }
    return count;
  }

  int poll_fd() const override { return socket_.get(); }
  size_t max_frame() const override { return max_frame_; }

 private:
  // Where the kernel expects a frame in its slot (packet_mmap.rst, "TX_RING": TPACKET2_HDRLEN - sizeof(struct sockaddr_ll)).
  static constexpr size_t kData = TPACKET2_HDRLEN - sizeof(sockaddr_ll);

  [[nodiscard]] tpacket2_hdr* header(uint32_t slot) const {
    return reinterpret_cast<tpacket2_hdr*>(ring_ + size_t{slot} * slot_size_);
  }
  [[nodiscard]] std::atomic_ref<uint32_t> status(uint32_t slot) const {
    return std::atomic_ref<uint32_t>(header(slot)->tp_status);
  }
  // Whether the kernel took a slot that was marked to be sent: being sent, or gone already.
  [[nodiscard]] bool taken(uint32_t slot) const {
    // acquire: as in reserve()
    const uint32_t now = status(slot).load(std::memory_order_acquire);
    return now == TP_STATUS_SENDING || now == TP_STATUS_AVAILABLE;
  }

  Fd socket_;
  SocketPriority priority_;
  size_t max_frame_;
  uint32_t slot_size_ = 0;
  uint32_t slots_ = 0;  // a power of two
  uint8_t* ring_ = nullptr;
  uint32_t head_ = 0;
  std::vector<std::atomic<uint64_t>> owners_;
};

Result<Fd> open_socket(LabClient* lab) {
  using Opened = Result<Fd>;
  // Protocol 0: nothing is received.
  if (lab != nullptr) {
    Result<int> socket = lab->socket(AF_PACKET, SOCK_RAW, 0, kSendBuffer);
    if (!socket.ok()) return Opened::failure(std::move(socket.status));
    return Opened::success(Fd(socket.value));
  }
  Fd socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return Opened::failure(errno, "opening a packet socket");
  // By force where that is allowed; net.core.wmem_max is the bound otherwise, and a smaller buffer only means more EAGAIN.
  if (setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUFFORCE, &kSendBuffer, sizeof kSendBuffer) != 0) {
    (void)setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof kSendBuffer);
  }
  return Opened::success(std::move(socket));
}

}  // namespace

Result<std::unique_ptr<Driver>> open_packet_driver(const PortSpec& spec, LabClient* lab) {
  using Opened = Result<std::unique_ptr<Driver>>;
  const auto fail = [&spec](Status status) {
    return Opened::failure(status.error, status.doing + " for " + spec.interface);
  };
  Result<Fd> opened = open_socket(lab);
  if (!opened.ok()) return fail(std::move(opened.status));
  Fd socket = std::move(opened.value);
  const Result<InterfaceTraits> traits = traits_of(socket.get(), spec.ifindex);
  if (!traits.ok()) return fail(traits.status);

  if (spec.mode == XmitMode::start_xmit) {
    const int on = 1;
    if (setsockopt(socket.get(), SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on) != 0) {
      return fail(Status::failure(errno, "bypassing the qdisc"));
    }
  }
  const auto bind_to_interface = [&spec](int fd) {
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_ifindex = spec.ifindex;
    return bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0
               ? Status::success()
               : Status::failure(errno, "binding a packet socket");
  };
  const int fd = socket.get();
  std::unique_ptr<Driver> driver;
  if (traits.value.keeps_frames) {
    auto ring = std::make_unique<RingDriver>(std::move(socket), traits.value.max_frame);
    if (Status status = ring->set_up(); !status.ok()) return fail(std::move(status));
    driver = std::move(ring);
  } else {
    driver = std::make_unique<SendmmsgDriver>(std::move(socket), traits.value.max_frame);
  }
  if (Status status = bind_to_interface(fd); !status.ok()) return fail(std::move(status));
  return Opened::success(std::move(driver));
}

}  // namespace pktsh
