// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/netlink.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

namespace pktsh {

// One netlink request, built in place: header, the family's fixed header, attributes. What does not fit is left out and
// remembered, so that a caller checks once, before sending.
class NetlinkMessage {
 public:
  NetlinkMessage(uint16_t type, uint16_t flags, uint32_t sequence) {
    const nlmsghdr header{
        .nlmsg_len = 0, .nlmsg_type = type, .nlmsg_flags = flags, .nlmsg_seq = sequence, .nlmsg_pid = 0};
    append(&header, sizeof header);
  }

  // The family's fixed header (ifinfomsg, genlmsghdr, …), directly behind nlmsghdr or at the start of a nest.
  template <typename T>
  void put_header(const T& header) {
    static_assert(std::is_trivially_copyable_v<T>);
    append(&header, sizeof header);
  }

  void put(uint16_t type, const void* data, size_t size) {
    const nlattr attribute{.nla_len = static_cast<uint16_t>(NLA_HDRLEN + size), .nla_type = type};
    append(&attribute, sizeof attribute);
    append(data, size);
  }
  void put_u8(uint16_t type, uint8_t value) { put(type, &value, sizeof value); }
  void put_u32(uint16_t type, uint32_t value) { put(type, &value, sizeof value); }

  // With the terminating NUL that the kernel's string policies expect. At most an interface name long in this program.
  void put_string(uint16_t type, std::string_view text) {
    std::array<char, 64> buffer{};  // the longest string put is a generic netlink family name, 16 bytes
    if (text.size() >= buffer.size()) {
      overflown_ = true;
      return;
    }
    std::memcpy(buffer.data(), text.data(), text.size());
    put(type, buffer.data(), text.size() + 1);
  }

  // Opens a nest and returns the place that end_nest() needs to fill in its length.
  [[nodiscard]] size_t begin_nest(uint16_t type) {
    const size_t at = size_;
    const nlattr attribute{.nla_len = 0, .nla_type = static_cast<uint16_t>(type | NLA_F_NESTED)};
    append(&attribute, sizeof attribute);
    return at;
  }
  void end_nest(size_t at) {
    if (overflown_) return;
    const auto length = static_cast<uint16_t>(size_ - at);
    std::memcpy(buffer_.data() + at + offsetof(nlattr, nla_len), &length, sizeof length);
  }

  // The finished message; empty if something did not fit.
  [[nodiscard]] std::span<const uint8_t> bytes() {
    if (overflown_) return {};
    const auto length = static_cast<uint32_t>(size_);
    std::memcpy(buffer_.data() + offsetof(nlmsghdr, nlmsg_len), &length, sizeof length);
    return {buffer_.data(), size_};
  }

 private:
  void append(const void* data, size_t size) {
    const size_t padded = NLMSG_ALIGN(size);
    if (overflown_ || padded > buffer_.size() - size_) {
      overflown_ = true;
      return;
    }
    std::memcpy(buffer_.data() + size_, data, size);
    size_ += padded;  // the padding is zero: the buffer starts so and only grows
  }

  alignas(NLMSG_ALIGNTO) std::array<uint8_t, 1024> buffer_{};  // the longest request, a veth pair, takes about 250 bytes
  size_t size_ = 0;
  bool overflown_ = false;
};

// A received attribute, its type without the nested and byte-order flags.
struct NetlinkAttribute {
  uint16_t type = 0;
  std::span<const uint8_t> payload;

  // The payload as a T; nothing where it is shorter.
  template <typename T>
  [[nodiscard]] std::optional<T> as() const {
    static_assert(std::is_trivially_copyable_v<T>);
    if (payload.size() < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, payload.data(), sizeof value);
    return value;
  }

  // The payload up to its first NUL or its end.
  [[nodiscard]] std::string_view text() const {
    const auto* start = reinterpret_cast<const char*>(payload.data());
    return {start, payload.empty() ? 0 : strnlen(start, payload.size())};
  }
};

// Calls `visit(NetlinkAttribute)` for each attribute in `attributes`. A length that leads outside ends the walk and gives
// false.
template <typename Visit>
bool each_attribute(std::span<const uint8_t> attributes, Visit visit) {
  while (attributes.size() >= NLA_HDRLEN) {
    nlattr header;
    std::memcpy(&header, attributes.data(), sizeof header);
    if (header.nla_len < NLA_HDRLEN || header.nla_len > attributes.size()) return false;
    visit(NetlinkAttribute{static_cast<uint16_t>(header.nla_type & NLA_TYPE_MASK),
                           attributes.subspan(NLA_HDRLEN, header.nla_len - NLA_HDRLEN)});
    // The last attribute's padding may be missing.
    attributes = attributes.subspan(std::min<size_t>(NLA_ALIGN(header.nla_len), attributes.size()));
  }
  return attributes.empty();
}

// Calls `visit(const nlmsghdr&, std::span<const uint8_t> payload)` for each message in one datagram from the kernel, until
// it gives false. A length that leads outside ends the walk and gives false.
template <typename Visit>
bool each_message(std::span<const uint8_t> datagram, Visit visit) {
  while (datagram.size() >= NLMSG_HDRLEN) {
    nlmsghdr header;
    std::memcpy(&header, datagram.data(), sizeof header);
    if (header.nlmsg_len < NLMSG_HDRLEN || header.nlmsg_len > datagram.size()) return false;
    if (!visit(header, datagram.subspan(NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN))) return true;
    datagram = datagram.subspan(std::min<size_t>(NLMSG_ALIGN(header.nlmsg_len), datagram.size()));
  }
  return datagram.empty();
}

}  // namespace pktsh
