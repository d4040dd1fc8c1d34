// SPDX-License-Identifier: Apache-2.0
#include "receiver.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <new>
#include <span>
#include <string>
#include <utility>

#include "arrival_timing.h"
#include "clock.h"
#include "fd.h"
#include "receiver_parse.h"
#include "sequence_window.h"
#include "thread.h"

namespace pktsh {
namespace {

// How much of a frame the kernel copies into the ring, so that a 9000-byte frame takes no more of it than a small one.
inline constexpr uint32_t kSnap = 128;
static_assert(kSnap >= kMaxParsedFrame);

// 24 MiB: with its 82 bytes of bookkeeping a frame takes at most 216 bytes, so this is 116 000 frames, more than 100 ms at
// 1 Mpps.
// Blocks of 256 KiB hold about 1 ms of that, and the kernel finds them contiguous more easily than larger ones.
inline constexpr uint32_t kBlockSize = 256 * 1024;
inline constexpr uint32_t kBlocks = 96;
inline constexpr size_t kRingSize = size_t{kBlockSize} * kBlocks;
static_assert(kRingSize <= size_t{32} * 1024 * 1024);
// TPACKET_V3 packs frames; this only has to divide the block and hold the kernel's header.
inline constexpr uint32_t kFrameSize = 2048;
// A block opened just after a tick of its timer is handed over at the tick after the next, so a frame waits up to twice
// this: within the 10 ms that are promised, and one tick of a 250 Hz kernel.
inline constexpr uint32_t kBlockTimeoutMs = 4;

// The receiver thread is the only writer of these, so a load and a store make an increment; relaxed, since each is a figure
// of its own and what makes a set of them exact is that the frames have stopped coming.
using Counter = std::atomic<uint64_t>;
void add(Counter& counter, uint64_t amount) {
  counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}
uint64_t read(const Counter& counter) { return counter.load(std::memory_order_relaxed); }
void zero(Counter& counter) { counter.store(0, std::memory_order_relaxed); }

struct TotalCounts {
  Counter received{0}, bytes{0}, other{0}, duplicated{0}, reordered{0}, dropped{0}, unnumbered{0}, unnumbered_bytes{0};
  std::atomic<int64_t> last_at{0};
  ClockDifference clocks = ClockDifference::measure();  // when counting into these began
  std::atomic<bool> clock_stepped{false};

  void clear() {
    for (Counter* counter : {&received, &bytes, &other, &duplicated, &reordered, &dropped, &unnumbered, &unnumbered_bytes}) {
      zero(*counter);
    }
    last_at.store(0, std::memory_order_relaxed);
    clocks = ClockDifference::measure();
    clock_stepped.store(false, std::memory_order_relaxed);
  }
};

struct StreamCounts {
  Counter received{0}, bytes{0}, duplicated{0}, reordered{0};
  ArrivalTiming timing;

  void clear() {
    // Without a first copy nothing was timed, and there are 18 KiB less to zero.
    if (read(received) != 0) timing.clear();
    for (Counter* counter : {&received, &bytes, &duplicated, &reordered}) zero(*counter);
  }
};

// One sender's stream, 27 KiB. Made by the receiver thread on its first frame, freed with the receiver.
struct Stream {
  ~Stream() {
    for (std::atomic<StreamCounts*>& table : counts) delete table.load(std::memory_order_relaxed);  // no thread is left
  }
  // By table; the second one is made on the first frame after a clear().
  std::array<std::atomic<StreamCounts*>, 2> counts{};
  // forget() counts `asked` up; the thread follows with `done` before it counts another frame of the stream. While they
  // differ, the stream counts as absent.
  std::atomic<uint32_t> forget_asked{0};
  std::atomic<uint32_t> forget_done{0};
  // The thread's own. It survives clear(): a second copy of a frame from before is still a duplicate.
  SequenceWindow window;
};

// Any thread: what the receiver thread wrote before it published the table (acquire) is there. Null before the first frame.
StreamCounts* table_of(const Stream& stream, uint32_t table) {
  return stream.counts[table].load(std::memory_order_acquire);
}

StreamCount figures_of(uint16_t id, const StreamCounts* counts, bool with_timing) {
  StreamCount figures;
  figures.stream = id;
  if (counts == nullptr) return figures;
  figures.received = read(counts->received);
  figures.bytes = read(counts->bytes);
  figures.duplicated = read(counts->duplicated);
  figures.reordered = read(counts->reordered);
  if (with_timing) figures.timing = counts->timing.snapshot();
  return figures;
}

// A mapping that ends with its owner.
class Ring {
 public:
  Ring() = default;
  ~Ring() {
    if (bytes_ != nullptr) munmap(bytes_, kRingSize);
  }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  // Gives 0 or an errno.
  [[nodiscard]] int map(int socket) {
    void* mapped = mmap(nullptr, kRingSize, PROT_READ | PROT_WRITE, MAP_SHARED, socket, 0);
    if (mapped == MAP_FAILED) return errno;
    bytes_ = static_cast<uint8_t*>(mapped);
    return 0;
  }
  [[nodiscard]] uint8_t* block(uint32_t index) const { return bytes_ + size_t{index} * kBlockSize; }

