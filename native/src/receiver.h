// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sched.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "arrival_timing.h"
#include "status.h"

namespace pktsh {

// The stream id that a frame carries has 12 bits (upper part of the pktgen header's tv_usec); 0 means "no stream".
inline constexpr uint32_t kMaxStreams = 4096;

struct StreamCount {
  uint16_t stream = 0;
  uint64_t received = 0, bytes = 0, duplicated = 0, reordered = 0;
  TimingSnapshot timing = {};  // empty unless asked for
};
struct ReceiverCount {
  uint64_t received = 0, bytes = 0, other = 0, duplicated = 0, reordered = 0, dropped = 0;
  uint64_t unnumbered = 0, unnumbered_bytes = 0;  // of `other`: those with pktgen's header and no stream id
  int64_t last_at = 0;  // CLOCK_MONOTONIC ns of the last frame with our header, 0 if none
  // CLOCK_MONOTONIC ns up to which everything that the kernel had handed over is counted: now, unless the thread lags.
  int64_t caught_up_at = 0;
  std::vector<StreamCount> streams;
  // The wall clock was set since counting began, so that times of arrival and stamps do not go together.
  bool clock_stepped = false;
};

// A thread that reads an AF_PACKET ring (TPACKET_V3, PACKET_IGNORE_OUTGOING, promiscuous by membership, block timeout of
// 10 ms at most) and counts. A frame is received if it carries the pktgen header (magic 0xbe9be955 behind Ethernet, up to
// two VLAN tags, IPv4 or IPv6, UDP) and a stream id; all others are `other`. Of these, frames with the header alone, as
// kernel pktgen writes it, are counted on their own: whose they are only the control thread may know. First copies,
// duplicates and reordering are told apart by sequence number and stream id. First copies are timed, see TimingSnapshot.
class Receiver {
 public:
  // Takes over `socket` (AF_PACKET, SOCK_RAW, protocol 0, not bound), also where this fails; sets up the ring, binds to the
  // interface and starts the thread: counting has begun when this returns. Blocks for the kernel's ring set-up (8 to 40 ms).
  [[nodiscard]] static Result<std::unique_ptr<Receiver>> open(int socket, int ifindex);
  ~Receiver();  // stops the thread and closes the socket
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  // Counters so far, from any thread; exact for everything in blocks that the kernel has handed over.
  // Histograms are 18 KiB a stream: they come along where they are asked for.
  [[nodiscard]] ReceiverCount count(bool with_timing = false) const;
  // Zeroes everything, from the control thread; exact: a frame is counted either before or after.
  void clear();
  // Forgets one stream before its id is used again, and gives what it had come to.
  StreamCount forget(uint16_t stream);
  // Moves the thread to these CPUs, where the kernel lets it.
  void move_to(const cpu_set_t& cpus);

 private:
  struct State;
  explicit Receiver(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pktsh
