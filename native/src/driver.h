// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "status.h"

namespace pktsh {

class LabClient;
struct PortSpec;

// Packets of one hand-over: what fits the caches and keeps a grace period below 100 us on a slow interface.
inline constexpr uint32_t kBatch = 32;

// The frames of a hand-over, which are those reserved last, from the first on.
struct Batch {
  uint32_t count = 0;
  const uint16_t* sizes = nullptr;  // of each frame, at most what was reserved
  uint64_t run = 0;                 // who pays for them, for in_flight()
  uint32_t priority = 0;            // socket priority (skb->priority)
};

// What became of a batch: the first `accepted + dropped` frames were consumed in order, the rest was taken back.
struct Handover {
  uint32_t accepted = 0;
  uint32_t dropped = 0;  // consumed and dropped by the driver or a qdisc
  int error = 0;         // why it stopped before the end: EAGAIN to try again when poll_fd() is writable, else fatal; or 0
  uint64_t bytes = 0;    // of the frames accepted
};

// Bytes of consecutive frames.
[[nodiscard]] inline uint64_t bytes_of(const uint16_t* sizes, uint32_t count) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < count; i++) bytes += sizes[i];
  return bytes;
}

// The transmit port of one interface, CPU and mode. Opened and destroyed on the opener thread; in between used by one
// sender only, which never blocks in it.
class Driver {
 public:
  virtual ~Driver() = default;
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  // Buffers for up to `wanted` (at most kBatch) frames of `size` bytes each at most (max_frame() in any case): fills `frames` and gives
  // their number; 0: full, wait for poll_fd(). The buffers hold nothing that may be relied upon, and are the caller's
  // until send().
  [[nodiscard]] virtual uint32_t reserve(uint8_t** frames, uint32_t wanted, size_t size) = 0;
  // Frames that come back are as if never reserved.
  [[nodiscard]] virtual Handover send(const Batch& batch) = 0;

  // Whether everything handed over is where it should be before a run may count as finished: 0, EAGAIN (ask again), or
  // the errno that lost it.
  [[nodiscard]] virtual int settled() { return 0; }
  // Frames of a run that were accepted and are not yet known to have left. From any thread.
  [[nodiscard]] virtual uint64_t in_flight(uint64_t run) const {
    (void)run;
    return 0;
  }
  // Writable when it is worth trying again; -1: just wait.
  [[nodiscard]] virtual int poll_fd() const { return -1; }
  [[nodiscard]] virtual size_t max_frame() const = 0;

 protected:
  Driver() = default;
};

// Opens a port's driver: on the opener thread, may take the kernel 8 to 40 ms. `lab` opens the sockets, where there is one.
[[nodiscard]] Result<std::unique_ptr<Driver>> open_driver(const PortSpec& spec, LabClient* lab);

// One file each.
[[nodiscard]] Result<std::unique_ptr<Driver>> open_null_driver();
[[nodiscard]] Result<std::unique_ptr<Driver>> open_pcap_driver(const PortSpec& spec);
[[nodiscard]] Result<std::unique_ptr<Driver>> open_packet_driver(const PortSpec& spec, LabClient* lab);

}  // namespace pktsh
