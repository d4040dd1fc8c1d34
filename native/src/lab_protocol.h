// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace pktsh {

// What a lab's client and its helper say to each other: one LabRequest, then one LabReply, each a datagram of exactly its
// size over a SOCK_SEQPACKET pair that the helper inherits as kLabConnection. A socket travels beside its reply
// (SCM_RIGHTS). Both ends are always of one build; the version catches a stale executable.

inline constexpr uint32_t kLabVersion = 0x504b4c02;  // "PKL" and a number, so that strangers' bytes do not match
inline constexpr int kLabConnection = 3;             // the first descriptor after the standard three
inline constexpr size_t kLabNameSize = 16;           // IFNAMSIZ: 15 characters and the NUL
// Every link costs the kernel about a millisecond and stays for the lab's life; a scenario with more is a mistake.
inline constexpr uint32_t kMaxLabLinks = 256;
inline constexpr uint32_t kMinLabMtu = 68;  // ETH_MIN_MTU, below which veth refuses
inline constexpr uint32_t kMaxLabMtu = 65535;

enum class LabOperation : uint32_t { namespaces = 1, veth, ifb, socket, down, up, rename, remove };

// Where a request ended. The order is that of a lab's making.
enum class LabStep : uint32_t {
  done,
  start,         // the executable itself
  protocol,      // a request that this helper does not understand
  descriptors,   // closing what was inherited
  unshare_user,  // the namespaces
  uid_map,
  unshare_net,
  netlink,  // an rtnetlink socket in the new namespace
  veth,     // the links
  ifb,
  addressing,  // IPv6 address generation off
  offloads,
  up,
  socket,  // a socket for the client
  change,  // of a link that exists
};

struct LabRequestEnd {
  std::array<char, kLabNameSize> name;  // NUL-terminated
  std::array<uint8_t, 6> mac;
  std::array<uint8_t, 2> zero;
};

struct LabRequest {
  uint32_t version;
  LabOperation operation;
  LabRequestEnd a, b;  // veth: both; ifb and changes: a, the new name of rename: b
  uint32_t mtu;        // veth, ifb: bytes
  int32_t domain, type, protocol, send_buffer;  // socket; send_buffer in bytes, 0 to leave it
};

struct LabReply {
  uint32_t version;
  LabStep step;   // done, or the step that failed
  int32_t error;  // errno, 0 if done
  std::array<char, 116> words;  // the kernel's own explanation where it gave one, NUL-terminated
};

static_assert(std::is_trivially_copyable_v<LabRequest> && std::is_trivially_copyable_v<LabReply>);
static_assert(sizeof(LabRequest) == 76 && sizeof(LabReply) == 128, "no padding that could carry stray bytes");

}  // namespace pktsh
