// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <vector>

#include "clock.h"
#include "driver.h"
#include "engine.h"
#include "fd.h"
#include "scratch.h"
#include "thread.h"

namespace pktsh {

namespace {

constexpr uint32_t kMagicNanoseconds = 0xa1b23c4d;  // pcap with nanosecond stamps (pcap-savefile(5))
constexpr uint16_t kVersionMajor = 2, kVersionMinor = 4;
constexpr uint32_t kLinkEthernet = 1;
constexpr size_t kRingSize = size_t{4} << 20;       // 4 MiB: 10 ms of 60-byte frames at 5 Mpps; a power of two
constexpr size_t kChunk = size_t{256} << 10;        // bytes a write
constexpr size_t kRecordHeader = 16;
constexpr int64_t kWriterNap = 2 * kMillisecond;    // how old a written frame may get before the file has it

struct FileHeader {
  uint32_t magic = kMagicNanoseconds;
  uint16_t major = kVersionMajor, minor = kVersionMinor;
  int32_t zone = 0;
  uint32_t accuracy = 0;
  uint32_t snap = kMaxFrame;
  uint32_t link = kLinkEthernet;
};
static_assert(sizeof(FileHeader) == 24);

// Writes frames to a file in pcap format. A write to a file may block (page cache full, slow disk), so it must not happen
// in a sender's read section; and a sender that went offline for it could not count the outcome, since its Run may be gone
// by then. So a thread of the driver's own writes, fed through a ring of bytes with one producer and one consumer: a full
// ring is EAGAIN, a failed write ends the run at its next batch, frames not written yet are in flight, and a run finishes
// only when its last frame was written.
class PcapDriver final : public Driver {
 public:
  explicit PcapDriver(Fd file) : file_(std::move(file)), ring_(kRingSize) {}

  ~PcapDriver() override {
    stop_.store(1, std::memory_order_release);  // release: after the last record
    futex_wake(stop_);
    thread_.join();
  }

  [[nodiscard]] Status start() {
    Result<Thread> thread = Thread::start(-1, body, this);
    if (thread.ok()) thread_ = std::move(thread.value);
    return thread.status;
  }

  uint32_t reserve(uint8_t** frames, uint32_t wanted, size_t size) override {
    // acquire: the writer has read what lies before `written_`; relaxed: produced by this thread
    const uint64_t used = produced_.load(std::memory_order_relaxed) - written_.load(std::memory_order_acquire);
    const uint64_t room = (kRingSize - used) / (kRecordHeader + size);
    scratch_.reserve(frames, wanted, size);
    frames_ = frames[0];
    stride_ = wanted > 1 ? static_cast<size_t>(frames[1] - frames[0]) : 0;
    // When the disk has failed there is room, so that send() can tell.
    if (error_.load(std::memory_order_relaxed) != 0) return wanted;  // relaxed: send() looks again
    return static_cast<uint32_t>(std::min<uint64_t>(wanted, room));
  }

  Handover send(const Batch& batch) override {
    if (const int error = error_.load(std::memory_order_acquire); error != 0) return {0, 0, error, 0};  // acquire: see body
    const int64_t now = clock_ns(CLOCK_REALTIME);
    uint64_t at = produced_.load(std::memory_order_relaxed);  // relaxed: produced by this thread
    for (uint32_t i = 0; i < batch.count; i++) {
      const uint32_t size = batch.sizes[i];
      const std::array<uint32_t, 4> header = {static_cast<uint32_t>(now / kSecond), static_cast<uint32_t>(now % kSecond),
                                              size, size};
      put(at, header.data(), kRecordHeader);
      put(at + kRecordHeader, frames_ + i * stride_, size);
      at += kRecordHeader + size;
    }
    frames_in_.store(frames_in_.load(std::memory_order_relaxed) + batch.count,
                     std::memory_order_relaxed);  // relaxed: one writer
    produced_.store(at, std::memory_order_release);  // release: the records come before their announcement
    return {batch.count, 0, 0, bytes_of(batch.sizes, batch.count)};
  }

  int settled() override {
    if (const int error = error_.load(std::memory_order_acquire); error != 0) return error;  // acquire: see body
    // acquire, relaxed: as in reserve()
    return written_.load(std::memory_order_acquire) == produced_.load(std::memory_order_relaxed) ? 0 : EAGAIN;
  }

  // Of all runs that share the file: the bytes do not say whose they are, and more than one is rare.
  uint64_t in_flight(uint64_t) const override {
    // acquire: the frames written were counted in before, and the count is read after
    const uint64_t out = frames_out_.load(std::memory_order_acquire);
    const uint64_t in = frames_in_.load(std::memory_order_relaxed);  // relaxed: exact after the sender's grace period
    return in > out ? in - out : 0;
  }

  size_t max_frame() const override { return kMaxFrame; }

