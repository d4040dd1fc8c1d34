// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>

#include "clock.h"
#include "engine_state.h"

namespace pktsh {

namespace {

constexpr int64_t kKeepUnused = kSecond;  // opening again costs the kernel 16 to 32 ms

}  // namespace

Result<SenderEntry*> Engine::State::sender_on(int cpu) {
  using Found = Result<SenderEntry*>;
  if (const auto found = senders.find(cpu); found != senders.end()) return Found::success(&found->second);
  Result<std::unique_ptr<Sender>> sender = Sender::start(cpu, line);
  if (!sender.ok()) return Found::failure(std::move(sender.status));
  SenderEntry& entry = senders[cpu];
  entry.sender = std::move(sender.value);
  return Found::success(&entry);
}

void Engine::State::grant(Port& port, const std::function<void(Result<PortId>)>& done) {
  if (Result<SenderEntry*> sender = sender_on(port.spec.cpu); !sender.ok()) {
    unuse(port);
    done(Result<PortId>::failure(std::move(sender.status)));
    return;
  }
  const PortId id = next_port++;
  handles[id] = &port;
  done(Result<PortId>::success(id));
}

void Engine::State::opened(Port& port, Result<std::unique_ptr<Driver>> driver) {
  const std::vector<std::function<void(Result<PortId>)>> waiting = std::move(port.waiting);
  port.waiting.clear();
  if (driver.ok()) {
    port.driver = std::move(driver.value);
    for (const auto& done : waiting) {
      if (closed) return;  // by the callback before
      grant(port, done);
    }
    return;
  }
  std::erase_if(ports, [&port](const std::unique_ptr<Port>& other) { return other.get() == &port; });
  for (const auto& done : waiting) done(Result<PortId>::failure(driver.status));
}

void Engine::State::unuse(Port& port) {
  if (--port.users == 0) port.unused_since = monotonic_now();
}

void Engine::State::close_driver(std::unique_ptr<Driver> driver) {
  // Shared, since a std::function must be copyable; the opener destroys the last copy.
  std::shared_ptr<Driver> shared = std::move(driver);
  opener.dispose([shared = std::move(shared)](OpenerWorld&) mutable { shared.reset(); });
}

void Engine::State::close_unused(int64_t now) {
  std::erase_if(ports, [&](std::unique_ptr<Port>& port) {
    if (port->users > 0 || port->driver == nullptr || now - port->unused_since < kKeepUnused) return false;
    close_driver(std::move(port->driver));
    return true;
  });
}

void Engine::open_port(PortSpec spec, std::function<void(Result<PortId>)> done) {
  State& state = *state_;
  Status refused;
  for (const std::unique_ptr<Port>& port : state.ports) {
    if (same_port(port->spec, spec)) {
      port->users++;
      if (port->driver == nullptr) {
        port->waiting.push_back(std::move(done));
      } else {
        // From poll(), as every `done`.
        Port* const shared = port.get();
        state.opener.post([](OpenerWorld&) {}, [&state, shared, done = std::move(done)] { state.grant(*shared, done); });
      }
      return;
    }
    if (spec.driver == DriverKind::pcap && port->spec.driver == DriverKind::pcap && port->spec.file == spec.file) {
      refused = Status::failure(EBUSY, "opening " + spec.file + ", which CPU " + std::to_string(port->spec.cpu) + " writes");
    }
  }
  if (!refused.ok()) {
    state.opener.post([](OpenerWorld&) {},
                      [refused, done = std::move(done)] { done(Result<PortId>::failure(refused)); });
    return;
  }
  Port* const port = state.ports.emplace_back(std::make_unique<Port>()).get();
  port->spec = spec;
  port->users = 1;
  port->waiting.push_back(std::move(done));
  state.opener.tick(true);
  state.background<std::unique_ptr<Driver>>(
      [spec = std::move(spec)](OpenerWorld& world) { return open_driver(spec, world.lab.get()); },
      [&state, port](Result<std::unique_ptr<Driver>> driver) { state.opened(*port, std::move(driver)); });
}

void Engine::release_port(PortId port) {
  const auto handle = state_->handles.find(port);
  if (handle == state_->handles.end()) return;
  state_->unuse(*handle->second);
  state_->handles.erase(handle);
}

}  // namespace pktsh
