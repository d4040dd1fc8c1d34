// SPDX-License-Identifier: Apache-2.0
#include "ethtool.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace pktsh {
namespace {

// Drivers with a queue for each of many CPUs have some thousands; beyond this something is wrong.
inline constexpr uint32_t kMaxStatistics = 65536;
// A number that changes between the two questions (queues were added) is asked for again.
inline constexpr int kTries = 4;

// Gives 0 or an errno. `command` begins with ethtool's command word.
int ask(int socket, const std::string& interface, void* command) {
  ifreq request{};
  if (interface.size() >= sizeof request.ifr_name) return ENODEV;
  std::memcpy(request.ifr_name, interface.data(), interface.size());
  request.ifr_data = static_cast<char*>(command);
  return ioctl(socket, SIOCETHTOOL, &request) == 0 ? 0 : errno;
}

// A command of ethtool's with `size` bytes behind its head, in words so that 64-bit values are aligned.
template <typename Head>
std::vector<uint64_t> command(const Head& head, size_t size) {
  std::vector<uint64_t> words((sizeof head + size + sizeof(uint64_t) - 1) / sizeof(uint64_t));
  std::memcpy(words.data(), &head, sizeof head);
  return words;
}

template <typename Head>
Head head_of(const std::vector<uint64_t>& words) {
  Head head;
  std::memcpy(&head, words.data(), sizeof head);
  return head;
}

// How many statistics there are; 0 where the driver has none. Gives 0 or an errno.
int statistics_count(int socket, const std::string& interface, uint32_t& count) {
  ethtool_sset_info head{};
  head.cmd = ETHTOOL_GSSET_INFO;
  head.sset_mask = uint64_t{1} << ETH_SS_STATS;
  std::vector<uint64_t> set = command(head, sizeof count);
  count = 0;
  const int error = ask(socket, interface, set.data());
  if (error == EOPNOTSUPP) return 0;
  // The kernel takes the bit out where the driver has no such set.
  if (error == 0 && head_of<ethtool_sset_info>(set).sset_mask != 0) {
    std::memcpy(&count, reinterpret_cast<const uint8_t*>(set.data()) + sizeof head, sizeof count);
  }
  return error;
}

}  // namespace

Result<std::vector<Statistic>> ethtool_statistics(int socket, const std::string& interface) {
  using Statistics = Result<std::vector<Statistic>>;
  const std::string doing = "reading the statistics of " + interface;
  for (int tries = 0; tries < kTries; tries++) {
    uint32_t count = 0;
    if (const int error = statistics_count(socket, interface, count)) return Statistics::failure(error, doing);
    if (count == 0) return Statistics::success({});
    if (count > kMaxStatistics) return Statistics::failure(EMSGSIZE, doing);

    ethtool_gstrings names_head{};
    names_head.cmd = ETHTOOL_GSTRINGS;
    names_head.string_set = ETH_SS_STATS;
    names_head.len = count;
    std::vector<uint64_t> names = command(names_head, size_t{count} * ETH_GSTRING_LEN);
    if (const int error = ask(socket, interface, names.data())) return Statistics::failure(error, doing);
    ethtool_stats values_head{};
    values_head.cmd = ETHTOOL_GSTATS;
    values_head.n_stats = count;
    std::vector<uint64_t> values = command(values_head, size_t{count} * sizeof(uint64_t));
    if (const int error = ask(socket, interface, values.data())) return Statistics::failure(error, doing);
    // Where the number has changed, the kernel says 0 and writes nothing.
    if (head_of<ethtool_gstrings>(names).len != count || head_of<ethtool_stats>(values).n_stats != count) continue;

    const char* name = reinterpret_cast<const char*>(names.data()) + sizeof names_head;
    const uint8_t* value = reinterpret_cast<const uint8_t*>(values.data()) + sizeof values_head;
    std::vector<Statistic> statistics(count);
    for (Statistic& statistic : statistics) {
      statistic.name.assign(name, strnlen(name, ETH_GSTRING_LEN));
      std::memcpy(&statistic.value, value, sizeof statistic.value);
      name += ETH_GSTRING_LEN;
      value += sizeof statistic.value;
    }
    return Statistics::success(std::move(statistics));
  }
  return Statistics::failure(EAGAIN, doing);
}

std::string ethtool_bus(int socket, const std::string& interface) {
  ethtool_drvinfo info{};
  info.cmd = ETHTOOL_GDRVINFO;
  if (ask(socket, interface, &info) != 0) return "";
  return {info.bus_info, strnlen(info.bus_info, sizeof info.bus_info)};
}

}  // namespace pktsh
