// SPDX-License-Identifier: Apache-2.0
// The torture for a short while, and that it finds what it should. `npm run torture` is the long one.
#include "torture/torture.h"

#include <cstdlib>

#include "harness.h"

using namespace pktsh;

namespace {

double torture_seconds() {
  const char* const text = std::getenv("TORTURE_SECONDS");
  const double seconds = text == nullptr ? 0 : std::atof(text);
  return seconds > 0 ? seconds : 2;
}

void protects() {
  torture::Options options;
  options.seconds = torture_seconds();
  CHECK_EQUAL(torture::torture_domain(options), 0);
}

void the_engine_protects() {
  torture::Options options;
  options.seconds = torture_seconds();
  CHECK_EQUAL(torture::torture_engine(options), 0);
}

// Every time: it ends as soon as it is found out, which takes milliseconds; the time is for a machine that does other things.
void finds_a_busted_domain_out() {
  for (uint64_t seed = 1; seed <= 10; seed++) {
    torture::Options options;
    options.seconds = 20;
    options.seed = seed;
    options.busted = true;
    CHECK(torture::torture_domain(options) > 0);
  }
}

void finds_a_stuck_reader_out() {
  torture::Options options;
  options.seconds = 20;
  options.stuck = true;
  options.watchdog_seconds = 0.5;
  CHECK(torture::torture_domain(options) > 0);
}

}  // namespace

int main() {
  return test::run({{"torture: nothing is freed in a reader's hands", protects},
                    {"torture: the engine loses nothing while interfaces fail", the_engine_protects},
                    {"torture: a busted domain is found out every time", finds_a_busted_domain_out},
                    {"torture: a reader that is stuck stalls the updater, and that is said", finds_a_stuck_reader_out}});
}
