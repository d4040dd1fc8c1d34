// SPDX-License-Identifier: Apache-2.0
#include "offloads.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "outcome.h"

namespace pktsh {
namespace {

// Features come as 32-bit blocks; the kernel knows about 65 and keeps them in 64-bit words, so this leaves room to double.
inline constexpr uint32_t kMaxBlocks = 8;
inline constexpr uint32_t kMaxFeatures = kMaxBlocks * 32;

// An ethtool command's fixed header and the array behind it; the kernel declares that array flexible, without room of its
// own. By ioctl rather than netlink: fixed arrays of a stable ABI, the same for an ordinary user's namespace, and nothing
// nested to parse.
template <typename Header, typename Item, size_t kItems>
class Command {
 public:
  explicit Command(const Header& header) { std::memcpy(bytes_.data(), &header, sizeof header); }

  [[nodiscard]] Item item(size_t index) const {
    Item item;
    std::memcpy(&item, bytes_.data() + sizeof(Header) + index * sizeof item, sizeof item);
    return item;
  }
  void set_item(size_t index, const Item& item) {
    std::memcpy(bytes_.data() + sizeof(Header) + index * sizeof item, &item, sizeof item);
  }
  [[nodiscard]] void* data() { return bytes_.data(); }

 private:
  alignas(Header) std::array<uint8_t, sizeof(Header) + kItems * sizeof(Item)> bytes_{};
};

using Name = std::array<char, ETH_GSTRING_LEN>;
using Names = Command<ethtool_gstrings, Name, kMaxFeatures>;
using Count = Command<ethtool_sset_info, uint32_t, 1>;
using States = Command<ethtool_gfeatures, ethtool_get_features_block, kMaxBlocks>;
using Changes = Command<ethtool_sfeatures, ethtool_set_features_block, kMaxBlocks>;

std::string_view text_of(const Name& name) { return {name.data(), strnlen(name.data(), name.size())}; }

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

bool changes_frames(std::string_view feature) {
  return contains(feature, "segmentation") || contains(feature, "checksum") || contains(feature, "vlan") ||
         contains(feature, "-gso-") || contains(feature, "gro") || contains(feature, "-lro");
}

class Ethtool {
 public:
  explicit Ethtool(std::string_view name) : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    std::memcpy(request_.ifr_name, name.data(), std::min(name.size(), sizeof request_.ifr_name - 1));
  }
  ~Ethtool() {
    if (socket_ >= 0) close(socket_);
  }
  Ethtool(const Ethtool&) = delete;
  Ethtool& operator=(const Ethtool&) = delete;

  // Gives 0 or an errno.
  template <typename Request>
  [[nodiscard]] int call(Request& command) {
    request_.ifr_data = static_cast<char*>(command.data());
    return ioctl(socket_, SIOCETHTOOL, &request_) < 0 ? errno : 0;
  }

 private:
  int socket_;
  ifreq request_{};
};

}  // namespace

LabReply switch_offloads_off(std::string_view name) {
  Ethtool ethtool(name);

  Count count({.cmd = ETHTOOL_GSSET_INFO, .reserved = 0, .sset_mask = uint64_t{1} << ETH_SS_FEATURES});
  if (const int error = ethtool.call(count)) return lab_failure(LabStep::offloads, error);
  const uint32_t features = count.item(0);
  if (features > kMaxFeatures) return lab_failure(LabStep::offloads, E2BIG);

  Names names({.cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_FEATURES, .len = features});
  if (const int error = ethtool.call(names)) return lab_failure(LabStep::offloads, error);

  States before({.cmd = ETHTOOL_GFEATURES, .size = kMaxBlocks});
  if (const int error = ethtool.call(before)) return lab_failure(LabStep::offloads, error);

  std::array<uint32_t, kMaxBlocks> off{};
  for (uint32_t feature = 0; feature < features; feature++) {
    const uint32_t bit = uint32_t{1} << (feature % 32);
    if ((before.item(feature / 32).available & bit) != 0 && changes_frames(text_of(names.item(feature)))) {
      off[feature / 32] |= bit;
    }
  }
  // The kernel takes exactly its own number of blocks.
  const uint32_t blocks = (features + 31) / 32;
  Changes changes({.cmd = ETHTOOL_SFEATURES, .size = blocks});
  for (uint32_t block = 0; block < blocks; block++) changes.set_item(block, {.valid = off[block], .requested = 0});
  if (const int error = ethtool.call(changes)) return lab_failure(LabStep::offloads, error);

  States after({.cmd = ETHTOOL_GFEATURES, .size = kMaxBlocks});
  if (const int error = ethtool.call(after)) return lab_failure(LabStep::offloads, error);
  for (uint32_t feature = 0; feature < features; feature++) {
    const uint32_t bit = uint32_t{1} << (feature % 32);
    if ((off[feature / 32] & after.item(feature / 32).active & bit) != 0) {
      return lab_failure(LabStep::offloads, EBUSY, text_of(names.item(feature)));
    }
  }
  return lab_success();
}

}  // namespace pktsh