 private:
  static void* body(void* self) {
    static_cast<PcapDriver*>(self)->write_all();
    return nullptr;
  }

  void put(uint64_t at, const void* bytes, size_t size) {
    const size_t offset = at % kRingSize;
    const size_t first = std::min(size, kRingSize - offset);
    std::memcpy(&ring_[offset], bytes, first);
    if (first < size) std::memcpy(&ring_[0], static_cast<const uint8_t*>(bytes) + first, size - first);
  }
  void get(uint64_t at, void* bytes, size_t size) const {
    const size_t offset = at % kRingSize;
    const size_t first = std::min(size, kRingSize - offset);
    std::memcpy(bytes, &ring_[offset], first);
    if (first < size) std::memcpy(static_cast<uint8_t*>(bytes) + first, &ring_[0], size - first);
  }

  // The writer's thread.
  void write_all() {
    for (;;) {
      const bool last = stop_.load(std::memory_order_acquire) != 0;  // acquire: with it, everything produced before
      if (!write_available()) return;
      if (last) return;
      futex_wait(stop_, 0, monotonic_now() + kWriterNap);
    }
  }

  // Writes all that is there, in whole records; false once the file has failed.
  bool write_available() {
    for (;;) {
      uint64_t at = written_.load(std::memory_order_relaxed);  // relaxed: written by this thread
      const uint64_t end = produced_.load(std::memory_order_acquire);  // acquire: the records themselves
      if (at == end) return true;
      chunk_.clear();
      uint64_t frames = 0;
      while (at < end && chunk_.size() < kChunk) {
        std::array<uint32_t, 4> header{};
        get(at, header.data(), kRecordHeader);
        const size_t record = kRecordHeader + header[2];
        chunk_.resize(chunk_.size() + record);
        get(at, chunk_.data() + chunk_.size() - record, record);
        at += record;
        frames++;
      }
      if (const int error = write_chunk(); error != 0) {
        error_.store(error, std::memory_order_release);  // release: the file was cut back to whole records before
        return false;
      }
      // Frames first: settled() looks at the bytes. release: in_flight() counts them out with what was written
      frames_out_.store(frames_out_.load(std::memory_order_relaxed) + frames, std::memory_order_release);
      written_.store(at, std::memory_order_release);  // release: the ring's bytes were read before they are overwritten
    }
  }

  int write_chunk() {
    const off_t start = lseek(file_.get(), 0, SEEK_CUR);
    for (size_t done = 0; done < chunk_.size();) {
      const ssize_t wrote = write(file_.get(), chunk_.data() + done, chunk_.size() - done);
      if (wrote > 0) {
        done += static_cast<size_t>(wrote);
      } else if (errno != EINTR) {
        const int error = errno;
        // What was written of the chunk may end inside a record; readers of the file shall not stumble over it.
        if (start >= 0) (void)!ftruncate(file_.get(), start);
        return error;
      }
    }
    return 0;
  }

  Fd file_;
  std::vector<uint8_t> ring_;
  Scratch scratch_;
  const uint8_t* frames_ = nullptr;  // of the batch reserved last
  size_t stride_ = 0;
  std::vector<uint8_t> chunk_;  // of the writer

  // Positions count bytes since the beginning; each has one writer.
  alignas(64) std::atomic<uint64_t> produced_{0};
  std::atomic<uint64_t> frames_in_{0};
  alignas(64) std::atomic<uint64_t> written_{0};
  std::atomic<uint64_t> frames_out_{0};
  std::atomic<int> error_{0};
  std::atomic<uint32_t> stop_{0};  // a futex word

  Thread thread_;
};

}  // namespace

Result<std::unique_ptr<Driver>> open_pcap_driver(const PortSpec& spec) {
  using Opened = Result<std::unique_ptr<Driver>>;
  constexpr mode_t kMode = 0644;
  // Non-blocking for the sake of a FIFO that nobody reads, whose opening would hold up everything after it, our end included.
  Fd file(open(spec.file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, kMode));
  if (!file.valid()) return Opened::failure(errno, "opening " + spec.file);
  struct stat facts {};
  if (fstat(file.get(), &facts) != 0) return Opened::failure(errno, "opening " + spec.file);
  // The same reader could stop reading later; a null device is fine.
  if (!S_ISREG(facts.st_mode) && !S_ISCHR(facts.st_mode)) {
    return Opened::failure(EINVAL, "opening " + spec.file + ", which is no regular file");
  }
  const FileHeader header;
  if (write(file.get(), &header, sizeof header) != static_cast<ssize_t>(sizeof header)) {
    return Opened::failure(errno, "writing " + spec.file);
  }
  auto driver = std::make_unique<PcapDriver>(std::move(file));
  if (Status status = driver->start(); !status.ok()) return Opened::failure(std::move(status));
  return Opened::success(std::move(driver));
}

}  // namespace pktsh