 private:
  uint8_t* bytes_ = nullptr;
};

template <typename T>
Status set_option(const Fd& socket, int level, int option, const T& value, const char* doing) {
  if (setsockopt(socket.get(), level, option, &value, sizeof value) == 0) return Status::success();
  return Status::failure(errno, doing);
}

}  // namespace

struct Receiver::State {
  explicit State(int packet_socket) : socket(packet_socket) {}
  ~State() {
    // Relaxed: the flag only says "soon"; the join orders everything else.
    stopping.store(true, std::memory_order_relaxed);
    const uint64_t one = 1;
    if (wake.valid()) (void)!write(wake.get(), &one, sizeof one);  // a counter at 0 takes it
    thread.join();
    for (std::atomic<Stream*>& slot : streams) delete slot.load(std::memory_order_relaxed);  // the thread has been joined
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  [[nodiscard]] Status set_up(int ifindex);
  [[nodiscard]] Status start(int ifindex);

  void run();
  void read_block(uint8_t* block);
  void count_frame(std::span<const uint8_t> frame, bool stripped, uint64_t length, int64_t arrival, int64_t now);
  void count_stream(const PktgenHeader& header, uint64_t length, int64_t arrival, uint32_t table);
  uint32_t current_table();
  void read_drops();
  void watch_clock();
  // Give the stream and its table, made if they are new; null if there is no memory.
  Stream* stream_of(uint16_t id);
  static StreamCounts* counts_of(Stream& stream, uint32_t table);
  // See ReceiverCount; from any thread.
  [[nodiscard]] int64_t counted_until() const;

  Fd socket;
  Ring ring;
  Fd wake;
  std::string name;  // of the thread; the kernel takes 15 characters, so an ifindex of up to six digits
  Thread thread;
  std::atomic<bool> stopping{false};
  std::atomic<uint32_t> next{0};            // the block that the thread reads, or waits for
  std::atomic<int64_t> caught_up_at{0};     // when the thread last found that block not handed over yet

  // Two sets of figures. clear() zeroes the idle one and publishes the next `generation`, whose lowest bit names the set in
  // use; the thread looks before each frame and follows with `adopted`. So every frame counts wholly in one set, and the
  // other is the control thread's alone once the thread has followed.
  std::array<TotalCounts, 2> totals;
  std::atomic<uint32_t> generation{0};
  std::atomic<uint32_t> adopted{0};
  std::array<std::atomic<Stream*>, kMaxStreams> streams{};
  // Among those that ask (count, clear, forget); the receiver thread never takes it.
  mutable std::mutex asking;
};

Status Receiver::State::set_up(int ifindex) {
  const int version = TPACKET_V3;
  Status status = set_option(socket, SOL_PACKET, PACKET_VERSION, version, "setting up a TPACKET_V3 ring");
  if (!status.ok()) return status;
  const int on = 1;
  status = set_option(socket, SOL_PACKET, PACKET_IGNORE_OUTGOING, on, "ignoring outgoing frames (Linux 4.20)");
  if (!status.ok()) return status;
  sock_filter snap = BPF_STMT(BPF_RET | BPF_K, kSnap);
  const sock_fprog program{1, &snap};
  status = set_option(socket, SOL_SOCKET, SO_ATTACH_FILTER, program, "limiting what is copied of a frame");
  if (!status.ok()) return status;
  tpacket_req3 request{};
  request.tp_block_size = kBlockSize;
  request.tp_block_nr = kBlocks;
  request.tp_frame_size = kFrameSize;
  request.tp_frame_nr = kBlockSize / kFrameSize * kBlocks;
  request.tp_retire_blk_tov = kBlockTimeoutMs;
  status = set_option(socket, SOL_PACKET, PACKET_RX_RING, request, "making a receive ring of 24 MiB");
  if (!status.ok()) return status;
  if (const int error = ring.map(socket.get())) return Status::failure(error, "mapping the receive ring");

  // Last, so that the first frame finds everything in place.
  packet_mreq membership{};
  membership.mr_ifindex = ifindex;
  membership.mr_type = PACKET_MR_PROMISC;
  status = set_option(socket, SOL_PACKET, PACKET_ADD_MEMBERSHIP, membership, "receiving promiscuously");
  if (!status.ok()) return status;
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = ifindex;
  if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return Status::failure(errno, "binding the receiver to its interface");
  }
  return Status::success();
}

Status Receiver::State::start(int ifindex) {
  wake = Fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return Status::failure(errno, "making the receiver's event descriptor");
  name = "pktsh-rx-" + std::to_string(ifindex);
  const auto body = [](void* state) -> void* {
    static_cast<State*>(state)->run();
    return nullptr;
  };
  Result<Thread> started = Thread::start(-1, body, this);
  if (!started.ok()) return started.status;
  thread = std::move(started.value);
  return Status::success();
}

void Receiver::State::run() {
  (void)pthread_setname_np(pthread_self(), name.c_str());  // for ps and top only
  for (;;) {
    uint8_t* block = ring.block(next.load(std::memory_order_relaxed));  // this thread alone stores
    auto* descriptor = reinterpret_cast<tpacket_block_desc*>(block);
    const std::atomic_ref<uint32_t> status(descriptor->hdr.bh1.block_status);
    // Acquire: the frames in the block were written before the kernel handed it over.
    while ((status.load(std::memory_order_acquire) & TP_STATUS_USER) == 0) {
      caught_up_at.store(monotonic_now(), std::memory_order_relaxed);  // a figure like the others
      if (stopping.load(std::memory_order_relaxed)) return;
      pollfd sources[] = {{socket.get(), POLLIN, 0}, {wake.get(), POLLIN, 0}};
      if (poll(sources, 2, -1) < 0) continue;  // EINTR alone is possible, and loops
      if ((sources[0].revents & POLLERR) != 0) {
        // The interface went down or away; reading the error takes it off, or poll would spin. Once up again frames go on.
        int error = 0;
        socklen_t size = sizeof error;
        (void)getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
      }
    }
    if (stopping.load(std::memory_order_relaxed)) return;
    read_block(block);
    watch_clock();
    // Release, and before the block goes back: whoever sees it gone sees which one is next.
    next.store((next.load(std::memory_order_relaxed) + 1) % kBlocks, std::memory_order_release);
    // Release: our reads of the block come before the kernel may write into it again.
    status.store(TP_STATUS_KERNEL, std::memory_order_release);
    // Drops happen only while every block is ours, so reading them after each block misses none.
    read_drops();
  }
}

void Receiver::State::read_block(uint8_t* block) {
  tpacket_hdr_v1 header;
  std::memcpy(&header, block + offsetof(tpacket_block_desc, hdr), sizeof header);
  // When the block is read, not when its frames arrived: whoever waits for frames to have stopped must not be told so while
  // there are blocks left to read.
  const int64_t now = monotonic_now();
  size_t at = header.offset_to_first_pkt;
  for (uint32_t index = 0; index < header.num_pkts; index++) {
    // The kernel's own offsets; checked all the same, as a mistake here would read foreign memory.
    tpacket3_hdr packet;
    if (at > kBlockSize - sizeof packet) return;
    std::memcpy(&packet, block + at, sizeof packet);
    if (packet.tp_mac > kBlockSize - at || packet.tp_snaplen > kBlockSize - at - packet.tp_mac) return;
    const bool stripped = (packet.tp_status & TP_STATUS_VLAN_VALID) != 0;
    const uint64_t length = packet.tp_len + (stripped ? kVlanTagSize : 0);
    const int64_t arrival = packet.tp_sec * kSecond + packet.tp_nsec;  // CLOCK_REALTIME, by the kernel
    count_frame({block + at + packet.tp_mac, packet.tp_snaplen}, stripped, length, arrival, now);
    if (packet.tp_next_offset == 0) return;
    if (packet.tp_next_offset > kBlockSize - at) return;
    at += packet.tp_next_offset;
  }
}

uint32_t Receiver::State::current_table() {
  // Acquire: the zeros that clear() wrote come before what we add to them.
  const uint32_t current = generation.load(std::memory_order_acquire);
  // Release: our last additions to the set before come before clear() takes that one over.
  if (adopted.load(std::memory_order_relaxed) != current) adopted.store(current, std::memory_order_release);
  return current % 2;
}

// After the frames of a block, so that none was stamped or arrived after a step that this does not see.
void Receiver::State::watch_clock() {
  TotalCounts& total = totals[current_table()];
  if (ClockDifference::measure().differs(total.clocks)) {
    total.clock_stepped.store(true, std::memory_order_relaxed);  // a figure like the others
  }
}

void Receiver::State::count_frame(std::span<const uint8_t> frame, bool stripped, uint64_t length, int64_t arrival,
                                  int64_t now) {
  const uint32_t table = current_table();
  TotalCounts& total = totals[table];
  const std::optional<PktgenHeader> header = parse_pktgen(frame, stripped);
  if (!header) {
    add(total.other, 1);
    return;
  }
  total.last_at.store(now, std::memory_order_relaxed);  // a figure like the others
  // No stream id: kernel pktgen's, or of a device of ours that writes tv_usec as it does. Several of these count from 1
  // each, so that equal sequence numbers are no copies.
  if (header->stream == 0) {
    add(total.other, 1);
    add(total.unnumbered, 1);
    add(total.unnumbered_bytes, length);
    return;
  }
  count_stream(*header, length, arrival, table);
}

void Receiver::State::count_stream(const PktgenHeader& header, uint64_t length, int64_t arrival, uint32_t table) {
  TotalCounts& total = totals[table];
  Stream* stream = stream_of(header.stream);
  StreamCounts* made = stream == nullptr ? nullptr : counts_of(*stream, table);
  if (made == nullptr) {
    add(total.other, 1);
    return;
  }
  StreamCounts& counts = *made;
  // Acquire: pairs with forget(), after which the id belongs to another sender.
  const uint32_t asked = stream->forget_asked.load(std::memory_order_acquire);
  if (asked != stream->forget_done.load(std::memory_order_relaxed)) {
    stream->window.reset();
    counts.clear();
    // Release: whoever sees the stream present again sees it zeroed.
    stream->forget_done.store(asked, std::memory_order_release);
  }
  const Arrival order = stream->window.record(header.sequence);
  if (order == Arrival::duplicate) {
    add(total.duplicated, 1);
    add(counts.duplicated, 1);
    return;
  }
  add(total.received, 1);
  add(total.bytes, length);
  add(counts.received, 1);
  add(counts.bytes, length);
  // No stamp: both times are 0 (pktgen's flag NO_TIMESTAMP).
  const int64_t stamp = header.seconds * kSecond + header.microseconds * kMicrosecond;
  counts.timing.record(arrival, stamp);
  if (order == Arrival::reordered) {
    add(total.reordered, 1);
    add(counts.reordered, 1);
  }
}

Stream* Receiver::State::stream_of(uint16_t id) {
  std::atomic<Stream*>& slot = streams[id];
  Stream* stream = slot.load(std::memory_order_relaxed);  // this thread alone stores
  if (stream == nullptr) {
    stream = new (std::nothrow) Stream;
    // Release: whoever finds the pointer finds the zeros behind it.
    slot.store(stream, std::memory_order_release);
  }
  return stream;
}

StreamCounts* Receiver::State::counts_of(Stream& stream, uint32_t table) {
  std::atomic<StreamCounts*>& slot = stream.counts[table];
  StreamCounts* counts = slot.load(std::memory_order_relaxed);  // this thread alone stores
  if (counts == nullptr) [[unlikely]] {
    counts = new (std::nothrow) StreamCounts;
    // Release: whoever finds the pointer finds the zeros behind it.
    slot.store(counts, std::memory_order_release);
  }
  return counts;
}

void Receiver::State::read_drops() {
  tpacket_stats_v3 statistics{};
  socklen_t size = sizeof statistics;
  // Reading resets the kernel's figures.
  if (getsockopt(socket.get(), SOL_PACKET, PACKET_STATISTICS, &statistics, &size) != 0) return;
  if (statistics.tp_drops != 0) add(totals[current_table()].dropped, statistics.tp_drops);
}

int64_t Receiver::State::counted_until() const {
  const int64_t now = monotonic_now();
  for (;;) {
    const uint32_t index = next.load(std::memory_order_acquire);  // acquire: see below
    auto* descriptor = reinterpret_cast<tpacket_block_desc*>(ring.block(index));
    // Acquire: a block that the thread gave back shows `next` as it was stored before, so that a stale index is noticed.
    const uint32_t status =
        std::atomic_ref<uint32_t>(descriptor->hdr.bh1.block_status).load(std::memory_order_acquire);
    if (next.load(std::memory_order_relaxed) != index) continue;
    const bool waiting = (status & TP_STATUS_USER) == 0;
    return waiting ? now : caught_up_at.load(std::memory_order_relaxed);  // relaxed: a figure like the others
  }
}

Receiver::Receiver(std::unique_ptr<State> state) : state_(std::move(state)) {}
Receiver::~Receiver() = default;

Result<std::unique_ptr<Receiver>> Receiver::open(int socket, int ifindex) {
  using Opened = Result<std::unique_ptr<Receiver>>;
  auto state = std::make_unique<State>(socket);
  if (Status status = state->set_up(ifindex); !status.ok()) return Opened::failure(std::move(status));
  if (Status status = state->start(ifindex); !status.ok()) return Opened::failure(std::move(status));
  return Opened::success(std::unique_ptr<Receiver>(new Receiver(std::move(state))));
}

ReceiverCount Receiver::count(bool with_timing) const {
  const std::lock_guard lock(state_->asking);
  const uint32_t table = state_->generation.load(std::memory_order_relaxed) % 2;  // stored under this lock
  const TotalCounts& total = state_->totals[table];
  const int64_t counted_until = state_->counted_until();  // before the figures: they may only be newer
  ReceiverCount count{read(total.received),  read(total.bytes),   read(total.other),
                      read(total.duplicated), read(total.reordered), read(total.dropped),
                      read(total.unnumbered), read(total.unnumbered_bytes),
                      total.last_at.load(std::memory_order_relaxed), counted_until, {},
                      total.clock_stepped.load(std::memory_order_relaxed)};
  for (uint32_t id = 1; id < kMaxStreams; id++) {
    // Acquire: what the thread wrote before publishing the pointer.
    const Stream* stream = state_->streams[id].load(std::memory_order_acquire);
    if (stream == nullptr) continue;
    // Relaxed: stored under this lock. Acquire: the zeros from before the thread followed.
    const uint32_t asked = stream->forget_asked.load(std::memory_order_relaxed);
    if (asked != stream->forget_done.load(std::memory_order_acquire)) continue;
    StreamCount figures = figures_of(static_cast<uint16_t>(id), table_of(*stream, table), with_timing);
    if (figures.received != 0 || figures.duplicated != 0) count.streams.push_back(std::move(figures));
  }
  return count;
}

void Receiver::clear() {
  const std::lock_guard lock(state_->asking);
  const uint32_t current = state_->generation.load(std::memory_order_relaxed);  // stored under this lock
  // Acquire: pairs with the thread's last additions to the idle set. Where the thread has not yet followed the clear before
  // this one, no frame has been counted since, and everything is still zero.
  if (state_->adopted.load(std::memory_order_acquire) != current) return;
  const uint32_t idle = (current + 1) % 2;
  state_->totals[idle].clear();
  for (std::atomic<Stream*>& slot : state_->streams) {
    // Acquire: what the thread wrote before publishing the pointer.
    Stream* stream = slot.load(std::memory_order_acquire);
    StreamCounts* counts = stream == nullptr ? nullptr : table_of(*stream, idle);
    if (counts != nullptr) counts->clear();
  }
  // Release: the zeros come before the thread's first addition to them.
  state_->generation.store(current + 1, std::memory_order_release);
}

StreamCount Receiver::forget(uint16_t id) {
  const std::lock_guard lock(state_->asking);
  StreamCount forgotten;
  forgotten.stream = id;
  if (id >= kMaxStreams) return forgotten;
  // Acquire: what the thread wrote before publishing the pointer. Without a stream there is nothing to forget.
  Stream* stream = state_->streams[id].load(std::memory_order_acquire);
  if (stream == nullptr) return forgotten;
  // Relaxed: stored under this lock. Acquire: the zeros from before the thread followed.
  const uint32_t asked = stream->forget_asked.load(std::memory_order_relaxed);
  if (asked == stream->forget_done.load(std::memory_order_acquire)) {
    const uint32_t table = state_->generation.load(std::memory_order_relaxed) % 2;  // stored under this lock
    forgotten = figures_of(id, table_of(*stream, table), true);
  }
  // Release: pairs with the thread's acquire, so that it forgets before it counts a frame sent after this call.
  stream->forget_asked.store(asked + 1, std::memory_order_release);
  return forgotten;
}

void Receiver::move_to(const cpu_set_t& cpus) { (void)state_->thread.move_to(cpus); }

}  // namespace pktsh
