// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <unordered_set>
#include <utility>

#include "clock.h"
#include "engine_state.h"
#include "fd.h"

namespace pktsh {

namespace {

// After this long the last frame of a run has arrived, or never will: more than any queue or link under test holds one back.
inline constexpr int64_t kStraggler = 5 * kSecond;

void add_stream(StreamSnapshot& sum, const StreamSnapshot& part) {
  sum.received += part.received;
  sum.bytes += part.bytes;
  sum.duplicated += part.duplicated;
  sum.reordered += part.reordered;
  sum.timing.add(part.timing);
}

StreamSnapshot stream_snapshot(DeviceId owner, StreamCount seen) {
  return {owner, seen.received, seen.bytes, seen.duplicated, seen.reordered, std::move(seen.timing)};
}

}  // namespace

// An id that no run has; 0 if all are in use. Ids are used again in the order in which they were given back, and only
// after kStraggler unless none is left that was never used: a receiver has 27 KiB for each that it ever heard.
uint16_t Engine::State::take_stream() {
  const bool old = !free_streams.empty() && monotonic_now() - free_streams.front().since >= kStraggler;
  if (!old && fresh_stream < kMaxStreams) return fresh_stream++;
  if (free_streams.empty()) return 0;
  const uint16_t stream = free_streams.front().stream;
  free_streams.pop_front();
  return stream;
}

// A stream id for a new run of the device; 0 if all are in use.
uint16_t Engine::State::claim_stream(DeviceId device) {
  const uint16_t stream = take_stream();
  if (stream == 0) return 0;
  const DeviceId owner = stream_owner[stream];
  for (auto& [id, entry] : receivers) {
    StreamCount seen = entry.receiver->forget(stream);
    if (seen.received == 0 && seen.duplicated == 0) continue;
    if (owner != 0 && find(owner) == nullptr) entry.gone.add(std::exchange(seen.timing, {}));
    add_stream(entry.past[owner], stream_snapshot(owner, std::move(seen)));
  }
  stream_owner[stream] = device;
  return stream;
}

void Engine::open_receiver(std::string interface, int ifindex, std::function<void(Result<ReceiverId>)> done) {
  State& state = *state_;
  using Opened = std::unique_ptr<Receiver>;
  state.background<Opened>(
      [interface = std::move(interface), ifindex](OpenerWorld& world) {
        int socket_fd = -1;
        if (world.lab != nullptr) {
          Result<int> socket = world.lab->socket(AF_PACKET, SOCK_RAW, 0, 0);
          if (!socket.ok()) return Result<Opened>::failure(std::move(socket.status));
          socket_fd = socket.value;
        } else {
          socket_fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
          if (socket_fd < 0) return Result<Opened>::failure(errno, "opening a packet socket for " + interface);
        }
        return Receiver::open(socket_fd, ifindex);
      },
      [&state, done = std::move(done)](Result<Opened> receiver) {
        if (!receiver.ok()) {
          done(Result<ReceiverId>::failure(std::move(receiver.status)));
          return;
        }
        const ReceiverId id = state.next_receiver++;
        receiver.value->move_to(state.present);
        state.receivers[id].receiver = std::move(receiver.value);
        done(Result<ReceiverId>::success(id));
      });
}

void Engine::close_receiver(ReceiverId receiver, std::function<void(Status)> done) {
  State& state = *state_;
  const auto found = state.receivers.find(receiver);
  Status status = Status::success();
  std::shared_ptr<Receiver> closing;
  if (found == state.receivers.end()) {
    status = Status::failure(ENODEV, "closing a receiver that does not exist");
  } else {
    closing = std::move(found->second.receiver);
    state.receivers.erase(found);
  }
  state.opener.post([closing = std::move(closing)](OpenerWorld&) mutable { closing.reset(); },
                    [status, done = std::move(done)] { done(status); });
}

Status Engine::clear_receiver(ReceiverId receiver) {
  const auto found = state_->receivers.find(receiver);
  if (found == state_->receivers.end()) return Status::failure(ENODEV, "clearing a receiver that does not exist");
  found->second.receiver->clear();
  found->second.past.clear();
  found->second.gone = {};
  return Status::success();
}

void Engine::forget_devices(const std::vector<DeviceId>& ids) {
  State& state = *state_;
  std::unordered_set<DeviceId> gone;
  for (const DeviceId id : ids) {
    if (state.find(id) == nullptr) gone.insert(id);
  }
  for (auto& [id, entry] : state.receivers) {
    for (const DeviceId device : gone) {
      const auto past = entry.past.find(device);
      if (past == entry.past.end()) continue;
      entry.gone.add(past->second.timing);
      entry.past.erase(past);
    }
  }
  for (uint16_t stream = 1; stream < state.fresh_stream; stream++) {
    if (!gone.contains(state.stream_owner[stream])) continue;
    state.stream_owner[stream] = kForgotten;
    for (auto& [id, entry] : state.receivers) entry.gone.add(entry.receiver->forget(stream).timing);
  }
}

Result<ReceiverSnapshot> Engine::receiver(ReceiverId receiver, bool with_timing) const {
  const auto found = state_->receivers.find(receiver);
  if (found == state_->receivers.end()) {
    return Result<ReceiverSnapshot>::failure(ENODEV, "reading a receiver that does not exist");
  }
  ReceiverCount count = found->second.receiver->count(with_timing);
  ReceiverSnapshot snapshot;
  snapshot.received = count.received;
  snapshot.bytes = count.bytes;
  snapshot.other = count.other;
  snapshot.duplicated = count.duplicated;
  snapshot.reordered = count.reordered;
  snapshot.dropped = count.dropped;
  snapshot.unnumbered = count.unnumbered;
  snapshot.unnumbered_bytes = count.unnumbered_bytes;
  snapshot.last_at = count.last_at;
  snapshot.caught_up_at = count.caught_up_at;

  snapshot.clock_stepped = count.clock_stepped;
  if (with_timing) snapshot.timing = found->second.gone;

  std::unordered_map<DeviceId, StreamSnapshot> sums = found->second.past;
  for (StreamCount& seen : count.streams) {
    const DeviceId owner = state_->stream_owner[seen.stream];
    add_stream(sums[owner], stream_snapshot(owner, std::move(seen)));
  }
  for (auto& [device, sum] : sums) {
    if (device == 0) {
      // The header, but of none of our runs: a stranger's, and no copies of anything.
      snapshot.received -= sum.received;
      snapshot.bytes -= sum.bytes;
      snapshot.duplicated -= sum.duplicated;
      snapshot.reordered -= sum.reordered;
      snapshot.other += sum.received + sum.duplicated;
      continue;
    }
    if (with_timing) snapshot.timing.add(sum.timing);
    if (device == kForgotten) continue;
    snapshot.streams.push_back(std::move(sum));
    snapshot.streams.back().device = device;
  }
  std::sort(snapshot.streams.begin(), snapshot.streams.end(),
            [](const StreamSnapshot& a, const StreamSnapshot& b) { return a.device < b.device; });
  return Result<ReceiverSnapshot>::success(std::move(snapshot));
}

}  // namespace pktsh
