// SPDX-License-Identifier: Apache-2.0
// torture [--seconds N] [--seed S] [--watchdog N] [--busted] [--stuck]: three quarters of the time on the grace periods
// alone, the rest on the whole engine. Exit status 1 where anything was found (with --busted and --stuck: it must be).
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "torture.h"

using namespace pktsh::torture;

int main(int count, char** arguments) {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  Options options;
  for (int i = 1; i < count; i++) {
    const auto is = [&](const char* name) { return std::strcmp(arguments[i], name) == 0; };
    if (is("--busted")) {
      options.busted = true;
    } else if (is("--stuck")) {
      options.stuck = true;
    } else if (i + 1 < count && is("--seconds")) {
      options.seconds = std::atof(arguments[++i]);
    } else if (i + 1 < count && is("--seed")) {
      options.seed = std::strtoull(arguments[++i], nullptr, 10);
    } else if (i + 1 < count && is("--watchdog")) {
      options.watchdog_seconds = std::atof(arguments[++i]);
    } else {
      std::fprintf(stderr, "torture: what is %s? [--seconds N] [--seed S] [--watchdog N] [--busted] [--stuck]\n", arguments[i]);
      return 2;
    }
  }
  if (options.seconds <= 0) {
    std::fprintf(stderr, "torture: --seconds must be positive\n");
    return 2;
  }
  std::printf("torture: %g s, seed %llu\n", options.seconds, static_cast<unsigned long long>(options.seed));
  const double all = options.seconds;
  options.seconds = 0.75 * all;
  uint64_t found = torture_domain(options);
  options.seconds = 0.25 * all;
  if (!options.busted && !options.stuck) found += torture_engine(options);
  std::printf("verdict: %s\n", found == 0 ? "nothing found" : "BROKEN");
  return found == 0 ? 0 : 1;
}
